# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Virtual services: compare the current and the wanted state, and decide between update and recreation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput, as_text
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.comparison import differing

REFERENCES = ("pool", "service_engine_group", "certificate")
VIPS = ("virtual_ip_address", "ipv6_virtual_ip_address")
TLS_PROFILES = ("HTTPS", "L4_TLS")
# NSX ALB shares a VIP only among virtual services of the same service engine group, and the group of a virtual service
# cannot be changed in place.
CREATE_ONLY = ("service_engine_group",)


def differences(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values that the virtual service lacks. A wanted reference is a name or URN, or empty."""
    return differing(current, wanted, REFERENCES)


def missing_for_create(wanted: Mapping[str, Any]) -> list[str]:
    """The options without which a virtual service cannot be created."""
    missing = [key for key in ("name", "application_profile", "pool", "service_ports") if not wanted.get(key)]
    if not any(wanted.get(vip) for vip in VIPS):
        missing.append("virtual_ip_address (or ipv6_virtual_ip_address)")
    return missing


def check(target: Mapping[str, Any]) -> None:
    """Raise CollectionError when the resulting virtual service would violate a rule of Cloud Director."""
    profile, ports = target["application_profile"], target["service_ports"]
    with_tls = [port for port in ports if port["ssl_enabled"]]
    if not any(target[vip] for vip in VIPS):
        raise CollectionError("virtual_ip_address: required: give it, ipv6_virtual_ip_address, or both")
    if profile in TLS_PROFILES:
        if not target["certificate"]:
            raise InvalidInput("application_profile", profile, "requires a certificate: give certificate")
        if not with_tls:
            raise InvalidInput("application_profile", profile, "requires ssl_enabled: true on a port in service_ports")
    elif with_tls:
        raise InvalidInput(
            "service_ports.ssl_enabled", True, f"not allowed with {profile}: set application_profile to HTTPS or L4_TLS"
        )
    if profile not in ("L4", "L4_TLS"):
        for port in ports:
            if port["type"] != "TCP_PROXY":
                raise InvalidInput(
                    "service_ports.type", port["type"], f"not allowed with {profile}: use TCP_PROXY or profile L4"
                )


def check_pool(target: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> None:
    """Raise InvalidInput when another virtual service of the edge gateway uses the pool."""
    pool = target["pool"]["id"]
    users = [one["name"] for one in others if (one["pool"] or {}).get("id") == pool and one["id"] != target["id"]]
    if users:
        remedy = f"it serves virtual service {users[0]!r}, and a pool serves one at a time: choose another pool"
        raise InvalidInput("pool", target["pool"]["name"], remedy)


def sharing(target: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The other virtual services on the edge gateway that share a VIP with this one."""
    return [
        other
        for other in others
        if other["id"] != target.get("id") and any(target[vip] and target[vip] == other[vip] for vip in VIPS)
    ]


def must_recreate(
    current: Mapping[str, Any], changes: Mapping[str, Any], shared_with: Sequence[Mapping[str, Any]]
) -> str:
    """Why the changes cannot be made in place, starting with the option; empty when they can.

    Everything except the service engine group and a shared VIP is changed in place: that keeps the id, and the virtual
    service keeps serving. Cloud Director rejects a change of the VIP for one of several virtual services that share it.
    """
    for key in CREATE_ONLY:
        if key in changes:
            why = "a virtual service cannot move to another service engine group in place"
            return f"{key}: {as_text(changes[key])}: {why}"
    vips = [vip for vip in VIPS if vip in changes]
    if vips and shared_with:
        names = ", ".join(sorted(repr(other["name"]) for other in shared_with))
        shared = " and ".join(str(current[vip]) for vip in VIPS if current[vip])
        why = f"VIP {shared} is shared with {names} and cannot be changed in place"
        return f"{vips[0]}: {as_text(changes[vips[0]])}: {why}"
    return ""
