# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worst outage that a plan announces is never exceeded, whatever Cloud Director refuses on the way."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM, network_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    VIRTUAL_SERVICE,
    NatRule,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.conflicts import Conflict
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import (
    GroupPlan,
    ServiceToPlan,
    plan_group,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.outage import outage_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.places import places_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import KnownRules, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.reach import reachable
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import Orphans, want
from strict_gateway import StrictGateway

IP = "203.0.113.10"
UPLINK = network_of("203.0.113.0/24")
assert UPLINK is not None
EDGE = EdgeAddresses((UPLINK,))
MOVES = list(itertools.permutations(Scenario, 2))
# Services without UDP never meet the rule about it.
RULES = [one for one in VcdRule if one is not VcdRule.PROTOCOLS]
REFUSAL_SETS = [frozenset(one) for n in range(4) for one in itertools.combinations(RULES, n)]
NAMES = ["+".join(sorted(found)) or "all_allowed" for found in REFUSAL_SETS]


def service(name: str, *numbers: int, cluster_id: str = "c1") -> Service:
    """A Service with one port for each number; the ports are called p0, p1 ..."""
    specs = [PortSpec(f"p{place}", number, 30000 + place) for place, number in enumerate(numbers)]
    naming = Naming.of_cluster("c1")
    return Service.build(name, specs, naming, cluster_id=cluster_id, external_ip=IP, members=["10.0.0.1"])


def planned(scenario: Scenario, inventory: Inventory, *services: Service, known: KnownRules | None = None) -> GroupPlan:
    goal = Goal(scenario, DEFAULT_ONE_ARM, EDGE, known=known or KnownRules())
    return plan_group([ServiceToPlan(one) for one in services], goal, inventory.copy())


def built(scenario: Scenario, *services: Service) -> Inventory:
    return _built(scenario, *services).copy()


@cache
def _built(scenario: Scenario, *services: Service) -> Inventory:
    gateway = StrictGateway(Inventory())
    gateway.carry_out(planned(scenario, gateway.inventory, *services).wanted)
    return gateway.inventory


@pytest.mark.parametrize("refuses", REFUSAL_SETS, ids=NAMES)
@pytest.mark.parametrize("services", [(service("a", 80, 81), service("b", 90)), (service("a", 80, 81, 82),)], ids=len)
@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_a_run_is_never_worse_than_its_plan(
    move: tuple[Scenario, Scenario], services: tuple[Service, ...], refuses: frozenset[VcdRule]
) -> None:
    inventory = built(move[0], *services)
    found = planned(move[1], inventory, *services)
    gateway = StrictGateway(inventory.copy(), refuses)
    gateway.carry_out(found.wanted)
    for one in found.services:
        real = outage_of(one.wanted, inventory, gateway.log)
        promised = dict(one.outage.ports)
        assert all(tasks <= promised[port] for port, tasks in real.ports)
        assert real.together <= one.outage.together
        assert real.window <= one.outage.window
    taken, most = places_of([gateway.log], inventory), found.places.most
    assert all(number <= most.get(group, 0) for group, number in taken.most.items())
    groups = {*found.places.after, *taken.after}
    assert all(found.places.after.get(group, 0) == taken.after.get(group, 0) for group in groups)
    assert found.window == max(one.outage.window for one in found.services)


@pytest.mark.parametrize("refuses", REFUSAL_SETS, ids=len)
@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_tcp_and_udp_on_one_number_have_separate_outages(
    move: tuple[Scenario, Scenario], refuses: frozenset[VcdRule]
) -> None:
    specs = [PortSpec("tcp", 53, 53), PortSpec("udp", 53, 53, "UDP")]
    naming = Naming.parse("{kind}-{service}-{port}")
    dns = Service.build("dns", specs, naming, external_ip=IP, members=["10.0.0.1"])
    inventory = built(move[0], dns)
    found = planned(move[1], inventory, dns)
    gateway = StrictGateway(inventory.copy(), refuses)
    gateway.carry_out(found.wanted)
    (one,) = found.services
    real, promised = outage_of(one.wanted, inventory, gateway.log), dict(one.outage.ports)
    assert list(promised) == ["53", "UDP 53"]
    assert all(tasks <= promised[port] for port, tasks in real.ports)
    assert (real.together <= one.outage.together, real.window <= one.outage.window) == (True, True)


@pytest.mark.parametrize("refuses", REFUSAL_SETS, ids=NAMES)
@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_knowing_the_rules_beforehand_makes_no_plan_worse(
    move: tuple[Scenario, Scenario], refuses: frozenset[VcdRule]
) -> None:
    """Rules that the operator has stated are not probed, and their plan announces no more than one with probes."""
    one = service("a", 80, 81)
    inventory = built(move[0], one)
    known_before = planned(move[1], inventory, one, known=KnownRules(refused=refuses)).services[0]
    unknown = planned(move[1], inventory, one).services[0]
    assert not {rule for step in known_before.steps for rule in step.probes} & refuses
    assert all(tasks <= dict(unknown.outage.ports)[port] for port, tasks in known_before.outage.ports)
    assert known_before.outage.window <= unknown.outage.window
    gateway = StrictGateway(inventory, refuses)
    gateway.carry_out(known_before.wanted, known=KnownRules(refused=refuses))
    assert planned(move[1], gateway.inventory, one).steps == []


@pytest.mark.parametrize("refuses", REFUSAL_SETS, ids=NAMES)
@pytest.mark.parametrize("scenario", Scenario)
@pytest.mark.parametrize("numbers", [(81, 80), (81, 82, 80), (82, 80, 81), (80, 82, 81)], ids=str)
def test_ports_may_swap_their_numbers(
    numbers: tuple[int, ...], scenario: Scenario, refuses: frozenset[VcdRule]
) -> None:
    """Each waits for the number of another one: one is deleted, and created again with its properties."""
    before = built(scenario, service("a", *sorted(numbers)))
    for item in [item for item in before if isinstance(item, VirtualService)]:
        before.put(replace(item, profile="L4_TLS", certificate="operators"))
    swapped = service("a", *numbers)
    found = planned(scenario, before, swapped)
    gateway = StrictGateway(before.copy(), refuses)
    gateway.carry_out(found.wanted)
    services = [item for item in gateway.inventory if isinstance(item, VirtualService)]
    assert {item.name.rpartition("-")[2]: item.ports for item in services} == {
        f"p{place}": (str(number),) for place, number in enumerate(numbers)
    }
    assert {(item.profile, item.certificate) for item in services} == {("L4_TLS", "operators")}
    assert gateway.unheld == []
    assert planned(scenario, gateway.inventory, swapped).steps == []


@pytest.mark.parametrize("scenario", [Scenario.SHARED_INTERNAL, Scenario.DISTINCT_INTERNAL])
def test_a_port_whose_virtual_service_moves_keeps_its_rule_until_then(scenario: Scenario) -> None:
    """A port that is already behind its rule is changed first, and its rule after it: it is down for two tasks."""
    one = service("a", 80)
    inventory = built(scenario, one)
    wanted = want(one, scenario, ["192.168.8.50"])
    steps = plan(wanted, inventory)
    assert [step.kind for step in steps] == [VIRTUAL_SERVICE, "nat_rule"]
    assert dict(outage_of(wanted, inventory, steps).ports) == {"80": 2}


@pytest.mark.parametrize("scenario", Scenario)
def test_single_orphans_are_removed_last_and_objects_before_what_they_use(scenario: Scenario) -> None:
    one = service("a", 80)
    left = [VirtualService("old-vs", "old-pool", "192.168.8.77", ("80",)), Pool("old-pool")]
    inventory = Inventory([*built(Scenario.SHARED_EXTERNAL, one), *left])
    single = (("pool", "old-pool"), ("virtual_service", "old-vs"), ("nat_rule", "was-never-there"))
    inside = {Scenario.SHARED_EXTERNAL: []}.get(scenario, ["192.168.8.2"])
    gateway = StrictGateway(inventory)
    gateway.carry_out(want(one, scenario, inside, orphans=Orphans(single=single)))
    assert [step.name for step in gateway.log if step.after is None][-2:] == ["old-vs", "old-pool"]
    assert not {"old-vs", "old-pool"} & {item.name for item in gateway.inventory}


@pytest.mark.parametrize("scenario", Scenario)
def test_a_removal_takes_every_port_down(scenario: Scenario) -> None:
    one = service("a", 80, 81)
    inventory = built(scenario, one)
    found = plan_group([ServiceToPlan(one)], Goal(None, DEFAULT_ONE_ARM, EDGE), inventory.copy()).services[0]
    assert {port for port, tasks in found.outage.ports if tasks} == {"80", "81"}
    assert found.outage.window == 0  # it releases its external IP


def test_a_virtual_service_of_others_on_a_given_internal_ip_is_a_conflict() -> None:
    theirs = VirtualService("theirs", "their-pool", "192.168.8.50", ("79-81",))
    for number, free in ((80, False), (90, True)):
        task = ServiceToPlan(service("a", number), ["192.168.8.50"])
        goal = Goal(Scenario.SHARED_INTERNAL, DEFAULT_ONE_ARM, EDGE)
        if free:
            assert plan_group([task], goal, Inventory([theirs])).steps
            continue
        with pytest.raises(Conflict, match=r"port 80 of 192\.168\.8\.50 is held by virtual service 'theirs'"):
            plan_group([task], goal, Inventory([theirs]))


def test_an_exemption_from_dnat_or_a_rule_that_is_off_keeps_no_client_away() -> None:
    one = service("a", 80)
    wanted = want(one, Scenario.SHARED_EXTERNAL)
    (port,) = wanted.ports
    there = built(Scenario.SHARED_EXTERNAL, one)
    assert reachable(there, wanted, [port])
    for rule, served in (
        (NatRule("x", IP, "", type="NO_DNAT"), True),
        (NatRule("x", IP, "10.0.0.9", enabled=False), True),
        (NatRule("x", IP, "10.0.0.9", "81"), True),
        (NatRule("x", IP, "10.0.0.9", "80"), False),
        (NatRule("x", IP, "10.0.0.9"), False),
    ):
        assert reachable(Inventory([*there, rule]), wanted, [port]) is served, rule
    item = there.get(VIRTUAL_SERVICE, port.names.virtual_service)
    for broken in (replace(item, enabled=False), replace(item, ports=("81",)), replace(item, address="192.168.8.2")):
        there.put(broken)
        assert not reachable(there, wanted, [port])


@pytest.mark.parametrize(
    ("right", "wrong", "served"), [(0, 10, True), (10, 0, False), (0, 0, False)], ids=["before", "behind", "beside"]
)
def test_of_two_rules_for_a_port_the_one_with_the_lowest_priority_applies(right: int, wrong: int, served: bool) -> None:
    one = service("a", 80)
    wanted = want(one, Scenario.SHARED_INTERNAL, ["192.168.8.2"])
    (port,) = wanted.ports
    there = Inventory([item for item in port.objects() if not isinstance(item, NatRule)])
    rules = [
        NatRule("leads to it", IP, "192.168.8.2", "80", priority=right),
        NatRule("leads elsewhere", IP, "10.0.0.9", "80", priority=wrong),
    ]
    for order in (rules, rules[::-1]):
        assert reachable(Inventory([*there, *order]), wanted, [port]) is served
