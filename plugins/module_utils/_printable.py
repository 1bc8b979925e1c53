# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Text for a person: characters that could move the cursor, or hide or reorder text, are escaped, as in ``\\x1b``."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

# Control and format characters, lone surrogates, line and paragraph separators. Bidirectional overrides, zero-width
# characters and byte order marks are format characters.
ESCAPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Letters and marks without a visible form. Variation selectors are not among them, because emoji need them.
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def printable(text: str, keep: str = "") -> str:
    """The same text with unprintable characters escaped as in Python, except those in ``keep``."""
    return "".join(one if one in keep or is_printable(one) else _escaped(one) for one in text)


def is_printable(character: str) -> bool:
    """Whether a character is visible and has no other effect. Letters of every script are printable."""
    return unicodedata.category(character) not in ESCAPED and character not in INVISIBLE


def printable_data(value: Any, keep: str = "") -> Any:
    """The same data with every text in it printable, including keys."""
    if isinstance(value, str):
        return printable(value, keep)
    if isinstance(value, Mapping):
        return {printable_data(key, keep): printable_data(item, keep) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable_data(item, keep) for item in value]
    return value


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
