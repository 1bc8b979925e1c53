# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Checks rights before the first write, so that a missing one does not leave a change half done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi, Object, Objects
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.errors import KubernetesError

T = TypeVar("T")
FORBIDDEN = 403
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True)
class Right:
    """One verb on one resource (``deployments/scale`` is a subresource).

    Without a name it covers any object, as for create. Without a namespace it covers all namespaces.
    """

    verb: str
    resource: str
    namespace: str
    group: str = ""
    name: str = ""

    def __str__(self) -> str:
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        where = f"in namespace {self.namespace}" if self.namespace else "in all namespaces"
        return f"{self.verb} {resource}{f' {self.name}' if self.name else ''} {where}"

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

    @classmethod
    def of_read(cls, path: str) -> Right:
        """The right that reading an object or a list needs, by its path."""
        words = path.strip("/").split("/")
        group, words = ("", words[2:]) if words[0] == "api" else (words[1], words[3:])
        namespace, words = (words[1], words[2:]) if words[0] == "namespaces" and len(words) > 2 else ("", words)
        name = "/".join(words[1:])
        return cls("get" if name else "list", words[0], namespace, group, name)


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


class AllowedReads:
    """Reads as far as the user may read: what the API server forbids counts as absent.

    ``refused`` has the missing right for each forbidden path, and ``read`` counts the other paths.
    """

    def __init__(self, cluster: KubernetesApi) -> None:
        self._cluster = cluster
        self.refused: dict[str, Right] = {}
        self.read = 0

    def now(self) -> datetime:
        """The time in UTC by the API server's clock."""
        return self._cluster.now()

    def get(self, path: str) -> Object | None:
        """One object; None when it does not exist or may not be read."""
        return self._as_allowed(path, partial(self._cluster.get, path), None)

    def list(self, path: str) -> Objects:
        """All objects of a collection; none when they may not be read."""
        return self._as_allowed(path, partial(self._cluster.list, path), [])

    def _as_allowed(self, path: str, read: Callable[[], T], instead: T) -> T:
        try:
            found = read()
        except KubernetesError as error:
            if error.status != FORBIDDEN:
                raise
            self.refused[path] = Right.of_read(path)
            return instead
        self.read += 1
        return found
