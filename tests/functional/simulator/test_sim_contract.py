# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's answers and our client's bodies match the vendor's description, if it is available.

In addition, every simulator of this folder's fixtures checks all requests of its tests against the description, and
fails their teardown if anything differs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from simulator_bench import ROOT, Api, Scene, description
from vcdsim.api_versions import parse
from vcdsim.calls import Operation
from vcdsim.contract import Contract
from vcdsim.errors import ApiError
from vcdsim.operations import NOT_BUILT, OPERATIONS
from vcdsim.router import Router
from vcdsim.testing import ContractBroken, Simulator

FILE = description()
pytestmark = pytest.mark.skipif(
    FILE is None, reason="the vendor's description is missing: set VCD_OPENAPI to vcd-openapi-37.2.yaml"
)
# Tests that run the modules with a simulator. Together they send every kind of body.
CLIENT_TESTS = ("test_virtual_service.py", "test_nat_rule_pool_profile.py", "test_edge_gateway_info.py")
CLIENT_SECONDS = 7200


@pytest.fixture(scope="module")
def contract() -> Contract:
    assert FILE is not None
    return Contract(FILE)


def find(method: str, path: str) -> Operation:
    return next(one for one in OPERATIONS if (one.method, one.path) == (method, f"/cloudapi/1.0.0{path}"))


@pytest.mark.parametrize(
    "operation",
    [one for one in OPERATIONS if one.path.startswith("/cloudapi/") and parse(one.since) <= (37, 2)],
    ids=lambda one: f"{one.method} {one.path}",
)
def test_every_operation_is_in_the_vendors_description(contract: Contract, operation: Operation) -> None:
    contract.problems.clear()
    contract.check(operation, (37, 2), None, 400, {"minorErrorCode": "x", "message": "x", "stackTrace": None})
    assert contract.problems == []


def test_every_path_of_the_vendors_description_is_known() -> None:
    """Missing operations answer 501, not 404: a client's author learns that the simulator is the problem."""
    assert FILE is not None
    router = Router(OPERATIONS, NOT_BUILT)
    paths = re.findall(r"^  (/[0-9][^:]*):", FILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(paths) > 300

    def answer(path: str) -> int:
        try:
            router.find("GET", f"/cloudapi{path}")
        except ApiError as refusal:
            return refusal.status
        return 200

    assert [path for path in paths if answer(path) == 404] == []
    assert answer("/1.0.0/nothing") == 404


def test_differences_are_found(contract: Contract) -> None:
    edge = find("GET", "/edgeGateways/{gatewayId}")
    pool = find("POST", "/loadBalancer/pools")
    body = {"name": "p", "gatewayRef": {"id": "x"}}
    cases = [
        (edge, None, 200, {"name": "e", "edgeGatewayUplinks": [], "odd": 1}, "'odd' was unexpected"),
        (edge, None, 200, {"name": 7, "edgeGatewayUplinks": []}, "at .name: 7 is not of type"),
        (edge, None, 200, {"edgeGatewayUplinks": []}, "'name' is a required property"),
        (edge, None, 201, {}, "answers 201, described are 200"),
        (edge, None, 400, {"message": "x"}, "'minorErrorCode' is a required property"),
        (edge, None, 499, {"minorErrorCode": "x", "message": "x"}, "answers 499"),
        (pool, {**body, "members": [{"port": 1}]}, 202, None, "'ipAddress' is a required property"),
        (pool, {**body, "members": [{"ipAddress": "x"}] * 101}, 202, None, "is too long"),
        (pool, {**body, "defaultPort": 0}, 202, None, "less than the minimum"),
        (pool, body, 202, {}, "has an answer with 202"),
    ]
    for operation, sent, status, answer, text in cases:
        contract.problems.clear()
        contract.check(operation, (37, 2), sent, status, answer)
        assert len(contract.problems) == 1, text
        assert text in contract.problems[0]
    contract.problems.clear()
    contract.check(pool, (37, 2), body, 202, None)
    contract.check(edge, (38, 0), None, 200, {"odd": 1})
    assert contract.problems == []


def test_the_simulator_keeps_the_contract() -> None:
    with Simulator(task_seconds=0, health_seconds=0, openapi=FILE) as sim:
        api = Api(sim, "kube@acme")
        scene = Scene(api)
        pool = api.done("POST", "/loadBalancer/pools", scene.pool(healthMonitors=[{"type": "TCP"}]))
        service = api.done("POST", "/loadBalancer/virtualServices", scene.service(pool))
        profile = api.done("POST", "/applicationPortProfiles", scene.profile())
        api.done("POST", scene.nat, scene.rule(applicationPortProfile={"id": profile}))
        rule = api.values(scene.nat)[0]
        for path in (
            f"/loadBalancer/pools/{pool}",
            f"/loadBalancer/virtualServices/{service}",
            f"/applicationPortProfiles/{profile}",
            f"{scene.nat}/{rule['id']}",
        ):
            api.done("PUT", path, api.get(path))
        api.get(f"/edgeGateways/{scene.edge}/loadBalancer/virtualServiceSummaries")
        api.refused("DELETE", f"/loadBalancer/pools/{pool}", None, "is used by")
        held = sim.contract()
    assert held["problems"] == []
    assert held["checked"] == 20


def test_a_broken_contract_is_not_overlooked(tmp_path: Path) -> None:
    description_of_nothing = tmp_path / "openapi.yaml"
    description_of_nothing.write_text("info: {version: '37.2'}\npaths: {}\ndefinitions: {}\n")
    simulator = Simulator(openapi=description_of_nothing)
    with pytest.raises(ContractBroken, match="vdcs: is not in the description"), simulator as sim:
        Api(sim, "admin@acme").get("/vdcs")


def test_our_client_keeps_the_contract() -> None:
    """Every body that the modules' own tests send, and every answer to them."""
    tests = [ROOT / "tests" / "functional" / "vcd" / name for name in CLIENT_TESTS]
    missing = [str(path) for path in tests if not path.exists()]
    assert not missing
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *map(str, tests)]
    paths = os.pathsep.join(part for part in (str(ROOT / "tests" / "simulator"), *sys.path) if part)
    environment = {**os.environ, "VCDSIM_OPENAPI": str(FILE), "PYTHONPATH": paths}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=CLIENT_SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
