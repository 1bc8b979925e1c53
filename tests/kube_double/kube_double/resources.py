# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The supported resources, and how the API server stores each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True)
class Resource:
    """One resource type. Subresources that are not in ``subresources`` answer 501."""

    group: str
    plural: str
    singular: str
    kind: str
    namespaced: bool = True
    version: str = "v1"
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    stored: bool = True
    # metadata.generation counts changes of the spec.
    has_generation: bool = False
    # A PUT of an object that does not exist creates it.
    create_on_update: bool = False
    # A PUT without metadata.resourceVersion replaces any current version.
    unconditional_update: bool = True
    # DELETE answers with the object, not with a Status.
    returns_deleted: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def base(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


_RBAC = "rbac.authorization.k8s.io"
_ALL = ("all",)

RESOURCES: tuple[Resource, ...] = (
    Resource("", "configmaps", "configmap", "ConfigMap", short_names=("cm",)),
    Resource("", "events", "event", "Event", short_names=("ev",), create_on_update=True),
    Resource("", "namespaces", "namespace", "Namespace", False, short_names=("ns",),
             subresources=("status", "finalize"), returns_deleted=True,
             verbs=("create", "delete", "get", "list", "patch", "update", "watch")),
    Resource("", "nodes", "node", "Node", False, short_names=("no",), subresources=("status",)),
    Resource("", "pods", "pod", "Pod", short_names=("po",), categories=_ALL, subresources=("status",),
             returns_deleted=True),
    Resource("", "secrets", "secret", "Secret"),
    Resource("", "serviceaccounts", "serviceaccount", "ServiceAccount", short_names=("sa",), returns_deleted=True),
    Resource("", "services", "service", "Service", short_names=("svc",), categories=_ALL, subresources=("status",),
             returns_deleted=True),
    Resource("apps", "deployments", "deployment", "Deployment", short_names=("deploy",), categories=_ALL,
             subresources=("scale", "status"), has_generation=True),
    Resource("apps", "replicasets", "replicaset", "ReplicaSet", short_names=("rs",), categories=_ALL,
             subresources=("scale", "status"), has_generation=True),
    Resource("coordination.k8s.io", "leases", "lease", "Lease", create_on_update=True, unconditional_update=False),
    Resource(_RBAC, "clusterroles", "clusterrole", "ClusterRole", False, create_on_update=True),
    Resource(_RBAC, "clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding", False, create_on_update=True),
    Resource(_RBAC, "roles", "role", "Role", create_on_update=True),
    Resource(_RBAC, "rolebindings", "rolebinding", "RoleBinding", create_on_update=True),
    Resource("authorization.k8s.io", "selfsubjectaccessreviews", "selfsubjectaccessreview",
             "SelfSubjectAccessReview", False, verbs=("create",), stored=False),
    Resource("authorization.k8s.io", "selfsubjectrulesreviews", "selfsubjectrulesreview",
             "SelfSubjectRulesReview", False, verbs=("create",), stored=False),
    Resource("authentication.k8s.io", "selfsubjectreviews", "selfsubjectreview",
             "SelfSubjectReview", False, verbs=("create",), stored=False),
)  # fmt: skip

BY_PATH = {(item.group, item.version, item.plural): item for item in RESOURCES}
BY_KIND = {(item.api_version, item.kind): item for item in RESOURCES}
GROUPS: dict[str, list[str]] = {}
for _item in RESOURCES:
    if _item.version not in GROUPS.setdefault(_item.group, []):
        GROUPS[_item.group].append(_item.version)


def of_kind(kind: str, api_version: str | None = None) -> Resource:
    """The resource of ``kind``. Raises ``KeyError`` if it is not supported."""
    for item in RESOURCES:
        if item.kind == kind and api_version in (None, item.api_version):
            return item
    raise KeyError(f"{api_version or ''} {kind}".strip())


def in_group(group: str, version: str) -> Iterator[Resource]:
    return (item for item in RESOURCES if (item.group, item.version) == (group, version))
