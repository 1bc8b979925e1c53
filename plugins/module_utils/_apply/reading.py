# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Reads the load balancing objects of an edge gateway in few requests, as an inventory to plan with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile import calls as profile_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.resource import (
    to_result as profile_result,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    get_edge_gateway,
    get_gateway_of_network,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule import calls as rule_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.resource import (
    to_result as rule_result,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool import calls as pool_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.resource import to_result as pool_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service import calls as service_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.resource import (
    to_result as service_result,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
    AppPortProfile,
    NatRule,
    Object,
    Pool,
    VirtualService,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.results import (
    read_app_port_profile,
    read_nat_rule,
    read_pool,
    read_virtual_service,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body

Key = tuple[str, str]


@dataclass
class GatewayState:
    """What was read: the ``inventory`` to plan with, and each object's id by kind and name.

    ``groups`` are the service engine groups of virtual services by name, and ``health`` is their health.
    """

    inventory: Inventory = field(default_factory=Inventory)
    ids: dict[Key, str] = field(default_factory=dict)
    groups: dict[str, Body] = field(default_factory=dict)

    @property
    def health(self) -> dict[str, str]:
        """The health of each virtual service by name."""
        return self.inventory.health()

    def add(self, item: Object) -> None:
        """Add an object. Of several NAT rules with one name, a change by name applies to the first."""
        self.inventory.add(item)
        self.ids.setdefault((kind_of(item), item.name), item.id)


def find_gateway(api: Api, params: Mapping[str, Any]) -> Body:
    """The edge gateway that the options name, or that routes the network that they name."""
    if params["network"]:
        return get_gateway_of_network(api, params["network"], params["vdc"])
    return get_edge_gateway(api, params["edge_gateway"], params["vdc"])


def read_gateway(api: Api, gateway: Body, whole_pools: Callable[[Body], bool]) -> GatewayState:
    """Read the gateway: about one request for each 128 objects, and one for each pool whose members matter.

    ``whole_pools(summary)`` says whether they do: a list of pools does not contain their members and ports.
    """
    found = read_addresses(api, gateway)
    for row in pool_calls.list_summaries(api, gateway):
        found.add(_pool(api, row, whole_pools(row)))
    for row in profile_calls.list_profiles(api, gateway, "scope==TENANT"):
        found.add(_profile_of(row))
    return found


def read_addresses(api: Api, gateway: Body) -> GatewayState:
    """Read only what holds addresses: virtual services and NAT rules."""
    found = GatewayState()
    for row in service_calls.list_summaries(api, gateway):
        found.add(virtual_service_of(row))
        found.groups[str(row["name"])] = row.get("serviceEngineGroupRef") or {}
    for row in rule_calls.list_rules(api, gateway):
        found.add(_nat_rule_of(row))
    return found


def object_of(kind: str, body: Body) -> Object:
    """An object as the domain sees it, from its whole body."""
    return _OBJECT_OF[kind](body)


def _pool_of(body: Body) -> Pool:
    return read_pool(Reader(pool_result(body), "pool"), body)


def _nat_rule_of(body: Body) -> NatRule:
    return read_nat_rule(Reader(rule_result(body), "NAT rule"), body)


def _profile_of(body: Body) -> AppPortProfile:
    return read_app_port_profile(Reader(profile_result(body), "application port profile"), body)


def virtual_service_of(body: Body) -> VirtualService:
    """A virtual service as the domain sees it, from a body of the API."""
    return read_virtual_service(Reader(service_result(body), "virtual service"), body)


def _pool(api: Api, row: Body, whole: bool) -> Pool:
    if not whole:
        return Pool(str(row["name"]), enabled=row.get("enabled") is not False, id=str(row["id"]))
    body = api.get(f"{pool_calls.PATH}/{row['id']}", f"pool {row['name']!r}")
    return _pool_of(body)


_OBJECT_OF: Mapping[str, Callable[[Body], Object]] = {
    VIRTUAL_SERVICE: virtual_service_of,
    POOL: _pool_of,
    NAT_RULE: _nat_rule_of,
    APP_PORT_PROFILE: _profile_of,
}
