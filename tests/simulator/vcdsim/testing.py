# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For tests: runs the simulator as a process of its own, with its control path as methods.

The process is forked from one that has imported the program, because importing it takes most of the time of a start.
"""

from __future__ import annotations

import atexit
import json
import multiprocessing
import os
import re
import ssl
import sys
import tempfile
import threading
import urllib.parse
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Any

from vcdsim.kept_connection import KeptConnection

_READY = re.compile(r"^ready url=(\S+) ca=(\S+) control=(\S+)$")
_START_SECONDS = 600  # generous, for a busy machine: a start takes a fraction of a second
_STOP_SECONDS = 60
_FORKS = multiprocessing.get_context("forkserver")
# one process for both doubles if a test uses both; a double that is not installed is left out
_FORKS.set_forkserver_preload(["vcdsim.preload", "kube_double.preload"])


def _ensure_forks() -> None:
    """Start the process from which the others are forked. It finds preloaded modules only through the environment."""
    before = os.environ.get("PYTHONPATH")
    folders = [str(Path(__file__).resolve().parents[1]), *sys.path]
    os.environ["PYTHONPATH"] = os.pathsep.join(part for part in folders if part)
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before


def _run(arguments: list[str], output: Connection) -> None:
    """Run the program as ``python -m vcdsim`` does, in this process, with its standard output in the pipe."""
    from vcdsim.command import main

    os.dup2(output.fileno(), 1)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.exit(main(arguments))


@cache
def _as_json(description: Path) -> Path:
    """The vendor's description as a JSON file, which simulators read quickly."""
    from vcdsim.contract import read_description

    folder = tempfile.TemporaryDirectory(prefix="vcdsim-")
    atexit.register(folder.cleanup)
    found = Path(folder.name, description.name).with_suffix(".json")
    found.write_text(json.dumps(read_description(description), default=str), encoding="utf-8")
    return found


class ContractBroken(AssertionError):
    """Requests or answers differ from the vendor's description. The message has one line for each difference."""


