# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many addresses an edge gateway gets if its provider asks for a number of them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator_bench import Api, Scene
from vcdsim.allocation import first_of, joined, without

RANGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)).map(lambda pair: (pair[0], sum(pair))), max_size=4)


def members(ranges: list[tuple[int, int]]) -> list[int]:
    return [one for low, high in ranges for one in range(low, high + 1)]


@given(RANGES, RANGES, st.integers(0, 40))
def test_ranges_are_sets_of_addresses(some: list[tuple[int, int]], others: list[tuple[int, int]], count: int) -> None:
    one = joined(some)
    assert members(one) == sorted({*members(some)})
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(one))
    left = without(one, others)
    assert members(left) == sorted({*members(some)} - {*members(others)})
    assert members(list(first_of(left, count))) == members(left)[:count]


def subnet(network: str) -> dict[str, Any]:
    ranges = {"values": [{"startAddress": f"{network}.3", "endAddress": f"{network}.25"}]}
    return {"gateway": f"{network}.1", "prefixLength": 24, "ipRanges": ranges}


NETWORK = {"name": "outside", "subnets": {"values": [subnet("192.0.2"), subnet("198.51.100")]}}


@pytest.fixture
def outside(system: Api, scene: Scene) -> str:
    """An external network with two subnets of 23 addresses each."""
    manager = system.get(f"/edgeGateways/{scene.edge}")["gatewayBacking"]["networkProvider"]["id"]
    routers = system.values(f"/nsxTResources/importableTier0Routers?filter=_context=={manager}")
    backing = {
        "backingId": next(one["id"] for one in routers if one["displayName"] == "tier-0"),
        "backingTypeValue": "NSXT_TIER0",
        "networkProvider": {"id": manager},
    }
    return system.done("POST", "/externalNetworks", NETWORK | {"networkBackings": {"values": [backing]}})


def gateway(scene: Scene, outside: str, name: str = "counted", *, more: int = 0, **subnet: Any) -> dict[str, Any]:
    values = [{"gateway": "192.0.2.1", "prefixLength": 24, **subnet}]
    uplink = {"uplinkId": outside, "quickAddAllocatedIpCount": more, "subnets": {"values": values}}
    return {"name": name, "ownerRef": {"id": scene.vdc}, "edgeGatewayUplinks": [uplink]}


def held(system: Api, edge: str) -> tuple[str, list[str], int]:
    """The primary address of a gateway, its ranges, and the number of its addresses."""
    (uplink,) = system.get(f"/edgeGateways/{edge}")["edgeGatewayUplinks"]
    (subnet,) = uplink["subnets"]["values"]
    ranges = [f"{one['startAddress']}-{one['endAddress']}" for one in subnet["ipRanges"]["values"]]
    return subnet["primaryIp"], ranges, subnet["totalIpCount"]


def ask(system: Api, edge: str, count: int) -> dict[str, Any]:
    """Send what go-vcloud-director sends for a number of addresses: the gateway as it was read, with the number."""
    body = system.get(f"/edgeGateways/{edge}")
    (uplink,) = body["edgeGatewayUplinks"]
    uplink["subnets"]["values"][0] |= {"autoAllocateIpRanges": True, "totalIpCount": count}
    return dict(body)


