# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A NAKIVO Director as far as it is known, for tests of the modules nakivo_job and nakivo_job_info.

No Director was available. So CONTRACT says where each method and field is known from: *seen* on a page of the
vendor's API reference, or only *reported* by public clients and users' notes. The double answers nothing else, and
where both are silent it does the less convenient thing: it gives run no id, keeps an older run's result until the new
one has ended, and locks out after three failed log-ins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SEEN, REPORTED = "seen", "reported"
_JOB_SEEN = (
    "id", "vid", "name", "jobType", "hvType", "isEnabled", "isLicensed", "isLocked", "status", "crState", "crProgress",
    "crVmPlanned", "crVmOk", "crVmFailed", "crVmSkipped", "crVmStopped", "crAdhoc", "hasLastRun", "lrState", "lrDate",
    "lrFinishDate", "lrDurationMs", "lrVmOk", "lrVmFailed", "lrVmStopped", "lrAdhoc", "objects",
)  # fmt: skip
CONTRACT: dict[str, dict[str, str]] = {
    "envelope": dict.fromkeys(("action", "method", "tid", "type", "message", "where", "cause", "data"), SEEN),
    "type: exception": {"type": REPORTED},
    "AuthenticationManagement.login": dict.fromkeys(
        ("result", "reason", "firstTime", "productConfigured", "userInfo", "canTry"), SEEN
    ),
    "AuthenticationManagement.logoutCurrentUser": {"": REPORTED},
    "AuthenticationManagement.isLogged": {"": REPORTED},
    "JobSummaryManagement.getGroupInfo": dict.fromkeys(("children", "childJobIds"), SEEN),
    "JobSummaryManagement.getJobInfo": {
        "children": SEEN,
        **dict.fromkeys(_JOB_SEEN, SEEN),
        # a public client quotes the states; its pages show that an object has a name
        "objects.name": REPORTED,
        "objects.state": REPORTED,
    },
    "JobManagement.run": {"": REPORTED},
}
COOKIE = "JSESSIONID4443"
PASSWORD = "nakivo-secret-1"
LOCKED_AFTER = 3
IDLE_SECONDS = 600.0


@dataclass
class RunPlan:
    """How the next run of a job goes: polls until it starts, polls until it ends, and what it saves."""

    starts_after: int = 1
    ends_after: int = 2
    ok: int = 2
    failed: int = 0
    stopped: int = 0
    state: str = "OK"
    objects: tuple[str, ...] = ("SUCCEEDED", "SUCCEEDED")


@dataclass
class FakeJob:
    """A job, and its current run."""

    id: int
    name: str
    enabled: bool = True
    plan: RunPlan = field(default_factory=RunPlan)
    looks: int | None = None  # polls since the start; None: no run is in progress
    last: dict[str, Any] = field(
        default_factory=lambda: {
            "hasLastRun": True, "lrState": "OK", "lrDate": 1_795_000_000_000, "lrFinishDate": 1_795_000_900_000,
            "lrDurationMs": 900_000, "lrVmOk": 2, "lrVmFailed": 0, "lrVmStopped": 0, "lrAdhoc": False,
        }
    )  # fmt: skip
    states: tuple[str, ...] = ("SUCCEEDED", "SUCCEEDED")

    def look(self) -> dict[str, Any]:
        """What getJobInfo shows of the job; time passes only with these calls."""
        if self.looks is not None:
            self.looks += 1
            if self.looks > self.plan.starts_after + self.plan.ends_after:
                self._end()
        running = self.looks is not None and self.looks > self.plan.starts_after
        return {
            "id": self.id, "vid": f"JOB-{self.id}", "name": self.name, "jobType": "BACKUP", "hvType": "VMWARE",
            "isEnabled": self.enabled, "isLicensed": True, "isLocked": False, "status": "GREEN",
            "crState": "RUNNING" if running else "WAITING_DEMAND", "crProgress": 50 if running else 0,
            "crVmPlanned": len(self.plan.objects) if running else 0, "crVmOk": 0, "crVmFailed": 0, "crVmSkipped": 0,
            "crVmStopped": 0, "crAdhoc": running, **self.last,
            "objects": [{"name": f"acme-vm-{n}", "state": one} for n, one in enumerate(self.states, 1)],
        }  # fmt: skip

    def _end(self) -> None:
        plan, self.looks = self.plan, None
        began = self.last["lrDate"] + 3_600_000
        self.last = {
            **self.last, "lrState": plan.state, "lrDate": began, "lrFinishDate": began + 600_000,
            "lrDurationMs": 600_000, "lrVmOk": plan.ok, "lrVmFailed": plan.failed, "lrVmStopped": plan.stopped,
            "lrAdhoc": True,
        }  # fmt: skip
        self.states = plan.objects


