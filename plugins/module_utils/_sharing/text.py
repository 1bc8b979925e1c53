# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Reports as text for a person: a heading and one line for each finding, the remedy below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import counted
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.reader import Reader

MARKS = {"error": "ERROR", "warning": "warning", "info": "ok"}


def report_lines(report: Any) -> list[str]:
    """Lines for a preflight, a verification or a plan (the result of vcd_ccm_config); InvalidInput when it is none."""
    reader = Reader(report, "report")
    if "findings" not in reader.value and "steps" in reader.value:
        return _plan(reader)
    return [_heading(reader), *_findings(reader)]


def _plan(result: Reader) -> list[str]:
    steps, restart = result.texts("steps"), result.mapping("restart")
    if not steps:
        return ["plan: nothing to do"]
    finishes = ", which finish an interrupted change" if result.flag("resumed") else ""
    heading = f"plan: {counted(len(steps), 'step')}{finishes}; restart of CPI: {restart.text('done')}"
    return [f"{heading} ({restart.text('reason')})", *(f"  {number}. {step}" for number, step in enumerate(steps, 1))]


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
