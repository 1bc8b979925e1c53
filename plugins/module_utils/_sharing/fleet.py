# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""A run over several clusters: their order, and how it ended, with one line and one small record for each. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    Finding,
    Severity,
    first_lines,
    passed,
    pluralize,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import CHANGED as MOVED
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import MIGRATED

# In the order in which a summary counts them; the last two make the run fail.
CHANGED, WOULD_CHANGE, UNCHANGED, VERIFIED = "changed", "would change", "unchanged", "verified"
DEVIATES = "deviates"  # it was only inspected, and is not as it should be
FAILED, NOT_STARTED = "failed", "not started"
ENDS = (CHANGED, WOULD_CHANGE, UNCHANGED, VERIFIED, DEVIATES, FAILED, NOT_STARTED)
# Limits of a record (bytes) and of its reason (characters): all records of a job are stored in its database
MOST_BYTES, LONGEST_REASON = 2000, 600
# The variables of a host that tell the edge gateways of clusters apart
_PLACE = ("shared_ip_vcd_url", "shared_ip_vcd_org", "shared_ip_vdc", "shared_ip_edge_gateway")


@dataclass(frozen=True)
class ClusterEnd:
    """How the run ended for one cluster.

    ``cpi`` is the number of CPI's replicas at the end, None if it was not read. ``services`` were moved.
    ``seconds_down`` is the longest time that any one port of the cluster was down, None if no write was begun, and
    ``ports_down`` is how many ports a failed run has left down. ``reason`` is why it failed or never started.
    ``machines``: these are services of machines, which no CPI manages.
    """

    cluster: str
    state: str
    edge_gateway: str = ""
    scenario_before: str = ""
    scenario: str = ""
    cpi: int | None = None
    services: int = 0
    seconds_down: float | None = None
    restore_point: str = ""
    reason: str = ""
    ports_down: int = 0
    machines: bool = False

    @property
    def ok(self) -> bool:
        """Whether nothing went wrong."""
        return self.state not in (FAILED, NOT_STARTED)

    @property
    def line(self) -> str:
        """One line for a person."""
        parts = [f"{self.cluster}: {self.state.upper() if not self.ok else self.state}"]
        if self.scenario:
            moves = self.scenario_before not in ("", self.scenario)
            parts.append(f"{self.scenario_before} -> {self.scenario}" if moves else self.scenario)
        if self.edge_gateway:
            parts.append(f"edge gateway {self.edge_gateway}")
        if not self.machines:
            parts.append(f"CPI {self.cpi_words}")
        if self.seconds_down is not None:
            parts.append(f"{pluralize(self.services, 'Service')} moved")
            left = f"{pluralize(self.ports_down, 'port')} STILL DOWN (for {self.seconds_down:g} s when the run ended)"
            parts.append(left if self.ports_down else f"no port down longer than {self.seconds_down:g} s")
        line = ", ".join(parts)
        # the reason of a migration that failed names it already
        unsaid = not self.ok and self.restore_point and self.restore_point not in self.reason
        reasons = [self.reason, f"the restore point is in {self.restore_point}" if unsaid else ""]
        return ": ".join(filter(None, (line, "; ".join(filter(None, reasons)))))

    @property
    def cpi_words(self) -> str:
        """What is known about CPI, as the end of a sentence that begins with its name."""
        if self.cpi is None:
            return "replicas unknown"
        return f"has {pluralize(self.cpi, 'replica')}" if self.cpi else "is STOPPED (0 replicas)"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for ``set_stats``, less than 2 kB (unless the names alone are longer)."""
        return with_reason(asdict(self), self.reason)


def with_reason(record: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """A record with its ``reason``, shortened so that the record stays small as JSON in any language."""
    room = min(LONGEST_REASON, MOST_BYTES - _size({**record, "reason": ""}))
    if _size(reason) > room:
        reason = reason[:LONGEST_REASON]  # a character takes at least one byte
        sizes = accumulate(_size(one) for one in reason)
        reason = "".join(one for one, size in zip(reason, sizes, strict=False) if size <= room - len("...")) + "..."
    return {**record, "reason": reason}


def _size(value: Any) -> int:
    """The bytes of a value as JSON, without the quotes of a text."""
    return len(json.dumps(value)) - 2 * isinstance(value, str)


def end_of(cluster: str, outcome: Any) -> ClusterEnd:
    """The end of one cluster, from what the playbooks keep about it. Raises InvalidInput for anything else."""
    place = f"clusters.{cluster}"
    kept = Reader(_typed(Reader(outcome, place).value), place)
    failure, result = kept.mapping_or_none("failure"), kept.mapping_or_none("result")
    if failure is None and result is None:
        return ClusterEnd(cluster, NOT_STARTED, reason="the run did not reach it")
    known = [one for one in (result, kept.mapping_or_none("preflight")) if one is not None]
    edge, before, scenario = (
        next((text for one in known if (text := one.text(key, ""))), "")
        for key in ("edge_gateway", "scenario_before", "scenario")
    )
    if failure is not None:
        state = NOT_STARTED if failure.flag_or("not_started", False) else FAILED
        reason = _one_line(failure.text("msg", "unknown"))
    else:
        state = _state(kept)
        reason = _one_line(kept.mapping("result").text("summary", "")) if state == DEVIATES else ""
    touched = [one for one in ended_services(kept) if one.has("downtime")]
    downtimes = [one.mapping("downtime") for one in touched]
    seconds = [float(second) for one in downtimes for second in (0.0, *one.mapping("ports").value.values())]
    return ClusterEnd(
        cluster,
        state,
        edge,
        before,
        scenario,
        kept.number_or_none("cpi"),
        sum(one.text("state", MIGRATED) in MOVED for one in touched),
        max(seconds, default=None),
        next((text for one in (failure, result) if one and (text := one.text("restore_point", ""))), ""),
        reason,
        sum(len(one.texts("lasting")) for one in downtimes if one.has("lasting")),
        kept.flag_or("of_machines", False),
    )


def outcomes_of(clusters: Mapping[str, Any]) -> dict[str, Any]:
    """What the playbooks keep for each host, with its services of machines under a separate name.

    A host with nothing but machines on one edge gateway keeps its name. Raises InvalidInput for anything else.
    """
    found: dict[str, Any] = {}
    for name, outcome in clusters.items():
        host = Reader(outcome, f"clusters.{name}")
        machines = list(host.mappings("machines")) if host.value.get("machines") else []
        alone = machines and not host.value.get("failure") and not host.value.get("result")
        if not alone:
            found[name] = outcome
        for one in machines:
            own = _unused(f"{name} (machines on {one.mapping('audit').text('edge_gateway', '?')})", found)
            found[name if alone and len(machines) == 1 else own] = _of_machines(one, host.text("ended", ""))
    return found


def _unused(name: str, found: Mapping[str, Any]) -> str:
    names = [name, *(f"{name[:-1]}, {number})" for number in range(2, len(found) + 2))]
    return next(one for one in names if one not in found)


def _of_machines(seen: Reader, ended: str) -> dict[str, Any]:
    """The record of an audit of services of machines, in the form kept for a cluster that was only inspected."""
    rows = [
        Finding(row.text("code"), Severity(row.text("severity")), row.text("message"), row.text("remedy", ""))
        for row in seen.mapping("audit").mappings("findings")
    ]
    edge, scenario = seen.mapping("audit").text("edge_gateway", ""), seen.text("scenario", "")
    return {
        "result": {
            "changed": False,
            "verified_only": True,
            "ok": passed(rows),
            "summary": first_lines(rows),
            "scenario": scenario,
            "edge_gateway": edge,
            "migrations": [],
        },
        "verification": {"picture": seen.value.get("picture"), "findings": [one.as_dict() for one in rows]},
        "of_machines": True,
        "ended": ended,
    }


def ended_services(kept: Reader) -> list[Reader]:
    """The Services with what a run has done to each, from what the playbooks keep about a cluster.

    For a failed run this comes from its error, otherwise from its result, which exists before the verification.
    """
    for key, part in (("failure", "services"), ("result", "migrations")):
        one = kept.mapping_or_none(key)
        if one is not None and one.has(part) and one.value[part]:
            return list(one.mappings(part))
    return []


def _typed(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Templates of ansible-core before 2.19 return text: empty text for null, and digits for a number."""
    found = {key: None if value == "" else value for key, value in outcome.items()}
    cpi = found.get("cpi")
    return {**found, "cpi": int(cpi)} if isinstance(cpi, str) and cpi.isdecimal() and cpi.isascii() else found


