# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sub-resources of edge gateways and networks: single settings documents and lists of objects.

A ``Setting`` or a ``Part`` describes each of them; all are read, written and locked in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, Fields, number, obj
from vcdsim.calls import Basis, Call, Operation, Reply
from vcdsim.resources import networks
from vcdsim.resources.common import cursor_reply, realized, restored
from vcdsim.resources.edge_gateways import ONE, lock_of
from vcdsim.store import Record

VERSION: Fields = obj({"version": number(0)})


@dataclass(frozen=True)
class Place:
    """The kind of object that settings and parts belong to: its path, the variable in it, and what a write locks."""

    kind: str
    path: str
    variable: str
    locks: Callable[[Call, Record], tuple[str, ...]]

    def of(self, call: Call) -> Record:
        """The object that a path names."""
        return call.require(self.kind, call.params[self.variable])


GATEWAY = Place("gateway", ONE, "gatewayId", lock_of)
NETWORK = Place("network", networks.ONE, "vdcNetworkId", networks.lock_of_network)


def sent_as_is(_call: Call, _owner: Record, sent: dict[str, Any], _before: dict[str, Any]) -> dict[str, Any]:
    """Store what was sent."""
    return sent


def shown_as_is(_call: Call, _owner: Record, stored: dict[str, Any]) -> dict[str, Any]:
    """Show what is stored."""
    return stored


def check_version(sent: dict[str, Any], current: int) -> None:
    """Answers 400 if the version of a body is not the current one. A missing one passes: not all clients send it."""
    version = (sent.pop("version", None) or {}).get("version")
    if version is not None and version != current:
        raise errors.bad_field("version", f"it has been changed: its version is {current}")


@dataclass(frozen=True)
class Setting:
    """A settings document of an edge gateway or a network, which exists from the start.

    ``fact`` names its place in the facts, ``unset`` is what a client reads before the first write. ``settle`` turns the
    sent document into the stored one, and answers 400 for what VCD refuses. ``show`` adds the fields that VCD fills in.
    With ``resets``, DELETE restores ``unset``.
    """

    fact: str
    path: str
    since: str
    body: Body
    unset: dict[str, Any]
    view: str
    edit: str
    name: str
    settle: Callable[[Call, Record, dict[str, Any], dict[str, Any]], dict[str, Any]] = sent_as_is
    show: Callable[[Call, Record, dict[str, Any]], dict[str, Any]] = shown_as_is
    resets: bool = False
    refuses: str = ""
    basis: Basis = "documented"
    place: Place = GATEWAY

    def stored(self, owner: Record) -> dict[str, Any]:
        """The stored document."""
        found: dict[str, Any] = owner.facts.get(self.fact, self.unset)
        return found

    def _versions(self, owner: Record) -> int:
        return int(owner.facts.get(f"{self.fact}_version", 0))

    def get(self, call: Call) -> Reply:
        owner = self.place.of(call)
        values = {"version": {"version": self._versions(owner)}, **self.show(call, owner, self.stored(owner))}
        return Reply(200, self.body.show(values, call.version))

    def put(self, call: Call) -> Reply:
        owner = self.place.of(call)
        sent = self.body.read(call.body, call.version)
        check_version(sent, self._versions(owner))
        return self._set(call, owner, self.settle(call, owner, sent, self.stored(owner)))

    def delete(self, call: Call) -> Reply:
        return self._set(call, self.place.of(call), self.unset)

    def _set(self, call: Call, owner: Record, after: dict[str, Any], gone: Sequence[Record] = ()) -> Reply:
        changed = {self.fact: after, f"{self.fact}_version": self._versions(owner) + 1}

        def apply() -> None:
            owner.facts = {**owner.facts, **changed}

        return call.submit(
            owner,
            locks=self.place.locks(call, owner),
            now=apply,
            done=lambda: call.store.remove(*gone),
            undo=restored(owner),
        )

    def operations(self) -> tuple[Operation, ...]:
        """Its rows in the table of operations."""
        place, more = self.place.path + self.path, {"basis": self.basis}
        found: tuple[Operation, ...] = (
            Operation("GET", place, self.since, self.view, self.get, f"{self.name}_VIEW", **more),
            Operation(
                "PUT", place, self.since, self.edit, self.put, f"{self.name}_UPDATE", refuses=self.refuses, **more
            ),
        )
        if self.resets:
            found += (Operation("DELETE", place, self.since, self.edit, self.delete, f"{self.name}_DELETE", **more),)
        return found


