# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""How long the ports of a service are unreachable while a plan is applied, counted in tasks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import relevant_part
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.reach import reachable_numbers
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedService


@dataclass(frozen=True)
class Outage:
    """Numbers of tasks. ``ports``: for how many each port that serves now is down; ``together``: for how many all are.

    ``window``: for how many nothing holds the external IP (see planner).
    """

    ports: tuple[tuple[str, int], ...]
    together: int
    window: int

    def worst(self, other: Outage) -> Outage:
        """The larger value of each figure."""
        mine, theirs = dict(self.ports), dict(other.ports)
        ports = tuple((port, max(tasks, theirs.get(port, 0))) for port, tasks in mine.items())
        return Outage(ports, max(self.together, other.together), max(self.window, other.window))


def outage_of(wanted: WantedService, inventory: Inventory, steps: Sequence[Step]) -> Outage:
    """What the steps mean for the clients of a service. ``inventory`` is the state before the first step."""
    own = relevant_part(wanted, inventory)
    up = reachable_numbers(own, wanted)
    down = {number: 0 for number, is_up in up.items() if is_up}
    together = window = 0
    for step in steps:
        held = own.referenced(wanted.external_ip)
        step.apply(own)
        after = reachable_numbers(own, wanted)
        out = [number for number in down if not (up[number] and after[number])]
        for number in out:
            down[number] += 1
        together += bool(down) and len(out) == len(down)
        # The task that adds a holder counts, too: it is unknown whether it takes the address when it begins or ends.
        window += wanted.stays and not held and bool(down)
        up = after
    return Outage(tuple(down.items()), together, window)
