# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelets of all nodes. They start and end pods, and their cache makes re-created immutable objects stale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kube_double import pods
from kube_double.clock import Clock
from kube_double.copies import copied
from kube_double.errors import Json
from kube_double.events import Recorder
from kube_double.pods import Missing, Reader, Reference
from kube_double.registry import Registry
from kube_double.resources import of_kind
from kube_double.store import Store

POD, NODE = of_kind("Pod"), of_kind("Node")


@dataclass
class CacheEntry:
    """One ConfigMap or Secret on one node.

    ``frozen`` is the object that was read while it was immutable. From then on the kubelet no longer watches it, and
    every pod gets this content until the last reference is gone.
    """

    users: set[str] = field(default_factory=set)
    frozen: Json | None = None


@dataclass
class PodRun:
    """The kubelet's own state of a pod. Times are the clock's seconds."""

    namespace: str
    name: str
    node: str
    references: set[Reference]
    volumes: dict[str, dict[str, str]] | None = None
    environment: dict[str, dict[str, str]] | None = None
    ready_at: float | None = None
    ready: bool = False
    gone_at: float | None = None


class Kubelets:
    """The kubelets of all nodes. ``sync`` is called until nothing changes."""

    def __init__(self, registry: Registry, recorder: Recorder, start_seconds: float, stop_seconds: float) -> None:
        self._registry = registry
        self._store: Store = registry.store
        self._clock: Clock = registry.clock
        self._recorder = recorder
        self._start, self._stop = start_seconds, stop_seconds
        self._addresses = 1
        self.runs: dict[str, PodRun] = {}
        self.caches: dict[str, dict[Reference, CacheEntry]] = {}

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Inside the block, pods are ready as soon as they are bound to a node."""
        start, self._start = self._start, 0.0
        try:
            yield
        finally:
            self._start = start

    def sync(self) -> None:
        bound = {pod["metadata"]["uid"]: pod for pod in self._store.items(POD) if pod["spec"].get("nodeName")}
        for uid in [uid for uid in self.runs if uid not in bound]:
            self._unregister(uid)
        for uid, pod in sorted(bound.items(), key=lambda entry: int(entry[1]["metadata"]["resourceVersion"])):
            if uid not in self.runs and self._store.peek(NODE, "", pod["spec"]["nodeName"]) is not None:
                self._register(uid, pod)
        for uid, run in list(self.runs.items()):
            self._sync_pod(uid, run, copied(bound[uid]))

    # -- the cache -----------------------------------------------------------------------------------------------

    def _register(self, uid: str, pod: Json) -> None:
        """Register a pod's references. They count as soon as the pod is bound to the node, before it starts."""
        meta, node = pod["metadata"], pod["spec"]["nodeName"]
        run = PodRun(meta["namespace"], meta["name"], node, pods.references(pod))
        self.runs[uid] = run
        cache = self.caches.setdefault(node, {})
        for reference in run.references:
            cache.setdefault(reference, CacheEntry()).users.add(uid)

    def _unregister(self, uid: str) -> None:
        """Drop a pod's references, once the pod object is gone. The last reference takes the entry with it."""
        run = self.runs.pop(uid)
        cache = self.caches[run.node]
        for reference in run.references:
            cache[reference].users.discard(uid)
            if not cache[reference].users:
                del cache[reference]

    def _look(self, node: str, reference: Reference) -> Json | None:
        entry = self.caches[node][reference]
        if entry.frozen is not None:
            return entry.frozen
        found = self._store.get(of_kind(reference.kind), reference.namespace, reference.name)
        if found is not None and found.get("immutable"):
            entry.frozen = found
        return found

    # -- a pod's life --------------------------------------------------------------------------------------------

    def _sync_pod(self, uid: str, run: PodRun, pod: Json) -> None:
        # The kubelet syncs a running pod repeatedly, so it also freezes an object that becomes immutable later.
        objects = {reference: self._look(run.node, reference) for reference in run.references}
        if "deletionTimestamp" in pod["metadata"]:
            self._end(run, pod)
        elif run.volumes is None:
            self._begin(run, pod, Reader(pod, objects))
        elif not run.ready and run.ready_at is not None and self._clock.now >= run.ready_at:
            run.ready = True
            self._write_status(pod, self._running(run, pod))
            for container in pod["spec"]["containers"]:
                self._recorder.record(pod, "Started", f"Started container {container['name']}", "kubelet")

    def _begin(self, run: PodRun, pod: Json, reader: Reader) -> None:
        try:
            volumes, environment = reader.volumes(), reader.environment()
        except Missing as missing:
            self._write_status(pod, self._waiting(run, pod, missing.reason, missing.message))
            reason = "FailedMount" if missing.reason == "ContainerCreating" else "Failed"
            text = missing.message if reason == "FailedMount" else f"Error: {missing.message}"
            self._recorder.record(pod, reason, text, "kubelet", warning=True)
            return
        run.volumes, run.environment = volumes, environment
        run.ready_at = self._clock.now + self._start
        self._clock.alarm(run.ready_at)
        self._write_status(pod, self._waiting(run, pod, "ContainerCreating", ""))

    def _end(self, run: PodRun, pod: Json) -> None:
        grace = pod["metadata"].get("deletionGracePeriodSeconds", 0)
        if run.gone_at is None:
            run.gone_at = self._clock.now + min(self._stop, grace)
            self._clock.alarm(run.gone_at)
            for container in pod["spec"]["containers"]:
                self._recorder.record(pod, "Killing", f"Stopping container {container['name']}", "kubelet")
        run.gone_at = min(run.gone_at, self._clock.now + grace)
        if self._clock.now >= run.gone_at:
            self._remove(pod)

    def _remove(self, pod: Json) -> None:
        """Delete the pod object at its end, unless a finalizer still holds it."""
        meta = pod["metadata"]
        if not meta.get("finalizers"):
            self._store.remove(POD, meta["namespace"], meta["name"])
        elif meta.get("deletionGracePeriodSeconds"):
            meta["deletionGracePeriodSeconds"] = 0
            self._store.put(POD, pod)

    # -- status --------------------------------------------------------------------------------------------------

    def _write_status(self, pod: Json, status: Json) -> None:
        if pod["status"] != status:
            pod["status"] = status
            self._store.put(POD, pod)

    def _status(self, run: PodRun, pod: Json, ready: bool) -> Json:
        status: Json = {"phase": "Running" if ready else "Pending", "conditions": self._conditions(pod, ready)}
        host = self._host_address(run.node)
        status |= {"hostIP": host, "hostIPs": [{"ip": host}]} if host else {}
        status["startTime"] = pod["status"].get("startTime") or self._clock.stamp()
        status["qosClass"] = pod["status"].get("qosClass", "BestEffort")
        return status

    def _conditions(self, pod: Json, ready: bool) -> list[Json]:
        wanted = {"PodReadyToStartContainers": ready, "Initialized": True, "Ready": ready, "ContainersReady": ready,
                  "PodScheduled": True}  # fmt: skip
        result = []
        names = [container["name"] for container in pod["spec"]["containers"]]
        for kind, value in wanted.items():
            text = "True" if value else "False"
            before = pods.condition(pod, kind)
            same = before is not None and before["status"] == text
            stamp = before["lastTransitionTime"] if before and same else self._clock.stamp()
            entry = {"type": kind, "status": text, "lastProbeTime": None, "lastTransitionTime": stamp}
            if not value and kind != "PodReadyToStartContainers":
                entry |= {
                    "reason": "ContainersNotReady",
                    "message": f"containers with unready status: [{' '.join(names)}]",
                }
            result.append(entry)
        return result

    def _waiting(self, run: PodRun, pod: Json, reason: str, message: str) -> Json:
        status = self._status(run, pod, ready=False)
        state = {"reason": reason}
        if message and reason != "ContainerCreating":
            state["message"] = message
        status["containerStatuses"] = [
            {"name": item["name"], "image": item["image"], "imageID": "", "ready": False, "started": False,
             "restartCount": 0, "state": {"waiting": state}}
            for item in pod["spec"]["containers"]
        ]  # fmt: skip
        return status

    def _running(self, run: PodRun, pod: Json) -> Json:
        status = self._status(run, pod, ready=True)
        address = self._host_address(run.node) if pod["spec"].get("hostNetwork") else self._next_address()
        status |= {"podIP": address, "podIPs": [{"ip": address}]} if address else {}
        uid, now = pod["metadata"]["uid"], self._clock.stamp()
        status["containerStatuses"] = [
            {"name": item["name"], "image": item["image"], "imageID": f"double://{item['image']}",
             "containerID": f"containerd://{uid}-{item['name']}", "ready": True, "started": True, "restartCount": 0,
             "state": {"running": {"startedAt": now}}}
            for item in pod["spec"]["containers"]
        ]  # fmt: skip
        return status

    def _host_address(self, node: str) -> str:
        found = self._store.peek(NODE, "", node) or {}
        addresses = (found.get("status") or {}).get("addresses") or []
        return next((str(item["address"]) for item in addresses if item["type"] == "InternalIP"), "")

    def _next_address(self) -> str:
        self._addresses += 1
        return f"10.244.{self._addresses // 256 % 256}.{self._addresses % 256}"