@dataclass(frozen=True)
class Part:
    """A list of objects of one kind that belong to an edge gateway or a network.

    ``settle`` and ``show`` work as in ``Setting``; for a new object, ``settle`` gets an empty dict as the stored one.
    With ``headed``, the list has the status of the place.
    """

    kind: str
    path: str
    variable: str
    since: str
    body: Body
    view: str
    edit: str
    name: str
    settle: Callable[[Call, Record, dict[str, Any], dict[str, Any]], dict[str, Any]] = sent_as_is
    show: Callable[[Call, Record, dict[str, Any]], dict[str, Any]] = shown_as_is
    headed: bool = False
    refuses: str = ""
    place: Place = GATEWAY

    def all(self, call: Call, owner: Record) -> list[Record]:
        """The objects of one place."""
        return call.store.where(self.kind, self.place.kind, owner.id)

    def addressed(self, call: Call) -> tuple[Record, Record]:
        """The place and the object that a path names. Answers 403 if the object belongs to another place."""
        owner = self.place.of(call)
        part = call.require(self.kind, call.params[self.variable])
        if part.facts[self.place.kind] != owner.id:
            raise errors.forbidden("Base", call.operation.name, part.id)
        return owner, part

    def _representation(self, call: Call, owner: Record, part: Record) -> dict[str, Any]:
        values = {"id": part.id, "version": {"version": part.facts["version"]}, **self.show(call, owner, part.data)}
        return self.body.show(values, call.version)

    def list(self, call: Call) -> Reply:
        owner = self.place.of(call)
        extra = {"status": owner.status} if self.headed else {}
        parts = self.all(call, owner)
        return cursor_reply(call, parts, lambda part: self._representation(call, owner, part), self.name, extra)

    def get(self, call: Call) -> Reply:
        return Reply(200, self._representation(call, *self.addressed(call)))

    def post(self, call: Call) -> Reply:
        owner = self.place.of(call)
        data = self.settle(call, owner, self._read(call, None), {})
        part = Record(self.kind, call.store.mint(self.kind), data, owner.org)
        part.facts |= {self.place.kind: owner.id, "version": 0}
        # The task belongs to the place. Its details are the new object's identifier: go-vcloud-director reads those of
        # L2 VPN tunnels and DHCP bindings there.
        reply = call.submit(
            owner,
            locks=self.place.locks(call, owner),
            now=lambda: call.store.add(part),
            undo=lambda: call.store.remove(part),
            details=part.id,
        )
        call.touched = part.id
        return reply

    def put(self, call: Call) -> Reply:
        owner, part = self.addressed(call)
        data = self.settle(call, owner, self._read(call, part), part.data)
        return self.change(call, owner, part, data)

    def change(self, call: Call, owner: Record, part: Record, data: dict[str, Any]) -> Reply:
        """Give an object other values, and a new version."""

        def apply() -> None:
            part.data = data
            part.facts = {**part.facts, "version": part.facts["version"] + 1}

        reply = call.submit(
            owner, locks=self.place.locks(call, owner), now=apply, done=realized(part), undo=restored(part)
        )
        call.touched = part.id
        return reply

    def delete(self, call: Call) -> Reply:
        owner, part = self.addressed(call)
        reply = call.submit(owner, locks=self.place.locks(call, owner), done=lambda: call.store.remove(part))
        call.touched = part.id
        return reply

    def _read(self, call: Call, part: Record | None) -> dict[str, Any]:
        sent = self.body.read(call.body, call.version)
        check_version(sent, part.facts["version"] if part else 0)
        identifier = sent.pop("id", None)
        if part and identifier not in (None, part.id):
            raise errors.bad_field("id", "it is not that of the path")
        return sent

    def operations(self) -> tuple[Operation, ...]:
        """Its rows in the table of operations."""
        base, name = self.place.path + self.path, self.name
        one = f"{base}/{{{self.variable}}}"
        return (
            Operation("GET", base, self.since, self.view, self.list, f"{name}_VIEW"),
            Operation("POST", base, self.since, self.edit, self.post, f"{name}_CREATE", refuses=self.refuses),
            Operation("GET", one, self.since, self.view, self.get, f"{name}_VIEW"),
            Operation("PUT", one, self.since, self.edit, self.put, f"{name}_UPDATE", refuses=self.refuses),
            Operation("DELETE", one, self.since, self.edit, self.delete, f"{name}_DELETE"),
        )
