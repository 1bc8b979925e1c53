# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All objects of one simulated VCD, by kind and identifier. It knows neither HTTP nor the rules of resources."""

from __future__ import annotations

import pickle
import re
import uuid
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from vcdsim.indexes import INDEXES, Key, Keys

_NAMESPACE = uuid.UUID("5b1d7c1e-6f0b-5d0e-9a55-0e2f6f0c7d11")
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_URN = re.compile(rf"^urn:vcloud:([A-Za-z]+):({_UUID})$")
_ENTITY = re.compile(rf"^urn:vcloud:entity:[\w.-]+:[\w.-]+:{_UUID}$")
_TYPE = re.compile(r"^urn:vcloud:type:[\w.-]+:[\w.-]+:\d+\.\d+\.\d+$")
# Kinds whose identifier is a bare UUID (assumed: the vendor's description has no URN constraint for them).
BARE = frozenset(
    {
        "natRule",
        "firewallRule",
        "bgpNeighbor",
        "bgpPrefixList",
        "staticRoute",
        "ipsecTunnel",
        "l2VpnTunnel",
        "dhcpBinding",
    }
)
# Kinds whose URNs have the name of another kind: external networks and those of organisations are both "network".
URN_KINDS = {"externalNetwork": "network"}


def is_identifier(kind: str, value: str) -> bool:
    """Whether the text has the form of an identifier of that kind."""
    if kind in BARE:
        return re.fullmatch(_UUID, value) is not None
    if kind == "entity":
        return _ENTITY.match(value) is not None
    if kind == "entityType":
        return _TYPE.match(value) is not None
    found = _URN.match(value)
    return found is not None and found[1] == URN_KINDS.get(kind, kind)


def uuid_of(identifier: str) -> str:
    """The UUID of a URN, or a bare UUID itself."""
    return identifier.rsplit(":", 1)[-1]


def kind_of(identifier: str) -> str:
    """The kind in an identifier; empty for a bare UUID."""
    found = _URN.match(identifier)
    if found:
        return found[1]
    if _ENTITY.match(identifier):
        return "entity"
    return "entityType" if _TYPE.match(identifier) else ""


# The attributes of a record that the keys of indexes are made of.
_WATCHED = frozenset({"data", "org", "facts"})


@dataclass(eq=False)
class Record:
    """One object.

    ``data`` holds the API's fields under their own names. References are plain URNs, resolved on reading, so that they
    show the current name of their object. ``facts`` holds what only the simulator knows. ``org`` is the URN of the
    owning organisation, None for the provider. ``shared`` objects are visible to every organisation. ``holder`` is the
    store that holds it, and replaces ``data``, ``org`` and ``facts``. Code must replace ``data``, never change it in
    place.
    """

    kind: str
    id: str
    data: dict[str, Any]
    org: str | None = None
    status: str = "REALIZED"
    shared: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    holder: Store | None = field(default=None, repr=False)

    def __setattr__(self, name: str, value: Any) -> None:
        """Let the store replace what its accounts and indexes depend on, so that no handler can bypass it."""
        if name in _WATCHED and self.holder is not None:
            self.holder.replace(self, name, value)
        else:
            super().__setattr__(name, value)

    @property
    def name(self) -> str:
        return str(self.data.get("name") or self.data.get("alias") or "")

    @property
    def label(self) -> str:
        """The name, or for objects without a name the value that identifies them to a person."""
        return self.name or str(self.data.get("value") or "")

    @property
    def uuid(self) -> str:
        return uuid_of(self.id)


