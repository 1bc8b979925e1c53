# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the files of a pod's volumes from the API's objects, as the kubelet does."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from control_plane.node.object_cache import ObjectCache, Reference

Object = dict[str, Any]
Files = dict[str, bytes]  # path in the volume -> content
KINDS = {"configMap": ("ConfigMap", "name"), "secret": ("Secret", "secretName")}


class NotYet(Exception):
    """A dependency of the pod does not exist yet. The kubelet tries again."""


class NotSupported(Exception):
    """The pod needs a feature that this agent does not support."""


@dataclass(frozen=True)
class VolumeSource:
    """The sources of the content of a pod's volumes."""

    cache: ObjectCache
    token: Callable[[Object, Object], str]  # (pod, the projection's source) -> a service account token

    def files(self, pod: Object, volume: Object) -> Files:
        """All files of a volume."""
        if "emptyDir" in volume:
            return {}
        if "projected" in volume:
            files: Files = {}
            for source in volume["projected"].get("sources", []):
                files.update(self._projected(pod, source))
            return files
        kind = next((kind for kind in KINDS if kind in volume), None)
        if kind is None:
            raise NotSupported(f"volume {volume['name']}: only configMap, secret, projected and emptyDir are supported")
        return self._object_files(pod, kind, volume[kind], volume[kind][KINDS[kind][1]])

    def value(self, pod: Object, source: Object) -> str | None:
        """The value of an environment variable's ``valueFrom``, or None if an optional source is missing."""
        if "fieldRef" in source:
            return field_of(pod, source["fieldRef"]["fieldPath"])
        for key, kind in (("configMapKeyRef", "configMap"), ("secretKeyRef", "secret")):
            if key in source:
                reference = source[key]
                files = self._object_files(pod, kind, {"optional": reference.get("optional")}, reference["name"])
                if reference["key"] in files:
                    return files[reference["key"]].decode()
                if reference.get("optional"):
                    return None
                raise NotYet(f"couldn't find key {reference['key']} in {reference['name']}")
        raise NotSupported(f"valueFrom: {', '.join(source)} is not supported")

    def _projected(self, pod: Object, source: Object) -> Files:
        if "serviceAccountToken" in source:
            wanted = source["serviceAccountToken"]
            return {wanted["path"]: self.token(pod, wanted).encode()}
        if "downwardAPI" in source:
            return {
                item["path"]: field_of(pod, item["fieldRef"]["fieldPath"]).encode()
                for item in source["downwardAPI"].get("items", [])
            }
        kind = next((kind for kind in KINDS if kind in source), None)
        if kind is None:
            raise NotSupported(f"projected volume: {', '.join(source)} is not supported")
        return self._object_files(pod, kind, source[kind], source[kind]["name"])

    def _object_files(self, pod: Object, kind: str, wanted: Object, name: str) -> Files:
        found = self.cache.get(KINDS[kind][0], pod["metadata"]["namespace"], name)
        if found is None:
            if wanted.get("optional"):
                return {}
            raise NotYet(f'{KINDS[kind][0].lower()} "{name}" not found')
        content = content_of(found)
        if not wanted.get("items"):
            return content
        missing = [item["key"] for item in wanted["items"] if item["key"] not in content]
        if missing and not wanted.get("optional"):
            raise NotYet(f'{KINDS[kind][0].lower()} "{name}" references non-existent config key: {missing[0]}')
        return {item["path"]: content[item["key"]] for item in wanted["items"] if item["key"] in content}


def content_of(item: Object) -> Files:
    """The keys of a ConfigMap or Secret, with their contents."""
    encoded = item.get("binaryData") if item.get("kind") == "ConfigMap" else item.get("data")
    files = {key: base64.b64decode(value) for key, value in (encoded or {}).items()}
    if item.get("kind") == "ConfigMap":
        files.update({key: value.encode() for key, value in (item.get("data") or {}).items()})
    return files


def field_of(pod: Object, path: str) -> str:
    """A field of the pod, for the downward API."""
    fields = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "metadata.uid": pod["metadata"]["uid"],
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", ""),
    }
    if path not in fields:
        raise NotSupported(f"the downward API's field {path} is not supported")
    return str(fields[path])


def references(pod: Object) -> Iterable[Reference]:
    """The ConfigMaps and Secrets that a pod references. Its node keeps them in its cache."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes", []):
        for source in (volume, *volume.get("projected", {}).get("sources", [])):
            for key, (kind, name) in KINDS.items():
                if key in source:
                    yield kind, namespace, str(source[key].get(name) or source[key]["name"])
    for container in pod["spec"]["containers"]:
        for variable in container.get("env", []):
            for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                if key in variable.get("valueFrom", {}):
                    yield kind, namespace, str(variable["valueFrom"][key]["name"])
