# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_http_policy against the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy import calls
from in_process import Modules
from moving import premium_estate
from simulator_bench import Api
from vcdsim.testing import Simulator

POLICY = "vcd_http_policy"
VERSIONS = "37.2,38.0,38.1,39.0,39.1"
SERVICES = "/loadBalancer/virtualServices"
SECURITY_RULES = "httpPolicy/securityRules"
CLOSE = {
    "name": "no admin",
    "match_criteria": {"path": {"criteria": "BEGINS_WITH", "paths": ["/admin"]}},
    "actions": {"connections": "CLOSE"},
}
HEADER = {"name": "header", "actions": {"modify_header": [{"action": "REMOVE", "name": "X-A"}]}}
LOCATION = {"name": "location", "actions": {"rewrite_location_header": {"protocol": "HTTPS"}}}


@pytest.fixture(scope="module")
def premium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    estate = premium_estate(tmp_path_factory.mktemp("estate"))
    with Simulator(estate, api_versions=VERSIONS, task_seconds=0, health_seconds=0) as simulator:
        yield simulator


@pytest.fixture
def edge(premium: Simulator) -> Modules:
    """An HTTP and an L4 virtual service."""
    premium.reset()
    modules = Modules(premium)
    for name, profile in (("web", "HTTP"), ("ssh", "L4")):
        modules.done("vcd_pool", name=name, wait=False)
        modules.done(
            "vcd_virtual_service",
            name=name,
            pool=name,
            application_profile=profile,
            virtual_ip_address=f"192.168.8.{len(profile)}",
            service_ports=[{"start": 80}],
            wait=False,
        )
    premium.journal(clear=True)
    return modules


def path_of(edge: Modules, part: str) -> str:
    (found,) = [one["id"] for one in edge.simulator.dump()["virtual_services"] if one["name"] == "web"]
    return f"{SERVICES}/{found}/{part}"


def test_rules_are_created_once_changed_and_removed(edge: Modules) -> None:
    rules = {"request_rules": [HEADER], "response_rules": [LOCATION], "security_rules": [CLOSE]}
    planned = edge.done(POLICY, check=True, virtual_service="web", **rules)
    assert (planned["changed"], edge.writes()) == (True, [])
    done = edge.done(POLICY, virtual_service="web", **rules)
    assert (done["changed"], done["http_policy"]) == (True, planned["http_policy"])
    assert len(edge.writes()) == 3
    assert edge.done(POLICY, virtual_service="web", **rules)["changed"] is False
    shown = edge.done(f"{POLICY}_info", virtual_service="web")["http_policies"]
    assert shown == [done["http_policy"]]
    again = {kind: shown[0][kind] for kind in rules}
    assert edge.done(POLICY, virtual_service=shown[0]["virtual_service"]["id"], **again)["changed"] is False
    edge.simulator.journal(clear=True)
    one = edge.done(POLICY, virtual_service="web", request_rules=[])["http_policy"]
    assert (one["request_rules"], one["security_rules"]) == ([], shown[0]["security_rules"])
    assert [write.rpartition("/")[2] for write in edge.writes()] == ["requestRules"]
    assert edge.done(POLICY, virtual_service="web", state="absent", check=True)["changed"] is True
    gone = edge.done(POLICY, virtual_service="web", state="absent")
    assert (gone["changed"], gone["http_policy"]["security_rules"]) == (True, [])
    assert edge.done(POLICY, virtual_service="web", state="absent")["changed"] is False


def test_the_redirect_to_https_is_one_option_and_other_rules_stay(edge: Modules) -> None:
    edge.done(POLICY, virtual_service="web", security_rules=[CLOSE])
    assert edge.done(POLICY, virtual_service="web", redirect_to_https=True, check=True)["changed"] is True
    done = edge.done(POLICY, virtual_service="web", redirect_to_https=True)["http_policy"]
    assert [rule["name"] for rule in done["security_rules"]] == ["redirect-to-https", "no admin"]
    assert edge.done(POLICY, virtual_service="web", redirect_to_https=True)["changed"] is False
    off = edge.done(POLICY, virtual_service="web", redirect_to_https=False)["http_policy"]
    assert [rule["name"] for rule in off["security_rules"]] == ["no admin"]


THEIRS = {"name": "theirs", "matchCriteria": {"protocol": "HTTPS"}, "allowOrCloseConnectionAction": "ALLOW"}


