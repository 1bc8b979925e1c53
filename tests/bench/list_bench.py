# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures one task with a list of NAT rules against as many tasks, and against Terraform with as many resources.

    python tests/bench/list_bench.py [--quick] [--rules N] [--output FILE]       (`make bench` calls it, too)

ansible-playbook, and Terraform with its provider for VCD are the real programs; Cloud Director is the simulator. Each
makes the same rules on an edge gateway of its own. Requests take 20 ms, and the tasks of Cloud Director no time or
``task_seconds``. An edge gateway takes one task at a time, so the sum of its tasks is the limit for each client.

Where tasks take no time, the three run one after the other, and the seconds show what a client needs by itself;
each is run again with nothing to do. Where tasks take time, they run side by side, as they mostly wait, and make fewer
rules: each rule takes as long as the one before. The ratios compare the seconds with those of the task with a list.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
FOLDERS = ("simulator", "kube_double", "support", "control_plane", "clients", "bench")
sys.path[:0] = [str(HERE.parent / folder) for folder in FOLDERS]

from bench import table  # noqa: E402
from control_plane.places import Missing  # noqa: E402
from invariants import is_write  # noqa: E402
from role_runs import ansible_playbook_apart  # noqa: E402
from test_terraform import Terraform  # noqa: E402
from vcdsim.testing import Simulator  # noqa: E402

Say = Callable[[str], None]
LIST, LOOP, TERRAFORM = "one task with a list", "a task for each rule", "Terraform"
RULE = {"type": "DNAT", "external_addresses": "203.0.113.20", "internal_addresses": "192.168.8.2"}
FIRST_PORT = 8000
RESOURCES = """
terraform {
  required_providers {
    vcd = { source = "vmware/vcd" }
  }
}

provider "vcd" {}

data "vcd_nsxt_edgegateway" "edge" {
  name = "acme-edge"
}

resource "vcd_nsxt_nat_rule" "rule" {
  count              = %d
  edge_gateway_id    = data.vcd_nsxt_edgegateway.edge.id
  name               = "r${count.index}"
  rule_type          = "DNAT"
  external_address   = "203.0.113.20"
  internal_address   = "192.168.8.2"
  dnat_external_port = %d + count.index
}
"""


@dataclass(frozen=True)
class Settings:
    """The sizes; durations in seconds."""

    rules: int = 200
    waiting_rules: int = 50  # with tasks that take time
    task_seconds: float = 1.0
    request_seconds: float = 0.02


QUICK = Settings(rules=5, waiting_rules=3, task_seconds=0.1)


@dataclass(frozen=True)
class ClientRow:
    """What one client took to make the rules, with tasks of this length, and to find them unchanged.

    ``cpu_seconds`` are those of the client with all that it starts. They, and the time to find the rules unchanged,
    are only measured while no other client runs; otherwise they are None.
    """

    name: str
    rules: int
    task_seconds: float
    seconds: float
    ratio: float
    requests: int
    cpu_seconds: float | None = None
    seconds_unchanged: float | None = None
    ratio_unchanged: float | None = None
    requests_unchanged: int | None = None


class Client:
    """A client with a simulator of its own. ``run`` makes the rules, or finds them unchanged."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name, self.settings = name, settings
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self.folder = Path(self._folder.name)
        self.sim = Simulator(estate="one-edge", task_seconds=0, health_seconds=0)

    def __enter__(self) -> Client:
        self.sim.start()
        if self.name == TERRAFORM:
            source = self.folder / "source"
            source.mkdir()
            (source / "main.tf").write_text(RESOURCES % (self.settings.rules, FIRST_PORT), encoding="utf-8")
            self._terraform = Terraform(self.folder, self.sim, source / "main.tf", {})
        else:
            self._write_playbook()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.sim.stop()
        self._folder.cleanup()

    def _write_playbook(self) -> None:
        rules = [
            {"name": f"r{number}", "dnat_external_port": str(FIRST_PORT + number)}
            for number in range(self.settings.rules)
        ]
        if self.name == LIST:
            task: dict[str, Any] = {"vcd.kubernetes.vcd_nat_rule": {**RULE, "nat_rules": rules}}
        else:
            own = {name: f"{{{{ item.{name} }}}}" for name in rules[0]}
            task = {"vcd.kubernetes.vcd_nat_rule": {**RULE, **own}, "loop": rules}
        defaults = {"group/vcd.kubernetes.vcd": {"edge_gateway": "acme-edge"}}
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "module_defaults": defaults}
        (self.folder / "play.yml").write_text(yaml.safe_dump([{**play, "tasks": [task]}]), encoding="utf-8")

    def run(self) -> None:
        """Raises RuntimeError if it fails."""
        if self.name == TERRAFORM:
            self._terraform.run("apply", "-auto-approve")
            return
        given = {"VCD_URL": self.sim.url, "VCD_CA_PATH": str(self.sim.ca), "VCD_ORG": "acme"}
        given |= {"VCD_USER": "admin", "VCD_PASSWORD": "admin-secret-1"}
        code, out, errors = ansible_playbook_apart(self.folder, ["play.yml"], given)
        if code:
            raise RuntimeError(out + errors)

    def measured(self, task_seconds: float) -> tuple[float, float, int, int]:
        """Seconds of a run, CPU seconds of all processes that ended during it, its requests and its writes."""
        self.sim.settings(task_seconds=task_seconds, request_seconds=self.settings.request_seconds)
        self.sim.journal(clear=True)
        began, before = time.monotonic(), _cpu()
        self.run()
        journal = self.sim.journal()
        return time.monotonic() - began, _cpu() - before, len(journal), sum(map(is_write, journal))


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measured_alone(name: str, settings: Settings) -> ClientRow:
    """A client's run with tasks that take no time, and the same run again."""
    with Client(name, settings) as client:
        seconds, cpu, requests, writes = client.measured(0.0)
        again, _cpu_again, requests_again, writes_again = client.measured(0.0)
    _check(name, settings, writes)
    if writes_again:
        raise RuntimeError(f"{name} sent {writes_again} writes the second time")
    return ClientRow(name, settings.rules, 0.0, seconds, 0.0, requests, cpu, again, 0.0, requests_again)


