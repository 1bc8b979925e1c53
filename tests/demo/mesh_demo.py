# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflow of extensions/awx over an execution mesh: plan, approval, backup, apply, verify and report.

Six clusters on three edge gateways, in one slice per edge gateway. While they apply the plan, the node of one slice
loses its power, with its files, and the job of another slice is cancelled. The same workflow, launched again with
permission to take over interrupted runs, finishes both.

Simulated: Cloud Director, the Kubernetes APIs, and AWX: it launches what the data in extensions/awx says, writes for
each job what AWX writes, and passes on artifacts. Real: ansible-runner, ansible-playbook, the role, the modules.

    python tests/demo/mesh_demo.py [--work DIR] [--page FILE]         (`make mesh` calls it)

``FILE`` gets the record of the run between its markers.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("simulator", "kube_double", "support", "control_plane")]

import awx_jobs  # noqa: E402
import awx_workflow  # noqa: E402
from fleet import doubles  # noqa: E402
from fleet_demo import FleetDemoFailed, expect, say, until  # noqa: E402
from mesh import Alternating, Awx, mesh  # noqa: E402

ANSWERS = {"shared_ip_scenario": "shared_external", "shared_ip_existing": "migrate"}
EXECUTORS = ("exec-1", "exec-2", "exec-3")
BEGIN, END = "<!-- record: begin, written by make mesh -->", "<!-- record: end -->"
HEAD = "| job | template | on | slice | artifacts given | handed on | ended |"
CPI = "vmware-cloud-director-ccm"


class MeshDemo:
    """The workflow over one fleet. ``lost`` and ``cancelled`` are the clusters in whose migration a job is ended."""

    def __init__(self, awx: Awx) -> None:
        self.awx, self.running, self.mesh = awx, awx.running, awx.mesh
        fleet = self.running.fleet
        data = awx_jobs.data(awx_slices=fleet.edges)
        (workflow,) = data["controller_workflows"]
        self.nodes = {one["identifier"]: one for one in workflow["workflow_nodes"]}
        self.slices = {one["name"]: int(one["job_slice_count"]) for one in data["controller_templates"]}
        self.lost, self.cancelled = fleet.names[:2]
        self.record: list[str] = []

    def run(self) -> None:
        """The workflow, and the same again."""
        self.show("", f"Launched with {words(ANSWERS)}:", "", HEAD, "| --- " * 7 + "|")
        ended = self.workflow(ANSWERS, {"apply": self.disturbed})
        self.show("", f"The workflow {self.verdict(ended)}. {self.state()}")
        again = {**ANSWERS, "shared_ip_take_over": "true"}
        self.show("", f"Launched again with {words(again)}:", "", HEAD, "| --- " * 7 + "|")
        ended = self.workflow(again, {})
        self.show("", f"The workflow {self.verdict(ended)}. {self.state()}")
        expect(list(ended) == ["plan", "approval", "backup", "apply", "verify", "report"], f"all nodes: {ended}")
        expect(not self.stopped(), f"CPI of each cluster runs, but that of {self.stopped()}")

    def workflow(
        self, answers: Mapping[str, str], instead: Mapping[str, Callable[..., list[awx_jobs.JobResult]]]
    ) -> dict[str, str]:
        """Go through the nodes; how each ended. ``instead`` runs the jobs of a node in another way."""
        artifacts: dict[str, Any] = {}
        ended: dict[str, str] = {}
        waiting = awx_workflow.first(list(self.nodes.values()))
        while waiting:
            name = waiting.pop(0)
            template = self.nodes[name]["unified_job_template"]
            if template["type"] == "workflow_approval":
                self.show(f"| | {name} | | | | | approved by Jane |")
                ended[name] = "successful"
            else:
                run = instead.get(name, self.launched)
                jobs = run(template["name"].rpartition(" ")[2], answers, dict(artifacts))
                for one in jobs:
                    artifacts.update(one.artifacts)
                ended[name] = next((one.status for one in jobs if one.status != "successful"), "successful")
            waiting += awx_workflow.following(self.nodes[name], ended[name])
        return ended

    def launched(
        self,
        template: str,
        answers: Mapping[str, str],
        artifacts: Mapping[str, Any],
        disturb: Callable[..., Mapping[int, awx_jobs.JobResult]] = lambda _jobs: {},
    ) -> list[awx_jobs.JobResult]:
        """The slices of a template side by side, on the nodes that are left; how each ended."""
        count = self.slices[f"vcd.kubernetes {template}"]
        left = [one for one in EXECUTORS if not self.mesh.is_gone(one)]
        given = {"survey": answers, "artifacts": artifacts, "in_workflow": True}
        started = []
        for number in range(count):
            part = {"slice_": (number + 1, count)} if count > 1 else {}
            started.append(self.awx.launch(template, left[number % len(left)], **given, **part))
        first = self.awx.number - count + 1
        known = disturb(started)
        jobs = []
        for number, one in enumerate(started):
            job = known.get(number) or one.wait()
            jobs.append(job)
            (self.running.folder / f"job-{first + number}.log").write_text(job.output, encoding="utf-8")
            which = ", ".join(sorted(self.awx.clusters)[number::count]) if count > 1 else ""
            cells = [first + number, template, one.node, which, names(artifacts), names(job.artifacts), job.status]
            self.show(f"| {' | '.join(map(str, cells))} |")
        return jobs

    def disturbed(
        self, template: str, answers: Mapping[str, str], artifacts: Mapping[str, Any]
    ) -> list[awx_jobs.JobResult]:
        """The first slice loses its node, and the second one is cancelled, each in the middle of a migration."""
        sim, fleet = self.running.sim, self.running.fleet
        ids = [fleet.cluster_id(name).rpartition(":")[2] for name in (self.lost, self.cancelled)]
        sim.faults([{"writes": True, "name": f"*web-2-*{one}*", "hold": "before", "times": 1} for one in ids])

        def disturb(jobs: Sequence[Any]) -> dict[int, awx_jobs.JobResult]:
            def held() -> bool:
                expect(not any(one.has_ended() for one in jobs[:2]), "the first two jobs are in a migration")
                return all(one["held"] for one in sim.faults())

            until(held, "both jobs are in the middle of a migration")
            expect({self.lost, self.cancelled} <= set(self.stopped()), "CPI of both is stopped")
            self.mesh.nodes[jobs[0].node].kill()
            until(lambda: self.mesh.is_gone(jobs[0].node), f"{jobs[0].node} is unreachable")
            found = {0: jobs[0].give_up(), 1: jobs[1].cancel()}
            sim.faults([])
            # the module of the cancelled job ends before its next Service
            until(lambda: not self.mesh.nodes[jobs[1].node].modules(), "its module has ended")
            return found

        return self.launched(template, answers, artifacts, disturb)

    def verdict(self, ended: Mapping[str, str]) -> str:
        """How AWX shows the workflow."""
        return "failed" if awx_workflow.has_failed(list(self.nodes.values()), ended) else "was successful"

    def state(self) -> str:
        """Where CPI is stopped, in a sentence."""
        found = self.stopped()
        return f"CPI of {', '.join(found)} is stopped." if found else "CPI of all clusters runs."

    def stopped(self) -> list[str]:
        """The clusters whose CPI is stopped."""
        return [name for name in self.awx.clusters if self.replicas(name) == 0]

    def replicas(self, name: str) -> int:
        """The replicas of a cluster's CPI."""
        found = self.running.kube[name].get("Deployment", "kube-system", CPI) or {}
        return int(found["spec"]["replicas"])

    def show(self, *lines: str) -> None:
        """Show lines, and keep them for the record."""
        say(*lines)
        self.record += lines


