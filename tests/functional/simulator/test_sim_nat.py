# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT rules and application port profiles."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_bench import Api, Scene
from vcdsim.testing import Simulator

PROFILES = "/applicationPortProfiles"
UNKNOWN = "00000000-0000-0000-0000-000000000000"


def only_rule(api: Api, scene: Scene) -> dict[str, Any]:
    (rule,) = api.values(scene.nat)
    return dict(rule)


def test_the_task_names_the_gateway_and_the_rule_has_defaults(api: Api, scene: Scene) -> None:
    assert api.done("POST", scene.nat, scene.rule()) == scene.edge
    rule = only_rule(api, scene)
    expected = {
        "enabled": True,
        "type": "DNAT",
        "ruleType": "DNAT",
        "firewallMatch": "MATCH_INTERNAL_ADDRESS",
        "priority": 0,
        "logging": False,
        "systemRule": False,
        "version": {"version": 0},
        "applicationPortProfile": None,
        "dnatExternalPort": None,
    }
    assert {name: rule[name] for name in expected} == expected
    assert api.get(f"{scene.nat}/{rule['id']}") == rule


def test_a_rule_as_cpi_writes_it_is_accepted(api: Api, scene: Scene) -> None:
    profile = api.done("POST", PROFILES, scene.profile("appPort_dnat-x"))
    sent = scene.rule(
        "dnat-x", ruleType="DNAT", dnatExternalPort="80", applicationPortProfile={"name": "", "id": profile}
    )
    del sent["type"]
    api.done("POST", scene.nat, sent)
    rule = only_rule(api, scene)
    assert (rule["type"], rule["dnatExternalPort"]) == ("DNAT", "80")
    assert rule["applicationPortProfile"] == {"name": "appPort_dnat-x", "id": profile}
    api.done("PUT", f"{scene.nat}/{rule['id']}", {**rule, "dnatExternalPort": "81"})
    assert (only_rule(api, scene)["version"], only_rule(api, scene)["dnatExternalPort"]) == ({"version": 1}, "81")


def test_a_rule_has_versions(sim: Simulator, api: Api, scene: Scene) -> None:
    api.done("POST", scene.nat, scene.rule())
    path = f"{scene.nat}/{only_rule(api, scene)['id']}"
    api.done("PUT", path, scene.rule(description="none given"))
    old = scene.rule(version={"version": 0})
    api.refused("PUT", path, old, "has been changed: version 1")
    sim.assume(nat_version="ignored")
    api.done("PUT", path, old)


def test_names_of_nat_rules_need_not_be_unique(api: Api, scene: Scene) -> None:
    for port in ("80", "81"):
        api.done("POST", scene.nat, scene.rule(dnatExternalPort=port))
    assert [one["name"] for one in api.values(scene.nat)] == ["rule", "rule"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"x": 1}, 'Unrecognized field "x"'),
        ({"name": ""}, 'field "name"'),
        ({"type": None}, '"type" is required'),
        ({"type": "BOTH"}, "it must be one of"),
        ({"ruleType": "SNAT"}, "it contradicts type"),
        ({"externalAddresses": ""}, '"externalAddresses" is required'),
        ({"internalAddresses": None}, '"internalAddresses" is required'),
        ({"externalAddresses": "203.0.113.1000"}, "externalAddresses"),
        ({"externalAddresses": "203.0.113.20-203.0.113.22"}, "externalAddresses"),
        ({"externalAddresses": "203.0.113.5"}, "not allocated to the edge gateway"),
        ({"externalAddresses": "203.0.113.0/29"}, "not allocated to the edge gateway"),
        ({"dnatExternalPort": 80}, "of type string"),
        ({"dnatExternalPort": "0"}, "dnatExternalPort"),
        ({"dnatExternalPort": "70000"}, "dnatExternalPort"),
        ({"dnatExternalPort": "90-80"}, "dnatExternalPort"),
        ({"internalPort": "80"}, 'Unrecognized field "internalPort"'),
        ({"firewallMatch": "NONE"}, "it must be one of"),
        ({"priority": -1}, "at least 0"),
        ({"priority": 2147481600}, "at most 2147481599"),
        ({"snatDestinationAddresses": "10.0.0.1"}, "not possible with DNAT"),
        ({"type": "SNAT", "dnatExternalPort": "80"}, "not possible with SNAT"),
        ({"applicationPortProfile": {"id": f"urn:vcloud:applicationPortProfile:{UNKNOWN}"}}, "there is no such"),
        ({"appliedTo": {"id": f"urn:vcloud:network:{UNKNOWN}"}}, "there is no such network"),
    ],
)
def test_an_invalid_body_is_refused(sim: Simulator, api: Api, scene: Scene, change: dict[str, Any], text: str) -> None:
    api.refused("POST", scene.nat, scene.rule(**change), text)
    assert sim.dump()["nat_rules"] == []


