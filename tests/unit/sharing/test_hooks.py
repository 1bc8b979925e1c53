# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hooks of a change run, what is kept of them, and how an operator names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.hooks import (
    AFTER,
    BEFORE,
    LARGEST,
    Hooks,
    checked_results,
    hooks_of,
    identities,
    with_saved,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.run_report import run_report
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._hook_files import found_hooks
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_html import html_page
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_markdown import markdown_page
from hypothesis import given
from hypothesis import strategies as st
from report_records import failed, outcome

TASKS = {"what": "tasks a.yml", "tasks": "a.yml"}
ROLE = {"what": "role site.backup", "role": "site.backup", "tasks_from": "main"}
PART = {"what": "role site.backup, vapp", "role": "site.backup", "tasks_from": "vapp"}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, []),
        ("", []),
        (" , ", []),
        (["", None, " "], []),
        ("a.yml", [TASKS]),
        (" a.yml ,site.backup:vapp,", [TASKS, PART]),
        (["a.yml", {"role": "site.backup"}], [TASKS, ROLE]),
        ({"tasks": "a.yml"}, [TASKS]),
        ([{"role": "site.backup", "tasks_from": "vapp", "name": None}], [PART]),
        ([{"tasks": "a.yml", "name": "the machines"}], [{"what": "the machines", "tasks": "a.yml"}]),
        (["folder/tasks"], [{"what": "tasks folder/tasks", "tasks": "folder/tasks"}]),
    ],
)
def test_every_form_of_a_hook_is_read(value: Any, found: list[dict[str, str]]) -> None:
    assert hooks_of(BEFORE, value) == found
    assert hooks_of(BEFORE, hooks_of(BEFORE, value)) == found


@pytest.mark.parametrize(
    "value",
    [7, [7], [[]], [{}], [{"tasks": "a.yml", "role": "r"}], [{"tasks": 1}], [{"tasks_from": "x"}], "a b", ["x y"]],
)
def test_any_other_form_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput, match=r"shared_ip_before_change: .*: give the path of a task file"):
        hooks_of(BEFORE, value)


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"shared_ip_after_change: .*: vars: no such key"):
        hooks_of(AFTER, [{"tasks": "a.yml", "vars": {}}])


def test_files_and_roles_are_found_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, beside = tmp_path / "here", tmp_path / "beside"
    for folder in (here, beside, beside / "roles" / "backup" / "tasks"):
        folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(here)
    (here / "a.yml").touch()
    (beside / "b.yml").touch()
    (beside / "roles" / "backup" / "tasks" / "main.yml").touch()
    value = ["a.yml", "b.yml", "backup", "vcd.kubernetes.shared_ip:verify"]
    found = found_hooks(BEFORE, value, str(beside))
    assert [one.get("tasks") or one["role"] for one in found] == [
        str(here / "a.yml"),
        str(beside / "b.yml"),
        str(beside / "roles" / "backup"),
        "vcd.kubernetes.shared_ip",
    ]
    for wrong, why in {
        "c.yml": f"no file that can be read in {here} or {beside}",
        "restore": "no role of this name in",
        "backup:other": "the role has no task file",
        "vcd.kubernetes.none": "no role of this name in",
        "no.such.role": "no role of this name in",
        str(here): "no file that can be read",
    }.items():
        with pytest.raises(InvalidInput, match=rf"shared_ip_before_change: .*{why}"):
            found_hooks(BEFORE, [wrong], str(beside))


def result(what: str = "tasks a.yml", value: Any = None) -> dict[str, Any]:
    return {"what": what, "started": "2026-11-27T14:00:00Z", "seconds": "12.34", "result": value, "ok": True}


def test_the_result_of_a_hook_is_kept_if_it_is_small_and_plain() -> None:
    (kept,) = checked_results([result(value={"job": "7"})])
    assert kept == {
        "what": "tasks a.yml", "started": "2026-11-27T14:00:00Z", "seconds": 12.3, "result": {"job": "7"},
    }  # fmt: skip
    with pytest.raises(InvalidInput, match=r"tasks a.yml.*shared_ip_hook_result: has 5002 characters as JSON"):
        checked_results([result(value="x" * 5000)])
    with pytest.raises(InvalidInput, match=r"shared_ip_hook_result: is not plain data"):
        checked_results([result(value={1, 2})])
    assert len(str(checked_results([result(value="x" * (LARGEST - 2))]))) > LARGEST


def cluster(state: str = "none", saved: Any = None) -> dict[str, Any]:
    point = None if saved is None else with_saved({"version": 2}, checked_results(saved))
    return {"rollout": {"state": state}, "restore_point": point}


def test_all_hooks_run_before_a_change_that_begins() -> None:
    decided = Hooks([TASKS], [ROLE]).decide(cluster("finished"), pending=True)
    assert (decided["before"], decided["after"], decided["saved"]) == ([TASKS], [ROLE], [])
    assert decided["lines"] == [
        "before the first write: tasks a.yml",
        "at the end, also after a failure: role site.backup",
    ]


