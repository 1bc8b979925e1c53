# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The planner: the writes that lead from the observed objects of a service to the wanted ones. Pure.

Services that share an external IP are planned together, as if they were one service with the ports of all of them.

Creation, migration between any two scenarios, repair and removal use the same code, which depends only on the observed
and the wanted objects. It respects Cloud Director's rules: a pool serves one virtual service; a shared VIP cannot be
changed, so the virtual service is deleted and created again on its pool; an object in use cannot be deleted.

Between any two steps a virtual service or a DNAT rule holds the external IP, so that VCD cannot give it to another
service. Where Cloud Director refuses to have both on one address at a time, nothing can hold it during a short window:
the step that opens the window is marked (``opens_window``), and the next step closes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import meet
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    HTTP_POLICY,
    HTTP_PROFILES,
    IP_SET,
    KINDS,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
    HttpPolicy,
    NatRule,
    Object,
    VirtualService,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.conflicts import (
    check_alone,
    check_conflicts,
    check_protocols,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, KnownRules, Step, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.judge import differences, differing
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    WantedGroup,
    WantedPort,
    WantedService,
)


def plan(
    wanted: WantedService | WantedGroup,
    inventory: Inventory,
    known: KnownRules | None = None,
    *,
    going_back: bool = False,
) -> list[Step]:
    """The steps for one service, or for a group. ``inventory`` is not changed. Raises Conflict.

    ``going_back``: ``wanted`` is an earlier state, which VCD had accepted. What the run believes about conflicts must
    not forbid a rollback to it, so no Conflict is raised, and only VCD may refuse.
    """
    return _Planner(wanted, relevant_part(wanted, inventory), known or KnownRules(), going_back).run()


def relevant_part(wanted: WantedService | WantedGroup, inventory: Inventory) -> Inventory:
    """The part of the gateway that matters for a service or group: its objects, and all on its old and new addresses.

    This keeps the cost of a plan independent of the number of objects on the gateway.
    """
    part = Inventory()
    addresses = {wanted.external_ip}
    keys = [key for port in wanted.ports for key in port.names.pairs()]
    keys += [(NAT_RULE, one.service.shared_rule) for one in wanted.members]
    for kind, name in (*keys, *wanted.orphans.single):
        _take(part, addresses, inventory.get(kind, name))
    for port in wanted.ports:
        addresses |= {item.address for item in port.objects() if isinstance(item, VirtualService)}
    for item in (holder for address in sorted(addresses) for holder in inventory.holders(address)):
        part.add(item)
        if isinstance(item, NatRule) and item.profile:
            _take(part, addresses, inventory.get(APP_PORT_PROFILE, item.profile))
    return part


def _take(part: Inventory, addresses: set[str], found: Object | None) -> None:
    if found is not None:
        part.put(found)
        if isinstance(found, VirtualService):
            addresses.add(found.address)


