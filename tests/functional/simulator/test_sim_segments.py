# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Segments and port groups that a provider imports, and which segment profiles a network has."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_bench import Api, Scene

SWITCHES = "/network/orgvdcnetworks/importableswitches"
PORT_GROUPS = "/virtualCenters/resources/importableDvpgs"
NETWORKS = "/orgVdcNetworks"
TEMPLATES = "/segmentProfileTemplates"
FIELD = "vdcNetworkSegmentProfileTemplateRef"


def switches(system: Api, scene: Scene) -> list[dict[str, str]]:
    """Read the list as go-vcloud-director does, without a version."""
    path = f"{system.sim.url}{SWITCHES}/?orgVdc={scene.vdc.rpartition(':')[2]}"
    answer = system.http.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return list(answer.json())


def imported(scene: Scene, backing: str, **more: Any) -> dict[str, Any]:
    subnets = {"values": [{"gateway": "10.8.0.1", "prefixLength": 24}]}
    body = {"name": "imported", "networkType": "OPAQUE", "ownerRef": {"id": scene.vdc}, "subnets": subnets}
    return {**body, "backingNetworkId": backing, **more}


def test_a_segment_is_imported_once(system: Api, scene: Scene) -> None:
    first, second = switches(system, scene)
    admin = Api(system.sim, "admin@acme")
    admin.refused("POST", NETWORKS, imported(scene, first["id"]), "only a provider may import networks")
    system.refused("POST", NETWORKS, imported(scene, "nowhere"), "no such importable network")
    made = system.done("POST", NETWORKS, imported(scene, first["id"]))
    assert switches(system, scene) == [second]
    system.refused("POST", NETWORKS, imported(scene, first["id"], name="again"), "no such importable network")
    shown = system.get(f"{NETWORKS}/{made}")
    assert (shown["backingNetworkId"], shown["backingNetworkType"]) == (first["id"], "NSXT_FIXED_SEGMENT")
    system.refused("PUT", f"{NETWORKS}/{made}", {**shown, "backingNetworkId": second["id"]}, "cannot be changed")
    system.refused("PUT", f"{NETWORKS}/{made}", {**shown, "networkType": "ISOLATED"}, "an imported network keeps it")
    system.done("DELETE", f"{NETWORKS}/{made}")
    assert switches(system, scene) == [first, second]


def test_an_external_network_takes_a_segment_away(system: Api, scene: Scene) -> None:
    segment = switches(system, scene)[0]["id"]
    manager = system.get(f"/edgeGateways/{scene.edge}")["gatewayBacking"]["networkProvider"]
    backing = {"backingId": segment, "backingTypeValue": "IMPORTED_T_LOGICAL_SWITCH", "networkProvider": manager}
    ranges = {"values": [{"startAddress": "192.0.2.3", "endAddress": "192.0.2.5"}]}
    subnet = {"gateway": "192.0.2.1", "prefixLength": 24, "ipRanges": ranges}
    body = {"name": "s", "networkBackings": {"values": [backing]}, "subnets": {"values": [subnet]}}
    made = system.done("POST", "/externalNetworks", body)
    assert segment not in {one["id"] for one in switches(system, scene)}
    path = f"/edgeGateways/{scene.edge}"
    before = system.get(path)
    more = {"uplinkId": made, "subnets": {"values": [subnet]}}
    system.done("PUT", path, {**before, "edgeGatewayUplinks": [*before["edgeGatewayUplinks"], more]})
    added = system.get(path)["edgeGatewayUplinks"][1]
    assert (added["backingType"], added["subnets"]["values"][0]["primaryIp"]) == (
        backing["backingTypeValue"],
        "192.0.2.3",
    )
    system.done("PUT", path, before)
    system.done("DELETE", f"/externalNetworks/{made}")


def test_a_port_group_is_only_for_a_vdc(system: Api, scene: Scene) -> None:
    group = system.values(PORT_GROUPS)[0]["backingRef"]["id"]
    system.done("POST", NETWORKS, imported(scene, group, backingNetworkType="DV_PORTGROUP"))
    left = {one["backingRef"]["id"] for one in system.values(f"{PORT_GROUPS}?filter=orgVdcId=={scene.vdc}")}
    assert group not in left
    member = [{"vdcRef": {"id": scene.vdc}}]
    body = {"name": "g", "orgId": scene.org, "networkProviderType": "NSX_T", "participatingOrgVdcs": member}
    owner = {"ownerRef": {"id": system.done("POST", "/vdcGroups", body)}, "name": "grouped"}
    refused = imported(scene, left.pop(), backingNetworkType="DV_PORTGROUP", **owner)
    system.refused("POST", NETWORKS, refused, "a network of a VDC group is no port group")


@pytest.mark.parametrize(
    "path",
    [
        "/nsxTResources/segmentQoSProfiles",
        "/nsxTResources/importableSegments",
        "/nsxTResources/gatewayQoSProfiles",
        SWITCHES,
    ],
)
def test_lists_of_nsx_t_require_a_context(system: Api, path: str) -> None:
    assert system.ask("GET", path).status_code == 400


def test_a_network_has_the_profiles_that_are_nearest_to_it(system: Api, scene: Scene) -> None:
    manager = system.get(f"/edgeGateways/{scene.edge}")["gatewayBacking"]["networkProvider"]
    made = {
        name: system.done("POST", TEMPLATES, {"name": name, "sourceNsxTManagerRef": manager})
        for name in ("site", "vdc", "network")
    }
    system.refused("POST", TEMPLATES, {"name": "site", "sourceNsxTManagerRef": manager}, "already exists")
    network = f"{NETWORKS}/{system.named(NETWORKS, 'k8s-net')['id']}"

    def source() -> Any:
        shown = system.get(network + "/segmentProfiles")["segmentProfileTemplate"]
        return shown and (shown["source"], shown["templateRef"]["name"])

    assert source() is None
    system.done("PUT", TEMPLATES + "/default", {FIELD: {"id": made["site"]}})
    assert source() == ("GLOBAL", "site")
    system.done("PUT", f"/vdcs/{scene.vdc}/networkProfile", {FIELD: {"id": made["vdc"]}})
    assert source() == ("ORG_VDC", "vdc")
    for name in ("site", "vdc"):
        system.refused("DELETE", f"{TEMPLATES}/{made[name]}", None, "is a default of")
    system.done("PUT", network, {**system.get(network), "segmentProfileTemplateRef": {"id": made["network"]}})
    assert source() == ("NETWORK", "network")
    (profile,) = [
        one
        for one in system.values(f"/nsxTResources/segmentQoSProfiles?filter=orgVdcId=={scene.vdc}")
        if one["displayName"] == "segment-qos-1"
    ]
    system.done("PUT", network + "/segmentProfiles", {"qosProfile": {"id": profile["id"]}})
    assert source() is None
    unknown = {"qosProfile": {"id": "nowhere"}}
    system.refused("PUT", network + "/segmentProfiles", unknown, "there is no such profile")
