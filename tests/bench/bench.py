# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures how long it takes to create and move many Services, compared with what Cloud Director itself needs.

    python tests/bench/bench.py [--quick] [--services N] [--output FILE]       (`make bench` calls it)

The simulator answers each request after 20 ms and each task takes 1 s; an edge gateway takes one task at a time. The
limit of a run is the sum of the tasks on its edge gateway: no client can be faster. The ratio is the wall time divided
by the limit. The benchmark never fails because a run is slow.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "simulator"), str(HERE.parent / "support")]

from invariants import is_write, lock_seconds, one_write_at_a_time  # noqa: E402
from runs import ModuleRun  # noqa: E402
from vcdsim.testing import Simulator  # noqa: E402

EXTERNAL, INTERNAL, DISTINCT = "shared_external", "shared_internal", "distinct_internal"
AIM_RATIO, AIM_REQUESTS, AIM_LOOKS = 1.10, 40, 2.5
ONE_ARM = {"start_ip": "172.20.0.2", "end_ip": "172.20.31.254"}
MEMBERS = ["10.10.0.11", "10.10.0.12"]
CLUSTER = "urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d"  # and two digits
_RUN_SECONDS = 4 * 3600.0
LARGE_SERVICES = 2000  # virtual services of the estate large


@dataclass(frozen=True)
class Minimum:
    """The fewest possible writes for one Service with p ports under the strictest rules, and why."""

    writes: Callable[[int], int]
    reason: str


# Hand-counted from the objects of each scenario and two rules of Cloud Director: a shared VIP cannot be changed, and
# no VIP can be changed to one that another virtual service has. So all virtual services of a shared VIP except the last
# are deleted and re-created (2 writes each), and the last one is changed in place (1 write) or stays (0 writes).
MINIMAL: dict[tuple[str | None, str], Minimum] = {
    (None, EXTERNAL): Minimum(lambda p: 2 * p, "a pool and a virtual service for each port"),
    (None, INTERNAL): Minimum(lambda p: 4 * p, "profile, DNAT rule, pool and virtual service for each port"),
    (None, DISTINCT): Minimum(lambda p: 4 * p, "profile, DNAT rule, pool and virtual service for each port"),
    (EXTERNAL, INTERNAL): Minimum(
        lambda p: 2 * p + 2 * (p - 1) + 1,
        "add profiles and DNAT rules; re-create all virtual services but one, change the last one",
    ),
    (EXTERNAL, DISTINCT): Minimum(
        lambda p: 2 * p + 2 * (p - 1) + 1,
        "add profiles and DNAT rules; re-create all virtual services but one, change the last one",
    ),
    (INTERNAL, EXTERNAL): Minimum(
        lambda p: 2 * p + 2 * (p - 1) + 1,
        "delete DNAT rules and profiles; re-create all virtual services but one, change the last one",
    ),
    (INTERNAL, DISTINCT): Minimum(
        lambda p: 3 * (p - 1),
        "one port keeps the shared VIP; re-create the other virtual services, change their DNAT rules",
    ),
    (DISTINCT, EXTERNAL): Minimum(
        lambda p: 2 * p + 1 + 2 * (p - 1),
        "delete DNAT rules and profiles; change the first virtual service, re-create the others",
    ),
    (DISTINCT, INTERNAL): Minimum(
        lambda p: 3 * (p - 1), "one port's VIP becomes the shared VIP; the others as in the opposite direction"
    ),
}


@dataclass(frozen=True)
class Settings:
    """The settings of the measurement. Durations are in seconds."""

    services: int = 100
    ports: int = 2
    task_seconds: float = 1.0
    request_seconds: float = 0.02
    edges: int = 10
    services_of_edge: int = 10
    growth: tuple[int, ...] = (250, 500, 1000)
    jobs: int = len(MINIMAL)
    polled: tuple[float, ...] = (0.1, 0.5, 2.0)
    services_polled: int = 10


QUICK = Settings(
    services=5, task_seconds=0.1, edges=2, services_of_edge=2, growth=(2, 4), polled=(0.5,), services_polled=2
)


