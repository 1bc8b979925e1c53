# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP policies and WAF survive every run that deletes a virtual service and creates it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moving import DISTINCT, EXTERNAL, INTERNAL, STRICT, Edge, Params, premium_estate, service, written
from runs import ModuleRun, comparable, killed_at_every_write
from simulator_bench import Api
from vcdsim.testing import Simulator

VERSIONS = "37.0,37.1,37.2,38.0,38.1"
SERVICES = "/loadBalancer/virtualServices"
CRITERIA = {"pathMatch": {"matchCriteria": "BEGINS_WITH", "matchStrings": ["/admin"]}}
PARTS: dict[str, dict[str, Any]] = {
    "httpPolicy/requestRules": {
        "values": [
            {"name": "header", "matchCriteria": CRITERIA, "headerActions": [{"action": "REMOVE", "name": "X-A"}]}
        ]
    },
    "httpPolicy/securityRules": {
        "values": [{"name": "no admin", "matchCriteria": CRITERIA, "allowOrCloseConnectionAction": "CLOSE"}]
    },
    "waf/config": {"active": True, "mode": "ENFORCEMENT"},
}
SECURITY = "*/httpPolicy/securityRules"


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    premium = premium_estate(tmp_path_factory.mktemp("estate"))
    with Simulator(premium, api_versions=VERSIONS, task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def edge(sim: Simulator) -> Edge:
    sim.reset()
    return Edge(sim)


def with_policies(edge: Edge, scenario: str, count: int = 2) -> list[Params]:
    """A Service whose HTTP and HTTPS virtual services have policies and WAF."""
    services = edge.create([service("web", count)], scenario)
    api = Api(edge.sim, "admin@acme", "38.1")
    for one in edge.sim.dump()["virtual_services"]:
        if one["applicationProfile"]["type"] in ("HTTP", "HTTPS"):
            for part, body in PARTS.items():
                api.done("PUT", f"{SERVICES}/{one['id']}/{part}", body)
    edge.sim.journal(clear=True)
    return services


def policies(edge: Edge) -> list[dict[str, Any]]:
    keys = ("httpRequestRules", "httpSecurityRules", "wafConfig")
    return [{key: one.get(key) for key in keys} for one in edge.sim.dump()["virtual_services"]]


@pytest.mark.parametrize(("before", "after"), [(EXTERNAL, INTERNAL), (INTERNAL, EXTERNAL), (INTERNAL, DISTINCT)])
def test_a_migration_keeps_the_policies(edge: Edge, before: str, after: str) -> None:
    services = with_policies(edge, before)
    edge.sim.assume(**STRICT)
    kept, point = policies(edge), edge.restore_point(services)
    assert {key for found in point["policies"].values() for key in found} == {
        "http_request_rules", "http_security_rules", "waf_config",
    }  # fmt: skip
    edge.done(services, after)
    assert policies(edge) == kept
    assert edge.done(services, after, check=True, restore_point=point)["lost_settings"] == []


def test_a_rollback_keeps_the_policies(edge: Edge) -> None:
    services = with_policies(edge, INTERNAL, 3)
    start = comparable(edge.sim.dump())
    edge.sim.faults([{"method": "POST", "route": "*/virtualServices", "name": "*-ssh", "times": 1, "status": 500}])
    edge.failed(services, EXTERNAL)
    assert comparable(edge.sim.dump()) == start


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"method": "GET", "route": SECURITY, "status": 403}, "Configure Load Balancer"),
        ({"method": "GET", "route": SECURITY, "status": 500}, "answered 500"),
        ({"method": "GET", "route": "*/waf/config", "status": 404}, "WAF configuration"),
        ({"method": "PUT", "route": SECURITY, "status": 403}, "could not be created again completely"),
        ({"method": "PUT", "route": SECURITY, "task": "error"}, "could not be created again completely"),
    ],
)
def test_policies_that_cannot_be_kept_stop_the_run_before_its_first_change(
    edge: Edge, fault: Params, says: str
) -> None:
    services = with_policies(edge, INTERNAL)
    start = comparable(edge.sim.dump())
    edge.sim.faults([{"user": "kube", **fault}])
    result = edge.failed(services, EXTERNAL)
    if "403" not in says:
        assert "accept_loss: true (role: shared_ip_accept_loss)" in result["msg"]
    assert comparable(edge.sim.dump()) == start
    assert {method for method, _name in written(edge.sim.journal())} <= {"PUT"}  # only changes of existing objects
    edge.done(services, EXTERNAL, accept_loss=True)
    lost = "httpSecurityRules" if fault["route"] == SECURITY else "wafConfig"
    assert None in [found[lost] for found in policies(edge)]  # the last one changes in place, and keeps all


def test_an_older_api_version_cannot_read_the_policies(edge: Edge) -> None:
    services = with_policies(edge, INTERNAL)
    result = edge.of(api_version="37.2").failed(services, EXTERNAL)
    assert "cannot read HTTP request rules" in result["msg"]
    assert "in API version 37.2 (option api_version)" in result["msg"]
    assert written(edge.sim.journal()) == []


def test_a_run_killed_anywhere_keeps_the_policies(edge: Edge) -> None:
    services = with_policies(edge, EXTERNAL)
    point = edge.restore_point(services)
    kept = edge.sim.snapshot()

    def prepare() -> None:
        edge.sim.restore(kept)
        edge.sim.assume(**STRICT)

    survival = killed_at_every_write(lambda: edge.task(services, INTERNAL, restore_point=point), edge.sim, prepare)
    assert survival.problems == []
    assert survival.survived == survival.kills == survival.writes + 1


def test_a_loss_is_reported(edge: Edge) -> None:
    services = with_policies(edge, EXTERNAL)
    point = edge.restore_point(services)
    api = Api(edge.sim, "admin@acme", "38.1")
    name, urn = next((one["name"], one["id"]) for one in edge.sim.dump()["virtual_services"])
    api.done("PUT", f"{SERVICES}/{urn}/httpPolicy/securityRules", {"values": []})
    lost = edge.done(services, EXTERNAL, check=True, restore_point=point)["lost_settings"]
    assert lost == [f"virtual service {name}: its HTTP security rules are gone"]


@pytest.mark.parametrize("fails", [False, True])
def test_recreating_a_virtual_service_keeps_the_policies(edge: Edge, fails: bool) -> None:
    with_policies(edge, EXTERNAL)
    kept, start = policies(edge), comparable(edge.sim.dump())
    name = edge.sim.dump()["virtual_services"][0]["name"]
    if fails:
        edge.sim.faults([{"method": "POST", "route": "*/virtualServices", "times": 1, "status": 500}])
    kind = {key: value for key, value in edge.options.items() if key != "cluster_id"}
    options = {**kind, "name": name, "virtual_ip_address": "192.168.8.77", "recreate": True}
    result = ModuleRun("vcd_virtual_service", options).start().wait()
    assert bool(result.get("failed")) is fails, result.get("msg")
    assert sorted(map(str, policies(edge))) == sorted(map(str, kept))
    if fails:
        assert comparable(edge.sim.dump()) == start
