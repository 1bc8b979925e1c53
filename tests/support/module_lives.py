# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each module of Cloud Director does in the life of one object, in the estate tests/fixtures/vcd/everything.yml.

A module that writes has a line in `LIVES`; one that only reads needs no line: see `options_to_read`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from certificates import make_pair

EVERYTHING = Path(__file__).resolve().parents[1] / "fixtures" / "vcd" / "everything.yml"
Options = dict[str, Any]
PROVIDER = {"org": "System", "user": "administrator", "password": "system-secret-1"}
ADMIN = {"org": "acme", "user": "admin", "password": "admin-secret-1"}
ABSENT = {"state": "absent"}
EDGE = {"edge_gateway": "acme-edge"}
# Options for the modules that only read.
TO_READ = {**EDGE, "ip_space": "public"}


@dataclass(frozen=True)
class Life:
    """The runs of a module: ``create``, ``change`` and ``remove``, each with the options ``key``.

    ``before`` are runs of other modules that it needs. ``parts`` are runs between ``change`` and ``remove`` that may
    need a newer API, by the option that needs it; ``before_part`` are runs of modules before one of them.
    """

    key: Options
    create: Options
    change: Options
    remove: Options = field(default_factory=lambda: dict(ABSENT))
    before: Sequence[tuple[str, Options]] = ()
    parts: Mapping[str, Options] = field(default_factory=dict)
    before_part: Mapping[str, Sequence[tuple[str, Options]]] = field(default_factory=dict)
    again: Sequence[Options] = ()  # runs before the removal, because a part may already have removed the object
    login: Mapping[str, str] = field(default_factory=lambda: dict(ADMIN))


@cache
def _pair(name: str) -> tuple[str, str]:
    return make_pair(name)


def _service(**more: Any) -> Options:
    return {
        "name": "shop",
        "members": ["10.10.0.11"],
        "ports": [{"name": "http", "port": 80, "node_port": 8080}, {"name": "ssh", "port": 22, "node_port": 22}],
        **more,
    }


def _redirected() -> list[Options]:
    """The ports of the same service, one of which redirects to HTTPS."""
    http, ssh = _service()["ports"]
    return [{**http, "app_protocol": "http", "redirect_to_https": True, "https_port": 443}, ssh]


def _pool(name: str, **more: Any) -> tuple[str, Options]:
    members = {"members": [{"ip_address": "10.10.0.11"}]} if "member_group" not in more else {}
    return "vcd_pool", {**EDGE, "name": name, **members, **more}


def _served(name: str, vip: str, profile: str = "L4") -> tuple[str, Options]:
    return "vcd_virtual_service", {
        **EDGE,
        "name": name,
        "pool": name,
        "application_profile": profile,
        "virtual_ip_address": vip,
        "service_ports": [{"start": 80}],
    }


CLOSE = {
    "name": "no admin",
    "match_criteria": {"path": {"criteria": "BEGINS_WITH", "paths": ["/admin"]}},
    "actions": {"connections": "CLOSE"},
}
HEADER = {"name": "header", "actions": {"modify_header": [{"action": "REPLACE", "name": "X-A", "value": "a"}]}}
LOCATION = {"name": "location", "actions": {"rewrite_location_header": {"protocol": "HTTPS"}}}
TAGGED = {"rules": [{"type": "VM_TAG", "operator": "EQUALS", "value": "web"}]}
NAMED = {"rules": [{"type": "VM_NAME", "operator": "STARTS_WITH", "value": "acme-"}]}


