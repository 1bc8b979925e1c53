# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_nat_rule, vcd_pool and vcd_app_port_profile against the simulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from in_process import PREMIUM_ESTATE, Modules
from vcdsim.testing import Simulator

NAT = "vcd_nat_rule"
DNAT: dict[str, Any] = {
    "name": "web",
    "type": "DNAT",
    "external_addresses": "203.0.113.20",
    "internal_addresses": "192.168.8.2",
    "dnat_external_port": "8080",
    "application_port_profile": "app",
}


@pytest.fixture
def profiled(vcd: Modules) -> Modules:
    """A profile for NAT rules."""
    vcd.done("vcd_app_port_profile", name="app", application_ports=[{"protocol": "TCP", "destination_ports": ["80"]}])
    vcd.simulator.journal(clear=True)
    return vcd


def test_a_rule_is_created_once_changed_and_removed(profiled: Modules) -> None:
    assert profiled.done(NAT, check=True, **DNAT)["changed"] is True
    assert profiled.writes() == []
    rule = profiled.done(NAT, **DNAT)["nat_rule"]
    assert profiled.done(NAT, **DNAT)["changed"] is False
    cleared = profiled.done(NAT, name="web", dnat_external_port="any", application_port_profile="")["nat_rule"]
    assert (cleared["dnat_external_port"], cleared["application_port_profile"]) == (None, None)
    assert (cleared["id"], cleared["version"]) == (rule["id"], rule["version"] + 1)
    assert profiled.done(NAT, name="web", dnat_external_port="", application_port_profile="")["changed"] is False
    assert profiled.done(NAT, name="web", state="absent", check=True)["changed"] is True
    removed = profiled.done(NAT, name="web", state="absent")
    assert (removed["changed"], removed["nat_rule"]) == (True, None)
    assert profiled.done(NAT, name="web", state="absent")["changed"] is False


def test_the_type_of_a_rule_can_be_changed(profiled: Modules) -> None:
    profiled.done(NAT, **DNAT)
    snat = {"type": "SNAT", "dnat_external_port": "", "snat_destination_addresses": "198.51.100.0/24"}
    assert profiled.done(NAT, name="web", **snat)["nat_rule"]["type"] == "SNAT"
    assert profiled.done(NAT, name="web", **snat)["changed"] is False
    message = profiled.refused(NAT, name="web", type="REFLEXIVE")
    assert "snat_destination_addresses: '198.51.100.0/24': not allowed in a REFLEXIVE rule" in message


def test_several_rules_with_one_name_are_rejected(profiled: Modules) -> None:
    first = profiled.done(NAT, **DNAT)["nat_rule"]["id"]
    other = profiled.done(NAT, **{**DNAT, "name": "other", "external_addresses": "203.0.113.21"})["nat_rule"]["id"]
    profiled.done(NAT, id=other, name="web")
    for state in ("present", "absent"):
        message = profiled.refused(NAT, name="web", priority=7, state=state)
        assert "2 NAT rules on edge gateway 'acme-edge' have this name" in message
        assert first in message
        assert "set id to choose one" in message
    changed = profiled.done(NAT, id=other, priority=7)["nat_rule"]
    assert (changed["id"], changed["priority"]) == (other, 7)
    assert profiled.done(NAT, id=first, state="absent")["changed"] is True
    assert profiled.done("vcd_nat_rule_info", query="[].id")["nat_rules"] == [other]


def test_all_pages_of_rules_are_read(tmp_path: Path) -> None:
    estate = yaml.safe_load(PREMIUM_ESTATE.read_text())
    outside = {"type": "SNAT", "external_addresses": "203.0.113.20", "internal_addresses": "10.10.0.0/24"}
    rules = [{"name": f"r{number}", **outside} for number in range(300)]
    estate["organisations"][0]["vdcs"][0]["edge_gateways"][0]["nat_rules"] = rules
    (tmp_path / "estate.yml").write_text(yaml.safe_dump(estate))
    with Simulator(estate=tmp_path / "estate.yml") as simulator:
        vcd = Modules(simulator)
        assert len(vcd.done("vcd_nat_rule_info")["nat_rules"]) == 300
        assert vcd.done(NAT, name="r299", **outside)["changed"] is False


