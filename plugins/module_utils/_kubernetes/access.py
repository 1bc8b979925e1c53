# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Check rights before the first write, so that a missing one does not leave a change half done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi, Object

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True)
class Right:
    """One verb on one resource (``deployments/scale`` is a subresource). Without a name: any object, as for create."""

    verb: str
    resource: str
    namespace: str
    group: str = ""
    name: str = ""

    def __str__(self) -> str:
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {resource}{f' {self.name}' if self.name else ''} in namespace {self.namespace}"

    def review(self) -> Object:
        """The SelfSubjectAccessReview for this right."""
        resource, _slash, subresource = self.resource.partition("/")
        attributes = {
            "namespace": self.namespace,
            "verb": self.verb,
            "group": self.group,
            "resource": resource,
            **({"subresource": subresource} if subresource else {}),
            **({"name": self.name} if self.name else {}),
        }
        return {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }


def require(cluster: KubernetesApi, rights: Iterable[Right]) -> None:
    """Raise CollectionError with every missing right."""
    missing = [right for right in dict.fromkeys(rights) if not _allowed(cluster, right)]
    if missing:
        raise CollectionError(
            f"missing right to {'; to '.join(str(right) for right in missing)}: "
            "nothing was changed; add it to the user's Role (docs/rights-kubernetes.md contains the whole Role)",
            missing_rights=[str(right) for right in missing],
        )


def _allowed(cluster: KubernetesApi, right: Right) -> bool:
    answer = cluster.ask(REVIEWS, right.review())
    return bool((answer.get("status") or {}).get("allowed"))
