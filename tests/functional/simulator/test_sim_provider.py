# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A provider's preparations: load balancer controllers, clouds and engine groups, VDCs, VDC groups, and users.

The order of the requests and the values that must be read back are those of go-vcloud-director's own tests.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from simulator_bench import VCLOUD, Api, Scene
from vcdsim.testing import Simulator

CONTROLLERS = "/loadBalancer/controllers"
CLOUDS = "/loadBalancer/clouds"
GROUPS = "/loadBalancer/serviceEngineGroups"
CONTROLLER = {"name": "avi", "url": "https://avi.example.com", "username": "u", "password": "avi-secret-1"}
NAMESPACE = 'xmlns="http://www.vmware.com/vcloud/v1.5"'


def uuid(urn: str) -> str:
    return urn.rsplit(":", 1)[-1]


def importable(system: Api, kind: str, context: str) -> list[dict[str, Any]]:
    return system.values(f"/nsxAlbResources/importable{kind}?filter=_context=={context}")


def imported(system: Api, name: str = "cloud-1") -> tuple[str, str]:
    """A controller, and its cloud."""
    controller = system.done("POST", CONTROLLERS, CONTROLLER)
    (found,) = importable(system, "Clouds", controller)
    backing = {"backingId": found["id"], "loadBalancerControllerRef": {"id": controller}}
    body = {"name": name, "loadBalancerCloudBacking": backing, "networkPoolRef": found["networkPoolRef"]}
    return controller, system.done("POST", CLOUDS, body)


def test_a_controller_is_registered(sim: Simulator, system: Api, admin: Api) -> None:
    admin.refused("POST", CONTROLLERS, CONTROLLER, "System administrator", status=403)
    made = system.done("POST", CONTROLLERS, CONTROLLER)
    shown = system.get(f"{CONTROLLERS}/{made}")
    assert (shown["url"], shown["username"], shown["password"]) == (CONTROLLER["url"], "u", None)
    assert "avi-secret-1" not in str(sim.dump())
    assert [one["id"] for one in system.values(f"{CONTROLLERS}?filter=name==avi")] == [made]
    system.refused("POST", CONTROLLERS, CONTROLLER, "the load balancer controller avi has it")
    system.refused("POST", CONTROLLERS, {**CONTROLLER, "password": None}, '"password" is required')
    # go-vcloud-director sends back what it has read, without the password that the description requires
    renamed = {**shown, "name": "renamed", "licenseType": "BASIC"}
    system.done("PUT", f"{CONTROLLERS}/{made}", renamed, version="38.0")
    assert system.get(f"{CONTROLLERS}/{made}")["name"] == "renamed"
    system.done("DELETE", f"{CONTROLLERS}/{made}")
    system.refused("GET", f"{CONTROLLERS}/{made}", None, "target entity is invalid", status=403)


def test_a_cloud_is_imported_once(system: Api) -> None:
    controller, cloud = imported(system)
    shown = system.get(f"{CLOUDS}/{cloud}")
    assert (shown["healthStatus"], shown["networkPoolRef"]["name"]) == ("UP", "nsx-t-pool")
    (found,) = importable(system, "Clouds", controller)
    assert (found["alreadyImported"], found["id"]) == (True, shown["loadBalancerCloudBacking"]["backingId"])
    system.refused("POST", CLOUDS, {**shown, "name": "again"}, "it is imported as cloud-1")
    system.refused("POST", CLOUDS, shown, "named cloud-1 already exists")
    backing = {**shown["loadBalancerCloudBacking"], "backingId": "cloud-x"}
    system.refused("POST", CLOUDS, {"name": "x", "loadBalancerCloudBacking": backing}, "has no such cloud")
    system.refused("DELETE", f"{CONTROLLERS}/{controller}", None, "is used by cloud-1")
    system.refused("GET", "/nsxAlbResources/importableClouds", None, "A filter with _context== and the URN")
    system.done("DELETE", f"{CLOUDS}/{cloud}")
    system.done("DELETE", f"{CONTROLLERS}/{controller}")


