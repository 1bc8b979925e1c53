# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines on an IPv6 address: served, changed, repaired, restored and removed; refusals and prerequisites."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from moving import DISTINCT, EXTERNAL, INTERNAL, LENIENT, STRICT, Edge, Params, estate, planned, written
from runs import comparable
from vcdsim.testing import Simulator

SIX, OTHER_SIX, FOUR = "2001:db8::20", "2001:db8::21", "203.0.113.20"
FOURS = {"gateway": "203.0.113.1", "prefix_length": 24, "primary_ip": "203.0.113.2"}
SIXES = {"gateway": "2001:db8::1", "prefix_length": 64, "primary_ip": "2001:db8::2"}
UPLINKS = [
    {
        "name": "uplink-1",
        "subnets": [
            {**SIXES, "ip_ranges": ["2001:db8::10-2001:db8::60"]},
            {**FOURS, "ip_ranges": ["203.0.113.10-203.0.113.60"]},
        ],
    }
]
BALANCER = {"enabled": True, "service_network": "192.168.255.1/25", "feature_set": "STANDARD"}
BOTH = {**BALANCER, "ipv6_service_network": "fd00:255::1/120", "transparent_mode": True}
PORTS = [{"name": name, "port": number, "node_port": number} for name, number in (("web", 80), ("ssh", 22))]
MEMBERS = ["2001:db8:a::11", "10.10.0.12"]


