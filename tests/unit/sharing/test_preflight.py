# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every check of the preflight, passing and failing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.config import read_config
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.preflight import (
    preflight,
    preflight_report,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import services_option
from sharing_builders import (
    RANGE,
    SCENARIOS,
    ccm,
    edge,
    group,
    ip_space_edge,
    names,
    nat_rule,
    objects,
    pool,
    profile,
    service,
    state,
    vcd,
    virtual_service,
    without,
)

DEPLOYMENT: dict[str, Any] = ccm()["deployment"]
CONFIG: dict[str, Any] = ccm()["config"]
OLD_VCD: dict[str, Any] = {"release": "10.3.3", "versions": ("36.2", "36.3")}


def found(
    check: str, target: str, cluster: dict[str, Any] | None = None, cloud: dict[str, Any] | None = None, **more: Any
) -> list[tuple[str, str]]:
    """Severity and message of one check's findings."""
    findings = preflight(state(target, cluster, cloud, **more))
    return [(item.severity.value, item.message) for item in findings if item.check == check]


def severities(check: str, target: str, *args: Any, **more: Any) -> list[str]:
    """Only the severities."""
    return [severity for severity, _message in found(check, target, *args, **more)]


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


@pytest.mark.parametrize(
    ("versions", "release", "target", "severity"),
    [
        (("36.2", "36.3"), "10.3.3", "shared_external", "error"),
        (("36.2", "36.3"), "10.3.3", "shared_internal", "error"),
        (("36.2", "36.3"), "10.3.3", "distinct_internal", "info"),
        (("36.3", "37.0"), "10.4.0", "shared_external", "info"),
        (("9.0", "37.2", "39.1"), "10.6.1", "shared_external", "info"),
        (("36.3", "40.0.0-alpha"), "", "shared_external", "error"),
    ],
)
def test_sharing_needs_vcd_10_4(versions: tuple[str, ...], release: str, target: str, severity: str) -> None:
    answer = vcd(edge(), release=release, versions=versions)
    assert severities("vcd_version", target, None, answer) == [severity]


def test_the_refusal_of_an_old_vcd_names_its_version_and_a_remedy() -> None:
    report = preflight_report(ccm(), vcd(edge(), **OLD_VCD), "shared_external")
    assert report["summary"] == (
        "VCD 10.3.3 (API 36.3) cannot share an IP between virtual services; shared_external needs VCD 10.4 (API 37.0)"
        " - upgrade VCD, or choose distinct_internal"
    )


@pytest.mark.parametrize(
    ("version", "target", "severity"),
    [
        ("1.2.0", "shared_external", "info"),
        ("v1.6.1", "shared_internal", "info"),
        ("1.10.0", "shared_internal", "info"),
        ("1.2", "shared_internal", "info"),
        ("1.1", "shared_internal", "error"),
        ("2.0.0", "shared_internal", "info"),
        ("1.1.3", "shared_external", "error"),
        ("1.1.3", "distinct_internal", "info"),
        ("", "shared_external", "warning"),
        ("latest", "shared_internal", "warning"),
        ("latest", "distinct_internal", "info"),
    ],
)
def test_the_shared_flag_needs_cpi_1_2(version: str, target: str, severity: str) -> None:
    cluster = ccm(deployment={**DEPLOYMENT, "version": version})
    assert severities("cpi", target, cluster) == [severity]


def test_an_unknown_version_of_cpi_names_the_image() -> None:
    cluster = ccm(deployment={**DEPLOYMENT, "version": None, "image": "registry.example.com/cpi@sha256:abc"})
    assert "registry.example.com/cpi@sha256:abc" in found("cpi", "shared_external", cluster)[0][1]


@pytest.mark.parametrize(
    ("deployment", "rollout", "expected"),
    [
        (None, "none", ["error"]),
        ({**DEPLOYMENT, "ready": False}, "none", ["warning", "info"]),
        ({**DEPLOYMENT, "ready": False}, "in_progress", ["info"]),
        ({**DEPLOYMENT, "replicas": 0, "ready": False, "running_replicas": 0}, "none", ["warning", "info"]),
        ({**DEPLOYMENT, "replicas": 0, "ready": False, "running_replicas": 1}, "in_progress", ["info", "info"]),
    ],
)
def test_cpi_itself(deployment: dict[str, Any] | None, rollout: str, expected: list[str]) -> None:
    cluster = ccm(deployment=deployment, rollout={"state": rollout, "backup": None})
    assert severities("cpi", "shared_external", cluster) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["info"]),
        ({"config_map": None, "config": None, "problems": ["it does not exist"]}, ["error"]),
        (
            {
                "config_map": None,
                "config": None,
                "problems": ["it does not exist"],
                "rollout": {"state": "in_progress", "backup": "x"},
            },
            ["info"],
        ),
        ({"config": None, "problems": ["not YAML: line 3: found a tab"]}, ["error"]),
    ],
)
def test_the_file(changes: dict[str, Any], expected: list[str]) -> None:
    assert severities("configuration", "shared_external", ccm("shared_internal", **changes)) == expected