def test_a_group_is_imported_assigned_and_released(system: Api, scene: Scene) -> None:
    _controller, cloud = imported(system)
    offered = importable(system, "ServiceEngineGroups", cloud)
    assert {one["displayName"] for one in offered} == {"Default-Group", "elastic-group"}
    backing = {"backingId": offered[0]["id"], "loadBalancerCloudRef": {"id": cloud}}
    body = {"name": "engines", "reservationType": "DEDICATED", "serviceEngineGroupBacking": backing}
    made = system.done("POST", GROUPS, body)
    shown = system.get(f"{GROUPS}/{made}")
    assert (shown["haMode"], shown["supportedFeatureSet"]) == (offered[0]["haMode"], "STANDARD")
    assert shown["serviceEngineGroupBacking"]["loadBalancerCloudRef"] == {"id": cloud, "name": "cloud-1"}
    assert [one["id"] for one in importable(system, "ServiceEngineGroups", cloud)] == [offered[1]["id"]]
    system.refused("POST", GROUPS, {**body, "name": "again"}, "it is imported as engines")
    system.refused("POST", GROUPS, body, "named engines already exists")
    unknown = {**backing, "backingId": "x"}
    system.refused("POST", GROUPS, {"name": "x", "serviceEngineGroupBacking": unknown}, "has no such group")
    system.done("POST", f"{GROUPS}/{made}/sync")
    system.done("PUT", f"{GROUPS}/{made}", {**shown, "name": "renamed", "supportedFeatureSet": "PREMIUM"})
    for kind in ("SHARED", "DEDICATED"):
        system.done("PUT", f"{GROUPS}/{made}", {**shown, "name": "renamed", "reservationType": kind})
        assert system.get(f"{GROUPS}/{made}")["reservationType"] == kind
    system.refused("PUT", f"{GROUPS}/{made}", {**shown, "serviceEngineGroupBacking": unknown}, "it cannot be changed")
    system.refused("DELETE", f"{CLOUDS}/{cloud}", None, "is used by renamed")
    assignment = {"serviceEngineGroupRef": {"id": made}, "gatewayRef": {"id": scene.edge}}
    assigned = system.done("POST", f"{GROUPS}/assignments", assignment)
    system.refused("PUT", f"{GROUPS}/{made}", {**shown, "reservationType": "SHARED"}, "while the group is assigned")
    # the vendor: a dedicated group "can only be assigned to a single Edge Gateway"
    other = second_gateway(system, scene)
    system.refused("POST", f"{GROUPS}/assignments", {**assignment, "gatewayRef": {"id": other}}, "to another edge")
    system.refused("DELETE", f"{GROUPS}/{made}", None, "is assigned to an edge gateway")
    system.done("DELETE", f"{GROUPS}/assignments/{assigned}")
    system.done("DELETE", f"{GROUPS}/{made}")


def second_gateway(system: Api, scene: Scene) -> str:
    subnets = {"values": [{"gateway": "192.0.2.1", "prefixLength": 24}]}
    uplink = {"uplinkId": system.values("/externalNetworks")[0]["id"], "subnets": subnets}
    body = {"name": "other", "ownerRef": {"id": scene.vdc}, "edgeGatewayUplinks": [uplink]}
    gateway = system.done("POST", "/edgeGateways", body)
    system.done("PUT", f"/edgeGateways/{gateway}/loadBalancer", {"enabled": True})
    return gateway


@pytest.mark.parametrize("kind", ["nsxTManager", "networkPool", "providerVdc", "providerVdcStorageProfile"])
def test_a_provider_queries_its_resources(system: Api, admin: Api, kind: str) -> None:
    record = system.xml(f"/api/query?type={kind}")[0]
    found = system.xml(f"/api/query?type={kind}&filter=name=={record.get('name')}&filterEncoded=true")
    assert [one.get("href") for one in found] == [record.get("href")]
    assert admin.ask("GET", f"/api/query?type={kind}").status_code == 403


@pytest.mark.parametrize("view", ["", "extension/"])
def test_the_provider_vdc_is_read(system: Api, admin: Api, view: str) -> None:
    found = str(system.xml("/api/query?type=providerVdc")[0].get("href"))
    path = found.removeprefix(system.sim.url).replace("/admin/", f"/admin/{view}")
    root = system.xml(path)
    storage = [one.get("name") for one in root.findall(f"{VCLOUD}StorageProfiles/{VCLOUD}ProviderVdcStorageProfile")]
    assert storage == ["nsx-t-storage", "nsx-t-storage-2"]
    assert (root.find(f"{VCLOUD}NsxTManagerReference") is not None) == bool(view)
    assert admin.ask("GET", path).status_code == 403
    assert system.xml(f"{found.removeprefix(system.sim.url)}/metadata").tag == f"{VCLOUD}Metadata"


