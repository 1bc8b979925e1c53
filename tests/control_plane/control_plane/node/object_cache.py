# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's cache of ConfigMaps and Secrets, with the kubelet's rules.

Source: Kubernetes ``pkg/kubelet/util/manager/watch_based_manager.go``. There is one entry for each name, with a count
of the pods of this node that reference it. Once the kubelet has read an immutable object, it stops watching it. The
entry keeps that content until the last such pod is gone, even if the object was deleted and re-created meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Reference = tuple[str, str, str]  # kind, namespace, name
Read = Callable[[str, str, str], "dict[str, Any] | None"]


@dataclass
class _Entry:
    users: set[str] = field(default_factory=set)
    pinned: dict[str, Any] | None = None


class ObjectCache:
    """The cache of one node. ``read`` reads an object from the API server."""

    def __init__(self, read: Read) -> None:
        self._read, self._entries = read, dict[Reference, _Entry]()

    def register(self, pod: str, references: Iterable[Reference]) -> None:
        """Keep the objects that a pod (its uid) of this node references."""
        for reference in references:
            self._entries.setdefault(reference, _Entry()).users.add(pod)

    def unregister(self, pod: str) -> None:
        """Drop the objects that only this pod referenced. Its object is gone."""
        for reference, entry in list(self._entries.items()):
            entry.users.discard(pod)
            if not entry.users:
                del self._entries[reference]

    def get(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        """The object as this node sees it, or None. A pod must have registered it."""
        entry = self._entries[(kind, namespace, name)]
        if entry.pinned is not None:
            return entry.pinned
        found = self._read(kind, namespace, name)
        if found is not None and found.get("immutable"):
            entry.pinned = found
        return found
