# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines without CPI: one task for each of the three scenarios, from creation to removal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moving import (
    DISTINCT,
    EXTERNAL,
    INTERNAL,
    LENIENT,
    MOVES,
    SCENARIOS,
    STRICT,
    Edge,
    Params,
    others,
    planned,
    written,
)
from runs import comparable
from vcdsim.testing import Simulator

HTTP: Params = {"name": "http", "port": 80, "node_port": 8080, "app_protocol": "http"}
HTTPS: Params = {"name": "https", "port": 443, "node_port": 8443, "app_protocol": "https", "certificate": "web-cert"}
SSH: Params = {"name": "ssh", "port": 22, "node_port": 22}
RULES = {"strict": STRICT, "managed_by_cpi": LENIENT}


def shop(*ports: Params, **more: Any) -> list[Params]:
    """A service of machines, with two ports by default."""
    return [{"name": "shop", "members": ["10.10.0.11"], "ports": list(ports or (HTTP, HTTPS)), **more}]


@pytest.fixture(scope="module")
def simulators() -> Iterator[dict[str, Simulator]]:
    fast = {"task_seconds": 0, "health_seconds": 0}
    with Simulator("one-edge", **fast) as blocks, Simulator("ip-spaces", **fast) as spaces:
        yield {"one-edge": blocks, "ip-spaces": spaces}


@pytest.fixture
def edge(simulators: dict[str, Simulator]) -> Edge:
    return machines(simulators["one-edge"])


def machines(sim: Simulator) -> Edge:
    sim.reset()
    return Edge(sim).of(cluster_id=None, name_template="{kind}-{service}-{port}")


def from_the_start(edge: Edge, services: list[Params], done: Params, known: str, **options: Any) -> Any:
    """The objects of a service that was created in its present state."""
    inside = done["services"][0]["internal_ips"]
    gone = [{"name": one["name"], "ports": one["ports"]} for one in services]
    edge.done(gone, state="absent")
    edge.sim.assume(**RULES[known])
    edge.done([{**services[0], "internal_ips": inside}], **options)
    return comparable(edge.sim.dump())


def names(edge: Edge, kind: str) -> list[str]:
    return sorted(one["name"] for one in edge.sim.dump()[kind] if one.get("scope") != "SYSTEM")


def rules(edge: Edge) -> list[tuple[str, ...]]:
    """Name, external IP, port, internal IP and profile of each DNAT rule."""
    keys = ("name", "externalAddresses", "dnatExternalPort", "internalAddresses")
    found = edge.sim.dump()["nat_rules"]
    return sorted((*(one.get(key) or "" for key in keys), _named(one.get("applicationPortProfile"))) for one in found)


def _named(reference: Any) -> str:
    return reference["name"] if reference else ""


def vips(edge: Edge) -> dict[str, str]:
    return {one["name"]: one["virtualIpAddress"] for one in edge.sim.dump()["virtual_services"]}


# -- creation --------------------------------------------------------------------------------------------------------


def test_a_service_is_created_on_an_external_address(edge: Edge) -> None:
    result = edge.done(shop(external_ip="203.0.113.20"), EXTERNAL)
    assert vips(edge) == {"vs-shop-http": "203.0.113.20", "vs-shop-https": "203.0.113.20"}
    assert names(edge, "pools") == ["pool-shop-http", "pool-shop-https"]
    assert rules(edge) == []
    assert result["services"][0]["scenario"] == EXTERNAL
    found = {one["name"]: one for one in edge.sim.dump()["virtual_services"]}
    assert found["vs-shop-https"]["applicationProfile"]["type"] == "HTTPS"
    assert found["vs-shop-https"]["certificateRef"]["name"] == "web-cert"
    assert found["vs-shop-http"]["applicationProfile"]["type"] == "HTTP"
    pool = next(one for one in edge.sim.dump()["pools"] if one["name"] == "pool-shop-http")
    assert [(one["ipAddress"], one["port"]) for one in pool["members"]] == [("10.10.0.11", 8080)]


def test_a_service_is_created_on_a_shared_internal_address(edge: Edge) -> None:
    edge.done(shop(external_ip="203.0.113.20"), INTERNAL)
    assert vips(edge) == {"vs-shop-http": "192.168.8.2", "vs-shop-https": "192.168.8.2"}
    assert rules(edge) == [
        ("dnat-vs-shop-http", "203.0.113.20", "80", "192.168.8.2", "appPort_dnat-vs-shop-http"),
        ("dnat-vs-shop-https", "203.0.113.20", "443", "192.168.8.2", "appPort_dnat-vs-shop-https"),
    ]


