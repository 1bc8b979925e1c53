# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX's execution mesh on this machine: one node transmits jobs, another one works on them, and the first processes.

AWX runs each job this way: ``ansible-runner transmit`` on a control node, ``worker`` on an execution node, and
``process`` on the control node again. The nodes share a stream and nothing else: an execution node has a home and
files of its own. In AWX receptor carries the stream; here pipes do.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import awx_jobs
from fleet import PASSWORD, Fleet, RunningFleet
from role_runs import clean_environment, collections_path

LOST, CANCELLED = "error", "canceled"  # AWX's words for a job whose node is gone, and for one that was cancelled
MARK = "VCD_TESTS_MESH_NODE"  # set in the environment of a node, and so of all that it starts
# Receptor kills a job 10 s after its interrupt. A busy machine may need more time to end the whole job,
# and a job that was only half ended would go on with the change.
INTERRUPT_SECONDS = 600.0


def program(name: str) -> str:
    """ansible-runner, in the environment of their own that the gates make."""
    folder = os.environ.get("AWX_PROGRAMS")
    if not folder:
        raise RuntimeError("AWX_PROGRAMS is not set: run the tests with make, which installs these programs")
    return str(Path(folder) / name)


class Node:
    """A place for jobs: a folder, and all processes that were started for it."""

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.name, self.folder = name, folder
        home = folder / "home"
        home.mkdir(parents=True)
        own = {"HOME": str(home), "ANSIBLE_HOME": str(home / ".ansible"), "ANSIBLE_LOCAL_TEMP": str(home / "tmp")}
        self.environment = {**environment, **own, MARK: str(folder)}

    def processes(self) -> list[int]:
        """Its processes, also those in sessions of their own."""
        mark, found = f"{MARK}={self.folder}".encode(), []
        for one in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):  # it has ended
                if mark in one.read_bytes().split(b"\0"):
                    found.append(int(one.parent.name))
        return found

    def modules(self) -> list[int]:
        """The processes that run a module."""
        return [pid for pid in self.processes() if b"AnsiballZ_" in _command(pid)]

    def kill(self) -> None:
        """End the node as a loss of power does, with its files."""
        while left := self.processes():
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


class Job:
    """A job that was sent to a node. ``results`` is the process whose output comes back from there."""

    def __init__(self, over: Mesh, node: str, results: subprocess.Popen[bytes], folder: Path) -> None:
        self.node, self._over, self._results, self._folder = node, over, results, folder
        self._cancelled = False
        process = [program("ansible-runner"), "process", "--ident", "job", str(folder)]
        with (folder / "processed").open("wb") as sink:
            self._process = subprocess.Popen(
                process, stdin=results.stdout, stdout=sink, stderr=sink, env=dict(over.environment)
            )
        if results.stdout:
            results.stdout.close()

    def has_ended(self) -> bool:
        """Whether its final event has come back, or its node is gone."""
        return self._process.poll() is not None

    def cancel(self) -> awx_jobs.JobResult:
        """Cancel it, as the button in AWX does. This ends its processes on the node, except for a module."""
        self._cancelled = True
        self._over.interrupt(self._results)
        return self.wait()

    def give_up(self) -> awx_jobs.JobResult:
        """Stop waiting for a node that is gone, as AWX does after a missed heartbeat."""
        self._results.kill()
        return self.wait()

    def wait(self) -> awx_jobs.JobResult:
        """Wait for the end. Returns how the job ended."""
        self._process.wait()
        self._results.wait()
        found = self._folder / "artifacts" / "job"
        events = [json.loads(one.read_text(encoding="utf-8")) for one in found.glob("job_events/*.json")]
        events.sort(key=lambda one: int(one["counter"]))
        status = (found / "status").read_text().strip() if (found / "status").exists() else LOST
        if status not in ("successful", "failed"):
            status = LOST
        code = int((found / "rc").read_text()) if (found / "rc").exists() else -1
        return awx_jobs.ended(CANCELLED if self._cancelled else status, code, events)


