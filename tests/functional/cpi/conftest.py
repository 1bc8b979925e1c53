# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Kubernetes double for all tests of a file; each test starts from the published manifests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cpi_helpers import CLUSTER, objects_of
from kube_double.testing import KubeDouble
from rollout_helpers import (
    settle,
)


@pytest.fixture(scope="module")
def kube() -> Iterator[KubeDouble]:
    objects: list[Any] = [CLUSTER, *objects_of("cpi-1.6.1")]
    with KubeDouble(objects=objects, start_seconds=0.05, stop_seconds=0.05) as double:
        yield double


@pytest.fixture
def fresh(kube: KubeDouble) -> KubeDouble:
    kube.reset()
    settle(kube)
    return kube
