# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Checks before the first write that the members of services can see the client's IP on this edge gateway."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    assignments_of,
    load_balancer_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.resource import (
    load_balancer,
    service_engine_groups,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_group.calls import users_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.calls import find_member_group
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import IP_SET, Pool
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.client_ip import (
    GROUP_OPTION,
    OPTION,
    Conditions,
    lacking,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body

SINCE = (37, 1)


def with_named_groups(api: Api, gateway: Body, request: Request) -> Request:
    """The request with the name of each given member group. Raises CollectionError for one that does not exist."""
    if request.scenario is None or not any(service.member_group for service in request.services):
        return request
    api.require(SINCE, GROUP_OPTION)
    services = tuple(
        replace(service, member_group=str(find_member_group(api, gateway, service.member_group)["name"]))
        if service.member_group
        else service
        for service in request.services
    )
    return replace(request, services=services)


def check_client_ip(
    api: Api, gateway: Body, group: str, services: Iterable[WantedService], inventory: Inventory
) -> None:
    """Raise CollectionError with everything that members of a service lack if they are to see the client's IP.

    ``group`` is the option service_engine_group. Requests are sent only if a service asks for it.
    """
    asking = [one for one in services if one.service.preserve_client_ip and one.stays]
    if not asking:
        return
    conditions = _conditions(api, gateway, group)
    found = {one.label: lacking(one, conditions, inventory) for one in asking}
    lines = list(dict.fromkeys(line for lines in found.values() for line in lines))
    if lines:
        labels = ", ".join(label for label, lines in found.items() if lines)
        raise CollectionError(f"{OPTION}: {labels}: {'; '.join(lines)}", option=OPTION, missing=lines)


def _conditions(api: Api, gateway: Body, group: str) -> Conditions:
    name = str(gateway["name"])
    try:
        api.require(SINCE, "transparent mode")
    except CollectionError as error:
        return Conditions(name, error.message, False, ())
    groups = service_engine_groups(assignments_of(api, gateway))
    usable = [one for one in groups if group in ("", one["id"], one["name"])]
    return Conditions(
        name,
        "",
        load_balancer(load_balancer_of(api, gateway))["transparent_mode"],
        [(str(one["name"]), str(one["ha_mode"] or "")) for one in usable],
    )


def check_unused(api: Api, gateway: Body, steps: Iterable[Step]) -> None:
    """Raise CollectionError if anything besides the plan's own pools uses an IP set that is to be deleted."""
    steps = list(steps)
    for step in steps:
        if step.kind == IP_SET and step.act is Act.DELETE:
            pools = {f"pool {one.name!r}" for one in steps if isinstance(one.before, Pool)}
            others = [user for user in users_of(api, gateway, step.item.id) if user not in pools]
            if others:
                raise CollectionError(
                    f"IP set {step.name!r} is to be deleted, and {', '.join(others)} uses it: remove it there first"
                )
