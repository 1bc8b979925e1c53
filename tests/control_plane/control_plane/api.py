# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Kubernetes client for tests, without the start-up time of ``kubectl``."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

Object = dict[str, Any]
JSON, MERGE, STRATEGIC = "application/json", "application/merge-patch+json", "application/strategic-merge-patch+json"
PATIENCE_SECONDS = 600.0  # limit of every wait, generous for a busy machine

# kind -> (path of its API, plural, whether it is namespaced)
KINDS = {
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles", False),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
    "ConfigMap": ("/api/v1", "configmaps", True),
    "Deployment": ("/apis/apps/v1", "deployments", True),
    "Event": ("/api/v1", "events", True),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases", True),
    "Namespace": ("/api/v1", "namespaces", False),
    "Node": ("/api/v1", "nodes", False),
    "Pod": ("/api/v1", "pods", True),
    "ReplicaSet": ("/apis/apps/v1", "replicasets", True),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles", True),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings", True),
    "Secret": ("/api/v1", "secrets", True),
    "Service": ("/api/v1", "services", True),
    "ServiceAccount": ("/api/v1", "serviceaccounts", True),
}


class ApiError(Exception):
    """An answer other than 2xx, with the reason and message of its Status object."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status, self.reason = status, reason


@dataclass
class Api:
    """One user's view of one API server."""

    url: str
    authority: str
    certificate: tuple[str, str] | None = None
    token: str = ""

    def __post_init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False  # otherwise REQUESTS_CA_BUNDLE overrides verify
        self._session.verify, self._session.cert = self.authority, self.certificate
        if self.token:
            self._session.headers["Authorization"] = f"Bearer {self.token}"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = JSON,
        parameters: dict[str, str] | None = None,
    ) -> Object:
        """Send one request. ApiError for anything but 2xx."""
        headers = {"Content-Type": content_type} if body is not None else {}
        answer = self._session.request(
            method, self.url + path, json=body, headers=headers, params=parameters, timeout=300
        )
        found = answer.json() if answer.headers.get("Content-Type", "").startswith(JSON) else {}
        if not answer.ok:
            raise ApiError(answer.status_code, str(found.get("reason", "")), str(found.get("message", answer.text)))
        return dict(found)

    def ready(self) -> bool:
        """Whether the server reports that it is ready."""
        try:
            return self._session.get(f"{self.url}/readyz", timeout=60).ok
        except requests.RequestException:
            return False

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """An object, or None."""
        try:
            return self.call("GET", path_of(kind, namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind: str, namespace: str = "", selector: str = "", *, cached: bool = False) -> list[Object]:
        """The objects of a kind, in one namespace or in all.

        ``cached``: as the API server has them in its cache, perhaps a moment late, without a request to etcd.
        """
        parameters = {"labelSelector": selector} if selector else {}
        if cached:
            parameters["resourceVersion"] = "0"
        return list(self.call("GET", path_of(kind, namespace), parameters=parameters).get("items") or [])

    def create(self, item: Object) -> Object:
        """Create an object."""
        return self.call("POST", path_of(item["kind"], _namespace(item)), item)

    def apply(self, item: Object) -> Object:
        """Create an object, or merge it into the existing one."""
        try:
            return self.create(item)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
        return self.patch(item["kind"], _namespace(item), item["metadata"]["name"], item)

    def patch(
        self, kind: str, namespace: str, name: str, change: Object, part: str = "", content_type: str = MERGE
    ) -> Object:
        """Merge a change into an object, or into its ``part`` ("status", "scale")."""
        path = path_of(kind, namespace, name) + (f"/{part}" if part else "")
        return self.call("PATCH", path, change, content_type)

    def delete(self, kind: str, namespace: str, name: str, **options: Any) -> None:
        """Delete an object (DeleteOptions as keywords). It is no error if the object is already gone."""
        try:
            self.call(
                "DELETE", path_of(kind, namespace, name), {"kind": "DeleteOptions", "apiVersion": "v1", **options}
            )
        except ApiError as error:
            if error.status != 404:
                raise


def path_of(kind: str, namespace: str = "", name: str = "") -> str:
    """The path of a collection or of an object."""
    base, plural, namespaced = KINDS[kind]
    middle = f"/namespaces/{namespace}" if namespaced and namespace else ""
    return f"{base}{middle}/{plural}" + (f"/{name}" if name else "")


def wait_until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS, every: float = 0.1) -> Any:
    """Wait until ``condition`` returns a true value, and return that. TimeoutError names what was not reached."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(every)


def _namespace(item: Object) -> str:
    return str(item["metadata"].get("namespace", "default"))
