# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of machines for UDP, even beside TCP on the same port number: wanted objects, plans, repairs, conflicts."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM
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
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.conflicts import Conflict, check_between
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.description import as_diff, outage_lines
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.outage import outage_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.refusals import revealed_rules
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, KnownRules, Step, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import assign_internal_ips
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.client_ip import with_client_ip
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import options_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.judge import faults
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.reach import reachable_numbers
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    WantedService,
    current_state,
    want,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strict_gateway import StrictGateway, WriteRefused, own

IP = "203.0.113.10"
NAMING = Naming.parse("{kind}-{service}-{port}")
MOVES = list(itertools.permutations(Scenario, 2))
REFUSAL_SETS = [frozenset(one) for n in range(5) for one in itertools.combinations(VcdRule, n)]
TCP_53, UDP_53 = PortSpec("tcp", 53, 53), PortSpec("udp", 53, 53, "UDP")
DNS = (TCP_53, UDP_53)


def machines(*ports: PortSpec, name: str = "dns") -> Service:
    return Service.build(name, ports, NAMING, external_ip=IP, members=["10.0.0.1"])


def wanted_on(inventory: Inventory, one: Service, scenario: Scenario, **more: bool) -> WantedService:
    return want(one, scenario, assign_internal_ips(one, scenario, DEFAULT_ONE_ARM, inventory), **more)


def built(one: Service, scenario: Scenario) -> Inventory:
    return _built(one, scenario).copy()


@cache
def _built(one: Service, scenario: Scenario) -> Inventory:
    gateway = StrictGateway(Inventory())
    gateway.carry_out(wanted_on(gateway.inventory, one, scenario))
    return gateway.inventory


def test_a_udp_port_has_objects_for_udp() -> None:
    (port,) = want(machines(UDP_53), Scenario.SHARED_INTERNAL, ["192.168.8.2"]).ports
    assert list(port.objects()) == [
        VirtualService("vs-dns-udp", "pool-dns-udp", "192.168.8.2", ("UDP 53",), "L4"),
        Pool("pool-dns-udp", 53, ("10.0.0.1",), ("UDP",)),
        NatRule("dnat-vs-dns-udp", IP, "192.168.8.2", "53", "appPort_dnat-vs-dns-udp"),
        AppPortProfile("appPort_dnat-vs-dns-udp", ("UDP 53",)),
    ]
    found = {kind_of(item): options_of(item) for item in port.objects()}
    assert found["virtual_service"]["service_ports"] == [
        {"start": 53, "end": 53, "ssl_enabled": False, "type": "UDP_FAST_PATH"}
    ]
    assert found["application_port_profile"]["application_ports"] == [
        {"name": None, "protocol": "UDP", "destination_ports": ["53"]}
    ]
    assert as_diff(port.objects()) == {
        "virtual_service vs-dns-udp": "192.168.8.2 UDP port 53, L4, pool pool-dns-udp",
        "pool pool-dns-udp": "10.0.0.1 port 53",
        "nat_rule dnat-vs-dns-udp": f"{IP}:53 -> 192.168.8.2",
        "application_port_profile appPort_dnat-vs-dns-udp": "UDP 53",
    }


def test_a_profile_of_an_operator_keeps_its_protocols() -> None:
    found = options_of(AppPortProfile("mixed", ("53", "UDP 53", "UDP 80-90", "443")))["application_ports"]
    assert [(one["protocol"], one["destination_ports"]) for one in found] == [
        ("TCP", ["53", "443"]),
        ("UDP", ["53", "80-90"]),
    ]


@pytest.mark.parametrize("refuses", REFUSAL_SETS, ids=lambda found: "+".join(sorted(found)) or "all_allowed")
@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_tcp_and_udp_of_one_number_move_together(move: tuple[Scenario, Scenario], refuses: frozenset[VcdRule]) -> None:
    """Completely or not at all: if VCD refuses it, all is rolled back, and the next run says so before it writes."""
    before, after = move
    inventory = built(machines(*DNS), before)
    gateway, was = StrictGateway(inventory.copy(), refuses), inventory.copy()
    wanted = wanted_on(gateway.inventory, machines(*DNS), after)
    cannot = VcdRule.PROTOCOLS in refuses and after is not Scenario.DISTINCT_INTERNAL
    if not cannot:
        gateway.carry_out(wanted)
        assert faults(wanted, gateway.inventory) == []
        assert reachable_numbers(gateway.inventory, wanted) == {"53": True, "UDP 53": True}
        assert plan(wanted_on(gateway.inventory, machines(*DNS), after), gateway.inventory) == []
        return
    with pytest.raises(Conflict, match="refuses TCP and UDP on one port of a VIP: use scenario distinct_internal"):
        gateway.carry_out(wanted)
    # what VCD refuses cannot have existed before, so only the move back to distinct_internal is possible
    if before is Scenario.DISTINCT_INTERNAL:
        gateway.carry_out(current_state(wanted, was), known=gateway.known, going_back=True)
        assert gateway.inventory == was
    with pytest.raises(Conflict, match=r"53 of .* meets .* of virtual service 'vs-dns-(tcp|udp)'"):
        plan(wanted, was, KnownRules(refused=frozenset({VcdRule.PROTOCOLS})))


