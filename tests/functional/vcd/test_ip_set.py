# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_ip_set against the simulator."""

from __future__ import annotations

from typing import Any

import pytest
from in_process import Modules
from vcdsim.testing import Simulator

SET = "vcd_ip_set"
OFFICE: dict[str, Any] = {"name": "office", "ip_addresses": ["198.51.101.20", "198.51.100.0/24"]}


@pytest.fixture
def edge(running: Simulator) -> Modules:
    running.reset()
    return Modules(running, user="admin", password="admin-secret-1")


def test_an_ip_set_is_created_once_changed_and_removed(edge: Modules) -> None:
    planned = edge.done(SET, check=True, **OFFICE)
    assert (planned["changed"], edge.writes()) == (True, [])
    made = edge.done(SET, **OFFICE)["ip_set"]
    assert made["ip_addresses"] == ["198.51.100.0/24", "198.51.101.20"]
    assert (made["status"], made["owner"]["name"]) == ("REALIZED", "acme-edge")
    assert edge.done(SET, **OFFICE)["changed"] is False
    assert edge.done(SET, name="office")["changed"] is False
    assert edge.done(SET, id=made["id"], description="of the office")["changed"] is True
    assert edge.done(SET, name="office", ip_addresses=[])["ip_set"]["ip_addresses"] == []
    assert [one["name"] for one in edge.done("vcd_ip_set_info")["ip_sets"]] == ["office", "workers"]
    assert edge.done("vcd_ip_set_info", id=made["id"])["ip_sets"][0]["description"] == "of the office"
    assert edge.done("vcd_ip_set_info", name="none")["ip_sets"] == []
    assert edge.done(SET, name="office", state="absent", check=True)["changed"] is True
    assert edge.done(SET, name="office", state="absent")["ip_set"] is None
    assert edge.done(SET, name="office", state="absent")["changed"] is False


@pytest.mark.parametrize(
    "same",
    [
        ["198.51.100.7/24", "198.51.101.20"],
        ["198.51.101.20", "198.51.100.0/24", "198.51.101.20"],
        ["198.51.101.20/32", " 198.51.100.0/24 "],
    ],
)
def test_equal_addresses_are_not_a_change_and_host_bits_are_refused(same: list[str], edge: Modules) -> None:
    edge.done(SET, **OFFICE)
    result = edge.run(SET, name="office", ip_addresses=same)
    if result.get("failed"):
        assert "ip_addresses: '198.51.100.7/24': has host bits set" in result["msg"]
    else:
        assert result["changed"] is False


@pytest.mark.parametrize("wrong", ["10.0.0.300", "10.0.0.9-10.0.0.1", "office.example.com", "10.0.0.1/33"])
def test_invalid_addresses_are_refused(wrong: str, edge: Modules) -> None:
    assert f"ip_addresses: {wrong!r}" in edge.refused(SET, name="office", ip_addresses=[wrong])
    assert edge.writes() == []


def test_an_ip_set_in_use_is_not_deleted(edge: Modules) -> None:
    edge.done(SET, **OFFICE)
    edge.done("vcd_firewall_rule", name="allow", action="ALLOW", sources=["office"])
    edge.done("vcd_pool", name="web", member_group="office")
    edge.done("vcd_pool", name="other", member_group="workers")
    for check in (True, False):
        message = edge.refused(SET, name="office", state="absent", check=check)
        assert "it is used by firewall rule 'allow', pool 'web': remove it there first" in message
    edge.done("vcd_firewall_rule", name="allow", state="absent")
    edge.done("vcd_pool", name="web", member_group="")
    assert edge.done(SET, name="office", state="absent")["changed"] is True


def _used_no_more(edge: Modules, lingers: str) -> None:
    edge.simulator.assume(group_in_use_lingers=lingers)
    edge.simulator.settings(health_seconds=3600)
    edge.done(SET, **OFFICE)
    edge.done("vcd_firewall_rule", name="allow", action="ALLOW", sources=["office"])
    edge.done("vcd_firewall_rule", name="allow", state="absent")
    edge.simulator.journal(clear=True)


def _refused_deletes(edge: Modules) -> int:
    return [one["status"] for one in edge.simulator.journal() if one["method"] == "DELETE"].count(400)


def test_an_ip_set_without_users_is_deleted_at_once(edge: Modules) -> None:
    _used_no_more(edge, "no")
    assert edge.done(SET, name="office", state="absent")["changed"] is True
    assert _refused_deletes(edge) == 0


def test_the_module_waits_until_cloud_director_releases_it(edge: Modules) -> None:
    _used_no_more(edge, "no")
    refusal = {"status": 400, "code": "BAD_REQUEST", "message": "it cannot be deleted as it is in use"}
    edge.simulator.faults([{"method": "DELETE", "route": "*/firewallGroups/*", "times": 2, **refusal}])
    assert edge.done(SET, name="office", state="absent")["changed"] is True
    assert _refused_deletes(edge) == 2


def test_a_wait_ends_in_one_line(edge: Modules) -> None:
    _used_no_more(edge, "yes")
    message = edge.refused(SET, name="office", state="absent", wait_timeout=1)
    assert "timed out after 1 s waiting for Cloud Director to release IP set 'office'" in message
    assert "cannot be deleted as it is in use" in message
    before = _refused_deletes(edge)
    assert before >= 1
    message = edge.refused(SET, name="office", state="absent", wait=False)
    assert "cannot be deleted as it is in use" in message
    assert _refused_deletes(edge) == before + 1


def test_the_module_does_not_wait_after_another_refusal(edge: Modules) -> None:
    edge.done(SET, **OFFICE)
    edge.simulator.journal(clear=True)
    refusal = {"status": 400, "code": "BAD_REQUEST", "message": "NSX said no"}
    edge.simulator.faults([{"method": "DELETE", "route": "*/firewallGroups/*", **refusal}])
    assert "NSX said no" in edge.refused(SET, name="office", state="absent")
    assert _refused_deletes(edge) == 1


def test_a_missing_right_is_named(edge: Modules) -> None:
    kube = edge.as_user(user="kube", password="kube-secret-1")
    message = kube.refused(SET, **OFFICE)
    assert "'Organization vDC Gateway: Configure Firewall'" in message