class _Planner:
    """Plans one service or group. It applies each step to its own part of the inventory, so the next step sees it."""

    def __init__(
        self, wanted: WantedService | WantedGroup, inventory: Inventory, known: KnownRules, going_back: bool
    ) -> None:
        self.wanted = wanted
        self.inventory = inventory
        self.known = known
        self.going_back = going_back
        self.rules = [one.rule for one in wanted.members if one.rule is not None]
        self.shared_rules = [one.service.shared_rule for one in wanted.members]
        self.steps: list[Step] = []
        self.making_room: set[str] = set()

    def run(self) -> list[Step]:
        if not self.going_back:
            check_conflicts(self.wanted, self.inventory)
            if VcdRule.PROTOCOLS in self.known.refused:
                check_protocols(self.wanted, self.inventory)
        # A rule needs its profile, so profiles come first. They belong to the VDC, so these writes can run in parallel
        # with those of the gateway.
        for port in self.wanted.ports:
            self._ensure(port.profile)
        if self.wanted.behind_nat:
            self._behind_nat()
        else:
            self._without_nat()
        self._remove_rest()
        return self.steps

    # the change of shape

    def _behind_nat(self) -> None:
        """Change to DNAT rules. Virtual services on the external IP move to internal IPs."""
        outside = [port for port in self.wanted.ports if self._on_external(port)]
        # Unless VCD is known to refuse a VIP and a rule on one address, each port is changed on its own, and the first
        # rule is the probe. Once a refusal is known, all virtual services have to leave before the first rule is
        # created.
        if self._missing_rules() and VcdRule.OVERLAP in self.known.refused:
            self._check_alone(self.inventory.on_address(self.wanted.external_ip))
            if outside:
                self._free_of_virtual_services(outside)
        for rule in self.rules:
            self._ensure_rule(rule)
        for port in self.wanted.ports:
            present = self._virtual_service(port)
            # A port that leaves the external IP gets its rule first: if Cloud Director refuses the rule because of the
            # VIP, nothing is lost yet. A port that is already internal gets its virtual service first: its rule would
            # only lead clients to one that is about to change. The same holds for a port that replaces one behind a
            # rule.
            if present is None:
                rule_first = not self._replaces(port)
            else:
                rule_first = present.address == self.wanted.external_ip or not self._has_rule(port)
            if rule_first:
                self._ensure_rule(port.nat_rule)
            self._serve(port)
            self._ensure_rule(port.nat_rule)

    def _free_of_virtual_services(self, outside: Sequence[WantedPort]) -> None:
        """All virtual services leave the external IP before its first rule is created.

        The first port stays up the longest. When only its virtual service is left, its VIP is no longer shared and can
        be changed in place.
        """
        first = next((port for port in outside if port.virtual_service is not None), outside[0])
        for port in outside:
            if port is not first:
                self._delete(VIRTUAL_SERVICE, port.names.virtual_service)
        if first.virtual_service is None or self._must_recreate(first.virtual_service):
            self._delete(VIRTUAL_SERVICE, first.names.virtual_service)
        else:
            self._serve(first, with_policy=False)  # the window has no room for further writes
        self._ensure_rule(self.rules[0] if self.rules else first.nat_rule or self._first_rule())

    def _without_nat(self) -> None:
        """Change to virtual services on the external IP, and delete DNAT rules. Also used to remove a service."""
        comes = any(port.virtual_service is not None and not self._on_external(port) for port in self.wanted.ports)
        if comes and VcdRule.OVERLAP in self.known.refused:
            self._check_alone(self.inventory.rules_for(self.wanted.external_ip))
            if self._own_rules():
                self._free_of_rules()
        for port in self.wanted.ports:
            self._serve(port)
            if port.virtual_service is not None:
                self._delete(NAT_RULE, port.names.nat_rule)  # its profile goes last: no client depends on it

    def _free_of_rules(self) -> None:
        """All rules go before the first virtual service takes the external IP.

        One port stays up until only its rule is left. By then its virtual service no longer shares its VIP and can be
        changed in place, so the external IP has no holder during that one task only.
        """
        ports = self.wanted.ports
        # Best is a port that stays and already has a virtual service: it serves until its own rule goes.
        staying = [port for port in ports if port.virtual_service is not None] or ports
        last_port = next((port for port in staying if self._virtual_service(port) is not None), staying[0])
        last_service = self._virtual_service(last_port)
        if not self._loses_group(last_port):
            self._ensure_pool(last_port)
        # The others on its VIP go first, because a shared VIP cannot be changed.
        for port in ports:
            found = self._virtual_service(port)
            if port is not last_port and found and last_service and found.address == last_service.address:
                self._delete(VIRTUAL_SERVICE, port.names.virtual_service)
        for port in ports:
            if port is not last_port:
                self._delete(NAT_RULE, port.names.nat_rule)
        # If it has to be deleted, that happens before the last rule goes, so that the window stays one task long.
        if last_port.virtual_service is not None and self._must_recreate(last_port.virtual_service):
            self._delete(VIRTUAL_SERVICE, last_port.names.virtual_service)
        self._delete(NAT_RULE, last_port.names.nat_rule)
        for name in self.shared_rules:
            self._delete(NAT_RULE, name)
        self._serve(last_port)

    # one port

    def _serve(self, port: WantedPort, *, with_policy: bool = True) -> None:
        """Create or change the pool, the virtual service and its HTTP policies of a port as wanted."""
        wanted = port.virtual_service
        if wanted is None:
            return
        # a virtual service is in transparent mode only while its pool has a group
        last = self._loses_group(port)
        if not last:
            self._ensure_pool(port)
        policy: HttpPolicy | None = self.inventory.get(HTTP_POLICY, wanted.name)
        if policy is not None and wanted.profile not in HTTP_PROFILES:
            # On the way back, policies go before the change to a profile that allows none.
            self._ensure_policy(port.http_policy or policy.emptied())
        self._ensure_virtual_service(port, wanted)
        if last:
            self._ensure_pool(port)
        if with_policy and wanted.profile in HTTP_PROFILES:
            self._ensure_policy(port.http_policy)

    def _ensure_policy(self, wanted: HttpPolicy | None) -> None:
        """Write each list that differs, right after its virtual service exists."""
        if wanted is None:
            return
        present: HttpPolicy | None = self.inventory.get(HTTP_POLICY, wanted.name)
        now = present or wanted.emptied()
        for kind, rules in differing(wanted, now):
            then = replace(now.with_rules(kind, rules), body=wanted.body)
            self._emit(Act.CREATE if present is None else Act.UPDATE, present, then)
            present = now = then

    def _loses_group(self, port: WantedPort) -> bool:
        pool = self.inventory.get(POOL, port.names.pool)
        return pool is not None and port.pool is not None and bool(pool.member_group and not port.pool.member_group)

    def _ensure_pool(self, port: WantedPort) -> None:
        self._ensure(port.ip_set)
        self._ensure(port.pool)

    def _ensure_virtual_service(self, port: WantedPort, wanted: VirtualService) -> None:
        present = self._virtual_service(port)
        if present is None or self._differs(wanted, present):
            self._make_room(wanted)
        if present is None or self._virtual_service(port) is None:  # where ports swap, `_make_room` has deleted it
            self._create_virtual_service(wanted)
        elif self._differs(wanted, present):
            if self._must_recreate(wanted):
                self._delete(VIRTUAL_SERVICE, wanted.name)
                self._create_virtual_service(wanted)
            else:
                self._emit(Act.UPDATE, present, wanted, self._probes_update(wanted, present))

    def _make_room(self, wanted: VirtualService) -> None:
        """Move another port of these services off the address and port that are wanted here.

        It moves to its own wanted address. Where that is not possible yet, it is deleted now and created again later.
        """
        # Ports may wait for each other in a circle (two swap their addresses): the set ends the recursion.
        self.making_room.add(wanted.name)
        for port in self.wanted.ports:
            other = self._virtual_service(port)
            if other is None or other.name == wanted.name or other.address != wanted.address:
                continue
            if meet(wanted, other, of_any_protocol=VcdRule.PROTOCOLS in self.known.refused):
                if port.virtual_service is not None and other.name not in self.making_room:
                    self._serve(port)
                else:
                    self._delete(VIRTUAL_SERVICE, other.name)
        self.making_room.discard(wanted.name)

    def _create_virtual_service(self, wanted: VirtualService) -> None:
        self._emit(Act.CREATE, None, wanted, self._probes_address(wanted))

    def _must_recreate(self, wanted: VirtualService) -> bool:
        """Whether it is known that it cannot be changed in place. Where that is unknown, an update probes it."""
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
            found = self._probe(VcdRule.SHARED_PUT) if shared else frozenset()
            return found if wanted.ports == present.ports else found | self._probes_protocols(wanted)
        found = self._probes_address(wanted)
        return found | self._probe(VcdRule.JOIN) if self._others_on(wanted.address, wanted.name) else found

    def _probes_address(self, wanted: VirtualService) -> frozenset[VcdRule]:
        found = self._probe(VcdRule.OVERLAP) if self.inventory.rules_for(wanted.address) else frozenset()
        return found | self._probes_protocols(wanted)

    def _probes_protocols(self, wanted: VirtualService) -> frozenset[VcdRule]:
        others = self._others_on(wanted.address, wanted.name)
        beside = any(meet(wanted, other, of_any_protocol=True) for other in others)
        return self._probe(VcdRule.PROTOCOLS) if beside else frozenset()

    def _ensure_rule(self, rule: NatRule | None) -> None:
        if rule is None:
            return
        present = self.inventory.get(NAT_RULE, rule.name)
        comes = present is None or present.external != rule.external
        probes = self._probe(VcdRule.OVERLAP) if comes and self.inventory.on_address(rule.external) else frozenset()
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

    # removal

    def _remove_rest(self) -> None:
        """Remove what is no longer wanted, in the order that Cloud Director accepts (see `objects.KINDS`)."""
        for port in self.wanted.orphaned:
            # Its rule goes before its virtual service: where a new port has replaced it, the rule must not lead clients
            # to nothing. The pool goes last: after an interruption its members show which service it belongs to.
            unwanted = _unwanted(port)
            for kind in (NAT_RULE, APP_PORT_PROFILE, VIRTUAL_SERVICE, POOL, IP_SET):
                if kind in unwanted:
                    self._delete(kind, unwanted[kind])
        names = [_unwanted(port) for port in self.wanted.ports]
        for kind in KINDS:
            for unwanted in names:
                if kind in unwanted:
                    self._delete(kind, unwanted[kind])
            for one in self.wanted.members if kind == NAT_RULE else ():
                if one.rule is None:
                    self._delete(NAT_RULE, one.service.shared_rule)
            for orphan_kind, name in self.wanted.orphans.single:
                if orphan_kind == kind:
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
        if probes:  # plan the next steps as if VCD accepted this one; after a refusal the rest is planned again
            self.known = self.known.allow(probes)
        window = bool(self.wanted.external_ip) and held and not self.inventory.referenced(self.wanted.external_ip)
        self.steps.append(replace(step, opens_window=True) if window and self.wanted.stays else step)

    # queries

    def _check_alone(self, holders: Sequence[VirtualService | NatRule]) -> None:
        if not self.going_back:
            check_alone(self.wanted, holders)

    def _differs(self, wanted: Object, present: Object) -> bool:
        return bool(differences(wanted, present, self.wanted.managed_by_cpi))

    def _missing_rules(self) -> bool:
        rules = [port.nat_rule for port in self.wanted.ports] + self.rules
        return any(
            rule is not None and not self._same_external(self.inventory.get(NAT_RULE, rule.name)) for rule in rules
        )

    def _same_external(self, rule: NatRule | None) -> bool:
        return rule is not None and rule.external == self.wanted.external_ip

    def _own_rules(self) -> list[NatRule]:
        names = [*(port.names.nat_rule for port in self.wanted.ports), *self.shared_rules]
        found = [self.inventory.get(NAT_RULE, name) for name in names]
        return [rule for rule in found if self._same_external(rule)]

    def _virtual_service(self, port: WantedPort) -> VirtualService | None:
        found: VirtualService | None = self.inventory.get(VIRTUAL_SERVICE, port.names.virtual_service)
        return found

    def _has_rule(self, port: WantedPort) -> bool:
        return self.inventory.get(NAT_RULE, port.names.nat_rule) is not None or bool(self.rules)

    def _first_rule(self) -> NatRule | None:
        return next((port.nat_rule for port in self.wanted.ports if port.nat_rule is not None), None)

    def _replaces(self, port: WantedPort) -> bool:
        """Whether an orphaned port with a DNAT rule has the same number: the port was renamed."""
        return any(
            one.number == port.number and self._same_external(self.inventory.get(NAT_RULE, one.names.nat_rule))
            for one in self.wanted.orphaned
        )

    def _on_external(self, port: WantedPort) -> bool:
        found = self._virtual_service(port)
        return found is not None and found.address == self.wanted.external_ip

    def _others_on(self, address: str, name: str) -> list[VirtualService]:
        return [other for other in self.inventory.on_address(address) if other.name != name]

    def _probe(self, rule: VcdRule) -> frozenset[VcdRule]:
        """The rule that a refusal of the step would reveal; empty if VCD is known not to have it."""
        return frozenset() if rule in self.known.allowed else frozenset({rule})


def _unwanted(port: WantedPort) -> dict[str, str]:
    """The names of the objects that a port should not have, by kind."""
    wanted = {kind_of(item) for item in port.objects()}
    return {kind: name for kind, name in port.names.pairs() if kind not in wanted}
