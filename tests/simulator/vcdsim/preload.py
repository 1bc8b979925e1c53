# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imported by the process from which `testing` forks each simulator: a first start, without a server.

Every simulator inherits what this import loads and sets up.
"""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path

from vcdsim import command, estates, tls


def start_once() -> None:
    """Build a simulated VCD and certificates, as `command.main` does."""
    options = command.parser().parse_args([])
    command._build_vcd(command._settings(options), estates.load(options.estate), [])
    with tempfile.TemporaryDirectory(prefix="vcdsim-") as scratch:
        tls.prepare(Path(scratch), "127.0.0.1")


start_once()
gc.collect()
gc.freeze()  # garbage collection in a fork would touch, and so copy, the memory that all forks share
