# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The templates as jobs of AWX: made from the shipped data, sent to execution nodes, and run there by ansible-runner.

During the change, one job loses its node and the other is cancelled, so all their processes are their own. The modules
of the other jobs are forked.
"""

from __future__ import annotations

from pathlib import Path

from awx_jobs import JobResult
from fleet import doubles
from mesh import CANCELLED, LOST, Alternating, Awx, mesh
from role_runs import programs_with_forked_modules, writes
from waiting import until

ANSWERS = {"shared_ip_scenario": "shared_external", "shared_ip_existing": "migrate"}
NAMES = ("c001", "c002")


def keys(job: JobResult, prefix: str) -> list[str]:
    """The clusters of artifacts whose names begin so."""
    return sorted(name.removeprefix(prefix)[:4] for name in job.artifacts if name.startswith(prefix))


def test_each_template_runs_as_awx_would_run_it(tmp_path: Path) -> None:
    fleet = Alternating(clusters=2, edges=2, services=1)
    folder = tmp_path / "doubles"
    with doubles(fleet, folder) as running, mesh(folder, ("exec-1", "exec-2")) as over:
        running.clear()
        awx = Awx(running, over, programs_with_forked_modules())
        clusters = [running.kube[name] for name in NAMES]

        # the plan, in parallel with a check of the way back and the backup before a change: nothing is written
        planning = awx.launch("plan", "exec-1", survey=ANSWERS, in_workflow=True)
        answers = {"shared_ip_hosts": "clusters", "shared_ip_restore_file": ""}
        returning = awx.launch("restore", "exec-2", survey=answers, check=True, limit="c001")
        plan, restore = planning.wait(), returning.wait()
        assert plan.status == "successful", plan.output
        assert restore.status == "failed"
        assert "this cluster has no restore point" in restore.output
        assert keys(plan, "shared_ip_plan_digest_of_") == keys(plan, "shared_ip_plan_of_") == [*NAMES]
        saved = awx.launch("backup", "exec-1", survey=ANSWERS, artifacts=plan.artifacts, in_workflow=True).wait()
        assert saved.status == "successful", saved.output
        assert keys(saved, "shared_ip_saved_of_") == [*NAMES]
        assert writes(running.sim, *clusters) == []

        # the approved plan, in slices; each is ended at its first write to a Service in Cloud Director
        given = {"artifacts": {**plan.artifacts, **saved.artifacts}, "in_workflow": True}
        ids = [fleet.cluster_id(name).rpartition(":")[2] for name in NAMES]
        running.sim.faults([{"writes": True, "name": f"*{one}*", "hold": "before", "times": 1} for one in ids])
        lost, cancelled = (
            awx.launch("apply", node, plain=True, survey=ANSWERS, slice_=(number, 2), **given)
            for number, node in enumerate(over.nodes, 1)
        )

        def held() -> bool:
            assert not lost.has_ended(), lost.wait().output
            assert not cancelled.has_ended(), cancelled.wait().output
            return all(one["held"] for one in running.sim.faults())

        until(held, "a write of each job was held", every=0.1)
        over.nodes["exec-1"].kill()
        assert lost.give_up().status == LOST
        ended = cancelled.cancel()
        assert ended.status == CANCELLED
        assert "a job before has run it for this plan, and it does not run again" in ended.output
        running.sim.faults([])
        until(lambda: not over.nodes["exec-2"].modules(), "the module of the cancelled job has ended", every=0.2)

        # launched again on the remaining node, which has none of the other node's files
        answers = {**ANSWERS, "shared_ip_take_over": "true"}
        again = awx.launch("apply", "exec-2", survey=answers, **given).wait()
        assert again.status == "successful", again.output
        records = [record for name, record in again.artifacts.items() if name.startswith("shared_ip_end_")]
        assert sorted((one["cluster"], one["state"], one["scenario"], one["cpi"]) for one in records) == [
            (name, "changed", "shared_external", 1) for name in NAMES
        ]

        # the read-only jobs, in parallel; an unanswered question arrives as an empty text
        before = writes(running.sim, *clusters)
        asked = {
            "verify": {"limit": "c002", "survey": ANSWERS},
            "report": {"limit": "c001", "survey": {"shared_ip_report_file": str(tmp_path / "report.html")}},
            "audit": {"limit": "c001", "survey": {"shared_ip_audit_file": "", "shared_ip_audit_fail_on": "never"}},
        }
        running_jobs = {template: awx.launch(template, "exec-2", **more) for template, more in asked.items()}
        for template, one in running_jobs.items():
            job = one.wait()
            assert job.status == "successful", f"{template}: {job.output}"
        assert "default/web-1" in (tmp_path / "report.html").read_text(encoding="utf-8")
        assert writes(running.sim, *clusters) == before