class Mesh:
    """Execution nodes that jobs reach by pipes."""

    def __init__(self, folder: Path, environment: Mapping[str, str], executors: Sequence[str]) -> None:
        self.folder, self.environment = folder, environment
        self.nodes = {name: Node(name, folder / name, environment) for name in executors}

    def run(self, private: Path, playbook: str, node: str, folder: Path) -> Job:
        """Send a private data folder to a node, which runs the playbook in it. ``folder`` gets the results."""
        folder.mkdir(parents=True)
        transmit = [program("ansible-runner"), "transmit", str(private), "-p", playbook]
        with subprocess.Popen(
            transmit, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=dict(self.environment)
        ) as sender:
            assert sender.stdout
            results = self.submit(node, sender.stdout, self.place(node, folder))
        return Job(self, node, results, folder)

    def place(self, node: str, folder: Path) -> Path:
        """Where a node unpacks the job whose results go to ``folder``."""
        return self.nodes[node].folder / "jobs" / folder.name

    def submit(self, node: str, payload: IO[bytes], where: Path) -> subprocess.Popen[bytes]:
        """Start a job on a node: the process whose output comes back."""
        return subprocess.Popen(
            [program("ansible-runner"), *worker_words(where)],
            stdin=payload,
            stdout=subprocess.PIPE,
            env=dict(self.nodes[node].environment),
            start_new_session=True,
        )

    def interrupt(self, results: subprocess.Popen[bytes]) -> None:
        """Interrupt a job, as receptor does."""
        results.send_signal(signal.SIGINT)
        try:
            results.wait(INTERRUPT_SECONDS)
        except subprocess.TimeoutExpired:
            results.kill()

    def is_gone(self, node: str) -> bool:
        """Whether a node is no longer reachable."""
        return not self.nodes[node].folder.exists()

    def stop(self) -> None:
        """End all nodes."""
        for node in self.nodes.values():
            node.kill()


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def worker_words(where: Path) -> list[str]:
    """The arguments that AWX gives to ``ansible-runner`` on a node."""
    return ["worker", f"--private-data-dir={where}", "--delete"]


@contextmanager
def mesh(folder: Path, executors: Sequence[str]) -> Iterator[Mesh]:
    """A mesh; the end of the body ends all its processes."""
    with tempfile.TemporaryDirectory(prefix="mesh-", ignore_cleanup_errors=True) as own:
        found = Mesh(Path(own), clean_environment(folder, {}), executors)
        try:
            yield found
        finally:
            found.stop()


class Alternating(Fleet):
    """A fleet whose edge gateways alternate by name: with as many slices, each slice has one edge gateway."""

    def edge_of(self, name: str) -> int:
        """The number of a cluster's edge gateway."""
        return (int(name[1:]) - 1) % self.edges

    def estate(self) -> dict[str, Any]:
        """The estate, with the vApp that CPI's file names, which the backup saves."""
        found = copy.deepcopy(super().estate())
        vapp = {"name": "acme-vapp", "vms": [{"name": "acme-cp-1"}], "metadata": [{"key": "owner", "value": "jane"}]}
        found["organisations"][0]["vdcs"][0]["vapps"] = [vapp]
        return found


class Awx:
    """Launches job templates of extensions/awx on the nodes of a mesh, for the clusters of a fleet.

    ``programs`` is a folder whose programs come first on the PATH of the execution environment.
    """

    def __init__(self, running: RunningFleet, over: Mesh, programs: Path | None = None) -> None:
        self.running, self.mesh, self.number = running, over, 0
        self._programs = programs
        fleet = running.fleet
        self.clusters = {
            name: {"shared_ip_context": name, "shared_ip_edge_gateway": f"edge-{fleet.edge_of(name) + 1}"}
            for name in fleet.names
        }
        vcd = {"url": running.sim.url, "org": "acme", "user": "kube", "password": PASSWORD}
        vcd["ca"] = Path(running.sim.ca).read_text(encoding="utf-8")
        kubeconfig = Path(running.kube.kubeconfig).read_text(encoding="utf-8")
        # of the execution environment: by default ansible-core checks 1000 times a second whether a module has ended
        config = running.folder / "ansible.cfg"
        config.write_text("[defaults]\ninternal_poll_interval = 0.02\n", encoding="utf-8")
        self._environment = {**awx_jobs.execution_environment(collections_path()), "ANSIBLE_CONFIG": str(config)}
        self._credentials = {awx_jobs.VCD: vcd, awx_jobs.KUBECONFIG: {"kubeconfig": kubeconfig}}

    def launch(self, template: str, node: str, *, plain: bool = False, **given: Any) -> Job:
        """Launch a template on a node; ``given`` are the arguments of `awx_jobs.prepare` that a person types in AWX.

        ``plain``: without ``programs``.
        The private data folder is removed once it is sent: the node has only what it was sent.
        """
        self.number += 1
        folder = self.running.folder / f"job-{self.number}"
        environment = dict(self._environment)
        if self._programs and not plain:
            environment["PATH"] = f"{self._programs}{os.pathsep}{environment['PATH']}"
        private = awx_jobs.prepare(
            template,
            folder=self.running.folder / f"private-{self.number}",
            clusters=self.clusters,
            credentials=self._credentials,
            environment=environment,
            root=str(self.mesh.place(node, folder)),
            job=self.number,
            **given,
        )
        job = self.mesh.run(private, str(awx_jobs.template_named(template)["playbook"]), node, folder)
        shutil.rmtree(private)
        return job
