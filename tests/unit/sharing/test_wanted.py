# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wanted objects of a service in each scenario, as CPI creates them. tests/real compares them with the real CPI."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import VirtualService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import assign_internal_ips
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import (
    options_of,
    read_all_ports,
    read_ports,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedService, want

CLUSTER = "urn:vcloud:entity:vmware:capvcdCluster:c1"
WEB = Service.build(
    "web",
    [PortSpec("http", 80, 30080, "HTTP"), PortSpec("tls", 443, 30443, "TCP", "web-cert")],
    Naming.of_cluster(CLUSTER),
    cluster_id=CLUSTER,
    external_ip="203.0.113.10",
    members=["10.10.0.12", "10.10.0.11", "10.10.0.12"],
)
ONE_ARM = AddressRange.of("192.168.8.2", "192.168.8.4")


def vips(wanted: WantedService) -> list[str]:
    return [port.virtual_service.address for port in wanted.ports if port.virtual_service]


def service_port(**more: Any) -> dict[str, Any]:
    return {"name": "a", "port": 443, "node_port": 30443, "protocol": "TCP", "app_protocol": None, **more}


def test_shared_external_is_one_address_without_nat() -> None:
    found = want(WEB, Scenario.SHARED_EXTERNAL)
    assert vips(found) == ["203.0.113.10"] * 2
    assert all(port.nat_rule is None and port.profile is None for port in found.ports)


def test_shared_internal_is_one_internal_address_with_a_rule_a_port() -> None:
    found = want(WEB, Scenario.SHARED_INTERNAL, ["192.168.8.2"])
    assert vips(found) == ["192.168.8.2"] * 2
    assert [options_of(port.nat_rule) if port.nat_rule else None for port in found.ports] == [
        {
            "name": f"dnat-ingress-vs-web-capvcdCluster:c1-{name}",
            "enabled": True,
            "type": "DNAT",
            "external_addresses": "203.0.113.10",
            "internal_addresses": "192.168.8.2",
            "dnat_external_port": port,
            "application_port_profile": f"appPort_dnat-ingress-vs-web-capvcdCluster:c1-{name}",
        }
        for name, port in (("http", "80"), ("tls", "443"))
    ]


def test_distinct_internal_is_an_address_a_port() -> None:
    found = want(WEB, Scenario.DISTINCT_INTERNAL, ["192.168.8.2", "192.168.8.3"])
    assert vips(found) == ["192.168.8.2", "192.168.8.3"]
    assert [port.nat_rule.internal if port.nat_rule else "" for port in found.ports] == vips(found)


def test_a_tcp_port_has_a_health_monitor_and_a_certificate_makes_it_tls() -> None:
    http, tls = want(WEB, Scenario.SHARED_EXTERNAL).ports
    assert [port.pool.monitors for port in (http, tls) if port.pool] == [(), ("TCP",)]
    assert [port.virtual_service.profile for port in (http, tls) if port.virtual_service] == ["HTTP", "L4_TLS"]
    assert tls.virtual_service is not None
    assert [one["ssl_enabled"] for one in options_of(tls.virtual_service)["service_ports"]] == [True]


def test_pool_members_are_unique_and_in_order() -> None:
    pool = want(WEB, Scenario.SHARED_EXTERNAL).ports[0].pool
    assert pool is not None
    members = options_of(pool)["members"]
    assert [(one["ip_address"], one["port"]) for one in members] == [("10.10.0.11", 30080), ("10.10.0.12", 30080)]


@pytest.mark.parametrize(
    ("scenario", "addresses"),
    [
        (Scenario.SHARED_EXTERNAL, ["192.168.8.2"]),
        (Scenario.SHARED_INTERNAL, []),
        (Scenario.DISTINCT_INTERNAL, ["192.168.8.2"]),
    ],
)
def test_a_wrong_number_of_internal_addresses_is_refused(scenario: Scenario, addresses: list[str]) -> None:
    with pytest.raises(InvalidInput, match=f"{scenario.value} needs"):
        want(WEB, scenario, addresses)


def test_internal_addresses_are_the_lowest_that_are_free() -> None:
    other = Inventory([VirtualService("other", "pool", "192.168.8.3", ("80",))])
    found = assign_internal_ips(WEB, Scenario.DISTINCT_INTERNAL, ONE_ARM, other)
    assert found == ("192.168.8.2", "192.168.8.4")
    small = AddressRange.of("192.168.8.2", "192.168.8.3")
    with pytest.raises(InvalidInput, match="only 1 of its addresses are free, 2 are needed"):
        assign_internal_ips(WEB, Scenario.DISTINCT_INTERNAL, small, other)


@pytest.mark.parametrize(
    ("port", "annotations", "expected"),
    [
        ({}, {}, ("TCP", "")),
        ({"app_protocol": "https"}, {"ssl-ports": "443"}, ("HTTPS", "web-cert")),
        ({"app_protocol": "grpc"}, {}, ("TCP", "")),
        ({}, {"ssl-ports": "80,443", "ssl-cert-alias": "other"}, ("TCP", "other")),
        ({"app_protocol": "HTTP"}, {"ssl-ports": "443", "ssl-no-termination": "True"}, ("TCP", "")),
    ],
)
def test_annotations_decide_protocol_and_certificate_of_a_port(
    port: dict[str, Any], annotations: dict[str, str], expected: tuple[str, str]
) -> None:
    named = {f"service.beta.kubernetes.io/vcloud-avi-{name}": value for name, value in annotations.items()}
    (found,) = read_ports([service_port(**port)], named, "web-cert")
    assert (found.protocol, found.certificate) == expected


NOT_CREATED = [
    ({"node_port": None}, "it has no node port"),
    ({"protocol": "UDP"}, "UDP: CPI serves TCP only"),
    ({"protocol": "SCTP", "app_protocol": "grpc"}, "SCTP: CPI serves TCP only"),
    ({"app_protocol": "https"}, "https without a certificate"),
]


@pytest.mark.parametrize(("port", "why"), NOT_CREATED)
def test_ports_that_cpi_creates_no_virtual_service_for_are_left_out(port: dict[str, Any], why: str) -> None:
    assert read_ports([service_port(**port)], {}, "web-cert") == ()
    ((_spec, aside),) = read_all_ports([service_port(**port)], {}, "web-cert")
    assert aside
    assert why in aside.why
    assert aside.remedy


def test_a_udp_port_with_a_known_application_protocol_is_served() -> None:
    """CPI checks appProtocol first."""
    (found,) = read_ports([service_port(protocol="UDP", app_protocol="http")], {}, "")
    assert found.protocol == "HTTP"


def test_ports_that_cpi_refuses_are_refused() -> None:
    annotations = {"service.beta.kubernetes.io/vcloud-avi-ssl-ports": "443, 8443"}
    with pytest.raises(InvalidInput, match="vcloud-avi-ssl-ports: '443, 8443'"):
        read_ports([service_port()], annotations, "")
