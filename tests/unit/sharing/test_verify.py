# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verification: each check, passing and failing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import verify_report
from sharing_builders import SCENARIOS, ccm, edge, objects, service, vcd

DEPLOYMENT: dict[str, Any] = ccm()["deployment"]
STOPPED = {**DEPLOYMENT, "replicas": 0, "ready": False}
STALE = [{"name": "ccm-1", "node": "cp-1", "phase": "Running", "ready": True, "config": "stale"}]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_cluster_in_its_scenario_passes(scenario: str) -> None:
    cluster = ccm(scenario, services=[service(), service("new", ips=())])
    report = verify_report(cluster, vcd(edge(**objects(scenario))), scenario)
    assert report["ok"] is True
    assert report["mixed"] == []
    assert {item["severity"] for item in report["findings"]} == {"info"}
    messages = [item["message"] for item in report["findings"]]
    assert f"1 Service in the shape of {scenario}" in messages
    assert "no objects in VCD yet: default/new" in messages


@pytest.mark.parametrize(
    ("changes", "wanted", "check", "severity"),
    [
        ({}, "shared_external", "scenario", "error"),
        ({"scenario": "invalid"}, "distinct_internal", "scenario", "error"),
        ({"problems": ["line 4: nonsense"]}, "distinct_internal", "scenario", "error"),
        ({"config_map": None}, "distinct_internal", "scenario", "error"),
        ({"one_arm": {"start_ip": "172.16.0.1", "end_ip": "172.16.0.9"}}, "distinct_internal", "one_arm", "error"),
        ({"rollout": {"state": "in_progress", "backup": "x"}}, "distinct_internal", "rollout", "error"),
        ({"deployment": None}, "distinct_internal", "cpi", "error"),
        ({"deployment": {**DEPLOYMENT, "ready": False}}, "distinct_internal", "cpi", "error"),
        ({"deployment": {**STOPPED, "running_replicas": 0}}, "distinct_internal", "cpi", "warning"),
        ({"deployment": {**STOPPED, "running_replicas": 2}}, "distinct_internal", "cpi", "error"),
        ({"pods": STALE}, "distinct_internal", "cpi", "error"),
    ],
)
def test_each_deviation_is_found(changes: dict[str, Any], wanted: str, check: str, severity: str) -> None:
    report = verify_report(ccm(**changes), vcd(edge()), wanted, "192.168.8.2-192.168.8.100")
    assert (check, severity) in [(item["check"], item["severity"]) for item in report["findings"]]
    assert report["ok"] is (severity != "error")


def test_a_finished_rollout_passes() -> None:
    assert verify_report(ccm(rollout={"state": "finished", "backup": None}), vcd(edge()), "distinct_internal")["ok"]


def test_an_old_pod_is_allowed_when_no_restart_was_wanted() -> None:
    report = verify_report(ccm(pods=STALE), vcd(edge()), "distinct_internal", restart_expected=False)
    assert report["ok"] is True
    assert [item["message"] for item in report["findings"] if item["severity"] == "warning"] == [
        "ccm-1 still runs with an older file"
    ]


def test_a_service_of_the_other_internal_shape_is_mixed_but_serves() -> None:
    cluster = ccm("shared_internal", services=[service()])
    report = verify_report(cluster, vcd(edge(**objects("distinct_internal"))), "shared_internal")
    assert report["ok"] is True
    assert report["mixed"] == ["default/web"]
    assert [item["severity"] for item in report["findings"] if item["check"] == "services"] == ["warning", "info"]


@pytest.mark.parametrize(
    ("scenario", "shape"),
    [
        ("shared_external", "shared_internal"),
        ("shared_external", "distinct_internal"),
        ("shared_internal", "shared_external"),
        ("distinct_internal", "shared_external"),
    ],
)
def test_a_service_that_does_not_work_is_an_error(scenario: str, shape: str) -> None:
    report = verify_report(ccm(scenario, services=[service()]), vcd(edge(**objects(shape))))
    assert report["ok"] is False
    assert f"default/web ({shape}) does not work under {scenario}" in report["summary"]


def test_without_a_scenario_the_scenario_of_the_file_is_verified() -> None:
    assert verify_report(ccm("shared_external"), vcd(edge()))["wanted"] == "shared_external"
    assert verify_report(ccm("distinct_internal"), vcd(edge()), "")["ok"] is True
    assert verify_report(ccm("invalid", problems=["neither flag is set"]), vcd(edge()))["ok"] is False


def test_a_bad_range_is_named() -> None:
    report = verify_report(ccm(), vcd(edge()), "distinct_internal", "1-2")
    assert "shared_ip_one_arm: 1-2: '1' is not an IPv4 address" in report["summary"]


@pytest.mark.parametrize("answer", [vcd(), vcd(edge(), edge()), {"skipped": True}])
def test_without_the_gateway_the_verification_fails(answer: dict[str, Any]) -> None:
    report = verify_report(ccm(), answer)
    assert report["ok"] is False
    assert report["edge_gateway"] is None
    assert "exactly one edge gateway is needed" in report["summary"]


def messages(report: dict[str, Any]) -> list[str]:
    """All messages of a report."""
    return [item["message"] for item in report["findings"]]


