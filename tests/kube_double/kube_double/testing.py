# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For tests: runs the double as a process of its own, in a context manager.

The process is forked from one that has imported the program, because importing it takes most of the time of a start.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import pathlib
import ssl
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.message import Message
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import yaml

from kube_double.cluster import Cluster
from kube_double.errors import Json
from kube_double.kept_connection import KeptConnection

START_SECONDS = 600.0  # generous, for a busy machine: a start takes a fraction of a second
STOP_SECONDS = 60.0
_FORKS = multiprocessing.get_context("forkserver")
# one process for both doubles if a test uses both; a double that is not installed is left out
_FORKS.set_forkserver_preload(["kube_double.preload", "vcdsim.preload"])


def _ensure_forks() -> None:
    """Start the process that the others are forked from. It finds preloaded modules only through the environment."""
    before = os.environ.get("PYTHONPATH")
    folders = [str(pathlib.Path(__file__).resolve().parents[1]), *sys.path]
    os.environ["PYTHONPATH"] = os.pathsep.join(part for part in folders if part)
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before


def _run(arguments: list[str], output: Connection, complaints: str) -> None:
    """Run the program as ``python -m kube_double`` does, in this process, with its standard output in the pipe."""
    from kube_double.__main__ import main

    os.dup2(output.fileno(), 1)
    os.dup2(os.open(complaints, os.O_WRONLY | os.O_CREAT, 0o600), 2)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    sys.exit(main(arguments))