def words(answers: Mapping[str, str]) -> str:
    """Answers of a survey, in short."""
    return ", ".join(f"`{name}: {value}`" for name, value in answers.items())


def names(artifacts: Mapping[str, Any]) -> str:
    """The names of artifacts, without the parts that belong to one cluster, and how many there are of each."""
    kinds: dict[str, int] = {}
    for name in artifacts:
        kind = next((one for one in KINDS if name.startswith(one)), "shared_ip_plan_digest")
        kinds[kind] = kinds.get(kind, 0) + 1
    return ", ".join(f"{count} {KINDS.get(kind, 'run digest')}" for kind, count in sorted(kinds.items()))


KINDS = {
    "shared_ip_plan_digest_of_": "digests",
    "shared_ip_plan_of_": "plans",
    "shared_ip_saved_of_": "saved",
    "shared_ip_end_": "records",
}


def renewed(page: str, record: Sequence[str]) -> str:
    """The page with a new record. ValueError if a marker is missing."""
    before, found, rest = page.partition(BEGIN)
    _old, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"the page needs the markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n" + "\n".join(record).strip() + f"\n\n{END}{after}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; exit code 1 if it did not show everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path(".cache/mesh"), metavar="DIR")
    parser.add_argument("--page", type=Path, metavar="FILE")
    options = parser.parse_args(argv)
    shutil.rmtree(options.work, ignore_errors=True)
    work = options.work.resolve()
    try:
        with doubles(Alternating(6, 3), work) as running, mesh(work, EXECUTORS) as over:
            running.clear()
            demo = MeshDemo(Awx(running, over))
            say("6 clusters on 3 edge gateways, three execution nodes")
            demo.run()
    except FleetDemoFailed as missing:
        say(f"NOT SHOWN: {missing}")
        return 1
    if options.page:
        old = options.page.read_text(encoding="utf-8")
        options.page.write_text(renewed(old, demo.record), encoding="utf-8")
    say("", f"The output of each job is in {options.work}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
