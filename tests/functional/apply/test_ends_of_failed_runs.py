# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of a failed run says what happened to each service, and how long its ports were down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from in_process import Modules
from vcdsim.testing import Simulator

ID = "urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0000000000aa"
SHORT = ID.removeprefix("urn:vcloud:entity:vmware:")


def service(name: str, number: int) -> dict[str, Any]:
    ports = [{"name": f"p{port}", "port": port, "node_port": 30000 + 10 * port + number} for port in (80, 81)]
    address, members = f"203.0.113.{30 + number}", ["10.10.0.11"]
    return {"name": name, "namespace": "default", "external_ip": address, "members": members, "ports": ports}


@pytest.fixture
def modules() -> Iterator[Modules]:
    with Simulator(task_seconds=0.2, health_seconds=0) as sim:
        yield Modules(sim, cluster_id=ID, services=[service(name, at) for at, name in enumerate(("a", "b", "c"))])


@pytest.mark.parametrize("goes_back", [True, False])
def test_each_service_is_moved_rolled_back_or_left_down_and_not_reached(modules: Modules, goes_back: bool) -> None:
    modules.done("vcd_shared_ip", scenario="distinct_internal")
    rule = {"method": "POST", "name": f"ingress-vs-b-{SHORT}-*", "writes": True, "status": 500, "message": "ill"}
    modules.simulator.faults([{**rule, **({"times": 1} if goes_back else {})}])
    failure = modules.run("vcd_shared_ip", scenario="shared_external")["failure"]
    assert (failure["migrated"], failure["service"], failure["not_reached"]) == (
        ["default/a"],
        "default/b",
        ["default/c"],
    )
    a, b, c = failure["services"]
    assert [one["state"] for one in (a, b, c)] == ["migrated", "rolled_back" if goes_back else "failed", "not_reached"]
    assert a["scenario"] == "shared_external"
    assert (b["scenario"] == "shared_external", c["scenario"]) == (False, c["scenario_before"])
    assert (max(a["downtime"]["ports"].values()) > 0, a["downtime"]["lasting"]) == (True, [])
    assert max(b["downtime"]["ports"].values()) > 0
    assert bool(b["downtime"]["lasting"]) is not goes_back
    assert c["downtime"] is None
