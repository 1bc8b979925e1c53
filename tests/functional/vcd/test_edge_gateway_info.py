# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about edge gateways, from the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.calls import find_profile
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    find_edge_gateways,
    networks_of,
    participates,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall import resource as firewall
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.gateway_facts import find_gateways
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import connect
from in_process import PREMIUM_ESTATE, Modules
from vcdsim.testing import Simulator

INFO = "vcd_edge_gateway_info"
CLIENT = {"validate_certs": True, "timeout": 30}
ALL = ["used_ip_addresses", "networks", "load_balancer", "service_engine_groups", "virtual_services", "nat_rules"]


def pool(vcd: Modules, name: str) -> None:
    """A pool with one member."""
    vcd.done("vcd_pool", name=name, members=[{"ip_address": "10.10.0.11", "port": 30080}])


def test_everything_about_one_edge_gateway_is_returned(vcd: Modules) -> None:
    pool(vcd, "p")
    ports = [{"start": 80}]
    vip = {"virtual_ip_address": "203.0.113.10", "application_profile": "HTTP", "service_ports": ports}
    service = vcd.done("vcd_virtual_service", name="v", pool="p", **vip)["virtual_service"]
    rule = {"type": "DNAT", "external_addresses": "203.0.113.20", "internal_addresses": "10.10.0.11"}
    nat = vcd.done("vcd_nat_rule", name="n", **rule)["nat_rule"]
    result = vcd.done(INFO, gather=ALL)
    assert result["api"] == {"version": "37.2", "versions": ["37.0", "37.1", "37.2"], "release": "10.4.2"}
    (edge,) = result["edge_gateways"]
    assert edge["owner"]["name"] == "acme-vdc"
    assert (edge["status"], edge["backing_type"]) == ("REALIZED", "NSXT_BACKED")
    assert edge["uplinks"] == [
        {
            "name": "uplink-1",
            "using_ip_space": False,
            "subnets": [
                {
                    "gateway": "203.0.113.1",
                    "prefix_length": 24,
                    "primary_ip": "203.0.113.2",
                    "ip_ranges": [{"start": "203.0.113.10", "end": "203.0.113.60"}],
                }
            ],
        }
    ]
    assert edge["used_ip_addresses"] == [
        {"address": "203.0.113.10", "category": "Load_Balancer"},
        {"address": "203.0.113.2", "category": "PRIMARY_IP"},
        {"address": "203.0.113.20", "category": "DNAT"},
    ]
    assert edge["load_balancer"] == {
        "enabled": True,
        "service_network": "192.168.255.1/25",
        "ipv6_service_network": None,
        "feature_set": "STANDARD",
        "transparent_mode": False,
    }
    (group,) = edge["service_engine_groups"]
    assert (group["name"], group["max_virtual_services"], group["deployed_virtual_services"]) == ("seg-shared", 20, 1)
    assert group["ha_mode"] == "LEGACY_ACTIVE_STANDBY"
    assert [(one["name"], one["subnets"]) for one in edge["networks"]] == [("k8s-net", ["10.10.0.1/24"])]
    assert edge["virtual_services"] == [service]
    assert edge["nat_rules"] == [nat]


def test_edge_gateway_info_returns_the_same_as_the_other_info_modules(vcd: Modules) -> None:
    pool(vcd, "p")
    options: dict[str, dict[str, Any]] = {
        "pool": {"name": "q"},
        "app_port_profile": {"name": "a", "application_ports": [{"protocol": "TCP", "destination_ports": ["80"]}]},
        "virtual_service": {
            "name": "v",
            "pool": "p",
            "virtual_ip_address": "203.0.113.10",
            "application_profile": "HTTP",
            "service_ports": [{"start": 80}],
        },
        "nat_rule": {
            "name": "n",
            "type": "DNAT",
            "external_addresses": "203.0.113.20",
            "internal_addresses": "10.10.0.11",
        },
    }
    for key, given in options.items():
        written = vcd.done(f"vcd_{key}", **given)[key]
        for filters in ({"name": given["name"]}, {"id": written["id"]}):
            assert vcd.done(f"vcd_{key}_info", **filters)[f"{key}s"] == [written]
        assert vcd.done(f"vcd_{key}_info", name="other")[f"{key}s"] == []
        assert vcd.done(f"vcd_{key}_info", query="[].name")[f"{key}s"].count(given["name"]) == 1
        assert "not a JMESPath expression" in vcd.refused(f"vcd_{key}_info", query="[?")


