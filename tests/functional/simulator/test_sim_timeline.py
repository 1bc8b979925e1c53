# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timeline, the names in the journal, and snapshots of the whole state."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_bench import Api, Scene
from vcdsim.testing import Simulator
from waiting import until

POOLS = "/loadBalancer/pools"
SERVICES = "/loadBalancer/virtualServices"


def events(sim: Simulator) -> list[tuple[str, str, str]]:
    return [(one["kind"], one["event"], one["name"]) for one in sim.timeline()]


def write(kind: str, name: str, event: str) -> list[tuple[str, str, str]]:
    """The timeline's entries of a write whose task takes no time. ``event`` is the effect on the object."""
    asked, answered = ("request", "asked", name), ("request", "answered", name)
    started, ended, effect = ("task", "started", name), ("task", "ended", name), (kind, event, name)
    task = [started, effect, ended] if event == "removed" else [effect, started, ended]
    return [asked, *task, answered]


def test_objects_tasks_and_writes_are_in_order(sim: Simulator, api: Api, scene: Scene) -> None:
    assert sim.timeline() == [], "nothing of the estate"
    pool = api.done("POST", POOLS, scene.pool("a"))
    service = api.done("POST", SERVICES, scene.service(pool, "s"))
    body = {**api.get(f"{SERVICES}/{service}"), "virtualIpAddress": "203.0.113.11"}
    api.done("PUT", f"{SERVICES}/{service}", body)
    api.done("DELETE", f"{SERVICES}/{service}")
    expected = write("pools", "a", "added") + write("virtual_services", "s", "added")
    expected += write("virtual_services", "s", "changed") + write("virtual_services", "s", "removed")
    assert events(sim) == expected
    timeline = sim.timeline()
    added, changed, removed = (one for one in timeline if one["kind"] == "virtual_services")
    assert added["refers"] == {
        "vip": "203.0.113.10",
        "ipv6": None,
        "ports": [[80, 80]],
        "pool": pool,
        "enabled": True,
    }
    assert changed["refers"]["vip"] == removed["refers"]["vip"] == "203.0.113.11"
    assert {one["gateway"] for one in timeline} == {scene.edge}
    moments = [one["time"] for one in timeline]
    assert moments == sorted(moments)
    answers = [one for one in timeline if one["event"] == "answered"]
    assert [one["task"] for one in answers] == [one["id"] for one in timeline if one["event"] == "started"]
    assert removed["task"] == answers[-1]["task"]
    assert {one["user"] for one in timeline if one["event"] in ("asked", "started")} == {"kube"}


def test_nat_rules_and_allocations_show_their_references(sim: Simulator, api: Api, scene: Scene) -> None:
    api.done("POST", scene.nat, scene.rule("r", dnatExternalPort="80"))
    entry = next(one for one in sim.timeline() if one["kind"] == "nat_rules")
    assert (entry["name"], entry["event"], entry["gateway"]) == ("r", "added", scene.edge)
    ends = {"external": "203.0.113.20", "internal": "192.168.8.2", "port": "80"}
    assert entry["refers"] == {"type": "DNAT", "enabled": True, **ends}


def test_an_allocation_is_named_by_its_address(spaces: Simulator) -> None:
    api = Api(spaces, "kube@acme")
    space = api.named("/ipSpaces/summaries", "public")["id"]
    api.done("POST", f"/ipSpaces/{space}/allocate", {"type": "FLOATING_IP", "quantity": 1})
    entry = next(one for one in spaces.timeline() if one["kind"] == "ip_space_allocations")
    assert entry["name"] == entry["refers"]["ip"]
    assert entry["event"] == "added"


def test_tasks_are_intervals_with_their_locks(sim: Simulator, api: Api, scene: Scene) -> None:
    sim.settings(task_seconds=0.2)
    api.ask("POST", scene.nat, scene.rule("r"))
    api.ask("POST", "/applicationPortProfiles", scene.profile())
    # the end has the time at which it was due, not the time of the request that notices it
    until(lambda: [one["event"] for one in sim.timeline() if one["kind"] == "task"].count("ended") == 2)
    tasks = [one for one in sim.timeline() if one["kind"] == "task"]
    assert [(one["event"], one["gateway"], one["locks"]) for one in tasks if one["operation"].startswith("NAT")] == [
        ("started", scene.edge, [scene.edge]),
        ("ended", scene.edge, [scene.edge]),
    ]
    assert {one["gateway"] for one in tasks if not one["operation"].startswith("NAT")} == {None}
    for task in {one["id"] for one in tasks}:
        started, ended = (one for one in tasks if one["id"] == task)
        assert ended["time"] - started["time"] == pytest.approx(0.2, abs=0.000001)


