# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures runs of the playbook over a fleet: how long CPI is stopped, and what a run costs that changes nothing.

    python tests/bench/fleet_bench.py [--quick] [--only stopped|cost] [--output FILE]       (`make bench` calls it, too)

Ansible, the role and the modules are real; Cloud Director and the clusters are the doubles. What a run costs is the CPU
time of Ansible with all that it starts, without the doubles.

How long CPI is stopped is in the journals of the clusters: from the request that scales it to 0 to the one that scales
it up again. A cluster in a run over many is compared with one that has a run to itself: the same command, with the same
number of forks and Services, on the same edge gateways; some of these run before the run over many, and some after it.
The ratio shows where a cluster waits for others, and how the forks slow each other down, because they share this
machine's CPU as they would share any controller's. The doubles share it as well, although they stand for other
machines. Therefore their share is kept small and reported:

- A task takes 2 s. Cloud Director needs 5 to 8 s, so CPU time weighs more here than there.
- ``late`` is how many seconds later than its ``request_seconds`` the simulator answered, over all requests of a run,
  for each cluster. The double's share in how long CPI was stopped is at most that: a run also reads before and after.

Both parts of the ratio are measured in the same minutes, but a busy machine delays five forks more than one: use an
idle one. There the part ``stopped`` takes about 5 minutes.

What a run costs is measured over a fleet, over a larger one with as many clusters on each edge gateway (a cluster reads
all objects of its edge gateway), and over the first size once more: the speed of a machine changes within minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("simulator", "kube_double", "support")]

from fleet import Fleet, FleetRun, RunningFleet, doubles  # noqa: E402

SCENARIO, OTHER = "distinct_internal", "shared_external"
AIM_RATIO, AIM_CPU_SECONDS = 1.10, 3.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """The sizes of the fleets; durations in seconds.

    ``alone`` clusters are moved one by one, each in its own run. Clusters that are moved have ``services`` Services.
    """

    clusters: int = 40
    edges: int = 5
    alone: int = 5
    many: int = 200
    services: int = 1
    task_seconds: float = 2.0
    request_seconds: float = 0.02


QUICK = Settings(clusters=4, edges=2, alone=2, many=8, task_seconds=0.1)


@dataclass(frozen=True)
class Stopped:
    """For how many seconds CPI was stopped: of clusters moved alone, and in a run over all others.

    The ``late`` fields are how many seconds late the simulator answered, for each cluster, in both.
    """

    alone: list[float]
    together: list[float]
    late_alone: float
    late_together: float

    @property
    def ratios(self) -> dict[str, float]:
        """Together, compared with the median alone."""
        base = median(self.alone)
        found = {"median": median(self.together), "worst": max(self.together)}
        return {name: round(seconds / base, 4) for name, seconds in found.items()}


@dataclass(frozen=True)
class Cost:
    """CPU seconds of a run that changes nothing, with all that it starts."""

    clusters: int
    cpu_seconds: float
    cpu_seconds_each: float
    requests: int


def named(running: RunningFleet) -> None:
    """An inventory that says which edge gateway each cluster has."""
    fleet = running.fleet
    edges = {name: {"shared_ip_edge_gateway": f"edge-{fleet.edge_of(name) + 1}"} for name in fleet.names}
    running.write_inventory(**edges)


def ended(run: FleetRun) -> FleetRun:
    """Return a run that succeeded. RuntimeError with the end of its output if it failed."""
    if run.code:
        raise RuntimeError(f"exit code {run.code}\n{run.output[-3000:]}{run.errors[-1000:]}")
    return run


def late(running: RunningFleet) -> float:
    """How many seconds late the simulator has answered since its journal was cleared; clears the journal."""
    asked = 1000 * running.fleet.request_seconds
    return sum(max(0.0, entry["ms"] - asked) for entry in running.sim.journal(clear=True)) / 1000


