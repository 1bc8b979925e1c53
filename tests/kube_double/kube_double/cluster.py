# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole cluster in one process: store, rules, controllers and kubelets, settled lazily by one clock."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext

from kube_double.clock import Clock
from kube_double.copies import copied
from kube_double.deployments import Deployments
from kube_double.errors import ApiError, Json
from kube_double.events import Recorder
from kube_double.housekeeping import Housekeeping
from kube_double.kubelet import Kubelets
from kube_double.registry import Registry
from kube_double.replicasets import ReplicaSets
from kube_double.resources import RESOURCES, Resource, of_kind
from kube_double.scheduler import Scheduler
from kube_double.schema import read
from kube_double.store import Store

# Controllers reach their goal in a few rounds. More rounds mean that two of them undo each other's work.
MAX_ROUNDS = 500
_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
# Objects that others depend on are created first, whatever the order of the files.
_FIRST = ("Namespace", "Node", "ServiceAccount", "ConfigMap", "Secret")


class Cluster:
    """``settle`` brings everything up to date. Between two requests nothing else runs."""

    def __init__(self, start_seconds: float, stop_seconds: float, ca: str = "", clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.store = Store()
        self.registry = Registry(self.store, self.clock)
        recorder = Recorder(self.registry)
        self.kubelets = Kubelets(self.registry, recorder, start_seconds, stop_seconds)
        self._controllers = (
            Housekeeping(self.registry, ca),
            Deployments(self.registry, recorder),
            ReplicaSets(self.registry, recorder),
            Scheduler(self.registry, recorder),
            self.kubelets,
        )
        self._settled = -1
        self._loaded: list[Json] = []
        self._running = False

    # -- time ----------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Apply everything that has become due, in order of time."""
        real = self.clock.real()
        self._converge()
        while (due := self.clock.next_alarm()) is not None and due <= real:
            self.clock.advance(due)
            self._settled = -1
            self._converge()
        self.clock.advance(real)

    def _converge(self) -> None:
        for _round in range(MAX_ROUNDS):
            if self.store.version == self._settled:
                return
            self._settled = self.store.version
            for controller in self._controllers:
                controller.sync()
        raise RuntimeError("the controllers do not settle")

    # -- content -------------------------------------------------------------------------------------------------

    def start(self, objects: Iterable[Json], *, running: bool = False) -> None:
        """Start with the objects of every cluster and ``objects``. ``reset`` returns to this state.

        With ``running``, the cluster has run for a while: the pods of these objects are ready at once.
        """
        self._loaded = [copied(item) for item in objects]
        self._running = running
        self.reset()

    def reset(self) -> None:
        """Drop everything and load the objects of the start again."""
        self.store.clear()
        self._settled = -1
        self._converge()
        for name in _NAMESPACES:
            self.registry.create(of_kind("Namespace"), "", {"metadata": {"name": name}})
        self.settle()
        with self.kubelets.at_once() if self._running else nullcontext():
            self.load(self._loaded)

    def load(self, objects: Iterable[Json]) -> None:
        """Create or replace ``objects`` as an administrator would; Nodes and Services keep their status."""
        waiting = [expanded for item in objects for expanded in expand(item)]
        for item in sorted(waiting, key=_rank):
            self._load_one(item)
        self.settle()

    def _load_one(self, item: Json) -> None:
        resource = self.resource_of(item)
        decoded, unknown = read(resource.kind, resource.api_version, item, "Warn")
        where = f"{resource.kind} {decoded.get('metadata', {}).get('name', '')}"
        if unknown:
            raise ValueError(f"{where}: {', '.join(unknown)}")
        meta = decoded.setdefault("metadata", {})
        meta.pop("resourceVersion", None)
        namespace = (meta.get("namespace") or "default") if resource.namespaced else ""
        try:
            self._put(resource, namespace, decoded)
        except ApiError as refused:
            raise ValueError(f"{where}: {refused.message}") from refused
        self.settle()

    def _put(self, resource: Resource, namespace: str, item: Json) -> None:
        name = item["metadata"].get("name", "")
        if self.store.peek(resource, namespace, name) is None:
            stored = self.registry.create(resource, namespace, item)
        else:
            stored = self.registry.update(resource, namespace, name, lambda _current: item)
        if item.get("status") and resource.kind in ("Node", "Service"):
            self.store.put(resource, stored | {"status": stored.get("status", {}) | item["status"]})

    @staticmethod
    def resource_of(item: Json) -> Resource:
        """The resource of an object. Raises ``ValueError`` with the kind if the double does not support it."""
        kind, version = item.get("kind", ""), item.get("apiVersion", "")
        try:
            return next(found for found in RESOURCES if (found.kind, found.api_version) == (kind, version))
        except StopIteration:
            raise ValueError(f"kube_double does not support {kind or 'objects without a kind'} of {version}") from None

    def dump(self) -> list[Json]:
        """Every object, by kind, namespace and name."""
        return [copied(item) for resource in RESOURCES for item in self.store.items(resource)]


def expand(item: Json) -> list[Json]:
    """The object itself, or the items of a ``List``."""
    if str(item.get("kind", "")).endswith("List") and "items" in item:
        return [found for inner in item["items"] for found in expand(inner)]
    return [item]


def _rank(item: Json) -> int:
    kind = item.get("kind", "")
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)
