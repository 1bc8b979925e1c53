# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The report of a run as a Markdown page, with the same drawings as Mermaid, for wikis and merge requests.

External data is escaped for both: in Markdown, every character that has a meaning there gets a backslash or becomes an
entity, and in Mermaid, every character except letters, digits and a few others becomes one of its codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import printable
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.address_map import ClusterAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import pluralize
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.run_report import (
    ClusterReport,
    EdgeReport,
    HookReport,
    RunReport,
    ServiceReport,
)
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
)
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._words import (
    GOOD,
    NOT_READ,
    WARN,
    branch_words,
    health_words,
    members_left,
    pool_words,
    service_words,
    vip_words,
)

Data = Mapping[str, Any]
DRAWN = 120  # drawings in a page: a wiki draws them in the reader's browser
MOST_ARROWS = 120  # in one state of the addresses of an edge gateway
LONGEST_LABEL = 60  # characters of a text in a drawing
# Also links without brackets, emoji, and what turns the line that it begins into a list or a heading.
_MEANING = re.compile(r"([\\`*_{}\[\]#!|~$@]|^[-+=]|:(?=[/\w])|(?<=www)\.)")
_PLAIN = re.compile(r"[A-Za-z0-9 .,/-]")
_TONES = {"good": "good", "bad": "bad", "warn": "warn"}
_CLASSES = (
    "classDef good stroke:#116329,stroke-width:2px",
    "classDef bad stroke:#a40e26,stroke-width:2px,stroke-dasharray:4 3",
    "classDef warn stroke:#7d4e00,stroke-width:2px",
)


def escaped(text: object) -> str:
    """Text that Markdown and HTML show as it is, in one line."""
    plain = printable(" ".join(str(text).split()))
    found = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MEANING.sub(r"\\\1", found)


def code(text: str) -> str:
    """Text as a code block, fenced with more backticks than it has itself."""
    runs = re.findall(r"`+", text)
    fence = "`" * max(3, 1 + max((len(run) for run in runs), default=0))
    return f"{fence}shell\n{printable(text)}\n{fence}"


def markdown_page(report: RunReport) -> str:
    """The whole page."""
    lines = [f"# {escaped(report.title)}", ""]
    lines += [f"{escaped(line)}  " for line in about_lines(report)]
    lines += ["", "## Summary", "", *_summary(report.clusters), ""]
    drawn = 0
    for edge in report.edges:
        lines += _edge(edge)
        if edge.drawn and drawn < DRAWN:
            drawn += 1
            lines += ["```mermaid", *edge_mermaid(edge), "```", ""]
        for one in edge.clusters:
            found, drawn = _cluster(one, drawn)
            lines += found
    lines += ["---", "", escaped(foot(report)), ""]
    return "\n".join(lines)


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(escaped(one) for one in row)} |"


def _summary(clusters: Sequence[ClusterReport]) -> Iterator[str]:
    heads = ("Cluster", "State", "Edge gateway", "From", "To", "CPI", "Down, planned", "Down, measured", "Reason")
    rows = [
        (
            one.end.cluster,
            one.end.state,
            one.end.edge_gateway or "not known",
            one.end.scenario_before or one.end.scenario or "not read",
            one.end.scenario or "not read",
            cpi_words(one.end),
            planned_words(one.planned_down),
            cluster_measured_words(one.end),
            one.end.reason,
        )
        for one in clusters
    ]
    yield from _table(heads, rows)


def _edge(edge: EdgeReport) -> Iterator[str]:
    free = "" if edge.external.free is None else f"; {edge.external.free} free on the edge gateway"
    yield from (f"## {escaped(edge_name(edge.name))}", "")
    yield f"- External IPs: {escaped(edge.external.in_words())}{free}"
    yield f"- Internal IPs: {escaped(edge.internal.in_words())}"
    yield ""


def _cluster(one: ClusterReport, drawn: int) -> tuple[list[str], int]:
    """The lines of a cluster, and how many drawings the page has with them."""
    lines = [f"### {escaped(one.end.cluster)}: {escaped(one.end.state)}", ""]
    lines += [escaped(one.end.reason), ""] if one.end.reason else []
    if one.services:
        scenario = one.end.scenario
        lines += [
            f"- External IPs: {escaped(one.external.in_words(scenario))}",
            f"- Internal IPs: {escaped(one.internal.in_words(scenario))}",
            "",
        ]
    for service in one.services:
        lines += [f"#### {escaped(service_heading(service))}", ""]
        if service.drawn and drawn < DRAWN:
            drawn += 1
            lines += ["```mermaid", *mermaid(service, planned=one.planned), "```", ""]
        lines += [*_ports(service), ""]
    if one.left_out:
        lines += [f"and {one.left_out} more Services, which are not shown", ""]
    if one.findings:
        lines += ["#### Findings", "", *(_finding(found) for found in one.findings), ""]
    if one.passed:
        lines += [f"{one.passed} checks passed", ""]
    if one.hooks:
        lines += ["#### Before and after the change", "", *(_hook(found) for found in one.hooks), ""]
    if one.way_back:
        lines += ["#### Restore point", "", escaped(one.end.restore_point), ""]
        lines += ["To go back, with the same inventory:", "", code(one.way_back), ""]
    return lines, drawn


