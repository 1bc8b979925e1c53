# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An edge gateway in memory that refuses what Cloud Director refuses: thousands of plans can be tried on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    HTTP_POLICY,
    HTTP_PROFILES,
    IP_SET,
    POOL,
    VIRTUAL_SERVICE,
    HttpPolicy,
    NatRule,
    Object,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.refusals import revealed_rules
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, KnownRules, Step, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    WantedGroup,
    WantedService,
    current_state,
)


class WriteRefused(Exception):
    """The gateway refuses a write."""


@dataclass
class StrictGateway:
    """``refuses`` is the set of undocumented refusals that this Cloud Director shows.

    ``otherwise(step)`` is the text of a refusal for any other reason, or empty.
    """

    inventory: Inventory
    refuses: frozenset[VcdRule] = frozenset()
    otherwise: Callable[[Step], str] = lambda step: ""
    log: list[Step] = field(default_factory=list)
    unheld: list[str] = field(default_factory=list)
    known: KnownRules = field(default_factory=KnownRules)
    stopped_after: int = 0

    def write(self, step: Step) -> None:
        """Carry out a step, or raise WriteRefused and change nothing."""
        present = self.inventory.get(step.kind, step.name)
        if reason := self.otherwise(step):
            raise WriteRefused(reason)
        if (present is None) != (step.act is Act.CREATE):
            raise WriteRefused(f"{step.text}: it is {'not ' if present is None else ''}there")
        if step.after is None:
            self._check_unused(step)
        elif isinstance(step.after, Pool):
            self._check_pool(step.after)
        elif isinstance(step.after, VirtualService):
            self._check_virtual_service(step.after, present)
        elif isinstance(step.after, NatRule):
            self._check_rule(step.after, present)
        elif isinstance(step.after, HttpPolicy):
            self._check_policy(step.after)
        step.apply(self.inventory)
        if step.after is None:  # whatever the plan believes
            self.inventory.drop(HTTP_POLICY, step.name)
        self.log.append(step)

    def _virtual_services(self) -> list[VirtualService]:
        return [item for item in self.inventory if isinstance(item, VirtualService)]

    def _rules(self) -> list[NatRule]:
        return [item for item in self.inventory if isinstance(item, NatRule)]

    def _check_unused(self, step: Step) -> None:
        if step.kind == POOL and any(item.pool == step.name for item in self._virtual_services()):
            raise WriteRefused(f"{step.text}: a virtual service uses it")
        pools = [item for item in self.inventory if isinstance(item, Pool)]
        if step.kind == IP_SET and any(item.member_group == step.name for item in pools):
            raise WriteRefused(f"{step.text}: a pool uses it")
        if step.kind == APP_PORT_PROFILE and any(item.profile == step.name for item in self._rules()):
            raise WriteRefused(f"{step.text}: a rule uses it")

    def _check_pool(self, new: Pool) -> None:
        if new.member_group and new.members:
            raise WriteRefused(f"{new.name}: it has members and a group")
        if new.member_group.startswith("ipset-") and self.inventory.get(IP_SET, new.member_group) is None:
            raise WriteRefused(f"{new.name}: no group {new.member_group}")
        users = [item for item in self._virtual_services() if item.pool == new.name and item.transparent]
        if users and not new.member_group:
            raise WriteRefused(f"{new.name}: {users[0].name} is in transparent mode")

    def _check_virtual_service(self, new: VirtualService, old: VirtualService | None) -> None:
        others = [item for item in self._virtual_services() if item.name != new.name]
        if self.inventory.get(POOL, new.pool) is None:
            raise WriteRefused(f"{new.name}: no pool {new.pool}")
        if new.transparent and not self.inventory.get(POOL, new.pool).member_group:
            raise WriteRefused(f"{new.name}: transparent mode needs a pool with a group")
        if any(item.pool == new.pool for item in others):
            raise WriteRefused(f"{new.name}: pool {new.pool} serves another")
        for item in others:
            if item.address == new.address and set(item.ports) & set(new.ports):
                raise WriteRefused(f"{new.name}: {new.address} {new.ports} is taken by {item.name}")
            if VcdRule.PROTOCOLS in self.refuses and item.address == new.address and _numbers(item) & _numbers(new):
                raise WriteRefused(f"servicePorts: port {new.ports[0]} of {new.address} is in use by {item.name}.")
        if old is not None:
            shared = any(item.address == old.address for item in others)
            if shared and VcdRule.SHARED_PUT in self.refuses:
                raise WriteRefused("A virtual service that shares its virtual IP address cannot be updated.")
            if shared and old.address != new.address:
                raise WriteRefused(f"{new.name}: the VIP is shared")
            joins = old.address != new.address and any(item.address == new.address for item in others)
            if joins and VcdRule.JOIN in self.refuses:
                raise WriteRefused("virtualIpAddress: it cannot be changed to that of another virtual service.")
        moved = old is None or old.address != new.address
        rules = self.inventory.rules_for(new.address) if moved and VcdRule.OVERLAP in self.refuses else []
        if rules:
            raise WriteRefused(f"virtualIpAddress: it is the external address of the DNAT rule {rules[0].name}.")

    def _check_policy(self, new: HttpPolicy) -> None:
        owner: VirtualService | None = self.inventory.get(VIRTUAL_SERVICE, new.name)
        if owner is None or owner.profile not in HTTP_PROFILES:
            raise WriteRefused(f"{new.name}: no virtual service for HTTP")

    def _check_rule(self, new: NatRule, old: NatRule | None) -> None:
        if new.profile and self.inventory.get(APP_PORT_PROFILE, new.profile) is None:
            raise WriteRefused(f"{new.name}: no profile {new.profile}")
        moved = old is None or old.external != new.external
        vips = self.inventory.on_address(new.external) if moved and VcdRule.OVERLAP in self.refuses else []
        if vips:
            raise WriteRefused(f"externalAddresses: it is the VIP of the virtual service {vips[0].name}.")

    def carry_out(
        self,
        wanted: WantedService | WantedGroup,
        kill_after: int | None = None,
        known: KnownRules | None = None,
        **how: bool,
    ) -> bool:
        """Plan and write as the module does; False if it was killed after ``kill_after`` writes."""
        self.known = known or KnownRules()
        for _attempt in range(1 + len(VcdRule)):
            for step in plan(wanted, self.inventory, self.known, **how):
                if kill_after is not None and len(self.log) >= kill_after:
                    return False
                try:
                    self.write(step)
                except WriteRefused as refusal:
                    revealed = revealed_rules(step, str(refusal), self.inventory) - self.known.refused
                    if not revealed:
                        raise
                    self.known = self.known.refuse(revealed)
                    break
                self.known = self.known.allow(step.probes)
                self._note(wanted, step)
            else:
                return True
        raise AssertionError("no plan succeeded")

    def carry_out_or_go_back(self, wanted: WantedService | WantedGroup) -> bool:
        """React to an unrecognised refusal as the module does; False if it rolled back.

        ``stopped_after`` is then the number of writes before the refusal.
        """
        before = current_state(wanted, self.inventory)
        try:
            return self.carry_out(wanted)
        except WriteRefused:
            self.stopped_after = len(self.log)
            self.carry_out(before, known=self.known, going_back=True)
            return False

    def _note(self, wanted: WantedService | WantedGroup, step: Step) -> None:
        if not self.inventory.referenced(wanted.external_ip):
            self.unheld.append(step.text)


def _numbers(item: VirtualService) -> set[str]:
    """The port numbers, whatever their protocol."""
    return {text.rpartition(" ")[2] for text in item.ports}


def own(wanted: WantedService | WantedGroup, inventory: Inventory) -> dict[tuple[str, str], Object]:
    """The objects of a Service or group by kind and name."""
    pairs = [pair for port in wanted.ports for pair in port.names.pairs()]
    return {pair: found for pair in pairs if (found := inventory.get(*pair)) is not None}
