# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""How long the ports of a Service cannot be reached while a plan is carried out, counted in tasks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import (
    Inventory,
    NatRule,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import VIRTUAL_SERVICE
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import relevant_part
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import PortNames, WantedService


@dataclass(frozen=True)
class Outage:
    """``ports``: how many tasks each port that serves now is down for; ``together``: how many all of them are at once.

    ``window``: how many tasks there are during which nothing holds the external IP (see planner).
    """

    ports: tuple[tuple[str, int], ...]
    together: int
    window: int

    def worst(self, other: Outage) -> Outage:
        """The longer of each."""
        mine, theirs = dict(self.ports), dict(other.ports)
        ports = tuple((port, max(tasks, theirs.get(port, 0))) for port, tasks in mine.items())
        return Outage(ports, max(self.together, other.together), max(self.window, other.window))


def outage_of(wanted: WantedService, inventory: Inventory, steps: Sequence[Step]) -> Outage:
    """What the steps mean for the clients of a Service. ``inventory`` is what is there before the first of them."""
    own = relevant_part(wanted, inventory)
    ports = list(zip(wanted.ports, wanted.names, strict=True))
    up = {port.number: _reachable(own, wanted, names, port.number) for port, names in ports}
    down = {number: 0 for number, is_up in up.items() if is_up}
    together = window = 0
    stays = any(port.virtual_service for port in wanted.ports)  # of one that goes, nobody has to hold the IP
    for step in steps:
        held = own.referenced(wanted.external_ip)
        step.apply(own)
        after = {port.number: _reachable(own, wanted, names, port.number) for port, names in ports}
        out = [number for number in down if not (up[number] and after[number])]
        for number in out:
            down[number] += 1
        together += bool(down) and len(out) == len(down)
        # the task that brings a holder counts: the address is taken when it begins or when it ends, nobody knows
        window += stays and not held and bool(down)
        up = after
    return Outage(tuple(down.items()), together, window)


def _reachable(inventory: Inventory, wanted: WantedService, names: PortNames, number: str) -> bool:
    """Whether a client of the external IP gets to the port. A DNAT rule comes before a virtual service."""
    found: VirtualService | None = inventory.get(VIRTUAL_SERVICE, names.virtual_service)
    if found is None or number not in found.ports:
        return False
    rules: list[NatRule] = [rule for rule in inventory.from_address(wanted.external_ip) if rule.port in ("", number)]
    if rules:
        return any(rule.internal == found.address for rule in rules)
    return found.address == wanted.external_ip