FILE = """\
vcd: {host: https://vcd.example.com, org: acme, vdc: acme-vdc}
loadbalancer:
  network: k8s-net
  %s
vAppName: acme-vapp
"""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("enableVirtualServiceSharedIP: true", ["info"]),
        # a change of scenario replaces these
        ("enableVirtualServiceSharedIP: false", ["warning"]),
        ("oneArm: {startIP: 192.168.8.9, endIP: 192.168.8.2}", ["warning"]),
        ("oneArm: {startIP: 192.168.8.9, endIP: nonsense}", ["warning"]),
        # these stay, and CPI would still refuse them
        ("enableVirtualServiceSharedIp: true", ["error"]),
        ("onearm: {startIP: 192.168.8.2, endIP: 192.168.8.9}", ["error"]),
        ("certAlias: [1, 2]", ["error"]),
    ],
)
def test_only_problems_that_the_change_keeps_stop_it(lines: str, expected: list[str]) -> None:
    file = read_config(FILE % lines)
    cluster = ccm("invalid", problems=list(file.problems), config=file.public_values())
    assert severities("configuration", "shared_external", cluster) == expected


def test_problems_of_the_file_are_quoted() -> None:
    cluster = ccm(problems=["line 4: vcd.hots: CPI does not know this key; did you mean host?"])
    assert (
        "line 4: vcd.hots: CPI does not know this key; did you mean host?"
        in found("configuration", "shared_external", cluster)[0][1]
    )


@pytest.mark.parametrize(
    ("cluster_id", "source", "severity"),
    [("urn:x", "config", "info"), ("urn:x", "secret", "info"), ("", "none", "error")],
)
def test_cluster_id(cluster_id: str, source: str, severity: str) -> None:
    cluster = ccm(cluster_id=cluster_id or None, cluster_id_source=source)
    assert severities("cluster_id", "shared_external", cluster) == [severity]


@pytest.mark.parametrize(("state", "expected"), [("none", []), ("finished", []), ("in_progress", ["info"])])
def test_an_interrupted_rollout_is_only_a_note(state: str, expected: list[str]) -> None:
    cluster = ccm("shared_external", rollout={"state": state, "backup": None})
    assert severities("rollout", "shared_external", cluster) == expected
    assert preflight_report(cluster, vcd(edge()), "shared_external")["change"] is bool(expected)


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([edge()], ["info"]),
        ([edge(backing_type="NSXV_BACKED")], ["error"]),
        ([edge(load_balancer={**edge()["load_balancer"], "enabled": False})], ["error"]),
        ([], ["error"]),
        ([edge(), edge(owner={"id": "urn:2", "name": "acme-vdc-2"})], ["error"]),
    ],
)
def test_edge_gateway(edges: list[dict[str, Any]], expected: list[str]) -> None:
    assert severities("edge_gateway", "shared_external", None, vcd(*edges)) == expected


def test_two_gateways_with_one_name_are_distinguished_by_owner() -> None:
    answer = vcd(edge(), edge(owner={"id": "urn:2", "name": "acme-vdc-2"}))
    assert found("edge_gateway", "shared_external", None, answer) == [
        ("error", "there are 2 edge gateways named acme-edge (in acme-vdc and acme-vdc-2)")
    ]


def test_a_missing_gateway_is_named() -> None:
    report = preflight_report(ccm(), vcd(), "shared_external", edge_gateway="acme-egde")
    assert report["summary"] == (
        "shared_ip_edge_gateway: 'acme-egde': this user sees no such edge gateway"
        " - check the name and shared_ip_vdc, or leave both out"
    )


def test_an_unknown_gateway_is_an_error_with_a_remedy() -> None:
    skipped = {"skipped": True, "changed": False}
    no_network = ccm(config={**CONFIG, "loadbalancer": {"network": ""}})
    report = preflight_report(no_network, skipped, "shared_external")
    assert "give shared_ip_edge_gateway" in report["summary"]
    assert report["edge_gateway"] is None
    interrupted = ccm(config=None, config_map=None, rollout={"state": "in_progress", "backup": "x"})
    assert "give shared_ip_edge_gateway" in preflight_report(interrupted, skipped, "shared_external")["summary"]


def test_one_cause_is_reported_once() -> None:
    cluster = ccm(config=None, config_map=None, cluster_id=None, problems=["ConfigMap a/b does not exist"])
    summary = preflight_report(cluster, {"skipped": True}, "shared_external")["summary"]
    assert summary == ("ConfigMap a/b does not exist - check the cluster, shared_ip_namespace and shared_ip_config_map")


