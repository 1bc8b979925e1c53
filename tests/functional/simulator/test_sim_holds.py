# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that are held before or after their effect, so that a test can kill the client exactly there."""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from simulator_bench import CLOUDAPI, Api, Scene
from vcdsim.faults import Faults
from vcdsim.testing import Simulator
from waiting import until

POOLS = "/loadBalancer/pools"


def held(sim: Simulator) -> Callable[[], Any]:
    return lambda: [one for one in sim.faults() if one["used"] and one["held"]]


def begin(sim: Simulator, api: Api, body: dict[str, Any]) -> http.client.HTTPSConnection:
    """Send the creation of a pool without waiting for the answer."""
    host, port = sim.url.removeprefix("https://").rsplit(":", 1)
    client = http.client.HTTPSConnection(
        host, int(port), context=ssl.create_default_context(cafile=sim.ca), timeout=600
    )
    headers = {"Authorization": str(api.http.headers["Authorization"]), "Accept": "application/json;version=37.2"}
    client.request("POST", f"{CLOUDAPI}{POOLS}", json.dumps(body), {**headers, "Content-Type": "application/json"})
    return client


def hold(when: str, **more: Any) -> dict[str, Any]:
    return {"writes": True, "user": "kube", "hold": when, "times": 1, **more}


@pytest.mark.parametrize(("when", "pools"), [("before", 0), ("after", 1)])
def test_a_held_request_is_answered_after_its_release(
    sim: Simulator, api: Api, scene: Scene, when: str, pools: int
) -> None:
    sim.faults([hold(when)])
    client = begin(sim, api, scene.pool())
    until(held(sim))
    assert len(sim.dump()["pools"]) == pools
    assert api.ask("GET", "/edgeGateways").status_code == 200, "others are served"
    sim.faults([])
    with client.getresponse() as answer:
        assert answer.status == 202
    client.close()
    assert len(sim.dump()["pools"]) == 1
    assert sim.journal()[-1]["status"] == 202


@pytest.mark.parametrize(("when", "pools"), [("before", 0), ("after", 1)])
def test_a_held_request_ends_with_its_client(sim: Simulator, api: Api, scene: Scene, when: str, pools: int) -> None:
    sim.faults([hold(when)])
    client = begin(sim, api, scene.pool())
    until(held(sim))
    client.close()
    until(lambda: sim.journal()[-1]["status"] == "gone")
    sim.faults([])
    assert len(sim.dump()["pools"]) == pools
    assert api.ask("POST", POOLS, scene.pool()).status_code == (400 if pools else 202)


@pytest.mark.parametrize(("when", "pools"), [("before", 0), ("after", 1)])
def test_a_client_can_be_killed_while_its_request_is_held(
    sim: Simulator, api: Api, scene: Scene, when: str, pools: int
) -> None:
    code = (
        "import requests, sys; requests.post(sys.argv[1], sys.argv[5], verify=sys.argv[2], headers={"
        "'Authorization': sys.argv[3], 'Accept': sys.argv[4], 'Content-Type': 'application/json'})"
    )
    arguments = [f"{sim.url}{CLOUDAPI}{POOLS}", sim.ca, str(api.http.headers["Authorization"])]
    command = [sys.executable, "-c", code, *arguments, "application/json;version=37.2", json.dumps(scene.pool())]
    for _time in range(3):
        sim.faults([hold(when)])
        with subprocess.Popen(command) as client:
            until(held(sim))
            client.kill()
        sim.faults([])  # at once: a killed client stays dead, however soon the rules are replaced
        until(lambda: sim.journal()[-1]["status"] == "gone")
        assert len(sim.dump()["pools"]) == pools
        if pools:
            api.done("DELETE", f"{POOLS}/{sim.dump()['pools'][0]['id']}")


def test_a_refusal_is_held_as_well(sim: Simulator, api: Api, scene: Scene) -> None:
    sim.faults([hold("after")])
    client = begin(sim, api, {**scene.pool(), "nonsense": 1})
    until(held(sim))
    sim.faults([])
    with client.getresponse() as answer:
        assert answer.status == 400
    client.close()


def test_reset_ends_held_requests(sim: Simulator, api: Api, scene: Scene) -> None:
    sim.faults([hold("before")])
    client = begin(sim, api, scene.pool())
    until(held(sim))
    sim.reset()
    with pytest.raises(ConnectionError):
        client.getresponse()
    client.close()
    assert sim.dump()["pools"] == []


def test_log_in_and_log_out_are_not_writes(sim: Simulator, admin: Api, scene: Scene) -> None:
    sim.faults([{"writes": True, "status": 503}])
    api = Api(sim, "kube@acme")
    assert api.ask("GET", "/edgeGateways").status_code == 200
    assert api.ask("POST", POOLS, scene.pool()).status_code == 503
    pool = "urn:vcloud:loadBalancerPool:00000000-0000-0000-0000-000000000000"
    assert [api.ask(method, f"{POOLS}/{pool}", {}).status_code for method in ("PUT", "DELETE")] == [503, 503]
    assert api.ask("DELETE", "/sessions/current").status_code == 204
    token = {"grant_type": "refresh_token", "refresh_token": "acme-api-token-0000000000000001"}
    assert api.http.post(f"{sim.url}/oauth/tenant/acme/token", data=token).status_code == 200
    assert [(one["seen"], one["used"]) for one in sim.faults()] == [(3, 3)]


@pytest.mark.parametrize("rule", [{"hold": "always"}, {"writes": False}])
def test_an_invalid_rule_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^faults\[0\]"):
        Faults([rule])
