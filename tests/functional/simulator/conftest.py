# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulators for the tests, each started once and reset before each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from simulator_bench import Api, Scene, description
from vcdsim.testing import Simulator


def start(**options: Any) -> Iterator[Simulator]:
    """A simulator that checks all requests of the tests against the vendor's description, if it is available."""
    with Simulator(**{"task_seconds": 0, "health_seconds": 0, "openapi": description(), **options}) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def running_sim() -> Iterator[Simulator]:
    yield from start(api_versions="36.3,37.0,37.1,37.2,38.0,39.0")


@pytest.fixture(scope="session")
def running_tenants() -> Iterator[Simulator]:
    yield from start(estate="two-tenants")


@pytest.fixture(scope="session")
def running_spaces() -> Iterator[Simulator]:
    yield from start(estate="ip-spaces")


@pytest.fixture(scope="session")
def running_old() -> Iterator[Simulator]:
    """A simulated VCD 10.3."""
    yield from start(api_versions="35.2,36.0,36.1,36.2,36.3")


def _fresh(simulator: Simulator) -> Simulator:
    simulator.reset()
    return simulator


@pytest.fixture
def sim(running_sim: Simulator) -> Simulator:
    return _fresh(running_sim)


@pytest.fixture
def tenants(running_tenants: Simulator) -> Simulator:
    return _fresh(running_tenants)


@pytest.fixture
def spaces(running_spaces: Simulator) -> Simulator:
    return _fresh(running_spaces)


@pytest.fixture
def old(running_old: Simulator) -> Simulator:
    return _fresh(running_old)


@pytest.fixture
def api(sim: Simulator) -> Api:
    """A client as user kube of acme."""
    return Api(sim, "kube@acme")


@pytest.fixture
def admin(sim: Simulator) -> Api:
    """A client as administrator of the organisation."""
    return Api(sim, "admin@acme")


@pytest.fixture
def system(sim: Simulator) -> Api:
    """A client as the provider's administrator."""
    return Api(sim, "administrator@System")


@pytest.fixture
def scene(api: Api) -> Scene:
    return Scene(api)
