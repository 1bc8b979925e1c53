# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edge gateways, used addresses, load balancer settings, service engine groups, networks."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_bench import Api, Scene
from vcdsim.testing import Simulator

ASSIGNMENTS = "/loadBalancer/serviceEngineGroups/assignments"
NETWORKS = "/orgVdcNetworks"


def rows(api: Api, scene: Scene) -> list[tuple[str, str]]:
    return [(one["ipAddress"], one["category"]) for one in api.values(f"/edgeGateways/{scene.edge}/usedIpAddresses")]


def test_a_gateway_has_all_fields_that_clients_read(api: Api, scene: Scene) -> None:
    gateway = api.get(f"/edgeGateways/{scene.edge}")
    (uplink,) = gateway["edgeGatewayUplinks"]
    (subnet,) = uplink["subnets"]["values"]
    assert gateway["status"] == "REALIZED"
    assert gateway["ownerRef"]["name"] == "acme-vdc"
    assert gateway["gatewayBacking"]["gatewayType"] == "NSXT_BACKED"
    assert uplink["usingIpSpace"] is False
    assert subnet["ipRanges"]["values"] == [{"startAddress": "203.0.113.10", "endAddress": "203.0.113.60"}]
    assert (subnet["primaryIp"], subnet["totalIpCount"], subnet["usedIpCount"]) == ("203.0.113.2", 52, 1)


def test_the_filters_of_the_clients_find_gateways(api: Api, scene: Scene) -> None:
    for text in (
        f"name==acme-edge;ownerRef.id=={scene.vdc}",
        f"ownerRef.id=={scene.vdc};name==acme-edge",
        f"(_context==includeAccessible;ownerRef.id=={scene.vdc})",
    ):
        assert [one["id"] for one in api.values(f"/edgeGateways/?filter={text}")] == [scene.edge]
    api.refused("GET", "/edgeGateways?filter=_context==other", None, "includeAccessible")


def test_the_primary_address_in_a_range_counts_once(system: Api, scene: Scene) -> None:
    # Terraform's provider, TestAccVcdNsxtEdgeGatewayAutoAllocation: ranges of 65,533 addresses with the primary one
    path = f"/edgeGateways/{scene.edge}"
    body = system.get(path)
    (subnet,) = body["edgeGatewayUplinks"][0]["subnets"]["values"]
    subnet["ipRanges"]["values"] = [{"startAddress": "203.0.113.2", "endAddress": "203.0.113.60"}]
    system.done("PUT", path, body)
    (shown,) = system.get(path)["edgeGatewayUplinks"][0]["subnets"]["values"]
    assert (shown["totalIpCount"], shown["usedIpCount"]) == (59, 1)


def test_every_use_of_an_address_is_a_row(sim: Simulator, api: Api, scene: Scene) -> None:
    sim.assume(used_address_rows="per-use")
    first = ("203.0.113.2", "PRIMARY_IP")
    assert rows(api, scene) == [first]
    for number in (1, 2):
        pool = api.done("POST", "/loadBalancer/pools", scene.pool(f"p{number}"))
        service = scene.service(pool, f"s{number}", servicePorts=[{"portStart": number}])
        last = api.done("POST", "/loadBalancer/virtualServices", service)
    api.done("POST", scene.nat, scene.rule(externalAddresses="203.0.113.20/31"))
    api.done("POST", scene.nat, scene.rule(externalAddresses="203.0.113.10", type="SNAT"))
    vip = ("203.0.113.10", "Load_Balancer")
    expected = [first, ("203.0.113.20", "DNAT"), ("203.0.113.21", "DNAT"), ("203.0.113.10", "SNAT"), vip, vip]
    assert sorted(rows(api, scene)) == sorted(expected)
    sim.assume(used_address_rows="per-address")
    assert sorted(address for address, _category in rows(api, scene)) == [
        f"203.0.113.{last}" for last in (10, 2, 20, 21)
    ]
    sim.assume(used_address_rows="per-use")
    api.done("DELETE", f"/loadBalancer/virtualServices/{last}")
    assert rows(api, scene).count(vip) == 1


def test_internal_addresses_are_not_listed(api: Api, scene: Scene) -> None:
    pool = api.done("POST", "/loadBalancer/pools", scene.pool())
    api.done("POST", "/loadBalancer/virtualServices", scene.service(pool, virtualIpAddress="192.168.8.2"))
    assert len(rows(api, scene)) == 1


