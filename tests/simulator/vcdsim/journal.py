# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: one entry for each request, in memory and optionally as a JSON line in a file."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import Any, TextIO

_KEPT = 200_000


class Journal:
    """The entries in memory, and the file. Entries hold neither headers nor bodies, and so no secrets."""

    def __init__(self, path: Path | None = None) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None

    def write(self, entry: dict[str, Any]) -> None:
        self._entries.append(entry)
        if self._file:
            self._file.write(json.dumps(entry, separators=(",", ":")) + "\n")
            self._file.flush()

    def entries(self) -> list[dict[str, Any]]:
        return list(self._entries)

    def clear(self) -> None:
        """Clear the entries in memory. The file keeps them."""
        self._entries.clear()

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None
