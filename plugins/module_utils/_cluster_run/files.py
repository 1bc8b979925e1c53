# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Restore points on disk: one file for each cluster and time, readable by its user only."""

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


def store(folder: str, point: Mapping[str, Any]) -> str:
    """Write a restore point; returns its path. An existing file is never overwritten.

    Raises InvalidInput when it cannot be written; the caller must then change nothing.
    """
    cluster = re.sub(r"[^A-Za-z0-9-]+", "-", re.sub(r"^.*:", "", str(point["cluster_id"])))
    taken = re.sub(r"[-:]", "", str(point["taken"])[:19])
    path = Path(folder).expanduser() / f"{cluster}_{taken}Z.json"
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
        remedy = f"cannot be written: {error.strerror}; nothing was changed: give a folder that this user may write to"
        raise InvalidInput("shared_ip_restore_dir", str(path), remedy) from None
    return str(path)


def _write(path: Path, text: str) -> None:
    """The whole file or none: a run that is killed here must not leave half a restore point."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def load(path: str) -> dict[str, Any]:
    """Read a restore point. Raises InvalidInput if it cannot be read, CollectionError if it is another file."""
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