@pytest.mark.parametrize(
    ("groups", "current", "expected"),
    [
        ([group("a", 20, 19)], "distinct_internal", ["info"]),
        # a full group stops only a change that needs more places (see below)
        ([group("a", 20, 20)], "distinct_internal", ["warning"]),
        # if nothing is to be changed, a lack of room is only a warning
        ([group("a", 20, 20)], "shared_external", ["warning"]),
        ([], "distinct_internal", ["error"]),
        ([group("a", None, 0)], "distinct_internal", ["error"]),
        ([group("a", None, 0), group("b", 20, 1)], "distinct_internal", ["warning", "info"]),
        ([group("a", 20, 1), group("b", 20, 1)], "distinct_internal", ["info", "warning"]),
        ([group("a", 20, 20), group("b", 20, 1)], "distinct_internal", ["info", "warning"]),
    ],
)
def test_service_engine_groups(groups: list[dict[str, Any]], current: str, expected: list[str]) -> None:
    answer = vcd(edge(service_engine_groups=groups))
    assert severities("service_engine_group", "shared_external", ccm(current), answer) == expected


def test_several_groups_do_not_matter_where_no_ip_is_shared() -> None:
    answer = vcd(edge(service_engine_groups=[group("a", 20, 1), group("b", 20, 1)]))
    assert severities("service_engine_group", "distinct_internal", ccm("shared_external"), answer) == ["info"]


@pytest.mark.parametrize(
    ("one_arm", "severity", "words"),
    [
        (None, "info", "192.168.8.2-192.168.8.100"),
        ("", "info", "192.168.8.2-192.168.8.100"),
        ("172.16.0.1-172.16.0.9", "info", "holds 9 addresses"),
        ({"start_ip": "172.16.0.1", "end_ip": "172.16.0.9"}, "info", "holds 9 addresses"),
        ("10.10.0.200-10.10.0.210", "error", "overlaps the network k8s-net (10.10.0.0/24)"),
        ("203.0.113.200-203.0.113.210", "error", "overlaps the uplink uplink-1 (203.0.113.0/24)"),
        ("192.168.255.120-192.168.255.130", "error", "overlaps the load balancer's service network (192.168.255.0/25)"),
        ("192.168.255.128-192.168.255.140", "info", "holds 13 addresses"),
        ("172.16.0.9-172.16.0.1", "error", "shared_ip_one_arm: 172.16.0.9-172.16.0.1: the range is reversed"),
        ("172.16.0.1-172.16.0.999", "error", "'172.16.0.999' is not an IPv4 address"),
        ("fd00::1-fd00::2", "error", "is not an IPv4 address"),
        ("nonsense", "error", "START-END"),
    ],
)
def test_one_arm_range(one_arm: Any, severity: str, words: str) -> None:
    ((level, message),) = found("one_arm", "shared_internal", ccm("shared_external"), one_arm=one_arm)
    assert level == severity
    assert words in message


def test_the_range_of_the_file_is_kept_and_not_needed_without_one_arm() -> None:
    own = {"start_ip": "172.16.0.1", "end_ip": "172.16.0.9"}
    assert preflight_report(ccm(one_arm=own), vcd(edge()), "shared_internal", "")["one_arm"] == own
    assert preflight_report(ccm(one_arm=own), vcd(edge()), "shared_external", "10.10.0.1-10.10.0.2")["one_arm"] is None
    assert preflight_report(ccm("shared_external"), vcd(edge()), "shared_internal")["one_arm"] == RANGE


def test_a_new_range_alone_is_a_change() -> None:
    report = preflight_report(ccm(), vcd(edge()), "distinct_internal", "172.16.0.1-172.16.0.9")
    assert report["change"] is True
    assert preflight_report(ccm(), vcd(edge()), "distinct_internal", "192.168.8.2-192.168.8.100")["change"] is False


@pytest.mark.parametrize(
    ("target", "one_arm", "expected"),
    [
        # two Services with two ports each: 2 shared or 4 distinct addresses
        ("shared_internal", "172.16.0.1-172.16.0.3", "info"),
        ("shared_internal", "172.16.0.1-172.16.0.2", "warning"),
        ("shared_internal", "172.16.0.1-172.16.0.1", "error"),
        ("distinct_internal", "172.16.0.1-172.16.0.5", "info"),
        ("distinct_internal", "172.16.0.1-172.16.0.4", "warning"),
        ("distinct_internal", "172.16.0.1-172.16.0.3", "error"),
    ],
)
def test_the_range_must_be_big_enough(target: str, one_arm: str, expected: str) -> None:
    cluster = ccm("shared_external", services=[service("a"), service("b")])
    assert severities("one_arm", target, cluster, one_arm=one_arm) == [expected]


def test_addresses_that_another_cluster_holds_do_not_count() -> None:
    other = [virtual_service("other", "http", f"172.16.0.{number}", "urn:another") for number in (1, 2)]
    cluster = ccm("shared_external", services=[service("a")])
    answer = vcd(edge(virtual_services=other))
    ((level, message),) = found("one_arm", "shared_internal", cluster, answer, one_arm="172.16.0.1-172.16.0.2")
    assert level == "error"
    assert "2 of them used by others" in message


