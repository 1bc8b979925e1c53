# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The load balancing objects of one edge gateway: read in few requests, as a inventory to plan with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
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
    show_port,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.resource import (
    to_result as service_result,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import (
    AppPortProfile,
    Inventory,
    NatRule,
    Object,
    Pool,
    VirtualService,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body

Key = tuple[str, str]


@dataclass
class GatewayState:
    """What was read: the ``inventory`` to plan with, and each object's id and health (if known) by kind and name."""

    inventory: Inventory = field(default_factory=Inventory)
    ids: dict[Key, str] = field(default_factory=dict)
    groups: dict[str, Body] = field(default_factory=dict)
    health: dict[str, str] = field(default_factory=dict)
    duplicate_names: set[str] = field(default_factory=set)

    def add(self, item: Object, object_id: str) -> None:
        """Take an object in."""
        key = (kind_of(item), item.name)
        if key in self.ids:
            self.duplicate_names.add(item.name)
            return
        self.inventory.put(item)
        self.ids[key] = object_id

    def check_duplicate_names(self, names: Iterable[str]) -> None:
        """Raise CollectionError when a name of ours is there twice: names of NAT rules are not unique."""
        found = sorted(self.duplicate_names & set(names))
        if found:
            raise CollectionError(
                f"there are several NAT rules named {found[0]!r}, and nobody can tell which one is meant: delete all "
                "but one (vcd_nat_rule, by id)"
            )


def find_gateway(api: Api, params: Mapping[str, Any]) -> Body:
    """The edge gateway that the options name, or that routes the network that they name."""
    if params["network"]:
        return get_gateway_of_network(api, params["network"], params["vdc"])
    return get_edge_gateway(api, params["edge_gateway"], params["vdc"])


def observe(api: Api, gateway: Body, whole_pools: Callable[[str], bool]) -> GatewayState:
    """Read the gateway: about one request for each 128 objects. ``whole_pools(name)``: whether members matter."""
    found = observe_addresses(api, gateway)
    for row in pool_calls.list_summaries(api, gateway):
        name = str(row["name"])
        found.add(_whole_pool(api, row) if whole_pools(name) else Pool(name), str(row["id"]))
    for row in profile_calls.list_profiles(api, gateway, "scope==TENANT"):
        result = profile_result(row)
        found.add(_profile(result), str(result["id"]))
    return found


def observe_addresses(api: Api, gateway: Body) -> GatewayState:
    """Read only what holds addresses: virtual services and DNAT rules."""
    found = GatewayState()
    for row in service_calls.list_summaries(api, gateway):
        result = service_result(row)
        found.add(virtual_service_of(result), str(result["id"]))
        found.groups[str(result["name"])] = result["service_engine_group"] or {}
        found.health[str(result["name"])] = str(result["health_status"])
    for row in rule_calls.list_rules(api, gateway):
        result = rule_result(row)
        if result["type"] == "DNAT":
            found.add(_nat_rule(result), str(result["id"]))
    return found


def virtual_service_of(result: Mapping[str, Any]) -> VirtualService:
    """A virtual service as a plan sees it, from what the modules return."""
    return VirtualService(
        name=str(result["name"]),
        pool=(result["pool"] or {}).get("name") or "",
        address=result["virtual_ip_address"] or "",
        ports=tuple(show_port(port) for port in result["service_ports"]),
        profile=str(result["application_profile"]),
        certificate=(result["certificate"] or {}).get("name") or "",
    )


def _whole_pool(api: Api, row: Body) -> Pool:
    result = pool_result(api.get(f"{pool_calls.PATH}/{row['id']}", f"pool {row['name']!r}"))
    usual = all(member["ratio"] == 1 and member["enabled"] for member in result["members"])
    ports = {member["port"] for member in result["members"]} or {result["default_port"]}
    return Pool(
        name=str(result["name"]),
        port=result["default_port"] if ports == {result["default_port"]} else 0,
        members=tuple(sorted(str(member["ip_address"]) for member in result["members"])) if usual else ("",),
        monitors=tuple(result["health_monitors"]),
    )


def _nat_rule(result: Mapping[str, Any]) -> NatRule:
    return NatRule(
        name=str(result["name"]),
        external=result["external_addresses"] or "",
        internal=result["internal_addresses"] or "",
        port=result["dnat_external_port"] or "",
        profile=(result["application_port_profile"] or {}).get("name") or "",
    )


def _profile(result: Mapping[str, Any]) -> AppPortProfile:
    ports = [text for port in result["application_ports"] for text in _tcp(port)]
    return AppPortProfile(str(result["name"]), tuple(ports))


def _tcp(port: Mapping[str, Any]) -> Iterator[str]:
    """Ports as texts; another protocol is told, so that it differs from what is wanted."""
    for number in port["destination_ports"]:
        yield number if port["protocol"] == "TCP" else f"{port['protocol']} {number}"