def test_after_the_first_hooks_have_run_the_last_ones_still_run() -> None:
    saved = checked_results([result()])
    for pending in (True, False):
        decided = Hooks([TASKS], [ROLE], saved).decide(cluster(), pending=pending)
        assert (decided["before"], decided["after"], decided["saved"]) == ([], [ROLE], saved)


def test_a_change_in_progress_keeps_what_was_saved_before_it() -> None:
    decided = Hooks([TASKS], [ROLE]).decide(cluster("in_progress", [result()]), pending=True)
    assert (decided["before"], decided["after"]) == ([], [ROLE])
    assert decided["saved"][0]["what"] == "tasks a.yml"
    assert "a change is in progress" in decided["lines"][0]
    assert decided["lines"][0].endswith("saved before it: tasks a.yml (2026-11-27T14:00:00Z, 12.3 s)")
    decided = Hooks([TASKS]).decide(cluster("in_progress", []), pending=True)
    assert "does not say that anything was saved before it" in decided["lines"][0]


HANDED_ON = {"digest": "sha256:1", "hooks": identities([TASKS]), "results": [result()]}


@pytest.mark.parametrize(
    ("handed_on", "digest", "taken"),
    [
        (HANDED_ON, "sha256:1", True),
        (HANDED_ON, "sha256:2", False),
        (HANDED_ON, "", False),
        ({**HANDED_ON, "digest": ""}, "", False),
        ({**HANDED_ON, "hooks": identities([ROLE])}, "sha256:1", False),
        (None, "sha256:1", False),
    ],
)
def test_what_an_earlier_job_has_saved_counts_only_for_the_same_plan_and_hooks(
    handed_on: dict[str, Any] | None, digest: str, taken: bool
) -> None:
    elsewhere = {**TASKS, "tasks": "/other/project/a.yml"}
    decided = Hooks([elsewhere], [], (), handed_on).decide(cluster(), pending=True, digest=digest)
    assert (decided["before"] == [], len(decided["saved"])) == (taken, int(taken))
    half = Hooks([elsewhere], [], (), handed_on).decide(cluster("in_progress"), pending=True, digest=digest)
    assert (half["before"], half["saved"]) == ([], [])


def test_results_from_earlier_jobs_are_checked() -> None:
    for wrong in ({**HANDED_ON, "results": "x"}, {**HANDED_ON, "results": ["x"]}, {**HANDED_ON, "digest": 1}):
        with pytest.raises(InvalidInput, match="shared_ip_saved_of_"):
            Hooks([TASKS], [], (), wrong).decide(cluster(), pending=True, digest="sha256:1")


@given(
    st.booleans(),
    st.sampled_from(["none", "finished", "in_progress"]),
    st.sampled_from([None, [], [result()]]),
    st.booleans(),
    st.booleans(),
)
def test_no_hook_runs_before_an_unchanged_or_half_changed_cluster(
    pending: bool, state: str, stored: Any, named: bool, saved: bool
) -> None:
    hooks = Hooks([TASKS] if named else [], [ROLE], checked_results([result()]) if saved else [])
    decided = hooks.decide(cluster(state, stored), pending=pending)
    if not pending or state == "in_progress" or saved:
        assert decided["before"] == []
    else:
        assert decided["before"] == hooks.before
    assert bool(decided["after"]) == (pending or saved)
    assert not (decided["before"] and decided["saved"])


def test_a_restore_point_holds_what_was_saved_only_if_something_was() -> None:
    saved = checked_results([result()])
    assert with_saved({"version": 2}, saved)["before_change"] == saved
    assert with_saved({"version": 2}, []) == {"version": 2}
    assert with_saved({}, saved) == {}


def test_the_report_shows_what_ran() -> None:
    before = [result(value={"job": "7"}), {**result("tasks <b>.yml"), "ok": False, "message": "no | room"}]
    kept = {**outcome(), "hooks": {"before_change": before, "after_change": [result("role site.done")]}}
    report = run_report({"prod-1": kept, "prod-2": failed(), "prod-3": {**outcome(), "hooks": {}}})
    lines = [one for cluster in report.clusters for one in cluster.hooks]
    assert [(one.line, one.text, one.ok) for one in lines] == [
        ("before the change: tasks a.yml (2026-11-27T14:00:00Z, 12.3 s)", '{"job": "7"}', True),
        ("before the change: tasks <b>.yml (2026-11-27T14:00:00Z, 12.3 s)", "no | room", False),
        ("after the change: role site.done (2026-11-27T14:00:00Z, 12.3 s)", "", True),
    ]
    page, text = html_page(report), markdown_page(report)
    assert page.count("<h4>Before and after the change</h4>") == 1
    assert "tasks &lt;b&gt;.yml" in page
    assert "- before the change: tasks &lt;b&gt;.yml" in text
    assert "**failed**: no \\| room" in text
