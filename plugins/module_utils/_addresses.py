# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""IP addresses, ranges, networks and sets of them, IPv4 and IPv6. The only file that uses netaddr. Pure.

Addresses are passed and returned as text. Only the full form is an address: ``10``, ``1.2.3``, ``0x1`` and
``010.0.0.1``, which other programs accept and read in different ways, are not addresses here.

netaddr may be missing when a module is loaded: nothing here calls it at import time, and modules and
filters check ``NETADDR_IMPORT_ERROR`` first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice

try:
    from netaddr import INET_PTON, AddrFormatError, IPAddress, IPNetwork, IPRange, IPSet
except ImportError as error:
    NETADDR_IMPORT_ERROR: ImportError | None = error
else:
    NETADDR_IMPORT_ERROR = None

_BITS = {4: 32, 6: 128}
_REVERSED = "the range is reversed: the first address must not be above the last"


class BadRange(ValueError):
    """The text is not a range; the message completes "<value>: ..."."""


@dataclass(frozen=True)
class AddressRange:
    """Addresses of one IP version from ``start`` to ``end``, both included.

    The texts must be canonical: use `of` or `parse_addresses` for texts from outside.
    """

    start: str
    end: str

    @classmethod
    def of(cls, first: object, last: object) -> AddressRange:
        """The range between two addresses given as text. Raises BadRange."""
        ends = []
        for text in (first, last):
            found = _parse(text)
            if found is None:
                raise BadRange(f"{str(text).strip()!r} is not an IP address")
            ends.append(found)
        if ends[0][0] != ends[1][0]:
            raise BadRange("one end is an IPv4 address and the other an IPv6 address")
        if ends[1] < ends[0]:
            raise BadRange(_REVERSED)
        return AddressRange(_text(*ends[0]), _text(*ends[1]))

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"

    # Comparing integers is many times faster than comparing netaddr's objects, and a plan compares a lot.
    @cached_property
    def _numbers(self) -> tuple[int, int, int]:
        """The IP version, the first and the last address."""
        first, last = _parse(self.start), _parse(self.end)
        if first is None or last is None:
            raise BadRange(f"{self} is not a range of IP addresses")
        return first[0], first[1], last[1]

    @property
    def version(self) -> int:
        """4 or 6."""
        return self._numbers[0]

    @property
    def size(self) -> int:
        """How many addresses it holds."""
        _version, first, last = self._numbers
        return last - first + 1

    @property
    def single(self) -> bool:
        """Whether it holds only one address."""
        return self.start == self.end

    def __contains__(self, address: object) -> bool:
        found = _parse(address)
        version, first, last = self._numbers
        return found is not None and found[0] == version and first <= found[1] <= last

    def overlaps(self, other: AddressRange) -> bool:
        """Whether both have an address in common."""
        return self.intersection(other) is not None

    def covers(self, other: AddressRange) -> bool:
        """Whether every address of the other one is in this one."""
        return other.start in self and other.end in self

    def intersection(self, other: AddressRange) -> AddressRange | None:
        """The addresses that are in both, or None."""
        version, first, last = self._numbers
        other_version, other_first, other_last = other._numbers
        first, last = max(first, other_first), min(last, other_last)
        if version != other_version or first > last:
            return None
        return _range(version, first, last)

    def as_option(self) -> dict[str, str]:
        """The value of the modules' option ``one_arm``."""
        return {"start_ip": self.start, "end_ip": self.end}


@dataclass(frozen=True)
class Network(AddressRange):
    """A network, shown as CIDR. ``prefix`` is its prefix length in bits."""

    prefix: int

    def __str__(self) -> str:
        return f"{self.start}/{self.prefix}"


DEFAULT_ONE_ARM = AddressRange("192.168.8.2", "192.168.8.100")


