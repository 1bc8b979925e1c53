# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The plan of one service: its observed and wanted state, the steps, and the outage for its clients. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    NAT_RULE,
    VIRTUAL_SERVICE,
    HttpPolicy,
    IpSet,
    NatRule,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses, shape_name
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.description import (
    outage_as_dict,
    outage_lines,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.outage import Outage
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, KnownRules, Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import assign_internal_ips
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.client_ip import with_client_ip
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.http_policy import with_http_policies
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import (
    PortSpec,
    Service,
    ServicePort,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    NO_ORPHANS,
    Orphans,
    WantedService,
    want,
    wanted_absent,
    with_kept_properties,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import ENDED, NOT_REACHED


@dataclass(frozen=True)
class Goal:
    """The goal that all services of a run share. ``scenario`` None: remove them.

    ``per_service``: one DNAT rule for all ports of a service. ``unclaimed`` are the names of virtual services that no
    service has. ``known`` are the rules of VCD that are known beforehand. ``stored`` are the virtual services of a
    restore point by name, because a killed run may have deleted one. ``policies`` are its HTTP policies.
    """

    scenario: Scenario | None
    one_arm: AddressRange
    edge: EdgeAddresses
    per_service: bool = False
    unclaimed: frozenset[str] = frozenset()
    known: KnownRules = field(default_factory=KnownRules)
    stored: Mapping[str, VirtualService] = field(default_factory=dict)
    policies: Mapping[str, HttpPolicy] = field(default_factory=dict)

    def wanted(
        self, service: Service, inventory: Inventory, given_ips: Sequence[str] = (), orphans: Orphans = NO_ORPHANS
    ) -> tuple[WantedService, tuple[str, ...]]:
        """The wanted state of a service, and its internal IPs. Raises InvalidInput if the one-arm range has too few."""
        if self.scenario is None:
            return with_client_ip(wanted_absent(service, orphans), inventory, {}), ()
        internal = tuple(given_ips) or assign_internal_ips(
            service, self.scenario, self.one_arm, inventory, self.unclaimed
        )
        found = want(service, self.scenario, internal, per_service=self.per_service, orphans=orphans)
        stray = tuple(self._stray_ports(found, inventory))
        if stray:
            orphans = replace(orphans, ports=(*orphans.ports, *stray))
            found = want(service, self.scenario, internal, per_service=self.per_service, orphans=orphans)
        before = self._before(found, inventory)
        found = with_client_ip(with_kept_properties(found, before), inventory, before)
        return with_http_policies(found, inventory, self.policies), internal

    def _before(self, wanted: WantedService, inventory: Inventory) -> dict[str, VirtualService]:
        """The present virtual services of a service; for a missing one, the restore point's for the same port."""
        found: dict[str, VirtualService] = {}
        for item in (port.virtual_service for port in wanted.ports):
            if item is not None:
                stored = self.stored.get(item.name)
                present = inventory.get(VIRTUAL_SERVICE, item.name)
                before = present or (stored if stored is not None and stored.ports == item.ports else None)
                found |= {} if before is None else {item.name: before}
        return found

    def _stray_ports(self, wanted: WantedService, inventory: Inventory) -> Iterator[ServicePort]:
        """Ports that are left aside although their rule takes the traffic of a port that is not.

        For UDP 443 beside TCP 443, CPI makes another pool and rule for TCP 443 before it fails. Without NAT that rule
        would take the virtual service's traffic. CPI makes the rule again wherever it uses NAT: in shared_internal it
        leads to the same address as all others, in distinct_internal always to another one, which no plan can repair
        for long.
        """
        for names in wanted.service.others:
            rule: NatRule | None = inventory.get(NAT_RULE, names.nat_rule)
            if rule is None or rule.external != wanted.external_ip or self.scenario is Scenario.DISTINCT_INTERNAL:
                continue
            served = [port for port in wanted.ports if port.virtual_service is not None]
            specs = [(port, port.port.spec) for port in served]
            taken = [port for port, spec in specs if inventory.translates(rule, spec.port, spec.transport)]
            needless = inventory.get(VIRTUAL_SERVICE, names.virtual_service) is None
            if needless and any(port.nat_rule is None or port.nat_rule.internal != rule.internal for port in taken):
                yield ServicePort(PortSpec(names.nat_rule, taken[0].port.spec.port, 0), names)


@dataclass
class ServicePlan:
    """The plan of one service. ``planned_state`` is its state if the plan succeeds, ``state`` its present one.

    ``downtime`` is what was measured (see `downtime`), None until its plan has been applied. ``if_refused`` are the
    steps that it may take instead, depending on what Cloud Director refuses.
    """

    wanted: WantedService
    internal_ips: tuple[str, ...]
    shape_before: str
    steps: list[Step]
    outage: Outage
    before: dict[str, str]
    planned_state: str
    takes_ip: bool = False
    state: str = NOT_REACHED
    notes: list[str] = field(default_factory=list)
    downtime: dict[str, Any] | None = None
    if_refused: tuple[Step, ...] = ()

    @property
    def service(self) -> Service:
        """The service, with its external IP."""
        return self.wanted.service

    @property
    def label(self) -> str:
        """How messages name it."""
        return self.wanted.label

    @property
    def outage_lines(self) -> list[str]:
        """What could not be checked, and the outage, for a person."""
        return [*self.notes, *outage_lines(self.label, self.steps, self.outage)]

    @property
    def creates_pool_without_members(self) -> str:
        """The name of a pool, or of its IP set, that would have no known members; empty if there is no such object."""
        new = [step.after for step in self.steps if step.act is Act.CREATE and isinstance(step.after, Pool)]
        sets = [step.after for step in self.steps if isinstance(step.after, IpSet)]
        found = [*(pool.name for pool in new if not pool.members and not pool.member_group)]
        return next(iter([*found, *(one.name for one in sets if not one.addresses)]), "")

    def take_external_ip(self, goal: Goal, address: str) -> None:
        """Replace the external IP that the plan assumed by the one that was allocated."""
        objects = [item for port in self.wanted.ports for item in port.objects()]
        assumed = Inventory(item for item in objects if isinstance(item, (VirtualService, Pool, IpSet, HttpPolicy)))
        self.wanted, _internal = goal.wanted(
            self.service.with_external_ip(address), assumed, self.internal_ips, self.wanted.orphans
        )

    def as_dict(self, shape: str) -> dict[str, Any]:
        """Plain data for a playbook. ``shape`` is its present shape."""
        return {
            "name": self.service.name,
            "namespace": self.service.namespace,
            "external_ip": self.wanted.external_ip,
            "internal_ips": list(self.internal_ips),
            "scenario_before": self.shape_before,
            "scenario": shape,
            "state": self.state,
            "steps": [step.text for step in self.steps],
            "steps_if_refused": list(dict.fromkeys(step.text for step in self.if_refused)),
            "outage": outage_as_dict(self.outage),
            "downtime": self.downtime,
        }

    def ended(self, shape: str) -> dict[str, Any]:
        """The same, shortened for the error of a failed run: what happened to it, and what was measured."""
        whole = self.as_dict(shape)
        return {key: whole[key] for key in ENDED}


def shape_of(service: Service, inventory: Inventory, edge: EdgeAddresses, preferred: Scenario | None = None) -> str:
    """The shape of a service in one word (see `shape.shape_name`)."""
    return shape_name(service.present(inventory, edge), preferred)
