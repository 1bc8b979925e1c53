# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for a virtual service's VIP, profile and service engine group.

VCD is known to refuse violations. The texts are assumed, and so is that it refuses them at once, not in the task.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from vcdsim import addresses, errors
from vcdsim.calls import Call
from vcdsim.resources.pools import is_premium
from vcdsim.resources.service_engine_groups import assignment_of, deployed
from vcdsim.store import Record, Store


def check_profile(call: Call, data: dict[str, Any], gateway: Record, pool: Record) -> None:
    """Check that application profile, ports and certificate match. Answers 400 if they do not."""
    kind, ports = data["applicationProfile"]["type"], data["servicePorts"]
    if kind == "L4_TLS" and not is_premium(gateway):
        raise errors.bad_field("applicationProfile.type", "L4_TLS needs the PREMIUM feature set of the edge gateway")
    if kind == "L4" and len(ports) > 1 and not is_premium(gateway):
        raise errors.bad_field("servicePorts", "several L4 ports need the PREMIUM feature set of the edge gateway")
    encrypted = kind in ("HTTPS", "L4_TLS")
    if encrypted and not data.get("certificateRef"):
        raise errors.bad_field("certificateRef", f"it is required for {kind}")
    if encrypted and not any(port["sslEnabled"] for port in ports):
        raise errors.bad_field("servicePorts", f"at least one must have sslEnabled for {kind}")
    if not encrypted and any(port["sslEnabled"] for port in ports):
        raise errors.bad_field("servicePorts", "sslEnabled is possible with HTTPS and L4_TLS only")
    if kind != "L4" and any(port["tcpUdpProfile"]["type"] != "TCP_PROXY" for port in ports):
        raise errors.bad_field("servicePorts", f"the profile of {kind} must be TCP_PROXY")
    _check_ports(ports)
    # Transparent mode keeps the client's address, which works only with active/standby engines in the servers' path.
    if data.get("transparentModeEnabled"):
        _check_transparent(call, gateway, pool, data)


def _check_ports(ports: list[dict[str, Any]]) -> None:
    seen: set[int] = set()
    for port in ports:
        low, high = port["portStart"], port["portEnd"] or port["portStart"]
        if high < low:
            raise errors.bad_field("servicePorts", "portEnd is before portStart")
        numbers = set(range(low, high + 1))
        if seen & numbers:
            raise errors.bad_field("servicePorts", "two of them have a port in common")
        seen |= numbers


def _check_transparent(call: Call, gateway: Record, pool: Record, data: dict[str, Any]) -> None:
    if not gateway.facts["load_balancer"].get("transparentModeEnabled"):
        raise errors.bad_field("transparentModeEnabled", "transparent mode is not enabled on the edge gateway")
    if call.vcd.assume("transparent-needs", "unchecked"):
        return
    if not pool.data.get("memberGroupRef"):
        raise errors.bad_field("transparentModeEnabled", "it needs a pool with a member group")
    if any(port["tcpUdpProfile"]["type"] != "TCP_PROXY" for port in data["servicePorts"]):
        raise errors.bad_field("transparentModeEnabled", "it needs ports of the profile TCP_PROXY")
    group = call.store.get("serviceEngineGroup", data["serviceEngineGroupRef"])
    if group is None or group.data["haMode"] != "LEGACY_ACTIVE_STANDBY":
        raise errors.bad_field("transparentModeEnabled", "the service engine group must be LEGACY_ACTIVE_STANDBY")


def check_capacity(call: Call, data: dict[str, Any], gateway: Record, service: Record | None) -> None:
    """Check that the group is assigned to the gateway and has room for one more virtual service."""
    group_id = data["serviceEngineGroupRef"]
    assignment = assignment_of(call.store, group_id, gateway.id)
    if assignment is None:
        raise errors.bad_field("serviceEngineGroupRef", "the group is not assigned to the edge gateway")
    if service is not None and service.data["serviceEngineGroupRef"] == group_id:
        return  # an update needs no additional capacity, even in a full group
    limit = assignment.data.get("maxVirtualServices")  # None for a dedicated group, which has no limit
    if limit is not None and deployed(call.store, group_id, gateway.id) >= limit:
        raise errors.bad_request(
            f"The service engine group has no room: {limit} virtual services are deployed on {gateway.name}."
        )


def check_vips(call: Call, data: dict[str, Any], gateway: Record, service: Record | None) -> None:
    """Check that the VIP is free or can be shared, and that a shared VIP does not change."""
    wanted = [str(ipaddress.ip_address(one)) for one in _given(data)]
    if not wanted:
        raise errors.bad_field("virtualIpAddress", "it or ipv6VirtualIpAddress is required")
    current = addresses.vips(service) if service else []
    if service is not None:
        taken = {vip for vip in {*current, *wanted} if _others_at(call.store, gateway, vip, service)}
        _check_change(call, current, wanted, taken)
    for vip in wanted:
        if vip not in current:  # the current address was checked when it was set
            _check_free(call, vip, gateway)
        if _others_at(call.store, gateway, vip, service):
            _check_share(call, vip, data, gateway, service)


