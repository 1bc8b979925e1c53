# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Reads and writes the HTTP policies of one run's services, limited to the kinds that their options name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.policy_options import (
    POLICY_OPTION,
    REDIRECT_OPTION,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import GatewayState
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy import calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy.resource import bodies_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy.rules import to_rule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    HTTP_PROFILES,
    VIRTUAL_SERVICE,
    HttpPolicy,
    Rules,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.judge import differing
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused

Kinds = Mapping[str, tuple[str, ...]]


def with_possible_policies(api: Api, request: Request, *, needed: bool = True) -> Request:
    """The request without what this API version cannot have. Raises CollectionError if an option needs it.

    ``needed`` False: the services are only read. An older version can have no redirect that would have to be removed.
    """
    if api.session.version >= calls.SINCE:
        return request
    for spec in (port.spec for service in request.services for port in service.ports):
        if needed and (spec.redirect_to or spec.rules):
            api.require(calls.SINCE, REDIRECT_OPTION if spec.redirect_to else POLICY_OPTION)
    return replace(request, services=tuple(map(_without_policies, request.services)))


def _without_policies(service: Service) -> Service:
    ports = [replace(port, spec=replace(port.spec, redirect_to=None, rules=())) for port in service.ports]
    return replace(service, ports=tuple(ports))


def kinds_of(request: Request) -> Kinds:
    """The kinds of rules that options name, by virtual service. Plans know of no others."""
    ports = [port for service in request.services for port in service.ports]
    return {port.names.virtual_service: port.spec.policy_kinds for port in ports if port.spec.policy_kinds}


def add_policies(api: Api, gateway: Body, kinds: Kinds, found: GatewayState) -> GatewayState:
    """Add the policies of these kinds: a request for each list of each virtual service.

    A virtual service that does not serve HTTP yet may still have old policies, or the request may be refused.
    """
    for name, asked in kinds.items():
        item: VirtualService | None = found.inventory.get(VIRTUAL_SERVICE, name)
        if item is None:
            continue
        service = {"id": item.id, "name": name}
        try:
            found.add(policy_of(name, {kind: calls.read(api, gateway, service, kind) for kind in asked}, item.id))
        except Refused:
            if item.profile in HTTP_PROFILES:
                raise
    return found


def policy_of(name: str, bodies: Mapping[str, list[Body]], urn: str = "") -> HttpPolicy:
    """The policies of a virtual service, from the bodies of their rules by kind."""
    lists = tuple((kind, _rules(kind, found)) for kind, found in bodies.items())
    return HttpPolicy(name, lists, urn, bodies)


def stored_policies(stored: Mapping[str, Mapping[str, Body]], kinds: Kinds) -> dict[str, HttpPolicy]:
    """A restore point's policies of these kinds, by virtual service. Raises InvalidInput for rules in another form."""
    return {name: _stored(name, stored[name], asked) for name, asked in kinds.items() if name in stored}


def _stored(name: str, bodies: Mapping[str, Body], asked: Iterable[str]) -> HttpPolicy:
    keys = {kind: calls.key_of(kind) for kind in asked}
    try:
        return policy_of(name, {kind: list((bodies.get(key) or {}).get("values") or []) for kind, key in keys.items()})
    except (AttributeError, TypeError):
        place = f"policies.{name}: {' or '.join(keys.values())}"
        raise InvalidInput(
            "restore_point", place, "its rules have another form: give it as a run has stored it"
        ) from None


def _rules(kind: str, bodies: list[Body]) -> Rules:
    return tuple(to_rule(kind, body) for body in bodies)


def write_rules(api: Api, gateway: Body, step: Step, urn: str) -> None:
    """Write the list of rules that a step changes. Raises CollectionError if something else has changed the list."""
    after, name = step.after, step.name
    if not isinstance(after, HttpPolicy):
        raise ValueError("a step without HTTP policies")
    before = step.before if isinstance(step.before, HttpPolicy) else after.emptied()
    service = {"id": urn, "name": name}
    for kind, rules in differing(after, before):
        present = calls.read(api, gateway, service, kind)
        if _rules(kind, present) != before.rules(kind):
            raise CollectionError(
                f"{calls.words(kind)} of virtual service {name!r}: something else changed them since the plan was "
                "made, so they were not touched: run again",
                changed=[step.kind, name],
            )
        known = [*present, *after.body.get(kind, ())]
        calls.replace_all(api, gateway, service, kind, present, bodies_of(kind, known, map(dict, rules)))
