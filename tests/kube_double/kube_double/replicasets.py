# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ReplicaSet controller: keeps the wanted number of active pods. Terminating pods do not count."""

from __future__ import annotations

from kube_double import pods
from kube_double.copies import copied
from kube_double.errors import ApiError, Json
from kube_double.events import Recorder
from kube_double.registry import DeleteOptions, Registry
from kube_double.resources import of_kind

POD, REPLICA_SET = of_kind("Pod"), of_kind("ReplicaSet")


def owned(registry: Registry, item: Json) -> list[Json]:
    """The pods that ``item`` controls, including terminating ones."""
    uid = item["metadata"]["uid"]
    namespace = item["metadata"]["namespace"]
    found = [(pod, pods.controller_of(pod)) for pod in registry.store.items(POD, namespace)]
    return [pod for pod, owner in found if owner and owner["uid"] == uid]


class ReplicaSets:
    def __init__(self, registry: Registry, recorder: Recorder) -> None:
        self._registry = registry
        self._recorder = recorder
        self._ready_since: dict[str, float] = {}

    def sync(self) -> None:
        for item in list(self._registry.store.items(REPLICA_SET)):
            failure = ""
            if "deletionTimestamp" not in item["metadata"]:
                failure = self._scale(copied(item))
            self._report(item["metadata"], failure)

    def _scale(self, item: Json) -> str:
        """Create or delete pods. Returns the API server's refusal if a pod cannot be created."""
        active = [pod for pod in owned(self._registry, item) if pods.is_active(pod)]
        missing = item["spec"]["replicas"] - len(active)
        for _missing in range(missing):
            try:
                self._create_pod(item)
            except ApiError as refused:
                self._recorder.record(
                    item, "FailedCreate", f"Error creating: {refused.message}", "replicaset-controller", warning=True
                )
                return refused.message
        for pod in sorted(active, key=self._victim_order)[: max(0, -missing)]:
            meta = pod["metadata"]
            self._registry.delete(POD, meta["namespace"], meta["name"], DeleteOptions())
            self._recorder.record(item, "SuccessfulDelete", f"Deleted pod: {meta['name']}", "replicaset-controller")
        return ""

    @staticmethod
    def _victim_order(pod: Json) -> tuple[bool, bool, int]:
        """Sort key for deletion: pods without a node, then pods that are not ready, then the newest."""
        return bool(pod["spec"].get("nodeName")), pods.is_ready(pod), -int(pod["metadata"]["resourceVersion"])

    def _create_pod(self, item: Json) -> None:
        meta, template = item["metadata"], copied(item["spec"]["template"])
        wanted = {key: value for key, value in (template.get("metadata") or {}).items() if key in _COPIED}
        wanted |= {
            "generateName": f"{meta['name']}-",
            "ownerReferences": [owner_reference(item)],
        }
        pod = self._registry.create(POD, meta["namespace"], {"metadata": wanted, "spec": template["spec"]})
        text = f"Created pod: {pod['metadata']['name']}"
        self._recorder.record(item, "SuccessfulCreate", text, "replicaset-controller")

    def _report(self, meta: Json, failure: str) -> None:
        item = self._registry.store.get(REPLICA_SET, meta["namespace"], meta["name"])
        if item is None:
            return
        active = [pod for pod in owned(self._registry, item) if pods.is_active(pod)]
        ready = [pod for pod in active if pods.is_ready(pod)]
        counts = {
            "replicas": len(active),
            "fullyLabeledReplicas": len(active),
            "readyReplicas": len(ready),
            "availableReplicas": sum(self._available(pod, item["spec"].get("minReadySeconds", 0)) for pod in ready),
            "observedGeneration": item["metadata"]["generation"],
        }
        status: Json = {key: value for key, value in counts.items() if value or key == "replicas"}
        if failure:
            before = pods.condition(item, "ReplicaFailure")
            stamp = before["lastTransitionTime"] if before else self._registry.clock.stamp()
            status["conditions"] = [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
                                     "message": failure, "lastTransitionTime": stamp}]  # fmt: skip
        if item["status"] != status:
            item["status"] = status
            self._registry.store.put(REPLICA_SET, item)

    def _available(self, pod: Json, seconds: int) -> bool:
        clock = self._registry.clock
        since = self._ready_since.setdefault(pod["metadata"]["uid"], clock.now)
        clock.alarm(since + seconds)
        return clock.now >= since + seconds


_COPIED = ("labels", "annotations", "finalizers")


def owner_reference(item: Json) -> Json:
    return {
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "name": item["metadata"]["name"],
        "uid": item["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
