# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Whether an edge gateway may use an address: reads only what is needed to decide, and asks the domain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    AddressRange,
    Network,
    canonical,
    network_of,
    parse_addresses,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import networks_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_space.calls import allocated_addresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.allotment import (
    AddressUse,
    AddressVerdict,
    Allotment,
    Usable,
    may_use,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body


def allotment_of(gateway: Body) -> Allotment:
    """What an edge gateway's body says about its addresses. It contains neither IP Spaces nor networks."""
    edge = resource.to_result(gateway)
    subnets = [one for uplink in edge["uplinks"] if not uplink["using_ip_space"] for one in uplink["subnets"]]
    networks = [network_of(f"{one['gateway']}/{one['prefix_length']}") for one in subnets]
    ranges = [parse_addresses(f"{two['start']}-{two['end']}") for one in subnets for two in one["ip_ranges"]]
    return Allotment(
        name=str(edge["name"]),
        subnets=tuple(one for one in networks if one is not None),
        ranges=tuple(one for one in ranges if one is not None),
        primaries=tuple(found for found in (canonical(one["primary_ip"]) for one in subnets) if found),
        uses_ip_spaces=any(uplink["using_ip_space"] for uplink in edge["uplinks"]),
    )


def edge_addresses(gateway: Body, one_arm: AddressRange) -> EdgeAddresses:
    """Which addresses of an edge gateway are external, from its body."""
    uplinks = gateway.get("edgeGatewayUplinks") or []
    subnets = [subnet for uplink in uplinks for subnet in (uplink.get("subnets") or {}).get("values") or []]
    found = [network_of(f"{subnet.get('gateway')}/{subnet.get('prefixLength')}") for subnet in subnets]
    networks: tuple[Network, ...] = tuple(network for network in found if network is not None)
    return EdgeAddresses(networks, any(uplink.get("usingIpSpace") for uplink in uplinks), (one_arm,))


def ask(
    api: Api,
    gateway: Body,
    text: str,
    use: AddressUse,
    *,
    known: Iterable[str] = (),
    internal: Iterable[AddressRange] = (),
) -> AddressVerdict:
    """Whether an edge gateway may use an address, network or range.

    ``known`` are allocations in IP Spaces that the caller has already read, ``internal`` are ranges that it knows to be
    internal. Nothing is read if the edge gateway's body is enough to decide.
    """
    allotment = replace(allotment_of(gateway), allocated=tuple(known) or None, internal=tuple(internal))
    verdict = may_use(allotment, text, use)
    if verdict.answer is Usable.UNKNOWN or (allotment.uses_ip_spaces and verdict.answer is Usable.NO):
        allotment = replace(allotment, allocated=allocated_addresses(api, gateway))
        verdict = may_use(allotment, text, use)
    if verdict.answer is Usable.NO and use is not AddressUse.CLIENTS:
        routed = [network_of(text) for row in resource.networks(networks_of(api, gateway)) for text in row["subnets"]]
        found = tuple(one for one in routed if one is not None)
        verdict = may_use(replace(allotment, internal=(*allotment.internal, *found)), text, use)
    return verdict