class Simulator:
    """``with Simulator(estate="one-edge", task_seconds=0.2) as sim:``

    Takes the options of the command, with underscores. ``assume`` is a mapping or a list of ``NAME=VALUE``. ``url`` and
    ``ca`` are for the client. With the option ``openapi``, or the environment variable VCDSIM_OPENAPI, leaving the
    block raises ContractBroken if any request or answer differs from that API description. The environment variable
    VCDSIM_JOURNAL is the default of the option ``journal``.
    """

    def __init__(self, estate: str | Path = "one-edge", **options: Any) -> None:
        options.setdefault("openapi", os.environ.get("VCDSIM_OPENAPI") or None)
        options.setdefault("journal", os.environ.get("VCDSIM_JOURNAL") or None)
        self._holds = options["openapi"] is not None
        if self._holds:
            options["openapi"] = _as_json(Path(options["openapi"]))
        self._command = ["--estate", str(estate), *_arguments(options)]
        self._process: BaseProcess | None = None
        self._control: KeptConnection | None = None
        self.url = self.ca = self.control = ""

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        problems = self.contract()["problems"] if self._holds and kind is None else []
        self.stop()
        if problems:
            raise ContractBroken("\n".join(problems))

    def start(self) -> None:
        """Start the program and wait for its ready line. RuntimeError with its output if it does not start."""
        _ensure_forks()
        reading, writing = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(target=_run, args=(self._command, writing), daemon=True)
        self._process.start()
        writing.close()
        timer = threading.Timer(_START_SECONDS, self._process.kill)
        timer.start()
        try:
            with os.fdopen(os.dup(reading.fileno()), encoding="utf-8") as output:
                line = output.readline().strip()
        finally:
            timer.cancel()
            reading.close()
        ready = _READY.match(line)
        if not ready:
            self.stop()
            raise RuntimeError(f"the simulator did not start: {' '.join(self._command)}: {line!r}")
        self.url, self.ca, self.control = ready.groups()
        self._control = KeptConnection(self.control, ssl.create_default_context(cafile=self.ca))

    @property
    def pid(self) -> int:
        """The process id of the running program, for measurements. RuntimeError if it does not run."""
        if self._process is None or self._process.pid is None:
            raise RuntimeError("the simulator does not run")
        return self._process.pid

    def stop(self) -> int | None:
        """Stop the program with SIGTERM and return its exit status."""
        if self._control is not None:
            self._control.close()
        process, self._process = self._process, None
        if process is None:
            return None
        process.terminate()
        process.join(_STOP_SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
        status = process.exitcode
        process.close()
        return status

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        if self._control is None:
            raise RuntimeError("the simulator has not been started")
        data = None if body is None else json.dumps(body).encode()
        status, answer = self._control.ask(method, urllib.parse.urlsplit(self.control).path + path, data)
        found = json.loads(answer)
        if status >= 400:
            raise ValueError(found["error"])
        return found

    def reset(self) -> None:
        """Return to the estate. Sessions, tasks, faults and journal are cleared."""
        self._ask("POST", "/reset")

    def dump(self) -> dict[str, Any]:
        """All objects by kind (``virtual_services``, ``pools``, ``nat_rules``, ...)."""
        return dict(self._ask("GET", "/dump"))

    def faults(self, rules: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
        """Replace the fault rules. Without an argument, return them with their counts."""
        return list(self._ask("GET", "/faults") if rules is None else self._ask("PUT", "/faults", rules))

    def timeline(self) -> list[dict[str, Any]]:
        """The timeline since the journal was last cleared; see ``vcdsim.timeline``."""
        return list(self._ask("GET", "/timeline"))

    def snapshot(self) -> int:
        """Store the whole state for ``restore``."""
        return int(self._ask("POST", "/snapshot")["snapshot"])

    def restore(self, snapshot: int) -> None:
        """Return to a snapshot. Journal and timeline are cleared, and held requests are reset."""
        self._ask("POST", "/restore", {"snapshot": snapshot})

    def journal(self, *, clear: bool = False) -> list[dict[str, Any]]:
        """Every request since the start, or since the journal was last cleared. ``clear`` also clears the timeline."""
        entries = list(self._ask("GET", "/journal"))
        if clear:
            self._ask("DELETE", "/journal")
        return entries

    def contract(self) -> dict[str, Any]:
        """The check against the vendor's description (option ``openapi``): ``checked`` and ``problems``."""
        return dict(self._ask("GET", "/contract"))

    def expire(self) -> None:
        """End every session."""
        self._ask("POST", "/expire")

    def assume(self, **switches: str) -> None:
        """Set assumptions: ``assume(vip_dnat_same_address="allowed")``."""
        self._ask("PUT", "/assume", {name.replace("_", "-"): value for name, value in switches.items()})

    def settings(self, **values: float) -> None:
        """Set task_seconds, health_seconds or request_seconds from now on."""
        self._ask("PUT", "/settings", values)

    def health(self, members: dict[str, str]) -> None:
        """Set the health of pool members by address: ``{"10.10.0.11": "DOWN"}``."""
        self._ask("PUT", "/health", members)

    def release(self, task: str) -> bool:
        """End a task that would never end. False if no such task runs."""
        return bool(self._ask("POST", "/release", {"task": task})["released"])


def _arguments(options: dict[str, Any]) -> list[str]:
    arguments: list[str] = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if name == "assume":
            pairs = [f"{key}={one}" for key, one in value.items()] if isinstance(value, dict) else list(value)
            arguments += [part for pair in pairs for part in (flag, pair)]
        elif isinstance(value, (list, tuple)):
            arguments += [flag, ",".join(str(one) for one in value)]
        elif value is not None:
            arguments += [flag, str(value)]
    return arguments
