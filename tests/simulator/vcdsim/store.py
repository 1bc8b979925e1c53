# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All objects of one simulated VCD, by kind and identifier. It knows neither HTTP nor the rules of resources."""

from __future__ import annotations

import pickle
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

_NAMESPACE = uuid.UUID("5b1d7c1e-6f0b-5d0e-9a55-0e2f6f0c7d11")
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_URN = re.compile(rf"^urn:vcloud:([A-Za-z]+):({_UUID})$")
_ENTITY = re.compile(rf"^urn:vcloud:entity:[\w.-]+:[\w.-]+:{_UUID}$")
_TYPE = re.compile(r"^urn:vcloud:type:[\w.-]+:[\w.-]+:\d+\.\d+\.\d+$")
# Kinds whose identifier is a bare UUID (assumed: the vendor's description has no URN constraint for them).
BARE = frozenset({"natRule", "firewallRule"})


def is_identifier(kind: str, value: str) -> bool:
    """Whether the text has the form of an identifier of that kind."""
    if kind in BARE:
        return re.fullmatch(_UUID, value) is not None
    if kind == "entity":
        return _ENTITY.match(value) is not None
    if kind == "entityType":
        return _TYPE.match(value) is not None
    found = _URN.match(value)
    return found is not None and found[1] == kind


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


@dataclass(eq=False)
class Record:
    """One object.

    ``data`` holds the API's fields under their own names. References are plain URNs, resolved on reading, so that they
    show the current name of their object. ``facts`` holds what only the simulator knows. ``org`` is the URN of the
    owning organisation, None for the provider. ``shared`` objects are visible to every organisation. ``on_change`` is
    called when ``data`` is replaced; code must replace ``data``, never change it in place.
    """

    kind: str
    id: str
    data: dict[str, Any]
    org: str | None = None
    status: str = "REALIZED"
    shared: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    on_change: Callable[[Record], None] | None = field(default=None, repr=False)

    def __setattr__(self, name: str, value: Any) -> None:
        """Report new ``data``, so that no handler can forget to put a change into the timeline."""
        super().__setattr__(name, value)
        if name == "data" and self.on_change:
            self.on_change(self)

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

    ``account`` is called for each object that is added, changed or removed.
    """

    def __init__(self, account: Callable[[str, Record], None] | None = None) -> None:
        self._kinds: dict[str, dict[str, Record]] = {}
        self._made = 0
        self._account = account

    def mint(self, kind: str, seed: str = "") -> str:
        """A new identifier. The same seed gives the same identifier; without a seed, a counter does."""
        if not seed:
            self._made += 1
            seed = f"#{self._made}"
        made = uuid.uuid5(_NAMESPACE, f"{kind}/{seed}")
        return str(made) if kind in BARE else f"urn:vcloud:{kind}:{made}"

    def add(self, record: Record) -> Record:
        self._kinds.setdefault(record.kind, {})[record.id] = record
        record.on_change = self._changed
        self._report("added", record)
        return record

    def _changed(self, record: Record) -> None:
        self._report("changed", record)

    def _report(self, event: str, record: Record) -> None:
        if self._account:
            self._account(event, record)

    def remove(self, *records: Record) -> None:
        for record in records:
            if self._kinds.get(record.kind, {}).pop(record.id, None) is not None:
                record.on_change = None
                self._report("removed", record)

    def get(self, kind: str, identifier: str) -> Record | None:
        return self._kinds.get(kind, {}).get(identifier)

    def find(self, identifier: str) -> Record | None:
        """The object with this identifier, of any kind."""
        kind = kind_of(identifier)
        if kind:
            return self.get(kind, identifier)
        return next((self._kinds[bare][identifier] for bare in BARE if identifier in self._kinds.get(bare, {})), None)

    def all(self, kind: str) -> Iterator[Record]:
        return iter(list(self._kinds.get(kind, {}).values()))

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
            states = pickle.loads(content)  # noqa: S301 - the bytes written above
            for record, (data, facts, status, org, shared) in zip(records, states, strict=True):
                record.facts, record.status, record.org, record.shared = facts, status, org, shared
                record.on_change = None
                record.data = data
                record.on_change = self._changed
            self._kinds = {kind: dict(group) for kind, group in kinds.items()}
            self._made = made

        return restore

    def refs(self, identifiers: list[str] | None) -> list[dict[str, str]]:
        return [ref for ref in (self.ref(one) for one in identifiers or []) if ref is not None]
