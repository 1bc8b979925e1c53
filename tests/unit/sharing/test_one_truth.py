# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight, plan and verify give the same answers, whatever was done to a Service's objects."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import verify_report
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import services_option
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    AppPortProfile,
    NatRule,
    Object,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import plan_service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal, shape_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import assign_internal_ips
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.judge import faults
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import want
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from preflight_findings import preflight_report
from sharing_builders import CLUSTER_ID, RANGE, ccm, edge, vcd
from sharing_builders import service as kubernetes_service
from strict_gateway import StrictGateway

IP = "203.0.113.10"
INSIDE = ("192.168.8.2", "192.168.8.3", "192.168.8.5")
MOVES = list(itertools.product(Scenario, Scenario))


def domain_service(ports: int, ip: str = IP) -> Service:
    specs = [PortSpec(f"p{place}", 80 + place, 30080 + place) for place in range(ports)]
    naming = Naming.of_cluster(CLUSTER_ID)
    return Service.build("web", specs, naming, namespace="default", cluster_id=CLUSTER_ID, external_ip=ip)


@cache
def built(scenario: Scenario, ports: int) -> Inventory:
    """A gateway with the Service web in a scenario. Shared, so tests must not change it."""
    gateway, one = StrictGateway(Inventory()), domain_service(ports)
    gateway.carry_out(want(one, scenario, assign_internal_ips(one, scenario, DEFAULT_ONE_ARM, Inventory())))
    return gateway.inventory


def as_results(items: Iterable[Object]) -> dict[str, Any]:
    """A result of vcd_edge_gateway_info with these objects."""
    found: dict[str, list[Any]] = {
        "virtual_services": [],
        "pools": [],
        "nat_rules": [],
        "application_port_profiles": [],
    }
    for item in items:
        if isinstance(item, VirtualService):
            ports = [{"start": int(port), "end": int(port), "type": "TCP_PROXY"} for port in item.ports]
            found["virtual_services"].append(
                {
                    "id": f"urn:vs:{item.name}",
                    "name": item.name,
                    "enabled": item.enabled,
                    "virtual_ip_address": item.address,
                    "pool": {"id": "urn:pool", "name": item.pool},
                    "certificate": None,
                    "service_ports": ports,
                    "health_status": "UP",
                }
            )
        elif isinstance(item, Pool):
            found["pools"].append(
                {"id": f"urn:pool:{item.name}", "name": item.name, "enabled": item.enabled, "virtual_services": []}
            )
        elif isinstance(item, NatRule):
            found["nat_rules"].append(
                {
                    "id": f"urn:nat:{item.name}",
                    "name": item.name,
                    "enabled": item.enabled,
                    "type": item.type,
                    "external_addresses": item.external,
                    "internal_addresses": item.internal,
                    "dnat_external_port": item.port or None,
                    "application_port_profile": {"id": "urn:app", "name": item.profile},
                }
            )
        else:
            ports = [{"name": None, "protocol": "TCP", "destination_ports": list(item.ports)}]
            found["application_port_profiles"].append(
                {"id": f"urn:app:{item.name}", "name": item.name, "application_ports": ports}
            )
    return vcd(edge(**found))


def cluster(scenario: Scenario, ports: int, ip: str = IP) -> dict[str, Any]:
    """A cluster in a scenario, with the Service web."""
    names = tuple(f"p{place}" for place in range(ports))
    return ccm(scenario.value, services=[kubernetes_service(ports=names, ips=(ip,))])


# made once: making and checking a strategy takes longer than a draw
PORTS, SCENARIO, EDITS, STRANGERS = (
    st.integers(1, 3),
    st.sampled_from(list(Scenario)),
    st.integers(0, 4),
    st.integers(0, 2),
)
ADDRESS, INNER = st.sampled_from([IP, *INSIDE]), st.sampled_from(INSIDE)
NUMBERS = st.sampled_from([("80",), ("81",), ("9999",)])
GONE: st.SearchStrategy[list[Object]] = st.just([])


@st.composite
def damaged(draw: st.DrawFn) -> tuple[list[Object], int]:
    """The objects of a Service in some shape after manual edits, and its number of ports."""
    ports = draw(PORTS)
    items = list(built(draw(SCENARIO), ports))
    for _edit in range(draw(EDITS)):
        if not items:
            break
        place = draw(st.integers(0, len(items) - 1))
        items[place : place + 1] = draw(_edits(items[place]))
    strangers = [
        VirtualService("theirs", "their-pool", draw(INNER), ("9000",)),
        NatRule("their-rule", "203.0.113.50", draw(INNER)),
    ]
    return items + strangers[: draw(STRANGERS)], ports


