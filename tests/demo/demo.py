# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, shown: one command moves a cluster's CPI through the three IP-sharing scenarios.

Stand-ins: a Cloud Director simulator and a double of the Kubernetes API, both programs of this repository that listen
on 127.0.0.1. Real: ansible-playbook, the role, the modules, CPI's published manifests.

    python tests/demo/demo.py [--work DIR]        (`make demo` calls it with everything it needs)
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "simulator"), str(ROOT / "tests" / "kube_double")]

from kube_double.testing import KubeDouble  # noqa: E402
from vcdsim.testing import Simulator  # noqa: E402

NAMESPACE, CONFIG_MAP, FILE = "kube-system", "vcloud-ccm-configmap", "vcloud-ccm-config.yaml"
LABEL = "app=vmware-cloud-director-ccm"
FIXTURES = ROOT / "tests" / "fixtures" / "cpi"
# CPI's manifest ships distinct_internal, so each of these is a real change
WALK = ("shared_external", "shared_internal", "distinct_internal")
MEANING = {
    "shared_external": "the ports of a Service share one external IP, without NAT",
    "shared_internal": "the ports of a Service share one internal IP, DNAT rules lead to it",
    "distinct_internal": "each port of a Service has an internal IP of its own with its own DNAT rule",
}
FLAGS = {"shared_external": (True, False), "shared_internal": (True, True), "distinct_internal": (False, True)}
READS = {"GET", "HEAD", "OPTIONS"}
ASKS = "selfsubjectaccessreviews"


class NotShown(Exception):
    """Something did not happen as the demonstration says it does."""


@dataclass
class Run:
    """One run of ansible-playbook: its recap and how long it took (seconds)."""

    changed: int
    seconds: float
    result: Mapping[str, Any]


@dataclass
class Row:
    """One line of the closing table."""

    scenario: str
    cells: list[str] = field(default_factory=list)


@dataclass
class Demo:
    """The running doubles and where the logs go."""

    vcd: Simulator
    kube: KubeDouble
    work: Path
    count: int = 0

    def show(self) -> list[Row]:
        """Walk through the scenarios."""
        say("", f"CPI 1.6.1 starts with {self.mounted()}")
        return [self.scenario(number, name) for number, name in enumerate(WALK, 1)]

    def scenario(self, number: int, name: str) -> Row:
        """Plan, change, proof and repetition for one scenario."""
        say("", "-" * 100, f"{number} of {len(WALK)}  {name}: {MEANING[name]}", "-" * 100)
        before, writes = self.pod(), self.writes()
        say("", "Plan: what would change? Nothing is written.")
        plan = self.play(name, "plan", "--check", "--diff", brief=number > 1)
        expect(plan.changed == 1, "the plan is a change")
        expect(self.writes() == writes, "the plan has written nothing")
        details = " (From here on without the details; they are in the logs.)" if number == 1 else ""
        say("", f"Change it, restart CPI and verify.{details}")
        change = self.play(name, "change")
        expect(change.changed == 1 and bool(change.result.get("verified")), "the change is made and verified")
        after = self.pod()
        expect(after != before, "CPI runs in a new pod")
        expect(self.flags() == FLAGS[name], "the new pod mounts the new file")
        say("", f"Proof: pod {before} is gone; {after} runs with {self.mounted()}")
        say("", "The same command again: there is nothing left to do.")
        again = self.play(name, "again")
        expect(again.changed == 0, "the second run changes nothing")
        expect(self.pod() == after, "CPI was left alone")
        steps = len(plan.result.get("steps", []))
        restart = str(change.result.get("restart"))
        took = f"{change.seconds:.0f} s"
        return Row(name, [f"{steps} steps", took, restart, self.mounted(), "nothing changed"])

    def play(self, scenario: str, purpose: str, *options: str, brief: bool = True) -> Run:
        """Run the real ansible-playbook, show it (``brief``: without the details), and keep all in a log file."""
        self.count += 1
        log = self.work / f"{self.count}-{scenario}-{purpose}.log"
        recap = log.with_suffix(".json")
        environment = {**self.environment(), "CALM_LOG": str(log), "CALM_RECAP": str(recap)}
        environment |= {"CALM_BRIEF": "yes"} if brief else {}
        words = ["vcd.kubernetes.shared_ip", "-e", f"shared_ip_scenario={scenario}", *options]
        say(f"  $ ansible-playbook {' '.join(words)}")
        program = Path(sys.executable).with_name("ansible-playbook")
        began = time.monotonic()
        code = subprocess.call([str(program), *words], env=environment, cwd=self.work, stdin=subprocess.DEVNULL)
        if code or not recap.exists():
            raise NotShown(f"ansible-playbook ended with {code}; its output is in {log}")
        found = json.loads(recap.read_text())
        result = found["custom"].get("shared_ip", {}).get("localhost", {})
        return Run(found["changed"], time.monotonic() - began, result)

    def environment(self) -> dict[str, str]:
        """What the run is told by its environment; the password is nowhere else."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("VCD_", "K8S_"))},
            "VCD_URL": self.vcd.url,
            "VCD_CA_PATH": str(self.vcd.ca),
            "VCD_ORG": "acme",
            "VCD_USER": "kube",
            "VCD_PASSWORD": "kube-secret-1",
            "K8S_AUTH_KUBECONFIG": str(self.kube.kubeconfig),
            "ANSIBLE_STDOUT_CALLBACK": "calm",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
        }

    def pod(self) -> str:
        """Name of CPI's only pod."""
        names = [str(pod["metadata"]["name"]) for pod in self.kube.list("Pod", NAMESPACE, LABEL)]
        if len(names) != 1:
            raise NotShown(f"CPI has not one pod but {len(names)}: {', '.join(names)}")
        return names[0]

    def load_balancer(self) -> Mapping[str, Any]:
        """The part of CPI's file that matters, as the pod really sees it."""
        volumes = self.kube.mounted(NAMESPACE, self.pod())
        texts = [files[FILE] for files in volumes.values() if FILE in files]
        part: Mapping[str, Any] = yaml.safe_load(texts[0])["loadbalancer"]
        return part

    def flags(self) -> tuple[bool, bool]:
        """The two flags in the pod: shared, one-arm."""
        part = self.load_balancer()
        return bool(part.get("enableVirtualServiceSharedIP")), bool(part.get("oneArm"))

    def mounted(self) -> str:
        """The two flags in the pod, for a person."""
        arm = self.load_balancer().get("oneArm")
        shared, _one_arm = self.flags()
        return f"sharedIP {str(shared).lower()}, oneArm {arm['startIP'] + '-' + arm['endIP'] if arm else 'not set'}"

    def writes(self) -> int:
        """Requests so far that changed something in one of the two doubles (logins are none)."""
        kube = [item for item in self.kube.journal() if item["method"] not in READS and ASKS not in item["path"]]
        vcd = [item for item in self.vcd.journal() if item["method"] not in READS and "/sessions" not in item["path"]]
        return len(kube) + len(vcd)


