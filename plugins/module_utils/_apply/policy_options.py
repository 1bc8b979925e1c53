# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The options that define the HTTP policies of a service's ports. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy.resource import (
    KINDS,
    rules_of_options,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    HTTP_PROFILES,
    SECURITY_RULES,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.http_policy import REDIRECT_NAME
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import (
    HTTP,
    HTTPS,
    PortSpec,
    Service,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks

REDIRECT, HTTPS_PORT, POLICY = "redirect_to_https", "https_port", "http_policy"
REDIRECT_OPTION, POLICY_OPTION = f"services.ports.{REDIRECT}", f"services.ports.{POLICY}"


def with_policies(
    ports: Sequence[PortSpec], service: Mapping[str, Any], *, managed_by_cpi: bool
) -> tuple[PortSpec, ...]:
    """The ports of a service, each with what its options say about HTTP policies. Raises InvalidInput."""
    pairs = zip(ports, service["ports"], strict=True)
    return tuple(_with_policies(port, given, ports, str(service["name"]), managed_by_cpi) for port, given in pairs)


def with_shown_policies(service: Service, given: Mapping[str, Any]) -> Service:
    """The same service, for which the lists that these options name are to be read."""
    ports = tuple(
        replace(port, spec=replace(port.spec, rules=_named(one)))
        for port, one in zip(service.ports, given["ports"], strict=True)
    )
    return replace(service, ports=ports)


def _named(given: Mapping[str, Any]) -> tuple[tuple[str, tuple[()]], ...]:
    policy = given.get(POLICY) or {}
    asked = {kind for kind in KINDS if policy.get(kind) is not None}
    asked |= {SECURITY_RULES} if given.get(REDIRECT) is not None else set()
    return tuple((kind, ()) for kind in sorted(asked))


def _with_policies(
    port: PortSpec, given: Mapping[str, Any], ports: Sequence[PortSpec], service: str, managed_by_cpi: bool
) -> PortSpec:
    redirects = given.get(REDIRECT)
    rules = rules_of_options(given.get(POLICY) or {}, f"{POLICY_OPTION}.")
    where = f"port {port.port} of service {service!r}"
    asked = {REDIRECT_OPTION: redirects or None, POLICY_OPTION: ", ".join(rules) or None}
    for option, value in asked.items():
        if value is not None and managed_by_cpi:
            remedy = f"CPI makes the virtual service of {where}: use vcd_http_policy, or name_template outside CPI"
            raise InvalidInput(option, value, remedy)
    if redirects and port.protocol != HTTP:
        raise InvalidInput(REDIRECT_OPTION, True, f"{where} is not HTTP: give it app_protocol http, or omit the option")
    if rules and port.protocol not in HTTP_PROFILES:
        remedy = f"{where} is neither HTTP nor HTTPS: give it app_protocol http or https, or omit the option"
        raise InvalidInput(POLICY_OPTION, asked[POLICY_OPTION], remedy)
    if any(rule["name"] == REDIRECT_NAME for rule in rules.get(SECURITY_RULES, ())):
        remedy = f"is the name of the rule of redirect_to_https: give the rule of {where} another, or use that option"
        raise InvalidInput(f"{POLICY_OPTION}.{SECURITY_RULES}.name", REDIRECT_NAME, remedy)
    target = _https_port(port, given, ports, where) if redirects else None
    if redirects is False and port.protocol in HTTP_PROFILES and not managed_by_cpi:
        target = 0
    return replace(port, redirect_to=target, rules=tuple((kind, tuple(one)) for kind, one in rules.items()))


def _https_port(port: PortSpec, given: Mapping[str, Any], ports: Sequence[PortSpec], where: str) -> int:
    """Where a redirect leads: to the given port, or else to the service's only HTTPS port. Raises InvalidInput."""
    option, number = f"services.ports.{HTTPS_PORT}", given.get(HTTPS_PORT)
    if number is None:
        secured = [one.port for one in ports if one.protocol == HTTPS]
        if len(secured) == 1:
            return secured[0]
        has = " and ".join(map(str, secured)) or "none"
        remedy = f"{where} redirects to the one HTTPS port of its service, which has {has}: give the port"
        raise InvalidInput(option, None, remedy)
    if number == port.port:
        raise InvalidInput(option, number, f"{where} would redirect to itself: give the port of HTTPS")
    return checks.port(option, number)