@cache
def _edits(item: Object) -> st.SearchStrategy[list[Object]]:
    if isinstance(item, VirtualService):
        return st.one_of(
            GONE,
            ADDRESS.map(lambda found: [replace(item, address=found)]),
            NUMBERS.map(lambda found: [replace(item, ports=found)]),
            st.just([replace(item, enabled=False)]),
            st.just([replace(item, pool="their-pool")]),
        )
    if isinstance(item, NatRule):
        return st.one_of(
            GONE,
            ADDRESS.map(lambda found: [replace(item, internal=found)]),
            st.just([replace(item, port="9999")]),
            st.just([replace(item, enabled=False)]),
            st.just([replace(item, external="203.0.113.44")]),
            st.just([item, replace(item, internal="192.168.8.77")]),
        )
    if isinstance(item, Pool):
        return st.one_of(GONE, st.just([replace(item, enabled=False)]))
    return st.one_of(GONE, st.just([AppPortProfile(item.name, ("9999",))]))


TRY = settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@TRY
@given(damaged(), st.sampled_from(list(Scenario)))
def test_preflight_plan_and_verify_agree_on_the_shape(state: tuple[list[Object], int], target: Scenario) -> None:
    items, ports = state
    ccm_result, vcd_result = cluster(target, ports), as_results(items)
    preflight = preflight_report(ccm_result, vcd_result, target.value, RANGE if target.one_arm else None, "migrate")
    verify = verify_report(ccm_result, vcd_result, target.value, RANGE if target.one_arm else None)
    read = read_vcd(vcd_result)
    assert read is not None
    gateway = read.edges[0]
    planned = shape_of(domain_service(ports), gateway.inventory, gateway.addresses([DEFAULT_ONE_ARM]))
    assert preflight["services"][0]["shape"] == planned == verify["services"][0]["shape"]


@TRY
@given(damaged(), st.sampled_from(list(Scenario)))
def test_the_preflight_knows_the_addresses_that_the_plan_takes(
    state: tuple[list[Object], int], target: Scenario
) -> None:
    """The module plans the same result as the preflight, with the same external and internal IPs."""
    items, ports = state
    ccm_result, vcd_result = cluster(target, ports), as_results(items)
    one_arm = RANGE if target.one_arm else None
    preflight = preflight_report(ccm_result, vcd_result, target.value, one_arm, "migrate")
    if not preflight["ok"]:
        return
    options = services_option(ccm_result, vcd_result, target.value, one_arm)
    if not options:  # the Service stays as it is, with a warning
        found = next(one for one in preflight["findings"] if one["check"] == "existing_services")
        assert found["severity"] == "warning"
        return
    (option,) = options
    read = read_vcd(vcd_result)
    assert read is not None
    gateway = read.edges[0]
    goal = Goal(target, DEFAULT_ONE_ARM, gateway.addresses([DEFAULT_ONE_ARM]))
    found = plan_service(domain_service(ports, option["external_ip"]), goal, gateway.inventory.copy())
    assert [one["external_ip"] for one in preflight["migrations"]] == [option["external_ip"]] * bool(found.steps)
    assert [one["internal_ips"] for one in preflight["migrations"]] == [list(found.internal_ips)] * bool(found.steps)
    assert [one["steps"] for one in preflight["migrations"]] == [[step.text for step in found.steps]] * bool(
        found.steps
    )


@TRY
@given(damaged(), st.sampled_from(list(Scenario)))
def test_a_verification_passes_only_if_the_plan_is_empty(state: tuple[list[Object], int], target: Scenario) -> None:
    items, ports = state
    ccm_result, vcd_result = cluster(target, ports), as_results(items)
    report = verify_report(ccm_result, vcd_result, target.value, RANGE if target.one_arm else None)
    read = read_vcd(vcd_result)
    assert read is not None
    gateway = read.edges[0]
    goal = Goal(target, DEFAULT_ONE_ARM, gateway.addresses([DEFAULT_ONE_ARM]))
    try:
        steps = plan_service(domain_service(ports), goal, gateway.inventory.copy()).steps
    except CollectionError:
        assert not report["ok"]
        return
    # a Service that keeps the other internal shape still serves, and is reported as mixed
    assert report["ok"] == (not steps) or report["mixed"] == ["default/web"]


@TRY
@given(damaged(), st.sampled_from(list(Scenario)))
def test_the_judge_finds_a_fault_exactly_where_the_plan_writes(
    state: tuple[list[Object], int], target: Scenario
) -> None:
    items, ports = state
    inventory, one = Inventory(items), domain_service(ports)
    wanted = want(one, target, assign_internal_ips(one, target, DEFAULT_ONE_ARM, inventory))
    # rules that share a name are a fault that no plan can repair
    twice = bool(inventory.duplicates(wanted.own_names()))
    assert bool(faults(wanted, inventory)) == (bool(plan(wanted, inventory)) or twice)


