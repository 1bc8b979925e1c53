# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The report of a run as an HTML page: a summary, then each edge gateway with its addresses and its clusters.

A page stays below ``MOST_BYTES`` for any fleet with few findings: when its drawings or its tables take too much space,
the Services that follow are listed by name, and a line says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.run_report import (
    ClusterReport,
    EdgeReport,
    RunReport,
    ServiceReport,
)
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._drawing import drawing
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._edge_drawing import edge_drawing
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._page_frame import render
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_words import (
    about_lines,
    captions,
    cluster_measured_words,
    cpi_words,
    edge_captions,
    edge_name,
    foot,
    planned_words,
    port_rows,
    service_heading,
    state_tone,
)
from markupsafe import Markup

MOST_BYTES = 1_000_000
_DRAWINGS, _TABLES = 710_000, 190_000  # bytes of the page that they may take
_ROW = 560  # bytes of a row of a table without its texts
_BODY = """
{% macro sides(drawings) %}
{% if drawings %}
<div class="sides{% if drawings | length == 1 %} one{% endif %}">
{% for caption, image in drawings %}
<figure><figcaption>{{ caption }}</figcaption>{{ image }}</figure>
{% endfor %}
</div>
{% endif %}
{% endmacro %}
{% call page.section('Summary') %}
<table class="wide" aria-label="All clusters">
<thead><tr><th scope="col" class="w12">Cluster</th><th scope="col" class="w14">State</th>
<th scope="col" class="w12">Edge gateway</th>
{% if changes %}<th scope="col" class="w16">From</th><th scope="col" class="w16">To</th>
{% else %}<th scope="col" class="w16">Scenario</th>{% endif %}
<th scope="col" class="w10">CPI</th>
{% if moves %}<th scope="col" class="w10">Down, planned</th><th scope="col" class="w10">Down, measured</th>{% endif %}
</tr></thead>
<tbody>
{% for one in clusters %}
<tr><th scope="row" data-label="Cluster"><a href="#{{ one.id }}">{{ one.end.cluster }}</a></th>
<td data-label="State">{{ page.badge(one.end.state, one.tone) }}</td>
<td data-label="Edge gateway">{{ one.end.edge_gateway or 'not known' }}</td>
{% if changes %}
<td data-label="From">{{ (one.end.scenario_before or one.end.scenario or 'not read') | breakable }}</td>
{% endif %}
<td data-label="{{ 'To' if changes else 'Scenario' }}">{{ (one.end.scenario or 'not read') | breakable }}</td>
<td data-label="CPI">{{ one.cpi }}</td>
{% if moves %}
<td data-label="Down, planned">{{ one.planned }}</td><td data-label="Down, measured">{{ one.measured }}</td>
{% endif %}
</tr>
{% endfor %}
</tbody></table>
{% for one in clusters if one.end.reason %}
<p class="card"><strong>{{ one.end.cluster }}</strong>: {{ one.end.reason }}</p>
{% endfor %}
{% endcall %}
{% for edge in edges %}
{% call page.section(edge.heading) %}
<dl><dt>External IPs</dt><dd>{{ edge.external }}</dd><dt>Internal IPs</dt><dd>{{ edge.internal }}</dd></dl>
{{ sides(edge.drawings) }}
{% for one in edge.clusters %}
<article id="{{ one.id }}">
<h3>{{ one.end.cluster }} {{ page.badge(one.end.state, one.tone) }}</h3>
{% if one.end.reason and not one.end.ok %}<p>{{ one.end.reason }}</p>{% endif %}
{% if one.report.services %}
<dl><dt>External IPs</dt><dd>{{ one.external }}</dd><dt>Internal IPs</dt><dd>{{ one.internal }}</dd></dl>
{% endif %}
{% for service in one.services %}
<h4>{{ service.heading }}</h4>
{% if service.aside %}<p class="muted">{{ service.aside }}</p>{% endif %}
{{ sides(service.drawings) }}
{% if service.rows %}
<table class="wide" aria-label="Ports of {{ service.label }}">
<thead><tr><th scope="col" class="w12">Port</th><th scope="col" class="w8">Served</th>
{% if moves %}<th scope="col" class="w10">Down, planned</th><th scope="col" class="w10">Down, measured</th>{% endif %}
<th scope="col">DNAT rule</th><th scope="col">Virtual service</th><th scope="col">Pool</th></tr></thead><tbody>
{% for row in service.rows %}
<tr><th scope="row" data-label="Port">{{ row.port }}</th>
<td data-label="Served"><span class="{{ row.tone }}">{{ row.served }}</span></td>
{% if moves %}
<td data-label="Down, planned">{{ row.planned }}</td><td data-label="Down, measured">{{ row.measured }}</td>
{% endif %}
<td data-label="DNAT rule">{{ row.rule }}</td><td data-label="Virtual service">{{ row.virtual_service }}</td>
<td data-label="Pool">{{ row.pool }}</td></tr>
{% endfor %}
</tbody></table>
{% endif %}
{% endfor %}
{% if one.report.left_out %}<p>and {{ one.report.left_out }} more Services, which are not shown</p>{% endif %}
{% if one.named %}<p><span class="muted">In short, to keep the page small:</span> {{ one.named }}</p>{% endif %}
{% if one.report.findings %}
<h4>Findings</h4>
<ul>
{% for finding in one.report.findings %}
<li><span class="{{ 'bad' if finding.severity == 'error' else 'warn' }}">{{ finding.severity }}</span>
{% if finding.when %}({{ finding.when }}){% endif %} {{ finding.check }}: {{ finding.message }}
{% if finding.remedy %}<br><span class="muted">What to do:</span> {{ finding.remedy }}{% endif %}</li>
{% endfor %}
</ul>
{% endif %}
{% if one.report.passed %}<p class="muted">{{ one.passed }}</p>{% endif %}
{% if one.report.hooks %}
<h4>Before and after the change</h4>
<ul>
{% for hook in one.report.hooks %}
<li>{{ hook.line }}{% if not hook.ok %} <span class="bad">failed</span>{% endif %}{% if hook.text %}:
{{ hook.text }}{% endif %}</li>
{% endfor %}
</ul>
{% endif %}
{% if one.report.way_back %}
<h4>Restore point</h4>
<p>{{ one.end.restore_point }}</p>
<p>To go back, with the same inventory:</p>
{{ page.code(one.report.way_back) }}
{% endif %}
</article>
{% endfor %}
{% endcall %}
{% endfor %}
"""


