# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An address that the edge gateway may not use is refused in check mode by every module, before any write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange, network_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.allotment import (
    AddressUse,
    Allotment,
    Usable,
    may_use,
)
from hypothesis import given
from hypothesis import strategies as st
from in_process import Modules
from moving import DISTINCT, ESTATES, EXTERNAL, INTERNAL, SCENARIOS
from vcdsim import addresses as simulated
from vcdsim.store import Record, Store
from vcdsim.testing import Simulator

SERVICE, NAT, SHARED = "vcd_virtual_service", "vcd_nat_rule", "vcd_shared_ip"
RIGHTS = ("View", "View Load Balancer", "Configure Load Balancer", "View NAT", "Configure NAT")
WEB: dict[str, Any] = {
    "name": "web",
    "pool": "web",
    "application_profile": "L4",
    "virtual_ip_address": "203.0.113.10",
    "service_ports": [{"start": 443}],
}
DNAT: dict[str, Any] = {"name": "rule", "type": "DNAT", "internal_addresses": "192.168.8.2", "dnat_external_port": "80"}
SHOP: dict[str, Any] = {
    "name": "shop",
    "members": ["10.10.0.11"],
    "ports": [
        {"name": "http", "port": 80, "node_port": 8080},
        {"name": "ssh", "port": 22, "node_port": 22},
    ],
}


FREE, OTHER = "203.0.113.10", "203.0.113.11"
# not in a range of the uplink, or not allocated in the IP Space; and addresses of another organisation
BAD = {"one-edge": ["203.0.113.99", "203.0.114.20", "8.8.8.8"], "ip-spaces": ["203.0.113.12", "8.8.8.8"]}
CASES = [(estate, address) for estate, found in BAD.items() for address in found]


@pytest.fixture(scope="module")
def simulators(tmp_path_factory: Any) -> Iterator[dict[str, Simulator]]:
    """Both estates, with a user who may not see IP Spaces."""
    started = {}
    for name in BAD:
        found = yaml.safe_load((ESTATES / f"{name}.yml").read_text())
        org = found["organisations"][0]
        rights = [f"Organization vDC Gateway: {one}" for one in RIGHTS]
        org["users"].append({"name": "blind", "password": "blind-secret-1", "rights": rights})
        if name == "ip-spaces":
            org["ip_allocations"] = [{"ip_space": "public", "value": value} for value in (FREE, OTHER)]
        path = tmp_path_factory.mktemp(name) / "estate.yml"
        path.write_text(yaml.safe_dump(found))
        started[name] = path
    fast = {"task_seconds": 0, "health_seconds": 0}
    with Simulator(started["one-edge"], **fast) as blocks, Simulator(started["ip-spaces"], **fast) as spaces:
        yield {"one-edge": blocks, "ip-spaces": spaces}


@pytest.fixture
def vcd(request: Any, simulators: dict[str, Simulator]) -> Modules:
    """An edge gateway with two pools. The parameter is the estate."""
    sim = simulators[request.param]
    sim.reset()
    found = Modules(sim)
    for name in ("web", "other"):
        found.done("vcd_pool", name=name)
    return found


def shop(external_ip: str | None, scenario: str = EXTERNAL, **more: Any) -> dict[str, Any]:
    """The options for a service of machines."""
    service = {**SHOP, "external_ip": external_ip, **more}
    return {"name_template": "{kind}-{service}-{port}", "scenario": scenario, "services": [service]}


def refused(vcd: Modules, module: str, **options: Any) -> str:
    """The refusal, which check mode predicts, and which comes before any write."""
    vcd.simulator.journal(clear=True)
    message = vcd.refused(module, check=True, **options)
    assert vcd.refused(module, **options) == message
    assert vcd.writes() == []
    assert "edge gateway 'acme-edge'" in message
    return message


@pytest.mark.parametrize(("vcd", "address"), CASES, indirect=["vcd"])
def test_a_virtual_service_is_refused_before_it_is_deleted(vcd: Modules, address: str) -> None:
    assert f"virtual_ip_address: {address!r}: is not " in refused(
        vcd, SERVICE, **{**WEB, "virtual_ip_address": address}
    )
    for name, port in (("web", 443), ("other", 8443)):
        vcd.done(SERVICE, **{**WEB, "name": name, "pool": name, "service_ports": [{"start": port}]})
    before = vcd.simulator.dump()["virtual_services"]
    message = refused(vcd, SERVICE, name="web", virtual_ip_address=address, recreate=True)
    assert f"virtual_ip_address: {address!r}: is not " in message
    assert vcd.simulator.dump()["virtual_services"] == before
    moved = vcd.done(SERVICE, name="web", virtual_ip_address=OTHER, recreate=True)
    assert moved["virtual_service"]["virtual_ip_address"] == OTHER
    inside = vcd.done(SERVICE, name="other", virtual_ip_address="192.168.8.9")
    assert inside["virtual_service"]["virtual_ip_address"] == "192.168.8.9"


