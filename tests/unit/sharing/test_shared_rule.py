# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One DNAT rule for all ports of a service: judged, kept in a rollback, removed. And ambiguous external IPs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM, network_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    NAT_RULE,
    VIRTUAL_SERVICE,
    NatRule,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import plan_service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import choose_external_ip
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.judge import faults
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    WantedService,
    current_state,
    want,
)

IP = "203.0.113.10"
UPLINK = network_of("203.0.113.0/24")
assert UPLINK is not None
EDGE = EdgeAddresses((UPLINK,))
SHOP = Service.build(
    "shop",
    [PortSpec("http", 80, 8080), PortSpec("ssh", 22, 22)],
    Naming.parse("{kind}-{service}-{port}"),
    external_ip=IP,
    members=["10.0.0.1"],
)
HTTP, SSH = (port.names for port in SHOP.ports)


@pytest.fixture
def inventory() -> Inventory:
    """A gateway with the service behind one rule."""
    found = Inventory()
    plan_service(SHOP, Goal(Scenario.SHARED_INTERNAL, DEFAULT_ONE_ARM, EDGE, per_service=True), found)
    return found


def wanted(*, per_service: bool = True) -> WantedService:
    return want(SHOP, Scenario.SHARED_INTERNAL, ("192.168.8.2",), per_service=per_service)


def shared_rule(inventory: Inventory) -> NatRule:
    found = inventory.get(NAT_RULE, SHOP.shared_rule)
    assert isinstance(found, NatRule)
    return found


def texts(one: WantedService, inventory: Inventory) -> list[tuple[str, str]]:
    return [(fault.port, fault.why) for fault in faults(one, inventory)]


def test_an_intact_shared_rule_has_no_fault(inventory: Inventory) -> None:
    assert texts(wanted(), inventory) == []


def test_a_missing_disabled_or_misdirected_rule_is_a_fault(inventory: Inventory) -> None:
    rule, label = shared_rule(inventory), f"DNAT rule {SHOP.shared_rule}"
    inventory.put(replace(rule, internal="192.168.8.9"))
    assert texts(wanted(), inventory) == [("", f"{label} leads to 192.168.8.9, not 192.168.8.2")]
    inventory.put(replace(rule, enabled=False))
    assert texts(wanted(), inventory) == [("", f"{label} is disabled")]
    inventory.drop(NAT_RULE, SHOP.shared_rule)
    assert texts(wanted(), inventory) == [("", f"{label} is missing")]


def test_faults_of_a_port_and_of_the_rule_are_both_named(inventory: Inventory) -> None:
    inventory.drop(VIRTUAL_SERVICE, SSH.virtual_service)
    inventory.drop(NAT_RULE, SHOP.shared_rule)
    assert texts(wanted(), inventory) == [
        ("ssh", f"virtual service {SSH.virtual_service} is missing"),
        ("", f"DNAT rule {SHOP.shared_rule} is missing"),
    ]


def test_the_rule_of_all_ports_beside_rules_for_each_port_is_a_fault(inventory: Inventory) -> None:
    found = texts(wanted(per_service=False), inventory)
    assert ("", f"DNAT rule {SHOP.shared_rule} should not exist") in found
    assert ("http", f"DNAT rule {HTTP.nat_rule} is missing") in found


def test_a_rollback_restores_the_rule(inventory: Inventory) -> None:
    before = current_state(wanted(per_service=False), inventory)
    assert before.rule == shared_rule(inventory)
    goal = Goal(Scenario.DISTINCT_INTERNAL, DEFAULT_ONE_ARM, EDGE)
    plan_service(SHOP, goal, inventory)
    assert inventory.get(NAT_RULE, SHOP.shared_rule) is None
    assert current_state(before, inventory).rule is None


def test_a_service_without_objects_has_no_external_ip() -> None:
    assert choose_external_ip(SHOP.with_external_ip(""), Inventory(), EDGE) == ""


def test_what_kubernetes_shows_does_not_settle_which_of_two_held_addresses_counts() -> None:
    held = Inventory()
    for names, address, port in ((HTTP, IP, "80"), (SSH, "203.0.113.11", "22")):
        held.put(VirtualService(names.virtual_service, names.pool, address, (port,), "L4", ""))
    one = SHOP.with_external_ip("")
    assert choose_external_ip(one, held, EDGE, status_ips=("203.0.113.11",)) == "203.0.113.11"
    with pytest.raises(InvalidInput, match=r"several external IPs.*give the external IP \(spec.loadBalancerIP of a"):
        choose_external_ip(one, held, EDGE, status_ips=("203.0.113.12",))
