# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What the members of a service need to see the client's IP, and what is undone when they no longer should. Pure.

Transparent mode needs a pool whose members are a group: an IP set of the service, or a group of the operator. Where no
option names them, the mode and group of a pool stay as an operator set them. CPI rewrites the members of its pools, so
its Services get neither from here, and keep what they have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import version_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import TCP
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import IP_SET_PREFIX
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    IP_SET,
    POOL,
    VIRTUAL_SERVICE,
    IpSet,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedPort, WantedService

OPTION, GROUP_OPTION = "services.preserve_client_ip", "services.member_group"
NEEDED_MODE = "LEGACY_ACTIVE_STANDBY"  # of service engines. Source: the API's description of transparentModeEnabled
NEEDED_TYPE = "TCP_PROXY"
VirtualServices = Mapping[str, VirtualService]


def marker(ip_set: str) -> str:
    """The description of a service's IP set. It tells the set from another owner's set with the same name."""
    return f"The members of pool {ip_set.removeprefix(IP_SET_PREFIX)}, kept by vcd_shared_ip"


def is_of_service(found: IpSet, pool: Pool | None) -> bool:
    """Whether an IP set with the name of a service's set belongs to it: something besides the name must say so."""
    return found.description == marker(found.name) or (pool is not None and pool.member_group == found.name)


def with_client_ip(wanted: WantedService, inventory: Inventory, before: VirtualServices) -> WantedService:
    """The same goal with the members' group, and transparent mode, of each port.

    ``before`` are the present virtual services, or those that an interrupted run has lost. Raises InvalidInput if an IP
    set with the needed name does not belong to the service.
    """
    return replace(wanted, ports=tuple(_port(wanted.service, port, inventory, before) for port in wanted.ports))


def _port(service: Service, port: WantedPort, inventory: Inventory, before: VirtualServices) -> WantedPort:
    name = port.names.ip_set
    pool: Pool | None = inventory.get(POOL, port.names.pool)
    ip_set: IpSet | None = inventory.get(IP_SET, name)
    own = ip_set if ip_set is not None and is_of_service(ip_set, pool) else None
    if port.virtual_service is None or port.pool is None:
        return replace(port, ip_set=None if own else ip_set)  # a set that merely has the name stays
    old = before.get(port.virtual_service.name)
    # UDP packets always reach the members from the service engine, whatever the mode
    kept = old is not None and old.transparent and port.port.spec.transport == TCP
    if service.managed_by_cpi:
        if port.virtual_service.transparent == kept:
            return port
        return replace(port, virtual_service=replace(port.virtual_service, transparent=kept))
    had = pool.member_group if pool is not None else ""
    group = _group(service, name, had)
    goes_back = bool(not group and (had or own))
    found = replace(
        port,
        virtual_service=replace(
            port.virtual_service, transparent=service.preserve_client_ip or (kept and not goes_back)
        ),
        ip_set=None if own else ip_set,
    )
    if not group:
        members = service.members or (own.addresses if own is not None and had == name else None)
        return replace(found, pool=replace(port.pool, members=members or None))
    found = replace(found, pool=replace(port.pool, members=None, member_group=group))
    if group != name or service.member_group:
        return found if group != name else replace(found, ip_set=ip_set)
    if ip_set is not None and own is None:
        remedy = (
            f"IP set {name!r} exists, and neither its description nor the pool shows that it belongs to this service"
        )
        raise InvalidInput(OPTION, service.label, f"{remedy}: rename it, or name it in member_group")
    present = own.addresses if own is not None else (pool.members or () if pool is not None else ())
    return replace(found, ip_set=IpSet(name, tuple(sorted(service.members or present)), marker(name)))


def _group(service: Service, own: str, had: str) -> str:
    """The group that the pool should have; empty if the pool lists its own members.

    Where no members are given, a group that the operator gave to the pool stays.
    """
    if service.member_group:
        return service.member_group
    if service.preserve_client_ip:
        return own if service.members or not had else had
    return "" if service.members or had == own else had


@dataclass(frozen=True)
class Conditions:
    """What transparent mode depends on, as far as it is known.

    ``api`` says why the API version is too old, or is empty. ``enabled``: on the edge gateway. ``groups`` are the
    service engine groups that a virtual service may get, each with its mode (empty where it is not known).
    """

    edge_gateway: str
    api: str
    enabled: bool
    groups: Sequence[tuple[str, str]]


def lacking(wanted: WantedService, conditions: Conditions, inventory: Inventory) -> list[str]:
    """What is missing so that the members of a service can see the client's IP, one line each with who can give it."""
    if not wanted.service.preserve_client_ip or not wanted.stays:
        return []
    if conditions.api:
        return [f"{conditions.api}: the provider can upgrade it"]  # an older API version does not show the rest
    found = list(_other_version(wanted))
    if not conditions.enabled:
        found.append(
            f"transparent mode is off on edge gateway {conditions.edge_gateway!r}: the provider can turn it on "
            "(transparent_mode of vcd_edge_load_balancer)"
        )
    present = [inventory.get(VIRTUAL_SERVICE, port.names.virtual_service) for port in wanted.ports]
    existing = [one for one in present if one is not None]
    on_ip = inventory.on_address(wanted.external_ip)  # all virtual services on a VIP are in the same group
    sharing = list({one.name: one for one in [*existing, *on_ip]}.values())
    found += _wrong_groups(sharing, conditions) or _no_group(sharing, conditions)
    return [*found, *_wrong_types(existing)]


def _other_version(wanted: WantedService) -> Iterator[str]:
    """A member cannot answer a client that uses another IP version."""
    version = version_of(wanted.external_ip)
    others = [one for one in wanted.service.members if version and version_of(one) != version]
    if others:
        yield (
            f"clients of {wanted.external_ip} have IPv{version} addresses, and member {others[0]} has none: give "
            f"members with IPv{version} addresses"
        )


def _wrong_groups(existing: Sequence[VirtualService], conditions: Conditions) -> list[str]:
    modes = dict(conditions.groups)
    return [
        f"virtual service {one.name!r} is on service engine group {one.group!r}, whose mode is {modes[one.group]}, not "
        f"{NEEDED_MODE}: the provider can assign such a group; then remove the service and create it again with "
        "service_engine_group"
        for one in existing
        if modes.get(one.group) and modes[one.group] != NEEDED_MODE
    ]


def _no_group(existing: Sequence[VirtualService], conditions: Conditions) -> list[str]:
    if existing or any(mode in ("", NEEDED_MODE) for _name, mode in conditions.groups):
        return []
    names = ", ".join(f"{name} ({mode})" for name, mode in conditions.groups) or "none"
    return [
        f"it needs a service engine group in mode {NEEDED_MODE}, and edge gateway {conditions.edge_gateway!r} has "
        f"{names}: the provider can assign one"
    ]


def _wrong_types(existing: Sequence[VirtualService]) -> Iterator[str]:
    for one in existing:
        types = {
            str((port.get("tcpUdpProfile") or {}).get("type") or NEEDED_TYPE)
            for port in one.body.get("servicePorts") or ()
        }
        if types - {NEEDED_TYPE}:
            yield (
                f"virtual service {one.name!r} forwards packets as {', '.join(sorted(types))}: set the type of its "
                f"service_ports to {NEEDED_TYPE} with vcd_virtual_service"
            )
