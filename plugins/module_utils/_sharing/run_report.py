# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The report of a run over one or more clusters, as data for the HTML and Markdown pages. Pure.

It combines what the playbooks keep about each cluster (see `fleet.end_of`): how it ended, the pictures before and
after, the seconds that each port was down, the findings and the restore point. It judges nothing itself.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.address_map import (
    ClusterAddresses,
    addresses_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import TASK_SECONDS, Severity
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import (
    DEVIATES,
    FAILED,
    NOT_STARTED,
    VERIFIED,
    ClusterEnd,
    end_of,
    ended_services,
    fleet_lines,
    outcomes_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.hooks import (
    SAVED,
    result_text,
    result_words,
    seconds_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import TOUCHED, label_of

Data = Mapping[str, Any]
NO_EDGE = ""  # the name under which clusters without a known edge gateway are listed
PLANNED, UNKNOWN = "planned", "not known"  # the states of a Service for which a run reports none
_SEVERITIES = {one.value: number for number, one in enumerate(Severity)}


@dataclass(frozen=True)
class PortDown:
    """How long a port was down, in seconds: ``planned`` as a range (None: not planned), and ``measured``.

    ``lasting``: it was still down when the run ended.
    """

    port: str
    planned: tuple[int, int] | None = None
    measured: float | None = None
    lasting: bool = False


@dataclass(frozen=True)
class ServiceReport:
    """One Service: the data of its drawings before and after (None where there is no picture), and its downtime.

    Where nothing was to be changed, ``after`` is the present state. ``state`` is what happened to the Service, and
    ``became`` the shape in which a failed run left it, if the run reported one.
    """

    label: str
    state: str = ""
    before: Data | None = None
    after: Data | None = None
    down: tuple[PortDown, ...] = ()
    became: str = ""

    @property
    def drawn(self) -> tuple[Data, ...]:
        """The states to draw: only one where both are the same."""
        found = [one for one in (self.before, self.after) if one is not None]
        return tuple(found[:1]) if len(found) == 2 and found[0] == found[1] else tuple(found)


@dataclass(frozen=True)
class Addresses:
    """Addresses that the Services of a cluster take: ``before`` and ``after`` (None if unknown), and those left."""

    before: int | None = None
    after: int | None = None
    free: int | None = None

    @property
    def freed(self) -> int:
        """How many addresses the change frees; negative where it takes more."""
        return 0 if self.before is None or self.after is None else self.before - self.after

    def plus(self, other: Addresses) -> Addresses:
        """The sum for two clusters, with the free addresses of ``other``, which was read later.

        Where only one state of a cluster is known, it counts as both, so that the cluster frees nothing.
        """
        mine, others = self._both(), other._both()
        return Addresses(
            _sum(mine[0], others[0]), _sum(mine[1], others[1]), other.free if other.free is not None else self.free
        )

    def _both(self) -> tuple[int | None, int | None]:
        return (
            self.after if self.before is None else self.before,
            self.before if self.after is None else self.after,
        )

    def in_words(self, scenario: str = "") -> str:
        """For a person: "12 in use, 5 after shared_external, 7 freed"."""
        if self.before is None and self.after is None:
            return "not read"
        if self.before is None or self.after is None or self.before == self.after:
            return f"{self.before if self.after is None else self.after} in use"
        change = f"{self.freed} freed" if self.freed > 0 else f"{-self.freed} more"
        return f"{self.before} in use, {self.after} after{f' {scenario}' if scenario else ''}, {change}"


@dataclass(frozen=True)
class HookReport:
    """A hook that ran. ``line`` says when and for how long, ``text`` what it handed on or why it failed."""

    line: str
    text: str
    ok: bool


@dataclass(frozen=True)
class ClusterReport:
    """One cluster. ``planned``: nothing was changed yet, and the state shown as after is the planned one.

    ``planned_down`` is the range of seconds that the worst port is down according to the plan.
    """

    end: ClusterEnd
    services: tuple[ServiceReport, ...] = ()
    external: Addresses = field(default_factory=Addresses)
    internal: Addresses = field(default_factory=Addresses)
    findings: tuple[Data, ...] = ()
    passed: int = 0
    planned: bool = False
    left_out: int = 0
    ended: str = ""
    hooks: tuple[HookReport, ...] = ()

    @property
    def planned_down(self) -> tuple[int, int] | None:
        """The longest planned downtime of a port, as a range of seconds; None where nothing was planned."""
        found = [port.planned for service in self.services for port in service.down if port.planned is not None]
        return max(found, default=None)

    @property
    def sides(self) -> tuple[tuple[Data, ...] | None, tuple[Data, ...] | None]:
        """The Services that the cluster had before, and those that it has after; each None where unknown."""
        before, after = (
            tuple(one for one in side if one is not None) or None
            for side in zip(*((one.before, one.after) for one in self.services), strict=True)
        )
        return before or after, after or (before if self.end.ok else None)

    @property
    def way_back(self) -> str:
        """The command that goes back to the restore point; empty without one."""
        if not self.end.restore_point:
            return ""
        host = "" if self.end.cluster == "localhost" else f" -e {shlex.quote(f'shared_ip_hosts={self.end.cluster}')}"
        file = shlex.quote(f"shared_ip_restore_file={self.end.restore_point}")
        return f"ansible-playbook vcd.kubernetes.restore{host} -e {file}"


@dataclass(frozen=True)
class EdgeReport:
    """The clusters on one edge gateway, and the addresses of all of them."""

    name: str
    clusters: tuple[ClusterReport, ...]

    @property
    def external(self) -> Addresses:
        """The external addresses of these clusters."""
        return _total(one.external for one in self._by_time())

    @property
    def internal(self) -> Addresses:
        """The internal addresses of these clusters; ``free`` is None, as each cluster may have its own range."""
        found = _total(one.internal for one in self._by_time())
        return Addresses(found.before, found.after)

    @property
    def drawn(self) -> tuple[tuple[ClusterAddresses, ...], ...]:
        """The addresses of its clusters before and after: only one entry where both are the same.

        A cluster that was not read at all is left out. Where only one state of a cluster is known, it stands for both,
        unless the cluster failed: what it has now is unknown then.
        """
        read = [one for one in self.clusters if one.services]
        sides = [
            tuple(
                addresses_of(one.end.cluster, services, one.left_out) for one, services in zip(read, side, strict=True)
            )
            for side in zip(*(one.sides for one in read), strict=True)
        ]
        return tuple(sides[:1]) if len(sides) == 2 and sides[0] == sides[1] else tuple(sides)

    @property
    def planned(self) -> bool:
        """Whether the state shown as after is only planned."""
        return any(one.planned for one in self.clusters)

    def _by_time(self) -> list[ClusterReport]:
        return sorted(self.clusters, key=lambda one: one.ended)


@dataclass(frozen=True)
class RunReport:
    """A whole run. ``who`` started it, ``job`` is the number of the job (or empty), ``when`` it ended, in UTC."""

    edges: tuple[EdgeReport, ...]
    who: str = ""
    job: str = ""
    when: str = ""

    @property
    def clusters(self) -> tuple[ClusterReport, ...]:
        """All clusters, edge gateway by edge gateway."""
        return tuple(one for edge in self.edges for one in edge.clusters)

    @property
    def moves(self) -> bool:
        """Whether the run has moved Services, or plans to."""
        return any(port for one in self.clusters for service in one.services for port in service.down)

    @property
    def changes(self) -> bool:
        """Whether the scenario of a cluster has changed, or is to change."""
        return self.moves or any(one.end.scenario_before not in ("", one.end.scenario) for one in self.clusters)

    @property
    def headline(self) -> str:
        """How many clusters ended in which way."""
        return fleet_lines(one.end for one in self.clusters)[0]

    @property
    def title(self) -> str:
        """What the run was."""
        states = {one.end.state for one in self.clusters} - {FAILED, NOT_STARTED}
        if states and states <= {VERIFIED, DEVIATES}:
            return "IP sharing: the present state"
        return "IP sharing: the plan" if any(one.planned for one in self.clusters) else "IP sharing: the change"


def run_report(clusters: Mapping[str, Any], *, who: str = "", job: str = "", when: str = "") -> RunReport:
    """The report of a run. ``clusters`` is what the playbooks keep, by cluster. Raises InvalidInput for anything else.

    ``when`` is a time as text. Clusters that failed come first on their edge gateway.
    """
    found = [cluster_report(name, outcome) for name, outcome in outcomes_of(clusters).items()]
    names = sorted({one.end.edge_gateway for one in found}, key=lambda name: (name == NO_EDGE, name))
    edges = [
        EdgeReport(name, tuple(sorted((one for one in found if one.end.edge_gateway == name), key=_failed_first)))
        for name in names
    ]
    return RunReport(tuple(edges), who, job, when)


def _failed_first(one: ClusterReport) -> tuple[bool, str]:
    return one.end.ok, one.end.cluster


def cluster_report(name: str, outcome: Any) -> ClusterReport:
    """The report of one cluster. Raises InvalidInput unless ``outcome`` is what the playbooks keep."""
    end = end_of(name, outcome)
    kept = Reader({key: value for key, value in outcome.items() if value != ""}, f"clusters.{name}")
    preflight, verification = kept.mapping_or_none("preflight"), kept.mapping_or_none("verification")
    pictures = preflight.mapping_or_none("pictures") if preflight else None
    before = pictures.mapping_or_none("before") if pictures else None
    planned = kept.flag_or("planned_only", False)
    after = verification.mapping_or_none("picture") if verification else None
    if after is None and planned and pictures:
        after = pictures.mapping_or_none("after")
    changes = _changes_by_service(kept, planned=planned)
    findings = [*_findings(preflight, "before the change"), *_findings(verification, "")]
    seen = {str(one["message"]): one for one in findings}  # the later finding counts: it describes the present state
    wrong = sorted((one for one in seen.values() if not one["ok"]), key=lambda one: _SEVERITIES[one["severity"]])
    return ClusterReport(
        end,
        tuple(_services(before, after, changes)),
        _addresses("external", before, after),
        _addresses("internal", before, after),
        tuple(wrong),
        len(seen) - len(wrong),
        planned,
        max(one.number("left_out") if one else 0 for one in (before, after)),
        kept.text("ended", ""),
        tuple(_hooks(kept.mapping_or_none("hooks"))),
    )


def _hooks(ran: Reader | None) -> Iterator[HookReport]:
    for kind in (SAVED, "after_change"):
        for one in ran.mappings(kind) if ran and ran.has(kind) else ():
            ok, when = one.flag_or("ok", True), kind.replace("_", " the ")
            found = {key: one.text(key, "") for key in ("what", "started", "message")}
            line = f"{when}: {result_words({**found, 'seconds': seconds_of(one.value.get('seconds'))})}"
            yield HookReport(line, result_text(one.value.get("result")) if ok else found["message"], ok)


def _label(service: Reader) -> str:
    return label_of({"namespace": service.text("namespace", ""), "name": service.text("name")})


@dataclass(frozen=True)
class _ServiceChange:
    """What a run plans to do, or has done, to a Service. ``state`` is PLANNED, UNKNOWN, or what has happened to it."""

    state: str
    known: Reader


def _changes_by_service(kept: Reader, *, planned: bool) -> dict[str, _ServiceChange]:
    """The change of each Service by label: as planned, with what is known about how it ended."""
    state = PLANNED if planned else UNKNOWN
    found: dict[str, _ServiceChange] = {}
    for one in kept.mappings("planned") if kept.has("planned") else ():
        found[_label(one)] = _ServiceChange(state, one)
    for one in ended_services(kept):
        label, ended = _label(one), one.text("state", UNKNOWN)
        known = {**found[label].known.value, **one.value} if label in found else one.value
        found[label] = _ServiceChange(PLANNED if planned else ended, Reader(known, one.path))
    return found


def _services(
    before: Reader | None, after: Reader | None, changes: Mapping[str, _ServiceChange]
) -> Iterator[ServiceReport]:
    """The Services of both pictures, first those that the run changes."""
    sides = [
        {} if one is None else {item.text("label"): item.value for item in one.mappings("services")}
        for one in (before, after)
    ]
    labels = dict.fromkeys([*sides[0], *sides[1]])
    for label in sorted(labels, key=lambda label: (label not in changes, label)):
        change, state, became = changes.get(label), "", ""
        if change is not None:
            state = change.state
            became = change.known.text("scenario", "") if state in TOUCHED and label not in sides[1] else ""
        down = tuple(_down(change.known)) if change is not None else ()
        yield ServiceReport(label, state, sides[0].get(label), sides[1].get(label), down, became)


def _down(change: Reader) -> Iterator[PortDown]:
    outage = change.mapping_or_none("outage")
    downtime = change.mapping_or_none("downtime")
    tasks = outage.mapping("ports").value if outage else {}
    measured = downtime.mapping("ports").value if downtime else {}
    lasting = downtime.texts("lasting") if downtime and downtime.has("lasting") else ()
    for port in dict.fromkeys([*tasks, *measured]):
        seconds = tuple(int(tasks[port]) * one for one in TASK_SECONDS) if port in tasks else None
        low_and_high = (seconds[0], seconds[1]) if seconds else None
        seconds_down = float(measured[port]) if port in measured else None
        yield PortDown(str(port), low_and_high, seconds_down, str(port) in lasting)


def _addresses(kind: str, before: Reader | None, after: Reader | None) -> Addresses:
    sides = [one.mapping(kind) if one else None for one in (before, after)]
    counts = [side.number("in_use") if side else None for side in sides]
    free = [side.number_or_none("free") for side in sides if side]
    return Addresses(counts[0], counts[1], free[-1] if free else None)


def _findings(report: Reader | None, when: str) -> Iterator[Data]:
    for finding in report.mappings("findings") if report and report.has("findings") else ():
        yield {
            "check": finding.text("check").replace("_", " "),
            "severity": finding.text("severity"),
            "message": finding.text("message"),
            "remedy": finding.text("remedy", ""),
            "ok": finding.flag("ok"),
            "when": when,
        }


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else (one if other is None else one + other)


def _total(parts: Iterable[Addresses]) -> Addresses:
    found = Addresses()
    for part in parts:
        found = found.plus(part)
    return found
