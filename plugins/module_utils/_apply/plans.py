# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The plan of a whole run: every service is planned and checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.external_ips import ExternalAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import kind_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.ownership import unclaimed
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import (
    GroupPlan,
    Task,
    groups_of,
    plan_group,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal, ServicePlan

OrphansByService = dict[str, list[tuple[str, str]]]


def goal_of(request: Request, edge: EdgeAddresses, removing: bool) -> Goal:
    """The goal that all services of a run share."""
    return Goal(None if removing else request.scenario, request.one_arm, edge, request.per_service)


def plan_all(
    request: Request, inventory: Inventory, addresses: ExternalAddresses, goal: Goal, prune: bool
) -> tuple[list[GroupPlan], OrphansByService]:
    """The plan of every group of services, each based on the result of the one before, and the orphans by service.

    Raises CollectionError for a service that cannot be planned. ``inventory`` is not changed.
    """
    copy = inventory.copy()
    orphans = find_orphans(request, copy)
    removing = goal.scenario is None
    given = {service.label for service in request.services if service.external_ip}
    tasks = []
    for service, given_ips in zip(request.services, request.internal_ips, strict=True):
        external_ip = addresses.find(service, copy)
        takes = not external_ip and not removing
        if takes:
            external_ip = addresses.take(service, check_mode=True)
        left = orphans.get(service.name, []) if prune or removing else []
        tasks.append(Task(service.with_external_ip(external_ip), given_ips, left, takes))
    plans = []
    for group in groups_of(tasks):
        found = plan_group(group, goal, copy)
        for one in found.services:
            _check_window(one, given, addresses)
            _check_members(one)
        plans.append(found)
    return plans, orphans


def find_orphans(request: Request, inventory: Inventory) -> OrphansByService:
    """By service, kind and name of objects with its name that no port claims. Only CPI's names show the owner."""
    wanted = {service.name for service in request.services}
    claimed = {name for service in request.services for name in service.own_names()}
    found: OrphansByService = {}
    for item, owned in unclaimed(inventory, request.cluster_id, claimed):
        if owned.service in wanted:
            found.setdefault(owned.service, []).append((kind_of(item), item.name))
    return found


def orphans_as_list(orphans: Mapping[str, Any]) -> list[dict[str, str]]:
    """Orphans as plain data for a playbook."""
    return [{"kind": kind, "name": name} for found in orphans.values() for kind, name in found]


def _check_members(found: ServicePlan) -> None:
    """A new pool needs members. Those of a cluster's pools are its nodes, which CPI knows."""
    pool = found.creates_pool_without_members
    if pool and not found.service.managed_by_cpi:
        remedy = f"service {found.label!r} has no pool {pool!r} yet: give the machines' addresses"
        raise InvalidInput("services.members", None, remedy)


def _check_window(found: ServicePlan, given: set[str], addresses: ExternalAddresses) -> None:
    """A run that is killed while nothing holds the IP must be able to find it again: in the task, or in a claim."""
    if found.outage.window and found.label not in given and not addresses.edge.uses_ip_spaces and not found.takes_ip:
        raise InvalidInput(
            "services.external_ip",
            None,
            f"give {found.wanted.external_ip!r}, the current one of {found.label!r}: Cloud Director may refuse a VIP "
            "and a DNAT rule on one address, and after an interruption in between it is known only from there",
        )
