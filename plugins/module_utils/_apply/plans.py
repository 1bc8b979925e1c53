# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The plan of a complete run: every service is planned and checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.external_ips import ExternalAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.ipv6 import check_family
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.allotment import Usable
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    VIRTUAL_SERVICE,
    HttpPolicy,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import (
    GroupPlan,
    ServiceToPlan,
    groups_of,
    plan_group,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.placing import deletes, placed
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal, ServicePlan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import KnownRules
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.orphans import (
    Evidence,
    Orphan,
    former_ports,
    in_the_way,
    wrong_names,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.orphans import (
    find_orphans as orphans_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import Orphans


def goal_of(
    request: Request,
    edge: EdgeAddresses,
    removing: bool,
    known: KnownRules,
    stored: Iterable[VirtualService] = (),
    policies: Mapping[str, HttpPolicy] | None = None,
) -> Goal:
    """The goal that all services of a run share.

    ``known`` are the rules of VCD that are known beforehand, ``stored`` the virtual services of a restore point, and
    ``policies`` their HTTP policies.
    """
    scenario = None if removing else request.scenario
    named = {item.name: item for item in stored}
    return Goal(
        scenario, request.one_arm, edge, request.per_service, known=known, stored=named, policies=policies or {}
    )


def plan_all(
    request: Request, inventory: Inventory, addresses: ExternalAddresses, goal: Goal
) -> tuple[list[GroupPlan], list[Orphan]]:
    """The plan of every group of services, each based on the result of the one before, and the orphans.

    Raises CollectionError for a service that cannot be planned. ``inventory`` is not changed.
    """
    copy = inventory.copy()
    removing = goal.scenario is None
    orphans = find_orphans(request, copy, removing=removing)
    if request.prune_objects and not request.judged:
        _check_named(request, orphans, copy)
    virtual_services = frozenset(one.item.name for one in orphans if one.key[0] == VIRTUAL_SERVICE)
    goal = replace(goal, unclaimed=virtual_services)
    given = {service.label for service in request.services if service.external_ip}
    tasks = []
    for service, given_ips in zip(request.services, request.internal_ips, strict=True):
        external_ip = addresses.find(service, copy)
        takes = not external_ip and not removing
        if takes:
            _check_new(service, copy, goal, orphans)
            external_ip = addresses.take(service, check_mode=True)
        service = service.with_external_ip(external_ip)
        check_family(service, goal.scenario)
        tasks.append(ServiceToPlan(service, given_ips, _removed_with(service, orphans, request, copy), takes))
    plans = []
    for group in groups_of(tasks):
        in_use = copy.referenced(group[0].service.external_ip)
        found = plan_group(group, goal, copy)
        for one in found.services:
            _check_window(one, given, addresses)
            _check_members(one)
            _check_addresses(one, addresses, in_use)
        plans.append(found)
    return plans, orphans


def find_orphans(request: Request, inventory: Inventory, *, removing: bool) -> list[Orphan]:
    """Objects with names of the services that no port claims, and what shows whom they belong to.

    A task that removes services may name only some of their ports, so objects of the other ports are no orphans then.
    """
    named = frozenset(request.prune_objects)
    if removing:
        whole = frozenset(service.label for service in request.services if not service.ports)
        evidence = Evidence(named=named, whole=whole, ports_are_complete=False)
    else:
        evidence = Evidence(recorded=request.recorded, named=named, all_services=request.judged)
    return orphans_of(request.services, request.naming, inventory, evidence)


def _removed_with(service: Service, found: Sequence[Orphan], request: Request, inventory: Inventory) -> Orphans:
    """The orphans that are to be removed with one service: those with its names, and those in its way."""
    mine = [one for one in found if _concerns(one, service, inventory)]
    whole = not service.ports  # named without ports: everything that certainly belongs to it
    prune = request.prune and not request.judged
    orphans = former_ports([one for one in mine if one.named or prune or whole], request.naming)
    names = [one.item.name for one in mine]
    return replace(orphans, remedies={one.item.name: _remedy(one, names, request) for one in mine})


def _concerns(one: Orphan, service: Service, inventory: Inventory) -> bool:
    if inventory.get(*one.key) is None:
        return False  # removed with another service
    return one.service == service.label or in_the_way(one.item, service, service.external_ip, inventory)


def _remedy(one: Orphan, names: Sequence[str], request: Request) -> str:
    if one.removable and not request.prune:
        return "no port has this name any more: prune: true removes it"
    listed = ", ".join(names)
    return f"no port given here has this name ({one.why}): prune: true with prune_objects: [{listed}] removes it"


def _claims(request: Request) -> dict[str, str]:
    """The port that claims each name."""
    return {
        name: f"port {port.label} of {service.label}"
        for service in request.services
        for port in service.ports
        for name in port.names
    }


def _check_named(request: Request, orphans: Sequence[Orphan], inventory: Inventory) -> None:
    problems = wrong_names(request.prune_objects, orphans, _claims(request), inventory)
    if problems:
        (first, why), more = problems[0], "".join(f"; {name!r} {why}" for name, why in problems[1:])
        raise InvalidInput("prune_objects", first, f"{why}{more}: take it out; nothing was changed")


def left_orphans(found: Iterable[Orphan], inventory: Inventory) -> list[dict[str, Any]]:
    """The orphans that still exist, as plain data for a playbook."""
    return [one.as_dict() for one in found if inventory.get(*one.key) is not None]


def _check_new(service: Service, inventory: Inventory, goal: Goal, orphans: Iterable[Orphan]) -> None:
    """Only a service without virtual services gets a new external IP: clients know the one that it had.

    Virtual services that may belong to a former port of the service count, too. CPI shows an IP only once all objects
    of a Service exist, so a Service with some of them may still get another IP.
    """
    found = [port.virtual_service for port in service.present(inventory, goal.edge) if port.virtual_service]
    mine = [one.item for one in orphans if one.service == service.label]
    found += [item for item in mine if isinstance(item, VirtualService)]
    if found and not service.managed_by_cpi:
        raise CollectionError(
            f"services.external_ip: service {service.label!r} has virtual service {found[0].name!r} on "
            f"{found[0].address or found[0].ipv6_address}, but none of its ports shows its external IP: give "
            "external_ip",
            option="services.external_ip",
        )


def _check_addresses(found: ServicePlan, addresses: ExternalAddresses, in_use: bool) -> None:
    """Refuse an address that the edge gateway may not use or, if the plan deletes something, where that is unknown.

    ``in_use``: an object already has the external IP, so Cloud Director has accepted it.
    """
    external = found.wanted.external_ip
    for address, use in placed(found.steps, external):
        if found.takes_ip and address == external:
            continue  # it is free, and it will be allocated where it comes from an IP Space
        verdict = addresses.may_use(address, use)
        option = "services.external_ip" if address == external else "services.internal_ips"
        if verdict.answer is Usable.NO or (verdict.answer is Usable.UNKNOWN and not in_use and deletes(found.steps)):
            raise InvalidInput(option, address, f"service {found.label!r}: {verdict.why}")
        if verdict.answer is Usable.UNKNOWN and not in_use:
            found.notes.append(f"{found.label}: {option}: {verdict.why}; Cloud Director decides")


def _check_members(found: ServicePlan) -> None:
    """A new pool needs members. In a cluster's pools they are its nodes, which CPI knows."""
    pool = found.creates_pool_without_members
    if pool and not found.service.managed_by_cpi:
        remedy = f"service {found.label!r} has no members in {pool!r} yet: give the machines' addresses"
        raise InvalidInput("services.members", None, remedy)


def _check_window(found: ServicePlan, given: set[str], addresses: ExternalAddresses) -> None:
    """If a run is killed while nothing holds the IP, the next run must find it again: in the options, or in a claim."""
    if found.outage.window and found.label not in given and not addresses.edge.uses_ip_spaces and not found.takes_ip:
        raise InvalidInput(
            "services.external_ip",
            None,
            f"give {found.wanted.external_ip!r}, the current one of {found.label!r}: Cloud Director may refuse a VIP "
            "and a DNAT rule on one address, and after an interruption in between, it is known only from this option",
        )
