# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The Services of a cluster with their objects on the gateway. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import KubernetesService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import (
    EdgeAddresses,
    PresentPort,
    fits,
    shape_name,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import read_ports
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import (
    PortSpec,
    Service,
    ServicePort,
)


@dataclass(frozen=True)
class ObservedService:
    """A Service as Kubernetes and as the domain know it, with its objects port by port.

    ``problem`` says why CPI cannot serve it as it is; its objects are observed nevertheless.
    """

    kubernetes: KubernetesService
    service: Service
    ports: tuple[PresentPort, ...]
    problem: InvalidInput | None = None

    @property
    def label(self) -> str:
        """namespace/name."""
        return self.service.label

    @cached_property
    def fits(self) -> frozenset[Scenario]:
        """The scenarios whose shape its objects have."""
        return fits(self.ports)

    @property
    def present(self) -> tuple[PresentPort, ...]:
        """The ports that have a virtual service."""
        return tuple(port for port in self.ports if port.virtual_service is not None)

    @property
    def has_objects(self) -> bool:
        """Whether a virtual service or a DNAT rule of it exists."""
        return any(port.exists for port in self.ports)

    @property
    def shape(self) -> str:
        """Its shape in words; that of a Service with one port behind NAT fits two scenarios."""
        return shape_name(self.ports)

    @property
    def evidence(self) -> list[str]:
        """A line for each port: its address, and the objects that lead to it."""
        return [_evidence(port, found) for port, found in zip(self.service.ports, self.ports, strict=True)]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a playbook."""
        return {
            "name": self.service.name,
            "namespace": self.service.namespace,
            "external_ips": list(self.kubernetes.external_ips),
            "ports": [port.spec.port for port in self.service.ports],
            "shape": self.shape,
            "fits": [item.value for item in Scenario if item in self.fits],
            "evidence": self.evidence,
        }


def _evidence(port: ServicePort, found: PresentPort) -> str:
    if found.virtual_service is None:
        return f"port {port.label}: no virtual service"
    reached = f"port {port.label}: virtual service on {found.virtual_service.address}"
    if found.nat_rule is None:
        return reached if found.on_external_address else f"{reached}, no DNAT rule leads there"
    return f"{reached}, DNAT from {found.nat_rule.external} to {found.nat_rule.internal}"


def observe(
    services: Iterable[KubernetesService],
    cluster_id: str,
    certificate: str,
    inventory: Inventory,
    edge: EdgeAddresses,
) -> list[ObservedService]:
    """The Services that CPI manages, with their objects. ``certificate`` is the alias in CPI's file."""
    naming, found = Naming.of_cluster(cluster_id), []
    for item in services:
        if item.served_by_cpi:
            service, problem = as_service(item, cluster_id, certificate, naming)
            found.append(ObservedService(item, service, service.present(inventory, edge), problem))
    return found


def as_service(
    item: KubernetesService, cluster_id: str, certificate: str, naming: Naming
) -> tuple[Service, InvalidInput | None]:
    """A Service as the domain knows it, and what CPI refuses in it, if anything."""
    problem: InvalidInput | None = None
    try:
        specs = read_ports([asdict(port) for port in item.ports], item.annotations, certificate)
    except InvalidInput as error:
        problem = error
        specs = tuple(PortSpec(port.name, port.port, port.node_port or 0) for port in item.served_ports)
    # Without a cluster id no object can be this cluster's. The names are empty then, so that none is found.
    service = Service.build(item.name, specs, naming, namespace=item.namespace, cluster_id=cluster_id)
    return service, problem
