# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows a run of ansible-playbook in the demo: one line for each important task, with texts and diffs below it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: calm
type: stdout
short_description: One line for each important task
description:
  - Shows the tasks that read or write, with texts and diffs, and all failures.
  - With E(CALM_BRIEF) the screen shows only the first line of each text, and failures. The file E(CALM_LOG) gets all.
  - Writes the recap as JSON to the file that E(CALM_RECAP) names.
"""
SHOWN = ("vcd.kubernetes.", "ansible.builtin.debug")
TROUBLE = ("ERROR", "warning", "->")


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """The stdout callback ``calm``."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "calm"
    _result: Any = None  # of the last phase of vcd_cluster_shared_ip

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task succeeded."""
        answer, action = _answer(result), _action(result)
        self._result = answer.get("result", self._result)
        if not action.startswith(SHOWN) or action.endswith("vcd_shared_ip_report"):  # that is for several clusters
            return
        self._say(f"  {'changed' if answer.get('changed') else 'ok':8} {_name(result)}")
        if action == "ansible.builtin.debug":
            lines = answer.get("msg", [])
            for number, line in enumerate(lines if isinstance(lines, list) else [lines]):
                detail = number > 0 and not str(line).lstrip().startswith(TROUBLE)
                self._say(f"             {line}", detail)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed."""
        self._say(f"  FAILED   {_name(result)}")
        self._say(f"             {_answer(result).get('msg', 'no message')}")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host is unreachable."""
        self.v2_runner_on_failed(result)

    def v2_on_file_diff(self, result: Any) -> None:
        """The diff of a task in diff mode."""
        answer = _answer(result)
        if answer.get("changed") and answer.get("diff"):
            for line in str(self._get_diff(_of_files(answer["diff"]))).splitlines():
                if line.strip():
                    self._say(f"             {line}")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The end of the run."""
        hosts = sorted(stats.processed)
        recap = {key: sum(stats.summarize(host)[key] for host in hosts) for key in ("ok", "changed", "failures")}
        self._say(f"  recap    ok={recap['ok']} changed={recap['changed']} failed={recap['failures']}")
        target = os.environ.get("CALM_RECAP")
        if target:
            Path(target).write_text(json.dumps({**recap, "result": self._result}, default=str))

    def _say(self, text: str, detail: bool = False) -> None:
        if not (detail and os.environ.get("CALM_BRIEF")):
            self._display.display(text)
        log = os.environ.get("CALM_LOG")
        if log:
            with Path(log).open("a") as sink:
                sink.write(f"{text}\n")


def _answer(result: Any) -> dict[str, Any]:
    # ansible-core 2.19 and later have the public name
    found: dict[str, Any] = result.result if hasattr(result, "result") else result._result
    return found


def _of_files(diff: dict[str, Any]) -> dict[str, Any]:
    """Only the file of a diff that shows more."""
    return {**diff, **{side: _file(diff[side]) for side in ("before", "after")}}


def _file(shown: Any) -> str:
    file = shown.get("file", shown) if isinstance(shown, dict) else shown
    return "\n".join(file) if isinstance(file, list) else str(file)


def _action(result: Any) -> str:
    task = result.task if hasattr(result, "task") else result._task
    return str(task.resolved_action or task.action)


def _name(result: Any) -> str:
    return str(result.task_name).rpartition(" : ")[2]
