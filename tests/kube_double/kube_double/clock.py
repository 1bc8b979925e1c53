# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time: one monotonic clock decides what happens when. The wall clock only fills in timestamps."""

from __future__ import annotations

import datetime
import heapq
import time


class Clock:
    """``now`` is the time that is being settled, in seconds since the start. It never runs ahead of the real clock."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._wall = time.time()
        self.now = 0.0
        self._alarms: list[float] = []

    def real(self) -> float:
        """Seconds since the start by the real clock."""
        return time.monotonic() - self._started

    def alarm(self, moment: float) -> None:
        """Request a settlement at ``moment``, when something changes without a request."""
        if moment > self.now and moment not in self._alarms:
            heapq.heappush(self._alarms, moment)

    def next_alarm(self) -> float | None:
        return self._alarms[0] if self._alarms else None

    def advance(self, moment: float) -> None:
        """Move ``now`` to ``moment``, and drop the alarms up to it."""
        self.now = max(self.now, moment)
        while self._alarms and self._alarms[0] <= self.now:
            heapq.heappop(self._alarms)

    def stamp(self, ahead: float = 0.0) -> str:
        """``now`` plus the given seconds, in Kubernetes' format: UTC in whole seconds."""
        moment = datetime.datetime.fromtimestamp(self._wall + self.now + ahead, datetime.timezone.utc)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def age(stamp: str | None, clock: Clock) -> str:
    """The age of ``stamp``, as kubectl's AGE column shows it (``5s``, ``2m3s``, ``3h``)."""
    if not stamp:
        return "<unknown>"
    then = datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    now = datetime.datetime.fromisoformat(clock.stamp().replace("Z", "+00:00"))
    seconds = max(0, int((now - then).total_seconds()))
    if seconds < 120:
        return f"{seconds}s"
    if seconds < 600:
        return f"{seconds // 60}m{seconds % 60}s" if seconds % 60 else f"{seconds // 60}m"
    if seconds < 3 * 3600:
        return f"{seconds // 60}m"
    return f"{seconds // 3600}h" if seconds < 48 * 3600 else f"{seconds // 86400}d"
