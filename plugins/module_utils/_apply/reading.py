# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Reads the load balancing objects of an edge gateway, with few requests, into an inventory to plan with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile import calls as profile_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    get_edge_gateway,
    get_gateway_of_network,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_group.calls import FORBIDDEN, PATH
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.gateway_inventory import (
    ip_set_of,
    nat_rule_of,
    pool_of,
    profile_of,
    virtual_service_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_set import calls as ip_set_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule import calls as rule_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool import calls as pool_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service import calls as service_calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    IP_SET,
    Object,
    Pool,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.readings import readings
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused

Key = tuple[str, str]


@dataclass(frozen=True)
class IpSetsToRead:
    """Which IP sets matter, by name. ``needed``: a service keeps its members in one."""

    matters: Callable[[str], bool]
    needed: bool = False


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
        """Add an object. Of several NAT rules with the same name, a change by name applies to the first."""
        self.inventory.add(item)
        self.ids.setdefault((kind_of(item), item.name), item.id)


def find_gateway(api: Api, params: Mapping[str, Any]) -> Body:
    """The edge gateway that the options name, or that routes the network that they name."""
    if params["network"]:
        return get_gateway_of_network(api, params["network"], params["vdc"])
    return get_edge_gateway(api, params["edge_gateway"], params["vdc"])


def ip_sets_of(request: Request) -> IpSetsToRead | None:
    """The IP sets with a name that a port of the services has or may have had. CPI's Services have none."""
    if request.cluster_id:
        return None
    own = {port.names.ip_set for service in request.services for port in service.ports}
    named = {service.name for service in request.services}

    def matters(name: str) -> bool:
        return name in own or any(one.service in named for one in readings(request.naming, IP_SET, name))

    return IpSetsToRead(matters, any(service.preserve_client_ip for service in request.services))


def read_gateway(
    api: Api, gateway: Body, whole_pools: Callable[[Body], bool], ip_sets: IpSetsToRead | None = None
) -> GatewayState:
    """Read the gateway: about one request for each 128 objects, and one for each pool whose members matter.

    ``whole_pools(summary)`` says whether they do: a list of pools does not contain their members and ports. ``ip_sets``
    says the same about IP sets; without it, none are read.
    """
    found = read_addresses(api, gateway)
    for row in pool_calls.list_summaries(api, gateway):
        found.add(_pool(api, row, whole_pools(row)))
    for row in profile_calls.list_profiles(api, gateway, "scope==TENANT"):
        found.add(profile_of(row))
    for body in _ip_sets(api, gateway, ip_sets) if ip_sets is not None else ():
        found.add(ip_set_of(body))
    return found


def _ip_sets(api: Api, gateway: Body, wanted: IpSetsToRead) -> Iterator[Body]:
    """The complete bodies of those that matter. A missing right to view them is an error only if one is needed."""
    try:
        rows = ip_set_calls.GROUPS.list_summaries(api, gateway)
    except Refused as error:
        if error.status != FORBIDDEN or wanted.needed:
            raise
        return
    for row in rows:
        if wanted.matters(str(row["name"])):
            yield api.get(f"{PATH}/{row['id']}", f"IP set {row['name']!r}")


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