@pytest.mark.parametrize(("reads", "left"), [(1, ["redirect-to-https", "theirs"]), (3, ["theirs"])])
def test_another_client_may_write_at_the_same_time(
    edge: Modules, monkeypatch: pytest.MonkeyPatch, reads: int, left: list[str]
) -> None:
    """Its rule stays if it writes before the module does. If it overwrites the module's rule, a message says so."""
    api, path, seen, read = Api(edge.simulator, "admin@acme", "38.1"), path_of(edge, SECURITY_RULES), [], calls.read

    def meanwhile(*arguments: Any) -> Any:
        if arguments[-1] == "security_rules":
            seen.append(1)
            if len(seen) == reads == 3:
                api.done("PUT", path, {"values": [THEIRS]})
        found = read(*arguments)
        if arguments[-1] == "security_rules" and len(seen) == reads == 1:
            api.done("PUT", path, {"values": [THEIRS]})
        return found

    monkeypatch.setattr(calls, "read", meanwhile)
    result = edge.done(POLICY, virtual_service="web", redirect_to_https=True)
    assert [rule["name"] for rule in result["http_policy"]["security_rules"]] == left
    assert ("another client has changed it since" in str(result.get("warnings"))) == (left == ["theirs"])


def test_policies_are_deleted_with_their_virtual_service(edge: Modules) -> None:
    edge.done(POLICY, virtual_service="web", redirect_to_https=True)
    edge.done("vcd_virtual_service", name="web", state="absent")
    result = edge.done(POLICY, virtual_service="web", state="absent")
    assert (result["changed"], result["http_policy"]) == (False, None)
    assert edge.done(POLICY, virtual_service="ssh", state="absent")["changed"] is False
    assert edge.done(f"{POLICY}_info")["http_policies"] == []


@pytest.mark.parametrize("check", [True, False])
def test_impossible_options_are_refused_in_one_line_before_a_write(edge: Modules, check: bool) -> None:
    ask: dict[str, Any] = {"redirect_to_https": True, "check": check}
    assert "no virtual service with this name" in edge.refused(POLICY, virtual_service="wab", **ask)
    message = edge.refused(POLICY, virtual_service="ssh", **ask)
    assert "virtual_service: 'ssh': has the application profile L4: HTTP policies need HTTP or HTTPS" in message
    old = edge.as_user(api_version="37.2")
    message = old.refused(POLICY, virtual_service="web", **ask)
    assert message.startswith("vcd_http_policy: requires API version 38.0 (Cloud Director 10.5.0) or newer")
    assert edge.writes() == []


def test_check_mode_predicts_and_names_a_missing_right(edge: Modules) -> None:
    viewer = edge.as_user(user="viewer", password="viewer-secret-1")
    warned = viewer.done(POLICY, check=True, virtual_service="web", redirect_to_https=True)["warnings"]
    assert "lacks the right 'Organization vDC Gateway: Configure Load Balancer'" in str(warned)
    assert edge.writes() == []
    assert "Configure Load Balancer" in viewer.refused(POLICY, virtual_service="web", redirect_to_https=True)


def test_waf_is_read_and_shown(edge: Modules) -> None:
    api = Api(edge.simulator, "admin@acme", "38.1")
    api.done("PUT", path_of(edge, "waf/config"), {"active": True, "mode": "ENFORCEMENT"})
    item = {"name": "probe", "action": "BYPASS", "matchCriteria": {"pathMatch": {"matchStrings": ["/probe"]}}}
    api.done("PUT", path_of(edge, "waf/allowlist"), {"values": [item]})
    (found,) = edge.done(f"{POLICY}_info", gather=["waf"])["http_policies"]
    allowlist = [{"name": "probe", "active": True}]
    assert found["waf"] == {"active": True, "mode": "ENFORCEMENT", "allowlist": allowlist}
    old = edge.as_user(api_version="38.0")
    assert "waf: requires API version 38.1" in old.refused(f"{POLICY}_info", gather=["waf"])
    assert "waf" not in old.done(f"{POLICY}_info")["http_policies"][0]
    edge.simulator.faults([{"method": "GET", "route": "*/waf/config", "status": 404}])
    result = edge.done(f"{POLICY}_info", gather=["waf"])
    assert result["http_policies"][0]["waf"] is None
    assert "WAF configuration of virtual service 'web'" in str(result["warnings"])
