# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""How long the ports of a service were unreachable while its plan was applied, measured in seconds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import relevant_part
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.reach import reachable_numbers
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedService


class Downtime:
    """Follows one service through the steps that were written. ``inventory`` is the state before the first.

    A port counts as down from the request for the task that takes it away until the task that brings it back has ended.
    That is the longest outage that a client may have noticed. Ports that did not serve before the first step do not
    count.

        down = Downtime(wanted, inventory)
        down.written(step, began, ended)  # seconds of one monotonic clock
        down.as_dict(now)
    """

    def __init__(self, wanted: WantedService, inventory: Inventory) -> None:
        self._wanted = wanted
        self._own = relevant_part(wanted, inventory)
        served = reachable_numbers(self._own, wanted)
        self._spells = {number: _Spell() for number, is_up in served.items() if is_up}
        self._together = _Spell()

    def written(self, step: Step, began: float, ended: float) -> None:
        """Count a step that has been written."""
        step.apply(self._own)
        self._see(began, ended)

    def read(self, inventory: Inventory, now: float) -> None:
        """Continue from a state that was read again, for example after a task that failed half-way."""
        self._own = relevant_part(self._wanted, inventory)
        self._see(now, now)

    def _see(self, began: float, ended: float) -> None:
        served = reachable_numbers(self._own, self._wanted)
        for number, spell in self._spells.items():
            spell.see(served[number], began, ended)
        if self._spells:
            self._together.see(any(served[number] for number in self._spells), began, ended)

    def as_dict(self, now: float) -> dict[str, Any]:
        """Plain data for a playbook: seconds for each port, for all of them at once, and the ports still down."""
        return {
            "ports": {number: round(spell.total(now), 1) for number, spell in self._spells.items()},
            "together": round(self._together.total(now), 1),
            "lasting": [number for number, spell in self._spells.items() if spell.lasts],
        }


def added(first: Mapping[str, Any] | None, then: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The downtime of one service over two attempts. The second continues to count a port that the first left down."""
    if first is None or then is None:
        found = first or then
        return None if found is None else dict(found)
    ports = {**first["ports"], **then["ports"]}
    return {
        "ports": {port: round(first["ports"].get(port, 0.0) + then["ports"].get(port, 0.0), 1) for port in ports},
        "together": round(first["together"] + then["together"], 1),
        "lasting": list(
            dict.fromkeys([*(one for one in first["lasting"] if one not in then["ports"]), *then["lasting"]])
        ),
    }


class _Spell:
    """The seconds during which something did not serve."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._since: float | None = None

    def see(self, serves: bool, began: float, ended: float) -> None:
        if self._since is None and not serves:
            self._since = began
        elif self._since is not None and serves:
            self._seconds += ended - self._since
            self._since = None

    @property
    def lasts(self) -> bool:
        return self._since is not None

    def total(self, now: float) -> float:
        return self._seconds + (0.0 if self._since is None else now - self._since)
