# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of a gateway and their users. Pure: reads the store, changes nothing."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from vcdsim.indexes import NETWORK, PARSED, RANGE, plain, vips
from vcdsim.store import Record, Store

__all__ = ["plain", "vips"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Finder = Callable[[str], dict[str, Any] | None]
_LARGEST_RANGE = 4096  # larger networks of NAT rules are not listed address by address


@dataclass(frozen=True)
class Use:
    """One use of one address: ``category`` as in usedIpAddresses, ``by`` is the object that uses it."""

    address: str
    category: str
    by: Record
    uplink: dict[str, Any]


def uplinks(gateway: Record) -> list[dict[str, Any]]:
    return list(gateway.data["edgeGatewayUplinks"])


def subnets(gateway: Record) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every (uplink, subnet)."""
    for uplink in uplinks(gateway):
        for subnet in (uplink.get("subnets") or {}).get("values") or []:
            yield uplink, subnet


def network_of(subnet: dict[str, Any]) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(f"{subnet['gateway']}/{subnet['prefixLength']}", strict=False)


def ranges_of(subnet: dict[str, Any]) -> list[tuple[Address, Address]]:
    """First and last address of each range."""
    values = (subnet.get("ipRanges") or {}).get("values") or []
    return [(ipaddress.ip_address(one["startAddress"]), ipaddress.ip_address(one["endAddress"])) for one in values]


def why_no_subnet(subnet: dict[str, Any]) -> str | None:
    """Why the parts of a subnet contradict each other; None if they do not."""
    try:
        network = network_of(subnet)
    except ValueError:
        return "the prefix length is not one of the gateway's address family"
    for low, high in ranges_of(subnet):
        if low not in network or high not in network:
            return "an IP range lies outside the subnet"
        if int(low) > int(high):
            return "an IP range ends before it begins"
    if subnet.get("primaryIp") and ipaddress.ip_address(subnet["primaryIp"]) not in network:
        return "the primary IP address lies outside the subnet"
    return None


def in_ranges(subnet: dict[str, Any], address: Address) -> bool:
    return any(
        low.version == address.version and int(low) <= int(address) <= int(high) for low, high in ranges_of(subnet)
    )


def written(address: Address) -> str:
    """An address as VCD writes one that it has chosen: IPv6 with all groups (TestAccVcdIpv6Support)."""
    if address.version == 4:
        return str(address)
    return ":".join(f"{int(group, 16):x}" for group in address.exploded.split(":"))


def address_count(found: Iterable[dict[str, Any]]) -> int | None:
    """How many addresses the ranges of a network's subnets have.

    None with an IPv6 subnet: the vendor documents that, and Terraform's provider cannot read so large a number
    (TestAccVcdIpv6SupportLargeSubnet).
    """
    values = list(found)
    return None if any(network_of(one).version == 6 for one in values) else sum(allocated(one) for one in values)


def shown_count(subnet: dict[str, Any]) -> int | None:
    """The number as clients see it: None if it is larger than their integers (assumed)."""
    count = allocated(subnet)
    return count if count < 2**63 else None


def allocated(subnet: dict[str, Any]) -> int:
    """The number of addresses allocated to a gateway. Its primary address counts once, even if it lies in a range.

    Terraform's provider expects 65,533 for ranges of 65,533 addresses that include the primary one.
    """
    primary = subnet.get("primaryIp")
    apart = 1 if primary and not in_ranges(subnet, ipaddress.ip_address(primary)) else 0
    return sum(int(high) - int(low) + 1 for low, high in ranges_of(subnet)) + apart


def uses_ip_spaces(gateway: Record) -> bool:
    return any(uplink.get("usingIpSpace") for uplink in uplinks(gateway))


def ip_spaces_of(store: Store, gateway: Record) -> list[Record]:
    """The IP Spaces of the gateway's uplinks that its organisation may use."""
    networks = {uplink["uplinkId"] for uplink in uplinks(gateway) if uplink.get("usingIpSpace")}
    links = [link for network in networks for link in store.where("ipSpaceUplink", "externalNetwork", network)]
    chosen = {link.data["ipSpaceRef"] for link in links}
    return [space for space in store.all("ipSpace") if space.id in chosen and space.org in (None, gateway.org)]


def in_ip_space(space: Record, address: Address) -> bool:
    ranges = (space.data.get("ipSpaceRanges") or {}).get("ipRanges") or []
    return any(
        int(ipaddress.ip_address(one["startIpAddress"]))
        <= int(address)
        <= int(ipaddress.ip_address(one["endIpAddress"]))
        for one in ranges
        if ipaddress.ip_address(one["startIpAddress"]).version == address.version
    )


def virtual_services(store: Store, gateway_id: str) -> list[Record]:
    return store.where("loadBalancerVirtualService", "gateway", gateway_id)


def virtual_services_at(store: Store, gateway_id: str, text: str) -> list[Record]:
    """The virtual services of a gateway whose VIP is this address, or lies in this network."""
    places = expand(text)
    if not places:  # a network that is too large
        services = virtual_services(store, gateway_id)
        return [one for one in services if any(covers(text, vip) for vip in vips(one))]
    return [
        one for place in places for one in store.where("loadBalancerVirtualService", "vip", gateway_id, plain(place))
    ]


def virtual_services_on(store: Store, gateway_id: str, vip: str, low: int, high: int) -> Iterator[tuple[Record, int]]:
    """The virtual services of a gateway that serve one of these ports of an address, each with its first such port."""
    kind, place = "loadBalancerVirtualService", (gateway_id, vip)
    if low == high:
        near = [*store.where(kind, "vipPort", *place, low), *store.where(kind, "vipPort", *place, RANGE)]
    else:
        near = store.where(kind, "vip", *place)
    for service in near:
        for port in service.data["servicePorts"]:
            first, last = port["portStart"], port["portEnd"] or port["portStart"]
            if low <= last and first <= high:
                yield service, first


@functools.lru_cache(PARSED)
def _address(text: str) -> Address:
    return ipaddress.ip_address(text)


@functools.lru_cache(PARSED)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def nat_rules(store: Store, gateway_id: str) -> list[Record]:
    return store.where("natRule", "gateway", gateway_id)


def nat_rules_at(store: Store, gateway_id: str, address: str) -> list[Record]:
    """The NAT rules of a gateway whose external address is this one, or is a network that contains it."""
    networks = store.where("natRule", "external", gateway_id, NETWORK)
    in_networks = [one for one in networks if covers(one.data["externalAddresses"], address)]
    return [*store.where("natRule", "external", gateway_id, plain(address)), *in_networks]


def expand(text: str) -> list[str]:
    """A single address, or all addresses of a network."""
    network = _network(text)
    if network.num_addresses > _LARGEST_RANGE:
        return []
    return [str(one) for one in network]


def covers(text: str, address: str) -> bool:
    """Whether an address or network, given as text, contains the address."""
    network, one = _network(text), _address(address)
    return network.version == one.version and one in network


def uses(store: Store, gateway: Record) -> list[Use]:
    """Every use of an address that lies in one of the gateway's external subnets or IP Spaces."""
    found, find = [], _finder(store, gateway)
    for uplink, subnet in subnets(gateway):
        if subnet.get("primaryIp"):
            found.append(Use(plain(subnet["primaryIp"]), "PRIMARY_IP", gateway, uplink))
    for rule in nat_rules(store, gateway.id):
        found += _uses_of_rule(find, rule)
    for service in virtual_services(store, gateway.id):
        found += _placed(find, vips(service), "Load_Balancer", service)
    return found


def uses_of(store: Store, org_id: str | None, address: str) -> list[Use]:
    """Every use of one address by the gateways of an organisation, as ``uses`` lists them."""
    found: list[Use] = []
    for gateway in store.where("gateway", "primary", address):
        found += [
            Use(address, "PRIMARY_IP", gateway, uplink)
            for uplink, subnet in subnets(gateway)
            if subnet.get("primaryIp") and plain(subnet["primaryIp"]) == address
        ]
    for rule in [*store.where("natRule", "address", address), *store.where("natRule", "address", NETWORK)]:
        holder = store.get("gateway", rule.facts["gateway"])
        if holder is not None:
            found += [use for use in _uses_of_rule(_finder(store, holder), rule) if use.address == address]
    for service in store.where("loadBalancerVirtualService", "address", address):
        holder = store.get("gateway", service.data["gatewayRef"])
        if holder is not None:
            found += _placed(_finder(store, holder), [address], "Load_Balancer", service)
    return [use for use in found if use.by.org == org_id]


def _finder(store: Store, gateway: Record) -> Finder:
    """Finds the uplink that an address belongs to. Many objects share an address, so each address is looked up once."""
    return functools.cache(lambda text: _uplink_of(store, gateway, _address(text)))


def _uses_of_rule(find: Finder, rule: Record) -> list[Use]:
    # rules that exempt addresses from NAT (NO_SNAT, NO_DNAT) use none
    category = {"SNAT": "SNAT", "DNAT": "DNAT", "REFLEXIVE": "DNAT"}.get(str(rule.data["type"]))
    return _placed(find, expand(rule.data["externalAddresses"]), category, rule) if category else []


def _placed(find: Finder, addresses: list[str], category: str, by: Record) -> list[Use]:
    # an internal address belongs to no uplink, and VCD does not list it
    return [Use(text, category, by, uplink) for text in addresses if (uplink := find(text)) is not None]


def _uplink_of(store: Store, gateway: Record, address: Address) -> dict[str, Any] | None:
    for uplink, subnet in subnets(gateway):
        if address in network_of(subnet):
            return uplink
    spaces = ip_spaces_of(store, gateway)
    if any(in_ip_space(space, address) for space in spaces):
        return next(uplink for uplink in uplinks(gateway) if uplink.get("usingIpSpace"))
    return None


def why_not_external(store: Store, gateway: Record, text: str) -> str | None:
    """Why the gateway may not use an address as an external one; None if it may, or if it is internal (assumed).

    An address in an uplink's subnet must be allocated to the gateway, an address in an IP Space to its organisation.
    The primary address counts as allocated: NAT rules and virtual services may use it.
    """
    address = ipaddress.ip_address(text)
    for _uplink, subnet in subnets(gateway):
        if address in network_of(subnet):
            primary = subnet.get("primaryIp")
            if primary and ipaddress.ip_address(primary) == address:
                return None
            return None if in_ranges(subnet, address) else "the address is not allocated to the edge gateway"
    for space in ip_spaces_of(store, gateway):
        if in_ip_space(space, address) and not _allocated(store, space, gateway, str(address)):
            return "the address is not allocated to the organization in its IP Space"
    return None


def _allocated(store: Store, space: Record, gateway: Record, address: str) -> bool:
    return any(one.org == gateway.org for one in store.where("ipSpaceIpAllocation", "value", space.id, address))
