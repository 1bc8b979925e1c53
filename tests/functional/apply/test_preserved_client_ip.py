# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that see the client's IP: objects that the task creates, updates and removes, and prerequisites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from moving import EXTERNAL, INTERNAL, Edge, Params, estate, written
from vcdsim.testing import Simulator

BALANCER = {"enabled": True, "service_network": "192.168.255.1/25", "feature_set": "STANDARD"}
GROUP = "seg-shared"
ADMIN = {"user": "admin", "password": "admin-secret-1"}
MEMBERS = ["10.10.0.11", "10.10.0.12"]


def shop(preserve: bool = True, **more: Any) -> list[Params]:
    """A service of machines with two ports."""
    ports = [{"name": name, "port": number, "node_port": number} for name, number in (("web", 80), ("ssh", 22))]
    given = {"external_ip": "203.0.113.20", "members": MEMBERS, "preserve_client_ip": preserve, **more}
    return [{"name": "shop", "ports": ports, **given}]


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    path = estate(tmp_path_factory.mktemp("estate"), load_balancer={**BALANCER, "transparent_mode": True})
    with Simulator(path, task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def edge(sim: Simulator) -> Edge:
    sim.reset()
    return machines(sim)


def machines(sim: Simulator) -> Edge:
    return Edge(sim).of(cluster_id=None, name_template="{kind}-{service}-{port}", **ADMIN)


def found(edge: Edge) -> dict[str, list[Any]]:
    """The modes of virtual services, the groups and members of pools, and the IP sets of the service."""
    dump = edge.sim.dump()
    sets = {one["id"]: one for one in dump["firewall_groups"]}
    pools = [
        [one["name"], sets[one["memberGroupRef"]["id"]]["name"] if one.get("memberGroupRef") else ""]
        for one in dump["pools"]
    ]
    return {
        "modes": [bool(one.get("transparentModeEnabled")) for one in dump["virtual_services"]],
        "pools": sorted(pools),
        "sets": sorted([one["name"], one["ipAddresses"]] for one in sets.values() if one["name"].startswith("ipset-")),
    }


def served(members: Sequence[str] = tuple(MEMBERS)) -> dict[str, list[Any]]:
    names = [f"pool-shop-{port}" for port in ("ssh", "web")]
    return {
        "modes": [True, True],
        "pools": [[name, f"ipset-{name}"] for name in names],
        "sets": [[f"ipset-{name}", list(members)] for name in names],
    }


PLAIN = {"modes": [False, False], "pools": [["pool-shop-ssh", ""], ["pool-shop-web", ""]], "sets": []}


def test_the_client_ip_is_preserved_kept_up_to_date_and_taken_back(edge: Edge) -> None:
    edge.done(shop(), EXTERNAL)
    assert found(edge) == served()
    assert edge.done(shop(), EXTERNAL)["changed"] is False
    planned = edge.done(shop(members=MEMBERS[:1]), EXTERNAL, check=True)
    assert [text.partition(" with ")[0] for one in planned["services"] for text in one["steps"]] == [
        "update IP set ipset-pool-shop-web",
        "update IP set ipset-pool-shop-ssh",
    ]
    edge.done(shop(members=MEMBERS[:1]), EXTERNAL)
    assert found(edge) == served(MEMBERS[:1])
    # members without an option stay, also on the way back
    edge.done(shop(preserve=False, members=None), EXTERNAL)
    assert found(edge) == PLAIN
    assert [[one["ipAddress"] for one in pool["members"]] for pool in edge.sim.dump()["pools"]] == [MEMBERS[:1]] * 2
    edge.done(shop(members=None), EXTERNAL)
    assert found(edge) == served(MEMBERS[:1])
    edge.done(shop(preserve=False), INTERNAL)
    assert found(edge) == PLAIN
    assert edge.done(shop(preserve=False), INTERNAL)["changed"] is False


def test_the_module_waits_for_a_group_that_is_still_in_use(edge: Edge) -> None:
    edge.done(shop(), EXTERNAL)
    edge.sim.settings(health_seconds=0.3)
    done = edge.done([{"name": "shop", "ports": shop()[0]["ports"]}], state="absent")
    assert done["changed"]
    assert found(edge) == {"modes": [], "pools": [], "sets": []}


def test_a_lost_object_comes_back_with_its_group(edge: Edge) -> None:
    edge.done(shop(), EXTERNAL)
    point = edge.restore_point(shop())
    assert sorted(point["objects"]["ip_set"]) == ["ipset-pool-shop-ssh", "ipset-pool-shop-web"]
    edge.module("vcd_virtual_service", name="vs-shop-web", state="absent")
    edge.module("vcd_pool", name="pool-shop-web", state="absent")
    edge.module("vcd_ip_set", name="ipset-pool-shop-web", state="absent")
    done = edge.done(shop(), EXTERNAL, restore_point=point)
    assert found(edge) == served()
    assert done["lost_settings"] == []


def test_the_group_of_an_operator_is_used_and_left(edge: Edge) -> None:
    edge.done(shop(members=None, member_group="workers"), EXTERNAL)
    workers = edge.module("vcd_ip_set_info", name="workers")["ip_sets"][0]
    assert found(edge) == {**served(), "pools": [[name, "workers"] for name, _set in served()["pools"]], "sets": []}
    assert edge.done(shop(members=None, member_group=workers["id"]), EXTERNAL)["changed"] is False
    edge.done(shop(preserve=False), EXTERNAL)
    assert found(edge) == PLAIN
    assert edge.module("vcd_ip_set_info", name="workers")["ip_sets"] == [workers]


def test_an_ip_set_that_something_else_uses_is_not_deleted(edge: Edge) -> None:
    edge.done(shop(), EXTERNAL)
    rule = {"name": "mine", "action": "ALLOW", "sources": ["ipset-pool-shop-web"]}
    edge.module("vcd_firewall_rule", **rule)
    message = edge.failed(shop(preserve=False), EXTERNAL)["msg"]
    assert "IP set 'ipset-pool-shop-web' is to be deleted, and firewall rule 'mine' uses it" in message
    assert found(edge) == served()


@pytest.mark.parametrize(
    ("more", "options", "said"),
    [
        ({}, {"scenario": INTERNAL}, "needs scenario shared_external"),
        ({"member_group": "workers"}, {}, "has members, too: give one of the two"),
        ({"members": None, "member_group": "none-such"}, {}, "IP set or security group"),
        ({}, {"api_version": "37.0"}, "the provider can upgrade it"),
        ({}, {"cluster_id": "c1", "name_template": None}, "serve it under name_template, outside CPI"),
    ],
)
def test_impossible_options_are_refused_before_the_first_write(
    edge: Edge, more: Params, options: Params, said: str
) -> None:
    scenario = options.pop("scenario", EXTERNAL) if "scenario" in options else EXTERNAL
    message = edge.of(**options).failed(shop(**more), scenario)["msg"]
    assert said in message
    assert written(edge.sim.journal(), "admin") == []


def test_missing_prerequisites_are_reported_with_who_can_provide_them(tmp_path: Path) -> None:
    groups = [{"name": "seg-dedicated"}]
    with Simulator(estate(tmp_path, service_engine_groups=groups), task_seconds=0, health_seconds=0) as sim:
        result = machines(sim).failed(shop(), EXTERNAL, check=True)
        assert [line.partition(" ")[0] for line in result["failure"]["missing"]] == ["transparent", "it"]
        assert result["msg"].startswith("services.preserve_client_ip: shop: transparent mode is off on edge gateway")
        assert "needs a service engine group in mode LEGACY_ACTIVE_STANDBY" in result["msg"]


def test_other_services_work_without_the_right_to_see_groups(edge: Edge) -> None:
    kube = edge.of(user="kube", password="kube-secret-1")
    assert kube.done(shop(preserve=False), EXTERNAL)["changed"]
