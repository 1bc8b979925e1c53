# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback calm: what it shows of each task, and what it leaves out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.callback.calm import CallbackModule

PLAN, REPORT, DEBUG = (
    "vcd.kubernetes.vcd_cluster_shared_ip",
    "vcd.kubernetes.vcd_shared_ip_report",
    "ansible.builtin.debug",
)


class RecordingCallback(CallbackModule):
    """The callback, which records the lines that it prints."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def ended(action: str, host: str = "localhost", check: bool = False, **answer: Any) -> SimpleNamespace:
    """The result of a task, as ansible-core 2.19 and newer pass it to a callback."""
    task = SimpleNamespace(action=action, resolved_action=action, check_mode=check)
    return SimpleNamespace(result=answer, task=task, host=SimpleNamespace(name=host), task_name="role : Do it")


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        (ended(PLAN), ["ok       Do it"]),
        (ended(PLAN, changed=True), ["changed  Do it"]),
        (ended(PLAN, changed=True, check=True), ["planned  Do it"]),
        (ended(PLAN, "prod-1"), ["ok       Do it [prod-1]"]),
        (ended(REPORT), []),
        (ended(REPORT, changed=True), ["changed  Do it"]),
        (ended(DEBUG, msg=["one", "two\nlines"]), [f"{'':9}Do it", f"{'':11}one", f"{'':11}two", f"{'':11}lines"]),
        (ended(DEBUG, msg={"a": 1}), [f"{'':9}Do it", f"{'':11}{{", f'{"":11}  "a": 1', f"{'':11}}}"]),
        (
            ended(DEBUG, **{"plan.steps": ["one", "two"], "changed": False, "_ansible_verbose_always": True}),
            [f"{'':9}Do it", f"{'':11}plan.steps: [", f'{"":11}  "one",', f'{"":11}  "two"', f"{'':11}]"],
        ),
        (ended(DEBUG, name="a text"), [f"{'':9}Do it", f"{'':11}name: a text"]),
        (ended(DEBUG, name=""), [f"{'':9}Do it", f"{'':11}name: "]),
        (
            ended(DEBUG, msg="All items", results=[{"msg": "1"}, {"x": 2, "y": 1, "ansible_loop_var": "y"}]),
            [f"{'':9}Do it", f"{'':11}1", f"{'':11}x: 2"],
        ),
        (ended(DEBUG, results=[{"item": 1, "ansible_loop_var": "item"}]), [f"{'':9}Do it", f"{'':11}item: 1"]),
        (ended("ansible.builtin.set_fact"), []),
        (ended("ansible.builtin.copy", changed=True), ["changed  Do it"]),
    ],
)
def test_a_successful_task_shows_these_lines(result: SimpleNamespace, lines: list[str]) -> None:
    callback = RecordingCallback()
    callback.v2_runner_on_ok(result)
    assert callback.lines == lines


@pytest.mark.parametrize(
    ("answer", "ignored", "lines"),
    [
        ({"msg": "url: no"}, False, ["FAILED   Do it", f"{'':11}url: no"]),
        ({"msg": "url: no"}, True, ["ignored  Do it", f"{'':11}url: no"]),
        ({"module_stderr": "killed"}, False, ["FAILED   Do it", f"{'':11}killed"]),
        ({}, False, ["FAILED   Do it", f"{'':11}no message"]),
        ({"msg": "no package", "results": ["a text"]}, False, ["FAILED   Do it", f"{'':11}no package"]),
        ({"msg": "no package", "results": {"a": "b"}}, False, ["FAILED   Do it", f"{'':11}no package"]),
        (
            {
                "msg": "One or more",
                "results": [{"msg": "fine"}, {"failed": True, "msg": "a"}, {"exception": "", "msg": "b"}],
            },
            False,
            ["FAILED   Do it", f"{'':11}a", f"{'':11}b"],
        ),
    ],
)
def test_each_failure_is_shown(answer: dict[str, Any], ignored: bool, lines: list[str]) -> None:
    callback = RecordingCallback()
    callback.v2_runner_on_failed(ended("ansible.builtin.set_fact", **answer), ignored)
    assert callback.lines == lines


def test_a_message_is_shown_once_for_each_host() -> None:
    callback = RecordingCallback()
    for host in ("prod-1", "prod-1", "prod-2"):
        callback.v2_runner_on_failed(ended(PLAN, host, msg="url: no"))
    assert callback.lines == [
        *("FAILED   Do it [prod-1]", f"{'':11}url: no"),
        *("FAILED   Do it [prod-1]", f"{'':11}as above"),
        *("FAILED   Do it [prod-2]", f"{'':11}url: no"),
    ]


def test_a_host_that_cannot_be_reached_is_a_failure() -> None:
    callback = RecordingCallback()
    callback.v2_runner_on_unreachable(ended(PLAN, "prod-1", msg="no route"))
    assert callback.lines == ["FAILED   Do it [prod-1]", f"{'':11}no route"]


def test_diffs_are_shown_where_something_changes() -> None:
    callback = RecordingCallback()
    diff = [{"before": "a\n", "after": "b\n"}]
    callback.v2_on_file_diff(ended(PLAN, diff=diff))
    assert callback.lines == []
    callback.v2_on_file_diff(ended(PLAN, changed=True, diff=diff))
    callback.v2_on_file_diff(
        ended(PLAN, results=[{"changed": True, "diff": diff[0]}, {"changed": False, "diff": diff[0]}])
    )
    assert [line.strip() for line in callback.lines] == ["--- before", "+++ after", "@@ -1 +1 @@", "-a", "+b"] * 2


def test_the_recap_has_each_host() -> None:
    callback = RecordingCallback()
    counts = {"ok": 3, "changed": 1, "unreachable": 0, "failures": 2}
    callback.v2_playbook_on_stats(SimpleNamespace(processed={"b": 1, "a": 1}, summarize=lambda _host: counts))
    assert callback.lines == [f"recap    {host}: ok=3 changed=1 unreachable=0 failures=2" for host in "ab"]
