# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""When to poll a task: around the time at which earlier tasks for the same kind of write ended.

All times are seconds since the answer to the write. The first task of a run is polled at intervals that grow with its
age, so its end is noticed within about a tenth of its duration. Once durations are known, a task is polled just before
its expected end and frequently around it: about twice if tasks always take the same time. Short tasks of equal duration
are polled when they should have ended: then one poll is enough. The next task is polled a little earlier, because a
poll that finds a task ended does not show how long ago it ended. Tasks with widely varying durations are polled rarely
before the expected end, frequently around it, and rarely again after it. For a kind of write that is new to the run,
the durations of other kinds are used.

Why not poll at a fixed interval: tasks take from tenths of a second to minutes, and a migration runs many of them, one
after another, on one edge gateway. A long interval adds idle time to every write; a short one floods Cloud Director.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Clock, Pace

PACE = Pace(first=0.05, factor=1.1, longest=2.0)
REMEMBERED = 7  # how many of the latest tasks of a kind are used to predict the next one
ENOUGH = 3  # with this many, the shortest and the longest are ignored as outliers
FINE_STEP, FINE_PART = 0.02, 0.02  # interval around the expected end: seconds, or a share of the duration if longer
WINDOW_POLLS = 10
SCATTERED = 0.15  # if the ends vary by more than this share of the duration, they predict little
EVEN = 3  # short tasks are polled when they should have ended if their ends vary by at most this many intervals
MET = 3  # after so many first polls in a row that came after the end, poll early to see whether the server is faster
MOST = 0.6  # a prediction is trusted if more than this share of the latest tasks ended after their first poll
EARLY = 1.0  # seconds: a task that takes longer is always polled well before its expected end, too
_ID = re.compile(r"urn:[^/]+|[0-9a-f]{8}-[0-9a-f-]{27}", re.IGNORECASE)


@dataclass(frozen=True)
class EndRange:
    """The time of the last poll that found a task running, and of the poll that found it ended.

    ``met``: the first poll found it ended, as expected, so ``running`` is the earliest expected end instead. ``other``:
    the task belonged to another kind of write.
    """

    running: float
    over: float
    met: bool = False
    other: bool = False

    @property
    def vague(self) -> bool:
        """Whether an early poll found the task ended, which shows only that it was faster than expected."""
        return self.running < 0.8 * self.over - 2 * FINE_STEP

    @property
    def middle(self) -> float:
        """The best guess of the duration."""
        return (self.running + self.over) / 2


@dataclass(frozen=True)
class Window:
    """The time of the first poll, the range in which the end is expected, and the interval between polls in it.

    ``earliest`` is the earliest expected end; it is set if the first poll is meant to find the task ended.
    """

    first: float
    start: float
    end: float
    step: float
    earliest: float | None = None


def default_interval(moment: float) -> float:
    """The interval after a poll at ``moment`` while the duration is unknown: the value of PACE at that age."""
    return min(PACE.first + (PACE.factor - 1.0) * moment, PACE.longest)


def expected_window(known: Sequence[EndRange]) -> Window | None:
    """The window in which a task should end; None without earlier tasks."""
    if not known:
        return None
    last, sharp = known[-1], [one for one in known if not one.vague]
    start, end, step = _expected_range(sharp or known)
    fine = max(FINE_STEP, FINE_PART * end)
    if len(sharp) > MOST * len(known) and end - start <= max(SCATTERED * end, 2 * FINE_STEP):
        if end <= EARLY + fine and end - start <= EVEN * fine and not last.vague and not last.other:
            # The more often in a row the first poll came after the end, the further back it goes to find the end.
            aim = max(start / 2, min(start + 2 * fine, end) - fine * (2 ** _met_in_a_row(known) - 1))
            return Window(aim, aim, end, step, earliest=max(0.0, min(start, aim - fine)))
        # If the last task ended before its first poll, by chance or on a faster server, poll early enough to see which.
        return Window(min(start, EARLY, last.middle if last.vague else start), start, end, step)
    start, end, step = _expected_range(known)
    # One step early: this task may end slightly sooner than the earlier ones.
    start = max(0.0, start - min(step, default_interval(start)))
    # Poll well before the window too, and earlier still while little is known: the server may have become faster.
    share = 8 if len(known) >= ENOUGH else 32
    return Window(min(start, max(PACE.first, start / share), PACE.longest), start, end + step, step)


def _met_in_a_row(known: Sequence[EndRange]) -> int:
    """How many of the latest tasks in a row had ended by their first poll, as expected."""
    return next((number for number, one in enumerate(reversed(known)) if not one.met), len(known))


def _expected_range(known: Sequence[EndRange]) -> tuple[float, float, float]:
    """The earliest and the latest expected end, and the interval between polls.

    With few earlier tasks the shorter half counts: polling too early costs a request, polling too late costs time.
    """
    low, high = sorted(one.running for one in known), sorted(one.over for one in known)
    middle = (len(known) - 1) // 2
    start, end = (low[1], high[-2]) if len(known) >= ENOUGH else (low[middle], high[middle])
    duration = (low[middle] + high[middle]) / 2
    # A wide window gets a wider step, so that the number of polls in it stays bounded.
    return start, end, max(FINE_STEP, FINE_PART * duration, (end - start) / WINDOW_POLLS)


def next_interval(moment: float, window: Window | None) -> float:
    """The seconds from a poll at ``moment`` that found the task running to the next poll."""
    if window is None:
        return default_interval(moment)
    if moment < window.start:
        # Doubling reaches the window with few polls. The last poll before the window is dropped if it would be close.
        following = max(2 * moment, window.first)
        return (following if following < 0.9 * window.start else window.start) - moment
    # Past the window the prediction was wrong, so return gradually to the default interval.
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
        """Yield the seconds to wait from now.

        After a poll that took longer than the interval, the next poll is due now.
        """
        while True:
            last = self._polls[-1]
            yield max(0.0, last + next_interval(last, self._window) - (self._clock.monotonic() - self._began))

    def end_range(self) -> EndRange:
        """When the task ended, according to the last two polls. Only valid once a poll found it ended."""
        running, over = self._polls
        earliest = self._window.earliest if self._window else None
        if earliest is not None and running == 0.0:
            return EndRange(earliest, over, met=True)
        return EndRange(running, over)


class TaskDurations:
    """How long the latest tasks took, for each kind of write and for all kinds. Thread-safe."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[EndRange, ...]] = {}
        self._latest: tuple[EndRange, ...] = ()

    def of(self, kind: str) -> tuple[EndRange, ...]:
        """The latest tasks of a kind, oldest first; tasks of any kind while this kind has none."""
        return self._known.get(kind) or tuple(replace(one, other=True) for one in self._latest)

    def learn(self, kind: str, seen: EndRange) -> None:
        """Add a successful task. A failed one says nothing about the duration of others."""
        # A single assignment needs no lock: if two threads meet here, one duration is lost, which does no harm.
        before = self._known.get(kind, ())
        if seen.met and _met_in_a_row(before) >= MET:
            # counted as vague, it makes the next task's first poll come early
            seen = EndRange(0.0, seen.over)
        # Two tasks in a row ended before their first poll: the server has become faster, and older durations mislead.
        faster = seen.vague and before and before[-1].vague
        self._known[kind] = (seen,) if faster else (*before, seen)[-REMEMBERED:]
        self._latest = (*self._latest, seen)[-REMEMBERED:]


def kind_of(method: str, path: str) -> str:
    """The kind of a write: its method and its path without identifiers."""
    return f"{method} {_ID.sub('*', path)}"
