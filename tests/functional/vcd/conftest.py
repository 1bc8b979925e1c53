# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulator for each file, reset to its estate for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from in_process import Modules
from vcdsim.testing import Simulator


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    """One simulator for a file."""
    with Simulator(estate="one-edge") as simulator:
        yield simulator


@pytest.fixture
def vcd(running: Simulator) -> Modules:
    """The simulator, reset to its estate, and user kube."""
    running.reset()
    return Modules(running)
