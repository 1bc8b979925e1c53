# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interpreters, virtual environments, and the copy of the collection that the tools work on, all in .cache/.

Standard library only, because this runs before anything is installed.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cpu

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
LOGS = CACHE / "logs"
BYTECODE = CACHE / "bytecode"
TREE = CACHE / "tree"
COLLECTION = TREE / "ansible_collections" / "vcd" / "kubernetes"
REQUIREMENTS = ROOT / "tests" / "requirements"
RELEASED_OF_TESTS = "tests/config.yml"
# Long, to end only what hangs: on a machine with a load of 20, 5 minutes become more than half an hour.
HANGS_SECONDS = 4 * 3600.0

# For each ansible-core, the version of the community package that contains its kubernetes.core: for 2.16 the first
# whose kubernetes.core the collection can depend on.
ANSIBLE_OF_CORE = {
    "2.16": "10.7.0",
    "2.17": "10.7.0",
    "2.18": "11.13.0",
    "2.19": "12.3.0",
    "2.20": "13.8.0",
    "2.21": "14.5.0",
}
NEWEST_ANSIBLE = {True: "14.5.0", False: "12.3.0"}[sys.version_info >= (3, 12)]
# The environments that cache the work of Ansible. An environment for testing another ansible-core leaves it unchanged.
KEEP_WORK = ("run", "test")
# The newest community package that contains awx.awx.
ANSIBLE_WITH_AWX = {True: "13.8.0", False: "12.3.0"}[sys.version_info >= (3, 12)]


class Failed(Exception):
    """A step failed. The message says where to look."""


def say(text: str) -> None:
    """Print a progress line at once."""
    print(text, flush=True)


