# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of NAKIVO are found, run, awaited and judged, with a double whose fields are marked seen or reported."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, WaitTimeout
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.jobs import jobs_of, unsaved
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.options import SERVER
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.run import JobRequest, JobRun, read_jobs
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.session import Director
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Unreachable
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import Settings
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import Answer
from nakivo_double import CONTRACT, PASSWORD, REPORTED, SEEN, FakeJob, NakivoDouble, RunPlan

ROOM = Path(__file__).resolve().parents[3] / "plugins" / "module_utils" / "_nakivo"
RUN, LOGIN = "JobManagement.run", "AuthenticationManagement.login"


class DoubleTransport:
    """A transport to the double, with its cookie. ``lose`` says which calls get no answer."""

    def __init__(self, double: NakivoDouble) -> None:
        self.double = double
        self.cookies: dict[str, str] = {}
        self.lose: Callable[[str], str] = lambda method: ""
        self.closed = False

    def send(self, method: str, path: str, **more: Any) -> Answer:
        body = json.loads(json.dumps(more["json"]))
        lost = self.lose(f"{body['action']}.{body['method']}")
        if lost == "before":
            raise Unreachable("refused", sent=False, transient=True)
        headers, found = self.double.answer(path, self.cookies, body)
        name, _equals, value = headers.get("Set-Cookie", "").partition(";")[0].partition("=")
        self.cookies.update({name: value} if name else {})
        if lost == "after":
            raise Unreachable("no answer", sent=True, transient=True)
        return Answer(method, path, 200, headers, json.dumps(found))

    def close(self) -> None:
        self.closed = True


class NakivoClock:
    """A clock that advances when it sleeps, together with the double's."""

    def __init__(self, double: NakivoDouble) -> None:
        self.double = double

    def monotonic(self) -> float:
        return self.double.now

    def sleep(self, seconds: float, /) -> None:
        self.double.now += seconds


class Bench:
    """The double, and a module that is connected to it."""

    def __init__(self, *jobs: FakeJob, password: str = PASSWORD, tenant: str = "") -> None:
        self.double = NakivoDouble(*jobs)
        self.wire = DoubleTransport(self.double)
        settings = Settings("https://nakivo.example.com:4443", user="ansible", password=password, server=SERVER)
        self.director = Director(settings, tenant, self.wire)  # type: ignore[arg-type] # a transport in all it does

    def run(self, check: bool = False, **changes: Any) -> dict[str, Any]:
        asked = {
            "name": "k8s-acme", "job_id": None, "attach": True, "wait": True, "wait_timeout": 3600,
            "start_timeout": 300, "poll_interval": 15, **changes,
        }  # fmt: skip
        with self.director as director:
            return JobRun(director, JobRequest(**asked), NakivoClock(self.double)).perform(check)

    def count(self, method: str) -> int:
        return self.double.calls.count(method)


def job(**changes: Any) -> FakeJob:
    return FakeJob(1, "k8s-acme", **changes)


def test_a_job_is_run_and_waited_for() -> None:
    bench = Bench()
    done = bench.run()
    assert (done["changed"], done["attached"], done["saved"], bench.count(RUN)) == (True, False, True, 1)
    assert done["job"]["last_run"]["state"] == "OK"
    assert (bench.double.sessions, bench.wire.closed) == ({}, True)  # logged out


def test_check_mode_only_looks() -> None:
    bench = Bench()
    done = bench.run(check=True)
    assert (done["changed"], done["saved"], bench.count(RUN)) == (True, False, 0)


def test_without_a_wait_it_returns_when_the_job_has_started() -> None:
    done = Bench().run(wait=False)
    assert (done["saved"], done["job"]["state"]) == (False, "RUNNING")


def test_it_attaches_to_a_run_or_refuses() -> None:
    bench = Bench(job(looks=1), FakeJob(2, "other"))
    with pytest.raises(CollectionError, match=r"if_running: fail: job 'k8s-acme' is running already"):
        bench.run(attach=False)
    bench = Bench(job(looks=1), FakeJob(2, "other"))
    done = bench.run()
    assert (done["changed"], done["attached"], done["saved"], bench.count(RUN)) == (False, True, True, 0)


