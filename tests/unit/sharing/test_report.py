# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports as text, and the errors for results that are not as documented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import verify_report
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.report import failure_message, report_lines
from preflight_findings import preflight_report
from sharing_builders import ccm, edge, group, objects, service, vcd


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (preflight_report, ("x", {}, "shared_external"), "vcd_ccm_config_info: 'x': expected a mapping"),
        (preflight_report, (ccm(), None, "shared_external"), "vcd_edge_gateway_info: not given: expected a mapping"),
        (preflight_report, (ccm(), vcd(edge()), 3), "shared_ip_scenario: 3: choose one of"),
        (verify_report, ([], vcd(edge())), "vcd_ccm_config_info: an empty list: expected a mapping"),
        (verify_report, (ccm(), {}), "vcd_edge_gateway_info.api: not given: expected a mapping"),
        (report_lines, ("text",), "report: 'text': expected a mapping"),
        (report_lines, ({},), "report.wanted: not given: expected a string"),
        (report_lines, ({"steps": []},), "report.restart: not given: expected a mapping"),
    ],
)
def test_bad_input_is_named(function: Callable[..., Any], arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        function(*arguments)
    assert message in str(caught.value)


def test_a_long_value_is_cut() -> None:
    with pytest.raises(InvalidInput) as caught:
        report_lines("x" * 1000)
    assert len(str(caught.value)) < 150


def test_the_preflight_is_shown_as_text() -> None:
    answer = vcd(edge(service_engine_groups=[group("seg", 5, 5)], **objects("distinct_internal")))
    report = preflight_report(ccm(services=[service()]), answer, "shared_external")
    lines = report_lines(report)
    assert lines[0] == (
        "from scenario distinct_internal to shared_external (the ports of a Service share one external IP, without NAT)"
    )
    assert "  ok      vcd version: VCD 10.4.3 (API 37.2) is new enough for shared_external" in lines
    room = lines.index(
        "  warning service engine group: no service engine group of edge gateway acme-edge has room"
        " (seg 5 of 5 virtual services); this change needs no more, and a new Service gets none"
    )
    assert lines[room + 1] == "          -> have the provider raise the maximum, or remove virtual services"
    assert len([line for line in lines if line.startswith("  ERROR   existing services: default/web")]) == 1


@pytest.mark.parametrize(
    ("current", "target", "one_arm", "heading"),
    [
        ("shared_external", "shared_external", "", "scenario shared_external (the ports of a Service"),
        ("shared_internal", "shared_internal", "172.16.0.1-172.16.0.9", "scenario shared_internal (the ports"),
        ("invalid", "shared_internal", "", "from scenario invalid to shared_internal (the ports"),
    ],
)
def test_the_heading_names_both_scenarios(current: str, target: str, one_arm: str, heading: str) -> None:
    report = preflight_report(ccm(current), vcd(edge()), target, one_arm)
    assert report_lines(report)[0].startswith(heading)
    assert report_lines(report)[0].endswith("nothing to change") is not report["change"]


def test_the_verification_is_shown_as_text() -> None:
    good = verify_report(ccm(), vcd(edge()))
    assert report_lines(good)[0] == "verification of distinct_internal: passed"
    bad = verify_report(ccm(deployment=None), vcd(edge()))
    assert report_lines(bad)[0] == "verification of distinct_internal: FAILED"


def test_the_plan_is_shown_as_text() -> None:
    restart = {"done": "recreate", "needed": True, "reason": "the content changes"}
    plan = {"changed": True, "steps": ["scale to 0", "create it"], "restart": restart, "resumed": False}
    assert report_lines(plan) == [
        "plan: 2 steps; restart of CPI: recreate (the content changes)",
        "  1. scale to 0",
        "  2. create it",
    ]
    assert "2 steps, which finish an interrupted change; restart" in report_lines({**plan, "resumed": True})[0]
    assert report_lines({**plan, "steps": []}) == ["plan: nothing to do"]


def move(name: str, before: str, steps: int, **outage: Any) -> dict[str, Any]:
    """A Service in the result of vcd_shared_ip."""
    return {
        "name": name,
        "namespace": "default",
        "external_ip": "203.0.113.10",
        "scenario_before": before,
        "scenario": "shared_external",
        "state": "repaired" if before == "shared_external" else "migrated",
        "steps": ["a write"] * steps,
        "outage": {"ports": {}, "together": 0, "window": 0, **outage},
    }


def test_the_plan_in_cloud_director_is_shown_as_text() -> None:
    services = [
        move("web", "distinct_internal", 7, ports={"80": 3, "443": 0}, window=1),
        move("api", "shared_external", 1),
        move("same", "shared_external", 0),
    ]
    assert report_lines({"steps": ["x"], "services": services}) == [
        "plan in Cloud Director: 8 writes for 2 Services, one at a time, while CPI is stopped; times are estimates,"
        " at 5 to 8 s for a task",
        "  default/web (203.0.113.10): from distinct_internal to shared_external, 7 writes; port 80 is down for 3"
        " tasks (about 15 to 24 s); if Cloud Director refuses a virtual service beside a DNAT rule, another object"
        " could take the external IP during 1 task (about 5 to 8 s)",
        "  default/api (203.0.113.10): shared_external is repaired, 1 write; no port goes down",
    ]
    nothing = {"steps": [], "services": services[2:]}
    assert report_lines(nothing) == ["plan in Cloud Director: nothing to do"]


def test_a_rollback_is_shown_as_text() -> None:
    back = {
        "ok": True,
        "taken": "2026-05-04T10:11:12Z",
        "scenario": "shared_external",
        "services": [{}],
        "notes": ["n"],
    }
    assert report_lines(back) == [
        "restore point of 2026-05-04T10:11:12Z: shared_external, 1 Service",
        "  note    n",
    ]
    assert report_lines({"ok": False, "summary": "no way", "notes": []}) == ["no way"]


def test_the_message_of_a_failure_is_complete() -> None:
    line = failure_message({"msg": "default/b: BUSY; migrated: default/a."}, "/d/x.json", "ConfigMap y")
    assert line == (
        "default/b: BUSY; migrated: default/a; the restore point is in /d/x.json and in ConfigMap y; "
        "run the same again to continue, or the playbook vcd.kubernetes.restore to go back"
    )
    restored = failure_message({"msg": "no"}, "/d/x.json", "ConfigMap y", True)
    assert restored == "no; every Service is as it was, and CPI runs again with its previous scenario"
