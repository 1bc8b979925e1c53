# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services as k8s_info returns them become the services of vcd_shared_ip."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vcd.kubernetes.plugins.filter.shared_ip_services import shared_ip_services
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import SERVICE, read_request
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.given_services import services_from

SSL_PORTS = "service.beta.kubernetes.io/vcloud-avi-ssl-ports"


def service(name: str = "web", **more: Any) -> dict[str, Any]:
    ports = [
        {"name": "http", "port": 80, "nodePort": 30080, "protocol": "TCP", "appProtocol": "http"},
        {"name": "https", "port": 443, "nodePort": 30443, "protocol": "TCP"},
    ]
    spec = {"type": "LoadBalancer", "ports": ports, **more.pop("spec", {})}
    metadata = {"name": name, "namespace": "shop", **more.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": {}, **more}


def names(resources: Any, **options: Any) -> list[str]:
    return [one["name"] for one in services_from(resources, **options)[0]]


def test_ports_and_addresses_are_read_as_cpi_reads_them() -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}}
    (found,), warnings = services_from(
        [service(metadata={"annotations": {SSL_PORTS: "443"}}, status=status)],
        members=["10.10.0.11"],
        certificate="web",
    )
    assert warnings == []
    assert (found["name"], found["namespace"], found["external_ip"]) == ("web", "shop", "203.0.113.10")
    assert found["members"] == ["10.10.0.11"]
    http, https = found["ports"]
    assert (http["port"], http["node_port"], http["app_protocol"], http["ssl"]) == (80, 30080, "HTTP", False)
    assert (https["port"], https["ssl"], https["certificate"]) == (443, True, "web")


def test_the_module_accepts_the_result() -> None:
    (found,), _warnings = services_from([service()], members=["10.10.0.11"])
    assert set(found) <= set(SERVICE)
    assert all(set(port) <= set(SERVICE["ports"]["options"]) for port in found["ports"])
    whole = {**{name: option.get("default") for name, option in SERVICE.items()}, **found}
    request = read_request(
        {
            "cluster_id": "",
            "name_template": "{kind}-{service}-{port}",
            "scenario": "shared_external",
            "services": [whole],
            "state": "present",
            "one_arm": None,
        }
    )
    assert [port.spec.port for port in request.services[0].ports] == [80, 443]


def test_a_requested_address_is_used_unless_it_is_in_the_one_arm_range() -> None:
    asked = service(spec={"loadBalancerIP": "203.0.113.20"})
    inside = service(status={"loadBalancer": {"ingress": [{"ip": "192.168.8.2"}]}})
    assert services_from([asked])[0][0]["external_ip"] == "203.0.113.20"
    assert services_from([inside])[0][0]["external_ip"] is None


def test_only_services_of_the_type_and_class_are_taken_and_sorted() -> None:
    other = service("b", spec={"loadBalancerClass": "example.com/other"})
    gone = service("c", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})
    resources = [service("z"), service("a"), other, gone, service("d", spec={"type": "ClusterIP"})]
    assert names(resources) == names({"resources": resources, "changed": False}) == ["a", "z"]
    assert names(resources, load_balancer_class="example.com/other") == ["b"]
    assert names([]) == []


def test_a_port_that_no_virtual_service_can_have_is_reported_and_stays() -> None:
    ports = [
        {"name": "dns", "port": 53, "nodePort": 30053, "protocol": "UDP"},
        {"name": "http", "port": 80, "nodePort": 30080},
        {"name": "plain", "port": 81},
    ]
    (found,), warnings = services_from([service(spec={"ports": ports})])
    assert [port["name"] for port in found["ports"]] == ["http"]
    assert found["other_ports"] == ["dns", "plain"]
    assert len(warnings) == 2
    assert all(text.startswith("shop/web: port ") for text in warnings)
    assert services_from([service(spec={"ports": ports[:1]})])[0] == []


@pytest.mark.parametrize(
    "resources",
    [
        "text",
        {"resources": None},
        None,
        7,
        ["text"],
        [{"kind": "Pod", "spec": {}}],
        [{"kind": "Service"}],
        [service(spec={"ports": [{"port": "x"}]})],
    ],
)
def test_anything_but_services_is_refused_in_one_line(resources: Any) -> None:
    with pytest.raises(AnsibleFilterError) as refused:
        shared_ip_services(resources)
    assert "shared_ip_services" in str(refused.value)
    assert "defect" not in str(refused.value)
    assert "\n" not in str(refused.value)
