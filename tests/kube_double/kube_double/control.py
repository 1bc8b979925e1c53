# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control path ``/_double`` for tests, outside the Kubernetes API and its rights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kube_double import errors
from kube_double.errors import Json
from kube_double.kubelet import PodRun

if TYPE_CHECKING:
    from kube_double.server import Server


def run(server: Server, method: str, command: str, query: Mapping[str, str], body: Any) -> Any:
    """Carry out one command and return its answer as JSON."""
    commands: dict[tuple[str, str], Callable[[], Any]] = {
        ("POST", "reset"): lambda: _reset(server),
        ("GET", "dump"): server.cluster.dump,
        ("GET", "journal"): lambda: server.journal.entries,
        ("DELETE", "journal"): server.journal.entries.clear,
        ("POST", "load"): lambda: server.cluster.load(_list(body)),
        ("GET", "faults"): server.faults.as_list,
        ("POST", "faults"): lambda: server.faults.set(_list(body)),
        ("GET", "mounted"): lambda: _mounted(server, query),
        ("GET", "cache"): lambda: _cache(server),
    }
    found = commands.get((method, command))
    if found is None:
        known = ", ".join(f"{verb} {name}" for verb, name in commands)
        raise errors.bad_request(f"{method} {command} is not a command; use one of {known}")
    return found()


def _list(body: Any) -> list[Json]:
    if not isinstance(body, list):
        raise errors.bad_request("a JSON list is expected")
    return body


def _reset(server: Server) -> None:
    server.cluster.reset()
    server.faults.set([])
    server.journal.entries.clear()


def _mounted(server: Server, query: Mapping[str, str]) -> Json:
    """The files and variables that the pod's containers found when they started."""
    wanted = query.get("namespace", ""), query.get("name", "")
    found = [run for run in server.cluster.kubelets.runs.values() if (run.namespace, run.name) == wanted]
    if not found:
        raise errors.not_found("", "pods", wanted[1])
    return _seen(found[0])


def _seen(run: PodRun) -> Json:
    return {"node": run.node, "started": run.volumes is not None, "volumes": run.volumes or {},
            "environment": run.environment or {}}  # fmt: skip


def _cache(server: Server) -> Json:
    """The cache of each node: the pods that hold an entry, and the version of a frozen object."""
    return {
        node: {
            f"{key.kind}/{key.namespace}/{key.name}": {
                "pods": sorted(server.cluster.kubelets.runs[uid].name for uid in entry.users),
                "frozen": entry.frozen["metadata"]["resourceVersion"] if entry.frozen else None,
            }
            for key, entry in cache.items()
        }
        for node, cache in server.cluster.kubelets.caches.items()
    }
