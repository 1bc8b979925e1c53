# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""IPv4 ranges: the one-arm range and what it must not touch. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from typing import Union

Network = Union[IPv4Network, IPv6Network]  # noqa: UP007 - pylint of ansible-test does not know types joined by |


class BadRange(ValueError):
    """The text is no range; the message completes "<value>: ..."."""


@dataclass(frozen=True)
class AddressRange:
    """IPv4 addresses from ``start`` to ``end``, both included."""

    start: IPv4Address
    end: IPv4Address

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"

    @property
    def size(self) -> int:
        """How many addresses it holds."""
        return int(self.end) - int(self.start) + 1

    def __contains__(self, address: object) -> bool:
        return isinstance(address, IPv4Address) and self.start <= address <= self.end

    def overlaps(self, network: Network) -> bool:
        """Whether an address is in both."""
        if not isinstance(network, IPv4Network):
            return False
        return self.start <= network.broadcast_address and network.network_address <= self.end

    def as_option(self) -> dict[str, str]:
        """The value of the modules' option ``one_arm``."""
        return {"start_ip": str(self.start), "end_ip": str(self.end)}


DEFAULT_ONE_ARM = AddressRange(IPv4Address("192.168.8.2"), IPv4Address("192.168.8.100"))


def ipv4(text: object) -> IPv4Address | None:
    """An IPv4 address, or None when the text is none."""
    try:
        address = ip_address(str(text).strip())
    except ValueError:
        return None
    return address if isinstance(address, IPv4Address) else None


def network_of(text: str) -> Network | None:
    """The network of "address/prefix length" (host bits allowed), or None when the text is none."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def parse_range(value: object) -> AddressRange:
    """Read "START-END" or a mapping with start_ip and end_ip; BadRange says what is wrong."""
    if isinstance(value, Mapping):
        unknown = sorted(set(value) - {"start_ip", "end_ip"})
        if unknown or len(value) != 2:
            raise BadRange("give start_ip and end_ip, and nothing else")
        ends = [value["start_ip"], value["end_ip"]]
    else:
        ends = str(value).split("-")
        if len(ends) != 2:
            raise BadRange("write it as START-END, for example 192.168.8.2-192.168.8.100")
    for text in ends:
        if ipv4(text) is None:
            raise BadRange(f"{str(text).strip()!r} is not an IPv4 address")
    start, end = (address for address in map(ipv4, ends) if address)
    if end < start:
        raise BadRange("the range is reversed: the first address must not be above the last")
    return AddressRange(start, end)


def count_free(ranges: Iterable[AddressRange], used: Iterable[str], within: Network | None = None) -> int:
    """How many addresses of the ranges nobody uses, counted only ``within`` a network when one is given."""
    free = 0
    taken = {address for address in map(ipv4, used) if address}
    for one in dict.fromkeys(ranges):
        start, end = int(one.start), int(one.end)
        if within is not None:
            if not isinstance(within, IPv4Network):
                continue
            start = max(start, int(within.network_address))
            end = min(end, int(within.broadcast_address))
        size = max(0, end - start + 1)
        free += size - sum(1 for address in taken if start <= int(address) <= end)
    return free
