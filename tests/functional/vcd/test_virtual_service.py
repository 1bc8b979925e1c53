# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_virtual_service against the simulator: creation, changes, rejections and recreation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service import resource
from in_process import PREMIUM_ESTATE, Modules
from vcdsim.testing import Simulator

MODULE = "vcd_virtual_service"
WEB: dict[str, Any] = {
    "name": "web",
    "pool": "web",
    "application_profile": "HTTP",
    "virtual_ip_address": "203.0.113.10",
    "service_ports": [{"start": 80}],
}
TLS: dict[str, Any] = {
    "name": "tls",
    "pool": "tls",
    "application_profile": "HTTPS",
    "virtual_ip_address": "203.0.113.10",
    "certificate": "web-cert",
    "service_ports": [{"start": 443, "ssl_enabled": True}, {"start": 8080}],
    "description": "kept",
}


@pytest.fixture
def pools(vcd: Modules) -> Modules:
    """Two pools."""
    for name in ("web", "tls"):
        vcd.done("vcd_pool", name=name, members=[{"ip_address": "10.10.0.11", "port": 30080}])
    vcd.simulator.journal(clear=True)
    return vcd


@pytest.fixture(scope="module")
def premium_running() -> Iterator[Simulator]:
    """An edge gateway with all features."""
    with Simulator(estate=PREMIUM_ESTATE) as simulator:
        yield simulator


@pytest.fixture
def premium(premium_running: Simulator) -> Modules:
    """That edge gateway, reset, with two pools."""
    premium_running.reset()
    vcd = Modules(premium_running)
    vcd.done("vcd_pool", name="web", members=[{"ip_address": "10.10.0.11"}])
    vcd.done("vcd_pool", name="group", member_group="workers")
    return vcd


@pytest.mark.parametrize(
    ("enabled", "status", "health", "settled"),
    [
        (True, "REALIZED", "UP", True),
        (True, "REALIZED", "DOWN", True),
        (True, "REALIZED", "DISABLED", False),
        (True, "REALIZED", "UNAVAILABLE", False),
        (True, "REALIZED", "PENDING", False),
        (True, "CONFIGURING", "UP", False),
        (False, "REALIZED", "DISABLED", True),
        (False, "REALIZED", "UP", False),
        (False, "PENDING", "DISABLED", False),
    ],
)
def test_a_virtual_service_is_settled_once_realized_with_a_known_health(
    enabled: bool, status: str, health: str, settled: bool
) -> None:
    assert resource.settled({"enabled": enabled, "status": status, "healthStatus": health}) is settled


def test_check_mode_predicts_the_created_object(pools: Modules) -> None:
    foreseen = pools.done(MODULE, check=True, **WEB)
    assert pools.writes() == []
    made = pools.done(MODULE, **WEB)
    only_known_afterwards = {"id", "status", "health_status", "health_message"}
    for key in set(made["virtual_service"]) - only_known_afterwards:
        assert foreseen["virtual_service"][key] == made["virtual_service"][key], key
    assert foreseen["diff"]["before"] == made["diff"]["before"] == {}
    assert made["diff"]["after"] == made["virtual_service"]
    assert made["virtual_service"]["health_status"] == "UP"


def test_a_repeated_task_writes_nothing(pools: Modules) -> None:
    pools.done(MODULE, **TLS)
    pools.simulator.journal(clear=True)
    again = pools.done(MODULE, **TLS)
    assert (again["changed"], pools.writes()) == (False, [])
    urn = again["virtual_service"]["pool"]["id"]
    assert pools.done(MODULE, **{**TLS, "pool": urn})["changed"] is False


def test_unset_options_keep_their_values(pools: Modules) -> None:
    before = pools.done(MODULE, **TLS)["virtual_service"]
    after = pools.done(MODULE, name="tls", enabled=False)["virtual_service"]
    assert after["health_status"] == "DISABLED"
    volatile = {"enabled": None, "health_status": None, "health_message": None}
    assert {**after, **volatile} == {**before, **volatile}