@pytest.mark.parametrize(
    ("services", "severity"),
    [
        ([service("a"), service("b")], "info"),
        ([service("a"), service("a", "shop")], "error"),
        ([service("a"), service("a", "shop", load_balancer_class="example.com/other")], "info"),
    ],
)
def test_two_services_with_one_name(services: list[dict[str, Any]], severity: str) -> None:
    assert severities("service_names", "shared_external", ccm(services=services)) == [severity]


@pytest.mark.parametrize(
    ("used", "services", "vip_subnet", "severity"),
    [
        ([], [], "", "info"),
        ([f"203.0.113.{number}" for number in range(10, 61)], [], "", "warning"),
        ([f"203.0.113.{number}" for number in range(10, 60)], [service("a")], "", "info"),
        ([f"203.0.113.{number}" for number in range(10, 60)], [service("a"), service("b")], "", "warning"),
        ([], [], "203.0.113.128/25", "warning"),
    ],
)
def test_external_addresses(used: list[str], services: list[dict[str, Any]], vip_subnet: str, severity: str) -> None:
    config = {**CONFIG, "loadbalancer": {"network": "k8s-net", "vipSubnet": vip_subnet}}
    answer = vcd(edge(used_ip_addresses=[{"address": address, "category": "NAT_RULE"} for address in used]))
    cluster = ccm(services=services, config=config)
    assert severities("external_addresses", "shared_external", cluster, answer) == [severity]


def test_external_addresses_are_not_counted_with_ip_spaces() -> None:
    assert severities("external_addresses", "shared_external", None, vcd(ip_space_edge())) == []


@pytest.mark.parametrize(
    ("current", "target", "shape", "expected"),
    [
        ("shared_external", "shared_internal", "shared_external", "error"),
        ("shared_external", "distinct_internal", "shared_external", "error"),
        ("shared_internal", "shared_external", "shared_internal", "error"),
        ("distinct_internal", "shared_external", "distinct_internal", "error"),
        ("shared_internal", "distinct_internal", "shared_internal", "info"),
        ("distinct_internal", "shared_internal", "distinct_internal", "info"),
        # a change that was made manually is reverted
        ("shared_internal", "shared_external", "shared_external", "info"),
        ("shared_external", "distinct_internal", "distinct_internal", "info"),
        # damage that is there already
        ("shared_internal", "shared_internal", "shared_external", "warning"),
        ("invalid", "shared_internal", "shared_external", "error"),
    ],
)
def test_existing_services(current: str, target: str, shape: str, expected: str) -> None:
    answer = vcd(edge(**objects(shape)))
    assert severities("existing_services", target, ccm(current, services=[service()]), answer) == [expected]


def test_a_refusal_names_the_service_and_why() -> None:
    cluster = ccm("distinct_internal", services=[service(), service("db", "shop", ports=("sql",))])
    report = preflight_report(cluster, vcd(edge(**objects("distinct_internal"))), "shared_external")
    assert report["ok"] is False
    assert (
        "default/web (distinct_internal) would break under shared_external: CPI stops at 'more than one"
        in (report["summary"])
    )
    assert "shop/db" not in report["summary"]
    assert [item["shape"] for item in report["services"]] == ["distinct_internal", "absent"]


def test_orphans_are_listed_by_kind_and_stay_unless_asked() -> None:
    left = {
        "virtual_services": [virtual_service("gone", "http", "192.168.8.9")],
        "pools": [pool("gone", "http", "x"), pool("web", "old", "y")],
        "nat_rules": [
            nat_rule("gone", "http", "203.0.113.11", "192.168.8.9"),
            nat_rule("other", "http", "203.0.113.12", "192.168.8.10", cluster_id="urn:another"),
        ],
        "application_port_profiles": [profile("gone", "http")],
    }
    report = preflight_report(ccm(services=[service()]), vcd(edge(**left)), "shared_internal")
    (finding,) = [item for item in report["findings"] if item["check"] == "orphans"]
    names = [item["name"] for item in report["orphans"]]
    assert finding["severity"] == "warning"
    assert finding["message"] == (
        f"no live Service and port has the names of 1 virtual service {names[0]}; 2 pools {names[1]}, {names[2]}; "
        f"1 NAT rule {names[3]}; 1 application port profile {names[4]} "
        "(only its name shows that it may be of this cluster)"
    )
    assert finding["remedy"].startswith("shared_ip_prune: true removes those that a restore point")
    assert report["removals"] == []
    assert found("orphans", "shared_internal", None, vcd(edge())) == []


WEB = "default/web"


def existing(target: str, cluster: dict[str, Any], cloud: dict[str, Any]) -> list[tuple[str, str]]:
    """The findings about Services that are to be migrated."""
    return found("existing_services", target, cluster, cloud, existing="migrate")


