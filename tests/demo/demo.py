# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: one command moves a cluster's CPI through the three IP-sharing scenarios, and then a live Service.

Simulated: Cloud Director and the Kubernetes API, by two programs of this repository that listen on 127.0.0.1. Real:
ansible-playbook, the role, the modules, CPI's published manifests.

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
    "shared_internal": "the ports of a Service share one internal IP, with DNAT rules to it",
    "distinct_internal": "each port of a Service has its own internal IP and its own DNAT rule",
}
FLAGS = {"shared_external": (True, False), "shared_internal": (True, True), "distinct_internal": (False, True)}
EXTERNAL_IP = "203.0.113.10"
CLUSTER_ID = "urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
PORTS: list[dict[str, Any]] = [
    {"name": name, "port": port, "nodePort": 30000 + port, "protocol": "TCP"}
    for name, port in (("http", 80), ("https", 443))
]
SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": PORTS},
    "status": {"loadBalancer": {"ingress": [{"ip": EXTERNAL_IP}]}},
}
READS = {"GET", "HEAD", "OPTIONS"}
ASKS = "selfsubjectaccessreviews"


class NotShown(Exception):
    """The demo did not show what it announced."""


@dataclass
class Run:
    """One run of ansible-playbook: the number of changes, the seconds it took, and the role's result."""

    changed: int
    seconds: float
    result: Mapping[str, Any]


@dataclass
class Row:
    """One row of the final table."""

    scenario: str
    cells: list[str] = field(default_factory=list)