def test_the_manager_of_a_query_is_that_of_the_edge_gateways(system: Api, scene: Scene) -> None:
    (record,) = system.xml("/api/query?type=nsxTManager")
    backing = system.get(f"/edgeGateways/{scene.edge}")["gatewayBacking"]
    assert backing["networkProvider"]["id"] == f"urn:vcloud:nsxtmanager:{str(record.get('href')).rpartition('/')[2]}"


def send(
    api: Api, method: str, path: str, body: str, kind: str = "application/vnd.vmware.admin.user+xml"
) -> ET.Element:
    answer = api.http.request(
        method,
        api.sim.url + path,
        data=body,
        headers={"Accept": f"application/*+xml;version={api.version}", "Content-Type": kind},
    )
    assert answer.status_code in (200, 201), answer.text
    return ET.fromstring(answer.text)  # noqa: S314 - the simulator's own


def role_address(api: Api, org: str, name: str) -> str:
    listed = api.xml(f"/api/admin/org/{uuid(org)}").iter(f"{VCLOUD}RoleReference")
    return str(next(one.get("href") for one in listed if one.get("name") == name))


def user(role: str, **more: str) -> str:
    texts = "".join(f"<{name}>{value}</{name}>" for name, value in more.items())
    return (
        f'<User {NAMESPACE} name="new"><IsEnabled>true</IsEnabled><ProviderType>INTEGRATED</ProviderType>'
        f'<Role href="{role}"/>{texts}</User>'
    )


def test_a_user_is_made_and_logs_in(sim: Simulator, system: Api, admin: Api, scene: Scene) -> None:
    role = role_address(system, scene.org, "View Only")
    path = f"/api/admin/org/{uuid(scene.org)}/users"
    made = send(system, "POST", path, user(role, FullName="New", Password="new-secret-1", StoredVmQuota="12"))
    assert (made.get("name"), made.findtext(f"{VCLOUD}FullName")) == ("new", "New")
    assert [made.findtext(f"{VCLOUD}{one}VmQuota") for one in ("Stored", "Deployed")] == ["12", "0"]
    assert made.find(f"{VCLOUD}Password") is None
    assert made.find(f"{VCLOUD}GroupReferences") is not None
    address = str(made.get("href")).removeprefix(sim.url)
    own = Api(sim)
    assert own.log_in("new@acme", "new-secret-1").ok
    assert [one["name"] for one in own.get("/sessions/current")["roleRefs"]] == ["View Only"]
    again = admin.http.post(sim.url + path, data=user(role), headers={"Content-Type": "application/xml"})
    assert again.status_code == 406  # without a version
    headers = {"Accept": "application/*+xml;version=37.2", "Content-Type": "application/vnd.vmware.admin.user+xml"}
    wrong = admin.http.put(sim.url + address, data=user(role, DeployedVmQuota="-1"), headers=headers)
    assert (wrong.status_code, "-1 is not a number of virtual machines" in wrong.text) == (400, True)
    changed = send(admin, "PUT", address, user(role_address(admin, scene.org, "Organization Administrator")))
    role_shown = changed.find(f"{VCLOUD}Role")
    assert role_shown is not None
    assert role_shown.get("name") == "Organization Administrator"
    assert own.log_in("new@acme", "new-secret-1").ok  # the PUT has no password, so the old one stays
    assert own.ask("POST", f"{address}/action/takeOwnership").status_code == 204
    assert admin.ask("DELETE", address).status_code == 204
    assert own.ask("GET", "/vdcs").status_code == 401
    assert not Api(sim).log_in("new@acme", "new-secret-1").ok


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<User", "is not XML"),
        ("<!DOCTYPE x><User/>", "must have no DOCTYPE"),
        (f"<Group {NAMESPACE} name='x'/>", "must be a User document with a name"),
        (f"<User {NAMESPACE} name='x'/>", "needs a Password and a Role"),
        (f"<User {NAMESPACE} name='viewer'/>", "A user named viewer already exists"),
        (f"<User {NAMESPACE} name='x'><Password>short</Password></User>", "at least 6 characters"),
        (f"<User {NAMESPACE} name='x'><Role href='/x/7'/></User>", "no such role"),
    ],
)
def test_an_invalid_user_is_refused(system: Api, scene: Scene, body: str, text: str) -> None:
    path = f"{system.sim.url}/api/admin/org/{uuid(scene.org)}/users"
    headers = {"Accept": "application/*+xml;version=37.2", "Content-Type": "application/vnd.vmware.admin.user+xml"}
    answer = system.http.post(path, data=body, headers=headers)
    assert (answer.status_code, text in answer.text) == (400, True), answer.text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"type": "UNIVERSAL"}, "with type UNIVERSAL"),
        ({"networkProviderType": "NSX_V"}, "with networkProviderType NSX_V"),
        ({"dfwEnabled": True}, "with dfwEnabled"),
        ({"localEgress": True}, "a LOCAL group cannot have it"),
        ({"participatingOrgVdcs": []}, "at least 1"),
    ],
)
def test_an_invalid_vdc_group_is_refused(admin: Api, scene: Scene, change: dict[str, Any], text: str) -> None:
    members = [{"vdcRef": {"id": scene.vdc}}]
    body = {"name": "g", "orgId": scene.org, "networkProviderType": "NSX_T", "participatingOrgVdcs": members}
    answer = admin.ask("POST", "/vdcGroups", {**body, **change})
    assert answer.status_code in (400, 501)
    assert text in answer.json()["message"]