def test_each_kind_of_rule_can_be_created(system: Api, api: Api, scene: Scene) -> None:
    api.done("POST", scene.nat, scene.rule("snat", type="SNAT", snatDestinationAddresses="198.51.100.0/24"))
    api.done("POST", scene.nat, scene.rule("no-snat", type="NO_SNAT", externalAddresses=""))
    api.done("POST", scene.nat, scene.rule("no-dnat", type="NO_DNAT", internalAddresses=""))
    api.done("POST", scene.nat, scene.rule("both", type="REFLEXIVE"))
    api.done("POST", scene.nat, scene.rule("primary", externalAddresses="203.0.113.2", logging=True))
    rules = {one["name"]: one for one in api.values(scene.nat)}
    assert (rules["both"]["type"], rules["both"]["ruleType"]) == ("REFLEXIVE", None)
    assert rules["primary"]["logging"] is False
    assert system.get(f"{scene.nat}/{rules['primary']['id']}")["logging"] is True
    profile = {"id": api.done("POST", PROFILES, scene.profile())}
    body = scene.rule(type="REFLEXIVE", applicationPortProfile=profile)
    api.refused("POST", scene.nat, body, "not possible with REFLEXIVE")


def test_fields_depend_on_the_version(old: Simulator) -> None:
    api = Api(old, "kube@acme", version="35.2")
    scene = Scene(api)
    body = scene.rule(ruleType="DNAT")
    api.refused("POST", scene.nat, body, 'Unrecognized field "type"')
    del body["type"]
    api.done("POST", scene.nat, body)
    assert "type" not in only_rule(api, scene)


def test_a_dnat_address_that_is_a_vip_is_an_assumption(sim: Simulator, api: Api, scene: Scene) -> None:
    pool = api.done("POST", "/loadBalancer/pools", scene.pool())
    api.done("POST", "/loadBalancer/virtualServices", scene.service(pool))
    rule = scene.rule(externalAddresses="203.0.113.10")
    api.refused("POST", scene.nat, rule, "it is the VIP of the virtual service service")
    api.done("POST", scene.nat, {**rule, "type": "SNAT"})
    sim.assume(vip_dnat_same_address="allowed")
    api.done("POST", scene.nat, rule)


def test_a_profile_must_be_usable_for_nat(api: Api, scene: Scene) -> None:
    two_ports = [{"protocol": "TCP", "destinationPorts": ["80", "81"]}]
    profile = api.done("POST", PROFILES, scene.profile(applicationPorts=two_ports))
    assert api.get(f"{PROFILES}/{profile}")["usableForNAT"] is False
    api.refused("POST", scene.nat, scene.rule(applicationPortProfile={"id": profile}), "is not usable for NAT")


