# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long-running programs that a test starts, watches and stops. Each logs to a file."""

from __future__ import annotations

import atexit
import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from control_plane.places import Failed, tail

# For programs in Go: its runtime wakes threads on every core for work that one does instantly, and collects garbage
# after each few MB.
FRUGAL = {"GOMAXPROCS": "1", "GOGC": "400"}

_running: set[Program] = set()


class Program:
    """One running program. It is stopped at the end of the test session at the latest."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.command, self.log = list(command), log
        with log.open("ab") as sink:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=None if environment is None else dict(environment),
                start_new_session=True,  # Ctrl-C is for the test session, which then stops this program
            )
        _running.add(self)

    @property
    def name(self) -> str:
        """The program's file name."""
        return Path(self.command[0]).name

    @property
    def process_id(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code: None while it runs, negative if a signal ended it."""
        code = self._process.poll()
        if code is not None:
            _running.discard(self)
        return code

    def wait_until(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait until ``condition`` holds. Failed with the end of the log if the program ends first or time is up."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.exit_code is not None:
                raise Failed(f"{self.name} ended with {self.exit_code} before {what}:\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise Failed(f"{self.name}: not {what} within {seconds:.0f} s:\n{tail(self.log)}")
            time.sleep(0.05)

    def ask_to_end(self) -> None:
        """Send SIGTERM and return."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL and return."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def stop(self, seconds: float = 5.0) -> None:
        """Send SIGTERM, and SIGKILL if the program does not end within ``seconds``."""
        self.ask_to_end()
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        _running.discard(self)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that were free a moment ago, for programs that cannot pick a free port themselves."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _number in range(count):
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            ports.append(listener.getsockname()[1])
        return ports


@atexit.register
def _end_all() -> None:
    for program in list(_running):
        program.stop(1.0)