def stopped(settings: Settings, say: Say, folder: Path) -> Stopped:
    """Move a few clusters alone, all others in one run, and then a few more alone."""
    fleet = Fleet(
        settings.clusters + settings.alone,
        settings.edges,
        services=settings.services,
        scenario=SCENARIO,
        task_seconds=settings.task_seconds,
        request_seconds=settings.request_seconds,
    )
    words = ["-e", f"shared_ip_scenario={OTHER}", "-e", "shared_ip_existing=migrate", "--forks", str(settings.edges)]
    with doubles(fleet, folder) as running:
        named(running)
        running.slow()
        first = fleet.names[:: len(fleet.names) // settings.alone][: settings.alone]
        others = [name for name in fleet.names if name not in first]
        half = (len(first) + 1) // 2
        late_alone = late_together = 0.0
        for names in (*([name] for name in first[:half]), others, *([name] for name in first[half:])):
            ended(running.run(*words, "--limit", ":".join(names)))
            seconds = median(running.seconds_stopped(name) or 0.0 for name in names)
            if names is others:
                late_together = late(running) / len(others)
                say(f"  {len(others)} clusters in one run: CPI stopped for {seconds:.1f} s (median)")
            else:
                late_alone += late(running) / len(first)
                say(f"  {names[0]} alone: CPI stopped for {seconds:.1f} s")
        times = [[running.seconds_stopped(name) or 0.0 for name in names] for names in (first, others)]
    return Stopped(*times, round(late_alone, 3), round(late_together, 3))


def cost(settings: Settings, say: Say, folder: Path, clusters: int) -> Cost:
    """Run the playbook over clusters that are already in their scenario."""
    edges = settings.edges * clusters // settings.clusters
    with doubles(Fleet(clusters, edges, scenario=SCENARIO), folder) as running:
        named(running)
        running.slow()
        run = ended(running.run("-e", f"shared_ip_scenario={SCENARIO}", "--forks", str(settings.edges)))
        requests = len(running.sim.journal())
    found = Cost(clusters, round(run.cpu_seconds, 2), round(run.cpu_seconds / clusters, 3), requests)
    say(f"  {clusters} clusters that need no change: {found.cpu_seconds_each:.2f} s of CPU each")
    return found


def measure(settings: Settings, say: Say, only: str = "") -> dict[str, Any]:
    """Measure everything, or one part."""
    found: dict[str, Any] = {"settings": asdict(settings)}
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        if only in ("", "stopped"):
            times = stopped(settings, say, Path(folder) / "stopped")
            found["stopped"] = {**asdict(times), "ratios": times.ratios}
        if only in ("", "cost"):
            sizes = (settings.clusters, settings.many, settings.clusters)
            costs = [cost(settings, say, Path(folder) / f"cost-{number}", size) for number, size in enumerate(sizes)]
            found["cost"] = [asdict(one) for one in costs]
    return found


def lines(found: dict[str, Any]) -> list[str]:
    """The measurements for a screen."""
    printed = []
    if "stopped" in found:
        times, ratios = found["stopped"], found["stopped"]["ratios"]
        base = median(times["alone"])
        printed.append(
            f"CPI stopped, a run over {len(times['together'])} clusters compared with runs over one: median "
            f"{ratios['median']:.3f}, worst {ratios['worst']:.3f} of {base:.1f} s (aim: <= {AIM_RATIO:.2f})"
        )
        printed.append(
            f"the simulator itself made a cluster wait for at most {times['late_alone']:.1f} s alone, and "
            f"{times['late_together']:.1f} s in the run over all"
        )
    if "cost" in found:
        few, many, again = found["cost"]
        printed += [
            f"{one['clusters']} clusters that need no change: {one['cpu_seconds_each']:.2f} s of CPU each "
            f"(aim: <= {AIM_CPU_SECONDS:.1f})"
            for one in (few, many, again)
        ]
        ratio = 2 * many["cpu_seconds_each"] / (few["cpu_seconds_each"] + again["cpu_seconds_each"])
        printed.append(
            f"of {many['clusters']} clusters each costs {ratio:.2f} times as much as of {few['clusters']} (aim: linear)"
        )
    return printed


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the lines, and write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few clusters and short tasks, to try out the benchmark")
    parser.add_argument("--only", choices=["stopped", "cost"], default="", help="one of the two parts")
    parser.add_argument("--many", type=int, help="clusters of the larger fleet (default: 200)")
    parser.add_argument("--output", type=Path, default=HERE.parents[1] / ".cache" / "fleet.json", metavar="FILE")
    options = parser.parse_args(argv)
    settings = QUICK if options.quick else Settings()
    if options.many is not None:
        settings = Settings(**{**asdict(settings), "many": options.many})
    found = measure(settings, lambda line: print(line, flush=True), options.only)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print("\n".join(["", *lines(found), "", f"(in {options.output})"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