class Refusal(Exception):
    """An error, which is sent as an envelope with message and cause."""


class NakivoDouble:
    """Its state: jobs, sessions and failed log-ins. ``calls`` are the methods that were called, in order."""

    def __init__(self, *jobs: FakeJob) -> None:
        self.jobs = list(jobs) or [FakeJob(1, "k8s-acme"), FakeJob(2, "k8s-other")]
        self.calls: list[str] = []
        self.now = 0.0
        self.sessions: dict[str, float] = {}
        self.failed_logins = 0
        self.number = 0
        self.paths: list[str] = []

    def answer(self, path: str, cookies: Mapping[str, str], body: Mapping[str, Any]) -> tuple[dict[str, str], Any]:
        """Headers and body for one call. Errors have HTTP status 200, even those of a log-in."""
        self.paths.append(path)
        action, method = str(body.get("action")), str(body.get("method"))
        name, headers = f"{action}.{method}", {}
        self.calls.append(name)
        found: dict[str, Any] = {"action": action, "method": method, "tid": str(body.get("tid")), "type": "rpc"}
        found.update(message=None, where=None, cause=None, data=None)
        try:
            if body.get("type") != "rpc" or name not in CONTRACT:
                raise Refusal(f"unknown method {name}")
            session = cookies.get(COOKIE, "")
            if name == "AuthenticationManagement.login":
                found["data"] = self._log_in(body["data"])
                if found["data"]["result"] == "OK":
                    self.number += 1
                    session = f"session-{self.number:032d}"
                    self.sessions[session] = self.now
                    headers["Set-Cookie"] = f"{COOKIE}={session}; Path=/; Secure; HttpOnly"
                return headers, found
            alive = session in self.sessions and self.now - self.sessions[session] <= IDLE_SECONDS
            if name == "AuthenticationManagement.isLogged":
                found["data"] = alive
                return headers, found
            if not alive:
                self.sessions.pop(session, None)
                raise Refusal("the user is not logged in")
            self.sessions[session] = self.now
            found["data"] = self._data(name, body.get("data"), session)
        except Refusal as refusal:
            found.update(type="exception", message=str(refusal), where=name, cause="refused by the double")
        return headers, found

    def _log_in(self, data: Any) -> dict[str, Any]:
        user, password, remember = data
        assert remember is False, "a persistent session would outlive the run"
        blocked = self.failed_logins >= LOCKED_AFTER
        good = not blocked and (user, password) == ("ansible", PASSWORD)
        self.failed_logins = 0 if good else self.failed_logins + 1
        return {
            "result": "OK" if good else ("FAIL_BLOCKED_WAIT" if blocked else "FAIL_OTHER"), "reason": None,
            "firstTime": False, "productConfigured": True, "userInfo": {"id": 1, "name": user} if good else None,
            "canTry": {"isPossible": not blocked, "waitTimeLeft": 300 if blocked else 0},
        }  # fmt: skip

    def _data(self, name: str, data: Any, session: str) -> Any:
        if name == "AuthenticationManagement.logoutCurrentUser":
            self.sessions.pop(session)
            return None
        if name == "JobSummaryManagement.getGroupInfo":
            assert data == [[None], 0, True], data
            half = len(self.jobs) // 2
            groups = [self.jobs[:half], self.jobs[half:]]
            return {"children": [{"childJobIds": [job.id for job in group]} for group in groups]}
        if name == "JobSummaryManagement.getJobInfo":
            ids, zero = data
            assert zero == 0, data
            return {"children": [job.look() for job in self.jobs if job.id in ids]}
        (request,) = data
        if request.get("runType") != "ALL":
            raise Refusal("CreateExecutionSteps ... unsupported condition: empty VMs to run")
        (job,) = (one for one in self.jobs if one.id in request["jobIds"])
        if job.looks is None and job.enabled:
            job.looks = 0
        return None
