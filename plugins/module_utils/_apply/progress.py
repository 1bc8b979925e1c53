# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The progress of a long run: one JSON line for each event, in a file that an action plugin reads."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import CHANGED
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Clock, SystemClock


def check_progress_file(path: str | None) -> None:
    """Raise InvalidInput, as a run that writes does, if the folder of the file is missing. Nothing is created."""
    if path and not Path(path).parent.is_dir():
        raise InvalidInput("progress_file", path, f"cannot be written: {os.strerror(errno.ENOENT)}")


class Progress:
    """Counts Services and writes, and estimates the time left from the average time of a write so far.

    One object serves all plans of a run: after planning again, both counts go on, and the totals are those of the new
    plan. A write counts once Cloud Director has carried it out, a background write once it has begun.
    """

    def __init__(self, path: str | None, clock: Clock | None = None) -> None:
        self._path = Path(path) if path else None
        self._clock = clock or SystemClock()
        self._began = self._clock.monotonic()
        self.services = self.writes = self.done = self.number = 0
        self._ended = 0  # Services that are changed
        self._open = 0  # remaining writes of the present Service
        self._ahead = 0  # writes already begun for the next Service
        self._name = ""
        if self._path is not None:
            try:
                self._path.touch(mode=0o600)
            except OSError as error:
                raise InvalidInput("progress_file", path, f"cannot be written: {error.strerror}") from None

    def now(self) -> float:
        """The time in seconds, from a monotonic clock."""
        return self._clock.monotonic()

    def say(self, text: str) -> None:
        """Report what the whole run is doing now."""
        self._report({"event": "say", "text": text})

    def plan(self, services: int, writes: int) -> None:
        """Report the size of a plan: what is left to do. The clock for the estimate starts with the first plan."""
        again = self.services > 0
        if not again:
            self._began = self._clock.monotonic()
        self.number = self._ended
        self.services, self.writes = self._ended + services, self.done + writes
        self._open = self._ahead = 0
        self._report({"event": "plan", "services": services, "writes": writes, "again": again})

    def service(self, name: str, doing: str, writes: int) -> None:
        """Report the next Service, and the number of writes in its plan."""
        self.number += 1
        self._name = name
        self._open, self._ahead = writes - self._ahead, 0
        self.doing(doing)

    def doing(self, text: str) -> None:
        """Report an activity for the present Service that is not a write."""
        self._report({"event": "service", **self._where(), "doing": text})

    def expect(self, writes: int) -> None:
        """Set how many writes are left for the present Service: its plan may have changed."""
        self.writes += writes - self._open
        self._open = writes

    def step(self, text: str) -> None:
        """Report the write that begins."""
        self._report({"event": "step", **self._where(), "step": text})

    def written(self, *, ahead: bool = False) -> None:
        """Count a write. ``ahead``: it belongs to the next Service."""
        self.done += 1
        if ahead:
            self._ahead += 1
        else:
            self._open -= 1

    def finished(self, state: str) -> None:
        """Report the state in which a Service has ended (see `_sharing.states`)."""
        self._ended += state in CHANGED
        self._report({"event": "done", **self._where(), "state": state})

    def left(self) -> int | None:
        """Estimated seconds left; None before the first write is done."""
        if not self.done:
            return None
        each = (self._clock.monotonic() - self._began) / self.done
        return round(each * max(0, self.writes - self.done))

    def _where(self) -> dict[str, Any]:
        counts = {"done": self.done, "writes": self.writes, "left_seconds": self.left()}
        return {"name": self._name, "number": self.number, "of": self.services, **counts}

    def _report(self, event: dict[str, Any]) -> None:
        if self._path is None:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(SECRETS.mask_data(event)) + "\n")
        except OSError:  # a full disk is no reason to stop in the middle of a migration
            self._path = None
