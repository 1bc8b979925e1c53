# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks, and the rule that each edge gateway runs one at a time."""

from __future__ import annotations

import pytest
from simulator_bench import VCLOUD, Api, Scene
from vcdsim.testing import Simulator

POOLS = "/loadBalancer/pools"
SERVICES = "/loadBalancer/virtualServices"


def test_a_task_takes_time_and_shows_its_operation(sim: Simulator, api: Api, scene: Scene) -> None:
    sim.settings(task_seconds=0.3)
    answer = api.ask("POST", POOLS, scene.pool())
    location = answer.headers["Location"]
    assert location.startswith(f"{sim.url}/api/task/")
    task = api.xml(location)
    assert (task.get("status"), task.get("operationName")) == ("running", "LOAD_BALANCER_POOL_CREATE")
    owner = task.find(f"{VCLOUD}Owner")
    assert owner is not None
    pool = owner.get("id")
    assert api.get(f"{POOLS}/{pool}")["status"] == "PENDING"
    assert api.task(answer).get("status") == "success"
    assert api.get(f"{POOLS}/{pool}")["status"] == "REALIZED"


def test_an_object_shows_that_it_is_changing(sim: Simulator, api: Api, scene: Scene) -> None:
    pool = api.done("POST", POOLS, scene.pool())
    sim.settings(task_seconds=0.3)
    answer = api.ask("PUT", f"{POOLS}/{pool}", scene.pool(description="new"))
    assert api.get(f"{POOLS}/{pool}")["status"] == "CONFIGURING"
    api.task(answer)
    gone = api.ask("DELETE", f"{POOLS}/{pool}")
    assert api.get(f"{POOLS}/{pool}")["description"] == "new"
    api.task(gone)
    assert api.ask("GET", f"{POOLS}/{pool}").status_code == 403


@pytest.fixture
def busy(sim: Simulator, api: Api, scene: Scene) -> str:
    """Start the creation of a NAT rule, and return the refusal that other writes get meanwhile."""
    api.done("POST", POOLS, scene.pool("there"))
    sim.settings(task_seconds=600)
    assert api.ask("POST", scene.nat, scene.rule()).status_code == 202
    uuid = scene.edge.rsplit(":", 1)[-1]
    return f"The entity Ref: com.vmware.vcloud.entity.gateway:{uuid} is busy completing an operation NAT_RULE_CREATE."


def test_a_busy_gateway_refuses_other_writes(
    sim: Simulator, api: Api, admin: Api, system: Api, scene: Scene, busy: str
) -> None:
    pool = api.values(f"/edgeGateways/{scene.edge}/loadBalancer/poolSummaries")[0]["id"]
    group = {"name": "g", "typeValue": "IP_SET", "ownerRef": {"id": scene.edge}}
    gateway = admin.get(f"/edgeGateways/{scene.edge}")
    network = admin.named("/orgVdcNetworks", "k8s-net")
    settings = system.get(f"/edgeGateways/{scene.edge}/loadBalancer")
    writes = [
        (api, "POST", scene.nat, scene.rule("other")),
        (api, "POST", POOLS, scene.pool()),
        (api, "DELETE", f"{POOLS}/{pool}", None),
        (api, "POST", SERVICES, scene.service(pool)),
        (admin, "PUT", f"/edgeGateways/{scene.edge}/firewall/rules", {"userDefinedRules": []}),
        (admin, "POST", "/firewallGroups", group),
        (admin, "PUT", f"/edgeGateways/{scene.edge}", gateway),
        (admin, "PUT", f"/orgVdcNetworks/{network['id']}", network),
        (system, "PUT", f"/edgeGateways/{scene.edge}/loadBalancer", settings),
    ]
    for who, method, path, body in writes:
        answer = who.ask(method, path, body)
        assert (answer.status_code, answer.json()["minorErrorCode"]) == (400, "BUSY_ENTITY"), (method, path)
        assert busy in answer.json()["message"]
    assert len(sim.dump()["pools"]) == 1
    profile = api.ask("POST", "/applicationPortProfiles", scene.profile())
    assert profile.status_code == 202, "a profile does not belong to the gateway"
    assert api.ask("GET", scene.nat).status_code == 200


def test_the_gateway_is_free_when_the_task_has_ended(sim: Simulator, api: Api, scene: Scene, busy: str) -> None:
    task = next(one["id"] for one in sim.dump()["tasks"] if one["status"] == "running")
    assert sim.release(task)
    assert not sim.release(task)
    assert api.ask("POST", scene.nat, scene.rule("other")).status_code == 202


def test_load_balancer_writes_may_be_assumed_to_be_free(sim: Simulator, api: Api, scene: Scene, busy: str) -> None:
    sim.assume(alb_writes_lock_gateway="no")
    assert api.ask("POST", POOLS, scene.pool()).status_code == 202
    pool = api.values(f"/edgeGateways/{scene.edge}/loadBalancer/poolSummaries?filter=name==pool")[0]["id"]
    message = api.refused("PUT", f"{POOLS}/{pool}", scene.pool(), "is busy completing an operation")
    assert f"com.vmware.vcloud.entity.loadBalancerPool:{pool.rsplit(':', 1)[-1]}" in message


def test_each_gateway_is_busy_on_its_own(tenants: Simulator) -> None:
    api = Api(tenants, "kube@acme")
    tenants.settings(task_seconds=600)
    for gateway in api.values("/edgeGateways"):
        body = {"name": "p", "gatewayRef": {"id": gateway["id"]}}
        assert api.ask("POST", POOLS, body).status_code == 202


def test_a_malformed_body_is_refused_before_a_busy_gateway(api: Api, scene: Scene, busy: str) -> None:
    api.refused("POST", scene.nat, scene.rule(priority=-1), "priority")


def test_tasks_of_other_tenants_are_hidden(tenants: Simulator) -> None:
    api, other = Api(tenants, "kube@acme"), Api(tenants, "kube@globex")
    gateway = api.values("/edgeGateways")[0]["id"]
    location = api.ask("POST", POOLS, {"name": "p", "gatewayRef": {"id": gateway}}).headers["Location"]
    assert other.ask("GET", location).status_code == 403
    assert "com.vmware.vcloud.entity.task:" in other.ask("GET", location).text
    assert Api(tenants, "administrator@System").ask("GET", location).status_code == 200
