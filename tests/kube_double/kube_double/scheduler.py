# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Binds pods to nodes by node selectors, required node affinity, taints and host ports, but not by resources."""

from __future__ import annotations

from collections import Counter

from kube_double import pods
from kube_double.copies import copied
from kube_double.errors import Json
from kube_double.events import Recorder
from kube_double.registry import Registry
from kube_double.resources import of_kind
from kube_double.selectors import expression_matches

POD, NODE = of_kind("Pod"), of_kind("Node")

_NO_AFFINITY = "node(s) didn't match Pod's node affinity/selector"


class Scheduler:
    def __init__(self, registry: Registry, recorder: Recorder) -> None:
        self._registry = registry
        self._store = registry.store
        self._recorder = recorder

    def sync(self) -> None:
        for pod in list(self._store.items(POD)):
            waiting = not pod["spec"].get("nodeName") and "deletionTimestamp" not in pod["metadata"]
            if waiting and not pod["spec"].get("schedulingGates"):
                self._place(copied(pod))

    def _place(self, pod: Json) -> None:
        nodes = list(self._store.items(NODE))
        refusals: Counter[str] = Counter()
        fitting = []
        for node in nodes:
            why = self._refusal(pod, node)
            if why:
                refusals[why] += 1
            else:
                fitting.append(node["metadata"]["name"])
        if not fitting:
            self._unschedulable(pod, len(nodes), refusals)
            return
        load = Counter(other["spec"].get("nodeName") for other in self._store.items(POD))
        chosen = min(fitting, key=lambda name: (load[name], name))
        pod["spec"]["nodeName"] = chosen
        self._set_condition(pod, "True", "", "")
        meta = pod["metadata"]
        text = f"Successfully assigned {meta['namespace']}/{meta['name']} to {chosen}"
        self._recorder.record(pod, "Scheduled", text, "default-scheduler")

    def _unschedulable(self, pod: Json, nodes: int, refusals: Counter[str]) -> None:
        text = "no nodes available to schedule pods"
        if nodes:
            text = f"0/{nodes} nodes are available: {', '.join(f'{n} {why}' for why, n in sorted(refusals.items()))}."
        found = pods.condition(pod, "PodScheduled")
        if found is None or found.get("message") != text:
            self._set_condition(pod, "False", "Unschedulable", text)
            self._recorder.record(pod, "FailedScheduling", text, "default-scheduler", warning=True)

    def _set_condition(self, pod: Json, status: str, reason: str, message: str) -> None:
        entry: Json = {"type": "PodScheduled", "status": status, "lastProbeTime": None}
        entry["lastTransitionTime"] = self._registry.clock.stamp()
        if reason:
            entry |= {"reason": reason, "message": message}
        others = [item for item in pod["status"].get("conditions") or [] if item["type"] != "PodScheduled"]
        pod["status"]["conditions"] = [*others, entry]
        self._store.put(POD, pod)

    def _refusal(self, pod: Json, node: Json) -> str:
        """Why ``node`` cannot run ``pod``; empty if it can."""
        if not _affinity_matches(pod["spec"], node):
            return _NO_AFFINITY
        if node.get("spec", {}).get("unschedulable"):
            return "node(s) were unschedulable"
        tolerations = pod["spec"].get("tolerations") or []
        for taint in node.get("spec", {}).get("taints") or []:
            hard = taint["effect"] in ("NoSchedule", "NoExecute")
            if hard and not any(_tolerates(toleration, taint) for toleration in tolerations):
                return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
        ready = pods.condition(node, "Ready")
        if ready is not None and ready["status"] != "True":
            return "node(s) had untolerated taint {node.kubernetes.io/not-ready: }"
        if self._host_ports(pod) & self._taken_ports(node["metadata"]["name"]):
            return "node(s) didn't have free ports for the requested pod ports"
        return ""

    @staticmethod
    def _host_ports(pod: Json) -> set[tuple[int, str]]:
        ports = [port for container in pod["spec"]["containers"] for port in container.get("ports") or []]
        return {(port["hostPort"], port["protocol"]) for port in ports if port.get("hostPort")}

    def _taken_ports(self, node: str) -> set[tuple[int, str]]:
        """The host ports in use, including those of terminating pods."""
        here = [pod for pod in self._store.items(POD) if pod["spec"].get("nodeName") == node]
        return {port for pod in here for port in self._host_ports(pod)}


def _affinity_matches(spec: Json, node: Json) -> bool:
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(_term_matches(term, labels, node["metadata"]["name"]) for term in required["nodeSelectorTerms"])


def _term_matches(term: Json, labels: Json, name: str) -> bool:
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return False
    by_label = all(expression_matches(item, labels) for item in expressions)
    return by_label and all(expression_matches(item, {"metadata.name": name}) for item in fields)


def _tolerates(toleration: Json, taint: Json) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    key: str = toleration.get("key", "")
    exists: bool = toleration.get("operator", "Equal") == "Exists"
    if not key:
        return exists
    same: bool = toleration.get("value", "") == taint.get("value", "")
    return key == taint["key"] and (exists or same)