@dataclass(frozen=True)
class Row:
    """One run for all Services of one edge gateway. ``writes`` were accepted; each ``refused`` one cost a request."""

    name: str
    services: int
    writes: int
    minimal_writes: int
    refused: int
    requests: int
    seconds: float
    limit_seconds: float
    ratio: float
    overlaps: int
    reason: str


@dataclass(frozen=True)
class Rerun:
    """The same run repeated, with nothing left to do."""

    name: str
    writes: int
    requests: int
    seconds: float


@dataclass(frozen=True)
class SideBySide:
    """Runs on several edge gateways in parallel."""

    edges: int
    services_of_edge: int
    seconds: float
    slowest_limit_seconds: float
    ratio: float


@dataclass(frozen=True)
class Growth:
    """One run without any waiting: the CPU time of the module and of the simulator, and the time of both together."""

    name: str
    services: int
    seconds: float
    cpu_seconds: float
    max_rss_kb: int
    cpu_ms_of_service: float
    simulator_ms_of_service: float
    wall_ms_of_service: float


@dataclass(frozen=True)
class Polling:
    """How often a run polls its tasks, if each takes ``task_seconds``."""

    task_seconds: float
    writes: int
    looks: int
    looks_of_write: float
    ratio: float


@dataclass(frozen=True)
class StartCost:
    """What the simulator needs to start with an estate, and how much more memory than with the smallest one."""

    estate: str
    virtual_services: int
    cpu_seconds: float
    rss_kb: int
    rss_kb_of_estate: int


# -- the runs --------------------------------------------------------------------------------------------------------


def estate(edges: int, services: int, ports: int) -> dict[str, Any]:
    """One organisation with this many edge gateways, each with room for its Services."""
    rooms = {"name": "seg-shared", "max_virtual_services": max(100, 2 * services * ports)}
    gateways = []
    for number in range(edges):
        subnet = {
            "gateway": f"100.{64 + number}.0.1",
            "prefix_length": 16,
            "primary_ip": f"100.{64 + number}.0.2",
            "ip_ranges": [f"100.{64 + number}.1.0-100.{64 + number}.99.255"],
        }
        gateways.append(
            {
                "name": f"edge-{number}",
                "uplinks": [{"name": f"uplink-{number}", "subnets": [subnet]}],
                "load_balancer": {"enabled": True, "service_network": "192.168.255.1/25", "feature_set": "STANDARD"},
                "service_engine_groups": [rooms],
            }
        )
    networks = [
        {"name": f"net-{number}", "gateway": "10.10.0.1/24", "edge_gateway": f"edge-{number}"}
        for number in range(edges)
    ]
    user = {"name": "kube", "password": "kube-secret-1", "role": "Kubernetes Cloud Provider"}
    vdc = {"name": "acme-vdc", "edge_gateways": gateways, "networks": networks}
    group = {"name": "seg-shared", "reservation_type": "SHARED", "ha_mode": "LEGACY_ACTIVE_STANDBY"}
    return {
        "service_engine_groups": [{**group, "feature_set": "STANDARD"}],
        "organisations": [{"name": "acme", "users": [user], "vdcs": [vdc]}],
    }


def services_of(edge: int, count: int, ports: int) -> list[dict[str, Any]]:
    """``count`` Services of the edge gateway, each with its own external IP."""
    return [
        {
            "name": f"web-{number:04}",
            "namespace": "default",
            "external_ip": f"100.{64 + edge}.{1 + number // 250}.{number % 250}",
            "members": MEMBERS,
            "ports": [
                {"name": f"port-{one}", "port": 80 + one, "node_port": 30000 + (number * ports + one) % 2700}
                for one in range(ports)
            ],
        }
        for number in range(count)
    ]


