# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From any state to the wanted one, on a gateway that refuses what Cloud Director refuses."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM, network_of, parse_range
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    NAT_RULE,
    VIRTUAL_SERVICE,
    AppPortProfile,
    NatRule,
    Object,
    Pool,
    VirtualService,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan import service_plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.conflicts import Conflict
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.outage import outage_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, KnownRules, Step, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import assign_internal_ips
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    Orphans,
    WantedService,
    current_state,
    want,
    wanted_absent,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strict_gateway import StrictGateway, WriteRefused, own

IP, OTHER_IP = "203.0.113.10", "203.0.113.11"
MOVES = list(itertools.permutations(Scenario, 2))
# Services without UDP never meet the rule about it.
RULES = [one for one in VcdRule if one is not VcdRule.PROTOCOLS]
REFUSAL_SETS = [frozenset(one) for n in range(4) for one in itertools.combinations(RULES, n)]
EVERY_REFUSAL_SET = [frozenset(one) for n in range(5) for one in itertools.combinations(VcdRule, n)]
SIZES = (1, 2, 3, 5)


UPLINK = network_of("203.0.113.0/24")
assert UPLINK is not None
EDGE = EdgeAddresses((UPLINK,))


def specs(ports: int, udp: Collection[int] = ()) -> list[PortSpec]:
    """``count`` ports; those with an index in ``udp`` are for UDP."""
    protocols = ["UDP" if number in udp else "TCP" for number in range(ports)]
    return [PortSpec(f"p{number}", 80 + number, 30080 + number, one) for number, one in enumerate(protocols)]


def service(ports: int, name: str = "web", ip: str = IP) -> Service:
    """A Service of the cluster c1."""
    naming = Naming.of_cluster("c1")
    return Service.build(
        name, specs(ports), naming, namespace="default", cluster_id="c1", external_ip=ip, members=["10.0.0.1"]
    )


def machines(ports: Sequence[PortSpec], members: Sequence[str] = ("10.0.0.1",)) -> Service:
    """The service web, which no CPI manages."""
    return Service.build("web", ports, Naming.parse("{kind}-{service}-{port}"), external_ip=IP, members=members)


def shape_of(wanted: WantedService, inventory: Inventory, preferred: Scenario | None = None) -> str:
    return service_plan.shape_of(wanted.service, inventory, EDGE, preferred)


def wanted_on(inventory: Inventory, one: Service, scenario: Scenario, **more: bool) -> WantedService:
    return want(one, scenario, assign_internal_ips(one, scenario, DEFAULT_ONE_ARM, inventory), **more)


def built(scenario: Scenario, ports: int, *others: Service) -> Inventory:
    """A gateway with Services in a scenario."""
    return _built(scenario, ports, *others).copy()


@cache
def _built(scenario: Scenario, ports: int, *others: Service) -> Inventory:
    gateway = StrictGateway(Inventory())
    for one in (service(ports), *others):
        gateway.carry_out(wanted_on(gateway.inventory, one, scenario))
    return gateway.inventory


@pytest.mark.parametrize("refuses", REFUSAL_SETS, ids=lambda found: "+".join(sorted(found)) or "all_allowed")
@pytest.mark.parametrize("ports", SIZES)
@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_every_migration_succeeds_under_all_rules(
    move: tuple[Scenario, Scenario], ports: int, refuses: frozenset[VcdRule]
) -> None:
    """The shape is reached, other objects do not change, and the external IP is held as long as possible."""
    neighbour = service(2, "shop", OTHER_IP)
    inventory = built(move[0], ports, neighbour)
    before = own(wanted_on(inventory, neighbour, move[0]), inventory)
    gateway = StrictGateway(inventory, refuses)
    wanted = wanted_on(inventory, service(ports), move[1])
    gateway.carry_out(wanted)
    assert shape_of(wanted, gateway.inventory, move[1]) == move[1].value
    assert own(wanted_on(gateway.inventory, neighbour, move[0]), gateway.inventory) == before
    assert {step.name for step in gateway.log} <= wanted.own_names()
    nat_comes_or_goes = move[0].one_arm != move[1].one_arm
    assert len(gateway.unheld) == (1 if VcdRule.OVERLAP in refuses and nat_comes_or_goes else 0)
    assert plan(wanted_on(gateway.inventory, service(ports), move[1]), gateway.inventory) == []


