# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invalid options: one line names the option, the value and the remedy, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moving import CLUSTER, DISTINCT, EXTERNAL, INTERNAL, Edge, Params, refused, service, written
from vcdsim.testing import Simulator

TEMPLATE = "{kind}-{service}-{port}"
HTTP: Params = {"name": "http", "port": 80, "node_port": 8080}
SECOND: Params = {"name": "other", "port": 81, "node_port": 8081}
UDP: Params = {**HTTP, "protocol": "UDP"}


def shop(**more: Any) -> list[Params]:
    """A service of machines."""
    return [{"name": "shop", "members": ["10.10.0.11"], "ports": [HTTP], **more}]


def port(**more: Any) -> list[Params]:
    """A service with one port that differs in these options."""
    return shop(ports=[{**HTTP, **more}])


# (options that differ from those of a valid task, the text that the message must contain)
WRONG: list[tuple[Params, tuple[str, ...]]] = [
    ({"services": None}, ("missing: services",)),
    ({"scenario": None}, ("missing: scenario",)),
    ({"scenario": "shared"}, ("scenario", "shared_external", "got: shared")),
    ({"cluster_id": CLUSTER}, ("mutually exclusive: cluster_id|name_template",)),
    ({"name_template": None}, ("cluster_id, name_template",)),
    ({"network": "k8s-net"}, ("mutually exclusive: edge_gateway|network",)),
    ({"edge_gateway": None}, ("edge_gateway, network",)),
    ({"edge_gateway": "nope"}, ("edge_gateway: 'nope'", "no edge gateway with this name")),
    ({"edge_gateway": None, "network": "nope"}, ("network: 'nope'", "no network with this name")),
    ({"name_template": "{kind}-{service}"}, ("name_template: '{kind}-{service}'", "lacks {port}", "write it like")),
    ({"name_template": "{kind}-{service}-{port}-{zone}"}, ("has unknown {zone}",)),
    ({"name_template": "{kind"}, ("is not a template",)),
    ({"name_template": "{kind!x}-{service}-{port}"}, ("name_template", "has a format in braces")),
    ({"name_template": "{kind:d}-{service}-{port}"}, ("name_template", "has a format in braces")),
    ({"nat": "per_service", "scenario": DISTINCT}, ("nat: 'per_service'", "use per_port")),
    ({"nat": "per_service", "name_template": None, "cluster_id": CLUSTER}, ("nat: 'per_service'", "use per_port")),
    ({"prune_objects": ["vs-x"]}, ("prune_objects: 'vs-x'", "needs prune: true")),
    ({"wait_timeout": -1}, ("wait_timeout: -1", "0 or more")),
    ({"timeout": 0}, ("timeout: 0", "1 or more")),
    ({"vip_subnet": "elsewhere"}, ("vip_subnet: 'elsewhere'", "is not an IP address")),
    ({"vip_subnet": "198.51.100.0/24"}, ("vip_subnet: '198.51.100.0/24'", "choose another")),
    ({"progress_file": "/no/such/folder/file"}, ("progress_file: '/no/such/folder/file'", "No such file")),
    ({"service_engine_group": "nope"}, ("service_engine_group: 'nope'", "has seg-shared: give one of them")),
    (
        {"restore_point": {"version": 1, "virtual_services": "x"}},
        ("restore_point: 'version 1': virtual_services: expected a mapping", "give one as a run has stored it"),
    ),
    (
        {"restore_point": {"version": 99, "virtual_services": {}}},
        ("restore_point: 'version 99'", "this release reads versions 1 and 2"),
    ),
    ({"restore_point": {"services": {}}}, ("restore_point: ", "services: expected a list", "give one as a run has")),
    ({"one_arm": {"start_ip": "192.168.8.9", "end_ip": "192.168.8.2"}}, ("one_arm: '192.168.8.9-192.168.8.2'",)),
    ({"one_arm": {"start_ip": "a", "end_ip": "b"}}, ("one_arm: 'a-b'", "is not an IPv4 address")),
    ({"one_arm": {"start_ip": "192.168.8.9"}}, ("end_ip found in one_arm",)),
    (
        {
            "one_arm": {"start_ip": "192.168.8.9", "end_ip": "192.168.8.9"},
            "scenario": DISTINCT,
            "services": shop(ports=[HTTP, SECOND]),
        },
        ("one_arm: '192.168.8.9-192.168.8.9'", "only 1 of its addresses", "give a larger range"),
    ),
    ({"services": shop(name="")}, ("services.name: not given", "give a name")),
    ({"services": shop(ports=[])}, ("services.ports: an empty list", "service 'shop' has none")),
    ({"services": shop(external_ip="shop.example.com")}, ("services.external_ip: 'shop.example.com'",)),
    (
        {"services": shop(external_ip="2001:DB8:0::1")},
        ("services.external_ip: '2001:db8::1': service 'shop' needs scenario shared_external", "give an IPv4 address"),
    ),
    ({"services": shop(external_ip="2001:db8::1"), "scenario": EXTERNAL}, ("is not an address of edge gateway",)),
    (
        {"services": shop(external_ip="2001:db8::1"), "cluster_id": CLUSTER, "name_template": None},
        ("services.external_ip: '2001:db8::1': is not an IPv4 address",),
    ),
    ({"services": shop(external_ip="192.168.8.7")}, ("services.external_ip: '192.168.8.7'", "one-arm range")),
    ({"services": shop(members=["worker-1"])}, ("services.members: 'worker-1'", "give one IPv4 or IPv6 address")),
    (
        {"services": shop(members=["2001:db8::1"]), "cluster_id": CLUSTER, "name_template": None},
        ("services.members: '2001:db8::1'", "give one IPv4 address"),
    ),
    ({"services": shop(members=[])}, ("services.members: an empty list", "give the machines' addresses")),
    ({"services": shop(members=None)}, ("services.members: not given", "give the machines' addresses")),
    ({"services": shop(internal_ips=["inside"])}, ("services.internal_ips: 'inside'", "give one IPv4 address")),
    ({"services": shop(internal_ips=["192.168.8.2", "192.168.8.3"])}, ("services.internal_ips", "needs 1")),
    (
        {"services": shop(external_ip="203.0.113.20", internal_ips=["203.0.113.20"])},
        ("services.internal_ips: '203.0.113.20'", "and not the external IP"),
    ),
    (
        {"scenario": DISTINCT, "services": shop(ports=[HTTP, SECOND], internal_ips=["192.168.8.2"] * 2)},
        ("services.internal_ips: '192.168.8.2, 192.168.8.2'", "its own address"),
    ),
    ({"services": port(port=0)}, ("services.ports.port: 0", "1 to 65535")),
    ({"services": port(port=70000)}, ("services.ports.port: 70000", "1 to 65535")),
    ({"services": port(port="eighty")}, ("eighty", "services -> ports")),
    ({"services": port(node_port=70000)}, ("services.ports.node_port: 70000", "1 to 65535")),
    ({"services": port(node_port=None)}, ("services.ports.node_port: not given", "port 80 needs it")),
    ({"services": port(protocol="SCTP")}, ("protocol", "TCP, UDP, got: SCTP")),
    ({"services": port(protocol="UDP", app_protocol="http")}, ("services.ports.app_protocol: 'http'", "is for UDP")),
    ({"services": port(protocol="UDP", ssl=True)}, ("services.ports.ssl: true", "leave it out")),
    ({"services": port(protocol="UDP", certificate="web-cert")}, ("services.ports.certificate: 'web-cert'", "UDP")),
    (
        {"services": port(protocol="UDP", app_protocol=None), "cluster_id": CLUSTER, "name_template": None},
        ("services.ports.protocol: 'UDP'", "CPI serves TCP only", "port 80 under name_template"),
    ),
    (
        {"services": shop(ports=[UDP, {**UDP, "name": "b"}])},
        ("services.ports.port: 'UDP 80'", "its own port"),
    ),
    ({"services": port(app_protocol="ftp")}, ("services.ports.app_protocol: 'ftp'", "choose http or https")),
    ({"services": port(app_protocol="https")}, ("services.ports.certificate: not given", "give the alias")),
    ({"services": port(ssl=True)}, ("services.ports.certificate: not given", "give the alias")),
    ({"services": port(ssl=True, app_protocol="http", certificate="web-cert")}, ("services.ports.ssl", "use https")),
    ({"services": port(app_protocol="https", certificate="nope")}, ("certificate: 'nope'",)),
    ({"services": shop(ports=[HTTP, {**HTTP, "port": 81}])}, ("services.ports.name: 'http'", "its own name")),
    ({"services": shop(ports=[HTTP, {**HTTP, "name": "b"}])}, ("services.ports.port: 80", "its own port")),
    ({"services": shop() + shop()}, ("services: 'shop' and 'shop'", "'vs-shop-http'", "another name")),
    (
        {"services": shop(external_ip="203.0.113.20") + shop(name="two", external_ip="203.0.113.20")},
        ("two: port 80 of 203.0.113.20 is also wanted by shop", "give one of the two another port"),
    ),
]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("one-edge", task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def edge(sim: Simulator) -> Edge:
    sim.reset()
    return Edge(sim).of(cluster_id=None, name_template=TEMPLATE)


def test_the_task_behind_the_bad_options_is_valid(edge: Edge) -> None:
    assert edge.done(shop(), INTERNAL)["changed"] is True


@pytest.mark.parametrize(("options", "says"), WRONG, ids=[" ".join(says)[:60] for _options, says in WRONG])
def test_a_bad_option_is_reported_and_nothing_is_written(edge: Edge, options: Params, says: tuple[str, ...]) -> None:
    given = {"scenario": INTERNAL, "services": shop(), **options}
    services, scenario = given.pop("services"), given.pop("scenario")
    where = edge.of(**{name: given.pop(name) for name in list(given)})
    result = where.run(services, scenario)
    assert result.get("failed"), result
    assert [part for part in says if part not in result["msg"]] == [], result["msg"]
    assert "\n" not in result["msg"]
    assert (written(edge.sim.journal()), refused(edge.sim.journal())) == ([], [])
    if "progress_file" not in options:  # check mode writes no progress
        assert where.run(services, scenario, check=True)["msg"] == result["msg"]


def test_a_migration_needs_the_external_ip_if_a_kill_could_lose_it(sim: Simulator) -> None:
    sim.reset()
    edge = Edge(sim)
    moved = edge.create([service("web", 2)], INTERNAL)
    sim.journal(clear=True)
    unnamed = [{**one, "external_ip": None} for one in moved]
    message = edge.failed(unnamed, EXTERNAL)["msg"]
    assert message.startswith("services.external_ip: not given: give '203.0.113.10', the current one of 'default/web'")
    assert written(sim.journal()) == []
    assert edge.done(unnamed, DISTINCT)["changed"] is True


def test_a_full_group_is_reported_and_the_service_rolled_back() -> None:
    with Simulator("full-edge", task_seconds=0, health_seconds=0) as sim:
        edge = Edge(sim).of(cluster_id=None, name_template=TEMPLATE)
        start = sim.dump()
        result = edge.failed(shop(external_ip="203.0.113.20"), EXTERNAL)
        assert "has no room" in result["msg"]
        assert result["failure"]["rolled_back"] == ["shop"]
        assert sim.dump()["pools"] == start["pools"]


def test_two_rules_with_one_name_are_an_error(edge: Edge) -> None:
    rule = {"type": "DNAT", "external_addresses": "203.0.113.20", "internal_addresses": "192.168.8.2"}
    edge.module("vcd_nat_rule", name="dnat-vs-shop-http", **rule)
    second = edge.module("vcd_nat_rule", name="x", priority=1, **rule)["nat_rule"]["id"]
    edge.module("vcd_nat_rule", id=second, name="dnat-vs-shop-http")
    edge.sim.journal(clear=True)
    message = edge.failed(shop(external_ip="203.0.113.20"), INTERNAL)["msg"]
    assert "'dnat-vs-shop-http': several NAT rules have this name" in message
    assert "delete all but one" in message
    assert written(edge.sim.journal()) == []