def tail(log: Path, lines: int = 40) -> str:
    """The end of a log, for a failure message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def run(
    command: Sequence[str | Path],
    log: Path,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = HANGS_SECONDS,
) -> str:
    """Run a command, append its output to ``log`` and return it. Failed with the end of the log if it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        sink.write(f"\n$ {' '.join(str(part) for part in command)}\n".encode())
        sink.flush()
        start = sink.tell()
        program = subprocess.Popen(
            cpu.command(command),
            cwd=cwd or ROOT,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
        code = cpu.ended(program, timeout)
    if code is None:
        raise Failed(f"{command[0]} did not end within {timeout:g} s\n{tail(log)}")
    if code:
        raise Failed(f"exit code {code}: {' '.join(str(part) for part in command)}\n{tail(log)}\n(whole log: {log})")
    with log.open("rb") as source:
        source.seek(start)
        return source.read().decode(errors="replace")


def real_interpreters() -> dict[str, Path]:
    """The Pythons on this machine that start, by minor version ("3.12"), without shims of version managers."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += [Path(folder) for folder in glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin"))]
    found: dict[str, Path] = {}
    for minor in ("3.10", "3.11", "3.12", "3.13"):
        for folder in folders:
            candidate = folder / f"python{minor}"
            if folder.name == "shims" or str(CACHE) in str(folder) or not os.access(candidate, os.X_OK):
                continue
            if subprocess.run([candidate, "-c", "import venv, ssl"], capture_output=True, check=False).returncode == 0:
                found[minor] = candidate
                break
    return found


def store_startup(environment: Path, *modules: str) -> None:
    """See `zipped_code` and `kept_work`: files that each start of the environment's Python imports."""
    packages = next(environment.glob("lib/python*/site-packages"))
    for module in modules:
        source = Path(__file__).with_name(f"{module}.py").read_text()
        for name, text in ((f"{module}.py", source), (f"{module}.pth", f"import {module}\n")):
            if not (packages / name).exists() or (packages / name).read_text() != text:
                (packages / name).write_text(text)


@dataclass(frozen=True)
class Venv:
    """A virtual environment in .cache/. It is rebuilt if its requirements change.

    ``compiled``: compile at once, where a person waits for the first start and not for the installation.
    """

    name: str
    python: Path
    compiled: bool = False

    @property
    def path(self) -> Path:
        """The folder of the environment."""
        return CACHE / "venvs" / self.name

    @property
    def bin(self) -> Path:
        """The folder of the environment's programs."""
        return self.path / "bin"

    def ensure(self, *arguments: str, about: str) -> Venv:
        """Install ``arguments`` (as for pip) unless that is done. ``about`` says what it is, and how long it takes."""
        stamp = self.path / "complete"
        wanted = self._fingerprint(arguments)
        if stamp.exists() and stamp.read_text() == wanted:
            self._store_startup()
            return self
        say(f"  building the virtual environment '{self.name}' with {self.python} ({about}) ...")
        began = time.monotonic()
        shutil.rmtree(self.path, ignore_errors=True)
        log = LOGS / f"venv-{self.name}.log"
        run([self.python, "-m", "venv", self.path], log)
        # Python does not look for bytecode beside the sources; what is not compiled here is compiled on import
        pip = [self.bin / "python", "-m", "pip", "install", "--disable-pip-version-check"]
        pip += [] if self.compiled else ["--no-compile"]
        run([*pip, *arguments], log, env={**os.environ, "PYTHONPYCACHEPREFIX": str(BYTECODE)})
        stamp.write_text(wanted)
        self._store_startup()
        say(f"  ... done in {time.monotonic() - began:.0f} s")
        return self

    def _store_startup(self) -> None:
        store_startup(self.path, "zipped_code", *(["kept_work"] if self.name in KEEP_WORK else []))

    def _fingerprint(self, arguments: Sequence[str]) -> str:
        # without the path of the checkout: worktrees may share an environment, and must not rebuild it in turns
        places = " ".join(arguments).replace(str(ROOT), "")
        digest = hashlib.sha256(f"{self.python} {places}".encode())
        for file in sorted(REQUIREMENTS.glob("*.txt")):
            if any(argument.endswith(f"/{file.name}") for argument in arguments):
                digest.update(file.read_bytes())
        return digest.hexdigest()

    def environment(self, collections: Path, **more: str) -> dict[str, str]:
        """Environment variables in which this venv's programs come first and no shims are on PATH."""
        keep = [
            part for part in os.environ["PATH"].split(os.pathsep) if part and not part.rstrip("/").endswith("shims")
        ]
        home = CACHE / "home"
        home.mkdir(parents=True, exist_ok=True)
        left_out = ("ANSIBLE_", "VCD_", "K8S_", "PYTHONDONTWRITEBYTECODE")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(left_out)},
            "PATH": os.pathsep.join([str(self.bin), *keep]),
            "HOME": str(home),
            "ANSIBLE_HOME": str(home / ".ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            # git ignores .cache/, so tools that ask git for files there must not find the checkout
            "GIT_CEILING_DIRECTORIES": str(CACHE),
            # bytecode is stored, but not beside the sources, where the tools would find it
            "PYTHONPYCACHEPREFIX": str(BYTECODE),
            **more,
        }


def run_venv() -> Venv:
    """The environment with the collection's requirements and the two doubles: all that the demo needs."""
    return Venv("run", Path(sys.executable), compiled=True).ensure(
        "-r", str(REQUIREMENTS / "run.txt"), about="about 20 s, once"
    )


def test_venv() -> Venv:
    """The environment with the test tools."""
    return Venv("test", Path(sys.executable)).ensure("-r", str(REQUIREMENTS / "test.txt"), about="about 60 s, once")


def awx_venv() -> Venv:
    """The environment with the programs that AWX runs jobs with: ansible-runner and receptorctl."""
    return Venv("awx", Path(sys.executable)).ensure("-r", str(REQUIREMENTS / "awx.txt"), about="about 10 s, once")


def docs_venv() -> Venv:
    """The environment with the programs that build the site of the documentation."""
    return Venv("docs", Path(sys.executable)).ensure("-r", str(REQUIREMENTS / "docs.txt"), about="about 20 s, once")


def platforms_venv() -> Venv:
    """The environment with the programs of other platforms that check what these read of the collection."""
    pinned = str(REQUIREMENTS / "platforms.txt")
    return Venv("platforms", Path(sys.executable)).ensure("-r", pinned, about="about 20 s, once")


def kubernetes_core(venv: Venv, parent: Path, ansible: str = NEWEST_ANSIBLE) -> Path:
    """Put kubernetes.core into ``parent``/ansible_collections, and ansible.posix, whose callbacks tests use."""
    return _collections(venv, parent, ansible, "kubernetes/core", "ansible/posix")


