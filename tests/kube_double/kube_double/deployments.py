# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Deployment controller: one ReplicaSet for each template. The strategy moves pods from old to new."""

from __future__ import annotations

import hashlib
import json
import math

from kube_double import pods
from kube_double.copies import copied
from kube_double.errors import Json
from kube_double.events import Recorder
from kube_double.registry import DeleteOptions, Registry
from kube_double.replicasets import owned, owner_reference
from kube_double.resources import of_kind
from kube_double.store import ALPHABET

DEPLOYMENT, REPLICA_SET = of_kind("Deployment"), of_kind("ReplicaSet")
REVISION = "deployment.kubernetes.io/revision"
HASH_LABEL = "pod-template-hash"
# Annotations that stay on the Deployment and are not copied to its ReplicaSets.
_NOT_COPIED = ("kubectl.kubernetes.io/last-applied-configuration", REVISION)


def template_hash(template: Json) -> str:
    """Ten characters that identify a pod template."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:10])


def resolve(value: int | str | None, total: int, up: bool) -> int:
    """``25%`` of ``total``, rounded up or down; plain numbers stay."""
    if isinstance(value, str) and value.endswith("%"):
        share = int(value[:-1]) * total / 100
        return math.ceil(share) if up else math.floor(share)
    return int(value or 0)


def limits(spec: Json) -> tuple[int, int]:
    """The allowed surplus of pods, and the allowed number of unavailable pods."""
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    surge = resolve(rolling.get("maxSurge"), spec["replicas"], up=True)
    unavailable = resolve(rolling.get("maxUnavailable"), spec["replicas"], up=False)
    return surge, 1 if surge == unavailable == 0 else unavailable


def _replicas(items: list[Json]) -> int:
    return sum(int(item["spec"]["replicas"]) for item in items)


def _total(items: list[Json], key: str) -> int:
    return sum(int((item.get("status") or {}).get(key, 0)) for item in items)


class Deployments:
    def __init__(self, registry: Registry, recorder: Recorder) -> None:
        self._registry = registry
        self._store = registry.store
        self._recorder = recorder
        self._progress: dict[str, tuple[object, float]] = {}

    def sync(self) -> None:
        for item in list(self._store.items(DEPLOYMENT)):
            deployment = copied(item)
            if "deletionTimestamp" not in deployment["metadata"]:
                self._roll(deployment)
            self._report(deployment["metadata"])

    def _owned_sets(self, deployment: Json) -> list[Json]:
        """The ReplicaSets of a Deployment, oldest first."""
        found = self._store.items(REPLICA_SET, deployment["metadata"]["namespace"])
        uid = deployment["metadata"]["uid"]
        mine = [item for item in found if (pods.controller_of(item) or {}).get("uid") == uid]
        return sorted(mine, key=lambda item: int(item["metadata"]["annotations"][REVISION]))

    def _split(self, deployment: Json) -> tuple[Json | None, list[Json]]:
        """The ReplicaSet of the current template, and the others."""
        name = f"{deployment['metadata']['name']}-{template_hash(deployment['spec']['template'])}"
        sets = self._owned_sets(deployment)
        current = next((item for item in sets if item["metadata"]["name"] == name), None)
        return current, [item for item in sets if item is not current]

    # -- rolling -------------------------------------------------------------------------------------------------

    def _roll(self, deployment: Json) -> None:
        spec = deployment["spec"]
        current, others = self._split(deployment)
        if spec.get("paused"):
            active = [item for item in [*others, current] if item and item["spec"]["replicas"]]
            if len(active) == 1 or (not active and current):
                self._resize(deployment, active[0] if active else current, spec["replicas"])
            return
        if spec["strategy"]["type"] == "Recreate":
            self._recreate(deployment, current, others)
        else:
            self._rolling_update(deployment, current, others)
        self._forget_old(deployment)

    def _recreate(self, deployment: Json, current: Json | None, others: list[Json]) -> None:
        for item in others:
            self._resize(deployment, item, 0)
        if any(owned(self._registry, item) for item in others):
            return
        current = current or self._new_set(deployment, others, 0)
        self._resize(deployment, self._revise(deployment, current, others), deployment["spec"]["replicas"])

    def _rolling_update(self, deployment: Json, current: Json | None, others: list[Json]) -> None:
        spec = deployment["spec"]
        surge, unavailable = limits(spec)
        current = current or self._new_set(deployment, others, 0)
        current = self._revise(deployment, current, others)
        room = max(0, spec["replicas"] + surge - _replicas([current, *others]))
        have = current["spec"]["replicas"]
        current = self._resize(deployment, current, min(have + room, spec["replicas"]))
        self._shrink(deployment, current, others, spec["replicas"] - unavailable)

    def _shrink(self, deployment: Json, current: Json, others: list[Json], minimum: int) -> None:
        """Scale old ReplicaSets down as far as the available pods allow, broken pods first."""
        waiting = current["spec"]["replicas"] - _total([current], "availableReplicas")
        budget = _replicas([current, *others]) - minimum - max(0, waiting)
        spare = _total([current, *others], "availableReplicas") - minimum
        for item in others:
            size = item["spec"]["replicas"]
            broken = min(size - _total([item], "availableReplicas"), max(0, budget))
            working = min(size - max(0, broken), max(0, spare))
            drop = max(0, min(max(0, broken) + working, budget))
            if drop:
                self._resize(deployment, item, size - drop)
                budget -= drop
                spare -= max(0, drop - max(0, broken))

    def _new_set(self, deployment: Json, others: list[Json], replicas: int) -> Json:
        meta, spec = deployment["metadata"], deployment["spec"]
        digest = template_hash(spec["template"])
        template = copied(spec["template"])
        template.setdefault("metadata", {}).setdefault("labels", {})[HASH_LABEL] = digest
        selector = copied(spec["selector"])
        selector.setdefault("matchLabels", {})[HASH_LABEL] = digest
        annotations = {key: value for key, value in (meta.get("annotations") or {}).items() if key not in _NOT_COPIED}
        item = {
            "metadata": {
                "name": f"{meta['name']}-{digest}",
                "labels": template["metadata"]["labels"],
                "annotations": annotations | {REVISION: str(self._next_revision(others))},
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": {"replicas": replicas, "selector": selector, "template": template},
        }
        if spec.get("minReadySeconds"):
            item["spec"]["minReadySeconds"] = spec["minReadySeconds"]
        return self._registry.create(REPLICA_SET, meta["namespace"], item)

    @staticmethod
    def _next_revision(others: list[Json]) -> int:
        return 1 + max((int(item["metadata"]["annotations"][REVISION]) for item in others), default=0)

    def _revise(self, deployment: Json, current: Json, others: list[Json]) -> Json:
        """Give the current template the highest revision, even if an older template is used again."""
        current = copied(current)
        revision = current["metadata"]["annotations"][REVISION]
        if int(revision) < self._next_revision(others):
            revision = str(self._next_revision(others))
            current["metadata"]["annotations"][REVISION] = revision
            current = self._store.put(REPLICA_SET, current)
        meta = deployment["metadata"]
        if (meta.get("annotations") or {}).get(REVISION) != revision:
            stored = self._registry.get(DEPLOYMENT, meta["namespace"], meta["name"])
            stored["metadata"].setdefault("annotations", {})[REVISION] = revision
            self._store.put(DEPLOYMENT, stored)
        return current

    def _resize(self, deployment: Json, item: Json | None, replicas: int) -> Json:
        if item is None:
            raise ValueError("there is no ReplicaSet to resize")
        item = copied(item)
        before = item["spec"]["replicas"]
        if before == replicas:
            return item
        item["spec"]["replicas"] = replicas
        item["metadata"]["generation"] += 1
        word = "up" if replicas > before else "down"
        text = f"Scaled {word} replica set {item['metadata']['name']} from {before} to {replicas}"
        self._recorder.record(deployment, "ScalingReplicaSet", text, "deployment-controller")
        return self._store.put(REPLICA_SET, item)

    def _forget_old(self, deployment: Json) -> None:
        _current, others = self._split(deployment)
        idle = [item for item in others if not item["spec"]["replicas"] and not owned(self._registry, item)]
        for item in idle[: max(0, len(idle) - deployment["spec"]["revisionHistoryLimit"])]:
            meta = item["metadata"]
            self._registry.delete(REPLICA_SET, meta["namespace"], meta["name"], DeleteOptions())

    # -- status --------------------------------------------------------------------------------------------------

    def _report(self, meta: Json) -> None:
        deployment = self._store.get(DEPLOYMENT, meta["namespace"], meta["name"])
        if deployment is None:
            return
        current, others = self._split(deployment)
        sets = [*others, current] if current else others
        wanted, available = deployment["spec"]["replicas"], _total(sets, "availableReplicas")
        counts = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": _total(sets, "replicas"),
            "updatedReplicas": _total([current] if current else [], "replicas"),
            "readyReplicas": _total(sets, "readyReplicas"),
            "availableReplicas": available,
            "unavailableReplicas": max(0, _replicas(sets) - available),
        }
        status: Json = {key: value for key, value in counts.items() if value}
        enough = available >= wanted - limits(deployment["spec"])[1]
        conditions = [self._availability(deployment, enough), self._progressing(deployment, counts, wanted, current)]
        conditions += [self._failure(deployment, item) for item in sets if pods.condition(item, "ReplicaFailure")]
        status["conditions"] = conditions
        if deployment["status"] != status:
            deployment["status"] = status
            self._store.put(DEPLOYMENT, deployment)

    def _condition(self, deployment: Json, kind: str, holds: bool, reason: str, message: str) -> Json:
        before, now = pods.condition(deployment, kind), self._registry.clock.stamp()
        entry = {"type": kind, "status": "True" if holds else "False", "reason": reason, "message": message}
        if before and all(before[key] == value for key, value in entry.items()):
            return before
        same = before is not None and before["status"] == entry["status"]
        since = before["lastTransitionTime"] if before and same else now
        return entry | {"lastUpdateTime": now, "lastTransitionTime": since}

    def _availability(self, deployment: Json, enough: bool) -> Json:
        reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
        text = f"Deployment {'has' if enough else 'does not have'} minimum availability."
        return self._condition(deployment, "Available", enough, reason, text)

    def _progressing(self, deployment: Json, counts: dict[str, int], wanted: int, current: Json | None) -> Json:
        name = current["metadata"]["name"] if current else ""
        done = counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == wanted
        if done:
            text = f'ReplicaSet "{name}" has successfully progressed.'
            return self._condition(deployment, "Progressing", True, "NewReplicaSetAvailable", text)
        if self._stuck(deployment, counts):
            text = f'ReplicaSet "{name}" has timed out progressing.'
            return self._condition(deployment, "Progressing", False, "ProgressDeadlineExceeded", text)
        text = f'ReplicaSet "{name}" is progressing.'
        return self._condition(deployment, "Progressing", True, "ReplicaSetUpdated", text)

    def _stuck(self, deployment: Json, counts: dict[str, int]) -> bool:
        clock, uid = self._registry.clock, deployment["metadata"]["uid"]
        before, since = self._progress.get(uid, (None, clock.now))
        if before != counts:
            since = clock.now
        self._progress[uid] = counts, since
        deadline: float = since + deployment["spec"]["progressDeadlineSeconds"]
        clock.alarm(deadline)
        return clock.now >= deadline

    def _failure(self, deployment: Json, item: Json) -> Json:
        found = pods.condition(item, "ReplicaFailure") or {}
        return self._condition(deployment, "ReplicaFailure", True, found["reason"], found["message"])
