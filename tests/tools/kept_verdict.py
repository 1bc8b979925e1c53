# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remembers that a linter without a cache of its own has passed on exactly these files, as mypy and ruff do per file.

It is for the loop of edit and check on one machine: with ``CI`` in the environment every linter runs. Standard library
only.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path


def unless_passed(verdict: Path, files: Iterable[Path], judge: Callable[[], object]) -> bool:
    """Call ``judge`` unless it has passed on these files. Returns whether it was called; does not catch what it raises.

    ``verdict`` is the file that remembers. ``files`` are all that the linter reads, and the files that pin its version.
    """
    now = _digest(files)
    if not os.environ.get("CI") and verdict.is_file() and verdict.read_text(encoding="ascii") == now:
        return False
    verdict.unlink(missing_ok=True)
    judge()
    verdict.parent.mkdir(parents=True, exist_ok=True)
    verdict.write_text(now, encoding="ascii")
    return True


def below(name: str, folders: Iterable[str]) -> bool:
    """Whether a file is one of these, or is in one of these folders; all relative to the same folder."""
    return any(name == folder or name.startswith(f"{folder.rstrip('/')}/") for folder in folders)


def excluded(settings: str) -> list[str]:
    """The entries of ``exclude_paths`` in the text of a file ``.ansible-lint``."""
    block = re.search(r"^exclude_paths:\n((?:  .*\n)+)", settings, re.MULTILINE)
    return re.findall(r"^  - (\S+)$", block[1], re.MULTILINE) if block else []


def _digest(files: Iterable[Path]) -> str:
    found = hashlib.sha256(sys.version.encode())
    for path in files:
        content = path.read_bytes()
        found.update(f"{path}\0{len(content)}\0".encode() + content)
    return found.hexdigest()