def test_a_service_can_have_one_rule_for_all_ports(edge: Edge) -> None:
    edge.done(shop(external_ip="203.0.113.20"), INTERNAL, nat="per_service")
    assert vips(edge) == {"vs-shop-http": "192.168.8.2", "vs-shop-https": "192.168.8.2"}
    assert rules(edge) == [("dnat-vs-shop-all", "203.0.113.20", "", "192.168.8.2", "")]
    assert names(edge, "application_port_profiles") == []
    info = edge.info(services=shop())["services"][0]
    assert (info["scenario"], info["external_ip"]) == (INTERNAL, "203.0.113.20")


def test_a_service_is_created_on_distinct_internal_addresses(edge: Edge) -> None:
    edge.done(shop(external_ip="203.0.113.20"), DISTINCT, one_arm={"start_ip": "172.30.0.5", "end_ip": "172.30.0.9"})
    assert vips(edge) == {"vs-shop-http": "172.30.0.5", "vs-shop-https": "172.30.0.6"}
    assert [rule[3] for rule in rules(edge)] == ["172.30.0.5", "172.30.0.6"]


def test_given_internal_ips_are_used(edge: Edge) -> None:
    edge.done(shop(external_ip="203.0.113.20", internal_ips=["192.168.8.50", "192.168.8.40"]), DISTINCT)
    assert vips(edge) == {"vs-shop-http": "192.168.8.50", "vs-shop-https": "192.168.8.40"}


# -- the source of the external IP -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_external_ip_comes_from_the_block(edge: Edge, scenario: str) -> None:
    checked = edge.done(shop(), scenario, check=True)
    made = edge.done(shop(), scenario)
    assert made["services"][0]["external_ip"] == checked["services"][0]["external_ip"] == "203.0.113.10"
    assert made["steps"] == checked["steps"]
    assert edge.done(shop(), scenario)["changed"] is False


def test_several_services_get_ips_from_a_part_of_the_block(edge: Edge) -> None:
    services = shop() + [{**one, "name": "second"} for one in shop()]
    made = edge.done(services, INTERNAL, vip_subnet="203.0.113.32/28")
    assert [one["external_ip"] for one in made["services"]] == ["203.0.113.32", "203.0.113.33"]
    assert edge.done(services, INTERNAL, vip_subnet="203.0.113.32/28")["changed"] is False


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_ip_of_an_ip_space_is_claimed_and_released(simulators: dict[str, Simulator], scenario: str) -> None:
    edge = machines(simulators["ip-spaces"])
    start = comparable(edge.sim.dump())
    assert edge.done(shop(), scenario, check=True)["changed"] is True
    assert edge.sim.dump()["ip_space_allocations"] == []
    made = edge.done(shop(), scenario)["services"][0]
    claims = edge.sim.dump()["ip_space_allocations"]
    assert [(one["value"], one["description"]) for one in claims] == [(made["external_ip"], "service vs-shop-*")]
    assert edge.done(shop(), scenario)["changed"] is False
    # only its claim is left: it identifies the IP
    edge.done(shop(external_ip="203.0.113.60"), state="absent")
    assert len(edge.sim.dump()["ip_space_allocations"]) == 1
    again = edge.done(shop(), scenario)
    assert (again["changed"], again["services"][0]["external_ip"]) == (True, made["external_ip"])
    assert edge.done(shop(), state="absent", check=True)["changed"] is True
    assert edge.done(shop(), state="absent")["changed"] is True
    assert comparable(edge.sim.dump()) == start
    assert edge.done(shop(), state="absent")["changed"] is False


def test_a_claim_without_objects_is_released(simulators: dict[str, Simulator]) -> None:
    edge = machines(simulators["ip-spaces"])
    edge.sim.faults([{"method": "POST", "route": "*/loadBalancer/pools", "status": 500}])
    edge.failed(shop(), INTERNAL)
    edge.sim.faults([])
    assert len(edge.sim.dump()["ip_space_allocations"]) == 1
    assert edge.done(shop(), state="absent")["changed"] is True
    assert edge.sim.dump()["ip_space_allocations"] == []