@pytest.mark.parametrize("ports", [2, 3, 5])
@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_ports_are_migrated_one_at_a_time_where_possible(move: tuple[Scenario, Scenario], ports: int) -> None:
    inventory = built(move[0], ports)
    wanted = wanted_on(inventory, service(ports), move[1])
    outage = outage_of(wanted, inventory, plan(wanted, inventory))
    assert outage.together == 0
    assert outage.window == 0
    assert max(tasks for _port, tasks in outage.ports) <= 3
    refused = KnownRules(refused=frozenset(VcdRule))
    worst = outage_of(wanted, inventory, plan(wanted, inventory, refused))
    nat_comes_or_goes = move[0].one_arm != move[1].one_arm
    assert (worst.together, worst.window) == ((2, 1) if nat_comes_or_goes else (0, 0))


@pytest.mark.parametrize("refuses", [frozenset(), frozenset(VcdRule)], ids=["managed_by_cpi", "strict"])
@pytest.mark.parametrize("ports", [1, 2, 3])
@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_a_run_that_was_killed_anywhere_is_finished(
    move: tuple[Scenario, Scenario], ports: int, refuses: frozenset[VcdRule]
) -> None:
    whole = StrictGateway(built(move[0], ports), refuses)
    whole.carry_out(wanted_on(whole.inventory, service(ports), move[1]))
    for writes in range(len(whole.log) + 1):
        gateway = StrictGateway(built(move[0], ports), refuses)
        finished = gateway.carry_out(wanted_on(gateway.inventory, service(ports), move[1]), kill_after=writes)
        assert finished == (writes == len(whole.log))
        again = wanted_on(gateway.inventory, service(ports), move[1])
        gateway.carry_out(again)
        assert own(again, gateway.inventory) == own(again, whole.inventory), f"killed after {writes} writes"


@pytest.mark.parametrize("refuses", [frozenset(), frozenset(VcdRule)], ids=["managed_by_cpi", "strict"])
@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_a_rollback_restores_the_service_after_any_write(
    move: tuple[Scenario, Scenario], refuses: frozenset[VcdRule]
) -> None:
    """A Service whose migration fails gets back exactly the objects that it had."""
    before = built(move[0], 3)
    wanted = wanted_on(before, service(3), move[1])
    original = current_state(wanted, before)
    count = len(plan(wanted, before))
    for writes in range(count + 4):
        gateway = StrictGateway(before.copy(), refuses)
        gateway.carry_out(wanted, kill_after=writes)
        gateway.carry_out(original)
        assert own(wanted, gateway.inventory) == own(wanted, before), f"failed after {writes} writes"


def test_a_removal_leaves_nothing_and_deletes_objects_before_what_they_use() -> None:
    for scenario in Scenario:
        gateway = StrictGateway(built(scenario, 2))
        gateway.carry_out(wanted_absent(service(2)))
        assert list(gateway.inventory) == []


def test_one_rule_for_a_whole_service_becomes_one_for_each_port_and_back() -> None:
    one = machines(specs(2))
    gateway = StrictGateway(Inventory())
    whole = wanted_on(gateway.inventory, one, Scenario.SHARED_INTERNAL, per_service=True)
    gateway.carry_out(whole)
    rules = [item for item in gateway.inventory if isinstance(item, NatRule)]
    assert rules == [NatRule("dnat-vs-web-all", IP, "192.168.8.2")]
    single = wanted_on(gateway.inventory, one, Scenario.SHARED_INTERNAL)
    gateway.unheld.clear()
    gateway.carry_out(single)
    assert {item.name for item in gateway.inventory if isinstance(item, NatRule)} == {
        "dnat-vs-web-p0",
        "dnat-vs-web-p1",
    }
    gateway.carry_out(wanted_on(gateway.inventory, one, Scenario.SHARED_EXTERNAL))
    assert not [item for item in gateway.inventory if isinstance(item, (NatRule, AppPortProfile))]
    assert gateway.unheld == []