@pytest.mark.parametrize("shape", SCENARIOS)
@pytest.mark.parametrize("target", SCENARIOS)
def test_services_to_be_migrated_do_not_stop_the_run(shape: str, target: str) -> None:
    cluster, cloud = ccm(shape, services=[service(), service("new", ips=())]), vcd(edge(**objects(shape)))
    report = preflight_report(cluster, cloud, target, existing="migrate")
    assert report["ok"] is True
    if shape == target:
        message, moves = "1 Service with objects in VCD, none has to be migrated", []
    else:
        message = f"{WEB} will be migrated from {shape} to {target}"
        moves = [("web", "203.0.113.10", shape, target, False)]
    assert existing(target, cluster, cloud) == [("info", message)]
    keys = ("name", "external_ip", "from", "to", "damaged")
    assert [tuple(move[key] for key in keys) for move in report["migrations"]] == moves


def test_without_the_option_nothing_is_migrated_and_the_option_is_named() -> None:
    cluster = ccm("distinct_internal", services=[service()])
    report = preflight_report(cluster, vcd(edge(**objects("distinct_internal"))), "shared_external")
    assert report["migrations"] == []
    assert (
        "migrate them (shared_ip_existing: migrate), or keep the scenario, or delete the Service" in report["summary"]
    )


def test_a_damaged_service_is_repaired_even_when_the_scenario_stays() -> None:
    damaged = objects("shared_internal")
    del damaged["nat_rules"][1]
    cluster, cloud = ccm("shared_internal", services=[service()]), vcd(edge(**damaged))
    ((level, message),) = existing("shared_internal", cluster, cloud)
    assert level == "info"
    assert message.startswith(f"{WEB} is repaired and becomes shared_internal: port http: virtual service on 192.168")
    assert "port https: virtual service on 192.168.8.2, no DNAT rule leads there" in message
    report = preflight_report(cluster, cloud, "shared_internal", existing="migrate")
    assert report["change"] is True
    assert report["migrations"][0]["damaged"] is True
    assert preflight_report(cluster, cloud, "shared_internal")["change"] is False


def test_a_port_without_objects_is_repaired() -> None:
    half = objects("shared_external")
    del half["virtual_services"][1]
    cluster = ccm("shared_external", services=[service()])
    ((_level, message),) = existing("shared_external", cluster, vcd(edge(**half)))
    name = names("web", "https").virtual_service
    assert message == f"{WEB} is repaired and becomes shared_external: port https: virtual service {name} is missing"


def test_a_service_that_lost_all_its_objects_keeps_the_ip_that_kubernetes_shows() -> None:
    cluster = ccm("shared_external", services=[service()])
    report = preflight_report(cluster, vcd(edge()), "shared_external", existing="migrate")
    assert [(move["external_ip"], move["from"]) for move in report["migrations"]] == [("203.0.113.10", "absent")]
    spaces = ccm("shared_external", services=[service(ips=("192.168.8.2",)), service("b", ips=("198.51.100.1",))])
    report = preflight_report(spaces, vcd(ip_space_edge()), "shared_external", existing="migrate")
    assert [move["external_ip"] for move in report["migrations"]] == ["198.51.100.1"]
    waiting = ccm("shared_external", services=[service(ips=(), load_balancer_ip="203.0.113.10")])
    assert preflight_report(waiting, vcd(edge()), "shared_external", existing="migrate")["migrations"] == []


def test_the_ip_that_serves_is_kept_whatever_kubernetes_shows() -> None:
    cluster = ccm("shared_external", services=[service(ips=("192.168.8.2",))])
    ((level, message),) = existing("shared_external", cluster, vcd(edge(**objects("shared_internal"))))
    assert level == "info"
    assert message.endswith("it keeps 203.0.113.10, though Kubernetes shows 192.168.8.2 now")


def with_foreign() -> dict[str, Any]:
    """The objects of web, and another user's virtual service on its external IP."""
    there = objects("distinct_internal")
    there["virtual_services"].append({**virtual_service("x", "y", "203.0.113.10"), "name": "theirs"})
    return there


def two_external_ips() -> dict[str, Any]:
    """Objects with a DNAT rule for another external IP."""
    both = objects("distinct_internal")
    both["nat_rules"][1]["external_addresses"] = "203.0.113.11"
    return both


