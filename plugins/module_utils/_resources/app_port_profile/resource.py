# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Application port profiles: convert options to API bodies, and bodies to module results. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import decimal
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks

Body = dict[str, Any]
PROTOCOLS = ("TCP", "UDP", "ICMPv4", "ICMPv6")


def to_result(body: Mapping[str, Any]) -> dict[str, Any]:
    """A profile as the modules return it. Any port is an empty list, even where the API (since 38.0) says ``any``."""
    return {
        "id": body.get("id"),
        "name": body.get("name"),
        "description": body.get("description") or "",
        "scope": body.get("scope"),
        "application_ports": _in_order([_port_result(port) for port in body.get("applicationPorts") or []]),
        "usable_for_nat": _usable_for_nat(body),
        "status": body.get("status"),
    }


def from_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values with the keys of `to_result`, for the options that are set. Raises InvalidInput."""
    wanted = checks.given(params, "name", "description")
    if "name" in wanted:
        checks.name("name", wanted["name"])
    if params.get("application_ports") is not None:
        if not params["application_ports"]:
            raise InvalidInput("application_ports", [], "give at least one entry")
        wanted["application_ports"] = _in_order([_port_from_options(port) for port in params["application_ports"]])
    return wanted


def apply(body: Mapping[str, Any], changes: Mapping[str, Any]) -> Body:
    """A copy of an API body with changes applied (keys as in `to_result`)."""
    changed: Body = copy.deepcopy(dict(body))
    for key, value in changes.items():
        if key == "application_ports":
            changed["applicationPorts"] = [_port_body(port) for port in value]
            changed.pop("usableForNAT", None)  # it follows from the ports
        else:
            changed[key] = value
    return changed


def _usable_for_nat(body: Mapping[str, Any]) -> bool:
    """Cloud Director's answer or, before the profile is written, its rule: one entry with at most one port."""
    if body.get("usableForNAT") is not None:
        return bool(body["usableForNAT"])
    ports = [_port_result(port)["destination_ports"] for port in body.get("applicationPorts") or []]
    return len(ports) == 1 and len(ports[0]) <= 1


def _port_from_options(port: Mapping[str, Any]) -> dict[str, Any]:
    protocol, given = port["protocol"], port.get("destination_ports") or []
    if protocol.startswith("ICMP") and given:
        raise InvalidInput("application_ports.destination_ports", given, f"{protocol} has no ports: omit it")
    ports = sorted({checks.port_range("application_ports.destination_ports", one) for one in given}, key=_number)
    return {"name": port.get("name"), "protocol": protocol, "destination_ports": ports}


def _port_result(port: Mapping[str, Any]) -> dict[str, Any]:
    ports = [str(one) for one in port.get("destinationPorts") or [] if str(one).lower() != "any"]
    return {
        "name": port.get("name"),
        "protocol": port.get("protocol"),
        "destination_ports": sorted(set(ports), key=_number),
    }


def _port_body(port: Mapping[str, Any]) -> Body:
    body = {"protocol": port["protocol"], "destinationPorts": list(port["destination_ports"])}
    return {**body, "name": port["name"]} if port["name"] else body


def _in_order(ports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(ports, key=lambda port: (str(port["protocol"]), port["destination_ports"]))


def _number(port: str) -> tuple[int, str]:
    first = port.partition("-")[0]
    return (decimal(first) or 0, port)
