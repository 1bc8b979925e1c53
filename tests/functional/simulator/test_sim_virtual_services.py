# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual services: fields, capacity, and the rules of VIPs."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_bench import Api, Scene
from vcdsim.testing import Simulator

SERVICES = "/loadBalancer/virtualServices"
POOLS = "/loadBalancer/pools"
VIP = "203.0.113.10"


@pytest.fixture
def pool(api: Api, scene: Scene) -> str:
    return api.done("POST", POOLS, scene.pool("p1"))


@pytest.fixture
def second(api: Api, scene: Scene) -> str:
    return api.done("POST", POOLS, scene.pool("p2"))


def certificate(api: Api) -> dict[str, str]:
    return {"id": api.named("/ssl/certificateLibrary", "web-cert")["id"]}


def test_a_body_as_cpi_sends_it_is_accepted(api: Api, scene: Scene, pool: str) -> None:
    sent = scene.service(
        pool,
        applicationProfile={"name": "System-L4-Application", "type": "L4", "systemDefined": True},
        servicePorts=[{"tcpUdpProfile": {"type": "TCP_PROXY"}, "portStart": 80}],
    )
    service = api.done("POST", SERVICES, sent)
    body = api.get(f"{SERVICES}/{service}")
    assert (body["status"], body["healthStatus"]) == ("REALIZED", "UP")
    assert body["servicePorts"][0]["tcpUdpProfile"]["type"] == "TCP_PROXY"
    assert body["serviceEngineGroupRef"] == {"name": "seg-shared", "id": scene.group}
    api.done("PUT", f"{SERVICES}/{service}", body)
    assert api.get(f"{SERVICES}/{service}") == body


def test_a_summary_has_only_the_type_of_the_profile(api: Api, scene: Scene, pool: str) -> None:
    api.done("POST", SERVICES, scene.service(pool))
    summary = api.values(f"/edgeGateways/{scene.edge}/loadBalancer/virtualServiceSummaries?filter=name==service")[0]
    assert summary["applicationProfileType"] == "HTTP"
    assert "applicationProfile" not in summary
    assert summary["servicePorts"][0]["portStart"] == 80


def test_the_primary_address_of_the_gateway_is_a_vip_like_others(api: Api, scene: Scene, pool: str) -> None:
    made = api.done("POST", SERVICES, scene.service(pool, virtualIpAddress="203.0.113.2"))
    assert api.get(f"{SERVICES}/{made}")["virtualIpAddress"] == "203.0.113.2"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"x": 1}, 'Unrecognized field "x"'),
        ({"name": ""}, 'field "name"'),
        ({"enabled": None}, '"enabled" is required'),
        ({"virtualIpAddress": "203.0.113.300"}, "virtualIpAddress"),
        ({"virtualIpAddress": ""}, "it or ipv6VirtualIpAddress is required"),
        ({"virtualIpAddress": None, "ipv6VirtualIpAddress": "10.0.0.1"}, "ipv6VirtualIpAddress"),
        ({"virtualIpAddress": "203.0.113.5"}, "is not allocated to the edge gateway"),
        ({"virtualIpAddress": "192.168.255.9"}, "in the service network"),
        ({"virtualIpAddress": "10.10.0.1"}, "is the gateway address of the network k8s-net"),
        ({"virtualIpAddress": "10.10.0.11"}, "a virtual machine in the network k8s-net has it"),
        ({"applicationProfile": {"type": "TCP"}}, "applicationProfile.type"),
        ({"applicationProfile": {"type": "-"}}, "applicationProfile.type"),
        ({"applicationProfile": {"type": "L4_TLS"}}, "PREMIUM"),
        ({"applicationProfile": {"type": "HTTPS"}}, 'field "certificateRef": it is required'),
        ({"servicePorts": []}, "at least 1 entries"),
        ({"servicePorts": [{"portStart": one} for one in range(11)]}, "at most 10 entries"),
        ({"servicePorts": [{"portStart": 70000}]}, "at most 65535"),
        ({"servicePorts": [{"portStart": 90, "portEnd": 80}]}, "portEnd is before portStart"),
        ({"servicePorts": [{"portStart": 80, "portEnd": 90}, {"portStart": 85}]}, "a port in common"),
        ({"servicePorts": [{"portStart": 80, "sslEnabled": True}]}, "with HTTPS and L4_TLS only"),
        ({"servicePorts": [{"portStart": 80, "tcpUdpProfile": {"type": "UDP_FAST_PATH"}}]}, "must be TCP_PROXY"),
        (
            {"applicationProfile": {"type": "L4"}, "servicePorts": [{"portStart": 80}, {"portStart": 81}]},
            "several L4 ports need the PREMIUM",
        ),
        ({"transparentModeEnabled": True}, "transparent mode is not enabled"),
        ({"serviceEngineGroupRef": {"id": "urn:vcloud:serviceEngineGroup:" + "0" * 36}}, "of the form"),
        (
            {"serviceEngineGroupRef": {"id": "urn:vcloud:serviceEngineGroup:00000000-0000-0000-0000-000000000000"}},
            "is not assigned",
        ),
        (
            {"loadBalancerPoolRef": {"id": "urn:vcloud:loadBalancerPool:00000000-0000-0000-0000-000000000000"}},
            "there is no such loadBalancerPool",
        ),
    ],
)
def test_an_invalid_body_is_refused(
    sim: Simulator, api: Api, scene: Scene, pool: str, change: dict[str, Any], text: str
) -> None:
    api.refused("POST", SERVICES, scene.service(pool, **change), text)
    assert sim.dump()["virtual_services"] == []


