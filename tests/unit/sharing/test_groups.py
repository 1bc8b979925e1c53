# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that share an external IP are planned, applied and rolled back as one."""

from __future__ import annotations

import itertools
from functools import cache

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM, network_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    VIRTUAL_SERVICE,
    NatRule,
    Object,
    Pool,
    VirtualService,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.conflicts import Conflict
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import (
    GroupPlan,
    ServiceToPlan,
    _steps_if_refused,
    groups_of,
    plan_group,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.outage import outage_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal, shape_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, KnownRules, Step, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import current_state
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strict_gateway import StrictGateway, WriteRefused, own

IP, OTHER_IP = "203.0.113.10", "203.0.113.11"
MOVES = list(itertools.permutations(Scenario, 2))
# Services without UDP never meet the rule about it.
RULES = [one for one in VcdRule if one is not VcdRule.PROTOCOLS]
REFUSAL_SETS = [frozenset(one) for n in range(4) for one in itertools.combinations(RULES, n)]
SIZES = [(1, 1), (2, 1), (1, 3), (2, 2)]
UPLINK = network_of("203.0.113.0/24")
assert UPLINK is not None
EDGE = EdgeAddresses((UPLINK,))


def service(name: str, ports: int, first: int, ip: str = IP) -> Service:
    """A Service of the cluster c1 with ports from ``first`` on."""
    specs = [PortSpec(f"p{number}", first + number, 30000 + first + number) for number in range(ports)]
    naming = Naming.of_cluster("c1")
    return Service.build(name, specs, naming, cluster_id="c1", external_ip=ip, members=["10.0.0.1"])


def tasks(sizes: tuple[int, ...], ip: str = IP) -> list[ServiceToPlan]:
    """Services on one external IP."""
    return [ServiceToPlan(service(f"s{number}", ports, 80 + 10 * number, ip)) for number, ports in enumerate(sizes)]


def planned(group: list[ServiceToPlan], scenario: Scenario | None, inventory: Inventory) -> GroupPlan:
    """The plan of a group; the inventory stays as it is."""
    return plan_group(group, Goal(scenario, DEFAULT_ONE_ARM, EDGE), inventory.copy())


def built(scenario: Scenario, *groups: list[ServiceToPlan]) -> Inventory:
    """A gateway with groups of Services in a scenario."""
    return _built(scenario, *(tuple(one.service for one in group) for group in groups)).copy()


@cache
def _built(scenario: Scenario, *groups: tuple[Service, ...]) -> Inventory:
    gateway = StrictGateway(Inventory())
    for group in groups:
        gateway.carry_out(planned([ServiceToPlan(one) for one in group], scenario, gateway.inventory).wanted)
    return gateway.inventory


def shapes(group: list[ServiceToPlan], inventory: Inventory, scenario: Scenario) -> set[str]:
    return {shape_of(one.service, inventory, EDGE, scenario) for one in group}


@pytest.mark.parametrize("refuses", REFUSAL_SETS, ids=lambda found: "+".join(sorted(found)) or "all_allowed")
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_every_migration_of_a_group_succeeds_under_all_rules(
    move: tuple[Scenario, Scenario], sizes: tuple[int, ...], refuses: frozenset[VcdRule]
) -> None:
    group, neighbours = tasks(sizes), tasks((2, 1), OTHER_IP)
    neighbours = [
        ServiceToPlan(service(f"other-{one.service.name}", 1, 80 + n, OTHER_IP)) for n, one in enumerate(neighbours)
    ]
    inventory = built(move[0], group, neighbours)
    theirs = planned(neighbours, move[0], inventory).wanted
    before = own(theirs, inventory)
    found = planned(group, move[1], inventory)
    gateway = StrictGateway(inventory, refuses)
    gateway.carry_out(found.wanted)
    assert shapes(group, gateway.inventory, move[1]) == {move[1].value}
    assert own(theirs, gateway.inventory) == before
    assert {step.name for step in gateway.log} <= found.wanted.own_names()
    nat_comes_or_goes = move[0].one_arm != move[1].one_arm
    assert len(gateway.unheld) == (1 if VcdRule.OVERLAP in refuses and nat_comes_or_goes else 0)
    assert planned(group, move[1], gateway.inventory).steps == []


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_services_of_a_group_keep_internal_ips_of_their_own(move: tuple[Scenario, Scenario]) -> None:
    """CPI gives each Service its own internal IP, whatever external IP it asks for."""
    group = tasks((2, 2))
    found = planned(group, move[1], built(move[0], group))
    addresses = [address for one in found.services for address in one.internal_ips]
    assert len(set(addresses)) == len(addresses)
    each = {Scenario.SHARED_EXTERNAL: 0, Scenario.SHARED_INTERNAL: 1, Scenario.DISTINCT_INTERNAL: 2}[move[1]]
    assert [len(one.internal_ips) for one in found.services] == [each, each]


@pytest.mark.parametrize("refuses", [frozenset(), frozenset(VcdRule)], ids=["allowed", "strict"])
@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_a_group_that_was_killed_anywhere_is_finished(
    move: tuple[Scenario, Scenario], refuses: frozenset[VcdRule]
) -> None:
    group = tasks((2, 1))
    whole = StrictGateway(built(move[0], group), refuses)
    whole.carry_out(planned(group, move[1], whole.inventory).wanted)
    for writes in range(len(whole.log) + 1):
        gateway = StrictGateway(built(move[0], group), refuses)
        finished = gateway.carry_out(planned(group, move[1], gateway.inventory).wanted, kill_after=writes)
        assert finished == (writes == len(whole.log))
        again = planned(group, move[1], gateway.inventory).wanted
        gateway.carry_out(again)
        assert own(again, gateway.inventory) == own(again, whole.inventory), f"killed after {writes} writes"


@pytest.mark.parametrize("refuses", [frozenset(), frozenset(VcdRule)], ids=["allowed", "strict"])
@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_a_rollback_restores_a_group_after_any_write(
    move: tuple[Scenario, Scenario], refuses: frozenset[VcdRule]
) -> None:
    group = tasks((2, 1))
    before = built(move[0], group)
    found = planned(group, move[1], before)
    original = current_state(found.wanted, before)
    for writes in range(len(found.steps) + 4):
        gateway = StrictGateway(before.copy(), refuses)
        gateway.carry_out(found.wanted, kill_after=writes)
        gateway.carry_out(original)
        assert own(found.wanted, gateway.inventory) == own(found.wanted, before), f"failed after {writes} writes"


def test_a_group_is_removed_completely_or_in_part() -> None:
    for scenario in Scenario:
        group = tasks((2, 1))
        gateway = StrictGateway(built(scenario, group))
        gateway.carry_out(planned(group[:1], None, gateway.inventory).wanted)
        assert shapes(group[1:], gateway.inventory, scenario) == {scenario.value}
        gateway.carry_out(planned(group, None, gateway.inventory).wanted)
        assert list(gateway.inventory) == []


@pytest.mark.parametrize("scenario", Scenario)
def test_a_service_joins_an_external_ip_without_touching_its_neighbour(scenario: Scenario) -> None:
    """The second Service is created; the first one is not written to, and none of its ports goes down."""
    group = tasks((2, 1))
    inventory = built(scenario, group[:1])
    found = planned(group, scenario, inventory)
    assert found.services[0].steps == []
    assert not any(count for _port, count in found.services[0].outage.ports)
    assert {step.name for step in found.steps} <= found.services[1].wanted.own_names()
    gateway = StrictGateway(inventory, frozenset(VcdRule))
    gateway.carry_out(found.wanted)
    assert shapes(group, gateway.inventory, scenario) == {scenario.value}


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_the_outage_of_each_service_covers_the_steps_of_the_whole_group(move: tuple[Scenario, Scenario]) -> None:
    group = tasks((2, 1))
    inventory = built(move[0], group)
    found = planned(group, move[1], inventory)
    assert sorted(step.name for one in found.services for step in one.steps) == sorted(
        step.name for step in found.steps
    )
    refused = KnownRules(refused=frozenset(VcdRule))
    steps = plan(found.wanted, inventory, refused)
    nat_comes_or_goes = move[0].one_arm != move[1].one_arm
    for one in found.services:
        strict = outage_of(one.wanted, inventory, steps)
        assert strict.window == (1 if nat_comes_or_goes else 0)
        assert one.outage.window == strict.window
        assert one.outage.together >= strict.together
        assert all(count >= dict(strict.ports)[port] for port, count in one.outage.ports)
        assert {port for port, _count in one.outage.ports} == {port.number for port in one.wanted.ports}
    if nat_comes_or_goes:
        # the service whose ports leave first waits until the ports of the other one have left, too
        alone = planned(group[1:], move[1], built(move[0], group[1:])).services[0]
        assert max(count for _port, count in found.services[1].outage.ports) > max(
            count for _port, count in alone.outage.ports
        )


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_a_run_that_begins_like_another_is_planned_as_if_it_were_alone(
    move: tuple[Scenario, Scenario], sizes: tuple[int, ...]
) -> None:
    group = tasks(sizes)
    inventory = built(move[0], group)
    wanted = planned(group, move[1], inventory).wanted
    plans: dict[tuple[KnownRules, tuple[int, ...]], list[Step]] = {}
    for rules in REFUSAL_SETS:
        for known in (KnownRules(), KnownRules(frozenset(VcdRule) - rules, rules)):
            try:
                alone = _steps_if_refused(wanted, inventory, known, rules, {})
            except Conflict:
                continue
            assert _steps_if_refused(wanted, inventory, known, rules, plans) == alone
    assert len(plans) > 1


def test_services_that_share_nothing_are_planned_alone() -> None:
    apart = [*tasks((1, 1)), ServiceToPlan(service("alone", 1, 80, OTHER_IP)), ServiceToPlan(service("new", 1, 80, ""))]
    apart.append(ServiceToPlan(service("newer", 1, 80, "")))
    assert [[one.service.name for one in group] for group in groups_of(apart)] == [
        ["s0", "s1"],
        ["alone"],
        ["new"],
        ["newer"],
    ]


def test_two_services_that_want_one_port_are_a_conflict() -> None:
    both = [ServiceToPlan(service("a", 2, 80)), ServiceToPlan(service("b", 1, 81))]
    with pytest.raises(Conflict, match=r"^b: port 81 of 203\.0\.113\.10 is also wanted by a: give one of the two"):
        planned(both, Scenario.SHARED_EXTERNAL, Inventory())


def test_one_rule_for_all_ports_cannot_be_shared() -> None:
    goal = Goal(Scenario.SHARED_INTERNAL, DEFAULT_ONE_ARM, EDGE, per_service=True)
    with pytest.raises(Conflict, match=r"would take all ports of 203\.0\.113\.10, which s1 shares: use nat: per_port"):
        plan_group(tasks((1, 1)), goal, Inventory())


@pytest.mark.parametrize("move", [one for one in MOVES if one[0].one_arm != one[1].one_arm])
def test_a_foreign_object_on_the_external_ip_is_still_a_conflict(move: tuple[Scenario, Scenario]) -> None:
    group = tasks((1, 1))
    inventory = built(move[0], group)
    inventory.put(Pool("their-pool"))
    if move[0].one_arm:
        inventory.put(NatRule("theirs", IP, "10.0.0.9", "9000"))
    else:
        inventory.put(VirtualService("theirs", "their-pool", IP, ("9000",)))
    gateway = StrictGateway(inventory, frozenset({VcdRule.OVERLAP}))
    with pytest.raises(Conflict, match=r"is also held by .* 'theirs'"):
        gateway.carry_out(planned(group, move[1], inventory).wanted)
    # the previous objects still exist
    assert shapes(group, gateway.inventory, move[0]) == {move[0].value}
    inventory.put(VirtualService("theirs", "their-pool", IP, ("80",)))
    with pytest.raises(Conflict, match=r"port 80 of .* is held by virtual service 'theirs'"):
        planned(group, move[1], inventory)


# made once: making and checking a strategy takes longer than a draw
SIZES_OF_TWO, REFUSAL_SET = st.sampled_from([(1, 1), (2, 1), (1, 2)]), st.sampled_from(REFUSAL_SETS)
SCENARIO, EDITS, CHANGE = st.sampled_from(list(Scenario)), st.integers(0, 6), st.sampled_from([Act.UPDATE, Act.DELETE])
INSIDE = st.sampled_from(["192.168.8.2", "192.168.8.3", "192.168.8.7"])
ANYWHERE, NUMBER = st.one_of(INSIDE, st.just(IP)), st.sampled_from(["80", "90", "9999"])


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Inventory, list[ServiceToPlan], Scenario, frozenset[VcdRule]]:
    """A gateway after manual changes to a group that Cloud Director allows, where the group may be half migrated."""
    group = tasks(draw(SIZES_OF_TWO))
    refuses = draw(REFUSAL_SET)
    gateway = StrictGateway(built(draw(SCENARIO), group), refuses)
    names = st.sampled_from(list(gateway.inventory))
    for _edit in range(draw(EDITS)):
        item = draw(names)
        present = gateway.inventory.get(kind_of(item), item.name)
        act = Act.CREATE if present is None else draw(CHANGE)
        changed = _changed(draw, present if present is not None else item)
        try:
            gateway.write(Step(act, present, None if act is Act.DELETE else changed))
        except WriteRefused:
            continue
    return gateway.inventory, group, draw(SCENARIO), refuses