def test_without_cpi_members_and_profiles_are_updated_too() -> None:
    one = machines(specs(1))
    gateway = StrictGateway(Inventory())
    gateway.carry_out(wanted_on(gateway.inventory, one, Scenario.SHARED_EXTERNAL))
    more = machines([replace(specs(1)[0], protocol="HTTP")], ["10.0.0.1", "10.0.0.2"])
    steps = plan(wanted_on(gateway.inventory, more, Scenario.SHARED_EXTERNAL), gateway.inventory)
    assert [(step.act, step.kind) for step in steps] == [(Act.UPDATE, "pool"), (Act.UPDATE, VIRTUAL_SERVICE)]
    kept = wanted_on(gateway.inventory, replace(one, cluster_id="c1"), Scenario.SHARED_EXTERNAL)
    assert plan(kept, gateway.inventory) == []


def test_a_port_that_another_object_holds_is_a_conflict_before_any_write() -> None:
    inventory = built(Scenario.SHARED_EXTERNAL, 1)
    inventory.put(VirtualService("theirs", "their-pool", "192.168.8.2", ("80",)))
    inventory.put(NatRule("their-rule", IP, "192.168.8.9", "80"))
    with pytest.raises(Conflict, match=r"port 80 of 203\.0\.113\.10 is held by DNAT rule 'their-rule'"):
        plan(wanted_on(inventory, service(1), Scenario.SHARED_INTERNAL), inventory)


def test_another_object_on_the_external_ip_is_named_if_it_conflicts() -> None:
    inventory = built(Scenario.SHARED_EXTERNAL, 1)
    inventory.put(Pool("their-pool"))
    inventory.put(VirtualService("theirs", "their-pool", IP, ("9000",)))
    gateway = StrictGateway(inventory, frozenset({VcdRule.OVERLAP}))
    with pytest.raises(Conflict, match="also held by virtual service 'theirs'"):
        gateway.carry_out(wanted_on(inventory, service(1), Scenario.SHARED_INTERNAL))
    assert [step for step in gateway.log if step.kind in (VIRTUAL_SERVICE, NAT_RULE)] == []


def test_a_renamed_port_replaces_its_orphans() -> None:
    inventory = built(Scenario.SHARED_EXTERNAL, 1)
    renamed = Service.build(
        "web", [replace(specs(1)[0], name="web")], Naming.of_cluster("c1"), namespace="default", cluster_id="c1",
        external_ip=IP, members=["10.0.0.1"],
    )  # fmt: skip
    remedies = {"ingress-vs-web-c1-p0": "set prune"}
    with pytest.raises(Conflict, match=r"port 80 of 203\.0\.113\.10 is held by .*p0': set prune"):
        plan(want(renamed, Scenario.SHARED_EXTERNAL, orphans=Orphans(remedies=remedies)), inventory)
    gateway = StrictGateway(inventory)
    gateway.carry_out(want(renamed, Scenario.SHARED_EXTERNAL, (), orphans=Orphans(service(1).ports)))
    assert sorted(item.name for item in gateway.inventory) == ["ingress-pool-web-c1-web", "ingress-vs-web-c1-web"]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    before=st.sampled_from(list(Scenario)),
    after=st.sampled_from(list(Scenario)),
    refuses=st.sampled_from(EVERY_REFUSAL_SET),
    ports=st.integers(1, 3),
    renamed=st.sets(st.integers(0, 2)),
    dropped=st.sets(st.integers(0, 2)),
    kill_after=st.integers(0, 12),
    udp=st.sets(st.integers(0, 2)),
)
def test_ports_are_renamed_and_dropped_in_any_move(
    before: Scenario,
    after: Scenario,
    refuses: frozenset[VcdRule],
    ports: int,
    renamed: set[int],
    dropped: set[int],
    kill_after: int,
    udp: set[int],
) -> None:
    """The wanted shape is reached, and no old port is left, even after a kill; a rollback restores everything."""
    dropped = dropped - {0} - renamed
    old_specs = specs(ports, udp)
    new_specs = [replace(one, name=f"n{place}") if place in renamed else one for place, one in enumerate(old_specs)]
    old, new = machines(old_specs), machines([one for place, one in enumerate(new_specs) if place not in dropped])
    dropped_ports = tuple(port for place, port in enumerate(old.ports) if place in renamed | dropped)
    first = StrictGateway(Inventory())
    first.carry_out(wanted_on(first.inventory, old, before))
    start = first.inventory

    def wanted(inventory: Inventory) -> WantedService:
        there = frozenset(item.name for item in inventory if isinstance(item, VirtualService))
        inside = assign_internal_ips(new, after, DEFAULT_ONE_ARM, inventory, there)
        return want(new, after, inside, orphans=Orphans(dropped_ports))

    gateway = StrictGateway(start.copy(), refuses)
    target = wanted(gateway.inventory)
    undone = current_state(target, gateway.inventory)
    if not gateway.carry_out(target, kill_after):
        back = StrictGateway(gateway.inventory.copy(), refuses)
        back.carry_out(undone)
        assert back.inventory == start
        gateway.carry_out(wanted(gateway.inventory))
    assert shape_of(target, gateway.inventory, after) == after.value
    assert {item.name for item in gateway.inventory} <= new.own_names()
    assert plan(wanted(gateway.inventory), gateway.inventory) == []
    # Only one virtual service at a time listens on a port: the last one leaves the external IP, then the new one comes.
    alone = not before.one_arm and not after.one_arm and len(renamed | dropped) >= ports
    if not alone and (VcdRule.OVERLAP not in refuses or before.one_arm == after.one_arm):
        assert gateway.unheld == []


