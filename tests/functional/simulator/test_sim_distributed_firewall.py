# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distributed firewall of a VDC group, as go-vcloud-director's tests expect it of a real VCD."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_bench import Api, Scene


@pytest.fixture
def group(admin: Api, scene: Scene) -> str:
    """The path of a VDC group."""
    members = [{"vdcRef": {"id": scene.vdc}}]
    body = {"name": "g", "orgId": scene.org, "networkProviderType": "NSX_T", "participatingOrgVdcs": members}
    return "/vdcGroups/" + admin.done("POST", "/vdcGroups", body)


def set_policy(admin: Api, group: str, *, enabled: bool) -> None:
    """Enable or disable the policy as clients do, by sending back what they have read."""
    policy = admin.get(f"{group}/dfwPolicies")["defaultPolicy"]
    admin.done("PUT", f"{group}/dfwPolicies/default", policy | {"enabled": enabled})


def test_it_is_activated_with_a_policy_and_a_rule(admin: Api, group: str) -> None:
    policies = f"{group}/dfwPolicies"
    assert admin.get(policies) == {"enabled": False, "defaultPolicy": None}
    assert admin.ask("GET", f"{policies}/default/rules").status_code == 403
    admin.done("PUT", policies, {"enabled": True})
    assert admin.get(group)["dfwEnabled"] is True
    assert admin.get(policies)["defaultPolicy"]["enabled"] is True
    (rule,) = admin.values(f"{policies}/default/rules")
    assert (rule["name"], rule["actionValue"]) == ("Default_VdcGroup_g", "ALLOW")
    admin.done("PUT", policies, {"enabled": True})  # again: nothing changes
    assert admin.values(f"{policies}/default/rules") == [rule]
    # it is on for as long as the policy is
    admin.refused("PUT", policies, {"enabled": False}, "Disable the default policy of g first")
    admin.refused("DELETE", group, None, "Disable the default policy of g first")
    set_policy(admin, group, enabled=False)
    assert admin.get(policies)["defaultPolicy"]["enabled"] is False
    set_policy(admin, group, enabled=True)
    set_policy(admin, group, enabled=False)
    admin.done("PUT", policies, {"enabled": False})
    assert admin.get(policies) == {"enabled": False, "defaultPolicy": None}
    assert admin.sim.dump()["firewall_rules"] == []


def test_deleting_a_group_deletes_its_rules(admin: Api, group: str) -> None:
    admin.done("PUT", f"{group}/dfwPolicies", {"enabled": True})
    set_policy(admin, group, enabled=False)
    admin.done("DELETE", group)
    assert admin.sim.dump()["firewall_rules"] == []


def test_a_policy_is_changed_only_with_its_current_version(admin: Api, group: str) -> None:
    admin.done("PUT", f"{group}/dfwPolicies", {"enabled": True})
    path = f"{group}/dfwPolicies/default"
    policy = admin.get(path)
    admin.refused("PUT", path, {"name": "n"}, 'The field "version" is required')
    admin.done("PUT", path, policy | {"description": "d"})
    admin.refused("PUT", path, policy, "has been changed: version 1")
    assert admin.get(f"{group}/dfwPolicies/{policy['id']}") == policy | {"description": "d", "version": {"version": 1}}


def full_rule(admin: Api, owner: str) -> dict[str, Any]:
    """A rule with every field that a client can write."""
    ip_set = admin.done("POST", "/firewallGroups", {"name": "set", "ownerRef": {"id": owner}, "typeValue": "IP_SET"})
    return {
        "name": "rule",
        "description": "d",
        "comments": "c",
        "sourceFirewallGroups": [{"id": ip_set}],
        "destinationFirewallGroups": [{"id": ip_set}],
        "applicationPortProfiles": [{"id": admin.named("/applicationPortProfiles", "HTTP")["id"]}],
        "networkContextProfiles": [{"id": admin.named("/networkContextProfiles", "AMQP")["id"]}],
        "ipProtocol": "IPV4",
        "actionValue": "REJECT",
        "direction": "IN",
        "logging": True,
        "enabled": False,
        "sourceGroupsExcluded": True,
        "destinationGroupsExcluded": True,
    }


def only_ids(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [{"id": one["id"]} for one in value] if isinstance(value, list) else value for name, value in rule.items()
    }


def test_rules_are_read_back_and_keep_their_identifiers(admin: Api, group: str) -> None:
    admin.done("PUT", f"{group}/dfwPolicies", {"enabled": True})
    path = f"{group}/dfwPolicies/default/rules"
    (default,) = admin.values(path)
    full = full_rule(admin, group.rpartition("/")[2])
    admin.done("PUT", path, {"values": [full, default]})  # a client puts its rule above the default one
    first, second = admin.values(path)
    assert full.items() <= only_ids(first).items()
    assert second["id"] == default["id"]
    in_use = first["sourceFirewallGroups"][0]["id"]
    admin.refused("DELETE", f"/firewallGroups/{in_use}", None, "is used by rule")
    one = f"{path}/{first['id']}"
    admin.done("PUT", one, first | {"name": "renamed"})
    assert admin.get(one)["name"] == "renamed"
    admin.refused("PUT", one, first, "has been changed")
    admin.done("DELETE", one)
    assert admin.ask("GET", one).status_code == 403
    admin.done("PUT", path, {})  # go-vcloud-director deletes all rules in this way
    assert admin.values(path) == []


def test_network_context_profiles_are_found_by_name_scope_and_place(admin: Api, system: Api, scene: Scene) -> None:
    manager = system.get(f"/edgeGateways/{scene.edge}")["gatewayBacking"]["networkProvider"]["id"]
    path = "/networkContextProfiles?filter=name==AMQP;scope=={};_context=={}"
    for api, place in ((admin, scene.vdc), (system, manager)):
        (found,) = api.values(path.format("SYSTEM", place))
        assert api.get(f"/networkContextProfiles/{found['id']}") == found
        assert api.values(path.format("TENANT", place)) == []
    assert admin.values(path.format("SYSTEM", manager)) == []  # only the provider may use this context
