# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Which Services have to be migrated or repaired, with the addresses they keep: what a preflight can say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.addresses import AddressRange, ipv4
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.shape import MIXED, ObservedPort, ObservedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.vcd_facts import EdgeGateway

TCP = "TCP"


@dataclass(frozen=True)
class Move:
    """One Service on its way to ``target``.

    ``external_ips`` are the addresses by which VCD serves it, or else the one that Kubernetes knows: one for a Service
    that can be migrated. ``internal_ips`` are the addresses after the move, port by port, empty where one is chosen
    only then; without NAT there are none.
    """

    observed: ObservedService
    target: Scenario
    external_ips: tuple[str, ...]
    internal_ips: tuple[str, ...]

    @property
    def label(self) -> str:
        """namespace/name."""
        return self.observed.service.label

    @property
    def external_ip(self) -> str:
        """The address that it keeps; empty when it cannot be told."""
        return self.external_ips[0] if len(self.external_ips) == 1 else ""

    @property
    def new_addresses(self) -> int:
        """How many internal addresses it takes that it does not have now."""
        missing = self.internal_ips.count("")
        return min(missing, 1) if self.target is Scenario.SHARED_INTERNAL else missing

    @property
    def damaged(self) -> str:
        """What is wrong with its present objects; empty for a Service in a sound shape."""
        broken = [port.evidence for port in self.observed.ports if port.virtual_service is None]
        if not broken and self.observed.shape == MIXED:
            broken = [port.evidence for port in self.observed.ports]
        return "; ".join(broken)

    @property
    def obstacle(self) -> str:
        """Why it cannot be migrated; empty when it can."""
        others = [port for port in self.observed.service.served_ports if (port.protocol or TCP) != TCP]
        if others:
            return f"port {others[0].name or others[0].port} is {others[0].protocol}, and CPI serves TCP only"
        if not self.external_ips:
            return "neither VCD nor Kubernetes knows its external IP"
        if len(self.external_ips) > 1:
            return f"VCD serves it on {' and '.join(self.external_ips)}, and it can keep one external IP only"
        return ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a playbook."""
        service = self.observed.service
        return {
            "name": service.name,
            "namespace": service.namespace,
            "external_ip": self.external_ip or None,
            "from": self.observed.shape,
            "to": self.target.value,
            "damaged": bool(self.damaged),
            "obstacle": self.obstacle,
        }


def plan_moves(
    observed: Iterable[ObservedService], target: Scenario, edge: EdgeGateway, one_arms: Sequence[AddressRange]
) -> list[Move]:
    """The Services whose objects are not those of ``target``; a Service that nobody has served yet is none of them."""
    found = []
    for item in observed:
        whole = all(port.virtual_service for port in item.ports if (port.port.protocol or TCP) == TCP)
        if not item.ports or (whole and target in item.fits):
            continue
        external = _external_ips(item, edge, one_arms)
        served = external and item.service.external_ips
        if item.present or any(port.nat_rule for port in item.ports) or served:
            found.append(Move(item, target, external, internal_ips(item, target)))
    return found


def _external_ips(item: ObservedService, edge: EdgeGateway, one_arms: Sequence[AddressRange]) -> tuple[str, ...]:
    """What serves counts: the DNAT rules and the VIPs outside. Kubernetes may show an IP that nobody serves."""
    served = {port.nat_rule.external for port in item.ports if port.nat_rule}
    served |= {
        port.virtual_service.address for port in item.present if port.virtual_service and port.on_external_address
    }
    if served - {""}:
        return tuple(sorted(served - {""}))
    known = [address for address in (item.service.load_balancer_ip, *item.service.external_ips) if address]
    return tuple(address for address in known if _may_be_external(address, edge, one_arms))[:1]


def _may_be_external(address: str, edge: EdgeGateway, one_arms: Sequence[AddressRange]) -> bool:
    number = ipv4(address)
    return edge.on_uplink(address) or (edge.uses_ip_spaces and not any(number in item for item in one_arms))


def internal_ips(item: ObservedService, target: Scenario) -> tuple[str, ...]:
    """The internal addresses after a move, port by port: those that are there are kept where the scenario allows it."""
    present = [_internal_ip(port) for port in item.ports]
    if not target.one_arm:
        return ()
    if target is Scenario.SHARED_INTERNAL:
        counted = Counter(address for address in present if address).most_common(1)
        return (counted[0][0] if counted else "",) * len(present)
    return tuple("" if address in present[:number] else address for number, address in enumerate(present))


def _internal_ip(port: ObservedPort) -> str:
    found = port.virtual_service
    return found.address if found is not None and not port.on_external_address else ""
