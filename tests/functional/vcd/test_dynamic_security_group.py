# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_dynamic_security_group against the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from in_process import Modules
from vcdsim.testing import Simulator

GROUP = "vcd_dynamic_security_group"
BY_TAG = {"rules": [{"type": "VM_TAG", "operator": "EQUALS", "value": "web"}]}
BY_BOTH = {
    "rules": [
        {"type": "VM_NAME", "operator": "STARTS_WITH", "value": "acme-"},
        {"type": "VM_TAG", "operator": "ENDS_WITH", "value": "worker"},
    ]
}
WORKERS: dict[str, Any] = {"name": "workers", "criteria": [BY_TAG, BY_BOTH]}


@pytest.fixture(scope="module")
def grouped() -> Iterator[Simulator]:
    """A VDC with an edge gateway, and a VDC group with another."""
    with Simulator(estate="provider", task_seconds=0, health_seconds=0) as simulator:
        yield simulator


@pytest.fixture
def edge(grouped: Simulator) -> Modules:
    grouped.reset()
    return Modules(grouped, user="admin", password="admin-secret-1", edge_gateway="group-edge")


def test_a_group_is_created_once_changed_and_removed(edge: Modules) -> None:
    planned = edge.done(GROUP, check=True, **WORKERS)
    assert (planned["changed"], edge.writes()) == (True, [])
    made = edge.done(GROUP, **WORKERS)["dynamic_security_group"]
    assert made["criteria"] == [BY_BOTH, BY_TAG]
    assert (made["status"], made["owner"]["name"]) == ("REALIZED", "acme-group")
    assert edge.done(GROUP, name="workers", criteria=[BY_BOTH, BY_TAG])["changed"] is False
    assert edge.done(GROUP, name="workers")["changed"] is False
    assert edge.done(GROUP, id=made["id"], name="nodes", description="all")["changed"] is True
    assert edge.done(GROUP, name="nodes", criteria=[BY_TAG])["dynamic_security_group"]["criteria"] == [BY_TAG]
    (listed,) = edge.done(f"{GROUP}_info")["dynamic_security_groups"]
    assert (listed["id"], listed["description"]) == (made["id"], "all")
    assert edge.done(f"{GROUP}_info", id=made["id"], name="none")["dynamic_security_groups"] == []
    assert edge.done("vcd_ip_set_info")["ip_sets"] == []
    assert edge.done(GROUP, name="nodes", criteria=[])["dynamic_security_group"]["criteria"] == []
    assert edge.done(GROUP, name="nodes", state="absent", check=True)["changed"] is True
    assert edge.done(GROUP, name="nodes", state="absent")["dynamic_security_group"] is None
    assert edge.done(GROUP, name="nodes", state="absent")["changed"] is False


@pytest.mark.parametrize(
    ("criteria", "text"),
    [
        ([BY_TAG] * 4, "criteria: 4: is not"),
        ([{"rules": []}], "criteria[0].rules: 0: is not"),
        ([BY_TAG, {"rules": BY_TAG["rules"] * 5}], "criteria[1].rules: 5: is not"),
        (
            [{"rules": [{"type": "VM_NAME", "operator": "EQUALS", "value": "a"}]}],
            "criteria[0].rules[0].operator: 'EQUALS': for VM_NAME, give CONTAINS or STARTS_WITH",
        ),
        ([{"rules": [{"type": "VM_TAG", "operator": "EQUALS", "value": " "}]}], "criteria[0].rules[0].value: ' '"),
        ([{"rules": [{"type": "VM_OS", "operator": "EQUALS", "value": "a"}]}], "VM_TAG, VM_NAME"),
    ],
)
def test_criteria_that_cloud_director_refuses_are_reported(
    criteria: list[dict[str, Any]], text: str, edge: Modules
) -> None:
    assert text in edge.refused(GROUP, name="workers", criteria=criteria)
    assert edge.writes() == []


@pytest.mark.parametrize("check", [False, True])
def test_an_edge_gateway_that_a_vdc_owns_has_no_dynamic_groups(check: bool, edge: Modules) -> None:
    alone = edge.as_user(edge_gateway="acme-edge")
    message = alone.refused(GROUP, check=check, **WORKERS)
    assert "edge_gateway: 'acme-edge': its owner is the VDC 'acme-vdc'" in message
    assert "use vcd_ip_set" in message
    assert alone.done(GROUP, name="workers", state="absent")["changed"] is False
    assert alone.done(f"{GROUP}_info")["dynamic_security_groups"] == []
    assert edge.writes() == []


def test_a_missing_right_is_named(edge: Modules) -> None:
    kube = edge.as_user(user="kube", password="kube-secret-1")
    assert "'Organization vDC Gateway: Configure Firewall'" in kube.refused(GROUP, **WORKERS)


def test_a_group_in_use_is_not_deleted(edge: Modules) -> None:
    edge.done(GROUP, **WORKERS)
    edge.done("vcd_firewall_rule", name="allow", action="ALLOW", destinations=["workers"])
    for check in (True, False):
        assert "it is used by firewall rule 'allow'" in edge.refused(GROUP, name="workers", state="absent", check=check)
    edge.done("vcd_firewall_rule", name="allow", state="absent")
    assert edge.done(GROUP, name="workers", state="absent")["changed"] is True
