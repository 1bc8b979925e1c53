# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The objects on one address by port, so that hundreds of rules for one address are not compared pairwise. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Union

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import Ports, read_ports
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    REFLEXIVE,
    NatRule,
    VirtualService,
)

Holder = Union[VirtualService, NatRule]  # noqa: UP007 - ansible-test's pylint knows no X | Y here
MANY = 64  # an object with more ports than that is compared with every other one


class ByPort:
    """The objects that take traffic to one address."""

    def __init__(self, items: Iterable[Holder]) -> None:
        self._places: dict[tuple[bool, str, str], int] = {}
        self._items: dict[int, Holder] = {}
        self._at: dict[int | None, set[int]] = defaultdict(set)  # under None: those that may take any port
        self._next = 0
        for item in items:
            self.add(item)

    def add(self, item: Holder) -> None:
        """Add an object, or replace the one with its kind, name and id."""
        self.drop(item)
        place = self._next = self._next + 1
        self._places[_key(item)], self._items[place] = place, item
        for number in _numbers_of(item):
            self._at[number].add(place)

    def drop(self, item: Holder) -> None:
        """Remove an object, if it is there."""
        place = self._places.pop(_key(item), 0)
        if place:
            for number in _numbers_of(self._items.pop(place)):
                self._at[number].discard(place)

    def meeting(self, ports: Iterable[Ports]) -> list[Holder]:
        """The objects that may take one of these ports: virtual services first, each kind in the order of insertion."""
        numbers = _numbers(ports)
        places: Iterable[int] = self._items
        if None not in numbers:
            places = {place for number in (*numbers, None) for place in self._at.get(number, ())}
        found = [self._items[place] for place in sorted(places)]
        return sorted(found, key=_is_rule)


def _key(item: Holder) -> tuple[bool, str, str]:
    # names of virtual services are unique, and a virtual service that was created again has another id
    return _is_rule(item), item.name, item.id if _is_rule(item) else ""


def _is_rule(item: Holder) -> bool:
    return isinstance(item, NatRule)


def _numbers_of(item: Holder) -> list[int | None]:
    """The numbers of the ports that an object may take. Only its profile shows which protocols a rule is for."""
    if isinstance(item, NatRule) and item.type == REFLEXIVE:
        return [None]
    ports = [read_ports(text) for text in (item.ports if isinstance(item, VirtualService) else (item.port,))]
    known = [one for one in ports if one is not None]
    return _numbers(known) if known and len(known) == len(ports) else [None]


def _numbers(ports: Iterable[Ports]) -> list[int | None]:
    """Each number, or None for many."""
    spans = {(one.first, one.last) for one in ports}
    if sum(last - first + 1 for first, last in spans) > MANY:
        return [None]
    return [number for first, last in sorted(spans) for number in range(first, last + 1)]