@dataclass
class Demo:
    """The running doubles, and the folder for logs."""

    vcd: Simulator
    kube: KubeDouble
    work: Path
    count: int = 0

    def show(self) -> list[Row]:
        """Go through the scenarios."""
        say("", f"CPI 1.6.1 starts with {self.mounted()}")
        return [self.scenario(number, name) for number, name in enumerate(WALK, 1)]

    def scenario(self, number: int, name: str) -> Row:
        """Plan, change, proof and repetition for one scenario."""
        say("", "-" * 100, f"{number} of {len(WALK)}  {name}: {MEANING[name]}", "-" * 100)
        before, writes = self.pod(), self.writes()
        say("", "Plan: what would change? Nothing is written.")
        plan = self.play(name, "plan", "--check", "--diff", brief=number > 1)
        expect(plan.changed == 1, "the plan announces a change")
        expect(self.writes() == writes, "the plan wrote nothing")
        details = " (From here on without details, which are in the logs.)" if number == 1 else ""
        say("", f"Change it, restart CPI and verify.{details}")
        change = self.play(name, "change")
        expect(change.changed == 1 and bool(change.result.get("verified")), "the change was made and verified")
        after = self.pod()
        expect(after != before, "CPI runs in a new pod")
        expect(self.flags() == FLAGS[name], "the new pod mounts the new file")
        say("", f"Proof: pod {before} is gone; {after} runs with {self.mounted()}")
        say("", "The same command again: nothing left to do.")
        again = self.play(name, "again")
        expect(again.changed == 0, "the second run changes nothing")
        expect(self.pod() == after, "CPI was not restarted")
        steps = len(plan.result.get("steps", []))
        restart = str(change.result.get("restart"))
        took = f"{change.seconds:.0f} s"
        return Row(name, [f"{steps} steps", took, restart, self.mounted(), "nothing changed"])

    def live(self) -> None:
        """Move a live Service to another scenario and back, with the same external IP."""
        say("", "-" * 100, "Finally a Service that is in use: it moves and keeps its external IP", "-" * 100)
        self.kube.load([SERVICE])
        self.serve()
        say("", f"CPI serves default/web on {EXTERNAL_IP}, ports 80 and 443:", *self.objects())
        say("", "Plan: which ports would be down, and for how long?")
        writes = self.writes()
        migrate = ("-e", "shared_ip_existing=migrate")
        self.play("shared_external", "live-plan", *migrate, "--check", brief=False)
        expect(self.writes() == writes, "the plan wrote nothing")
        say("", "Move it while CPI is stopped, Service by Service.")
        self.play("shared_external", "live", *migrate)
        say("", f"The same external IP {self.external_ip()}, in the new shape:", *self.objects())
        expect(self.external_ip() == EXTERNAL_IP, "the Service kept its external IP")
        expect({item["virtualIpAddress"] for item in self.virtual_services()} == {EXTERNAL_IP}, "the VIPs have moved")
        say("", "And back, to the restore point that was stored before the first write:")
        self.play("", "way-back", playbook="vcd.kubernetes.restore")
        expect(self.flags() == FLAGS["distinct_internal"], "CPI has its old file")
        expect(len({item["virtualIpAddress"] for item in self.virtual_services()}) == 2, "the VIPs are back")

    def serve(self) -> None:
        """Create the Service's objects as CPI would, with the module that serves virtual machines: no CPI runs here."""
        ports = [{key: port[key] for key in ("name", "port")} | {"node_port": port["nodePort"]} for port in PORTS]
        service = {"name": "web", "namespace": "default", "external_ip": EXTERNAL_IP, "members": ["10.10.0.11"]}
        options = {
            "edge_gateway": "acme-edge",
            "cluster_id": CLUSTER_ID,
            "scenario": WALK[-1],
            "services": [{**service, "ports": ports}],
        }
        python = f"ansible_python_interpreter={sys.executable}"
        words = ["localhost", "-e", python, "-m", "vcd.kubernetes.vcd_shared_ip", "-a", json.dumps(options)]
        program = str(Path(sys.executable).with_name("ansible"))
        environment = {name: value for name, value in self.environment().items() if "CALLBACK" not in name}
        done = subprocess.run(
            [program, *words],
            env=environment,
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NotShown(f"the objects of the Service could not be created: {done.stdout}{done.stderr}")

    def external_ip(self) -> str:
        """The external IP that Kubernetes shows for the Service."""
        found = next(item for item in self.kube.list("Service", "default") if item["metadata"]["name"] == "web")
        return str(found["status"]["loadBalancer"]["ingress"][0]["ip"])

    def virtual_services(self) -> list[Mapping[str, Any]]:
        """The virtual services in Cloud Director."""
        return list(self.vcd.dump()["virtual_services"])

    def objects(self) -> list[str]:
        """Virtual services and DNAT rules, one line each."""
        lines = [
            f"  virtual service {item['virtualIpAddress']}:{item['servicePorts'][0]['portStart']}"
            for item in self.virtual_services()
        ]
        rules = [
            f"  DNAT rule       {item['externalAddresses']}:{item['dnatExternalPort']} -> {item['internalAddresses']}"
            for item in self.vcd.dump()["nat_rules"]
        ]
        return sorted(lines) + sorted(rules)

    def play(
        self,
        scenario: str,
        purpose: str,
        *options: str,
        brief: bool = True,
        playbook: str = "vcd.kubernetes.shared_ip",
    ) -> Run:
        """Run the real ansible-playbook, show it (``brief``: without details), and log everything to a file."""
        self.count += 1
        log = self.work / f"{self.count}-{scenario}-{purpose}.log".replace("--", "-")
        recap = log.with_suffix(".json")
        environment = {**self.environment(), "CALM_LOG": str(log), "CALM_RECAP": str(recap)}
        environment |= {"CALM_BRIEF": "yes"} if brief else {}
        words = [playbook, *(["-e", f"shared_ip_scenario={scenario}"] if scenario else []), *options]
        say(f"  $ ansible-playbook {' '.join(words)}")
        program = Path(sys.executable).with_name("ansible-playbook")
        began = time.monotonic()
        code = subprocess.call([str(program), *words], env=environment, cwd=self.work, stdin=subprocess.DEVNULL)
        if code or not recap.exists():
            raise NotShown(f"ansible-playbook ended with {code}; its output is in {log}")
        found = json.loads(recap.read_text())
        return Run(found["changed"], time.monotonic() - began, found["result"] or {})

    def environment(self) -> dict[str, str]:
        """The environment of a run. The password is nowhere else."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("VCD_", "K8S_"))},
            "HOME": str(self.work / "home"),
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
        """The name of CPI's only pod."""
        names = [str(pod["metadata"]["name"]) for pod in self.kube.list("Pod", NAMESPACE, LABEL)]
        if len(names) != 1:
            raise NotShown(f"CPI has {len(names)} pods instead of one: {', '.join(names)}")
        return names[0]

    def load_balancer(self) -> Mapping[str, Any]:
        """The load balancer section of CPI's file, as the pod sees it."""
        volumes = self.kube.mounted(NAMESPACE, self.pod())
        texts = [files[FILE] for files in volumes.values() if FILE in files]
        part: Mapping[str, Any] = yaml.safe_load(texts[0])["loadbalancer"]
        return part

    def flags(self) -> tuple[bool, bool]:
        """The two flags in the pod: shared, one-arm."""
        part = self.load_balancer()
        return bool(part.get("enableVirtualServiceSharedIP")), bool(part.get("oneArm"))

    def mounted(self) -> str:
        """The two flags in the pod, as text."""
        arm = self.load_balancer().get("oneArm")
        shared, _one_arm = self.flags()
        return f"sharedIP {str(shared).lower()}, oneArm {arm['startIP'] + '-' + arm['endIP'] if arm else 'not set'}"

    def writes(self) -> int:
        """The number of requests so far that changed something in one of the doubles. Log-ins do not count."""
        kube = [item for item in self.kube.journal() if item["method"] not in READS and ASKS not in item["path"]]
        vcd = [item for item in self.vcd.journal() if item["method"] not in READS and "/sessions" not in item["path"]]
        return len(kube) + len(vcd)


def say(*lines: str) -> None:
    """Print lines at once, even if the output is not a terminal."""
    for line in lines:
        print(line, flush=True)


def expect(holds: bool, what: str) -> None:
    """Stop the demo unless ``holds`` is true."""
    if not holds:
        raise NotShown(f"expected, but not true: {what}")


@contextmanager
def doubles(work: Path) -> Iterator[Demo]:
    """Run both doubles for the length of a block."""
    objects = [FIXTURES / "cluster.manifest", FIXTURES / "cpi-1.6.1.manifest"]
    with Simulator(estate="one-edge") as vcd, KubeDouble(objects=objects, start_seconds=1.0, stop_seconds=1.0) as kube:
        demo = Demo(vcd, kube, work)
        kube.wait_for(
            lambda: all(is_ready(pod) for pod in kube.list("Pod", NAMESPACE, LABEL) or [{}]), "CPI's pod is ready"
        )
        say(
            "Two simulated services run on this machine. Everything else is real:",
            f"  Cloud Director simulator   {vcd.url}   (organization acme, edge gateway acme-edge)",
            f"  Kubernetes API double      {kube.url}   (CPI 1.6.1 from its published manifests, ConfigMap immutable)",
        )
        yield demo


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod is ready."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def table(rows: list[Row]) -> list[str]:
    """The final table."""
    head = ["scenario", "plan", "change", "restart", "what CPI's pod mounts", "second run"]
    lines = [head, *([row.scenario, *row.cells] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    texts = ["   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return [texts[0], "-" * sum(widths, 3 * (len(widths) - 1)), *texts[1:]]


def main() -> int:
    """Run the demo. Returns 0 only if everything happened as announced."""
    parser = argparse.ArgumentParser(description="Watch one command move a cluster's CPI through three scenarios.")
    parser.add_argument("--work", type=Path, default=ROOT / ".cache" / "demo", help="folder for logs (emptied first)")
    work = parser.parse_args().work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that SIGTERM stops the doubles as well
    began = time.monotonic()
    try:
        with doubles(work) as demo:
            rows = demo.show()
            demo.live()
    except NotShown as error:
        say("", f"The demonstration failed: {error}")
        return 1
    say("", "=" * 100, *table(rows), "=" * 100)
    took = f"{time.monotonic() - began:.0f} s"
    say(f"All three scenarios were planned, changed and verified, and a live Service moved there and back, in {took}.")
    say(f"The output of each run is in {work}.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