@cache
def lives() -> dict[str, Life]:
    """The lives, by module."""
    certificate, private_key = _pair("shop")
    newer, newer_key = _pair("newer")
    return {
        "vcd_app_port_profile": Life(
            {**EDGE, "name": "shop"},
            {"application_ports": [{"protocol": "TCP", "destination_ports": ["8080", "9000-9010"]}]},
            {"description": "of the shop", "application_ports": [{"protocol": "UDP", "destination_ports": ["53"]}]},
        ),
        "vcd_certificate": Life(
            {"name": "shop"},
            {"certificate": certificate, "private_key": private_key, "description": "of the shop"},
            {"certificate": newer, "private_key": newer_key, "rotate": True},
        ),
        "vcd_dynamic_security_group": Life(
            {"edge_gateway": "group-edge", "name": "nodes"},
            {"criteria": [TAGGED]},
            {"description": "all", "criteria": [TAGGED, NAMED]},
        ),
        "vcd_edge_load_balancer": Life(
            {"edge_gateway": "space-edge"},
            {"enabled": True, "service_network": "192.168.250.1/25"},
            {},
            remove={"enabled": False},
            parts={
                "feature_set": {"feature_set": "PREMIUM"},
                "transparent_mode": {"transparent_mode": True},
                "ipv6_service_network": {"ipv6_service_network": "2001:db8:1::1/120"},
                "cloud": {"cloud": "cloud"},
            },
            before_part={
                one: [("vcd_edge_load_balancer", {"edge_gateway": "space-edge", "enabled": False})]
                for one in ("ipv6_service_network", "cloud")
            },
            again=[{}],
            login=PROVIDER,
        ),
        "vcd_firewall_rule": Life(
            {**EDGE, "name": "web"},
            {"action": "ALLOW", "direction": "IN", "destinations": ["workers"], "app_port_profiles": ["HTTP"]},
            {"action": "DROP", "comments": "for now", "position": "first", "destinations": []},
            before=[("vcd_firewall_rule", {**EDGE, "name": "first", "action": "ALLOW"})],
        ),
        "vcd_http_policy": Life(
            {**EDGE, "virtual_service": "shop"},
            {"request_rules": [HEADER], "security_rules": [CLOSE]},
            {"response_rules": [LOCATION], "redirect_to_https": True},
            before=[_pool("shop"), _served("shop", "203.0.113.20", "HTTP")],
        ),
        "vcd_ip_allocation": Life(
            {"ip_space": "public", "description": "shop"},
            {},
            {},
            parts={"value": {"value": "198.51.100.20", "description": "shop too"}},
        ),
        "vcd_ip_set": Life(
            {**EDGE, "name": "office"},
            {"ip_addresses": ["198.51.100.0/24", "10.0.0.1-10.0.0.9"]},
            {"description": "of the office", "ip_addresses": ["198.51.100.7"]},
        ),
        "vcd_nat_rule": Life(
            {**EDGE, "name": "shop"},
            {
                "type": "DNAT",
                "external_addresses": "203.0.113.21",
                "internal_addresses": "10.10.0.11",
                "dnat_external_port": "8080",
                "application_port_profile": "HTTP",
            },
            {"priority": 10, "description": "of the shop", "firewall_match": "MATCH_EXTERNAL_ADDRESS"},
            parts={"applied_to": {"applied_to": "k8s-net"}},
        ),
        "vcd_pool": Life(
            {**EDGE, "name": "shop"},
            {"members": [{"ip_address": "10.10.0.11", "port": 8080}], "health_monitors": ["TCP"]},
            {"algorithm": "ROUND_ROBIN", "members": [{"ip_address": "10.10.0.12"}], "exclusive": False},
            parts={
                "ssl_enabled": {"ssl_enabled": True},
                "member_group": {"member_group": "workers"},
            },
        ),
        "vcd_security_tag": Life(
            {"name": "shop"}, {"vms": ["acme-worker-1"]}, {"vms": ["acme-worker-2"], "exclusive": False}
        ),
        "vcd_service_engine_group_assignment": Life(
            {**EDGE, "service_engine_group": "seg-spare"},
            {"max_virtual_services": 5, "reserved_virtual_services": 1},
            {"max_virtual_services": 7},
            login=PROVIDER,
        ),
        "vcd_shared_ip": Life(
            {**EDGE, "name_template": "{kind}-{service}-{port}", "services": [_service()]},
            {"scenario": "distinct_internal"},
            {"services": [_service(members=["10.10.0.11", "10.10.0.12"])], "scenario": "distinct_internal"},
            parts={
                "scenario": {"scenario": "shared_internal"},
                "external_ip": {
                    "services": [_service(name="six", external_ip="2001:DB8::21", ports=[_service()["ports"][0]])],
                    "scenario": "shared_external",
                },
                "redirect_to_https": {"services": [_service(ports=_redirected())], "scenario": "distinct_internal"},
            },
        ),
        "vcd_virtual_service": Life(
            {**EDGE, "name": "shop"},
            {
                "pool": "shop",
                "application_profile": "L4",
                "virtual_ip_address": "203.0.113.22",
                "service_ports": [{"start": 80}],
            },
            {"description": "of the shop", "service_ports": [{"start": 80}, {"start": 8000, "end": 8010}]},
            before=[_pool("shop")],
            parts={
                "ipv6_virtual_ip_address": {"ipv6_virtual_ip_address": "2001:db8::20"},
                "virtual_ip_address": {
                    **_served("shop-too", "203.0.113.22")[1],
                    "service_ports": [{"start": 443}],
                },
                "transparent_mode_enabled": {"transparent_mode_enabled": True},
                "non_critical_logging_enabled": {"non_critical_logging_enabled": True},
            },
            before_part={
                "virtual_ip_address": [_pool("shop-too")],
                "transparent_mode_enabled": [("vcd_pool", {**EDGE, "name": "shop", "member_group": "workers"})],
            },
        ),
    }


# Parts of modules that only read.
PARTS_OF_READING: dict[str, dict[str, Options]] = {
    "vcd_http_policy_info": {"gather: waf": {"gather": ["waf"]}},
}


def options_to_read(module: str, spec: Mapping[str, Any]) -> Options:
    """The options for a module that only reads: the required ones, and those that say where."""
    if module.startswith("vcd_shared_ip"):
        found = {**EDGE, "name_template": "{kind}-{service}-{port}", "services": [_service()]}
        return {**found, "scenario": "distinct_internal"} if "scenario" in spec else found
    return {name: TO_READ[name] for name, one in spec.items() if one.get("required")}


def parts_of_reading(module: str) -> Mapping[str, Options]:
    """Runs of a module that only reads that may need a newer API, by the option that needs it."""
    return PARTS_OF_READING.get(module, {})