@pytest.mark.parametrize(
    ("item", "there", "why", "harm"),
    [
        (
            service(ips=()),
            {"virtual_services": objects("shared_internal")["virtual_services"]},
            "its external IP is unknown",
            "Kubernetes shows the internal 192.168.8.2 as its external IP",
        ),
        (service(deleting=True), objects("distinct_internal"), "it is being deleted", "can neither update nor delete"),
        (service(), with_foreign(), "port 80 of 203.0.113.10 is held by", "more than one"),
    ],
)
def test_a_service_that_would_break_as_it_is_stops_the_run(
    item: dict[str, Any], there: dict[str, Any], why: str, harm: str
) -> None:
    cluster, cloud = ccm("distinct_internal", services=[item]), vcd(edge(**there))
    ((level, message),) = existing("shared_external", cluster, cloud)
    assert (level, message.startswith(f"{WEB} cannot be migrated ({why}")) == ("error", True)
    assert "and would break under shared_external" in message
    assert harm in message
    report = preflight_report(cluster, cloud, "shared_external", existing="migrate")
    assert report["ok"] is False
    assert report["migrations"][0]["obstacle"].startswith(why)
    # where nothing is to be changed, it is left as it is
    assert found("existing_services", "distinct_internal", cluster, cloud, existing="migrate")[0][0] != "error"


@pytest.mark.parametrize(
    ("item", "there", "why"),
    [
        (service(ips=("192.168.8.2",)), {}, "its external IP is unknown"),
        (service(ips=("198.51.100.1",)), {}, "198.51.100.1 is not an IPv4 address of that gateway"),
        (service(ips=("2001:db8::7",)), {}, "2001:db8::7 is not an IPv4 address of that gateway"),
        (service(ips=("10.10.0.200",)), {}, "10.10.0.200 belongs to network k8s-net"),
        (service(deleting=True), objects("shared_external"), "it is being deleted, and CPI removes its objects"),
        (service(deleting=True), objects("shared_internal"), "it is being deleted, and CPI removes its objects"),
    ],
)
def test_a_service_that_stays_as_it_is_does_not_stop_the_others(
    item: dict[str, Any], there: dict[str, Any], why: str
) -> None:
    other = service("other", ips=("203.0.113.20",))
    here = objects("shared_internal", "other", outside="203.0.113.20")
    for one in (*here["virtual_services"], *here["nat_rules"]):
        one.update({key: "192.168.8.9" for key in ("virtual_ip_address", "internal_addresses") if key in one})
    both = {kind: here[kind] + there.get(kind, []) for kind in here}
    cluster, cloud = ccm("shared_internal", services=[item, other]), vcd(edge(**both))
    findings = existing("shared_external", cluster, cloud)
    assert [level for level, _message in findings] == ["warning", "info"]
    assert findings[0][1].startswith(f"{WEB} stays as it is: ")
    assert why in findings[0][1]
    assert [one["name"] for one in services_option(cluster, cloud, "shared_external")] == ["other"]


UDP = {"name": "quic", "port": 81, "node_port": 30999, "protocol": "UDP", "app_protocol": None}


def with_udp() -> dict[str, Any]:
    """A Service with TCP 80, TCP 81 and UDP 81: the way CPI gets no further than to the third one."""
    item = service()
    return {**item, "ports": [*item["ports"], UDP]}


@pytest.mark.parametrize("shape", SCENARIOS)
@pytest.mark.parametrize("target", SCENARIOS)
def test_the_tcp_ports_of_a_service_with_a_udp_port_are_migrated(shape: str, target: str) -> None:
    there = objects(shape)
    if shape != "shared_external":
        # what CPI makes for the UDP port before it fails: a rule for the same number
        inside = "192.168.8.2" if shape == "shared_internal" else "192.168.8.9"
        there["nat_rules"].append(nat_rule("web", "quic", "203.0.113.10", inside, 81))
        there["application_port_profiles"].append(profile("web", "quic", 81))
        there["pools"].append(pool("web", "quic"))
    cluster, cloud = ccm(shape, services=[with_udp()]), vcd(edge(**there))
    report = preflight_report(cluster, cloud, target, RANGE, "migrate")
    assert report["ok"], report["summary"]
    (text,) = [one["message"] for one in report["findings"] if one["check"] == "service_ports"]
    assert text.startswith("port quic of default/web: UDP: CPI serves TCP only, and stops at this port; it stays aside")
    assert ("CPI adds a second DNAT rule for port 81" in text) == (target == "distinct_internal")
    steps = [step for one in report["migrations"] for step in one["steps"]]
    assert bool(steps) == (shape != target)
    # the rule of the UDP port goes where it would take the traffic of the TCP port
    stray = [step for step in steps if "-quic" in step]
    goes = shape != "shared_external" and target == "shared_external"
    moved = shape == "distinct_internal" and target == "shared_internal"
    assert len(stray) == (3 if goes or moved else 0)
    (option,) = services_option(cluster, cloud, target, RANGE)
    assert (len(option["ports"]), option["other_ports"]) == (2, ["quic"])


def test_a_port_that_cpi_refuses_but_that_has_a_virtual_service_is_not_lost() -> None:
    item = service()
    item["ports"][1]["protocol"] = "UDP"
    cluster, cloud = ccm("shared_internal", services=[item]), vcd(edge(**objects("shared_internal")))
    ((level, _message),) = existing("shared_external", cluster, cloud)
    assert level == "info"
    assert [len(one["ports"]) for one in services_option(cluster, cloud, "shared_external")] == [2]


