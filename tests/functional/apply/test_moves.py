# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The six migrations, for several kinds of Services, with and without each unconfirmed rule of Cloud Director."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from invariants import all_down, always_referenced, one_write_at_a_time, only_planned, ports_down
from moving import (
    DISTINCT,
    EXTERNAL,
    INTERNAL,
    LENIENT,
    MOVES,
    OTHER_CLUSTER,
    STRICT,
    Edge,
    Params,
    as_clients_see,
    estate,
    names_of,
    others,
    planned,
    refused,
    service,
    written,
)
from runs import comparable
from vcdsim.testing import Simulator
from waiting import until

TASK_SECONDS = 0.001  # usually over at the first poll
ESTATES = ("one-edge", "ip-spaces")


class MigrationCase(NamedTuple):
    """One migration. The last three fields are the unconfirmed rules of Cloud Director, see STRICT."""

    before: str
    after: str
    ports: int
    estate: str
    overlap: str
    put: str
    join: str

    def __str__(self) -> str:
        return "-".join(map(str, self))

    @property
    def rules(self) -> dict[str, str]:
        return dict(zip(STRICT, (self.overlap, self.put, self.join), strict=True))


def cases() -> list[MigrationCase]:
    """Every migration with every number of ports, twice, so that each pair of settings occurs."""
    found = []
    for number, ((before, after), (place, ports)) in enumerate(itertools.product(MOVES, enumerate((1, 2, 5)))):
        # number and place choose a row of an orthogonal array; the second time, each setting has its other value
        row = (number // 3 + place) % 4
        bits = [(row >> 0) & 1, (row >> 1) & 1, ((row >> 0) ^ (row >> 1)) & 1, (number // 3) % 2]
        for turned in (0, 1):
            settings = [("refused", "allowed")[bit ^ turned] for bit in bits[:3]]
            found.append(MigrationCase(before, after, ports, ESTATES[bits[3] ^ turned], *settings))
    return found


CASES = cases()


def test_each_pair_of_settings_occurs() -> None:
    columns = [[(one.before, one.after) for one in CASES], *zip(*(one[2:] for one in CASES), strict=True)]
    for first, second in itertools.combinations(columns, 2):
        pairs = set(zip(first, second, strict=True))
        assert len(pairs) == len(set(first)) * len(set(second))


@pytest.fixture(scope="module")
def simulators() -> Iterator[dict[str, Simulator]]:
    with Simulator("one-edge") as blocks, Simulator("ip-spaces") as spaces:
        yield {"one-edge": blocks, "ip-spaces": spaces}


@pytest.fixture(scope="module")
def prepared(simulators: dict[str, Simulator]) -> dict[tuple[str, str, int], tuple[int, list[Params]]]:
    """Prepared states by estate, scenario and number of ports: snapshot and services. Filled on demand."""
    return {}


class SharedGateway(NamedTuple):
    """Two Services to migrate, on an edge gateway that another cluster and an unaffected Service also use."""

    edge: Edge
    services: list[Params]


def prepare(simulators: dict[str, Simulator], prepared: Any, of: str, scenario: str, count: int) -> SharedGateway:
    edge = Edge(simulators[of])
    key = (of, scenario, count)
    if key not in prepared:
        edge.sim.reset()
        neighbour = edge.of(cluster_id=OTHER_CLUSTER)
        neighbour.create([service("web", 2)], INTERNAL)
        neighbour.create([service("front", 1)], EXTERNAL)
        services = edge.create([service("web", count), service("db", 1)], scenario)
        edge.create([service("stays", 2)], DISTINCT)
        prepared[key] = (edge.sim.snapshot(), services)
    snapshot, services = prepared[key]
    edge.sim.restore(snapshot)
    edge.sim.settings(task_seconds=TASK_SECONDS, health_seconds=0)
    return SharedGateway(edge, services)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_migration_is_complete_and_loses_no_ip(
    case: MigrationCase, simulators: dict[str, Simulator], prepared: Any
) -> None:
    edge, services = prepare(simulators, prepared, case.estate, case.before, case.ports)
    edge.sim.assume(**case.rules)
    edge.sim.journal(clear=True)
    checked = edge.done(services, case.after, check=True)
    assert checked["changed"] is any(moves(case, one) for one in services)
    assert written(edge.sim.journal(clear=True)) == []
    before = edge.sim.dump()
    result = edge.done(services, case.after)
    journal, timeline, after = edge.sim.journal(), tasks_of(edge.urn, edge.sim.timeline()), edge.sim.dump()

    check_shape(edge, services, case.after, result)
    assert [one["state"] == "migrated" for one in result["services"]] == [moves(case, one) for one in services]
    assert checked["steps"] == result["steps"]
    assert [one["state"] for one in checked["services"]] == [one["state"] for one in result["services"]]
    assert result["writes"] == len(written(journal))
    if not refused(journal):
        assert sorted(written(journal)) == sorted(planned(checked))
        assert of_the_gateway(written(journal)) == of_the_gateway(planned(checked))
    names = names_of(services)
    assert only_planned(journal, names) == []
    assert one_write_at_a_time(timeline, edge.urn) == []
    assert others(after, names) == others(before, names)
    check_window(case, timeline, before, services, checked)
    check_outage(case, timeline, before, services, checked)

    edge.sim.journal(clear=True)
    again = edge.done(services, case.after)
    assert (again["changed"], again["steps"], again["writes"]) == (False, [], 0)
    assert (written(edge.sim.journal()), refused(edge.sim.journal())) == ([], [])


def tasks_of(gateway: str, timeline: list[Any]) -> list[Any]:
    """A timeline with only the tasks that lock the gateway, one after another: outages are counted in them."""
    return [entry for entry in timeline if entry["kind"] != "task" or gateway in entry["locks"]]


def of_the_gateway(writes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The writes without application port profiles, which belong to the organization and may be written in parallel."""
    return [(method, name) for method, name in writes if not name.startswith("appPort_")]


def moves(case: MigrationCase, service: Params) -> bool:
    """Whether the migration changes the service: with one port, the two scenarios behind NAT are the same."""
    return EXTERNAL in (case.before, case.after) or len(service["ports"]) > 1


def check_shape(edge: Edge, services: list[Params], scenario: str, result: Params) -> None:
    """The migration is complete: the external IPs are the same, and every port serves."""
    found = edge.info(services=services)
    for one in (result["services"], found["services"]):
        assert [item["external_ip"] for item in one] == [item["external_ip"] for item in services]
    assert [one["scenario"] for one in result["services"]] == [scenario] * len(services)
    for given, one in zip(services, found["services"], strict=True):
        inside = {EXTERNAL: 0, INTERNAL: 1, DISTINCT: len(given["ports"])}[scenario]
        assert len(set(one["internal_ips"])) == inside
        # with one port, the two scenarios behind NAT are the same
        assert one["scenario"] == (f"{INTERNAL} or {DISTINCT}" if inside == len(given["ports"]) == 1 else scenario)
        assert [port["health_status"] for port in one["ports"]] == ["UP"] * len(given["ports"])
    assert found["orphans"] == []


def check_window(case: MigrationCase, timeline: Any, before: Any, services: list[Params], checked: Params) -> None:
    """The external IPs are held at every moment, except in the window that the plan announced."""
    windows = {one["external_ip"]: one["outage"]["window"] for one in checked["services"]}
    gaps = always_referenced(timeline, before, windows)
    if case.overlap == "allowed" or case.estate == "ip-spaces" or EXTERNAL not in (case.before, case.after):
        assert gaps == []
    for ip, window in windows.items():
        mine = [gap for gap in gaps if gap.ip == ip]
        assert len(mine) <= window <= 1
        assert all(gap.to is not None and gap.tasks <= 1 for gap in mine)


def check_outage(case: MigrationCase, timeline: Any, before: Any, services: list[Params], checked: Params) -> None:
    """No port is down for longer than the plan said, and not all at once if that can be avoided."""
    seen = as_clients_see(services)
    down = ports_down(timeline, before, seen)
    together = all_down(timeline, before, seen)
    for one in checked["services"]:
        promised = one["outage"]["ports"]
        assert set(promised) == {str(port["port"]) for given in services if given["name"] == one["name"]
                                 for port in given["ports"]}  # fmt: skip
        for port, tasks in promised.items():
            mine = [item for item in down if (item.service, str(item.port)) == (one["name"], port)]
            assert sum(item.tasks for item in mine) <= tasks
            assert all(item.to is not None for item in mine)
            assert tasks or not mine
        mine = [item for item in together if item.service == one["name"]]
        assert sum(item.tasks for item in mine) <= one["outage"]["together"]
    if case.overlap == "allowed":
        assert together == []


def check_downtime(timeline: Any, before: Any, services: list[Params], done: Params) -> None:
    """The run measured a downtime for the ports that were down for at least one task, and for no others."""
    down = {(item.service, str(item.port)) for item in ports_down(timeline, before, as_clients_see(services))}
    measured = {(one["name"], port): seconds for one in done["services"]
                for port, seconds in one["downtime"]["ports"].items()}  # fmt: skip
    assert down
    assert {port for port, seconds in measured.items() if seconds} == down


def test_writes_are_one_at_a_time_however_long_tasks_take(simulators: dict[str, Simulator], prepared: Any) -> None:
    edge, services = prepare(simulators, prepared, "one-edge", EXTERNAL, 2)
    edge.sim.settings(task_seconds=0.15)
    edge.sim.journal(clear=True)
    before = edge.sim.dump()
    done = edge.done(services, INTERNAL)
    assert one_write_at_a_time(edge.sim.timeline(), edge.urn) == []
    check_downtime(edge.sim.timeline(), before, services, done)
    assert [entry for entry in edge.sim.journal() if entry["code"] == "BUSY_ENTITY"] == []


def test_a_write_that_may_fail_does_not_prolong_the_window(simulators: dict[str, Simulator], prepared: Any) -> None:
    edge, services = prepare(simulators, prepared, "one-edge", EXTERNAL, 1)
    edge.sim.assume(**STRICT)
    edge.sim.journal(clear=True)
    before = edge.sim.dump()
    # from the second Service on, the run knows that the migration needs a window, and opens it
    edge.sim.faults([{"method": "POST", "name": "appPort_dnat-ingress-vs-db-*", "task": "error"}])
    failure = edge.failed(services, INTERNAL)["failure"]
    assert (failure["migrated"], failure["rolled_back"]) == (["default/web"], ["default/db"])
    assert always_referenced(edge.sim.timeline(), before, [services[1]["external_ip"]]) == []


# -- properties of a virtual service that plans do not contain -----------------------------------------------------


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """An edge gateway with two service engine groups."""
    groups = [
        {"name": name, "max_virtual_services": 20, "min_virtual_services": 0} for name in ("seg-shared", "seg-premium")
    ]
    balancer = {"enabled": True, "service_network": "192.168.255.1/25", "feature_set": "PREMIUM"}
    path = estate(tmp_path_factory.mktemp("roomy"), service_engine_groups=groups, load_balancer=balancer)
    with Simulator(path, task_seconds=0, health_seconds=0) as sim:
        yield sim


MANUAL_PORTS = {
    "https": [{"start": 443, "ssl_enabled": True}],
    "http": [{"start": 80}],
    "ssh": [{"start": 22, "type": "TCP_FAST_PATH"}],
}


@pytest.mark.parametrize(("before", "after"), MOVES)
@pytest.mark.parametrize("rules", [STRICT, LENIENT], ids=["strict", "managed_by_cpi"])
def test_manual_settings_survive(roomy: Simulator, before: str, after: str, rules: dict[str, str]) -> None:
    roomy.reset()
    edge = Edge(roomy)
    services = edge.create([service("web", 3)], before, service_engine_group="seg-premium")
    for one in edge.module("vcd_virtual_service_info")["virtual_services"]:
        port = one["name"].rpartition("-")[2]
        own = {"certificate": "web-cert"} if port == "https" else {}
        edge.module(
            "vcd_virtual_service",
            name=one["name"],
            description=f"manual: {port}",
            service_ports=MANUAL_PORTS[port],
            enabled=port != "http",
            **own,
        )
    before_migration = operator_settings(edge)
    roomy.assume(**rules)
    result = edge.done(services, after)
    assert [one["scenario"] for one in result["services"]] == [after]
    # a migration enables a disabled port, which would not serve; everything else stays
    assert operator_settings(edge) == [{**one, "enabled": True} for one in before_migration]
    assert {one["serviceEngineGroupRef"] for one in before_migration} == {"seg-premium"}
    assert {one["servicePorts"][0]["tcpUdpProfile"]["type"] for one in before_migration} == {
        "TCP_PROXY",
        "TCP_FAST_PATH",
    }
    assert edge.done(services, after)["changed"] is False


def operator_settings(edge: Edge) -> list[Any]:
    """The virtual services without the properties that a migration changes."""
    found = comparable(edge.sim.dump())["virtual_services"]
    return [{key: value for key, value in one.items() if key != "virtualIpAddress"} for one in found]


# -- another user ---------------------------------------------------------------------------------------------------


def in_the_window(edge: Edge, services: list[Params], after: str, hold: Params, theft: Callable[[], object]) -> Params:
    """The result of a migration during which another user acts while a write is held."""
    edge.sim.faults([{"user": "kube", "times": 1, "hold": "before", **hold}])
    run = edge.task(services, after).start()
    try:
        until(lambda: edge.sim.faults()[0]["held"] or run.ended(), "the write")
        assert not run.ended(), run.wait()
        theft()
    finally:
        edge.sim.faults([])
        result = run.wait()
    return result


def thief(edge: Edge, ip: str, kind: str) -> None:
    """Take an address as the organization's administrator."""
    other = edge.of(user="admin", password="admin-secret-1")
    if kind == "DNAT rule":
        rule = {
            "type": "DNAT",
            "external_addresses": ip,
            "internal_addresses": "10.10.0.12",
            "dnat_external_port": "81",
        }
        other.module("vcd_nat_rule", name="thief", **rule)
        return
    other.module("vcd_pool", name="thief", members=[{"ip_address": "10.10.0.12", "port": 81}])
    listens = {"virtual_ip_address": ip, "service_ports": [{"start": 81}], "application_profile": "L4"}
    other.module("vcd_virtual_service", name="thief", pool="thief", **listens)


# the rule under test refuses the first of these writes; the second write ends the window
RULE, SERVICE = {"method": "POST", "route": "*/nat/rules"}, {"route": "*/virtualServices*"}
IN_THE_WINDOW = {INTERNAL: {**RULE, "skip": 1}, EXTERNAL: {**SERVICE, "method": "PUT", "skip": 0}}


@pytest.mark.parametrize("kind", ["virtual service", "DNAT rule"])
@pytest.mark.parametrize(("before", "after"), [(EXTERNAL, INTERNAL), (INTERNAL, EXTERNAL)])
def test_an_external_ip_taken_by_another_object_is_noticed(
    simulators: dict[str, Simulator], before: str, after: str, kind: str
) -> None:
    edge = Edge(simulators["one-edge"])
    edge.sim.reset()
    services = edge.create([service("web", 2)], before)
    ip = services[0]["external_ip"]
    edge.sim.assume(**STRICT)
    start = comparable(edge.sim.dump())
    result = in_the_window(edge, services, after, IN_THE_WINDOW[after], lambda: thief(edge, ip, kind))
    assert result["failed"]
    message, failure = result["msg"], result["failure"]
    assert "default/web" in message
    assert ip in message
    assert f"{kind} 'thief'" in message
    info = edge.info(services=services)["services"][0]
    match after, kind:
        case "shared_internal", "DNAT rule":  # both exist now, and the Service has reached its scenario
            assert "while nothing held" in message
            assert info["scenario"] == after
            assert edge.done(services, after)["changed"] is False
        case "shared_external", "virtual service":  # no rule is possible beside it: the run can only continue
            assert (failure["state"], failure["failed"]) == ("failed", ["default/web"])
            assert "running the task again continues" in message
            assert edge.done(services, after)["services"][0]["scenario"] == after
        case _:  # beside the thief, the way on is refused, but the way back is not
            assert (failure["state"], failure["rolled_back"]) == ("rolled_back", ["default/web"])
            assert "rolled back" in message
            assert info["scenario"] == before
            now = comparable(edge.sim.dump())
            assert {name: [one for one in now[name] if one.get("name") != "thief"] for name in now} == start
