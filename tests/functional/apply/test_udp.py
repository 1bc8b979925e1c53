# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that serve UDP, also with TCP on the same port: created, moved, repaired, refused, restored, removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moving import DISTINCT, EXTERNAL, INTERNAL, LENIENT, MOVES, SCENARIOS, STRICT, Edge, Params, planned, written
from runs import comparable
from vcdsim.testing import Simulator

ALLOWED, REFUSED = ({"vip_port_two_protocols": answer} for answer in ("allowed", "refused"))
TCP: Params = {"name": "tcp", "port": 53, "node_port": 53}
UDP: Params = {"name": "udp", "port": 53, "node_port": 53, "protocol": "UDP"}
RULE = "one_port_of_a_vip_for_tcp_and_udp"
IP = "203.0.113.20"


def dns(*ports: Params, **more: Any) -> list[Params]:
    """A service of two name servers, on 53 of TCP and UDP by default."""
    given = {"external_ip": IP, "members": ["10.10.0.11", "10.10.0.12"], **more}
    return [{"name": "dns", "ports": list(ports or (TCP, UDP)), **given}]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("one-edge", task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def edge(sim: Simulator) -> Edge:
    sim.reset()
    sim.assume(**ALLOWED)
    return Edge(sim).of(cluster_id=None, name_template="{kind}-{service}-{port}")


def found(edge: Edge) -> dict[str, Any]:
    """Each port of the service as Cloud Director has it."""
    dump = edge.sim.dump()
    profiles = {one["name"]: one["applicationPorts"] for one in dump["application_port_profiles"]}
    return {
        "types": {
            one["name"].rpartition("-")[2]: (
                one["applicationProfile"]["type"],
                *(port["tcpUdpProfile"]["type"] for port in one["servicePorts"]),
                *(port["portStart"] for port in one["servicePorts"]),
            )
            for one in dump["virtual_services"]
        },
        "monitors": {
            one["name"].rpartition("-")[2]: [monitor["type"] for monitor in one.get("healthMonitors") or ()]
            for one in dump["pools"]
        },
        "rules": {
            one["name"].rpartition("-")[2]: [
                (port["protocol"], port["destinationPorts"]) for port in profiles[one["applicationPortProfile"]["name"]]
            ]
            for one in dump["nat_rules"]
        },
    }


TYPES = {"tcp": ("L4", "TCP_PROXY", 53), "udp": ("L4", "UDP_FAST_PATH", 53)}
MONITORS = {"tcp": ["TCP"], "udp": ["UDP"]}
RULES = {"tcp": [("TCP", ["53"])], "udp": [("UDP", ["53"])]}


@pytest.mark.parametrize("rules", [STRICT, LENIENT], ids=["strict", "lenient"])
def test_a_udp_service_is_served_moved_through_all_scenarios_and_removed(edge: Edge, rules: dict[str, str]) -> None:
    edge.sim.assume(**rules)
    made: dict[str, Any] = {}
    for scenario in (*SCENARIOS, EXTERNAL, DISTINCT, INTERNAL):
        expected = edge.done(dns(), scenario, check=True)
        edge.sim.journal(clear=True)
        done = edge.done(dns(), scenario)
        assert expected["steps"] == done["steps"]
        assert [one["scenario"] for one in done["services"]] == [one["scenario"] for one in expected["services"]]
        if rules is LENIENT:
            assert sorted(written(edge.sim.journal())) == sorted(planned(expected))
        assert found(edge) == {"types": TYPES, "monitors": MONITORS, "rules": {} if scenario == EXTERNAL else RULES}
        assert edge.done(dns(), scenario)["changed"] is False
        (service_info,) = edge.info(services=dns())["services"]
        assert [(one["port"], one["protocol"]) for one in service_info["ports"]] == [(53, "TCP"), (53, "UDP")]
        assert service_info["scenario"] == scenario
        now = comparable(edge.sim.dump())
        assert made.setdefault(scenario, now) == now
    gone = [{"name": "dns", "ports": dns()[0]["ports"]}]
    assert edge.done(gone, state="absent")["changed"] is True
    assert found(edge) == {"types": {}, "monitors": {}, "rules": {}}


def test_one_rule_leads_to_both_protocols(edge: Edge) -> None:
    edge.done(dns(), INTERNAL, nat="per_service")
    (rule,) = edge.sim.dump()["nat_rules"]
    assert (rule["name"], rule.get("dnatExternalPort"), rule.get("applicationPortProfile")) == (
        "dnat-vs-dns-all",
        None,
        None,
    )
    assert edge.done(dns(), INTERNAL, nat="per_service")["changed"] is False
    edge.done(dns(), EXTERNAL)
    assert edge.sim.dump()["nat_rules"] == []


@pytest.mark.parametrize("before", SCENARIOS)
@pytest.mark.parametrize("after", [EXTERNAL, INTERNAL])
def test_a_refusal_of_cloud_director_is_rolled_back_completely(edge: Edge, before: str, after: str) -> None:
    """TCP alone is served before. The UDP port with the same number is refused, and none of its objects stay."""
    edge.sim.assume(**REFUSED, **STRICT)
    edge.done(dns(TCP), before)
    there = comparable(edge.sim.dump())
    planned_lines = edge.done(dns(), after, check=True)["steps"]
    assert [line for line in planned_lines if "refuses TCP and UDP on one port of a VIP" in line]
    message = edge.failed(dns(), after)
    assert "and this Cloud Director refuses TCP and UDP on one port of a VIP: use scenario distinct" in message["msg"]
    assert message["failure"]["rolled_back"] == ["dns"]
    assert message["msg"].startswith("dns: port 53 of ")
    assert comparable(edge.sim.dump()) == there
    edge.sim.journal(clear=True)
    for check in (True, False):
        stated = edge.failed(dns(), after, vcd_rules=[RULE], check=check)["msg"]
        assert stated.startswith("dns: port 53 of ")
        assert written(edge.sim.journal()) == []
    assert edge.done(dns(), DISTINCT)["changed"] is True
    assert found(edge) == {"types": TYPES, "monitors": MONITORS, "rules": RULES}
    assert edge.done(dns(), DISTINCT, vcd_rules=[RULE])["changed"] is False


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_changes_of_an_operator_are_repaired(edge: Edge, scenario: str) -> None:
    edge.done(dns({**TCP, "port": 54}, UDP), scenario)
    there = comparable(edge.sim.dump())
    edge.module("vcd_virtual_service", name="vs-dns-udp", service_ports=[{"start": 53, "type": "TCP_FAST_PATH"}])
    if scenario != EXTERNAL:
        ports = [{"protocol": "TCP", "destination_ports": ["53"]}]
        edge.module("vcd_app_port_profile", name="appPort_dnat-vs-dns-udp", application_ports=ports)
    edge.sim.assume(**STRICT)
    predicted = edge.done(dns({**TCP, "port": 54}, UDP), scenario, check=True)
    done = edge.done(dns({**TCP, "port": 54}, UDP), scenario)
    assert (predicted["steps"], [one["state"] for one in done["services"]]) == (done["steps"], ["repaired"])
    assert comparable(edge.sim.dump()) == there
    assert edge.done(dns({**TCP, "port": 54}, UDP), scenario)["changed"] is False


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_port_changes_its_protocol_and_back(edge: Edge, scenario: str) -> None:
    one = {**UDP, "name": "query"}
    edge.done(dns({**one, "protocol": "TCP"}), scenario)
    there = found(edge)
    edge.done(dns(one), scenario)
    assert found(edge)["types"] == {"query": TYPES["udp"]}
    edge.done(dns({**one, "protocol": "TCP"}), scenario)
    # a pool gets its monitors at its creation
    assert found(edge) == there


@pytest.mark.parametrize(("before", "after"), MOVES)
def test_a_restore_point_leads_back(edge: Edge, before: str, after: str) -> None:
    edge.done(dns(), before)
    edge.module("vcd_pool", name="pool-dns-udp", health_monitors=["PING"])
    edge.module("vcd_virtual_service", name="vs-dns-udp", description="manually")
    there, point = comparable(edge.sim.dump()), edge.restore_point(dns())
    edge.done(dns(), after, restore_point=point)
    edge.module("vcd_virtual_service", name="vs-dns-udp", state="absent")
    edge.module("vcd_pool", name="pool-dns-udp", state="absent")
    done = edge.done(dns(), before, restore_point=point)
    assert done["lost_settings"] == []
    assert comparable(edge.sim.dump()) == there


def test_the_client_s_ip_cannot_be_preserved_for_udp(edge: Edge) -> None:
    message = edge.failed(dns(preserve_client_ip=True), EXTERNAL)["msg"]
    assert message.startswith("services.preserve_client_ip: true: port 53 of service 'dns' is for UDP"), message
