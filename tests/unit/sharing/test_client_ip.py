# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preserving the client's IP, and back, from any scenario, on a gateway that refuses what Cloud Director refuses."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM, network_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.bodies import changed_since
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    IP_SET,
    POOL,
    VIRTUAL_SERVICE,
    IpSet,
    Object,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import plan_service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, Step, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.client_ip import (
    NEEDED_MODE,
    Conditions,
    lacking,
    marker,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.judge import faults
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.orphans import Evidence, find_orphans
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedService
from strict_gateway import StrictGateway

IP = "203.0.113.20"
NAMING = Naming.parse("{kind}-{service}-{port}")
MEMBERS = ("10.0.0.1", "10.0.0.2")
UPLINK = network_of("203.0.113.0/24")
assert UPLINK is not None
EDGE = EdgeAddresses((UPLINK,))
REFUSAL_SETS = [frozenset(), frozenset({VcdRule.SHARED_PUT}), frozenset(VcdRule)]
SET, POOL_NAME, VIP = "ipset-pool-shop-p0", "pool-shop-p0", "vs-shop-p0"
# a scenario, whether the client's IP is preserved, and whether the members are given
STATES = [
    (Scenario.SHARED_EXTERNAL, True),
    (Scenario.SHARED_EXTERNAL, False),
    (Scenario.SHARED_INTERNAL, False),
    (Scenario.DISTINCT_INTERNAL, False),
    (None, False),
]
State = tuple[Scenario | None, bool]


def shop(preserve: bool, ports: int = 1, members: tuple[str, ...] = MEMBERS, group: str = "") -> Service:
    specs = [PortSpec(f"p{number}", 80 + number, 8080 + number) for number in range(ports)]
    more = {"preserve_client_ip": preserve, "member_group": group}
    return Service.build("shop", specs, NAMING, external_ip=IP, members=members, **more)


def wanted(state: State, inventory: Inventory, ports: int = 1, members: tuple[str, ...] = MEMBERS) -> WantedService:
    scenario, preserve = state
    return Goal(scenario, DEFAULT_ONE_ARM, EDGE).wanted(shop(preserve, ports, members), inventory)[0]


def built(state: State, ports: int = 1) -> Inventory:
    return _built(state, ports).copy()


@cache
def _built(state: State, ports: int) -> Inventory:
    gateway = StrictGateway(Inventory())
    assert gateway.carry_out(wanted(state, gateway.inventory, ports))
    return gateway.inventory


@pytest.mark.parametrize("ports", [2])
@pytest.mark.parametrize("members", [MEMBERS, ()], ids=["members", "kept"])
@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(STATES, 2)))
def test_a_service_moves_from_any_state_to_any_other_whenever_it_is_killed(
    before: State, after: State, members: tuple[str, ...], ports: int
) -> None:
    if before[0] is None:
        members = MEMBERS
    for refuses in REFUSAL_SETS:
        expected = built(after, ports)
        for kill in itertools.count():
            gateway = StrictGateway(built(before, ports), refuses=refuses)
            whole = gateway.carry_out(wanted(after, gateway.inventory, ports, members), kill_after=kill)
            assert whole or gateway.carry_out(wanted(after, gateway.inventory, ports, members))
            assert without_address(gateway.inventory) == without_address(expected)
            goal = wanted(after, gateway.inventory, ports, members)
            assert plan(goal, gateway.inventory) == []
            assert faults(goal, gateway.inventory) == []
            if whole:
                break


def without_address(inventory: Inventory) -> list[str]:
    """Each object without internal addresses, because these depend on the migration path."""
    return sorted(
        str(replace(item, members=tuple(item.members or ())) if isinstance(item, Pool) else item)
        for item in inventory
        if isinstance(item, (Pool, IpSet))
    ) + sorted(f"{item.name} {item.transparent}" for item in inventory if isinstance(item, VirtualService))


def nth(number: int, answer: str) -> Callable[[Step], str]:
    """A gateway's refusals: this text for the step with this number (from 0), and none for all others."""
    count = itertools.count()
    return lambda _step: answer if next(count) == number else ""


