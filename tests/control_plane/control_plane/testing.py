# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For tests: a cluster with a real control plane, nodes, and CPI's real program in CPI's pod."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from control_plane.api import PATIENCE_SECONDS, Api, ApiError, path_of, wait_until
from control_plane.cpi import DEPLOYMENT, NAMESPACE, PROVIDER, image_finder
from control_plane.node.agent import NodeAgent
from control_plane.node.pod import Pace
from control_plane.programs import find
from control_plane.server import ControlPlane

Object = dict[str, Any]

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "cpi"
# The objects of a new cluster. Clearing the cluster removes all other objects of these kinds.
_KEPT = {
    "ConfigMap": ("kube-root-ca.crt", "extension-apiserver-authentication", "kube-apiserver-legacy-"),
    "Lease": ("apiserver-", "kube-"),
    "Service": ("kubernetes",),
}
_CLEARED = (
    "Deployment",
    "ReplicaSet",
    "Pod",
    "Service",
    "ConfigMap",
    "Secret",
    "Lease",
    "Role",
    "RoleBinding",
)


class RealCluster:
    """``with RealCluster() as cluster: cluster.kubeconfig, cluster.api, cluster.load(...), cluster.kubectl(...)``.

    ``machines`` maps a node's IP address to the URN of its virtual machine in VCD.
    """

    def __init__(self, machines: Mapping[str, str] | None = None, pace: Pace | None = None) -> None:
        self._machines, self._pace = machines or {}, pace or Pace()
        self.control_plane = ControlPlane()

    def __enter__(self) -> RealCluster:
        self.control_plane.start()
        self.agent = NodeAgent(self.api, self.control_plane.logs / "pods", image_finder(self.api), self._pace)
        try:
            self.agent.register(self.nodes())
            self.agent.start()
        except BaseException:
            self.control_plane.stop()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self.agent.stop()
        finally:
            self.control_plane.stop()

    @property
    def api(self) -> Api:
        """The API, as administrator."""
        return self.control_plane.api

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.control_plane.kubeconfig

    def nodes(self) -> list[Object]:
        """The nodes in their manifests."""
        nodes = [item for item in read(FIXTURES / "cluster.manifest") if item["kind"] == "Node"]
        for node in nodes:
            address = next(one["address"] for one in node["status"]["addresses"] if one["type"] == "InternalIP")
            if address in self._machines:
                node["spec"]["providerID"] = f"{PROVIDER}://{self._machines[address]}"
        return nodes

    def load(self, objects: Iterable[Object]) -> None:
        """Create objects, or merge them into existing ones."""
        for item in objects:
            self.api.apply(item)

    def clear(self, namespaces: Iterable[str] = ("default", NAMESPACE)) -> None:
        """Remove everything that a test created, finalizers too. CPI goes first, so that it writes nothing more.

        Controllers still work on the objects meanwhile, so this repeats until nothing is left.
        """
        if self.api.get("Deployment", NAMESPACE, DEPLOYMENT):
            self.api.delete("Deployment", NAMESPACE, DEPLOYMENT, propagationPolicy="Foreground")
            wait_until(
                lambda: self.api.get("Deployment", NAMESPACE, DEPLOYMENT) is None and not self.pods(),
                "CPI's Deployment and its pods are gone",
            )
        chosen = tuple(namespaces)
        wait_until(lambda: not self._remove_all(chosen), "all objects of the test are gone")
        for namespace in chosen:
            self.api.call("DELETE", path_of("Event", namespace))  # all at once: a test leaves dozens
        self._restore_nodes()
        self.agent.check()

    def pods(self) -> list[Object]:
        """CPI's pods, including terminating ones."""
        return self.api.list("Pod", NAMESPACE, f"app={DEPLOYMENT}")

    def cpi_ready(self) -> bool:
        """Whether CPI has exactly one pod, and it is ready."""
        pods = self.pods()
        return len(pods) == 1 and any(
            one["type"] == "Ready" and one["status"] == "True" for one in pods[0]["status"].get("conditions", [])
        )

    def wait_for_cpi(self, seconds: float = PATIENCE_SECONDS) -> str:
        """Wait until CPI has logged in, and return the name of its pod. An error includes CPI's log."""
        try:
            wait_until(self.cpi_ready, "CPI's pod is ready", seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.cpi_logs()[-4000:]}") from None
        return str(self.pods()[0]["metadata"]["name"])

    def cpi_logs(self) -> str:
        """The logs of all CPI pods, one after the other."""
        folder = self.control_plane.logs / "pods" / NAMESPACE
        pods = sorted(folder.glob(f"{DEPLOYMENT}-*"), key=lambda path: path.stat().st_mtime_ns)
        return "".join(self.agent.logs(NAMESPACE, pod.name) for pod in pods)

    def forget_logs(self) -> None:
        """Remove the logs of pods that are gone."""
        shutil.rmtree(self.control_plane.logs / "pods", ignore_errors=True)

    def kubectl(self, *arguments: str) -> str:
        """The output of the real kubectl. CalledProcessError with its message on a failure."""
        command = [str(find("kubectl")), f"--kubeconfig={self.kubeconfig}", *arguments]
        # kubectl caches discovery in its home, by server address, and ports are re-used
        environment = {**os.environ, "KUBECACHEDIR": str(self.control_plane.logs / "kubectl")}
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, check=False, timeout=PATIENCE_SECONDS
        )
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
        return done.stdout

    def _remove_all(self, namespaces: Collection[str]) -> list[str]:
        """Remove all current objects in these namespaces, and return their names."""
        found = [
            (kind, item)
            for kind in _CLEARED
            for item in self.api.list(kind)
            if item["metadata"]["namespace"] in namespaces and not _is_kept(kind, item["metadata"]["name"])
        ]
        for kind, item in found:
            self._remove(kind, item)
        return [f"{kind} {item['metadata']['name']}" for kind, item in found]

    def _remove(self, kind: str, item: Object) -> None:
        namespace, name = item["metadata"]["namespace"], item["metadata"]["name"]
        if item["metadata"].get("finalizers"):
            self._release(kind, namespace, name)
        if kind == "Pod":
            self.api.delete(kind, namespace, name)
            wait_until(lambda: self.api.get(kind, namespace, name) is None, f"pod {name} is gone")
        else:
            self.api.delete(kind, namespace, name, propagationPolicy="Background")

    def _release(self, kind: str, namespace: str, name: str) -> None:
        """Remove an object's finalizers. It may be gone already; a conflict with its controller is tried again."""
        try:
            self.api.patch(kind, namespace, name, {"metadata": {"finalizers": None}})
        except ApiError as error:
            if error.status not in (404, 409):
                raise

    def _restore_nodes(self) -> None:
        """Restore the nodes, labels and taints of the manifests. What the controllers add stays."""
        known = {node["metadata"]["name"]: node for node in self.nodes()}
        for node in self.api.list("Node"):
            name = node["metadata"]["name"]
            if name not in known:
                self.api.delete("Node", "", name)
                continue
            labels = [
                label for label in node["metadata"].get("labels", {}) if not label.startswith("beta.kubernetes.io/")
            ]
            surplus = set(labels) - set(known[name]["metadata"].get("labels", {}))
            found, wanted = node["spec"].get("taints", []), known[name]["spec"].get("taints", [])
            theirs = [taint for taint in found if taint["key"].startswith("node.kubernetes.io/")]
            if surplus or [taint for taint in found if taint not in theirs] != wanted:
                change = {"metadata": {"labels": dict.fromkeys(surplus)}, "spec": {"taints": [*wanted, *theirs]}}
                self.api.patch("Node", "", name, change)


def _is_kept(kind: str, name: str) -> bool:
    """Whether the object belongs to a new cluster."""
    if kind == "Role" and name.startswith(("system:", "extension-")):
        return True
    return name.startswith(_KEPT.get(kind, ())) or (kind == "RoleBinding" and name.startswith("system:"))


def read(file: Path) -> list[Object]:
    """The objects of a manifest."""
    return [item for item in yaml.safe_load_all(file.read_text()) if item]


def service(name: str, ports: Iterable[Object], namespace: str = "default", **more: Any) -> Object:
    """A Service of type LoadBalancer. ``more``: ``annotations``, and fields of its spec (``loadBalancerIP``)."""
    metadata = {"name": name, "namespace": namespace, "annotations": more.pop("annotations", {})}
    spec = {"type": "LoadBalancer", "selector": {"app": name}, "ports": json.loads(json.dumps(list(ports))), **more}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