@pytest.mark.parametrize(("vcd", "address"), CASES, indirect=["vcd"])
@pytest.mark.parametrize("kind", ["DNAT", "REFLEXIVE", "SNAT"])
def test_a_rule_is_refused(vcd: Modules, address: str, kind: str) -> None:
    options = {**DNAT, "type": kind, "dnat_external_port": "80" if kind == "DNAT" else ""}
    assert f"external_addresses: {address!r}: is not " in refused(vcd, NAT, **options, external_addresses=address)
    vcd.done(NAT, **options, external_addresses=FREE)
    assert f"external_addresses: {address!r}: is not " in refused(vcd, NAT, name="rule", external_addresses=address)
    assert vcd.done(NAT, name="rule", external_addresses=OTHER)["changed"] is True


@pytest.mark.parametrize(("vcd", "address"), CASES, indirect=["vcd"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_service_is_refused_and_a_live_one_stays(vcd: Modules, address: str, scenario: str) -> None:
    message = refused(vcd, SHARED, **shop(address, scenario))
    assert f"services.external_ip: {address!r}: service 'shop': is not " in message
    vcd.done(SHARED, **shop(FREE, scenario))
    before = vcd.simulator.dump()
    assert f"services.external_ip: {address!r}" in refused(vcd, SHARED, **shop(address, scenario))
    after = vcd.simulator.dump()
    assert [after[kind] for kind in ("virtual_services", "nat_rules")] == [
        before[kind] for kind in ("virtual_services", "nat_rules")
    ]


@pytest.mark.parametrize("vcd", ["one-edge"], indirect=True)
def test_internal_ips_in_an_uplinks_subnet_are_refused_too(vcd: Modules) -> None:
    message = refused(vcd, SHARED, **shop(FREE, INTERNAL, internal_ips=["203.0.113.99"]))
    assert "services.internal_ips: '203.0.113.99': service 'shop': is not allocated" in message
    arm = {"start_ip": "45.0.0.2", "end_ip": "45.0.0.9"}  # the operator declares these internal
    assert vcd.done(SHARED, **shop(FREE, DISTINCT), one_arm=arm)["services"][0]["internal_ips"][0] == "45.0.0.2"


@pytest.mark.parametrize("vcd", ["ip-spaces"], indirect=True)
def test_a_user_who_may_not_see_ip_spaces_is_warned_and_cloud_director_decides(vcd: Modules) -> None:
    blind = vcd.as_user(user="blind", password="blind-secret-1")
    says = "it could not be checked whether edge gateway 'acme-edge' may use 203.0.113.1"
    for name, port in (("web", 443), ("other", 8443)):
        ports = [{"start": port}]
        made = blind.done(SERVICE, **{**WEB, "name": name, "pool": name, "service_ports": ports})
        assert says in str(made["warnings"])
    assert says in str(blind.done(NAT, **{**DNAT, "external_addresses": OTHER})["warnings"])
    assert "400" in blind.refused(NAT, **{**DNAT, "name": "new", "external_addresses": "203.0.113.12"})
    # no deletion before the address can be checked
    message = refused(blind, SERVICE, name="web", virtual_ip_address="203.0.113.12", recreate=True)
    assert says in message
    assert "nothing was deleted" in message


@pytest.mark.parametrize("vcd", ["one-edge"], indirect=True)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"virtual_ip_address": "192.168.255.9"}, "is in the load balancer's service network 192.168.255.0/25"),
        ({"virtual_ip_address": "10.10.0.1"}, "is the gateway address of network 'k8s-net'"),
        (
            {"virtual_ip_address": OTHER, "name": "other"},
            "name: 'other': another virtual service has this name",
        ),
        ({"virtual_ip_address": OTHER, "pool": "other"}, "pool: 'other': it serves virtual service 'other'"),
        ({"virtual_ip_address": OTHER, "service_ports": [{"start": 1}, {"start": 2}]}, "needs the feature set PREMIUM"),
    ],
)
def test_a_recreation_is_checked_completely_before_the_deletion(
    vcd: Modules, change: dict[str, Any], says: str
) -> None:
    urns = {}
    for name, port in (("web", 443), ("other", 8443)):
        ports = [{"start": port}]
        made = vcd.done(SERVICE, **{**WEB, "name": name, "pool": name, "service_ports": ports})
        urns[name] = made["virtual_service"]["id"]
    vcd.simulator.journal(clear=True)
    message = vcd.refused(SERVICE, id=urns["web"], **change, recreate=True)
    assert says in message
    assert vcd.writes() == []


SUBNET = {
    "gateway": "203.0.113.1",
    "prefixLength": 28,
    "primaryIp": "203.0.113.2",
    "ipRanges": {"values": [{"startAddress": "203.0.113.5", "endAddress": "203.0.113.8"}]},
}
UPLINKS = [{"uplinkId": "u", "usingIpSpace": False, "subnets": {"values": [SUBNET]}}]
GATEWAY = Record("gateway", "urn:gateway", {"edgeGatewayUplinks": UPLINKS}, None)


@given(st.integers(0, 15), st.sampled_from([AddressUse.VIP, AddressUse.RULE]))
def test_in_a_subnet_the_check_agrees_with_the_simulator(number: int, use: AddressUse) -> None:
    subnet = network_of("203.0.113.0/28")
    assert subnet is not None
    allotment = Allotment("edge", (subnet,), (AddressRange("203.0.113.5", "203.0.113.8"),), ("203.0.113.2",))
    text = f"203.0.113.{number}"
    refused = simulated.why_not_external(Store(), GATEWAY, text)
    assert (may_use(allotment, text, use).answer is Usable.NO) == bool(refused)
