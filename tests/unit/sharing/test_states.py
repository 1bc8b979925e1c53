# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a service says what happens to it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM, network_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import NAT_RULE, VIRTUAL_SERVICE
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import plan_service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal, ServicePlan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import in_progress, in_words

UPLINK = network_of("203.0.113.0/24")
assert UPLINK is not None
EDGE = EdgeAddresses((UPLINK,))
PORTS = [PortSpec("http", 80, 30080), PortSpec("https", 443, 30443)]
WEB = Service.build(
    "web", PORTS, Naming.of_cluster("c1"), cluster_id="c1", external_ip="203.0.113.10", members=["10.0.0.1"]
)
HTTP, HTTPS = (port.names for port in WEB.ports)


def planned(inventory: Inventory, scenario: Scenario | None) -> ServicePlan:
    """The plan for the Service; it changes the inventory."""
    return plan_service(WEB, Goal(scenario, DEFAULT_ONE_ARM, EDGE), inventory)


def in_scenario(scenario: Scenario) -> Inventory:
    """A gateway with the Service."""
    inventory = Inventory()
    planned(inventory, scenario)
    return inventory


@pytest.mark.parametrize("scenario", list(Scenario))
def test_a_service_is_created_and_removed(scenario: Scenario) -> None:
    inventory = Inventory()
    assert planned(inventory, scenario).planned_state == "created"
    assert planned(inventory, scenario).steps == []
    assert planned(inventory, None).planned_state == "removed"
    assert list(inventory) == []


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(Scenario, 2)))
def test_a_service_is_migrated(before: Scenario, after: Scenario) -> None:
    assert planned(in_scenario(before), after).planned_state == "migrated"


@pytest.mark.parametrize("scenario", list(Scenario))
def test_a_service_whose_virtual_service_is_lost_is_repaired(scenario: Scenario) -> None:
    for lost in ([HTTPS.virtual_service], [HTTP.virtual_service, HTTPS.virtual_service]):
        inventory = in_scenario(scenario)
        for name in lost:
            inventory.drop(VIRTUAL_SERVICE, name)
        found = planned(inventory, scenario)
        assert (found.planned_state, bool(found.steps)) == ("repaired", True)


@pytest.mark.parametrize("scenario", [Scenario.SHARED_INTERNAL, Scenario.DISTINCT_INTERNAL])
def test_a_service_whose_rule_is_lost_or_leads_nowhere_is_repaired(scenario: Scenario) -> None:
    lost, astray = in_scenario(scenario), in_scenario(scenario)
    lost.drop(NAT_RULE, HTTP.nat_rule)
    rule = astray.get(NAT_RULE, HTTP.nat_rule)
    assert rule is not None
    astray.put(replace(rule, internal="192.168.8.90"))
    for inventory in (lost, astray):
        found = planned(inventory, scenario)
        assert (found.shape_before, found.planned_state, bool(found.steps)) == ("mixed", "repaired", True)


def test_a_migration_that_was_killed_half_way_is_a_migration_again() -> None:
    inventory = in_scenario(Scenario.DISTINCT_INTERNAL)
    steps = planned(inventory.copy(), Scenario.SHARED_EXTERNAL).steps
    first = next(number for number, step in enumerate(steps, 1) if step.kind == VIRTUAL_SERVICE)
    for step in steps[:first]:
        step.apply(inventory)
    found = planned(inventory, Scenario.SHARED_EXTERNAL)
    assert (found.shape_before, found.planned_state) == ("mixed", "migrated")


def test_states_are_put_into_words() -> None:
    doing = [in_progress(state, Scenario.SHARED_INTERNAL) for state in ("created", "migrated", "repaired", "removed")]
    internal = "shared_internal"
    assert doing == [f"creating in {internal}", f"migrating to {internal}", f"repairing in {internal}", "removing"]
    assert in_progress("removed", None) == "removing"
    assert in_words("not_reached") == "not reached"
