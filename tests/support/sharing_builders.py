# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the two info modules, as the playbook passes them to the filters, with one thing changed at a time."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import parse_range
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import read_cluster
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import with_migrations
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import ObservedService, observe
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.target import resolve
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming, PortNames

CLUSTER_ID = "urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
RANGE = {"start_ip": "192.168.8.2", "end_ip": "192.168.8.100"}
FLAGS = {
    "shared_external": (True, None),
    "shared_internal": (True, RANGE),
    "distinct_internal": (False, RANGE),
    "invalid": (False, None),
}


def names(service_name: str, port: str, cluster_id: str = CLUSTER_ID) -> PortNames:
    """CPI's names for one port."""
    return Naming.of_cluster(cluster_id).port(service_name, port)


def ccm(scenario: str = "distinct_internal", **changes: Any) -> dict[str, Any]:
    """A healthy result of vcd_ccm_config_info, with top-level keys replaced."""
    shared, one_arm = FLAGS[scenario]
    return {
        "changed": False,
        "scenario": scenario,
        "one_arm": one_arm,
        "enable_virtual_service_shared_ip": shared,
        "problems": [],
        "config": {
            "vcd": {"host": "https://vcd.example.com", "org": "acme", "vdc": "acme-vdc"},
            "loadbalancer": {"network": "k8s-net", "vipSubnet": "203.0.113.0/24"},
            "clusterid": CLUSTER_ID,
            "vAppName": "acme-vapp",
        },
        "cluster_id": CLUSTER_ID,
        "cluster_id_source": "config",
        "config_map": {"name": "vcloud-ccm-configmap", "namespace": "kube-system", "immutable": True, "uid": "1"},
        "rollout": {"state": "none", "backup": None},
        "deployment": {
            "name": "vmware-cloud-director-ccm",
            "namespace": "kube-system",
            "replicas": 1,
            "running_replicas": 1,
            "ready_replicas": 1,
            "image": "registry.example.com/cpi:1.6.1",
            "version": "1.6.1",
            "ready": True,
        },
        "pods": [{"name": "ccm-1", "node": "cp-1", "phase": "Running", "ready": True, "config": "current"}],
        "services": [],
        **changes,
    }


def service(
    name: str = "web",
    namespace: str = "default",
    ports: tuple[str, ...] = ("http", "https"),
    ips: tuple[str, ...] = ("203.0.113.10",),
    **changes: Any,
) -> dict[str, Any]:
    """A Service of type LoadBalancer; its ports are numbered from 80 on."""
    return {
        "name": name,
        "namespace": namespace,
        "load_balancer_class": None,
        "load_balancer_ip": None,
        "ingress_ips": list(ips),
        "ports": [
            {"name": port, "port": 80 + number, "node_port": 30080 + number, "protocol": "TCP", "app_protocol": None}
            for number, port in enumerate(ports)
        ],
        "annotations_ssl": {},
        **changes,
    }


def virtual_service(
    service_name: str, port: str, address: str, cluster_id: str = CLUSTER_ID, number: int = 80
) -> dict[str, Any]:
    """A virtual service with CPI's name."""
    name = names(service_name, port, cluster_id).virtual_service
    return {
        "id": f"urn:vcloud:loadBalancerVirtualService:{name}",
        "name": name,
        "virtual_ip_address": address,
        "pool": {"id": "urn:pool", "name": name.replace("ingress-vs-", "ingress-pool-")},
        "service_engine_group": {"id": "urn:seg", "name": "seg-shared"},
        "service_ports": [{"start": number, "end": number, "ssl_enabled": False, "type": "TCP_PROXY"}],
    }


def nat_rule(
    service_name: str, port: str, external: str, internal: str, external_port: Any = 80, cluster_id: str = CLUSTER_ID
) -> dict[str, Any]:
    """A DNAT rule with CPI's name."""
    return {
        "id": f"urn:nat:{service_name}-{port}",
        "name": names(service_name, port, cluster_id).nat_rule,
        "type": "DNAT",
        "external_addresses": external,
        "internal_addresses": internal,
        "dnat_external_port": None if external_port is None else str(external_port),
        "application_port_profile": {"id": "urn:profile", "name": names(service_name, port, cluster_id).profile},
    }


def pool(service_name: str, port: str, *virtual_services: str, cluster_id: str = CLUSTER_ID) -> dict[str, Any]:
    """A pool with CPI's name, and the names of the virtual services that use it."""
    name = names(service_name, port, cluster_id).pool
    return {"id": f"urn:pool:{name}", "name": name, "virtual_services": [{"name": one} for one in virtual_services]}


def profile(service_name: str, port: str, number: int = 80, cluster_id: str = CLUSTER_ID) -> dict[str, Any]:
    """An application port profile with CPI's name."""
    name = names(service_name, port, cluster_id).profile
    ports = [{"name": None, "protocol": "TCP", "destination_ports": [str(number)]}]
    return {"id": f"urn:profile:{name}", "name": name, "application_ports": ports}