def say(*lines: str) -> None:
    """Show lines at once, also when nobody sits at a terminal."""
    for line in lines:
        print(line, flush=True)


def expect(holds: bool, what: str) -> None:
    """Go on only when it is true."""
    if not holds:
        raise NotShown(f"this should be so, and is not: {what}")


@contextmanager
def doubles(work: Path) -> Iterator[Demo]:
    """Both stand-ins for the length of a block."""
    objects = [FIXTURES / "cluster.manifest", FIXTURES / "cpi-1.6.1.manifest"]
    with Simulator(estate="one-edge") as vcd, KubeDouble(objects=objects, start_seconds=1.0, stop_seconds=1.0) as kube:
        demo = Demo(vcd, kube, work)
        kube.wait_for(
            lambda: all(is_ready(pod) for pod in kube.list("Pod", NAMESPACE, LABEL) or [{}]), "CPI's pod is ready"
        )
        say(
            "Two stand-ins run on this machine, everything else is real:",
            f"  Cloud Director simulator   {vcd.url}   (organization acme, edge gateway acme-edge)",
            f"  Kubernetes API double      {kube.url}   (CPI 1.6.1 from its published manifests, ConfigMap immutable)",
        )
        yield demo


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod is ready."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def table(rows: list[Row]) -> list[str]:
    """The closing table."""
    head = ["scenario", "plan", "change", "restart", "what CPI's pod mounts", "second run"]
    lines = [head, *([row.scenario, *row.cells] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    texts = ["   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return [texts[0], "-" * sum(widths, 3 * (len(widths) - 1)), *texts[1:]]


def main() -> int:
    """Show it; 0 only if everything was seen as announced."""
    parser = argparse.ArgumentParser(description="Watch one command move a cluster's CPI through three scenarios.")
    parser.add_argument("--work", type=Path, default=ROOT / ".cache" / "demo", help="folder for logs (emptied first)")
    work = parser.parse_args().work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the doubles are stopped then, too
    began = time.monotonic()
    try:
        with doubles(work) as demo:
            rows = demo.show()
    except NotShown as error:
        say("", f"The demonstration failed: {error}")
        return 1
    say("", "=" * 100, *table(rows), "=" * 100)
    say(f"All three scenarios were planned, changed, verified and repeated in {time.monotonic() - began:.0f} s.")
    say(f"The output of each run is in {work}.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
