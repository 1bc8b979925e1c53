# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder for built programs, and the errors for missing ones."""

from __future__ import annotations

import os
from pathlib import Path

# The Go modules of this package; go.mod and go.sum pin what is built.
MODULES = Path(__file__).resolve().parents[1] / "go"


class Missing(Exception):
    """A program is not available. The message says how to get it."""


class Failed(Exception):
    """A program could not be built or started. The message has the last lines of its log."""


def cache_folder() -> Path:
    """The folder for built programs, shared by all checkouts: a build takes minutes, and depends on no checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "vcd-kubernetes-tests"


def on_ci() -> bool:
    """Whether this is a CI run, where a missing program is a failure."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log, for an error message."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
