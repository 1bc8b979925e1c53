# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double for its own tests, and a cluster whose clock the test moves."""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kube_double.clock import Clock
from kube_double.cluster import Cluster
from kube_double.resources import of_kind
from kube_double.testing import KubeDouble

Json = dict[str, Any]
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
USERS = [
    {"name": "bob", "token": "bob-token-1", "rules": [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"], "namespace": "kube-system"},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
    ]},
]  # fmt: skip


def node(name: str, control_plane: bool = False, address: str = "") -> Json:
    labels = {CONTROL_PLANE: ""} if control_plane else {}
    addresses = [{"type": "InternalIP", "address": address}] if address else []
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
            "status": {"addresses": addresses}}  # fmt: skip


NODES = [node("cp-1", True, "10.10.0.10"), node("worker-1", False, "10.10.0.11")]


def config_map(content: str, name: str = "config", immutable: bool = True) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "kube-system"},
            "data": {"file.yaml": content}, "immutable": immutable}  # fmt: skip


def deployment(name: str = "agent", **spec: Any) -> Json:
    """A Deployment like CPI's: one replica on a control-plane node, which mounts the ConfigMap ``config``."""
    labels = {"app": name}
    terms = [{"matchExpressions": [{"key": CONTROL_PLANE, "operator": "Exists"}]}]
    pod = {
        "containers": [{"name": "main", "image": "example.com/agent:1.0",
                        "volumeMounts": [{"name": "volume", "mountPath": "/etc/agent"}]}],
        "volumes": [{"name": "volume", "configMap": {"name": "config"}}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}},
    }  # fmt: skip
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template} | spec,
    }  # fmt: skip


class ManualClock(Clock):
    """A clock that only the test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = 0.0

    def real(self) -> float:
        return self.moment


class SteppedCluster:
    """A cluster without HTTP; pods take 1 s to become ready and 2 s to end."""

    def __init__(self, *objects: Json) -> None:
        self.clock = ManualClock()
        self.cluster = Cluster(1.0, 2.0, clock=self.clock)
        self.registry = self.cluster.registry
        self.cluster.start(objects)

    def at(self, moment: float) -> None:
        self.clock.moment = moment
        self.cluster.settle()

    def do(self, method: str, kind: str, *arguments: Any, **options: Any) -> Any:
        found = getattr(self.registry, method)(of_kind(kind), "kube-system", *arguments, **options)
        self.cluster.settle()
        return found

    def get(self, kind: str, name: str) -> Json:
        return self.registry.get(of_kind(kind), "kube-system", name)

    def pods(self) -> list[Json]:
        """The pods, in order of creation."""
        found = list(self.cluster.store.items(of_kind("Pod")))
        runs = list(self.cluster.kubelets.runs)
        return sorted(
            found, key=lambda pod: runs.index(pod["metadata"]["uid"]) if pod["metadata"]["uid"] in runs else 99
        )

    def seen(self) -> list[str]:
        """The content of the file that each started pod read, in order of registration."""
        runs = self.cluster.kubelets.runs.values()
        return [run.volumes["volume"].get("file.yaml", "") for run in runs if run.volumes is not None]

    def scale(self, replicas: int, name: str = "agent") -> None:
        def change(current: Json) -> Json:
            return current | {"spec": {"replicas": replicas}}

        self.do("scale", "Deployment", name, change, False)


@pytest.fixture
def stage() -> Callable[..., SteppedCluster]:
    return SteppedCluster


@pytest.fixture(scope="session")
def running() -> Iterator[KubeDouble]:
    with KubeDouble(objects=[*NODES, config_map("first")], users=USERS) as kube:
        yield kube


@pytest.fixture
def kube(running: KubeDouble) -> KubeDouble:
    running.reset()
    return running


@pytest.fixture
def refused() -> Callable[..., Json]:
    """A function that makes a call, expects a refusal, and returns its Status."""

    def refusal(call: Callable[..., Any], *arguments: Any, **options: Any) -> Json:
        with pytest.raises(urllib.error.HTTPError) as raised:
            call(*arguments, **options)
        with raised.value as answer:
            found: Json = json.loads(answer.read())
        return found

    return refusal


@pytest.fixture
def make() -> Any:
    """The builders of objects."""

    class Builders:
        config_map = staticmethod(config_map)
        deployment = staticmethod(deployment)
        node = staticmethod(node)
        nodes = NODES

    return Builders
