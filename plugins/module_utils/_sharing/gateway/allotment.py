# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Whether an edge gateway may use an address, decided in one place for preflight, plan and modules. Pure.

An address in the subnet of an uplink must lie in a range that is allocated to the edge gateway. With IP Spaces, it must
be allocated to the organization. Cloud Director takes any other address to be internal and accepts it, even where no
client could ever reach it. So any other address counts as internal only if it is private, or if it belongs to a network
that the edge gateway routes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    AddressRange,
    AddressSet,
    Network,
    parse_addresses,
)

# Networks that the Internet does not route: RFC 1918, 6598, 2544 (benchmarks, often used in labs), and 4193.
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15", "fc00::/7")
_LISTED = 3  # ranges in a message


class AddressUse(str, Enum):
    """What an address is for."""

    VIP = "VIP"
    RULE = "rule"  # external addresses of a NAT rule
    CLIENTS = "clients"  # the external IP of a service, which must not be internal


class Usable(str, Enum):
    """Whether an address may be used; UNKNOWN where the user may not see what decides it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class AddressVerdict:
    """``why`` completes "<option>: <value>: ..."; it is empty for YES."""

    answer: Usable
    why: str = ""


YES = AddressVerdict(Usable.YES)


@dataclass(frozen=True)
class Allotment:
    """The addresses of one edge gateway, ``name``.

    ``subnets``, ``ranges`` and ``primaries`` (primary IPs) are those of the uplinks with IP blocks. ``allocated`` are
    the organization's addresses in IP Spaces, None where they are not known. ``internal`` are the networks that the
    edge gateway routes, and the ranges that the operator calls internal.
    """

    name: str
    subnets: tuple[Network, ...] = ()
    ranges: tuple[AddressRange, ...] = ()
    primaries: tuple[str, ...] = ()
    uses_ip_spaces: bool = False
    allocated: tuple[str, ...] | None = None
    internal: tuple[AddressRange, ...] = ()

    def may_use(self, addresses: AddressRange, use: AddressUse) -> AddressVerdict:
        """Whether the edge gateway may use all of these addresses."""
        parts = [part for part in (subnet.intersection(addresses) for subnet in self.subnets) if part is not None]
        if not parts:
            return self._elsewhere(addresses, use)
        return next((found for found in (self._in_subnet(part) for part in parts) if found is not YES), YES)

    def _in_subnet(self, part: AddressRange) -> AddressVerdict:
        # The primary IP belongs to the gateway, even where it is in no range.
        own = [*(str(one) for one in self.ranges), *self.primaries]
        if AddressSet(own).covers(part):
            return YES
        if not self.ranges:
            return self._unknown(part, "shows this user no allocated range")
        return AddressVerdict(Usable.NO, f"is not allocated to edge gateway {self.name!r}, {self._remedy()}")

    def _elsewhere(self, addresses: AddressRange, use: AddressUse) -> AddressVerdict:
        if self.allocated is not None and AddressSet(self.allocated).covers(addresses):
            return YES
        internal = AddressSet([*PRIVATE, *(str(one) for one in self.internal)])
        if use is not AddressUse.CLIENTS and internal.covers(addresses):
            return YES
        if self.uses_ip_spaces and self.allocated is None:
            return self._unknown(addresses, "shows this user none of its IP Spaces")
        if self.uses_ip_spaces:
            has = _listed(self.allocated or (), ", which has ")
            why = f"is not allocated to the organization in an IP Space of edge gateway {self.name!r}{has}"
            return AddressVerdict(Usable.NO, f"{why}: choose an allocated address, or allocate this one first")
        if not self.subnets:
            return self._unknown(addresses, "shows this user no subnet of its uplinks")
        return AddressVerdict(Usable.NO, f"is not an address of edge gateway {self.name!r}, {self._remedy()}")

    def _unknown(self, addresses: AddressRange, why: str) -> AddressVerdict:
        return AddressVerdict(
            Usable.UNKNOWN,
            f"it could not be checked whether edge gateway {self.name!r} may use {_text(addresses)}, because it {why}",
        )

    def _remedy(self) -> str:
        has = _listed([_text(one) for one in self.ranges], "which has ") or "which has no external address"
        return f"{has}: choose one of its addresses, or ask the provider to allocate this one to it"


def _text(addresses: AddressRange) -> str:
    return addresses.start if addresses.single else str(addresses)


def _listed(texts: Iterable[str], before: str) -> str:
    found = list(texts)
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    return f"{before}{', '.join(found[:_LISTED])}{more}" if found else ""


def is_private(text: str) -> bool:
    """Whether the Internet does not route an address."""
    return text in _private()


@cache
def _private() -> AddressSet:
    return AddressSet(PRIVATE)


def may_use(allotment: Allotment, text: str, use: AddressUse) -> AddressVerdict:
    """The same for text with an address, network or range; YES for any other text, which VCD itself refuses."""
    addresses = parse_addresses(text)
    return YES if addresses is None else allotment.may_use(addresses, use)
