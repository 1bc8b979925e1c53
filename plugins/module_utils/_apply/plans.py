# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The plan of a whole run: every Service judged before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.external_ips import ExternalAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import GatewayState
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory, Pool
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.description import (
    as_diff,
    orphans_of,
    outage_as_dict,
    outage_lines,
    own_objects,
    shape_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.outage import Outage, outage_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan, relevant_part
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, KnownRules, Step, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import DesiredService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    WantedService,
    assign_internal_ips,
    want,
    wanted_absent,
)

UNCHANGED, MIGRATED, ROLLED_BACK = "unchanged", "migrated", "rolled_back"
UNTOUCHED, FAILED = "untouched", "failed"


@dataclass
class ServicePlan:
    """One Service: what it is, what it is to be, the way there, and how far that is."""

    service: DesiredService
    wanted: WantedService
    shape_before: str
    steps: list[Step]
    outage: Outage
    takes_ip: bool
    before: dict[str, str]
    state: str = UNTOUCHED
    internal_ips: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """The plan for a person: the outage first, then each write."""
        writes = [f"{self.service.label}: {step.text}" for step in self.steps]
        return [*outage_lines(self.service.label, self.steps, self.outage), *writes]

    def result(self, shape: str) -> dict[str, Any]:
        """What the module returns of it."""
        return {
            "name": self.service.name,
            "namespace": self.service.namespace,
            "external_ip": self.wanted.external_ip,
            "internal_ips": list(self.internal_ips),
            "scenario_before": self.shape_before,
            "scenario": shape,
            "state": self.state,
            "steps": [step.text for step in self.steps],
            "outage": outage_as_dict(self.outage),
        }


def plan_all(
    request: Request, observed: GatewayState, addresses: ExternalAddresses, params: Mapping[str, Any], check_mode: bool
) -> tuple[list[ServicePlan], dict[str, list[Any]]]:
    """Every Service's way, and the orphans by Service. Raises CollectionError for what cannot be done as asked."""
    inventory = observed.inventory.copy()
    left = find_orphans(request, inventory)
    removing = params["state"] == "absent"
    moves = []
    given = {service.label for service in request.services if service.external_ip}
    for service, given_ips in zip(request.services, request.internal_ips, strict=True):
        pruned = left.get(service.name, []) if params["prune"] or removing else []
        external_ip = addresses.find(service, inventory)
        takes = not external_ip and not removing
        if takes:
            external_ip = addresses.take(service, check_mode=True)
        service = replace(service, external_ip=external_ip)
        wanted, internal = _wanted(request, service, given_ips, inventory, pruned, removing)
        observed.check_duplicate_names(wanted.own_names())
        shape = shape_of(wanted, inventory, request.scenario)
        before = as_diff(own_objects(wanted, inventory))
        steps = plan(wanted, inventory)
        told = foresee(wanted, inventory, steps)
        for step in steps:
            step.apply(inventory)
        move = ServicePlan(service, wanted, shape, steps, told, takes, before, internal_ips=internal)
        _check_window(move, given, addresses)
        _check_members(move, request)
        moves.append(move)
    return moves, left


def foresee(wanted: WantedService, inventory: Inventory, steps: Sequence[Step]) -> Outage:
    """The longest outage that Cloud Director's unwritten rules can lead to, known before or met on the way."""
    told = outage_of(wanted, inventory, steps)
    tried = sorted({one for step in steps for one in step.probes} | ({VcdRule.JOIN} if _overlaps(steps) else set()))
    for number in range(1, len(tried) + 1):
        for refused in map(frozenset, combinations(tried, number)):
            for known in (KnownRules(), KnownRules(frozenset(VcdRule) - refused, refused)):
                told = told.worst(outage_of(wanted, inventory, _steps_if_refused(wanted, inventory, known, refused)))
    return told


def _overlaps(steps: Sequence[Step]) -> bool:
    """Whether other steps may be planned on the way, with VIPs that are changed to those of others."""
    return any(VcdRule.OVERLAP in step.probes for step in steps)


def _steps_if_refused(
    wanted: WantedService, inventory: Inventory, known: KnownRules, refused: frozenset[VcdRule]
) -> list[Step]:
    """The steps that are taken if these things turn out to be refused; after a refusal the rest is planned anew."""
    part, taken = relevant_part(wanted, inventory), []
    for _attempt in range(len(VcdRule) + 1):
        for step in plan(wanted, part, known):
            if step.probes & refused:
                known = known.refuse(step.probes)
                break
            step.apply(part)
            known = known.allow(step.probes)
            taken.append(step)
        else:
            break
    return taken


def _wanted(
    request: Request,
    service: DesiredService,
    given_ips: Sequence[str],
    inventory: Inventory,
    orphans: Sequence[tuple[str, str]],
    removing: bool,
) -> tuple[WantedService, tuple[str, ...]]:
    if removing or request.scenario is None:
        return wanted_absent(service, orphans), ()
    internal = tuple(given_ips) or assign_internal_ips(service, request.scenario, request.one_arm, inventory)
    found = want(
        service,
        request.scenario,
        internal,
        per_service=request.per_service,
        managed_by_cpi=request.managed_by_cpi,
        label=service.label,
        orphans=orphans,
    )
    return found, internal


def with_external_ip(move: ServicePlan, request: Request, external_ip: str) -> None:
    """Give a Service the IP that was taken for it."""
    move.service = replace(move.service, external_ip=external_ip)
    if request.scenario is not None:
        move.wanted = want(
            move.service,
            request.scenario,
            move.internal_ips,
            per_service=request.per_service,
            managed_by_cpi=request.managed_by_cpi,
            label=move.service.label,
            orphans=move.wanted.orphans,
        )


def find_orphans(request: Request, inventory: Inventory) -> dict[str, list[Any]]:
    """Objects of the Services' names that no port claims; only CPI's names tell whose an object is."""
    if not request.cluster_id:
        return {}
    claimed = {name for service in request.services for names in (wanted_absent(service).names) for name in names}
    return orphans_of((service.name for service in request.services), claimed, inventory, request.cluster_id)


def _check_members(move: ServicePlan, request: Request) -> None:
    """A pool that is to be made needs members; those of a cluster's are its nodes, and CPI knows them."""
    made = [step.after for step in move.steps if step.act is Act.CREATE and isinstance(step.after, Pool)]
    if not request.managed_by_cpi and any(not pool.members for pool in made):
        remedy = f"service {move.service.label!r} has no pool {made[0].name!r} yet: give the machines' addresses"
        raise InvalidInput("services.members", None, remedy)


def _check_window(move: ServicePlan, given: set[str], addresses: ExternalAddresses) -> None:
    """A run that is killed while nothing holds the IP must find it again: from the task, or from its claim."""
    if move.outage.window and move.service.label not in given and not addresses.uses_ip_spaces and not move.takes_ip:
        raise InvalidInput(
            "services.external_ip",
            None,
            f"give {move.wanted.external_ip!r}, the present one of {move.service.label!r}: Cloud Director may refuse a "
            "VIP and a DNAT rule on one address, and a run that is interrupted in between finds it only there",
        )
