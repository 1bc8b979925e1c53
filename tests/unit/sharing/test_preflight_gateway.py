# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preflight says about Cloud Director, the edge gateway and its service engine groups."""

from __future__ import annotations

from typing import Any

import pytest
from preflight_findings import CONFIG, OLD_VCD, found, preflight_report, severities
from sharing_builders import RANGE, SCENARIOS, ccm, edge, group, objects, service, vcd, without


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
    ("edges", "expected"),
    [
        ([edge()], ["info"]),
        ([edge(backing_type="NSXV_BACKED")], ["error"]),
        ([edge(load_balancer={**edge()["load_balancer"], "enabled": False})], ["error"]),
        ([], ["error"]),
        ([edge(), edge(owner={"id": "urn:2", "name": "acme-vdc-2"})], ["error"]),
    ],
)
def test_exactly_one_suitable_edge_gateway_is_required(edges: list[dict[str, Any]], expected: list[str]) -> None:
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
def test_service_engine_groups_must_have_room(groups: list[dict[str, Any]], current: str, expected: list[str]) -> None:
    answer = vcd(edge(service_engine_groups=groups))
    assert severities("service_engine_group", "shared_external", ccm(current), answer) == expected


def test_several_groups_do_not_matter_where_no_ip_is_shared() -> None:
    answer = vcd(edge(service_engine_groups=[group("a", 20, 1), group("b", 20, 1)]))
    assert severities("service_engine_group", "distinct_internal", ccm("shared_external"), answer) == ["info"]


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


def test_a_group_without_a_count_is_empty() -> None:
    empty = {**group("a", 1, 0), "deployed_virtual_services": None}
    answer = vcd(edge(service_engine_groups=[empty]))
    assert severities("service_engine_group", "shared_external", None, answer) == ["info"]
