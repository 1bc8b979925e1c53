# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The shape that each Service has in VCD now: judged from CPI's names alone, as CPI does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import (
    Service,
    ServicePort,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import (
    EdgeGateway,
    NatRule,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import (
    nat_rule_name,
    virtual_service_name,
)

MIXED, ABSENT = "mixed", "absent"


@dataclass(frozen=True)
class ObservedPort:
    """A port of a Service with the objects that carry it; None where there is no such object."""

    port: ServicePort
    virtual_service: VirtualService | None
    nat_rule: NatRule | None
    on_external_address: bool

    @property
    def evidence(self) -> str:
        """One line: where the port is reached, and through which objects."""
        label = f"port {self.port.name or self.port.port}"
        if self.virtual_service is None:
            return f"{label}: no virtual service"
        reached = f"{label}: virtual service on {self.virtual_service.address}"
        if self.nat_rule is None:
            return reached if self.on_external_address else f"{reached}, no DNAT rule leads there"
        return f"{reached}, DNAT from {self.nat_rule.external} to {self.nat_rule.internal}"


@dataclass(frozen=True)
class ObservedService:
    """A Service with its ports as VCD holds them, and the scenarios whose shape that is."""

    service: Service
    ports: tuple[ObservedPort, ...]
    fits: frozenset[Scenario]

    @property
    def present(self) -> tuple[ObservedPort, ...]:
        """The ports that have a virtual service."""
        return tuple(port for port in self.ports if port.virtual_service is not None)

    @property
    def shape(self) -> str:
        """Name of the shape; an internal Service with one port has two of them."""
        if not self.present:
            return ABSENT
        return " or ".join(item.value for item in Scenario if item in self.fits) or MIXED

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a playbook."""
        return {
            "name": self.service.name,
            "namespace": self.service.namespace,
            "external_ips": list(self.service.external_ips),
            "ports": [port.port.port for port in self.ports],
            "shape": self.shape,
            "fits": [item.value for item in Scenario if item in self.fits],
            "evidence": [port.evidence for port in self.ports],
        }


def observe(
    services: Iterable[Service], cluster_id: str, edge: EdgeGateway, one_arms: Iterable[AddressRange]
) -> list[ObservedService]:
    """Find each Service's objects on the gateway. ``one_arms``: the ranges whose addresses are internal for sure."""
    virtual_services = {item.name: item for item in edge.virtual_services}
    rules = {item.name: item for item in edge.nat_rules}
    internal = tuple(one_arms)
    return [
        _observe_service(service, cluster_id, edge, virtual_services, rules, internal)
        for service in services
        if service.served_by_cpi
    ]


def _observe_service(
    service: Service,
    cluster_id: str,
    edge: EdgeGateway,
    virtual_services: Mapping[str, VirtualService],
    rules: Mapping[str, NatRule],
    internal: tuple[AddressRange, ...],
) -> ObservedService:
    ports = []
    for port in service.served_ports:
        name = virtual_service_name(service.name, cluster_id, port.name)
        found, rule = virtual_services.get(name), rules.get(nat_rule_name(name))
        external = found is not None and _is_external(found.address, rule, edge, internal)
        ports.append(ObservedPort(port, found, rule, external))
    return ObservedService(service, tuple(ports), _fits(ports))


def _is_external(address: str, rule: NatRule | None, edge: EdgeGateway, internal: tuple[AddressRange, ...]) -> bool:
    """Whether a VIP is an address of the outside. With IP Spaces the uplink names no subnets, so exclusion decides."""
    if rule is not None and rule.internal == address:
        return False
    if edge.on_uplink(address):
        return True
    return edge.uses_ip_spaces and not any(address in item for item in internal)


def _fits(ports: Iterable[ObservedPort]) -> frozenset[Scenario]:
    """The scenarios whose CPI would find these objects as it would have made them."""
    present = [port for port in ports if port.virtual_service is not None]
    addresses = {port.virtual_service.address for port in present if port.virtual_service}
    if not present:
        return frozenset()
    if all(port.on_external_address and port.nat_rule is None for port in present):
        return frozenset({Scenario.SHARED_EXTERNAL} if len(addresses) == 1 else ())
    if not all(_translated(port) for port in present):
        return frozenset()
    if len({port.nat_rule.external for port in present if port.nat_rule}) != 1:
        return frozenset()
    fits = {Scenario.SHARED_INTERNAL} if len(addresses) == 1 else set()
    return frozenset(fits | ({Scenario.DISTINCT_INTERNAL} if len(addresses) == len(present) else set()))


def _translated(port: ObservedPort) -> bool:
    """Whether the DNAT rule of the port leads to its virtual service."""
    found, rule = port.virtual_service, port.nat_rule
    return found is not None and rule is not None and not port.on_external_address and rule.internal == found.address
