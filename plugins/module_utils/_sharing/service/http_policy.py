# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The HTTP policies that the virtual services of a service should have. Pure.

A list of rules that an option gives is the complete list. The redirect to HTTPS is one rule, recognised by its name: it
comes first, so that no other rule answers before it, and is removed when it is no longer wanted. Everything else stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    HTTP_POLICY,
    HTTP_PROFILES,
    SECURITY_RULES,
    HttpPolicy,
    Rules,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedPort, WantedService

REDIRECT_NAME = "vcd_shared_ip-redirect-to-https"
_ALL_OF_HTTP: tuple[dict[str, str], ...] = ({}, {"protocol_type": "HTTP"})
Policies = Mapping[str, HttpPolicy]


def with_http_policies(wanted: WantedService, inventory: Inventory, stored: Policies) -> WantedService:
    """The same goal with the HTTP policies of each port for which an option asks.

    ``stored`` are a restore point's policies by virtual service, because a killed run may have lost them.
    """
    return replace(wanted, ports=tuple(_port(port, inventory, stored) for port in wanted.ports))


def _port(port: WantedPort, inventory: Inventory, stored: Policies) -> WantedPort:
    service, kinds = port.virtual_service, port.port.spec.policy_kinds
    if service is None or service.profile not in HTTP_PROFILES or not kinds:
        return port
    nothing = HttpPolicy(service.name)
    present: HttpPolicy = inventory.get(HTTP_POLICY, service.name) or nothing
    old = stored.get(service.name, nothing)
    lists = tuple((kind, _rules(port, kind, present, old)) for kind in kinds)
    bodies = {kind: [*present.body.get(kind, ()), *old.body.get(kind, ())] for kind in kinds}
    return replace(port, http_policy=HttpPolicy(service.name, lists, present.id, bodies))


def _rules(port: WantedPort, kind: str, present: HttpPolicy, old: HttpPolicy) -> Rules:
    spec = port.port.spec
    given = dict(spec.rules).get(kind)
    if kind != SECURITY_RULES or spec.redirect_to is None:
        return given or ()
    if given is None:
        given = without_redirect(present.rules(kind)) or without_redirect(old.rules(kind))
    return with_redirect(given, spec.redirect_to)


def without_redirect(rules: Rules) -> Rules:
    """The rules of an operator."""
    return tuple(rule for rule in rules if rule["name"] != REDIRECT_NAME)


def with_redirect(rules: Rules, port: int) -> Rules:
    """The rules of an operator, preceded by the redirect to a port unless one of them already does that.

    ``port`` 0: without it.
    """
    if not port or any(_redirects(rule, port) for rule in rules):
        return rules
    return (redirect(port), *rules)


def redirect(port: int) -> dict[str, Any]:
    """The rule that redirects all HTTP requests to an HTTPS port."""
    return {
        "name": REDIRECT_NAME,
        "active": True,
        "logging": False,
        "match_criteria": {"protocol_type": "HTTP"},
        "actions": {"redirect_to_https": port},
    }


def _redirects(rule: Mapping[str, Any], port: int) -> bool:
    same = rule["actions"] == {"redirect_to_https": port} and rule["match_criteria"] in _ALL_OF_HTTP
    return bool(rule["active"]) and same