def test_an_empty_string_clears_an_option(pools: Modules) -> None:
    pools.done(MODULE, **TLS)
    plain = {"application_profile": "HTTP", "certificate": "", "description": "", "service_ports": [{"start": 443}]}
    after = pools.done(MODULE, name="tls", **plain)["virtual_service"]
    assert (after["certificate"], after["description"]) == (None, "")
    assert pools.done(MODULE, name="tls", **plain)["changed"] is False


def test_it_can_be_renamed_by_id(pools: Modules) -> None:
    urn = pools.done(MODULE, **WEB)["virtual_service"]["id"]
    assert pools.done(MODULE, id=urn, name="web-2")["virtual_service"]["name"] == "web-2"
    assert pools.done(MODULE, id=urn, name="web-2")["changed"] is False
    assert pools.done(MODULE, id=urn, state="absent")["changed"] is True
    assert pools.done(MODULE, id=urn, state="absent")["changed"] is False
    assert "there is no virtual service with this id" in pools.refused(MODULE, id=urn, name="web-2")


def test_an_unshared_vip_is_changed_in_place(pools: Modules) -> None:
    urn = pools.done(MODULE, **WEB)["virtual_service"]["id"]
    changed = pools.done(MODULE, name="web", virtual_ip_address="203.0.113.11")["virtual_service"]
    assert (changed["id"], changed["virtual_ip_address"]) == (urn, "203.0.113.11")


def test_a_shared_vip_is_changed_only_by_recreation(pools: Modules) -> None:
    pools.done(MODULE, **WEB)
    before = pools.done(MODULE, **TLS)["virtual_service"]
    pools.simulator.journal(clear=True)
    move = {"name": "tls", "virtual_ip_address": "203.0.113.11"}
    message = pools.refused(MODULE, **move)
    assert "virtual_ip_address: '203.0.113.11': VIP 203.0.113.10 is shared with 'web'" in message
    assert "recreate: true" in message
    foreseen = pools.done(MODULE, check=True, recreate=True, **move)
    assert pools.writes() == []
    after = pools.done(MODULE, recreate=True, **move)["virtual_service"]
    path = f"loadBalancer/virtualServices/{before['id']}"
    assert pools.writes() == [f"DELETE {path}", "POST loadBalancer/virtualServices"]
    changing = {"id": None, "virtual_ip_address": None}
    assert {**after, **changing} == {**before, **changing}
    assert foreseen["virtual_service"]["virtual_ip_address"] == "203.0.113.11"
    assert pools.done(MODULE, recreate=True, **move)["changed"] is False


def test_the_group_is_changed_only_by_recreation_and_keeps_everything(premium: Modules) -> None:
    given = {
        "name": "web",
        "pool": "group",
        "application_profile": "L4",
        "virtual_ip_address": "203.0.113.10",
        "ipv6_virtual_ip_address": "2001:DB8::10",
        "service_engine_group": "seg-1",
        "service_ports": [
            {"start": 53, "type": "TCP_PROXY"},
            {"start": 8000, "end": 8010, "type": "TCP_PROXY"},
        ],
        "transparent_mode_enabled": True,
        "enabled": False,
        "description": "kept",
    }
    before = premium.done(MODULE, **given)["virtual_service"]
    assert premium.done(MODULE, **given)["changed"] is False
    assert "service_engine_group: 'seg-2'" in premium.refused(MODULE, name="web", service_engine_group="seg-2")
    after = premium.done(MODULE, name="web", service_engine_group="seg-2", recreate=True)["virtual_service"]
    assert after["service_engine_group"]["name"] == "seg-2"
    changing = {"id": None, "service_engine_group": None}
    assert {**after, **changing} == {**before, **changing}