DAMAGES: dict[str, tuple[type, Any, str]] = {
    "virtual service gone": (VirtualService, lambda item: [], "is missing"),
    "virtual service disabled": (VirtualService, lambda item: [replace(item, enabled=False)], "is disabled"),
    "virtual service on another port": (
        VirtualService,
        lambda item: [replace(item, ports=("9999",))],
        "listens on port 9999, not 81",
    ),
    "pool of another": (VirtualService, lambda item: [replace(item, pool="theirs")], "uses pool theirs, not"),
    "pool gone": (Pool, lambda item: [], "is missing"),
    "pool disabled": (Pool, lambda item: [replace(item, enabled=False)], "is disabled"),
    "rule gone": (NatRule, lambda item: [], "is missing"),
    "rule disabled": (NatRule, lambda item: [replace(item, enabled=False)], "is disabled"),
    "rule for another port": (NatRule, lambda item: [replace(item, port="8080")], "is for port 8080, not 81"),
    "rule to another address": (
        NatRule,
        lambda item: [replace(item, internal="192.168.8.9")],
        "leads to 192.168.8.9, not 192.168.8.2",
    ),
    "rule twice": (NatRule, lambda item: [item, replace(item)], "several NAT rules are named dnat-"),
    "profile gone": (AppPortProfile, lambda item: [], "is missing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_verification_names_the_port_and_what_is_wrong(damage: str) -> None:
    kind, change, text = DAMAGES[damage]
    items: list[Object] = []
    for item in built(Scenario.SHARED_INTERNAL, 2):
        items += change(item) if isinstance(item, kind) and item.name.endswith("-p1") else [item]
    report = verify_report(cluster(Scenario.SHARED_INTERNAL, 2), as_results(items), "shared_internal", RANGE)
    assert report["ok"] is False
    assert "default/web" in report["summary"]
    if "does not work" not in report["summary"]:  # if CPI itself would break, that is reported instead
        assert text in report["summary"]
    # a run that leaves existing Services alone says the same before it starts
    before = preflight_report(cluster(Scenario.SHARED_INTERNAL, 2), as_results(items), "shared_internal", RANGE)
    (found,) = [one for one in before["findings"] if one["check"] == "existing_services" and not one["ok"]]
    assert "default/web" in found["message"]


def test_a_pool_that_is_not_up_is_judged_by_the_port_of_its_members() -> None:
    """If a pool is UP, its members answer on the right port, which a list of pools does not contain."""
    found = as_results(built(Scenario.SHARED_INTERNAL, 1))
    (gateway,) = found["edge_gateways"]
    (pool,) = gateway["pools"]
    member = {"ip_address": "10.10.0.11", "port": 31999, "ratio": 1, "enabled": True}
    gateway["unhealthy_pools"] = [{**pool, "default_port": 31999, "members": [member], "health_monitors": ["TCP"]}]
    report = verify_report(cluster(Scenario.SHARED_INTERNAL, 1), found, "shared_internal", RANGE)
    assert "has members on port 31999, not 30080" in report["summary"]
    gateway["unhealthy_pools"][0]["members"][0]["port"] = 30080
    gateway["unhealthy_pools"][0]["default_port"] = 30080
    assert verify_report(cluster(Scenario.SHARED_INTERNAL, 1), found, "shared_internal", RANGE)["ok"]


def test_a_port_range_of_another_object_is_a_conflict_in_the_preflight() -> None:
    items = list(built(Scenario.SHARED_INTERNAL, 1))
    ranges = {
        VirtualService("theirs", "their-pool", IP, ("79-81",)): "virtual service 'theirs'",
        NatRule("wide", "203.0.113.8/29", "10.0.0.9"): "DNAT rule 'wide' (203.0.113.8/29)",
        NatRule("span", "203.0.113.9-203.0.113.11", "10.0.0.9"): "DNAT rule 'span' (203.0.113.9-203.0.113.11)",
        NatRule("ports", IP, "10.0.0.9", "80-90"): "DNAT rule 'ports'",
        NatRule("both ways", IP, "10.0.0.9", type="REFLEXIVE"): "REFLEXIVE rule 'both ways'",
    }
    for stranger, words in ranges.items():
        found = as_results(items)
        if isinstance(stranger, VirtualService):
            theirs = as_results([replace(stranger, ports=("80",))])["edge_gateways"][0]["virtual_services"]
            theirs[0]["service_ports"] = [{"start": 79, "end": 81, "type": "TCP_PROXY"}]
            found["edge_gateways"][0]["virtual_services"] += theirs
        else:
            found["edge_gateways"][0]["nat_rules"] += as_results([stranger])["edge_gateways"][0]["nat_rules"]
        report = preflight_report(cluster(Scenario.SHARED_INTERNAL, 1), found, "shared_external", None, "migrate")
        assert report["ok"] is False
        assert f"port 80 of {IP} is held by {words}" in report["summary"]
    harmless = [
        NatRule("out", IP, "10.0.0.9", type="SNAT"),
        NatRule("exempt", IP, "", type="NO_DNAT"),
        NatRule("elsewhere", "203.0.113.16/29", "10.0.0.9"),
        NatRule("other ports", IP, "10.0.0.9", "8000-8100"),
    ]
    found = as_results([*items, *harmless])
    report = preflight_report(cluster(Scenario.SHARED_INTERNAL, 1), found, "shared_external", None, "migrate")
    assert report["ok"], report["summary"]