def test_https_needs_a_certificate_and_a_port_with_tls(api: Api, scene: Scene, pool: str) -> None:
    https: dict[str, Any] = {"applicationProfile": {"type": "HTTPS"}, "certificateRef": certificate(api)}
    api.refused("POST", SERVICES, scene.service(pool, **https), "at least one must have sslEnabled")
    ports = [{"portStart": 443, "sslEnabled": True}, {"portStart": 80}]
    service = api.done("POST", SERVICES, scene.service(pool, servicePorts=ports, **https))
    body = api.get(f"{SERVICES}/{service}")
    assert body["certificateRef"]["name"] == "web-cert"
    assert [port["sslEnabled"] for port in body["servicePorts"]] == [True, False]


def test_l4_may_choose_its_port_profile(api: Api, scene: Scene, pool: str) -> None:
    ports = [{"portStart": 53, "tcpUdpProfile": {"type": "UDP_FAST_PATH"}}]
    service = api.done("POST", SERVICES, scene.service(pool, applicationProfile={"type": "L4"}, servicePorts=ports))
    assert api.get(f"{SERVICES}/{service}")["servicePorts"][0]["tcpUdpProfile"]["name"] == "System-UDP-Fast-Path"


def test_one_port_of_a_vip_may_serve_two_protocols(
    sim: Simulator, api: Api, scene: Scene, pool: str, second: str
) -> None:
    def ports(kind: str, **more: int) -> dict[str, Any]:
        profile = {"applicationProfile": {"type": "L4"}}
        return {**profile, "servicePorts": [{"portStart": 53, "tcpUdpProfile": {"type": kind}, **more}]}

    api.done("POST", SERVICES, scene.service(pool, **ports("TCP_FAST_PATH")))
    other = scene.service(second, "two", **ports("UDP_FAST_PATH"))
    api.refused("POST", SERVICES, other, "is in use by the virtual service service for another protocol")
    sim.assume(vip_port_two_protocols="allowed")
    for mine in (ports("TCP_PROXY"), ports("TCP_PROXY", portEnd=60)):
        api.refused("POST", SERVICES, scene.service(second, "two", **mine), "is in use by the virtual service service")
    two = api.done("POST", SERVICES, other)
    api.refused("PUT", f"{SERVICES}/{two}", scene.service(second, "two", **ports("TCP_PROXY")), "port 53 of")


