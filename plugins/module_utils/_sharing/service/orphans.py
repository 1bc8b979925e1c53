# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Objects that have the names of given services, but that none of their ports claims; and which may be removed. Pure.

A name is no proof of ownership (see `readings`). An object is removed only if its name has one reading and something
besides the name shows the owner, or if the operator names the object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import (
    Ports,
    read_ports,
    takes_port,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming, PortNames
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    IP_SET,
    KINDS,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
    AppPortProfile,
    HttpPolicy,
    IpSet,
    NatRule,
    Object,
    Pool,
    VirtualService,
    kind_of,
    label_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.readings import (
    Reading,
    doubt_about,
    readings,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.client_ip import is_of_service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import (
    PortSpec,
    Service,
    ServicePort,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import Orphans

Key = tuple[str, str]


@dataclass(frozen=True)
class Evidence:
    """What shows, besides its name, whom an object belongs to.

    ``recorded``: kind and name of what a restore point holds as objects of the services. ``named``: object names that
    the operator gave. ``whole``: labels of services to be removed with everything that has their names.
    ``ports_are_complete``: each service is given with all its ports, so no other object of it is in use.
    ``all_services``: the services given are all that exist, so every other object with such a name is an orphan.
    """

    recorded: frozenset[Key] = frozenset()
    named: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    ports_are_complete: bool = True
    all_services: bool = False


def recorded_objects(restore_point: Mapping[str, Any]) -> frozenset[Key]:
    """Kind and name of the objects that services had at the time of a restore point."""
    services = restore_point.get("services")
    found = [
        str(text).partition(" ")
        for one in (services if isinstance(services, list) else ())
        if isinstance(one, Mapping) and isinstance(one.get("objects"), Mapping)
        for text in one["objects"]
    ]
    return frozenset((kind, name) for kind, _blank, name in found if kind in KINDS)


@dataclass(frozen=True)
class Orphan:
    """An object that no port claims. ``service`` is the label of the given service whose name it has, if there is one.

    ``doubt`` says what else it may belong to, ``proof`` what shows that it belongs to the service; either may be empty.
    """

    item: Object
    service: str
    readings: tuple[Reading, ...]
    doubt: str = ""
    proof: str = ""
    named: bool = False

    @property
    def key(self) -> Key:
        """Kind and name."""
        return kind_of(self.item), self.item.name

    @property
    def removable(self) -> bool:
        """Whether it may be removed."""
        return self.named or bool(self.proof and not self.doubt)

    @property
    def why(self) -> str:
        """Why it was left in place; for a removable one, the proof of its owner."""
        if self.named:
            return "named by the operator"
        return self.doubt or self.proof or f"only its name shows that it may belong to {self.service or 'this cluster'}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a playbook."""
        kind, name = self.key
        return {"kind": kind, "name": name, "why": self.why, "ambiguous": bool(self.doubt)}


def find_orphans(
    services: Sequence[Service], naming: Naming, inventory: Inventory, evidence: Evidence | None = None
) -> list[Orphan]:
    """The objects whose name is that of a port which its service does not have, by kind and name."""
    evidence = evidence or Evidence()
    claimed = {name for service in services for name in service.own_names()}
    by_name = {(service.name, service.namespace): service for service in services}
    found: list[Orphan] = []
    for item in inventory:
        ways = readings(naming, kind_of(item), item.name) if item.name not in claimed else ()
        given = [one for one in ways if _service_of(one, by_name, naming) is not None]
        if given or (ways and (evidence.all_services or item.name in evidence.named)):
            service = _service_of(given[0], by_name, naming) if given else None
            label = service.label if service else ""
            doubt = doubt_about(naming, item.name, ways)
            found.append(Orphan(item, label, ways, doubt, "", item.name in evidence.named))
    proofs = {service.label: _Structure(service, naming, inventory, found) for service in services}
    found = [_with_proof(one, evidence, proofs.get(one.service), inventory) for one in found]
    return without_used(sorted(found, key=lambda one: (KINDS.index(one.key[0]), one.key[1])), inventory)


def _service_of(one: Reading, by_name: Mapping[tuple[str, str], Service], naming: Naming) -> Service | None:
    if "{namespace}" in naming.template:
        return by_name.get((one.service, one.namespace))
    return next((service for (name, _space), service in by_name.items() if name == one.service), None)


def _with_proof(one: Orphan, evidence: Evidence, structure: _Structure | None, inventory: Inventory) -> Orphan:
    proof = ""
    if one.service in evidence.whole:
        proof = f"all of {one.service} is to be removed"
    elif evidence.ports_are_complete and one.key in evidence.recorded:
        proof = f"the restore point holds it as an object of {one.service}"
    elif evidence.ports_are_complete and structure is not None and structure.proves(one.item):
        proof = f"it serves {one.service}, as its addresses and members show"
    # of several rules with the same name, only the first would be removed
    if inventory.duplicates([one.item.name]):
        return replace(one, doubt="several NAT rules have this name", named=False)
    return replace(one, proof=proof)


@dataclass
class _Structure:
    """Whether addresses and members show that objects serve a service of machines.

    CPI's objects need no such proof: the cluster knows its Services, and its restore points name their objects.
    """

    service: Service
    naming: Naming
    inventory: Inventory
    unclaimed: Sequence[Orphan]
    _external: set[str] = field(default_factory=set)
    _inside: set[str] = field(default_factory=set)
    _members: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        names = [port.names for port in self.service.ports]
        rules = [self.inventory.get(NAT_RULE, one.nat_rule) for one in names]
        rules.append(self.inventory.get(NAT_RULE, self.service.shared_rule))
        vips = [self.inventory.get(VIRTUAL_SERVICE, one.virtual_service) for one in names]
        pools = [self.inventory.get(POOL, one.pool) for one in names]
        self._external = {rule.external for rule in rules if rule} | {self.service.external_ip} - {""}
        self._inside = {one.address for one in vips if one} | {rule.internal for rule in rules if rule} - {""}
        self._members = {*self.service.members, *(one for pool in pools if pool for one in pool.members or ())} - {""}

    def proves(self, item: Object) -> bool:
        """Whether where it leads and what uses it show that it belongs to this service."""
        if self.service.managed_by_cpi:
            return False
        if isinstance(item, VirtualService):
            return self._virtual_service(item)
        if isinstance(item, NatRule):
            return self._rule(item)
        if isinstance(item, IpSet):
            return self._ip_set(item)
        if isinstance(item, Pool):
            return self._pool(item)
        return isinstance(item, AppPortProfile) and self._profile(item)

    def _virtual_service(self, item: VirtualService) -> bool:
        if item.address in self._external | self._inside:
            return True
        leads = [rule for rule in self._siblings(item, NAT_RULE) if isinstance(rule, NatRule)]
        if any(rule.internal == item.address and rule.external in self._external for rule in leads):
            return True
        pool = self.inventory.get(POOL, item.pool)
        return pool is not None and self._shares_members(pool)

    def _rule(self, item: NatRule) -> bool:
        if item.external not in self._external:
            return False
        own = {port.names.virtual_service for port in self.service.ports}
        own |= {one.item.name for one in self.unclaimed if one.service == self.service.label}
        return all(other.name in own for other in self.inventory.on_address(item.internal))

    def _pool(self, item: Pool) -> bool:
        users = [one for one in self.inventory if isinstance(one, VirtualService) and one.pool == item.name]
        if users:
            return all(any(one.item is user for one in self.unclaimed) and self.proves(user) for user in users)
        return self._shares_members(item)

    def _ip_set(self, item: IpSet) -> bool:
        users = [one for one in self.inventory if isinstance(one, Pool) and one.member_group == item.name]
        if users:
            return all(any(one.item is user for one in self.unclaimed) and self.proves(user) for user in users)
        return is_of_service(item, None)

    def _profile(self, item: AppPortProfile) -> bool:
        users = [one for one in self.inventory if isinstance(one, NatRule) and one.profile == item.name]
        if users:
            return all(any(one.item is user for one in self.unclaimed) and self.proves(user) for user in users)
        # Profiles belong to the organization: even if no rule uses it here, one on another edge gateway may.
        return self.naming.per_gateway or any(self.proves(one) for one in self._siblings(item, VIRTUAL_SERVICE))

    def _shares_members(self, pool: Pool) -> bool:
        return bool(self._members & set(pool.members or ()))

    def _siblings(self, item: Object, kind: str) -> Iterator[Object]:
        """The unclaimed object of another kind with the name for the same port."""
        ways = readings(self.naming, kind_of(item), item.name)
        for one in self.unclaimed:
            if kind_of(one.item) == kind and one.readings == ways:
                yield one.item


def without_used(found: Sequence[Orphan], inventory: Inventory) -> list[Orphan]:
    """The orphans, no longer removable where an object that stays still uses them."""
    going = {one.key for one in found if one.removable}
    users: dict[Key, str] = {}
    for item in inventory:
        if (kind_of(item), item.name) not in going:
            if isinstance(item, VirtualService):
                users[POOL, item.pool] = f"virtual service {item.name} uses it"
            elif isinstance(item, Pool) and item.member_group:
                users[IP_SET, item.member_group] = f"pool {item.name} uses it"
            elif isinstance(item, NatRule) and item.profile:
                users[APP_PORT_PROFILE, item.profile] = f"NAT rule {item.name} uses it"
    return [
        replace(one, doubt=users[one.key], named=False)
        if one.removable and isinstance(one.item, (Pool, AppPortProfile, IpSet)) and one.key in users
        else one
        for one in found
    ]


def in_the_way(item: Object, service: Service, external_ip: str, inventory: Inventory) -> bool:
    """Whether an object takes a port of a service, on its external IP or on one of its VIPs."""
    names = [port.names for port in service.ports]
    vips = {found.address for one in names if (found := inventory.get(VIRTUAL_SERVICE, one.virtual_service))}
    ports = [(port.spec.port, port.spec.transport) for port in service.ports]
    if isinstance(item, VirtualService):
        return item.address in vips | {external_ip} and any(takes_port(item, *port) for port in ports)
    if not isinstance(item, NatRule) or item not in inventory.rules_for(external_ip):
        return False
    return any(inventory.translates(item, *port) for port in ports)


def former_ports(found: Iterable[Orphan], naming: Naming) -> Orphans:
    """What is to be removed with a service: complete ports that it had before, and single objects.

    Where only some objects of a port are to be removed, they count as single objects.
    """
    by_names: dict[PortNames, list[Orphan]] = {}
    single: list[Key] = []
    for one in found:
        possible = {naming.port(way.service, way.port, way.namespace) for way in one.readings}
        if len(possible) == 1:
            by_names.setdefault(possible.pop(), []).append(one)
        elif one.removable:
            single.append(one.key)
    ports = []
    for names, group in by_names.items():
        if all(one.removable for one in group):
            used = _port(group)
            ports.append(ServicePort(PortSpec(group[0].readings[0].port, used.first, 0, used.protocol), names))
        else:
            single += [one.key for one in group if one.removable]
    return Orphans(tuple(ports), tuple(single))


def _port(group: Iterable[Orphan]) -> Ports:
    """The port that clients used; 0 if nothing shows it. A rule does not name the protocol of its port."""
    items = [one.item for one in group if not isinstance(one.item, (Pool, IpSet, HttpPolicy))]
    texts = [item.ports for item in items if not isinstance(item, NatRule)]
    texts += [(item.port,) for item in items if isinstance(item, NatRule)]
    found = [read_ports(one[0]) for one in texts if len(one) == 1]
    return next((one for one in found if one is not None and one.first == one.last), Ports(0, 0))


def wrong_names(
    named: Iterable[str],
    found: Iterable[Orphan],
    claimed: Mapping[str, str],
    inventory: Inventory,
    *,
    may_be_gone: bool = False,
) -> list[tuple[str, str]]:
    """The names given by an operator whose objects cannot be removed, each with the reason.

    ``claimed`` has the port that claims each name. ``may_be_gone``: a name without an object is not a mistake.
    """
    present: dict[str, Object] = {item.name: item for item in inventory}
    orphans = {one.item.name: one for one in found}
    problems = []
    for name in dict.fromkeys(named):
        if name in claimed:
            problems.append((name, f"belongs to {claimed[name]}"))
        elif name not in present:
            if not may_be_gone:
                problems.append((name, "does not exist on this edge gateway"))
        elif name not in orphans:
            problems.append((name, f"is a {label_of(present[name])} whose name has another form"))
        elif not orphans[name].removable:
            problems.append((name, f"cannot be removed: {orphans[name].why}"))
    return problems