class Store:
    """The objects. Identifiers are derived from names or a counter, so that two equal runs give equal identifiers.

    ``account`` is called for each object that is added, changed or removed. ``looked`` counts the objects that were
    examined, except by their identifiers: the cost of a write on any machine.
    """

    def __init__(self, account: Callable[[str, Record], None] | None = None) -> None:
        self._kinds: dict[str, dict[str, Record]] = {}
        # by kind and name of the index, then by key and identifier; an index is built on first use
        self._indexes: dict[str, dict[str, dict[Key, dict[str, Record]]]] = {}
        self._made = 0
        self._account = account
        self.looked = 0

    def mint(self, kind: str, seed: str = "") -> str:
        """A new identifier. The same seed gives the same identifier; without a seed, a counter does."""
        if not seed:
            self._made += 1
            seed = f"#{self._made}"
        made = uuid.uuid5(_NAMESPACE, f"{kind}/{seed}")
        return str(made) if kind in BARE else f"urn:vcloud:{kind}:{made}"

    def add(self, record: Record) -> Record:
        self._forget(record.kind, record.id)
        self._kinds.setdefault(record.kind, {})[record.id] = record
        record.holder = self
        for name, index in self._indexes.get(record.kind, {}).items():
            _enter(index, record, INDEXES[record.kind][name](record))
        self._report("added", record)
        return record

    def replace(self, record: Record, attribute: str, value: Any) -> None:
        """Give an object another ``data``, ``org`` or ``facts``. Records call it on assignment."""
        indexes = self._indexes.get(record.kind, {})
        before = {name: list(INDEXES[record.kind][name](record)) for name in indexes}
        object.__setattr__(record, attribute, value)
        for name, index in indexes.items():
            after = list(INDEXES[record.kind][name](record))
            if after != before[name]:
                _leave(index, record, before[name])
                _enter(index, record, after)
        if attribute == "data":
            self._report("changed", record)

    def _report(self, event: str, record: Record) -> None:
        if self._account:
            self._account(event, record)

    def _forget(self, kind: str, identifier: str) -> Record | None:
        record = self._kinds.get(kind, {}).pop(identifier, None)
        if record is not None:
            record.holder = None
            for name, index in self._indexes.get(kind, {}).items():
                _leave(index, record, INDEXES[kind][name](record))
        return record

    def remove(self, *records: Record) -> None:
        for record in records:
            if self._forget(record.kind, record.id) is not None:
                self._report("removed", record)

    def where(self, kind: str, index: str, *key: Hashable) -> list[Record]:
        """The objects of a kind that an index of ``indexes`` has under this key."""
        found = list(self._index(kind, index).get(key, {}).values())
        self.looked += len(found)
        return found

    def number(self, kind: str, index: str, *key: Hashable) -> int:
        """How many objects ``where`` would find."""
        return len(self._index(kind, index).get(key, {}))

    def _index(self, kind: str, name: str) -> dict[Key, dict[str, Record]]:
        indexes = self._indexes.setdefault(kind, {})
        if name not in indexes:
            indexes[name] = _built(self._kinds.get(kind, {}).values(), INDEXES[kind][name])
        return indexes[name]

    def stale(self) -> list[str]:
        """The indexes that differ from their objects: empty, unless code changes ``data`` in place."""
        return [
            f"{kind}.{name}"
            for kind, indexes in self._indexes.items()
            for name, index in indexes.items()
            if index != _built(self._kinds.get(kind, {}).values(), INDEXES[kind][name])
        ]

    def get(self, kind: str, identifier: str) -> Record | None:
        return self._kinds.get(kind, {}).get(identifier)

    def find(self, identifier: str) -> Record | None:
        """The object with this identifier, of any kind."""
        kind = kind_of(identifier)
        if kind:
            others = (other for other, named in URN_KINDS.items() if named == kind)
            return next((found for one in (kind, *others) if (found := self.get(one, identifier))), None)
        return next((self._kinds[bare][identifier] for bare in BARE if identifier in self._kinds.get(bare, {})), None)

    def all(self, kind: str) -> Iterator[Record]:
        """Every object of a kind. Writes use ``where`` instead."""
        found = list(self._kinds.get(kind, {}).values())
        self.looked += len(found)
        return iter(found)

    def kinds(self) -> list[str]:
        return sorted(self._kinds)

    def count(self, kind: str) -> int:
        return len(self._kinds.get(kind, {}))

    def ref(self, identifier: str | None) -> dict[str, str] | None:
        """The EntityReference for an identifier, with the object's current name; None for None."""
        if not identifier:
            return None
        record = self.find(identifier)
        return {"name": record.name if record else "", "id": identifier}

    def kept(self) -> Callable[[], None]:
        """A function that restores the current state.

        The records stay the same Python objects, because tasks and sessions hold references to them. Pickle copies the
        contents several times faster than deepcopy, and the tests restore thousands of times.
        """
        kinds = {kind: dict(records) for kind, records in self._kinds.items()}
        records = [record for group in kinds.values() for record in group.values()]
        content = pickle.dumps([(one.data, one.facts, one.status, one.org, one.shared) for one in records])
        made = self._made

        def restore() -> None:
            for group in self._kinds.values():
                for record in group.values():
                    record.holder = None
            states = pickle.loads(content)  # noqa: S301 - the bytes written above
            for record, (data, facts, status, org, shared) in zip(records, states, strict=True):
                record.holder = None
                record.data, record.facts, record.status, record.org, record.shared = data, facts, status, org, shared
                record.holder = self
            self._kinds = {kind: dict(group) for kind, group in kinds.items()}
            self._indexes = {}
            self._made = made

        return restore

    def refs(self, identifiers: list[str] | None) -> list[dict[str, str]]:
        return [ref for ref in (self.ref(one) for one in identifiers or []) if ref is not None]


def _built(records: Iterable[Record], keys: Keys) -> dict[Key, dict[str, Record]]:
    index: dict[Key, dict[str, Record]] = {}
    for record in records:
        _enter(index, record, keys(record))
    return index


def _enter(index: dict[Key, dict[str, Record]], record: Record, keys: Iterable[Key]) -> None:
    for key in keys:
        index.setdefault(key, {})[record.id] = record


def _leave(index: dict[Key, dict[str, Record]], record: Record, keys: Iterable[Key]) -> None:
    for key in keys:
        group = index.get(key, {})
        group.pop(record.id, None)
        if not group:
            index.pop(key, None)
