# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The only place where the collection waits: monotonic clock, growing intervals, a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import WaitTimeout

T = TypeVar("T")
_LONGEST_DATE = 100  # characters


class Clock(Protocol):
    """Monotonic time in seconds, and a sleep. Tests pass a fake."""

    def monotonic(self) -> float:
        """The time in seconds."""

    def sleep(self, seconds: float, /) -> None:
        """Sleep for ``seconds``."""


class SystemClock:
    """The real clock."""

    def monotonic(self) -> float:
        """The time in seconds."""
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        """Sleep for ``seconds``."""
        time.sleep(seconds)


def http_date(text: str | None) -> datetime | None:
    """The date in an HTTP header, in UTC; None if it is missing or unreadable."""
    try:
        found = parsedate_to_datetime((text or "")[:_LONGEST_DATE])
        return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (TypeError, ValueError, IndexError, OverflowError):  # what the library raises for malformed dates
        return None


class ServerClock:
    """A server's clock, from the Date headers of its answers: hosts that share an object there need no other clock."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._answer: tuple[datetime, float] | None = None

    def note(self, date: str | None) -> None:
        """Take the time from a header. A missing or unreadable header is ignored."""
        found = http_date(date)
        if found is not None:
            self._answer = (found, self._clock.monotonic())

    def now(self) -> datetime:
        """The time in UTC; this machine's time if the server does not send its own."""
        if self._answer is None:
            return datetime.now(timezone.utc)
        answered, then = self._answer
        return answered + timedelta(seconds=self._clock.monotonic() - then)


class Rhythm(Protocol):
    """Anything that determines how long to wait before each further poll."""

    def intervals(self) -> Iterator[float]:
        """Yield intervals in seconds."""


@dataclass(frozen=True)
class Pace:
    """How often to poll: first interval in seconds, growth factor, and longest interval in seconds."""

    first: float = 0.1
    factor: float = 1.5
    longest: float = 3.0

    def intervals(self) -> Iterator[float]:
        """Yield intervals in seconds, without end."""
        interval = self.first
        while True:
            yield min(interval, self.longest)
            interval = min(interval * self.factor, self.longest)


class Deadline:
    """A point on the monotonic clock, shared by all steps of one operation."""

    def __init__(self, seconds: float, clock: Clock | None = None) -> None:
        self.seconds = seconds
        self.clock: Clock = clock or SystemClock()
        self._end = self.clock.monotonic() + seconds

    def left(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._end - self.clock.monotonic())

    def expired(self) -> bool:
        """Whether no time is left."""
        return self.left() <= 0.0

    def sleep(self, seconds: float) -> None:
        """Sleep, but not past the deadline."""
        self.clock.sleep(min(seconds, self.left()))


def wait_until(
    look: Callable[[], T],
    done: Callable[[T], bool],
    *,
    what: str,
    deadline: Deadline,
    pace: Rhythm | None = None,
    describe: Callable[[T], str] | None = None,
) -> T:
    """Call ``look`` until ``done(look())``; return its last result.

    It is called once even when the deadline has passed, so a timeout of 0 means "check once, do not wait".
    ``what`` completes "timed out after 30 s waiting for ..."; ``describe`` renders the last result for that message.
    Raises WaitTimeout at the deadline, and whatever ``look`` raises.
    """
    intervals = (pace or Pace()).intervals()
    while True:
        seen = look()
        if done(seen):
            return seen
        if deadline.expired():
            last = f"; last seen: {describe(seen)}" if describe else ""
            raise WaitTimeout(f"timed out after {deadline.seconds:g} s waiting for {what}{last}", waited_for=what)
        deadline.sleep(next(intervals))


class Heartbeat:
    """Within a ``with`` block, calls ``beat`` in a separate thread at an interval in seconds, until it returns False.

    ``beat`` must not raise.
    """

    def __init__(self, seconds: float, beat: Callable[[], bool]) -> None:
        self._seconds = seconds
        self._beat = beat
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(self._seconds) and self._beat():
            pass
