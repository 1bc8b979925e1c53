# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Finds CPI's file through its Deployment if it is not in the ConfigMap that the options name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.objects import (
    CpiNames,
    Deployment,
    Object,
    decoded,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._distributions import DISTRIBUTIONS, Distribution
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import Reads
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.errors import KubernetesError

CONFIG_MAP, SECRET = "ConfigMap", "Secret"
NOT_PERMITTED = 403
_FLAG = re.compile(r"--cloud-config(?:=|\s+)(\S+)")


@dataclass(frozen=True)
class FileKey:
    """A key of a ConfigMap or Secret: ``kind`` is CONFIG_MAP or SECRET."""

    kind: str
    namespace: str
    name: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    def as_dict(self) -> dict[str, str]:
        """Plain data for a playbook."""
        return {"kind": self.kind, "namespace": self.namespace, "name": self.name, "key": self.key}


@dataclass(frozen=True)
class FoundFile:
    """What is known about a file outside the ConfigMap: its text if it could be read, and what a person should know."""

    place: FileKey | None
    text: str | None
    problem: str


def place_of(deployment: Deployment) -> FileKey | None:
    """Where the container gets the file that ``--cloud-config`` names; None where that is not a ConfigMap or Secret."""
    container = deployment.container()
    words = " ".join(map(str, [*(container.get("command") or ()), *(container.get("args") or ())]))
    found = _FLAG.search(words)
    if not found:
        return None
    path = posixpath.normpath(found[1])
    mounts = [(posixpath.normpath(str(one.get("mountPath"))), one) for one in container.get("volumeMounts") or ()]
    holding = [(at, one) for at, one in mounts if path == at or path.startswith(f"{at.rstrip('/')}/")]
    if not holding:
        return None
    at, mount = max(holding, key=lambda one: len(one[0]))
    inside = posixpath.relpath(path, at) if path != at else str(mount.get("subPath") or posixpath.basename(path))
    volumes = deployment.template.get("volumes") or ()
    volume: Object = next((one for one in volumes if one.get("name") == mount.get("name")), {})
    return _in_volume(volume, inside, deployment.namespace)


def _in_volume(volume: Object, path: str, namespace: str) -> FileKey | None:
    sources: list[Mapping[str, Any]] = [volume, *((volume.get("projected") or {}).get("sources") or ())]
    for source in sources:
        for kind, part, field in (
            (CONFIG_MAP, "configMap", "name"),
            (SECRET, "secret", "secretName"),
            (SECRET, "secret", "name"),
        ):
            name = (source.get(part) or {}).get(field)
            if name:
                items = (source.get(part) or {}).get("items") or ()
                key = next((str(one.get("key")) for one in items if one.get("path") == path), path)
                return FileKey(kind, namespace, str(name), key)
    return None


def find_file(cluster: Reads, target: CpiNames, deployment: Deployment | None) -> FoundFile:
    """The file of a CPI if the named ConfigMap does not exist. Takes at most one request."""
    missing = f"{target} does not exist"
    if deployment is None:
        return FoundFile(None, None, f"{missing}{_elsewhere(cluster, target)}")
    place = place_of(deployment)
    if place is None or (place.kind == CONFIG_MAP and place.name == target.name):
        return FoundFile(None, None, missing)
    if place.kind == CONFIG_MAP:
        role = "in the role shared_ip_config_map and shared_ip_config_key"
        remedy = f"set name to {place.name} and key to {place.key}, {role}"
        return FoundFile(place, None, f"{missing}: CPI reads {place}, key {place.key}; {remedy}")
    try:
        secret = cluster.get(f"/api/v1/namespaces/{place.namespace}/secrets/{place.name}")
    except KubernetesError as error:
        if error.status != NOT_PERMITTED:
            raise
        right = f"this user may not read it (get secrets, {place.name}, namespace {place.namespace})"
        return FoundFile(place, None, f"CPI's file is in {place}, and {right}")
    text = decoded(((secret or {}).get("data") or {}).get(place.key))
    problem = "" if text is not None else f"{place} has no key {place.key} with CPI's file"
    return FoundFile(place, text, problem)


def _elsewhere(cluster: Reads, target: CpiNames) -> str:
    """Where another distribution has its CPI; empty if none is found, or if this user may not look."""
    for one in DISTRIBUTIONS:
        if one.deployment and one.namespace != target.namespace and _exists(cluster, one):
            remedy = f"set namespace to {one.namespace} and deployment to {one.deployment}"
            role = "in the role shared_ip_namespace and shared_ip_deployment"
            return f": this cluster runs {one.name}'s CPI; {remedy}, {role}"
    return ""


def _exists(cluster: Reads, one: Distribution) -> bool:
    path = f"/apis/apps/v1/namespaces/{one.namespace}/deployments/{one.deployment}"
    try:
        return cluster.get(path) is not None
    except KubernetesError as error:
        if error.status != NOT_PERMITTED:
            raise
        return False
