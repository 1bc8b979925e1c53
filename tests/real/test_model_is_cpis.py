# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our model of CPI is right: the real program makes, object by object and field by field, what we say."""

from __future__ import annotations

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from control_plane.testing import service
from real_model import Object, add, new_service, port
from real_stage import Stage
from real_tenant import Objects

AVI = "service.beta.kubernetes.io/vcloud-avi-"

SERVICES = [
    service("one", [port("ssh", 22)], loadBalancerIP="203.0.113.40"),
    service("unnamed", [{"port": 5432, "protocol": "TCP"}]),
    service(
        "two", [port("http", 80, "http"), port("https", 443, "https")], annotations={f"{AVI}ssl-ports": "443"}
    ),
    service(
        "five",
        [port("http", 80, "HTTP"), port("https", 443, "https"), port("admin", 8443, "https"), port("db", 5432),
         port("grpc", 50051, "grpc")],
        annotations={f"{AVI}ssl-ports": "443,8443", f"{AVI}ssl-cert-alias": "web-cert"},
    ),
    service(
        "plain", [port("http", 80, "http"), port("https", 443, "https")],
        annotations={f"{AVI}ssl-ports": "443", f"{AVI}ssl-no-termination": "true"},
    ),
]  # fmt: skip


@pytest.mark.parametrize("scenario", list(Scenario))
def test_cpi_makes_what_the_model_says(stage: Stage, scenario: Scenario) -> None:
    expected = serve(stage, scenario, "1.6.1", SERVICES)
    differences = stage.objects().differences(expected)
    assert not differences, "\n".join(differences)
    assert stage.external_ip("one") == "203.0.113.40"
    listed = stage.cluster.kubectl("get", "services", "-o", "wide")
    assert all(item["metadata"]["name"] in listed for item in SERVICES)
    assert "<pending>" not in listed


@pytest.mark.parametrize("scenario", list(Scenario))
def test_the_first_cpi_that_shares_differs_in_three_things_only(stage: Stage, scenario: Scenario) -> None:
    """1.2.0 leaves a pool's graceful timeout to VCD, and knows neither ``loadBalancerIP`` nor no-termination."""
    expected = serve(stage, scenario, "1.2.0", [item for item in SERVICES if item["metadata"]["name"] != "plain"])
    for pool in expected.pools.values():
        pool["graceful_timeout_period"] = 1
    differences = stage.objects().differences(expected)
    assert not differences, "\n".join(differences)
    assert stage.external_ip("one") == "203.0.113.10"


def serve(stage: Stage, scenario: Scenario, version: str, services: list[Object]) -> Objects:
    """Let CPI serve the Services one after the other. Returns the objects that the inventory then lists."""
    stage.start_cpi(scenario.value, version)
    expected = Objects({}, {}, {}, {})
    for item in services:
        used = [facts["virtual_ip_address"] for facts in expected.virtual_services.values()]
        external_ip = stage.create(item)
        for objects in new_service(stage, item, scenario, external_ip, used):
            add(expected, objects)
    return expected