def test_a_profile_of_another_vdc_is_refused(tenants: Simulator) -> None:
    api = Api(tenants, "kube@acme")
    scene = Scene(api)
    other = api.named("/vdcs", "acme-vdc-2")["id"]
    profile = api.done("POST", PROFILES, scene.profile("far", contextEntityId=other))
    near = next(one["id"] for one in api.values("/edgeGateways") if one["ownerRef"]["id"] == scene.vdc)
    rule = scene.rule("5-DNAT", applicationPortProfile={"id": profile})
    api.refused(
        "POST",
        f"/edgeGateways/{near}/nat/rules",
        rule,
        "Cannot use Application Port Profile far for Rule 5-DNAT as it is not in the same network provider scope.",
    )


def test_a_network_of_another_gateway_is_refused(tenants: Simulator) -> None:
    api = Api(tenants, "kube@acme")
    scene = Scene(api)
    near = next(one["id"] for one in api.values("/edgeGateways") if one["ownerRef"]["id"] == scene.vdc)
    far = api.named("/orgVdcNetworks", "other-net")["id"]
    rule = scene.rule(appliedTo={"id": far})
    api.refused("POST", f"/edgeGateways/{near}/nat/rules", rule, "not connected to the edge gateway")


def test_a_rule_belongs_to_its_gateway(tenants: Simulator) -> None:
    api = Api(tenants, "kube@acme")
    first, second = (f"/edgeGateways/{one['id']}/nat/rules" for one in api.values("/edgeGateways"))
    body = {"name": "r", "type": "SNAT", "externalAddresses": "198.18.0.1", "internalAddresses": "10.10.0.0/24"}
    api.done("POST", first, body)
    rule = api.values(first)[0]["id"]
    api.refused("GET", f"{second}/{rule}", None, "NAT_RULE_VIEW", status=403)
    api.refused("DELETE", f"{first}/urn:vcloud:natRule:{rule}", None, "Invalid urn string")
    api.done("DELETE", f"{first}/{rule}")
    assert api.values(first) == []


def test_profiles_are_made_changed_and_deleted(api: Api, scene: Scene) -> None:
    profile = api.done("POST", PROFILES, scene.profile(scope="TENANT"))
    body = api.get(f"{PROFILES}/{profile}")
    assert (body["scope"], body["contextEntityId"], body["usableForNAT"]) == ("TENANT", None, True)
    assert body["orgRef"] == {"name": "acme", "id": scene.org}
    assert [one["name"] for one in api.values(f"{PROFILES}?filter=scope==TENANT;name==profile")] == ["profile"]
    assert len(api.values(f"{PROFILES}?filter=scope==SYSTEM;_context=={scene.vdc}")) == 3
    api.done("PUT", f"{PROFILES}/{profile}", {**body, "description": "new"})
    api.done("DELETE", f"{PROFILES}/{profile}")
    assert api.values(f"{PROFILES}?filter=scope==TENANT") == []


def test_no_port_reads_differently_from_38_0_on(api: Api, scene: Scene) -> None:
    profile = api.done("POST", PROFILES, scene.profile(applicationPorts=[{"protocol": "UDP"}]))
    for version, ports in (("37.2", []), ("38.0", ["any"])):
        assert api.get(f"{PROFILES}/{profile}", version=version)["applicationPorts"][0]["destinationPorts"] == ports


def test_profiles_of_the_provider_belong_to_an_nsx_t_manager(api: Api, system: Api, scene: Scene) -> None:
    # go-vcloud-director, getAppProfileProvider: the manager's URN as context, without an organisation
    manager = system.get(f"/edgeGateways/{scene.edge}")["gatewayBacking"]["networkProvider"]["id"]
    body = scene.profile("ours", scope="PROVIDER", contextEntityId=manager, orgRef=None)
    made = system.done("POST", PROFILES, body)
    assert (system.get(f"{PROFILES}/{made}")["orgRef"], api.get(f"{PROFILES}/{made}")["scope"]) == (None, "PROVIDER")
    assert [one["id"] for one in api.values(f"{PROFILES}?filter=scope==PROVIDER;_context=={scene.vdc}")] == [made]
    api.refused("DELETE", f"{PROFILES}/{made}", None, "APPLICATION_PORT_PROFILE_DELETE", status=403)
    system.refused("POST", PROFILES, {**body, "contextEntityId": scene.vdc}, "belongs to an NSX-T manager")
    system.refused("POST", PROFILES, {**body, "orgRef": {"id": scene.org}}, "a PROVIDER profile has none")
    system.refused("POST", PROFILES, scene.profile("x", scope="SYSTEM"), "SYSTEM profiles are VCD's own")
    system.done("DELETE", f"{PROFILES}/{made}")


