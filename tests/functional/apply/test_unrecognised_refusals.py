# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A refusal that is not a rule of Cloud Director stops a migration: nothing is deleted, the Service keeps serving."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from invariants import ports_down
from moving import DISTINCT, EXTERNAL, INTERNAL, STRICT, Edge, Params, as_clients_see, refused, service, written
from runs import comparable
from vcdsim.testing import Simulator

LICENCE = {"status": 400, "message": "The licence capacity is exceeded."}
STATED = ["vip_and_dnat_on_one_address", "vip_changed_to_one_in_use", "update_while_sharing_a_vip"]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("one-edge", task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def edge(sim: Simulator) -> Edge:
    sim.reset()
    return Edge(sim)


def not_allocated(services: list[Params]) -> Params:
    address = services[0]["external_ip"]
    return {"status": 400, "message": f"IP address {address} is not allocated to edge gateway acme-edge."}


@pytest.mark.parametrize("fault", ["licence", "not allocated"])
@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
def test_a_refused_change_of_the_vip_stops_before_any_write(edge: Edge, fault: str, times: int | None) -> None:
    services = edge.create([service("web", 2)], DISTINCT)
    before, start = edge.sim.dump(), comparable(edge.sim.dump())
    refusal = LICENCE if fault == "licence" else not_allocated(services)
    limit = {"times": times} if times else {}
    faults = [
        {"method": "PUT", "route": "*/virtualServices/*", **limit, **refusal},
        {"method": "POST", "route": "*/nat/rules", **limit, **refusal},
    ]
    edge.sim.journal(clear=True)
    edge.sim.faults(faults)
    result = edge.failed(services, EXTERNAL)
    assert refusal["message"] in result["msg"]
    assert "vcd_rules: vip_and_dnat_on_one_address" in result["msg"]
    assert "nothing was deleted because of them" in result["msg"]
    assert written(edge.sim.journal()) == []
    assert len(refused(edge.sim.journal())) == 1
    assert comparable(edge.sim.dump()) == start
    assert ports_down(edge.sim.timeline(), before, as_clients_see(services)) == []
    edge.sim.faults([])
    edge.done(services, EXTERNAL)


def test_a_refused_rule_stops_before_a_virtual_service_is_changed(edge: Edge) -> None:
    services = edge.create([service("web", 2)], EXTERNAL)
    before, start = edge.sim.dump(), comparable(edge.sim.dump())
    faults = [{"method": "POST", "route": "*/nat/rules", **not_allocated(services)}]
    edge.sim.journal(clear=True)
    edge.sim.faults(faults)
    result = edge.failed(services, INTERNAL)
    assert "is not allocated to edge gateway" in result["msg"]
    assert {name.partition("-")[0] for _method, name in written(edge.sim.journal())} == {"appPort_dnat"}
    assert comparable(edge.sim.dump()) == start
    assert ports_down(edge.sim.timeline(), before, as_clients_see(services)) == []


def test_unknown_words_for_a_rule_need_the_option_that_states_it(edge: Edge) -> None:
    services = edge.create([service("web", 2)], DISTINCT)
    start = comparable(edge.sim.dump())
    edge.sim.assume(**STRICT)
    words = {"status": 400, "code": "VIP_ADRESSE_BELEGT", "message": "Die Adresse ist bereits vergeben."}
    edge.sim.faults([{"method": "PUT", "route": "*/virtualServices/*", "times": 1, **words}])
    result = edge.failed(services, EXTERNAL)
    assert "VIP_ADRESSE_BELEGT: Die Adresse ist bereits vergeben." in result["msg"]
    assert comparable(edge.sim.dump()) == start
    edge.sim.journal(clear=True)
    planned = edge.done(services, EXTERNAL, check=True, vcd_rules=STATED)["services"][0]
    assert planned["outage"]["window"] == 1
    edge.done(services, EXTERNAL, vcd_rules=STATED)
    assert refused(edge.sim.journal()) == []


def test_a_rule_that_does_not_exist_is_refused_in_one_line(edge: Edge) -> None:
    result = edge.failed([service("web", 1, "203.0.113.20")], EXTERNAL, vcd_rules=["no_such_rule"])
    assert "vcd_rules" in result["msg"]
