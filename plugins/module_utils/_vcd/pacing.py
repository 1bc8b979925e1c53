# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""When to look at a task: about when tasks of the same kind of write have ended so far. Asks for no clock itself.

All moments are seconds since the write was answered. The first task of a kind is looked at in intervals that grow
with its age, so that it is noticed within about a tenth of its length. After that, looks are few before the time
that is expected, close together around it, and rare again once it is past.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Clock, Pace

PACE = Pace(first=0.05, factor=1.1, longest=2.0)
KEPT = 7  # so many of the latest tasks of a kind say how long the next will take
ENOUGH = 3  # from so many on, the shortest and the longest do not count
CLOSE, CLOSE_PART = 0.02, 0.02  # looks around the expected end: seconds, or part of the length if that is more
WINDOW_LOOKS = 10
_ID = re.compile(r"urn:[^/]+|[0-9a-f]{8}-[0-9a-f-]{27}", re.IGNORECASE)


@dataclass(frozen=True)
class Seen:
    """When a task was last seen running, and when it was first seen to be over."""

    running: float
    over: float


@dataclass(frozen=True)
class Window:
    """When to look first, when the end is expected (from, to), and the interval between looks in that time."""

    first: float
    start: float
    end: float
    step: float


def usual(moment: float) -> float:
    """The interval after a look at a task of unknown length: that of PACE at this age."""
    return min(PACE.first + (PACE.factor - 1.0) * moment, PACE.longest)


def expect(known: Sequence[Seen]) -> Window | None:
    """The window in which a task should end; None when nothing is known.

    With few known tasks the shorter half is believed: to have looked too early costs a request, too late costs time.
    """
    if not known:
        return None
    low, high = sorted(one.running for one in known), sorted(one.over for one in known)
    middle = (len(known) - 1) // 2
    length = (low[middle] + high[middle]) / 2
    sure = len(known) >= ENOUGH
    start, end = (low[1], high[-2]) if sure else (low[middle], high[middle])
    step = max(CLOSE, CLOSE_PART * length, (end - start) / WINDOW_LOOKS)
    start = max(0.0, start - min(step, usual(start)))
    first = min(start, max(PACE.first, start / (8 if sure else 32)), PACE.longest)
    return Window(first, start, end + step, step)


def interval(moment: float, window: Window | None) -> float:
    """The seconds from a look at ``moment`` that found the task running to the next look."""
    if window is None:
        return usual(moment)
    if moment < window.start:
        following = max(2 * moment, window.first)
        return (following if following < 0.9 * window.start else window.start) - moment
    late = max(0.0, moment - window.end)
    return min(usual(moment), window.step + late)


class Watch:
    """One task as it is looked at. Call ``looking`` before every look; it is a pace for ``wait_until``."""

    def __init__(self, known: Sequence[Seen], clock: Clock) -> None:
        self._window = expect(known)
        self._clock, self._began = clock, clock.monotonic()
        self._looks = [0.0, 0.0]

    def before_first(self) -> float:
        """The seconds to wait before the first look."""
        return self._window.first if self._window else 0.0

    def looking(self) -> None:
        """Take the time of a look."""
        self._looks = [self._looks[-1], self._clock.monotonic() - self._began]

    def intervals(self) -> Iterator[float]:
        """Yield the seconds to wait from now: a look that took long is followed by the next one at once."""
        while True:
            last = self._looks[-1]
            yield max(0.0, last + interval(last, self._window) - (self._clock.monotonic() - self._began))

    def seen(self) -> Seen:
        """What the last two looks say of the length, when the last one found the task over."""
        return Seen(self._looks[0], self._looks[1])


class Lengths:
    """How long the latest tasks of every kind of write took. Safe to use from several threads."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Seen, ...]] = {}

    def of(self, kind: str) -> tuple[Seen, ...]:
        """What is known of a kind, oldest first."""
        return self._known.get(kind, ())

    def learn(self, kind: str, seen: Seen) -> None:
        """Take in a task that ended well (one that failed says nothing of the others)."""
        # one assignment: of two threads at once the later wins, and one task less is remembered
        self._known[kind] = (*self.of(kind), seen)[-KEPT:]


def kind_of(method: str, path: str) -> str:
    """The kind of a write: its method and path, whatever object it is for."""
    return f"{method} {_ID.sub('*', path)}"
