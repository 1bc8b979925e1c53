# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Which Services have to be migrated or repaired: the planner decides, and the preflight reports it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import is_ipv4
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.breakage import Harm, breakages
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import read_cluster
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import ObservedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.services import (
    Key,
    external_ip,
    interrupted_external_ips,
    is_present,
    key_of,
    services_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.target import MIGRATE, resolve
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import EdgeGateway, read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.allotment import (
    Usable,
    may_use,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.conflicts import Conflict
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import (
    ServiceToPlan,
    groups_of,
    plan_group,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.places import Places
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.placing import placed
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal, ServicePlan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import KnownRules
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.judge import faults
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.orphans import (
    Orphan,
    former_ports,
    in_the_way,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import Orphans


@dataclass(frozen=True)
class Obstacle:
    """Why a Service cannot be migrated, and what can be done about it."""

    why: str
    remedy: str


@dataclass(frozen=True)
class Migration:
    """The migration of one Service to the scenario ``target``.

    ``external_ip`` is the address that it keeps, empty when it is unknown. ``plan`` is None where there is an obstacle,
    and where the one-arm range has no room. ``damage`` says what is wrong with its present objects.

    A Service with an obstacle stays as it is, and so do the ports that its ``observed.aside`` lists. ``harm`` says what
    harm CPI would do to them after the change; if there is any, the change is not possible.
    """

    observed: ObservedService
    target: Scenario
    external_ip: str
    plan: ServicePlan | None
    damage: tuple[str, ...] = ()
    obstacle: Obstacle | None = None
    harm: str = ""

    @property
    def label(self) -> str:
        """namespace/name."""
        return self.observed.label

    @property
    def stays_aside(self) -> bool:
        """Whether it stays as it is, without harm."""
        return self.obstacle is not None and not self.harm

    @property
    def needed(self) -> bool:
        """Whether it has to be changed, or prevents the change."""
        return bool(self.harm) or (bool(self.plan.steps) if self.plan else not self.stays_aside)

    @property
    def internal_ips(self) -> tuple[str, ...]:
        """The internal addresses after the migration, port by port; empty where they are unknown, and without NAT."""
        if self.plan is None:
            return ()
        found = self.plan.internal_ips
        return found * len(self.observed.ports) if self.target is Scenario.SHARED_INTERNAL else found

    @property
    def new_addresses(self) -> int:
        """How many internal addresses it gets that it does not have now."""
        own = {port.virtual_service.address for port in self.observed.ports if port.virtual_service}
        return len(set(self.internal_ips) - own)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a playbook."""
        service = self.observed.service
        return {
            "name": service.name,
            "namespace": service.namespace,
            "external_ip": self.external_ip or None,
            "from": self.observed.shape,
            "to": self.target.value,
            "damaged": bool(self.damage),
            "obstacle": self.obstacle.why if self.obstacle else None,
            "internal_ips": list(self.plan.internal_ips) if self.plan else [],
            "steps": [step.text for step in self.plan.steps] if self.plan else [],
        }


def services_option(
    ccm: Any,
    vcd: Any,
    scenario: Any,
    one_arm: Any = None,
    orphans: Collection[str] = (),
    vcd_rules: Collection[str] = (),
) -> list[dict[str, Any]]:
    """The Services to be migrated, from the results of vcd_ccm_config_info and vcd_edge_gateway_info.

    ``orphans`` are the names of those that the migration removes: they keep no Service from being migrated.
    ``vcd_rules`` are those that the operator states. Services that stay aside are not in the result.

    Raises InvalidInput when a result is not as documented, or when a Service can neither be migrated nor stay as it is.
    """
    cluster = read_cluster(ccm)
    target = resolve(scenario, one_arm, cluster, existing=MIGRATE, prune=bool(orphans), prune_objects=orphans)
    state = ClusterState(cluster, read_vcd(vcd), target, known=KnownRules.stated(vcd_rules))
    planned = with_migrations(state).planned
    for one in planned:
        if one.obstacle is not None and one.harm:
            raise InvalidInput(one.label, one.obstacle.why, one.obstacle.remedy or one.harm)
    return services_of(state, only={key_of(one.observed) for one in planned if one.obstacle is None})


def with_migrations(state: ClusterState) -> ClusterState:
    """The same state with the plans of the Services; without plans unless existing Services are to be migrated."""
    if state.edge is None or not state.target.migrates:
        return state
    planned, places = plan_migrations(state, state.edge)
    return replace(state, planned=planned, places=places)


def plan_migrations(state: ClusterState, edge: EdgeGateway) -> tuple[tuple[Migration, ...], Places]:
    """The existing Services with their plans, each based on the result of the one before, and the places they take.

    A Service that has neither objects nor an IP is not among them: CPI will create its objects.
    """
    # Each plan is applied to this copy, so that two Services cannot get the same internal address. After an interrupted
    # migration, the address that a Service had before it takes precedence over the present, half-migrated one.
    known, inventory = interrupted_external_ips(state.cluster), edge.inventory.copy()
    found = {
        item.label: _without_plan(state, edge, item, known)
        for item in state.observed
        if is_present(item) and (item.ports or item.left_out or item.aside)
    }
    places = Places()
    for group in groups_of([_task(state, one) for one in found.values() if one.obstacle is None]):
        places = places.then(_plan_group(state, group, found, inventory))
    return tuple(replace(one, harm=_harm(state, edge, one)) for one in found.values()), places


def _harm(state: ClusterState, edge: EdgeGateway, one: Migration) -> str:
    """What CPI would do under the new flags to what stays as it is: a Service, or some of its ports."""
    left = one.observed.whole if one.obstacle else replace(one.observed, ports=one.observed.ports_aside)
    (found,) = breakages([left], state.cluster.scenario, state.target.scenario, edge.uses_ip_spaces)
    if one.observed.kubernetes.deleting:
        # it no longer serves; all that matters is whether CPI can still delete it
        stuck = {Harm.SEVERAL_IPS, *([Harm.STATUS_INTERNAL] if edge.uses_ip_spaces else [])}
        return found.why if stuck & set(found.new) else ""
    return found.why if found.new else ""


def _without_plan(state: ClusterState, edge: EdgeGateway, item: ObservedService, known: Mapping[Key, str]) -> Migration:
    """A Service with its external IP, its damage, and what prevents its migration, regardless of other Services."""
    address, obstacle = known.get(key_of(item), ""), None
    if item.left_out is not None:
        remedy = "" if item.left_out.asked else "run again when it is gone; shared_ip_prune removes what CPI leaves"
        return Migration(item, state.target.scenario, address, None, (), Obstacle(item.left_out.why, remedy))
    if not item.ports:
        return Migration(item, state.target.scenario, address, None, (), Obstacle(item.aside[0].why, ""))
    try:
        address = address or external_ip(item, state)
    except InvalidInput as error:
        why, _colon, remedy = str(error.details["remedy"]).partition(": ")
        obstacle = Obstacle(why, remedy)
    foreign = served_elsewhere(state, edge, item, address)
    if foreign:
        obstacle = Obstacle(foreign, "name it in shared_ip_exclude if another controller serves it")
    return Migration(item, state.target.scenario, address, None, damage_of(state, item, address), obstacle)


def served_elsewhere(state: ClusterState, edge: EdgeGateway, item: ObservedService, address: str) -> str:
    """Why another controller seems to serve a Service, so that objects here would be wrong; empty if none does."""
    if not address or item.has_objects:
        return ""
    inside = [name for name, network in edge.networks if address in network]
    if inside:
        return f"it has no objects on edge gateway {edge.name}, and {address} belongs to network {inside[0]}"
    external = is_ipv4(address) and (edge.uses_ip_spaces or state.addresses.is_external(address))
    return (
        ""
        if external
        else (f"it has no objects on edge gateway {edge.name}, and {address} is not an IPv4 address of that gateway")
    )


def _task(state: ClusterState, one: Migration) -> ServiceToPlan:
    service = one.observed.service.with_external_ip(one.external_ip)
    return ServiceToPlan(service, orphans=removed_with(service, state))


def _plan_group(
    state: ClusterState, tasks: Sequence[ServiceToPlan], found: dict[str, Migration], inventory: Inventory
) -> Places:
    """Plan the Services of one external IP, and put their plans, or their obstacles, into ``found``."""
    target = state.target
    if target.scenario.one_arm and target.one_arm is None:
        return Places()  # check_one_arm says what is wrong with the range
    tasks = list(tasks)
    while tasks:
        for task in tasks:
            companion = _other_kind_on(task.service.external_ip, state, found.values())
            if companion:
                obstacle = Obstacle(f"it shares {task.service.external_ip} with {companion}, which stays as it is", "")
                found[task.service.label] = replace(found[task.service.label], obstacle=obstacle)
        tasks = [task for task in tasks if found[task.service.label].obstacle is None]
        if not tasks:
            break
        try:
            plan = plan_group(tasks, _goal(state, target.scenario), inventory)
        except Conflict as error:
            label, obstacle = error.service, Obstacle(error.why, error.remedy)
        except InvalidInput as error:
            details = error.details
            if details["option"] == "one_arm":
                break  # a range without room is not one Service's obstacle: check_one_arm reports it for all of them
            label, obstacle = str(details["option"]), Obstacle(str(details["value"]), str(details["remedy"]))
        else:
            refused = [why for why in (_not_allocated(state, one) for one in plan.services) if why]
            for one in plan.services:
                why = refused[0] if refused else None
                found[one.label] = replace(found[one.label], plan=None if why else one, obstacle=why)
            return Places() if refused else plan.places
        found[label] = replace(found[label], obstacle=obstacle)
        tasks = [task for task in tasks if task.service.label != label]
    return Places()


def _other_kind_on(address: str, state: ClusterState, found: Iterable[Migration]) -> str:
    """The Service or port left aside that holds an external IP in a way that the new scenario does not use.

    Where Cloud Director refuses a VIP and a DNAT rule on one address, nothing on the address can change unless that
    object does.
    """
    for one in found:
        aside = [(one.label, port) for port in one.observed.whole.ports] if one.obstacle else []
        aside += [(f"port {left.port} of {one.label}", left.present) for left in one.observed.aside if left.present]
        for label, port in aside:
            if state.target.scenario.one_arm:
                vip = port.virtual_service.address if port.virtual_service else ""
                if vip == address:
                    return label
            elif port.virtual_service and port.nat_rule and port.nat_rule.external == address:
                return label
    return ""


def _not_allocated(state: ClusterState, found: ServicePlan) -> Obstacle | None:
    """The obstacle of a new address that the edge gateway may not use. What is unknown is left to Cloud Director."""
    if state.edge is None:
        return None
    allotment = state.edge.allotment(state.one_arms)
    for address, use in placed(found.steps, found.wanted.external_ip):
        verdict = may_use(allotment, address, use)
        if verdict.answer is Usable.NO:
            why, _colon, remedy = verdict.why.partition(": ")
            return Obstacle(f"{address} {why}", remedy)
    return None


def _goal(state: ClusterState, scenario: Scenario) -> Goal:
    one_arm = state.target.one_arm or state.one_arms[0]
    return Goal(scenario, one_arm, state.addresses, unclaimed=state.unclaimed, known=state.known)


def removed_with(service: Service, state: ClusterState) -> Orphans:
    """The orphans in the way of a Service, which are removed when it is migrated."""
    found = in_its_way(service, state)
    orphans = former_ports(found if state.target.prune else (), Naming.of_cluster(state.cluster.cluster_id))
    return replace(orphans, remedies={one.item.name: removal_of(one, found) for one in found})


def in_its_way(service: Service, state: ClusterState) -> list[Orphan]:
    """The orphans that take a port of a Service, and the other orphans that were made for the same ports."""
    inventory = state.edge.inventory if state.edge else Inventory()
    ways = {one.readings for one in state.orphans if in_the_way(one.item, service, service.external_ip, inventory)}
    return [one for one in state.orphans if one.readings in ways]


def removal_of(one: Orphan, group: Sequence[Orphan] = ()) -> str:
    """What removes an orphan: the remedy in a message."""
    if one.removable:
        return "no live Service and port has this name: shared_ip_prune: true removes it"
    names = ", ".join(item.item.name for item in group or (one,) if not item.removable)
    return (
        f"no live Service and port has this name, but {one.why}: if nothing uses it, set shared_ip_prune: true and "
        f"shared_ip_prune_objects: [{names}]"
    )


def other_removals(state: ClusterState) -> list[Orphan]:
    """The orphans that are removed on their own, because they are in no Service's way."""
    if state.edge is None or not state.target.prune:
        return []
    kept = {one.key for item in state.observed for one in in_its_way(_known(item, state), state)}
    return [one for one in state.orphans if one.removable and one.key not in kept]


def _known(item: ObservedService, state: ClusterState) -> Service:
    """A Service with its external IP, as far as that is known."""
    try:
        return item.service.with_external_ip(external_ip(item, state))
    except InvalidInput:
        return item.service


def damage_of(state: ClusterState, item: ObservedService, address: str | None = None) -> tuple[str, ...]:
    """What is wrong with the objects of a Service, compared with the scenario whose shape they have.

    ``address`` is its external IP, where that is known already.
    """
    if not item.fits:
        return tuple(item.evidence) if item.present else ()  # no scenario to compare with
    if state.edge is None or item.left_out is not None:
        return ()
    target = state.target.scenario
    shape = target if target in item.fits else next(one for one in Scenario if one in item.fits)
    try:
        service = item.service.with_external_ip(external_ip(item, state) if address is None else address)
        wanted, _internal = _goal(state, shape).wanted(service, state.edge.inventory)
    except InvalidInput:
        # a port has no address and the range has none left, so nothing can be compared: show what exists
        return tuple(item.evidence)
    return tuple(fault.text for fault in faults(wanted, state.edge.inventory)) if service.external_ip else ()
