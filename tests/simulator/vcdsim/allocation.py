# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives an edge gateway as many addresses of its external network as it asks for.

A subnet asks with ``autoAllocateIpRanges`` for ``totalIpCount`` addresses, its primary one among them. An uplink asks
with ``quickAddAllocatedIpCount`` for that many more. Which addresses VCD gives is assumed: the lowest free ones.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any

from vcdsim import addresses, errors
from vcdsim.store import Record, Store

Range = tuple[int, int]  # first and last address


def without(ranges: Iterable[Range], gone: Iterable[Range]) -> list[Range]:
    """The parts of the ranges that lie outside all of the ranges ``gone``."""
    left = sorted(ranges)
    for low, high in gone:
        parts = [((first, min(last, low - 1)), (max(first, high + 1), last)) for first, last in left]
        left = [part for pair in parts for part in pair if part[0] <= part[1]]
    return left


def first_of(ranges: Iterable[Range], count: int) -> Iterator[Range]:
    """The first ``count`` addresses of the ranges, as ranges; fewer if the ranges are smaller."""
    for low, high in ranges:
        if count <= 0:
            return
        last = min(high, low + count - 1)
        count -= last - low + 1
        yield low, last


def joined(ranges: Iterable[Range]) -> list[Range]:
    """The same addresses in as few ranges as possible, in order."""
    found: list[Range] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found


def _ranges(subnet: dict[str, Any]) -> list[Range]:
    return [(int(low), int(high)) for low, high in addresses.ranges_of(subnet)]


def _primary(subnet: dict[str, Any]) -> list[Range]:
    one = int(ipaddress.ip_address(subnet["primaryIp"])) if subnet.get("primaryIp") else None
    return [] if one is None else [(one, one)]


def keep(uplinks: list[dict[str, Any]], before: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Let an uplink that asks for more addresses keep those that it has, in each subnet that comes without ranges.

    Terraform's provider asks for more in this way (TestAccVcdNsxtEdgeGatewayAutoSubnetAllocation). ``before`` are the
    uplinks and subnets that the gateway has.
    """
    had = {(uplink["uplinkId"], addresses.network_of(one)): one["ipRanges"] for uplink, one in before}
    for uplink in uplinks:
        for subnet in uplink["subnets"]["values"] if uplink.get("quickAddAllocatedIpCount") else ():
            place = (uplink["uplinkId"], addresses.network_of(subnet))
            if place in had and not (subnet.get("ipRanges") or {}).get("values"):
                subnet["ipRanges"] = had[place]


def give(store: Store, gateway: str, uplinks: list[dict[str, Any]], used: Iterable[str]) -> None:
    """Fill in the ranges that the uplinks of a gateway ask for. Answers 400 if too few addresses are free.

    ``used`` are the addresses that the gateway uses: it keeps them in preference to others.
    """
    for uplink in uplinks:
        network = store.get("externalNetwork", uplink["uplinkId"])
        more = uplink.pop("quickAddAllocatedIpCount", None) or 0
        for subnet in uplink["subnets"]["values"]:
            asked = subnet.get("autoAllocateIpRanges", False) and "totalIpCount" in subnet
            if asked:
                subnet["autoAllocateIpRanges"] = False  # a request, not a state
            if not (asked or more) or network is None:
                continue
            pool = _free(store, gateway, network, subnet)
            if asked:
                _resize(subnet, subnet["totalIpCount"], pool, used)
            if more:
                held = addresses.allocated(subnet)
                room = sum(high - low + 1 for low, high in without(pool, [*_ranges(subnet), *_primary(subnet)]))
                _resize(subnet, held + min(more, room), pool, used)
                more -= min(more, room)
        if more:
            raise errors.bad_field("quickAddAllocatedIpCount", f"the external network lacks {more} IP addresses")


def first_free(store: Store, network: Record) -> tuple[dict[str, Any], str] | None:
    """The first address of an external network that no edge gateway has, with its subnet; None if all are taken."""
    for subnet in network.data["subnets"]["values"]:
        pool = _free(store, "", network, subnet)
        if pool:
            return subnet, addresses.written(ipaddress.ip_address(subnet["gateway"]).__class__(pool[0][0]))
    return None


def _free(store: Store, gateway: str, network: Record, subnet: dict[str, Any]) -> list[Range]:
    """The addresses of the external network's subnet that no other gateway has."""
    wanted = addresses.network_of(subnet)
    own = [one for one in network.data["subnets"]["values"] if addresses.network_of(one) == wanted]
    others = [
        part
        for one in store.all("gateway")
        if one.id != gateway
        for uplink, other in addresses.subnets(one)
        if uplink["uplinkId"] == network.id and addresses.network_of(other) == wanted
        for part in (*_ranges(other), *_primary(other))
    ]
    return without((part for one in own for part in _ranges(one)), others)


def _resize(subnet: dict[str, Any], count: int, pool: list[Range], used: Iterable[str]) -> None:
    """Give a subnet ``count`` addresses: those in use, then others that it has, then the lowest of the pool.

    The primary address then lies in a range: the tests of Terraform's provider rely on it to count the unused
    addresses.
    """
    primary, family = _primary(subnet), addresses.network_of(subnet)
    if primary and count < 1:
        raise errors.bad_field("totalIpCount", "an edge gateway keeps its primary IP address")
    places = (ipaddress.ip_address(one) for one in used)
    busy = [*primary, *without([(int(one), int(one)) for one in {*places} if one in family], primary)]
    kept = without(_ranges(subnet), busy)
    offered = [*busy, *kept, *without(pool, [*busy, *kept])]
    found = joined(first_of(offered, count))
    if sum(high - low + 1 for low, high in found) < count:
        raise errors.bad_field("totalIpCount", f"there are no {count} free IP addresses in {family}")
    make = ipaddress.ip_address(subnet["gateway"]).__class__
    subnet["ipRanges"] = {
        "values": [
            {"startAddress": addresses.written(make(low)), "endAddress": addresses.written(make(high))}
            for low, high in found
        ]
    }