def test_a_group_with_an_edge_gateway_cannot_be_deleted(system: Api, admin: Api, scene: Scene) -> None:
    members = [{"vdcRef": {"id": scene.vdc}}]
    body = {"name": "g", "orgId": scene.org, "networkProviderType": "NSX_T", "participatingOrgVdcs": members}
    group = admin.done("POST", "/vdcGroups", body)
    owned = {"name": "set", "ownerRef": {"id": group}, "ipAddresses": ["10.0.0.0/8"]}
    admin.done("POST", "/firewallGroups", owned)
    admin.refused("DELETE", f"/vdcGroups/{group}", None, "owns set and cannot be deleted")
    # go-vcloud-director, Test_NsxtVdcGroupForceDelete: force takes the firewall groups with it
    admin.done("DELETE", f"/vdcGroups/{group}?force=true")
    assert admin.values("/firewallGroups/summaries?filter=name==set") == []
    elsewhere = admin.ask("GET", "/vdcGroups/networkingCandidateVdcs")
    assert elsewhere.status_code == 400


def test_the_slaac_profile_is_changed_and_read_back(admin: Api, api: Api, scene: Scene) -> None:
    path = f"/edgeGateways/{scene.edge}/slaacProfile"
    none = {"dnsServerIpv6Addresses": [], "domainNames": []}
    assert admin.get(path) == {"enabled": False, "mode": "DISABLED", "dnsConfig": none}
    api.refused("PUT", path, {"enabled": True}, "Configure SLAAC Profile", status=403)
    admin.done("PUT", path, {"enabled": True, "mode": "SLAAC", "dnsConfig": {}})
    assert admin.get(path) == {"enabled": True, "mode": "SLAAC", "dnsConfig": none}
    admin.refused("PUT", path, {"mode": "OTHER"}, "it must be one of")


def test_the_network_profile_of_a_vdc_is_set_and_removed(system: Api, admin: Api, scene: Scene) -> None:
    path = f"/vdcs/{scene.vdc}/networkProfile"
    empty = admin.get(path)
    assert set(empty.values()) == {None}
    (cluster,) = system.values(f"/nsxTResources/edgeClusters?filter=orgVdcId=={scene.vdc}")
    wanted = {"servicesEdgeCluster": {"backingId": cluster["id"]}}
    admin.refused("PUT", path, wanted, "System administrator", status=403)
    system.done("PUT", path, wanted)
    seen = admin.get(path)
    assert seen["servicesEdgeCluster"]["backingId"] == cluster["id"]
    assert seen["servicesEdgeCluster"]["edgeClusterRef"]["name"] == cluster["name"]
    system.done("PUT", path, seen)  # as Terraform's provider does: it sends back what it has read
    for body, said in (
        ({"servicesEdgeCluster": {"backingId": "other"}}, "there is no such edge cluster"),
        ({"primaryEdgeCluster": {"id": f"urn:vcloud:edgeCluster:{cluster['id']}"}}, "for a VDC of NSX-T"),
    ):
        system.refused("PUT", path, body, said)
    assert admin.get(path) == seen
    system.done("DELETE", path)
    assert admin.get(path) == empty