@pytest.mark.parametrize("shape", SCENARIOS)
@pytest.mark.parametrize("target", SCENARIOS)
def test_a_full_group_does_not_stop_a_move_that_needs_no_more_places(shape: str, target: str) -> None:
    cluster = ccm(shape, services=[service()])
    cloud = vcd(edge(**objects(shape), service_engine_groups=[group("seg-shared", 2, 2)]))
    ((level, message),) = found("service_engine_group", target, cluster, cloud, one_arm=RANGE, existing="migrate")
    assert level == "warning"
    assert "(seg-shared 2 of 2 virtual services); this change needs no more, and a new Service gets none" in message


@pytest.mark.parametrize(("maximum", "level"), [(2, "error"), (3, "info")])
def test_a_repair_needs_a_place_in_the_group_of_the_others(maximum: int, level: str) -> None:
    half = without(objects("shared_external"), "virtual_services", 0)
    groups = [group("roomy", 20, 0), group("seg-shared", maximum, 2)]
    cluster, cloud = ccm("shared_external", services=[service()]), vcd(edge(**half, service_engine_groups=groups))
    findings = found("service_engine_group", "shared_external", cluster, cloud, existing="migrate")
    assert findings[0][0] == level
    if level == "error":
        assert "seg-shared has 2 of 2, and the plan needs 1 more" in findings[0][1]


def test_what_the_operator_excludes_stays_as_it_is() -> None:
    there = objects("shared_internal")
    for excluded, moved in ((["default/web"], []), (["default/web:https"], [1]), (["default/web:81"], [1]), ([], [2])):
        cluster = ccm("shared_internal", services=[service()], excluded=excluded)
        cloud = vcd(edge(**there))
        # the two internal scenarios serve beside each other
        report = preflight_report(cluster, cloud, "distinct_internal", RANGE, "migrate")
        assert report["ok"], report["summary"]
        options = services_option(cluster, cloud, "distinct_internal", RANGE)
        assert [len(one["ports"]) for one in options] == moved
        steps = [step for one in report["migrations"] for step in one["steps"]]
        assert not any("-https" in step for step in steps) or not excluded
        # without NAT, CPI would break what stays
        report = preflight_report(cluster, cloud, "shared_external", None, "migrate")
        assert report["ok"] is not bool(excluded)
        if excluded:
            assert "take it out of shared_ip_exclude, or keep the scenario" in report["summary"]


@pytest.mark.parametrize("name", ["default/wen", "web", "default/web:8080", "default/web:"])
def test_an_excluded_name_that_does_not_exist_is_refused(name: str) -> None:
    cluster = ccm("shared_internal", services=[service()], excluded=[name, "default/web:80"])
    report = preflight_report(cluster, vcd(edge(**objects("shared_internal"))), "shared_internal", RANGE)
    assert report["ok"] is False
    assert report["summary"].startswith(f"shared_ip_exclude: {name!r}: there is no such Service")
    assert "write namespace/name or namespace/name:port" in report["summary"]


def test_no_remedy_is_one_that_kubernetes_refuses() -> None:
    """The load balancer class of a Service that exists cannot be set."""
    cluster = ccm("shared_internal", services=[service(ips=("198.51.100.1",))])
    report = preflight_report(cluster, vcd(edge()), "shared_external", None, "migrate")
    assert not [one for one in report["findings"] if "loadBalancerClass" in str(one)]


def test_of_two_external_ips_the_one_that_kubernetes_shows_is_kept() -> None:
    cluster, cloud = ccm("distinct_internal", services=[service()]), vcd(edge(**two_external_ips()))
    ((level, message),) = existing("shared_external", cluster, cloud)
    assert level == "info"
    assert message.endswith("; it keeps 203.0.113.10 and gives up 203.0.113.11")


def test_a_routed_ip_that_is_on_no_uplink_can_be_kept_by_its_dnat_rules() -> None:
    there = objects("shared_internal")
    for rule in there["nat_rules"]:
        rule["external_addresses"] = "198.51.100.1"
    cluster = ccm("shared_internal", services=[service(ips=("198.51.100.1",))])
    assert existing("distinct_internal", cluster, vcd(edge(**there)))[0][0] == "info"


def test_the_ip_before_an_interrupted_change_has_precedence() -> None:
    stored = [{"namespace": "default", "name": "web", "external_ip": "203.0.113.20"}]
    cluster = ccm(
        "shared_external",
        services=[service()],
        rollout={"state": "in_progress", "backup": "x"},
        restore_point={"kubernetes_services": stored},
    )
    report = preflight_report(cluster, vcd(edge()), "shared_external", existing="migrate")
    assert [move["external_ip"] for move in report["migrations"]] == ["203.0.113.20"]


