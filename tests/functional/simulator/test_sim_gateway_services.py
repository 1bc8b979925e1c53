# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routing, VPN tunnels, DNS and DHCP of an edge gateway: refusals, and deletion with the gateway."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_bench import Api, Scene
from vcdsim.resources.nsx_t import CLUSTER, nsx_id
from vcdsim.testing import Simulator

NEW = {"version": "39.0"}


@pytest.fixture
def edge(scene: Scene) -> str:
    return f"/edgeGateways/{scene.edge}"


@pytest.fixture
def network(api: Api) -> str:
    return f"/orgVdcNetworks/{api.named('/orgVdcNetworks', 'k8s-net')['id']}"


def dedicate(system: Api, edge: str) -> None:
    body = system.get(edge)
    body["edgeGatewayUplinks"][0]["dedicated"] = True
    system.done("PUT", edge, body)


@pytest.mark.parametrize(
    ("path", "body"),
    [("/routing/bgp", {"enabled": True, "version": {"version": 0}}), ("/routing/advertisement", {"enable": True})],
)
def test_bgp_and_advertisement_need_a_router_of_their_own(
    system: Api, edge: str, path: str, body: dict[str, Any]
) -> None:
    # the tests of go-vcloud-director and Terraform's provider dedicate the external network first
    system.refused("PUT", edge + path, body, "has no dedicated external network")
    dedicate(system, edge)
    system.done("PUT", edge + path, body)


def test_an_external_network_is_for_one_gateway_alone(system: Api, scene: Scene, edge: str) -> None:
    uplink = system.get(edge)["edgeGatewayUplinks"][0]
    subnet = {"gateway": "203.0.113.1", "prefixLength": 24}
    wanted = {"uplinkId": uplink["uplinkId"], "subnets": {"values": [subnet]}}
    body = {"name": "second", "ownerRef": {"id": scene.vdc}, "edgeGatewayUplinks": [wanted]}
    alone = {**body, "edgeGatewayUplinks": [{**wanted, "dedicated": True}]}
    system.refused("POST", "/edgeGateways", alone, "acme-edge is connected to the network, too")
    dedicate(system, edge)
    shown = system.named("/externalNetworks", uplink["uplinkName"])
    assert shown["dedicatedEdgeGateway"] == {"name": "acme-edge", "id": scene.edge}
    system.refused("POST", "/edgeGateways", body, "acme-edge is connected to the network, too")


def test_a_stale_version_is_refused(system: Api, edge: str) -> None:
    path, body = edge + "/dhcpForwarder", {"enabled": True, "dhcpServers": ["192.0.2.1"]}
    system.done("PUT", path, {**body, "version": {"version": 0}})
    system.refused("PUT", path, {**body, "version": {"version": 0}}, "its version is 1")
    system.done("PUT", path, body)  # Terraform and go-vcloud-director sometimes omit it


def ipsec(**more: Any) -> dict[str, Any]:
    return {
        "name": "tunnel",
        "preSharedKey": "ipsec-secret-1",
        "localEndpoint": {"localAddress": "203.0.113.20", "localNetworks": ["10.10.0.0/24"]},
        "remoteEndpoint": {"remoteAddress": "192.0.2.1"},
        **more,
    }


def test_ipsec_tunnels_are_distinguished_by_both_addresses(system: Api, edge: str) -> None:
    path = edge + "/ipsec/tunnels"
    system.done("POST", path, ipsec())
    # go-vcloud-director, Test_NsxtIpSecVpnUniqueness
    words = "IPSec VPN Tunnel with local address 203.0.113.20 and remote address 192.0.2.1 is already in use"
    system.refused("POST", path, ipsec(name="other"), words)
    elsewhere = {"remoteEndpoint": {"remoteAddress": "192.0.2.2"}}
    foreign = {"localEndpoint": {"localAddress": "203.0.113.200", "localNetworks": ["10.10.0.0/24"]}}
    system.refused("POST", path, ipsec(**elsewhere, **foreign), "is not allocated to the edge gateway")
    system.refused("POST", path, ipsec(**elsewhere, authenticationMode="CERTIFICATE"), "certificateRef")
    keyless = {name: one for name, one in ipsec(**elsewhere).items() if name != "preSharedKey"}
    system.refused("POST", path, keyless, "preSharedKey")


def test_properties_of_a_tunnel_last_until_it_is_default_again(system: Api, edge: str) -> None:
    path = edge + "/ipsec/tunnels"
    system.done("POST", path, ipsec())
    (tunnel,) = system.values(path)
    one = f"{path}/{tunnel['id']}"
    default = system.get(one + "/connectionProperties")
    assert default == system.get(path + "/defaultConnectionProperties")
    system.done(
        "PUT", one + "/connectionProperties", {"securityType": "CUSTOM", "dpdConfiguration": {"probeInterval": 3}}
    )
    assert system.get(one)["securityType"] == "CUSTOM"
    system.done("PUT", one, {**system.get(one), "securityType": "DEFAULT"})
    assert system.get(one + "/connectionProperties") == default
    assert system.get(one + "/status")["tunnelStatus"] == "DOWN"