def firewall_rule(name: str, *destinations: str, action: str = "ALLOW", **changes: Any) -> dict[str, Any]:
    """A firewall rule of vcd_edge_gateway_info for any source and port; it names one IP set with these addresses."""
    groups = [{"id": "urn:set", "name": f"{name}-set", "type": "IP_SET", "addresses": list(destinations)}]
    return {
        "id": f"urn:rule:{name}",
        "name": name,
        "position": 1,
        "enabled": True,
        "action": action,
        "direction": "IN_OUT",
        "ip_protocol": "IPV4_IPV6",
        "sources": [],
        "destinations": groups if destinations else [],
        "services": [],
        "default": False,
        **changes,
    }


def default_rule(action: str) -> dict[str, Any]:
    """The rule for what no other rule matches."""
    return firewall_rule("default_rule", action=action, default=True)


def objects(
    shape: str, name: str = "web", ports: tuple[str, ...] = ("http", "https"), outside: str = "203.0.113.10"
) -> dict[str, list[Any]]:
    """All objects that CPI creates for a Service under a scenario; the ports are numbered from 80 on."""
    internal = shape != "shared_external"
    found: dict[str, list[Any]] = {
        "virtual_services": [],
        "pools": [],
        "nat_rules": [],
        "application_port_profiles": [],
    }
    for place, port in enumerate(ports):
        inside = f"192.168.8.{2 + (place if shape == 'distinct_internal' else 0)}"
        address, number = inside if internal else outside, 80 + place
        service = virtual_service(name, port, address, number=number)
        found["virtual_services"].append(service)
        found["pools"].append(pool(name, port, service["name"]))
        if internal:
            found["nat_rules"].append(nat_rule(name, port, outside, address, number))
            found["application_port_profiles"].append(profile(name, port, number))
    return found


def without(found: dict[str, list[Any]], kind: str, *numbers: int) -> dict[str, list[Any]]:
    """The same objects without some of a kind, given by their indexes."""
    return {**found, kind: [one for place, one in enumerate(found[kind]) if place not in numbers]}


def edge(**changes: Any) -> dict[str, Any]:
    """A healthy edge gateway of vcd_edge_gateway_info, with keys replaced."""
    return {
        "id": "urn:vcloud:gateway:1",
        "name": "acme-edge",
        "owner": {"id": "urn:vcloud:vdc:1", "name": "acme-vdc"},
        "status": "REALIZED",
        "backing_type": "NSXT_BACKED",
        "uplinks": [
            {
                "name": "uplink-1",
                "using_ip_space": False,
                "subnets": [
                    {
                        "gateway": "203.0.113.1",
                        "prefix_length": 24,
                        "primary_ip": "203.0.113.2",
                        "ip_ranges": [{"start": "203.0.113.10", "end": "203.0.113.60"}],
                    }
                ],
            }
        ],
        "load_balancer": {
            "enabled": True,
            "service_network": "192.168.255.1/25",
            "ipv6_service_network": None,
            "feature_set": "STANDARD",
            "transparent_mode": False,
        },
        "service_engine_groups": [group("seg-shared", 20, 0)],
        "networks": [{"id": "urn:net", "name": "k8s-net", "type": "NAT_ROUTED", "subnets": ["10.10.0.1/24"]}],
        "used_ip_addresses": [{"address": "203.0.113.2", "category": "PRIMARY_IP"}],
        "virtual_services": [],
        "pools": [],
        "nat_rules": [],
        "application_port_profiles": [],
        **changes,
    }


def ip_space_edge(**changes: Any) -> dict[str, Any]:
    """An edge gateway whose uplink uses IP Spaces: it names no subnets."""
    return edge(uplinks=[{"name": "uplink-1", "using_ip_space": True, "subnets": []}], **changes)


def group(name: str, maximum: int | None, deployed: int) -> dict[str, Any]:
    """A service engine group."""
    return {
        "id": f"urn:seg:{name}",
        "name": name,
        "max_virtual_services": maximum,
        "deployed_virtual_services": deployed,
    }


def vcd(
    *edges: dict[str, Any], release: str = "10.4.3", versions: tuple[str, ...] = ("37.0", "37.2")
) -> dict[str, Any]:
    """A result of vcd_edge_gateway_info."""
    api = {"version": versions[-1], "versions": list(versions), "release": release}
    return {"changed": False, "api": api, "edge_gateways": list(edges)}


def state(
    target: str,
    ccm_result: dict[str, Any] | None = None,
    vcd_result: dict[str, Any] | None = None,
    one_arm: Any = None,
    existing: str = "fail",
    prune: bool = False,
) -> ClusterState:
    """The state that the checks examine."""
    cluster = read_cluster(ccm_result or ccm())
    read = read_vcd(vcd_result if vcd_result is not None else vcd(edge()))
    return with_migrations(ClusterState(cluster, read, resolve(target, one_arm, cluster, "", existing, prune)))


def observed(found: dict[str, list[Any]], *services: dict[str, Any], ip_spaces: bool = False) -> list[ObservedService]:
    """Services with their shape, according to these virtual services and NAT rules."""
    cluster = read_cluster(ccm(services=list(services)))
    read = read_vcd(vcd((ip_space_edge if ip_spaces else edge)(**found)))
    assert read is not None
    gateway = read.edges[0]
    return observe(cluster.services, CLUSTER_ID, "", gateway.inventory, gateway.addresses([parse_range(RANGE)]))


SCENARIOS = [item.value for item in Scenario]
