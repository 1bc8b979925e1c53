# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults at every write of a migration: it completes, is rolled back, or stops with a clear message. No IP is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from invariants import always_referenced, only_planned
from moving import DISTINCT, EXTERNAL, INTERNAL, LENIENT, STRICT, Edge, Params, names_of, refused, service, written
from runs import comparable
from vcdsim.testing import Simulator
from waiting import until

Record = Callable[[str, object], None]
MOVES = [(EXTERNAL, INTERNAL, STRICT), (INTERNAL, EXTERNAL, STRICT), (INTERNAL, DISTINCT, LENIENT)]
IDS = [f"{before}-{after}" for before, after, _rules in MOVES]
# temporary faults of a write, or of its task
PASSING: dict[str, Params] = {
    "busy": {"status": 400, "code": "BUSY_ENTITY", "message": "x is busy completing an operation NAT_RULE_CREATE."},
    "task met busy": {"task": "error", "code": "BUSY_ENTITY", "message": "is busy completing an operation X."},
    "too many": {"status": 429, "retry_after": 0},
    "unavailable": {"status": 503},
    "reset before": {"reset": "before"},
    "reset after": {"reset": "after"},
    "session ended": {"expire_session": True},
}
# what ends the migration
LASTING: dict[str, Params] = {
    "task error": {"task": "error", "code": "INTERNAL", "message": "It broke."},
    "task vanishes": {"task": "vanish"},
    "internal error": {"status": 500},
    # refusals that are not rules of Cloud Director, although they name an address or an object
    "licence": {"status": 400, "message": "The licence capacity is exceeded."},
    "not allocated": {"status": 400, "message": "IP address 203.0.113.1 is not allocated to edge gateway acme-edge."},
    "no room": {"status": 400, "message": "The service engine group has no room for a virtual service or DNAT rule."},
    "forbidden": {"status": 403},
    "licence, in the task": {"task": "error", "code": "BAD_REQUEST", "message": "The licence capacity is exceeded."},
}