def test_a_name_is_exact_and_unique() -> None:
    with pytest.raises(CollectionError, match=r"name: 'k8s-acm': this user may view no such job; did you mean"):
        Bench().run(name="k8s-acm")
    namesakes = (job(), FakeJob(7, "k8s-acme"))
    with pytest.raises(CollectionError, match=r"2 jobs have this name: give the id of one \(1, 7\)"):
        Bench(*namesakes).run()
    assert Bench(*namesakes).run(name=None, job_id="7")["job"]["id"] == "7"


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (RunPlan(state="FAILED", ok=1, failed=1, objects=("SUCCEEDED", "FAILED")), "it ended in FAILED, 1 failed"),
        (RunPlan(ok=1, failed=1, objects=("SUCCEEDED", "FAILED")), "1 failed, acme-vm-2 FAILED, 1 of 2 saved"),
        (RunPlan(state="STOPPED", ok=0, stopped=2, objects=("STOPPED", "STOPPED")), "it ended in STOPPED, 2 stopped"),
        (RunPlan(ok=0, objects=("SKIPPED", "SKIPPED")), "acme-vm-1 SKIPPED, acme-vm-2 SKIPPED, 0 of 2 saved"),
        (RunPlan(ok=1, objects=("SUCCEEDED", "SKIPPED")), "acme-vm-2 SKIPPED, 1 of 2 saved"),
        (RunPlan(ok=0, objects=()), "0 of 1 saved"),
    ],
)
def test_a_run_that_did_not_save_every_object_is_an_error(plan: RunPlan, why: str) -> None:
    with pytest.raises(CollectionError, match=r"the run did not save every object") as caught:
        Bench(job(plan=plan), FakeJob(2, "other")).run()
    assert why in caught.value.message


def test_an_older_run_is_never_taken_for_a_new_one() -> None:
    """The job does not run, so the OK is still that of the previous run."""
    bench = Bench(job(plan=RunPlan(starts_after=10**6)), FakeJob(2, "other"))
    with pytest.raises(WaitTimeout, match=r"timed out after 300 s waiting for job 'k8s-acme' to start.*start_timeout"):
        bench.run()
    bench = Bench(job(plan=RunPlan(ends_after=10**6)), FakeJob(2, "other"))
    with pytest.raises(WaitTimeout, match=r"RUNNING, 50 %, last run OK .*wait_timeout.*the job was not stopped"):
        bench.run()


def test_a_run_that_ends_before_the_first_poll_counts() -> None:
    assert Bench(job(plan=RunPlan(starts_after=0, ends_after=0)), FakeJob(2, "other")).run()["saved"] is True


def test_a_disabled_job_is_not_started() -> None:
    bench = Bench(job(enabled=False), FakeJob(2, "other"))
    with pytest.raises(CollectionError, match=r"the job is disabled"):
        bench.run()
    assert bench.count(RUN) == 0


def test_a_session_that_ended_is_opened_again() -> None:
    """The time between two polls is longer than a session lasts."""
    bench = Bench(job(plan=RunPlan(starts_after=0, ends_after=3)), FakeJob(2, "other"))
    assert bench.run(poll_interval=700)["saved"] is True
    assert (bench.count(LOGIN) > 2, bench.count(RUN)) == (True, 1)


def test_a_log_in_that_fails_is_not_repeated() -> None:
    bench = Bench(password="wrong")
    with pytest.raises(CollectionError, match=r"password: NAKIVO rejects the log-in of user 'ansible'"):
        bench.run()
    assert bench.double.calls == [LOGIN]
    bench.double.failed_logins, bench.double.calls = 3, []
    with pytest.raises(CollectionError, match=r"user: NAKIVO has locked user 'ansible' out .*300 are left to wait"):
        bench.run()
    assert bench.double.calls == [LOGIN]
    assert bench.wire.closed


def test_a_lock_out_during_a_run_is_not_retried_either() -> None:
    bench = Bench()

    def lock(method: str) -> str:
        if method == "JobSummaryManagement.getJobInfo" and bench.count(RUN):
            bench.double.sessions.clear()
            bench.double.failed_logins = 3
        return ""

    bench.wire.lose = lock
    with pytest.raises(CollectionError, match=r"has locked user 'ansible' out"):
        bench.run()
    assert bench.count(LOGIN) == 2


def test_a_start_without_an_answer_is_not_repeated() -> None:
    bench = Bench()
    bench.wire.lose = lambda method: "after" if method == RUN else ""
    assert bench.run()["saved"] is True
    assert bench.count(RUN) == 1
    bench = Bench()
    bench.wire.lose = lambda method: "before" if method == RUN else ""
    with pytest.raises(Unreachable):
        bench.run()
    assert bench.count(RUN) == 0


