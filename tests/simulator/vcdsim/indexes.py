# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The indexes of the store: by kind and index, the keys under which it finds an object without a full scan.

Writes use them, because a write must cost the same with 2,000 virtual services as with 20. So a new rule that compares
objects gets an index here, not a loop over a kind. A key may depend on the object's ``data``, ``org`` and ``facts``,
and on no other object; facts that a key needs never change in place.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vcdsim.store import Record

Key = tuple[Hashable, ...]
Keys = Callable[["Record"], Iterable[Key]]

PARSED = 65536  # size of the caches of parsed addresses
NETWORK = "network"  # replaces the address in the key of a NAT rule whose external address is a network
RANGE = "range"  # replaces the port in the key of a virtual service that has a range of ports


@functools.lru_cache(PARSED)
def plain(text: str) -> str:
    """An address in canonical form, so that equal addresses are equal texts."""
    return str(ipaddress.ip_address(text))


def vips(service: Record) -> list[str]:
    """The IPv4 and IPv6 addresses of a virtual service."""
    both = (service.data.get("virtualIpAddress"), service.data.get("ipv6VirtualIpAddress"))
    return [plain(one) for one in both if one]


def external_address(rule: Record) -> str | None:
    """The external address of a NAT rule; NETWORK for a network, None without an external address."""
    text = rule.data.get("externalAddresses")
    if not text:
        return None
    return NETWORK if "/" in text else plain(text)


def _fields(*names: str) -> Keys:
    """One key made of these fields of ``data``; no key if a field is missing."""

    def keys(record: Record) -> Iterable[Key]:
        key = tuple(record.data.get(name) for name in names)
        return () if None in key else (key,)

    return keys


def _each(*names: str) -> Keys:
    """A key for each identifier in these lists of ``data``."""
    return lambda record: [(one,) for name in names for one in record.data.get(name) or ()]


def _fact(name: str) -> Keys:
    return lambda record: ((record.facts[name],),) if name in record.facts else ()


def _org_and(field: str) -> Keys:
    return lambda record: ((record.org, record.data.get(field)),)


def _vip_keys(service: Record) -> list[Key]:
    return [(service.data["gatewayRef"], vip) for vip in vips(service)]


def _port_keys(service: Record) -> list[Key]:
    """The gateway, address and port of each single port; RANGE for port ranges."""
    ports = service.data["servicePorts"]
    values = {one["portStart"] if one.get("portEnd") in (None, one["portStart"]) else RANGE for one in ports}
    return [(*key, value) for key in _vip_keys(service) for value in sorted(values, key=str)]


def _external_keys(rule: Record) -> list[Key]:
    address = external_address(rule)
    return [(rule.facts["gateway"], address)] if address else []


def _primary_keys(gateway: Record) -> list[Key]:
    values: list[dict[str, Any]] = [
        subnet
        for uplink in gateway.data["edgeGatewayUplinks"]
        for subnet in (uplink.get("subnets") or {}).get("values") or []
    ]
    return [(plain(one["primaryIp"]),) for one in values if one.get("primaryIp")]


def prefix_length(value: str) -> int:
    """The prefix length of a prefix; 0 for an address."""
    return int(value.partition("/")[2] or 0)


# Objects of an edge gateway besides its load balancer, NAT and firewall, see ``resources.parts``
GATEWAY_PARTS = ("bgpNeighbor", "bgpPrefixList", "staticRoute", "ipsecTunnel", "l2VpnTunnel")
INDEXES: Mapping[str, Mapping[str, Keys]] = {
    **{kind: {"gateway": _fact("gateway")} for kind in GATEWAY_PARTS},
    "gateway": {
        "name": _fields("ownerRef", "name"),
        "owner": _fields("ownerRef"),
        "org": lambda record: ((record.org,),),
        "primary": _primary_keys,
        "uplink": lambda record: [(uplink["uplinkId"],) for uplink in record.data["edgeGatewayUplinks"]],
    },
    "dhcpBinding": {"network": _fact("network")},
    "network": {"router": _fields("router"), "name": _fields("ownerRef", "name"), "owner": _fields("ownerRef")},
    "loadBalancerPool": {
        "gateway": _fields("gatewayRef"),
        "name": _fields("gatewayRef", "name"),
        "certificate": _each("caCertificateRefs"),
        "memberGroup": _fields("memberGroupRef"),
    },
    "loadBalancerVirtualService": {
        "gateway": _fields("gatewayRef"),
        "name": _fields("gatewayRef", "name"),
        "pool": _fields("loadBalancerPoolRef"),
        "vip": _vip_keys,
        "vipPort": _port_keys,
        "vipGroup": lambda record: [(*key, record.data["serviceEngineGroupRef"]) for key in _vip_keys(record)],
        "address": lambda record: [(vip,) for vip in vips(record)],
        "certificate": _fields("certificateRef"),
        "group": _fields("serviceEngineGroupRef"),
        "groupOnGateway": _fields("serviceEngineGroupRef", "gatewayRef"),
        "transparent": _fields("gatewayRef", "transparentModeEnabled"),
    },
    "serviceEngineGroupAssignment": {
        "group": _fields("serviceEngineGroupRef"),
        "groupOnGateway": _fields("serviceEngineGroupRef", "gatewayRef"),
    },
    "natRule": {
        "gateway": _fact("gateway"),
        "external": _external_keys,
        "address": lambda record: [(key[1],) for key in _external_keys(record)],
        "profile": _fields("applicationPortProfile"),
    },
    "firewallRule": {
        "gateway": _fact("gateway"),
        "firewallGroup": _each("sourceFirewallGroups", "destinationFirewallGroups"),
        "profile": _each("applicationPortProfiles"),
    },
    "firewallGroup": {
        "name": _fields("ownerRef", "name"),
        "owner": _fields("ownerRef"),
        "cameWith": _fact("came_with"),
        "member": _each("members"),
    },
    "applicationPortProfile": {"name": _org_and("name")},
    "certificateLibraryItem": {"name": _org_and("alias")},
    "ipSpace": {"name": _org_and("name")},
    "ipSpaceUplink": {"externalNetwork": _fields("externalNetworkRef"), "ipSpace": _fields("ipSpaceRef")},
    "ipSpaceIpAllocation": {
        "ipSpace": _fact("space"),
        "value": lambda record: ((record.facts["space"], record.data["value"]),),
        "org": lambda record: ((record.facts["space"], record.org, prefix_length(record.data["value"])),),
    },
    "user": {"name": _fields("name")},
    "token": {"user": _fact("user")},
    "entity": {"entityType": _fields("entityType")},
}