@pytest.mark.parametrize(("version", "visible_key"), [("37.2", "l2-secret-1"), ("39.0", "******")])
def test_the_key_of_an_l2_tunnel_is_masked_in_newer_releases(version: str, visible_key: str) -> None:
    # go-vcloud-director, Test_NsxtL2VpnTunnel: from 10.5.1.1 on
    with Simulator(task_seconds=0, api_versions="37.2" if version == "37.2" else "37.2,39.0") as sim:
        system = Api(sim, "administrator@System")
        edge = system.named("/edgeGateways", "acme-edge")["id"]
        path = f"/edgeGateways/{edge}/l2vpn/tunnels"
        ends = {"localEndpointIP": "203.0.113.20", "remoteEndpointIP": "192.0.2.1"}
        server = {"name": "s", "sessionMode": "SERVER", **ends}
        system.refused("POST", path, server, "preSharedKey")
        system.done("POST", path, {**server, "preSharedKey": "l2-secret-1"})
        (made,) = system.values(path)
        assert (made["preSharedKey"], bool(made["peerCode"])) == (visible_key, True)
        system.refused("PUT", f"{path}/{made['id']}", {**server, "sessionMode": "CLIENT"}, "cannot be changed")
        system.refused("POST", path, {**server, "name": "c", "sessionMode": "CLIENT"}, "peerCode")


def test_the_services_of_a_gateway_are_deleted_with_it(system: Api, scene: Scene) -> None:
    uplink = system.get(f"/edgeGateways/{scene.edge}")["edgeGatewayUplinks"][0]
    ranges = {"values": [{"startAddress": "203.0.113.90", "endAddress": "203.0.113.91"}]}
    subnet = {"gateway": "203.0.113.1", "prefixLength": 24, "ipRanges": ranges}
    body = {
        "name": "second",
        "ownerRef": {"id": scene.vdc},
        "edgeGatewayUplinks": [{"uplinkId": uplink["uplinkId"], "subnets": {"values": [subnet]}}],
    }
    made = system.done("POST", "/edgeGateways", body)
    system.done("POST", f"/edgeGateways/{made}/routing/bgp/prefixLists", {"name": "l", "prefixes": [{}]})
    system.refused(
        "POST", f"/edgeGateways/{made}/routing/bgp/prefixLists", {"name": "l", "prefixes": [{}]}, "already exists"
    )
    system.done("DELETE", f"/edgeGateways/{made}")
    assert "bgp_prefix_lists" not in system.sim.dump() or not system.sim.dump()["bgp_prefix_lists"]


def test_parts_of_another_gateway_are_not_found(tenants: Simulator) -> None:
    system = Api(tenants, "administrator@System")
    first, second = (one["id"] for one in system.values("/edgeGateways")[:2])
    system.done("POST", f"/edgeGateways/{first}/routing/bgp/prefixLists", {"name": "l", "prefixes": [{}]})
    (made,) = system.values(f"/edgeGateways/{first}/routing/bgp/prefixLists")
    path = f"/edgeGateways/{second}/routing/bgp/prefixLists/{made['id']}"
    system.refused("GET", path, None, "target entity is invalid", status=403)


def dhcp(**more: Any) -> dict[str, Any]:
    return {"mode": "EDGE", "leaseTime": 60, **more}


def test_dhcp_requires_the_prerequisites_of_its_mode(system: Api, scene: Scene, edge: str, network: str) -> None:
    path = network + "/dhcp"
    # go-vcloud-director: "if LeaseTime or Mode are not explicitly passed, the API doesn't use any defaults"
    system.refused("PUT", path, {"leaseTime": 60}, 'The field "mode" is required.')
    system.refused("PUT", path, {"mode": "EDGE"}, 'The field "leaseTime" is required.')
    system.refused("PUT", path, dhcp(mode="RELAY"), "RELAY needs the DHCP forwarder")
    own = dhcp(mode="NETWORK", ipAddress="10.10.0.9")
    system.refused("PUT", path, own, "needs an edge cluster")
    system.done("PUT", f"/vdcs/{scene.vdc}/networkProfile", {"servicesEdgeCluster": {"backingId": nsx_id(CLUSTER)}})
    outside = {"ipRange": {"startAddress": "10.99.0.1", "endAddress": "10.99.0.2"}}
    system.refused("PUT", path, {**own, "dhcpPools": [outside]}, "a pool lies outside the network")
    system.done("PUT", path, own)
    system.refused("PUT", path, dhcp(), "it cannot be changed")
    system.done("DELETE", path)
    system.done("PUT", edge + "/dhcpForwarder", {"enabled": True, "dhcpServers": ["192.0.2.1"]})
    system.done("PUT", path, dhcp(mode="RELAY"))


def test_bindings_live_as_long_as_the_dhcp(system: Api, network: str) -> None:
    path = network + "/dhcp/bindings"
    body = {"name": "b", "macAddress": "00:11:22:33:44:55", "ipAddress": "10.10.0.240", "bindingType": "IPV4"}
    system.refused("POST", path, body, "has no DHCP: enable it first")
    system.done("PUT", network + "/dhcp", dhcp())
    system.done("POST", path, body)
    system.refused("POST", path, {**body, "name": "c"}, "the DHCP binding b has it")
    system.refused("POST", path, {**body, "ipAddress": "10.99.0.1"}, "it lies outside the network")
    system.done("DELETE", network + "/dhcp")
    assert system.values(path) == []
