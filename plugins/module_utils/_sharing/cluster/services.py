# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The existing Services as a migration takes them: the option ``services`` of vcd_shared_ip. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import (
    Cluster,
    KubernetesPort,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import ObservedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import choose_external_ip
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import Service

Key = tuple[str, str]


def services_of(
    state: ClusterState, known: Mapping[Key, str] | None = None, only: Collection[Key] | None = None
) -> list[dict[str, Any]]:
    """The Services that CPI serves and that have objects or an external IP, as vcd_shared_ip takes them.

    ``known`` are external IPs by namespace and name that override the present ones; by default those recorded for a
    change in progress. ``only`` limits the result to these Services. Services and ports that are left aside are not in
    it. Raises InvalidInput when the external IP of a Service is unknown.
    """
    if known is None:
        known = interrupted_external_ips(state.cluster)
    found = []
    for item in state.observed:
        if not item.ports or item.left_out is not None or (only is not None and key_of(item) not in only):
            continue
        if key_of(item) in known or is_present(item):
            address = known.get(key_of(item)) or external_ip(item, state)
            found.append(as_option(item.service.with_external_ip(address), [one.name for one in _others(item)]))
    return found


def _others(item: ObservedService) -> list[KubernetesPort]:
    """The ports that are left aside."""
    served = {port.spec.name for port in item.service.ports}
    return [port for port in item.kubernetes.ports if port.name not in served]


def key_of(item: ObservedService) -> Key:
    """Namespace and name, which identify a Service in a restore point."""
    return item.service.namespace, item.service.name


def is_present(item: ObservedService) -> bool:
    """Whether it has objects, or an IP that it must keep. A Service with neither is left to CPI."""
    return item.whole.has_objects or bool(item.kubernetes.external_ips)


def interrupted_external_ips(cluster: Cluster) -> dict[Key, str]:
    """The external IPs that Services had before the change that is in progress; empty if no change is."""
    if cluster.rollout != IN_PROGRESS or cluster.restore_point is None:
        return {}
    return {key: str(item["external_ip"]) for key, item in stored_services(cluster.restore_point).items()}


def stored_services(restore_point: Mapping[str, Any]) -> dict[Key, Mapping[str, Any]]:
    """The Kubernetes side of a restore point by namespace and name; entries that cannot be read are skipped."""
    entries = restore_point.get("kubernetes_services")
    if not isinstance(entries, list):
        return {}
    return {
        (str(item.get("namespace")), str(item.get("name"))): item
        for item in entries
        if isinstance(item, Mapping) and item.get("external_ip")
    }


def external_ip(item: ObservedService, state: ClusterState) -> str:
    """The external IP that clients of a Service use. Raises InvalidInput when it is unknown."""
    found = choose_external_ip(
        item.service,
        state.edge.inventory if state.edge else Inventory(),
        state.addresses,
        status_ips=item.kubernetes.external_ips,
        asked=item.kubernetes.load_balancer_ip,
    )
    if not found:
        remedy = "its external IP is unknown: set spec.loadBalancerIP of the Service to the one that it is to keep"
        raise InvalidInput(item.label, "no address", remedy)
    return found


def status_differs(item: ObservedService, external: str) -> bool:
    """Whether Kubernetes shows another external IP than the one that the Service keeps."""
    return bool(item.kubernetes.external_ips) and external not in item.kubernetes.external_ips


def as_option(service: Service, others: Sequence[str] = ()) -> dict[str, Any]:
    """A service as the option ``services`` has it. ``others`` are the names of ports that stay as they are."""
    return {
        "name": service.name,
        "namespace": service.namespace,
        "external_ip": service.external_ip,
        "ports": [
            {
                "name": port.spec.name,
                "port": port.spec.port,
                "node_port": port.spec.node_port,
                "protocol": "TCP",
                "app_protocol": port.spec.protocol,
                "ssl": bool(port.spec.certificate),
                "certificate": port.spec.certificate,
            }
            for port in service.ports
        ],
        "other_ports": list(others),
    }