def test_services_with_one_name_are_reported_once() -> None:
    cluster = ccm("distinct_internal", services=[service(), service(namespace="shop")])
    cloud = vcd(edge(**objects("distinct_internal")))
    assert existing("shared_external", cluster, cloud) == []
    assert found("service_names", "shared_external", cluster, cloud, existing="migrate")[0][0] == "error"


@pytest.mark.parametrize(
    ("shape", "target", "one_arm", "severity", "words"),
    [
        ("shared_external", "distinct_internal", RANGE, "info", "need 2, 2 of them new"),
        ("shared_external", "shared_internal", RANGE, "info", "need 1, 1 of them new"),
        ("shared_internal", "distinct_internal", RANGE, "info", "need 2, 1 of them new"),
        ("distinct_internal", "shared_internal", RANGE, "info", "need 1"),
        ("shared_external", "distinct_internal", "172.16.0.1-172.16.0.1", "error", "distinct_internal needs 2"),
        # the address of the earlier range is kept, so that one new one is enough
        ("shared_internal", "distinct_internal", "172.16.0.1-172.16.0.1", "warning", "none of them left"),
        ("distinct_internal", "shared_internal", "172.16.0.1-172.16.0.1", "info", "need none yet"),
    ],
)
def test_the_range_must_have_room_for_the_migration(
    shape: str, target: str, one_arm: Any, severity: str, words: str
) -> None:
    cluster, cloud = ccm(shape, services=[service()]), vcd(edge(**objects(shape)))
    ((level, message),) = found("one_arm", target, cluster, cloud, one_arm=one_arm, existing="migrate")
    assert level == severity
    assert words in message


def test_without_a_migration_no_address_of_an_earlier_range_counts() -> None:
    cluster, cloud = ccm("shared_internal", services=[service()]), vcd(edge(**objects("shared_internal")))
    assert severities("one_arm", "distinct_internal", cluster, cloud, one_arm="172.16.0.1-172.16.0.1") == ["error"]


def test_a_migration_avoids_the_targets_of_other_nat_rules() -> None:
    cluster = ccm("shared_external", services=[service("a")])
    foreign = {"nat_rules": [nat_rule("other", "http", "203.0.113.12", "172.16.0.1", cluster_id="urn:another")]}
    given: dict[str, Any] = {"one_arm": "172.16.0.1-172.16.0.2", "existing": "migrate"}
    ((level, message),) = found("one_arm", "shared_internal", cluster, vcd(edge(**foreign)), **given)
    assert (level, "1 of them used by others" in message) == ("warning", True)
    ((level, _message),) = found(
        "one_arm", "shared_internal", cluster, vcd(edge(**foreign)), one_arm="172.16.0.1-172.16.0.2"
    )
    assert level == "info"
    own = {"nat_rules": [nat_rule("a", "http", "203.0.113.12", "172.16.0.1")]}
    ((level, message),) = found("one_arm", "shared_internal", cluster, vcd(edge(**own)), **given)
    assert (level, "used by others" in message) == ("info", False)


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


def test_a_finding_says_whether_it_is_ok() -> None:
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


def test_the_range_is_shown_even_when_there_is_no_gateway_to_compare_with() -> None:
    assert found("one_arm", "shared_internal", None, vcd()) == [("info", "192.168.8.2-192.168.8.100")]


def test_a_bad_range_given_as_a_dictionary_is_shown_as_a_range() -> None:
    report = preflight_report(ccm(), vcd(edge()), "shared_internal", {"start_ip": "10.0.0.9", "end_ip": "10.0.0.1"})
    assert "shared_ip_one_arm: 10.0.0.9-10.0.0.1: the range is reversed" in report["summary"]


def test_one_duplicate_name_among_others_is_an_error() -> None:
    cluster = ccm(services=[service("a"), service("b"), service("b", "shop")])
    assert severities("service_names", "shared_external", cluster) == ["error"]


def test_one_broken_service_among_healthy_ones_is_an_error() -> None:
    answer = vcd(edge(**objects("distinct_internal")))
    cluster = ccm(services=[service(), service("new")])
    assert severities("existing_services", "shared_external", cluster, answer) == ["error"]


def test_a_service_without_node_ports_needs_no_address() -> None:
    useless = service("useless")
    for port in useless["ports"]:
        port["node_port"] = None
    used = [{"address": f"203.0.113.{number}", "category": "NAT_RULE"} for number in range(10, 60)]
    cluster = ccm(services=[service("a"), useless])
    assert severities("external_addresses", "shared_external", cluster, vcd(edge(used_ip_addresses=used))) == ["info"]


def test_a_group_without_a_count_is_empty() -> None:
    empty = {**group("a", 1, 0), "deployed_virtual_services": None}
    answer = vcd(edge(service_engine_groups=[empty]))
    assert severities("service_engine_group", "shared_external", None, answer) == ["info"]
