# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that start as forks of one process that has imported them: imports are most of what a short one costs.

Each fork is a process of its own: it has its own environment, ends with an exit code, and can be killed. Each
kind is a module beside this file with two functions: ``load()`` imports the program, once, and ``run(request)`` runs it
in the fork.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

START_SECONDS = 600.0  # long enough for a busy machine


class ForkResult(NamedTuple):
    """How a fork ended: its exit code (minus the number of the signal that killed it), and its memory and CPU time."""

    code: int
    max_rss_kb: float
    cpu_seconds: float


class Fork:
    """A running fork. It is killed when this process ends, and when ``wait`` has lasted ``seconds``."""

    def __init__(self, path: Path, request: Mapping[str, Any], seconds: float) -> None:
        self._connection: socket.socket | None = socket.socket(socket.AF_UNIX)
        self._connection.settimeout(seconds)
        self._connection.connect(str(path))
        self._answers: IO[str] = self._connection.makefile("r", encoding="utf-8")
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        self.pid = int(json.loads(self._answers.readline())["pid"])

    def ended(self) -> bool:
        """Whether the fork has ended by itself."""
        return self._connection is None or bool(select.select([self._connection], [], [], 0)[0])

    def wait(self) -> ForkResult:
        """Wait for the end of the fork. TimeoutError after ``seconds``, which also kills it."""
        if self._connection is None:
            raise RuntimeError("wait was called before")
        with self._connection, self._answers:
            answer = json.loads(self._answers.readline())
        self._connection = None
        return ForkResult(**answer)

    def kill(self) -> ForkResult:
        """Send SIGKILL; the process and its connections are gone when this returns."""
        if not self.ended():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        return self.wait()


class Forks:
    """The process that one kind of program is forked from; it ends with this process.

    ``folder`` is a temporary folder that exists as long.
    """

    def __init__(self, kind: str, environment: Mapping[str, str]) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="forks-")
        self.folder = Path(self._temporary.name)
        command = [sys.executable, str(Path(__file__).resolve()), kind, str(self.folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(environment), text=True
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._pipes = (self._process.stdin, self._process.stdout)
        atexit.register(self.stop)
        if not select.select([self._process.stdout], [], [], START_SECONDS)[0] or not self._process.stdout.readline():
            self.stop()
            raise RuntimeError(f"the process that {kind} is forked from did not start")

    def start(self, request: Mapping[str, Any], stdout: Path, stderr: Path, seconds: float) -> Fork:
        """Start a fork whose output goes to two files, which may be one; both are appended to."""
        return Fork(self.folder / "socket", {**request, "stdout": str(stdout), "stderr": str(stderr)}, seconds)

    def stop(self) -> None:
        """End the process: it exits when its standard input is closed."""
        atexit.unregister(self.stop)
        for pipe in self._pipes:
            pipe.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._temporary.cleanup()


# -- the process that is forked --------------------------------------------------------------------------------------


class _Children:
    """The running forks, each with the connection of the process that waits for it."""

    def __init__(self, program: Any) -> None:
        self._program = program
        self._running: dict[int, tuple[int, socket.socket]] = {}  # by process id: its descriptor
        self.events = selectors.DefaultSelector()

    def start(self, connection: socket.socket, listener: socket.socket) -> None:
        """Fork the program for a connection, and send its process id."""
        with connection.makefile("r", encoding="utf-8") as lines:
            line = lines.readline()
        if not line:  # the process that asked is gone
            connection.close()
            return
        child = os.fork()
        if child == 0:
            for one in (listener, connection, *(other for _descriptor, other in self._running.values())):
                one.close()
            self.events.close()
            _run_program(self._program, json.loads(line))
        descriptor = os.pidfd_open(child)
        self._running[child] = descriptor, connection
        self.events.register(descriptor, selectors.EVENT_READ, functools.partial(self._end, child))
        self.events.register(connection, selectors.EVENT_READ, functools.partial(self._kill, child))
        _send(connection, {"pid": child})

    def end(self) -> None:
        """Kill the forks that still run."""
        for child in [*self._running]:
            self._kill(child)
            self._end(child)

    def _kill(self, child: int) -> None:
        """Kill a fork: the process that waited for it is gone."""
        descriptor, connection = self._running[child]
        self.events.unregister(connection)
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)

    def _end(self, child: int) -> None:
        """Send how a fork has ended."""
        descriptor, connection = self._running.pop(child)
        _pid, status, usage = os.wait4(child, 0)
        self.events.unregister(descriptor)
        os.close(descriptor)
        if connection in self.events.get_map():
            self.events.unregister(connection)
        ended = ForkResult(os.waitstatus_to_exitcode(status), usage.ru_maxrss, usage.ru_utime + usage.ru_stime)
        _send(connection, ended._asdict())
        connection.close()


def serve(kind: str, folder: Path) -> None:
    """Load the program, then fork it for each connection, until standard input ends."""
    program = importlib.import_module(kind)
    program.load(folder)
    gc.collect()
    gc.freeze()  # no fork's garbage collector scans the shared objects, or copies them to count references
    children = _Children(program)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
        listener.listen(64)
        children.events.register(listener, selectors.EVENT_READ)
        children.events.register(sys.stdin, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            for key, _events in children.events.select():
                if key.fileobj is sys.stdin:
                    children.end()
                    return
                if key.fileobj is listener:
                    children.start(listener.accept()[0], listener)
                elif children.events.get_map().get(key.fd) is key:  # not of a fork that has ended in this round
                    key.data()


def _send(connection: socket.socket, what: Mapping[str, Any]) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(what).encode() + b"\n")


def _run_program(program: Any, request: dict[str, Any]) -> NoReturn:
    """Run as the program to the end of its process: output goes to files, and there is no input."""
    for number, path in ((0, os.devnull), (1, request.pop("stdout")), (2, request.pop("stderr"))):
        os.dup2(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT), number)
    code = 1
    try:
        code = program.run(request)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - the process ends here; the reader is to see why
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
