# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The Services of a cluster with their objects on the gateway. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import (
    KubernetesService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    VIRTUAL_SERVICE,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import (
    EdgeAddresses,
    PresentPort,
    fits,
    present_ports,
    shape_name,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import (
    read_all_ports,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import (
    PortSpec,
    Service,
    ServicePort,
)

EXCLUDED = "shared_ip_exclude names it"
SERVES_UDP = "its virtual service serves UDP, which cannot be migrated"


@dataclass(frozen=True)
class Aside:
    """Why a Service, or one of its ports (``port`` is its label), stays as it is.

    ``asked``: the operator asked for it. ``remedy`` is what can be done about it, if anything. ``present`` are the
    objects of the port.
    """

    why: str
    port: str = ""
    asked: bool = False
    remedy: str = ""
    present: PresentPort | None = None


@dataclass(frozen=True)
class ObservedService:
    """A Service as Kubernetes and as the domain know it, with its objects port by port.

    ``aside`` are the ports that no plan is for; they are in none of the other fields. ``kept`` are ports that CPI would
    not create a virtual service for, but that have one. ``left_out`` says why the whole Service stays as it is, if so.
    """

    kubernetes: KubernetesService
    service: Service
    ports: tuple[PresentPort, ...]
    aside: tuple[Aside, ...] = ()
    kept: tuple[Aside, ...] = ()
    left_out: Aside | None = None

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
    def whole(self) -> ObservedService:
        """The Service with all of its ports: what CPI will find."""
        return replace(self, ports=(*self.ports, *self.ports_aside))

    @property
    def problem(self) -> InvalidInput | None:
        """Why CPI serves none of its ports; None if it serves one."""
        if self.ports or not self.aside:
            return None
        return InvalidInput("port", self.aside[0].port, self.aside[0].why)

    @property
    def all_aside(self) -> tuple[Aside, ...]:
        """What stays as it is: the whole Service, or some of its ports."""
        return (self.left_out,) if self.left_out is not None else self.aside

    @property
    def ports_aside(self) -> tuple[PresentPort, ...]:
        """The objects of the ports that are left aside."""
        return tuple(one.present for one in self.aside if one.present is not None)

    @property
    def has_objects(self) -> bool:
        """Whether it has a virtual service or a DNAT rule."""
        return any(port.exists for port in self.ports)

    @property
    def shape(self) -> str:
        """Its shape in words. A Service with one port behind NAT fits two scenarios."""
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
            "aside": [{"port": one.port or None, "why": one.why} for one in self.all_aside],
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
    excluded: Collection[str] = (),
) -> list[ObservedService]:
    """The Services that CPI manages, with their objects.

    ``certificate`` is the alias that CPI takes by default; ``premium`` is false for a gateway with the feature set
    STANDARD. ``excluded`` are Services (namespace/name) and ports (namespace/name:port) that stay as they are.
    """
    naming, found = Naming.of_cluster(cluster_id), []
    for item in services:
        if item.served_by_cpi:
            ports = list(_read_ports(item, certificate, premium, excluded))
            found.append(_observe(item, ports, naming, cluster_id, inventory, edge, excluded))
    return found


def _observe(
    item: KubernetesService,
    ports: Sequence[tuple[PortSpec, Aside | None]],
    naming: Naming,
    cluster_id: str,
    inventory: Inventory,
    edge: EdgeAddresses,
    excluded: Collection[str],
) -> ObservedService:
    served: list[PortSpec] = []
    kept: list[Aside] = []
    left: dict[str, Aside] = {}
    for spec, why in ports:
        name = naming.port(item.name, spec.name).virtual_service
        present: VirtualService | None = inventory.get(VIRTUAL_SERVICE, name)
        if present is not None and any(text.startswith("UDP") for text in present.ports) and not (why and why.asked):
            left[spec.name] = Aside(SERVES_UDP, spec.name or str(spec.port), remedy="keep the scenario")
        # CPI keeps an existing virtual service, so a migration must keep it, too: it would be lost otherwise
        elif why is None or (not why.asked and present is not None):
            served.append(spec)
            kept += [why] if why else []
        else:
            left[spec.name] = why
    # Without a cluster id no object can belong to this cluster. The names are empty then, so that nothing is found.
    service = Service.build(item.name, served, naming, namespace=item.namespace, cluster_id=cluster_id, others=left)
    others = present_ports(service.others, service.shared_rule, inventory, edge)
    aside = tuple(replace(why, present=one) for why, one in zip(left.values(), others, strict=True))
    found = service.present(inventory, edge)
    return ObservedService(item, service, found, aside, tuple(kept), _left_out(item, excluded))


def _left_out(item: KubernetesService, excluded: Collection[str]) -> Aside | None:
    if item.label in excluded:
        return Aside(EXCLUDED, asked=True)
    return Aside("it is being deleted, and CPI removes its objects") if item.deleting else None


def _read_ports(
    item: KubernetesService, certificate: str, premium: bool, excluded: Collection[str]
) -> Iterator[tuple[PortSpec, Aside | None]]:
    """The ports of a Service, each with the reason if CPI creates no virtual service or the operator wants none."""
    ports, refused = [asdict(port) for port in item.ports], None
    try:
        found = read_all_ports(ports, item.annotations, certificate, premium=premium)
    except InvalidInput as error:
        details = error.details
        refused = f"CPI refuses {details['option']} {details['value']}", str(details["remedy"])
        found = read_all_ports(ports, {}, certificate, premium=premium)
    for spec, aside in found:
        label = spec.name or str(spec.port)
        if {f"{item.label}:{spec.name}", f"{item.label}:{spec.port}"} & set(excluded):
            yield spec, Aside(EXCLUDED, label, asked=True)
        elif aside is not None or refused:
            why, remedy = (aside.why, aside.remedy) if aside else refused or ("", "")
            yield spec, Aside(why, label, remedy=remedy)
        else:
            yield spec, None
