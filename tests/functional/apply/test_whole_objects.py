# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator's settings of an object come back with it, and other clients' changes are not touched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moving import DISTINCT, EXTERNAL, INTERNAL, LENIENT, STRICT, Edge, Params, service, written
from runs import comparable
from vcdsim.testing import Simulator
from waiting import until

OPERATORS = {"firewall_match": "MATCH_EXTERNAL_ADDRESS", "priority": 7, "description": "set manually"}
KEYS = {"firewallMatch": "MATCH_EXTERNAL_ADDRESS", "priority": 7, "description": "set manually"}


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("one-edge", task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def edge(sim: Simulator) -> Edge:
    sim.reset()
    return Edge(sim)


def with_operator_rules(edge: Edge, scenario: str) -> list[Params]:
    """A Service with two ports whose NAT rules, profiles and pools an operator has changed."""
    services = edge.create([service("web", 2)], scenario)
    for rule in edge.sim.dump()["nat_rules"]:
        edge.module("vcd_nat_rule", name=rule["name"], **OPERATORS)
    for profile in edge.sim.dump()["application_port_profiles"]:
        if profile["name"].startswith("appPort_"):
            edge.module("vcd_app_port_profile", name=profile["name"], description="ours")
    for pool in edge.sim.dump()["pools"]:
        edge.module("vcd_pool", name=pool["name"], algorithm="LEAST_CONNECTIONS", description="ours")
    return services


def rules(edge: Edge) -> list[dict[str, Any]]:
    return [{key: rule.get(key) for key in KEYS} for rule in edge.sim.dump()["nat_rules"]]


@pytest.mark.parametrize("known", [STRICT, LENIENT], ids=["strict", "lenient"])
def test_a_restore_brings_back_the_rules_of_an_operator(edge: Edge, known: dict[str, str]) -> None:
    services = with_operator_rules(edge, INTERNAL)
    edge.sim.assume(**known)
    start, point = comparable(edge.sim.dump()), edge.restore_point(services)
    assert {kind: len(found) for kind, found in point["objects"].items()} == dict.fromkeys(
        ("virtual_service", "pool", "nat_rule", "application_port_profile"), 2
    )
    edge.done(services, EXTERNAL)
    assert edge.sim.dump()["nat_rules"] == []
    done = edge.done(services, INTERNAL, restore_point=point)
    assert done["lost_settings"] == []
    assert rules(edge) == [KEYS] * 2
    assert comparable(edge.sim.dump()) == start


def test_without_the_restore_point_the_loss_is_reported(edge: Edge) -> None:
    services = with_operator_rules(edge, INTERNAL)
    point = edge.restore_point(services)
    edge.done(services, EXTERNAL)
    edge.done(services, INTERNAL)
    lost = edge.done(services, INTERNAL, restore_point=point, check=True)["lost_settings"]
    assert any("firewallMatch was MATCH_EXTERNAL_ADDRESS and is MATCH_INTERNAL_ADDRESS" in line for line in lost)
    assert {line.partition(": ")[2].partition(" ")[0] for line in lost} == {"firewallMatch", "priority", "description"}


@pytest.mark.parametrize("number", range(8))
def test_a_rollback_brings_back_the_rules_of_an_operator(edge: Edge, number: int) -> None:
    services = with_operator_rules(edge, INTERNAL)
    edge.sim.assume(**STRICT)
    start = comparable(edge.sim.dump())
    edge.sim.faults([{"writes": True, "user": "kube", "status": 500, "skip": number, "times": 1}])
    result = edge.run(services, EXTERNAL)
    if "it is in place" not in result.get("msg", "in place: it is in place"):
        assert comparable(edge.sim.dump()) == start, result["msg"]


def test_an_update_keeps_what_an_operator_has_set(edge: Edge) -> None:
    services = with_operator_rules(edge, DISTINCT)
    edge.done(services, INTERNAL)
    assert rules(edge) == [KEYS] * 2
    assert {(pool["algorithm"], pool["description"]) for pool in edge.sim.dump()["pools"]} == {
        ("LEAST_CONNECTIONS", "ours")
    }


def test_lost_objects_come_back_with_references_that_are_looked_up_again(edge: Edge) -> None:
    """The pool then has another identifier: a stored identifier would always be refused."""
    services = with_operator_rules(edge, INTERNAL)
    start, point = comparable(edge.sim.dump()), edge.restore_point(services)
    edge.done(services, state="absent")
    edge.module("vcd_pool", name="another", members=[])  # identifiers are numbered, so the next ones differ
    edge.done(services, INTERNAL, restore_point=point)
    edge.module("vcd_pool", name="another", state="absent")
    assert comparable(edge.sim.dump()) == start


def test_a_certificate_that_is_gone_is_named_before_anything_is_written(edge: Edge) -> None:
    services = edge.create([service("web", 1)], EXTERNAL)
    point = edge.restore_point(services)
    edge.done(services, state="absent")
    for body in point["objects"]["virtual_service"].values():
        body["certificateRef"]["name"] = "gone-cert"
    start = comparable(edge.sim.dump())
    result = edge.failed(services, EXTERNAL, restore_point=point)
    assert "virtual service 'ingress-vs-web-" in result["msg"]
    assert "cannot be created: certificate: 'gone-cert'" in result["msg"]
    assert comparable(edge.sim.dump()) == start


@pytest.mark.parametrize("kind", ["virtual_services", "nat_rules"])
def test_concurrent_changes_of_other_clients_are_kept(edge: Edge, kind: str) -> None:
    services = edge.create([service("web", 2)], DISTINCT)
    edge.sim.faults([{"method": "PUT", "user": "kube", "hold": "before", "times": 1}])
    run = edge.task(services, EXTERNAL).start()
    until(lambda: edge.sim.faults()[0]["held"] or run.ended(), "the first write")
    name = sorted(one["name"] for one in edge.sim.dump()[kind])[0]
    names = sorted(one["name"] for one in edge.sim.dump()[kind])
    module = "vcd_virtual_service" if kind == "virtual_services" else "vcd_nat_rule"
    for name in names:
        edge.of(user="admin", password="admin-secret-1").module(module, name=name, description="changed meanwhile")
    edge.sim.faults([])
    edge.sim.journal(clear=True)
    result = run.wait()
    assert result["failed"]
    assert "something else changed it (description) since the plan was made, so it was not touched" in result["msg"]
    changed = result["failure"]["changed"][1]
    assert changed in names
    assert changed not in {name for _method, name in written(edge.sim.journal())}
    found = {one["name"]: one["description"] for one in edge.sim.dump()[kind]}
    assert found[changed] == "changed meanwhile"
    edge.done(services, EXTERNAL)


@pytest.mark.parametrize("known", [STRICT, LENIENT], ids=["strict", "lenient"])
def test_a_service_of_cpi_keeps_the_application_profile_that_an_operator_has_set(
    edge: Edge, known: dict[str, str]
) -> None:
    """Even if one plan deletes it and the next plan, or the next run, creates it again."""
    services = edge.create([service("web", 2)], DISTINCT)
    name = next(one["name"] for one in edge.sim.dump()["virtual_services"] if one["name"].endswith("-http"))
    edge.module("vcd_virtual_service", name=name, application_profile="L4")
    edge.sim.assume(**known)

    def profile() -> str:
        return next(
            one["applicationProfile"]["type"] for one in edge.sim.dump()["virtual_services"] if one["name"] == name
        )

    for scenario in (EXTERNAL, INTERNAL, EXTERNAL, DISTINCT, INTERNAL):
        edge.done(services, scenario)
        assert profile() == "L4", scenario
    point = edge.restore_point(services)
    edge.module("vcd_virtual_service", name=name, state="absent")
    edge.done(services, INTERNAL, restore_point=point)
    assert profile() == "L4"
