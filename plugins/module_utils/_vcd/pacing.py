# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""When to poll a task: around the time at which earlier tasks of the same kind of write ended.

All times are seconds since the answer to the write. The first task of a kind is polled at intervals that grow with its
age, so its end is noticed within about a tenth of its duration. Once durations are known, polls are rare before the
expected end, frequent around it, and rare again after it.

Why not poll at a fixed interval: tasks take from tenths of a second to minutes, and a migration runs many of them, one
after another on one edge gateway. A long interval adds idle time to every write; a short one floods Cloud Director.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Clock, Pace

PACE = Pace(first=0.05, factor=1.1, longest=2.0)
REMEMBERED = 7  # how many of the latest tasks of a kind are used to predict the next one
ENOUGH = 3  # with this many, the shortest and the longest are ignored as outliers
FINE_STEP, FINE_PART = 0.02, 0.02  # interval around the expected end: seconds, or a share of the duration if longer
WINDOW_POLLS = 10
_ID = re.compile(r"urn:[^/]+|[0-9a-f]{8}-[0-9a-f-]{27}", re.IGNORECASE)


@dataclass(frozen=True)
class EndRange:
    """The time of the last poll that found a task running, and of the poll that found it ended."""

    running: float
    over: float


@dataclass(frozen=True)
class Window:
    """The time of the first poll, the range in which the end is expected, and the interval between polls in it."""

    first: float
    start: float
    end: float
    step: float


def default_interval(moment: float) -> float:
    """The interval after a poll at ``moment`` when the duration is unknown: what PACE has reached at that age."""
    return min(PACE.first + (PACE.factor - 1.0) * moment, PACE.longest)


def expected_window(known: Sequence[EndRange]) -> Window | None:
    """The window in which a task should end; None without earlier tasks.

    With few earlier tasks the shorter half counts: polling too early costs a request, polling too late costs time.
    """
    if not known:
        return None
    low, high = sorted(one.running for one in known), sorted(one.over for one in known)
    middle = (len(known) - 1) // 2
    duration = (low[middle] + high[middle]) / 2
    sure = len(known) >= ENOUGH
    start, end = (low[1], high[-2]) if sure else (low[middle], high[middle])
    # A wide window gets a wider step, so that the number of polls in it stays bounded.
    step = max(FINE_STEP, FINE_PART * duration, (end - start) / WINDOW_POLLS)
    # One step early: this task may end slightly sooner than the earlier ones.
    start = max(0.0, start - min(step, default_interval(start)))
    # Poll well before the window too, and earlier still while little is known: the server may have become faster.
    first = min(start, max(PACE.first, start / (8 if sure else 32)), PACE.longest)
    return Window(first, start, end + step, step)


def next_interval(moment: float, window: Window | None) -> float:
    """The seconds from a poll at ``moment`` that found the task running to the next poll."""
    if window is None:
        return default_interval(moment)
    if moment < window.start:
        # Doubling takes few polls to reach the window. The last one before it is dropped if it would come close to it.
        following = max(2 * moment, window.first)
        return (following if following < 0.9 * window.start else window.start) - moment
    # Past the window the prediction was wrong: go back to the default interval step by step.
    late = max(0.0, moment - window.end)
    return min(default_interval(moment), window.step + late)


class TaskPolling:
    """The polls of one task. Call ``poll_starts`` before every poll; it is a pace for ``wait_until``."""

    def __init__(self, known: Sequence[EndRange], clock: Clock) -> None:
        self._window = expected_window(known)
        self._clock, self._began = clock, clock.monotonic()
        self._polls = [0.0, 0.0]

    def first_pause(self) -> float:
        """The seconds to wait before the first poll."""
        return self._window.first if self._window else 0.0

    def poll_starts(self) -> None:
        """Record the time of a poll."""
        self._polls = [self._polls[-1], self._clock.monotonic() - self._began]

    def intervals(self) -> Iterator[float]:
        """Yield the seconds to wait from now. After a poll that took longer than the interval, the next is due now."""
        while True:
            last = self._polls[-1]
            yield max(0.0, last + next_interval(last, self._window) - (self._clock.monotonic() - self._began))

    def end_range(self) -> EndRange:
        """When the task ended, according to the last two polls. Only valid once a poll found it ended."""
        return EndRange(self._polls[0], self._polls[1])


class TaskDurations:
    """How long the latest tasks of each kind of write took. Thread-safe."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[EndRange, ...]] = {}

    def of(self, kind: str) -> tuple[EndRange, ...]:
        """The latest tasks of a kind, oldest first."""
        return self._known.get(kind, ())

    def learn(self, kind: str, seen: EndRange) -> None:
        """Add a successful task. One that failed says nothing about the duration of others."""
        # A single assignment needs no lock: if two threads meet here, one duration is lost, which does no harm.
        self._known[kind] = (*self.of(kind), seen)[-REMEMBERED:]


def kind_of(method: str, path: str) -> str:
    """The kind of a write: its method and its path without identifiers."""
    return f"{method} {_ID.sub('*', path)}"
