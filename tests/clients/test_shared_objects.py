# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection and Terraform's provider read each other's objects: shared.tf has one of each kind that both have.

Our modules leave what Terraform has made unchanged; Terraform imports what they have made, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from certificates import make_pair
from in_process import Modules
from module_lives import ADMIN, EVERYTHING, PROVIDER
from terraform import EMPTY, Terraform
from vcdsim.testing import Simulator

VERSIONS = "37.0,37.1,37.2,38.0,38.1,39.0,39.1"
VM = "acme-worker-1"
EDGE, GROUP_EDGE = {"edge_gateway": "acme-edge"}, {"edge_gateway": "group-edge"}
WEB = {**EDGE, "name": "both-web"}
# What Terraform imports, by the name of the resource.
IMPORTS = {
    "vcd_ip_space_ip_allocation.one": "acme.public.FLOATING_IP.198.51.100.20",
    "vcd_nsxt_ip_set.one": "acme.acme-vdc.acme-edge.both-office",
    "vcd_nsxt_dynamic_security_group.one": "acme.acme-group.both-nodes",
    "vcd_security_tag.one": "acme.both-worker",
    "vcd_nsxt_app_port_profile.one": "acme.acme-vdc.both-web",
    "vcd_nsxt_firewall.edge": "acme.acme-vdc.acme-edge",
    "vcd_nsxt_nat_rule.one": "acme.acme-vdc.acme-edge.both-web",
    "vcd_library_certificate.one": "acme.both-web",
    "vcd_nsxt_alb_pool.one": "acme.acme-vdc.acme-edge.both-web",
    "vcd_nsxt_alb_virtual_service.one": "acme.acme-vdc.acme-edge.both-web",
    "vcd_nsxt_alb_virtual_service_http_req_rules.one": "acme.acme-vdc.acme-edge.both-web",
    "vcd_nsxt_alb_virtual_service_http_resp_rules.one": "acme.acme-vdc.acme-edge.both-web",
    "vcd_nsxt_alb_virtual_service_http_sec_rules.one": "acme.acme-vdc.acme-edge.both-web",
    "vcd_nsxt_alb_settings.group": "acme.acme-group.group-edge",
    "vcd_nsxt_alb_edgegateway_service_engine_group.group": "acme.acme-group.group-edge.seg-2",
}


