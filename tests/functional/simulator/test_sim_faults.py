# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults and the journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from simulator_bench import VCLOUD, Api, Scene
from vcdsim.faults import Faults
from vcdsim.testing import Simulator

POOLS = "/loadBalancer/pools"
POOLS_ROUTE = "/cloudapi/1.0.0/loadBalancer/pools"


@pytest.mark.parametrize(
    ("status", "code"), [(429, "TOO_MANY_REQUESTS"), (503, "SERVICE_UNAVAILABLE"), (500, "INTERNAL_SERVER_ERROR")]
)
def test_a_rule_can_answer_with_a_status(sim: Simulator, api: Api, scene: Scene, status: int, code: str) -> None:
    sim.faults([{"method": "POST", "route": POOLS_ROUTE, "status": status, "retry_after": 2, "times": 1}])
    answer = api.ask("POST", POOLS, scene.pool())
    assert (answer.status_code, answer.json()["minorErrorCode"], answer.headers["Retry-After"]) == (status, code, "2")
    assert sim.dump()["pools"] == []
    assert api.ask("POST", POOLS, scene.pool()).status_code == 202
    assert [(one["seen"], one["used"]) for one in sim.faults()] == [(2, 1)]


def test_a_rule_matches_by_name_route_user_and_occurrence(sim: Simulator, api: Api, admin: Api, scene: Scene) -> None:
    sim.faults(
        [
            {"name": "ingress-*", "skip": 1, "times": 2, "status": 400, "code": "BUSY_ENTITY", "message": "is busy"},
            {"user": "admin", "route": "/cloudapi/1.0.0/edgeGateways/*", "status": 403},
        ]
    )
    statuses = [api.ask("POST", POOLS, scene.pool(f"ingress-{number}")).status_code for number in range(4)]
    assert statuses == [202, 400, 400, 202]
    assert api.ask("POST", POOLS, scene.pool("other")).status_code == 202
    assert admin.ask("GET", f"/edgeGateways/{scene.edge}").status_code == 403
    assert api.ask("GET", f"/edgeGateways/{scene.edge}").status_code == 200


def test_a_rule_matches_the_name_of_the_addressed_object(sim: Simulator, api: Api, scene: Scene) -> None:
    pool = api.done("POST", POOLS, scene.pool("target"))
    sim.faults([{"method": "DELETE", "name": "target", "status": 503, "times": 1}])
    assert api.ask("DELETE", f"{POOLS}/{pool}").status_code == 503
    assert api.ask("DELETE", f"{POOLS}/{pool}").status_code == 202


@pytest.mark.parametrize(("when", "pools"), [("before", 0), ("after", 1)])
def test_a_connection_is_reset_before_or_after_the_effect(
    sim: Simulator, api: Api, scene: Scene, when: str, pools: int
) -> None:
    sim.faults([{"method": "POST", "route": POOLS_ROUTE, "reset": when}])
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        api.ask("POST", POOLS, scene.pool())
    sim.faults([])
    assert len(sim.dump()["pools"]) == pools
    assert sim.journal()[-1]["status"] == "reset"


def test_a_failed_task_leaves_nothing_behind(sim: Simulator, api: Api, scene: Scene) -> None:
    rule = {"method": "POST", "task": "error", "code": "INTERNAL_SERVER_ERROR", "message": "NSX said no", "times": 1}
    sim.faults([rule])
    task = api.task(api.ask("POST", POOLS, scene.pool()))
    error = task.find(f"{VCLOUD}Error")
    assert task.get("status") == "error"
    assert error is not None
    assert (error.get("message"), error.get("minorErrorCode")) == ("NSX said no", "INTERNAL_SERVER_ERROR")
    assert sim.dump()["pools"] == []


@pytest.mark.parametrize("kind", ["pool", "rule", "profile", "group"])
def test_a_failed_update_or_delete_is_undone(sim: Simulator, admin: Api, scene: Scene, kind: str) -> None:
    group = {"name": "group", "typeValue": "IP_SET", "ownerRef": {"id": scene.edge}}
    collection, body = {
        "pool": (POOLS, scene.pool()),
        "rule": (scene.nat, scene.rule()),
        "profile": ("/applicationPortProfiles", scene.profile()),
        "group": ("/firewallGroups", group),
    }[kind]
    owner = admin.done("POST", collection, body)
    path = f"{collection}/{admin.values(scene.nat)[0]['id'] if kind == 'rule' else owner}"
    before = admin.get(path)
    sim.faults([{"method": "PUT", "task": "error"}, {"method": "DELETE", "task": "error"}])
    for method, changed in (("PUT", {**body, "description": "new"}), ("DELETE", None)):
        assert admin.task(admin.ask(method, path, changed)).get("status") == "error"
        assert admin.get(path) == before


