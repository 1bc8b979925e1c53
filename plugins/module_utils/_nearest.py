# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""A hint for a name that does not exist. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST_NAMES = 3


def nearest(value: str, names: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest of ``names``, or else the first ones, or else empty."""
    known = sorted({name for name in names if name})
    lower: dict[str, str] = {}
    for name in known:
        lower.setdefault(name.casefold(), name)
    close = [lower[name] for name in difflib.get_close_matches(value.casefold(), lower, MOST_NAMES)]
    if close:
        return f"; did you mean {' or '.join(close)}?"
    more = f" and {len(known) - MOST_NAMES} more" if len(known) > MOST_NAMES else ""
    return f"; available: {', '.join(known[:MOST_NAMES])}{more}" if known else ""
