# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Firewall rules of an edge gateway: convert API bodies to module results. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Body = Mapping[str, Any]
# The lists of rules in the API's body, in the order in which they apply. System rules are left out: tenants can neither
# read nor change them.
LISTS = (("userDefinedRules", False), ("defaultRules", True))
ENDS = ("sourceFirewallGroups", "destinationFirewallGroups")
PROFILES = "applicationPortProfiles"


def named_in(body: Body) -> list[str]:
    """The URNs of all groups and application port profiles that the rules refer to, without duplicates."""
    found = [
        str(one["id"])
        for rule, _default in _all(body)
        for field in (*ENDS, PROFILES)
        for one in rule.get(field) or []
        if one.get("id")
    ]
    return list(dict.fromkeys(found))


def rules(body: Body, named: Mapping[str, Body]) -> list[dict[str, Any]]:
    """The rules in the order in which they apply; ``named`` holds the objects that they refer to, by URN."""
    return [_rule(rule, position, default, named) for position, (rule, default) in enumerate(_all(body), 1)]


def _all(body: Body) -> Iterable[tuple[Body, bool]]:
    return [(rule, default) for key, default in LISTS for rule in body.get(key) or []]


def _rule(rule: Body, position: int, default: bool, named: Mapping[str, Body]) -> dict[str, Any]:
    # API 38.1 renamed "enabled" to "active"
    on = rule.get("enabled") if rule.get("enabled") is not None else rule.get("active")
    return {
        "id": rule.get("id"),
        "name": rule.get("name"),
        "description": rule.get("description") or "",
        "position": position,
        "enabled": on is not False,
        "action": rule.get("actionValue") or rule.get("action"),
        "direction": rule.get("direction") or "IN_OUT",
        "ip_protocol": rule.get("ipProtocol") or "IPV4_IPV6",
        "sources": _ends(rule, "source", named),
        "destinations": _ends(rule, "destination", named),
        "services": _services(rule, named),
        "default": default,
    }


def _ends(rule: Body, end: str, named: Mapping[str, Body]) -> list[dict[str, Any]]:
    """The groups of a rule and, since API 38.1, the addresses listed in the rule itself."""
    found = [_group(one, named.get(str(one.get("id")))) for one in rule.get(f"{end}FirewallGroups") or []]
    own = rule.get(f"{end}FirewallIpAddresses") or []
    return [*found, {"id": None, "name": None, "type": "IP_SET", "addresses": list(own)}] if own else found


def _group(reference: Body, group: Body | None) -> dict[str, Any]:
    """A group that the user cannot read has neither type nor addresses."""
    kind = (group.get("typeValue") or group.get("type")) if group else None
    return {
        "id": reference.get("id"),
        "name": (group or reference).get("name"),
        "type": kind,
        "addresses": list(group.get("ipAddresses") or []) if group else None,
    }


def _services(rule: Body, named: Mapping[str, Body]) -> list[dict[str, Any]]:
    found = [_profile(one, named.get(str(one.get("id")))) for one in rule.get(PROFILES) or []]
    # ports listed in the rule itself (since API 38.1): they are not evaluated, so the ports are unknown
    return [*found, {"id": None, "name": None, "ports": None}] if rule.get("rawPortProtocols") else found


def _profile(reference: Body, profile: Body | None) -> dict[str, Any]:
    ports = None
    if profile:
        ports = [
            {"protocol": port.get("protocol"), "destination_ports": _destination_ports(port)}
            for port in profile.get("applicationPorts") or []
        ]
    return {"id": reference.get("id"), "name": (profile or reference).get("name"), "ports": ports}


def _destination_ports(port: Body) -> list[str]:
    """No port means any port. Since API 38.0, Cloud Director writes ``any`` instead."""
    return [str(one) for one in port.get("destinationPorts") or [] if str(one).lower() != "any"]
