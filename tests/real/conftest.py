# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of the proofs: a real control plane with CPI's real program, and the simulator as its VCD."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from control_plane.places import Missing, on_ci
from control_plane.testing import RealCluster
from real_stage import Stage
from vcdsim.testing import Simulator

API_VERSIONS = "36.0,36.1,36.2,36.3,37.0,37.1,37.2"  # as VCD 10.4.3 serves them; CPI 1.2.0 logs in with 36.0


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """A VCD whose tasks end at once: CPI polls a task every 3 s, and the tests would wait for that."""
    with Simulator(estate="one-edge", task_seconds=0, api_versions=API_VERSIONS) as running:
        yield running


@pytest.fixture(scope="session")
def cluster(simulator: Simulator) -> Iterator[RealCluster]:
    """The control plane. It must exist in CI; elsewhere a skip says how to get it."""
    machines = {machine["networks"][0]["ip"]: machine["id"] for machine in simulator.dump()["vms"]}
    try:
        wanted = RealCluster(machines)
    except Missing as error:
        if on_ci():
            raise
        pytest.skip(str(error))
    with wanted as running:
        yield running


@pytest.fixture
def stage(cluster: RealCluster, simulator: Simulator, tmp_path: Path) -> Iterator[Stage]:
    """Both, without objects of the test before."""
    cluster.clear()
    cluster.forget_logs()
    simulator.reset()
    yield Stage(cluster, simulator, tmp_path)
    try:
        keep = os.environ.get("VCD_TESTS_KEEP_CPI_LOGS")
        if keep:
            name = os.environ["PYTEST_CURRENT_TEST"].split("::")[-1].split(" ")[0].replace("/", "_")
            (Path(keep) / f"{name}.log").write_text(cluster.cpi_logs())
    finally:
        cluster.clear()
        cluster.forget_logs()
