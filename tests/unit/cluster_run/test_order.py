# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a run, and what it does when one of its steps fails."""

from __future__ import annotations

import json
import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run import files
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.report import nothing_migrated, plan_lines
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.request import RunRequest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from fake_sides import MIGRATE, FakeSides
from sharing_builders import service, virtual_service

LOOK = ["look at CPI", "look at the gateway"]
STOPPED = ["lock", "stop CPI", *LOOK, "describe", "prepare to move"]
UNLOCKED, BACK = ["unlock", "run CPI with shared_external"], "run CPI with distinct_internal"
PROVED = [*LOOK, "plan to move"]
FAILED: dict[str, Any] = {"service": "default/web", "state": "rolled_back", "migrated": []}


def test_a_migration_takes_these_steps_in_order(tmp_path: Path) -> None:
    sides = FakeSides()
    done = sides.migrated(tmp_path)
    assert sides.events == [*STOPPED, "still stopped?", "move", *UNLOCKED, *PROVED]
    assert (done.changed, done.result["result"]["verified"]) == (True, True)
    assert done.result["result"]["restart"] == "recreate"
    (file,) = tmp_path.iterdir()
    assert done.result["result"]["restore_point"] == str(file)
    assert json.loads(file.read_text()) == sides.stored
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sides.messages[0] == f"the restore point is in {file}; stopping CPI"


def test_a_plan_writes_nothing_and_says_that_cpi_is_scaled_up_again() -> None:
    sides = FakeSides()
    planned = sides.run(MIGRATE).plan(True)
    assert (planned.changed, planned.result["planned_only"], planned.result["result"]["changed"]) == (True, True, True)
    assert sides.stored is None
    lines = planned.result["lines"]["plan"]
    assert lines[-1] == "then CPI's file is set to shared_external, and CPI is scaled up again"
    assert not [line for line in lines if "stays stopped" in line or "stopped (" in line]


def test_a_plan_outside_check_mode_is_not_yet_a_change() -> None:
    assert FakeSides().run(MIGRATE).plan(False).changed is False


def test_in_check_mode_a_change_does_nothing(tmp_path: Path) -> None:
    sides = FakeSides()
    run = sides.run(RunRequest(**{**vars(MIGRATE), "restore_dir": str(tmp_path)}))
    plan = run.plan(True).result["plan"]
    sides.events.clear()
    done = run.change(plan, True)
    assert (sides.events, done.changed, done.result["verification"]) == ([], False, None)


def test_without_changes_the_facts_of_the_plan_are_verified(tmp_path: Path) -> None:
    sides = FakeSides("shared_external")
    done = sides.changed(RunRequest(scenario="shared_external"), tmp_path)
    assert (sides.events, done.changed, done.result["result"]["verified"]) == ([], False, True)


def test_only_the_file_changes_if_no_service_is_migrated(tmp_path: Path) -> None:
    sides = FakeSides()
    done = sides.changed(RunRequest(scenario="shared_internal"), tmp_path)
    assert sides.events == ["run CPI with shared_internal", *LOOK]
    assert (done.changed, done.result["result"]["verified"], list(tmp_path.iterdir())) == (True, True, [])


def test_a_removal_is_verified_with_facts_read_after_it(tmp_path: Path) -> None:
    sides = FakeSides("shared_external")
    left = virtual_service("gone", "http", "203.0.113.77")
    sides.objects["virtual_services"].append(left)
    request = RunRequest(scenario="shared_external", prune=True, prune_objects=[left["name"]])
    done = sides.changed(request, tmp_path)
    assert sides.events == ["lock", *LOOK, "remove", "unlock", *LOOK]
    assert done.changed is True
    assert left["name"] not in json.dumps(done.result["verification"])


def test_a_service_that_comes_back_after_the_plan_keeps_its_objects(tmp_path: Path) -> None:
    sides = FakeSides("shared_external")
    left = virtual_service("gone", "http", "203.0.113.77")
    sides.objects["virtual_services"].append(left)
    request = RunRequest(
        scenario="shared_external", prune=True, prune_objects=[left["name"]], restore_dir=str(tmp_path)
    )
    run = sides.run(request)
    planned = run.plan(False).result
    sides.cluster["services"].append(service("gone", ports=("http",), ips=()))
    done = run.change(planned["plan"], False)
    assert "remove" not in sides.events
    assert done.changed is False
    assert left in sides.objects["virtual_services"]


