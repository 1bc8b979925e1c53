# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The objects of one kind that a task has read, indexed by id and name, to plan several objects in linear time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

Body = dict[str, Any]
T = TypeVar("T")
F = TypeVar("F", bound="Follower")


class Follower(Protocol):
    """Something that is derived from peers, and that changes with them."""

    def put(self, urn: str, body: Body) -> None:
        """An object was added, or changed."""

    def drop(self, urn: str) -> None:
        """The object with this id is gone."""


class Peers:
    """Bodies by id, in the server's order; those that a task adds or changes come last."""

    def __init__(self, rows: Iterable[Body] = ()) -> None:
        self._rows: dict[str, Body] = {}
        self._named: dict[str, dict[str, None]] = {}
        self._kept: dict[Hashable, Any] = {}
        self._followers: list[Follower] = []
        for number, row in enumerate(rows):
            self.put(str(row.get("id") or f"unknown-{number}"), row)

    def __iter__(self) -> Iterator[Body]:
        return iter(self._rows.values())

    def get(self, urn: str) -> Body | None:
        """The body with this id."""
        return self._rows.get(urn)

    def named(self, name: str | None) -> list[Body]:
        """All bodies with this name."""
        return [self._rows[urn] for urn in self._named.get(str(name), ())]

    def put(self, urn: str, body: Body) -> None:
        """Add a body, or replace the one with this id."""
        self.drop(urn)
        self._rows[urn] = body
        self._named.setdefault(str(body.get("name")), {})[urn] = None
        for one in self._followers:
            one.put(urn, body)

    def drop(self, urn: str) -> None:
        """Remove a body, if it exists."""
        old = self._rows.pop(urn, None)
        if old is not None:
            del self._named[str(old.get("name"))][urn]
            for one in self._followers:
                one.drop(urn)

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """A value that is computed once for all objects of a task, and then cached under this key."""
        if key not in self._kept:
            self._kept[key] = make()
        found: T = self._kept[key]
        return found

    def results(self, convert: Callable[[Body], T]) -> list[T]:
        """Each body converted. A body is converted again only after it has changed."""
        kept: Converted = self.kept(convert, lambda: self.followed_by(Converted(convert)))
        return list(kept.found.values())

    def followed_by(self, follower: F) -> F:
        """Notify the follower of all present bodies, and of all changes from now on."""
        for urn, body in self._rows.items():
            follower.put(urn, body)
        self._followers.append(follower)
        return follower


class Converted:
    """The converted bodies, by id."""

    def __init__(self, convert: Callable[[Body], Any]) -> None:
        self._convert = convert
        self.found: dict[str, Any] = {}

    def put(self, urn: str, body: Body) -> None:
        """See Follower."""
        self.found[urn] = self._convert(body)

    def drop(self, urn: str) -> None:
        """See Follower."""
        self.found.pop(urn, None)
