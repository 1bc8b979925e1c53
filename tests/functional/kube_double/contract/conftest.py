# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The basis of the contract tests: the kubeconfig of an administrator, and nothing specific to the double.

With ``KUBE_CONTRACT_KUBECONFIG`` set they run against that API server instead. It needs RBAC, the controllers of
kube-controller-manager and nodes that run pods, one of which has the label ``node-role.kubernetes.io/control-plane``.
"""

from __future__ import annotations

import json
import os
import pathlib
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kube_double.testing import KubeDouble
from kubernetes import client, config, dynamic

Json = dict[str, Any]
NODES = [
    {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "cp-1",
     "labels": {"node-role.kubernetes.io/control-plane": ""}},
     "spec": {"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]}},
    {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1"}},
]  # fmt: skip


class ContractCluster:
    """An API server as its administrator sees it, with a separate namespace for the test."""

    def __init__(self, kubeconfig: str, caches: pathlib.Path) -> None:
        self.kubeconfig = kubeconfig
        self._caches = caches
        self.namespace = f"contract-{uuid.uuid4().hex[:8]}"
        self.api = self.client_of()

    def client_of(self, user: str = "", token: str = "") -> dynamic.DynamicClient:
        """A client as the administrator, as the impersonated ``user``, or with another bearer token."""
        settings = client.Configuration()
        config.load_kube_config(self.kubeconfig, client_configuration=settings)
        if token:
            settings.refresh_api_key_hook = settings.cert_file = settings.key_file = None
            settings.api_key = {"BearerToken": f"Bearer {token}"}
        api = client.ApiClient(settings)
        if user:
            api.set_default_header("Impersonate-User", user)
        # The dynamic client caches discovery in a file that is named after the host only.
        return dynamic.DynamicClient(api, cache_file=str(self._caches / (user or token or "admin")))

    def of(self, kind: str, api_version: str = "v1", user: str = "") -> Any:
        found = self.client_of(user) if user else self.api
        return found.resources.get(kind=kind, api_version=api_version)

    def create(self, kind: str, name: str, api_version: str = "v1", **content: Any) -> Any:
        meta = content.pop("metadata", {}) | {"name": name}
        body = {"apiVersion": api_version, "kind": kind, "metadata": meta, **content}
        return self.of(kind, api_version).create(body=body, namespace=self.namespace)

    def get(self, kind: str, name: str, api_version: str = "v1") -> Json:
        found: Json = self.of(kind, api_version).get(name=name, namespace=self.namespace).to_dict()
        return found

    def items(self, kind: str, api_version: str = "v1", **query: Any) -> list[Json]:
        found: list[Json] = self.of(kind, api_version).get(namespace=self.namespace, **query).to_dict()["items"]
        return found

    def deployment(self, name: str, replicas: int = 1, **spec: Any) -> Any:
        """A Deployment of a pod that sleeps, bound to the control plane as CPI's is."""
        expression = {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}
        required = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
        pod = {
            "containers": [{"name": "main", "image": "registry.invalid/sleep:1", "command": ["sleep", "3600"]}],
            "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}},
            "tolerations": [expression | {"effect": "NoSchedule"}],
        }
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": pod}
        wanted = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template} | spec
        return self.create("Deployment", name, "apps/v1", spec=wanted)

    def pods(self, app: str) -> list[Json]:
        return self.items("Pod", label_selector=f"app={app}")

    def ready(self, name: str, replicas: int = 1) -> Json | None:
        """The Deployment, once all its pods are current and ready."""
        item = self.get("Deployment", name, "apps/v1")
        status = item.get("status") or {}
        current = status.get("observedGeneration") == item["metadata"]["generation"]
        counts = {status.get(key, 0) for key in ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas")}
        return item if current and counts == {replicas} else None

    @staticmethod
    def refusal(call: Callable[[], Any]) -> Json:
        """The Status of the refusal of ``call``."""
        with pytest.raises(client.ApiException) as raised:
            call()
        status: Json = json.loads(raised.value.body)
        assert status["kind"] == "Status"
        assert status["status"] == "Failure"
        assert status["code"] == raised.value.status
        return status

    @staticmethod
    def wait(holds: Callable[[], Any], what: str, seconds: float = 600.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := holds()):
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.05)
        return found


@pytest.fixture(scope="session")
def contract_kubeconfig() -> Iterator[str]:
    """The kubeconfig of the administrator: the one place to choose another API server."""
    given = os.environ.get("KUBE_CONTRACT_KUBECONFIG")
    if given:
        yield given
        return
    with KubeDouble(objects=NODES) as kube:
        yield kube.kubeconfig


@pytest.fixture
def contract(contract_kubeconfig: str, tmp_path: pathlib.Path) -> Iterator[ContractCluster]:
    found = ContractCluster(contract_kubeconfig, tmp_path)
    namespaces = found.of("Namespace")
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": found.namespace}}
    namespaces.create(body=body)
    accounts = found.of("ServiceAccount")
    found.wait(lambda: accounts.get(namespace=found.namespace).items, "the default service account")
    yield found
    namespaces.delete(name=found.namespace)