class Stage:
    """A simulator with its edge gateways, on which the module runs."""

    def __init__(self, settings: Settings, edges: int, services: int) -> None:
        self.settings = settings
        self.services = services
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        path = Path(self._folder.name) / "estate.yml"
        path.write_text(yaml.safe_dump(estate(edges, services, settings.ports)), encoding="utf-8")
        self.sim = Simulator(estate=path, task_seconds=0, health_seconds=0, openapi=None)

    def __enter__(self) -> Stage:
        self.sim.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.sim.stop()
        self._folder.cleanup()

    def slow(self) -> None:
        """Let requests and tasks take their time from now on, and clear the journal."""
        self.sim.settings(task_seconds=self.settings.task_seconds, request_seconds=self.settings.request_seconds)
        self.sim.journal(clear=True)

    def run(self, scenario: str, edge: int = 0) -> ModuleRun:
        """Start a run of the module."""
        options = {
            "url": self.sim.url,
            "ca_path": self.sim.ca,
            "org": "acme",
            "user": "kube",
            "password": "kube-secret-1",
            "edge_gateway": f"edge-{edge}",
            "cluster_id": f"{CLUSTER}{edge:02}",
            "scenario": scenario,
            "one_arm": ONE_ARM,
            "services": services_of(edge, self.services, self.settings.ports),
        }
        return ModuleRun("vcd_shared_ip", options, seconds=_RUN_SECONDS).start()

    def gateway(self, edge: int = 0) -> str:
        """The URN of an edge gateway."""
        found = self.sim.dump()["edge_gateways"]
        return str(next(one["id"] for one in found if one["name"] == f"edge-{edge}"))

    def writes(self) -> tuple[int, int]:
        """The numbers of accepted and refused writes."""
        statuses = [entry["status"] for entry in self.sim.journal() if is_write(entry)]
        return statuses.count(202), len(statuses) - statuses.count(202)


def ended(run: ModuleRun) -> dict[str, Any]:
    """Wait for a run and return its result. RuntimeError if it failed."""
    result = run.wait()
    if result.get("failed"):
        raise RuntimeError(result["msg"])
    return result


def title(before: str | None, after: str) -> str:
    return f"{before} -> {after}" if before else f"create {after}"


# -- measurements ----------------------------------------------------------------------------------------------------


def one_case(stage: Stage, before: str | None, after: str) -> tuple[Row, Rerun]:
    """Create or move all Services of one edge gateway, and repeat the run."""
    settings, minimum = stage.settings, MINIMAL[before, after]
    stage.slow()
    began = time.monotonic()
    ended(stage.run(after))
    seconds = time.monotonic() - began
    timeline, gateway = stage.sim.timeline(), stage.gateway()
    limit = lock_seconds(timeline, gateway)
    writes, refused = stage.writes()
    row = Row(
        title(before, after),
        settings.services,
        writes,
        settings.services * minimum.writes(settings.ports),
        refused,
        len(stage.sim.journal()),
        round(seconds, 3),
        round(limit, 3),
        round(seconds / limit, 4) if limit else 0.0,
        len(one_write_at_a_time(timeline, gateway)),
        minimum.reason,
    )
    stage.sim.journal(clear=True)
    began = time.monotonic()
    ended(stage.run(after))
    seconds = time.monotonic() - began
    return row, Rerun(row.name, sum(stage.writes()), len(stage.sim.journal()), round(seconds, 3))


def all_cases(settings: Settings, say: Callable[[str], None]) -> list[tuple[Row, Rerun]]:
    """Every creation and every move. All are prepared first, so that no preparation disturbs a measurement."""
    found = []
    with contextlib.ExitStack() as stages, ThreadPoolExecutor(settings.jobs) as pool:
        prepared = [(stages.enter_context(Stage(settings, 1, settings.services)), *move) for move in MINIMAL]
        for stage, before, _after in prepared:
            if before:
                ended(stage.run(before))
        for case in [pool.submit(one_case, *one) for one in prepared]:
            row, again = case.result()
            say(f"  {row.name}: {row.seconds:.1f} s, ratio {row.ratio:.3f}")
            found.append((row, again))
    return found


