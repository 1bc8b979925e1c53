# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP policies and WAF of the simulator: versions, refusals, and deletion with their virtual service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moving import premium_estate
from simulator_bench import Api, Scene
from vcdsim.testing import Simulator

VERSIONS = "37.0,37.1,37.2,38.0,38.1"
SERVICES = "/loadBalancer/virtualServices"
POLICIES = ("httpPolicy/requestRules", "httpPolicy/responseRules", "httpPolicy/securityRules", "waf/allowlist")
RULE = {
    "name": "no admin",
    "matchCriteria": {"pathMatch": {"matchCriteria": "BEGINS_WITH", "matchStrings": ["/admin"]}},
}
CLOSE = {**RULE, "allowOrCloseConnectionAction": "CLOSE"}
REDIRECT = {"protocol": "HTTPS", "port": 443, "statusCode": 301}


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    premium = premium_estate(tmp_path_factory.mktemp("estate"))
    with Simulator(premium, api_versions=VERSIONS, task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def api(newer: Simulator) -> Api:
    newer.reset()
    return Api(newer, "kube@acme", "38.1")


def made(api: Api, kind: str = "HTTP") -> str:
    scene = Scene(api)
    pool = api.done("POST", "/loadBalancer/pools", scene.pool())
    return api.done("POST", SERVICES, scene.service(pool, applicationProfile={"type": kind}))


def test_rules_are_empty_at_first_stay_with_an_update_and_go_with_the_virtual_service(api: Api) -> None:
    urn = made(api)
    path = f"{SERVICES}/{urn}/httpPolicy/securityRules"
    assert api.values(path) == []
    api.done("PUT", path, {"values": [CLOSE]})
    (found,) = api.values(path)
    assert (found["name"], found["active"], found["logging"]) == ("no admin", True, False)
    assert found["matchCriteria"] == RULE["matchCriteria"]
    api.done("PUT", f"{SERVICES}/{urn}", {**api.get(f"{SERVICES}/{urn}"), "description": "changed"})
    assert api.values(path) == [found]
    entry = [one for one in api.sim.timeline() if one["kind"] == "virtual_services"][-1]
    assert entry["refers"]["httpSecurityRules"] == ["no admin"]
    body = api.get(f"{SERVICES}/{urn}")
    assert not set(body) & {"httpSecurityRules", "wafConfig"}
    api.done("DELETE", f"{SERVICES}/{urn}")
    again = api.done("POST", SERVICES, {key: value for key, value in body.items() if key != "id"})
    assert api.values(f"{SERVICES}/{again}/httpPolicy/securityRules") == []


@pytest.mark.parametrize("part", POLICIES)
def test_they_are_unknown_before_their_api_version(api: Api, part: str) -> None:
    urn = made(api)
    assert api.ask("GET", f"{SERVICES}/{urn}/{part}", version="37.2").status_code == 406
    since = "38.1" if part.startswith("waf") else "38.0"
    assert api.ask("GET", f"{SERVICES}/{urn}/{part}", version=since).status_code == 200
    assert api.ask("GET", f"{SERVICES}/{urn}/waf/config", version="38.0").status_code == 406


def test_waf_is_off_at_first(api: Api) -> None:
    path = f"{SERVICES}/{made(api)}/waf/config"
    assert api.get(path) == {"active": False, "mode": "DETECTION"}
    api.done("PUT", path, {"active": True, "mode": "ENFORCEMENT"})
    assert api.get(path) == {"active": True, "mode": "ENFORCEMENT"}


@pytest.mark.parametrize(
    ("part", "sent", "text"),
    [
        ("httpPolicy/securityRules", {"values": [RULE]}, "exactly one action"),
        ("httpPolicy/securityRules", {"values": [{**CLOSE, "redirectToHttpsAction": {"port": 443}}]}, "exactly one"),
        ("httpPolicy/requestRules", {"values": [{"name": ""}]}, "name"),
        ("httpPolicy/requestRules", {"values": [{**RULE, "x": 1}]}, 'Unrecognized field "values[0].x"'),
        (
            "httpPolicy/requestRules",
            {"values": [{**RULE, "redirectAction": REDIRECT, "headerActions": []}]},
            "excludes other actions",
        ),
        ("waf/config", {"active": True, "mode": "LOUD"}, "mode"),
        ("waf/allowlist", {"values": [{"name": "a", "action": "BYPASS"}]}, "matchCriteria"),
        ("waf/allowlist", {"values": [{"name": "a", "action": "BYPASS", "matchCriteria": {}}]}, "at least one match"),
    ],
)
def test_a_wrong_body_is_refused(api: Api, part: str, sent: dict[str, Any], text: str) -> None:
    api.refused("PUT", f"{SERVICES}/{made(api)}/{part}", sent, text)


def test_an_l4_virtual_service_has_no_policies(api: Api) -> None:
    urn = made(api, "L4")
    api.refused("PUT", f"{SERVICES}/{urn}/httpPolicy/securityRules", {"values": [CLOSE]}, "is not of type HTTP")
    api.done("PUT", f"{SERVICES}/{urn}/httpPolicy/securityRules", {"values": []})


def test_waf_needs_the_premium_feature_set() -> None:
    with Simulator("one-edge", api_versions=VERSIONS, task_seconds=0, health_seconds=0) as sim:
        api = Api(sim, "kube@acme", "38.1")
        api.refused("PUT", f"{SERVICES}/{made(api)}/waf/config", {"active": True}, "PREMIUM")


def test_a_viewer_may_only_read_policies(api: Api) -> None:
    path = f"{SERVICES}/{made(api)}/httpPolicy/securityRules"
    viewer = Api(api.sim, "viewer@acme", "38.1")
    assert viewer.values(path) == []
    viewer.refused("PUT", path, {"values": []}, "Configure Load Balancer", 403)
