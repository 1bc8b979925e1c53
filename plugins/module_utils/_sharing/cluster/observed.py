# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The Services of a cluster with their objects on the gateway. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
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
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import (
    PortAside,
    read_all_ports,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import (
    PortSpec,
    Service,
    ServicePort,
)


@dataclass(frozen=True)
class ObservedService:
    """A Service as Kubernetes and as the domain know it, with its objects port by port.

    ``problem`` says why CPI cannot create what it lacks; its objects are observed nevertheless. ``aside`` are the ports
    that CPI creates no virtual service for; they are among ``ports`` only if they have one.
    """

    kubernetes: KubernetesService
    service: Service
    ports: tuple[PresentPort, ...]
    problem: InvalidInput | None = None
    aside: tuple[PortAside, ...] = ()

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
    *,
    premium: bool = True,
) -> list[ObservedService]:
    """The Services that CPI manages, with their objects.

    ``certificate`` is the alias in CPI's file; ``premium`` is false for a gateway with the feature set STANDARD.
    """
    naming = Naming.of_cluster(cluster_id)
    found = []
    for item in services:
        if item.served_by_cpi:
            specs, problem = _specs(item, certificate, premium)
            ports = [spec for spec, _aside in specs]
            # Without a cluster id no object can be this cluster's. The names are empty then, so that none is found.
            service = Service.build(item.name, ports, naming, namespace=item.namespace, cluster_id=cluster_id)
            reasons = [aside for _spec, aside in specs]
            found.append(_observe(item, service, reasons, problem, service.present(inventory, edge)))
    return found


def _observe(
    item: KubernetesService,
    service: Service,
    reasons: Iterable[PortAside | None],
    problem: InvalidInput | None,
    present: Iterable[PresentPort],
) -> ObservedService:
    served, aside = [], []
    for reason, port, found in zip(reasons, service.ports, present, strict=True):
        # CPI keeps a virtual service that exists, and so does a migration
        if reason is None or found.virtual_service is not None:
            served.append((port, found))
        if reason is not None:
            aside.append(reason)
    # CPI reads the annotations only when it creates a virtual service
    if all(found.virtual_service is not None for _port, found in served):
        problem = None
    service = replace(service, ports=tuple(port for port, _found in served))
    return ObservedService(item, service, tuple(found for _port, found in served), problem, tuple(aside))


def _specs(
    item: KubernetesService, certificate: str, premium: bool
) -> tuple[tuple[tuple[PortSpec, PortAside | None], ...], InvalidInput | None]:
    """The ports of a Service, and what CPI refuses in its annotations, if anything."""
    ports = [asdict(port) for port in item.ports]
    try:
        return read_all_ports(ports, item.annotations, certificate, premium=premium), None
    except InvalidInput as error:
        return read_all_ports(ports, {}, certificate, premium=premium), error