def test_the_info_modules_filter(vcd: Modules) -> None:
    for number, name in enumerate(("a", "b")):
        pool(vcd, name)
        vip = {"virtual_ip_address": f"203.0.113.1{number}", "application_profile": "HTTP"}
        vcd.done("vcd_virtual_service", name=name, pool=name, service_ports=[{"start": 80}], **vip)
        vcd.done(
            "vcd_nat_rule",
            name=name,
            type="SNAT",
            external_addresses=f"203.0.113.2{number}",
            internal_addresses="10.10.0.0/24",
        )
    names = {"query": "[].name"}
    assert vcd.done("vcd_virtual_service_info", virtual_ip_address="203.0.113.11", **names)["virtual_services"] == ["b"]
    assert vcd.done("vcd_virtual_service_info", pool="a", **names)["virtual_services"] == ["a"]
    assert vcd.done("vcd_nat_rule_info", external_addresses="203.0.113.20", **names)["nat_rules"] == ["a"]
    assert vcd.done("vcd_nat_rule_info", internal_addresses="10.10.0.0/24", **names)["nat_rules"] == ["a", "b"]
    assert vcd.done("vcd_nat_rule_info", type="DNAT", **names)["nat_rules"] == []
    assert vcd.done("vcd_app_port_profile_info", scope="SYSTEM", name="HTTP", **names)["app_port_profiles"] == ["HTTP"]
    assert vcd.done("vcd_app_port_profile_info", scope="TENANT", **names)["app_port_profiles"] == []


def test_an_edge_gateway_is_found_by_its_network(vcd: Modules) -> None:
    by_name = vcd.done(INFO, edge_gateway=None, network="k8s-net", gather=["networks"])["edge_gateways"]
    assert by_name[0]["name"] == "acme-edge"
    network = by_name[0]["networks"][0]["id"]
    assert vcd.done(INFO, edge_gateway=None, network=network)["edge_gateways"][0]["id"] == by_name[0]["id"]
    assert "network: 'other': no network" in vcd.refused(INFO, edge_gateway=None, network="other")
    assert "mutually exclusive" in vcd.refused(INFO, network="k8s-net")


@pytest.mark.parametrize("name", ["nowhere", "a b", "urn:vcloud:gateway:00000000-0000-0000-0000-000000000000"])
def test_an_unknown_edge_gateway_gives_an_empty_list(vcd: Modules, name: str) -> None:
    assert vcd.done(INFO, edge_gateway=name)["edge_gateways"] == []


def test_all_pages_of_many_edge_gateways_are_read() -> None:
    with Simulator(estate="many-edges") as simulator:
        vcd = Modules(simulator, edge_gateway=None)
        found = vcd.done(INFO, query="[].name")["edge_gateways"]
        assert len(found) == len(set(found)) == len(simulator.dump()["edge_gateways"]) > 128


def test_only_nsx_t_edge_gateways_can_be_changed(tmp_path: Path) -> None:
    estate = yaml.safe_load(PREMIUM_ESTATE.read_text())
    (gateway,) = estate["organisations"][0]["vdcs"][0]["edge_gateways"]
    gateway["backing_type"] = "NSXV_BACKED"
    (tmp_path / "estate.yml").write_text(yaml.safe_dump(estate))
    with Simulator(estate=tmp_path / "estate.yml") as simulator:
        vcd = Modules(simulator)
        assert vcd.done(INFO, query="[].backing_type")["edge_gateways"] == ["NSXV_BACKED"]
        message = vcd.refused("vcd_pool", name="p")
        assert "edge_gateway: 'acme-edge': its type is NSXV_BACKED: give an NSX-T edge gateway" in message
        assert vcd.writes() == []


