# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds service engine groups, edge gateways, and the objects on them."""

from __future__ import annotations

import ipaddress
from typing import Any

from vcdsim.resources.alb_infrastructure import ALB_VERSION, cloud_backing
from vcdsim.resources.nsx_t import nsx_id
from vcdsim.store import Record, Store

NSX_T = "nsx-t"  # the name of the only NSX-T manager


class EstateError(Exception):
    """The estate cannot be built. The message is one line with the place, the value and the remedy."""


class GatewayBuilder:
    """Builds service engine groups and edge gateways in a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def add(self, kind: str, seed: str, data: dict[str, Any], org: str | None, **more: Any) -> Record:
        identifier = more.pop("id", None) or self.store.mint(kind, seed)
        if self.store.get(kind, identifier):
            raise EstateError(f"estate: two objects of kind {kind} are {identifier} ({seed})")
        return self.store.add(Record(kind, identifier, data, org, **more))

    def named(self, kind: str, name: str) -> Record:
        for record in self.store.all(kind):
            if record.name == name:
                return record
        raise EstateError(f"estate: there is no {kind} named {name!r}")

    def gateway(self, spec: dict[str, Any], vdc: Record) -> Record:
        seed = f"{vdc.id}/{spec['name']}"
        balancer = spec.get("load_balancer", {})
        facts = {
            "type": spec.get("backing_type", "NSXT_BACKED"),
            "load_balancer": self._load_balancer(balancer),
            "network_provider": {"name": NSX_T, "id": self.store.mint("nsxtmanager", NSX_T)},
        }
        data = {
            "name": spec["name"],
            "description": spec.get("description", ""),
            "ownerRef": vdc.id,
            "edgeGatewayUplinks": [self._uplink(uplink) for uplink in spec["uplinks"]],
            "distributedRoutingEnabled": True,
            "nonDistributedRoutingEnabled": False,
            "serviceNetworkDefinition": "192.168.255.225/27",
            "deploymentMode": "ACTIVE_STANDBY",
        }
        status = spec.get("status", "REALIZED")
        gateway = self.add("gateway", seed, data, vdc.org, id=spec.get("id"), facts=facts, status=status)
        for assigned in spec.get("service_engine_groups", []):
            self._assignment(assigned, gateway)
        for group in spec.get("ip_sets", []):
            values = {
                "name": group["name"],
                "description": group.get("description", ""),
                "ownerRef": gateway.id,
                "typeValue": "IP_SET",
                "ipAddresses": group["ip_addresses"],
            }
            self.add("firewallGroup", f"{seed}/{group['name']}", values, vdc.org)
        for service in spec.get("virtual_services", []):
            self._virtual_service(service, gateway)
        for rule in spec.get("nat_rules", []):
            self._nat_rule(rule, gateway)
        return gateway

    @staticmethod
    def _load_balancer(spec: dict[str, Any]) -> dict[str, Any]:
        if not spec.get("enabled", False):
            return {"enabled": False}
        return {
            "enabled": True,
            "serviceNetworkDefinition": spec.get("service_network", "192.168.255.1/25"),
            "ipv6ServiceNetworkDefinition": spec.get("ipv6_service_network"),
            "supportedFeatureSet": spec.get("feature_set", "STANDARD"),
            "transparentModeEnabled": spec.get("transparent_mode", False),
        }

    def _uplink(self, spec: dict[str, Any]) -> dict[str, Any]:
        return {
            "uplinkId": self._external_network(spec).id,
            "uplinkName": spec["name"],
            "subnets": {"values": [subnet_of(one) for one in spec.get("subnets", [])]},
            "connected": True,
            "quickAddAllocatedIpCount": None,
            "dedicated": spec.get("dedicated", False),
            "usingIpSpace": spec.get("using_ip_space", False),
            "vrfLiteBacked": False,
            "backingType": spec.get("backing_type", "NSXT_TIER0"),
        }

    def _external_network(self, spec: dict[str, Any]) -> Record:
        """The external network of an uplink. All uplinks with the same name are connected to the same network."""
        identifier = self.store.mint("network", f"external/{spec['name']}")
        found = self.store.get("externalNetwork", identifier)
        given = spec.get("subnets", [])
        subnets = [
            subnet_of({**one, "ip_ranges": one.get("network_ip_ranges", one.get("ip_ranges", []))}) for one in given
        ]
        for subnet in subnets:
            del subnet["primaryIp"], subnet["autoAllocateIpRanges"]
        if found:
            known = {one["gateway"] for one in found.data["subnets"]["values"]}
            added = [one for one in subnets if one["gateway"] not in known]
            found.data = {**found.data, "subnets": {"values": [*found.data["subnets"]["values"], *added]}}
            return found
        backing = {
            "backingId": nsx_id(f"of {spec['name']}"),
            "name": f"tier-0 of {spec['name']}",
            "backingTypeValue": spec.get("backing_type", "NSXT_TIER0"),
            "networkProvider": self.store.mint("nsxtmanager", NSX_T),
        }
        data = {
            "name": spec["name"],
            "description": "",
            "subnets": {"values": subnets},
            "usingIpSpace": spec.get("using_ip_space", False),
            "backing": backing,
        }
        return self.add("externalNetwork", "", data, None, id=identifier)

    def service_engine_group(self, spec: dict[str, Any]) -> None:
        data = {
            "name": spec["name"],
            "description": spec.get("description", ""),
            "reservationType": spec.get("reservation_type", "SHARED"),
            "haMode": spec.get("ha_mode", "LEGACY_ACTIVE_STANDBY"),
            "supportedFeatureSet": spec.get("feature_set", "STANDARD"),
            "maxVirtualServices": spec.get("max_virtual_services", 1000),
            "serviceEngineGroupBacking": {
                "backingId": f"serviceenginegroup-{spec['name']}",
                "loadBalancerCloudRef": self._cloud().id,
            },
        }
        self.add("serviceEngineGroup", spec["name"], data, None)

    def _cloud(self) -> Record:
        """The cloud of the estate's service engine groups, with its controller. Without groups, there is neither."""
        for cloud in self.store.all("loadBalancerCloud"):
            return cloud
        place = {"name": "controller", "url": "https://alb.example.com", "username": "admin"}
        controller = self.add("loadBalancerController", "controller", place, None, facts={"version": ALB_VERSION})
        data = {"name": "cloud", "backingId": cloud_backing(controller), "controller": controller.id}
        return self.add("loadBalancerCloud", "cloud", data, None)

    def _assignment(self, spec: dict[str, Any], gateway: Record) -> None:
        group = self.named("serviceEngineGroup", spec["name"])
        dedicated = group.data["reservationType"] == "DEDICATED"
        data = {
            "serviceEngineGroupRef": group.id,
            "gatewayRef": gateway.id,
            "maxVirtualServices": None if dedicated else spec.get("max_virtual_services", 20),
            "minVirtualServices": None if dedicated else spec.get("min_virtual_services", 0),
        }
        self.add("serviceEngineGroupAssignment", f"{gateway.id}/{group.name}", data, gateway.org)

    def _virtual_service(self, spec: dict[str, Any], gateway: Record) -> None:
        members = [
            {"ipAddress": one, "port": spec["member_port"], "ratio": 1, "enabled": True} for one in spec["members"]
        ]
        seed = f"{gateway.id}/{spec['name']}"
        pool = self.add("loadBalancerPool", seed, _pool_data(spec, members, gateway), gateway.org)
        group = self.named("serviceEngineGroup", spec["service_engine_group"])
        kind = spec.get("application_profile", "L4")
        data = {
            "name": spec["name"],
            "description": spec.get("description"),
            "enabled": True,
            "virtualIpAddress": spec["vip"],
            "loadBalancerPoolRef": pool.id,
            "gatewayRef": gateway.id,
            "serviceEngineGroupRef": group.id,
            "servicePorts": [
                {
                    "portStart": spec["port"],
                    "portEnd": None,
                    "sslEnabled": False,
                    "tcpUdpProfile": {"name": "System-TCP-Proxy", "type": "TCP_PROXY", "systemDefined": True},
                }
            ],
            "applicationProfile": {"name": f"System-{kind}", "type": kind, "systemDefined": True},
        }
        self.add("loadBalancerVirtualService", seed, data, gateway.org, facts={"healthy_at": 0.0})

    def _nat_rule(self, spec: dict[str, Any], gateway: Record) -> None:
        data = {
            "name": spec["name"],
            "description": spec.get("description"),
            "enabled": True,
            "type": spec.get("type", "DNAT"),
            "externalAddresses": spec["external_addresses"],
            "internalAddresses": spec["internal_addresses"],
            "dnatExternalPort": spec.get("dnat_external_port"),
            "logging": False,
            "firewallMatch": "MATCH_INTERNAL_ADDRESS",
            "priority": 0,
        }
        facts = {"gateway": gateway.id, "version": 0}
        self.add("natRule", f"{gateway.id}/{spec['name']}", data, gateway.org, facts=facts)

    def many_gateways(self, spec: dict[str, Any]) -> None:
        """Add ``count`` edge gateways named ``prefix``001 and so on, each with its own /26 of ``network``.

        Each gets ``virtual_services`` virtual services, ten on each address.
        """
        vdc = self.named("vdc", spec["vdc"])
        blocks = ipaddress.IPv4Network(spec["network"]).subnets(new_prefix=26)
        for number, block in zip(range(1, spec["count"] + 1), blocks, strict=False):
            name = f"{spec['prefix']}{number:03d}"
            first = block.network_address
            subnet = {
                "gateway": str(first + 1),
                "prefix_length": 26,
                "primary_ip": str(first + 2),
                "ip_ranges": [f"{first + 10}-{first + 60}"],
            }
            services = [
                {
                    "name": f"service-{one:04d}",
                    "vip": str(first + 10 + one // 10 % 51),
                    "port": 8000 + one // 510 * 10 + one % 10,
                    "members": ["10.10.0.11", "10.10.0.12"],
                    "member_port": 30000 + one % 2768,
                    "service_engine_group": spec["service_engine_group"],
                }
                for one in range(spec.get("virtual_services", 0))
            ]
            groups = [{"name": spec["service_engine_group"], "max_virtual_services": 20 + len(services)}]
            self.gateway(
                {
                    "name": name,
                    "uplinks": [{"name": f"uplink-{number:03d}", "subnets": [subnet]}],
                    "load_balancer": {"enabled": True},
                    "service_engine_groups": groups,
                    "virtual_services": services,
                },
                vdc,
            )


def _pool_data(spec: dict[str, Any], members: list[dict[str, Any]], gateway: Record) -> dict[str, Any]:
    return {
        "name": spec.get("pool", spec["name"]),
        "description": None,
        "enabled": True,
        "passiveMonitoringEnabled": True,
        "defaultPort": spec["member_port"],
        "gracefulTimeoutPeriod": 1,
        "algorithm": "ROUND_ROBIN",
        "healthMonitors": [{"name": "System-TCP", "type": "TCP", "systemDefined": True}],
        "members": members,
        "gatewayRef": gateway.id,
        "caCertificateRefs": [],
        "commonNameCheckEnabled": False,
        "sslEnabled": False,
    }


def subnet_of(spec: dict[str, Any]) -> dict[str, Any]:
    ranges = [ends_of(one) for one in spec.get("ip_ranges", [])]
    return {
        "gateway": spec["gateway"],
        "prefixLength": spec["prefix_length"],
        "dnsSuffix": None,
        "dnsServer1": "",
        "dnsServer2": "",
        "ipRanges": {"values": [{"startAddress": low, "endAddress": high} for low, high in ranges]},
        "enabled": True,
        "totalIpCount": None,
        "usedIpCount": None,
        "primaryIp": spec.get("primary_ip"),
        "autoAllocateIpRanges": False,
    }


def ends_of(text: str) -> tuple[str, str]:
    low, _dash, high = text.partition("-")
    try:
        first, last = ipaddress.ip_address(low.strip()), ipaddress.ip_address((high or low).strip())
    except ValueError as problem:
        raise EstateError(
            f"estate: {text!r} is not a range of addresses (example: 203.0.113.10-203.0.113.60)"
        ) from problem
    if int(first) > int(last):
        raise EstateError(f"estate: the range {text!r} ends before it begins")
    return str(first), str(last)
