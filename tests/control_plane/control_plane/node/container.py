# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One container: a root folder with exactly the files that it would see, and the program that runs in it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from control_plane.node.volumes import Files, NotSupported
from control_plane.places import Failed
from control_plane.program import Program

Object = dict[str, Any]


@dataclass(frozen=True)
class Image:
    """A program that really runs: its path, the log line that shows that it works, and what to do when it has ended.

    ``runtime`` are environment variables for the runtime of its language, not for the program.
    """

    program: Path
    ready: re.Pattern[str]
    after_end: Callable[[], None] = lambda: None
    runtime: Mapping[str, str] = field(default_factory=dict)


class Container:
    """The files and the process of one container. Without an image it has only files."""

    def __init__(self, root: Path, spec: Object, image: Image | None, user: int | None) -> None:
        self.root, self.spec, self.image = root, spec, image
        self._user = user or 0
        self._versions: dict[str, int] = {}
        root.mkdir(parents=True, exist_ok=True)

    def mount(self, path: str, files: Files) -> None:
        """Put a volume's files at a path, and replace older ones in one step, as the kubelet does.

        ``..data`` is a link to the folder with the files, and each file is a link through it.
        """
        folder = self._inside(path)
        folder.mkdir(parents=True, exist_ok=True)
        version = self._versions.get(path, 0) + 1
        current = folder / f"..version-{version}"
        for name, content in files.items():
            target = current / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        current.mkdir(exist_ok=True)
        link = folder / "..data.new"
        link.symlink_to(current.name)
        link.replace(folder / "..data")
        wanted = {PurePosixPath(name).parts[0] for name in files}
        for name in wanted:
            if not (folder / name).is_symlink():
                (folder / name).symlink_to(f"..data/{name}")
        for found in folder.iterdir():
            if found.is_symlink() and found.name not in wanted and found.name != "..data":
                found.unlink()
        shutil.rmtree(folder / f"..version-{version - 1}", ignore_errors=True)
        self._versions[path] = version

    def read(self, path: str) -> Files:
        """The files of a mounted volume, read through the same links as the program."""
        data = self._inside(path) / "..data"
        return {str(file.relative_to(data)): file.read_bytes() for file in data.rglob("*") if file.is_file()}

    def start(self, log: Path, environment: Mapping[str, str]) -> Program | None:
        """Start the program of the image. Returns None without an image."""
        if self.image is None:
            return None
        words = [*self.spec.get("command", []), *self.spec.get("args", [])]
        if not words or not words[0].startswith("/"):
            raise NotSupported(f"container {self.spec['name']}: its command must start with an absolute path")
        self._install(words[0])
        arguments = [_expand(word, environment) for word in words]
        # nothing of the test session's environment reaches the program
        return Program([*_into(self.root, self._user), *arguments], log, {**self.image.runtime, **environment})

    def _install(self, path: str) -> None:
        target = self._inside(path)
        if self.image is None or target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.hardlink_to(self.image.program)
        except OSError:  # another file system
            shutil.copy2(self.image.program, target)

    def _inside(self, path: str) -> Path:
        return self.root / path.lstrip("/")


def _into(root: Path, user: int) -> list[str]:
    """The command that runs a program with ``root`` as its root folder, like a container runtime.

    Users other than root need user namespaces (``kernel.unprivileged_userns_clone=1``).
    """
    unshare = shutil.which("unshare")
    if unshare is None:
        raise Failed("unshare is not on PATH: install util-linux; CPI needs it to run with the files of its pod")
    if os.geteuid() == 0:
        return [unshare, f"--root={root}", "--wd=/", f"--setgid={user}", f"--setuid={user}", "--"]
    return [unshare, "--user", "--map-root-user", f"--root={root}", "--wd=/", "--"]


def _expand(word: str, environment: Mapping[str, str]) -> str:
    """Replace ``$(NAME)`` in a command by the value of that environment variable, if it is set."""
    return re.sub(r"\$\(([^)]+)\)", lambda found: environment.get(found[1], found[0]), word)
