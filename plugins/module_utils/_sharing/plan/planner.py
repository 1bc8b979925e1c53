# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""From what is on the gateway to what is wanted, one write at a time. Pure.

One path for creation, a move between any two scenarios, repair and removal: it looks only at what is there and at what
is to be there. It keeps to Cloud Director's rules: a pool serves one virtual service; a VIP that is shared cannot be
changed, so that the virtual service is deleted and created again on its pool; an object that is used cannot be
deleted. Between the steps the external IP is held by a virtual service or by a DNAT rule. Where Cloud Director refuses
both on one address at a time, there is one moment when it cannot be: that step is marked, and the next one ends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import (
    Inventory,
    NatRule,
    Object,
    Pool,
    VirtualService,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import (
    APP_PORT_PROFILE,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import (
    LABELS,
    Act,
    KnownRules,
    Step,
    VcdRule,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    PortNames,
    WantedPort,
    WantedService,
)

REMOVAL = (VIRTUAL_SERVICE, POOL, NAT_RULE, APP_PORT_PROFILE)  # a user of an object goes before it


class Conflict(CollectionError):
    """Something that is not this Service's is in the way; nothing was written."""


def plan(wanted: WantedService, inventory: Inventory, known: KnownRules | None = None) -> list[Step]:
    """The steps for one Service. ``inventory`` is left as it is. Raises Conflict."""
    return _Planner(wanted, relevant_part(wanted, inventory), known or KnownRules()).run()


def relevant_part(wanted: WantedService, inventory: Inventory) -> Inventory:
    """The part of the gateway that matters for one Service: its objects, and all on the addresses that it has or gets.

    However many objects there are, a plan for one Service costs the same.
    """
    part = Inventory()
    addresses = {wanted.external_ip}
    for port, names in zip(wanted.ports, wanted.names, strict=True):
        addresses |= {item.address for item in port.objects() if isinstance(item, VirtualService)}
        for kind, name in zip(REMOVAL, names, strict=True):
            _take(part, addresses, inventory.get(kind, name))
    for kind, name in ((NAT_RULE, wanted.shared_rule), *wanted.orphans):
        _take(part, addresses, inventory.get(kind, name))
    for address in addresses:
        for item in inventory.holders(address):
            part.put(item)
    return part


def _take(part: Inventory, addresses: set[str], found: Object | None) -> None:
    if found is not None:
        part.put(found)
        if isinstance(found, VirtualService):
            addresses.add(found.address)


class _Planner:
    def __init__(self, wanted: WantedService, inventory: Inventory, known: KnownRules) -> None:
        self.wanted = wanted
        self.inventory = inventory
        self.known = known
        self.steps: list[Step] = []
        self.making_room: set[str] = set()
        self.pairs = list(zip(wanted.ports, wanted.names, strict=True))

    def run(self) -> list[Step]:
        self._remove_in_the_way()
        self._check_conflicts()
        for port, _names in self.pairs:
            self._ensure(port.profile)
        if self.wanted.behind_nat:
            self._behind_nat()
        else:
            self._in_front()
        self._remove_rest()
        return self.steps

    # the switch

    def _behind_nat(self) -> None:
        """To DNAT rules. Virtual services on the external IP leave it."""
        outside = [pair for pair in self.pairs if self._on_external(pair[1])]
        if self._missing_rules() and VcdRule.OVERLAP in self.known.refused:
            self._check_alone(self.inventory.on_address(self.wanted.external_ip))
            if outside:
                self._leave_first(outside)
        self._ensure_rule(self.wanted.rule)
        for port, names in self.pairs:
            present = self._virtual_service(names)
            # the rule of a port whose virtual service leaves the external IP comes first, to be refused without harm
            if present is None or present.address == self.wanted.external_ip or not self._rule(names):
                self._ensure_rule(port.nat_rule)
            self._serve(port, names)
            self._ensure_rule(port.nat_rule)

    def _leave_first(self, outside: list[tuple[WantedPort, PortNames]]) -> None:
        """All virtual services leave the external IP before the first rule is made for it.

        The first port stays up until only its virtual service is left, which can then be changed in place.
        """
        for _port, names in outside[1:]:
            self._delete(VIRTUAL_SERVICE, names.virtual_service)
        port, names = outside[0]
        if port.virtual_service is None or self._must_recreate(port.virtual_service):
            self._delete(VIRTUAL_SERVICE, names.virtual_service)
        else:
            self._serve(port, names)
        self._ensure_rule(self.wanted.rule or port.nat_rule)

    def _in_front(self) -> None:
        """To virtual services on the external IP; DNAT rules go. Also the way to nothing at all."""
        rules = self._own_rules()
        comes = any(port.virtual_service is not None and not self._on_external(names) for port, names in self.pairs)
        if comes and VcdRule.OVERLAP in self.known.refused:
            self._check_alone(self.inventory.from_address(self.wanted.external_ip))
            if rules:
                self._clear_first()
        for port, names in self.pairs:
            self._serve(port, names)
            if port.virtual_service is not None:
                self._delete(NAT_RULE, names.nat_rule)  # its profile goes last: nobody waits for that

    def _clear_first(self) -> None:
        """All rules go before the first virtual service takes the external IP.

        One port stays up until only its rule is left. Its virtual service shares its VIP with nobody by then, so that
        it takes the external IP in place, in the one task during which nothing holds it.
        """
        candidates = [pair for pair in self.pairs if self._virtual_service(pair[1]) is not None]
        keeper = (candidates or self.pairs)[0]
        kept = self._virtual_service(keeper[1])
        for _port, names in self.pairs:
            found = self._virtual_service(names)
            if names is not keeper[1] and found is not None and kept is not None and found.address == kept.address:
                self._delete(VIRTUAL_SERVICE, names.virtual_service)
        for _port, names in self.pairs:
            if names is not keeper[1]:
                self._delete(NAT_RULE, names.nat_rule)
        if keeper[0].virtual_service is not None and self._must_recreate(keeper[0].virtual_service):
            self._delete(VIRTUAL_SERVICE, keeper[1].virtual_service)  # not in the moment when nothing holds the IP
        self._delete(NAT_RULE, keeper[1].nat_rule)
        self._delete(NAT_RULE, self.wanted.shared_rule)
        self._serve(*keeper)

    # one port

    def _serve(self, port: WantedPort, names: PortNames) -> None:
        """Bring the pool and the virtual service of a port to what is wanted."""
        wanted = port.virtual_service
        if wanted is None:
            return
        self._ensure(port.pool)
        present = self._virtual_service(names)
        if present is None or self._differs(wanted, present):
            self._make_room(wanted)
        if present is None:
            self._create_virtual_service(wanted)
        elif self._virtual_service(names) is None:  # it made room itself: two ports change places
            self._create_virtual_service(self._kept(wanted, present))
        elif self._differs(wanted, present):
            if self._must_recreate(wanted):
                self._delete(VIRTUAL_SERVICE, wanted.name)
                self._create_virtual_service(self._kept(wanted, present))
            else:
                self._emit(Act.UPDATE, present, self._kept(wanted, present), self._probes_update(wanted, present))

    def _make_room(self, wanted: VirtualService) -> None:
        """Another port of the Service that was given this one's place by mistake goes to its own, or for a while."""
        self.making_room.add(wanted.name)
        for port, names in self.pairs:
            other = self._virtual_service(names)
            if other is None or other.name == wanted.name or other.address != wanted.address:
                continue
            if set(other.ports) & set(wanted.ports):
                if port.virtual_service is not None and other.name not in self.making_room:
                    self._serve(port, names)
                else:
                    self._delete(VIRTUAL_SERVICE, other.name)
        self.making_room.discard(wanted.name)

    def _create_virtual_service(self, wanted: VirtualService) -> None:
        self._emit(Act.CREATE, None, wanted, self._probes_address(wanted))

    def _must_recreate(self, wanted: VirtualService) -> bool:
        """Whether it cannot be changed in place as far as is known."""
        present = self.inventory.get(VIRTUAL_SERVICE, wanted.name)
        if present is None:
            return False
        shared = self._others_on(present.address, wanted.name)
        if present.address == wanted.address:
            return bool(shared) and VcdRule.SHARED_PUT in self.known.refused
        if shared:
            return True
        return bool(self._others_on(wanted.address, wanted.name)) and VcdRule.JOIN in self.known.refused

    def _probes_update(self, wanted: VirtualService, present: VirtualService) -> frozenset[VcdRule]:
        if present.address == wanted.address:
            shared = self._others_on(present.address, wanted.name)
            return self._probe(VcdRule.SHARED_PUT) if shared else frozenset()
        found = self._probes_address(wanted)
        return found | self._probe(VcdRule.JOIN) if self._others_on(wanted.address, wanted.name) else found

    def _probes_address(self, wanted: VirtualService) -> frozenset[VcdRule]:
        return self._probe(VcdRule.OVERLAP) if self.inventory.from_address(wanted.address) else frozenset()

    def _ensure_rule(self, rule: NatRule | None) -> None:
        if rule is None:
            return
        new = self.inventory.get(NAT_RULE, rule.name)
        taken = new is None or new.external != rule.external
        probes = self._probe(VcdRule.OVERLAP) if taken and self.inventory.on_address(rule.external) else frozenset()
        self._ensure(rule, probes)

    def _ensure(self, wanted: Object | None, probes: frozenset[VcdRule] = frozenset()) -> None:
        """Create or change an object."""
        if wanted is None:
            return
        present = self.inventory.get(kind_of(wanted), wanted.name)
        if present is None:
            self._emit(Act.CREATE, None, wanted, probes)
        elif self._differs(wanted, present):
            self._emit(Act.UPDATE, present, wanted, probes)

    # what goes

    def _remove_in_the_way(self) -> None:
        """Leftovers that are to go and hold a port which is wanted: before it is."""
        taken = {(port.virtual_service.address, port.number) for port, _names in self.pairs if port.virtual_service}
        for kind, name in self.wanted.orphans:
            found = self.inventory.get(kind, name)
            held = isinstance(found, VirtualService) and any((found.address, one) in taken for one in found.ports)
            if held or (
                isinstance(found, NatRule) and found.external == self.wanted.external_ip and self._holds(found)
            ):
                self._delete(kind, name)

    def _holds(self, rule: NatRule) -> bool:
        """Whether it is not the last thing that holds the external IP."""
        return len(self.inventory.on_address(rule.external)) + len(self.inventory.from_address(rule.external)) > 1

    def _remove_rest(self) -> None:
        """What is not wanted any more. Of a Service that goes as a whole, what holds the external IP goes last."""
        for kind in REMOVAL:
            for port, names in self.pairs:
                present = dict(zip((VIRTUAL_SERVICE, POOL, NAT_RULE, APP_PORT_PROFILE), names, strict=True))[kind]
                if kind not in {kind_of(item) for item in port.objects()}:
                    self._delete(kind, present)
            if kind == NAT_RULE and self.wanted.rule is None:
                self._delete(NAT_RULE, self.wanted.shared_rule)
            for _kind, name in self.wanted.orphans:
                if _kind == kind:
                    self._delete(kind, name)

    def _delete(self, kind: str, name: str) -> None:
        present = self.inventory.get(kind, name)
        if present is not None:
            self._emit(Act.DELETE, present, None)

    def _emit(
        self, act: Act, before: Object | None, after: Object | None, probes: frozenset[VcdRule] = frozenset()
    ) -> None:
        held = self.inventory.referenced(self.wanted.external_ip)
        step = Step(act, before, after, probes)
        step.apply(self.inventory)
        if probes:  # the next step is planned for the case that it went through
            self.known = self.known.allow(probes)
        window = bool(self.wanted.external_ip) and held and not self.inventory.referenced(self.wanted.external_ip)
        self.steps.append(Step(act, before, after, probes, window and self._goes_on()))

    def _goes_on(self) -> bool:
        """Whether the Service is to be there afterwards, so that its external IP matters."""
        return any(port.virtual_service for port, _names in self.pairs)

    # questions

    def _check_conflicts(self) -> None:
        for port, _names in self.pairs:
            wanted = port.virtual_service
            if wanted is None:
                continue
            for other in self.inventory.on_address(wanted.address):
                if other.name not in self.wanted.own_names() and port.number in other.ports:
                    raise Conflict(
                        f"{self.wanted.label}: port {port.number} of {wanted.address} is held by virtual service "
                        f"{other.name!r}: remove it (prune, if it is a orphan of this cluster), or choose another IP"
                    )
        for rule in self.inventory.from_address(self.wanted.external_ip):
            wanted_ports = {port.number for port, _names in self.pairs if port.virtual_service}
            if rule.name not in self.wanted.own_names() and (not rule.port or rule.port in wanted_ports):
                port_text = f"port {rule.port}" if rule.port else "every port"
                raise Conflict(
                    f"{self.wanted.label}: {port_text} of {rule.external} is held by DNAT rule {rule.name!r}: remove "
                    "it (prune, if it is a orphan of this cluster), or choose another IP"
                )

    def _check_alone(self, holders: Sequence[VirtualService | NatRule]) -> None:
        """Where one address cannot have both, nobody else may hold the external IP."""
        others = [one for one in holders if one.name not in self.wanted.own_names()]
        if others:
            raise Conflict(
                f"{self.wanted.label}: {self.wanted.external_ip} is also held by {LABELS[kind_of(others[0])]} "
                f"{others[0].name!r}, and Cloud Director refuses virtual services and DNAT rules on one address: "
                "give one of the two another IP, or remove it"
            )

    def _differs(self, wanted: Object, present: Object) -> bool:
        if self.wanted.managed_by_cpi:
            if isinstance(wanted, Pool):
                return False
            if isinstance(wanted, VirtualService) and isinstance(present, VirtualService):
                return (wanted.pool, wanted.address, wanted.ports) != (present.pool, present.address, present.ports)
        if isinstance(wanted, Pool) and isinstance(present, Pool):
            return any(
                mine is not None and mine != theirs
                for mine, theirs in (
                    (wanted.port, present.port),
                    (wanted.members, present.members),
                    (wanted.monitors, present.monitors),
                )
            )
        return wanted != present

    def _kept(self, wanted: VirtualService, present: VirtualService) -> VirtualService:
        """What it becomes: CPI's own keep their application profile and certificate."""
        if not self.wanted.managed_by_cpi:
            return wanted
        return VirtualService(
            wanted.name, wanted.pool, wanted.address, wanted.ports, present.profile, present.certificate
        )

    def _missing_rules(self) -> bool:
        rules = [port.nat_rule for port, _names in self.pairs] + [self.wanted.rule]
        return any(
            rule is not None and not self._same_external(self.inventory.get(NAT_RULE, rule.name)) for rule in rules
        )

    def _same_external(self, rule: NatRule | None) -> bool:
        return rule is not None and rule.external == self.wanted.external_ip

    def _own_rules(self) -> list[NatRule]:
        names: Iterable[str] = [*(names.nat_rule for _port, names in self.pairs), self.wanted.shared_rule]
        found = [self.inventory.get(NAT_RULE, name) for name in names]
        return [rule for rule in found if rule is not None and rule.external == self.wanted.external_ip]

    def _virtual_service(self, names: PortNames) -> VirtualService | None:
        found: VirtualService | None = self.inventory.get(VIRTUAL_SERVICE, names.virtual_service)
        return found

    def _rule(self, names: PortNames) -> bool:
        return self.inventory.get(NAT_RULE, names.nat_rule) is not None or self.wanted.rule is not None

    def _on_external(self, names: PortNames) -> bool:
        found = self._virtual_service(names)
        return found is not None and found.address == self.wanted.external_ip

    def _others_on(self, address: str, name: str) -> list[VirtualService]:
        return [other for other in self.inventory.on_address(address) if other.name != name]

    def _probe(self, one: VcdRule) -> frozenset[VcdRule]:
        return frozenset() if one in self.known.allowed else frozenset({one})
