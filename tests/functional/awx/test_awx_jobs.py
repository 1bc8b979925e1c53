# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The templates as jobs of AWX: private data folders from the shipped data, run by the ansible-runner that AWX uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import awx_jobs
import awx_runs
from fleet import PASSWORD, Doubles, Fleet, doubles
from role_runs import collections_path, writes
from waiting import until

ANSWER = {"shared_ip_scenario": "shared_external"}


class Awx:
    """Makes jobs over two clusters on one edge gateway, and keeps what they were given."""

    def __init__(self, fleet: Doubles, folder: Path) -> None:
        self.fleet, self.folder, self.number = fleet, folder, 0
        self.clusters = {name: {"shared_ip_context": name, "shared_ip_edge_gateway": "edge-1"} for name in fleet.kube}

    def start(self, template: str, **more: Any) -> awx_runs.Running:
        self.number += 1
        made = awx_jobs.prepare(
            template,
            folder=self.folder / f"job-{self.number}",
            clusters=self.clusters,
            credentials={
                awx_jobs.VCD: {
                    "url": self.fleet.sim.url,
                    "org": "acme",
                    "user": "kube",
                    "password": PASSWORD,
                    "ca": Path(self.fleet.sim.ca).read_text(),
                },
                awx_jobs.KUBECONFIG: {"kubeconfig": Path(self.fleet.kube.kubeconfig).read_text()},
            },
            environment={
                **awx_jobs.execution_environment(collections_path()),
                "HOME": str(self.folder),
                "ANSIBLE_HOME": str(self.folder / "ansible"),
            },
            job=self.number,
            **more,
        )
        return awx_runs.start(made, template)

    def writes(self) -> list[str]:
        """What jobs have changed so far."""
        return writes(self.fleet.sim, *(self.fleet.kube[name] for name in self.fleet.kube))


def test_each_template_runs_as_awx_would_run_it(tmp_path: Path) -> None:
    with doubles(Fleet(clusters=2, edges=1, services=1), tmp_path / "doubles") as fleet:
        fleet.clear()
        awx = Awx(fleet, tmp_path)

        # a slice of the plan, side by side with a check of the way back: nothing is written
        planning = awx.start("plan", survey=ANSWER, slice_=(1, 2), in_workflow=True)
        returning = awx.start(
            "restore", survey={"shared_ip_hosts": "clusters", "shared_ip_restore_file": ""}, check=True
        )
        plan, restore = planning.wait(), returning.wait()
        assert plan.status == "successful", plan.output
        assert restore.status == "failed"
        assert restore.output.count("this cluster has no restore point") >= 2
        assert awx.writes() == []
        digests = [name for name in plan.artifacts if name.startswith("shared_ip_plan_digest_of_")]
        assert [name[:29] for name in digests] == ["shared_ip_plan_digest_of_c001"]

        # the approved plan, cancelled at its first write in Cloud Director to a Service
        fleet.sim.faults([{"method": "PUT", "writes": True, "user": "kube", "hold": "before", "times": 1}])
        applying = awx.start("apply", survey=ANSWER, artifacts=plan.artifacts, limit="c001", in_workflow=True)
        until(lambda: any(one["held"] for one in fleet.sim.faults()) or applying.ended(), "a write was held")
        assert not applying.ended(), applying.wait().output
        cancelled = applying.cancel()
        assert cancelled.status == "canceled"
        fleet.sim.faults([])
        relaunched = awx.start(
            "apply",
            survey={**ANSWER, "shared_ip_take_over": "true"},
            artifacts=plan.artifacts,
            limit="c001",
            in_workflow=True,
        ).wait()
        assert relaunched.status == "successful", relaunched.output
        (record,) = [value for name, value in relaunched.artifacts.items() if name.startswith("shared_ip_end_")]
        assert (record["cluster"], record["state"], record["scenario"]) == ("c001", "changed", "shared_external")

        # what only reads, side by side; an answer that was left out arrives as text without a character
        before = awx.writes()
        asked = {
            "verify": {"limit": "c001", "survey": ANSWER},
            "report": {"survey": {"shared_ip_report_file": str(tmp_path / "report.html")}},
            "audit": {"survey": {"shared_ip_audit_file": "", "shared_ip_audit_fail_on": "never"}},
        }
        running = {template: awx.start(template, **more) for template, more in asked.items()}
        for template, one in running.items():
            ended = one.wait()
            assert ended.status == "successful", f"{template}: {ended.output}"
        assert (tmp_path / "report.html").stat().st_size > 10_000
        assert awx.writes() == before
