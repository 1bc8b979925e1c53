# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines with a redirect to HTTPS and HTTP policies: created, kept, removed, and required."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from moving import DISTINCT, EXTERNAL, INTERNAL, LENIENT, STRICT, Edge, Params, premium_estate, written
from runs import comparable
from simulator_bench import Api
from vcdsim.testing import Simulator

VERSIONS = "37.0,37.1,37.2,38.0,38.1"
IP = "203.0.113.20"
REDIRECT = "vcd_shared_ip-redirect-to-https"
LISTS = {"request": "httpRequestRules", "response": "httpResponseRules", "security": "httpSecurityRules"}
SECURITY_ROUTE = "*/httpPolicy/securityRules"
CLOSED: Params = {
    "name": "no-admin",
    "match_criteria": {"path": {"criteria": "BEGINS_WITH", "paths": ["/admin"]}},
    "actions": {"connections": "CLOSE"},
}
MINE: Params = {"name": "mine", "actions": {"connections": "ALLOW"}}
HEADER: Params = {
    "name": "header",
    "actions": {"modify_header": [{"action": "REPLACE", "name": "X-Forwarded-Proto", "value": "https"}]},
}


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    premium = premium_estate(tmp_path_factory.mktemp("estate"))
    with Simulator(premium, api_versions=VERSIONS, task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def edge(sim: Simulator) -> Edge:
    sim.reset()
    return Edge(sim).of(cluster_id=None, name_template="{kind}-{service}-{port}")


def shop(
    http: Params | None = None, https: Params | None = None, secured: tuple[int, ...] = (443,), **more: Any
) -> list[Params]:
    """A service of machines with a port for HTTP and one or more for HTTPS."""
    ports: list[Params] = [{"name": "http", "port": 80, "node_port": 8080, "app_protocol": "http", **(http or {})}]
    for number in secured:
        tls = {"app_protocol": "https", "certificate": "web-cert"}
        ports.append({"name": f"s{number}", "port": number, "node_port": 8443, **tls, **(https or {})})
    return [{"name": "shop", "external_ip": IP, "members": ["10.10.0.11"], "ports": ports, **more}]


REDIRECTS = {"redirect_to_https": True}


def names(edge: Edge, virtual_service: str = "vs-shop-http") -> dict[str, list[str]]:
    """The rules of a virtual service, by kind, without empty lists."""
    (one,) = [one for one in edge.sim.dump()["virtual_services"] if one["name"] == virtual_service]
    found = {kind: [rule["name"] for rule in (one.get(key) or {}).get("values", [])] for kind, key in LISTS.items()}
    return {kind: rules for kind, rules in found.items() if rules}


def set_manually(edge: Edge, virtual_service: str = "vs-shop-http", **lists: Any) -> None:
    """Set policies of a virtual service as an operator would."""
    edge.module("vcd_http_policy", virtual_service=virtual_service, **lists)


def steps(result: Params) -> list[str]:
    return [text for one in result["services"] for text in one["steps"] if "HTTP policies" in text]


def reads(edge: Edge) -> list[str]:
    """The requests that read policies, each by the name of its list."""
    journal = edge.sim.journal(clear=True)
    paths = [entry["path"] for entry in journal if entry["method"] == "GET" and "httpPolicy" in entry["path"]]
    return [path.rpartition("/")[2] for path in paths]


# -- the redirect ----------------------------------------------------------------------------------------------------


def test_a_redirect_is_created_kept_and_removed(edge: Edge) -> None:
    predicted = edge.done(shop(REDIRECTS), EXTERNAL, check=True)
    done = edge.done(shop(REDIRECTS), EXTERNAL)
    said = [f"create HTTP policies of virtual service vs-shop-http: security rules {REDIRECT}"]
    assert steps(predicted) == steps(done) == said
    assert predicted["writes"] == done["writes"]
    assert names(edge) == {"security": [REDIRECT]}
    policy = edge.module("vcd_http_policy_info", virtual_service="vs-shop-http")["http_policies"][0]
    assert policy["security_rules"][0]["actions"] == {"redirect_to_https": 443}
    assert edge.done(shop(REDIRECTS), EXTERNAL)["changed"] is False
    assert edge.done(shop(), EXTERNAL)["changed"] is False  # without the option, all rules stay
    assert names(edge) == {"security": [REDIRECT]}
    back = edge.done(shop({"redirect_to_https": False}), EXTERNAL)
    assert steps(back) == ["update HTTP policies of virtual service vs-shop-http: security rules none"]
    assert names(edge) == {}
    assert edge.done(shop({"redirect_to_https": False}), EXTERNAL)["changed"] is False


def test_the_rules_of_an_operator_stay_behind_it(edge: Edge) -> None:
    edge.done(shop(), EXTERNAL)
    set_manually(edge, security_rules=[MINE], request_rules=[HEADER])
    edge.done(shop(REDIRECTS), EXTERNAL)
    assert names(edge) == {"security": [REDIRECT, "mine"], "request": ["header"]}
    changed = edge.done(shop({**REDIRECTS, "https_port": 8443}), EXTERNAL)
    assert steps(changed) == [
        f"update HTTP policies of virtual service vs-shop-http: security rules {REDIRECT} (changed), mine"
    ]
    edge.done(shop({"redirect_to_https": False}), EXTERNAL)
    assert names(edge) == {"security": ["mine"], "request": ["header"]}


def test_an_operator_s_redirect_is_enough_and_stays(edge: Edge) -> None:
    edge.done(shop(), EXTERNAL)
    set_manually(edge, redirect_to_https=True)
    assert edge.done(shop(REDIRECTS), EXTERNAL)["changed"] is False
    assert edge.done(shop({"redirect_to_https": False}), EXTERNAL)["changed"] is False
    assert names(edge) == {"security": ["redirect-to-https"]}
    edge.done(shop({**REDIRECTS, "https_port": 8443}), EXTERNAL)  # theirs leads elsewhere
    assert names(edge) == {"security": [REDIRECT, "redirect-to-https"]}


# -- lists of rules --------------------------------------------------------------------------------------------------


def test_given_lists_are_complete_and_other_lists_stay(edge: Edge) -> None:
    policy = {"security_rules": [CLOSED], "request_rules": [HEADER]}
    edge.done(shop({**REDIRECTS, "http_policy": policy}, {"http_policy": policy}), EXTERNAL)
    assert names(edge) == {"security": [REDIRECT, "no-admin"], "request": ["header"]}
    assert names(edge, "vs-shop-s443") == {"security": ["no-admin"], "request": ["header"]}
    assert edge.done(shop({**REDIRECTS, "http_policy": policy}, {"http_policy": policy}), EXTERNAL)["changed"] is False
    set_manually(edge, security_rules=[MINE], response_rules=[HEADER])
    other = {"security_rules": [{**CLOSED, "logging": True}], "request_rules": []}
    edge.done(shop({"http_policy": other}), EXTERNAL)
    assert names(edge) == {"security": ["no-admin"], "response": ["header"]}
    edge.done(shop({"http_policy": {"security_rules": [], "response_rules": []}}), EXTERNAL)
    assert names(edge) == {}
    assert names(edge, "vs-shop-s443") == {"security": ["no-admin"], "request": ["header"]}


def test_fields_without_an_option_stay_in_an_unchanged_rule(edge: Edge) -> None:
    edge.done(shop(), EXTERNAL)
    set_manually(edge, security_rules=[{**MINE, "match_criteria": {"path": {"criteria": "EQUALS", "paths": ["/a"]}}}])
    (one,) = [one for one in edge.sim.dump()["virtual_services"] if one["name"] == "vs-shop-http"]
    rule = one["httpSecurityRules"]["values"][0]
    rule["matchCriteria"]["unknown"] = {"kept": True}
    api, path = (
        Api(edge.sim, "admin@acme", "38.1"),
        f"/loadBalancer/virtualServices/{one['id']}/httpPolicy/securityRules",
    )
    api.done("PUT", path, {"values": [rule]})
    for scenario in (EXTERNAL, INTERNAL):
        edge.sim.assume(**STRICT)
        edge.done(shop(REDIRECTS), scenario)
        (one,) = [one for one in edge.sim.dump()["virtual_services"] if one["name"] == "vs-shop-http"]
        assert one["httpSecurityRules"]["values"][1] == rule


# -- on the way ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("assumptions", [STRICT, LENIENT], ids=["strict", "lenient"])
def test_policies_are_kept_through_all_scenarios_and_written_once(edge: Edge, assumptions: Params) -> None:
    edge.sim.assume(**assumptions)
    edge.done(shop(), EXTERNAL)
    set_manually(edge, security_rules=[MINE], request_rules=[HEADER])
    wanted = shop({**REDIRECTS, "http_policy": {"response_rules": [HEADER]}})
    kept = {"security": [REDIRECT, "mine"], "request": ["header"], "response": ["header"]}
    for scenario in (INTERNAL, DISTINCT, EXTERNAL, DISTINCT, INTERNAL, EXTERNAL):
        edge.sim.journal(clear=True)
        predicted = edge.done(wanted, scenario, check=True)
        done = edge.done(wanted, scenario)
        assert done["services"][0]["scenario"] == predicted["services"][0]["scenario"]
        assert names(edge) == kept
        journal = [entry for entry in edge.sim.journal() if entry["method"] == "PUT" and "httpPolicy" in entry["path"]]
        # once unchanged, to see that it can be written back, and once after it was created again or changed
        of_one = [len(list(found)) for _key, found in itertools.groupby(sorted(entry["path"] for entry in journal))]
        assert max(of_one, default=0) <= 2
        again = edge.done(wanted, scenario)
        assert (again["changed"], again["writes"]) == (False, 0)


@pytest.mark.parametrize("place", range(3))
def test_a_rollback_restores_the_old_policies(edge: Edge, place: int) -> None:
    edge.sim.assume(**STRICT)
    edge.done(shop({"http_policy": {"security_rules": [CLOSED], "request_rules": [HEADER]}}), INTERNAL)
    set_manually(edge, response_rules=[HEADER])
    start = comparable(edge.sim.dump())
    faults = (
        {"method": "PUT", "route": SECURITY_ROUTE, "skip": 1, "times": 1, "status": 500},
        {"method": "DELETE", "route": "*/nat/rules/*", "times": 1, "status": 500},
        {"method": "PUT", "route": "*/httpPolicy/responseRules", "skip": 1, "times": 1, "task": "error"},
    )
    edge.sim.faults([faults[place]])
    changed = {"security_rules": [MINE], "request_rules": []}
    message = edge.failed(shop({**REDIRECTS, "http_policy": changed}, {"http_policy": changed}), EXTERNAL)["msg"]
    assert "rolled back" in message
    assert comparable(edge.sim.dump()) == start


def test_a_restore_point_restores_the_rules_of_a_lost_virtual_service(edge: Edge) -> None:
    wanted = shop({**REDIRECTS, "http_policy": {"request_rules": [HEADER]}})
    edge.done(wanted, EXTERNAL)
    set_manually(edge, security_rules=[MINE], redirect_to_https=None)
    edge.done(wanted, EXTERNAL)
    point = edge.restore_point(wanted)
    assert sorted(point["policies"]["vs-shop-http"]) == ["http_request_rules", "http_security_rules"]
    edge.module("vcd_virtual_service", name="vs-shop-http", state="absent")
    done = edge.done(wanted, EXTERNAL, restore_point=point)
    assert names(edge) == {"security": [REDIRECT, "mine"], "request": ["header"]}
    assert done["lost_settings"] == []
    edge.module("vcd_virtual_service", name="vs-shop-http", state="absent")
    edge.done(shop({"redirect_to_https": False}), EXTERNAL, restore_point=point)
    assert names(edge) == {"security": ["mine"], "request": ["header"]}


def test_a_port_can_stop_being_http_and_become_it_again(edge: Edge) -> None:
    edge.done(shop(REDIRECTS), INTERNAL)
    edge.done(shop({"app_protocol": None}), INTERNAL)
    edge.done(shop(REDIRECTS), INTERNAL)
    assert names(edge) == {"security": [REDIRECT]}


# -- what is read, and reported --------------------------------------------------------------------------------------


def test_only_policies_with_an_option_are_read(edge: Edge) -> None:
    edge.done(shop(), EXTERNAL)
    edge.sim.journal(clear=True)
    edge.done(shop(), EXTERNAL)
    assert reads(edge) == []
    edge.done(shop({"redirect_to_https": False}), EXTERNAL)
    assert reads(edge) == ["securityRules"]
    edge.done(shop({"redirect_to_https": False, "http_policy": {"request_rules": []}}), EXTERNAL)
    assert sorted(reads(edge)) == ["requestRules", "securityRules"]


def test_info_and_diff_show_the_policies(edge: Edge) -> None:
    wanted = shop({**REDIRECTS, "http_policy": {"request_rules": [HEADER]}})
    edge.done(wanted, EXTERNAL)
    edge.sim.journal(clear=True)
    found = edge.info(services=wanted, restore_point=True)
    line = f"security rules {REDIRECT}; request rules header"
    assert found["services"][0]["objects"]["http_policy vs-shop-http"] == line
    assert reads(edge).count("securityRules") == 2  # one request for each virtual service
    diff = edge.done(shop({"redirect_to_https": False}), EXTERNAL, check=True, diff=True)["diff"]
    assert f"security rules {REDIRECT}" in str(diff["before"])
    assert "security rules none" in str(diff["after"])


BROKEN = ({"values": "x"}, {"values": [7]}, {"values": 7}, {"values": [{"matchCriteria": "x"}]})


@pytest.mark.parametrize("body", BROKEN, ids=str)
def test_rules_of_another_form_in_a_restore_point_are_refused_in_one_line(edge: Edge, body: Params) -> None:
    edge.done(shop(), EXTERNAL)
    point = {**edge.restore_point(shop()), "policies": {"vs-shop-http": {"http_security_rules": body}}}
    edge.sim.journal(clear=True)
    said = edge.failed(shop(REDIRECTS), EXTERNAL, restore_point=point)["msg"]
    assert "policies.vs-shop-http: http_security_rules" in said
    assert written(edge.sim.journal()) == []


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        (shop(REDIRECTS), {"api_version": "37.2"}, "services.ports.redirect_to_https: requires API version 38.0"),
        (
            shop({"http_policy": {"request_rules": [HEADER]}}),
            {"api_version": "37.2"},
            "services.ports.http_policy: ",
        ),
        (shop({}, REDIRECTS), {}, "port 443 of service 'shop' is not HTTP"),
        (shop({"app_protocol": None, **REDIRECTS}), {}, "port 80 of service 'shop' is not HTTP"),
        (
            shop({"app_protocol": None, "http_policy": {"request_rules": []}}),
            {},
            "port 80 of service 'shop' is neither HTTP nor HTTPS",
        ),
        (shop(REDIRECTS, secured=()), {}, "which has none: give the port"),
        (shop(REDIRECTS, secured=(443, 8443)), {}, "which has 443 and 8443: give the port"),
        (shop({**REDIRECTS, "https_port": 80}), {}, "would redirect to itself"),
        (shop({**REDIRECTS, "https_port": 70000}), {}, "services.ports.https_port"),
        (
            shop({"http_policy": {"security_rules": [{**MINE, "name": REDIRECT}]}}),
            {},
            "is the name of the rule of redirect_to_https",
        ),
        (
            shop({"http_policy": {"security_rules": [{"name": "x", "actions": {}}]}}),
            {},
            "services.ports.http_policy.security_rules[0].actions",
        ),
        (shop(REDIRECTS), {"cluster_id": "c1", "name_template": None}, "CPI makes the virtual service of port 80"),
    ],
)
def test_impossible_options_are_refused_before_the_first_write(
    edge: Edge, given: list[Params], options: Params, said: str
) -> None:
    assert said in edge.of(**options).failed(given, EXTERNAL)["msg"]
    assert written(edge.sim.journal()) == []


def test_an_old_api_version_has_no_redirect_to_remove(edge: Edge) -> None:
    old = edge.of(api_version="37.2")
    given = shop({"redirect_to_https": False})
    assert [old.done(given, EXTERNAL)["changed"] for _run in range(2)] == [True, False]
    assert old.info(services=shop(REDIRECTS))["services"][0]["scenario"] == EXTERNAL


def test_the_redirect_uses_the_given_https_port(edge: Edge) -> None:
    edge.done(shop({**REDIRECTS, "https_port": 8443}, secured=(443, 8443)), EXTERNAL)
    policy = edge.module("vcd_http_policy_info", virtual_service="vs-shop-http")["http_policies"][0]
    assert policy["security_rules"][0]["actions"] == {"redirect_to_https": 8443}
