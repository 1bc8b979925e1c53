# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What claims external addresses on an edge gateway, for the managers of virtual services and of NAT rules.

Virtual services and rules are converted to objects of the domain, and `_sharing.gateway` decides. A manager passes the
list that it has; the other list is read only when it is needed, that is, before a write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
    APP_PORT_PROFILE,
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
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.peers import Peers

FORBIDDEN = 403
Result = Mapping[str, Any]


def check_service(
    api: Api, gateway: Body, planned: Result, before: Result | None, others: Peers
) -> tuple[list[Objection], list[str]]:
    """The objections to a planned virtual service, and warnings of what could not be checked.

    ``planned`` and ``before`` are results of the modules, ``others`` the virtual services of the edge gateway.
    """

    def read() -> _Claims:
        rules, warnings = _list(list_rules, "NAT rules", "/nat/rules", api, gateway)
        return others.followed_by(_Claims(_service_of, map(_rule_of, rules), warnings))

    return _ask(api, _service(planned), _service(before) if before else None, others.kept("claims", read))


def check_rule(
    api: Api, gateway: Body, planned: Result, before: Result | None, others: Peers
) -> tuple[list[Objection], list[str]]:
    """The objections to a planned NAT rule, and warnings of what could not be checked.

    ``planned`` and ``before`` are results of the modules, ``others`` the rules of the edge gateway.
    """

    def read() -> _Claims:
        services, warnings = _list(list_summaries, "virtual services", "/loadBalancer", api, gateway)
        return others.followed_by(_Claims(_rule_of, map(_service_of, services), warnings))

    return _ask(api, _rule(planned), _rule(before) if before else None, others.kept("claims", read))


class _Claims:
    """Everything that may claim an address: the objects of the kind that a task changes, and those of the other."""

    def __init__(
        self,
        convert: Callable[[Body], VirtualService | NatRule],
        others: Iterable[VirtualService | NatRule],
        warnings: list[str],
    ) -> None:
        self.inventory = Inventory(others)
        self.warnings = warnings
        self._convert = convert
        self._own: dict[str, VirtualService | NatRule] = {}

    def put(self, urn: str, body: Body) -> None:
        """See `peers.Follower`."""
        self._own[urn] = self._convert(body)
        self.inventory.add(self._own[urn])

    def drop(self, urn: str) -> None:
        """See `peers.Follower`."""
        self.inventory.remove(self._own.pop(urn))


def _ask(
    api: Api, planned: VirtualService | NatRule, before: VirtualService | NatRule | None, claims: _Claims
) -> tuple[list[Objection], list[str]]:
    inventory = claims.inventory
    asked = [one for one in (planned, before) if one is not None]
    near = [item for one in asked for claim in inventory.claims_of(one) for item in inventory.near(claim)]
    if all(item.id == planned.id for item in near):
        return [], claims.warnings  # no other object is on its addresses, so no port has to be compared
    urns = {item.profile for item in [*asked, *near] if isinstance(item, NatRule) and item.profile}
    for urn in sorted(urns):
        if inventory.get(APP_PORT_PROFILE, urn) is None:
            inventory.put(_profile(api, urn))
    return objections(planned, before, inventory), claims.warnings


def _service(result: Result) -> VirtualService:
    return read_virtual_service(Reader(result, "virtual service"))


def _rule(result: Result) -> NatRule:
    """A rule that names its profile by URN, because a system and an organization profile may share a name."""
    profile = result.get("application_port_profile") or {}
    return replace(read_nat_rule(Reader(result, "NAT rule")), profile=str(profile.get("id") or ""))


def _service_of(row: Body) -> VirtualService:
    return _service(service_result(row))


def _rule_of(row: Body) -> NatRule:
    return _rule(rule_result(row))


def _profile(api: Api, urn: str) -> AppPortProfile:
    body = api.get(f"{PROFILES}/{urn}", f"application port profile {urn}")
    return replace(read_app_port_profile(Reader(profile_result(body), "application port profile")), name=urn)


def _list(read: Any, what: str, path: str, api: Api, gateway: Body) -> tuple[list[Body], list[str]]:
    """The objects of the other kind, or a warning that the user cannot see them."""
    try:
        return read(api, gateway), []
    except Refused as error:
        if error.status != FORBIDDEN:
            raise
    return [], [
        f"whether another object takes the traffic to the same address and port was not checked against the {what} "
        f"of edge gateway {gateway['name']!r}: the user probably lacks the right {missing_right('GET', path)!r}"
    ]


def refuse_or_warn(found: Iterable[Objection], option: str, value: Any, warnings: list[str]) -> None:
    """Raise the first refusal among the objections to an option's value; without one, add all to the warnings."""
    for one in found:
        message = f"{option}: {value!r}: {one.text}"
        if one.refuses:
            raise CollectionError(message, option=option, value=value)
        warnings.append(message)
