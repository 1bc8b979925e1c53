# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Reports as text for a person: a heading and one line for each finding, step or Service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    TASK_SECONDS,
    pluralize,
    tasks_in_words,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import CREATED, REMOVED, REPAIRED

# The reader of a plan should know what may happen, and what it depends on.
IP_AT_RISK = "if Cloud Director refuses a virtual service beside a DNAT rule, another object could take the external IP"
MARKS = {"error": "ERROR", "warning": "warning", "info": "ok"}


def report_lines(report: Any) -> list[str]:
    """Lines for a preflight, a verification, a way back or a plan. Raises InvalidInput for anything else.

    A plan is the result of vcd_ccm_config or vcd_shared_ip.
    """
    reader = Reader(report, "report")
    if "notes" in reader.value:
        return _way_back(reader)
    if "findings" not in reader.value and "steps" in reader.value:
        return _migration(reader) if "services" in reader.value else _plan(reader)
    return [_heading(reader), *_findings(reader)]


def _plan(result: Reader) -> list[str]:
    steps, restart = result.texts("steps"), result.mapping("restart")
    if not steps:
        return ["plan: nothing to do"]
    finishes = ", which finish an interrupted change" if result.flag("resumed") else ""
    heading = f"plan: {pluralize(len(steps), 'step')}{finishes}; restart of CPI: {restart.text('done')}"
    return [f"{heading} ({restart.text('reason')})", *(f"  {number}. {step}" for number, step in enumerate(steps, 1))]


def _migration(result: Reader) -> list[str]:
    """A line for each Service that changes: its new scenario, the number of writes, and what its clients notice."""
    services = [service for service in result.mappings("services") if service.texts("steps")]
    if not services:
        return ["plan in Cloud Director: nothing to do"]
    writes = sum(len(service.texts("steps")) for service in services)
    heading = f"plan in Cloud Director: {pluralize(writes, 'write')} for {pluralize(len(services), 'Service')}"
    estimate = f"times are estimates, at {TASK_SECONDS[0]} to {TASK_SECONDS[1]} s for a task"
    heading += f", one at a time, while CPI is stopped; {estimate}"
    return [heading, *(_service(service) for service in services)]


def _service(service: Reader) -> str:
    before, after = service.text("scenario_before"), service.text("scenario")
    becomes = {
        CREATED: f"created in {after}",
        REPAIRED: f"{after} is repaired",
        REMOVED: "removed",
    }.get(service.text("state"), f"from {before} to {after}")
    writes = pluralize(len(service.texts("steps")), "write")
    return f"  {_label(service)} ({service.text('external_ip', '')}): {becomes}, {writes}; {_outage(service)}"


def _outage(service: Reader) -> str:
    outage = service.mapping("outage").value
    ports = [f"port {port} is down for {tasks_in_words(tasks)}" for port, tasks in outage["ports"].items() if tasks]
    text = ", ".join(ports) or "no port goes down"
    if outage.get("window"):
        text += f"; {IP_AT_RISK} during {tasks_in_words(outage['window'])}"
    return text


def _label(service: Reader) -> str:
    return "/".join(filter(None, (service.text("namespace", ""), service.text("name"))))


def _way_back(report: Reader) -> list[str]:
    if not report.flag("ok"):
        return [report.text("summary")]
    services = pluralize(len(list(report.mappings("services"))), "Service")
    heading = f"restore point of {report.text('taken')}: {report.text('scenario')}, {services}"
    return [heading, *(f"  note    {note}" for note in report.texts("notes"))]


def failure_message(failure: Any, restore_file: str, backup: str, restored: bool = False) -> str:
    """One line for a migration that failed: the state of the Services, and how to continue or go back.

    ``failure`` is the failed task's result, whose message says which Services are migrated, rolled back and untouched.
    ``restore_file`` is empty where only ``backup`` holds the restore point. ``restored``: no Service is migrated and
    CPI runs as before. ``cpi_runs`` in ``failure``: something else started CPI.
    """
    result = Reader(failure, "failure")
    message = result.text("msg", "the migration failed").strip().rstrip(".;")
    if restored:
        return f"{message}; every Service is as it was, and CPI runs again with its previous scenario"
    where = f"the restore point is in {' and in '.join(filter(None, (restore_file, backup)))}"
    ways = "run the same again to continue, or the playbook vcd.kubernetes.restore to go back"
    # the caller reports a stopped CPI, after it has tried everything that might start it
    cpi = "CPI runs with its old file among them; " if result.flag_or("cpi_runs", False) else ""
    return f"{message}; {cpi}{where}; {ways}"


def _heading(report: Reader) -> str:
    if "scenario_before" not in report.value:
        return f"verification of {report.text('wanted')}: {'passed' if report.flag('ok') else 'FAILED'}"
    before, after = report.text("scenario_before"), report.text("scenario")
    if not report.flag("change"):
        return f"scenario {after} ({report.text('meaning')}): nothing to change"
    step = f"scenario {after}" if before == after else f"from scenario {before} to {after}"
    return f"{step} ({report.text('meaning')})"


def _findings(report: Reader) -> Iterator[str]:
    for finding in report.mappings("findings"):
        severity = finding.text("severity")
        label = finding.text("check").replace("_", " ")
        yield f"  {MARKS.get(severity, severity):8}{label}: {finding.text('message')}"
        remedy = finding.text("remedy", "")
        if remedy:
            yield f"          -> {remedy}"
