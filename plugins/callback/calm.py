# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows a run of this collection's playbooks in a few lines."""

from __future__ import annotations

DOCUMENTATION = r"""
name: calm
type: stdout
short_description: Compact output - what was read, what would change or has changed, and what failed
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Shows the texts of this collection as plain lines, diffs as unified diffs, every change and every failure.
  - Tasks that only prepare something, and skipped tasks, are left out.
  - The first plan of a cluster with one Service has fewer than 60 lines.
  - Set E(ANSIBLE_STDOUT_CALLBACK=vcd.kubernetes.calm), or C(stdout_callback) in C(ansible.cfg).
requirements:
  - to be the callback for standard output
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.plugins.callback import CallbackBase

OURS = "vcd.kubernetes."
DEBUG = "ansible.builtin.debug"
INDENT = " " * 11
# keys in the result of a debug task besides its variable
OTHER_KEYS = ("changed", "failed", "skipped", "ansible_loop_var", "warnings", "deprecations", "invocation")


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible has no types
    """The callback for standard output ``calm``."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "vcd.kubernetes.calm"
    _failure: tuple[str, tuple[str, ...]] | None = None  # host and message of the last failure

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task succeeded."""
        answer, action = answer_of(result), action_of(result)
        if not (answer.get("changed") or action.startswith(OURS) or action == DEBUG):
            return
        self._handle_warnings(answer)
        if action == DEBUG:
            self.say(f"{'':8} {task_name(result)}{_host(result)}")
            for line in shown_by(answer):
                self.say(f"{INDENT}{line}")
        elif answer.get("changed") or not sums_up(result):
            self.say(f"{state_of(result):8} {task_name(result)}{_host(result)}")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed."""
        answer = answer_of(result)
        self._handle_warnings(answer)
        # newer releases of ansible-core pass a failed item without the key "failed"
        items = [one for one in items_of(answer) if one.get("failed") or "exception" in one]
        message = tuple(line for one in items or [answer] for line in failure_of(one))
        # the playbooks continue with the summary, and fail the host with the same message at the end
        again, self._failure = self._failure == (_host(result), message), (_host(result), message)
        self.say(f"{'ignored' if ignore_errors else 'FAILED':8} {task_name(result)}{_host(result)}")
        for line in ["as above"] if again else message:
            self.say(f"{INDENT}{line}")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host is unreachable."""
        self.v2_runner_on_failed(result)

    def v2_on_file_diff(self, result: Any) -> None:
        """The diff of a task in diff mode."""
        answer = answer_of(result)
        # a loop has a diff for each of its items
        for one in items_of(answer) or [answer]:
            if one.get("changed") and one.get("diff"):
                self.say_diff(one["diff"])

    def say_diff(self, diff: Any) -> None:
        """Show one diff, or several."""
        for line in str(self._get_diff(diff)).splitlines():
            if line.strip():
                self.say(f"{INDENT}{line}")

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """A play has no hosts."""
        self.say("no host has the given name")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The end of the run."""
        for host in sorted(stats.processed):
            found = stats.summarize(host)
            counts = " ".join(f"{name}={found[name]}" for name in ("ok", "changed", "unreachable", "failures"))
            self.say(f"{'recap':8} {host}: {counts}")

    def say(self, text: str) -> None:
        """Print a line."""
        self._display.display(text)


def answer_of(result: Any) -> dict[str, Any]:
    """What a task returned. ansible-core 2.19 and later have a public name for it."""
    found: dict[str, Any] = result.result if hasattr(result, "result") else result._result
    return found


def task_of(result: Any) -> Any:
    """The task. ansible-core 2.19 and later have a public name for it."""
    return result.task if hasattr(result, "task") else result._task


def action_of(result: Any) -> str:
    """The full name of a task's action."""
    task = task_of(result)
    return str(task.resolved_action or task.action)


def task_name(result: Any) -> str:
    """The name of a task, without its role."""
    return str(result.task_name).rpartition(" : ")[2]


def state_of(result: Any) -> str:
    """How a task ended: with --check, what would change is only planned."""
    if not answer_of(result).get("changed"):
        return "ok"
    return "planned" if task_of(result).check_mode else "changed"


def sums_up(result: Any) -> bool:
    """Whether a task that changed nothing only sums up what others have shown."""
    return action_of(result) in (f"{OURS}vcd_shared_ip_report", f"{OURS}vcd_shared_ip_plan")


def items_of(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What each item of a loop returned. Some modules return other things under that name."""
    found = answer.get("results")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def shown_by(answer: Mapping[str, Any]) -> Iterator[str]:
    """What a debug task shows, in lines: its message or its variable, for each item of a loop."""
    for one in items_of(answer) or [answer]:
        if "msg" in one:
            yield from lines_of(one["msg"])
            continue
        loop = str(one.get("ansible_loop_var", "item"))
        variables = {name: value for name, value in one.items() if name not in OTHER_KEYS and not name.startswith("_")}
        if len(variables) > 1:
            variables.pop(loop, None)  # otherwise the task shows the variable of the loop
        for name, value in variables.items():
            lines = as_json(value) if isinstance(value, (list, Mapping)) else str(value).splitlines()
            yield f"{name}: {lines[0] if lines else ''}"
            yield from lines[1:]


def failure_of(answer: Mapping[str, Any]) -> Iterator[str]:
    """Why a task, or an item of its loop, failed, in lines."""
    return lines_of(answer.get("msg") or answer.get("module_stderr") or "no message")


def lines_of(message: Any) -> Iterator[str]:
    """A message in lines: that of a debug task may be a list or a dictionary."""
    for one in message if isinstance(message, list) else [message]:
        yield from as_json(one) if isinstance(one, (list, Mapping)) else str(one).splitlines()


def as_json(value: Any) -> list[str]:
    """A value with a structure, in lines."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str).splitlines()


def _host(result: Any) -> str:
    host = result.host if hasattr(result, "host") else result._host
    name = str(getattr(host, "name", host))
    return "" if name == "localhost" else f" [{name}]"
