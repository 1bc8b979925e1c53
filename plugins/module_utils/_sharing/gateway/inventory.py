# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""All load balancing objects of one edge gateway, by kind and name, and by address. Pure.

The planner works on a copy and applies its steps to it. Look-ups by address do not iterate over all objects, so the
time to plan many services grows only linearly with their number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange, free_in_order, sort_key
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.by_port import ByPort
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import (
    TCP,
    Claim,
    Ports,
    claim_of,
    claims_of_rule,
    claims_of_service,
    external_range,
    translates_port,
    vips,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    HTTP_POLICY,
    KINDS,
    NO_DNAT,
    NatRule,
    Object,
    VirtualService,
    kind_of,
)

FEW = 8  # up to this many objects on one address are compared one by one


@dataclass(frozen=True)
class Rival:
    """An object that competes with another one for traffic: ``common`` is what both take, or are to take."""

    item: Object
    common: Claim


class Inventory:
    """The objects of a gateway. ``add``, ``put`` and ``drop`` change it; all other methods only read.

    Names of NAT rules are not unique in Cloud Director. ``get`` returns the first rule with a name; the others still
    count for addresses and ports, and ``duplicates`` names them.
    """

    def __init__(self, items: Iterable[Object] = ()) -> None:
        self._items: dict[str, dict[str, Object]] = {kind: {} for kind in (*KINDS, HTTP_POLICY)}
        self._same_name: list[Object] = []
        self._vips: dict[str, dict[str, VirtualService]] = defaultdict(dict)
        self._rules: dict[str, dict[tuple[str, str], NatRule]] = defaultdict(dict)
        self._wide: dict[tuple[str, str], tuple[AddressRange, NatRule]] = {}
        self._by_port: dict[str, ByPort] = {}  # for addresses with more than FEW objects, built on first use
        self._targets: Counter[str] = Counter()
        self._lowest: dict[AddressRange, str] = {}
        for item in items:
            self.add(item)

    def copy(self) -> Inventory:
        """A copy that can be changed independently."""
        return Inventory(self)

    def __iter__(self) -> Iterator[Object]:
        for items in self._items.values():
            yield from items.values()
        yield from self._same_name

    def get(self, kind: str, name: str) -> Any:
        """The object of that kind and name, or None."""
        return self._items[kind].get(name)

    def duplicates(self, names: Iterable[str]) -> list[str]:
        """The names among these that more than one object has."""
        return sorted({item.name for item in self._same_name} & set(names))

    def add(self, item: Object) -> None:
        """Add an object, even if another one has its name. Does nothing if the inventory has this very object."""
        present = self.get(kind_of(item), item.name)
        if present is None:
            self.put(item)
        elif present is not item:
            self._same_name.append(item)
            self._index(item)

    def put(self, item: Object) -> None:
        """Add an object, or replace the one with its kind and name."""
        items = self._items[kind_of(item)]
        old = items.pop(item.name, None)  # so that the new one comes last
        if old is not None:
            self._forget(old)
        items[item.name] = item
        self._index(item)

    def drop(self, kind: str, name: str) -> None:
        """Remove an object if it is in the inventory."""
        old = self._items[kind].pop(name, None)
        if old is not None:
            self._forget(old)

    def remove(self, item: Object) -> None:
        """Remove this very object. Another one with its name stays."""
        kind, name = kind_of(item), item.name
        if self.get(kind, name) is not item:
            self._same_name = [one for one in self._same_name if one is not item]
            self._forget(item)
            return
        self.drop(kind, name)
        heir = next((one for one in self._same_name if (kind_of(one), one.name) == (kind, name)), None)
        if heir is not None:
            self._same_name = [one for one in self._same_name if one is not heir]
            self._items[kind][name] = heir

    def _forget(self, old: Object) -> None:
        if isinstance(old, VirtualService):
            for address in vips(old):
                self._vips[address].pop(old.name, None)
                self._freed(address)
                if address in self._by_port:
                    self._by_port[address].drop(old)
        elif isinstance(old, NatRule):
            self._rules[old.external].pop((old.name, old.id), None)
            self._wide.pop((old.name, old.id), None)
            self._targets[old.internal] -= 1
            self._freed(old.internal)
            if old.external in self._by_port:
                self._by_port[old.external].drop(old)

    def _index(self, item: Object) -> None:
        if isinstance(item, VirtualService):
            for address in vips(item):
                self._vips[address][item.name] = item
                if address in self._by_port:
                    self._by_port[address].add(item)
        elif isinstance(item, NatRule):
            self._rules[item.external][(item.name, item.id)] = item
            self._targets[item.internal] += 1
            taken = external_range(item)
            if taken is not None and item.external in self._by_port:
                self._by_port[item.external].add(item)
            if taken is not None and not taken.single:
                self._wide[(item.name, item.id)] = (taken, item)

    def health(self) -> dict[str, str]:
        """The health of each virtual service by name; empty where it is not known."""
        return {item.name: item.health for item in self if isinstance(item, VirtualService)}

    # queries by address

    def on_address(self, address: str) -> list[VirtualService]:
        """The virtual services that have this VIP."""
        return list(self._vips[address].values()) if address in self._vips else []

    def rules_for(self, address: str) -> list[NatRule]:
        """The rules that take incoming traffic to an address: those that name it, and those whose range covers it."""
        return self._exact_rules(address) + self._wide_rules(address)

    def _exact_rules(self, address: str) -> list[NatRule]:
        exact = self._rules[address].values() if address in self._rules else ()
        return [rule for rule in exact if external_range(rule) is not None]

    def _wide_rules(self, address: str) -> list[NatRule]:
        return [rule for taken, rule in self._wide.values() if address in taken]

    def holders(self, address: str) -> list[Object]:
        """Everything that takes traffic to an external address: virtual services first."""
        return [*self.on_address(address), *self.rules_for(address)]

    def claimants(self, address: str, port: int, *, before_rule: bool, protocol: str = TCP) -> list[Object]:
        """Who claims an address and port. Planner, preflight, verify and modules all ask this.

        ``before_rule``: for a DNAT rule. NO_DNAT rules count then: they exempt traffic from DNAT, but not from VIPs.
        Objects that are disabled count, as they may be enabled at any time.
        """
        wanted = claim_of(address, port, protocol)
        return [rival.item for rival in self._claiming(wanted, before_rule=before_rule)]

    def rivals(self, planned: VirtualService | NatRule) -> list[Rival]:
        """Who else claims the addresses and ports that an object claims, by the rules of `claimants`.

        The object itself is recognised by its id; an object that does not exist yet has none. A NO_DNAT rule conflicts
        with rules that translate, and with nothing else.
        """
        return [
            rival
            for claim in self.claims_of(planned)
            for rival in self._claiming(claim, before_rule=isinstance(planned, NatRule))
            if not (planned.id and rival.item.id == planned.id) and not _side_by_side(planned, rival.item)
        ]

    def claims_of(self, item: Object) -> list[Claim]:
        """Which incoming traffic an object takes: none unless it is a virtual service or a rule."""
        if isinstance(item, VirtualService):
            return claims_of_service(item)
        return claims_of_rule(item, self._profile_ports(item)) if isinstance(item, NatRule) else []

    def near(self, claim: Claim) -> list[Object]:
        """The objects that may take part of a claim: all on its addresses, except those known to have other ports.

        This is a preselection: the profile of a rule may still show that it takes nothing of the claim.
        """
        addresses, found = claim.addresses, list[Object]()
        if addresses.single:
            return self._near(addresses.start, claim.ports)
        for item in self:
            taken = [claim.addresses for claim in self.claims_of(item)]
            found += [item] if any(addresses.overlaps(one) for one in taken) else []
        return found

    def _near(self, address: str, ports: tuple[Ports, ...]) -> list[Object]:
        if len(self._vips.get(address, ())) + len(self._rules.get(address, ())) <= FEW:
            return self.holders(address)
        if address not in self._by_port:
            self._by_port[address] = ByPort([*self.on_address(address), *self._exact_rules(address)])
        return [*self._by_port[address].meeting(ports), *self._wide_rules(address)]

    def _claiming(self, wanted: Claim, *, before_rule: bool) -> Iterator[Rival]:
        for item in self.near(wanted):
            if isinstance(item, NatRule) and item.type == NO_DNAT and not before_rule:
                continue
            for claim in self.claims_of(item):
                common = wanted.common(claim)
                if common is not None:
                    yield Rival(item, common)

    def translates(self, rule: NatRule, port: int, protocol: str = TCP) -> bool:
        """Whether a rule takes the traffic to an external port (see `claims.translates_port`)."""
        return translates_port(rule, self._profile_ports(rule), port, protocol)

    def _profile_ports(self, rule: NatRule) -> tuple[str, ...] | None:
        profile = self.get(APP_PORT_PROFILE, rule.profile) if rule.profile else None
        return profile.ports if profile is not None else None

    def referenced(self, address: str) -> bool:
        """Whether a virtual service or a rule names exactly this address, so that Cloud Director counts it as used."""
        return bool(self.on_address(address)) or bool(self._rules.get(address))

    def uses(self, address: str) -> bool:
        """Whether an address is a VIP, or a rule leads to it."""
        return self._targets[address] > 0 or bool(self.on_address(address))

    def free_in(self, addresses: AddressRange) -> Iterator[str]:
        """The addresses of a range that nothing uses, lowest first.

        The search begins where the last one found its first address, so that the time for many services stays linear.
        """
        first = True
        for address in free_in_order(addresses, self.uses, self._lowest.get(addresses)):
            if first:
                first, self._lowest[addresses] = False, address
            yield address

    def _freed(self, address: str) -> None:
        for addresses, lowest in self._lowest.items():
            if address in addresses and sort_key(address) < sort_key(lowest):
                self._lowest[addresses] = address

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Inventory) and self._items == other._items

    __hash__ = None  # type: ignore[assignment]  # mutable, so not hashable


def _side_by_side(planned: VirtualService | NatRule, other: Object) -> bool:
    """Whether two objects never conflict although they name the same address and port."""
    if not isinstance(planned, NatRule):
        return False
    if not isinstance(other, NatRule):
        return planned.type == NO_DNAT  # it keeps traffic from rules, not from virtual services
    apart = planned.applied_to and other.applied_to and planned.applied_to != other.applied_to
    return bool(apart) or planned.type == other.type == NO_DNAT
