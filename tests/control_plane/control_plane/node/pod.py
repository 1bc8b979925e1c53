# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pod on its node, from its binding until its object is gone."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from control_plane.node.container import Container, Image
from control_plane.node.volumes import Files, NotSupported, NotYet, VolumeSource
from control_plane.program import Program

Object = dict[str, Any]
REFRESH_SECONDS = 1.0  # a kubelet does it within about a minute
RESTART_SECONDS = (0.5, 1.0, 2.0, 5.0)  # a kubelet waits 10 s, 20 s, 40 s ...


@dataclass(frozen=True)
class Pace:
    """How long a pod takes to start, and to disappear after its programs have ended."""

    start_seconds: float = 0.0
    stop_seconds: float = 0.3


class Pod:
    """The containers of a pod, and the status that follows from them."""

    def __init__(self, item: Object, address: str, folder: Path, logs: Path, pace: Pace) -> None:
        self.namespace, self.name, self.uid = (item["metadata"][key] for key in ("namespace", "name", "uid"))
        self.address, self._folder, self._logs, self._pace = address, folder, logs, pace
        self._bound = time.monotonic()
        self._refreshed = 0.0
        self._containers: dict[str, _Running] = {}
        self._stopping: float | None = None
        self._failure = ""
        self._waiting = ""
        self._started = ""

    @property
    def programs(self) -> list[Program]:
        """The programs that run for the pod."""
        found = (running.program for running in self._containers.values())
        return [program for program in found if program is not None and program.exit_code is None]

    @property
    def steady(self) -> bool:
        """Whether it is ready and is to stay so."""
        return bool(self._containers) and all(one.ready for one in self._containers.values()) and not self._stopping

    def run(self, item: Object, source: VolumeSource, find_image: Callable[[str], Image | None], server: str) -> None:
        """Start or restart the containers, and refresh the volumes."""
        if self._failure or time.monotonic() < self._bound + self._pace.start_seconds:
            return
        try:
            if not self._containers:
                self._prepare(item, source, find_image, server)
            elif time.monotonic() > self._refreshed + REFRESH_SECONDS:
                self._mount(item, source)
            self._waiting = ""
        except NotYet as error:
            self._waiting = str(error)
        except NotSupported as error:
            self._failure = str(error)
            return
        for running in self._containers.values():
            running.keep_running()

    def stop(self, grace: float) -> bool:
        """Stop the programs. True once the pod object may be deleted."""
        if self._stopping is None:
            self._stopping = time.monotonic()
            for program in self.programs:
                program.ask_to_end()
        since = time.monotonic() - self._stopping
        if since > grace:
            self.kill()
        return not self.programs and since >= self._pace.stop_seconds

    def kill(self) -> None:
        """Kill the programs."""
        for program in self.programs:
            program.stop(0.0)

    def discard(self) -> None:
        """Remove the files of a pod that is gone, secrets included. Its logs stay."""
        self.kill()
        for running in self._containers.values():
            if running.container.image is not None:
                running.container.image.after_end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def mounted(self) -> dict[str, Files]:
        """Volume name -> its files, as the first container with that volume sees them now."""
        found: dict[str, Files] = {}
        for running in self._containers.values():
            for mount in running.container.spec.get("volumeMounts", []):
                found.setdefault(mount["name"], running.container.read(mount["mountPath"]))
        return found

    def status(self, item: Object) -> Object:
        """The status to report."""
        states = [self._container_status(spec) for spec in item["spec"]["containers"]]
        ready = bool(states) and all(state["ready"] for state in states) and self._stopping is None
        flag = "True" if ready else "False"
        kept = [one for one in item["status"].get("conditions", []) if one["type"] == "PodScheduled"]
        conditions = [{"type": kind, "status": flag} for kind in ("Ready", "ContainersReady")]
        found: Object = {
            "phase": "Failed" if self._failure else "Running" if self._containers else "Pending",
            "conditions": [*kept, {"type": "Initialized", "status": "True"}, *conditions],
            "hostIP": self.address,
            "podIP": self.address,
            "podIPs": [{"ip": self.address}],
            "containerStatuses": states,
        }
        if self._failure:
            found |= {"reason": "NotSupported", "message": self._failure}
        if self._started:
            found["startTime"] = self._started
        return found

    def _prepare(
        self, item: Object, source: VolumeSource, find_image: Callable[[str], Image | None], server: str
    ) -> None:
        user = item["spec"].get("securityContext", {}).get("runAsUser")
        for spec in item["spec"]["containers"]:
            container = Container(self._folder / spec["name"], spec, find_image(spec["image"]), user)
            environment = _environment(item, spec, source, server)
            self._containers[spec["name"]] = _Running(container, environment, self._logs)
        try:
            self._mount(item, source)
        except (NotYet, NotSupported):
            self._containers.clear()
            raise
        self._started = _now()

    def _mount(self, item: Object, source: VolumeSource) -> None:
        volumes = {volume["name"]: volume for volume in item["spec"].get("volumes", [])}
        for running in self._containers.values():
            mounts = running.container.spec.get("volumeMounts", [])
            for mount in sorted(mounts, key=lambda one: len(one["mountPath"])):
                if mount.get("subPath"):
                    raise NotSupported(f"volumeMounts of {mount['name']}: subPath is not supported")
                running.mount(mount["mountPath"], volumes[mount["name"]], item, source)
        self._refreshed = time.monotonic()

    def _container_status(self, spec: Object) -> Object:
        base = {"name": spec["name"], "image": spec["image"], "imageID": spec["image"]}
        running = self._containers.get(spec["name"])
        if running is None:
            waiting = {"reason": "ContainerCreating", **({"message": self._waiting} if self._waiting else {})}
            return {**base, "ready": False, "started": False, "restartCount": 0, "state": {"waiting": waiting}}
        return {**base, **running.status(), "lastState": running.last_state}