ADMIN = {"user": "admin", "password": "admin-secret-1"}


def write_rules(vcd: Modules, **options: Any) -> dict[str, str]:
    """Create an IP set, a group of networks, and rules with them, the last one disabled. Returns the URNs by name."""
    user = vcd.as_user(**{**ADMIN, **options})
    with connect(user.connection) as api:
        (gateway,) = find_edge_gateways(api, "acme-edge", None)
        owner = {"ownerRef": {"id": gateway["id"]}}
        addresses = ["203.0.113.10", "192.168.8.2-192.168.8.9", "10.0.0.0/8"]
        bodies: dict[str, dict[str, Any]] = {
            "vips": {"typeValue": "IP_SET", "ipAddresses": addresses},
            "nets": {"typeValue": "STATIC_MEMBERS", "members": [{"id": networks_of(api, gateway)[0]["id"]}]},
        }
        urns = {
            name: api.create("firewallGroups", {"name": name, **owner, **body}, name, lambda: None)
            for name, body in bodies.items()
        }
        urns["HTTP"] = find_profile(api, gateway, "profile", "HTTP")["id"]
        rules = [
            {
                "name": "web in",
                "actionValue": "ALLOW",
                "direction": "IN",
                "ipProtocol": "IPV4",
                "destinationFirewallGroups": [{"id": urns["vips"]}],
                "applicationPortProfiles": [{"id": urns["HTTP"]}],
            },
            {
                "name": "nets out",
                "actionValue": "REJECT",
                "enabled": False,
                "sourceFirewallGroups": [{"id": urns["nets"]}],
                "destinationFirewallGroups": [{"id": urns["vips"]}],
            },
        ]
        path = f"edgeGateways/{gateway['id']}/firewall/rules"
        api.update(path, "firewall rules", {}, lambda _: {"userDefinedRules": rules})
    return urns


def test_firewall_rules_include_the_groups_and_profiles_they_refer_to(vcd: Modules) -> None:
    urns = write_rules(vcd)
    vcd.simulator.journal(clear=True)
    (edge,) = vcd.done(INFO, gather=["firewall_rules"])["edge_gateways"]
    vips = {
        "id": urns["vips"],
        "name": "vips",
        "type": "IP_SET",
        "addresses": ["203.0.113.10", "192.168.8.2-192.168.8.9", "10.0.0.0/8"],
    }
    ports = [{"protocol": "TCP", "destination_ports": ["80"]}]
    expected: list[dict[str, Any]] = [
        {
            "name": "web in",
            "description": "",
            "position": 1,
            "enabled": True,
            "action": "ALLOW",
            "direction": "IN",
            "ip_protocol": "IPV4",
            "sources": [],
            "destinations": [vips],
            "services": [{"id": urns["HTTP"], "name": "HTTP", "ports": ports}],
            "default": False,
        },
        {
            "name": "nets out",
            "description": "",
            "position": 2,
            "enabled": False,
            "action": "REJECT",
            "direction": "IN_OUT",
            "ip_protocol": "IPV4_IPV6",
            "sources": [{"id": urns["nets"], "name": "nets", "type": "STATIC_MEMBERS", "addresses": []}],
            "destinations": [vips],
            "services": [],
            "default": False,
        },
        {
            "name": "default_rule",
            "description": "",
            "position": 3,
            "enabled": True,
            "action": "DROP",
            "direction": "IN_OUT",
            "ip_protocol": "IPV4_IPV6",
            "sources": [],
            "destinations": [],
            "services": [],
            "default": True,
        },
    ]
    assert [{key: rule[key] for key in rule if key != "id"} for rule in edge["firewall_rules"]] == expected
    assert all(rule["id"] for rule in edge["firewall_rules"])
    asked = [entry["path"].rpartition("/")[2] for entry in vcd.simulator.journal() if "firewall" in entry["path"]]
    assert sorted(asked) == sorted(["rules", urns["vips"], urns["nets"]])
    assert len([entry for entry in vcd.simulator.journal() if urns["HTTP"] in entry["path"]]) == 1


