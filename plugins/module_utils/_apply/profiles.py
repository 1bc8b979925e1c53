# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Application port profiles with names that objects of another edge gateway already use.

Names of profiles are unique in an organization, while those of all other objects are unique on an edge gateway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.calls import (
    names_in_organization,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    backing_type,
    find_edge_gateways,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.calls import list_rules
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    AppPortProfile,
    NatRule,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedPort
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body


def check_profiles(
    api: Api,
    gateway: Body,
    naming: Naming,
    ports: Iterable[WantedPort],
    steps: Iterable[Step],
    inventory: Inventory,
    *,
    removing: bool,
) -> None:
    """Raise InvalidInput if a plan needs or deletes a profile that belongs to other objects of the organization.

    The names of a cluster's objects contain its id, so only names from a template can collide. Requests are sent only
    if a profile is to be created, or if one exists that no rule of this gateway uses yet.
    """
    if naming.cluster_id:
        return
    steps = list(steps)
    new = {step.name for step in steps if step.kind == APP_PORT_PROFILE and step.act is Act.CREATE}
    if new:
        taken = sorted(new & names_in_organization(api, gateway))
        if taken:
            raise _taken(taken[0], naming)
    gone = {step.name for step in steps if removing and step.kind == APP_PORT_PROFILE and step.act is Act.DELETE}
    wanted = {port.profile.name for port in ports if port.profile}
    unused = {one.id: one.name for one in _unused(sorted(gone | wanted), inventory)}
    for name, other in _users(api, gateway, unused):
        raise _taken(name, naming, f", on edge gateway {other!r}")


def foreign_profiles(api: Api, gateway: Body, request: Request, inventory: Inventory) -> frozenset[str]:
    """The profiles with a name of the services' ports that rules of other edge gateways use.

    They matter where ports need no profile, so that a plan would delete them as orphans. Requests are sent only if
    there is a profile with such a name that no rule of this gateway uses.
    """
    scenario = request.scenario
    if request.cluster_id or scenario is None or (scenario.one_arm and not request.per_service):
        return frozenset()
    names = sorted(port.names.profile for service in request.services for port in service.ports)
    unused = {one.id: one.name for one in _unused(names, inventory)}
    return frozenset(name for name, _gateway in _users(api, gateway, unused))


def _users(api: Api, gateway: Body, profiles: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The name of each of these profiles (by id) that a rule of another edge gateway uses, and that gateway's name."""
    for other in _other_gateways(api, gateway) if profiles else ():
        for rule in list_rules(api, other):
            name = profiles.get(str((rule.get("applicationPortProfile") or {}).get("id")))
            if name:
                yield name, str(other["name"])


def _unused(names: Iterable[str], inventory: Inventory) -> Iterator[AppPortProfile]:
    """The profiles that no rule here uses: an interrupted run has left them, or they belong to something else."""
    used = {item.profile for item in inventory if isinstance(item, NatRule)}
    for name in names:
        found = inventory.get(APP_PORT_PROFILE, name)
        if found is not None and found.name not in used:
            yield found


def _other_gateways(api: Api, gateway: Body) -> list[Body]:
    """All other edge gateways, also those of other owners, because a VDC group shows the profiles of its VDCs, too."""
    found = find_edge_gateways(api, None, None)
    return [one for one in found if one["id"] != gateway["id"] and backing_type(one) == backing_type(gateway)]


def _taken(name: str, naming: Naming, where: str = "") -> InvalidInput:
    remedy = "use another template" if naming.per_gateway else "add {edge_gateway} to the template"
    return InvalidInput(
        "name_template",
        naming.template,
        f"application port profile {name!r} belongs to other objects of the organization{where}, and names of profiles "
        f"are unique there: {remedy}",
    )
