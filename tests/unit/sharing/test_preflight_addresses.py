# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preflight says about the internal range and the external addresses."""

from __future__ import annotations

from typing import Any

import pytest
from preflight_findings import CONFIG, found, preflight_report, severities
from sharing_builders import RANGE, ccm, edge, ip_space_edge, nat_rule, objects, service, vcd, virtual_service


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
def test_the_one_arm_range_is_checked(one_arm: Any, severity: str, words: str) -> None:
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
    ("used", "services", "vip_subnet", "severity"),
    [
        ([], [], "", "info"),
        ([f"203.0.113.{number}" for number in range(10, 61)], [], "", "warning"),
        ([f"203.0.113.{number}" for number in range(10, 60)], [service("a")], "", "info"),
        ([f"203.0.113.{number}" for number in range(10, 60)], [service("a"), service("b")], "", "warning"),
        ([], [], "203.0.113.128/25", "warning"),
    ],
)
def test_the_number_of_free_external_addresses_is_checked(
    used: list[str], services: list[dict[str, Any]], vip_subnet: str, severity: str
) -> None:
    config = {**CONFIG, "loadbalancer": {"network": "k8s-net", "vipSubnet": vip_subnet}}
    answer = vcd(edge(used_ip_addresses=[{"address": address, "category": "NAT_RULE"} for address in used]))
    cluster = ccm(services=services, config=config)
    assert severities("external_addresses", "shared_external", cluster, answer) == [severity]


def test_external_addresses_are_not_counted_with_ip_spaces() -> None:
    assert severities("external_addresses", "shared_external", None, vcd(ip_space_edge())) == []


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


def test_the_range_is_shown_even_when_there_is_no_gateway_to_compare_with() -> None:
    assert found("one_arm", "shared_internal", None, vcd()) == [("info", "192.168.8.2-192.168.8.100")]


def test_a_bad_range_given_as_a_dictionary_is_shown_as_a_range() -> None:
    report = preflight_report(ccm(), vcd(edge()), "shared_internal", {"start_ip": "10.0.0.9", "end_ip": "10.0.0.1"})
    assert "shared_ip_one_arm: 10.0.0.9-10.0.0.1: the range is reversed" in report["summary"]


def test_a_service_without_node_ports_needs_no_address() -> None:
    useless = service("useless")
    for port in useless["ports"]:
        port["node_port"] = None
    used = [{"address": f"203.0.113.{number}", "category": "NAT_RULE"} for number in range(10, 60)]
    cluster = ccm(services=[service("a"), useless])
    assert severities("external_addresses", "shared_external", cluster, vcd(edge(used_ip_addresses=used))) == ["info"]