EXTERNAL = "/externalNetworks"
ROUTERS = "/nsxTResources/importableTier0Routers"


def manager_of(system: Api, scene: Scene) -> str:
    return str(system.get(f"/edgeGateways/{scene.edge}")["gatewayBacking"]["networkProvider"]["id"])


def external(system: Api, scene: Scene, router: str = "tier-0", **more: Any) -> dict[str, Any]:
    """An external network as go-vcloud-director's tests make it."""
    manager = manager_of(system, scene)
    offered = {one["displayName"]: one["id"] for one in system.values(f"{ROUTERS}?filter=_context=={manager}")}
    backing = {
        "backingId": offered[router],
        "backingTypeValue": "NSXT_TIER0",
        "networkProvider": {"id": manager},
    }
    ranges = {"values": [{"startAddress": "192.0.2.3", "endAddress": "192.0.2.25"}]}
    subnet = {"gateway": "192.0.2.1", "prefixLength": 24, "ipRanges": ranges}
    return {"name": "outside", "networkBackings": {"values": [backing]}, "subnets": {"values": [subnet]}, **more}


def test_an_external_network_is_made_and_used(system: Api, scene: Scene) -> None:
    body = external(system, scene, dedicatedOrg={})  # as Terraform's provider sends it
    made = system.done("POST", EXTERNAL, body)
    shown = system.get(f"{EXTERNAL}/{made}")
    (backing,) = shown["networkBackings"]["values"]
    assert shown["dedicatedOrg"] is None
    # Terraform's data source vcd_nsxt_tier0_router finds a router in use by its name and older type
    assert (shown["totalIpCount"], backing["name"], backing["backingType"]) == (23, "tier-0", "NSXT_TIER0")
    assert [one["id"] for one in system.values(f"{EXTERNAL}?filter=name==outside")] == [made]
    rest = [one["displayName"] for one in system.values(f"{ROUTERS}?filter=_context=={manager_of(system, scene)}")]
    assert rest == ["tier-0-vrf"]  # the vendor: those of an external network are filtered out
    system.refused("POST", EXTERNAL, {**body, "name": "again"}, "no such importable Tier-0 router")
    system.done("PUT", f"{EXTERNAL}/{made}", {**shown, "name": "renamed"})
    subnets = {"values": [{**shown["subnets"]["values"][0], "usedIpCount": None}]}
    uplink = {"uplinkId": made, "subnets": subnets}
    edge = system.done(
        "POST", "/edgeGateways", {"name": "e", "orgVdc": {"id": scene.vdc}, "edgeGatewayUplinks": [uplink]}
    )
    # go-vcloud-director, Test_NsxtEdgeGatewayUsedAndUnusedIPs: of 23 addresses one is used, the gateway's own
    assert [one["ipAddress"] for one in system.values(f"/edgeGateways/{edge}/usedIpAddresses")] == ["192.0.2.3"]
    (read,) = system.get(f"/edgeGateways/{edge}")["edgeGatewayUplinks"]
    assert (read["uplinkName"], read["subnets"]["values"][0]["totalIpCount"]) == ("renamed", 23)
    system.refused("DELETE", f"{EXTERNAL}/{made}", None, "is used by e")
    system.done("DELETE", f"/edgeGateways/{edge}")
    system.done("DELETE", f"{EXTERNAL}/{made}")
    system.refused("GET", f"{EXTERNAL}/{made}", None, "target entity is invalid", status=403)
    system.refused("GET", ROUTERS, None, "A filter with _context==")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"subnets": {"values": None}}, "either them or IP Spaces"),
        ({"usingIpSpace": True}, "either them or IP Spaces"),
        ({"name": "uplink-1"}, "named uplink-1 already exists"),
        ({"networkBackings": {"values": []}}, "at least 1"),
    ],
)
def test_an_invalid_external_network_is_refused(system: Api, scene: Scene, change: dict[str, Any], text: str) -> None:
    system.refused("POST", EXTERNAL, external(system, scene, **change), text)