def side_by_side(settings: Settings) -> SideBySide:
    """One run for each edge gateway, all in parallel."""
    with Stage(settings, settings.edges, settings.services_of_edge) as stage:
        for run in [stage.run(EXTERNAL, edge) for edge in range(settings.edges)]:
            ended(run)
        stage.slow()
        began = time.monotonic()
        for run in [stage.run(INTERNAL, edge) for edge in range(settings.edges)]:
            ended(run)
        seconds = time.monotonic() - began
        timeline = stage.sim.timeline()
        slowest = max(lock_seconds(timeline, stage.gateway(edge)) for edge in range(settings.edges))
        return SideBySide(
            settings.edges,
            settings.services_of_edge,
            round(seconds, 3),
            round(slowest, 3),
            round(seconds / slowest, 4) if slowest else 0.0,
        )


def polling(settings: Settings, task_seconds: float) -> Polling:
    """Create Services with tasks of this length, and count the polls."""
    with Stage(replace(settings, task_seconds=task_seconds), 1, settings.services_polled) as stage:
        stage.slow()
        began = time.monotonic()
        ended(stage.run(INTERNAL))
        seconds = time.monotonic() - began
        looks = sum(entry["path"].startswith("/api/task/") for entry in stage.sim.journal())
        writes, _refused = stage.writes()
        limit = lock_seconds(stage.sim.timeline(), stage.gateway())
    return Polling(task_seconds, writes, looks, round(looks / writes, 2), round(seconds / limit, 4))


def growth(settings: Settings, services: int) -> list[Growth]:
    """Create and move Services without any waiting, to measure the work of the module and the simulator."""
    found = []
    with Stage(settings, 1, services) as stage:
        for before, after in ((None, EXTERNAL), (EXTERNAL, INTERNAL)):
            began, before_run = time.monotonic(), cpu_seconds(stage.sim.pid)
            run = stage.run(after)
            ended(run)
            cpu, memory = run.usage["cpu_seconds"], int(run.usage["max_rss_kb"])
            spent = (cpu, cpu_seconds(stage.sim.pid) - before_run, time.monotonic() - began)
            each = (round(one * 1000 / services, 2) for one in spent)
            found.append(Growth(title(before, after), services, round(spent[2], 3), round(cpu, 3), memory, *each))
    return found


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has used so far."""
    ticks = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")


def held() -> list[StartCost]:
    """What the simulator's process has used when it reports ready, for a start with each estate."""
    found: list[StartCost] = []
    for estate in ("one-edge", "large"):
        command = [sys.executable, "-m", "vcdsim", "--estate", estate]
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "simulator")}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
            try:
                if process.stdout is None or not process.stdout.readline().startswith(b"ready"):
                    raise RuntimeError(f"the simulator does not start with the estate {estate}")
                status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
                cpu = cpu_seconds(process.pid)
            finally:
                process.terminate()
        memory = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))
        smallest = found[0].rss_kb if found else memory
        services = LARGE_SERVICES if estate == "large" else 0
        found.append(StartCost(estate, services, round(cpu, 2), memory, memory - smallest))
    return found


