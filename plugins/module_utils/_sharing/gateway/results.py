# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Turns the modules' results into objects of the domain. Pure.

Both sides use these functions: the modules that change services, and the checks, which get the registered result of
vcd_edge_gateway_info. InvalidInput names the place where a result is not as documented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    AppPortProfile,
    IpSet,
    NatRule,
    Pool,
    VirtualService,
)

Body = Mapping[str, Any]
SETTINGS = ("algorithm", "health_monitors", "persistence_profile")


def read_virtual_service(result: Reader, body: Body | None = None) -> VirtualService:
    """A virtual service. ``body`` is what Cloud Director returned, where the caller has it."""
    ipv6 = result.text("ipv6_virtual_ip_address", "")
    return VirtualService(
        name=result.text("name"),
        pool=_name(result, "pool"),
        address=result.text("virtual_ip_address", "") or ipv6,
        ports=tuple(_port(port) for port in result.mappings("service_ports")),
        profile=result.text("application_profile", "L4"),
        certificate=_name(result, "certificate"),
        enabled=result.flag_or("enabled", True),
        transparent=result.flag_or("transparent_mode_enabled", False),
        ipv6_address=ipv6,
        id=result.text("id", ""),
        group=_name(result, "service_engine_group"),
        health=result.text("health_status", ""),
        body=body or {},
    )


def read_pool(result: Reader, body: Body | None = None) -> Pool:
    """A pool, with members and monitors unless the result is only a summary."""
    users = tuple(_names(result, "virtual_services"))
    enabled, urn, health = result.flag_or("enabled", True), result.text("id", ""), result.text("health_status", "")
    if not result.has("members"):
        return Pool(
            result.text("name"),
            enabled=enabled,
            users=users,
            health=health,
            up=result.number_or_none("up_member_count"),
            count=result.number_or_none("member_count"),
            id=urn,
            body=body or {},
        )
    members, default = list(result.mappings("members")), result.number("default_port")
    ports = {member.number_or_none("port") or default for member in members} or {default}
    states = [(member.text("ip_address"), member.text("health_status", "")) for member in members]
    return Pool(
        name=result.text("name"),
        port=default if ports == {default} else 0,
        members=tuple(sorted(member.text("ip_address") for member in members)),
        monitors=result.texts("health_monitors"),
        enabled=enabled,
        settings=tuple((name, result.value.get(name)) for name in SETTINGS),
        member_group=_name(result, "member_group") or _urn(result, "member_group"),
        users=users,
        health=health,
        up=sum(state == "UP" for _address, state in states),
        count=len(states),
        member_health=dict(states),
        id=urn,
        body=body or {},
    )


def read_nat_rule(result: Reader, body: Body | None = None) -> NatRule:
    """A NAT rule of any type."""
    port = result.value.get("dnat_external_port")
    return NatRule(
        name=result.text("name"),
        external=result.text("external_addresses", ""),
        internal=result.text("internal_addresses", ""),
        port="" if port is None else str(port),
        profile=_name(result, "application_port_profile"),
        type=result.text("type", "DNAT"),
        enabled=result.flag_or("enabled", True),
        id=result.text("id", ""),
        priority=result.number_or_none("priority") or 0,
        applied_to=_urn(result, "applied_to"),
        firewall_match=result.text("firewall_match", "MATCH_INTERNAL_ADDRESS"),
        body=body or {},
    )


def read_app_port_profile(result: Reader, body: Body | None = None) -> AppPortProfile:
    """An application port profile."""
    ports = tuple(text for entry in result.mappings("application_ports") for text in _profile_ports(entry))
    return AppPortProfile(result.text("name"), ports, result.text("id", ""), body or {})


def read_ip_set(result: Reader, body: Body | None = None) -> IpSet:
    """An IP set."""
    addresses, description = tuple(sorted(result.texts("ip_addresses"))), result.text("description", "")
    return IpSet(result.text("name"), addresses, description, result.text("id", ""), body or {})


def _profile_ports(entry: Reader) -> Iterator[str]:
    """Texts as in `objects.AppPortProfile`. Without a port, an entry is for every port of its protocol."""
    protocol = entry.text("protocol", "TCP")
    every = ("0-65535",) if protocol in ("TCP", "UDP") else ()
    for number in entry.texts("destination_ports") or every:
        yield number if protocol == "TCP" else f"{protocol} {number}"


def _port(port: Reader) -> str:
    start = port.number("start")
    end = port.number_or_none("end") or start
    text = str(start) if end == start else f"{start}-{end}"
    return f"UDP {text}" if port.text("type", "").startswith("UDP") else text


def _name(result: Reader, key: str) -> str:
    reference = result.mapping_or_none(key)
    return reference.text("name", "") if reference else ""


def _urn(result: Reader, key: str) -> str:
    reference = result.mapping_or_none(key)
    return reference.text("id", "") if reference else ""


def _names(result: Reader, key: str) -> Iterator[str]:
    if result.has(key):
        for reference in result.mappings(key):
            yield reference.text("name", "")
