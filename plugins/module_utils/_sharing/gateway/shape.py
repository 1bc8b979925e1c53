# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Which shape a service has, decided in one place for preflight, plan, verify and reports. Pure.

A shape is the set of scenarios in which CPI would have created the present objects. A service with one
port behind NAT has the shape of both internal scenarios.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM, AddressRange
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import PortNames
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
    AppPortProfile,
    NatRule,
    Pool,
    VirtualService,
)

MIXED, ABSENT = "mixed", "absent"


@dataclass(frozen=True)
class EdgeAddresses:
    """Which addresses of a gateway are external. ``internal`` are the one-arm ranges that are known.

    With IP Spaces an uplink names no subnets, so every address outside the one-arm ranges counts as external.
    """

    uplinks: tuple[AddressRange, ...] = ()
    uses_ip_spaces: bool = False
    internal: tuple[AddressRange, ...] = (DEFAULT_ONE_ARM,)

    def is_external(self, address: str) -> bool:
        """Whether clients outside the gateway can use an address."""
        if any(address in network for network in self.uplinks):
            return True
        return self.uses_ip_spaces and bool(address) and not any(address in one for one in self.internal)


@dataclass(frozen=True)
class PresentPort:
    """The present objects of one port; None for a missing one.

    ``nat_rule`` is the port's own rule, or else the one that the service has for all its ports.
    """

    names: PortNames
    virtual_service: VirtualService | None
    pool: Pool | None
    nat_rule: NatRule | None
    profile: AppPortProfile | None
    on_external_address: bool

    @property
    def exists(self) -> bool:
        """Whether it has a virtual service or a rule."""
        return self.virtual_service is not None or self.nat_rule is not None


def present_ports(
    names: Iterable[PortNames], shared_rule: str, inventory: Inventory, edge: EdgeAddresses
) -> tuple[PresentPort, ...]:
    """The objects of each port of a service."""
    shared: NatRule | None = inventory.get(NAT_RULE, shared_rule)
    found = []
    for one in names:
        service: VirtualService | None = inventory.get(VIRTUAL_SERVICE, one.virtual_service)
        rule: NatRule | None = inventory.get(NAT_RULE, one.nat_rule) or shared
        pool, profile = inventory.get(POOL, one.pool), inventory.get(APP_PORT_PROFILE, one.profile)
        found.append(PresentPort(one, service, pool, rule, profile, _is_outside(service, rule, edge)))
    return tuple(found)


def _is_outside(service: VirtualService | None, rule: NatRule | None, edge: EdgeAddresses) -> bool:
    if service is None or (rule is not None and rule.internal == service.address):
        return False
    return edge.is_external(service.address)


def fits(ports: Sequence[PresentPort]) -> frozenset[Scenario]:
    """The scenarios whose shape these objects have: none for a mixture, and none without any virtual service.

    Ports without a virtual service do not count, but a rule left over from one does.
    """
    present = [port for port in ports if port.virtual_service is not None]
    rules = [port.nat_rule for port in ports if port.nat_rule is not None]
    vips = [port.virtual_service.address for port in present if port.virtual_service]
    if present and all(port.on_external_address for port in present) and not rules:
        return frozenset({Scenario.SHARED_EXTERNAL} if len(set(vips)) == 1 else ())
    if not present or not all(_is_translated(port) for port in present):
        return frozenset()
    if len({rule.external for rule in rules}) != 1:
        return frozenset()
    left = [port.nat_rule.internal for port in ports if port.nat_rule and port.virtual_service is None]
    addresses = [*vips, *left]
    shared = {Scenario.SHARED_INTERNAL} if len(set(addresses)) == 1 else set()
    return frozenset(shared | ({Scenario.DISTINCT_INTERNAL} if len(set(addresses)) == len(addresses) else set()))


def _is_translated(port: PresentPort) -> bool:
    service, rule = port.virtual_service, port.nat_rule
    return (
        service is not None and rule is not None and not port.on_external_address and rule.internal == service.address
    )


def shape_name(ports: Sequence[PresentPort], preferred: Scenario | None = None) -> str:
    """The shape in one word: ``preferred`` if it fits, else all that fit, ``mixed``, or ``absent``."""
    found = fits(ports)
    if preferred in found:
        return preferred.value if preferred else MIXED
    if not any(port.virtual_service for port in ports):
        return ABSENT
    return " or ".join(one.value for one in Scenario if one in found) or MIXED
