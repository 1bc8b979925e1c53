# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The plan of a run for those who approve it: as JSON, as an HTML page and as Markdown.

All three are made from the same document (see `_sharing.binding.run_plan`). In the pages, external data is always text:
Jinja2's autoescape ensures that in HTML (see `_page_frame`), `escaped` in Markdown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._canonical import is_digest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import pluralize
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.report import IP_AT_RISK
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._page_frame import render
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_markdown import escaped

Data = Mapping[str, Any]
FOOT = (
    "Times are estimates, at 5 to 8 seconds for a task of Cloud Director. The digest binds everything that is shown "
    "for the clusters that were planned. It does not bind who made the plan, when, or in which job."
)
_BODY = """
{% call page.section('Summary') %}
<table class="wide"><thead><tr><th>Cluster</th><th>Edge gateway</th><th>From</th><th>To</th><th>Result</th>
<th>Longest time down</th></tr></thead><tbody>
{% for name, one in clusters.items() %}
<tr><th scope="row" data-label="Cluster">{{ name }}</th>
{% if one.plan %}
<td data-label="Edge gateway">{{ one.plan.edge_gateway.name }}</td>
<td data-label="From">{{ one.plan.scenario_before }}</td><td data-label="To">{{ one.plan.scenario }}</td>
<td data-label="Result">{{ page.badge(one.state, 'good') }}</td>
<td data-label="Longest time down">{{ words.longest(one.plan) }}</td>
{% else %}
<td data-label="Edge gateway"></td><td data-label="From"></td><td data-label="To"></td>
<td data-label="Result">{{ page.badge(one.state, 'bad') }}</td><td data-label="Longest time down"></td>
{% endif %}</tr>
{% endfor %}
</tbody></table>
{% endcall %}
{% for name, one in clusters.items() %}
{% call page.section(name) %}
{% if not one.plan %}
<p class="bad">This cluster could not be planned, and cannot be changed with this plan: {{ one.reason }}</p>
{% else %}
<dl>{% for label, value in words.facts(one.plan) %}<dt>{{ label }}</dt><dd>{{ value }}</dd>{% endfor %}</dl>
<h3>Steps</h3>
{{ page.code(one.plan.lines | join('\\n')) }}
{% for service in one.plan.services %}
<h3>{{ service.name }}</h3>
<p>{{ words.service(service) }}</p>
<ol>{% for step in service.steps %}<li>{{ step }}</li>{% endfor %}</ol>
{% if service.steps_if_refused %}
<p>Depending on what Cloud Director refuses, these may take the place of some steps:</p>
<ul>{% for step in service.steps_if_refused %}<li>{{ step }}</li>{% endfor %}</ul>
{% endif %}
{% endfor %}
{% if one.plan.removed %}
<h3>Orphans that are removed</h3>
<ul>{% for item in one.plan.removed %}<li>{{ item }}</li>{% endfor %}</ul>
{% endif %}
<h3>Findings</h3>
{% if one.plan.findings %}
<ul>{% for item in one.plan.findings %}
<li>{{ page.badge(item.severity, 'warn' if item.severity == 'warning' else 'bad') }} {{ item.message }}
{%- if item.remedy %}<br><span class="muted">{{ item.remedy }}</span>{% endif %}</li>
{% endfor %}</ul>
{% else %}
<p>None.</p>
{% endif %}
<h3>Based on</h3>
<p class="muted">The run stops before its first write if one of these has changed.</p>
<ul>{% for thing in one.plan.based_on %}<li>{{ thing }}</li>{% endfor %}</ul>
{% endif %}
{% endcall %}
{% endfor %}
"""


def json_text(document: Data) -> str:
    """The document as the file holds it."""
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def title_of(document: Data) -> str:
    """The title of both pages."""
    return f"Plan for {pluralize(len(document['clusters']), 'cluster')}"


def made_line(document: Data) -> str:
    """The line below the title: when, and by whom."""
    made = document["made"]
    job = f", job {made['job']}" if made.get("job") else ""
    return f"Made {made.get('at', '')} by {made.get('by', 'an unknown user')}{job}"