@pytest.mark.parametrize("refused", range(12))
def test_everything_is_rolled_back_after_a_refusal(refused: int) -> None:
    for before, after in ((STATES[1], STATES[0]), (STATES[0], STATES[1]), (STATES[0], STATES[2])):
        start = built(before, 2)
        gateway = StrictGateway(start.copy(), otherwise=lambda step: "no room")
        gateway.otherwise = nth(refused, "no room")
        if not gateway.carry_out_or_go_back(wanted(after, start, 2)):
            assert without_address(gateway.inventory) == without_address(start)


def test_the_plan_names_the_set_and_the_transparent_mode() -> None:
    found = [
        step.text
        for step in plan_service(shop(True), Goal(STATES[0][0], DEFAULT_ONE_ARM, EDGE), built(STATES[1])).steps
    ]
    assert found == [
        f"create IP set {SET} with 10.0.0.1, 10.0.0.2",
        f"update pool {POOL_NAME} with the members of group {SET}",
        f"update virtual service {VIP} on {IP} port 80, in transparent mode: members see the client's IP",
    ]
    back = [
        step.text
        for step in plan_service(shop(False), Goal(STATES[1][0], DEFAULT_ONE_ARM, EDGE), built(STATES[0])).steps
    ]
    assert back == [
        f"update virtual service {VIP} on {IP} port 80, no longer in transparent mode",
        f"update pool {POOL_NAME} with 2 members",
        f"delete IP set {SET}",
    ]


def test_the_set_follows_the_members() -> None:
    found = plan(wanted(STATES[0], built(STATES[0]), members=("10.0.0.9",)), built(STATES[0]))
    assert [(step.act, step.item) for step in found] == [(Act.UPDATE, IpSet(SET, ("10.0.0.9",), marker(SET)))]


def changed(inventory: Inventory, *items: Object) -> Inventory:
    for item in items:
        inventory.put(item)
    return inventory


def test_what_an_operator_has_set_stays() -> None:
    """A group and a mode that no option names are kept, even for a service whose members are not given."""
    there = built(STATES[1])
    pool, service = there.get(POOL, POOL_NAME), there.get(VIRTUAL_SERVICE, VIP)
    operators = changed(there, replace(pool, members=(), member_group="vms"), replace(service, transparent=True))
    assert plan(wanted(STATES[1], operators, members=()), operators) == []
    assert plan(wanted(STATES[0], operators, members=()), operators) == []
    moved = wanted(STATES[2], operators, members=())
    assert [(port.virtual_service.transparent, port.pool.member_group) for port in moved.ports] == [(True, "vms")]  # type: ignore[union-attr]  # it is to serve
    # given members replace the group, and the mode ends before that
    texts = [step.text for step in plan(wanted(STATES[1], operators), operators)]
    assert texts == [
        f"update virtual service {VIP} on {IP} port 80, no longer in transparent mode",
        f"update pool {POOL_NAME} with 2 members",
    ]


def test_a_group_of_the_operator_replaces_the_set() -> None:
    there = built(STATES[0])
    goal = Goal(Scenario.SHARED_EXTERNAL, DEFAULT_ONE_ARM, EDGE)
    texts = [step.text for step in plan_service(shop(True, members=(), group="vms"), goal, there).steps]
    assert texts == [f"update pool {POOL_NAME} with the members of group vms", f"delete IP set {SET}"]


@pytest.mark.parametrize("state", STATES[1:])
def test_a_set_that_only_has_the_name_belongs_to_someone_else(state: State) -> None:
    another = IpSet(SET, ("10.9.9.9",), "of the accountants")
    there = changed(built(STATES[1]), another)
    gateway = StrictGateway(there)
    assert gateway.carry_out(wanted(state, there))
    assert gateway.inventory.get(IP_SET, SET) == another


def test_a_set_that_only_has_the_name_is_not_adopted() -> None:
    there = changed(built(STATES[1]), IpSet(SET, (), "of the accountants"))
    with pytest.raises(InvalidInput, match="rename it, or name it in member_group"):
        wanted(STATES[0], there)
    used = changed(there, replace(there.get(POOL, POOL_NAME), members=(), member_group=SET))
    first = next(iter(plan(wanted(STATES[0], used), used)))
    assert (first.act, first.item) == (Act.UPDATE, IpSet(SET, MEMBERS, marker(SET)))


