# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Writes pages on the controller: each file completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_NUMBERED = 1000


def write_files(texts: Mapping[Path, str]) -> None:
    """Write each text to its path, replacing an existing file. Raises OSError if one cannot be written."""
    for path, text in texts.items():
        _write(path, text)


def unused(path: Path) -> Path:
    """The path, with a number before its suffix if such a file already exists."""
    names = (path, *(path.with_name(f"{path.stem}_{number}{path.suffix}") for number in range(2, _NUMBERED)))
    return next((one for one in names if not one.exists()), path)


def _write(path: Path, text: str) -> None:
    if not path.parent.exists():  # if it is a file, opening the page gives a better error
        path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    # other users may not read it: it names addresses
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