def _changed(draw: st.DrawFn, item: Object) -> Object:
    if isinstance(item, VirtualService):
        ports = (draw(NUMBER),)
        return VirtualService(item.name, item.pool, draw(ANYWHERE), ports)
    if isinstance(item, NatRule):
        return NatRule(item.name, IP, draw(INSIDE), draw(st.sampled_from([item.port, "9999"])), item.profile)
    return item


TRY = settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@TRY
@given(damaged(), st.one_of(st.none(), st.integers(0, 12)))
def test_a_group_is_repaired_from_any_state(
    state: tuple[Inventory, list[ServiceToPlan], Scenario, frozenset[VcdRule]], killed_after: int | None
) -> None:
    inventory, group, scenario, refuses = state
    gateway = StrictGateway(inventory, refuses)
    held = inventory.referenced(IP)
    done = gateway.carry_out(planned(group, scenario, inventory).wanted, kill_after=killed_after)
    if done:
        assert len(gateway.unheld) <= 1 or not held
        if held and VcdRule.OVERLAP not in refuses:
            assert gateway.unheld == []
    gateway.carry_out(planned(group, scenario, gateway.inventory).wanted)
    assert shapes(group, gateway.inventory, scenario) == {scenario.value}
    assert planned(group, scenario, gateway.inventory).steps == []
    assert sum(isinstance(one, VirtualService) for one in gateway.inventory) == sum(
        len(one.service.ports) for one in group
    )
    assert all(step.kind != VIRTUAL_SERVICE or step.name.startswith("ingress-vs-s") for step in gateway.log)
