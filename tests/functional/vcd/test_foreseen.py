# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases that fuzzing has found: check mode predicts a real run, and nothing is written before a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from certificates import make_pair
from in_process import Modules
from module_calls import surprises
from module_lives import ADMIN, EVERYTHING, PROVIDER
from vcdsim.testing import Simulator

PORTS = [{"name": "http", "port": 80, "node_port": 8080}, {"name": "ssh", "port": 22, "node_port": 22}]
SHOP: dict[str, Any] = {
    "edge_gateway": "acme-edge",
    "name_template": "{kind}-{service}-{port}",
    "services": [{"name": "shop", "members": ["10.10.0.11"], "ports": PORTS}],
}
RULE = {
    "vcd_nat_rule": {"type": "NO_SNAT", "internal_addresses": "10.10.0.11"},
    "vcd_firewall_rule": {"action": "DROP"},
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(EVERYTHING, api_versions="36.3,39.1", task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def org(simulator: Simulator) -> Modules:
    simulator.reset()
    return Modules(simulator, **ADMIN, edge_gateway=None)


def refused(modules: Modules, module: str, **options: Any) -> str:
    """The message of a run that writes nothing, in check mode and for real."""
    messages = {modules.refused(module, check=check, **options) for check in (True, False)}
    assert modules.writes() == []
    (message,) = messages
    return message


@pytest.mark.parametrize("module", sorted(RULE))
def test_logging_without_its_right_is_not_a_change(org: Modules, module: str) -> None:
    options = {"edge_gateway": "acme-edge", "name": "web", "logging": True, **RULE[module]}
    planned = org.done(module, check=True, **options)
    done = org.done(module, **options)
    assert surprises(module, planned, done) == []
    assert "logging: is ignored for" in str(planned["warnings"])
    assert "'Organization vDC Gateway: Configure System Logging'" in str(done["warnings"])
    org.simulator.journal(clear=True)
    again = org.done(module, **options)
    assert (again["changed"], org.writes()) == (False, [])
    assert "logging: is ignored for" in str(again["warnings"])


@pytest.mark.parametrize("ports", [["80"], ["80-90"], [], ["80", "81"]])
def test_check_mode_says_whether_a_profile_can_be_used_for_nat(org: Modules, ports: list[str]) -> None:
    options = {"edge_gateway": "acme-edge", "name": "app"}
    for given in ([{"protocol": "TCP", "destination_ports": ports}], [{"protocol": "UDP"}, {"protocol": "TCP"}]):
        planned = org.done("vcd_app_port_profile", check=True, application_ports=given, **options)
        done = org.done("vcd_app_port_profile", application_ports=given, **options)
        assert surprises("vcd_app_port_profile", planned, done) == []


def test_a_pool_needs_a_load_balancer(org: Modules) -> None:
    message = refused(org, "vcd_pool", edge_gateway="group-edge", name="web")
    assigned = {"service_engine_group": "seg-1", "max_virtual_services": 5, "reserved_virtual_services": 1}
    provider = org.as_user(**PROVIDER, edge_gateway="group-edge")
    assert refused(provider, "vcd_service_engine_group_assignment", **assigned) == message
    shared = {**SHOP, "edge_gateway": "group-edge", "scenario": "distinct_internal"}
    assert refused(org, "vcd_shared_ip", **shared) == message
    why = "its load balancer is disabled: ask the provider to enable it (vcd_edge_load_balancer)"
    assert message == f"edge_gateway: 'group-edge': {why}"


def test_a_nat_rule_is_limited_to_a_network(org: Modules) -> None:
    rule = {"edge_gateway": "acme-edge", "name": "standing"}
    uplink = org.simulator.dump()["edge_gateways"][0]["edgeGatewayUplinks"][0]["uplinkId"]
    for one in ("uplink-1", uplink["id"] if isinstance(uplink, dict) else uplink):
        message = refused(org, "vcd_nat_rule", **rule, applied_to=one)
        assert "no network or segment-backed uplink with this" in message
        assert "k8s-net" in message
    assert org.done("vcd_nat_rule", **rule, applied_to="k8s-net")["changed"] is True


def test_ports_cannot_share_an_ip_in_an_old_release(org: Modules) -> None:
    with Simulator(EVERYTHING, api_versions="36.3", task_seconds=0, health_seconds=0) as old:
        message = refused(Modules(old, **ADMIN), "vcd_shared_ip", **SHOP, scenario="shared_internal")
    assert message == (
        "scenario: 'shared_internal': the ports of service 'shop' would share an IP, which requires API version 37.0 "
        "(Cloud Director 10.4.0) or newer: choose distinct_internal"
    )
    # the release decides, not the version that the session uses
    assert org.done("vcd_shared_ip", **SHOP, scenario="shared_internal", api_version="36.3", check=True)["changed"]


@pytest.mark.parametrize("process", [2**22 + 1, 2**31, 10**12])
def test_a_run_without_a_controller_process_writes_nothing(org: Modules, process: int) -> None:
    message = refused(org, "vcd_shared_ip", **SHOP, scenario="distinct_internal", controller_pid=process)
    assert message == f"controller_pid: {process}: there is no such process: omit the option"


def test_a_profile_of_another_edge_gateway_is_not_used(org: Modules) -> None:
    """A VDC group shows the profiles of its VDCs, but none of its rules can use one."""
    org.done("vcd_shared_ip", **SHOP, scenario="distinct_internal")
    org.simulator.journal(clear=True)
    for wanted in ({"scenario": "distinct_internal"}, {"state": "absent"}):
        message = refused(org, "vcd_shared_ip", **{**SHOP, "edge_gateway": "group-edge"}, **wanted)
        assert "belongs to other objects of the organization, on edge gateway 'acme-edge'" in message


def test_check_mode_knows_the_settings_of_an_assigned_group(org: Modules) -> None:
    provider = org.as_user(**PROVIDER)
    options = {
        "edge_gateway": "acme-edge", "service_engine_group": "seg-spare", "max_virtual_services": 5,
        "reserved_virtual_services": 1,
    }  # fmt: skip
    for version in ("36.3", "39.1"):
        org.simulator.reset()
        runs = [
            provider.done("vcd_service_engine_group_assignment", check=check, api_version=version, **options)
            for check in (True, False)
        ]
        assert surprises("vcd_service_engine_group_assignment", *runs) == []


def test_a_disabled_load_balancer_has_no_settings(org: Modules) -> None:
    provider = org.as_user(**PROVIDER)
    provider.done("vcd_edge_load_balancer", edge_gateway="space-edge")
    runs = [
        provider.done("vcd_edge_load_balancer", check=check, edge_gateway="space-edge", enabled=False)
        for check in (True, False)
    ]
    assert surprises("vcd_edge_load_balancer", *runs) == []


def test_a_pool_serves_one_virtual_service(org: Modules) -> None:
    edge = {"edge_gateway": "acme-edge"}
    org.done("vcd_pool", **edge, name="web")
    service = {
        **edge,
        "application_profile": "L4",
        "service_ports": [{"start": 80}],
        "virtual_ip_address": "203.0.113.40",
    }
    org.done("vcd_virtual_service", **service, name="web", pool="web")
    org.simulator.journal(clear=True)
    says = "it serves virtual service 'standing', and a pool serves one at a time: choose another pool"
    assert says in refused(org, "vcd_virtual_service", **edge, name="web", pool="standing")
    new = {**service, "service_ports": [{"start": 81}], "name": "new", "pool": "standing"}
    assert says in refused(org, "vcd_virtual_service", **new)
    message = refused(org, "vcd_pool", **edge, name="web", state="absent")
    assert "it is used by virtual service 'web': remove that first" in message


def test_a_progress_file_needs_a_folder(org: Modules) -> None:
    message = refused(org, "vcd_shared_ip", **SHOP, scenario="distinct_internal", progress_file="/nonexistent/x")
    assert message == "progress_file: '/nonexistent/x': cannot be written: No such file or directory"


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("vcd_certificate", {"name": "ca-1"}, "web-cert"),
        ("vcd_ip_set", {"name": "office", "edge_gateway": "acme-edge"}, "workers"),
        ("vcd_pool", {"name": "web", "edge_gateway": "acme-edge"}, "standing"),
    ],
)
def test_a_name_that_another_object_has_is_refused(org: Modules, module: str, old: dict[str, str], new: str) -> None:
    made = org.done(module, **old)[module.removeprefix("vcd_")]
    org.simulator.journal(clear=True)
    message = refused(org, module, **{**old, "name": new}, id=made["id"])
    assert message.startswith(f"name: {new!r}: another ")
    assert message.endswith(" has this name: choose another")


def test_a_rotation_does_not_begin_with_a_name_that_another_certificate_has(org: Modules) -> None:
    made = org.done("vcd_certificate", name="ca-1")["certificate"]
    certificate, private_key = make_pair("new")
    new = {"certificate": certificate, "private_key": private_key, "rotate": True}
    message = refused(org, "vcd_certificate", id=made["id"], name="web-cert", **new)
    assert message == "name: 'web-cert': another certificate has this name: choose another"
