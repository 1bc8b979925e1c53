# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What a migration is told of the Services that exist: the option ``services`` of vcd_shared_ip. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import (
    IN_PROGRESS,
    Cluster,
    Service,
    read_cluster,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.target import resolve
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import ObservedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import read_ports

Key = tuple[str, str]


def services_option(ccm: Any, vcd: Any, scenario: Any, one_arm: Any = None) -> list[dict[str, Any]]:
    """The Services to be moved, from the results of vcd_ccm_config_info and vcd_edge_gateway_info.

    Raises InvalidInput when a result is not what it should be, or when a Service cannot be moved.
    """
    cluster = read_cluster(ccm)
    return services_of(ClusterState(cluster, read_vcd(vcd), resolve(scenario, one_arm, cluster)))


def services_of(state: ClusterState, known: Mapping[Key, str] | None = None) -> list[dict[str, Any]]:
    """The Services that CPI serves and that have objects or an external IP, as vcd_shared_ip takes them.

    ``known`` are external IPs by namespace and name that count more than what is seen now; without it, those of the
    change that is in progress. Raises InvalidInput when nobody can tell a Service's external IP, or its ports.
    """
    if known is None:
        known = interrupted_external_ips(state.cluster)
    found = []
    for item in state.observed:
        key = (item.service.namespace, item.service.name)
        if item.service.served_ports and (key in known or _is_there(item)):
            external = known.get(key) or external_ip(item, state.one_arms)
            found.append(_option(item.service, external, state.cluster.certificate))
    return found


def interrupted_external_ips(cluster: Cluster) -> dict[Key, str]:
    """The external IPs that Services had before the change that is in progress; none when no change is."""
    if cluster.rollout != IN_PROGRESS or cluster.restore_point is None:
        return {}
    return {key: str(item["external_ip"]) for key, item in stored_services(cluster.restore_point).items()}


def stored_services(restore_point: Mapping[str, Any]) -> dict[Key, Mapping[str, Any]]:
    """The Kubernetes side of a restore point by namespace and name; what cannot be read is left out."""
    entries = restore_point.get("kubernetes_services")
    if not isinstance(entries, list):
        return {}
    return {
        (str(item.get("namespace")), str(item.get("name"))): item
        for item in entries
        if isinstance(item, Mapping) and item.get("external_ip")
    }


def external_ip(item: ObservedService, ranges: Iterable[AddressRange] = ()) -> str:
    """The external IP that clients of a Service use.

    That is the one in its status, but not where its objects serve another one (a CPI that did not find what it
    expected has changed the status, and clients still use what they know), and never an internal address.
    """
    serving = _serving(item)
    shown = [ip for ip in item.service.external_ips if not _is_internal(ip, item, ranges)]
    for candidates in ([ip for ip in shown if ip in serving], serving if len(serving) == 1 else [], shown):
        if candidates:
            return candidates[0]
    if item.service.load_balancer_ip:
        return item.service.load_balancer_ip
    raise InvalidInput(
        item.service.label,
        ", ".join(serving) or "no address",
        "nobody can tell its external IP: set spec.loadBalancerIP of the Service to the one that it is to keep",
    )


def status_differs(item: ObservedService, external: str) -> bool:
    """Whether Kubernetes shows another external IP than the one that the Service keeps."""
    return bool(item.service.external_ips) and external not in item.service.external_ips


def _serving(item: ObservedService) -> list[str]:
    """The external addresses that its objects hold."""
    rules = {port.nat_rule.external for port in item.ports if port.nat_rule}
    vips = {port.virtual_service.address for port in item.ports if port.virtual_service and port.on_external_address}
    return sorted(rules | vips)


def _is_internal(address: str, item: ObservedService, ranges: Iterable[AddressRange]) -> bool:
    inside = {port.nat_rule.internal for port in item.ports if port.nat_rule}
    inside |= {
        port.virtual_service.address for port in item.ports if port.virtual_service and not port.on_external_address
    }
    return address in inside or any(address in one for one in ranges)


def _is_there(item: ObservedService) -> bool:
    """Whether it has objects, or an IP that it may not lose. One that waits for both is CPI's to serve."""
    return bool(item.service.external_ips) or any(port.virtual_service or port.nat_rule for port in item.ports)


def _option(service: Service, external: str, certificate: str) -> dict[str, Any]:
    try:
        ports = read_ports([asdict(port) for port in service.ports], service.annotations, certificate)
    except InvalidInput as error:
        details = error.details
        raise InvalidInput(f"{service.label}: {details['option']}", details["value"], details["remedy"]) from error
    return {
        "name": service.name,
        "namespace": service.namespace,
        "external_ip": external,
        "ports": [
            {
                "name": port.name,
                "port": port.port,
                "node_port": port.node_port,
                "protocol": "TCP",
                "app_protocol": port.protocol,
                "ssl": bool(port.certificate),
                "certificate": port.certificate,
            }
            for port in ports
        ],
    }
