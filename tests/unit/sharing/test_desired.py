# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of CPI's objects. tests/real holds it against the real program."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import (
    DesiredPort,
    DesiredService,
    choose_internal_ips,
    desired,
    read_ports,
)

CLUSTER = "urn:vcloud:entity:vmware:capvcdCluster:c1"
WEB = DesiredService(
    name="web",
    cluster_id=CLUSTER,
    external_ip="203.0.113.10",
    members=("10.10.0.12", "10.10.0.11", "10.10.0.12"),
    ports=(DesiredPort("http", 80, 30080, "HTTP"), DesiredPort("tls", 443, 30443, "TCP", "web-cert")),
)
ONE_ARM = AddressRange.of("192.168.8.2", "192.168.8.4")


def service_port(**more: Any) -> dict[str, Any]:
    return {"name": "a", "port": 443, "node_port": 30443, "protocol": "TCP", "app_protocol": None, **more}


def test_shared_external_is_one_address_without_nat() -> None:
    found = desired(WEB, Scenario.SHARED_EXTERNAL)
    assert [one.virtual_service.virtual_ip_address for one in found] == ["203.0.113.10"] * 2
    assert all(one.nat_rule is None and one.app_port_profile is None for one in found)


def test_shared_internal_is_one_internal_address_with_a_rule_a_port() -> None:
    found = desired(WEB, Scenario.SHARED_INTERNAL, ["192.168.8.2"])
    assert [one.virtual_service.virtual_ip_address for one in found] == ["192.168.8.2"] * 2
    assert [one.nat_rule.as_options() if one.nat_rule else None for one in found] == [
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
    found = desired(WEB, Scenario.DISTINCT_INTERNAL, ["192.168.8.2", "192.168.8.3"])
    addresses = [one.virtual_service.virtual_ip_address for one in found]
    assert addresses == ["192.168.8.2", "192.168.8.3"]
    assert [one.nat_rule.internal_addresses if one.nat_rule else "" for one in found] == addresses


def test_a_tcp_port_has_a_health_monitor_and_a_certificate_makes_it_tls() -> None:
    http, tls = desired(WEB, Scenario.SHARED_EXTERNAL)
    assert (http.pool.health_monitors, tls.pool.health_monitors) == ((), ("TCP",))
    profiles = (http.virtual_service.application_profile, tls.virtual_service.application_profile)
    assert profiles == ("HTTP", "L4_TLS")
    assert [one["ssl_enabled"] for one in tls.virtual_service.as_options()["service_ports"]] == [True]


def test_pool_members_are_unique_and_in_order() -> None:
    members = desired(WEB, Scenario.SHARED_EXTERNAL)[0].pool.as_options()["members"]
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
        desired(WEB, scenario, addresses)


def test_internal_addresses_are_the_lowest_that_are_free() -> None:
    assert choose_internal_ips(ONE_ARM, ["192.168.8.3"], 2) == ("192.168.8.2", "192.168.8.4")
    with pytest.raises(InvalidInput, match="only 2 of its addresses are free, 3 are needed"):
        choose_internal_ips(ONE_ARM, ["192.168.8.3"], 3)


@pytest.mark.parametrize(
    ("port", "annotations", "expected"),
    [
        ({}, {}, ("TCP", "")),
        ({"app_protocol": "https"}, {"ssl-ports": "443"}, ("HTTPS", "web-cert")),
        ({"app_protocol": "https"}, {"ssl-ports": "8443"}, ("HTTPS", "")),
        ({"app_protocol": "grpc"}, {}, ("TCP", "")),
        ({}, {"ssl-ports": "80,443", "ssl-cert-alias": "other"}, ("TCP", "other")),
        ({"app_protocol": "HTTP"}, {"ssl-ports": "443", "ssl-no-termination": "True"}, ("TCP", "")),
    ],
)
def test_protocol_and_certificate_of_a_port(
    port: dict[str, Any], annotations: dict[str, str], expected: tuple[str, str]
) -> None:
    named = {f"service.beta.kubernetes.io/vcloud-avi-{name}": value for name, value in annotations.items()}
    (found,) = read_ports([service_port(**port)], named, "web-cert")
    assert (found.protocol, found.certificate) == expected


def test_a_port_without_a_node_port_is_left_out() -> None:
    assert read_ports([service_port(node_port=None)], {}, "") == ()


def test_what_cpi_refuses_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"ports\.protocol: 'UDP': CPI serves TCP only"):
        read_ports([service_port(protocol="UDP")], {}, "")
    annotations = {"service.beta.kubernetes.io/vcloud-avi-ssl-ports": "443, 8443"}
    with pytest.raises(InvalidInput, match="vcloud-avi-ssl-ports: '443, 8443'"):
        read_ports([service_port()], annotations, "")
