# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Edge gateways with everything that belongs to them, as vcd_edge_gateway_info returns them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.calls import list_profiles
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.resource import (
    to_result as profile,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway import calls, resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall.calls import rules_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.calls import list_rules
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.resource import to_result as nat_rule
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool import calls as pool_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.resource import to_result as pool
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.calls import list_summaries
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.resource import (
    to_result as virtual_service,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused, missing_right

FORBIDDEN = 403
# The values in place of parts that the user may not view
_UNREAD: Mapping[str, Any] = {"load_balancer": {"enabled": False}, "firewall_rules": None}


def unhealthy_pools(api: Api, gateway: Body) -> list[dict[str, Any]]:
    """The complete pools that are not UP. A list contains neither members nor ports, which may be the reason."""
    return whole_pools(api, [row for row in pool_calls.list_summaries(api, gateway) if row.get("healthStatus") != "UP"])


def whole_pools(api: Api, summaries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """These pools with their members: one request for each."""
    return [pool(api.get(f"{pool_calls.PATH}/{row['id']}", f"pool {row['name']!r}")) for row in summaries]


GATHER: dict[str, Callable[[Api, Body], Any]] = {
    "used_ip_addresses": lambda api, edge: resource.used_ip_addresses(calls.used_addresses_of(api, edge)),
    "networks": lambda api, edge: resource.networks(calls.networks_of(api, edge)),
    "load_balancer": lambda api, edge: resource.load_balancer(calls.load_balancer_of(api, edge)),
    "service_engine_groups": lambda api, edge: resource.service_engine_groups(calls.assignments_of(api, edge)),
    "virtual_services": lambda api, edge: [virtual_service(row) for row in list_summaries(api, edge)],
    "pools": lambda api, edge: resource.pools(pool_calls.list_summaries(api, edge)),
    "unhealthy_pools": unhealthy_pools,
    "nat_rules": lambda api, edge: [nat_rule(row) for row in list_rules(api, edge)],
    "application_port_profiles": lambda api, edge: [profile(row) for row in list_profiles(api, edge, "scope==TENANT")],
    "firewall_rules": rules_of,
}


def find_gateways(
    api: Api,
    edge_gateway: str | None,
    network: str | None,
    vdc: str | None,
    *,
    parts: Iterable[str] = (),
    vdc_of_network: str = "",
) -> list[Body]:
    """The requested edge gateways: the one that routes ``network``, or else those by name or URN (all when None).

    ``vdc_of_network``: accept only a network in this VDC or in none, as CPI does with ``vcd.vdc`` of its file.
    """
    if network:
        from_all = "networks" in parts
        return [calls.get_gateway_of_network(api, network, vdc, from_all=from_all, vdc_of_network=vdc_of_network)]
    return calls.find_edge_gateways(api, edge_gateway, vdc)


def facts_of(api: Api, gateway: Body, parts: Iterable[str]) -> dict[str, Any]:
    """One edge gateway with the ``parts`` of GATHER."""
    return {**resource.to_result(gateway), **{part: GATHER[part](api, gateway) for part in parts}}


def facts_as_allowed(api: Api, gateway: Body, parts: Iterable[str]) -> dict[str, Any]:
    """The same, as far as the user may view it: ``unread`` names the missing right for each part left empty."""
    found, unread = {}, {}
    for part in parts:
        found[part], right = as_allowed(partial(GATHER[part], api, gateway), _UNREAD.get(part, []))
        if right or found[part] is None:
            unread[part] = right or missing_right("GET", f"{gateway['id']}/firewall/rules")
    return {**resource.to_result(gateway), **found, "unread": unread}


def as_allowed(read: Callable[[], Any], instead: Any) -> tuple[Any, str]:
    """What ``read`` returns, or ``instead`` together with the right that the user lacks."""
    try:
        return read(), ""
    except Refused as error:
        if error.status != FORBIDDEN:
            raise
        return instead, missing_right("GET", str(error.details["path"]))
