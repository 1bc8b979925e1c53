# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification says of a Service that stays as it is, of one that no controller serves, and of lost settings."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import pools_to_read, verify_report
from sharing_builders import ccm, edge, names, objects, service, vcd

Finding = tuple[str, str]


def of_services(report: dict[str, Any], check: str = "services") -> list[Finding]:
    """Severity and message of each finding of a check that names the Service web."""
    found = [one for one in report["findings"] if one["check"] == check and "web" in one["message"]]
    return [(one["severity"], one["message"]) for one in found]


ASIDE = [
    ({"excluded": ["default/web"]}, {}, "info", "shared_ip_exclude names it"),
    ({}, {"deleting": True}, "warning", "it is being deleted, and CPI removes its objects"),
]


@pytest.mark.parametrize(("cluster", "item", "severity", "why"), ASIDE)
def test_a_service_that_stays_and_works_is_named(
    cluster: dict[str, Any], item: dict[str, Any], severity: str, why: str
) -> None:
    given = ccm("shared_external", services=[service(**item)], **cluster)
    report = verify_report(given, vcd(edge(**objects("shared_external"))))
    assert report["ok"] is True
    assert of_services(report) == [(severity, f"default/web stays as it is: {why}")]


@pytest.mark.parametrize(("cluster", "item", "_severity", "why"), ASIDE)
@pytest.mark.parametrize("shape", ["shared_internal", "distinct_internal"])
def test_a_service_that_stays_and_does_not_work_is_a_warning(
    cluster: dict[str, Any], item: dict[str, Any], _severity: str, why: str, shape: str
) -> None:
    given = ccm("shared_external", services=[service(**item)], **cluster)
    report = verify_report(given, vcd(edge(**objects(shape))))
    ((severity, message),) = of_services(report)
    assert severity == "warning"
    assert message.startswith(f"default/web stays as it is: {why}; it does not work under shared_external: ")


def test_a_port_that_the_operator_leaves_out_is_not_a_warning() -> None:
    given = ccm("shared_external", services=[service()], excluded=["default/web:https"])
    report = verify_report(given, vcd(edge(**objects("shared_external"))))
    assert report["ok"] is True
    assert of_services(report) == [("info", "port https of default/web stays as it is: shared_ip_exclude names it")]


def test_a_service_that_another_controller_serves_is_not_judged() -> None:
    given = ccm("shared_external", services=[service(ips=("10.10.0.77",))])
    report = verify_report(given, vcd(edge()))
    ((severity, message),) = of_services(report)
    assert severity == "warning"
    assert message.startswith("default/web stays as it is: it has no objects on edge gateway acme-edge, and 10.10.0.77")
    # if it shows an IP of the gateway, its objects are missing
    lost = verify_report(ccm("shared_external", services=[service()]), vcd(edge()))
    assert lost["ok"] is False
    assert of_services(lost)[0][0] == "error"


def test_a_virtual_service_is_a_warning_only_if_it_is_down() -> None:
    there = objects("shared_external")
    for item, health in zip(there["virtual_services"], ("DOWN", "UP"), strict=True):
        item["health_status"] = health
    report = verify_report(ccm("shared_external", services=[service()]), vcd(edge(**there)))
    assert report["ok"] is True
    name = names("web", "http").virtual_service
    assert of_services(report, "health") == [
        ("warning", f"default/web: every object is in place, but virtual service {name} is DOWN")
    ]


def test_damage_in_a_mixed_shape_is_named_port_by_port() -> None:
    there = objects("shared_internal")
    there["nat_rules"] = there["nat_rules"][:1]
    report = verify_report(ccm("shared_internal", services=[service()]), vcd(edge(**there)))
    ((severity, message),) = of_services(report)
    assert severity == "error"
    assert message.startswith("default/web (mixed) does not work under shared_internal: ")
    assert f"port https: DNAT rule {names('web', 'https').nat_rule} is missing" in message
    # all objects of another shape differ, so they are not listed
    other = verify_report(ccm("shared_external", services=[service()]), vcd(edge(**objects("shared_internal"))))
    assert "port http:" not in of_services(other)[0][1]


def test_settings_that_a_migration_has_lost_are_an_error() -> None:
    promised = {
        "services": [],
        "restore_point": {},
        "plan": {"services": [], "orphans": [], "lost_settings": ["x was y"]},
    }
    report = verify_report(ccm("shared_external"), vcd(edge()), promised=promised)
    (found,) = [one for one in report["findings"] if one["check"] == "settings"]
    assert (found["severity"], found["message"]) == ("error", "x was y")
    assert found["remedy"] == "set it again, as it is in the restore point"
    assert report["settling"] is False


def test_the_pools_to_read_are_those_of_the_clusters_own_services() -> None:
    other = service("theirs", load_balancer_class="example.com/lb")
    assert pools_to_read(ccm(services=[service(), other])) == {names("web", port).pool for port in ("http", "https")}