@pytest.mark.parametrize("sent", [["any"], []])
def test_icmp_shows_the_ports_that_were_sent(api: Api, scene: Scene, sent: list[str]) -> None:
    port = {"protocol": "ICMPv4", "destinationPorts": sent}
    profile = api.done("POST", PROFILES, scene.profile(applicationPorts=[port]))
    assert api.get(f"{PROFILES}/{profile}")["applicationPorts"][0]["destinationPorts"] == sent


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": None}, '"name" is required'),
        ({"applicationPorts": []}, "at least 1"),
        ({"applicationPorts": [{"protocol": "tcp"}]}, "it must be one of"),
        ({"applicationPorts": [{"protocol": "TCP", "destinationPorts": [80]}]}, "of type string"),
        ({"applicationPorts": [{"protocol": "TCP", "destinationPorts": ["x"]}]}, "destinationPorts[0]"),
        ({"applicationPorts": [{"protocol": "ICMPv4", "destinationPorts": ["80"]}]}, "ICMP has no ports"),
        ({"contextEntityId": None}, '"contextEntityId" is required'),
        ({"contextEntityId": f"urn:vcloud:vdc:{UNKNOWN}"}, "there is no such vdc"),
        ({"orgRef": None}, '"orgRef" is required'),
        ({"orgRef": {"id": f"urn:vcloud:org:{UNKNOWN}"}}, "there is no such org"),
        ({"scope": "SYSTEM"}, "a tenant may have TENANT profiles only"),
    ],
)
def test_an_invalid_profile_is_refused(api: Api, scene: Scene, change: dict[str, Any], text: str) -> None:
    api.refused("POST", PROFILES, scene.profile(**change), text)


def test_profile_names_are_unique_in_an_organisation(api: Api, scene: Scene) -> None:
    api.done("POST", PROFILES, scene.profile())
    other = api.done("POST", PROFILES, scene.profile("other"))
    text = "Application Port Profile profile already exists in Organization acme."
    api.refused("POST", PROFILES, scene.profile(), text)
    api.refused("PUT", f"{PROFILES}/{other}", scene.profile(), text)


def test_a_profile_in_use_can_neither_be_deleted_nor_made_unusable(api: Api, scene: Scene) -> None:
    profile = api.done("POST", PROFILES, scene.profile())
    api.done("POST", scene.nat, scene.rule(applicationPortProfile={"id": profile}))
    api.refused("DELETE", f"{PROFILES}/{profile}", None, "is used by the rule rule")
    wide = scene.profile(applicationPorts=[{"protocol": "TCP", "destinationPorts": ["80", "81"]}])
    api.refused("PUT", f"{PROFILES}/{profile}", wide, "is used by a NAT rule: one port at most")


def test_a_tenant_cannot_change_system_profiles(api: Api, scene: Scene, system: Api) -> None:
    profile = api.values(f"{PROFILES}?filter=scope==SYSTEM;name==HTTP")[0]["id"]
    api.refused("DELETE", f"{PROFILES}/{profile}", None, "APPLICATION_PORT_PROFILE_DELETE", status=403)
    foreign = scene.profile(orgRef={"id": scene.org}, contextEntityId=scene.vdc, name="by-provider")
    system.done("POST", PROFILES, foreign)
    own = api.values(f"{PROFILES}?filter=name==by-provider")[0]["id"]
    other = {"id": f"urn:vcloud:org:{UNKNOWN}"}
    api.refused("PUT", f"{PROFILES}/{own}", {**foreign, "orgRef": other}, 'field "orgRef": it cannot be changed')
