# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One test's cluster and VCD: CPI in a scenario, Services, and their state."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from control_plane.api import wait_until
from control_plane.cpi import CONFIG_MAP, DEPLOYMENT, FILE, NAMESPACE, in_scenario, manifests
from control_plane.testing import FIXTURES, RealCluster
from real_tenant import Objects, Tenant
from role_runs import RUN_SECONDS, ansible_playbook, clean_environment
from vcdsim.testing import Simulator

Object = dict[str, Any]
EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
CLUSTER = "urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"  # in the fixtures
SERVED_SECONDS = 900.0  # a limit for a busy machine; a few seconds are needed


class Stage:
    """``cluster`` and ``vcd`` (the simulator) with what the proofs do to them."""

    def __init__(self, cluster: RealCluster, vcd: Simulator, folder: Path, user: str = "kube") -> None:
        """The modules log in to VCD as ``user``, CPI always as kube."""
        self.cluster, self.vcd, self.folder, self.user = cluster, vcd, folder, user

    def start_cpi(self, scenario: str, version: str = "1.6.1", wait: bool = True, cluster_id: str = CLUSTER) -> None:
        """Apply CPI's manifests for a scenario, and wait until CPI has logged in."""
        self._taint("master" if version < "1.4" else "control-plane")
        found = manifests(FIXTURES / f"cpi-{version}.manifest", self.vcd.url, scenario)
        for item in found:
            if item["kind"] == "ConfigMap" and FILE in item["data"]:
                item["data"][FILE] = item["data"][FILE].replace(CLUSTER, cluster_id)
        self.cluster.load(found)
        if wait:
            self.cluster.wait_for_cpi()

    def _taint(self, role: str) -> None:
        """Taint the control plane's node as in clusters of CPI's age: its manifest tolerates no other taint."""
        taints = [{"key": f"node-role.kubernetes.io/{role}", "effect": "NoSchedule"}]
        self.cluster.api.patch("Node", "", "cp-1", {"spec": {"taints": taints}})

    def config(self, scenario: str, version: str = "1.6.1") -> Object:
        """CPI's ConfigMap for a scenario."""
        found = manifests(FIXTURES / f"cpi-{version}.manifest", self.vcd.url, scenario)
        return next(item for item in found if item["kind"] == "ConfigMap" and FILE in item["data"])

    def flip(self, scenario: str) -> None:
        """Change only the scenario, in the order that makes CPI read the new file."""
        self.stop_cpi()
        self.cluster.api.delete("ConfigMap", NAMESPACE, CONFIG_MAP)
        self.cluster.api.create(self.config(scenario))
        self.scale(1)

    def stop_cpi(self) -> None:
        """Scale CPI to 0 and wait until its pod is gone."""
        self.scale(0)
        wait_until(lambda: not self.cluster.pods(), "CPI's pod is gone")

    def scale(self, replicas: int) -> None:
        """Scale CPI's Deployment."""
        self.cluster.api.patch("Deployment", NAMESPACE, DEPLOYMENT, {"spec": {"replicas": replicas}})

    def create(self, item: Object) -> str:
        """Create a Service, wait until CPI serves it, and return its external IP."""
        self.cluster.api.create(item)
        return self.served(item["metadata"]["name"], item["metadata"]["namespace"])

    def served(self, name: str, namespace: str = "default") -> str:
        """Wait for a Service's external IP."""
        try:
            return str(wait_until(lambda: self.external_ip(name, namespace), f"{name} is served", SERVED_SECONDS))
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.cluster.cpi_logs()[-6000:]}") from None

    def external_ip(self, name: str, namespace: str = "default") -> str:
        """What ``status.loadBalancer`` of a Service says now."""
        found = self.cluster.api.get("Service", namespace, name) or {}
        ingress = found.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
        return str(ingress[0].get("ip", ""))

    def delete(self, name: str, namespace: str = "default") -> None:
        """Delete a Service and wait until CPI has removed its finalizer."""
        self.cluster.api.delete("Service", namespace, name)
        gone = f"{name} is gone (CPI holds a finalizer until it has cleaned up)"
        wait_until(lambda: self.cluster.api.get("Service", namespace, name) is None, gone, SERVED_SECONDS)

    def synced(self) -> dict[str, list[str]]:
        """The reasons of the events of CPI's current pod, by Service; EnsuredLoadBalancer ends a sync."""
        pods = self.cluster.pods()
        since = pods[0]["metadata"]["creationTimestamp"] if pods else "9"
        found: dict[str, list[str]] = {}
        for event in self.cluster.api.list("Event", "default"):
            if str(event.get("lastTimestamp") or "") >= since:
                found.setdefault(event["involvedObject"]["name"], []).append(event["reason"])
        return found

    def serve_from(self, *, all_workers: bool) -> None:
        """Exclude the second worker from the nodes that CPI sends traffic to, or include it."""
        labels = {EXCLUDED: None if all_workers else "true"}
        self.cluster.api.patch("Node", "", "worker-2", {"metadata": {"labels": labels}})

    def log_says(self, text: str, seconds: float = SERVED_SECONDS) -> str:
        """Wait until CPI's log has a text. Returns the line with it."""

        def line() -> str:
            return next((one for one in self.cluster.cpi_logs().splitlines() if text in one), "")

        try:
            return str(wait_until(line, f"CPI logs {text!r}", seconds, every=0.3))
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.cluster.cpi_logs()[-6000:]}") from None

    def objects(self) -> Objects:
        """Every load balancer object of the edge gateway."""
        with self.tenant() as tenant:
            return tenant.objects()

    @contextmanager
    def tenant(self) -> Iterator[Tenant]:
        """VCD as CPI's user."""
        found = Tenant(self.vcd.url, self.vcd.ca)
        try:
            yield found
        finally:
            found.close()

    def in_file(self) -> str:
        """CPI's file as the cluster holds it."""
        found = self.cluster.api.get("ConfigMap", NAMESPACE, CONFIG_MAP)
        assert found, "CPI's ConfigMap is missing"
        return str(found["data"][FILE])

    def playbook(self, *arguments: str, kubeconfig: Path | None = None, **variables: Any) -> Run:
        """Run the real ansible-playbook on a playbook of the collection."""
        words = [*arguments, "-e", json.dumps(variables)]
        return Run(*ansible_playbook(self.folder, words, self._connection(kubeconfig)))

    def module(self, name: str, kubeconfig: Path | None = None, **options: Any) -> Run:
        """Run one module with the real ansible."""
        python = f"ansible_python_interpreter={sys.executable}"
        given = ["-a", json.dumps(options)] if options else []
        command = [str(Path(sys.executable).with_name("ansible")), "localhost", "-e", python, "-m", name, *given]
        environment = clean_environment(self.folder, self._connection(kubeconfig))
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, check=False, timeout=RUN_SECONDS
        )
        return Run(done.returncode, done.stdout + done.stderr, done.stdout)

    def _connection(self, kubeconfig: Path | None) -> dict[str, str]:
        return {
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "K8S_AUTH_KUBECONFIG": str(kubeconfig or self.cluster.kubeconfig),
            "VCD_URL": self.vcd.url,
            "VCD_ORG": "acme",
            "VCD_USER": self.user,
            "VCD_PASSWORD": f"{self.user}-secret-1",
            "VCD_CA_PATH": str(self.vcd.ca),
        }


class Run:
    """A finished run of ansible-playbook, or of one module."""

    def __init__(self, code: int, output: str, stdout: str = "") -> None:
        self.code, self.output, self._stdout = code, output, stdout

    @property
    def facts(self) -> Object:
        """What one module returned."""
        found = json.loads(self._stdout.partition(" => ")[2])
        return dict(found)

    def __repr__(self) -> str:
        return f"ended with {self.code}:\n{self.output[-8000:]}"


__all__ = ["Object", "Run", "Stage", "in_scenario"]
