# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Virtual services: convert options to API bodies, and bodies to module results. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import reference

Body = dict[str, Any]

# key of the result -> field of the API, where the value is the same
PLAIN = {
    "name": "name",
    "description": "description",
    "enabled": "enabled",
    "virtual_ip_address": "virtualIpAddress",
    "ipv6_virtual_ip_address": "ipv6VirtualIpAddress",
    "transparent_mode_enabled": "transparentModeEnabled",
    "non_critical_logging_enabled": "nonCriticalLoggingEnabled",
}
REFERENCES = {
    "pool": "loadBalancerPoolRef",
    "service_engine_group": "serviceEngineGroupRef",
    "certificate": "certificateRef",
}
# fields that only the server writes; the body of a new virtual service must not contain them
READ_ONLY = ("id", "status", "healthStatus", "healthMessage", "detailedHealthMessage")


def to_result(body: Mapping[str, Any]) -> dict[str, Any]:
    """A virtual service as the modules return it, from its body or its summary; ports are sorted and have an end."""
    profile = (body.get("applicationProfile") or {}).get("type") or body.get("applicationProfileType")
    return {
        "id": body.get("id"),
        "name": body.get("name"),
        "description": body.get("description") or "",
        "enabled": bool(body.get("enabled")),
        "application_profile": profile,
        "virtual_ip_address": checks.usual_form(body.get("virtualIpAddress")),
        "ipv6_virtual_ip_address": checks.usual_form(body.get("ipv6VirtualIpAddress")),
        "pool": reference(body.get("loadBalancerPoolRef")),
        "edge_gateway": reference(body.get("gatewayRef")),
        "service_engine_group": reference(body.get("serviceEngineGroupRef")),
        "certificate": reference(body.get("certificateRef")),
        "service_ports": _in_order([_port_result(port) for port in body.get("servicePorts") or []]),
        "transparent_mode_enabled": bool(body.get("transparentModeEnabled")),
        "non_critical_logging_enabled": bool(body.get("nonCriticalLoggingEnabled")),
        "status": body.get("status"),
        "health_status": body.get("healthStatus"),
        "health_message": body.get("healthMessage"),
    }


def settled(body: Mapping[str, Any]) -> bool:
    """Whether it is realized and its health is final: UP or DOWN, or DISABLED or DOWN when it is disabled."""
    # Any other health (UNAVAILABLE, PENDING, UNKNOWN) may still change.
    health = ("UP", "DOWN") if body.get("enabled") else ("DISABLED", "DOWN")
    return body.get("status") == "REALIZED" and body.get("healthStatus") in health


def from_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values with the keys of `to_result`, for the options that are set. Raises InvalidInput.

    References stay names or URNs. An empty string clears the value.
    """
    wanted = checks.given(params, *PLAIN, *REFERENCES, "application_profile")
    wanted.update(checks.names(params))
    for option in ("pool", "service_engine_group"):
        if option in wanted:
            checks.name(option, wanted[option])
    for option, version in (("virtual_ip_address", 4), ("ipv6_virtual_ip_address", 6)):
        if option in wanted:
            wanted[option] = checks.address(option, wanted[option], version) if wanted[option] else None
    if params.get("service_ports") is not None:
        wanted["service_ports"] = _ports_from_options(params["service_ports"])
    return wanted


def _ports_from_options(ports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not 1 <= len(ports) <= 10:
        raise InvalidInput("service_ports", len(ports), "give 1 to 10 entries")
    found = []
    for port in ports:
        start = checks.port("service_ports.start", port["start"])
        end = start if port.get("end") is None else checks.port("service_ports.end", port["end"])
        if end < start:
            raise InvalidInput("service_ports.end", end, f"is lower than start ({start}): swap start and end")
        found.append({"start": start, "end": end, "ssl_enabled": port["ssl_enabled"], "type": port["type"]})
    found = _in_order(found)
    for one, next_one in pairwise(found):
        if next_one["start"] <= one["end"] and transport(one) == transport(next_one):
            raise InvalidInput("service_ports", show_port(next_one), f"overlaps with {show_port(one)}: remove one")
    return found


def apply(body: Mapping[str, Any], changes: Mapping[str, Any], references: Mapping[str, Body]) -> Body:
    """A copy of an API body with changes applied (keys as in `to_result`); ``references`` are the resolved names."""
    changed: Body = copy.deepcopy(dict(body))
    for key, value in changes.items():
        if key in PLAIN:
            _set(changed, PLAIN[key], value)
        elif key in REFERENCES:
            _set(changed, REFERENCES[key], references.get(key))
        elif key == "application_profile":
            changed["applicationProfile"] = {"type": value}
        elif key == "service_ports":
            changed["servicePorts"] = [_port_body(port) for port in value]
    return changed


def without_read_only(body: Mapping[str, Any]) -> Body:
    """A body from which the virtual service can be created again."""
    return {key: copy.deepcopy(value) for key, value in body.items() if key not in READ_ONLY}


def transport(port: Mapping[str, Any]) -> str:
    """TCP or UDP."""
    return str(port["type"])[:3]


def show_port(port: Mapping[str, Any]) -> str:
    """``80`` or ``80-90``."""
    return str(port["start"]) if port["start"] == port["end"] else f"{port['start']}-{port['end']}"


def _set(body: Body, field: str, value: Any) -> None:
    """Set a field. None removes it, because the API reads a missing field as no value."""
    if value is None:
        body.pop(field, None)
    else:
        body[field] = value


def _port_result(port: Mapping[str, Any]) -> dict[str, Any]:
    start = port.get("portStart")
    return {
        "start": start,
        "end": port.get("portEnd") or start,
        "ssl_enabled": bool(port.get("sslEnabled")),
        "type": (port.get("tcpUdpProfile") or {}).get("type") or "TCP_PROXY",
    }


def _port_body(port: Mapping[str, Any]) -> Body:
    body = {"portStart": port["start"], "sslEnabled": port["ssl_enabled"], "tcpUdpProfile": {"type": port["type"]}}
    return body if port["end"] == port["start"] else {**body, "portEnd": port["end"]}


def _in_order(ports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(ports, key=lambda port: (port["start"] or 0, port["end"] or 0, port["type"]))
