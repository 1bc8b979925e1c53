# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""How a module brings one object to what is wanted: read, compare, check, write, wait. Knows no resource."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.gateway_objects import GatewayObjects

Result = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """What was done, or in check mode would be; ``before`` and ``after`` come from one renderer, None for no object."""

    changed: bool
    before: Result | None
    after: Result | None
    warnings: tuple[str, ...] = ()


class Manager(ABC):
    """One object on one edge gateway. The resource packages say what is theirs, this says in which order.

    What is pure (``from_options``, ``to_result``, ``apply``, ``differences``) they set as static methods.
    """

    kind: str
    shown: tuple[str, ...] = ("status",)  # fields of the body that tell how far it is
    unseen: tuple[str, ...] = ()  # options that Cloud Director need not show

    def __init__(self, api: Api, gateway: Body, params: Mapping[str, Any], check_mode: bool) -> None:
        self.api = api
        self.gateway = gateway
        self.params = params
        self.check_mode = check_mode
        self.wanted = self.from_options(params)
        self.warnings: list[str] = []

    @property
    def what(self) -> str:
        """The object in words, for messages."""
        name = self.params.get("name") or self.params.get("id")
        return f"{self.kind} {name!r} on edge gateway {self.gateway['name']!r}"

    def ensure(self) -> Change:
        """Bring it about. Raises CollectionError; what was refused before the first write has changed nothing."""
        body = self.read()
        if self.params["state"] == "absent":
            return self.remove(body)
        return self.add() if body is None else self.modify(body)

    def add(self) -> Change:
        """Create the object."""
        if self.params.get("id"):
            raise InvalidInput(
                "id", self.params["id"], f"there is no {self.kind} of this id: leave id out to create one"
            )
        self.complete()
        missing = self.missing_for_create()
        if missing:
            raise CollectionError(f"{', '.join(missing)}: needed to create {self.what}, which is not there yet")
        body = self.apply(self.initial(), self.wanted, self.resolve(self.wanted))
        planned = self.to_result(body)
        self.check(None, self.wanted, planned)
        if self.check_mode:
            return Change(True, None, planned, tuple(self.warnings))
        after = self.to_result(self.settle(self.create(body)))
        self.verify(after)
        return Change(True, None, after, tuple(self.warnings))

    def modify(self, body: Body) -> Change:
        """Change what is not so yet; options that were not given are left alone."""
        before = self.to_result(body)
        changes = self.differences(before, self.wanted)
        if not changes:
            after = before if self.check_mode else self.to_result(self.settle(str(before["id"]), body))
            return Change(False, before, after, tuple(self.warnings))
        references = self.resolve(changes)
        planned = self.to_result(self.apply(body, changes, references))
        self.check(before, changes, planned)
        if self.check_mode:
            return Change(True, before, planned, tuple(self.warnings))
        after = self.to_result(self.settle(self.write(body, changes, references)))
        self.verify(after)
        return Change(True, before, after, tuple(self.warnings))

    def remove(self, body: Body | None) -> Change:
        """Delete the object if it is there."""
        if body is None:
            return Change(False, None, None)
        if not self.check_mode:
            self.api.delete(self.path(str(body["id"])), self.what)
        return Change(True, self.to_result(body), None)

    def settle(self, object_id: str, body: Body | None = None) -> Body:
        """Read it again, after waiting for it if that is asked for. A ``body`` that is settled serves as it is."""
        wait, path = self.params["wait"], self.path(object_id)
        if body is not None and (not wait or self.settled(body)):
            return body
        if not wait:
            return self.api.get(path, self.what)
        return self.api.wait(path, self.what, self.params["wait_timeout"], self.settled, *self.shown)

    def verify(self, after: Result) -> None:
        """Warn of what Cloud Director was told and did not take."""
        for option in sorted(set(self.differences(after, self.wanted)) - set(self.unseen)):
            now = after.get(option)
            self.warnings.append(f"{option}: Cloud Director did not take it over for {self.what}: it is {now!r} now")

    def create(self, body: Body) -> str:
        """Create it; return its id."""
        return self.api.create(self.collection(), body, self.what, self.find)

    def write(self, body: Body, changes: Mapping[str, Any], references: Mapping[str, Any]) -> str:
        """Change it in place; return its id."""
        path = self.path(str(body["id"]))
        self.api.update(path, self.what, body, lambda current: self.apply(current, changes, references))
        return str(body["id"])

    def settled(self, body: Mapping[str, Any]) -> bool:
        """Whether nothing more is to be waited for."""
        return body.get("status") == "REALIZED"

    def complete(self) -> None:
        """Fill in what a new object needs and the operator may leave out."""
        return

    def check(self, before: Result | None, changes: Mapping[str, Any], planned: Result) -> None:
        """Raise CollectionError for what Cloud Director would refuse."""
        return

    def resolve(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the names and URNs in ``changes`` stand for, by option; asked before anything is written."""
        return {}

    @abstractmethod
    def from_options(self, params: Mapping[str, Any]) -> Result: ...

    @abstractmethod
    def read(self) -> Body | None:
        """The object's full body, None when it is not there."""

    @abstractmethod
    def find(self) -> str | None:
        """The id of the object with the wanted name, None when it is not there."""

    @abstractmethod
    def initial(self) -> Body:
        """The body of a new object before the options are applied."""

    @abstractmethod
    def collection(self) -> str:
        """The path of the collection."""

    def path(self, object_id: str) -> str:
        """The path of one object."""
        return f"{self.collection()}/{object_id}"

    @abstractmethod
    def missing_for_create(self) -> list[str]: ...

    @abstractmethod
    def differences(self, current: Result, wanted: Result) -> Result: ...

    @abstractmethod
    def apply(self, body: Mapping[str, Any], changes: Mapping[str, Any], references: Mapping[str, Any]) -> Body: ...

    @abstractmethod
    def to_result(self, body: Mapping[str, Any]) -> Result: ...


class GatewayManager(Manager):
    """One object that belongs to the edge gateway, and has a name of its own there."""

    objects: GatewayObjects

    def collection(self) -> str:
        """The path of the objects of this kind."""
        return self.objects.path

    def read(self) -> Body | None:
        """By id, else by name."""
        return self.objects.read(self.api, self.gateway, self.params["name"], self.params["id"])

    def find(self) -> str | None:
        """By name."""
        return self.objects.find_id(self.api, self.gateway, self.params["name"])

    def initial(self) -> Body:
        """Enabled, on this edge gateway; the server fills in the other defaults."""
        return {"enabled": True, "gatewayRef": {"id": self.gateway["id"], "name": self.gateway["name"]}}
