# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Whether a client of the external IP reaches the ports of a service. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import takes_port
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    NO_DNAT,
    VIRTUAL_SERVICE,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedPort, WantedService


def reachable_numbers(inventory: Inventory, wanted: WantedService) -> dict[str, bool]:
    """Whether each port is served, by its text. The objects of either name may serve a renamed port.

    Ports that the service no longer has do not count, unless the whole service is removed.
    """
    counted = {port.number for port in wanted.ports if port.virtual_service is not None or not wanted.stays}
    named: dict[str, list[WantedPort]] = {}
    for port in wanted.ports:
        if port.number in counted:
            named.setdefault(port.number, []).append(port)
    return {number: reachable(inventory, wanted, ports) for number, ports in named.items()}


def reachable(inventory: Inventory, wanted: WantedService, ports: Sequence[WantedPort]) -> bool:
    """Whether a client of the external IP reaches a port number through the objects of any of ``ports``.

    A DNAT rule takes precedence over a virtual service. Of several rules, the one with the lowest ``priority`` applies.
    For equal priorities it is unknown which one applies, so all of them must lead to where the port is served.
    """
    spec = ports[0].port.spec
    served = {found.address for port in ports if (found := _serving(inventory, port)) is not None}
    rules = [
        rule
        for rule in inventory.rules_for(wanted.external_ip)
        if rule.enabled and rule.type != NO_DNAT and inventory.translates(rule, spec.port, spec.transport)
    ]
    if not rules:
        return wanted.external_ip in served
    first = min(rule.priority for rule in rules)
    return all(rule.internal in served for rule in rules if rule.priority == first)


def _serving(inventory: Inventory, port: WantedPort) -> VirtualService | None:
    found: VirtualService | None = inventory.get(VIRTUAL_SERVICE, port.names.virtual_service)
    serves = found is not None and found.enabled and takes_port(found, port.port.spec.port, port.port.spec.transport)
    return found if serves else None
