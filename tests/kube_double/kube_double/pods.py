# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads pods: their state, and the ConfigMaps and Secrets that they reference."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from kube_double.errors import Json


@dataclass(frozen=True)
class Reference:
    """A reference of a pod to a ConfigMap or Secret, always in its own namespace."""

    kind: str
    namespace: str
    name: str


def condition(item: Json, kind: str) -> Json | None:
    found = (item.get("status") or {}).get("conditions") or []
    return next((entry for entry in found if entry["type"] == kind), None)


def is_ready(pod: Json) -> bool:
    ready = condition(pod, "Ready")
    return bool(ready and ready["status"] == "True")


def is_active(pod: Json) -> bool:
    """Whether a ReplicaSet counts the pod: it has not ended and is not terminating."""
    ended = pod["status"].get("phase") in ("Succeeded", "Failed")
    return not ended and "deletionTimestamp" not in pod["metadata"]


def controller_of(item: Json) -> Json | None:
    owners = item["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def containers(pod: Json) -> list[Json]:
    return [*(pod["spec"].get("initContainers") or []), *(pod["spec"].get("containers") or [])]


def _sources(volume: Json) -> Iterator[tuple[str, Json]]:
    """The ConfigMaps and Secrets of a volume, each with its source's options."""
    if "configMap" in volume:
        yield "ConfigMap", volume["configMap"]
    if "secret" in volume:
        yield "Secret", volume["secret"] | {"name": volume["secret"].get("secretName", "")}
    for source in (volume.get("projected") or {}).get("sources") or []:
        yield from ((kind, source[key]) for key, kind in _KINDS.items() if key in source)


_KINDS = {"configMap": "ConfigMap", "secret": "Secret"}
_FROM = {"configMapRef": "ConfigMap", "secretRef": "Secret"}
_KEY = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}


def references(pod: Json) -> set[Reference]:
    """Everything that the kubelet caches for this pod."""
    namespace = pod["metadata"]["namespace"]
    found = [pair for volume in pod["spec"].get("volumes") or [] for pair in _sources(volume)]
    for container in containers(pod):
        for source in container.get("envFrom") or []:
            found += [(kind, source[key]) for key, kind in _FROM.items() if key in source]
        for variable in container.get("env") or []:
            origin = variable.get("valueFrom") or {}
            found += [(kind, origin[key]) for key, kind in _KEY.items() if key in origin]
    return {Reference(kind, namespace, options.get("name", "")) for kind, options in found}


class Missing(Exception):
    """A pod's dependency does not exist yet. ``reason`` is the waiting reason of its containers."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Reader:
    """Resolves a pod's volumes and environment. ``look`` reads a ConfigMap or Secret through the kubelet's cache."""

    def __init__(self, pod: Json, objects: dict[Reference, Json | None]) -> None:
        self._pod = pod
        self._objects = objects
        self._namespace: str = pod["metadata"]["namespace"]

    def _look(self, kind: str, name: str) -> dict[str, str] | None:
        found = self._objects[Reference(kind, self._namespace, name)]
        return None if found is None else _texts(found)

    def volumes(self) -> dict[str, dict[str, str]]:
        """The files of each volume. Raises ``Missing`` if a source does not exist and is not optional."""
        result: dict[str, dict[str, str]] = {}
        for volume in self._pod["spec"].get("volumes") or []:
            files: dict[str, str] = {}
            for kind, options in _sources(volume):
                files |= self._files(volume["name"], kind, options)
            result[volume["name"]] = files
        return result

    def _files(self, volume: str, kind: str, options: Json) -> dict[str, str]:
        name, optional = options.get("name", ""), options.get("optional", False)
        data = self._look(kind, name)
        if data is None:
            if optional:
                return {}
            why = f'MountVolume.SetUp failed for volume "{volume}" : {kind.lower()} "{name}" not found'
            raise Missing("ContainerCreating", why)
        if not options.get("items"):
            return data
        files = {}
        for item in options["items"]:
            if item["key"] in data:
                files[item["path"]] = data[item["key"]]
            elif not optional:
                why = f'MountVolume.SetUp failed for volume "{volume}" : references non-existent {_key(kind)}'
                raise Missing("ContainerCreating", f"{why}: {item['key']}")
        return files

    def environment(self) -> dict[str, dict[str, str]]:
        """The variables of each container. Raises ``Missing`` for the kubelet's CreateContainerConfigError."""
        return {container["name"]: self._variables(container) for container in containers(self._pod)}

    def _variables(self, container: Json) -> dict[str, str]:
        result: dict[str, str] = {}
        for source in container.get("envFrom") or []:
            for key, kind in _FROM.items():
                if key in source:
                    data = self._required(kind, source[key])
                    result |= {source.get("prefix", "") + name: value for name, value in (data or {}).items()}
        for variable in container.get("env") or []:
            value = self._value(variable)
            if value is not None:
                result[variable["name"]] = value
        return result

    def _required(self, kind: str, options: Json) -> dict[str, str] | None:
        data = self._look(kind, options.get("name", ""))
        if data is None and not options.get("optional"):
            raise Missing("CreateContainerConfigError", f'{kind.lower()} "{options.get("name", "")}" not found')
        return data

    def _value(self, variable: Json) -> str | None:
        origin = variable.get("valueFrom")
        if not origin:
            return str(variable.get("value", ""))
        for key, kind in _KEY.items():
            if key in origin:
                options = origin[key]
                data = self._required(kind, options)
                if data is not None and options["key"] in data:
                    return data[options["key"]]
                if options.get("optional"):
                    return None
                where = f"{kind} {self._namespace}/{options['name']}"
                raise Missing("CreateContainerConfigError", f"couldn't find key {options['key']} in {where}")
        return self._field((origin.get("fieldRef") or {}).get("fieldPath", ""))

    def _field(self, path: str) -> str | None:
        known = {
            "metadata.name": self._pod["metadata"]["name"],
            "metadata.namespace": self._namespace,
            "metadata.uid": self._pod["metadata"]["uid"],
            "spec.nodeName": self._pod["spec"].get("nodeName", ""),
            "spec.serviceAccountName": self._pod["spec"].get("serviceAccountName", ""),
        }
        return known.get(path)


def _key(kind: str) -> str:
    return "config key" if kind == "ConfigMap" else "secret key"


def _texts(item: Json) -> dict[str, str]:
    """The data of a ConfigMap or Secret as file contents. Binary data stays in base64, with a prefix."""
    encoded = dict(item.get("binaryData") or {})
    plain = dict(item.get("data") or {})
    if item["kind"] == "Secret":
        encoded, plain = plain, {}
    return plain | {key: _decoded(value) for key, value in encoded.items()}


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return f"base64:{value}"
