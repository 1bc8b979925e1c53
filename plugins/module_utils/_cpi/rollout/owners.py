# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Which tool writes a Kubernetes object, as far as the object shows it. Pure.

Such a tool restores its own version, even in the middle of a change. It is recognized by the labels and annotations
that it needs, or else by its name as a field manager.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.objects import Object

FLUX_RELEASE, FLUX, ARGO_CD, FLEET, KAPP, HELM, CLUSTER_API = (
    "Flux HelmRelease",
    "Flux Kustomization",
    "Argo CD",
    "Rancher Fleet",
    "kapp-controller",
    "Helm",
    "Cluster API",
)
# The field managers of these tools. "manager" is the program of Cluster API, which applies a ClusterResourceSet.
_MANAGERS = {
    "helm-controller": FLUX_RELEASE,
    "kustomize-controller": FLUX,
    "argocd-controller": ARGO_CD,
    "argocd-application-controller": ARGO_CD,
    "fleetagent": FLEET,
    "fleet-agent": FLEET,
    "kapp-controller": KAPP,
    "helm": HELM,
    "manager": CLUSTER_API,
    "capi-clusterresourceset": CLUSTER_API,
}


class Owner(NamedTuple):
    """A tool, with the name and namespace of what it applies; empty where the object does not show them."""

    tool: str
    name: str = ""
    namespace: str = ""


def owner_of(raw: Object) -> Owner | None:
    """The tool that writes an object, or None if the object shows none."""
    metadata = raw.get("metadata") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    for tool, group in ((FLUX_RELEASE, "helm.toolkit.fluxcd.io"), (FLUX, "kustomize.toolkit.fluxcd.io")):
        if labels.get(f"{group}/name"):
            return Owner(tool, labels[f"{group}/name"], labels.get(f"{group}/namespace", ""))
    tracked = annotations.get("argocd.argoproj.io/tracking-id") or labels.get("argocd.argoproj.io/instance")
    if tracked:
        return Owner(ARGO_CD, str(tracked).partition(":")[0])
    if any(name.startswith("objectset.rio.cattle.io/") for name in (*labels, *annotations)):
        return Owner(FLEET, annotations.get("objectset.rio.cattle.io/id", ""))
    if "kapp.k14s.io/app" in labels:
        return Owner(KAPP)
    release = annotations.get("meta.helm.sh/release-name", "")
    if release or labels.get("app.kubernetes.io/managed-by") == "Helm":
        return Owner(HELM, release, annotations.get("meta.helm.sh/release-namespace", ""))
    managers = {str(entry.get("manager")) for entry in metadata.get("managedFields") or ()}
    found = [tool for manager, tool in _MANAGERS.items() if manager in managers]
    return Owner(found[0]) if found else None


def describe_owners(objects: Iterable[tuple[str, Object | None]]) -> list[dict[str, Any]]:
    """Each owner with its objects, as ``KIND NAMESPACE/NAME``. ``objects`` are pairs of kind and object."""
    found: dict[Owner, list[str]] = {}
    for kind, raw in objects:
        owner = owner_of(raw) if raw is not None else None
        if raw is not None and owner is not None:
            metadata: Mapping[str, Any] = raw["metadata"]
            found.setdefault(owner, []).append(f"{kind} {metadata.get('namespace')}/{metadata.get('name')}")
    return [{**owner._asdict(), "objects": names} for owner, names in found.items()]