class _Running:
    """A container and the program that runs in it, restarted when it ends."""

    def __init__(self, container: Container, environment: dict[str, str], logs: Path) -> None:
        self.container = container
        self.program: Program | None = None
        self.last_state: Object = {}
        self._environment, self._logs = environment, logs
        self._files: dict[str, Files] = {}
        self._restarts, self._next, self._ready, self._since = -1, 0.0, False, ""

    def mount(self, path: str, volume: Object, item: Object, source: VolumeSource) -> None:
        """Mount a volume's files if they have changed. A token is requested once and valid for the pod's lifetime."""
        if path in self._files and "projected" in volume:
            return
        files = source.files(item, volume)
        if self._files.get(path) != files:
            self.container.mount(path, files)
            self._files[path] = files

    def keep_running(self) -> None:
        """Start the program, or restart it when it has ended and its back-off is over."""
        if self.program is not None and self.program.exit_code is not None:
            code = self.program.exit_code
            self.last_state = {"terminated": {"exitCode": code if code >= 0 else 128 - code, "reason": "Error"}}
            pause = RESTART_SECONDS[min(self._restarts, len(RESTART_SECONDS) - 1)]
            self.program, self._ready, self._next = None, False, time.monotonic() + pause
        if self.program is None and not self._since and self.container.image is None:
            self._since, self._restarts = _now(), 0
        if self.program is None and self.container.image is not None and time.monotonic() >= self._next:
            self._restarts += 1
            log = self._logs / f"{self.container.spec['name']}.{self._restarts}.log"
            self.program, self._since = self.container.start(log, self._environment), _now()

    @property
    def ready(self) -> bool:
        """Whether the program runs and its log shows that it works. Without a program: whether it is started."""
        if self.container.image is None:
            return bool(self._since)
        if self.program is None or self.program.exit_code is not None:
            return False
        if not self._ready:
            text = self.program.log.read_text(errors="replace")
            self._ready = self.container.image.ready.search(text) is not None
        return self._ready

    def status(self) -> Object:
        """The part of a container's status that can change."""
        up = self.container.image is None or self.program is not None
        waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "the program ended and will be restarted"}}
        state = {"running": {"startedAt": self._since or _now()}} if up else waiting
        return {"ready": self.ready, "started": up, "restartCount": max(self._restarts, 0), "state": state}


def _environment(item: Object, spec: Object, source: VolumeSource, server: str) -> dict[str, str]:
    """The environment of a container as the kubelet sets it: the API server's address, and the container's values."""
    host, _colon, port = server.removeprefix("https://").partition(":")
    found = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    for variable in spec.get("env", []):
        value = source.value(item, variable["valueFrom"]) if "valueFrom" in variable else variable.get("value", "")
        if value is not None:
            found[variable["name"]] = value
    return found


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
