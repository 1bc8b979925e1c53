# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags and scenario, CPI's names, and address ranges."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    BadRange,
    count_free,
    network_of,
    parse_range,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway import names

UUID = "6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
SHORT = f"capvcdCluster:{UUID}"
URN = f"urn:vcloud:entity:vmware:{SHORT}"


@pytest.mark.parametrize(
    ("shared", "one_arm", "scenario"),
    [
        (True, False, Scenario.SHARED_EXTERNAL),
        (True, True, Scenario.SHARED_INTERNAL),
        (False, True, Scenario.DISTINCT_INTERNAL),
        (False, False, None),
    ],
)
def test_flags_and_scenario_correspond(shared: bool, one_arm: bool, scenario: Scenario | None) -> None:
    assert Scenario.from_flags(shared, one_arm) is scenario
    if scenario:
        assert (scenario.shared_ip, scenario.one_arm) == (shared, one_arm)


def test_an_unknown_scenario_is_named_with_the_three_that_exist() -> None:
    with pytest.raises(InvalidInput) as caught:
        Scenario.parse("shared", "shared_ip_scenario")
    text = "shared_ip_scenario: 'shared': choose one of shared_external, shared_internal, distinct_internal"
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("cluster_id", "short"),
    [
        (URN, SHORT),
        (f"urn:vcloud:entity:cse:nativeCluster:{UUID}", UUID),
        ("my-cluster", "my-cluster"),
        ("", ""),
    ],
)
def test_the_cluster_id_loses_its_prefix(cluster_id: str, short: str) -> None:
    assert names.short_cluster_id(cluster_id) == short


def test_names_are_those_that_cpi_looks_for() -> None:
    found = names.Naming.of_cluster(URN).port("web", "https")
    assert tuple(found) == (
        f"ingress-vs-web-{SHORT}-https",
        f"ingress-pool-web-{SHORT}-https",
        f"dnat-ingress-vs-web-{SHORT}-https",
        f"appPort_dnat-ingress-vs-web-{SHORT}-https",
        f"ipset-ingress-pool-web-{SHORT}-https",
    )
    assert names.ip_claim_marker("shop", "web", URN) == f"cluster-{SHORT}-namespace-shop-service-web"


@pytest.mark.parametrize(
    ("value", "text", "size"),
    [
        ("192.168.8.2-192.168.8.100", "192.168.8.2-192.168.8.100", 99),
        (" 10.0.0.1 - 10.0.0.1 ", "10.0.0.1-10.0.0.1", 1),
        ({"start_ip": "10.0.0.1", "end_ip": "10.0.1.0"}, "10.0.0.1-10.0.1.0", 256),
    ],
)
def test_ranges_are_read(value: Any, text: str, size: int) -> None:
    found = parse_range(value)
    assert (str(found), found.size) == (text, size)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("192.168.8.2", "write it as START-END, for example 192.168.8.2-192.168.8.100"),
        ("192.168.8.0/24", "write it as START-END, for example 192.168.8.2-192.168.8.100"),
        ("192.168.8.2-192.168.8.300", "'192.168.8.300' is not an IPv4 address"),
        ("fd00::1-fd00::9", "'fd00::1' is not an IPv4 address"),
        ("192.168.8.100-192.168.8.2", "the range is reversed: the first address must not be above the last"),
        ({"start_ip": "192.168.8.2"}, "give start_ip and end_ip, and nothing else"),
        ({"start_ip": "a", "end_ip": "b", "mask": "c"}, "give start_ip and end_ip, and nothing else"),
        ({"start_ip": "", "end_ip": "192.168.8.2"}, "'' is not an IPv4 address"),
    ],
)
def test_an_invalid_range_is_named(value: Any, message: str) -> None:
    with pytest.raises(BadRange) as caught:
        parse_range(value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("network", "overlaps"),
    [
        ("192.168.8.0/24", True),
        ("192.168.8.1/32", False),
        ("192.168.8.2/32", True),
        ("192.168.8.100/32", True),
        ("192.168.8.101/32", False),
        ("0.0.0.0/0", True),
        ("fd00::/8", False),
    ],
)
def test_overlap_counts_both_ends(network: str, overlaps: bool) -> None:
    read = network_of(network)
    assert read is not None
    assert parse_range("192.168.8.2-192.168.8.100").overlaps(read) is overlaps


def test_free_addresses_are_counted_within_the_subnet_only() -> None:
    ranges = [parse_range("203.0.113.10-203.0.113.19"), parse_range("198.51.100.1-198.51.100.2")]
    used = ["203.0.113.10", "203.0.113.11", "203.0.113.200", "2001:db8::1"]
    assert count_free(ranges, used) == 10
    assert count_free(ranges, used, network_of("203.0.113.0/28")) == 4
    assert count_free(ranges, used, network_of("fd00::/8")) == 0