def _finding(finding: Data) -> str:
    when = f" ({finding['when']})" if finding["when"] else ""
    text = f"- **{escaped(finding['severity'])}**{when} {escaped(finding['check'])}: {escaped(finding['message'])}"
    return f"{text}. What to do: {escaped(finding['remedy'])}" if finding["remedy"] else text


def _hook(hook: HookReport) -> str:
    failed = "" if hook.ok else " **failed**"
    return f"- {escaped(hook.line)}{failed}{f': {escaped(hook.text)}' if hook.text else ''}"


def _ports(service: ServiceReport) -> Iterator[str]:
    heads = ("Port", "Served", "Down, planned", "Down, measured", "DNAT rule", "Virtual service", "Pool")
    keys = ("port", "served", "planned", "measured", "rule", "virtual_service", "pool")
    rows = [[row[key] for key in keys] for row in port_rows(service)]
    if rows:
        yield from _table(heads, rows)


def mermaid(service: ServiceReport, *, planned: bool = False) -> Iterator[str]:
    """The drawing of a Service: one part for each state that is shown, beside each other."""
    yield "flowchart LR"
    for number, (caption, shown) in enumerate(zip(captions(service, planned=planned), service.drawn, strict=True)):
        yield f'  subgraph s{number}["{_label(caption)}"]'
        yield "    direction LR"
        yield from (f"    {line}" for line in _paths(shown, number))
        yield "  end"
    yield from (f"  {line}" for line in _CLASSES)


def edge_mermaid(edge: EdgeReport) -> Iterator[str]:
    """The addresses of an edge gateway: one part for each state that is shown, beside each other.

    Mermaid draws no more than 500 arrows: after ``MOST_ARROWS`` in a state the other clusters are counted.
    """
    yield "flowchart LR"
    for number, (caption, clusters) in enumerate(zip(edge_captions(edge), edge.drawn, strict=True)):
        yield f'  subgraph s{number}["{_label(caption)}"]'
        yield "    direction LR"
        yield from (f"    {line}" for line in _addresses(clusters, number))
        yield "  end"
    yield from (f"  {line}" for line in _CLASSES)


def _addresses(clusters: Sequence[ClusterAddresses], number: int) -> Iterator[str]:
    arrows = 0
    for place, one in enumerate(clusters):
        if arrows >= MOST_ARROWS:
            yield _node(f"c{number}", [f"and {pluralize(len(clusters) - place, 'more cluster')}"], "")
            return
        arrows += sum(len(ip.vips) for ip in one.external_ips or ())
        if one.external_ips is None:
            yield _node(f"c{number}x{place}", [one.cluster, NOT_READ], WARN)
        for count, ip in enumerate(one.external_ips or ()):
            here = f"{number}x{place}x{count}"
            yield _node(f"e{here}", [ip.address or "unknown", one.cluster], "")
            for order, vip in enumerate(ip.vips):
                words, tone = vip_words(vip)
                address = "direct" if vip.direct else f"VIP {vip.address}" if vip.address else "no VIP"
                yield _node(f"v{here}x{order}", [address, words], tone)
                yield f"e{here} {'-->' if tone == GOOD else '-.->'} v{here}x{order}"


def _paths(service: Data, number: int) -> Iterator[str]:
    source = f"e{number}"
    yield f'{source}["{_label(service["external_ip"] or "unknown")}<br>external IP"]'
    boxes: dict[str, str] = {}
    for place, path in enumerate(service["paths"]):
        found, pool = path["virtual_service"], path["pool"]
        here = f"{number}x{place}"
        words, tone = service_words(found) if found else ("no virtual service", "bad")
        address = found["address"] if found else f"port {path['port']}"
        vip = boxes.setdefault(address, f"v{here}")
        if vip == f"v{here}":
            yield f'{vip}["{"VIP " if found else ""}{_label(address)}"]'
        arrow = "-->" if path["serves"] else "-.->"
        served = "" if path["serves"] else "<br>not served"
        yield f'{source} {arrow}|"{_label(branch_words(path))}{served}"| {vip}'
        yield _node(f"p{here}", [f"{path['port']} {path['name']}".strip(), words], tone)
        yield f"{vip} --> p{here}"
        pool_text, pool_tone = pool_words(pool) if pool else ("no pool", "bad")
        yield _node(f"m{here}", [pool_text, *_members(pool)], pool_tone)
        yield f"p{here} --> m{here}"


def _members(pool: Data | None) -> Iterator[str]:
    if pool is None:
        return
    for member in pool["members"][:3]:
        yield f"{member['address']} {health_words(member['health'])[0]}".strip()
    yield from filter(None, [members_left(pool, 3)])


def _node(name: str, lines: Sequence[str], tone: str) -> str:
    text = "<br>".join(_label(line) for line in lines if line)
    return f'{name}["{text}"]{f":::{_TONES[tone]}" if tone in _TONES else ""}'


def _label(text: str) -> str:
    """Text inside quotes: any character that Mermaid, HTML or Markdown could interpret becomes a code."""
    plain = printable(text)
    short = plain if len(plain) <= LONGEST_LABEL else f"{plain[: LONGEST_LABEL - 3]}..."
    return "".join(one if _PLAIN.match(one) else _code(one) for one in short)


def _code(one: str) -> str:
    """A character as Mermaid's code. Mermaid still reads it as Markdown, so emphasis also needs a backslash."""
    return f"#92;#{ord(one)};" if one in "*_`" else f"#{ord(one)};"
