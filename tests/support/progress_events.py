# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events that a run writes to its progress file, and the invariants of their counts."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Event = dict[str, Any]


def events_of(file: Path) -> list[Event]:
    """All events in a progress file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def check_counts(events: Sequence[Event], *, whole: bool = True) -> None:
    """No count decreases or exceeds its total. ``whole``: no error ended the run, so everything is counted."""
    progress = [one for one in events if "done" in one]
    assert progress, events
    for one in progress:
        assert 0 <= one["done"] <= one["writes"], one
        assert 0 <= one["number"] <= one["of"], one
    for before, after in itertools.pairwise(progress):
        assert before["done"] <= after["done"], (before, after)
        assert before["number"] <= after["number"] or after["event"] == "service", (before, after)
    if whole:
        last = progress[-1]
        assert (last["done"], last["number"]) == (last["writes"], last["of"]), last
