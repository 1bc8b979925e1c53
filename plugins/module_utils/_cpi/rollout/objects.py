# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""CPI's Kubernetes objects: typed access to the dictionaries that the API server returns. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.schema import image_version
from ansible_collections.vcd.kubernetes.plugins.module_utils._distributions import Distribution, recognise

Object = Mapping[str, Any]
# Metadata to keep when the object is created again; the server sets the rest.
_KEPT_METADATA = ("labels", "annotations", "ownerReferences", "finalizers")
_CONTENT = ("data", "binaryData", "immutable")
# the names of the field managers when CPI is scaled: see Deployment.stopped_from
STARTED_BY = "vcd.kubernetes"
_STOPPED_BY = f"{STARTED_BY}-stopped-"


class _Wrapped:
    """One object as the API server returned it."""

    def __init__(self, raw: Object) -> None:
        self.raw = raw

    @property
    def metadata(self) -> Object:
        return self.raw.get("metadata") or {}

    @property
    def name(self) -> str:
        return str(self.metadata.get("name", ""))

    @property
    def namespace(self) -> str:
        return str(self.metadata.get("namespace", ""))

    @property
    def uid(self) -> str:
        return str(self.metadata.get("uid", ""))

    @property
    def created(self) -> str:
        """The creation time: RFC 3339 in UTC with whole seconds, so that strings sort by time."""
        return str(self.metadata.get("creationTimestamp") or "")

    @property
    def going(self) -> bool:
        """Whether it is being deleted."""
        return bool(self.metadata.get("deletionTimestamp"))


class ConfigMap(_Wrapped):
    """A ConfigMap."""

    @property
    def resource_version(self) -> str:
        return str(self.metadata.get("resourceVersion", ""))

    @property
    def immutable(self) -> bool:
        return bool(self.raw.get("immutable"))

    @property
    def data(self) -> Mapping[str, str]:
        return self.raw.get("data") or {}

    @property
    def annotations(self) -> Mapping[str, str]:
        return self.metadata.get("annotations") or {}

    def manifest(self) -> dict[str, Any]:
        """A manifest to create the object again: content, labels, annotations, owners, immutability."""
        kept = {name: self.metadata[name] for name in _KEPT_METADATA if self.metadata.get(name)}
        content = {name: self.raw[name] for name in _CONTENT if self.raw.get(name) is not None}
        metadata = {"name": self.name, "namespace": self.namespace, **kept}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **content}


def decoded(text: Any) -> str | None:
    """A value of a Secret's data as text; None when it is missing or is not text."""
    if not isinstance(text, str):
        return None
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def with_text(manifest: Object, key: str, text: str) -> dict[str, Any]:
    """The manifest with a new value for one key of its data."""
    return {**manifest, "data": {**(manifest.get("data") or {}), key: text}}


def same_content(one: Object, other: Object) -> bool:
    """Whether two objects or manifests have the same content, labels and annotations (missing equals empty)."""
    metadata, others = one.get("metadata") or {}, other.get("metadata") or {}
    return all((one.get(name) or None) == (other.get(name) or None) for name in _CONTENT) and all(
        (metadata.get(name) or None) == (others.get(name) or None) for name in ("labels", "annotations")
    )


def stopped_by(replicas: int) -> str:
    """The name of the field manager that scales CPI from this number of replicas to 0."""
    return f"{_STOPPED_BY}{replicas}"


def _stopped_from(entry: Object) -> int:
    found = re.fullmatch(rf"{re.escape(_STOPPED_BY)}([0-9]{{1,9}})", str(entry.get("manager") or ""))
    owns = "f:replicas" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
    return int(found[1]) if found and owns else 0


