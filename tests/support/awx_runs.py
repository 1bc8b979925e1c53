# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of jobs that `awx_jobs.prepare` has written, by the ansible-runner that AWX uses, on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from awx_jobs import Job, ended, template_named

IDENT = "1"
SECONDS = 1800  # only a job that hangs on a busy machine takes longer


def program(name: str) -> str:
    """ansible-runner or receptorctl, in the environment of their own that the gates make."""
    folder = os.environ.get("AWX_PROGRAMS")
    if not folder:
        raise RuntimeError("AWX_PROGRAMS is not set: run the tests with make, which installs these programs")
    return str(Path(folder) / name)


class Running:
    """A job that runs."""

    def __init__(self, folder: Path, template: str) -> None:
        self.folder = folder
        playbook = template_named(template)["playbook"]
        inventory = str(folder / "inventory" / "hosts")
        command = [program("ansible-runner"), "run", str(folder), "-p", playbook, "--inventory", inventory]
        self._process = subprocess.Popen(
            [*command, "--ident", IDENT, "--quiet"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def cancel(self) -> Job:
        """Cancel it: ansible-runner ends ansible-playbook, and AWX then removes the container with all in it."""
        self._process.send_signal(signal.SIGTERM)
        found = self.wait()
        mark = f"AWX_PRIVATE_DATA_DIR={self.folder}".encode()
        for one in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):  # it has ended
                if mark in one.read_bytes().split(b"\0"):
                    os.kill(int(one.parent.name), signal.SIGKILL)
        return found

    def wait(self) -> Job:
        """How it ended."""
        said, _nothing = self._process.communicate(timeout=SECONDS)
        kept = self.folder / "artifacts" / IDENT
        if not (kept / "rc").exists():
            raise RuntimeError(f"ansible-runner left no result: {said}")
        files = sorted((kept / "job_events").glob("*.json"), key=lambda one: int(one.name.partition("-")[0]))
        events = [json.loads(one.read_text(encoding="utf-8")) for one in files]
        return ended((kept / "status").read_text().strip(), int((kept / "rc").read_text()), events)


def start(folder: Path, template: str) -> Running:
    """Start a job that was prepared."""
    return Running(folder, template)