def test_a_dropped_port_leaves_the_others_where_they_are() -> None:
    for scenario in Scenario:
        gateway = StrictGateway(Inventory())
        gateway.carry_out(wanted_on(gateway.inventory, machines(specs(2)), scenario))
        kept, dropped_ports, inventory = machines(specs(1)), machines(specs(2)).ports[1:], gateway.inventory
        there = frozenset({dropped_ports[0].names.virtual_service})
        inside = assign_internal_ips(kept, scenario, DEFAULT_ONE_ARM, inventory, there)
        assert plan(want(kept, scenario, inside), inventory) == []
        pruned = want(kept, scenario, inside, orphans=Orphans(dropped_ports))
        steps = plan(pruned, inventory)
        assert {step.act for step in steps} == {Act.DELETE}
        assert {step.name for step in steps} <= set(dropped_ports[0].names)
        assert dict(outage_of(pruned, inventory, steps).ports) == {"80": 0}


def test_a_renamed_port_behind_nat_is_never_down() -> None:
    for scenario in (Scenario.SHARED_INTERNAL, Scenario.DISTINCT_INTERNAL):
        gateway = StrictGateway(Inventory())
        gateway.carry_out(wanted_on(gateway.inventory, machines(specs(1)), scenario))
        renamed = machines([replace(specs(1)[0], name="web")])
        inside = assign_internal_ips(renamed, scenario, DEFAULT_ONE_ARM, gateway.inventory)
        wanted = want(renamed, scenario, inside, orphans=Orphans(machines(specs(1)).ports))
        steps = plan(wanted, gateway.inventory)
        assert dict(outage_of(wanted, gateway.inventory, steps).ports) == {"80": 0}
        kinds = [step.kind for step in steps if step.act is Act.DELETE]
        assert kinds.index(NAT_RULE) < kinds.index(VIRTUAL_SERVICE)


def test_internal_ips_are_kept_and_the_lowest_free_ones_taken() -> None:
    inventory = built(Scenario.SHARED_INTERNAL, 3)
    assert assign_internal_ips(service(3), Scenario.DISTINCT_INTERNAL, DEFAULT_ONE_ARM, inventory) == (
        "192.168.8.2",
        "192.168.8.3",
        "192.168.8.4",
    )
    assert assign_internal_ips(service(3), Scenario.SHARED_INTERNAL, DEFAULT_ONE_ARM, inventory) == ("192.168.8.2",)
    small = parse_range("192.168.8.2-192.168.8.3")
    with pytest.raises(Exception, match="only 1 of its addresses are free, 2 are needed"):
        assign_internal_ips(service(3), Scenario.DISTINCT_INTERNAL, small, inventory)