def test_the_entity_is_read_only_if_it_can_prove_something() -> None:
    for left, read in ((None, 0), (virtual_service("gone", "http", "203.0.113.77"), 1)):
        sides = FakeSides("shared_external")
        sides.objects["virtual_services"] += [left] if left else []
        sides.run(RunRequest(scenario="shared_external", prune=True)).plan(True)
        assert sides.events.count("look at the entity") == read
        sides.events.clear()
        sides.run(RunRequest(scenario="shared_external")).plan(True)
        assert sides.events.count("look at the entity") == 0


def test_cpi_is_restored_if_the_first_service_fails(tmp_path: Path) -> None:
    sides = FakeSides()
    sides.fails["move"] = CollectionError("default/web: refused; it was rolled back", **FAILED)
    with pytest.raises(CollectionError) as caught:
        sides.migrated(tmp_path)
    assert sides.events == [*STOPPED, "still stopped?", "move", BACK, "unlock"]
    assert caught.value.message == (
        "default/web: refused; it was rolled back; every Service is as it was,"
        " and CPI runs again with its previous scenario"
    )
    assert caught.value.details["service"] == "default/web"


def test_cpi_stays_stopped_if_a_later_service_fails(tmp_path: Path) -> None:
    sides = FakeSides()
    sides.fails["move"] = CollectionError("default/web: refused", **{**FAILED, "migrated": ["default/api"]})
    with pytest.raises(CollectionError) as caught:
        sides.migrated(tmp_path)
    assert sides.events == [*STOPPED, "still stopped?", "move", "unlock"]
    (file,) = tmp_path.iterdir()
    where = f"the restore point is in {file} and in ConfigMap kube-system/cpi-backup"
    assert f"default/web: refused; {where}; run the same again" in caught.value.message
    assert caught.value.message.endswith("; CPI is stopped")


def test_cpi_is_restored_after_an_error_before_the_first_service(tmp_path: Path) -> None:
    sides = FakeSides()
    sides.fails["prepare to move"] = CollectionError("cannot list pools")
    with pytest.raises(CollectionError, match="cannot list pools; every Service is as it was"):
        sides.migrated(tmp_path)
    assert sides.events[-2:] == [BACK, "unlock"]


ENDS = {
    "lock": "not_reached",
    "stop CPI": "not_reached",
    "prepare to move": "not_reached",
    "run CPI with shared_external": "migrated",
}


@pytest.mark.parametrize("event", ENDS)
def test_an_error_says_what_has_become_of_the_services_and_where_the_restore_point_is(
    event: str, tmp_path: Path
) -> None:
    sides = FakeSides()
    sides.fails[event] = CollectionError("refused")
    with pytest.raises(CollectionError) as caught:
        sides.migrated(tmp_path)
    (web,) = caught.value.details["services"]
    shapes = ("distinct_internal", "shared_external" if ENDS[event] == "migrated" else "distinct_internal")
    assert (web["state"], (web["scenario_before"], web["scenario"])) == (ENDS[event], shapes)
    stored = [str(file) for file in tmp_path.iterdir()]
    assert [caught.value.details.get("restore_point")] == (stored or [None])
    assert bool(stored) is (event != "lock")


def test_the_error_takes_the_state_of_the_services_from_the_migration(tmp_path: Path) -> None:
    sides = FakeSides()
    known = [{"name": "web", "namespace": "default", "state": "rolled_back"}]
    sides.fails["move"] = CollectionError("refused", **FAILED, services=known)
    with pytest.raises(CollectionError) as caught:
        sides.migrated(tmp_path)
    assert caught.value.details["services"] == known


def test_the_state_after_a_defect_is_unknown(tmp_path: Path) -> None:
    sides = FakeSides()
    sides.fails["move"] = CollectionError("an error without states")
    with pytest.raises(CollectionError) as caught:
        sides.migrated(tmp_path)
    assert "services" not in caught.value.details


def test_both_errors_are_reported_if_cpi_cannot_be_restored(tmp_path: Path) -> None:
    sides = FakeSides()
    sides.fails["move"] = CollectionError("refused", **FAILED)
    sides.fails[BACK] = CollectionError("no right to scale")
    with pytest.raises(CollectionError) as caught:
        sides.migrated(tmp_path)
    assert caught.value.message.startswith("refused; the restore point is in ")
    assert caught.value.message.endswith("; CPI could not be restored: no right to scale; CPI is stopped")


