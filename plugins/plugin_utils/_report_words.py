# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The texts of the report of a run, which the HTML page and the Markdown page share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import pluralize
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import DEVIATES, WOULD_CHANGE, ClusterEnd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.run_report import (
    EdgeReport,
    PortDown,
    RunReport,
    ServiceReport,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import ROLLED_BACK, TOUCHED, in_words
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._words import (
    BAD,
    GOOD,
    NOT_READ,
    WARN,
    pool_words,
    service_words,
)

OBJECTS = ("rule", "virtual_service", "pool")


def about_lines(report: RunReport) -> list[str]:
    """Who ran it, in which job, and when."""
    parts = [
        f"by {report.who}" if report.who else "",
        f"job {report.job}" if report.job else "",
        report.when,
    ]
    return [line for line in (report.headline, ", ".join(filter(None, parts))) if line]


def foot(report: RunReport) -> str:
    """The last line of a page."""
    return (
        f"Made by vcd.kubernetes{f', {report.when}' if report.when else ''}. Health is as Cloud Director reported it."
    )


def edge_name(name: str) -> str:
    """The heading of an edge gateway."""
    return f"Edge gateway {name}" if name else "Edge gateway not known"


def state_tone(end: ClusterEnd) -> str:
    """The tone of how a cluster ended."""
    if not end.ok:
        return BAD
    return WARN if end.state in (WOULD_CHANGE, DEVIATES) else GOOD


def cpi_words(end: ClusterEnd) -> str:
    """Whether CPI runs."""
    if end.machines:
        return "none: machines"
    if end.cpi is None:
        return "unknown"
    return f"running, {pluralize(end.cpi, 'replica')}" if end.cpi else "STOPPED"


def planned_words(seconds: tuple[int, int] | None) -> str:
    """Planned downtime: "15 to 24 s"."""
    if seconds is None:
        return "not planned"
    return f"{seconds[0]} to {seconds[1]} s" if seconds[1] else "0 s"


def measured_words(seconds: float | None, still_down: str = "") -> str:
    """Measured downtime: "2.5 s"; ``still_down`` says what was still down when the run ended."""
    words = "not measured" if seconds is None else f"{seconds:g} s"
    return f"{words}, {still_down}" if still_down else words


def cluster_measured_words(end: ClusterEnd) -> str:
    """The measured downtime of a cluster."""
    return measured_words(end.seconds_down, f"{pluralize(end.ports_down, 'port')} still down" if end.ports_down else "")


def service_heading(service: ServiceReport) -> str:
    """The name of a Service, what it becomes and what happened to it."""
    shapes = [*(str(one["shape"]) for one in service.drawn), service.became]
    change = " -> ".join(dict.fromkeys(filter(None, shapes))) or "not read"
    return f"{service.label}: {change}{f' ({in_words(service.state)})' if service.state else ''}"


def edge_captions(edge: EdgeReport) -> list[str]:
    """What to write above each of `EdgeReport.drawn`."""
    return _before_and_after(planned=edge.planned) if len(edge.drawn) == 2 else ["Now"] * len(edge.drawn)


def _before_and_after(*, planned: bool) -> list[str]:
    return ["Before", "After, as planned" if planned else "After"]


def captions(service: ServiceReport, *, planned: bool) -> list[str]:
    """What to write above each of `ServiceReport.drawn`."""
    if len(service.drawn) == 2:
        return _before_and_after(planned=planned)
    if service.before is not None and service.after is not None:
        return ["Unchanged"]
    return [] if not service.drawn else ["Now" if service.before is None else "Before"]


def port_rows(service: ServiceReport) -> list[dict[str, str]]:
    """One row for each port: how it is served in the last known state, how long it was down, and its objects.

    A failed run does not read the objects of a Service again that it had begun to move, but knows which ports serve.
    """
    last = service.after or service.before
    down = {one.port: one for one in service.down}
    rows = []
    for path in last["paths"] if last else ():
        port = str(path["port"])
        known = down.pop(port, PortDown(port))
        written = service.after is None and service.state in TOUCHED
        serves = not known.lasting if written and known.measured is not None else path["serves"]
        objects = _objects(path) if not written or service.state == ROLLED_BACK else dict.fromkeys(OBJECTS, NOT_READ)
        rows.append(
            {
                "port": f"{port} {path['name']}".strip(),
                "served": "yes" if serves else "no",
                "tone": GOOD if serves else BAD,
                "planned": planned_words(known.planned),
                "measured": measured_words(known.measured, "still down" if known.lasting else ""),
                **objects,
            }
        )
    return rows


def _objects(path: Mapping[str, Any]) -> dict[str, str]:
    found, pool, rule = path["virtual_service"], path["pool"], path["rule"]
    texts = (
        rule["name"] if rule else "none",
        ", ".join(filter(None, (found["name"], service_words(found)[0]))) if found else "does not exist",
        ", ".join(filter(None, (pool["name"], pool_words(pool)[0]))) if pool else "does not exist",
    )
    return dict(zip(OBJECTS, texts, strict=True))
