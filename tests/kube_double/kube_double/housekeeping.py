# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Garbage collection, the deletion of namespaces, and the default objects of every namespace."""

from __future__ import annotations

from kube_double.errors import Json
from kube_double.registry import DeleteOptions, Registry
from kube_double.resources import Resource, of_kind

NAMESPACE, SERVICE_ACCOUNT, CONFIG_MAP = of_kind("Namespace"), of_kind("ServiceAccount"), of_kind("ConfigMap")
_FOREGROUND = "foregroundDeletion"


class Housekeeping:
    def __init__(self, registry: Registry, ca: str) -> None:
        self._registry = registry
        self._store = registry.store
        self._ca = ca

    def sync(self) -> None:
        for namespace in list(self._store.items(NAMESPACE)):
            if "deletionTimestamp" in namespace["metadata"]:
                self._empty(namespace)
            else:
                self._furnish(namespace["metadata"]["name"])
        self._collect()

    def _furnish(self, namespace: str) -> None:
        """Create the default service account and the CA ConfigMap, as the controller manager does."""
        if self._store.peek(SERVICE_ACCOUNT, namespace, "default") is None:
            self._registry.create(SERVICE_ACCOUNT, namespace, {"metadata": {"name": "default"}})
        if self._store.peek(CONFIG_MAP, namespace, "kube-root-ca.crt") is None:
            item = {"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": self._ca}}
            self._registry.create(CONFIG_MAP, namespace, item)

    def _empty(self, namespace: Json) -> None:
        name = namespace["metadata"]["name"]
        left = [(resource, item) for resource, item in self._everything() if _namespace(item) == name]
        for resource, item in left:
            if "deletionTimestamp" not in item["metadata"]:
                self._registry.delete(resource, name, item["metadata"]["name"], DeleteOptions())
        if not left and not namespace["metadata"].get("finalizers"):
            self._store.remove(NAMESPACE, "", name)

    def _everything(self) -> list[tuple[Resource, Json]]:
        return [(resource, item) for resource in self._store.resources() for item in self._store.items(resource)]

    def _collect(self) -> None:
        """Delete objects whose owners are all gone. An owner that is deleted in the foreground waits for them."""
        everything = self._everything()
        present = {item["metadata"]["uid"] for _resource, item in everything}
        waiting = {item["metadata"]["uid"] for _resource, item in everything if _FOREGROUND in _finalizers(item)}
        blocked = set()
        for resource, item in everything:
            owners = item["metadata"].get("ownerReferences") or []
            blocked |= {owner["uid"] for owner in owners if owner.get("blockOwnerDeletion")}
            ownerless = owners and not any(owner["uid"] in present - waiting for owner in owners)
            if ownerless and "deletionTimestamp" not in item["metadata"]:
                policy = "Foreground" if any(owner["uid"] in waiting for owner in owners) else ""
                self._delete(resource, item, "" if resource.kind == "Pod" else policy)
        for resource, item in everything:
            if item["metadata"]["uid"] in waiting - blocked:
                self._release(resource, item)

    def _delete(self, resource: Resource, item: Json, policy: str) -> None:
        self._registry.delete(resource, _namespace(item), item["metadata"]["name"], DeleteOptions(policy=policy))

    def _release(self, resource: Resource, item: Json) -> None:
        def without(current: Json) -> Json:
            current["metadata"]["finalizers"] = [name for name in _finalizers(current) if name != _FOREGROUND]
            return current

        self._registry.update(resource, _namespace(item), item["metadata"]["name"], without)


def _namespace(item: Json) -> str:
    return str(item["metadata"].get("namespace", ""))


def _finalizers(item: Json) -> list[str]:
    return list(item["metadata"].get("finalizers") or [])