@dataclass(frozen=True)
class _Service:
    """One Service as the template needs it."""

    label: str
    heading: str
    aside: str
    drawings: list[tuple[str, Markup]]
    rows: list[dict[str, str]]


class _PageBudget:
    """Makes drawings and tables as long as they fit into the page, and a key for each drawing."""

    def __init__(self) -> None:
        self._drawings, self._tables = _DRAWINGS, _TABLES
        self._number = 0

    def edge_drawings(self, edge: EdgeReport) -> list[tuple[str, Markup]]:
        """The drawings of an edge gateway with their captions; none if they do not fit any more."""
        return self._fitting(edge_drawing, edge.drawn, edge_captions(edge))

    def drawings(self, service: ServiceReport, *, planned: bool) -> list[tuple[str, Markup]]:
        """The drawings of a Service with their captions; none if they do not fit any more."""
        return self._fitting(drawing, service.drawn, captions(service, planned=planned))

    def _fitting(
        self, draw: Callable[[Any, str, str], Markup], states: Sequence[Any], named: Sequence[str]
    ) -> list[tuple[str, Markup]]:
        found: list[tuple[str, Markup]] = []
        for caption, state in zip(named, states, strict=True):
            self._number += 1
            found.append((caption, draw(state, f"d{self._number}", caption)))
        size = sum(len(image.encode()) for _caption, image in found)
        if size > self._drawings:
            self._drawings = 0
            return []
        self._drawings -= size
        return found

    def rows(self, service: ServiceReport) -> list[dict[str, str]]:
        """The rows of a Service's table; none if they do not fit any more."""
        found = port_rows(service)
        size = sum(_ROW + sum(len(text.encode()) for text in row.values()) for row in found)
        if size > self._tables:
            self._tables = 0
            return []
        self._tables -= size
        return found


def html_page(report: RunReport) -> str:
    """The whole page."""
    budget = _PageBudget()
    drawn = [budget.edge_drawings(edge) for edge in report.edges]  # they take precedence over those of single Services
    numbers = {id(one): number for number, one in enumerate(report.clusters, 1)}
    edges = [
        {
            "heading": edge_name(edge.name),
            "external": edge.external.in_words() + _free(edge.external.free, "on the edge gateway"),
            "internal": edge.internal.in_words(),
            "drawings": drawings,
            "clusters": [_cluster(one, numbers[id(one)], budget) for one in edge.clusters],
        }
        for edge, drawings in zip(report.edges, drawn, strict=True)
    ]
    clusters = [one for edge in edges for one in edge["clusters"]]
    values = {"report": report, "edges": edges, "clusters": clusters, "moves": report.moves, "changes": report.changes}
    return render(_BODY, title=report.title, about=about_lines(report), foot=foot(report), **values)


def _cluster(one: ClusterReport, number: int, budget: _PageBudget) -> dict[str, object]:
    services = list(_services(one, budget))
    return {
        "id": f"cluster-{number}",
        "report": one,
        "end": one.end,
        "tone": state_tone(one.end),
        "cpi": cpi_words(one.end),
        "planned": planned_words(one.planned_down),
        "measured": cluster_measured_words(one.end),
        "external": one.external.in_words(one.end.scenario) + _free(one.external.free, "on the edge gateway"),
        "internal": one.internal.in_words(one.end.scenario) + _free(one.internal.free, "in the one-arm range"),
        "services": [service for service in services if service.drawings or service.rows],
        "named": ", ".join(service.heading for service in services if not (service.drawings or service.rows)),
        "passed": f"{one.passed} checks passed",
    }


def _services(one: ClusterReport, budget: _PageBudget) -> Iterator[_Service]:
    for service in one.services:
        last = service.after or service.before
        yield _Service(
            service.label,
            service_heading(service),
            str(last["aside"]) if last else "",
            budget.drawings(service, planned=one.planned),
            budget.rows(service),
        )


def _free(free: int | None, where: str) -> str:
    return "" if free is None else f"; {free} free {where}"
