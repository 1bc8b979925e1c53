# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator that other clients of VCD work with: go-vcloud-director, and Terraform with its provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from vcdsim.testing import Simulator

ESTATE = Path(__file__).with_name("estate.yml")


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """Tasks end at once, because these clients look every 3 s."""
    with Simulator(estate=ESTATE, task_seconds=0, health_seconds=0) as running:
        yield running
