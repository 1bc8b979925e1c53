# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_task_info: what Cloud Director is doing, which task keeps an edge gateway busy, and what has failed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import records
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import connect
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.session import Call
from in_process import Modules
from vcdsim.testing import Simulator

RUNNING = ["queued", "preRunning", "running", "postRunning"]


@pytest.fixture(name="vcd")
def as_administrator(vcd: Modules) -> Modules:
    return vcd.as_user(user="admin", password="admin-secret-1")


def make(vcd: Modules, name: str) -> None:
    vcd.done("vcd_ip_set", name=name, ip_addresses=["198.51.100.0/24"])


def tasks(vcd: Modules, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = vcd.done("vcd_task_info", **{"edge_gateway": None, **options})["tasks"]
    return found


def test_the_newest_tasks_are_found_by_state(vcd: Modules) -> None:
    assert tasks(vcd) == []
    for number in range(3):
        make(vcd, f"set-{number}")
    found = tasks(vcd)
    assert [one["object"]["name"] for one in found] == ["set-2", "set-1", "set-0"]
    assert {(one["status"], one["user"], one["org"], one["progress"]) for one in found} == {
        ("success", "admin", "acme", 100)
    }
    assert all(one["started"] and one["ended"] and one["operation"] for one in found)
    assert tasks(vcd, limit=2) == found[:2]
    assert tasks(vcd, object="set-1") == tasks(vcd, object=found[1]["object"]["id"]) == [found[1]]
    assert tasks(vcd, status=["error", "running"]) == []
    assert tasks(vcd, status=["success", "running"], started_by="admin", since="1h") == found
    assert tasks(vcd, started_by="kube") == tasks(vcd, since="2999-01-01") == tasks(vcd, until="1d") == []
    assert tasks(vcd, query="[].status") == ["success"] * 3
    (one,) = tasks(vcd, id=found[0]["id"])
    assert (one["id"], one["status"], one["user"]) == (found[0]["id"], "success", "admin")
    assert tasks(vcd, id="00000000-0000-4000-8000-000000000000") == []


def test_tasks_are_read_page_by_page_as_far_as_needed(vcd: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "PAGE_SIZE", 2)
    for number in range(5):
        make(vcd, f"set-{number}")

    def pages(**options: Any) -> tuple[int, int]:
        vcd.simulator.journal(clear=True)
        found = tasks(vcd, **options)
        return len(found), sum("/api/query" in str(one) for one in vcd.simulator.journal())

    assert pages() == (5, 3)
    assert pages(limit=2) == (2, 1)
    assert pages(since="2999-01-01") == (0, 1)


def test_the_tasks_that_keep_an_edge_gateway_busy_are_found() -> None:
    with Simulator(estate="two-tenants", task_seconds=3600) as sim:
        vcd = Modules(sim, vdc="acme-vdc")
        with connect({**vcd.connection, "validate_certs": True}) as api:
            first, second = api.pages("edgeGateways", "edge gateways")
            for gateway, name in ((first, "one"), (second, "two")):
                rule = {"name": name, "enabled": True, "type": "DNAT", "internalAddresses": "10.0.0.1"}
                address = {"acme-vdc": "203.0.113.10", "acme-vdc-2": "192.0.2.10"}[gateway["ownerRef"]["name"]]
                path = f"/cloudapi/1.0.0/edgeGateways/{gateway['id']}/nat/rules"
                call = Call("POST", path, "create", json={**rule, "externalAddresses": address})
                api.session.request(call, api.session.deadline())
        for options in ({"edge_gateway": "acme-edge", "vdc": "acme-vdc"}, {"vdc": "acme-vdc"}):
            (busy,) = tasks(vcd, status=RUNNING, **options)
            assert (busy["user"], busy["object"]["name"], busy["ended"]) == ("kube", "acme-edge", None)
        assert len(tasks(vcd, vdc=None, status=RUNNING)) == 2
        other = vcd.as_user(org="globex", password="globex-secret-1", vdc=None)
        assert tasks(other) == []
        system = vcd.as_user(org="System", user="administrator", password="system-secret-1", vdc=None)
        assert len(tasks(system)) == 2
        assert "no edge gateway" in vcd.refused("vcd_task_info", edge_gateway=None, vdc="unknown")


def test_a_failed_task_has_its_error(vcd: Modules) -> None:
    vcd.simulator.faults(
        [
            {
                "method": "POST",
                "route": "*/firewallGroups",
                "task": "error",
                "code": "INTERNAL",
                "message": "NSX is ill",
                "times": 1,
            }
        ]
    )
    vcd.refused("vcd_ip_set", name="ill", ip_addresses=[])
    (failed,) = tasks(vcd, status=["error"])
    assert "NSX is ill" in failed["error"]["message"]