def test_names_are_unique_on_a_gateway(api: Api, scene: Scene, pool: str, second: str) -> None:
    api.done("POST", SERVICES, scene.service(pool))
    other = scene.service(second, virtualIpAddress="203.0.113.11")
    api.refused("POST", SERVICES, other, "already exists on acme-edge")


def test_a_pool_serves_one_virtual_service(api: Api, scene: Scene, pool: str, second: str) -> None:
    api.done("POST", SERVICES, scene.service(pool))
    other = {"virtualIpAddress": "203.0.113.11"}
    api.refused("POST", SERVICES, scene.service(pool, "two", **other), "is used by the virtual service service")
    two = api.done("POST", SERVICES, scene.service(second, "two", **other))
    api.refused("PUT", f"{SERVICES}/{two}", scene.service(pool, "two", **other), "is used by the virtual service")


def test_health_is_pending_then_up(sim: Simulator, api: Api, scene: Scene, pool: str) -> None:
    sim.settings(health_seconds=600)
    service = api.done("POST", SERVICES, scene.service(pool))
    assert api.get(f"{SERVICES}/{service}")["healthStatus"] == "PENDING"
    sim.settings(health_seconds=0)
    api.done("DELETE", f"{SERVICES}/{service}")
    service = api.done("POST", SERVICES, scene.service(pool))
    assert api.get(f"{SERVICES}/{service}")["healthStatus"] == "UP"
    api.done("PUT", f"{SERVICES}/{service}", scene.service(pool, enabled=False))
    assert api.get(f"{SERVICES}/{service}")["healthStatus"] == "DISABLED"


def test_virtual_services_share_an_address_on_different_ports(api: Api, scene: Scene, pool: str, second: str) -> None:
    api.done("POST", SERVICES, scene.service(pool))
    for taken in ([{"portStart": 80}], [{"portStart": 70, "portEnd": 90}], [{"portStart": 81}, {"portStart": 80}]):
        api.refused("POST", SERVICES, scene.service(second, "two", servicePorts=taken), f"port 80 of {VIP} is in use")
    api.done("POST", SERVICES, scene.service(second, "two", servicePorts=[{"portStart": 443}]))


def test_before_37_0_an_address_has_one_virtual_service(old: Simulator) -> None:
    api = Api(old, "kube@acme", version="36.3")
    scene = Scene(api)
    first, second = (api.done("POST", POOLS, scene.pool(name)) for name in ("p1", "p2"))
    api.done("POST", SERVICES, scene.service(first))
    other = scene.service(second, "two", servicePorts=[{"portStart": 443}])
    api.refused("POST", SERVICES, other, f"{VIP} is in use by the virtual service service")


def test_a_port_cannot_be_changed_to_one_in_use(api: Api, scene: Scene, pool: str, second: str) -> None:
    api.done("POST", SERVICES, scene.service(pool))
    two = api.done("POST", SERVICES, scene.service(second, "two", servicePorts=[{"portStart": 443}]))
    api.refused("PUT", f"{SERVICES}/{two}", scene.service(second, "two"), f"port 80 of {VIP} is in use")
    api.done("PUT", f"{SERVICES}/{two}", scene.service(second, "two", servicePorts=[{"portStart": 8443}]))


def test_a_shared_address_cannot_be_changed(sim: Simulator, api: Api, scene: Scene, pool: str, second: str) -> None:
    one = api.done("POST", SERVICES, scene.service(pool))
    api.done("PUT", f"{SERVICES}/{one}", scene.service(pool, virtualIpAddress="203.0.113.11"))
    api.done("PUT", f"{SERVICES}/{one}", scene.service(pool))
    two = api.done("POST", SERVICES, scene.service(second, "two", servicePorts=[{"portStart": 443}]))
    moved = scene.service(pool, virtualIpAddress="203.0.113.11")
    api.refused("PUT", f"{SERVICES}/{one}", moved, "is shared with another virtual service and cannot be changed")
    api.done("PUT", f"{SERVICES}/{one}", scene.service(pool, description="everything else can"))
    sim.assume(put_shared_vip_vs="refused")
    api.refused("PUT", f"{SERVICES}/{one}", scene.service(pool), "shares its virtual IP address cannot be updated")
    api.done("DELETE", f"{SERVICES}/{two}")
    api.done("PUT", f"{SERVICES}/{one}", moved)