def test_a_tenant_may_only_rename(admin: Api, scene: Scene, system: Api) -> None:
    path = f"/edgeGateways/{scene.edge}"
    body = admin.get(path)
    admin.done("PUT", path, {**body, "name": "renamed", "description": "x"})
    assert admin.get(path)["name"] == "renamed"
    (uplink,) = body["edgeGatewayUplinks"]
    (subnet,) = uplink["subnets"]["values"]
    wider = {"values": [{"startAddress": "203.0.113.10", "endAddress": "203.0.113.99"}]}
    changed = {**body, "edgeGatewayUplinks": [{**uplink, "subnets": {"values": [{**subnet, "ipRanges": wider}]}}]}
    admin.refused("PUT", path, changed, "only a provider may change it")
    system.done("PUT", path, changed)
    assert admin.get(path)["edgeGatewayUplinks"][0]["subnets"]["values"][0]["totalIpCount"] == 91


def test_an_address_in_use_cannot_be_removed(api: Api, system: Api, scene: Scene) -> None:
    api.done("POST", scene.nat, scene.rule())
    body = system.get(f"/edgeGateways/{scene.edge}")
    body["edgeGatewayUplinks"][0]["subnets"]["values"][0]["ipRanges"]["values"][0]["startAddress"] = "203.0.113.30"
    system.refused("PUT", f"/edgeGateways/{scene.edge}", body, "203.0.113.20 is in use and cannot be taken")
    unknown = {**body, "edgeGatewayUplinks": [{"uplinkId": "x"}]}
    system.refused("PUT", f"/edgeGateways/{scene.edge}", unknown, "there is no such uplink")
    other = {"id": "urn:vcloud:vdc:00000000-0000-0000-0000-000000000000"}
    system.refused("PUT", f"/edgeGateways/{scene.edge}", {**body, "ownerRef": other}, "there is no such vdc")


def test_only_the_provider_creates_and_deletes_gateways(system: Api, admin: Api, scene: Scene) -> None:
    network = system.values("/externalNetworks")[0]["id"]
    uplink = {"uplinkId": network, "subnets": {"values": [{"gateway": "192.0.2.1", "prefixLength": 24}]}}
    body = {"name": "new", "ownerRef": {"id": scene.vdc}, "edgeGatewayUplinks": [uplink]}
    admin.refused("POST", "/edgeGateways", body, "System administrator", status=403)
    gateway = system.done("POST", "/edgeGateways", body)
    system.refused("POST", "/edgeGateways", body, "already exists in acme-vdc")
    assert len(admin.values("/edgeGateways")) == 2
    system.done("DELETE", f"/edgeGateways/{gateway}")
    unknown = {**body, "edgeGatewayUplinks": [{**uplink, "uplinkId": "x"}]}
    system.refused("POST", "/edgeGateways", unknown, "there is no such external network")
    older = {**body, "orgVdc": body["ownerRef"]}
    del older["ownerRef"]
    gateway = system.done("POST", "/edgeGateways", older)
    assert system.get(f"/edgeGateways/{gateway}")["ownerRef"]["id"] == scene.vdc
    system.done("DELETE", f"/edgeGateways/{gateway}")
    for nowhere in ({}, {"orgVdc": None}, {"orgVdc": "x"}, {"orgVdc": {}}):
        system.refused("POST", "/edgeGateways", {**older, "orgVdc": None, **nowhere}, "there is no such vdc")
    system.refused("DELETE", f"/edgeGateways/{scene.edge}", None, "is in use and cannot be deleted")
    system.refused("DELETE", f"/edgeGateways/{scene.edge}?force=true", None, "has networks")


def test_load_balancer_settings_are_changed_and_read_back(system: Api, admin: Api, scene: Scene) -> None:
    path = f"/edgeGateways/{scene.edge}/loadBalancer"
    assert admin.get(path)["serviceNetworkDefinition"] == "192.168.255.1/25"
    admin.refused("PUT", path, {"enabled": False}, "System administrator", status=403)
    system.refused("PUT", path, {}, '"enabled" is required')
    system.refused("PUT", path, {"enabled": True, "licenseType": "BASIC"}, 'Unrecognized field "licenseType"')
    other = {"enabled": True, "serviceNetworkDefinition": "10.99.0.1/25"}
    system.refused("PUT", path, {**system.get(path), **other}, "it cannot be changed once it is set")
    system.done("PUT", path, {"enabled": False})
    assert admin.get(path)["enabled"] is False
    assert admin.get(path)["transparentModeEnabled"] is False
    system.done("PUT", path, other)
    assert admin.get(path)["serviceNetworkDefinition"] == "10.99.0.1/25"
    assert admin.get(path)["supportedFeatureSet"] == "STANDARD"
    assert "transparentModeEnabled" not in admin.get(path, version="37.0")


