# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IP prefixes of an IP Space: sequences of networks of one prefix length. Pure, apart from the identifiers."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterator
from typing import Any

from vcdsim import errors
from vcdsim.bodies import formatted, many, number, obj, read_only, text
from vcdsim.store import Record, Store

MOST = 65536  # most prefixes of one sequence (assumed): each is compared with the others
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SEQUENCE = obj(
    {
        "id": text(),
        "startingPrefixIpAddress": formatted("ip"),
        "prefixLength": number(1, 128),
        "totalPrefixCount": number(1, MOST),
        "allocatedPrefixCount": read_only(),
        "allocatedPrefixPercentage": read_only(),
    },
    "startingPrefixIpAddress",
    "prefixLength",
    "totalPrefixCount",
)
PREFIXES = obj({"ipPrefixSequence": many(SEQUENCE, low=1), "defaultQuotaForPrefixLength": number(-1)})


def networks_of(sequence: dict[str, Any]) -> Iterator[Network]:
    """The prefixes of a sequence, one after the other."""
    first = ipaddress.ip_network(f"{sequence['startingPrefixIpAddress']}/{sequence['prefixLength']}", strict=False)
    start, step, kind = int(first.network_address), first.num_addresses, type(first)
    for number_ in range(sequence["totalPrefixCount"]):
        yield kind((start + number_ * step, first.prefixlen))


def sequences(space: Record) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every (group of sequences with a quota, sequence)."""
    for group in space.data.get("ipSpacePrefixes") or []:
        for sequence in group.get("ipPrefixSequence") or []:
            yield group, sequence


def every_prefix(space: Record, length: int | None = None) -> Iterator[str]:
    """The prefixes of an IP Space, of one length or all, the lowest first: clients send sequences in any order."""
    chosen = [sequence for _group, sequence in sequences(space) if length in (None, sequence["prefixLength"])]
    for sequence in sorted(chosen, key=_start):
        yield from map(str, networks_of(sequence))


def _start(sequence: dict[str, Any]) -> tuple[int, int]:
    first = ipaddress.ip_address(sequence["startingPrefixIpAddress"])
    return first.version, int(first)


def quota(space: Record, length: int) -> int:
    """How many prefixes of a length an organisation may have; -1 means that there is no limit."""
    found = [group["defaultQuotaForPrefixLength"] for group, one in sequences(space) if one["prefixLength"] == length]
    return found[0] if found else 0


def checked(sent: dict[str, Any], store: Store, private: bool) -> list[dict[str, Any]]:
    """The prefixes to store, with identifiers and quotas, and with the first address of their network. Answers 400."""
    scopes = [ipaddress.ip_network(one, strict=False) for one in sent["ipSpaceInternalScope"]]
    groups = []
    for group in sent.get("ipSpacePrefixes") or []:
        made = []
        for one in group.get("ipPrefixSequence") or []:
            try:
                found = list(networks_of(one))
            except ValueError as problem:
                raise errors.bad_field("ipSpacePrefixes", "a prefix length does not fit its address") from problem
            if not all(any(_within(prefix, scope) for scope in scopes) for prefix in found):
                raise errors.bad_field("ipSpacePrefixes", "a prefix lies outside the internal scope")
            start = str(found[0].network_address)
            made.append({**one, "id": one.get("id") or store.mint("ipSpacePrefix"), "startingPrefixIpAddress": start})
        # the vendor: without a quota, 0 for PUBLIC and SHARED_SERVICES, and no limit for PRIVATE
        limit = group.get("defaultQuotaForPrefixLength", -1 if private else 0)
        groups.append({"ipPrefixSequence": made, "defaultQuotaForPrefixLength": limit})
    _check_apart(sent, groups)
    return groups


def _within(prefix: Network, scope: Network) -> bool:
    return prefix.version == scope.version and prefix.network_address in scope and prefix.broadcast_address in scope


def _check_apart(sent: dict[str, Any], groups: list[dict[str, Any]]) -> None:
    """Check that no address lies in two prefixes, or in a prefix and a range (assumed)."""
    spans = [
        (prefix.version, int(prefix.network_address), int(prefix.broadcast_address))
        for group in groups
        for sequence in group["ipPrefixSequence"]
        for prefix in networks_of(sequence)
    ]
    for one in (sent.get("ipSpaceRanges") or {}).get("ipRanges") or []:
        low, high = ipaddress.ip_address(one["startIpAddress"]), ipaddress.ip_address(one["endIpAddress"])
        spans.append((low.version, int(low), int(high)))
    spans.sort()
    for (version, _low, last), (next_version, first, _high) in itertools.pairwise(spans):
        if version == next_version and first <= last:
            raise errors.bad_field("ipSpacePrefixes", "a prefix overlaps with another one or with a range")


def show(space: Record, taken: set[str]) -> list[dict[str, Any]]:
    """The prefixes as VCD shows them, with the allocations of each sequence."""
    groups = []
    for group in space.data.get("ipSpacePrefixes") or []:
        rows = []
        for one in group["ipPrefixSequence"]:
            count = sum(1 for prefix in networks_of(one) if str(prefix) in taken)
            percentage = round(100 * count / one["totalPrefixCount"], 2)
            rows.append({**one, "allocatedPrefixCount": count, "allocatedPrefixPercentage": percentage})
        groups.append({**group, "ipPrefixSequence": rows})
    return groups
