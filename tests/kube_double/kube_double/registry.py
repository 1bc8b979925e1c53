# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates, changes and deletes objects by the API server's rules. All writes pass here, also the controllers'."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kube_double import defaults, errors, validation, workloads
from kube_double.clock import Clock
from kube_double.copies import copied
from kube_double.errors import Json
from kube_double.managers import Manager, managed_fields
from kube_double.resources import Resource, of_kind
from kube_double.selectors import selector_text
from kube_double.store import Store

# Fields of metadata that only the server sets.
SERVER_SET = ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
              "generation", "selfLink")  # fmt: skip
_OTHER_NAMESPACE = "the namespace of the provided object does not match the namespace sent on the request"
NO_MANAGER = Manager()
_IMMORTAL = ("default", "kube-public", "kube-system")


@dataclass
class DeleteOptions:
    """The options of a DELETE."""

    grace: int | None = None
    policy: str = ""
    uid: str = ""
    version: str = ""
    dry_run: bool = False


class Registry:
    """The rules over one store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    # -- reading -------------------------------------------------------------------------------------------------

    def get(self, resource: Resource, namespace: str, name: str) -> Json:
        found = self.store.get(resource, namespace, name)
        if found is None:
            raise errors.not_found(resource.group, resource.plural, name)
        return found

    # -- creating ------------------------------------------------------------------------------------------------

    def create(self, resource: Resource, namespace: str, item: Json, dry_run: bool = False) -> Json:
        """Store a new, decoded object and return it as stored."""
        item = copied(item)
        meta = item.setdefault("metadata", {})
        self._place(resource, namespace, meta)
        if meta.get("resourceVersion"):
            raise errors.ApiError(500, "InternalError", "resourceVersion should not be set on objects to be created")
        for key in (*SERVER_SET, "managedFields"):
            meta.pop(key, None)
        self._check_namespace(resource, namespace, meta.get("name", ""))
        self._admit(resource, item)
        self._identify(resource, meta)
        if "status" in resource.subresources and resource.kind != "Node":
            item["status"] = {}
        item |= {"kind": resource.kind, "apiVersion": resource.api_version}
        defaults.fill(resource, item)
        self._validate(resource, item, None)
        if self.store.peek(resource, namespace, meta["name"]) is not None:
            raise errors.already_exists(resource.group, resource.plural, meta["name"])
        if resource.kind == "Service":
            defaults.allocate(self.store, item, None)
        if resource.kind == "Pod":
            item["status"] = {"phase": "Pending", "qosClass": "BestEffort"}
        return _ordered(item) if dry_run else self.store.put(resource, _ordered(item))

    def _identify(self, resource: Resource, meta: Json) -> None:
        """Set the generated name, uid, creation time and generation."""
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"][:58] + self.store.suffix()
        meta["uid"] = self.store.new_uid()
        meta["creationTimestamp"] = self.clock.stamp()
        if resource.has_generation:
            meta["generation"] = 1

    def _place(self, resource: Resource, namespace: str, meta: Json) -> None:
        if not resource.namespaced:
            meta.pop("namespace", None)
        elif meta.setdefault("namespace", namespace) != namespace:
            raise errors.bad_request(_OTHER_NAMESPACE)

    def _check_namespace(self, resource: Resource, namespace: str, name: str) -> None:
        if not resource.namespaced:
            return
        found = self.store.peek(of_kind("Namespace"), "", namespace)
        if found is None:
            raise errors.not_found("", "namespaces", namespace)
        if found["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise errors.forbidden(resource.group, resource.plural, name, why)

    def _admit(self, resource: Resource, item: Json) -> None:
        """Service account admission: refuse a pod without its account."""
        if resource.kind != "Pod":
            return
        meta, spec = item["metadata"], item.setdefault("spec", {})
        account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
        spec["serviceAccountName"] = spec["serviceAccount"] = account
        if self.store.peek(of_kind("ServiceAccount"), meta["namespace"], account) is None:
            why = (
                f'error looking up service account {meta["namespace"]}/{account}: serviceaccount "{account}" not found'
            )
            raise errors.forbidden("", "pods", meta.get("name") or meta.get("generateName", ""), why)

    def _validate(self, resource: Resource, item: Json, old: Json | None) -> None:
        found = validation.metadata(resource, item["metadata"])
        if old:
            found += validation.metadata_update(resource, item["metadata"], old["metadata"])
        found += validation.content(resource, item, old)
        if found:
            raise errors.invalid(resource.group, resource.kind, item["metadata"].get("name", ""), found)

    # -- changing ------------------------------------------------------------------------------------------------

    def update(
        self, resource: Resource, namespace: str, name: str, change: Callable[[Json], Json],
        subresource: str = "", dry_run: bool = False, manager: Manager = NO_MANAGER,
    ) -> Json:  # fmt: skip
        """Replace the object by ``change(current)``, under the API server's rules for an update.

        Raises 404, 409 for an outdated version or uid, and 422 for a change that is not allowed.
        """
        old = self.get(resource, namespace, name)
        new = copied(change(copied(old)))
        self._check_identity(resource, namespace, old, new)
        self._keep(resource, old, new, subresource)
        if resource.kind == "Deployment":
            stamp = self.clock.stamp(0)
            new["metadata"]["managedFields"] = managed_fields(old, new, manager, stamp)
        if subresource != "status":
            defaults.fill(resource, new)
            if resource.kind == "Service":
                defaults.inherit(new, old)
            self._validate(resource, new, old)
            if resource.kind == "Service":
                defaults.allocate(self.store, new, old)
        if resource.has_generation and self._counts(old, new):
            new["metadata"]["generation"] = old["metadata"]["generation"] + 1
        new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
        if new == old or dry_run:
            return _ordered(new)
        stored = self.store.put(resource, _ordered(new))
        meta = stored["metadata"]
        if meta.get("deletionTimestamp") and not meta.get("finalizers") and not meta.get("deletionGracePeriodSeconds"):
            self._finish(resource, stored)
        return stored

    def _check_identity(self, resource: Resource, namespace: str, old: Json, new: Json) -> None:
        before, after = old["metadata"], new.setdefault("metadata", {})
        name = before["name"]
        if resource.namespaced and after.setdefault("namespace", namespace) != namespace:
            raise errors.bad_request(_OTHER_NAMESPACE)
        if after.get("uid") and after["uid"] != before["uid"]:
            where = "/".join(part for part in (resource.plural, namespace, name) if part)
            why = (
                f"StorageError: invalid object, Code: 4, Key: /registry/{where}, ResourceVersion: 0, "
                f"AdditionalErrorMsg: Precondition failed: UID in precondition: {after['uid']}, "
                f"UID in object meta: {before['uid']}"
            )
            raise errors.conflict(resource.group, resource.plural, name, why)
        if after.get("resourceVersion") and after["resourceVersion"] != before["resourceVersion"]:
            raise errors.conflict(resource.group, resource.plural, name, errors.MODIFIED)

    def _keep(self, resource: Resource, old: Json, new: Json, subresource: str) -> None:
        """Copy the fields that an update cannot change from the stored object."""
        meta = new["metadata"]
        for key in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
            if key in old["metadata"]:
                meta[key] = old["metadata"][key]
            else:
                meta.pop(key, None)
        meta.pop("selfLink", None)
        meta.pop("managedFields", None)
        new |= {"kind": resource.kind, "apiVersion": resource.api_version}
        if subresource == "status":
            for key in set(old) - {"metadata", "status"}:
                new[key] = copied(old[key])
            meta["labels"] = old["metadata"].get("labels")
            if not meta["labels"]:
                del meta["labels"]
        elif "status" in resource.subresources and "status" in old:
            new["status"] = copied(old["status"])

    @staticmethod
    def _counts(old: Json, new: Json) -> bool:
        """Whether a change increases the generation: a Deployment counts changes of spec and annotations."""
        before, after = old["metadata"].get("annotations"), new["metadata"].get("annotations")
        return old.get("spec") != new.get("spec") or (new["kind"] == "Deployment" and before != after)

    def scale(
        self, resource: Resource, namespace: str, name: str, change: Callable[[Json], Json], dry_run: bool,
        manager: Manager = NO_MANAGER,
    ) -> Json:  # fmt: skip
        """Change ``spec.replicas`` through the scale subresource. ``change`` maps a Scale to a Scale."""

        def apply(current: Json) -> Json:
            wanted = change(scale_of(current))
            replicas = (wanted.get("spec") or {}).get("replicas", 0)
            found = workloads.not_negative(replicas, "spec.replicas")
            if found:
                raise errors.invalid("autoscaling", "Scale", name, found)
            for key in ("uid", "resourceVersion"):
                if key in wanted.get("metadata", {}):
                    current["metadata"][key] = wanted["metadata"][key]
            current["spec"]["replicas"] = replicas
            return current

        return scale_of(self.update(resource, namespace, name, apply, dry_run=dry_run, manager=manager))

    # -- deleting ------------------------------------------------------------------------------------------------

    def delete(self, resource: Resource, namespace: str, name: str, options: DeleteOptions) -> tuple[Json, bool]:
        """Delete the object, or start its deletion. Returns its last state, and whether it is gone."""
        item = self.get(resource, namespace, name)
        self._check_preconditions(resource, item, options)
        if resource.kind == "Namespace" and name in _IMMORTAL:
            raise errors.forbidden("", "namespaces", name, "this namespace may not be deleted")
        meta = item["metadata"]
        grace = self._grace(resource, item, options)
        finalizers = self._finalizers(resource, item, options)
        if options.dry_run:
            return item, True
        if options.policy == "Orphan":
            self._orphan(meta["uid"])
        if meta.get("deletionTimestamp") and (grace or finalizers) and not self._shorter(meta, grace, finalizers):
            return item, False
        if grace or finalizers or resource.kind == "Namespace":
            meta.setdefault("deletionTimestamp", self.clock.stamp(grace))
            meta["deletionGracePeriodSeconds"] = grace
            if finalizers:
                meta["finalizers"] = finalizers
            if resource.kind == "Namespace":
                item["status"]["phase"] = "Terminating"
            if "generation" in meta:
                meta["generation"] += 1
            return self.store.put(resource, item), False
        return self._finish(resource, item), True

    @staticmethod
    def _shorter(meta: Json, grace: int, finalizers: list[str]) -> bool:
        """Apply a second DELETE: it can only shorten the grace period or add finalizers."""
        return grace < meta.get("deletionGracePeriodSeconds", 0) or finalizers != (meta.get("finalizers") or [])

    def _check_preconditions(self, resource: Resource, item: Json, options: DeleteOptions) -> None:
        meta = item["metadata"]
        if options.uid and options.uid != meta["uid"]:
            why = (
                f"the UID in the precondition ({options.uid}) does not match the UID in record ({meta['uid']}). "
                "The object might have been deleted and then recreated"
            )
            raise errors.conflict(resource.group, resource.kind, meta["name"], why)
        if options.version and options.version != meta["resourceVersion"]:
            why = (
                f"the ResourceVersion in the precondition ({options.version}) does not match the ResourceVersion "
                f"in record ({meta['resourceVersion']}). The object might have been modified"
            )
            raise errors.conflict(resource.group, resource.kind, meta["name"], why)

    @staticmethod
    def _grace(resource: Resource, item: Json, options: DeleteOptions) -> int:
        """The grace period. Only pods that are bound to a node have one."""
        if resource.kind != "Pod" or not item["spec"].get("nodeName"):
            return 0
        if item.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return 0
        asked = options.grace
        if asked is None:
            asked = item["metadata"].get("deletionGracePeriodSeconds", item["spec"]["terminationGracePeriodSeconds"])
        return max(asked, 1) if asked < 0 else int(asked)

    @staticmethod
    def _finalizers(resource: Resource, item: Json, options: DeleteOptions) -> list[str]:
        found: list[str] = list(item["metadata"].get("finalizers") or [])
        if options.policy == "Foreground" and "foregroundDeletion" not in found:
            found.append("foregroundDeletion")
        return found

    def _orphan(self, uid: str) -> None:
        for resource in self.store.resources():
            for item in list(self.store.items(resource)):
                owners = item["metadata"].get("ownerReferences") or []
                left = [owner for owner in owners if owner["uid"] != uid]
                if left != owners:
                    changed = copied(item)
                    changed["metadata"]["ownerReferences"] = left
                    self.store.put(resource, changed)

    def _finish(self, resource: Resource, item: Json) -> Json:
        meta = item["metadata"]
        gone = self.store.remove(resource, meta.get("namespace", ""), meta["name"])
        return gone if gone is not None else item


def scale_of(item: Json) -> Json:
    """The Scale of a Deployment or ReplicaSet."""
    meta = {key: item["metadata"][key] for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")}
    replicas = item["spec"].get("replicas", 0)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": meta,
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": (item.get("status") or {}).get("replicas", 0),
            "selector": selector_text(item["spec"].get("selector")),
        },
    }


def _ordered(item: Json) -> Json:
    """The object with its keys in the usual order, without empty metadata maps."""
    meta = {key: value for key, value in item["metadata"].items() if value not in ({}, [], "", None)}
    head: dict[str, Any] = {
        "kind": item["kind"],
        "apiVersion": item["apiVersion"],
        "metadata": dict(sorted(meta.items())),
    }
    return head | {key: value for key, value in item.items() if key not in head}
