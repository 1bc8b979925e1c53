# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall groups and rules."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_bench import Api, Scene
from vcdsim.testing import Simulator

GROUPS = "/firewallGroups"


TAGGED = {"attributeType": "VM_TAG", "operator": "EQUALS", "attributeValue": "web"}


def ip_set(scene: Scene, name: str = "set", **more: Any) -> dict[str, Any]:
    return {"name": name, "typeValue": "IP_SET", "ownerRef": {"id": scene.edge}, "ipAddresses": ["10.0.0.0/8"], **more}


def test_groups_are_made_changed_and_deleted(admin: Api, scene: Scene) -> None:
    made = admin.done("POST", GROUPS, ip_set(scene, ipAddresses=["10.0.0.1", "10.0.0.2-10.0.0.9", "10.1.0.0/16"]))
    body = admin.get(f"{GROUPS}/{made}")
    assert (body["type"], body["typeValue"], len(body["ipAddresses"])) == ("IP_SET", "IP_SET", 3)
    assert body["ownerRef"]["name"] == "acme-edge"
    admin.done("PUT", f"{GROUPS}/{made}", {**body, "description": "new"})
    listed = admin.values(f"{GROUPS}/summaries?filter=typeValue==IP_SET;_context=={scene.edge};name==set")
    assert [one["description"] for one in listed] == ["new"]
    assert "ipAddresses" not in listed[0]
    admin.done("DELETE", f"{GROUPS}/{made}")
    assert admin.ask("GET", f"{GROUPS}/{made}").status_code == 403


def test_a_static_group_is_found_by_both_of_its_types(admin: Api, scene: Scene) -> None:
    network = admin.named("/orgVdcNetworks", "k8s-net")["id"]
    static = {"name": "static", "typeValue": "STATIC_MEMBERS", "ownerRef": {"id": scene.edge}}
    admin.done("POST", GROUPS, {**static, "members": [{"id": network}]})
    admin.done("POST", GROUPS, ip_set(scene))
    for kind in ("STATIC_MEMBERS", "SECURITY_GROUP"):
        found = admin.values(f"{GROUPS}/summaries?filter=typeValue=={kind}")
        assert [one["name"] for one in found] == ["static"]


def test_a_group_without_a_type_is_an_ip_set(admin: Api, scene: Scene) -> None:
    # The vendor's description of typeValue: "The default is IP_SET."
    made = admin.done("POST", GROUPS, ip_set(scene, typeValue=None))
    assert admin.get(f"{GROUPS}/{made}")["typeValue"] == "IP_SET"
    static = {"name": "s", "typeValue": "STATIC_MEMBERS", "ownerRef": {"id": scene.edge}, "members": []}
    made = admin.done("POST", GROUPS, static)
    admin.done("PUT", f"{GROUPS}/{made}", {**static, "typeValue": None, "description": "kept"})
    assert admin.get(f"{GROUPS}/{made}")["typeValue"] == "STATIC_MEMBERS"