def test_messages_name_what_was_found() -> None:
    good = verify_report(ccm(), vcd(edge()))
    assert good["edge_gateway"] == "acme-edge"
    assert messages(good) == [
        "kube-system/vcloud-ccm-configmap holds distinct_internal with the one-arm range 192.168.8.2-192.168.8.100",
        "kube-system/vmware-cloud-director-ccm is ready and runs with the present file",
        "no Services in the shape of distinct_internal",
    ]
    assert messages(verify_report(ccm("shared_external"), vcd(edge())))[0].endswith("holds shared_external")
    lost = verify_report(ccm("shared_internal", one_arm=None), vcd(edge()), "shared_internal", "10.9.0.1-10.9.0.9")
    assert messages(lost)[0] == "the file holds no one-arm range, not 10.9.0.1-10.9.0.9"


def test_a_failed_check_does_not_pass_as_well() -> None:
    refused = verify_report(ccm(problems=["line 4: nonsense"]), vcd(edge()), "distinct_internal")
    assert [item["severity"] for item in refused["findings"] if item["check"] == "scenario"] == ["error"]
    stale = verify_report(ccm(pods=STALE), vcd(edge()))
    assert [item["severity"] for item in stale["findings"] if item["check"] == "cpi"] == ["error"]
    broken = verify_report(ccm("shared_external", services=[service()]), vcd(edge(**objects("shared_internal"))))
    assert "no Services in the shape of shared_external" in messages(broken)
    mixed = verify_report(ccm("shared_internal", services=[service()]), vcd(edge(**objects("distinct_internal"))))
    assert "no Services in the shape of shared_internal" in messages(mixed)


# -- after a migration ---------------------------------------------------------------------------------------------


def promise(found: dict[str, Any], health: str = "UP", steps: tuple[str, ...] = (), *orphans: str) -> dict[str, Any]:
    """What a migration of the one Service promised; ``health`` is what its virtual services had before."""
    names = [item["name"] for item in found["virtual_services"]]
    entry = {
        "namespace": "default",
        "name": "web",
        "external_ip": "203.0.113.10",
        "health": dict.fromkeys(names, health),
    }
    return {
        "services": [{"namespace": "default", "name": "web", "external_ip": "203.0.113.10"}],
        "restore_point": {"kubernetes_services": [entry], "orphans": ["old"]},
        "plan": {"services": [{"steps": list(steps)}], "orphans": [{"kind": "pool", "name": name} for name in orphans]},
    }


def after(
    health: str | None = "UP", before: str = "UP", ips: tuple[str, ...] = ("203.0.113.10",), **more: Any
) -> dict[str, Any]:
    """The verification of a migration to shared_external."""
    found = objects("shared_external")
    for item in found["virtual_services"]:
        item["health_status"] = health
    promised = promise(found, before, more.get("steps", ()), *more.get("orphans", ()))
    cluster = ccm("shared_external", services=[service(ips=ips)])
    return verify_report(cluster, vcd(edge(**found)), "shared_external", promised=promised)


@pytest.mark.parametrize(("health", "before"), [("UP", "UP"), ("UP", "DOWN"), ("DOWN", "DOWN")])
def test_a_migration_that_kept_its_promise_passes(health: str, before: str) -> None:
    report = after(health, before, orphans=("old",))
    assert (report["ok"], report["settling"]) == (True, False)
    assert messages(report)[-4:] == [
        "1 Service with the same external IP as before",
        "2 virtual services UP or as before",
        "every object is as wanted: a second plan is empty",
        "the change has left no orphans",
    ]


def test_possible_objects_of_another_cluster_do_not_count_as_left_behind() -> None:
    found = objects("shared_external")
    promised = promise(found)
    promised["plan"]["orphans"] = [{"kind": "pool", "name": "new", "why": "", "ambiguous": True}]
    cluster = ccm("shared_external", services=[service()])
    report = verify_report(cluster, vcd(edge(**found)), "shared_external", promised=promised)
    assert "the change has left no orphans" in messages(report)


@pytest.mark.parametrize(
    ("changes", "message", "settling"),
    [
        ({"ips": ("203.0.113.99",)}, "default/web shows 203.0.113.99 in Kubernetes, not 203.0.113.10", True),
        ({"ips": ()}, "default/web shows no external IP in Kubernetes, not 203.0.113.10", True),
        ({"health": "DOWN"}, "-http is DOWN (before: UP)", True),
        ({"health": None}, "-http is of unknown health (before: UP)", True),
        ({"steps": ("create pool x",)}, "1 write would still be needed, first: create pool x", False),
        ({"orphans": ("old", "new")}, "the change has left behind new - delete them", False),
        ({"ips": (), "orphans": ("new",)}, "the change has left behind new", False),
    ],
)
def test_a_broken_promise_is_an_error(changes: dict[str, Any], message: str, settling: bool) -> None:
    report = after(**changes)
    assert (report["ok"], report["settling"]) == (False, settling)
    assert message in report["summary"]


def test_a_service_that_was_deleted_during_the_migration_is_not_an_error() -> None:
    promised = promise({"virtual_services": []})
    report = verify_report(ccm("shared_external"), vcd(edge()), "shared_external", promised=promised)
    assert report["ok"] is True
    assert "no Services with the same external IP as before" in messages(report)


def test_a_port_that_cpi_refuses_is_not_judged() -> None:
    item = service()
    item["ports"][1]["protocol"] = "UDP"
    there = objects("shared_external", ports=("http",))
    report = verify_report(ccm("shared_external", services=[item]), vcd(edge(**there)))
    assert report["ok"] is True
    assert [found["message"] for found in report["findings"] if found["severity"] == "warning"] == [
        "port https of default/web stays as it is: UDP: CPI serves TCP only, and stops at this port"
    ]
