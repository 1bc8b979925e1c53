# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run over a fleet that does not go smoothly: 40 clusters on 5 edge gateways move to another scenario.

One cluster breaks: Cloud Director fails during its migration. The run is cancelled, as a job is, while others
are still migrating. The next run, with shared_ip_take_over, finishes all but the broken cluster; once the cause is
repaired, another one finishes that, too.

Simulated: Cloud Director and the Kubernetes APIs. Real: ansible-playbook, the role, the modules.

    python tests/demo/fleet_demo.py [--clusters N] [--edges M] [--work DIR]        (`make fleet` calls it)

``DIR`` gets the output of each run, its standard error, and the report of each run that was not cancelled.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("simulator", "kube_double", "support")]

from fleet import Fleet, RunningFleet, doubles  # noqa: E402
from role_runs import clean_environment  # noqa: E402

WORDS = ["-e", "shared_ip_scenario=shared_external", "-e", "shared_ip_existing=migrate"]


class FleetDemoFailed(Exception):
    """The demo did not show what it announced."""


def say(*lines: str) -> None:
    """Print lines at once."""
    print(*lines, sep="\n", flush=True)


def expect(holds: object, what: str) -> None:
    """Raise FleetDemoFailed unless it holds."""
    if not holds:
        raise FleetDemoFailed(what)


def until(holds: Callable[[], Any], what: str, seconds: float = 3600.0) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not holds():
        expect(time.monotonic() < end, f"not within {seconds:g} s: {what}")
        time.sleep(0.2)


class FleetDemo:
    """The runs over one fleet. ``broken`` is the cluster that breaks."""

    def __init__(self, running: RunningFleet) -> None:
        self.running, self.fleet = running, running.fleet
        self.broken = self.fleet.names[len(self.fleet.names) // 3]
        self.count = 0

    def show(self) -> None:
        """Show the whole demo."""
        running, fleet = self.running, self.fleet
        edges = {name: {"shared_ip_edge_gateway": f"edge-{fleet.edge_of(name) + 1}"} for name in fleet.names}
        running.write_inventory(**edges)
        say(f"{len(fleet.names)} clusters on {fleet.edges} edge gateways, each with {fleet.services} Services of "
            f"{fleet.ports} ports; {self.broken} will break")  # fmt: skip
        second = f"ingress-vs-web-2-{fleet.cluster_id(self.broken).removeprefix('urn:vcloud:entity:vmware:')}-*"
        running.sim.faults([{"method": "POST", "name": second, "writes": True, "status": 500, "message": "NSX is ill"}])
        running.slow()
        say("", "1. The job is cancelled when a third of the clusters is done.")
        self.cancelled(len(fleet.names) // 3)
        say("", "2. The same command again, now with take_over, finishes all but the broken cluster.")
        text = self.finished(expected=2)
        expect(re.findall(r"(\w+): FAILED", text) == [self.broken], "the broken cluster alone has failed")
        say("", "3. The cause is repaired, and the same command finishes the last one.")
        running.sim.faults([])
        self.finished(expected=0)
        for name in fleet.names:
            expect(self.replicas(name) == 1, f"CPI of {name} runs")

    def cancelled(self, after: int) -> None:
        """Start a run, and end it as AWX cancels a job, once so many clusters are done."""
        process, files = self.start()
        until(lambda: self.done() >= after and self.stopped(), "a third of the clusters, and another on its way")
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        say(f"   cancelled: {self.done()} clusters are done, CPI of {', '.join(self.stopped())} is stopped")
        # a module that still runs stops before its next Service
        until(lambda: not modules_of(self.running.folder), "all modules of the run have ended")
        say(
            "   the last lines on standard error:", *(f"     {line}" for line in files[1].read_text().splitlines()[-3:])
        )

    def finished(self, expected: int) -> str:
        """Run to the end; the summary of the run."""
        words, files = self.next_run()
        done = self.running.run(*words, files=files)
        text = done.output
        expect(done.code == expected, f"exit code {expected}, not {done.code}: {text[-2000:]}")
        found = re.findall(r'^ +"(.*)",?$', text.partition(": Show the summary]")[2].partition("\n\n")[0], re.MULTILINE)
        say(*(f"   {line}" for line in found))
        reports = [Path(one) for one in re.findall(r'"report: (.+?\.html) and ', text)]
        expect(len(reports) == 1 and reports[0].is_file(), "the run leaves a report")
        say(f"   report: {reports[0]} ({reports[0].stat().st_size // 1000} kB)")
        return "\n".join(found)

    def next_run(self) -> tuple[list[str], list[Path]]:
        """The options of the next run, whose command is shown, and the files for its output and errors."""
        self.count += 1
        again = ["-e", "shared_ip_take_over=true"] if self.count > 1 else []
        words = [*WORDS, *again, "--forks", str(self.fleet.edges)]
        say(f"   ansible-playbook {' '.join(self.running.command(*words)[1:])}")
        return words, [self.running.folder / f"run-{self.count}.{end}" for end in ("log", "errors")]

    def start(self) -> tuple[subprocess.Popen[bytes], Sequence[Path]]:
        """Start the command in a process group of its own. Returns it, and the files with its output and errors."""
        running = self.running
        words, files = self.next_run()
        with files[0].open("wb") as out, files[1].open("wb") as err:
            process = subprocess.Popen(
                running.command(*words),
                cwd=running.folder,
                env=clean_environment(running.folder, running.environment()),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        return process, files

    def done(self) -> int:
        """How many clusters have been stopped and started again."""
        return sum(self.running.seconds_stopped(name) is not None for name in self.fleet.names)

    def stopped(self) -> list[str]:
        """The clusters whose CPI is stopped now."""
        return [name for name in self.fleet.names if self.replicas(name) == 0]

    def replicas(self, name: str) -> int:
        """The replicas of a cluster's CPI."""
        found = self.running.kube[name].get("Deployment", "kube-system", "vmware-cloud-director-ccm") or {}
        return int(found["spec"]["replicas"])


def modules_of(folder: Path) -> list[str]:
    """The processes that run a module from this folder, with their command lines."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(one.read_bytes().decode(errors="replace"))
    return [line for line in found if f"{folder}/home/" in line]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; exit code 1 if it did not show everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clusters", type=int, default=40)
    parser.add_argument("--edges", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path(".cache/fleet"), metavar="DIR")
    options = parser.parse_args(argv)
    shutil.rmtree(options.work, ignore_errors=True)
    fleet = Fleet(options.clusters, options.edges, task_seconds=0.5, request_seconds=0.01)
    try:
        with doubles(fleet, options.work.resolve()) as running:
            FleetDemo(running).show()
    except FleetDemoFailed as missing:
        say(f"NOT SHOWN: {missing}")
        return 1
    say("", f"The output of each run is in {options.work}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