def test_a_group_of_networks_lists_their_machines(admin: Api, scene: Scene) -> None:
    network = admin.named("/orgVdcNetworks", "k8s-net")["id"]
    body = ip_set(scene, type="SECURITY_GROUP", typeValue=None, ipAddresses=None, members=[{"id": network}])
    made = admin.done("POST", GROUPS, body)
    assert admin.get(f"{GROUPS}/{made}")["typeValue"] == "STATIC_MEMBERS"
    machines = admin.values(f"{GROUPS}/{made}/associatedVMs")
    assert {one["vmRef"]["name"] for one in machines} == {"acme-cp-1", "acme-worker-1", "acme-worker-2"}
    seen = admin.values(f"{GROUPS}/summaries?filter=_context=={network}")
    assert [one["name"] for one in seen] == ["set"]  # the groups of which the network is a member
    admin.refused("DELETE", f"/orgVdcNetworks/{network}", None, "is in use")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": "workers"}, "already exists on acme-edge"),
        ({"typeValue": "VM_CRITERIA", "ipAddresses": None}, "VM_CRITERIA is possible in a VDC group only"),
        ({"ownerRef": None}, '"ownerRef" is required'),
        ({"type": "SECURITY_GROUP"}, "it contradicts typeValue"),
        ({"ipAddresses": ["10.0.0.9-10.0.0.1"]}, "ipAddresses[0]"),
        ({"ipAddresses": ["10.0.0.1-2001:db8::1"]}, "ipAddresses[0]"),
        ({"typeValue": "STATIC_MEMBERS"}, "possible with IP_SET only"),
        ({"ipAddresses": [], "vmCriteria": [{"rules": [TAGGED]}]}, "possible with VM_CRITERIA only"),
        ({"vmCriteria": [{"rules": []}]}, "vmCriteria[0].rules"),
        ({"vmCriteria": [{"rules": [TAGGED] * 5}]}, "vmCriteria[0].rules"),
        ({"vmCriteria": [{"rules": [{**TAGGED, "operator": "IS"}]}]}, "vmCriteria[0].rules[0].operator"),
        ({"typeValue": "VM_CRITERIA", "ipAddresses": [], "vmCriteria": [{}] * 4}, "at most 3"),
        ({"members": [{"id": "urn:vcloud:network:00000000-0000-0000-0000-000000000000"}]}, "STATIC_MEMBERS only"),
    ],
)
def test_an_invalid_group_is_refused(admin: Api, scene: Scene, change: dict[str, Any], text: str) -> None:
    admin.refused("POST", GROUPS, ip_set(scene, **change), text)


def test_a_group_keeps_its_owner_and_its_type(admin: Api, scene: Scene) -> None:
    group = admin.named(f"{GROUPS}/summaries", "workers")
    body = {**group, "typeValue": "STATIC_MEMBERS", "type": None}
    admin.refused("PUT", f"{GROUPS}/{group['id']}", body, "neither it nor typeValue can be changed")


def test_members_must_be_connected(tenants: Simulator) -> None:
    admin = Api(tenants, "admin@acme")
    near = next(one for one in admin.values("/edgeGateways") if one["ownerRef"]["name"] == "acme-vdc")
    far = admin.named("/orgVdcNetworks", "other-net")["id"]
    body = {"name": "g", "typeValue": "STATIC_MEMBERS", "ownerRef": {"id": near["id"]}, "members": [{"id": far}]}
    admin.refused("POST", GROUPS, body, "other-net cannot be a member as it is not connected/scoped to acme-edge")


def rule(name: str = "allow", **more: Any) -> dict[str, Any]:
    return {"name": name, "actionValue": "ALLOW", **more}


