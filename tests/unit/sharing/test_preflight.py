# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The preflight's report as a whole: its arguments, and what a person reads in it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from preflight_findings import CONFIG, DEPLOYMENT, OLD_VCD, existing, found, preflight_report
from sharing_builders import SCENARIOS, ccm, edge, group, objects, service, vcd


@pytest.mark.parametrize("current", SCENARIOS)
@pytest.mark.parametrize("target", SCENARIOS)
def test_a_healthy_cluster_without_services_may_change_to_any_scenario(current: str, target: str) -> None:
    report = preflight_report(ccm(current), vcd(edge()), target)
    assert report["ok"] is True
    assert report["summary"] == ""
    assert {item["severity"] for item in report["findings"]} == {"info"}
    assert report["change"] is (current != target)
    checks = {"configuration", "cluster_id", "cpi", "vcd_version", "edge_gateway", "service_engine_group"}
    assert checks <= {item["check"] for item in report["findings"]}


def test_one_cause_is_reported_once() -> None:
    cluster = ccm(config=None, config_map=None, cluster_id=None, problems=["ConfigMap a/b does not exist"])
    summary = preflight_report(cluster, {"skipped": True}, "shared_external")["summary"]
    assert summary == ("ConfigMap a/b does not exist - check the cluster, shared_ip_namespace and shared_ip_config_map")


def test_services_with_one_name_are_reported_once() -> None:
    cluster = ccm("distinct_internal", services=[service(), service(namespace="shop")])
    cloud = vcd(edge(**objects("distinct_internal")))
    assert existing("shared_external", cluster, cloud) == []
    assert found("service_names", "shared_external", cluster, cloud, existing="migrate")[0][0] == "error"


def test_all_errors_are_in_one_line() -> None:
    cluster = ccm(cluster_id=None, cluster_id_source="none", services=[service("a"), service("a", "shop")])
    summary = preflight_report(cluster, vcd(edge(backing_type="NSXV_BACKED"), **OLD_VCD), "shared_external")["summary"]
    assert "\n" not in summary
    for number in ("(1) the cluster has no id", "(2) VCD 10.3.3", "(3) edge gateway acme-edge", "(4) Services named a"):
        assert number in summary


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (ccm(), vcd(edge()), "shared"),
            "shared_ip_scenario: 'shared': choose one of shared_external, shared_internal, distinct_internal",
        ),
        (
            (ccm(), vcd(edge()), "shared_external", None, "force"),
            "shared_ip_existing: 'force': choose one of fail, migrate",
        ),
        (("text", vcd(edge()), "shared_external"), "vcd_ccm_config_info: 'text': expected a mapping"),
        ((ccm(), [], "shared_external"), "vcd_edge_gateway_info: an empty list: expected a mapping"),
        (
            (ccm(services=None), vcd(edge()), "shared_external"),
            "vcd_ccm_config_info.services: not given: expected a list; pass the module's whole result",
        ),
        (
            (ccm(), vcd(edge(load_balancer={"enabled": "yes"})), "shared_external"),
            "vcd_edge_gateway_info.edge_gateways[0].load_balancer.enabled: 'yes': expected true or false;"
            " pass the module's whole result",
        ),
    ],
)
def test_bad_arguments_are_named(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        preflight_report(*arguments)
    assert str(caught.value) == message


def test_messages_name_what_was_found() -> None:
    def only(check: str, *arguments: Any, **more: Any) -> str:
        return found(check, *arguments, **more)[0][1]

    assert only("cpi", "shared_external") == "CPI 1.6.1 supports shared_external"
    unknown = ccm(deployment={**DEPLOYMENT, "version": "", "image": "registry.example.com/cpi"})
    assert only("cpi", "distinct_internal", unknown) == "CPI image registry.example.com/cpi supports distinct_internal"
    stopped = {**DEPLOYMENT, "replicas": 0, "ready": False, "running_replicas": 0}
    assert only("cpi", "shared_external", ccm(deployment=stopped)) == (
        "kube-system/vmware-cloud-director-ccm is scaled to 0, and this run leaves it so: it is not known what it was "
        "scaled to before"
    )
    assert only("cpi", "shared_external", ccm(deployment={**stopped, "running_replicas": 2})) == (
        "CPI is stopped: Deployment kube-system/vmware-cloud-director-ccm is scaled to 0 and had 2 replicas; this run "
        "starts it"
    )
    assert (
        only("configuration", "shared_external") == "kube-system/vcloud-ccm-configmap holds scenario distinct_internal"
    )
    no_vsphere = vcd(edge(backing_type="NSXV_BACKED"))
    assert only("edge_gateway", "shared_external", None, no_vsphere) == "edge gateway acme-edge is NSXV_BACKED"
    within = "edge gateway acme-edge within vipSubnet 203.0.113.0/24 has 51 free external addresses"
    assert only("external_addresses", "shared_external") == within
    anywhere = ccm(config={**CONFIG, "loadbalancer": {"network": "k8s-net"}})
    everywhere = "edge gateway acme-edge has 51 free external addresses"
    assert only("external_addresses", "shared_external", anywhere) == everywhere
    one = ccm("shared_external", services=[service()])
    fitting = vcd(edge(**objects("shared_external")))
    seen = "1 Service with objects in VCD, nothing would break"
    assert only("existing_services", "shared_external", one, fitting) == seen


def test_each_finding_says_whether_it_is_ok() -> None:
    report = preflight_report(
        ccm(deployment=None),
        vcd(edge(service_engine_groups=[group("a", 1, 0), group("b", None, 0)])),
        "shared_external",
    )
    by_severity = {item["severity"]: item["ok"] for item in report["findings"]}
    assert by_severity == {"error": False, "warning": False, "info": True}


def test_two_errors_are_numbered_and_one_is_not() -> None:
    one = preflight_report(ccm(deployment=None), vcd(edge()), "shared_external")["summary"]
    assert one.startswith("the cluster has no Deployment")
    two = preflight_report(ccm(deployment=None, cluster_id=None), vcd(edge()), "shared_external")["summary"]
    assert two.startswith("(1) the cluster has no id")
    assert "; (2) the cluster has no Deployment" in two
