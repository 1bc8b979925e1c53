# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines: an operator's settings without an option in vcd_shared_ip stay, and so does the external IP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moving import EXTERNAL, INTERNAL, LENIENT, SCENARIOS, STRICT, Edge, Params
from vcdsim.testing import Simulator

IP = "203.0.113.20"
HTTP: Params = {"name": "http", "port": 80, "node_port": 8080, "app_protocol": "http"}
SSH: Params = {"name": "ssh", "port": 22, "node_port": 22}
# Every setting of a pool that vcd_shared_ip has no option for.
POOL: Params = {
    "description": "mine",
    "algorithm": "LEAST_CONNECTIONS",
    "graceful_timeout_period": 7,
    "passive_monitoring_enabled": False,
    "health_monitors": ["HTTP"],
    "persistence_profile": {"type": "CLIENT_IP"},
    "members": [
        {"ip_address": "10.10.0.11", "ratio": 3, "enabled": False},
        {"ip_address": "10.10.0.12", "ratio": 2},
    ],
}


def shop(*ports: Params, **more: Any) -> list[Params]:
    """A service of two machines."""
    given = {"external_ip": IP, "members": ["10.10.0.11", "10.10.0.12"], **more}
    return [{"name": "shop", "ports": list(ports or (HTTP, SSH)), **given}]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """One simulator for the file."""
    with Simulator("one-edge", task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def edge(sim: Simulator) -> Edge:
    """The edge gateway of the simulator, reset to its estate."""
    sim.reset()
    return Edge(sim).of(cluster_id=None, name_template="{kind}-{service}-{port}")


def pools(edge: Edge) -> dict[str, Params]:
    """What an operator may set on each pool, members by address without their port."""
    found = {}
    for one in edge.sim.dump()["pools"]:
        keys = ("description", "algorithm", "gracefulTimeoutPeriod", "passiveMonitoringEnabled", "persistenceProfile")
        members = {member["ipAddress"]: (member["ratio"], member["enabled"]) for member in one["members"]}
        monitors = [monitor["type"] for monitor in one["healthMonitors"] or []]
        found[one["name"]] = {**{key: one.get(key) for key in keys}, "monitors": monitors, "members": members}
    return found


def services(edge: Edge) -> dict[str, Params]:
    """What an operator may set on each virtual service."""
    return {
        one["name"]: {
            "description": one.get("description"),
            "group": one["serviceEngineGroupRef"]["name"],
            "types": [port["tcpUdpProfile"]["type"] for port in one["servicePorts"]],
        }
        for one in edge.sim.dump()["virtual_services"]
    }


CHANGES: dict[str, tuple[list[Params], Params]] = {
    "nothing": (shop(), {}),
    "node port": (shop({**HTTP, "node_port": 8081}, {**SSH, "node_port": 2222}), {}),
    "port": (shop({**HTTP, "port": 8000}, {**SSH, "port": 2022}), {}),
    "protocol": (shop({**HTTP, "app_protocol": None}, SSH), {}),
    "one more member": (shop(members=["10.10.0.11", "10.10.0.12", "10.10.0.13"]), {}),
    "another port": (shop(HTTP, SSH, {"name": "dns", "port": 53, "node_port": 53}), {}),
    "external IP": (shop(external_ip="203.0.113.30"), {}),
    **{f"to {scenario}": (shop(), {"scenario": scenario}) for scenario in SCENARIOS},
    "to one rule": (shop(), {"scenario": INTERNAL, "nat": "per_service"}),
}


# each migration between two scenarios; other changes are tested in the scenario with objects of all kinds
STARTS = [(before, change) for change in CHANGES for before in SCENARIOS if "to " in change or before == INTERNAL]


@pytest.mark.parametrize(("before", "change"), STARTS)
def test_settings_without_an_option_stay(edge: Edge, before: str, change: str) -> None:
    edge.done(shop(), before)
    for port in ("http", "ssh"):
        edge.module("vcd_pool", name=f"pool-shop-{port}", **POOL)
    edge.module("vcd_virtual_service", name="vs-shop-http", description="mine")
    fast = [{"start": 22, "type": "TCP_FAST_PATH"}]
    edge.module("vcd_virtual_service", name="vs-shop-ssh", description="mine", service_ports=fast)
    set_pools, set_services = pools(edge), services(edge)
    assert set_pools["pool-shop-http"]["members"]["10.10.0.11"] == (3, False)
    edge.sim.assume(**STRICT)  # so more virtual services have to be created again
    given, options = CHANGES[change]
    result = edge.done(given, **{"scenario": before, **options})
    assert result["changed"] is (change not in ("nothing", f"to {before}"))
    now_pools, now_services = pools(edge), services(edge)
    for name, wanted in set_pools.items():
        members = {address: now_pools[name]["members"][address] for address in wanted["members"]}
        assert {**now_pools[name], "members": members} == wanted, name
    for name, wanted in set_services.items():
        assert now_services[name] == wanted, name
    assert edge.done(given, **{"scenario": before, **options})["changed"] is False


def test_removing_a_member_leaves_the_others_unchanged(edge: Edge) -> None:
    edge.done(shop(), EXTERNAL)
    edge.module("vcd_pool", name="pool-shop-ssh", **POOL)
    assert edge.done(shop(members=["10.10.0.12", "10.10.0.14"]), EXTERNAL)["changed"] is True
    assert pools(edge)["pool-shop-ssh"]["members"] == {"10.10.0.12": (2, True), "10.10.0.14": (1, True)}


# -- the external IP ---------------------------------------------------------------------------------------------------

LOSSES: dict[str, list[tuple[str, str]]] = {
    "nothing": [],
    "a virtual service": [("vcd_virtual_service", "vs-shop-http")],
    "a rule": [("vcd_nat_rule", "dnat-vs-shop-ssh")],
    "a rule and its virtual service": [("vcd_virtual_service", "vs-shop-http"), ("vcd_nat_rule", "dnat-vs-shop-http")],
}


MOVED = [
    (loss, one, two) for loss in LOSSES for one in SCENARIOS for two in SCENARIOS if loss == "nothing" or one == two
]


@pytest.mark.parametrize(("loss", "before", "after"), MOVED)
def test_an_external_ip_that_is_left_out_stays(edge: Edge, before: str, after: str, loss: str) -> None:
    edge.sim.assume(**LENIENT)
    edge.done(shop(), before)
    for module, name in LOSSES[loss]:
        edge.module(module, name=name, state="absent")
    result = edge.run(shop(HTTP, SSH, external_ip=None), after)
    if result.get("failed"):  # the task must name the external IP if an interruption could lose it
        assert f"give '{IP}', the current one of 'shop'" in result["msg"]
    else:
        assert result["services"][0]["external_ip"] == IP
    assert {one["externalAddresses"] for one in edge.sim.dump()["nat_rules"]} <= {IP}


@pytest.mark.parametrize("scenario", SCENARIOS[1:])
def test_a_service_whose_rules_are_lost_gets_no_new_ip(edge: Edge, scenario: str) -> None:
    edge.done(shop(), scenario)
    for port in ("http", "ssh"):
        edge.module("vcd_nat_rule", name=f"dnat-vs-shop-{port}", state="absent")
    message = edge.failed(shop(external_ip=None), scenario)["msg"]
    assert (
        "service 'shop' has virtual service 'vs-shop-http' on 192.168.8.2, but none of its ports shows its external IP"
        in message
    )
    assert edge.done(shop(), scenario)["services"][0]["external_ip"] == IP


def test_a_service_whose_ports_are_all_renamed_gets_no_new_ip(edge: Edge) -> None:
    edge.done(shop(), EXTERNAL)
    renamed = shop({**HTTP, "name": "web"}, {**SSH, "name": "shell"}, external_ip=None)
    message = edge.failed(renamed, EXTERNAL)["msg"]
    assert f"service 'shop' has virtual service 'vs-shop-http' on {IP}, but none of its ports shows its" in message
