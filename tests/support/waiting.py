# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way in which tests wait: for a condition, with a limit that only ends a test that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
PATIENCE_SECONDS = 900.0  # long enough for a busy machine


def until(holds: Callable[[], Found], what: str = "it", *, every: float = 0.005) -> Found:
    """The first true value of ``holds()``, called every ``every`` seconds; AssertionError if there is no such value."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while not (found := holds()):
        assert time.monotonic() < limit, f"{what} has not happened within {PATIENCE_SECONDS:.0f} s"
        time.sleep(every)
    return found
