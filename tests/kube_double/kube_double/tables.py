# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for kubectl, whose columns the server chooses (``Accept: application/json;as=Table``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kube_double.clock import Clock, age
from kube_double.errors import Json
from kube_double.resources import Resource

Row = list[Any]


def _pod(item: Json) -> Row:
    statuses = item["status"].get("containerStatuses") or []
    ready = f"{sum(status['ready'] for status in statuses)}/{len(item['spec']['containers'])}"
    return [ready, _pod_state(item), str(sum(status["restartCount"] for status in statuses))]


def _pod_state(item: Json) -> str:
    if "deletionTimestamp" in item["metadata"]:
        return "Terminating"
    waiting = [
        status["state"]["waiting"].get("reason", "")
        for status in item["status"].get("containerStatuses") or []
        if "waiting" in status["state"]
    ]
    return waiting[0] if waiting and waiting[0] else str(item["status"].get("phase", ""))


def _deployment(item: Json) -> Row:
    status, wanted = item.get("status") or {}, item["spec"].get("replicas", 0)
    return [f"{status.get('readyReplicas', 0)}/{wanted}", status.get("updatedReplicas", 0),
            status.get("availableReplicas", 0)]  # fmt: skip


def _replica_set(item: Json) -> Row:
    status = item.get("status") or {}
    return [item["spec"].get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0)]


def _service(item: Json) -> Row:
    spec = item["spec"]
    ingress = ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    external = ",".join(entry.get("ip") or entry.get("hostname", "") for entry in ingress)
    if not external:
        external = "<pending>" if spec["type"] == "LoadBalancer" else "<none>"
    ports = [
        f"{port['port']}:{port['nodePort']}/{port['protocol']}" if port.get("nodePort") else
        f"{port['port']}/{port['protocol']}"
        for port in spec.get("ports") or []
    ]  # fmt: skip
    return [spec["type"], spec.get("clusterIP") or "<none>", external, ",".join(ports) or "<none>"]


def _node(item: Json) -> Row:
    conditions = (item.get("status") or {}).get("conditions") or []
    ready = any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)
    state = "Ready" if ready else "NotReady"
    if (item.get("spec") or {}).get("unschedulable"):
        state += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    labels = item["metadata"].get("labels") or {}
    roles = sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix))
    return [state, ",".join(roles) or "<none>"]


def _event(item: Json) -> Row:
    involved = item["involvedObject"]
    return [item.get("type", ""), item.get("reason", ""), f"{involved['kind'].lower()}/{involved['name']}",
            item.get("message", "")]  # fmt: skip


def _data(item: Json) -> int:
    return len(item.get("data") or {}) + len(item.get("binaryData") or {})


_VERSION = ["Version"]
COLUMNS: dict[str, tuple[list[str], Callable[[Json], Row]]] = {
    "Pod": (["Ready", "Status", "Restarts"], _pod),
    "Deployment": (["Ready", "Up-to-date", "Available"], _deployment),
    "ReplicaSet": (["Desired", "Current", "Ready"], _replica_set),
    "Service": (["Type", "Cluster-IP", "External-IP", "Port(s)"], _service),
    "Node": (["Status", "Roles"], _node),
    "ConfigMap": (["Data"], lambda item: [_data(item)]),
    "Secret": (["Type", "Data"], lambda item: [item["type"], _data(item)]),
    "Namespace": (["Status"], lambda item: [item["status"]["phase"]]),
    "Event": (["Type", "Reason", "Object", "Message"], _event),
    "Lease": (["Holder"], lambda item: [(item.get("spec") or {}).get("holderIdentity", "")]),
}


def table(resource: Resource, items: list[Json], meta: Json, clock: Clock, include: str) -> Json:
    """``items`` as a Table. ``include`` is the query's ``includeObject``: None, Metadata (the default) or Object."""
    names, cells = COLUMNS.get(resource.kind, ([], lambda item: []))
    headers = ["Name", *names, *(_VERSION if resource.kind == "Node" else [])]
    headers.insert(len(headers) - (resource.kind == "Node"), "Age")
    rows = []
    for item in items:
        row: Row = [item["metadata"]["name"], *cells(item), age(item["metadata"].get("creationTimestamp"), clock)]
        if resource.kind == "Node":
            row.append(((item.get("status") or {}).get("nodeInfo") or {}).get("kubeletVersion", ""))
        rows.append({"cells": row, "object": _object(item, include)})
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": [_column(name) for name in headers],
        "rows": rows,
    }


def _column(name: str) -> Json:
    kind = "name" if name == "Name" else ""
    return {"name": name, "type": "string", "format": kind, "description": "", "priority": 0}


def _object(item: Json, include: str) -> Json | None:
    if include == "None":
        return None
    if include == "Object":
        return item
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}