@pytest.mark.parametrize("scenario", list(Scenario))
def test_one_protocol_does_not_block_the_other(scenario: Scenario) -> None:
    inventory = built(machines(TCP_53, name="tcp"), scenario)
    wanted = wanted_on(inventory, machines(UDP_53), scenario)
    check_between([wanted, wanted_on(inventory, machines(TCP_53, name="tcp"), scenario)])
    assert {step.act for step in plan(wanted, inventory)} == {Act.CREATE}
    inventory.put(VirtualService("theirs", "their-pool", IP, ("UDP 50-60",)))
    with pytest.raises(Conflict, match=r"^dns: UDP port 53 of 203\.0\.113\.10 is held by virtual service 'theirs'"):
        plan(wanted_on(inventory, machines(UDP_53), Scenario.SHARED_EXTERNAL), inventory)
    # a rule without a profile takes every protocol
    other = Inventory([NatRule("their-rule", IP, "192.168.8.9", "53")])
    with pytest.raises(Conflict, match=r"UDP port 53 of .* is held by DNAT rule 'their-rule'"):
        plan(wanted_on(other, machines(UDP_53), scenario), other)


def test_two_services_on_one_ip_cannot_both_have_a_udp_port() -> None:
    both = [want(machines(UDP_53, name=name), Scenario.SHARED_EXTERNAL) for name in ("a", "b")]
    with pytest.raises(Conflict, match=r"^b: UDP port 53 of 203\.0\.113\.10 is also wanted by a"):
        check_between(both)


def test_another_virtual_service_of_the_other_protocol_is_in_the_way_only_where_that_is_known() -> None:
    inventory = Inventory([VirtualService("theirs", "their-pool", IP, ("53",))])
    wanted = want(machines(UDP_53), Scenario.SHARED_EXTERNAL)
    steps = plan(wanted, inventory)
    assert [step.probes for step in steps] == [frozenset(), frozenset({VcdRule.PROTOCOLS})]
    assert any(
        "refuses TCP and UDP" in line for line in outage_lines("dns", steps, outage_of(wanted, inventory, steps))
    )
    with pytest.raises(Conflict, match="meets port 53 of virtual service 'theirs'"):
        plan(wanted, inventory, KnownRules(refused=frozenset({VcdRule.PROTOCOLS})))
    assert plan(wanted, inventory, KnownRules(allowed=frozenset(VcdRule)))[1].probes == frozenset()


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (f"servicePorts: port 53 of {IP} is in use by the virtual service vs-dns-tcp", True),
        ("The port of virtual service vs-dns-tcp conflicts.", True),
        (f"{IP} is in use", False),
        ("port 53 is already used", False),
        (f"port 53 of {IP}: the licence is already used by another tenant", False),
    ],
)
def test_the_words_of_the_refusal_reveal_the_rule(text: str, known: bool) -> None:
    tcp, udp = (one.virtual_service for one in want(machines(*DNS), Scenario.SHARED_EXTERNAL).ports)
    assert tcp is not None
    step = Step(Act.CREATE, None, udp, frozenset({VcdRule.PROTOCOLS}))
    assert revealed_rules(step, text, Inventory([tcp])) == ({VcdRule.PROTOCOLS} if known else frozenset())
    same = replace(tcp, ports=("UDP 53",))  # for a single protocol it is not a rule, but a taken port
    assert revealed_rules(step, text, Inventory([same])) == frozenset()


def test_transparent_mode_does_not_stay_where_a_port_becomes_udp() -> None:
    old = VirtualService("vs-dns-udp", "pool-dns-udp", IP, ("53",), transparent=True)
    wanted = with_client_ip(want(machines(UDP_53), Scenario.SHARED_EXTERNAL), Inventory([old]), {old.name: old})
    assert wanted.ports[0].virtual_service is not None
    assert wanted.ports[0].virtual_service.transparent is False


NUMBERS = st.sampled_from([53, 80])
PROTOCOLS = st.sampled_from(["TCP", "UDP", "HTTP"])
# made once: making and checking a strategy takes longer than a draw
NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)
TEXTS, RULE_PORTS = st.sampled_from(["53", "UDP 53", "80", "UDP 80", "UDP 9999"]), st.sampled_from(["53", "80", "9999"])
REFUSAL_SET, SCENARIO, KILLS = st.sampled_from(REFUSAL_SETS), st.sampled_from(list(Scenario)), st.integers(0, 12)
CHANGE = st.sampled_from([Act.UPDATE, Act.DELETE])


