# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Text that is shown to a person: what could move the cursor, hide or reorder text is written out, as in ``\\x1b``."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

# Control and format characters, lone surrogates, separators of lines and paragraphs. Bidirectional overrides,
# zero-width characters and byte order marks are format characters.
ESCAPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Letters and marks that are drawn as nothing. Variation selectors are not among them: emoji need them.
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def printable(text: str, keep: str = "") -> str:
    """The same text with unprintable characters as Python escapes them; those in ``keep`` stay."""
    return "".join(one if one in keep or is_printable(one) else _escaped(one) for one in text)


def is_printable(character: str) -> bool:
    """Whether a character shows itself and nothing else. Letters of every script do."""
    return unicodedata.category(character) not in ESCAPED and character not in INVISIBLE


def printable_data(value: Any, keep: str = "") -> Any:
    """The same data with every text in it printable, keys included."""
    if isinstance(value, str):
        return printable(value, keep)
    if isinstance(value, Mapping):
        return {printable_data(key, keep): printable_data(item, keep) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable_data(item, keep) for item in value]
    return value


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