def test_firewall_rules_are_null_without_the_right_to_view_them(tmp_path: Path) -> None:
    estate = yaml.safe_load(PREMIUM_ESTATE.read_text())
    rights = ["Organization vDC Gateway: View", "Organization: View"]
    estate["organisations"][0]["users"].append({"name": "narrow", "password": "admin-secret-1", "rights": rights})
    (tmp_path / "estate.yml").write_text(yaml.safe_dump(estate))
    with Simulator(estate=tmp_path / "estate.yml") as simulator:
        vcd = Modules(simulator, user="narrow", password="admin-secret-1")
        (edge,) = vcd.done(INFO, gather=["firewall_rules"])["edge_gateways"]
        assert edge["firewall_rules"] is None


def test_an_error_other_than_a_missing_right_is_raised(vcd: Modules) -> None:
    vcd.simulator.faults([{"method": "GET", "route": "*/firewall/rules", "status": 404}])
    assert "cannot read firewall rules" in vcd.refused(INFO, gather=["firewall_rules"])


def test_a_group_that_cannot_be_read_is_null_and_not_empty() -> None:
    body = {"userDefinedRules": [{"name": "r", "destinationFirewallGroups": [{"id": "urn:g", "name": "g"}]}]}
    (rule,) = firewall.rules(body, {})
    assert rule["destinations"] == [{"id": "urn:g", "name": "g", "type": None, "addresses": None}]


def test_each_referenced_object_is_listed_once() -> None:
    rule = {"sourceFirewallGroups": [{"id": "urn:g"}, {"id": "urn:h"}], "destinationFirewallGroups": [{"id": "urn:g"}]}
    body = {"userDefinedRules": [rule, rule], "defaultRules": [{"applicationPortProfiles": [{"id": "urn:p"}]}]}
    assert firewall.named_in(body) == ["urn:g", "urn:h", "urn:p"]


def test_rules_of_newer_servers_contain_addresses_and_ports() -> None:
    rule = {"name": "r", "active": False, "destinationFirewallIpAddresses": ["10.0.0.1"], "rawPortProtocols": [{}]}
    (found,) = firewall.rules({"userDefinedRules": [rule], "defaultRules": None}, {})
    assert found["enabled"] is False
    assert [one["addresses"] for one in found["destinations"]] == [["10.0.0.1"]]
    assert [one["ports"] for one in found["services"]] == [None]
    assert firewall.named_in({"userDefinedRules": [rule]}) == []