def awx_awx(venv: Venv, parent: Path) -> Path:
    """Put awx.awx there; extensions/awx uses it to put its data into AWX."""
    return _collections(venv, parent, ANSIBLE_WITH_AWX, "awx/awx")


def _collections(venv: Venv, parent: Path, ansible: str, *wanted: str) -> Path:
    """Put collections into ``parent``/ansible_collections; the folder of the first one.

    They come from the community package ``ansible`` of this version, whose hash is pinned. The client of Galaxy cannot
    check a hash.
    """
    targets = [parent / "ansible_collections" / name for name in wanted]
    if all((one / "MANIFEST.json").exists() for one in targets):
        return targets[0]
    say(f"  taking {wanted[0].replace('/', '.')} from the package ansible {ansible} (about 50 MB, once) ...")
    downloads = CACHE / "downloads" / f"{ansible}-{wanted[0].replace('/', '.')}"
    pip = [venv.bin / "python", "-m", "pip", "download", "--disable-pip-version-check", "--no-deps"]
    pinned = REQUIREMENTS / f"ansible-{ansible}.txt"
    run([*pip, "--require-hashes", "-d", downloads, "-r", pinned], LOGS / "collections.log")
    wheel = next(downloads.glob("ansible-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        folders = tuple(f"ansible_collections/{name}/" for name in wanted)
        archive.extractall(parent, [name for name in archive.namelist() if name.startswith(folders)])
    shutil.rmtree(downloads)
    return targets[0]


def copy_tree() -> Path:
    """Copy all files that git tracks or would track to the collection's folder in .cache/tree, and return that folder.

    The tools require this path, and a copy keeps their leftovers out of the checkout.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = {name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()}
    there = [path for path in COLLECTION.rglob("*") if path.relative_to(COLLECTION).parts[0] != ".git"]
    for old in there:
        if (old.is_file() or old.is_symlink()) and str(old.relative_to(COLLECTION)) not in names:
            old.unlink()
    for name in sorted(names):
        source, target = ROOT / name, COLLECTION / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for folder in sorted((path for path in there if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    # a separate repository: ansible-test asks git for the files, and the checkout's git ignores .cache/
    for command in (["git", "init", "-q"], ["git", "add", "-A"]):
        subprocess.run(command, cwd=COLLECTION, capture_output=True, check=True)
    return COLLECTION


def source_names() -> list[str]:
    """The files in the copy that the tools work on, relative to it, without the tools' own files."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=COLLECTION, capture_output=True, check=True)
    return sorted(filter(None, listed.stdout.decode().split("\0")))


def copy_sources(target: Path, *, released: bool = False) -> None:
    """Copy the files of the copy that the tools work on, without the tools' own files, into another folder.

    ``released``: without the tests, of which a release has only the file that lists the Pythons for ansible-test.
    """
    shutil.rmtree(target, ignore_errors=True)
    for name in source_names():
        if released and name.startswith("tests/") and name != RELEASED_OF_TESTS:
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(COLLECTION / name, target / name)


def own_copy(gate: str, *, released: bool = False) -> tuple[Path, Path]:
    """A copy of the collection for a gate that writes into it: the folder for Ansible's path, and the collection's own.

    ``released``: only of what a release has, see `copy_sources`.
    """
    tree = CACHE / "copies" / gate
    ours = tree / "ansible_collections" / "vcd" / "kubernetes"
    copy_sources(ours, released=released)
    for command in (["git", "init", "-q"], ["git", "add", "-A"]):  # ansible-test asks git for the files
        subprocess.run(command, cwd=ours, capture_output=True, check=True)
    beside = tree / "ansible_collections" / "kubernetes"
    if not beside.exists():
        beside.symlink_to(TREE / "ansible_collections" / "kubernetes")
    return tree, ours


def version() -> str:
    """The collection's version, from galaxy.yml."""
    found = re.search(r"^version: (\S+)$", (ROOT / "galaxy.yml").read_text(), re.MULTILINE)
    if not found:
        raise Failed("galaxy.yml has no version")
    return found.group(1)