def objects(certificate: str, private_key: str) -> list[tuple[str, dict[str, Any]]]:
    """The objects of shared.tf as our modules make them, in the order in which they need each other."""
    return [
        (
            "vcd_ip_allocation",
            {"ip_space": "public", "value": "198.51.100.20", "description": "both-web", "usage_state": "USED_MANUAL"},
        ),
        (
            "vcd_ip_set",
            {
                **EDGE,
                "name": "both-office",
                "description": "of the office",
                "ip_addresses": ["198.51.100.0/24", "10.0.0.1-10.0.0.9"],
            },
        ),
        (
            "vcd_dynamic_security_group",
            {
                **GROUP_EDGE,
                "name": "both-nodes",
                "description": "the nodes",
                "criteria": [
                    {
                        "rules": [
                            {"type": "VM_TAG", "operator": "EQUALS", "value": "both-worker"},
                            {"type": "VM_NAME", "operator": "STARTS_WITH", "value": "acme-"},
                        ]
                    }
                ],
            },
        ),
        ("vcd_security_tag", {"name": "both-worker", "vms": [VM]}),
        (
            "vcd_app_port_profile",
            {
                **WEB,
                "description": "of the web",
                "application_ports": [{"protocol": "TCP", "destination_ports": ["8080"]}],
            },
        ),
        (
            "vcd_firewall_rule",
            {
                **WEB,
                "action": "ALLOW",
                "direction": "IN",
                "ip_protocol": "IPV4",
                "destinations": ["both-office"],
                "app_port_profiles": ["both-web"],
            },
        ),
        (
            "vcd_firewall_rule",
            {
                **EDGE,
                "name": "both-last",
                "action": "DROP",
                "direction": "IN_OUT",
                "ip_protocol": "IPV4_IPV6",
                "enabled": False,
                "after": "both-web",
            },
        ),
        (
            "vcd_nat_rule",
            {
                **WEB,
                "description": "of the web",
                "type": "DNAT",
                "external_addresses": "203.0.113.21",
                "internal_addresses": "10.10.0.11",
                "dnat_external_port": "80",
                "application_port_profile": "both-web",
            },
        ),
        (
            "vcd_certificate",
            {
                "name": "both-web",
                "description": "of the web",
                "certificate": certificate,
                "private_key": private_key,
            },
        ),
        (
            "vcd_pool",
            {
                **WEB,
                "description": "of the web",
                "algorithm": "ROUND_ROBIN",
                "default_port": 8080,
                "members": [
                    {"ip_address": "10.10.0.11", "port": 8080, "ratio": 2},
                    {"ip_address": "10.10.0.12", "enabled": False},
                ],
                "health_monitors": ["TCP"],
                "persistence_profile": {"type": "HTTP_COOKIE", "value": "web"},
            },
        ),
        (
            "vcd_virtual_service",
            {
                **WEB,
                "description": "of the web",
                "pool": "both-web",
                "service_engine_group": "seg-1",
                "virtual_ip_address": "203.0.113.22",
                "application_profile": "HTTPS",
                "certificate": "both-web",
                "service_ports": [{"start": 443, "type": "TCP_PROXY", "ssl_enabled": True}],
            },
        ),
        (
            "vcd_http_policy",
            {
                **EDGE,
                "virtual_service": "both-web",
                "request_rules": [
                    {
                        "name": "header",
                        "match_criteria": {"path": {"criteria": "BEGINS_WITH", "paths": ["/shop"]}},
                        "actions": {"modify_header": [{"action": "REPLACE", "name": "X-Shop", "value": "yes"}]},
                    }
                ],
                "response_rules": [
                    {
                        "name": "no server",
                        "match_criteria": {"http_methods": {"criteria": "IS_IN", "methods": ["GET"]}},
                        "actions": {"modify_header": [{"action": "REMOVE", "name": "Server"}]},
                    }
                ],
                "security_rules": [
                    {
                        "name": "no admin",
                        "match_criteria": {"path": {"criteria": "BEGINS_WITH", "paths": ["/admin"]}},
                        "actions": {"connections": "CLOSE"},
                    }
                ],
            },
        ),
        (
            "vcd_edge_load_balancer",
            {
                **PROVIDER,
                **GROUP_EDGE,
                "service_network": "192.168.250.1/25",
                "feature_set": "PREMIUM",
                "transparent_mode": True,
            },
        ),
        (
            "vcd_service_engine_group_assignment",
            {
                **PROVIDER,
                **GROUP_EDGE,
                "service_engine_group": "seg-2",
                "max_virtual_services": 10,
                "reserved_virtual_services": 2,
            },
        ),
    ]


@pytest.fixture
def both() -> Iterator[Simulator]:
    """Tasks end at once, because Terraform's provider looks every 3 s."""
    with Simulator(EVERYTHING, api_versions=VERSIONS, task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def pair() -> tuple[str, str]:
    """A certificate and its key."""
    return make_pair("both")


@pytest.fixture
def terraform(terraform_with: Callable[..., Terraform], both: Simulator, pair: tuple[str, str]) -> Terraform:
    """The program with shared.tf."""
    (vm,) = [one["id"] for one in both.dump()["vms"] if one["name"] == VM]
    return terraform_with(both, "shared.tf", vm=vm, certificate=pair[0], private_key=pair[1])


def writes(simulator: Simulator) -> list[str]:
    """The writes, apart from log-ins."""
    return [
        f"{one['method']} {one['path']}"
        for one in simulator.journal()
        if one["method"] != "GET" and "session" not in one["path"] and "oauth" not in one["path"]
    ]


def test_our_modules_leave_what_terraform_has_made_unchanged(
    terraform: Terraform, both: Simulator, pair: tuple[str, str]
) -> None:
    terraform.run("apply", "-auto-approve")
    both.journal(clear=True)
    modules = Modules(both, **ADMIN, edge_gateway=None)
    found = [(module, modules.done(module, **options)) for module, options in objects(*pair)]
    assert {module: one["diff"] for module, one in found if one["changed"]} == {}
    assert writes(both) == []


def test_terraform_imports_what_our_modules_have_made_and_changes_nothing(
    terraform: Terraform, both: Simulator, pair: tuple[str, str]
) -> None:
    modules = Modules(both, **ADMIN, edge_gateway=None)
    made = [(module, modules.done(module, **options)["changed"]) for module, options in objects(*pair)]
    assert [module for module, changed in made if not changed] == []
    terraform.imports(IMPORTS)
    both.journal(clear=True)
    output = terraform.run("apply", "-auto-approve")
    assert f"{len(IMPORTS)} imported, 0 added, 0 changed, 0 destroyed" in output
    terraform.run("plan", "-detailed-exitcode", codes=(EMPTY,))
    assert writes(both) == []