def test_changing_to_an_address_in_use_is_an_assumption(
    sim: Simulator, api: Api, scene: Scene, pool: str, second: str
) -> None:
    api.done("POST", SERVICES, scene.service(pool))
    elsewhere = scene.service(second, "two", virtualIpAddress="203.0.113.11", servicePorts=[{"portStart": 443}])
    two = api.done("POST", SERVICES, elsewhere)
    joined = {**elsewhere, "virtualIpAddress": VIP}
    api.refused("PUT", f"{SERVICES}/{two}", joined, "cannot be changed to that of another virtual service")
    sim.assume(vip_change_to_used_address="allowed")
    api.done("PUT", f"{SERVICES}/{two}", joined)


def test_an_address_of_a_dnat_rule_is_an_assumption(sim: Simulator, api: Api, scene: Scene, pool: str) -> None:
    api.done("POST", scene.nat, scene.rule(externalAddresses=VIP))
    api.refused("POST", SERVICES, scene.service(pool), "it is the external address of the DNAT rule rule")
    sim.assume(vip_dnat_same_address="allowed")
    api.done("POST", SERVICES, scene.service(pool))


def test_sharing_in_two_groups_is_an_assumption(sim: Simulator, api: Api, scene: Scene) -> None:
    for name in ("p1", "p2"):
        api.done("POST", POOLS, scene.pool(name))
    group = make_second_group(sim)
    pools = {one["name"]: one["id"] for one in api.values(f"/edgeGateways/{scene.edge}/loadBalancer/poolSummaries")}
    api.done("POST", SERVICES, scene.service(pools["p1"]))
    other = scene.service(pools["p2"], "two", servicePorts=[{"portStart": 443}], serviceEngineGroupRef={"id": group})
    api.refused("POST", SERVICES, other, "which is in another service engine group")
    sim.assume(shared_vip_one_group="no")
    two = api.done("POST", SERVICES, other)
    back = {**other, "serviceEngineGroupRef": {"id": scene.group}}
    api.refused("PUT", f"{SERVICES}/{two}", back, 'field "serviceEngineGroupRef": it cannot be changed')


def make_second_group(sim: Simulator) -> str:
    """Assign the estate's second group; its identifier."""
    system = Api(sim, "administrator@System")
    group = system.named("/loadBalancer/serviceEngineGroups", "seg-dedicated")["id"]
    edge = system.named("/edgeGateways", "acme-edge")["id"]
    body = {"serviceEngineGroupRef": {"id": group}, "gatewayRef": {"id": edge}}
    system.done("POST", "/loadBalancer/serviceEngineGroups/assignments", body)
    return str(group)


def test_a_full_group_has_no_room(sim: Simulator, system: Api, api: Api, scene: Scene, pool: str, second: str) -> None:
    path = f"/loadBalancer/serviceEngineGroups/assignments/{scene.assignment}"
    limited = {**system.get(path), "maxVirtualServices": 1}
    system.done("PUT", path, limited)
    one = api.done("POST", SERVICES, scene.service(pool))
    assert api.get(path)["numDeployedVirtualServices"] == 1
    two = scene.service(second, "two", servicePorts=[{"portStart": 443}])
    api.refused("POST", SERVICES, two, "has no room: 1 virtual services are deployed on acme-edge")
    api.done("PUT", f"{SERVICES}/{one}", scene.service(pool, description="it may still change"))
    api.done("DELETE", f"{SERVICES}/{one}")
    api.done("POST", SERVICES, two)