def test_a_vip_may_be_ipv6_alone_or_with_ipv4(premium: Modules) -> None:
    given = {"name": "six", "pool": "web", "application_profile": "L4", "service_engine_group": "seg-1"}
    ports = {"service_ports": [{"start": 80}]}
    only_six = premium.done(MODULE, **given, **ports, ipv6_virtual_ip_address="2001:db8::0010")["virtual_service"]
    assert (only_six["virtual_ip_address"], only_six["ipv6_virtual_ip_address"]) == (None, "2001:db8::10")
    premium.done(MODULE, name="six", virtual_ip_address="203.0.113.10")
    only_four = premium.done(MODULE, name="six", ipv6_virtual_ip_address="")["virtual_service"]
    assert (only_four["virtual_ip_address"], only_four["ipv6_virtual_ip_address"]) == ("203.0.113.10", None)
    assert "required" in premium.refused(MODULE, name="six", virtual_ip_address="")


def test_a_name_that_a_filter_cannot_contain_is_found(premium: Modules) -> None:
    given = {**WEB, "name": "a, b; (c) + d*", "service_engine_group": "seg-1", "application_profile": "L4_TLS"}
    given |= {"certificate": "two words", "service_ports": [{"start": 443, "ssl_enabled": True}]}
    assert premium.done(MODULE, **given)["virtual_service"]["certificate"]["name"] == "two words"
    assert premium.done(MODULE, **given)["changed"] is False


def test_a_new_virtual_service_gets_a_service_engine_group(premium: Modules) -> None:
    message = premium.refused(MODULE, **WEB)
    assert "service_engine_group: required to create virtual service 'web'" in message
    assert "seg-1, seg-2" in message
    premium.done(MODULE, **WEB, service_engine_group="seg-2")
    second = {**WEB, "name": "second", "pool": "group", "service_ports": [{"start": 81}]}
    assert premium.done(MODULE, **second)["virtual_service"]["service_engine_group"]["name"] == "seg-2"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"virtual_ip_address": "203.0.113"}, "virtual_ip_address: '203.0.113': is not an IP address: give one IPv4"),
        ({"virtual_ip_address": "2001:db8::1"}, "virtual_ip_address: '2001:db8::1': is an IPv6 address"),
        ({"ipv6_virtual_ip_address": "10.0.0.1"}, "ipv6_virtual_ip_address: '10.0.0.1': is an IPv4 address"),
        ({"service_ports": [{"start": 0}]}, "service_ports.start: 0: give a port from 1 to 65535"),
        ({"service_ports": [{"start": 70000}]}, "service_ports.start: 70000: give a port"),
        ({"service_ports": [{"start": 90, "end": 80}]}, "service_ports.end: 80: is lower than start (90)"),
        ({"service_ports": []}, "service_ports: 0: give 1 to 10 entries"),
        ({"service_ports": [{"start": 80, "end": 90}, {"start": 85}]}, "service_ports: '85': overlaps with 80-90"),
        ({"name": " "}, "name: ' ': give a name"),
        ({"application_profile": "TCP"}, "must be one of: HTTP, HTTPS, L4, L4_TLS, got: TCP"),
        ({"name": None}, "one of the following is required: name, id"),
    ],
)
def test_bad_input_is_rejected_before_any_request(pools: Modules, change: dict[str, Any], says: str) -> None:
    assert says in pools.refused(MODULE, **{**WEB, **change})
    assert pools.simulator.journal() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pool": None}, "pool: required to create virtual service 'web' on edge gateway 'acme-edge'"),
        (
            {"application_profile": None, "service_ports": None},
            "application_profile, service_ports: required to create",
        ),
        ({"virtual_ip_address": None}, "virtual_ip_address (or ipv6_virtual_ip_address): required to create"),
        ({"pool": "nowhere"}, "pool: 'nowhere': no pool with this name on edge gateway 'acme-edge'"),
        ({"pool": "urn:vcloud:gateway:0-0"}, "pool: 'urn:vcloud:gateway:0-0': is a URN of kind gateway"),
        ({"certificate": "nowhere"}, "certificate: 'nowhere': no certificate with this name in the certificate"),
        ({"service_engine_group": "x"}, "no service engine group with this name assigned to edge gateway"),
        ({"application_profile": "HTTPS"}, "application_profile: 'HTTPS': requires a certificate"),
        ({"application_profile": "HTTPS", "certificate": "web-cert"}, "requires ssl_enabled: true on a port"),
        ({"service_ports": [{"start": 80, "ssl_enabled": True}]}, "not allowed with HTTP"),
        (
            {"service_ports": [{"start": 80, "type": "UDP_FAST_PATH"}]},
            "not allowed with HTTP: use TCP_PROXY or profile L4",
        ),
        (
            {"edge_gateway": "nowhere"},
            "edge_gateway: 'nowhere': no edge gateway with this name visible to user 'kube'",
        ),
        ({"virtual_ip_address": "203.0.113.99"}, "is not allocated to edge gateway 'acme-edge'"),
    ],
)
def test_impossible_options_are_rejected_before_any_write(pools: Modules, change: dict[str, Any], says: str) -> None:
    before = pools.simulator.dump()["virtual_services"]
    assert says in pools.refused(MODULE, **{**WEB, **change})
    assert pools.simulator.dump()["virtual_services"] == before == []


