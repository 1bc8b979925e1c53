# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts and stops the two doubles as programs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cpu
from places import CACHE, COLLECTION, LOGS, Failed, Venv, tail

STOP_SECONDS = 600.0  # for a busy machine
FIXTURES = COLLECTION / "tests" / "fixtures" / "cpi"


@dataclass(frozen=True)
class Doubles:
    """The addresses of the simulator and the Kubernetes double."""

    vcd_url: str
    vcd_ca: str
    kubeconfig: str

    def environment(self) -> dict[str, str]:
        """The environment variables that the modules read."""
        return {
            "VCD_URL": self.vcd_url,
            "VCD_CA_PATH": self.vcd_ca,
            "VCD_ORG": "acme",
            "VCD_USER": "kube",
            "VCD_PASSWORD": "kube-secret-1",
            "K8S_AUTH_KUBECONFIG": self.kubeconfig,
        }


@contextmanager
def _program(venv: Venv, package: str, folder: str, arguments: Sequence[str], name: str) -> Iterator[dict[str, str]]:
    """Run ``python -m package`` for the length of a block, and yield the words of its ready line."""
    log = LOGS / f"{name}-{package}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as errors:
        program = subprocess.Popen(
            [str(venv.bin / "python"), "-m", package, "--listen", "127.0.0.1:0", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**venv.environment(CACHE / "tree"), "PYTHONPATH": str(COLLECTION / "tests" / folder)},
        )
        try:
            line = program.stdout.readline() if program.stdout else ""
            if not line.startswith("ready "):
                raise Failed(f"{package} did not start: {line}\n{tail(log)}")
            yield dict(word.split("=", 1) for word in line.split()[1:])
        finally:
            program.terminate()
            cpu.ended(program, STOP_SECONDS)
            if program.stdout:
                program.stdout.close()


@contextmanager
def doubles(
    venv: Venv,
    name: str,
    objects: Sequence[str] = ("cluster.manifest", "cpi-1.6.1.manifest"),
    estate: str = "one-edge",
    api_versions: str = "37.0,37.1,37.2",
) -> Iterator[Doubles]:
    """Run both doubles for the length of a block, with a shipped estate and shipped objects."""
    folder = CACHE / "doubles" / name
    folder.mkdir(parents=True, exist_ok=True)
    files = ",".join(str(FIXTURES / file) for file in objects)
    vcd_arguments = ["--estate", estate, "--api-versions", api_versions, "--tls-dir", str(folder / "tls")]
    kube_arguments = ["--objects", files, "--dir", str(folder / "kube")]
    with (
        _program(venv, "vcdsim", "simulator", vcd_arguments, name) as vcd,
        _program(venv, "kube_double", "kube_double", kube_arguments, name) as kube,
    ):
        yield Doubles(vcd_url=vcd["url"], vcd_ca=vcd["ca"], kubeconfig=kube["kubeconfig"])


@contextmanager
def module_python(venv: Venv) -> Iterator[Path]:
    """A Python for the modules of a playbook that has their libraries imported: see tests/support/forked_python.py."""
    support = COLLECTION / "tests" / "support"
    if str(support) not in sys.path:
        sys.path.append(str(support))
    import forked_python

    with tempfile.TemporaryDirectory(prefix="forks-") as folder:
        program = subprocess.Popen(
            [str(venv.bin / "python"), str(support / "forks.py"), "forked_python", folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=venv.environment(CACHE / "tree"),
        )
        assert program.stdin is not None
        assert program.stdout is not None
        try:
            if not program.stdout.readline():
                raise Failed("the process that modules are forked from did not start")
            yield forked_python.program(Path(folder), str(venv.bin / "python"))
        finally:
            program.stdin.close()  # it exits when its input is closed
            program.stdout.close()
            cpu.ended(program, STOP_SECONDS)
