# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What an update leaves as it is: everything that the options of vcd_shared_ip do not name. Pure.

A plan knows the addresses and the port of a pool's members, and the ports of a virtual service. Everything else that an
operator has set (ratio, disabled members, monitors, persistence, how packets are forwarded) is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.resource import transport
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    Object,
    Pool,
    VirtualService,
)

Result = Mapping[str, Any]


def pool_changes(wanted: Pool, present: Result) -> dict[str, Any]:
    """The options of vcd_pool that bring a pool to the wanted state. ``present`` is what vcd_pool returns for it.

    If ``wanted.members`` is None, the members are left to CPI, and only their port is corrected. A group replaces them.
    """
    changes: dict[str, Any] = {"enabled": wanted.enabled, **dict(wanted.settings)}
    if wanted.port is not None:
        changes["default_port"] = wanted.port
    if wanted.member_group:
        return {**changes, "member_group": wanted.member_group}
    there = {str(member["ip_address"]): member for member in present["members"]}
    addresses = [str(member["ip_address"]) for member in present["members"]]
    if wanted.members is not None:
        addresses = [address for address in dict.fromkeys(addresses) if address in wanted.members]
        addresses += [address for address in wanted.members if address not in there]
    new = {"port": wanted.port, "ratio": 1, "enabled": True}
    changes["members"] = [
        {**new, **there.get(address, {}), "ip_address": address, "port": _port(wanted, there.get(address))}
        for address in addresses
    ]
    return changes


def _port(wanted: Pool, present: Result | None) -> int | None:
    if wanted.port is None:
        return present["port"] if present else None
    return wanted.port


def with_kept_types(changes: Result, wanted: Object | None, present: Result) -> dict[str, Any]:
    """The changes, with service ports that keep the type of the present ones where the application profile allows it.

    A new port number or certificate says nothing about how packets are forwarded. Where the present ports have several
    types, or a type for another protocol, new ports cannot keep it.
    """
    ports: Sequence[Result] = changes.get("service_ports") or ()
    present_ports: Sequence[Result] = present.get("service_ports") or ()
    types = {str(port["type"]) for port in present_ports}
    if {transport(port) for port in ports} != {transport(port) for port in present_ports}:
        return dict(changes)
    if len(types) != 1 or not ports or not isinstance(wanted, VirtualService) or wanted.profile not in ("L4", "L4_TLS"):
        return dict(changes)
    return {**changes, "service_ports": [{**port, "type": min(types)} for port in ports]}
