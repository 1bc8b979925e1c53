# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Plans by group: services that share an external IP are planned, applied and rolled back together. Pure.

Where Cloud Director refuses a VIP and a DNAT rule on one address, no service of a group can change on its own. A
service that shares its external IP with no other is a group of its own, so that it fails and is rolled back alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.conflicts import Conflict, check_between
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.description import as_diff, own_objects
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.outage import Outage, outage_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.places import Places, places_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planned_state import planned_state
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan, relevant_part
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import (
    Goal,
    ServicePlan,
    shape_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import KnownRules, Step, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    NO_ORPHANS,
    Orphans,
    WantedGroup,
    WantedService,
    as_group,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import UNCHANGED

# The plans of a group by the known rules and the steps taken so far, kept because runs with different refusals often
# begin alike. Every step comes from an earlier plan in here, so its Python id identifies it.
_Plans = dict[tuple[KnownRules, tuple[int, ...]], list[Step]]


@dataclass(frozen=True)
class ServiceToPlan:
    """A service to be planned. ``given_ips`` are internal IPs, ``orphans`` are to be removed with it.

    ``takes_ip``: its external IP is only a proposal so far.
    """

    service: Service
    given_ips: Sequence[str] = ()
    orphans: Orphans = NO_ORPHANS
    takes_ip: bool = False


@dataclass
class GroupPlan:
    """The plans of services that share an external IP, with all ``steps`` in their order.

    ``places`` is what they take of service engine groups.
    """

    services: list[ServicePlan]
    steps: list[Step]
    places: Places = field(default_factory=Places)

    @property
    def wanted(self) -> WantedService | WantedGroup:
        """What they should have."""
        return as_group([one.wanted for one in self.services])

    @property
    def label(self) -> str:
        """How messages name it."""
        return self.wanted.label

    @property
    def state(self) -> str:
        """The state in which a run has left all of its services that had to be changed."""
        return next((one.state for one in self.services if one.state != UNCHANGED), UNCHANGED)

    def set_state(self, state: str) -> None:
        """Set the state of all services that have to be changed."""
        for one in self.services:
            if one.state != UNCHANGED:
                one.state = state

    def succeed(self) -> None:
        """Set the state that each plan leaves its service in."""
        for one in self.services:
            if one.state != UNCHANGED:
                one.state = one.planned_state

    @property
    def planned_state(self) -> str:
        """The state of the first service that has to be changed, if the plan succeeds."""
        return next(one.planned_state for one in self.services if one.state != UNCHANGED)

    @property
    def window(self) -> int:
        """During how many tasks nothing holds the external IP, at worst."""
        return max(one.outage.window for one in self.services)

    @property
    def lines(self) -> list[str]:
        """The plan for a person: the outages first, then each write."""
        outages = [line for one in self.services for line in one.outage_lines]
        owners = {name: one.label for one in self.services for name in one.wanted.own_names()}
        return [*outages, *(f"{owners[step.name]}: {step.text}" for step in self.steps)]


def groups_of(tasks: Sequence[ServiceToPlan]) -> list[list[ServiceToPlan]]:
    """The tasks by external IP, in the order of their first service. One without an external IP forms its own group."""
    groups: dict[str, list[ServiceToPlan]] = {}
    for task in tasks:
        groups.setdefault(task.service.external_ip or f"none: {task.service.label}", []).append(task)
    return list(groups.values())


def plan_service(
    service: Service, goal: Goal, inventory: Inventory, *, given_ips: Sequence[str] = (), orphans: Orphans = NO_ORPHANS
) -> ServicePlan:
    """Plan a service that shares its external IP with no other (see `plan_group`)."""
    return plan_group([ServiceToPlan(service, given_ips, orphans)], goal, inventory).services[0]


def plan_group(tasks: Sequence[ServiceToPlan], goal: Goal, inventory: Inventory) -> GroupPlan:
    """Plan a group, and apply the plan to ``inventory``, on which the next group's plan is based.

    Raises InvalidInput or Conflict when it cannot be planned; ``inventory`` is then unchanged.
    """
    members = _wanted(tasks, goal, inventory)
    check_between([wanted for wanted, _internal in members])
    group = as_group([wanted for wanted, _internal in members])
    steps = plan(group, inventory, goal.known)
    runs = [steps, *_runs_if_refused(group, inventory, steps, goal.known)]
    found = [_service_plan(task, *wanted, goal, inventory, runs) for task, wanted in zip(tasks, members, strict=True)]
    places = places_of(runs, inventory)
    for step in steps:
        step.apply(inventory)
    return GroupPlan(found, steps, places)


def _service_plan(
    task: ServiceToPlan,
    wanted: WantedService,
    internal: tuple[str, ...],
    goal: Goal,
    inventory: Inventory,
    runs: Sequence[Sequence[Step]],
) -> ServicePlan:
    """One service's part of its group's plan. The first of ``runs`` is that plan, the others follow refusals."""
    names = wanted.own_names()
    planned = {step.text for step in runs[0]}
    others = [step for run in runs[1:] for step in run if step.name in names and step.text not in planned]
    shape, before = shape_of(task.service, inventory, goal.edge, goal.scenario), own_objects(wanted, inventory)
    return ServicePlan(
        wanted,
        internal,
        shape,
        [step for step in runs[0] if step.name in names],
        _worst_outage(wanted, inventory, runs),
        as_diff(before),
        planned_state(wanted, inventory, scenario=goal.scenario, shape_before=shape, existed=bool(before)),
        task.takes_ip,
        if_refused=tuple(others),
    )


def _wanted(
    tasks: Sequence[ServiceToPlan], goal: Goal, inventory: Inventory
) -> list[tuple[WantedService, tuple[str, ...]]]:
    """The wanted state and the internal IPs of each service; no two services get one internal IP."""
    found: list[tuple[WantedService, tuple[str, ...]]] = []
    for task in tasks:
        _check_names(task.service, inventory)
        if found:  # so that the next service sees what the previous one takes
            inventory = inventory.copy()
            for item in (item for port in found[-1][0].ports for item in port.objects()):
                inventory.put(item)
        found.append(goal.wanted(task.service, inventory, task.given_ips, task.orphans))
    return found


def _check_names(service: Service, inventory: Inventory) -> None:
    duplicates = inventory.duplicates(service.own_names())
    if duplicates:
        raise InvalidInput(
            service.label,
            duplicates[0],
            "several NAT rules have this name, and it is unclear which one counts: delete all but one (vcd_nat_rule "
            "with id)",
        )


def _worst_outage(wanted: WantedService, inventory: Inventory, runs: Sequence[Sequence[Step]]) -> Outage:
    """The longest outage of one service that any of these runs of its group causes."""
    # many combinations of rules lead to the same writes of the same wanted objects in the same order
    distinct = {tuple((one.act, one.kind, one.name, id(one.after)) for one in steps): steps for steps in runs}
    worst, *others = (outage_of(wanted, inventory, steps) for steps in distinct.values())
    for other in others:
        worst = worst.worst(other)
    return worst


def _runs_if_refused(
    wanted: WantedService | WantedGroup, inventory: Inventory, steps: Sequence[Step], given: KnownRules
) -> Iterator[list[Step]]:
    """The steps under any combination of Cloud Director's unconfirmed rules. ``given`` are known beforehand."""
    probed = {one for step in steps for one in step.probes}
    if VcdRule.OVERLAP in probed:
        probed.add(VcdRule.JOIN)  # the steps that replace the refused ones may change a VIP to one in use
    plans: _Plans = {(given, ()): list(steps)}
    # Each set of rules that may exist is planned twice: discovered through refusals, and known before the first step.
    for number in range(1, len(probed) + 1):
        for refused in map(frozenset, combinations(sorted(probed), number)):
            rules = refused | given.refused
            for known in (given, KnownRules(frozenset(VcdRule) - rules, rules)):
                try:
                    yield _steps_if_refused(wanted, inventory, known, rules, plans)
                except Conflict:
                    continue  # under these rules the run stops at a refusal, before anything is lost


def _steps_if_refused(
    wanted: WantedService | WantedGroup,
    inventory: Inventory,
    known: KnownRules,
    refused: frozenset[VcdRule],
    plans: _Plans,
) -> list[Step]:
    """The steps of a run that discovers these rules: after each refusal the rest is planned again."""
    part, taken = relevant_part(wanted, inventory), list[Step]()
    # like `ServiceExecutor.apply`: each attempt discovers at least one rule, and the last one knows all of them
    for _attempt in range(len(VcdRule) + 1):
        here = known, tuple(map(id, taken))
        if here not in plans:
            plans[here] = plan(wanted, part, known)
        for step in plans[here]:
            if step.probes & refused:
                known = known.refuse(step.probes)
                break
            step.apply(part)
            known = known.allow(step.probes)
            taken.append(step)
        else:
            break
    return taken