def measured_waiting(name: str, settings: Settings) -> ClientRow:
    """A client's run with tasks that take time, beside the runs of the others."""
    fewer = replace(settings, rules=settings.waiting_rules)
    with Client(name, fewer) as client:
        seconds, _cpu_seconds, requests, writes = client.measured(settings.task_seconds)
    _check(name, fewer, writes)
    return ClientRow(name, fewer.rules, settings.task_seconds, seconds, 0.0, requests)


def _check(name: str, settings: Settings, writes: int) -> None:
    if writes != settings.rules:
        raise RuntimeError(f"{name} sent {writes} writes for {settings.rules} rules")


def with_ratios(rows: Sequence[ClientRow]) -> list[dict[str, Any]]:
    """The rows, with their ratios to the row of the list."""
    (base,) = [row for row in rows if row.name == LIST]
    return [
        {
            **asdict(row),
            "ratio": row.seconds / base.seconds,
            "ratio_unchanged": row.seconds_unchanged / base.seconds_unchanged
            if row.seconds_unchanged and base.seconds_unchanged
            else None,
        }
        for row in rows
    ]


def clients(say: Say) -> list[str]:
    """The clients that can be measured on this machine."""
    from control_plane.programs import find_terraform, find_terraform_provider

    try:
        find_terraform(), find_terraform_provider()
    except Missing as error:
        say(f"  without Terraform: {error}")
        return [LIST, LOOP]
    return [LIST, LOOP, TERRAFORM]


def measure(settings: Settings, say: Say) -> dict[str, Any]:
    """Measure everything, and return the content of the file."""
    names, rows = clients(say), []
    alone = []
    for name in names:
        alone.append(measured_alone(name, settings))
        say(f"  {name}: {settings.rules} rules in {alone[-1].seconds:.1f} s")
    rows += with_ratios(alone)
    with ThreadPoolExecutor(len(names)) as pool:
        started = [pool.submit(measured_waiting, name, settings) for name in names]
        beside = [one.result() for one in started]
    for one in beside:
        say(f"  {one.name}: {one.rules} rules with tasks of {settings.task_seconds:g} s in {one.seconds:.1f} s")
    rows += with_ratios(beside)
    return {"settings": asdict(settings), "cpus": os.cpu_count(), "rows": rows}


def tables(found: dict[str, Any]) -> str:
    """The measurements as a table for a screen."""
    settings = found["settings"]
    head = f"NAT rules on one edge gateway, {settings['request_seconds'] * 1000:g} ms a request"
    columns = {"": "name", "rules": "rules", "a task s": "task_seconds", "seconds": "seconds", "ratio": "ratio"}
    columns |= {
        "requests": "requests",
        "cpu s": "cpu_seconds",
        "unchanged s": "seconds_unchanged",
        "ratio unchanged": "ratio_unchanged",
    }
    return f"{head}\n\n{table({**columns, 'requests unchanged': 'requests_unchanged'}, found['rows'])}"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, and write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="5 rules and tasks of 0.1 s, to try out the benchmark")
    parser.add_argument("--rules", type=int, help="number of rules (default: 200)")
    parser.add_argument("--output", type=Path, default=HERE.parents[1] / ".cache" / "lists.json", metavar="FILE")
    options = parser.parse_args(argv)
    settings = QUICK if options.quick else Settings()
    if options.rules:
        fewer = min(options.rules, settings.waiting_rules)
        settings = replace(settings, rules=options.rules, waiting_rules=fewer)
    found = measure(settings, lambda line: print(line, flush=True))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(f"\n{tables(found)}\n\n(in {options.output})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
