# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What an audit reports: the findings of one cluster, and those of a fleet as a document, lines and records. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import Finding, Severity, pluralize
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import statistics_key, with_reason

SCHEMA = "vcd.kubernetes/audit/1"  # docs/audit.md describes it; its number changes when its readers would notice
NEVER = "never"
FAIL_ON = (Severity.ERROR.value, Severity.WARNING.value, NEVER)
NOT_AUDITED = "not-audited"
STATISTICS_PREFIX = "shared_ip_audit_"
MOST_CODES = 40  # in a record: all records of a job travel through its database
_MARKS = {Severity.ERROR.value: "ERROR  ", Severity.WARNING.value: "warning"}


def audit_report(findings: Iterable[Finding], edge_gateway: str | None) -> dict[str, Any]:
    """The findings on one edge gateway as plain data, errors first."""
    rows = [
        {
            "severity": one.severity.value,
            "code": one.stable_code,
            "edge_gateway": edge_gateway,
            "object": one.about or None,
            "message": one.message,
            "remedy": one.remedy,
        }
        for one in findings
    ]
    rows.sort(key=_order)
    return {"edge_gateway": edge_gateway, "ok": not rows, "findings": rows}


def audit_lines(report: Mapping[str, Any]) -> list[str]:
    """The findings of one report for a person."""
    rows = report["findings"]
    where = f" on edge gateway {report['edge_gateway']}" if report["edge_gateway"] else ""
    return [f"audit{where}: {_severity_counts(rows)}", *(_line(row) for row in rows)]


def _line(row: Mapping[str, Any]) -> str:
    remedy = f" - {row['remedy']}" if row["remedy"] else ""
    return f"  {_MARKS[row['severity']]} {row['code']}: {row['message']}{remedy}"


def _order(row: Mapping[str, Any]) -> tuple[bool, str, str]:
    return row["severity"] != Severity.ERROR.value, row["code"], row["object"] or ""


def _severity_counts(rows: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(row["severity"] for row in rows)
    parts = [pluralize(counts[one], one) for one in _MARKS if counts[one]]
    return ", ".join(parts) or "nothing found"


@dataclass(frozen=True)
class ClusterAudit:
    """The audit of one host: a cluster, machines, or both. ``findings`` are rows of reports, with the cluster."""

    cluster: str
    edge_gateways: tuple[str, ...]
    audited: bool
    findings: tuple[Mapping[str, Any], ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each severity."""
        found = Counter(row["severity"] for row in self.findings)
        return {one: found[one] for one in _MARKS}

    @property
    def line(self) -> str:
        """One line for a person: how many findings, where, and with which codes."""
        where = f" (edge gateway {', '.join(self.edge_gateways)})" if self.edge_gateways else ""
        if not self.audited:
            return f"{self.cluster}{where}: NOT AUDITED: {self.findings[0]['message']}"
        codes = Counter(row["code"] for row in self.findings)
        listed = ", ".join(f"{code} x{number}" if number > 1 else code for code, number in codes.items())
        return f"{self.cluster}{where}: {_severity_counts(self.findings)}{f': {listed}' if listed else ''}"

    def fails(self, fail_on: str) -> bool:
        """Whether a finding is as severe as ``fail_on``, one of FAIL_ON."""
        severities = {Severity.ERROR.value: ("error",), Severity.WARNING.value: ("error", "warning")}.get(fail_on, ())
        return any(self.counts[one] for one in severities)

    def as_dict(self) -> dict[str, Any]:
        """Its part of the document."""
        return {
            "cluster": self.cluster,
            "edge_gateways": list(self.edge_gateways),
            "audited": self.audited,
            "counts": self.counts,
            "findings": [dict(row) for row in self.findings],
        }

    def as_record(self) -> dict[str, Any]:
        """The same, shortened for ``set_stats`` to less than 2 kB."""
        codes = Counter(row["code"] for row in self.findings).most_common(MOST_CODES)
        why = "" if self.audited else str(self.findings[0]["message"])
        record = {
            "cluster": self.cluster,
            "edge_gateways": list(self.edge_gateways[:3]),
            "audited": self.audited,
            **self.counts,
            "codes": dict(codes),
        }
        return with_reason(record, why)


def audit_of(cluster: str, kept: Any) -> ClusterAudit:
    """The audit of one host, from what the playbook keeps about it. Raises InvalidInput for anything else.

    A host without any report was not audited, for whatever reason. That is reported as a finding, never left unsaid.
    """
    place = f"clusters.{cluster}"
    reader = Reader(kept, place)
    failure = reader.mapping_or_none("failure") if reader.value.get("failure") else None
    reports = list(reader.mappings("reports")) if reader.has("reports") else []
    rows = [_row(cluster, row) for report in reports for row in report.mappings("findings")]
    edges = tuple(dict.fromkeys(filter(None, (report.text("edge_gateway", "") for report in reports))))
    audited = bool(reports) and failure is None
    if not audited:
        why = " ".join(failure.text("msg", "unknown").split()) if failure else "the run did not reach it"
        rows.insert(0, _not_audited(cluster, why))
    return ClusterAudit(cluster, edges, audited, tuple(rows))


def _row(cluster: str, row: Reader) -> dict[str, Any]:
    return {
        "severity": row.text("severity"),
        "code": row.text("code"),
        "cluster": cluster,
        **{key: row.value.get(key) or None for key in ("edge_gateway", "object")},
        "message": row.text("message"),
        "remedy": row.text("remedy", ""),
    }


def _not_audited(cluster: str, why: str) -> dict[str, Any]:
    return {
        "severity": Severity.ERROR.value,
        "code": NOT_AUDITED,
        "cluster": cluster,
        "edge_gateway": None,
        "object": None,
        "message": why,
        "remedy": "correct that, and run the audit again: nothing is known about this cluster",
    }


def audit_document(audits: Sequence[ClusterAudit], taken: str, fail_on: str) -> dict[str, Any]:
    """The whole audit for programs; ``taken`` is when it was made (ISO 8601)."""
    totals = {one: sum(audit.counts[one] for audit in audits) for one in _MARKS}
    return {
        "schema": SCHEMA,
        "taken": taken,
        "fail_on": fail_on,
        "ok": not any(audit.fails(fail_on) for audit in audits),
        "counts": {**totals, "clusters": len(audits), "not_audited": sum(not audit.audited for audit in audits)},
        "clusters": [audit.as_dict() for audit in audits],
    }


def fleet_audit_lines(audits: Sequence[ClusterAudit]) -> list[str]:
    """The summary for a person: one line a cluster, those with findings last."""
    rows = [row for audit in audits for row in audit.findings]
    ordered = sorted(audits, key=lambda audit: (not audit.audited, audit.counts["error"], audit.counts["warning"]))
    heading = f"audit of {pluralize(len(audits), 'cluster')}: {_severity_counts(rows)}"
    return [heading, *(f"  {audit.line}" for audit in ordered)]


def audit_statistics(audits: Iterable[ClusterAudit]) -> dict[str, dict[str, Any]]:
    """One record for each cluster under a name of its own, as `fleet.statistics_of` does."""
    return {statistics_key(one.cluster, STATISTICS_PREFIX): one.as_record() for one in audits}
