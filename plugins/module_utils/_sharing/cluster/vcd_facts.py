# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What Cloud Director holds, read from the result of vcd_edge_gateway_info."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    AddressRange,
    Network,
    network_of,
    parse_addresses,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader, decimal
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.allotment import Allotment
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import Object
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.results import (
    read_app_port_profile,
    read_nat_rule,
    read_pool,
    read_virtual_service,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses

NSXT_BACKED = "NSXT_BACKED"


@dataclass(frozen=True)
class ApiVersions:
    """The server's API: the negotiated version, all versions that it lists, and the product release they belong to."""

    version: str
    versions: tuple[str, ...]
    release: str

    @property
    def newest(self) -> tuple[int, int]:
        """The highest version that the server lists (pre-releases left out)."""
        numbers = [_numbers(text) for text in (*self.versions, self.version)]
        return max((number for number in numbers if number), default=(0, 0))


@dataclass(frozen=True)
class Uplink:
    """An uplink of an edge gateway: its subnets, the ranges that are allocated to the gateway, and its primary IPs."""

    name: str
    using_ip_space: bool
    networks: tuple[Network, ...]
    ranges: tuple[AddressRange, ...]
    primaries: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServiceEngineGroup:
    """A service engine group assigned to the gateway; ``maximum`` is None for a dedicated one."""

    name: str
    maximum: int | None
    deployed: int

    @property
    def has_room(self) -> bool:
        """Whether CPI would put a virtual service there: it compares deployed with the maximum."""
        return self.maximum is not None and self.deployed < self.maximum


@dataclass(frozen=True)
class FirewallGroup:
    """A source or destination of a firewall rule; ``addresses`` is None for a group that the user may not view."""

    name: str
    addresses: tuple[str, ...] | None


TELL_FIREWALL, MANAGE_FIREWALL, TAKE_BACK = "tell", "manage", "take back"


def own_rule_marker(cluster_id: str) -> str:
    """The description of the firewall rules that a run makes for a cluster, and of the objects that they name."""
    return f"Kept by the role vcd.kubernetes.shared_ip for the cluster {cluster_id}"


@dataclass(frozen=True)
class FirewallSource:
    """A source of a firewall rule: a group or, without ``id``, addresses that the rule lists itself."""

    id: str
    name: str


@dataclass(frozen=True)
class FirewallRule:
    """A firewall rule. Empty ``destinations`` mean any destination.

    ``ports`` are the TCP ports of its application port profiles, ranges as text: empty for any port, None when they
    are not known.
    """

    name: str
    action: str
    enabled: bool
    inbound: bool
    ipv4: bool
    any_source: bool
    destinations: tuple[FirewallGroup, ...]
    ports: tuple[str, ...] | None
    default: bool
    id: str = ""
    description: str = ""
    sources: tuple[FirewallSource, ...] = ()


@dataclass(frozen=True)
class EdgeGateway:
    """One edge gateway with everything that the checks need.

    ``owner`` is a VDC or, ``in_vdc_group``, a VDC group. ``feature_set`` is STANDARD, PREMIUM, or empty where Cloud
    Director does not report it. ``inventory`` holds its load balancing objects. ``firewall_rules`` is None when they
    were not gathered, or when the user may not view them.
    """

    id: str
    name: str
    owner: str
    backing: str
    load_balancer: bool
    service_networks: tuple[Network, ...]
    uplinks: tuple[Uplink, ...]
    groups: tuple[ServiceEngineGroup, ...]
    networks: tuple[tuple[str, Network], ...]
    used_addresses: tuple[str, ...]
    inventory: Inventory
    firewall_rules: tuple[FirewallRule, ...] | None = None
    in_vdc_group: bool = False
    network_names: tuple[str, ...] = ()
    feature_set: str = ""

    @property
    def uses_ip_spaces(self) -> bool:
        """Whether external addresses come from IP Spaces instead of blocks."""
        return any(uplink.using_ip_space for uplink in self.uplinks)

    def addresses(self, internal: Iterable[AddressRange]) -> EdgeAddresses:
        """Which of its addresses are external. ``internal`` are the one-arm ranges that are known."""
        networks = tuple(network for uplink in self.uplinks for network in uplink.networks)
        return EdgeAddresses(networks, self.uses_ip_spaces, tuple(internal))

    def allotment(self, internal: Iterable[AddressRange]) -> Allotment:
        """Which addresses it may use. ``internal`` as in `addresses`; allocations in IP Spaces are not known here."""
        blocks = [uplink for uplink in self.uplinks if not uplink.using_ip_space]
        return Allotment(
            name=self.name,
            subnets=tuple(network for uplink in blocks for network in uplink.networks),
            ranges=tuple(one for uplink in blocks for one in uplink.ranges),
            primaries=tuple(one for uplink in blocks for one in uplink.primaries),
            uses_ip_spaces=self.uses_ip_spaces,
            internal=(*internal, *(network for _name, network in self.networks)),
        )


@dataclass(frozen=True)
class Vcd:
    """Everything that was read from Cloud Director. ``others``: names to suggest if no edge gateway was found."""

    api: ApiVersions
    edges: tuple[EdgeGateway, ...]
    others: tuple[str, ...] = ()


def read_vcd(result: Any) -> Vcd | None:
    """Read the result of vcd_edge_gateway_info; None when its task was skipped.

    Raises InvalidInput for any other value.
    """
    reader = Reader(result, "vcd_edge_gateway_info")
    if reader.value.get("skipped"):
        return None
    api = reader.mapping("api")
    return Vcd(
        ApiVersions(api.text("version"), api.texts("versions"), api.text("release", "")),
        tuple(_edge(edge) for edge in reader.mappings("edge_gateways")),
        reader.texts("other_edge_gateways") if reader.has("other_edge_gateways") else (),
    )


def _edge(edge: Reader) -> EdgeGateway:
    balancer = edge.mapping("load_balancer")
    services = [balancer.text(key, "") for key in ("service_network", "ipv6_service_network")]
    return EdgeGateway(
        id=edge.text("id"),
        name=edge.text("name"),
        owner=edge.mapping("owner").text("name", "") if edge.has("owner") else "",
        backing=edge.text("backing_type", ""),
        load_balancer=balancer.flag("enabled"),
        service_networks=tuple(network for network in map(network_of, services) if network),
        uplinks=tuple(_uplink(uplink) for uplink in edge.mappings("uplinks")),
        groups=tuple(_group(group) for group in edge.mappings("service_engine_groups")),
        networks=tuple(_networks(edge)),
        used_addresses=tuple(item.text("address") for item in edge.mappings("used_ip_addresses")),
        inventory=Inventory(_objects(edge)),
        firewall_rules=(
            tuple(_firewall_rule(item) for item in edge.mappings("firewall_rules"))
            if edge.has("firewall_rules")
            else None
        ),
        in_vdc_group=edge.has("owner") and ":vdcGroup:" in edge.mapping("owner").text("id", ""),
        network_names=tuple(network.text("name", "") for network in edge.mappings("networks")),
        feature_set=balancer.text("feature_set", ""),
    )


def _objects(edge: Reader) -> Iterator[Object]:
    """The load balancing objects. Members and ports are known only for pools that were read in full."""
    yield from map(read_virtual_service, edge.mappings("virtual_services"))
    yield from map(read_nat_rule, edge.mappings("nat_rules"))
    yield from map(read_app_port_profile, edge.mappings("application_port_profiles"))
    read = [pool for key in ("unhealthy_pools", "healthy_pools") if edge.has(key) for pool in edge.mappings(key)]
    whole = {pool.text("name"): pool for pool in read}
    for pool in edge.mappings("pools"):
        yield read_pool(whole.get(pool.text("name"), pool))


def _uplink(uplink: Reader) -> Uplink:
    networks: list[Network] = []
    ranges: list[AddressRange] = []
    subnets = list(uplink.mappings("subnets"))
    for subnet in subnets:
        network = network_of(f"{subnet.text('gateway')}/{subnet.number('prefix_length')}")
        networks += [network] if network else []
        for item in subnet.mappings("ip_ranges"):
            found = parse_addresses(f"{item.text('start')}-{item.text('end')}")
            ranges += [found] if found and found.version == 4 else []
    spaces = bool(uplink.value.get("using_ip_space"))
    primaries = tuple(found for found in (subnet.text("primary_ip", "") for subnet in subnets) if found)
    return Uplink(uplink.text("name", ""), spaces, tuple(networks), tuple(ranges), primaries)


def _networks(edge: Reader) -> list[tuple[str, Network]]:
    found = []
    for item in edge.mappings("networks"):
        for text in item.texts("subnets"):
            network = network_of(text)
            if network:
                found.append((item.text("name"), network))
    return found


def _group(group: Reader) -> ServiceEngineGroup:
    maximum = group.number_or_none("max_virtual_services")
    return ServiceEngineGroup(group.text("name"), maximum, group.number_or_none("deployed_virtual_services") or 0)


def _firewall_rule(item: Reader) -> FirewallRule:
    return FirewallRule(
        name=item.text("name", ""),
        action=item.text("action", ""),
        enabled=item.flag("enabled"),
        inbound=item.text("direction", "IN_OUT") != "OUT",
        ipv4=item.text("ip_protocol", "IPV4_IPV6") != "IPV6",
        any_source=not list(item.mappings("sources")),
        destinations=tuple(_firewall_group(group) for group in item.mappings("destinations")),
        ports=_tcp_ports(item),
        default=item.flag("default"),
        id=item.text("id", ""),
        description=item.text("description", ""),
        sources=tuple(FirewallSource(one.text("id", ""), one.text("name", "")) for one in item.mappings("sources")),
    )


def _firewall_group(group: Reader) -> FirewallGroup:
    return FirewallGroup(group.text("name", ""), group.texts("addresses") if group.has("addresses") else None)


def _tcp_ports(rule: Reader) -> tuple[str, ...] | None:
    """The TCP ports of a rule's profiles. A profile without TCP ports yields port 0, which matches no traffic."""
    services = list(rule.mappings("services"))
    if not all(service.has("ports") for service in services):
        return None
    entries = [port for service in services for port in service.mappings("ports")]
    found = [
        text
        for port in entries
        if port.text("protocol", "") == "TCP"
        for text in port.texts("destination_ports") or ("0-65535",)
    ]
    return tuple(found or (["0"] if services else []))


def _numbers(text: str) -> tuple[int, int] | None:
    major, _dot, minor = text.partition(".")
    first, second = decimal(major), decimal(minor)
    return None if first is None or second is None else (first, second)
