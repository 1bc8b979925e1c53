# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects and their history, in place of etcd and the API server's watch cache."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kube_double.copies import copied
from kube_double.errors import Json
from kube_double.resources import Resource

# Watches can start this many events back. Older versions answer 410 Expired.
HISTORY = 10_000
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True)
class Event:
    """One change. ``before`` is None for a new object, ``after`` for a deleted one."""

    version: int
    resource: Resource
    before: Json | None
    after: Json | None


Key = tuple[str, str]


class Store:
    """Objects by resource, namespace and name. They are copied on the way in and out, so no state is shared."""

    def __init__(self) -> None:
        self.version = 100
        self.history: list[Event] = []
        self.forgotten = self.version
        self.listeners: list[Callable[[], None]] = []
        self._objects: dict[Resource, dict[Key, Json]] = {}
        self._random = random.Random(0)  # noqa: S311 - reproducible names, not secrets

    def new_uid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def suffix(self, length: int = 5) -> str:
        """Random characters for the end of a generated name."""
        return "".join(self._random.choice(ALPHABET) for _position in range(length))

    def clear(self) -> None:
        """Drop every object. Versions and uids continue, so that old ones are never mistaken for new ones."""
        for resource in list(self._objects):
            for namespace, name in list(self._objects[resource]):
                self.remove(resource, namespace, name)

    def get(self, resource: Resource, namespace: str, name: str) -> Json | None:
        return copied(self._objects.get(resource, {}).get((namespace, name)))

    def peek(self, resource: Resource, namespace: str, name: str) -> Json | None:
        """Like ``get``, but without a copy: for reading only."""
        return self._objects.get(resource, {}).get((namespace, name))

    def items(self, resource: Resource, namespace: str = "") -> Iterator[Json]:
        """The objects ordered by namespace and name, without copies: for reading only."""
        found = self._objects.get(resource, {})
        return (found[key] for key in sorted(found) if namespace in ("", key[0]))

    def resources(self) -> list[Resource]:
        return list(self._objects)

    def put(self, resource: Resource, item: Json) -> Json:
        """Store ``item`` with the next version. Returns a copy of the stored object."""
        key = (item["metadata"].get("namespace", ""), item["metadata"]["name"])
        before = self._objects.setdefault(resource, {}).get(key)
        after = copied(item)
        self.version += 1
        after["metadata"]["resourceVersion"] = str(self.version)
        self._objects[resource][key] = after
        self._record(Event(self.version, resource, before, after))
        return copied(after)

    def remove(self, resource: Resource, namespace: str, name: str) -> Json | None:
        """Remove the object. Returns it with the version of its removal."""
        before = self._objects.get(resource, {}).pop((namespace, name), None)
        if before is None:
            return None
        self.version += 1
        last = copied(before)
        last["metadata"]["resourceVersion"] = str(self.version)
        self._record(Event(self.version, resource, last, None))
        return last

    def _record(self, event: Event) -> None:
        self.history.append(event)
        if len(self.history) > HISTORY:
            dropped = self.history[: HISTORY // 2]
            self.history = self.history[HISTORY // 2 :]
            self.forgotten = dropped[-1].version
        for listener in self.listeners:
            listener()