class Words:
    """The texts about a plan that both pages have."""

    @staticmethod
    def facts(plan: Data) -> list[tuple[str, str]]:
        """The main facts of the plan, as labels and values."""
        return [
            ("Edge gateway", str(plan["edge_gateway"]["name"])),
            ("From", scenario_words(plan["scenario_before"], plan["one_arm_before"])),
            ("To", scenario_words(plan["scenario"], plan["one_arm"])),
            ("Restart of CPI", str(plan["cpi"]["restart"])),
            ("Digest", str(plan["digest"])),
        ]

    @staticmethod
    def service(service: Data) -> str:
        """One sentence about a Service, and what its clients notice."""
        down = ", ".join(
            f"port {port} for {seconds_words(found)}" for port, found in service["seconds_down"].items() if found[1]
        )
        text = f"{service['external_ip']}, from {service['scenario_before']} to {service['scenario']}; down: "
        text += down or "nothing"
        if service["seconds_unheld"][1]:
            text += f"; {IP_AT_RISK} within {seconds_words(service['seconds_unheld'])}"
        return text

    @staticmethod
    def longest(plan: Data) -> str:
        """The downtime of the port that is down longest."""
        found = [seconds for one in plan["services"] for seconds in one["seconds_down"].values()]
        longest = max(found, key=lambda one: one[1], default=[0, 0])
        return seconds_words(longest) if longest[1] else "nothing"


def scenario_words(scenario: str, one_arm: Data | None) -> str:
    """A scenario with its range."""
    return f"{scenario}, {one_arm['start_ip']} to {one_arm['end_ip']}" if one_arm else scenario


def seconds_words(found: list[int]) -> str:
    """An estimate: "10 to 16 s"."""
    return f"{found[0]} to {found[1]} s"


def html_page(document: Data) -> str:
    """The HTML page."""
    values = {"clusters": document["clusters"], "words": Words}
    about = [made_line(document), f"Digest {document['digest']}"]
    return render(_BODY, title=title_of(document), about=about, foot=FOOT, **values)


def markdown_page(document: Data) -> str:
    """The Markdown page."""
    return "\n".join(_markdown(document)) + "\n"


def _markdown(document: Data) -> Iterator[str]:
    yield from (f"# {title_of(document)}", "")
    yield from (f"- {escaped(made_line(document))}", f"- Digest {_value(document['digest'])}", "")
    yield from ("| Cluster | Edge gateway | From | To | Result | Longest time down |", "| --- " * 6 + "|")
    for name, one in document["clusters"].items():
        plan = one["plan"]
        cells = [plan["edge_gateway"]["name"], plan["scenario_before"], plan["scenario"]] if plan else ["", "", ""]
        row = [name, *cells, one["state"], Words.longest(plan) if plan else ""]
        yield f"| {' | '.join(map(escaped, row))} |"
    for name, one in document["clusters"].items():
        yield from ("", f"## {escaped(name)}", "")
        yield from _cluster(one["plan"]) if one["plan"] else [f"Could not be planned: {escaped(one['reason'])}"]
    yield from ("", escaped(FOOT))


def _value(text: str) -> str:
    """A digest as code, so that it can be copied from the source of the page, too; any other text is escaped."""
    return f"`{text}`" if is_digest(text) else escaped(text)


def _cluster(plan: Data) -> Iterator[str]:
    yield from (f"- {label}: {_value(value)}" for label, value in Words.facts(plan))
    yield from ("", "### Steps", "", *(f"- {escaped(line.strip())}" for line in plan["lines"]))
    for service in plan["services"]:
        yield from ("", f"### {escaped(service['name'])}", "", escaped(Words.service(service)), "")
        yield from (f"{number}. {escaped(step)}" for number, step in enumerate(service["steps"], 1))
        if service["steps_if_refused"]:
            yield from ("", "Depending on what Cloud Director refuses, these may take the place of some steps:", "")
            yield from (f"- {escaped(step)}" for step in service["steps_if_refused"])
    if plan["removed"]:
        yield from ("", "### Orphans that are removed", "", *(f"- {escaped(item)}" for item in plan["removed"]))
    yield from ("", "### Findings", "")
    lines = [
        f"- {one['severity']}: {escaped(one['message'])} {escaped(one['remedy'])}".rstrip() for one in plan["findings"]
    ]
    yield from lines or ["None."]
    yield from ("", "### Based on", "", *(f"- {escaped(thing)}" for thing in plan["based_on"]))
