# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The load balancing objects of one edge gateway, as a plan sees and changes them. Pure.

Only what a plan decides by is here: whatever else an object has stays as it is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Union

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    AddressRange,
    free_in_order,
    sort_key,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import (
    APP_PORT_PROFILE,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
)


@dataclass(frozen=True)
class VirtualService:
    """``ports`` are texts: "443", or "8000-8010". ``certificate`` is the alias, or empty."""

    name: str
    pool: str
    address: str
    ports: tuple[str, ...]
    profile: str = "L4"
    certificate: str = ""


@dataclass(frozen=True)
class Pool:
    """``members`` None: they are not looked at (CPI keeps them)."""

    name: str
    port: int | None = None
    members: tuple[str, ...] | None = None
    monitors: tuple[str, ...] | None = None


@dataclass(frozen=True)
class NatRule:
    """A DNAT rule. ``port`` and ``profile`` are empty for a rule that translates a whole address."""

    name: str
    external: str
    internal: str
    port: str = ""
    profile: str = ""


@dataclass(frozen=True)
class AppPortProfile:
    """``ports`` are the destination ports (TCP)."""

    name: str
    ports: tuple[str, ...]


Object = Union[VirtualService, Pool, NatRule, AppPortProfile]  # noqa: UP007 - pylint of ansible-test, see addresses.py
KINDS: Mapping[type, str] = {
    VirtualService: VIRTUAL_SERVICE,
    Pool: POOL,
    NatRule: NAT_RULE,
    AppPortProfile: APP_PORT_PROFILE,
}


def kind_of(item: Object) -> str:
    """``virtual_service``, ``pool``, ``nat_rule`` or ``application_port_profile``."""
    return KINDS[item.__class__]


class Inventory:
    """What is on the gateway, by kind and name, and by address, so that plans for many Services stay linear."""

    def __init__(self, items: Iterable[Object] = ()) -> None:
        self._items: dict[str, dict[str, Object]] = {kind: {} for kind in KINDS.values()}
        self._on_address: dict[str, dict[str, VirtualService]] = defaultdict(dict)
        self._from_address: dict[str, dict[str, NatRule]] = defaultdict(dict)
        self._inside: Counter[str] = Counter()
        self._lowest: dict[AddressRange, str] = {}
        for item in items:
            self.put(item)

    def copy(self) -> Inventory:
        """One that can be changed without this one."""
        return Inventory(self)

    def __iter__(self) -> Iterator[Object]:
        for items in self._items.values():
            yield from items.values()

    def get(self, kind: str, name: str) -> Any:
        """The object of that kind and name, or None."""
        return self._items[kind].get(name)

    def put(self, item: Object) -> None:
        """Add it, or put it in the place of the one of its name."""
        self.drop(kind_of(item), item.name)
        self._items[kind_of(item)][item.name] = item
        if isinstance(item, VirtualService):
            self._on_address[item.address][item.name] = item
        elif isinstance(item, NatRule):
            self._from_address[item.external][item.name] = item
            self._inside[item.internal] += 1

    def drop(self, kind: str, name: str) -> None:
        """Take it away if it is there."""
        old = self._items[kind].pop(name, None)
        if isinstance(old, VirtualService):
            del self._on_address[old.address][name]
            self._freed(old.address)
        elif isinstance(old, NatRule):
            del self._from_address[old.external][name]
            self._inside[old.internal] -= 1
            self._freed(old.internal)

    def on_address(self, address: str) -> list[VirtualService]:
        """The virtual services whose VIP this is."""
        return list(self._on_address[address].values()) if address in self._on_address else []

    def from_address(self, address: str) -> list[NatRule]:
        """The DNAT rules whose external address this is."""
        return list(self._from_address[address].values()) if address in self._from_address else []

    def holders(self, address: str) -> list[Object]:
        """Everything that has the address outside: virtual services first."""
        return [*self.on_address(address), *self.from_address(address)]

    def referenced(self, address: str) -> bool:
        """Whether a virtual service or a DNAT rule holds the address, so that nobody else can take it."""
        return bool(self.holders(address))

    def uses(self, address: str) -> bool:
        """Whether it is a VIP, or a DNAT rule leads to it."""
        return self._inside[address] > 0 or bool(self.on_address(address))

    def free_in(self, addresses: AddressRange) -> Iterator[str]:
        """The addresses of a range that nothing uses, lowest first. Where the last search began to find any is kept."""
        first = True
        for address in free_in_order(addresses, self.uses, self._lowest.get(addresses)):
            if first:
                first, self._lowest[addresses] = False, address
            yield address

    def _freed(self, address: str) -> None:
        for one, low in self._lowest.items():
            if address in one and sort_key(address) < sort_key(low):
                self._lowest[one] = address

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Inventory) and self._items == other._items

    __hash__ = None  # type: ignore[assignment]