def test_transparent_mode_has_requirements(system: Api, api: Api, scene: Scene, pool: str, second: str) -> None:
    transparent_gateway(system, scene)
    wanted: dict[str, Any] = {"transparentModeEnabled": True}
    api.refused("POST", SERVICES, scene.service(pool, **wanted), "it needs a pool with a member group")
    group = {"id": api.values("/firewallGroups/summaries")[0]["id"]}
    api.done("PUT", f"{POOLS}/{pool}", scene.pool("p1", members=[], memberGroupRef=group))
    fast: dict[str, Any] = {"portStart": 80, "tcpUdpProfile": {"type": "TCP_FAST_PATH"}}
    l4 = scene.service(pool, applicationProfile={"type": "L4"}, servicePorts=[fast], **wanted)
    api.refused("POST", SERVICES, l4, "it needs ports of the profile TCP_PROXY")
    api.done("POST", SERVICES, scene.service(pool, **wanted))
    api.refused("PUT", f"{POOLS}/{pool}", scene.pool("p1"), "is in transparent mode")
    settings = f"/edgeGateways/{scene.edge}/loadBalancer"
    system.refused(
        "PUT", settings, {**system.get(settings), "transparentModeEnabled": False}, "while virtual services use it"
    )


def transparent_gateway(system: Api, scene: Scene) -> None:
    settings = f"/edgeGateways/{scene.edge}/loadBalancer"
    system.done("PUT", settings, {**system.get(settings), "transparentModeEnabled": True})


def test_the_requirements_of_transparent_mode_may_be_unchecked(system: Api, api: Api, scene: Scene, pool: str) -> None:
    api.sim.assume(transparent_needs="unchecked")
    service = scene.service(pool, transparentModeEnabled=True)
    api.refused("POST", SERVICES, service, "transparent mode is not enabled on the edge gateway")
    transparent_gateway(system, scene)
    api.done("POST", SERVICES, service)
    api.done("PUT", f"{POOLS}/{pool}", scene.pool("p1"))


def test_logging_of_uncritical_events_depends_on_the_version(api: Api, scene: Scene, pool: str) -> None:
    body = scene.service(pool, nonCriticalLoggingEnabled=True)
    api.refused("POST", SERVICES, body, 'Unrecognized field "nonCriticalLoggingEnabled"', version="37.2")
    path = f"{SERVICES}/{api.done('POST', SERVICES, body, version='38.0')}"
    assert api.get(path, version="39.0")["nonCriticalLoggingEnabled"] is True
    assert "nonCriticalLoggingEnabled" not in api.get(path)
    api.done("PUT", path, api.get(path))  # in an older version, which lacks it
    assert api.get(path, version="38.0")["nonCriticalLoggingEnabled"] is False


def test_a_virtual_service_may_have_an_ipv6_address(
    sim: Simulator, api: Api, scene: Scene, pool: str, second: str
) -> None:
    both = {"ipv6VirtualIpAddress": "2001:DB8::10"}
    api.refused("POST", SERVICES, scene.service(pool, **both), "the load balancer has no IPv6 service network")
    sim.assume(ipv6_vip_needs_network="no")
    service = api.done("POST", SERVICES, scene.service(pool, **both))
    assert api.get(f"{SERVICES}/{service}")["ipv6VirtualIpAddress"] == "2001:DB8::10"
    alone = scene.service(second, "two", virtualIpAddress="", ipv6VirtualIpAddress="2001:db8:0::10")
    api.refused("POST", SERVICES, alone, "port 80 of 2001:db8::10 is in use")


def test_the_pool_of_another_gateway_is_refused(tenants: Simulator) -> None:
    api = Api(tenants, "kube@acme")
    first, second = (one["id"] for one in api.values("/edgeGateways"))
    pool = api.done("POST", POOLS, {"name": "p", "gatewayRef": {"id": first}})
    scene = Scene(api)
    body = scene.service(pool, gatewayRef={"id": second}, virtualIpAddress="192.168.8.2")
    api.refused("POST", SERVICES, body, "the pool belongs to another edge gateway")
    body = scene.service(pool, gatewayRef={"id": first}, virtualIpAddress="192.168.8.2")
    service = api.done("POST", SERVICES, body)
    api.refused("PUT", f"{SERVICES}/{service}", {**body, "gatewayRef": {"id": second}}, "belongs to another")
