# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of a cluster that ask for one external IP: preflight, plan and verify treat them as one."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import verify_report
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import services_option
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import (
    ServiceToPlan,
    groups_of,
    plan_group,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from preflight_findings import preflight_report
from sharing_builders import CLUSTER_ID, RANGE, ccm, edge, nat_rule, objects, service, vcd

IP = "203.0.113.10"
MOVES = list(itertools.permutations(Scenario, 2))


def databases(scenario: str) -> dict[str, list[Any]]:
    """The objects of pg (ports 80 and 81) and my (port 3306) on one external IP."""
    first, second = objects(scenario, "pg"), objects(scenario, "my", ("db",))
    for one in second["virtual_services"]:
        one["service_ports"] = [{"start": 3306, "end": 3306, "type": "TCP_PROXY"}]
        if scenario != "shared_external":
            one["virtual_ip_address"] = "192.168.8.9"
    for one in second["nat_rules"]:
        one.update(dnat_external_port="3306", internal_addresses="192.168.8.9")
    for one in second["application_port_profiles"]:
        one["application_ports"] = [{"name": None, "protocol": "TCP", "destination_ports": ["3306"]}]
    return {kind: first[kind] + second[kind] for kind in first}


def kubernetes() -> list[dict[str, Any]]:
    port = {"name": "db", "port": 3306, "node_port": 30306, "protocol": "TCP", "app_protocol": None}
    return [service("pg", load_balancer_ip=IP), {**service("my", load_balancer_ip=IP), "ports": [port]}]


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_preflight_and_module_plan_the_same_steps(move: tuple[Scenario, Scenario]) -> None:
    before, after = move[0].value, move[1].value
    ccm_result, vcd_result = ccm(before, services=kubernetes()), vcd(edge(**databases(before)))
    one_arm = RANGE if move[1].one_arm else None
    report = preflight_report(ccm_result, vcd_result, after, one_arm, "migrate")
    assert report["ok"], report["summary"]
    tasks = []
    for option in services_option(ccm_result, vcd_result, after, one_arm):
        specs = [PortSpec(port["name"], port["port"], port["node_port"]) for port in option["ports"]]
        naming = Naming.of_cluster(CLUSTER_ID)
        found = Service.build(option["name"], specs, naming, namespace="default", cluster_id=CLUSTER_ID)
        tasks.append(ServiceToPlan(found.with_external_ip(option["external_ip"])))
    read = read_vcd(vcd_result)
    assert read is not None
    gateway = read.edges[0]
    (group,) = groups_of(tasks)
    plans = plan_group(group, Goal(move[1], DEFAULT_ONE_ARM, gateway.addresses([DEFAULT_ONE_ARM])), gateway.inventory)
    changed = [one for one in plans.services if one.steps]
    assert [one["name"] for one in report["migrations"]] == [one.service.name for one in changed]
    assert [one["steps"] for one in report["migrations"]] == [[step.text for step in one.steps] for one in changed]
    assert [one["internal_ips"] for one in report["migrations"]] == [list(one.internal_ips) for one in changed]


@pytest.mark.parametrize("scenario", Scenario)
def test_the_verification_of_a_group_passes_only_without_damage(scenario: Scenario) -> None:
    found = databases(scenario.value)
    one_arm = RANGE if scenario.one_arm else None
    ccm_result = ccm(scenario.value, services=kubernetes())
    assert verify_report(ccm_result, vcd(edge(**found)), scenario.value, one_arm)["ok"]
    found["virtual_services"].pop()
    report = verify_report(ccm_result, vcd(edge(**found)), scenario.value, one_arm)
    assert not report["ok"]
    assert "default/my" in report["summary"]
    assert "default/pg" not in report["summary"]


def test_services_of_one_ip_stay_aside_together() -> None:
    """A user's rule is in the way of one of them. The other one alone could not leave the address."""
    found = databases("shared_external")
    found["nat_rules"].append({**nat_rule("x", "y", IP, "10.0.0.9", 3306), "name": "theirs"})
    report = preflight_report(
        ccm("shared_external", services=kubernetes()), vcd(edge(**found)), "shared_internal", RANGE, "migrate"
    )
    obstacles = {one["name"]: one["obstacle"] for one in report["migrations"]}
    assert obstacles == {
        "pg": "it shares 203.0.113.10 with default/my, which stays as it is",
        "my": "port 3306 of 203.0.113.10 is held by DNAT rule 'theirs'",
    }
    assert "default/pg cannot be migrated" in report["summary"]