def test_ignored_logging_is_a_warning_and_not_a_change(profiled: Modules) -> None:
    made = profiled.done(NAT, **DNAT, logging=True)
    assert "logging: is ignored for NAT rule 'web'" in str(made["warnings"])
    assert "lacks the right 'Organization vDC Gateway: Configure System Logging'" in str(made["warnings"])
    again = profiled.done(NAT, **DNAT, logging=True)
    assert again["changed"] is False
    assert "logging" in str(again["warnings"])
    provider = profiled.as_user(org="System", user="administrator", password="system-secret-1")
    assert provider.done(NAT, name="web", logging=False)["nat_rule"]["logging"] is False
    assert provider.done(NAT, name="web", logging=True)["nat_rule"]["logging"] is True
    assert provider.done(NAT, name="web", logging=True)["changed"] is False


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"external_addresses": "203.0.113"}, "external_addresses: '203.0.113': is not an IP address"),
        ({"internal_addresses": "10.0.0.5/24"}, "give network 10.0.0.0/24 or address 10.0.0.5"),
        ({"dnat_external_port": "0"}, "dnat_external_port: 0: give a port from 1 to 65535"),
        ({"dnat_external_port": "70000"}, "dnat_external_port: 70000: give a port"),
        ({"dnat_external_port": "90-80"}, "is a reversed range: give 80-90"),
        ({"dnat_external_port": "http"}, "is not a port"),
        ({"priority": -1}, "priority: -1: give a number from 0"),
    ],
)
def test_bad_rules_are_rejected_before_any_request(profiled: Modules, change: dict[str, Any], says: str) -> None:
    assert says in profiled.refused(NAT, **{**DNAT, **change})
    assert profiled.simulator.journal() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"type": None}, "type: required to create NAT rule 'web' on edge gateway 'acme-edge'"),
        ({"internal_addresses": None}, "internal_addresses: required to create"),
        ({"type": "SNAT"}, "dnat_external_port: '8080': not allowed in a SNAT rule: set it to an empty string"),
        ({"type": "REFLEXIVE", "dnat_external_port": None}, "application_port_profile: 'app': not allowed in a REFL"),
        ({"application_port_profile": "no"}, "no application port profile with this name for edge gateway"),
        ({"applied_to": "no"}, "applied_to: 'no': no network or segment-backed uplink with this name on edge gateway"),
        ({"id": "no"}, "id: 'no': there is no NAT rule with this id"),
    ],
)
def test_impossible_rules_are_rejected_and_not_written(profiled: Modules, change: dict[str, Any], says: str) -> None:
    assert says in profiled.refused(NAT, **{**DNAT, **change})
    assert profiled.writes() == []


def test_a_system_profile_can_be_used_but_not_changed(profiled: Modules) -> None:
    made = profiled.done(NAT, **{**DNAT, "application_port_profile": "HTTPS"})["nat_rule"]
    system = made["application_port_profile"]["id"]
    message = profiled.refused("vcd_app_port_profile", id=system, description="mine")
    assert "has scope SYSTEM: only profiles with scope TENANT can be changed" in message
    assert profiled.done("vcd_app_port_profile", name="HTTPS", state="absent")["changed"] is False


def test_two_profiles_with_one_name_are_distinguished_by_urn(profiled: Modules) -> None:
    ports = [{"protocol": "TCP", "destination_ports": ["80"]}]
    own = profiled.done("vcd_app_port_profile", name="HTTP", application_ports=ports)["app_port_profile"]["id"]
    message = profiled.refused(NAT, **{**DNAT, "application_port_profile": "HTTP"})
    assert "2 application port profiles" in message
    assert "SYSTEM" in message
    assert f"TENANT {own}" in message
    rule = profiled.done(NAT, **{**DNAT, "application_port_profile": own})["nat_rule"]
    assert rule["application_port_profile"]["id"] == own


def test_profiles_are_created_changed_and_removed(vcd: Modules) -> None:
    module, ports = "vcd_app_port_profile", [{"protocol": "UDP", "destination_ports": ["90-80"]}]
    assert "is a reversed range" in vcd.refused(module, name="a", application_ports=ports)
    assert "application_ports: required to create" in vcd.refused(module, name="a")
    assert "application_ports: an empty list: give at least one entry" in vcd.refused(
        module, name="a", application_ports=[]
    )
    icmp = [{"protocol": "ICMPv4", "destination_ports": ["1"]}]
    assert "ICMPv4 has no ports" in vcd.refused(module, name="a", application_ports=icmp)
    several = [{"protocol": "UDP", "destination_ports": ["90", "80-81"]}, {"protocol": "ICMPv4"}]
    made = vcd.done(module, name="a", application_ports=several)["app_port_profile"]
    assert made["usable_for_nat"] is False
    several[0]["destination_ports"] = ["80 - 81", "90"]
    assert vcd.done(module, name="a", application_ports=several[::-1])["changed"] is False
    assert vcd.done(module, name="a", application_ports=[{"protocol": "TCP"}])["changed"] is True
    assert vcd.done(module, name="a", application_ports=[{"protocol": "TCP"}])["changed"] is False
    assert vcd.done(module, name="a", state="absent")["changed"] is True
    assert vcd.done(module, name="a", state="absent")["changed"] is False