def test_an_endless_task_ends_when_released(sim: Simulator, api: Api, scene: Scene) -> None:
    sim.faults([{"method": "POST", "route": POOLS_ROUTE, "task": "never", "times": 1}])
    location = api.ask("POST", POOLS, scene.pool()).headers["Location"]
    assert api.xml(location).get("status") == "running"
    task = str(api.xml(location).get("id"))
    assert sim.release(task)
    assert api.xml(location).get("status") == "success"


def test_a_vanished_task_has_completed(sim: Simulator, api: Api, scene: Scene) -> None:
    sim.faults([{"method": "POST", "route": POOLS_ROUTE, "task": "vanish", "times": 1}])
    location = api.ask("POST", POOLS, scene.pool()).headers["Location"]
    assert api.ask("GET", location).status_code == 403
    assert [one["status"] for one in sim.dump()["pools"]] == ["REALIZED"]


def test_a_rule_can_end_the_session(sim: Simulator, api: Api) -> None:
    sim.faults([{"route": "/cloudapi/1.0.0/edgeGateways", "skip": 1, "times": 1, "expire_session": True}])
    assert api.ask("GET", "/edgeGateways").status_code == 200
    assert api.ask("GET", "/edgeGateways").status_code == 401
    assert api.ask("GET", "/vdcs").status_code == 401
    assert api.log_in("kube@acme", "kube-secret-1").status_code == 200


def test_a_rule_can_delay_the_answer(sim: Simulator, api: Api) -> None:
    sim.faults([{"route": "/cloudapi/1.0.0/vdcs", "delay": 0.3}])
    api.get("/vdcs")
    assert sim.journal()[-1]["ms"] >= 300  # however busy the machine is, it cannot be less
    api.get("/orgs")
    assert [rule["used"] for rule in sim.faults()] == [1], "a request that the rule does not name is not delayed"


@pytest.mark.parametrize(
    "rule", [{"methods": "GET"}, {"status": 200}, {"reset": "never"}, {"times": 0}, "GET", {"task": "x"}]
)
def test_an_invalid_rule_is_refused(rule: Any) -> None:
    with pytest.raises(ValueError, match=r"^faults\[0\]"):
        Faults([rule])


def test_rules_are_used_in_their_order() -> None:
    faults = Faults([{"method": "GET", "times": 1, "status": 500}, {"status": 503}])
    found = [faults.match("GET", "/x", "/x", "", "") for _number in range(2)]
    assert [rule.spec["status"] for rule in found if rule] == [500, 503]
    assert not Faults()


def test_reset_clears_faults_tasks_sessions_and_objects(sim: Simulator, api: Api, scene: Scene) -> None:
    api.done("POST", POOLS, scene.pool())
    sim.faults([{"status": 500}])
    sim.assume(members_reachable="no")
    sim.reset()
    assert sim.faults() == []
    state = sim.dump()
    assert (state["pools"], state["tasks"]) == ([], [])
    assert sim.journal() == []
    assert sim._ask("GET", "/about")["assumptions"]["members-reachable"] == "yes"
    assert api.ask("GET", "/edgeGateways").status_code == 401
    assert Api(sim, "kube@acme").named("/edgeGateways", "acme-edge")["id"] == scene.edge


def test_the_journal_file_has_a_line_for_every_request(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    with Simulator(task_seconds=0, journal=journal) as sim:
        api = Api(sim, "kube@acme")
        scene = Scene(api)
        pool = api.done("POST", POOLS, scene.pool())
        api.ask("POST", POOLS, scene.pool())
        memory = sim.journal()
        assert sim.journal(clear=True) == memory
        assert sim.journal() == []
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert lines == memory
    entry = next(one for one in lines if one["method"] == "POST" and one["status"] == 202)
    assert (entry["user"], entry["org"], entry["path"], entry["object"]) == ("kube", "acme", POOLS_ROUTE, pool)
    assert entry["task"].startswith("urn:vcloud:task:")
    assert entry["ms"] >= 0
    assert lines[-1]["status"] == 400
    text = journal.read_text()
    assert "kube-secret-1" not in text
    assert str(api.http.headers["Authorization"]).removeprefix("Bearer ") not in text
