# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Who claims external addresses on an edge gateway, for the managers of virtual services and of NAT rules.

Virtual services and rules are read as the domain knows them, and `_sharing.gateway` answers. A manager passes the list
that it has; the other one is read only when it is asked for, that is before a write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.calls import PATH as PROFILES
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.resource import (
    to_result as profile_result,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.calls import list_rules
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.resource import (
    to_result as rule_result,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.calls import list_summaries
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.resource import (
    to_result as service_result,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.conflicts import Objection, objections
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    AppPortProfile,
    NatRule,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.results import (
    read_app_port_profile,
    read_nat_rule,
    read_virtual_service,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused, missing_right

FORBIDDEN = 403
Result = Mapping[str, Any]


def check_service(
    api: Api, gateway: Body, planned: Result, before: Result | None, others: Iterable[Result]
) -> tuple[list[Objection], list[str]]:
    """The objections to a planned virtual service, and warnings of what could not be checked.

    ``others`` are the virtual services of the edge gateway. All of them are results of the modules.
    """
    warnings: list[str] = []
    services = [_service(one) for one in others]
    rows = _list(list_rules, "NAT rules", "/nat/rules", api, gateway, warnings)
    rules = [api.made_once(_rule_of, row) for row in rows]
    found = _ask(api, _service(planned), _service(before) if before else None, services, rules)
    return found, warnings


def check_rule(
    api: Api, gateway: Body, planned: Result, before: Result | None, others: Iterable[Body]
) -> tuple[list[Objection], list[str]]:
    """The objections to a planned NAT rule, and warnings of what could not be checked.

    ``planned`` and ``before`` are results of the modules, ``others`` the bodies of the rules of the edge gateway.
    """
    warnings: list[str] = []
    rules = [api.made_once(_rule_of, row) for row in others]
    rows = _list(list_summaries, "virtual services", "/loadBalancer", api, gateway, warnings)
    services = [api.made_once(_service_of, row) for row in rows]
    found = _ask(api, _rule(planned), _rule(before) if before else None, services, rules)
    return found, warnings


def _ask(
    api: Api,
    planned: VirtualService | NatRule,
    before: VirtualService | NatRule | None,
    services: Iterable[VirtualService],
    rules: Iterable[NatRule],
) -> list[Objection]:
    inventory = Inventory([*services, *rules])
    asked = [one for one in (planned, before) if one is not None]
    near = [item for one in asked for claim in inventory.claims_of(one) for item in inventory.near(claim.addresses)]
    if all(item.id == planned.id for item in near):
        return []  # no other object is on its addresses, so that no port has to be compared
    urns = {item.profile for item in [*asked, *near] if isinstance(item, NatRule) and item.profile}
    for profile in (_profile(api, urn) for urn in sorted(urns)):
        inventory.put(profile)
    return objections(planned, before, inventory)


def _service(result: Result) -> VirtualService:
    return read_virtual_service(Reader(result, "virtual service"))


def _rule(result: Result) -> NatRule:
    """A rule that names its profile by URN: a profile of the system and one of the organization may share a name."""
    profile = result.get("application_port_profile") or {}
    return replace(read_nat_rule(Reader(result, "NAT rule")), profile=str(profile.get("id") or ""))


def _service_of(row: Body) -> VirtualService:
    return _service(service_result(row))


def _rule_of(row: Body) -> NatRule:
    return _rule(rule_result(row))


def _profile(api: Api, urn: str) -> AppPortProfile:
    body = api.get(f"{PROFILES}/{urn}", f"application port profile {urn}")
    return replace(read_app_port_profile(Reader(profile_result(body), "application port profile")), name=urn)


def _list(read: Any, what: str, path: str, api: Api, gateway: Body, warnings: list[str]) -> list[Body]:
    try:
        rows: list[Body] = read(api, gateway)
    except Refused as error:
        if error.status != FORBIDDEN:
            raise
        warnings.append(
            f"whether another object takes the traffic to the same address and port was not checked against the {what} "
            f"of edge gateway {gateway['name']!r}: the user probably lacks the right {missing_right('GET', path)!r}"
        )
        return []
    return rows


def refuse_or_warn(found: Iterable[Objection], option: str, value: Any, warnings: list[str]) -> None:
    """Raise the first refusal among objections to an option's value, or add the others to the warnings."""
    for one in found:
        message = f"{option}: {value!r}: {one.text}"
        if one.refuses:
            raise CollectionError(message, option=option, value=value)
        warnings.append(message)