def test_pools_and_profiles_have_summaries(vcd: Modules) -> None:
    pool(vcd, "p")
    pool(vcd, "idle")
    vip = {"virtual_ip_address": "203.0.113.10", "application_profile": "HTTP", "service_ports": [{"start": 80}]}
    service = vcd.done("vcd_virtual_service", name="v", pool="p", **vip)["virtual_service"]
    ports = [{"protocol": "TCP", "destination_ports": ["80"]}]
    profile = vcd.done("vcd_app_port_profile", name="a", application_ports=ports)["app_port_profile"]
    (edge,) = vcd.done(INFO, gather=["pools", "application_port_profiles"])["edge_gateways"]
    by_name = {one["name"]: one for one in edge["pools"]}
    assert set(by_name) == {"p", "idle"}
    assert by_name["p"]["virtual_services"] == [{"id": service["id"], "name": "v"}]
    assert by_name["idle"]["virtual_services"] == []
    assert (by_name["p"]["member_count"], by_name["p"]["id"].split(":")[2]) == (1, "loadBalancerPool")
    assert edge["application_port_profiles"] == [profile]


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Two VDCs in a group that owns the edge gateway and its network, and a third one outside of it."""
    estate = yaml.safe_load(PREMIUM_ESTATE.read_text())
    (org,) = estate["organisations"]
    (vdc,) = org["vdcs"]
    group = {"name": "acme-group", "vdcs": ["acme-vdc", "acme-vdc-2"]}
    group |= {key: vdc.pop(key) for key in ("edge_gateways", "networks")}
    group["edge_gateways"][0].pop("ip_sets")
    org["vdcs"] += [{"name": "acme-vdc-2"}, {"name": "acme-vdc-3"}]
    org["vdc_groups"] = [group]
    org["users"].append({"name": "admin", "password": "admin-secret-1"})
    path = tmp_path_factory.mktemp("grouped") / "estate.yml"
    path.write_text(yaml.safe_dump(estate))
    with Simulator(estate=path) as simulator:
        yield simulator


NET = {"edge_gateway": None, "network": "k8s-net"}


@pytest.mark.parametrize("vdc", ["acme-vdc", "acme-vdc-2", "acme-group", None])
def test_a_network_of_a_vdc_group_is_found_through_each_participating_vdc(grouped: Simulator, vdc: str | None) -> None:
    admin = Modules(grouped, **ADMIN)
    (edge,) = admin.done(INFO, vdc=vdc, **NET)["edge_gateways"]
    assert (edge["name"], edge["owner"]["name"]) == ("acme-edge", "acme-group")


def test_a_vdc_outside_the_group_does_not_see_its_network(grouped: Simulator) -> None:
    message = Modules(grouped, **ADMIN).refused(INFO, vdc="acme-vdc-3", **NET)
    assert "network: 'k8s-net': no network with this name in the VDC or VDC group 'acme-vdc-3'" in message
    assert message.endswith("available: one in 'acme-group'")


def test_without_the_right_to_view_the_group_only_its_own_name_finds_the_network(grouped: Simulator) -> None:
    kube = Modules(grouped)
    assert kube.refused(INFO, vdc="acme-vdc", **NET).endswith("available: one in 'acme-group'")
    assert kube.done(INFO, vdc="acme-group", **NET)["edge_gateways"][0]["name"] == "acme-edge"


def test_the_participants_of_a_vdc_group_are_read() -> None:
    group = {"participatingOrgVdcs": [{"vdcRef": {"id": "urn:vcloud:vdc:1", "name": "acme-vdc"}}, {"vdcRef": None}]}
    assert participates(group, "acme-vdc")
    assert participates(group, "urn:vcloud:vdc:1")
    assert not participates(group, "other")
    assert not participates(None, "acme-vdc")


def test_of_two_networks_with_one_name_the_one_in_the_vdc_of_cpis_file_counts(tmp_path: Path) -> None:
    """CPI chooses by the name of the VDC. A network of a VDC group is in no VDC, and fits any name."""
    estate = yaml.safe_load(PREMIUM_ESTATE.read_text())
    (org,) = estate["organisations"]
    other = yaml.safe_load(yaml.safe_dump(org["vdcs"][0]).replace("203.0.113.", "198.51.100."))
    other["name"], other["edge_gateways"][0]["name"] = "other-vdc", "other-edge"
    other["networks"][0]["edge_gateway"] = "other-edge"
    del other["edge_gateways"][0]["ip_sets"]
    org["vdcs"].append(other)
    path = tmp_path / "estate.yml"
    path.write_text(yaml.safe_dump(estate))
    with Simulator(estate=path) as simulator, connect({**Modules(simulator).connection, **CLIENT}) as api:

        def found(vdc: str, **more: Any) -> str:
            (gateway,) = find_gateways(api, None, "k8s-net", None, vdc_of_network=vdc, **more)
            return str(gateway["name"])

        for parts in ((), ("networks",)):
            assert (found("acme-vdc", parts=parts), found("other-vdc", parts=parts)) == ("acme-edge", "other-edge")
        with pytest.raises(CollectionError, match=r"in the VDC 'third', which CPI's file names as vcd\.vdc"):
            found("third")
        with pytest.raises(CollectionError, match="2 networks"):
            found("")


def test_a_network_of_a_vdc_group_fits_the_vdc_of_any_file(grouped: Simulator) -> None:
    with connect({**Modules(grouped).connection, **CLIENT}) as api:
        (gateway,) = find_gateways(api, None, "k8s-net", None, vdc_of_network="whatever")
    assert gateway["name"] == "acme-edge"