def measure(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure everything, and return the content of the file."""
    ModuleRun(
        "vcd_shared_ip_info", {}
    ).start().wait()  # starts the process that runs are forked from, outside all measurements
    # Growth measures CPU time, so nothing else runs at the same time. All other measurements mostly wait.
    grown = [one for services in settings.growth for one in _reported(growth(settings, services), say)]
    cases = all_cases(settings, say)
    say(f"  {settings.edges} edge gateways side by side")
    beside = side_by_side(settings)
    say("  how often tasks are polled")
    polled = [polling(settings, task_seconds) for task_seconds in settings.polled]
    return {
        "held": [asdict(one) for one in held()],
        "settings": asdict(settings),
        "machine": {"python": platform.python_version(), "system": platform.platform(), "cpus": os.cpu_count()},
        "rows": [asdict(row) for row, _again in cases],
        "unchanged": [asdict(again) for _row, again in cases],
        "side_by_side": asdict(beside),
        "growth": [asdict(one) for one in grown],
        "polling": [asdict(one) for one in polled],
    }


def _reported(found: list[Growth], say: Callable[[str], None]) -> list[Growth]:
    for one in found:
        say(f"  {one.name}, {one.services} Services without waiting: {one.seconds:.1f} s")
    return found


# -- output -----------------------------------------------------------------------------------------------------------


def tables(found: dict[str, Any]) -> str:
    """The measurements as tables for a screen."""
    settings, beside = found["settings"], found["side_by_side"]
    head = (
        f"{settings['services']} Services x {settings['ports']} ports on one edge gateway, "
        f"{settings['request_seconds'] * 1000:g} ms a request, {settings['task_seconds']:g} s a task "
        f"(aim: ratio <= {AIM_RATIO:.2f})"
    )
    columns = {
        "": "name",
        "writes": "writes",
        "minimal": "minimal_writes",
        "refused": "refused",
        "requests": "requests",
    }
    columns |= {"wall s": "seconds", "limit s": "limit_seconds", "ratio": "ratio", "overlaps": "overlaps"}
    parts = [head, table(columns, found["rows"])]
    parts.append(f"The same run again, with nothing to do (aim: <= {AIM_REQUESTS} requests)")
    columns = {"": "name", "writes": "writes", "requests": "requests", "wall s": "seconds"}
    parts.append(table(columns, found["unchanged"]))
    parts.append(
        f"{beside['edges']} edge gateways side by side, {beside['services_of_edge']} Services each: "
        f"{beside['seconds']:.1f} s; the slowest alone needs {beside['slowest_limit_seconds']:.1f} s of tasks "
        f"(ratio {beside['ratio']:.3f})"
    )
    parts.append("Without any waiting: CPU time of the module and of the simulator, wall time (aim: linear)")
    columns = {"": "name", "Services": "services", "wall s": "seconds", "cpu s": "cpu_seconds"}
    columns |= {"cpu ms each": "cpu_ms_of_service", "simulator's": "simulator_ms_of_service"}
    columns |= {"wall ms each": "wall_ms_of_service", "peak KiB": "max_rss_kb"}
    parts.append(table(columns, found["growth"]))
    parts.append(f"Polls of tasks (aim: <= {AIM_LOOKS} a write)")
    columns = {"a task takes s": "task_seconds", "writes": "writes", "looks": "looks"}
    columns |= {"looks a write": "looks_of_write", "ratio": "ratio"}
    parts.append(table(columns, found["polling"]))
    parts.append("The simulator's start (aim: below 1 s; 30 MiB for 2,000 virtual services on 200 edge gateways)")
    columns = {"": "estate", "virtual services": "virtual_services", "cpu s": "cpu_seconds"}
    columns |= {"KiB": "rss_kb", "KiB more": "rss_kb_of_estate"}
    parts.append(table(columns, found["held"]))
    return "\n\n".join(parts)


def table(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as text, with a column for each heading and key. The first column is left-aligned, the others right."""
    cells = [list(columns), *([_text(row[key]) for key in columns.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [[f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)] for row in cells]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *line[1:]]) for row, line in zip(cells, lines, strict=True))


def _text(cell: Any) -> str:
    return "" if cell is None else f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the tables, and write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="5 Services and tasks of 0.1 s, to try out the benchmark")
    parser.add_argument("--services", type=int, help="number of Services (default: 100)")
    parser.add_argument(
        "--jobs", type=int, help="how many of the nine cases run in parallel (default: all, because they mostly wait)"
    )
    parser.add_argument("--output", type=Path, default=HERE.parents[1] / ".cache" / "bench.json", metavar="FILE")
    options = parser.parse_args(argv)
    given = {name: value for name in ("services", "jobs") if (value := getattr(options, name)) is not None}
    settings = Settings(**{**vars(QUICK if options.quick else Settings()), **given})
    found = measure(settings, lambda line: print(line, flush=True))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(f"\n{tables(found)}\n\n(in {options.output})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
