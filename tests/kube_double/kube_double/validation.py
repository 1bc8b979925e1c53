# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validates metadata, ConfigMaps, Secrets and other simple kinds. ``workloads`` validates pods and their owners."""

from __future__ import annotations

from kube_double import names, workloads
from kube_double.errors import (
    FieldError,
    Json,
    forbidden_field,
    invalid_value,
    required,
    too_long,
)
from kube_double.resources import Resource

MAX_DATA = 1024 * 1024
MAX_ANNOTATIONS = 256 * 1024
_IMMUTABLE = "field is immutable when `immutable` is set"

_NAME_CHECKS = {
    "Namespace": names.label,
    "Service": names.dns1035,
    "Role": names.path_segment,
    "RoleBinding": names.path_segment,
    "ClusterRole": names.path_segment,
    "ClusterRoleBinding": names.path_segment,
}
_SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def metadata(resource: Resource, meta: Json) -> list[FieldError]:
    """Names, labels, annotations, owners and finalizers."""
    found: list[FieldError] = []
    check = _NAME_CHECKS.get(resource.kind, names.subdomain)
    if not meta.get("name"):
        found.append(required("metadata.name", "name or generateName is required"))
    else:
        found += [invalid_value("metadata.name", meta["name"], why) for why in check(meta["name"])]
    if resource.namespaced:
        found += [invalid_value("metadata.namespace", meta["namespace"], why) for why in names.label(meta["namespace"])]
    found += labels(meta.get("labels") or {}, "metadata.labels")
    return found + _annotations(meta) + _owners(meta) + _finalizers(meta)


def labels(given: Json, field: str) -> list[FieldError]:
    found = []
    for key, value in given.items():
        found += [invalid_value(field, key, why) for why in names.qualified_name(key)]
        found += [invalid_value(field, value, why) for why in names.label_value(value)]
    return found


def _annotations(meta: Json) -> list[FieldError]:
    given = meta.get("annotations") or {}
    field = "metadata.annotations"
    found = [invalid_value(field, key, why) for key in given for why in names.qualified_name(key.lower())]
    if sum(len(key.encode()) + len(value.encode()) for key, value in given.items()) > MAX_ANNOTATIONS:
        found.append(too_long(field, MAX_ANNOTATIONS))
    return found


def _owners(meta: Json) -> list[FieldError]:
    found = []
    for owner in meta.get("ownerReferences") or []:
        for key in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(key):
                why = "version must not be empty" if key == "apiVersion" else "must not be empty"
                found.append(invalid_value(f"metadata.ownerReferences.{key}", owner.get(key, ""), why))
    return found


def _finalizers(meta: Json) -> list[FieldError]:
    found = []
    for name in meta.get("finalizers") or []:
        found += [invalid_value("metadata.finalizers", name, why) for why in names.qualified_name(name)]
    return found


def metadata_update(resource: Resource, new: Json, old: Json) -> list[FieldError]:
    found = []
    for key in ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"):
        if new.get(key) != old.get(key):
            found.append(invalid_value(f"metadata.{key}", new.get(key), "field is immutable"))
    added = sorted(set(new.get("finalizers") or []) - set(old.get("finalizers") or []))
    if old.get("deletionTimestamp") and added:
        listed = "[]string{" + ", ".join(f'"{name}"' for name in added) + "}"
        why = f"no new finalizers can be added if the object is being deleted, found new finalizers {listed}"
        found.append(forbidden_field("metadata.finalizers", why))
    if not new.get("resourceVersion") and not resource.unconditional_update:
        found.append(invalid_value("metadata.resourceVersion", 0, "must be specified for an update"))
    return found


def content(resource: Resource, new: Json, old: Json | None) -> list[FieldError]:
    """Validate everything except the metadata. ``old`` is the object before an update."""
    if resource.kind == "ConfigMap":
        return _config_map(new, old)
    if resource.kind == "Secret":
        return _secret(new, old)
    if resource.kind in ("RoleBinding", "ClusterRoleBinding"):
        return _binding(new, old)
    return workloads.content(resource, new, old)


def _data(item: Json, binary: str) -> list[FieldError]:
    found = []
    total = 0
    for field in ("data", binary) if binary else ("data",):
        for key, value in (item.get(field) or {}).items():
            found += [invalid_value(f"{field}[{key}]", key, why) for why in names.config_key(key)]
            encoded = field == "binaryData" or not binary
            total += len(value) * 3 // 4 - value.count("=") if encoded else len(value.encode())
            if field == "data" and binary and key in (item.get(binary) or {}):
                found.append(invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData"))
    if total > MAX_DATA:
        found.append(too_long("[]" if binary else "data", MAX_DATA))
    return found


def _immutable(new: Json, old: Json | None, fields: tuple[str, ...]) -> list[FieldError]:
    if not (old and old.get("immutable")):
        return []
    found = [] if new.get("immutable") else [forbidden_field("immutable", _IMMUTABLE)]
    changed = [field for field in fields if (new.get(field) or {}) != (old.get(field) or {})]
    return found + [forbidden_field(field, _IMMUTABLE) for field in changed]


def _config_map(new: Json, old: Json | None) -> list[FieldError]:
    return _immutable(new, old, ("data", "binaryData")) + _data(new, "binaryData")


def _secret(new: Json, old: Json | None) -> list[FieldError]:
    found: list[FieldError] = []
    if old and new.get("type") != old.get("type"):
        found.append(invalid_value("type", new.get("type"), "field is immutable"))
    found += _immutable(new, old, ("data",)) + _data(new, "")
    data = new.get("data") or {}
    found += [required(f"data[{key}]") for key in _SECRET_KEYS.get(new["type"], ()) if key not in data]
    if new["type"] == "kubernetes.io/basic-auth" and not {"username", "password"} & set(data):
        found += [required("data[username]"), required("data[password]")]
    return found


def _binding(new: Json, old: Json | None) -> list[FieldError]:
    if old and new.get("roleRef") != old.get("roleRef"):
        return [invalid_value("roleRef", new.get("roleRef"), "cannot change roleRef")]
    return [] if (new.get("roleRef") or {}).get("name") else [required("roleRef.name")]
