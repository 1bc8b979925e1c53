# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Finds jobs of a NAKIVO Director, runs one, and waits until it has saved every object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, WaitTimeout
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.jobs import (
    Job,
    check_startable,
    ended,
    job_ids,
    jobs_of,
    most,
    started,
    the_job,
    unsaved,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.session import Director
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Unreachable
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Clock, Deadline, Pace, wait_until

SUMMARY, JOBS = "JobSummaryManagement", "JobManagement"
AT_ONCE = 200  # jobs in one call


@dataclass(frozen=True)
class JobRequest:
    """The job to run, and how to wait for it. Times are in seconds."""

    name: str | None
    job_id: str | None
    attach: bool
    wait: bool
    wait_timeout: float
    start_timeout: float
    poll_interval: float


def read_jobs(director: Director) -> list[Job]:
    """All jobs that the user may view."""
    groups = director.call(SUMMARY, "getGroupInfo", [[None], 0, True], "list the jobs")
    ids = job_ids(groups)
    parts = [ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE)]
    return [job for part in parts for job in _read(director, part)]


def _read(director: Director, ids: list[Any]) -> list[Job]:
    return jobs_of(director.call(SUMMARY, "getJobInfo", [ids, 0], "read the jobs"))


class JobRun:
    """One run of a job: started here, or already under way."""

    def __init__(self, director: Director, request: JobRequest, clock: Clock | None = None) -> None:
        self._director = director
        self._request = request
        self._clock = clock
        self._planned: list[int | None] = []

    def perform(self, check_mode: bool) -> dict[str, Any]:
        """Run the job, or attach to its run, and wait. Raises CollectionError unless every object was saved."""
        request = self._request
        before = the_job(read_jobs(self._director), request.name, request.job_id)
        attached = before.running
        if attached and not request.attach:
            raise CollectionError(
                f"if_running: fail: job {before.name!r} is running already: wait for it, or set if_running to attach"
            )
        if not attached:
            check_startable(before)
        found = {"changed": not attached, "attached": attached, "job": before.as_dict(), "saved": False}
        if check_mode:
            return found
        if not attached:
            self._start(before)
        now = before if attached else self._wait(before, started, request.start_timeout, "to start")
        if request.wait:
            now = self._wait(before, ended, request.wait_timeout, "to end")
            self._check(now)
        return {**found, "job": now.as_dict(), "saved": request.wait}

    def _start(self, job: Job) -> None:
        number: Any = int(job.id) if job.id.isdecimal() and job.id.isascii() else job.id
        data = [{"jobIds": [number], "runType": "ALL"}]
        try:
            self._director.call(JOBS, "run", data, f"run job {job.name!r}")
        except Unreachable as error:
            if not error.sent:
                raise
            # The request may have arrived, and another one might start a second run. Wait to see whether the job
            # starts.

    def _wait(self, before: Job, done: Callable[[Job, Job], bool], seconds: float, what: str) -> Job:
        interval = self._request.poll_interval
        try:
            return (
                wait_until(
                    lambda: self._look(before),
                    lambda now: now is not None and done(before, now),
                    what=f"job {before.name!r} {what}",
                    deadline=Deadline(seconds, self._clock),
                    pace=Pace(interval, 1.0, interval),
                    describe=lambda now: now.words if now else "NAKIVO cannot be reached",
                )
                or before
            )
        except WaitTimeout as error:
            option = "start_timeout" if done is started else "wait_timeout"
            more = "look in NAKIVO why it does not run" if done is started else "the job was not stopped"
            raise WaitTimeout(f"{error.message} (option {option}); {more}") from None

    def _look(self, before: Job) -> Job | None:
        """The present job; None while the Director cannot be reached."""
        number: Any = int(before.id) if before.id.isdecimal() and before.id.isascii() else before.id
        try:
            found = _read(self._director, [number])
        except Unreachable as error:
            if not error.transient:
                raise
            return None
        now = the_job(found, None, before.id)
        self._planned.append(now.planned if now.running else None)
        return now

    def _check(self, job: Job) -> None:
        why = unsaved(job, most(self._planned))
        if why:
            raise CollectionError(
                f"name: {job.name!r}: the run did not save every object: {', '.join(why)}: look at it in NAKIVO",
                job=job.as_dict(),
            )