def test_an_error_while_stopping_cpi_is_reported_unchanged(tmp_path: Path) -> None:
    sides = FakeSides()
    sides.fails["stop CPI"] = CollectionError("timed out; CPI was scaled back to 1")
    with pytest.raises(CollectionError, match=r"^timed out; CPI was scaled back to 1$"):
        sides.migrated(tmp_path)


def test_without_a_restore_point_on_disk_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    planned = FakeSides().run(replace(MIGRATE, restore_dir=str(tmp_path / "file" / "folder"))).plan(True).result
    assert planned["ok"] is False
    assert re.fullmatch(
        r"shared_ip_restore_dir: .*: cannot be written: .* not a folder; .*: give .*", planned["summary"]
    )


def test_a_folder_that_is_no_longer_writable_stops_the_run(tmp_path: Path) -> None:
    sides, folder = FakeSides(), tmp_path / "folder"
    run = sides.run(replace(MIGRATE, restore_dir=str(folder)))
    planned = run.plan(False).result
    sides.events.clear()
    folder.touch()
    with pytest.raises(InvalidInput, match=r"shared_ip_restore_dir: .*cannot be written.*nothing was changed"):
        run.change(planned["plan"], False)
    assert sides.events == ["lock", "unlock"]


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A user whose home is not writable, as in a container. Returns the reason."""
    home = tmp_path / "home"
    home.touch()
    monkeypatch.setenv("HOME", str(home))
    return f"{home} is not a folder"


def test_without_a_home_only_the_cluster_keeps_the_restore_point(homeless: str) -> None:
    sides = FakeSides()
    run = sides.run(MIGRATE)
    for check_mode in (True, False):
        planned = run.plan(check_mode).result
        kept = f"the restore point is kept in ConfigMap kube-system/cpi-backup alone, because {homeless}; "
        assert planned["lines"]["plan"][-1] == f"{kept}shared_ip_restore_dir names a folder for a file, too"
    done = run.change(planned["plan"], False).result["result"]
    assert (done["changed"], done["restore_point"]) == (True, "")
    assert sides.stored
    assert sides.messages[0] == "the restore point is in ConfigMap kube-system/cpi-backup alone; stopping CPI"


def test_without_a_home_a_failure_names_the_restore_point_in_the_cluster(homeless: str) -> None:
    sides = FakeSides()
    run = sides.run(MIGRATE)
    planned = run.plan(False).result
    sides.fails["move"] = CollectionError("refused", **{**FAILED, "state": "failed"})
    with pytest.raises(CollectionError, match=r"; the restore point is in ConfigMap kube-system/cpi-backup; run the "):
        run.change(planned["plan"], False)


def test_a_given_folder_does_not_count_as_a_home(homeless: str, tmp_path: Path) -> None:
    with pytest.raises(
        InvalidInput, match=r"^shared_ip_restore_dir: '\S+/points': cannot be written: .*: give a folder"
    ):
        files.only_in_cluster(str(tmp_path / "home" / "points"))
    assert files.only_in_cluster(str(tmp_path / "points" / "deep")) == ""
    assert list(tmp_path.glob("points")) == []


def test_a_user_without_a_home_stores_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", unknown)
    assert files.only_in_cluster(None) == "this user has no home"
    assert files.store(None, point()) == ""


def test_a_service_that_changed_since_the_plan_leads_to_a_new_restore_point(tmp_path: Path) -> None:
    sides = FakeSides()

    def change() -> None:
        sides.objects["virtual_services"][0]["virtual_ip_address"] = "192.168.8.9"
        sides.objects["nat_rules"][0]["internal_addresses"] = "192.168.8.9"

    sides.meanwhile["stop CPI"] = change
    done = sides.migrated(tmp_path)
    stopped = ["lock", "stop CPI", *LOOK, "describe", "describe", "prepare to move"]
    assert sides.events == [*stopped, "store again", "still stopped?", "move", *UNLOCKED, *PROVED]
    first, second = sorted(tmp_path.iterdir())
    assert done.result["result"]["restore_point"] == str(second)
    assert json.loads(second.read_text()) == sides.stored != json.loads(first.read_text())
    assert "192.168.8.9" in second.read_text()


def test_the_first_restore_point_of_an_interrupted_migration_stays(tmp_path: Path) -> None:
    sides = FakeSides()
    sides.fails["move"] = CollectionError("refused", **{**FAILED, "migrated": ["default/api"]})
    with pytest.raises(CollectionError):
        sides.migrated(tmp_path)
    first = sides.stored
    del sides.fails["move"]
    sides.objects["virtual_services"][0]["virtual_ip_address"] = "192.168.8.9"
    sides.migrated(tmp_path)
    assert sides.stored == first
    assert sides.events == ["lock", "stop CPI", *LOOK, "prepare to move", "still stopped?", "move", *UNLOCKED, *PROVED]
    assert len(list(tmp_path.iterdir())) == 1


def test_an_interrupted_migration_is_not_abandoned() -> None:
    sides = FakeSides("shared_external")
    sides.objects["virtual_services"].append(virtual_service("other", "http", "203.0.113.77"))
    sides.cluster.update(rollout={"state": "in_progress", "backup": "b"}, restore_point={"version": 1})
    planned = sides.run(RunRequest(scenario="shared_external")).plan(False).result
    assert planned["ok"] is False
    assert planned["summary"].startswith(
        "a migration of this cluster's Services was interrupted and 3 writes are missing"
    )


def test_addresses_and_health_may_take_a_while(tmp_path: Path) -> None:
    sides = FakeSides()
    shown_service = sides.cluster["services"][0]
    sides.meanwhile["move"] = lambda: shown_service.update(ingress_ips=["203.0.113.99"])
    sleep = sides.time.sleep

    def passing(seconds: float, /) -> None:
        sleep(seconds)
        if sides.time.now > 20:
            shown_service.update(ingress_ips=["203.0.113.10"])

    sides.time.sleep = passing  # type: ignore[method-assign]
    done = sides.migrated(tmp_path)
    assert done.result["result"]["verified"] is True
    assert 20 < sides.time.now < 40
    assert any(
        line.startswith("waiting for the changes to settle: default/web shows 203.0.113.99") for line in sides.messages
    )


def test_it_does_not_wait_indefinitely(tmp_path: Path) -> None:
    sides = FakeSides()
    sides.meanwhile["move"] = lambda: sides.cluster["services"][0].update(ingress_ips=["203.0.113.99"])
    done = sides.migrated(tmp_path, RunRequest(**{**vars(MIGRATE), "wait_timeout": 60}))
    assert (done.result["result"]["verified"], sides.time.now) == (False, 60)


def test_the_error_of_the_preflight_comes_with_its_report() -> None:
    sides = FakeSides()
    planned = sides.run(RunRequest(scenario="shared_external")).plan(False).result
    assert planned["ok"] is False
    assert planned["summary"].startswith("default/web (distinct_internal) would break under shared_external")
    assert planned["lines"]["preflight"][0].startswith("from scenario distinct_internal to shared_external")
    assert "plan" not in planned


def test_an_error_of_the_plan_does_not_hide_the_preflight() -> None:
    sides = FakeSides()
    sides.fails["plan CPI"] = CollectionError("no right to patch", missing_rights=["patch"])
    planned = sides.run(MIGRATE).plan(False).result
    assert (planned["ok"], planned["summary"], planned["failure"]) == (
        False,
        "no right to patch",
        {"missing_rights": ["patch"]},
    )
    assert planned["lines"]["preflight"]


@pytest.mark.parametrize("plan", [{}, {"version": 2}, {"version": "1"}])
def test_a_plan_of_another_release_is_refused(plan: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"plan: .*is not a plan of this release"):
        FakeSides().run(MIGRATE).change(plan, False)


@pytest.mark.parametrize(
    ("failure", "resumed", "before", "so"),
    [
        ({}, False, "distinct_internal", True),
        (FAILED, False, "distinct_internal", True),
        ({**FAILED, "state": "failed"}, False, "distinct_internal", False),
        ({**FAILED, "migrated": ["default/api"]}, False, "distinct_internal", False),
        ({**FAILED, "created": ["default/api"]}, False, "distinct_internal", False),
        ({**FAILED, "repaired": ["default/api"]}, False, "distinct_internal", False),
        ({}, True, "distinct_internal", False),
        (FAILED, False, "invalid", False),
        # lost HTTP policies could not be written: by then every Service has moved
        ({"services": [{"state": "migrated"}]}, False, "distinct_internal", False),
        ({**FAILED, "services": [{"state": "repaired"}, {"state": "rolled_back"}]}, False, "distinct_internal", False),
        ({**FAILED, "services": [{"state": "rolled_back"}]}, False, "distinct_internal", True),
    ],
)
def test_it_is_known_whether_nothing_was_migrated(
    failure: dict[str, Any], resumed: bool, before: str, so: bool
) -> None:
    assert nothing_migrated(failure, resumed=resumed, scenario_before=before) is so


def test_the_lines_of_a_removal_name_the_orphans() -> None:
    planned = {"steps": [], "restart": {}, "resumed": False}
    removal = {"steps": ["a", "b"], "names": ["api", "old"], "writes": 2}
    lines = plan_lines({**planned, "restart": {"done": "none", "reason": ""}}, None, None, removal)
    assert lines == ["plan: nothing to do", "then 2 orphans are removed: api, old"]


def point(**changes: Any) -> dict[str, Any]:
    return {"cluster_id": "urn:x:capvcdCluster:6f1c/9b", "taken": "2026-05-04T10:11:12+00:00", **changes}


def test_files_of_restore_points_are_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    first = files.store(str(folder), point())
    assert first == str(folder / "6f1c-9b_20260504T101112Z.json")
    assert files.store(str(folder), point()) == first
    other = files.store(str(folder), point(more=1))
    assert other == str(folder / "6f1c-9b_20260504T101112Z_2.json")
    assert files.load(first) == point()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read: No such file"), (b"[]", "is not a restore point"), (b"\xff", "is not a text")],
)
def test_a_file_that_is_not_a_restore_point_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "point.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CollectionError, match=f"shared_ip_restore_file: .*{message}"):
        files.load(str(path))


HOOK = {"what": "tasks a.yml", "tasks": "a.yml"}
SAVED = {"what": "tasks a.yml", "started": "2026-11-27T14:00:00Z", "seconds": 1.5, "result": {"job": "7"}}


def hooked(**changes: Any) -> RunRequest:
    return RunRequest(**{**vars(MIGRATE), "before_change": [HOOK], "after_change": [HOOK], **changes})


def test_a_plan_says_what_has_to_run_before_and_after_it() -> None:
    planned = FakeSides().run(hooked()).plan(True).result
    assert (planned["hooks"]["before"], planned["hooks"]["after"]) == ([HOOK], [HOOK])
    assert planned["lines"]["hooks"][0] == "before the first write: tasks a.yml"
    nothing = FakeSides("shared_external").run(hooked()).plan(True).result
    assert (nothing["hooks"]["before"], nothing["hooks"]["after"], nothing["lines"]["hooks"]) == ([], [], [])


def test_what_was_saved_before_a_change_is_in_both_restore_points(tmp_path: Path) -> None:
    sides = FakeSides()
    done = sides.migrated(tmp_path, hooked(saved=[SAVED]))
    assert json.loads(Path(done.result["result"]["restore_point"]).read_text())["before_change"] == [SAVED]
    assert sides.stored is not None
    assert sides.stored["before_change"] == [SAVED]


def test_a_newer_restore_point_also_holds_what_was_saved(tmp_path: Path) -> None:
    sides = FakeSides()
    moved = sides.objects["virtual_services"][0]
    sides.meanwhile["stop CPI"] = lambda: moved.update(virtual_ip_address="192.168.8.9")
    sides.migrated(tmp_path, hooked(saved=[SAVED]))
    first, second = sorted(tmp_path.iterdir())
    assert all(json.loads(one.read_text())["before_change"] == [SAVED] for one in (first, second))
    assert sides.stored is not None
    assert sides.stored["before_change"] == [SAVED]


def test_a_run_that_finishes_a_change_saves_nothing_and_keeps_what_was_saved(tmp_path: Path) -> None:
    sides = FakeSides()
    sides.fails["move"] = CollectionError("refused", **{**FAILED, "migrated": ["default/api"]})
    with pytest.raises(CollectionError):
        sides.migrated(tmp_path, hooked(saved=[SAVED]))
    del sides.fails["move"]
    planned = sides.run(hooked(restore_dir=str(tmp_path))).plan(False).result
    assert (planned["hooks"]["before"], planned["hooks"]["saved"]) == ([], [SAVED])
    assert planned["plan"]["kept"]["before_change"] == [SAVED]
    assert "a change is in progress" in planned["lines"]["hooks"][0]


def test_too_much_to_keep_is_refused_by_the_plan() -> None:
    planned = FakeSides().run(hooked(saved=[{**SAVED, "result": "x" * 5000}])).plan(False).result
    assert (planned["ok"], "shared_ip_hook_result" in planned["summary"]) == (False, True)
