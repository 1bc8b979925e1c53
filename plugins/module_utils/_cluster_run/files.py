# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Restore points on disk: one file for each cluster and time, readable only by its owner."""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._json import parse_json

# Where restore points go if no folder is given.
DEFAULT = "~/.vcd-kubernetes/restore-points"


def only_in_cluster(folder: str | None) -> str:
    """Why a restore point gets no file, so that only the cluster keeps it; empty if it gets one. Writes nothing.

    A container often has no home that it may write to, and only the copy in the cluster outlives it anyway. So the
    default folder may be missing, but a folder that was given may not: raises InvalidInput.
    """
    why = _unwritable(folder or DEFAULT)
    if why and folder:
        raise _cannot_be_written(folder, why)
    return why


def _cannot_be_written(path: str, why: str) -> InvalidInput:
    remedy = f"cannot be written: {why}; nothing was changed: give a folder that this user may write to"
    return InvalidInput("shared_ip_restore_dir", path, remedy)


def _unwritable(folder: str) -> str:
    """Why a folder cannot be written to, or created; empty if it can."""
    try:
        path = Path(folder).expanduser()
    except RuntimeError:
        return "this user has no home"
    there = next((one for one in (path, *path.parents) if one.exists()), path)
    if not there.is_dir():
        return f"{there} is not a folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"this user may not write to {there}"


def store(folder: str | None, point: Mapping[str, Any]) -> str:
    """Write a restore point; returns its path, empty if the cluster alone keeps it. No existing file is overwritten.

    Raises InvalidInput when it cannot be written; the caller must then change nothing.
    """
    if only_in_cluster(folder):
        return ""
    cluster = re.sub(r"[^A-Za-z0-9-]+", "-", re.sub(r"^.*:", "", str(point["cluster_id"])))
    taken = re.sub(r"[-:]", "", str(point["taken"])[:19])
    path = Path(folder or DEFAULT).expanduser() / f"{cluster}_{taken}Z.json"
    text = json.dumps(point, indent=4, sort_keys=True) + "\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in itertools.count(2):
            if not path.exists():
                _write(path, text)
            if path.read_text(encoding="utf-8") == text:
                break
            path = path.with_name(f"{cluster}_{taken}Z_{number}.json")
    except OSError as error:
        raise _cannot_be_written(str(path), str(error.strerror)) from None
    return str(path)


def _write(path: Path, text: str) -> None:
    """Write the complete file or nothing: a run that is killed here must not leave half a restore point."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def load(path: str) -> dict[str, Any]:
    """Read a restore point. Raises InvalidInput if it cannot be read, CollectionError if it is something else."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not a text file"
        remedy = f"cannot be read: {why}; give the path of a restore point"
        raise InvalidInput("shared_ip_restore_file", path, remedy) from None
    try:
        found, why = parse_json(text), ""
    except ValueError as error:
        found, why = None, f" (the document {error})"
    if not isinstance(found, dict):
        raise CollectionError(
            f"shared_ip_restore_file: {path!r}: is not a restore point{why}: give a file that a run stored"
        )
    return found