class Deployment(_Wrapped):
    """CPI's Deployment."""

    @property
    def spec(self) -> Object:
        return self.raw.get("spec") or {}

    @property
    def replicas(self) -> int:
        """The desired number of replicas; 1 by default, as in Kubernetes."""
        wanted = self.spec.get("replicas")
        return 1 if wanted is None else int(wanted)

    @property
    def stopped_from(self) -> int:
        """How many replicas it had when a run of this collection scaled it to 0; 0 if none did, or if that is unknown.

        The request that scales CPI to 0 stores the number in the name of its field manager. So the stop and its record
        are one write, and a right on the scale subresource is enough: an annotation would need a right that also allows
        changing what the pods run. Whatever changes the number of replicas later takes over the field, and the name
        with the number is gone. The request has to be an apply: after an update of the scale subresource to 0 replicas,
        the API server records no manager.
        """
        if self.replicas:
            return 0
        return max((_stopped_from(entry) for entry in self.metadata.get("managedFields") or ()), default=0)

    @property
    def ready_replicas(self) -> int:
        return int((self.raw.get("status") or {}).get("readyReplicas") or 0)

    @property
    def template(self) -> Object:
        return (self.spec.get("template") or {}).get("spec") or {}

    def mounts(self, config_map: str) -> bool:
        """Whether its pods mount that ConfigMap or read it into their environment."""
        return config_map in set(_config_maps(self.template))

    def selects(self, pod: Pod) -> bool:
        """Whether the selector (matchLabels and matchExpressions) matches a pod."""
        selector = self.spec.get("selector") or {}
        labels = pod.metadata.get("labels") or {}
        return all(labels.get(name) == value for name, value in (selector.get("matchLabels") or {}).items()) and all(
            _matches(labels, expression) for expression in selector.get("matchExpressions") or ()
        )

    def _is_seen(self) -> bool:
        """Whether the controller has seen the last change."""
        status = self.raw.get("status") or {}
        return int(status.get("observedGeneration") or 0) >= int(self.metadata.get("generation") or 0)

    def is_scaled_to_zero(self) -> bool:
        """Whether the controller has removed all replicas (pods may still be terminating)."""
        return self.replicas == 0 and self._is_seen() and not (self.raw.get("status") or {}).get("replicas")

    def is_ready(self) -> bool:
        """Whether the controller has seen the last change and every desired replica is ready and up to date.

        A paused Deployment keeps the pods of its previous template, so they need not be up to date.
        """
        status = self.raw.get("status") or {}
        relevant = (
            ("replicas", "readyReplicas")
            if self.spec.get("paused")
            else ("replicas", "readyReplicas", "updatedReplicas")
        )
        return self._is_seen() and all(int(status.get(name) or 0) == self.replicas for name in relevant)

    def container(self) -> Object:
        """The container with CPI."""
        containers: list[Object] = self.template.get("containers") or [{}]
        by_image = [found for found in containers if "cloud-provider-for-cloud-director" in str(found.get("image"))]
        by_name = [found for found in containers if found.get("name") == self.name]
        return (by_image or by_name or containers)[0]

    @property
    def image(self) -> str | None:
        return self.container().get("image")

    @property
    def distribution(self) -> Distribution:
        """The distribution that this CPI belongs to."""
        return recognise(self.image, self.namespace, self.metadata.get("labels") or {})

    @property
    def version(self) -> str | None:
        """CPI's version according to the image's tag; None when the tag has none."""
        return image_version(self.image)


class Pod(_Wrapped):
    """A pod."""

    @property
    def status(self) -> Object:
        return self.raw.get("status") or {}

    @property
    def ready(self) -> bool:
        conditions = self.status.get("conditions") or ()
        return any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions)

    def mounts(self, config_map: str) -> bool:
        """Whether the pod refers to a ConfigMap so that the kubelet keeps it in its cache."""
        return config_map in set(_config_maps(self.raw.get("spec") or {}))

    def describe(self) -> str:
        """``pod NAME is Pending (ContainerCreating)``, for timeout messages."""
        reasons = [
            str(detail.get("reason"))
            for container in self.status.get("containerStatuses") or ()
            for detail in [(container.get("state") or {}).get("waiting") or {}]
            if detail.get("reason")
        ]
        reasons += [
            str(item.get("message") or item.get("reason"))
            for item in self.status.get("conditions") or ()
            if item.get("type") == "PodScheduled" and item.get("status") == "False"
        ]
        state = "terminating" if self.going else str(self.status.get("phase") or "unknown")
        return f"pod {self.name} is {state}{f' ({reasons[0]})' if reasons else ''}"


def _matches(labels: Mapping[str, str], expression: Object) -> bool:
    name, values = expression.get("key", ""), expression.get("values") or ()
    operator = expression.get("operator")
    found = name in labels if operator in ("Exists", "DoesNotExist") else labels.get(name) in values
    return bool(found) == (operator in ("Exists", "In"))


def _config_maps(spec: Object) -> Iterator[str]:
    """Every ConfigMap that a pod's spec refers to: volumes, projected volumes, environment."""
    for volume in spec.get("volumes") or ():
        sources = [volume, *((volume.get("projected") or {}).get("sources") or ())]
        yield from (str(source["configMap"].get("name")) for source in sources if source.get("configMap"))
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(kind) or ():
            for variable in container.get("env") or ():
                yield str(((variable.get("valueFrom") or {}).get("configMapKeyRef") or {}).get("name"))
            for source in container.get("envFrom") or ():
                yield str((source.get("configMapRef") or {}).get("name"))


@dataclass(frozen=True)
class CpiNames:
    """The names of CPI's objects, from the module's options, and the extra keys that the operator allows."""

    namespace: str
    name: str
    key: str
    deployment: str
    backup_name: str
    extra_keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"ConfigMap {self.namespace}/{self.name}"


def config_maps(target: CpiNames) -> str:
    """The path of the namespace's ConfigMaps."""
    return f"/api/v1/namespaces/{target.namespace}/configmaps"


def pods_path(target: CpiNames) -> str:
    """The path of the namespace's pods."""
    return f"/api/v1/namespaces/{target.namespace}/pods"


def deployment_path(target: CpiNames) -> str:
    """The path of CPI's Deployment."""
    return f"/apis/apps/v1/namespaces/{target.namespace}/deployments/{target.deployment}"
