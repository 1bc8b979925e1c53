# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Reads the load balancing objects of an edge gateway in few requests, as an inventory to plan with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile import calls as profile_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    get_edge_gateway,
    get_gateway_of_network,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.gateway_inventory import (
    nat_rule_of,
    pool_of,
    profile_of,
    virtual_service_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule import calls as rule_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool import calls as pool_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service import calls as service_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import Object, Pool, kind_of
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
        found.add(profile_of(row))
    return found


def read_addresses(api: Api, gateway: Body) -> GatewayState:
    """Read only what holds addresses: virtual services and NAT rules."""
    found = GatewayState()
    for row in service_calls.list_summaries(api, gateway):
        found.add(virtual_service_of(row))
        found.groups[str(row["name"])] = row.get("serviceEngineGroupRef") or {}
    for row in rule_calls.list_rules(api, gateway):
        found.add(nat_rule_of(row))
    return found


def _pool(api: Api, row: Body, whole: bool) -> Pool:
    if not whole:
        return Pool(str(row["name"]), enabled=row.get("enabled") is not False, id=str(row["id"]))
    body = api.get(f"{pool_calls.PATH}/{row['id']}", f"pool {row['name']!r}")
    return pool_of(body)
