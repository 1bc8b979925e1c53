# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preflight says about Services as they are, their names, and orphans."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import services_option
from preflight_findings import existing, found, preflight_report, severities
from sharing_builders import ccm, edge, nat_rule, objects, pool, profile, service, vcd, virtual_service


@pytest.mark.parametrize(
    ("services", "severity"),
    [
        ([service("a"), service("b")], "info"),
        ([service("a"), service("a", "shop")], "error"),
        ([service("a"), service("a", "shop", load_balancer_class="example.com/other")], "info"),
    ],
)
def test_two_services_with_one_name_are_an_error(services: list[dict[str, Any]], severity: str) -> None:
    assert severities("service_names", "shared_external", ccm(services=services)) == [severity]


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
        # existing damage
        ("shared_internal", "shared_internal", "shared_external", "warning"),
        ("invalid", "shared_internal", "shared_external", "error"),
    ],
)
def test_existing_services_are_checked_against_the_target(current: str, target: str, shape: str, expected: str) -> None:
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
        "(only its name shows that it may belong to this cluster)"
    )
    assert finding["remedy"].startswith("shared_ip_prune: true removes those that a restore point")
    assert report["removals"] == []
    assert found("orphans", "shared_internal", None, vcd(edge())) == []


def test_a_port_that_cpi_refuses_but_that_has_a_virtual_service_is_not_lost() -> None:
    item = service()
    item["ports"][1]["protocol"] = "UDP"
    cluster, cloud = ccm("shared_internal", services=[item]), vcd(edge(**objects("shared_internal")))
    ((level, _message),) = existing("shared_external", cluster, cloud)
    assert level == "info"
    assert [len(one["ports"]) for one in services_option(cluster, cloud, "shared_external")] == [2]


def test_one_duplicate_name_among_others_is_an_error() -> None:
    cluster = ccm(services=[service("a"), service("b"), service("b", "shop")])
    assert severities("service_names", "shared_external", cluster) == ["error"]


def test_one_broken_service_among_healthy_ones_is_an_error() -> None:
    answer = vcd(edge(**objects("distinct_internal")))
    cluster = ccm(services=[service(), service("new")])
    assert severities("existing_services", "shared_external", cluster, answer) == ["error"]