# -- change and removal ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nat", ["per_port", "per_service"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_removal_leaves_nothing(edge: Edge, scenario: str, nat: str) -> None:
    nat = "per_port" if scenario == DISTINCT else nat
    edge.create([{**shop()[0], "name": "stays", "external_ip": "203.0.113.50"}], INTERNAL)
    start = comparable(edge.sim.dump())
    edge.done(shop(SSH, HTTP, HTTPS, external_ip="203.0.113.20"), scenario, nat=nat)
    # only the names of the ports have to be given
    given = [{"name": "shop", "ports": [{"name": one["name"], "port": one["port"]} for one in (SSH, HTTP, HTTPS)]}]
    checked = edge.done(given, state="absent", check=True)
    edge.sim.journal(clear=True)
    assert edge.done(given, state="absent")["writes"] == checked["writes"]
    assert sorted(written(edge.sim.journal())) == sorted(planned(checked))
    assert comparable(edge.sim.dump()) == start
    assert edge.done(given, state="absent")["changed"] is False


@pytest.mark.parametrize("known", RULES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_members_ports_and_protocols_can_change(edge: Edge, scenario: str, known: str) -> None:
    edge.sim.assume(**RULES[known])
    ip = {"external_ip": "203.0.113.20"}
    edge.done(shop(**ip), scenario)
    changes: list[list[Params]] = [
        shop(members=["10.10.0.12", "10.10.0.11"], **ip),
        shop(HTTP, HTTPS, SSH, **ip),
        shop(HTTP, HTTPS, {**SSH, "node_port": 2222}, **ip),
        shop(HTTP, HTTPS, {**SSH, "port": 2022}, **ip),
        shop(HTTP, {**HTTPS, "app_protocol": "http"}, {**SSH, "port": 2022}, **ip),
        shop({**HTTPS, "name": "http"}, {**HTTP, "name": "https"}, {**SSH, "port": 2022}, **ip),
    ]
    for number, services in enumerate(changes):
        checked = edge.done(services, scenario, check=True)
        assert checked["changed"] is True, number
        done = edge.done(services, scenario)
        assert done["services"][0]["scenario"] == scenario, number
        assert done["services"][0]["external_ip"] == "203.0.113.20", number
        again = edge.done(services, scenario)
        assert (again["changed"], again["steps"]) == (False, []), number
    final = edge.sim.dump()
    assert comparable(final) == from_the_start(edge, changes[-1], done, known, scenario=scenario)


def of_port(name: str) -> list[str]:
    """The names of a port's objects."""
    return [f"vs-shop-{name}", f"pool-shop-{name}", f"dnat-vs-shop-{name}", f"appPort_dnat-vs-shop-{name}"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_dropped_port_is_reported_and_removed_only_on_request(edge: Edge, scenario: str) -> None:
    edge.done(shop(HTTP, SSH, external_ip="203.0.113.20"), scenario)
    before = edge.sim.dump()
    expected = of_port("ssh") if scenario != EXTERNAL else of_port("ssh")[:2]
    dropped = edge.done(shop(HTTP, external_ip="203.0.113.20"), scenario)
    assert (dropped["changed"], dropped["writes"]) == (False, 0)
    assert [one["name"] for one in dropped["orphans"]] == expected
    checked = edge.done(shop(HTTP, external_ip="203.0.113.20"), scenario, prune=True, check=True)
    assert [port for one in checked["services"] for port in one["outage"]["ports"].values()] == [0]
    edge.sim.journal(clear=True)
    pruned = edge.done(shop(HTTP, external_ip="203.0.113.20"), scenario, prune=True)
    assert sorted(written(edge.sim.journal())) == sorted(("DELETE", name) for name in expected)
    assert (pruned["writes"], pruned["orphans"]) == (len(expected), [])
    assert others(edge.sim.dump(), of_port("http")) == others(before, of_port("http") + of_port("ssh"))
    kept = edge.done(shop(HTTP, external_ip="203.0.113.20"), scenario, prune=True)
    assert (kept["changed"], kept["orphans"]) == (False, [])


@pytest.mark.parametrize("known", RULES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_renamed_port_replaces_its_objects(edge: Edge, scenario: str, known: str) -> None:
    edge.sim.assume(**RULES[known])
    ip = {"external_ip": "203.0.113.20"}
    edge.done(shop(HTTP, SSH, **ip), scenario)
    renamed = shop({**HTTP, "name": "web"}, SSH, **ip)
    stuck = edge.failed(renamed, scenario)
    assert "no port has this name any more: prune: true removes it" in stuck["msg"]
    done = edge.done(renamed, scenario, prune=True)
    assert done["orphans"] == []
    assert names(edge, "virtual_services") == ["vs-shop-ssh", "vs-shop-web"]
    assert edge.done(renamed, scenario, prune=True)["changed"] is False
    assert comparable(edge.sim.dump()) == from_the_start(edge, renamed, done, known, scenario=scenario)


def test_a_renamed_port_that_fails_is_restored_with_its_previous_objects(edge: Edge) -> None:
    ip = {"external_ip": "203.0.113.20"}
    edge.done(shop(HTTP, SSH, **ip), INTERNAL)
    before = comparable(edge.sim.dump())
    fault = {"method": "DELETE", "route": "*/loadBalancer/pools/*", "status": 500}
    edge.sim.faults([fault])
    failed = edge.failed(shop({**HTTP, "name": "web"}, SSH, **ip), INTERNAL, prune=True, timeout=5)
    edge.sim.faults([])
    assert "pool-shop-http" in failed["msg"]
    edge.done(shop(HTTP, SSH, **ip), INTERNAL, prune=True)
    assert comparable(edge.sim.dump()) == before


def test_an_ambiguous_name_is_removed_only_if_it_is_given(edge: Edge) -> None:
    """vs-shop-web-http is port web-http of shop, or port http of shop-web."""
    ip = {"external_ip": "203.0.113.20"}
    edge.done([{**shop(HTTP)[0], "name": "shop-web", "external_ip": "203.0.113.21"}], INTERNAL)
    edge.done(shop(HTTP, **ip), INTERNAL)
    before = edge.sim.dump()
    kept = edge.done(shop(HTTP, **ip), INTERNAL, prune=True)
    assert kept["changed"] is False
    assert {one["why"] for one in kept["orphans"]} == {"it may be port web-http of shop or port http of shop-web"}
    assert edge.sim.dump()["virtual_services"] == before["virtual_services"]
    named = of_port("web-http")
    said = [
        (["vs-shop-http"], "belongs to port http of shop"),
        (["vs-nope"], "does not exist on this edge gateway"),
        (["pool-shop-web-http"], "virtual service vs-shop-web-http uses it"),
    ]
    for given, text in said:
        assert text in edge.failed(shop(HTTP, **ip), INTERNAL, prune=True, prune_objects=given)["msg"]
    assert "needs prune: true" in edge.failed(shop(HTTP, **ip), INTERNAL, prune_objects=named)["msg"]
    assert edge.done(shop(HTTP, **ip), INTERNAL, prune=True, prune_objects=named)["writes"] == 4
    assert names(edge, "virtual_services") == ["vs-shop-http"]


def test_objects_of_another_service_with_a_similar_name_stay(edge: Edge) -> None:
    """An operator's objects with the name of a removed port stay if they have another address and other members."""
    ip = {"external_ip": "203.0.113.20"}
    edge.done(shop(HTTP, **ip), INTERNAL)
    edge.done(shop(SSH, members=["10.10.0.99"], external_ip="203.0.113.30"), INTERNAL, one_arm={
        "start_ip": "192.168.9.2", "end_ip": "192.168.9.9"})  # fmt: skip
    kept = edge.done(shop(HTTP, **ip), INTERNAL, prune=True)
    assert (kept["changed"], len(kept["orphans"])) == (False, 4)
    assert {one["why"] for one in kept["orphans"]} == {"only its name shows that it may belong to shop"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_port_is_removed_by_removing_it(edge: Edge, scenario: str) -> None:
    # the removed port is given again, with state absent: ports that are not given stay
    edge.done(shop(HTTP, HTTPS, SSH, external_ip="203.0.113.20"), scenario)
    gone = shop(SSH)
    assert edge.done(gone, state="absent")["changed"] is True
    assert edge.done(shop(external_ip="203.0.113.20"), scenario)["changed"] is False
    assert names(edge, "virtual_services") == ["vs-shop-http", "vs-shop-https"]
    assert names(edge, "pools") == ["pool-shop-http", "pool-shop-https"]


@pytest.mark.parametrize("known", RULES)
@pytest.mark.parametrize(("before", "after"), MOVES)
def test_a_service_with_one_rule_for_all_ports_is_migrated(edge: Edge, before: str, after: str, known: str) -> None:
    edge.sim.assume(**RULES[known])
    services = shop(HTTP, HTTPS, SSH, external_ip="203.0.113.20")

    def nat(scenario: str) -> str:
        return "per_service" if scenario == INTERNAL else "per_port"

    edge.done(services, before, nat=nat(before))
    done = edge.done(services, after, nat=nat(after))
    assert done["services"][0]["scenario"] == after
    assert edge.done(services, after, nat=nat(after))["changed"] is False
    moved = edge.sim.dump()
    assert comparable(moved) == from_the_start(edge, services, done, known, scenario=after, nat=nat(after))


@pytest.mark.parametrize("known", RULES)
def test_rules_for_each_port_become_one_for_all(edge: Edge, known: str) -> None:
    edge.sim.assume(**RULES[known])
    services = shop(external_ip="203.0.113.20")
    for nat in ("per_port", "per_service", "per_port"):
        assert edge.done(services, INTERNAL, nat=nat)["changed"] is True
        assert edge.done(services, INTERNAL, nat=nat)["changed"] is False
        assert len(rules(edge)) == (1 if nat == "per_service" else 2)


def test_damage_is_repaired(edge: Edge) -> None:
    services = shop(HTTP, HTTPS, SSH, external_ip="203.0.113.20")
    edge.done(services, DISTINCT)
    whole = comparable(edge.sim.dump())
    edge.module("vcd_virtual_service", name="vs-shop-http", state="absent")
    edge.module("vcd_nat_rule", name="dnat-vs-shop-ssh", state="absent")
    edge.module("vcd_nat_rule", name="dnat-vs-shop-https", internal_addresses="192.168.8.77")
    edge.module("vcd_pool", name="pool-shop-ssh", members=[{"ip_address": "10.10.0.12", "port": 1}])
    assert edge.info(services=services)["services"][0]["scenario"] == "mixed"
    assert edge.done(services, DISTINCT)["changed"] is True
    assert comparable(edge.sim.dump()) == whole
    assert edge.done(services, DISTINCT)["changed"] is False


def test_diff_shows_each_object_before_and_after(edge: Edge) -> None:
    services = shop(HTTP, external_ip="203.0.113.20")
    shown = edge.done(services, EXTERNAL, check=True, diff=True)["diff"]
    assert shown["before"] == {"shop": {}}
    assert shown["after"]["shop"] == {
        "pool pool-shop-http": "10.10.0.11 port 8080",
        "virtual_service vs-shop-http": "203.0.113.20 port 80, HTTP, pool pool-shop-http",
    }
    assert edge.done(services, EXTERNAL, diff=True)["diff"] == shown
    second = edge.done(services, EXTERNAL, diff=True)["diff"]
    assert second["before"] == second["after"] == shown["after"]


# -- several edge gateways -------------------------------------------------------------------------------------------


def on(edge: Edge, **where: Any) -> Edge:
    return edge.of(cluster_id=None, name_template="{kind}-{service}-{port}", **where)


@pytest.mark.parametrize(("estate", "second"), [
    ("two-tenants", {"vdc": "acme-vdc-2"}), ("many-edges", {"edge_gateway": "edge-002"}),
])  # fmt: skip
def test_the_name_of_a_profile_is_unique_in_the_organization(estate: str, second: Params) -> None:
    """The second edge gateway is in another VDC, which does not see the profile, or in the same VDC, which does."""
    with Simulator(estate, task_seconds=0, health_seconds=0) as sim:
        first = on(Edge(sim), **({"vdc": "acme-vdc"} if "vdc" in second else {}))
        first.done(shop(HTTP), INTERNAL)
        other = on(Edge(sim), **second)
        before = comparable(sim.dump())
        for check in (True, False):
            said = other.failed(shop(HTTP), INTERNAL, check=check)["msg"]
            assert "application port profile 'appPort_dnat-vs-shop-http' belongs to other objects" in said
            assert "add {edge_gateway} to the template" in said
        assert comparable(sim.dump()) == before
        for check in (True, False):  # it needs no profile, and the profile with its name belongs to another service
            served = other.done(shop(HTTP), EXTERNAL, check=check)
            assert not [line for line in served["steps"] if "application port profile" in line]
        assert other.done(shop(HTTP), EXTERNAL)["changed"] is False
        if "vdc" not in second:
            apart = other.of(name_template="{edge_gateway}-{kind}-{service}-{port}")
            assert apart.done(shop(HTTP), INTERNAL)["changed"] is True
            assert apart.done(shop(HTTP), INTERNAL)["changed"] is False
            assert "edge-002-vs-shop-http" in names(apart, "virtual_services")
        assert first.done(shop(HTTP), INTERNAL)["changed"] is False


# -- clusters, in a task without the role ----------------------------------------------------------------------------


def test_without_ports_only_unambiguous_objects_are_removed(edge: Edge) -> None:
    """`web` of the cluster prod is removed by its name alone. Ambiguous names stay, and are reported."""
    prod, europe = (edge.of(name_template=None, cluster_id=one) for one in ("prod", "prod-eu"))
    prod.done([{**shop(HTTP)[0], "name": "web"}], INTERNAL)
    europe.done([{**shop(HTTPS)[0], "name": "web"}], INTERNAL)
    found = prod.info()
    assert [one["name"] for one in found["services"]] == ["web"]
    assert [one["name"] for one in found["ambiguous"]] == ["ingress-vs-web-prod-eu-https"]
    assert found["ambiguous"][0]["readings"] == [{"service": "web", "port": "eu-https"}]
    gone = prod.done([{"name": "web"}], state="absent")
    assert gone["changed"] is True
    assert len(gone["orphans"]) == 4
    assert {one["why"] for one in gone["orphans"]} == {"it may belong to another cluster, with an id like prod-eu"}
    assert names(edge, "virtual_services") == ["ingress-vs-web-prod-eu-https"]
    assert prod.done([{"name": "web"}], state="absent")["changed"] is False
    assert europe.done([{**shop(HTTPS)[0], "name": "web"}], INTERNAL)["changed"] is False


def test_removing_a_port_leaves_the_others_in_place(edge: Edge) -> None:
    prod = edge.of(name_template=None, cluster_id="prod")
    prod.done([{**shop(HTTP, HTTPS)[0], "name": "web"}], INTERNAL)
    prod.done([{"name": "web", "ports": [{"name": "http", "port": 80}]}], state="absent", prune=True)
    assert names(edge, "virtual_services") == ["ingress-vs-web-prod-https"]


def test_a_new_pool_gets_the_members_of_the_same_cluster(edge: Edge) -> None:
    prod, other = (edge.of(name_template=None, cluster_id=one) for one in ("prod", "other"))
    other.done([{**shop(HTTP)[0], "name": "a", "members": ["10.10.0.99"]}], INTERNAL)
    services = [{**shop(HTTP)[0], "name": name} for name in ("web", "x")]
    prod.done(services, INTERNAL)
    prod.module("vcd_virtual_service", name="ingress-vs-web-prod-http", state="absent")
    prod.module("vcd_pool", name="ingress-pool-web-prod-http", state="absent")
    prod.done([{key: value for key, value in one.items() if key != "members"} for one in services], INTERNAL)
    pools = {one["name"]: one["members"] for one in edge.sim.dump()["pools"]}
    assert [one["ipAddress"] for one in pools["ingress-pool-web-prod-http"]] == ["10.10.0.11"]


# -- options of pools ------------------------------------------------------------------------------------------------


def test_pool_settings_are_applied_and_left_alone_without_an_option(edge: Edge) -> None:
    cookie = {"type": "HTTP_COOKIE", "value": "session"}
    named = {"algorithm": "LEAST_CONNECTIONS", "health_monitors": ["HTTP"], "persistence_profile": cookie}
    edge.done(shop(SSH, external_ip="203.0.113.20"), EXTERNAL)
    assert pool_settings(edge) == ("ROUND_ROBIN", ["TCP"], None)
    edge.done(shop(SSH, external_ip="203.0.113.20", **named), EXTERNAL)
    assert pool_settings(edge) == ("LEAST_CONNECTIONS", ["HTTP"], cookie)
    assert edge.done(shop(SSH, external_ip="203.0.113.20", **named), EXTERNAL)["changed"] is False
    edge.done(shop(SSH, external_ip="203.0.113.20"), INTERNAL)
    assert pool_settings(edge) == ("LEAST_CONNECTIONS", ["HTTP"], cookie)
    none = {"health_monitors": [], "persistence_profile": {}}
    edge.done(shop(SSH, HTTP, external_ip="203.0.113.20", **none), INTERNAL)
    assert pool_settings(edge) == ("LEAST_CONNECTIONS", [], None)
    wrong = {"persistence_profile": {"type": "HTTP_COOKIE"}}
    message = edge.failed(shop(SSH, external_ip="203.0.113.20", **wrong), INTERNAL)["msg"]
    assert "requires the name of the cookie or header" in message
    cluster = edge.of(cluster_id="c1", name_template=None)
    assert "change them with vcd_pool" in cluster.failed(shop(SSH, algorithm="RANDOM"), INTERNAL)["msg"]


def pool_settings(edge: Edge) -> tuple[Any, ...]:
    pool = edge.module("vcd_pool_info", name="pool-shop-ssh")["pools"][0]
    return pool["algorithm"], pool["health_monitors"], pool["persistence_profile"]
