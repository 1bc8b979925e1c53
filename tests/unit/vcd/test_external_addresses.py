# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""External addresses: the first free one of an IP block, and those that are claimed in IP Spaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._edge_gateway.calls import (
    free_external_ip,
    get_edge_gateway,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, connect
from conftest import Modules


@pytest.fixture
def api(vcd: Modules) -> Iterator[Api]:
    """The session of user kube on the estate with IP blocks."""
    with connect({**vcd.connection, "validate_certs": True, "timeout": 30}) as session:
        yield session


def dnat(vcd: Modules, *external: str) -> None:
    """A DNAT rule for each of these addresses."""
    for address in external:
        vcd.done(
            "vcd_nat_rule", name=address, type="DNAT", external_addresses=address, internal_addresses="10.10.0.11"
        )


def test_the_first_free_address_of_the_blocks(api: Api, vcd: Modules) -> None:
    gateway = get_edge_gateway(api, "acme-edge")
    assert free_external_ip(api, gateway, None) == "203.0.113.10"
    dnat(vcd, "203.0.113.10", "203.0.113.12")
    assert free_external_ip(api, gateway, None) == "203.0.113.11"
    assert free_external_ip(api, gateway, None, ["203.0.113.11"]) == "203.0.113.13"
    assert free_external_ip(api, gateway, "203.0.113.32/27") == "203.0.113.32"
    assert free_external_ip(api, gateway, "203.0.113.0/24") == "203.0.113.11"
    assert free_external_ip(api, gateway, "203.0.113.60") == "203.0.113.60"


def test_none_that_is_free_is_said_with_the_remedy(api: Api, vcd: Modules) -> None:
    gateway = get_edge_gateway(api, "acme-edge")
    with pytest.raises(InvalidInput, match=r"vip_subnet: '203.0.113.64/26': no address of it is free .*'acme-edge'"):
        free_external_ip(api, gateway, "203.0.113.64/26")
    with pytest.raises(InvalidInput, match="is not a network"):
        free_external_ip(api, gateway, "203.0.113.0/99")
    dnat(vcd, "203.0.113.60")
    with pytest.raises(InvalidInput, match="have the provider allot more"):
        free_external_ip(api, gateway, "203.0.113.60")
    everything = [f"203.0.113.{number}" for number in range(10, 61)]
    with pytest.raises(InvalidInput, match="external_ip: '': no address is free .* give external_ip, let go of"):
        free_external_ip(api, gateway, None, everything)


def test_ranges_of_ipv6_and_uplinks_without_subnets_are_passed_over(api: Api) -> None:
    values: list[dict[str, Any]] = [
        {"ipRanges": {"values": [{"startAddress": "2001:db8::1", "endAddress": "2001:db8::9"}]}},
        {"ipRanges": None},
        {"ipRanges": {"values": [{"startAddress": "198.51.100.7", "endAddress": "198.51.100.7"}]}},
    ]
    gateway = get_edge_gateway(api, "acme-edge")
    gateway["edgeGatewayUplinks"] = [{"subnets": None}, {"subnets": {"values": values}}]
    assert free_external_ip(api, gateway, None) == "198.51.100.7"