@st.composite
def given_ports(draw: st.DrawFn) -> tuple[PortSpec, ...]:
    """One to three ports; two of them may share a number with different protocols."""
    found: dict[str, PortSpec] = {}
    for name in draw(NAMES):
        one = PortSpec(name, draw(NUMBERS), 30053, draw(PROTOCOLS))
        found.setdefault(f"{one.transport} {one.port}", one)
    return tuple(found.values())


PORTS = given_ports()


def meets(ports: tuple[PortSpec, ...], scenario: Scenario) -> bool:
    """Whether two of the ports need the same port of a VIP."""
    return scenario is not Scenario.DISTINCT_INTERNAL and len({one.port for one in ports}) < len(ports)


def _drifted(draw: st.DrawFn, item: Object) -> Object:
    if isinstance(item, VirtualService):
        return replace(item, ports=(draw(TEXTS),), address=draw(st.sampled_from([item.address, IP, "192.168.8.9"])))
    if isinstance(item, AppPortProfile):
        return replace(item, ports=(draw(TEXTS),))
    if isinstance(item, NatRule):
        return replace(item, port=draw(RULE_PORTS))
    return item


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_service_moves_from_any_state_to_the_wanted_one_and_back(data: st.DataObject) -> None:
    """Ports change protocol and number, operators edit, runs are killed: one more run finishes it, or rolls it back.

    The judge finds nothing exactly if the plan is empty.
    """
    refuses, after = data.draw(REFUSAL_SET), data.draw(SCENARIO)
    before = data.draw(SCENARIO)
    old, new = data.draw(PORTS), data.draw(PORTS)
    names = {one.name for one in new}
    old = tuple(one for one in old if one.name in names)  # dropped ports are orphans, see test_planner
    if meets(old, before):
        refuses -= {VcdRule.PROTOCOLS}
    gateway = StrictGateway(built(machines(*old), before) if old else Inventory(), refuses)
    for item in data.draw(st.lists(st.sampled_from(list(gateway.inventory)), max_size=4)) if old else ():
        present = gateway.inventory.get(kind_of(item), item.name)
        act = data.draw(CHANGE) if present is not None else Act.CREATE
        changed = None if act is Act.DELETE else _drifted(data.draw, item)
        try:
            gateway.write(Step(act, present, changed))
        except WriteRefused:
            continue
    start, kill_after = gateway.inventory.copy(), data.draw(KILLS)

    def wanted() -> WantedService:
        return wanted_on(gateway.inventory, machines(*new), after)

    target = wanted()
    assert (faults(target, start) == []) == (plan(target, start, going_back=True) == [])
    gateway.log.clear()
    if VcdRule.PROTOCOLS in refuses and meets(new, after):
        with pytest.raises(Conflict):
            gateway.carry_out(target)
        gateway.carry_out(current_state(target, start), known=gateway.known, going_back=True)
        assert own(target, gateway.inventory) == own(target, start)
        return
    if not gateway.carry_out(target, kill_after):
        back = StrictGateway(gateway.inventory.copy(), refuses)
        back.carry_out(current_state(target, start), going_back=True)
        assert own(target, back.inventory) == own(target, start)
        gateway.carry_out(wanted())
    assert faults(wanted(), gateway.inventory) == []
    assert plan(wanted(), gateway.inventory) == []
    assert all(reachable_numbers(gateway.inventory, wanted()).values())
    assert len(reachable_numbers(gateway.inventory, wanted())) == len(new)


def test_a_port_that_becomes_udp_behind_nat_is_changed_in_place() -> None:
    inventory = built(machines(TCP_53), Scenario.SHARED_INTERNAL)
    wanted = wanted_on(inventory, machines(replace(UDP_53, name="tcp")), Scenario.SHARED_INTERNAL)
    steps = plan(wanted, inventory)
    assert [(step.act, step.kind) for step in steps] == [
        (Act.UPDATE, "application_port_profile"),
        (Act.UPDATE, VIRTUAL_SERVICE),
    ]
    assert not [step for step in steps if step.kind == NAT_RULE]


@pytest.mark.parametrize("scenario", [Scenario.SHARED_EXTERNAL, Scenario.SHARED_INTERNAL])
@pytest.mark.parametrize("also", [frozenset(), frozenset(VcdRule)])
def test_two_ports_swap_their_numbers_where_vcd_refuses_two_protocols(
    scenario: Scenario, also: frozenset[VcdRule]
) -> None:
    """Each blocks the other one until it has moved, although neither wants a port of the other's protocol."""
    old = (PortSpec("a", 53, 53, "UDP"), PortSpec("b", 80, 80))
    new = (PortSpec("a", 80, 53, "UDP"), PortSpec("b", 53, 80))
    gateway = StrictGateway(built(machines(*old), scenario), also | {VcdRule.PROTOCOLS})
    gateway.carry_out(wanted_on(gateway.inventory, machines(*new), scenario))
    assert plan(wanted_on(gateway.inventory, machines(*new), scenario), gateway.inventory) == []