def test_an_edge_gateway_with_ip_spaces_gives_its_organisation_quotas(system: Api, admin: Api, scene: Scene) -> None:
    # go-vcloud-director, Test_IpSpaceIpAllocation, Test_IpSpaceUplink and Test_IpSpaceOrgAssignment
    network = system.done("POST", EXTERNAL, external(system, scene, subnets={"values": None}, usingIpSpace=True))
    scope = {"ipSpaceInternalScope": ["198.51.100.0/24"]}
    ranges = {"ipRanges": [{"startIpAddress": "198.51.100.1", "endIpAddress": "198.51.100.9"}]}
    body = {"name": "space", "type": "PUBLIC", "ipSpaceRanges": {**ranges, "defaultFloatingIpQuota": 1}, **scope}
    space = system.done("POST", "/ipSpaces", body)
    found = system.get(f"/nsxTResources/tier0RouterInterfaces?filter=externalNetworkId=={network}", version="38.0")
    (interface,) = found["values"]
    uplink = {"name": "u", "externalNetworkRef": {"id": network}, "ipSpaceRef": {"id": space}}
    wrong = {**uplink, "interfaces": [{"id": "x"}]}
    system.refused("POST", "/ipSpaceUplinks", wrong, "has no such interface", version="38.0")
    link = system.done("POST", "/ipSpaceUplinks", {**uplink, "interfaces": [{"id": interface["id"]}]}, version="38.0")
    shown = system.get(f"/ipSpaceUplinks/{link}", version="38.0")["interfaces"]
    assert [(one["name"], one["interfaceType"]) for one in shown] == [("interface-1", "EXTERNAL")]
    place = f"/ipSpaces/orgAssignments?filter=ipSpaceRef.id=={space}"
    assert system.values(place) == []
    none = {"uplinkId": network, "subnets": {"values": None}}
    gateway = {"name": "e", "ownerRef": {"id": scene.vdc}, "edgeGatewayUplinks": [none]}
    edge = system.done("POST", "/edgeGateways", gateway)
    assert system.get(f"/edgeGateways/{edge}")["edgeGatewayUplinks"][0]["usingIpSpace"] is True
    (assignment,) = system.values(f"{place};orgRef.name==acme")
    one = {"type": "FLOATING_IP", "quantity": 1}
    admin.done("POST", f"/ipSpaces/{space}/allocate", one)
    admin.refused("POST", f"/ipSpaces/{space}/allocate", one, "quota of 1 floating IPs")
    changed = {**assignment, "customQuotas": {"floatingIpQuota": 2, "ipPrefixQuotas": []}}
    system.done("PUT", f"/ipSpaces/orgAssignments/{assignment['id']}", changed)
    assert system.get(f"/ipSpaces/orgAssignments/{assignment['id']}")["customQuotas"]["floatingIpQuota"] == 2
    admin.done("POST", f"/ipSpaces/{space}/allocate", one)
    admin.refused("POST", f"/ipSpaces/{space}/allocate", one, "quota of 2 floating IPs")
    admin.refused("GET", "/ipSpaces/orgAssignments", None, "System administrator", status=403)
    system.refused("DELETE", f"{EXTERNAL}/{network}", None, "is used by e")


