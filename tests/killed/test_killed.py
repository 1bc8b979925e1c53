# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills each migration before each write and after the last: the same task finishes it, as if undisturbed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
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
    estate,
    premium_estate,
    service,
)
from runs import Survival, killed_at_every_write
from vcdsim.testing import Simulator

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("one-edge", task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def edge(sim: Simulator) -> Edge:
    sim.reset()
    return Edge(sim)


def killed(
    edge: Edge, services: list[Params], after: str, rules: dict[str, str], user: str = "kube", **options: Any
) -> Survival:
    """Kill the migration of existing Services at each of its writes."""
    kept = edge.sim.snapshot()

    def prepare() -> None:
        edge.sim.restore(kept)
        edge.sim.assume(**rules)

    return killed_at_every_write(lambda: edge.task(services, after, **options), edge.sim, prepare, user=user)


def record_survival(record: Record, what: str, survival: Survival) -> None:
    record("figures", f"{what}: k = {survival.writes} writes, {survival.survived} of {survival.kills} kills survived")


CASES = [(*move, STRICT) for move in MOVES] + [(*move, LENIENT) for move in MOVES if EXTERNAL in move]
NAMES = {id(STRICT): "strictest", id(LENIENT): "most managed_by_cpi"}


@pytest.mark.parametrize(
    ("before", "after", "rules"), CASES, ids=[f"{one[0]}-{one[1]}-{NAMES[id(one[2])]}" for one in CASES]
)
def test_a_killed_migration_is_finished(
    edge: Edge, before: str, after: str, rules: dict[str, str], record_property: Record
) -> None:
    services = edge.create([service("web", 2), service("db", 1)], before)
    survival = killed(edge, services, after, rules)
    record_survival(record_property, f"killed at every write, {before} -> {after}, {NAMES[id(rules)]} rules", survival)
    assert survival.problems == []
    assert survival.writes >= 3
    assert survival.survived == survival.kills == survival.writes + 1


@pytest.mark.parametrize(("before", "after"), [(EXTERNAL, INTERNAL), (DISTINCT, EXTERNAL)])
def test_a_killed_migration_of_two_services_on_one_ip_is_finished(
    edge: Edge, before: str, after: str, record_property: Record
) -> None:
    other = [{"name": "pg", "port": 5432, "node_port": 30432}]
    both = [service("web", 1, "203.0.113.20"), service("db", 1, "203.0.113.20", ports=other)]
    survival = killed(edge, edge.create(both, before), after, STRICT)
    record_survival(record_property, f"killed at every write, two Services on one IP, {before} -> {after}", survival)
    assert survival.problems == []
    assert survival.writes >= 6
    assert survival.survived == survival.kills == survival.writes + 1


def test_a_killed_creation_and_a_killed_removal_are_finished(edge: Edge, record_property: Record) -> None:
    given = [service("web", 2, "203.0.113.20")]
    made = killed(edge, given, INTERNAL, STRICT)
    record_survival(record_property, "killed at every write, creation", made)
    assert made.problems == []
    edge.sim.reset()
    removed = killed(edge, edge.create(given, INTERNAL), "", STRICT, state="absent")
    record_survival(record_property, "killed at every write, removal", removed)
    assert removed.problems == []
    assert (made.writes, removed.writes) == (10, 10)  # the lock's two among them
    assert (made.survived, removed.survived) == (made.kills, removed.kills) == (11, 11)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_killed_drop_and_rename_of_ports_of_machines_is_finished(
    edge: Edge, scenario: str, record_property: Record
) -> None:
    """With prune, the next run still recognises the owner of the objects that the killed run has left."""
    machines = edge.of(cluster_id=None, name_template="{edge_gateway}-{kind}-{service}-{port}")

    def shop(**numbers: int) -> list[Params]:
        ports = [{"name": name, "port": number, "node_port": number} for name, number in numbers.items()]
        return [{"name": "shop", "external_ip": "203.0.113.20", "members": ["10.10.0.11"], "ports": ports}]

    machines.create(shop(http=80, ssh=22, admin=9000), scenario)
    survival = killed(machines, shop(web=80, ssh=22), scenario, STRICT, prune=True)
    record_survival(record_property, f"killed at every write, a port dropped and one renamed in {scenario}", survival)
    assert survival.problems == []
    assert survival.writes >= 6
    assert survival.survived == survival.kills == survival.writes + 1


def test_the_next_run_finds_the_ip_space_allocation_of_a_killed_run(record_property: Record) -> None:
    with Simulator("ip-spaces", task_seconds=0, health_seconds=0) as sim:
        survival = killed(Edge(sim), [service("web", 1)], INTERNAL, STRICT)
        record_survival(record_property, "killed at every write, creation with an IP of an IP Space", survival)
    # an address without a marker may be reserved by a user: the run does not use it, and allocates another one
    assert [problem[:20] for problem in survival.problems] == ["before write 3 of 8 "]
    assert survival.survived == survival.writes == survival.kills - 1


@pytest.mark.parametrize("rules", [STRICT, LENIENT], ids=["strictest", "most lenient"])
def test_killed_runs_with_tcp_and_udp_on_one_port_number_are_finished(
    edge: Edge, rules: dict[str, str], record_property: Record
) -> None:
    """A name server: created, moved through all scenarios, and removed."""
    machines = edge.of(cluster_id=None, name_template="{kind}-{service}-{port}")
    protocols = (("tcp", "TCP"), ("udp", "UDP"))
    ports = [{"name": name, "port": 53, "node_port": 53, "protocol": protocol} for name, protocol in protocols]
    dns = [{"name": "dns", "external_ip": "203.0.113.20", "members": ["10.10.0.11"], "ports": ports}]
    rules = {**rules, "vip_port_two_protocols": "allowed"}
    for scenario in (*SCENARIOS, EXTERNAL):
        survival = killed(machines, dns, scenario, rules)
        record_survival(record_property, f"killed at every write, TCP and UDP on one port, to {scenario}", survival)
        assert survival.problems == []
        assert survival.writes >= 4
        assert survival.survived == survival.kills == survival.writes + 1
    gone = killed(machines, dns, "", rules, state="absent")
    assert gone.problems == []
    assert gone.survived == gone.kills == gone.writes + 1 == 7  # the lock's two among them


def test_killed_runs_with_tcp_and_udp_on_one_port_number_of_two_vips_are_finished(
    edge: Edge, record_property: Record
) -> None:
    """A name server where Cloud Director refuses both protocols on one port of a VIP."""
    machines = edge.of(cluster_id=None, name_template="{kind}-{service}-{port}")
    protocols = (("tcp", "TCP"), ("udp", "UDP"))
    ports = [{"name": name, "port": 53, "node_port": 53, "protocol": protocol} for name, protocol in protocols]
    dns = [{"name": "dns", "external_ip": "203.0.113.20", "members": ["10.10.0.11"], "ports": ports}]
    rules = {**STRICT, "vip_port_two_protocols": "refused"}
    made = killed(machines, dns, DISTINCT, rules)
    record_survival(record_property, "killed at every write, TCP and UDP on one port, each on a VIP of its own", made)
    assert made.problems == []
    assert made.survived == made.kills == made.writes + 1


@pytest.mark.parametrize("rules", [STRICT, LENIENT], ids=["strictest", "most lenient"])
def test_killed_moves_from_an_ipv6_address_to_dnat_and_back_are_finished(
    tmp_path: Path, rules: dict[str, str], record_property: Record
) -> None:
    """From an IPv6 address to DNAT rules of an IPv4 address, and back."""
    four = {"gateway": "203.0.113.1", "prefix_length": 24, "ip_ranges": ["203.0.113.10-203.0.113.60"]}
    six = {"gateway": "2001:db8::1", "prefix_length": 64, "ip_ranges": ["2001:db8::10-2001:db8::60"]}
    settings = {"enabled": True, "service_network": "192.168.255.1/25", "feature_set": "STANDARD"}
    balancer = {**settings, "ipv6_service_network": "fd00:255::1/120"}
    path = estate(tmp_path, load_balancer=balancer, uplinks=[{"name": "uplink-1", "subnets": [four, six]}])
    ports = [{"name": name, "port": number, "node_port": number} for name, number in (("web", 80), ("ssh", 22))]
    shop = {"name": "shop", "members": ["2001:db8:a::1"], "ports": ports}
    with Simulator(path, task_seconds=0, health_seconds=0) as sim:
        machines = Edge(sim).of(cluster_id=None, name_template="{kind}-{service}-{port}")
        for address, scenario in (("2001:db8::20", EXTERNAL), ("203.0.113.20", INTERNAL), ("2001:db8::20", EXTERNAL)):
            survival = killed(machines, [{**shop, "external_ip": address}], scenario, rules)
            record_survival(record_property, f"killed at every write, to {address} in {scenario}", survival)
            assert survival.problems == []
            assert survival.survived == survival.kills == survival.writes + 1


MANUAL: Params = {"description": "set manually", "service_ports": [{"start": 22, "type": "TCP_FAST_PATH"}]}


@pytest.mark.parametrize(("before", "after"), [(EXTERNAL, INTERNAL), (INTERNAL, DISTINCT)])
def test_manual_settings_are_restored(edge: Edge, before: str, after: str, record_property: Record) -> None:
    services = edge.create([service("web", 3)], before)
    found = edge.module("vcd_virtual_service_info")["virtual_services"]
    for one in found:
        manual: Params = {"description": "set manually", "enabled": True}
        if one["name"].endswith("-ssh"):
            manual = MANUAL
        edge.module("vcd_virtual_service", name=one["name"], **manual)
    point = edge.restore_point(services)
    survival = killed(edge, services, after, STRICT, restore_point=point)
    assert [one["description"] for one in edge.sim.dump()["virtual_services"]] == ["set manually"] * 3
    record_survival(record_property, f"killed at every write, {before} -> {after}, with a restore point", survival)
    assert survival.problems == []
    assert survival.survived == survival.kills == survival.writes + 1


def test_killed_runs_that_switch_client_ip_preservation_on_and_off_are_finished(
    tmp_path: Path, record_property: Record
) -> None:
    """IP sets, pools with groups and transparent mode are made and removed as if undisturbed."""
    settings = {"enabled": True, "service_network": "192.168.255.1/25", "feature_set": "STANDARD"}
    path = estate(tmp_path, load_balancer={**settings, "transparent_mode": True})
    ports = [{"name": name, "port": number, "node_port": number} for name, number in (("web", 80), ("ssh", 22))]
    shop = {"name": "shop", "external_ip": "203.0.113.20", "members": ["10.10.0.11"], "ports": ports}
    clear = {**shop, "preserve_client_ip": True}
    with Simulator(path, task_seconds=0, health_seconds=0) as sim:
        more = {"name_template": "{kind}-{service}-{port}", "user": "admin", "password": "admin-secret-1"}
        machines = Edge(sim).of(cluster_id=None, **more)
        machines.create([shop], EXTERNAL)
        there = killed(machines, [clear], EXTERNAL, STRICT, user="admin")
        record_survival(record_property, "killed at every write, the client's IP is preserved", there)
        assert there.problems == []
        back = killed(machines, [shop], INTERNAL, STRICT, user="admin")
        record_survival(record_property, "killed at every write, the client's IP is no longer preserved", back)
        assert back.problems == []
    assert there.writes >= 8
    assert back.writes >= 10
    assert (there.survived, back.survived) == (there.writes + 1, back.writes + 1)


def test_killed_migrations_that_add_and_remove_http_policies_are_finished(
    tmp_path: Path, record_property: Record
) -> None:
    """HTTP policies from options, beside an operator's own, with a restore point."""
    rule = {"name": "mine", "actions": {"connections": "CLOSE"}}
    header = {"name": "header", "actions": {"modify_header": [{"action": "REMOVE", "name": "X-A"}]}}
    http = {"name": "http", "port": 80, "node_port": 8080, "app_protocol": "http"}
    tls = {"name": "tls", "port": 443, "node_port": 8443, "app_protocol": "https", "certificate": "web-cert"}
    shop = {"name": "shop", "external_ip": "203.0.113.20", "members": ["10.10.0.11"], "ports": [http, tls]}
    asked = {**http, "redirect_to_https": True, "http_policy": {"request_rules": [header]}}
    ruled = {**shop, "ports": [asked, {**tls, "http_policy": {"security_rules": [rule, {**rule, "name": "more"}]}}]}
    gone = {**shop, "ports": [{**asked, "redirect_to_https": False, "http_policy": {"request_rules": []}}, tls]}
    with Simulator(premium_estate(tmp_path), api_versions="37.2,38.0,38.1", task_seconds=0, health_seconds=0) as sim:
        machines = Edge(sim).of(cluster_id=None, name_template="{kind}-{service}-{port}")
        machines.create([shop], EXTERNAL)
        for port in ("http", "tls"):
            lists = {"security_rules": [rule], "response_rules": [header]}
            machines.module("vcd_http_policy", virtual_service=f"vs-shop-{port}", **lists)
        point = machines.restore_point([shop])
        there = killed(machines, [ruled], INTERNAL, STRICT, restore_point=point)
        record_survival(record_property, "killed at every write, redirect and rules", there)
        assert there.problems == []
        point = machines.restore_point([ruled])
        back = killed(machines, [gone], EXTERNAL, STRICT, restore_point=point)
        record_survival(record_property, "killed at every write, redirect and rules taken back", back)
        assert back.problems == []
    assert min(there.writes, back.writes) >= 8
    assert (there.survived, back.survived) == (there.writes + 1, back.writes + 1)