# made once: making and checking a strategy takes longer than a draw
SIZE, REFUSAL_SET, SCENARIO = (
    st.sampled_from([1, 2, 3]),
    st.sampled_from(EVERY_REFUSAL_SET),
    st.sampled_from(list(Scenario)),
)
EDITS, CHANGE = st.integers(0, 6), st.sampled_from([Act.UPDATE, Act.DELETE])
INSIDE = st.sampled_from(["192.168.8.2", "192.168.8.3", "192.168.8.7"])
ANYWHERE = st.one_of(INSIDE, st.just(IP))
NUMBER, OF_A_PROFILE = st.sampled_from(["80", "81", "9999"]), st.sampled_from(["80", "9999"])


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Inventory, int, Scenario, frozenset[VcdRule]]:
    """A gateway after manual changes: a Service in some shape, with random edits that Cloud Director allows."""
    ports = draw(SIZE)
    refuses = draw(REFUSAL_SET)
    gateway = StrictGateway(built(draw(SCENARIO), ports), refuses)
    names = st.sampled_from(list(gateway.inventory))
    for _edit in range(draw(EDITS)):
        item = draw(names)
        present = gateway.inventory.get(kind_of(item), item.name)
        changed = _changed(draw, present if present is not None else item)
        act = Act.CREATE if present is None else draw(CHANGE)
        try:
            gateway.write(Step(act, present, None if act is Act.DELETE else changed))
        except WriteRefused:
            continue
    return gateway.inventory, ports, draw(SCENARIO), refuses


def _changed(draw: st.DrawFn, item: Object) -> Object:
    if isinstance(item, VirtualService):
        return replace(item, address=draw(ANYWHERE), ports=(draw(NUMBER),))
    if isinstance(item, NatRule):
        return replace(item, internal=draw(INSIDE), external=IP, port=draw(st.sampled_from([item.port, "9999"])))
    if isinstance(item, AppPortProfile):
        return replace(item, ports=(draw(OF_A_PROFILE),))
    return item


@settings(max_examples=600, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_any_state_is_repaired_to_the_wanted_state(
    state: tuple[Inventory, int, Scenario, frozenset[VcdRule]],
) -> None:
    """Repair: after any change, one run reaches the wanted state, and a second run has nothing to do."""
    inventory, ports, scenario, refuses = state
    gateway = StrictGateway(inventory, refuses)
    wanted = wanted_on(inventory, service(ports), scenario)
    held = inventory.referenced(IP)
    gateway.carry_out(wanted)
    assert own(wanted, gateway.inventory).keys() == {
        (kind_of(one), one.name) for port in wanted.ports for one in port.objects()
    }
    assert shape_of(wanted, gateway.inventory, scenario) == scenario.value
    again = wanted_on(gateway.inventory, service(ports), scenario)
    assert plan(again, gateway.inventory) == []
    if held and VcdRule.OVERLAP not in refuses:
        assert gateway.unheld == []
    assert len(gateway.unheld) <= 1 or not held


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(damaged(), st.integers(0, 12))
def test_a_killed_repair_is_finished(state: tuple[Inventory, int, Scenario, frozenset[VcdRule]], writes: int) -> None:
    inventory, ports, scenario, refuses = state
    gateway = StrictGateway(inventory, refuses)
    gateway.carry_out(wanted_on(inventory, service(ports), scenario), kill_after=writes)
    again = wanted_on(gateway.inventory, service(ports), scenario)
    gateway.carry_out(again)
    assert shape_of(again, gateway.inventory, scenario) == scenario.value
    assert plan(again, gateway.inventory) == []


def test_an_address_that_becomes_free_is_the_lowest_again() -> None:
    inventory = built(Scenario.SHARED_INTERNAL, 1, service(1, "shop", OTHER_IP))
    assert next(inventory.free_in(DEFAULT_ONE_ARM)) == "192.168.8.4"
    StrictGateway(inventory).carry_out(wanted_absent(service(1)))
    assert next(inventory.free_in(DEFAULT_ONE_ARM)) == "192.168.8.2"
