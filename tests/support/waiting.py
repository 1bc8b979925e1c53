# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way in which tests wait: for a condition, with a limit that only ends a test that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
PATIENCE_SECONDS = 900.0  # for a busy machine, not for what is waited for


def until(holds: Callable[[], Found], what: str = "it", *, every: float = 0.005) -> Found:
    """The first true value of ``holds()``, asked again every so many seconds; AssertionError if none ever comes."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while not (found := holds()):
        assert time.monotonic() < limit, f"{what} has not come about within {PATIENCE_SECONDS:.0f} s"
        time.sleep(every)
    return found
