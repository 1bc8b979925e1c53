# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Members of a pool that are given as virtual machines: their addresses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import canonical, network_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import networks_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.network.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.vapp import calls as machines
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn

OPTION = "members.vm"


def with_addresses(api: Api, gateway: Body, asked: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The members with the addresses of their machines. Raises CollectionError unless a machine has exactly one.

    An address of a machine counts if it belongs to a network that the edge gateway routes: the others are not reachable
    from its load balancer.
    """
    if not any(one["vm"] for one in asked):
        return list(asked)
    networks = [to_result(row) for row in networks_of(api, gateway)]
    several = len([one for one in asked if one["vm"]]) > 1
    found: list[dict[str, Any]] = []
    with api.one_look(whole_lists=True) if several and not api.looking else nullcontext():
        for one in asked:
            address = _address(api, gateway, one["vm"], networks) if one["vm"] else one["ip_address"]
            same = [other for other in found if (other["ip_address"], other["port"]) == (address, one["port"])]
            if same:
                of = one["vm"] or same[0]["vm"]
                raise InvalidInput(OPTION, of, f"its address {address} is listed twice with the same port: remove one")
            found.append({**one, "ip_address": address})
    return found


def _address(api: Api, gateway: Body, vm: str, networks: Iterable[dict[str, Any]]) -> str:
    urn = (
        vm
        if is_urn(OPTION, vm, "vm")
        else machines.find_machine(api, OPTION, vm, None, f"give its URN as {OPTION}")["id"]
    )
    connections = [one for one in machines.connections_of(api, urn) if one["ip_address"]]
    routed = {str(one["name"]): one["subnets"] for one in networks}
    found = {
        canonical(one["ip_address"])
        for one in connections
        for subnet in routed.get(one["network"], ())
        if one["ip_address"] in (network_of(f"{subnet['gateway']}/{subnet['prefix_length']}") or ())
    }
    if len(found) == 1:
        return found.pop()
    where = f"on a network that edge gateway {gateway['name']!r} routes"
    if found:
        raise InvalidInput(OPTION, vm, f"has several addresses {where} ({', '.join(sorted(found))}): give ip_address")
    if not connections:
        raise InvalidInput(OPTION, vm, "has no address: start it and wait until it has one, or give ip_address")
    others = ", ".join(f"{one['ip_address']} on {one['network']!r}" for one in connections)
    raise InvalidInput(OPTION, vm, f"has no address {where}, but {others}: connect it there, or give ip_address")
