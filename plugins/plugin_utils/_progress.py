# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The progress of a run of vcd_shared_ip, from its progress file, as short lines for a terminal or a job log.

One line for each Service that was changed. While a Service takes long, one line every ``EVERY`` seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import printable

EVERY = 10.0
LONGEST_TEXT, LONGEST_SENTENCE = 120, 300
Event = Mapping[str, Any]


class ProgressLines:
    """Turns events into lines, each with the ``place`` before it.

    ``now`` is in seconds of a monotonic clock.
    """

    def __init__(self, now: float, place: str = "") -> None:
        self._prefix = f"shared_ip: {_plain(place)}: " if place else "shared_ip: "
        self._last_line_at = now
        self._writes = self._done = 0
        self._left: Any = None
        self._place = self._doing = ""

    def take(self, event: Event, now: float) -> list[str]:
        """The lines that an event leads to."""
        kind = event.get("event")
        if kind == "plan":
            services, writes = _count(event.get("services")), _count(event.get("writes"))
            # single objects are removed without a Service: another line has reported that
            return self._lines([_plan(services, writes, event.get("again") is True)], now) if services else []
        if kind == "say":
            return self._lines([_plain(event.get("text"), LONGEST_SENTENCE)], now)
        self._left = event.get("left_seconds", self._left)
        self._writes, self._done = _count(event.get("writes"), self._writes), _count(event.get("done"), self._done)
        if kind in ("service", "step"):
            self._place, self._doing = _place(event), _plain(event.get("step" if kind == "step" else "doing"))
        elif kind == "done":
            self._place, self._doing = "", ""
            if event.get("state") != "unchanged":
                return self._lines([f"{_place(event)}{_state(event)}{self._counts()}"], now)
        return self.tick(now)

    def tick(self, now: float) -> list[str]:
        """A line, if ``EVERY`` seconds have passed without one."""
        if not self._doing or now - self._last_line_at < EVERY:
            return []
        return self._lines([f"{self._place}{self._doing}{self._counts()}"], now)

    def _lines(self, lines: list[str], now: float) -> list[str]:
        self._last_line_at = now
        return [f"{self._prefix}{line}" for line in lines]

    def _counts(self) -> str:
        if not self._writes:
            return ""
        left = time_left(self._left)
        return f" ({min(self._done, self._writes)} of {self._writes} writes{', ' if left else ''}{left})"


def time_left(seconds: Any) -> str:
    """Seconds in words, rounded; empty when they are unknown or none are left."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < 1e8:
        return ""
    if seconds < 90:
        return f"about {max(10, round(seconds / 10) * 10)} s left"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"about {minutes} min left"
    return f"about {minutes // 60} h {minutes % 60} min left"


class EventReader:
    """Yields each event of a growing file once. Skips lines that are not events; keeps an unfinished line for later."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._offset = 0
        self._rest = b""

    def events(self) -> Iterator[Event]:
        """Yield what came since the last time. Raises OSError when the file cannot be read."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                yield found


def _plan(services: int, writes: int, again: bool) -> str:
    many = f"{services} Service{'' if services == 1 else 's'}"
    text = f"{many}, {writes} write{'' if writes == 1 else 's'}" if writes else f"{many}, nothing to write"
    return f"planned again: {text} left" if again and writes else text


def _place(event: Event) -> str:
    """The text before the state or the write of a Service; empty if there is no Service."""
    of = _count(event.get("of"))
    return f"{_count(event.get('number'))} of {of} {_plain(event.get('name'))}: " if of else ""


def _state(event: Event) -> str:
    return _plain(event.get("state")).replace("_", " ")


def _count(value: Any, default: int = 0) -> int:
    return value if isinstance(value, int) else default


def _plain(value: Any, longest: int = LONGEST_TEXT) -> str:
    """One line without control characters: names come from others, and a job log shows what it gets."""
    text = " ".join(printable(str(value or ""), keep="\n\t").split())
    return text if len(text) <= longest else text[: longest - 3] + "..."