def test_rules_are_replaced_as_a_whole(admin: Api, api: Api, scene: Scene) -> None:
    path = f"/edgeGateways/{scene.edge}/firewall/rules"
    group = admin.named(f"{GROUPS}/summaries", "workers")["id"]
    sent = [rule("one", sourceFirewallGroups=[{"id": group}]), rule("two")]
    admin.done("PUT", path, {"userDefinedRules": sent})
    body = admin.get(path)
    first, second = body["userDefinedRules"]
    assert (first["name"], first["action"], first["ipProtocol"]) == ("one", "ALLOW", "IPV4_IPV6")
    assert first["sourceFirewallGroups"][0]["name"] == "workers"
    assert body["defaultRules"][0]["actionValue"] == "DROP"
    admin.done("PUT", path, {**body, "userDefinedRules": [second, first]})
    again = admin.get(path)["userDefinedRules"]
    assert [one["id"] for one in again] == [second["id"], first["id"]]
    admin.done("PUT", f"{path}/{first['id']}", {**first, "comments": "x", "version": None})
    assert admin.get(f"{path}/{first['id']}")["comments"] == "x"
    api.refused("PUT", path, {"userDefinedRules": []}, "Configure Firewall", status=403)
    admin.refused("DELETE", f"{GROUPS}/{group}", None, "is used by one")
    admin.done("DELETE", f"{path}/{first['id']}")
    assert len(admin.get(path)["userDefinedRules"]) == 1
    admin.done("DELETE", path)
    assert admin.get(path)["userDefinedRules"] == []
    admin.done("DELETE", f"{GROUPS}/{group}")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"actionValue": None}, '"actionValue" is required'),
        ({"action": "DROP"}, "it contradicts actionValue"),
        ({"actionValue": "PASS"}, "it must be one of"),
        ({"name": ""}, "userDefinedRules[0].name"),
        ({"comments": "x" * 2049}, "at most 2048"),
        (
            {"sourceFirewallGroups": [{"id": "urn:vcloud:firewallGroup:00000000-0000-0000-0000-000000000000"}]},
            "no such",
        ),
        ({"x": 1}, 'Unrecognized field "userDefinedRules[0].x"'),
    ],
)
def test_an_invalid_rule_is_refused(admin: Api, scene: Scene, change: dict[str, Any], text: str) -> None:
    path = f"/edgeGateways/{scene.edge}/firewall/rules"
    admin.refused("PUT", path, {"userDefinedRules": [rule(**change)]}, text)


def test_a_context_profile_must_exist(admin: Api, scene: Scene) -> None:
    profile = {"id": "urn:vcloud:networkContextProfile:00000000-0000-0000-0000-000000000000"}
    body = {"userDefinedRules": [rule(networkContextProfiles=[profile])]}
    admin.refused("PUT", f"/edgeGateways/{scene.edge}/firewall/rules", body, "no such networkContextProfile")


def test_a_profile_in_a_firewall_rule_is_in_use(admin: Api, scene: Scene) -> None:
    profile = admin.done("POST", "/applicationPortProfiles", scene.profile())
    body = {"userDefinedRules": [rule(applicationPortProfiles=[{"id": profile}])]}
    admin.done("PUT", f"/edgeGateways/{scene.edge}/firewall/rules", body)
    admin.refused("DELETE", f"/applicationPortProfiles/{profile}", None, "is used by the rule allow")


def test_a_group_in_use_by_a_pool_cannot_be_deleted(admin: Api, scene: Scene) -> None:
    group = admin.named(f"{GROUPS}/summaries", "workers")["id"]
    admin.done("POST", "/loadBalancer/pools", scene.pool(members=[], memberGroupRef={"id": group}))
    admin.refused("DELETE", f"{GROUPS}/{group}", None, "is used by pool")


@pytest.mark.parametrize("lingers", ["no", "yes"])
@pytest.mark.parametrize("user", ["rule", "pool"])
def test_a_group_may_be_in_use_for_a_while_after_its_last_user(
    user: str, lingers: str, admin: Api, scene: Scene
) -> None:
    admin.sim.settings(health_seconds=3600)
    admin.sim.assume(group_in_use_lingers=lingers)
    group = admin.named(f"{GROUPS}/summaries", "workers")["id"]
    if user == "rule":
        path = f"/edgeGateways/{scene.edge}/firewall/rules"
        admin.done("PUT", path, {"userDefinedRules": [rule(sourceFirewallGroups=[{"id": group}])]})
        admin.done("DELETE", path)
    else:
        pool = admin.done("POST", "/loadBalancer/pools", scene.pool(members=[], memberGroupRef={"id": group}))
        body = admin.get(f"/loadBalancer/pools/{pool}")
        admin.done("PUT", f"/loadBalancer/pools/{pool}", {**body, "memberGroupRef": None})
    if lingers == "yes":
        admin.refused("DELETE", f"{GROUPS}/{group}", None, "cannot be deleted as it is in use")
        admin.sim.settings(health_seconds=0)
    admin.done("DELETE", f"{GROUPS}/{group}")