def _others_at(store: Store, gateway: Record, vip: str, service: Record | None) -> int:
    """The number of other virtual services with this address."""
    own = service is not None and service.data["gatewayRef"] == gateway.id and vip in addresses.vips(service)
    return store.number("loadBalancerVirtualService", "vip", gateway.id, vip) - own


def _given(data: dict[str, Any]) -> Iterator[str]:
    for name in ("virtualIpAddress", "ipv6VirtualIpAddress"):
        if data.get(name):
            yield data[name]


def _check_change(call: Call, current: list[str], wanted: list[str], taken: set[str]) -> None:
    # CPI's maintainers reported this for VCD 10.4.1, yet CPI itself updates such virtual services on each sync.
    if set(current) & taken and call.vcd.assume("put-shared-vip-vs", "refused"):
        raise errors.bad_request("A virtual service that shares its virtual IP address cannot be updated.")
    if current == wanted:
        return
    # NSX ALB never changes a VIP that virtual services share: all of them would have to move at once.
    if set(current) & taken:
        raise errors.bad_field("virtualIpAddress", "it is shared with another virtual service and cannot be changed")
    if set(wanted) - set(current) & taken and call.vcd.assume("vip-change-to-used-address", "refused"):
        raise errors.bad_field("virtualIpAddress", "it cannot be changed to that of another virtual service")


def _check_free(call: Call, vip: str, gateway: Record) -> None:
    reason = addresses.why_not_external(call.store, gateway, vip)
    reason = reason or _why_not_internal(call.store, gateway, vip)
    if reason:
        raise errors.bad_field("virtualIpAddress", reason)
    has_network = gateway.facts["load_balancer"].get("ipv6ServiceNetworkDefinition")
    if ":" in vip and not has_network and call.vcd.assume("ipv6-vip-needs-network", "yes"):
        raise errors.bad_field("ipv6VirtualIpAddress", "the load balancer has no IPv6 service network")
    if call.vcd.assume("vip-dnat-same-address", "allowed"):
        return
    for rule in addresses.nat_rules_at(call.store, gateway.id, vip):
        if rule.data["type"] == "DNAT":
            raise errors.bad_field("virtualIpAddress", f"it is the external address of the DNAT rule {rule.name}")


def _why_not_internal(store: Store, gateway: Record, vip: str) -> str | None:
    """The reason why an internal VIP is taken: service network, gateway address or virtual machine (assumed)."""
    settings = gateway.facts["load_balancer"]
    for name in ("serviceNetworkDefinition", "ipv6ServiceNetworkDefinition"):
        if settings.get(name) and addresses.covers(settings[name], vip):
            return "it lies in the service network of the load balancer"
    address = ipaddress.ip_address(vip)
    for network in store.where("network", "router", gateway.id):
        for subnet in network.data["subnets"]["values"]:
            if ipaddress.ip_address(subnet["gateway"]) == address:
                return f"it is the gateway address of the network {network.name}"
        if vip in network.facts.get("machines", {}).values():
            return f"a virtual machine in the network {network.name} has it"
    return None


def _check_share(call: Call, vip: str, data: dict[str, Any], gateway: Record, service: Record | None) -> None:
    kind, place = "loadBalancerVirtualService", (gateway.id, vip)
    if not call.vcd.settings.shares_vips:
        other = _another(call.store.where(kind, "vip", *place), service)
        raise errors.bad_field("virtualIpAddress", f"{vip} is in use by the virtual service {other.name}")
    for port in data["servicePorts"]:
        low, high = port["portStart"], port["portEnd"] or port["portStart"]
        found = addresses.virtual_services_on(call.store, gateway.id, vip, low, high)
        for other, first in found:
            number = max(low, first)
            same = _has_protocol(other, number, port)
            if other is not service and (same or call.vcd.assume("vip-port-two-protocols", "refused")):
                text = f"port {number} of {vip} is in use by the virtual service {other.name}"
                raise errors.bad_field("servicePorts", text if same else f"{text} for another protocol")
    # The engines of one group answer for an address; with two groups, both would answer for it.
    group = data["serviceEngineGroupRef"]
    same_group = call.store.number(kind, "vipGroup", *place, group)
    if service is not None and service.data["serviceEngineGroupRef"] == group and vip in addresses.vips(service):
        same_group -= 1
    if same_group < _others_at(call.store, gateway, vip, service) and call.vcd.assume("shared-vip-one-group", "yes"):
        others = call.store.where(kind, "vip", *place)
        other = _another([one for one in others if one.data["serviceEngineGroupRef"] != group], service)
        raise errors.bad_field(
            "serviceEngineGroupRef", f"{vip} is shared with {other.name}, which is in another service engine group"
        )


def _has_protocol(service: Record, number: int, port: dict[str, Any]) -> bool:
    """Whether a virtual service has a port of this number for the protocol of another port."""
    return any(
        one["portStart"] <= number <= (one["portEnd"] or one["portStart"]) and _protocol(one) == _protocol(port)
        for one in service.data["servicePorts"]
    )


def _protocol(port: dict[str, Any]) -> str:
    return str(port["tcpUdpProfile"]["type"])[:3]


def _another(found: list[Record], service: Record | None) -> Record:
    return next(one for one in found if one is not service)