def test_a_failed_task_undoes_its_change(sim: Simulator, api: Api, scene: Scene) -> None:
    sim.faults([{"task": "error", "writes": True}])
    api.task(api.ask("POST", POOLS, scene.pool("a")))
    assert events(sim)[-3:-1] == [("pools", "removed", "a"), ("task", "ended", "a")]
    assert [one["status"] for one in sim.timeline() if one["kind"] == "task"] == ["running", "error"]


def test_a_refused_write_is_recorded_with_its_code(sim: Simulator, api: Api, scene: Scene) -> None:
    sim.settings(task_seconds=600)
    api.ask("POST", POOLS, scene.pool("a"))
    api.ask("POST", POOLS, scene.pool("b"))
    asked, answered = sim.timeline()[-2:]
    assert (asked["event"], asked["name"], asked["gateway"]) == ("asked", "b", scene.edge)
    assert (answered["number"], answered["status"], answered["code"]) == (asked["number"], 400, "BUSY_ENTITY")


def test_the_journal_names_the_object_of_each_write(sim: Simulator, api: Api, scene: Scene) -> None:
    pool = api.done("POST", POOLS, scene.pool("old"))
    api.done("PUT", f"{POOLS}/{pool}", scene.pool("new"))
    api.done("DELETE", f"{POOLS}/{pool}")
    api.done("POST", scene.nat, scene.rule("r"))
    writes = [one for one in sim.journal() if one["name"] is not None]
    assert [(one["method"], one["name"], one["gateway"]) for one in writes] == [
        ("POST", "old", scene.edge),
        ("PUT", "old", scene.edge),
        ("DELETE", "new", scene.edge),
        ("POST", "r", scene.edge),
    ]
    sim.journal(clear=True)
    assert sim.timeline() == []


def seen(sim: Simulator) -> dict[str, Any]:
    return {kind: objects for kind, objects in sim.dump().items() if kind != "tasks"}


def test_a_snapshot_restores_everything(sim: Simulator, api: Api, scene: Scene) -> None:
    pool = api.done("POST", POOLS, scene.pool("a"))
    service = api.done("POST", SERVICES, scene.service(pool, "s"))
    api.done("POST", scene.nat, scene.rule("r"))
    api.done("POST", "/applicationPortProfiles", scene.profile("p"))
    before, kept = seen(sim), sim.snapshot()
    first = api.done("POST", POOLS, scene.pool("first after"))
    for _time in range(2):
        body = {**api.get(f"{SERVICES}/{service}"), "virtualIpAddress": "203.0.113.11"}
        api.done("PUT", f"{SERVICES}/{service}", body)
        api.done("DELETE", f"{SERVICES}/{service}")
        api.done("PUT", f"{POOLS}/{pool}", scene.pool("b"))
        rule = api.values(scene.nat)[0]
        api.done("PUT", f"{scene.nat}/{rule['id']}", {**rule, "name": "changed"})
        sim.assume(members_reachable="no")
        sim.health({"10.10.0.11": "DOWN"})
        sim.faults([{"method": "PATCH", "status": 503}])
        late = Api(sim, "kube@acme")
        sim.restore(kept)
        assert seen(sim) == before
        assert (sim.journal(), sim.timeline(), sim.faults()) == ([], [], [])
        assert sim._ask("GET", "/about")["assumptions"]["members-reachable"] == "yes"
        assert late.ask("GET", "/edgeGateways").status_code == 401
        assert api.done("POST", POOLS, scene.pool("first after")) == first, "identifiers go on from where they were"
        assert events(sim) == write("pools", "first after", "added")


def test_a_snapshot_keeps_running_tasks_and_outlives_a_reset(sim: Simulator, api: Api, scene: Scene) -> None:
    pool = api.done("POST", POOLS, scene.pool("a"))
    sim.faults([{"task": "never", "writes": True}])
    location = api.ask("DELETE", f"{POOLS}/{pool}").headers["Location"]
    task, kept = str(api.xml(location).get("id")), sim.snapshot()
    for _time in range(2):
        assert sim.release(task)
        assert sim.dump()["pools"] == []
        sim.reset()
        sim.restore(kept)
        assert [one["name"] for one in sim.dump()["pools"]] == ["a"]
        assert api.xml(location).get("status") == "running"


def test_an_unknown_snapshot_is_refused(sim: Simulator) -> None:
    with pytest.raises(ValueError, match="there is no snapshot 999999"):
        sim.restore(999999)
