# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Jobs of a NAKIVO Director, and what their states mean. Pure.

Names of fields are those of JobSummaryManagement.getJobInfo: ``cr...`` is the current run, ``lr...`` the last one. A
run has no id, so a new run is recognised by the changed times of the last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._nearest import nearest
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import decimal

RUNNING, OK = "RUNNING", "OK"
# States of an object; no other state says that it was left out of the last run
UNSAVED = ("FAILED", "STOPPED", "SKIPPED")


@dataclass(frozen=True)
class LastRun:
    """The last run that has ended. Times are compared, but not parsed, because their form is not documented."""

    state: str = ""
    started: Any = None
    finished: Any = None
    milliseconds: int | None = None
    ok: int = 0
    failed: int = 0
    stopped: int = 0


@dataclass(frozen=True)
class Job:
    """A job as it was read. ``planned``: how many machines the current run is to save, None if unknown."""

    id: str
    name: str
    kind: str
    enabled: bool
    licensed: bool
    locked: bool
    state: str
    progress: int | None
    planned: int | None
    last: LastRun
    objects: tuple[tuple[str, str], ...] = ()

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self.state == RUNNING

    @property
    def words(self) -> str:
        """Its state for a message."""
        progress = f", {self.progress} %" if self.running and self.progress is not None else ""
        return f"{self.state or 'no state'}{progress}, last run {self.last.state or 'none'}"

    def as_dict(self) -> dict[str, Any]:
        """The job as modules return it."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.kind,
            "enabled": self.enabled,
            "state": self.state,
            "progress": self.progress,
            "last_run": {
                "state": self.last.state,
                "started": self.last.started,
                "finished": self.last.finished,
                "seconds": None if self.last.milliseconds is None else self.last.milliseconds / 1000,
                "ok": self.last.ok,
                "failed": self.last.failed,
                "stopped": self.last.stopped,
            },
            "objects": [{"name": name, "state": state} for name, state in self.objects],
        }


def job_ids(groups: Any) -> list[Any]:
    """The ids of all jobs in the answer of getGroupInfo, including those in nested groups."""
    found: list[Any] = []
    for group in _children(groups):
        ids = group.get("childJobIds")
        found += [one for one in ids if isinstance(one, (int, str))] if isinstance(ids, list) else []
        found += job_ids({"children": group.get("children")})
    return list(dict.fromkeys(found))


def jobs_of(summary: Any) -> list[Job]:
    """The jobs in the answer of getJobInfo. Raises CollectionError for one without id or name."""
    return [_job(one) for one in _children(summary)]


def _children(data: Any) -> Iterator[Mapping[str, Any]]:
    rows = data.get("children") if isinstance(data, Mapping) else None
    return (one for one in rows or () if isinstance(one, Mapping))


def _job(row: Mapping[str, Any]) -> Job:
    if row.get("id") in (None, "") or not isinstance(row.get("name"), str):
        raise CollectionError("cannot read the jobs: NAKIVO returned one without id or name")
    last = LastRun(
        str(row.get("lrState") or ""),
        row.get("lrDate"),
        row.get("lrFinishDate"),
        _number(row.get("lrDurationMs")),
        *(_number(row.get(f"lrVm{key}")) or 0 for key in ("Ok", "Failed", "Stopped")),
    )
    listed = row.get("objects")
    objects = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    return Job(
        str(row["id"]),
        row["name"],
        str(row.get("jobType") or ""),
        row.get("isEnabled") is not False,
        row.get("isLicensed") is not False,
        row.get("isLocked") is True,
        str(row.get("crState") or ""),
        _number(row.get("crProgress")),
        _number(row.get("crVmPlanned")),
        last,
        tuple((str(one.get("name") or "?"), str(one.get("state") or "")) for one in objects),
    )


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    return int(value) if isinstance(value, (int, float)) else decimal(value)


def the_job(jobs: Sequence[Job], name: str | None, job_id: str | None) -> Job:
    """The only job with this name or id. Raises InvalidInput for none, CollectionError for several."""
    option, wanted = ("id", job_id) if job_id else ("name", name)
    found = [one for one in jobs if wanted == (one.id if job_id else one.name)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(one.id for one in found)
        raise CollectionError(f"name: {wanted!r}: {len(found)} jobs have this name: give the id of one ({ids})")
    hint = "" if job_id else nearest(str(wanted), (one.name for one in jobs))
    raise InvalidInput(option, wanted, f"this user may view no such job{hint}")


def check_startable(job: Job) -> None:
    """Raise CollectionError for a job that would not run."""
    problems = ((not job.enabled, "is disabled"), (not job.licensed, "has no licence"), (job.locked, "is locked"))
    why = next((text for wrong, text in problems if wrong), "")
    if why:
        raise CollectionError(f"name: {job.name!r}: the job {why}, and NAKIVO would not run it: look at it there")


def started(before: Job, now: Job) -> bool:
    """Whether a run has begun since ``before`` was read."""
    return now.running or ended(before, now)


def ended(before: Job, now: Job) -> bool:
    """Whether a run has ended since ``before`` was read. The state alone may belong to an older run."""
    if now.running:
        return False
    if now.last.finished is not None:
        return _newer(now.last.finished, before.last.finished)
    return now.last.started is not None and _newer(now.last.started, before.last.started)


def _newer(now: Any, before: Any) -> bool:
    if isinstance(now, (int, float)) and isinstance(before, (int, float)):
        return now > before
    return bool(now != before)


def unsaved(job: Job, planned: int | None) -> list[str]:
    """Why the last run did not save every object; empty if it did.

    ``planned``: how many objects it was to save, if known.
    """
    last, found = job.last, []
    if last.state != OK:
        found.append(f"it ended in {last.state or 'no state'}")
    found += [f"{number} {word}" for number, word in ((last.failed, "failed"), (last.stopped, "stopped")) if number]
    left_out = [f"{name} {state}" for name, state in job.objects if state in UNSAVED]
    found += left_out
    needed = max(1, planned or 0, len(job.objects))
    if last.ok < needed:
        found.append(f"{last.ok} of {needed} saved")
    return found


def most(planned: Iterable[int | None]) -> int | None:
    """The highest of the numbers that are known."""
    return max((one for one in planned if one is not None), default=None)
