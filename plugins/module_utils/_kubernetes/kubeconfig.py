# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Reads one context of a large kubeconfig, so that the cost for one cluster does not grow with the fleet.

The library reads YAML without libyaml, which takes about 1 ms of CPU for each context in the file (measured: 0.23 s for
200 contexts with certificates, 0.02 s with libyaml), and a run over a fleet reads the file once for each cluster.
Special cases are left to the library, which supports them and reports what is wrong with them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

try:
    import yaml

    LIBYAML = hasattr(yaml, "CSafeLoader")
except ImportError:
    LIBYAML = False  # options.py reports the missing library before anything here runs

LARGE_BYTES = 32 * 1024  # about 20 contexts with certificates: the library reads a smaller file in 0.02 s
# Relative paths in these are relative to the folder of the kubeconfig.
PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
# Users with a program or with stored state: the library runs the program in the file's folder, and stores the state.
NOT_PLAIN = ("exec", "auth-provider")


def one_context(path: str, context: str | None) -> dict[str, Any] | None:
    """A kubeconfig with only ``context`` (None: the current one) of the file, and with absolute paths.

    None if the library has to read ``path`` itself: for a small file, several files, a file that cannot be read or has
    no such context, or a user in NOT_PLAIN.
    """
    where = os.path.expanduser(path)
    try:
        if not LIBYAML or os.path.getsize(where) < LARGE_BYTES:
            return None
        with open(where, encoding="utf-8") as file:
            return _cut(yaml.load(file, Loader=yaml.CSafeLoader), context, os.path.abspath(os.path.dirname(where)))
    except (OSError, yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def _cut(whole: Mapping[str, Any], context: str | None, folder: str) -> dict[str, Any] | None:
    """The part of a kubeconfig for one context. Raises KeyError, TypeError and the like if it is malformed."""
    wanted = context or whole["current-context"]
    chosen = _named(whole["contexts"], wanted)
    cluster = _named(whole["clusters"], chosen["context"]["cluster"])
    users = [_named(whole["users"], chosen["context"]["user"])] if chosen["context"].get("user") else []
    if any(key in one["user"] for one in users for key in NOT_PLAIN):
        return None
    return {
        "current-context": wanted,
        "contexts": [chosen],
        "clusters": [{**cluster, "cluster": _absolute(cluster["cluster"], folder)}],
        "users": [{**one, "user": _absolute(one["user"], folder)} for one in users],
    }


def _named(entries: list[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """The first entry with this name, which is the one that the library uses."""
    found = [entry for entry in entries if entry["name"] == name]
    return found[0]


def _absolute(settings: Mapping[str, Any], folder: str) -> dict[str, Any]:
    return {key: os.path.join(folder, value) if key in PATHS else value for key, value in settings.items()}