def test_an_edge_gateway_moves_to_a_vdc_group_and_back(system: Api, admin: Api, scene: Scene) -> None:
    # go-vcloud-director, Test_NsxtEdgeVdcGroup
    members = [{"vdcRef": {"id": scene.vdc}}]
    body = {"name": "g", "orgId": scene.org, "networkProviderType": "NSX_T", "participatingOrgVdcs": members}
    group = admin.done("POST", "/vdcGroups", body)
    path = f"/edgeGateways/{scene.edge}"
    read = system.get(path)
    admin.refused("PUT", path, {**admin.get(path), "ownerRef": {"id": group}}, "only a provider may change it")
    system.done("PUT", path, {**read, "ownerRef": {"id": group}})
    assert (system.get(path)["ownerRef"]["name"], system.get(path)["orgVdc"]) == ("g", None)
    assert {one["ownerRef"]["name"] for one in admin.values("/orgVdcNetworks")} == {"g"}
    # Terraform's provider, TestAccVcdNsxtIpSetMigration
    sets = "/firewallGroups/summaries?filter=typeValue==IP_SET;ownerRef.id=={}"
    (moved,) = admin.values(sets.format(group))
    admin.refused("DELETE", f"/vdcGroups/{group}?force=true", None, "cannot be deleted")
    system.done("PUT", path, {**read, "ownerRef": {"id": scene.vdc}})
    assert system.get(path)["ownerRef"]["id"] == scene.vdc
    assert [one["id"] for one in admin.values(sets.format(scene.edge))] == [moved["id"]]
    other = admin.done("POST", "/vdcGroups", {**body, "name": "h"})
    admin.done("DELETE", f"/vdcGroups/{group}")
    system.done("PUT", path, {**read, "ownerRef": {"id": other}})


def test_a_profile_is_seen_from_its_vdc_group(system: Api, admin: Api, scene: Scene) -> None:
    # go-vcloud-director, testAppPortProfile: made in one VDC, found from the group that it is in
    members = [{"vdcRef": {"id": scene.vdc}}]
    body = {"name": "g", "orgId": scene.org, "networkProviderType": "NSX_T", "participatingOrgVdcs": members}
    group = admin.done("POST", "/vdcGroups", body)
    made = admin.done("POST", "/applicationPortProfiles", scene.profile("mine"))
    path = f"/applicationPortProfiles?filter=name==mine;scope==TENANT;_context=={group}"
    assert [one["id"] for one in admin.values(path)] == [made]


def test_tasks_are_queried(system: Api, admin: Api, api: Api, scene: Scene) -> None:
    # go-vcloud-director, WaitForRouteAdvertisementTasks: running tasks of one name
    api.done("POST", "/loadBalancer/pools", scene.pool())
    (task,) = admin.xml("/api/query?type=task&filter=name==LOAD_BALANCER_POOL_CREATE")
    assert (task.get("status"), task.get("objectName"), task.get("ownerName")) == ("success", "pool", "kube")
    waiting = "status==running,status==queued;name==ipSpaceUplinkRouteAdvertisementSync"
    assert list(system.xml(f"/api/query?type=adminTask&filter={waiting}")) == []
    assert admin.ask("GET", "/api/query?type=adminTask").status_code == 403


def test_a_network_need_not_be_distributed(system: Api, admin: Api, scene: Scene) -> None:
    # go-vcloud-director, Test_NsxtOrgVdcNetworkRoutedNonDistributed
    connection = {"routerRef": {"id": scene.edge}, "connectionTypeValue": "NON_DISTRIBUTED"}
    subnets = {"values": [{"gateway": "10.20.0.1", "prefixLength": 24}]}
    body = {"name": "n", "networkType": "NAT_ROUTED", "ownerRef": {"id": scene.vdc}, "subnets": subnets}
    admin.refused("POST", "/orgVdcNetworks", {**body, "connection": connection}, "does not allow it")
    path = f"/edgeGateways/{scene.edge}"
    system.done("PUT", path, {**system.get(path), "nonDistributedRoutingEnabled": True})
    made = admin.done("POST", "/orgVdcNetworks", {**body, "connection": connection})
    assert admin.get(f"/orgVdcNetworks/{made}")["connection"]["connectionTypeValue"] == "NON_DISTRIBUTED"


def test_edge_clusters_and_the_nsx_t_manager_are_listed(system: Api, scene: Scene) -> None:
    (cluster,) = system.values(f"/nsxTResources/edgeClusters?filter=orgVdcId=={scene.vdc}")
    assert cluster["name"] == "cluster-1"
    system.refused("GET", "/nsxTResources/edgeClusters", None, "A filter with orgVdcId==")
    (record,) = system.xml("/api/query?type=nsxTManager")
    shown = system.ask("GET", str(record.get("href"))).json()
    assert (shown["name"], shown["networkProviderScope"]) == ("nsx-t", "nsx-t")
