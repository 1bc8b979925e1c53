# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node agent: one thread that registers nodes, binds pods and runs them, like kubelets and the scheduler."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import requests

from control_plane.api import STRATEGIC, Api, ApiError, path_of, wait_until
from control_plane.node.container import Image
from control_plane.node.object_cache import ObjectCache
from control_plane.node.placement import choose
from control_plane.node.pod import Pace, Pod
from control_plane.node.volumes import Files, VolumeSource, references
from control_plane.places import Failed

Object = dict[str, Any]
TICK_SECONDS = 0.1
CALM_SECONDS = 0.3  # between two polls while no pod starts or ends: most of the time
STOP_SECONDS = 600.0  # for a busy machine
HEARTBEAT_SECONDS = 10.0  # Kubernetes declares a node lost after 50 s without


class NodeAgent:
    """Runs pods on the registered nodes. ``find_image`` returns the real program of an image, or None."""

    def __init__(self, api: Api, logs: Path, find_image: Callable[[str], Image | None], pace: Pace) -> None:
        self._api, self._logs, self._find_image, self._pace = api, logs, find_image, pace
        self._folder = Path(tempfile.mkdtemp(prefix="node-agent-"))
        self._sources: dict[str, VolumeSource] = {}
        self._addresses: dict[str, str] = {}
        self._pods: dict[str, Pod] = {}
        self._reported: dict[str, Object] = {}
        self._heartbeat, self._calm = 0.0, False
        self._lock = threading.RLock()
        self._end = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._loop, name="node-agent", daemon=True)

    def register(self, nodes: Iterable[Object]) -> None:
        """Create nodes with the status in their manifests, and wait until they are in service."""
        names = []
        for node in nodes:
            name = node["metadata"]["name"]
            names.append(name)
            self._sources[name] = VolumeSource(ObjectCache(self._api.get), self._token)
            found = [one["address"] for one in node["status"]["addresses"] if one["type"] == "InternalIP"]
            self._addresses[name] = found[0]
            self._api.apply({key: value for key, value in node.items() if key != "status"})
            self._api.patch("Node", "", name, {"status": node["status"]}, part="status", content_type=STRATEGIC)
        self._beat()
        wait_until(lambda: all(self._in_service(name) for name in names), f"nodes {', '.join(names)} in service")

    def start(self) -> None:
        """Start to bind and run pods."""
        self._thread.start()

    def stop(self) -> None:
        """End every program and remove the pods' files. Raises an error of the agent itself, if there was one."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_SECONDS)
        for pod in self._pods.values():
            pod.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
        self.check()

    def check(self) -> None:
        """Raise an error of the agent itself, if there was one."""
        if self._failure is not None:
            raise Failed(f"the node agent failed: {self._failure!r}") from self._failure

    def mounted(self, namespace: str, name: str) -> dict[str, dict[str, str]]:
        """Volume -> file -> content, as the pod sees them now."""
        with self._lock:
            pod = next((one for one in self._pods.values() if (one.namespace, one.name) == (namespace, name)), None)
            volumes: dict[str, Files] = pod.mounted() if pod else {}
        return {
            volume: {file: content.decode(errors="replace") for file, content in files.items()}
            for volume, files in volumes.items()
        }

    def logs(self, namespace: str, name: str) -> str:
        """All output of a pod's programs, even if the pod is gone."""
        files = sorted((self._logs / namespace / name).glob("*.log"), key=lambda file: file.stat().st_mtime_ns)
        return "".join(file.read_text(errors="replace") for file in files)

    def _loop(self) -> None:
        while not self._end.wait(CALM_SECONDS if self._calm else TICK_SECONDS):
            try:
                with self._lock:
                    self._tick()
            except (ApiError, requests.RequestException) as error:
                if not _passing(error):
                    self._failure = error
            except BaseException as error:  # noqa: BLE001 - a thread dies silently; stop() and check() raise its error
                self._failure = error
                return

    def _tick(self) -> None:
        self._beat()
        pods = self._api.list("Pod", cached=True)  # as a kubelet does
        for item in pods:
            if not item["spec"].get("nodeName"):
                self._bind(item)
            elif item["spec"]["nodeName"] in self._sources:
                self._sync(item)
        self._forget({item["metadata"]["uid"] for item in pods})
        self._calm = all(item["spec"].get("nodeName") for item in pods) and all(
            pod.steady for pod in self._pods.values()
        )

    def _bind(self, item: Object) -> None:
        if "deletionTimestamp" in item["metadata"]:
            return
        node = choose(item, self._api.list("Node"))
        if node is None:
            return
        name, namespace = item["metadata"]["name"], item["metadata"]["namespace"]
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
        self._api.call("POST", f"{path_of('Pod', namespace, name)}/binding", body)

    def _sync(self, item: Object) -> None:
        metadata, node = item["metadata"], item["spec"]["nodeName"]
        uid, source = metadata["uid"], self._sources[node]
        if uid not in self._pods:
            if "deletionTimestamp" in metadata:
                self._remove(item)
                return
            source.cache.register(uid, references(item))
            logs = self._logs / metadata["namespace"] / metadata["name"]
            self._pods[uid] = Pod(item, self._addresses[node], self._folder / uid, logs, self._pace)
        pod = self._pods[uid]
        if "deletionTimestamp" in metadata:
            if pod.stop(float(metadata.get("deletionGracePeriodSeconds", 30))):
                self._remove(item)
                return
        else:
            pod.run(item, source, self._find_image, self._api.url)
        self._report(item, pod)

    def _report(self, item: Object, pod: Pod) -> None:
        status = pod.status(item)
        if self._reported.get(pod.uid) != status:
            self._api.patch("Pod", pod.namespace, pod.name, {"metadata": {"uid": pod.uid}, "status": status}, "status")
            self._reported[pod.uid] = status

    def _remove(self, item: Object) -> None:
        """Delete the pod object after its programs have ended."""
        namespace, name, uid = (item["metadata"][key] for key in ("namespace", "name", "uid"))
        self._api.delete("Pod", namespace, name, gracePeriodSeconds=0, preconditions={"uid": uid})

    def _forget(self, present: set[str]) -> None:
        for uid in [uid for uid in self._pods if uid not in present]:
            self._pods.pop(uid).discard()
            self._reported.pop(uid, None)
            for source in self._sources.values():
                source.cache.unregister(uid)

    def _token(self, pod: Object, wanted: Object) -> str:
        """A service account token that is bound to its pod, as the kubelet requests it."""
        account, namespace = pod["spec"].get("serviceAccountName", "default"), pod["metadata"]["namespace"]
        bound = {"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
        audiences = [wanted["audience"]] if wanted.get("audience") else []
        spec = {
            "audiences": audiences,
            "expirationSeconds": wanted.get("expirationSeconds", 3600),
            "boundObjectRef": bound,
        }
        answer = self._api.call("POST", f"{path_of('ServiceAccount', namespace, account)}/token", {"spec": spec})
        return str(answer["status"]["token"])

    def _beat(self) -> None:
        """Renew the leases of the nodes. A node without a fresh lease counts as lost."""
        if time.monotonic() < self._heartbeat:
            return
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for name in self._sources:
            spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": now}
            metadata = {"name": name, "namespace": "kube-node-lease"}
            self._api.apply(
                {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
            )
        self._heartbeat = time.monotonic() + HEARTBEAT_SECONDS

    def _in_service(self, name: str) -> bool:
        node = self._api.get("Node", "", name) or {}
        return not any("not-ready" in taint["key"] for taint in node.get("spec", {}).get("taints", []))


def _passing(error: Exception) -> bool:
    """Whether an error is temporary: another client was faster (conflict, deletion), or the server stops."""
    if not isinstance(error, ApiError):
        return True
    return error.status in (404, 409, 429, 500, 503, 504) or "being terminated" in str(error)