def test_a_used_port_of_the_vip_is_rejected(pools: Modules) -> None:
    pools.done(MODULE, **WEB)
    message = pools.refused(MODULE, **{**TLS, "service_ports": [{"start": 70, "end": 90, "ssl_enabled": True}]})
    assert "virtual_ip_address: '203.0.113.10': virtual service 'web' already uses its port 80" in message
    pools.done(MODULE, **TLS)
    assert "already uses its port 80" in pools.refused(
        MODULE, name="tls", service_ports=[{"start": 443, "ssl_enabled": True}, {"start": 80}]
    )


def test_wait_false_does_not_wait_for_health(pools: Modules) -> None:
    pools.simulator.settings(health_seconds=3600)
    assert pools.done(MODULE, **WEB, wait=False)["virtual_service"]["health_status"] == "PENDING"
    assert pools.done(MODULE, **WEB, wait_timeout=0, check=True)["changed"] is False
    message = pools.refused(MODULE, **WEB, wait_timeout=0)
    assert "timed out after 0 s waiting for virtual service 'web'" in message
    assert "healthStatus PENDING" in message
    pools.simulator.settings(health_seconds=0.05)


def test_options_that_an_old_server_lacks_are_rejected_before_any_write() -> None:
    with Simulator(estate="one-edge", api_versions="36.0,36.3") as simulator:
        vcd = Modules(simulator)
        for name in ("web", "tls"):
            vcd.done("vcd_pool", name=name)
        vcd.done(MODULE, **WEB)
        simulator.journal(clear=True)
        assert "sharing a VIP requires API version 37.0 (Cloud Director 10.4.0) or newer" in vcd.refused(MODULE, **TLS)
        assert "ipv6_virtual_ip_address: requires API version 37.0" in vcd.refused(
            MODULE, name="web", ipv6_virtual_ip_address="2001:db8::1"
        )
        assert "transparent_mode_enabled: requires API version 37.1" in vcd.refused(
            MODULE, name="web", transparent_mode_enabled=True
        )
        assert "member_group: requires API version 37.1" in vcd.refused("vcd_pool", name="web", member_group="workers")
        assert "ssl_enabled: requires API version 37.0" in vcd.refused("vcd_pool", name="web", ssl_enabled=True)
        assert "applied_to: requires API version 36.2" in vcd.as_user(api_version="36.0").refused(
            "vcd_nat_rule",
            name="n",
            type="SNAT",
            external_addresses="203.0.113.20",
            internal_addresses="10.10.0.0/24",
            applied_to="k8s-net",
        )
        assert vcd.writes() == []