def _state(kept: Reader) -> str:
    result = kept.mapping("result")
    if result.flag_or("verified_only", False):
        return VERIFIED if result.flag_or("ok", True) else DEVIATES
    if not result.flag("changed"):
        return UNCHANGED
    return WOULD_CHANGE if kept.flag_or("planned_only", False) else CHANGED


def in_turn(edges: Mapping[str, Hashable], per_edge: int) -> list[str]:
    """The clusters in an order in which their edge gateways alternate, with ``per_edge`` of each at a time.

    ``edges`` has the edge gateway of each cluster. Clusters of one edge gateway keep their order, and so do the first
    clusters of the edge gateways.
    """
    waiting: dict[Hashable, list[str]] = {}
    for cluster, edge in edges.items():
        waiting.setdefault(edge, []).append(cluster)
    rounds = max((len(found) for found in waiting.values()), default=0)
    firsts = range(0, rounds, per_edge)
    return [cluster for first in firsts for found in waiting.values() for cluster in found[first : first + per_edge]]


def alternate_edge_gateways(
    names: Iterable[str],
    variables: Mapping[str, Any],
    per_edge: int = 1,
    known: Mapping[str, str] | None = None,
) -> list[str]:
    """The clusters of a run in an order in which their edge gateways alternate, so that workers do not queue for one.

    ``variables`` are those of all hosts; a name that is no host has none. The edge gateway of a cluster is what its
    variables say, else the one in ``known`` (that of an approved plan), else the one that an earlier run has recorded.
    All clusters without a known edge gateway count as one further gateway.
    """
    given = known or {}
    # not `get`: Ansible's mapping of all hosts' variables returns something even for a name that is no host
    own = {name: variables[name] if name in variables else {} for name in names}  # noqa: SIM401  # see above
    edges = {name: _edge(own[name], given.get(name) or _recorded(name, own[name])) for name in own}
    return in_turn(edges, int(per_edge))


