# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two services on one external IP: created, migrated, rolled back and removed together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from invariants import all_down, always_referenced, one_write_at_a_time
from moving import (
    DISTINCT,
    EXTERNAL,
    INTERNAL,
    LENIENT,
    MOVES,
    STRICT,
    Edge,
    Params,
    as_clients_see,
    refused,
    written,
)
from runs import comparable
from vcdsim.testing import Simulator

IP = "203.0.113.20"
RULES = {"strict": STRICT, "lenient": LENIENT}


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("one-edge", task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def edge(sim: Simulator) -> Edge:
    sim.reset()
    sim.faults([])
    return Edge(sim)


def databases() -> list[Params]:
    """Two Services with the same loadBalancerIP, and one with its own."""
    found = []
    for name, ip, numbers in (("pg", IP, (5432, 8008)), ("my", IP, (3306,)), ("web", "203.0.113.21", (80,))):
        ports = [{"name": f"p{number}", "port": number, "node_port": 30000 + number % 2000} for number in numbers]
        found.append(
            {"name": name, "namespace": "default", "external_ip": ip, "ports": ports, "members": ["10.10.0.11"]}
        )
    return found


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize(("before", "after"), MOVES)
def test_services_on_one_external_ip_are_migrated_together(edge: Edge, before: str, after: str, rules: str) -> None:
    services = edge.create(databases(), before)
    edge.sim.assume(**RULES[rules])
    edge.sim.settings(task_seconds=0.001)
    edge.sim.journal(clear=True)
    start = edge.sim.dump()
    checked = edge.done(services, after, check=True)
    result = edge.done(services, after)
    journal, timeline = edge.sim.journal(), edge.sim.timeline()
    found = edge.info(services=services)["services"]
    wanted = {EXTERNAL: {EXTERNAL}, INTERNAL: {INTERNAL, f"{INTERNAL} or {DISTINCT}"},
              DISTINCT: {DISTINCT, f"{INTERNAL} or {DISTINCT}"}}[after]  # fmt: skip
    assert {one["scenario"] for one in found} <= wanted
    assert [one["external_ip"] for one in found] == [IP, IP, "203.0.113.21"]
    inside = [address for one in found for address in set(one["internal_ips"])]
    assert len(set(inside)) == len(inside)
    assert checked["steps"] == result["steps"]
    assert result["writes"] == len(written(journal))
    assert one_write_at_a_time(timeline, edge.urn) == []
    windows = {one["external_ip"]: one["outage"]["window"] for one in checked["services"]}
    gaps = always_referenced(timeline, start, windows)
    nat_comes_or_goes = EXTERNAL in (before, after)
    assert len([gap for gap in gaps if gap.ip == IP]) == (1 if rules == "strict" and nat_comes_or_goes else 0)
    # the rule of Cloud Director is discovered once, however many services share the address
    assert len(refused(journal)) <= len(STRICT)
    if rules == "lenient":
        assert all_down(timeline, start, as_clients_see(services)) == []
    again = edge.done(services, after)
    assert (again["changed"], again["writes"]) == (False, 0)
    assert written(edge.sim.journal(clear=True))[result["writes"] :] == []


@pytest.mark.parametrize(("before", "after"), [(EXTERNAL, INTERNAL), (DISTINCT, EXTERNAL)])
def test_a_failure_rolls_the_whole_group_back(edge: Edge, before: str, after: str) -> None:
    services = edge.create(databases(), before)
    edge.sim.assume(**STRICT)
    start = comparable(edge.sim.dump())
    hold = {"method": "POST", "name": "*-my-*-p3306", "status": 500, "times": 1}
    if after == EXTERNAL:
        hold = {"method": "DELETE", "name": "dnat-*-my-*", "status": 500, "times": 1}
    edge.sim.faults([hold])
    failed = edge.failed(services, after)
    edge.sim.faults([])
    failure = failed["failure"]
    assert failure["rolled_back"] == ["default/pg", "default/my"]
    assert failure["migrated"] == []
    assert failed["msg"].startswith("default/pg and default/my: ")
    assert comparable(edge.sim.dump()) == start
    result = edge.done(services, after)
    assert [one["state"] for one in result["services"]] == ["migrated"] * 3


def test_machines_may_serve_two_applications_on_one_ip(edge: Edge) -> None:
    """Common without a cluster: the second application comes later, and both move in one task."""
    machines = edge.of(cluster_id=None, name_template="{kind}-{service}-{port}")
    given = [{**one, "namespace": ""} for one in databases()[:2]]
    machines.create(given[:1], EXTERNAL)
    edge.sim.assume(**STRICT)
    for scenario in (EXTERNAL, INTERNAL, DISTINCT, EXTERNAL):
        result = machines.done(given, scenario)
        assert [one["external_ip"] for one in result["services"]] == [IP, IP]
        assert machines.done(given, scenario)["changed"] is False
    machines.done(given[:1], state="absent")
    assert [one["name"] for one in edge.sim.dump()["virtual_services"]] == ["vs-my-p3306"]
    machines.done(given, state="absent")
    assert edge.sim.dump()["virtual_services"] == []


def test_two_services_cannot_have_the_same_port(edge: Edge) -> None:
    given = databases()[:2]
    given[1]["ports"][0]["port"] = 5432
    assert "port 5432 of 203.0.113.20 is also wanted by default/pg" in edge.failed(given, EXTERNAL)["msg"]
    assert written(edge.sim.journal()) == []


def test_a_task_for_one_of_two_services_leaves_both_unchanged_if_vcd_refuses(edge: Edge) -> None:
    """The other service is not part of the task, so it cannot leave the address."""
    services = edge.create(databases()[:2], EXTERNAL)
    edge.sim.assume(**STRICT)
    start: Any = comparable(edge.sim.dump())
    message = edge.failed(services[:1], INTERNAL)["msg"]
    assert "is also held by virtual service" in message
    assert comparable(edge.sim.dump()) == start