class AddressSet:
    """All addresses of several texts, each one address, a network or a range (see `parse_addresses`).

    Other texts are ignored. The size of the networks affects neither building a set nor looking up an address.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        ranges = [found for found in map(parse_addresses, texts) if found is not None]
        self._spans = _spans(ranges)

    def covers(self, addresses: AddressRange) -> bool:
        """Whether every address of a range is in the set; ranges of the set that are adjacent count as one."""
        return self._has(*addresses._numbers)

    def __contains__(self, address: object) -> bool:
        found = _parse(address)
        return found is not None and self._has(found[0], found[1], found[1])

    def _has(self, version: int, first: int, last: int) -> bool:
        position = bisect_right(self._spans, (version, first, 1 << 128)) - 1
        if position < 0:
            return False
        span_version, span_first, span_last = self._spans[position]
        return span_version == version and span_first <= first and last <= span_last


def canonical(text: object) -> str:
    """An IP address in canonical form, without surrounding blanks; empty when the text is not an address."""
    found = _parse(text)
    return _text(*found) if found else ""


def version_of(text: object) -> int:
    """4 or 6; 0 when the text is not an IP address."""
    found = _parse(text)
    return found[0] if found else 0


def is_ipv4(text: object) -> bool:
    """Whether it is an IPv4 address and nothing else: dotted quad, no leading zeros, no blanks."""
    return version_of(text) == 4 and canonical(text) == text


def sort_key(text: object) -> tuple[int, int]:
    """Orders addresses: IPv4 before IPv6, each by number; what is not an address comes first."""
    return _parse(text) or (0, 0)


@lru_cache(maxsize=16384)
def network_of(text: str) -> Network | None:
    """The network of "address/prefix length" or "address/netmask" (host bits allowed), or None.

    An address alone is a network of one address.
    """
    address, slash, length = text.strip().partition("/")
    found = _number(address)
    if found is None:
        return None
    version, number = found
    # netaddr accepts more than this after the slash, such as blanks, a sign and IPv6 netmasks
    if not slash:
        length = str(_BITS[version])
    elif not (length.isascii() and length.isdigit()) and not (version == 4 and _number(length)):
        return None
    try:
        network = IPNetwork(f"{_text(version, number)}/{length}")
    except (AddrFormatError, ValueError):
        return None
    return Network(_text(version, network.first), _text(version, network.last), network.prefixlen)


def parse_addresses(text: object) -> AddressRange | None:
    """One address, a network as CIDR (host bits allowed) or START-END, IPv4 or IPv6; None for anything else."""
    start, dash, end = str(text).partition("-")
    if dash:
        try:
            return AddressRange.of(start, end)
        except BadRange:
            return None
    network = network_of(start)
    return AddressRange(network.start, network.end) if network else None


def parse_range(value: object) -> AddressRange:
    """Read "START-END" or a mapping with start_ip and end_ip, IPv4 alone; BadRange says what is wrong."""
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
        if version_of(text) != 4:
            raise BadRange(f"{str(text).strip()!r} is not an IPv4 address")
    return AddressRange.of(*ends)


def count_free(ranges: Iterable[AddressRange], used: Iterable[str], within: AddressRange | None = None) -> int:
    """How many addresses of the ranges are unused, counted only ``within`` a network if one is given.

    An address in several ranges counts only once.
    """
    if within is not None:
        ranges = [part for part in (one.intersection(within) for one in ranges) if part is not None]
    taken = sorted({found for found in map(_parse, used) if found})
    free = 0
    for version, first, last in _spans(ranges):
        held = bisect_right(taken, (version, last)) - bisect_right(taken, (version, first - 1))
        free += last - first + 1 - held
    return free


def free_in_order(addresses: AddressRange, is_used: Callable[[str], bool], begin: str | None = None) -> Iterator[str]:
    """The addresses of a range for which ``is_used`` is false, lowest first, from ``begin`` on if that is given."""
    version, first, last = addresses._numbers
    if begin is not None:
        first = max(first, sort_key(begin)[1])
    # not range(): IPv6 numbers are too large for its length, which some users of iterators call
    while first <= last:
        address = _text(version, first)
        if not is_used(address):
            yield address
        first += 1


def lowest_free(addresses: AddressRange, used: Iterable[str], count: int) -> tuple[str, ...]:
    """The lowest addresses of a range that are not used, ``count`` of them or as many as there are.

    ``used`` are canonical texts.
    """
    return tuple(islice(free_in_order(addresses, frozenset(used).__contains__), count))


def _spans(ranges: Iterable[AddressRange]) -> list[tuple[int, int, int]]:
    """The ranges merged and in order, each with IP version, first and last address; they neither touch nor overlap."""
    whole = IPSet(IPRange(one.start, one.end) for one in ranges)
    return [(one.version, one.first, one.last) for one in whole.iter_ipranges()]


def _parse(text: object) -> tuple[int, int] | None:
    return _number(str(text).strip())


# Creating a netaddr object takes a few microseconds, and a plan for 1,000 Services asks for the same addresses often.
@lru_cache(maxsize=16384)
def _number(text: str) -> tuple[int, int] | None:
    """IP version and number of an address, or None."""
    try:
        found = IPAddress(text, 6 if ":" in text else 4, flags=INET_PTON)
        return found.version, int(found)
    except (AddrFormatError, ValueError):
        return None


@lru_cache(maxsize=16384)
def _range(version: int, first: int, last: int) -> AddressRange:
    return AddressRange(_text(version, first), _text(version, last))


@lru_cache(maxsize=16384)
def _text(version: int, number: int) -> str:
    if version == 6 and 0xFFFF < number <= 0xFFFFFFFF:
        # netaddr would write ::0.1.0.0, the deprecated form of an IPv4-compatible address
        return f"::{number >> 16:x}:{number & 0xFFFF:x}"
    return str(IPAddress(number, 4 if version == 4 else 6))
