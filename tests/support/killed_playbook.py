# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real ansible-playbook that is killed: all its processes, only the main one, or only the module.

Its main process is forked from one that has imported it (see `forked_playbook`). Its workers are its own, as usual, and
each module is a Python of its own below them.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from role_runs import started_playbook

TREE, MAIN, MODULE = "tree", "main", "module"


def descendants(pid: int) -> list[int]:
    """All descendants of a process: Ansible's workers have their own sessions."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = list(children.get(pid, []))
    for one in found:
        found += children.get(one, [])
    return found


class Playbook:
    """A run of ansible-playbook in a process of its own; the end of the body ends all of its processes."""

    def __init__(self, folder: Path, words: Sequence[str], environment: Mapping[str, str]) -> None:
        self._output = folder / "output"
        self._output.write_text("")
        self._seen: set[int] = set()
        self._job = started_playbook(folder, words, environment, self._output, sys.executable)
        self._code: int | None = None

    def __enter__(self) -> Playbook:
        return self

    def __exit__(self, *error: object) -> None:
        self._look()
        for pid in (self._job.pid, *self._seen):
            if b"ansible" in _command(pid).lower():
                _kill(pid)
        self.wait()

    def ended(self) -> bool:
        """Whether the main process has ended."""
        return self._job.ended()

    def output(self) -> str:
        """The output so far."""
        return self._output.read_text(encoding="utf-8")

    def wait(self) -> int:
        """Wait for the exit code."""
        if self._code is None:
            self._code = self._job.wait().code
        return self._code

    def kill(self, what: str) -> list[int]:
        """Send SIGKILL to the tree, the main process or the module. Returns its processes that still run."""
        self._look()
        module = [pid for pid in self._seen if b"AnsiballZ_" in _command(pid)]
        assert module, "no module runs"
        for pid in {TREE: [self._job.pid, *self._seen], MAIN: [self._job.pid], MODULE: module}[what]:
            _kill(pid)
        if what != MODULE:
            self.wait()
        return [pid for pid in self._seen if _command(pid)]

    def _look(self) -> None:
        self._seen.update(descendants(self._job.pid))


def _command(pid: int) -> bytes:
    """The command line of a process; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