class PreparedMigration(NamedTuple):
    """A migration of one Service at its start, with the result and the writes of an undisturbed run."""

    edge: Edge
    services: list[Params]
    after: str
    rules: dict[str, str]
    snapshot: int
    start: Any
    end: Any
    writes: list[tuple[str, str]]
    window: int

    def prepare(self, number: int, **fault: Any) -> None:
        """Reset, with a fault at one write. The name identifies the write, because profiles are written at any time."""
        self.edge.sim.restore(self.snapshot)
        self.edge.sim.assume(**self.rules)
        method, name = self.writes[number]
        before = self.writes[:number].count((method, name))  # a refused write is repeated later
        rule = {"writes": True, "user": "kube", "method": method, "name": name, "times": 1, "skip": before}
        self.edge.sim.faults([{**rule, **fault}])

    def state(self) -> Any:
        """The state, without values that may differ between two paths to the same state."""
        return comparable(self.edge.sim.dump())

    def check(self, before: Any, where: str) -> None:
        """No IP was lost, except in the window that the plan announced, and no other object was changed."""
        gaps = always_referenced(self.edge.sim.timeline(), before, [self.services[0]["external_ip"]])
        assert all(gap.to is not None for gap in gaps), where
        assert len(gaps) <= 2 * self.window, where  # on the way, and on the way back
        assert all(gap.tasks <= 2 for gap in gaps), (where, gaps)
        # an object that is deleted again after a lost answer no longer has a name
        journal = [entry for entry in self.edge.sim.journal() if entry.get("name") or entry["status"] != 403]
        assert only_planned(journal, names_of(self.services)) == [], where


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("one-edge", task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture(scope="module", params=MOVES, ids=IDS)
def migration(sim: Simulator, request: pytest.FixtureRequest) -> PreparedMigration:
    before, after, rules = request.param
    sim.reset()
    edge = Edge(sim, timeout=20)
    edge.create([service("stays", 1)], DISTINCT)
    services = edge.create([service("web", 2)], before)
    snapshot, start = sim.snapshot(), comparable(sim.dump())
    sim.assume(**rules)
    sim.journal(clear=True)
    done = edge.done(services, after)
    journal = sim.journal()
    writes = sorted(written(journal) + refused(journal))
    return PreparedMigration(
        edge, services, after, rules, snapshot, start, comparable(sim.dump()), writes,
        done["services"][0]["outage"]["window"],
    )  # fmt: skip


@pytest.mark.parametrize("fault", PASSING)
def test_a_temporary_fault_is_survived(migration: PreparedMigration, fault: str, record_property: Record) -> None:
    for number in range(len(migration.writes)):
        migration.prepare(number, **PASSING[fault])
        before = migration.edge.sim.dump()
        migration.edge.done(migration.services, migration.after)
        where = f"write {number + 1}"
        assert migration.edge.sim.faults()[0]["used"] == 1, where
        assert migration.state() == migration.end, where
        migration.check(before, where)
    record_property("figures", f"{fault} at each of {len(migration.writes)} writes to {migration.after}: all finished")


@pytest.mark.parametrize("fault", LASTING)
def test_a_permanent_fault_is_rolled_back(migration: PreparedMigration, fault: str, record_property: Record) -> None:
    taken_back = 0
    for number in range(len(migration.writes)):
        migration.prepare(number, **LASTING[fault])
        before = migration.edge.sim.dump()
        result = migration.edge.run(migration.services, migration.after)
        where = f"write {number + 1}: {result.get('msg')}"
        assert migration.edge.sim.faults()[0]["used"] == 1, where
        migration.check(before, where)
        if not result.get("failed"):
            # Cloud Director refuses this write because of a rule, so that no task of it can fail
            assert "task" in LASTING[fault], where
            assert migration.state() == migration.end, where
            continue
        taken_back += 1
        failure = result["failure"]
        # unused profiles are deleted in parallel with the gateway's tasks: no reason to roll a Service back
        in_place = "delete application port profile" in result["msg"]
        state = "migrated" if in_place else "rolled_back"
        assert (failure["service"], failure["state"]) == ("default/web", state), where
        assert "\n" not in result["msg"], where
        assert ("it is in place" if in_place else "rolled back to the shape that it had") in result["msg"], where
        assert in_place or migration.state() == migration.start, where
        migration.edge.done(migration.services, migration.after)
        assert migration.state() == migration.end, where
    record_property(
        "figures", f"{fault} at each of {len(migration.writes)} writes to {migration.after}: {taken_back} taken back"
    )
    assert taken_back >= len(migration.writes) - ("task" in LASTING[fault])


def with_a_task_that_never_ends(migration: PreparedMigration, number: int) -> tuple[Any, Params, int]:
    """The state before, the result, and its option timeout.

    The option also limits each answer. On a busy machine an answer may take longer, and then the limit is raised.
    """
    for seconds in (1, 10, 100):
        migration.prepare(number, task="never")
        before = migration.edge.sim.dump()
        result = migration.edge.of(timeout=seconds).run(migration.services, migration.after)
        if not result.get("failed") or "waiting for task" in result["msg"]:
            break
    return before, result, seconds


def test_a_task_that_never_ends_stops_the_run(migration: PreparedMigration, record_property: Record) -> None:
    stopped = 0
    for number in range(len(migration.writes)):
        before, result, seconds = with_a_task_that_never_ends(migration, number)
        if not result.get("failed"):  # a refused write has no task
            continue
        stopped += 1
        where = f"write {number + 1}: {result['msg']}"
        assert f"timed out after {seconds} s waiting for task" in result["msg"], where
        assert "running the task again continues from there" in result["msg"], where
        assert "default/web" in result["msg"], where
        state = "migrated" if "delete application port profile" in result["msg"] else "failed"
        assert result["failure"][state] == ["default/web"], where
        assert "\n" not in result["msg"], where
        gaps = always_referenced(migration.edge.sim.timeline(), before, [migration.services[0]["external_ip"]])
        assert len(gaps) <= migration.window, where
        assert migration.edge.sim.release(f"urn:vcloud:task:{result['failure']['task']}"), where
        migration.edge.done(migration.services, migration.after)
        assert migration.state() == migration.end, where
    assert stopped >= len(migration.writes) - 1
    record_property("figures", f"task that never ends at {stopped} writes to {migration.after}: stopped, then finished")


def test_the_message_names_the_state_of_each_service(sim: Simulator) -> None:
    sim.reset()
    edge = Edge(sim)
    services = edge.create([service(name, 2) for name in ("first", "second", "third", "fourth")], EXTERNAL)
    start = comparable(sim.dump())
    names = names_of(services[1:])
    sim.faults([{"method": "POST", "route": "*/virtualServices", "name": "*-second-*", "times": 1, "status": 500}])
    result = edge.failed(services, INTERNAL)
    message, failure = result["msg"], result["failure"]
    assert message.startswith("default/second: cannot create virtual service")
    assert "Cloud Director answered 500" in message
    assert message.endswith(
        "it was rolled back to the shape that it had; migrated: default/first; "
        "not reached: default/third, default/fourth"
    )
    assert failure["migrated"] == ["default/first"]
    assert (failure["service"], failure["rolled_back"], failure["failed"]) == ("default/second", ["default/second"], [])
    assert failure["not_reached"] == ["default/third", "default/fourth"]
    now = comparable(sim.dump())
    for kind in ("virtual_services", "pools", "nat_rules", "application_port_profiles"):
        kept = [[one for one in state[kind] if one["name"] in names] for state in (start, now)]
        assert kept[0] == kept[1]
    assert [one["scenario"] for one in edge.info(services=services)["services"]] == [INTERNAL] + [EXTERNAL] * 3
    done = edge.done(services, INTERNAL)["services"]
    assert [one["state"] for one in done] == ["unchanged"] + ["migrated"] * 3


def test_a_service_that_was_up_and_comes_back_down_is_rolled_back(sim: Simulator) -> None:
    sim.reset()
    edge = Edge(sim)
    services = edge.create([service("web", 2)], INTERNAL)
    start = comparable(sim.dump())
    sim.faults([{"method": "POST", "route": "*/virtualServices", "hold": "before", "times": 1}])
    run = edge.task(services, DISTINCT, wait_timeout=1).start()
    until(lambda: sim.faults()[0]["held"] or run.ended(), "the write")
    assert not run.ended(), run.wait()
    sim.health({"10.10.0.11": "DOWN", "10.10.0.12": "DOWN"})
    sim.faults([])
    result = run.wait()
    assert result["failed"]
    assert "which was UP before" in result["msg"]
    assert "DOWN" in result["msg"]
    assert "default/web" in result["msg"]
    assert "rolled back to the shape that it had" in result["msg"]
    assert result["failure"]["rolled_back"] == ["default/web"]
    sim.health({})
    assert comparable(sim.dump()) == start


def test_a_service_that_was_down_may_stay_down(sim: Simulator) -> None:
    sim.reset()
    edge = Edge(sim)
    services = edge.create([service("web", 2)], INTERNAL)
    sim.health({"10.10.0.11": "DOWN", "10.10.0.12": "DOWN"})
    assert edge.done(services, EXTERNAL)["services"][0]["scenario"] == EXTERNAL
    assert [port["health_status"] for port in edge.info(services=services)["services"][0]["ports"]] == ["DOWN"] * 2
