# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Virtual services: what differs, what that leads to, and what would not work. Decisions only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.comparison import differing

REFERENCES = ("pool", "service_engine_group", "certificate")
VIPS = ("virtual_ip_address", "ipv6_virtual_ip_address")
TLS_PROFILES = ("HTTPS", "L4_TLS")
# Avi shares a VIP only among virtual services of one set of service engines, and its group cannot be changed in place
CREATE_ONLY = ("service_engine_group",)


def differences(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The part of what is wanted that is not so yet. References are wanted by name or URN, and empty for none."""
    return differing(current, wanted, REFERENCES)


def missing_for_create(wanted: Mapping[str, Any]) -> list[str]:
    """The options without which a virtual service cannot be created."""
    missing = [key for key in ("name", "application_profile", "pool", "service_ports") if not wanted.get(key)]
    if not any(wanted.get(vip) for vip in VIPS):
        missing.append("virtual_ip_address (or ipv6_virtual_ip_address)")
    return missing


def check(target: Mapping[str, Any]) -> None:
    """Raise CollectionError when a virtual service, as it is to become, breaks a rule of Cloud Director."""
    profile, ports = target["application_profile"], target["service_ports"]
    with_tls = [port for port in ports if port["ssl_enabled"]]
    if not any(target[vip] for vip in VIPS):
        raise CollectionError("virtual_ip_address: a virtual service needs it, or ipv6_virtual_ip_address, or both")
    if profile in TLS_PROFILES:
        if not target["certificate"]:
            raise InvalidInput("application_profile", profile, "needs a certificate: give certificate")
        if not with_tls:
            raise InvalidInput("application_profile", profile, "needs a port with ssl_enabled: true in service_ports")
    elif with_tls:
        raise InvalidInput(
            "service_ports.ssl_enabled", True, f"does not go with {profile}: use application_profile HTTPS or L4_TLS"
        )
    if profile not in ("L4", "L4_TLS"):
        for port in ports:
            if port["type"] != "TCP_PROXY":
                raise InvalidInput(
                    "service_ports.type", port["type"], f"does not go with {profile}: use TCP_PROXY or L4"
                )


def overlap(ports: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The first of ``others`` that takes a port, of the same transport, that one of ``ports`` takes."""
    for other in others:
        for port in ports:
            same_transport = port["type"][:3] == other["type"][:3]
            if same_transport and port["start"] <= other["end"] and other["start"] <= port["end"]:
                return other
    return None


def sharing(target: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of the gateway's other virtual services that have one of the VIPs of this one."""
    return [
        other
        for other in others
        if other["id"] != target.get("id") and any(target[vip] and target[vip] == other[vip] for vip in VIPS)
    ]


def must_recreate(
    current: Mapping[str, Any], changes: Mapping[str, Any], shared_with: Sequence[Mapping[str, Any]]
) -> str:
    """Why the changes cannot be made in place, beginning with the option, or nothing when they can."""
    for key in CREATE_ONLY:
        if key in changes:
            return f"{key}: {changes[key]!r}: a virtual service cannot move to another service engine group in place"
    vips = [vip for vip in VIPS if vip in changes]
    if vips and shared_with:
        names = ", ".join(sorted(repr(other["name"]) for other in shared_with))
        shared = " and ".join(str(current[vip]) for vip in VIPS if current[vip])
        return (
            f"{vips[0]}: {changes[vips[0]]!r}: the VIP {shared} is shared with {names} and cannot be changed in place"
        )
    return ""