def test_the_module_waits_for_a_director_that_is_temporarily_away() -> None:
    bench = Bench()
    bench.wire.lose = lambda method: "before" if bench.count(RUN) and 0 < bench.double.now < 100 else ""
    assert bench.run()["saved"] is True
    assert bench.double.now >= 100


def test_the_jobs_of_all_groups_are_read() -> None:
    bench = Bench(*(FakeJob(number, f"job-{number}") for number in range(1, 252)))
    with bench.director as director:
        assert [one.id for one in read_jobs(director)] == [str(number) for number in range(1, 252)]
    assert bench.count("JobSummaryManagement.getJobInfo") == 2


def test_a_tenant_has_an_address_of_its_own() -> None:
    bench = Bench(tenant="6d4ad9b1-5f8c-4f6c-9c0a-2f2e6d0f1a11")
    bench.run(check=True)
    assert set(bench.double.paths) == {"/t/6d4ad9b1-5f8c-4f6c-9c0a-2f2e6d0f1a11/c/router"}


@pytest.mark.parametrize("text", ["<html>portal</html>", "[]", "{}", '{"data": null, "tid": "77"}'])
def test_another_server_is_recognised(text: str) -> None:
    bench = Bench()
    bench.wire.send = lambda method, path, **more: Answer(method, path, 200, {}, text)  # type: ignore[method-assign]
    with pytest.raises(CollectionError, match=r"url: https://nakivo.example.com:4443: .*not from a NAKIVO Director"):
        bench.run()


def test_odd_numbers_and_missing_fields_never_count_as_saved() -> None:
    for row in ({}, {"lrState": "OK"}, {"lrState": "OK", "lrVmOk": True}, {"lrState": "OK", "lrVmOk": "x"}):
        (found,) = jobs_of({"children": [{"id": 1, "name": "a", **row}]})
        assert unsaved(found, None) != []
    (found,) = jobs_of({"children": [{"id": 1, "name": "a", "lrState": "OK", "lrVmOk": "2"}]})
    assert (unsaved(found, None), unsaved(found, 2), unsaved(found, 3)) == ([], [], ["2 of 3 saved"])
    with pytest.raises(CollectionError, match=r"one without id or name"):
        jobs_of({"children": [{"name": "a"}]})


# the contract: what the collection reads is marked, and what the double answers is in it


def test_every_mark_is_one_of_two() -> None:
    assert {mark for fields in CONTRACT.values() for mark in fields.values()} == {SEEN, REPORTED}


def test_the_collection_reads_only_fields_of_the_contract() -> None:
    source = (ROOM / "jobs.py").read_text()
    read = set(re.findall(r'row\.get\("(\w+)"\)', source)) | {f"lrVm{key}" for key in ("Ok", "Failed", "Stopped")}
    assert {"lrFinishDate", "crState", "objects"} <= read
    assert read <= set(CONTRACT["JobSummaryManagement.getJobInfo"])
    called = {
        f"{action}.{method}"
        for action, method in re.findall(
            r'(?:call|_send)\((\w+), "(\w+)"', "".join(map(Path.read_text, ROOM.glob("*.py")))
        )
    }
    names = {"LOGIN": "AuthenticationManagement", "SUMMARY": "JobSummaryManagement", "JOBS": "JobManagement"}
    assert {f"{names[one.split('.')[0]]}.{one.split('.')[1]}" for one in called} == {
        name for name in CONTRACT if "." in name
    }


def test_the_double_answers_only_fields_of_the_contract() -> None:
    double = NakivoDouble()
    _headers, envelope = double.answer("/c/router", {}, {"action": "X", "method": "y", "type": "rpc", "tid": 1})
    assert set(envelope) == set(CONTRACT["envelope"])
    summary = double.jobs[0].look()
    assert set(summary) <= set(CONTRACT["JobSummaryManagement.getJobInfo"])
    assert {f"objects.{key}" for one in summary["objects"] for key in one} <= set(
        CONTRACT["JobSummaryManagement.getJobInfo"]
    )
    logged_in = double._log_in(["ansible", "wrong", False])
    assert set(logged_in) == set(CONTRACT[LOGIN])


def test_the_documentation_says_what_is_unknown() -> None:
    source = (ROOM.parents[1] / "modules" / "nakivo_job.py").read_text()
    (notes,) = (ast.literal_eval(node.value) for node in ast.parse(source).body if _is_documentation(node))
    assert "without access to a NAKIVO Director" in notes
    assert "does not contain the objects of the edge gateway" in notes


def _is_documentation(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION"
