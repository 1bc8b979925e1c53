# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Events that controllers write for people (``kubectl describe``, ``kubectl get events``)."""

from __future__ import annotations

from kube_double.errors import Json
from kube_double.registry import Registry
from kube_double.resources import of_kind

EVENT, NAMESPACE = of_kind("Event"), of_kind("Namespace")


class Recorder:
    """Writes each event once per object, reason and message, so that repeated attempts add none."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._said: set[tuple[str, str, str]] = set()

    def record(self, item: Json, reason: str, message: str, component: str, warning: bool = False) -> None:
        meta = item["metadata"]
        key = (meta["uid"], reason, message)
        namespace = meta.get("namespace", "default")
        home = self._registry.store.peek(NAMESPACE, "", namespace)
        if key in self._said or home is None or "deletionTimestamp" in home["metadata"]:
            return
        self._said.add(key)
        stamp = self._registry.clock.stamp()
        involved = {"kind": item["kind"], "apiVersion": item["apiVersion"], "name": meta["name"], "uid": meta["uid"]}
        if "namespace" in meta:
            involved["namespace"] = meta["namespace"]
        event = {
            "metadata": {"name": f"{meta['name']}.{self._registry.store.suffix(16)}", "namespace": namespace},
            "involvedObject": involved | {"resourceVersion": meta["resourceVersion"]},
            "reason": reason,
            "message": message,
            "type": "Warning" if warning else "Normal",
            "source": {"component": component},
            "reportingComponent": component,
            "reportingInstance": "",
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
        }
        self._registry.create(EVENT, namespace, event)