def _edge(variables: Mapping[str, Any], known: str) -> tuple[str, ...]:
    """What identifies a cluster's edge gateway; empty if that is not known yet."""
    *place, edge = (str(variables.get(name) or "").strip() for name in _PLACE)
    return (*place, edge or known) if edge or known else ()


def _recorded(name: str, variables: Mapping[str, Any]) -> str:
    """The edge gateway that an earlier run recorded."""
    for key in (statistics_key(name), "shared_ip_result"):
        record = variables.get(key)
        if isinstance(record, Mapping) and record.get("edge_gateway"):
            return str(record["edge_gateway"]).strip()
    return ""


def fleet_lines(ends: Iterable[ClusterEnd]) -> list[str]:
    """The summary for a person: how many clusters ended in which way, then a line each, the failed ones last."""
    found = list(ends)
    counts = [(sum(one.state == state for one in found), state) for state in ENDS]
    heading = ", ".join(f"{number} {state}" for number, state in counts if number)
    ordered = [one for state in ENDS for one in found if one.state == state]
    return [f"{pluralize(len(found), 'cluster')}: {heading}", *(f"  {one.line}" for one in ordered)]


def statistics_of(ends: Iterable[ClusterEnd]) -> dict[str, dict[str, Any]]:
    """One record for each cluster under its own name, so that slices and parallel jobs overwrite none of them."""
    return {statistics_key(one.cluster): one.as_dict() for one in ends}


def statistics_key(cluster: str, prefix: str = "shared_ip_end_") -> str:
    """A name for a variable: ``prefix`` and the cluster's name; with a hash where characters had to be replaced."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", cluster)
    if plain != cluster:
        plain += "_" + hashlib.sha256(cluster.encode()).hexdigest()[:6]
    return f"{prefix}{plain}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
