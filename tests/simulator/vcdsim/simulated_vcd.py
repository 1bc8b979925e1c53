# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated VCD: its settings and all its state."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from vcdsim import api_versions
from vcdsim.api_versions import Version
from vcdsim.assumptions import Assumptions
from vcdsim.faults import Faults
from vcdsim.group_use import GroupUse
from vcdsim.sessions import Sessions
from vcdsim.store import Record, Store
from vcdsim.tasks import TaskBoard
from vcdsim.timeline import Timeline


@dataclass
class Settings:
    """API versions, durations in seconds, and assumptions of the simulated VCD."""

    versions: tuple[Version, ...] = api_versions.parse_list(api_versions.DEFAULT)
    task_seconds: float = 0.05
    health_seconds: float = 0.05
    request_seconds: float = 0.0
    token_seconds: float = 3600.0
    idle_seconds: float = 1800.0
    assumptions: Assumptions = field(default_factory=Assumptions)

    @property
    def shares_vips(self) -> bool:
        """Whether virtual services may share an IP address in the release of these API versions."""
        return max(self.versions) >= api_versions.SHARED_VIP_SINCE


class SimulatedVcd:
    """Settings, objects, tasks, sessions and faults. A reset replaces all of them."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self.clock = clock
        self.timeline = Timeline(clock)
        self.group_use = GroupUse(clock)
        self.store = Store(self._account)
        self.tasks = TaskBoard(self.timeline)
        self.sessions = Sessions(self.store, settings.token_seconds, settings.idle_seconds)
        self.faults = Faults()
        self.unhealthy: dict[str, str] = {}

    def kept(self) -> Callable[[], None]:
        """A function that restores the current state, with the fault rules' counts at 0. Time continues.

        Current sessions stay valid; sessions that are opened later end.
        """
        self.tasks.settle(self.clock())
        parts = (self.store.kept(), self.group_use.kept(), self.tasks.kept(), self.sessions.kept())
        settings, unhealthy, faults = copy.deepcopy(self.settings), dict(self.unhealthy), self.faults.specs()

        def restore() -> None:
            for part in parts:
                part()
            self.settings, self.unhealthy = copy.deepcopy(settings), dict(unhealthy)
            self.faults.replace(faults)
            self.timeline.clear()

        return restore

    def _account(self, event: str, record: Record) -> None:
        self.timeline.effect(event, record)
        self.group_use.note(event, record)

    def assume(self, name: str, value: str) -> bool:
        """Whether an assumption has this value."""
        return self.settings.assumptions.is_set(name, value)
