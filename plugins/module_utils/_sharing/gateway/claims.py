# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Which external addresses and ports one object takes. Pure. For a whole gateway, see `Inventory.claimants`.

A virtual service takes its ports on its VIPs. A DNAT rule takes the traffic to its external addresses before a virtual
service sees it; a REFLEXIVE rule takes all ports; a NO_DNAT rule exempts traffic from DNAT, so it conflicts with other
DNAT rules only. SNAT and NO_SNAT rules concern outgoing traffic and take nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    AddressRange,
    canonical,
    parse_addresses,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import decimal
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    DNAT,
    NO_DNAT,
    REFLEXIVE,
    NatRule,
    VirtualService,
)

TCP, UDP = "TCP", "UDP"
LAST_PORT = 65535
_INCOMING = (DNAT, REFLEXIVE, NO_DNAT)


@dataclass(frozen=True)
class Ports:
    """Ports of one protocol, from the first to the last."""

    first: int
    last: int
    protocol: str = TCP

    def __str__(self) -> str:
        number = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        number = "any port" if (self.first, self.last) == (0, LAST_PORT) else f"port {number}"
        return number if self.protocol == TCP else f"{self.protocol} {number}"

    def has(self, number: int, protocol: str) -> bool:
        """Whether a port is among them."""
        return self.protocol == protocol and self.first <= number <= self.last

    def common(self, other: Ports) -> Ports | None:
        """The ports that are in both, or None."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Ports(first, last, self.protocol) if self.protocol == other.protocol and first <= last else None


EVERY_PORT = (Ports(0, LAST_PORT), Ports(0, LAST_PORT, UDP))


@dataclass(frozen=True)
class Claim:
    """External addresses, and ports on each of them, whose incoming traffic an object takes or is to take."""

    addresses: AddressRange
    ports: tuple[Ports, ...]

    def common(self, other: Claim) -> Claim | None:
        """What both take, or None."""
        addresses = self.addresses.intersection(other.addresses)
        if addresses is None:
            return None
        found = tuple(dict.fromkeys(both for one in self.ports for two in other.ports if (both := one.common(two))))
        return Claim(addresses, found) if found else None


@lru_cache(maxsize=4096)
def read_ports(text: str) -> Ports | None:
    """The ports in a text such as "443", "8000-8010" or "UDP 53"; None for any other text."""
    found, _blank, numbers = text.rpartition(" ")
    first, _dash, last = numbers.partition("-")
    start, end = decimal(first), decimal(last or first)
    return None if start is None or end is None else Ports(start, end, found or TCP)


# Planning asks the same about the same few objects thousands of times, so each text is parsed only once.
@lru_cache(maxsize=4096)
def _ports(texts: tuple[str, ...]) -> tuple[Ports, ...]:
    return tuple(found for found in map(read_ports, texts) if found is not None)


@lru_cache(maxsize=16384)
def _addresses(text: str) -> AddressRange | None:
    return parse_addresses(text)


def external_range(rule: NatRule) -> AddressRange | None:
    """The external addresses whose incoming traffic a rule takes; None if it takes none."""
    return _addresses(rule.external) if rule.type in _INCOMING else None


def vips(service: VirtualService) -> tuple[str, ...]:
    """The VIPs of a virtual service, IPv4 first."""
    first, second = service.address, service.ipv6_address
    if not second or second == first:
        return (first,) if first else ()
    return (first, second) if first else (second,)


def covers_port(texts: Iterable[str], number: int, protocol: str = TCP) -> bool:
    """Whether a port is among texts such as "443", "8000-8010" or "UDP 53"."""
    return any(one.has(number, protocol) for one in _ports(tuple(texts)))


def takes_port(service: VirtualService, number: int, protocol: str = TCP) -> bool:
    """Whether a virtual service listens on a port."""
    return covers_port(service.ports, number, protocol)


def meet(one: VirtualService, other: VirtualService, *, of_any_protocol: bool = False) -> bool:
    """Whether two virtual services listen on a port of the same number and protocol, or of the same number alone."""
    for mine in _ports(one.ports):
        for theirs in _ports(other.ports):
            same = replace(theirs, protocol=mine.protocol) if of_any_protocol else theirs
            if mine.common(same) is not None:
                return True
    return False


def in_words(texts: Iterable[str]) -> str:
    """Ports for a person: "port 80, 443" or "UDP port 53"."""
    found = tuple(texts)
    if all(" " not in text for text in found):
        return f"port {', '.join(found)}"
    return ", ".join(str(read_ports(text) or text) for text in found)


def ports_of_rule(rule: NatRule, profile_ports: Iterable[str] | None) -> tuple[Ports, ...]:
    """The external ports whose traffic a rule takes.

    ``profile_ports`` are those of its application port profile, None where it has no profile or the profile is not
    known. A rule without an external port takes what its profile names, or every port. An external port has the
    protocols of the profile; where they are not known, it counts for every protocol.
    """
    return _ports_of_rule(rule.type, rule.port, None if profile_ports is None else tuple(profile_ports))


@lru_cache(maxsize=4096)
def _ports_of_rule(kind: str, port: str, profile_ports: tuple[str, ...] | None) -> tuple[Ports, ...]:
    profile = None if profile_ports is None else _ports(profile_ports)
    if kind == REFLEXIVE or (not port and profile is None):
        return EVERY_PORT
    if not port:
        return profile or ()
    protocols = {one.protocol for one in profile or EVERY_PORT}
    external = read_ports(port)
    return tuple(Ports(external.first, external.last, one) for one in sorted(protocols)) if external else ()


def translates_port(rule: NatRule, profile_ports: Iterable[str] | None, number: int, protocol: str = TCP) -> bool:
    """Whether a rule takes the traffic to an external port (see `ports_of_rule`)."""
    return any(one.has(number, protocol) for one in ports_of_rule(rule, profile_ports))


def claims_of_service(service: VirtualService) -> list[Claim]:
    """What a virtual service takes: its ports, on each of its VIPs."""
    return list(_claims(vips(service), service.ports))


@lru_cache(maxsize=4096)
def _claims(addresses: tuple[str, ...], texts: tuple[str, ...]) -> tuple[Claim, ...]:
    found = [AddressRange(address, address) for address in map(canonical, addresses) if address]
    return tuple(Claim(address, _ports(texts)) for address in found)


def claims_of_rule(rule: NatRule, profile_ports: Iterable[str] | None) -> list[Claim]:
    """What a rule takes: nothing, or its ports on its external addresses."""
    known = None if profile_ports is None else tuple(profile_ports)
    return list(_claims_of_rule(rule.type, rule.external, rule.port, known))


@lru_cache(maxsize=4096)
def _claims_of_rule(kind: str, external: str, port: str, profile_ports: tuple[str, ...] | None) -> tuple[Claim, ...]:
    taken = _addresses(external) if kind in _INCOMING else None
    return () if taken is None else (Claim(taken, _ports_of_rule(kind, port, profile_ports)),)


@lru_cache(maxsize=4096)
def claim_of(address: str, port: int, protocol: str) -> Claim:
    """One port of an address."""
    return Claim(AddressRange(address, address), (Ports(port, port, protocol),))