def shop(external_ip: str | None = SIX, **more: Any) -> list[Params]:
    """A service of machines with two ports, on an IPv6 address by default."""
    return [{"name": "shop", "external_ip": external_ip, "members": MEMBERS, "ports": PORTS, **more}]


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    path = estate(tmp_path_factory.mktemp("estate"), uplinks=UPLINKS, load_balancer=BOTH)
    with Simulator(path, task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def edge(sim: Simulator) -> Edge:
    sim.reset()
    return machines(sim)


def machines(sim: Simulator) -> Edge:
    return Edge(sim).of(cluster_id=None, name_template="{kind}-{service}-{port}")


def vips(edge: Edge) -> list[tuple[str | None, str | None]]:
    """The VIPs of each virtual service."""
    found = edge.sim.dump()["virtual_services"]
    return [(one.get("virtualIpAddress"), one.get("ipv6VirtualIpAddress")) for one in found]


@pytest.mark.parametrize("rules", [STRICT, LENIENT], ids=["strict", "lenient"])
def test_a_service_on_ipv6_is_served_changed_and_removed(edge: Edge, rules: dict[str, str]) -> None:
    """The address may have any spelling. All ports share the VIP. The service moves to an IPv4 address and back."""
    edge.sim.assume(**rules)
    for address, found in (("2001:0DB8:0::20", SIX), (OTHER_SIX, OTHER_SIX), (FOUR, FOUR), (SIX, SIX)):
        expected = edge.done(shop(address), EXTERNAL, check=True)
        edge.sim.journal(clear=True)
        done = edge.done(shop(address), EXTERNAL)
        assert expected["steps"] == done["steps"]
        if rules is LENIENT:
            assert sorted(written(edge.sim.journal())) == sorted(planned(expected))
        assert vips(edge) == [(found, None) if found == FOUR else (None, found)] * 2
        assert [(one["external_ip"], one["scenario"]) for one in done["services"]] == [(found, EXTERNAL)]
        assert edge.done(shop(found), EXTERNAL)["changed"] is False
        assert edge.done(shop(None), EXTERNAL)["changed"] is False  # the service keeps its address
        (service_info,) = edge.info(services=shop(None))["services"]
        assert (service_info["external_ip"], service_info["scenario"], service_info["internal_ips"]) == (
            found,
            EXTERNAL,
            [],
        )
        assert [one["virtual_ip_address"] for one in service_info["ports"]] == [found] * 2
    members = [[one["ipAddress"] for one in pool["members"]] for pool in edge.sim.dump()["pools"]]
    assert [sorted(one) for one in members] == [sorted(MEMBERS)] * 2
    assert edge.done([{"name": "shop", "ports": PORTS}], state="absent")["changed"] is True
    dump = edge.sim.dump()
    assert (dump["virtual_services"], dump["pools"]) == ([], [])


def test_a_new_service_without_an_address_gets_one_of_ipv4(edge: Edge) -> None:
    edge.done(shop(None), EXTERNAL)
    assert vips(edge) == [("203.0.113.10", None)] * 2


@pytest.mark.parametrize("change", [{"virtual_ip_address": FOUR}, {"ipv6_virtual_ip_address": OTHER_SIX}], ids=str)
def test_a_changed_vip_is_repaired(edge: Edge, change: Params) -> None:
    edge.done(shop(ports=PORTS[:1]), EXTERNAL)
    there = comparable(edge.sim.dump())
    edge.module("vcd_virtual_service", name="vs-shop-web", **change)
    predicted = edge.done(shop(ports=PORTS[:1]), EXTERNAL, check=True)
    done = edge.done(shop(ports=PORTS[:1]), EXTERNAL)
    assert (predicted["steps"], [one["state"] for one in done["services"]]) == (done["steps"], ["repaired"])
    assert comparable(edge.sim.dump()) == there
    assert edge.done(shop(ports=PORTS[:1]), EXTERNAL)["changed"] is False


def test_an_ipv6_vip_that_an_operator_added_stays(edge: Edge) -> None:
    four = shop(FOUR, ports=PORTS[:1])
    edge.done(four, EXTERNAL)
    edge.module("vcd_virtual_service", name="vs-shop-web", ipv6_virtual_ip_address=SIX)
    assert edge.done(four, EXTERNAL)["changed"] is False
    edge.done(shop("203.0.113.21", ports=PORTS[:1]), EXTERNAL)
    edge.done(four, INTERNAL)
    edge.done(four, EXTERNAL)
    assert vips(edge) == [(FOUR, SIX)]
    point = edge.restore_point(four)
    edge.module("vcd_virtual_service", name="vs-shop-web", ipv6_virtual_ip_address=OTHER_SIX)
    lost = edge.done(four, EXTERNAL, restore_point=point)["lost_settings"]
    assert lost == [f"virtual service vs-shop-web: ipv6VirtualIpAddress was {SIX} and is {OTHER_SIX}"]


def test_a_lost_virtual_service_comes_back_whole(edge: Edge) -> None:
    edge.done(shop(), EXTERNAL)
    edge.module("vcd_virtual_service", name="vs-shop-web", description="manually")
    there, point = comparable(edge.sim.dump()), edge.restore_point(shop())
    edge.module("vcd_virtual_service", name="vs-shop-web", state="absent")
    done = edge.done(shop(), EXTERNAL, restore_point=point)
    assert done["lost_settings"] == []
    assert comparable(edge.sim.dump()) == there


def test_another_object_on_the_address_is_a_conflict(edge: Edge) -> None:
    edge.done(shop(), EXTERNAL)
    other = [{"name": "other", "external_ip": "2001:db8:0:0::20", "members": MEMBERS, "ports": PORTS[:1]}]
    message = edge.failed(other, EXTERNAL)["msg"]
    assert message.startswith("other: port 80 of 2001:db8::20 is held by virtual service 'vs-shop-web'"), message
    both = [*shop(), {**other[0], "ports": [{"name": "db", "port": 5432, "node_port": 5432}]}]
    assert edge.done(both, EXTERNAL)["changed"] is True
    assert vips(edge) == [(None, SIX)] * 3


@pytest.mark.parametrize("scenario", [INTERNAL, DISTINCT])
def test_a_kept_ipv6_address_is_refused_behind_nat(edge: Edge, scenario: str) -> None:
    edge.done(shop(), EXTERNAL)
    edge.sim.journal(clear=True)
    for check in (True, False):
        message = edge.failed(shop(None), scenario, check=check)["msg"]
        assert message == (
            f"services.external_ip: '{SIX}': service 'shop' needs scenario shared_external for an IPv6 address, as the "
            f"DNAT rules of {scenario} are for IPv4: use it, or give an IPv4 address"
        )
    assert written(edge.sim.journal()) == []
    edge.done(shop(FOUR), scenario)
    assert [(four[:10], six) for four, six in vips(edge) if four] == [("192.168.8.", None)] * 2
    assert edge.done(shop(FOUR), scenario)["changed"] is False
    edge.done(shop(), EXTERNAL)
    assert vips(edge) == [(None, SIX)] * 2
    assert edge.sim.dump()["nat_rules"] == []


def test_a_member_of_the_other_ip_version_cannot_see_the_client(edge: Edge) -> None:
    admin = edge.of(user="admin", password="admin-secret-1")
    message = admin.failed(shop(preserve_client_ip=True), EXTERNAL)["msg"]
    assert "clients of 2001:db8::20 have IPv6 addresses, and member 10.10.0.12 has none" in message
    admin.done(shop(preserve_client_ip=True, members=MEMBERS[:1]), EXTERNAL)
    sets = [one["ipAddresses"] for one in edge.sim.dump()["firewall_groups"] if one["name"].startswith("ipset-")]
    assert sets == [MEMBERS[:1]] * 2
    assert admin.done(shop(preserve_client_ip=True, members=MEMBERS[:1]), EXTERNAL)["changed"] is False


def test_missing_prerequisites_are_reported_before_the_first_write(tmp_path: Path) -> None:
    path = estate(tmp_path, uplinks=UPLINKS, load_balancer=BALANCER)
    with Simulator(path, task_seconds=0, health_seconds=0) as sim:
        edge = machines(sim)
        for check in (True, False):
            message = edge.failed(shop(), EXTERNAL, check=check)["msg"]
            assert message == (
                "services.external_ip: '2001:db8::20': the load balancer of edge gateway 'acme-edge' has no IPv6 "
                "service network: the provider can set one (ipv6_service_network of vcd_edge_load_balancer), or give "
                "an IPv4 address"
            )
        assert written(sim.journal()) == []
        assert edge.done(shop(FOUR), EXTERNAL)["changed"] is True
    with Simulator(path, task_seconds=0, health_seconds=0, api_versions="36.3") as sim:
        # one port, because sharing a VIP also needs 37.0
        message = machines(sim).failed(shop(ports=PORTS[:1]), EXTERNAL)["msg"]
        assert message.startswith("services.external_ip with an IPv6 address: requires API version 37.0 (Cloud Dir"), (
            message
        )
        assert written(sim.journal()) == []


def test_an_address_of_an_ip_space_is_used_if_it_is_given(tmp_path: Path) -> None:
    """A new service without an address gets one of IPv4, even if the first IP Space has IPv6 addresses only."""
    path = estate(tmp_path, of="ip-spaces", load_balancer=BOTH)
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    (space,) = found["ip_spaces"]
    six = {**space, "name": "a-first", "internal_scope": ["2001:db8::/64"], "ranges": ["2001:db8::10-2001:db8::60"]}
    found["ip_spaces"] = [six, space]
    path.write_text(yaml.safe_dump(found), encoding="utf-8")
    with Simulator(path, task_seconds=0, health_seconds=0) as sim:
        edge = machines(sim)
        message = edge.failed(shop(), EXTERNAL)["msg"]
        assert "is not allocated to the organization in an IP Space of edge gateway 'acme-edge'" in message
        edge.of(edge_gateway=None).module("vcd_ip_allocation", ip_space="a-first", value=SIX)
        edge.done(shop(), EXTERNAL)
        assert vips(edge) == [(None, SIX)] * 2
        assert edge.done(shop(), EXTERNAL)["changed"] is False
        new = [{**shop(None)[0], "name": "new"}]
        (created,) = edge.done(new, EXTERNAL)["services"]
        assert ":" not in created["external_ip"]
