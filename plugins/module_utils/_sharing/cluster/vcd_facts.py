# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What Cloud Director holds, read from the result of vcd_edge_gateway_info."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    AddressRange,
    Network,
    network_of,
    parse_addresses,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader

NSXT_BACKED = "NSXT_BACKED"
Item = TypeVar("Item")


@dataclass(frozen=True)
class ApiVersions:
    """The server's API: the negotiated version, all that it lists, and the product release that they mean."""

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
    """An uplink of an edge gateway: its subnets and the ranges that are allocated to the gateway."""

    name: str
    using_ip_space: bool
    networks: tuple[Network, ...]
    ranges: tuple[AddressRange, ...]


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
class VirtualService:
    """A virtual service: its name is what CPI finds it by."""

    name: str
    address: str
    pool: str
    ports: tuple[int, ...]
    group: str


@dataclass(frozen=True)
class NatRule:
    """A NAT rule; ``external_port`` is empty for "any"."""

    name: str
    kind: str
    external: str
    internal: str
    external_port: str


@dataclass(frozen=True)
class Pool:
    """A pool, with the names of the virtual services that use it."""

    name: str
    virtual_services: tuple[str, ...]


@dataclass(frozen=True)
class AppPortProfile:
    """An application port profile of the organization; ``ports`` are the destination ports, ranges as text."""

    name: str
    ports: tuple[str, ...]


@dataclass(frozen=True)
class FirewallGroup:
    """What a firewall rule names as an end; ``addresses`` is None for a group that the user may not view."""

    name: str
    addresses: tuple[str, ...] | None


@dataclass(frozen=True)
class FirewallRule:
    """A firewall rule. Ends that are empty stand for any.

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


@dataclass(frozen=True)
class EdgeGateway:
    """One edge gateway with everything that the checks look at.

    The last three are None when they were not gathered, the firewall's rules also when the user may not view them.
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
    virtual_services: tuple[VirtualService, ...]
    nat_rules: tuple[NatRule, ...]
    pools: tuple[Pool, ...] | None = None
    profiles: tuple[AppPortProfile, ...] | None = None
    firewall_rules: tuple[FirewallRule, ...] | None = None

    @property
    def uses_ip_spaces(self) -> bool:
        """Whether external addresses come from IP Spaces instead of blocks."""
        return any(uplink.using_ip_space for uplink in self.uplinks)

    def on_uplink(self, address: str) -> bool:
        """Whether an address lies in a subnet of an uplink."""
        return any(address in network for uplink in self.uplinks for network in uplink.networks)


@dataclass(frozen=True)
class Vcd:
    """Everything that was read from Cloud Director."""

    api: ApiVersions
    edges: tuple[EdgeGateway, ...]


def read_vcd(result: Any) -> Vcd | None:
    """Read the result of vcd_edge_gateway_info; None when its task was skipped, InvalidInput when it is not one."""
    reader = Reader(result, "vcd_edge_gateway_info")
    if reader.value.get("skipped"):
        return None
    api = reader.mapping("api")
    return Vcd(
        ApiVersions(api.text("version"), api.texts("versions"), api.text("release", "")),
        tuple(_edge(edge) for edge in reader.mappings("edge_gateways")),
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
        virtual_services=tuple(_virtual_service(item) for item in edge.mappings("virtual_services")),
        nat_rules=tuple(_nat_rule(item) for item in edge.mappings("nat_rules")),
        pools=_optional(edge, "pools", _pool),
        profiles=_optional(edge, "application_port_profiles", _profile),
        firewall_rules=_optional(edge, "firewall_rules", _firewall_rule),
    )


def _optional(edge: Reader, key: str, read: Callable[[Reader], Item]) -> tuple[Item, ...] | None:
    return tuple(read(item) for item in edge.mappings(key)) if edge.has(key) else None


def _uplink(uplink: Reader) -> Uplink:
    networks: list[Network] = []
    ranges: list[AddressRange] = []
    for subnet in uplink.mappings("subnets"):
        network = network_of(f"{subnet.text('gateway')}/{subnet.number('prefix_length')}")
        networks += [network] if network else []
        for item in subnet.mappings("ip_ranges"):
            found = parse_addresses(f"{item.text('start')}-{item.text('end')}")
            ranges += [found] if found and found.version == 4 else []
    spaces = bool(uplink.value.get("using_ip_space"))
    return Uplink(uplink.text("name", ""), spaces, tuple(networks), tuple(ranges))


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


def _virtual_service(item: Reader) -> VirtualService:
    pool, group = item.mapping_or_none("pool"), item.mapping_or_none("service_engine_group")
    return VirtualService(
        name=item.text("name"),
        address=item.text("virtual_ip_address", ""),
        pool=pool.text("name", "") if pool else "",
        ports=tuple(port.number("start") for port in item.mappings("service_ports")),
        group=group.text("name", "") if group else "",
    )


def _nat_rule(item: Reader) -> NatRule:
    port = item.value.get("dnat_external_port")
    return NatRule(
        name=item.text("name"),
        kind=item.text("type", ""),
        external=item.text("external_addresses", ""),
        internal=item.text("internal_addresses", ""),
        external_port="" if port is None else str(port),
    )


def _pool(item: Reader) -> Pool:
    return Pool(item.text("name"), tuple(user.text("name", "") for user in item.mappings("virtual_services")))


def _profile(item: Reader) -> AppPortProfile:
    return AppPortProfile(
        item.text("name"),
        tuple(text for port in item.mappings("application_ports") for text in port.texts("destination_ports")),
    )


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
    )


def _firewall_group(group: Reader) -> FirewallGroup:
    return FirewallGroup(group.text("name", ""), group.texts("addresses") if group.has("addresses") else None)


def _tcp_ports(rule: Reader) -> tuple[str, ...] | None:
    """The TCP ports of a rule's profiles. A profile of UDP or ICMP alone gives port 0, which matches none."""
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
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None