def test_an_update_names_the_cloud_from_vcd_10_6_on(system: Api, scene: Scene, old: Simulator) -> None:
    path = f"/edgeGateways/{scene.edge}/loadBalancer"
    cloud = system.get(path)["loadBalancerCloudRef"]
    assert cloud["id"].startswith("urn:vcloud:loadBalancerCloud:")
    wrong = {"id": f"urn:vcloud:loadBalancerCloud:{'0' * 8}-0000-0000-0000-{'0' * 12}"}
    for version in ("37.1", "39.0"):  # the release decides, not the version of the request
        for sent in ({}, {"loadBalancerCloudRef": wrong}):
            message = "it must be that of the edge gateway's load balancer"
            system.refused("PUT", path, {"enabled": True, **sent}, message, version=version)
        system.done("PUT", path, {"enabled": True, "loadBalancerCloudRef": cloud}, version=version)
    system.done("PUT", path, {"enabled": False})
    system.done("PUT", path, {"enabled": True})
    before_10_6 = Api(old, "administrator@System", version="36.3")
    before_10_6.done("PUT", f"/edgeGateways/{Scene(before_10_6).edge}/loadBalancer", {"enabled": True})


@pytest.mark.parametrize(
    ("sent", "network", "network_6"),
    [
        ({}, "192.168.255.1/25", None),
        ({"ipv6ServiceNetworkDefinition": "fd00:1::1/120"}, None, "fd00:1::1/120"),
        (
            {"serviceNetworkDefinition": "10.10.255.225/27", "ipv6ServiceNetworkDefinition": "fd00:1::1/120"},
            "10.10.255.225/27",
            "fd00:1::1/120",
        ),
    ],
)
def test_the_service_networks_have_defaults_and_any_prefix_length(
    system: Api, admin: Api, scene: Scene, sent: dict[str, Any], network: str | None, network_6: str | None
) -> None:
    """A load balancer without either gets the default, and any prefix length is accepted."""
    path = f"/edgeGateways/{scene.edge}/loadBalancer"
    system.done("PUT", path, {"enabled": False})
    system.done("PUT", path, {"enabled": True, **sent})
    found = admin.get(path)
    assert (found["serviceNetworkDefinition"], found["ipv6ServiceNetworkDefinition"]) == (network, network_6)


def test_the_load_balancer_in_use_cannot_be_switched_off(api: Api, system: Api, scene: Scene) -> None:
    api.done("POST", "/loadBalancer/pools", scene.pool())
    system.refused("PUT", f"/edgeGateways/{scene.edge}/loadBalancer", {"enabled": False}, "cannot be disabled while")


def test_assignments_are_made_changed_and_deleted(system: Api, api: Api, scene: Scene) -> None:
    groups = {one["name"]: one["id"] for one in system.values("/loadBalancer/serviceEngineGroups")}
    gateway = {"id": scene.edge}

    def body(name: str, **more: Any) -> dict[str, Any]:
        return {"serviceEngineGroupRef": {"id": groups[name]}, "gatewayRef": gateway, **more}

    limits = {"maxVirtualServices": 5, "minVirtualServices": 1}
    system.refused("POST", ASSIGNMENTS, body("seg-dedicated", **limits), "unset for a dedicated")
    system.refused("POST", ASSIGNMENTS, body("seg-premium"), "are required for a shared group")
    upside_down = {"maxVirtualServices": 1, "minVirtualServices": 2}
    system.refused("POST", ASSIGNMENTS, body("seg-premium", **upside_down), "at least minVirtualServices")
    system.refused("POST", ASSIGNMENTS, body("seg-shared", **limits), "already assigned")
    made = system.done("POST", ASSIGNMENTS, body("seg-dedicated"))
    shown = api.get(f"{ASSIGNMENTS}/{made}")
    assert (shown["maxVirtualServices"], shown["numDeployedVirtualServices"]) == (None, 0)
    system.refused("PUT", f"{ASSIGNMENTS}/{made}", body("seg-dedicated"), "dedicated service engine group cannot")
    own = f"{ASSIGNMENTS}/{scene.assignment}"
    system.refused("PUT", own, body("seg-premium", **limits), "neither it nor gatewayRef")
    api.refused("DELETE", f"{ASSIGNMENTS}/{made}", None, "System administrator", status=403)
    system.done("DELETE", f"{ASSIGNMENTS}/{made}")
    pool = api.done("POST", "/loadBalancer/pools", scene.pool())
    api.done("POST", "/loadBalancer/virtualServices", scene.service(pool))
    none = {"maxVirtualServices": 0, "minVirtualServices": 0}
    system.refused("PUT", own, body("seg-shared", **none), "more virtual services than that")
    system.refused("DELETE", own, None, "has virtual services on this edge gateway")