def test_a_number_of_addresses_grows_and_shrinks_around_those_in_use(system: Api, scene: Scene, outside: str) -> None:
    wanted = gateway(scene, outside, autoAllocateIpRanges=True, totalIpCount=5, primaryIp="192.0.2.25")
    edge = system.done("POST", "/edgeGateways", wanted)
    assert held(system, edge) == ("192.0.2.25", ["192.0.2.3-192.0.2.6", "192.0.2.25-192.0.2.25"], 5)
    system.done("PUT", f"/edgeGateways/{edge}", ask(system, edge, 8))
    assert held(system, edge) == ("192.0.2.25", ["192.0.2.3-192.0.2.9", "192.0.2.25-192.0.2.25"], 8)
    rule = scene.rule(externalAddresses="192.0.2.9", applicationPortProfile=None, dnatExternalPort=None)
    system.done("POST", f"/edgeGateways/{edge}/nat/rules", rule)
    system.done("PUT", f"/edgeGateways/{edge}", ask(system, edge, 3))
    assert held(system, edge) == (
        "192.0.2.25",
        ["192.0.2.3-192.0.2.3", "192.0.2.9-192.0.2.9", "192.0.2.25-192.0.2.25"],
        3,
    )
    path = f"/edgeGateways/{edge}"
    system.refused("PUT", path, ask(system, edge, 1), "192.0.2.9 is in use")
    system.refused("PUT", path, ask(system, edge, 0), "keeps its primary IP address")
    system.refused("PUT", path, ask(system, edge, 24), "there are no 24 free IP addresses in 192.0.2.0/24")
    assert held(system, edge)[2] == 3


def test_additional_addresses_belong_to_no_other_gateway(system: Api, scene: Scene, outside: str) -> None:
    first = system.done("POST", "/edgeGateways", gateway(scene, outside, "first", more=4))
    assert held(system, first) == ("192.0.2.3", ["192.0.2.3-192.0.2.6"], 4)
    second = system.done("POST", "/edgeGateways", gateway(scene, outside, "second", more=2, primaryIp="192.0.2.8"))
    assert held(system, second) == ("192.0.2.8", ["192.0.2.7-192.0.2.9"], 3)
    body = system.get(f"/edgeGateways/{first}")
    body["edgeGatewayUplinks"][0]["quickAddAllocatedIpCount"] = 16
    system.done("PUT", f"/edgeGateways/{first}", body)
    primary, ranges, total = held(system, first)
    assert (primary, ranges, total) == ("192.0.2.3", ["192.0.2.3-192.0.2.6", "192.0.2.10-192.0.2.25"], 20)
    body = system.get(f"/edgeGateways/{second}")
    body["edgeGatewayUplinks"][0]["quickAddAllocatedIpCount"] = 1
    system.refused("PUT", f"/edgeGateways/{second}", body, "lacks 1 IP addresses")
    assert held(system, second)[2] == 3


def test_additional_addresses_are_added_to_those_of_the_gateway(system: Api, scene: Scene, outside: str) -> None:
    # Terraform's provider, TestAccVcdNsxtEdgeGatewayAutoSubnetAllocation, sends the subnet without its ranges
    edge = system.done("POST", "/edgeGateways", gateway(scene, outside, more=4))
    system.done("PUT", f"/edgeGateways/{edge}", gateway(scene, outside, more=3, primaryIp="192.0.2.3"))
    assert held(system, edge) == ("192.0.2.3", ["192.0.2.3-192.0.2.9"], 7)


def test_a_gateway_with_two_subnets_uses_only_its_primary_address(system: Api, scene: Scene, outside: str) -> None:
    wanted = gateway(scene, outside, autoAllocateIpRanges=True, totalIpCount=9)
    (uplink,) = wanted["edgeGatewayUplinks"]
    more = {"gateway": "198.51.100.1", "prefixLength": 24, "autoAllocateIpRanges": True, "totalIpCount": 10}
    uplink["subnets"]["values"].append(more)
    edge = system.done("POST", "/edgeGateways", wanted)
    (uplink,) = system.get(f"/edgeGateways/{edge}")["edgeGatewayUplinks"]
    shown = [(one["totalIpCount"], one["usedIpCount"], one.get("primaryIp")) for one in uplink["subnets"]["values"]]
    assert shown == [(9, 1, "192.0.2.3"), (10, 0, None)]
    used = system.values(f"/edgeGateways/{edge}/usedIpAddresses")
    assert [(one["ipAddress"], one["category"]) for one in used] == [("192.0.2.3", "PRIMARY_IP")]