def test_pools_have_members_or_a_group() -> None:
    with Simulator(estate=PREMIUM_ESTATE, api_versions="38.0,39.0") as simulator:
        vcd = Modules(simulator)
        members = [{"ip_address": "10.10.0.12", "port": 80}, {"ip_address": "10.10.0.11", "port": 80, "ratio": 2}]
        made = vcd.done("vcd_pool", name="p", members=members)["pool"]
        assert [one["ip_address"] for one in made["members"]] == ["10.10.0.11", "10.10.0.12"]
        assert vcd.done("vcd_pool", name="p", members=members[::-1])["changed"] is False
        grouped = vcd.done("vcd_pool", name="p", member_group="workers")["pool"]
        assert (grouped["members"], grouped["member_group"]["name"]) == ([], "workers")
        assert vcd.done("vcd_pool", name="p", member_group=grouped["member_group"]["id"])["changed"] is False
        back = vcd.done("vcd_pool", name="p", members=members)["pool"]
        assert (len(back["members"]), back["member_group"]) == (2, None)
        tls = {"ssl_enabled": True, "ca_certificates": ["ca-2", "ca-1"], "common_name_check_enabled": True}
        names = {"domain_names": ["b.example.com", "a.example.com"]}
        assert vcd.done("vcd_pool", name="p", **tls, **names)["changed"] is True
        assert vcd.done("vcd_pool", name="p", **tls, **names)["changed"] is False
        assert "requires ca_certificates" in vcd.refused("vcd_pool", name="p", ca_certificates=[])
        cookie = {"type": "HTTP_COOKIE", "value": "id"}
        assert vcd.done("vcd_pool", name="p", persistence_profile=cookie)["pool"]["persistence_profile"] == cookie
        assert vcd.done("vcd_pool", name="p", persistence_profile=cookie)["changed"] is False
        assert vcd.done("vcd_pool", name="p", persistence_profile={})["pool"]["persistence_profile"] is None
        any_port = [{"protocol": "TCP"}]  # read back as "any" from API 38.0 on
        assert vcd.done("vcd_app_port_profile", name="a", application_ports=any_port)["changed"] is True
        assert vcd.done("vcd_app_port_profile", name="a", application_ports=any_port)["changed"] is False


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"default_port": 0}, "default_port: 0: give a port from 1 to 65535"),
        ({"graceful_timeout_period": 7201}, "graceful_timeout_period: 7201: give minutes from -1 to 7200"),
        ({"members": [{"ip_address": "10.0.0"}]}, "members.ip_address: '10.0.0': is not an IP address"),
        ({"members": [{"ip_address": "10.0.0.1", "port": 70000}]}, "members.port: 70000: give a port"),
        ({"members": [{"ip_address": "10.0.0.1", "ratio": 21}]}, "members.ratio: 21: give a number from 1 to 20"),
        ({"members": [{"ip_address": "10.0.0.1"}] * 2}, "members: '10.0.0.1': is listed twice"),
        ({"members": [{"ip_address": "10.0.0.1"}], "member_group": "g"}, "give either members or member_group"),
        ({"persistence_profile": {"type": "HTTP_COOKIE"}}, "requires the name of the cookie or header"),
        ({"persistence_profile": {"type": "CLIENT_IP", "value": "x"}}, "not allowed with CLIENT_IP"),
        ({"domain_names": ["a"] * 11}, "domain_names: 11: give at most 10 entries"),
    ],
)
def test_bad_pools_are_rejected_before_any_request(vcd: Modules, change: dict[str, Any], says: str) -> None:
    assert says in vcd.refused("vcd_pool", name="p", **change)
    assert vcd.simulator.journal() == []


def test_a_pool_in_use_is_not_deleted(vcd: Modules) -> None:
    vcd.done("vcd_pool", name="p")
    ports = [{"start": 80}]
    vip = {"virtual_ip_address": "203.0.113.10", "application_profile": "L4", "service_ports": ports}
    vcd.done("vcd_virtual_service", name="v", pool="p", **vip)
    message = vcd.refused("vcd_pool", name="p", state="absent")
    assert "cannot delete pool 'p' on edge gateway 'acme-edge'" in message
    assert "is used by virtual service 'v'" in message
