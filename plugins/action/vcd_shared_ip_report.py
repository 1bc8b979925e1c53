# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name, and writes the report of the run as HTML and as Markdown on the controller."""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.vcd.kubernetes.plugins.action.vcd_shared_ip import run_by
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput, defect
from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import printable
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import CHANGED, FAILED
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.run_report import run_report
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._page_files import unused, write_files
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_html import html_page
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_markdown import markdown_page

FOLDER = "~/.vcd-kubernetes/reports"
NEVER, AUTO, ALWAYS = "never", "auto", "always"
# Only the report needs these: the module gets the rest, which is small.
REPORT_ONLY = ("verification", "planned", "ended", "hooks")
MACHINES = ("audit", "scenario")  # what the module needs for services of machines


class ActionModule(ActionBase):  # type: ignore[misc] # ansible-core has no types
    """Handles the options report, report_file and report_dir itself; writes in check mode, too."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The module's result with ``report_files``, and ``report_problem`` if the report cannot be written."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        clusters = arguments.get("clusters")
        small = {**arguments, "clusters": summarized(clusters)}
        result.update(self._execute_module(module_args=small, task_vars=task_vars))
        result.pop("invocation", None)
        if result.get("failed"):
            return result
        wanted = {name: _text(arguments.get(name)) for name in ("report", "report_file", "report_dir")}
        result.update(report_files=[], report_problem="")
        if not is_due(wanted["report"] or NEVER, bool(wanted["report_file"]), result["statistics"].values()):
            return result
        now = datetime.now(timezone.utc)
        known = clusters if isinstance(clusters, Mapping) else {}
        try:
            named = wanted["report_file"]
            path = _expanded(named) if named else _new_file(wanted["report_dir"] or FOLDER, now)
            result["report_files"] = _written(path, known, task_vars or {}, now)
        except Exception as error:  # noqa: BLE001 - a finished run must not fail because of its report
            result["report_problem"] = problem(named or wanted["report_dir"] or FOLDER, error)
        return result


def summarized(clusters: Any) -> Any:
    """What the module needs of ``clusters``: without the pictures and the findings, which only the report shows."""
    if not isinstance(clusters, Mapping):
        return clusters
    return {name: _summarized(kept) for name, kept in clusters.items()}


def _summarized(kept: Any) -> Any:
    if not isinstance(kept, Mapping):
        return kept
    found = {key: value for key, value in kept.items() if key not in REPORT_ONLY}
    machines = found.get("machines")
    if isinstance(machines, list):
        found["machines"] = [{key: one[key] for key in one if key in MACHINES} for one in machines]
    preflight = found.get("preflight")
    if isinstance(preflight, Mapping):
        short = ("edge_gateway", "scenario_before", "scenario")
        found["preflight"] = {key: preflight[key] for key in short if key in preflight}
    return found


def is_due(report: str, named: bool, ends: Iterable[Mapping[str, Any]]) -> bool:
    """Whether this run writes a report. ``auto``: if a file is named, and after a change or a failure."""
    if report != AUTO:
        return report == ALWAYS
    return named or any(one["state"] in (CHANGED, FAILED) for one in ends)


def problem(place: str, error: Exception) -> str:
    """One line that says why there is no report. The run itself is done, and does not fail because of it."""
    known = isinstance(error, CollectionError)
    why = getattr(error, "strerror", None) or (str(error) if known else defect(error).message)
    remedy = "give a file that this user may write as shared_ip_report_file, or shared_ip_report_when=never"
    return printable(f"report: {place!r}: cannot be written: {why}; the run itself is not affected: {remedy}")


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise InvalidInput("shared_ip_report_dir", text, "this user has no home folder: give another one") from error


def _new_file(folder: str, now: datetime) -> Path:
    return unused(_expanded(folder) / f"report_{now:%Y%m%dT%H%M%SZ}.html")


def _written(path: Path, clusters: Mapping[str, Any], task_vars: Mapping[str, Any], now: datetime) -> list[str]:
    """Write both pages; returns their paths. Raises OSError, and InvalidInput for data of an unexpected form."""
    started = run_by(task_vars, os.environ).get("run_by", {})
    who = started.get("user") or _user()
    report = run_report(clusters, who=who, job=started.get("job", ""), when=f"{now:%Y-%m-%d %H:%M:%S} UTC")
    beside = path.with_suffix(".md") if path.suffix != ".md" else path.with_name(f"{path.name}.md")
    write_files({path: html_page(report), beside: markdown_page(report)})
    return [str(path), str(beside)]


def _user() -> str:
    host = platform.node()
    with suppress(KeyError, OSError):  # a container's user may have no name
        return f"{getpass.getuser()}@{host}"
    return f"{os.getuid()}@{host}"