class KubeApi:
    """Requests to one cluster of a running double, as ``admin``, and its control path."""

    def __init__(self) -> None:
        self.url = self.ca = self.kubeconfig = self.control = self._token = ""

    def _connect(self, facts: Mapping[str, str], token: str) -> None:
        self.url, self.ca, self.kubeconfig, self.control = (
            facts[key] for key in ("url", "ca", "kubeconfig", "control")
        )
        self._token = token
        self._context = ssl.create_default_context(cafile=self.ca)
        self._kept = KeptConnection(self.url, self._context)

    # -- requests ------------------------------------------------------------------------------------------------

    def request(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        """Send one request as ``admin`` and return the answer. Raises ``urllib.error.HTTPError`` on a refusal."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": content_type}
        if path.startswith("/_double/"):
            code, answer = self._kept.ask(method, path, data, headers)
            if code >= 400:
                message = answer.decode()
                raise urllib.error.HTTPError(self.url + path, code, message, Message(), io.BytesIO(answer))
            return json.loads(answer)
        asked = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        with urllib.request.urlopen(asked, context=self._context, timeout=300) as found:
            return json.loads(found.read())

    @staticmethod
    def path(kind: str, namespace: str | None = None, name: str = "", api_version: str = "") -> str:
        """The URL path of an object, or of its collection."""
        known = {"Deployment": "apps/v1", "ReplicaSet": "apps/v1", "Lease": "coordination.k8s.io/v1"}
        rbac = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
        default = "rbac.authorization.k8s.io/v1" if kind in rbac else known.get(kind, "v1")
        resource = Cluster.resource_of({"kind": kind, "apiVersion": api_version or default})
        within = f"/namespaces/{namespace}" if resource.namespaced and namespace else ""
        return f"{resource.base}{within}/{resource.plural}" + (f"/{name}" if name else "")

    def get(self, kind: str, namespace: str | None, name: str) -> Json | None:
        """The object, or None."""
        try:
            found: Json = self.request("GET", self.path(kind, namespace, name))
        except urllib.error.HTTPError as refused:
            with refused:
                if refused.code == 404:
                    return None
                raise
        return found

    def list(self, kind: str, namespace: str | None = None, selector: str = "") -> list[Json]:
        """The objects of a kind, in one namespace or in all."""
        query = f"?labelSelector={urllib.parse.quote(selector)}" if selector else ""
        found: list[Json] = self.request("GET", self.path(kind, namespace) + query)["items"]
        return found

    def apply(self, item: Json) -> Json:
        """Create or replace the object."""
        meta = item["metadata"]
        namespace = meta.get("namespace", "default")
        version = item["apiVersion"]
        path = self.path(item["kind"], namespace, meta["name"], version)
        found: Json
        if self.get(item["kind"], namespace, meta["name"]) is None:
            found = self.request("POST", path.rpartition("/")[0], item)
        else:
            found = self.request("PUT", path, item)
        return found

    def delete(self, kind: str, namespace: str | None, name: str) -> Json:
        found: Json = self.request("DELETE", self.path(kind, namespace, name))
        return found

    # -- the control path ----------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Return to the objects of the start. Journal and faults are cleared."""
        self.request("POST", "/_double/reset")

    def dump(self) -> Any:
        """Every object."""
        return self.request("GET", "/_double/dump")

    def load(self, objects: Iterable[Json]) -> None:
        """Create objects with their status, bypassing the API and its rights."""
        self.request("POST", "/_double/load", [*objects])

    def journal(self, *, clear: bool = False) -> Any:
        """The requests so far, or since the journal was last cleared: time, method, path, user, code, object, body."""
        entries = self.request("GET", "/_double/journal")
        if clear:
            self.request("DELETE", "/_double/journal")
        return entries

    def faults(self, rules: Iterable[Json] | None = None) -> Any:
        """Replace the faults; an empty list removes them. Without an argument, return them with their counts."""
        if rules is None:
            return self.request("GET", "/_double/faults")
        return self.request("POST", "/_double/faults", [*rules])

    def seen(self, namespace: str, pod: str) -> Any:
        """What a pod found when it started: ``node``, ``started``, ``volumes``, ``environment``."""
        query = urllib.parse.urlencode({"namespace": namespace, "name": pod})
        return self.request("GET", f"/_double/mounted?{query}")

    def mounted(self, namespace: str, pod: str) -> dict[str, dict[str, str]]:
        """The files of each volume at the pod's start; empty before that."""
        found: dict[str, dict[str, str]] = self.seen(namespace, pod)["volumes"]
        return found

    def wait_for(self, holds: Callable[[], Any], what: str, seconds: float = 600.0) -> Any:
        """Ask until ``holds()`` is true and return its value; raises ``TimeoutError`` naming ``what``."""
        deadline = time.monotonic() + seconds
        while not (found := holds()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds} s: {what}")
            time.sleep(0.05)
        return found


class _Process:
    """The program in a process of its own, within a ``with`` block of its stack."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kube_double-")))
        self._stack = stack

    def start(self, arguments: list[str], last: str = "ready") -> list[dict[str, str]]:
        """Start it, and return the values of its output lines. RuntimeError with its error message."""
        _ensure_forks()
        reading, writing = _FORKS.Pipe(duplex=False)
        command = ["--dir", str(self.folder), *arguments]
        complaints = self.folder / "stderr"
        process = _FORKS.Process(target=_run, args=(command, writing, str(complaints)), daemon=True)
        process.start()
        self._stack.callback(_end, process)
        writing.close()
        found: list[dict[str, str]] = []
        timer = threading.Timer(START_SECONDS, process.kill)
        timer.start()
        try:
            with reading, os.fdopen(os.dup(reading.fileno()), encoding="utf-8") as lines:
                for line in lines:
                    found.append(dict(part.split("=", 1) for part in line.split()[1:]))
                    if line.startswith(f"{last} "):
                        return found
        finally:
            timer.cancel()
        process.join(STOP_SECONDS)
        raise RuntimeError(f"kube_double did not start: {complaints.read_text(encoding='utf-8').strip()}")

    def tokens(self, kubeconfig: str) -> list[str]:
        """The tokens in a kubeconfig, in the order of its contexts."""
        content = yaml.safe_load(pathlib.Path(kubeconfig).read_text(encoding="utf-8"))
        return [str(one["user"]["token"]) for one in content["users"]]


class KubeDouble(KubeApi):
    """A running double. ``objects`` are dicts or paths of YAML files; ``users`` are maps of name, token, groups, rules.

    ``kubeconfig``, ``url``, ``ca`` and ``control`` are set inside the block. ``start_seconds`` and ``stop_seconds`` are
    the times that pods take to become ready and to end.
    """

    def __init__(
        self,
        objects: Iterable[Json | str | os.PathLike[str]] = (),
        users: Iterable[Json] = (),
        start_seconds: float = 0.2,
        stop_seconds: float = 0.3,
    ) -> None:
        super().__init__()
        self._objects = list(objects)
        self._users = list(users)
        self._times = _times(start_seconds, stop_seconds)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> KubeDouble:
        with contextlib.ExitStack() as stack:
            process = _Process(stack)
            (facts,) = process.start(self._arguments(process.folder))
            self._connect(facts, process.tokens(facts["kubeconfig"])[0])
            stack.callback(self._kept.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stack.close()

    def _arguments(self, folder: pathlib.Path) -> list[str]:
        paths = [str(item) for item in self._objects if not isinstance(item, dict)]
        inline = [item for item in self._objects if isinstance(item, dict)]
        if inline:
            (folder / "objects.yaml").write_text(yaml.safe_dump_all(inline), encoding="utf-8")
            paths.append(str(folder / "objects.yaml"))
        arguments = ["--objects", ",".join(paths), *self._times]
        if self._users:
            users = folder / "users.yaml"
            users.touch(mode=0o600)
            users.write_text(yaml.safe_dump(self._users), encoding="utf-8")
            arguments += ["--users", str(users)]
        return arguments


class KubeFleet:
    """Many clusters in one process: ``fleet[name]`` is a cluster, and ``kubeconfig`` has a context with each name.

    ``objects`` maps the name of each cluster to its objects. The times are those of `KubeDouble`.
    """

    def __init__(
        self, objects: Mapping[str, Iterable[Json]], start_seconds: float = 0.2, stop_seconds: float = 0.3
    ) -> None:
        self._objects = {name: [*own] for name, own in objects.items()}
        self._times = _times(start_seconds, stop_seconds)
        self._stack = contextlib.ExitStack()
        self._clusters: dict[str, KubeApi] = {}
        self.kubeconfig = ""

    def __enter__(self) -> KubeFleet:
        with contextlib.ExitStack() as stack:
            process = _Process(stack)
            file = process.folder / "clusters.json"
            file.write_text(json.dumps(self._objects), encoding="utf-8")
            *lines, last = process.start(["--clusters", str(file), *self._times])
            self.kubeconfig = last["kubeconfig"]
            for facts, token in zip(lines, process.tokens(self.kubeconfig), strict=True):
                cluster = self._clusters[facts["name"]] = KubeApi()
                cluster._connect(facts, token)
                stack.callback(cluster._kept.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stack.close()

    def __getitem__(self, name: str) -> KubeApi:
        return self._clusters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._clusters)


def _times(start_seconds: float, stop_seconds: float) -> list[str]:
    return ["--pod-start-seconds", str(start_seconds), "--pod-stop-seconds", str(stop_seconds)]


def _end(process: BaseProcess) -> None:
    process.terminate()
    process.join(STOP_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
    process.close()
