# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mermaid, which draws in wikis what reports have as text: the one file of its npm package that a browser loads."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from control_plane.go import Say
from control_plane.places import Failed, Missing, cache_folder

VERSION = "11.12.2"
# of the package, as the registry and lock files of npm state it
INTEGRITY = "sha512-n34QPDPEKmaeCG4WDMGy0OT6PSyxKCfy2pJgShP+Qow2KLrvWjclwbc3yXfSIf4BanqWEhQEpngWwNp/XhZt6w=="
FILE = "dist/mermaid.min.js"
HOW_TO_GET = "PYTHONPATH=tests/control_plane python -m control_plane build"


def _cached() -> Path:
    return cache_folder() / f"mermaid-{VERSION}" / Path(FILE).name


def find_mermaid() -> Path:
    """The script, from the cache. Missing says how to get it."""
    if _cached().exists():
        return _cached()
    raise Missing(f"Mermaid is not in {_cached().parent}; get it with: {HOW_TO_GET} (needs npm)")


def ensure_mermaid(say: Say) -> Path:
    """Get the script where it is missing. Raises Missing without npm, and Failed for a package with another content."""
    target = _cached()
    if not target.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise Missing(f"npm is not on PATH: install it to get Mermaid {VERSION}, which draws what reports hold")
        say(f"getting Mermaid {VERSION} from npm, once; kept in {target.parent}")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".getting-") as folder:
            found = Path(folder, Path(FILE).name)
            found.write_bytes(content_of(_packed(npm, folder)))
            found.replace(target)
    say(f"mermaid: {target}")
    return target


def _packed(npm: str, folder: str) -> Path:
    command = [npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", folder, f"mermaid@{VERSION}"]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"npm could not get mermaid@{VERSION}:\n{done.stderr.strip()[-2000:]}")
    return next(Path(folder).glob("*.tgz"))


def content_of(package: Path) -> bytes:
    """The script in a package. Raises Failed unless the package is the pinned one."""
    kind, _dash, expected = INTEGRITY.partition("-")
    if base64.b64encode(hashlib.new(kind, package.read_bytes()).digest()).decode() != expected:
        raise Failed(f"the package mermaid@{VERSION} has another content than the pinned one")
    with tarfile.open(package) as content:
        file = content.extractfile(f"package/{FILE}")
        if file is None:
            raise Failed(f"the package mermaid@{VERSION} has no {FILE}")
        return file.read()
