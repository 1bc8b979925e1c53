# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator that other clients of VCD work with: go-vcloud-director, and Terraform with its provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from certificates import make_pair
from control_plane.places import Missing, on_ci
from terraform import Terraform
from vcdsim.testing import Simulator

ESTATE = Path(__file__).with_name("estate.yml")


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """Tasks end at once, because these clients look every 3 s."""
    with Simulator(estate=ESTATE, task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def terraform_with(tmp_path: Path) -> Callable[..., Terraform]:
    """Makes the program with one of the configurations here. It must exist in CI; elsewhere a skip says why."""

    def made(simulator: Simulator, configuration: str, **text: str) -> Terraform:
        certificate, private_key = make_pair("web")
        given = {"certificate": certificate, "private_key": private_key, **text}
        try:
            return Terraform(tmp_path, simulator, Path(__file__).with_name(configuration), given)
        except Missing as error:
            if on_ci():
                raise
            pytest.skip(str(error))

    return made