def test_a_dropped_port_takes_its_set_with_it() -> None:
    there = built(STATES[0], 2)
    found = find_orphans([shop(True)], NAMING, there, Evidence())
    assert {one.item.name for one in found if one.removable} == {"vs-shop-p1", "pool-shop-p1", "ipset-pool-shop-p1"}


def test_services_of_cpi_keep_what_they_have() -> None:
    naming = Naming.of_cluster("c1")
    service = Service.build("web", [PortSpec("http", 80, 30080)], naming, cluster_id="c1", external_ip=IP)
    names = service.ports[0].names
    vip = VirtualService(names.virtual_service, names.pool, IP, ("80",), transparent=True)
    there = Inventory([vip, Pool(names.pool, 30080, (), member_group=names.ip_set)])
    for scenario in Scenario:
        (port,) = Goal(scenario, DEFAULT_ONE_ARM, EDGE).wanted(service, there)[0].ports
        assert port.virtual_service is not None
        assert port.virtual_service.transparent
        assert port.ip_set is None
    assert plan(Goal(Scenario.SHARED_EXTERNAL, DEFAULT_ONE_ARM, EDGE).wanted(service, there)[0], there) == []


def test_a_list_without_the_mode_shows_no_change() -> None:
    listed = VirtualService("vs", "pool", IP, ("80",), body={"name": "vs"})
    whole = replace(listed, transparent=True, body={"name": "vs", "transparentModeEnabled": True})
    assert changed_since(listed, whole) == ""
    assert changed_since(replace(listed, body={"transparentModeEnabled": False}), whole) == "transparentModeEnabled"


# -- what is missing -------------------------------------------------------------------------------------------------

GOOD = Conditions("acme-edge", "", True, [("seg", NEEDED_MODE)])


@pytest.mark.parametrize(
    ("conditions", "ends"),
    [
        (GOOD, []),
        (replace(GOOD, groups=[("seg", "")]), []),
        (replace(GOOD, groups=[("a", "ELASTIC_N_PLUS_M_BUFFER"), ("b", NEEDED_MODE)]), []),
        (replace(GOOD, api="transparent mode: requires API 37.1"), ["the provider can upgrade it"]),
        (replace(GOOD, enabled=False), ["(transparent_mode of vcd_edge_load_balancer)"]),
        (replace(GOOD, groups=[("a", "ELASTIC")]), ["has a (ELASTIC): the provider can assign one"]),
        (replace(GOOD, groups=[]), ["has none: the provider can assign one"]),
        (
            replace(GOOD, enabled=False, groups=[]),
            ["(transparent_mode of vcd_edge_load_balancer)", "has none: the provider can assign one"],
        ),
    ],
)
def test_each_missing_prerequisite_is_one_line(conditions: Conditions, ends: list[str]) -> None:
    found = lacking(wanted(STATES[0], Inventory()), conditions, Inventory())
    assert len(found) == len(ends)
    assert all(line.endswith(end) for line, end in zip(found, ends, strict=True))
    assert lacking(wanted(STATES[1], Inventory()), conditions, Inventory()) == []
    assert lacking(wanted((None, True), Inventory()), conditions, Inventory()) == []


def test_faults_of_existing_virtual_services_are_named() -> None:
    body = {"servicePorts": [{"portStart": 80, "tcpUdpProfile": {"type": "TCP_FAST_PATH"}}]}
    there = built(STATES[1])
    mine = replace(there.get(VIRTUAL_SERVICE, VIP), group="old", body=body)
    beside = VirtualService("other", "p", IP, ("9000",), group="old")
    modes = replace(GOOD, groups=[("old", "ELASTIC"), ("new", NEEDED_MODE)])
    found = lacking(wanted(STATES[0], there), modes, changed(there, mine, beside))
    assert [line.partition(" is ")[0] for line in found[:2]] == [f"virtual service {VIP!r}", "virtual service 'other'"]
    assert f"virtual service {VIP!r} forwards packets as TCP_FAST_PATH" in found[2]
    assert len(found) == 3


def test_the_marker_names_the_pool() -> None:
    assert marker(SET) == f"The members of pool {POOL_NAME}, kept by vcd_shared_ip"
