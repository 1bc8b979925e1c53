# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan of a group says of its services, and which existing properties a goal keeps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM, network_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    KINDS,
    NAT_RULE,
    VIRTUAL_SERVICE,
    NatRule,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import (
    GroupPlan,
    ServiceToPlan,
    plan_group,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import (
    assign_internal_ips,
    choose_external_ip,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    WantedPort,
    want,
    with_present,
)

IP = "203.0.113.10"
UPLINK = network_of("203.0.113.0/24")
assert UPLINK is not None
EDGE = EdgeAddresses((UPLINK,))
NAMING = Naming.of_cluster("c1")


def service(name: str, number: int, *, cluster_id: str = "c1", members: tuple[str, ...] = ("10.0.0.1",)) -> Service:
    specs = [PortSpec("http", number, 30080)]
    return Service.build(
        name, specs, NAMING, namespace="default", cluster_id=cluster_id, external_ip=IP, members=members
    )


A, B = service("a", 80), service("b", 81)


def planned(
    inventory: Inventory, *services: Service, scenario: Scenario | None = Scenario.SHARED_EXTERNAL
) -> GroupPlan:
    """The plan; it changes the inventory."""
    return plan_group([ServiceToPlan(one) for one in services], Goal(scenario, DEFAULT_ONE_ARM, EDGE), inventory)


def test_only_services_with_something_to_do_change_their_state() -> None:
    inventory = Inventory()
    planned(inventory, A)
    found = planned(inventory, A, B)
    a, b = found.services
    a.state, b.state = "unchanged", "not_reached"
    assert (found.state, found.planned_state) == ("not_reached", "created")
    found.set_state("failed")
    assert [one.state for one in found.services] == ["unchanged", "failed"]
    found.succeed()
    assert [one.state for one in found.services] == ["unchanged", "created"]
    assert found.state == "created"
    b.state = "unchanged"
    assert found.state == "unchanged"
    assert found.label == "default/a and default/b"


def test_the_lines_show_the_outages_and_then_each_write_with_its_service() -> None:
    inventory = Inventory()
    planned(inventory, A, B, scenario=Scenario.DISTINCT_INTERNAL)
    found = planned(inventory, A, B)
    found.services[1].notes.append("default/b: could not be checked")
    outages = [line for one in found.services for line in one.outage_lines]
    assert "default/b: could not be checked" in outages
    assert found.lines[: len(outages)] == outages
    assert found.lines[len(outages) :] == [
        f"{'default/a' if '-a-c1-' in step.name else 'default/b'}: {step.text}" for step in found.steps
    ]
    assert {one.label: [step.name for step in one.steps] for one in found.services} == {
        f"default/{name}": [step.name for step in found.steps if f"-{name}-c1-" in step.name] for name in ("a", "b")
    }


def test_the_plan_of_a_service_is_plain_data() -> None:
    inventory = Inventory()
    (one,) = planned(inventory, A, scenario=Scenario.SHARED_INTERNAL).services
    one.state = "created"
    found = one.as_dict("shared_internal")
    expected = {
        "name": "a",
        "namespace": "default",
        "external_ip": IP,
        "internal_ips": ["192.168.8.2"],
        "scenario_before": "absent",
        "scenario": "shared_internal",
        "state": "created",
    }
    assert {key: found[key] for key in expected} == expected
    assert found["steps"] == [step.text for step in one.steps]
    assert set(found["outage"]) >= {"ports", "together"}


def test_a_new_pool_without_members_is_named_and_an_existing_one_is_not() -> None:
    bare = service("a", 80, members=())
    inventory = Inventory()
    (new,) = planned(inventory, bare).services
    assert new.creates_pool_without_members == NAMING.port("a", "http").pool
    inventory.drop(VIRTUAL_SERVICE, NAMING.port("a", "http").virtual_service)
    assert planned(inventory, bare).services[0].creates_pool_without_members == ""
    assert planned(Inventory(), A).services[0].creates_pool_without_members == ""


def test_the_allocated_ip_replaces_the_assumed_one() -> None:
    goal = Goal(Scenario.SHARED_INTERNAL, DEFAULT_ONE_ARM, EDGE)
    (one,) = plan_group([ServiceToPlan(A, takes_ip=True)], goal, Inventory()).services
    one.take_external_ip(goal, "203.0.113.77")
    (port,) = one.wanted.ports
    assert port.nat_rule is not None
    assert (one.wanted.external_ip, port.nat_rule.external) == ("203.0.113.77", "203.0.113.77")
    assert port.nat_rule.internal == one.internal_ips[0]


def test_rules_of_one_name_stop_the_plan() -> None:
    inventory = Inventory()
    planned(inventory, A, scenario=Scenario.SHARED_INTERNAL)
    name = NAMING.port("a", "http").nat_rule
    inventory.add(replace(inventory.get(NAT_RULE, name), id="second"))
    with pytest.raises(InvalidInput, match="several NAT rules have this name"):
        planned(inventory, A)


# -- kept properties --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("managed", [True, False])
def test_a_virtual_service_of_cpi_keeps_its_properties_but_one_of_machines_does_not(managed: bool) -> None:
    one = service("a", 80, cluster_id="c1" if managed else "")
    name = one.ports[0].names.virtual_service
    there = VirtualService(name, "p", IP, ("80",), "HTTP", "operators")
    kept = ("HTTP", "operators") if managed else ("L4", "")
    for inventory, stored in ((Inventory([there]), {}), (Inventory(), {name: there})):
        goal = Goal(Scenario.SHARED_EXTERNAL, DEFAULT_ONE_ARM, EDGE, stored=stored)
        (port,) = goal.wanted(one, inventory)[0].ports
        assert port.virtual_service is not None
        assert (port.virtual_service.profile, port.virtual_service.certificate) == kept


def test_an_existing_object_takes_precedence_over_a_restore_point_and_another_port_does_not_count() -> None:
    name = A.ports[0].names.virtual_service
    old = VirtualService(name, "p", IP, ("80",), "HTTP", "old")
    goal = Goal(Scenario.SHARED_EXTERNAL, DEFAULT_ONE_ARM, EDGE, stored={name: old})
    (port,) = goal.wanted(A, Inventory([replace(old, certificate="new")]))[0].ports
    assert port.virtual_service is not None
    assert port.virtual_service.certificate == "new"
    other = replace(goal, stored={name: replace(old, ports=("8080",))})
    assert other.wanted(A, Inventory())[0] == want(A, Scenario.SHARED_EXTERNAL)


def test_a_needed_certificate_is_not_omitted() -> None:
    secured = Service.build("a", [PortSpec("tls", 443, 30443, "HTTPS", "web-cert")], NAMING, cluster_id="c1")
    bare = VirtualService(secured.ports[0].names.virtual_service, "p", IP, ("443",), "HTTP")
    goal = Goal(Scenario.SHARED_EXTERNAL, DEFAULT_ONE_ARM, EDGE)
    (port,) = goal.wanted(secured, Inventory([bare]))[0].ports
    assert port.virtual_service is not None
    assert (port.virtual_service.profile, port.virtual_service.certificate) == ("HTTPS", "web-cert")


@pytest.mark.parametrize("kind", KINDS)
def test_one_object_may_stay_as_it_is(kind: str) -> None:
    wanted = want(A, Scenario.SHARED_INTERNAL, ["192.168.8.2"])
    fields = dict(zip(KINDS, ("virtual_service", "pool", "nat_rule", "profile", "ip_set"), strict=True))
    (port,) = wanted.ports
    name = dict(port.names.pairs())[kind]
    found = with_present(wanted, kind, name, Inventory())
    assert found.ports == (replace(port, **{fields[kind]: None}),)
    assert with_present(wanted, kind, "another", Inventory()) == wanted


def test_the_one_rule_for_all_ports_may_stay_as_it_is() -> None:
    wanted = want(service("a", 80, cluster_id=""), Scenario.SHARED_INTERNAL, ["192.168.8.2"], per_service=True)
    there = NatRule(wanted.service.shared_rule, IP, "192.168.8.99")
    found = with_present(wanted, NAT_RULE, there.name, Inventory([there]))
    assert [one.rule for one in found.members] == [there]
    assert all(isinstance(port, WantedPort) and port.virtual_service for port in found.ports)
    assert [one.rule for one in with_present(wanted, NAT_RULE, "x", Inventory()).members] == [wanted.rule]


# -- addresses -------------------------------------------------------------------------------------------------------


def test_the_external_ip_given_for_a_service_takes_precedence() -> None:
    rule = NatRule(A.ports[0].names.nat_rule, "203.0.113.99", "192.168.8.2", "80")
    assert choose_external_ip(A, Inventory([rule]), EDGE, status_ips=["203.0.113.98"]) == IP
    assert (
        choose_external_ip(A.with_external_ip(""), Inventory([rule]), EDGE, status_ips=["203.0.113.98"])
        == "203.0.113.99"
    )
    assert choose_external_ip(A.with_external_ip(""), Inventory(), EDGE, asked="203.0.113.97") == "203.0.113.97"


@pytest.mark.parametrize("inside", ["192.168.8.7", "10.9.0.7"])
def test_an_internal_ip_that_a_service_shows_is_not_an_external_ip(inside: str) -> None:
    """Kubernetes shows the VIP if CPI found no rule, even a VIP outside all known ranges."""
    there = VirtualService(A.ports[0].names.virtual_service, "p", inside, ("80",))
    assert choose_external_ip(A.with_external_ip(""), Inventory([there]), EDGE, status_ips=[inside]) == ""
    rule = NatRule(A.ports[0].names.nat_rule, "", inside, "80")
    assert choose_external_ip(A.with_external_ip(""), Inventory([rule]), EDGE, status_ips=[inside]) == ""


def test_an_address_that_a_rule_leads_to_is_kept_only_if_no_virtual_service_has_it() -> None:
    rule = NatRule(A.ports[0].names.nat_rule, IP, "192.168.8.9", "80")
    theirs = VirtualService("theirs", "p", "192.168.8.9", ("9000",))
    for scenario in (Scenario.SHARED_INTERNAL, Scenario.DISTINCT_INTERNAL):
        assert assign_internal_ips(A, scenario, DEFAULT_ONE_ARM, Inventory([rule])) == ("192.168.8.9",)
        taken = assign_internal_ips(A, scenario, DEFAULT_ONE_ARM, Inventory([rule, theirs]))
        assert taken == ("192.168.8.2",)
        with pytest.raises(InvalidInput, match="give the range of internal addresses"):
            assign_internal_ips(A, scenario, None, Inventory())
