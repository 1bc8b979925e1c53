# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of machines on IPv6 addresses: which VIP counts, claims, plans, and moves between the IP versions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM, network_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.ipv6 import check_family
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.bodies import lost_settings
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import claims_of_service, vips
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    VIRTUAL_SERVICE,
    Object,
    VirtualService,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.results import read_virtual_service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import shape_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, Step, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import (
    assign_internal_ips,
    choose_external_ip,
)
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

SIX, FOUR = "2001:db8::20", "203.0.113.20"
NAMING = Naming.parse("{kind}-{service}-{port}")
UPLINKS = tuple(one for one in map(network_of, ("203.0.113.0/24", "2001:db8::/64")) if one is not None)
EDGE = EdgeAddresses(UPLINKS)
PORTS = (PortSpec("tcp", 53, 53), PortSpec("web", 80, 8080), PortSpec("udp", 54, 53, "UDP"))


def machines(address: str, count: int = 3) -> Service:
    return Service.build("shop", PORTS[:count], NAMING, external_ip=address, members=["2001:db8:a::1"])


def wanted_on(inventory: Inventory, one: Service, scenario: Scenario) -> WantedService:
    return want(one, scenario, assign_internal_ips(one, scenario, DEFAULT_ONE_ARM, inventory))


def read(**vips_of: Any) -> VirtualService:
    body = {"name": "vs", "service_ports": [{"start": 80, "end": 80, "type": "TCP_PROXY"}], **vips_of}
    return read_virtual_service(Reader(body, "virtual service"))


def test_the_ipv6_vip_counts_if_it_is_the_only_one() -> None:
    alone = read(virtual_ip_address=None, ipv6_virtual_ip_address=SIX)
    both = read(virtual_ip_address=FOUR, ipv6_virtual_ip_address=SIX)
    assert (alone.address, vips(alone)) == (SIX, (SIX,))
    assert (both.address, vips(both)) == (FOUR, (FOUR, SIX))
    assert len(claims_of_service(alone)) == 1
    inventory = Inventory([alone])
    assert inventory.on_address(SIX) == [alone]
    inventory.drop(VIRTUAL_SERVICE, "vs")
    assert not inventory.on_address(SIX)


@pytest.mark.parametrize(
    ("found", "options"),
    [
        (VirtualService("vs", "p", FOUR, ("80",)), {"virtual_ip_address": FOUR}),
        (VirtualService("vs", "p", SIX, ("80",)), {"ipv6_virtual_ip_address": SIX}),
        (VirtualService("vs", "p", SIX, ("80",), ipv6_address=SIX), {"ipv6_virtual_ip_address": SIX}),
        (
            VirtualService("vs", "p", FOUR, ("80",), ipv6_address=SIX),
            {"virtual_ip_address": FOUR, "ipv6_virtual_ip_address": SIX},
        ),
        (VirtualService("vs", "p", "", ("80",)), {"virtual_ip_address": ""}),
    ],
)
def test_each_vip_is_an_option(found: VirtualService, options: dict[str, str]) -> None:
    given_options = options_of(found)
    assert {name: given_options[name] for name in given_options if "virtual_ip" in name} == options


def test_scenarios_with_nat_and_clusters_are_refused() -> None:
    for scenario in (None, Scenario.SHARED_EXTERNAL):
        check_family(machines(SIX), scenario)
    for scenario in Scenario:
        check_family(machines(FOUR), scenario)
        if scenario.one_arm:
            with pytest.raises(InvalidInput, match=f"'{SIX}': service 'shop' needs scenario shared_external"):
                check_family(machines(SIX), scenario)
    with pytest.raises(InvalidInput, match="CPI serves IPv4 only"):
        check_family(replace(machines(SIX), cluster_id="c1"), None)


def test_an_ipv6_vip_is_the_external_ip_and_never_an_internal_one() -> None:
    gateway = StrictGateway(Inventory())
    gateway.carry_out(wanted_on(gateway.inventory, machines(SIX), Scenario.SHARED_EXTERNAL))
    without = machines("")
    assert choose_external_ip(without, gateway.inventory, EDGE) == SIX
    assert shape_of(without, gateway.inventory, EDGE) == "shared_external"
    inside = assign_internal_ips(machines(FOUR), Scenario.SHARED_INTERNAL, DEFAULT_ONE_ARM, gateway.inventory)
    assert inside == ("192.168.8.2",)


def test_a_lost_ipv6_vip_is_reported_only_if_the_plan_did_not_remove_it() -> None:
    now = replace(read(virtual_ip_address=FOUR), body={"ipv6VirtualIpAddress": None, "virtualIpAddress": FOUR})
    for four, lost in ((None, 0), (FOUR, 1)):
        was = {(VIRTUAL_SERVICE, "vs"): {"ipv6VirtualIpAddress": SIX, "virtualIpAddress": four}}
        assert len(lost_settings(was, Inventory([now]))) == lost


REFUSAL_SETS = [frozenset(), frozenset(VcdRule), *(frozenset({one}) for one in VcdRule)]
# made once: making and checking a strategy takes longer than a draw
REFUSAL_SET, CHANGE = st.sampled_from(REFUSAL_SETS), st.sampled_from([Act.UPDATE, Act.DELETE])
OTHER = st.sampled_from([FOUR, SIX, "2001:db8::99", "192.168.8.9"])
PORT, COUNTS = st.sampled_from(["53", "80", "UDP 54", "9999"]), st.integers(1, 3)
STATES = st.sampled_from([(SIX, Scenario.SHARED_EXTERNAL), *((FOUR, one) for one in Scenario)])


def _drifted(draw: st.DrawFn, item: Object) -> Object:
    if not isinstance(item, VirtualService):
        return item
    return replace(item, address=draw(OTHER), ports=(draw(PORT),))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_service_moves_from_any_state_of_one_ip_version_to_any_of_the_other(data: st.DataObject) -> None:
    """Even after edits and a kill; a rollback restores everything, and the judge finds nothing if the plan is empty."""
    refuses = data.draw(REFUSAL_SET)
    (address, before), (target, after) = data.draw(STATES), data.draw(STATES)
    count = data.draw(COUNTS)
    gateway = StrictGateway(Inventory(), refuses)
    gateway.carry_out(wanted_on(gateway.inventory, machines(address, count), before))
    for item in data.draw(st.lists(st.sampled_from(list(gateway.inventory)), max_size=3)):
        present = gateway.inventory.get(kind_of(item), item.name)
        act = data.draw(CHANGE) if present is not None else Act.CREATE
        try:
            gateway.write(Step(act, present, None if act is Act.DELETE else _drifted(data.draw, item)))
        except WriteRefused:
            continue
    start = gateway.inventory.copy()

    def wanted() -> WantedService:
        return wanted_on(gateway.inventory, machines(target, count), after)

    first = wanted()
    assert (faults(first, start) == []) == (plan(first, start, going_back=True) == [])
    gateway.log.clear()
    if not gateway.carry_out(first, data.draw(st.integers(0, 12))):
        back = StrictGateway(gateway.inventory.copy(), refuses)
        back.carry_out(current_state(first, start), going_back=True)
        assert own(first, back.inventory) == own(first, start)
        gateway.carry_out(wanted())
    assert faults(wanted(), gateway.inventory) == []
    assert plan(wanted(), gateway.inventory) == []
    assert all(reachable_numbers(gateway.inventory, wanted()).values())
    found = [item.address for item in gateway.inventory if isinstance(item, VirtualService)]
    assert [one for one in found if (":" in one) != (target == SIX)] == []