def test_a_standard_group_does_not_fit_a_premium_gateway(system: Api, scene: Scene) -> None:
    path = f"/edgeGateways/{scene.edge}/loadBalancer"
    system.done("PUT", path, {**system.get(path), "supportedFeatureSet": "PREMIUM"})
    group = system.named("/loadBalancer/serviceEngineGroups", "seg-dedicated")["id"]
    body = {"serviceEngineGroupRef": {"id": group}, "gatewayRef": {"id": scene.edge}}
    system.refused("POST", ASSIGNMENTS, body, "cannot serve a PREMIUM edge gateway")
    system.done("DELETE", f"{ASSIGNMENTS}/{scene.assignment}")
    system.done("PUT", path, {"enabled": False})
    system.refused("POST", ASSIGNMENTS, body, "is not enabled")


def test_a_gateway_shows_its_service_engine_groups(system: Api, api: Api, scene: Scene) -> None:
    path = "/loadBalancer/serviceEngineGroups"
    api.refused("GET", path, None, "System administrator", status=403)
    assert [one["name"] for one in api.values(f"{path}?filter=_context=={scene.edge}")] == ["seg-shared"]
    free = api.values(f"{path}?filter=_context=={scene.edge};_context==assignable")
    assert [one["name"] for one in free] == ["seg-dedicated", "seg-premium"]
    api.refused("GET", f"{path}?filter=_context==assignable", None, "is one edge gateway")
    assert system.get(f"{path}/{scene.group}")["numDeployedVirtualServices"] == 0


def network(scene: Scene, **more: Any) -> dict[str, Any]:
    return {
        "name": "new",
        "networkType": "NAT_ROUTED",
        "ownerRef": {"id": scene.vdc},
        "connection": {"routerRef": {"id": scene.edge}, "connectionType": "INTERNAL"},
        "subnets": {"values": [{"gateway": "10.77.0.1", "prefixLength": 24}]},
        **more,
    }


def test_networks_are_made_changed_and_deleted(admin: Api, scene: Scene) -> None:
    made = admin.done("POST", NETWORKS, network(scene))
    shown = admin.get(f"{NETWORKS}/{made}")
    assert shown["connection"]["routerRef"] == {"name": "acme-edge", "id": scene.edge}
    assert shown["backingNetworkType"] == "NSXT_FLEXIBLE_SEGMENT"
    assert shown["orgVdc"]["name"] == "acme-vdc"
    admin.done("PUT", f"{NETWORKS}/{made}", {**shown, "description": "new"})
    assert admin.get(f"/edgeGateways/{scene.edge}")["orgVdcNetworkCount"] == 2
    admin.done("DELETE", f"{NETWORKS}/{made}")
    lonely = network(scene, networkType="ISOLATED")
    del lonely["connection"]
    isolated = admin.done("POST", NETWORKS, lonely)
    assert admin.get(f"{NETWORKS}/{isolated}")["connection"] is None


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": "k8s-net"}, "already exists in acme-vdc"),
        ({"networkType": "DIRECT"}, "it must be one of"),
        ({"connection": None}, "a NAT_ROUTED network has one"),
        ({"networkType": "ISOLATED"}, "an ISOLATED one has none"),
        ({"subnets": {"values": []}}, "at least 1"),
        (
            {"subnets": {"values": [{"gateway": "10.10.0.129", "prefixLength": 25}]}},
            "overlap with those of the network k8s-net",
        ),
        (
            {"connection": {"routerRef": {"id": "urn:vcloud:gateway:00000000-0000-0000-0000-000000000000"}}},
            "no such gateway",
        ),
    ],
)
def test_an_invalid_network_is_refused(admin: Api, scene: Scene, change: dict[str, Any], text: str) -> None:
    admin.refused("POST", NETWORKS, network(scene, **change), text)


def test_a_network_keeps_its_owner_and_is_not_deleted_with_machines(tenants: Simulator) -> None:
    admin = Api(tenants, "admin@acme")
    found = admin.named(NETWORKS, "k8s-net")
    path = f"{NETWORKS}/{found['id']}"
    admin.refused("DELETE", path, None, "is in use by virtual machines")
    other = admin.named("/vdcs", "acme-vdc-2")["id"]
    admin.refused("PUT", path, {**found, "ownerRef": {"id": other}}, "the edge gateway has another owner")
    lonely = {**found, "networkType": "ISOLATED", "connection": None, "ownerRef": {"id": other}}
    admin.refused("PUT", path, lonely, 'field "ownerRef": only that of an isolated network')
