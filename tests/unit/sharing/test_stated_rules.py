# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of Cloud Director that the operator states apply in the preflight as they do when the plan is carried out."""

from __future__ import annotations

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import services_option
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import plan_service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import KnownRules, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from hypothesis import given
from hypothesis import strategies as st
from preflight_findings import preflight_report
from sharing_builders import CLUSTER_ID, RANGE, ccm, edge, objects, service, vcd, virtual_service

OVERLAP = [VcdRule.OVERLAP.value]
SCENARIOS = st.sampled_from(list(Scenario))


def test_what_shares_the_external_ip_is_in_the_way_where_virtual_services_and_rules_exclude_each_other() -> None:
    there = objects("shared_external")
    there["virtual_services"].append({**virtual_service("x", "y", "203.0.113.10", number=9000), "name": "theirs"})
    asked = (ccm("shared_external", services=[service()]), vcd(edge(**there)), "shared_internal", RANGE)
    assert preflight_report(*asked, "migrate")["ok"]
    report = preflight_report(*asked, "migrate", vcd_rules=OVERLAP)
    assert not report["ok"]
    assert "203.0.113.10 is also held by virtual service 'theirs'" in report["summary"]
    assert [one["name"] for one in services_option(*asked)] == ["web"]
    with pytest.raises(InvalidInput, match="is also held by virtual service 'theirs'"):
        services_option(*asked, vcd_rules=OVERLAP)


@given(SCENARIOS, SCENARIOS, st.sets(st.sampled_from(list(VcdRule))))
def test_the_preflight_plans_the_steps_that_are_carried_out(
    before: Scenario, after: Scenario, rules: set[VcdRule]
) -> None:
    answer = vcd(edge(**objects(before.value)))
    one_arm = RANGE if after.one_arm else None
    stated = sorted(rule.value for rule in rules)
    cluster = ccm(before.value, services=[service()])
    report = preflight_report(cluster, answer, after.value, one_arm, "migrate", vcd_rules=stated)
    read = read_vcd(answer)
    assert read is not None
    (gateway,) = read.edges
    specs = [PortSpec("http", 80, 30080), PortSpec("https", 81, 30081)]
    naming = Naming.of_cluster(CLUSTER_ID)
    web = Service.build("web", specs, naming, namespace="default", cluster_id=CLUSTER_ID, external_ip="203.0.113.10")
    goal = Goal(
        after, DEFAULT_ONE_ARM, gateway.addresses([DEFAULT_ONE_ARM]), known=KnownRules(refused=frozenset(rules))
    )
    try:
        steps = [step.text for step in plan_service(web, goal, gateway.inventory.copy()).steps]
    except CollectionError:
        assert not report["ok"]
        return
    assert [one["steps"] for one in report["migrations"]] == [steps] * bool(steps)
