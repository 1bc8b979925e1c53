# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""How a module manages one object: read, compare, check, write, wait. Independent of resource types."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput, as_text
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.gateway_objects import GatewayObjects
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.peers import Peers
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.rights import granted_to, require_rights
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import (
    CREATE,
    DELETE,
    READ,
    UPDATE,
    Operation,
    missing,
    right_for,
)

Result = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """What was done or, in check mode, would be done. ``before`` and ``after`` are results; None means no object."""

    changed: bool
    before: Result | None
    after: Result | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlannedWrite:
    """What is to be done to one object, decided before the first write.

    ``act`` is CREATE, UPDATE or DELETE, and empty if there is nothing to do. ``body`` is the object as it was read,
    None if it does not exist; ``planned`` is its body afterwards. ``before`` and ``after`` are results.
    """

    act: str = ""
    before: Result | None = None
    after: Result | None = None
    body: Body | None = None
    planned: Body | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    references: Mapping[str, Any] = field(default_factory=dict)


class Shared:
    """What the managers of several objects in one task share, see `several.Several`."""

    def __init__(self) -> None:
        self._rows: Peers | None = None

    def rows(self, read: Callable[[], list[Body]]) -> Peers:
        """The objects after the last write, read once."""
        if self._rows is None:
            self._rows = Peers(read())
        return self._rows


class Manager(ABC):
    """Manages one object on one edge gateway.

    This class fixes the order of the work; a subclass in a resource package supplies the parts, the pure ones
    (``from_options``, ``to_result``, ``apply``, ``differences``) as static methods::

        class Pools(GatewayManager):
            kind = "pool"
            objects = calls.OBJECTS
            from_options = staticmethod(resource.from_options)
            ...

        change = Pools(api, gateway, module.params, module.check_mode).ensure()
        if change.changed:
            show(change.before, change.after)

    ``params`` are the module's options; ``wait_timeout`` among them is in seconds. The constructor raises InvalidInput,
    ``ensure`` raises CollectionError. All checks come before the first write, so an option that they reject changes
    nothing in Cloud Director.
    """

    kind: str
    progress_fields: tuple[str, ...] = ("status",)  # fields of the body that a timeout message reports
    # options that Cloud Director accepts but ignores without a right, and the objects of that right (`Row.things`)
    ignored_without: ClassVar[Mapping[str, str]] = {}
    names_repeat = False  # whether Cloud Director accepts several objects with one name
    shared: Shared | None = None  # None: the task is for one object

    def __init__(self, api: Api, gateway: Body, params: Mapping[str, Any], check_mode: bool) -> None:
        self.api = api
        self.gateway = gateway
        self.params = params
        self.check_mode = check_mode
        self.wanted = self.from_options(params)
        self.warnings: list[str] = []

    @property
    def what(self) -> str:
        """The object's name for messages."""
        name = self.params.get("name") or self.params.get("id")
        return f"{self.kind} {name!r} on edge gateway {self.gateway['name']!r}"

    @cached_property
    def peers(self) -> Peers:
        """The objects of this kind before the write, for kinds in which one object may be in the way of another.

        Several objects in one task share them: each object sees them as the previous objects will leave them.
        """
        return Peers()

    def ensure(self) -> Change:
        """Bring the object to the wanted state. Raises CollectionError."""
        body = self.existing()
        if self.params["state"] == "absent":
            return self.remove(body)
        return self.add() if body is None else self.modify(body)

    def plan(self) -> PlannedWrite:
        """What ``ensure`` would do. Nothing is written. Raises CollectionError."""
        body = self.existing()
        if self.params["state"] == "absent":
            return self.plan_removal(body)
        return self.plan_creation() if body is None else self.plan_change(body)

    def existing(self) -> Body | None:
        """The object's full body, or None when it does not exist. Raises CollectionError."""
        body = self.read()
        if body is None and self.params.get("id"):
            # 403 is the answer both for a missing object and for a missing right to see it
            self.require_right(READ)
        return body

    def add(self) -> Change:
        """Create the object."""
        return self.finish(self.plan_creation())

    def modify(self, body: Body) -> Change:
        """Change what differs from the options. An option that is not set leaves its value unchanged."""
        return self.finish(self.plan_change(body))

    def remove(self, body: Body | None) -> Change:
        """Delete the object if it exists."""
        return self.finish(self.plan_removal(body))

    def plan_creation(self) -> PlannedWrite:
        """Resolve the references of a new object, and check it."""
        if self.params.get("id"):
            raise InvalidInput("id", self.params["id"], f"there is no {self.kind} with this id: omit id to create one")
        self.complete()
        lacking = self.missing_for_create()
        if lacking:
            raise CollectionError(f"{', '.join(lacking)}: required to create {self.what}, which does not exist yet")
        self.wanted = self.effective(self.wanted)
        planned = self.apply(self.initial(), self.wanted, self.resolve(self.wanted))
        after = self.to_result(planned)
        self.check(None, self.wanted, after)
        self.require_right(CREATE)
        return PlannedWrite(CREATE, after=after, planned=planned)

    def plan_change(self, body: Body) -> PlannedWrite:
        """Resolve what differs, and check it with the planned result: check mode fails where a real run would."""
        before = self.to_result(body)
        changes = self.effective(self.differences(before, self.wanted))
        if not changes:
            return PlannedWrite(before=before, after=before, body=body, planned=body)
        self._check_new_name(before, changes)
        references = self.resolve(changes)
        planned = self.apply(body, changes, references)
        after = self.to_result(planned)
        self.check(before, changes, after)
        self.require_right(UPDATE)
        return PlannedWrite(UPDATE, before, after, body, planned, changes, references)

    def plan_removal(self, body: Body | None) -> PlannedWrite:
        """Check whether it may be deleted."""
        if body is None:
            return PlannedWrite()
        self.require_right(DELETE)
        if self.check_mode:
            self.delete(str(body["id"]))  # which only checks then
        return PlannedWrite(DELETE, self.to_result(body), body=body)

    def finish(self, step: PlannedWrite) -> Change:
        """Carry out the plan; in check mode, only return it."""
        if self.check_mode:
            return Change(bool(step.act), step.before, step.after, tuple(self.warnings))
        return self.outcome(step, self.carry_out(step))

    def carry_out(self, step: PlannedWrite) -> str:
        """Write what was planned; return the id of the object, empty where it is not known."""
        if step.act == CREATE and step.planned is not None:
            return self.create(step.planned)
        if step.act == UPDATE and step.body is not None:
            body = step.body
            if self.shared:  # read again: much may have been written since, and changes by others must not be lost
                body = self.api.get(self.path(str(body["id"])), self.what)
            return self.write(body, step.changes, step.references)
        object_id = str((step.before or {}).get("id") or "")
        if step.act == DELETE:
            self.delete(object_id)
        return object_id

    def outcome(self, step: PlannedWrite, object_id: str) -> Change:
        """The outcome: wait until the object is settled, read it, and verify it."""
        if step.after is None:
            return Change(bool(step.act), step.before, None, tuple(self.warnings))
        after = self.to_result(self.settle(object_id, None if step.act else step.body))
        if step.act:
            self.verify(after)
        # If everything that differed was ignored, nothing changed: reporting a change would make every run report one.
        ignored = set(self.differences(after, self.wanted)) & set(self.ignored_without)
        changed = set(step.changes) != ignored if step.act == UPDATE else bool(step.act)
        return Change(changed, step.before, after, tuple(self.warnings))

    def require_right(self, act: str) -> None:
        """Raise CollectionError if the user lacks the right to do this; warn if the user's rights are not known."""
        self.warnings += require_rights(self.api, [Operation(act, f"{self.kind}s")])

    def _check_new_name(self, before: Result, changes: Result) -> None:
        """Refuse to rename an object, given by id, to the name of another one."""
        if not self.names_repeat and "name" in changes and self.params.get("id"):
            other = self.find()
            if other and other != before["id"]:
                raise InvalidInput("name", changes["name"], f"another {self.kind} has this name: choose another")

    def effective(self, changes: Result) -> Result:
        """The changes without those that Cloud Director ignores for lack of a right; a warning for each of these."""
        ignored = set()
        for option, things in self.ignored_without.items():
            for one in missing(granted_to(self.api), [Operation(UPDATE, things)]) if changes.get(option) else ():
                ignored.add(option)
                self.warnings.append(f"{option}: is ignored for {self.what}: {one.text}: {one.remedy}")
        return {option: value for option, value in changes.items() if option not in ignored}

    def settle(self, object_id: str, body: Body | None = None) -> Body:
        """Wait for the object if ``wait`` is set, and read it again. A ``body`` that is already settled is reused."""
        wait, path = self.params["wait"], self.path(object_id)
        if body is not None and (not wait or self.settled(body)):
            return body
        if not wait:
            return self.api.get(path, self.what)
        return self.api.wait(path, self.what, self.params["wait_timeout"], self.settled, *self.progress_fields)

    def verify(self, after: Result) -> None:
        """Warn of options that Cloud Director accepted but did not apply."""
        for option in sorted(self.differences(after, self.wanted)):
            if option not in self.ignored_without:
                now = as_text(after.get(option))
                self.warnings.append(f"{option}: Cloud Director did not apply it to {self.what}: the value is {now}")
            elif not any(one.startswith(f"{option}: is ignored") for one in self.warnings):
                self.warnings.append(
                    f"{option}: Cloud Director did not apply it to {self.what}, or does not report it: the user "
                    f"probably lacks the right {right_for(Operation(UPDATE, self.ignored_without[option]))!r}"
                )

    def create(self, body: Body) -> str:
        """Create it; return its id."""
        return self.api.create(self.collection(), body, self.what, self.find)

    def delete(self, object_id: str) -> None:
        """Delete it, unless in check mode."""
        if not self.check_mode:
            self.api.delete(self.path(object_id), self.what)

    def write(self, body: Body, changes: Mapping[str, Any], references: Mapping[str, Any]) -> str:
        """Change it in place; return its id."""
        path = self.path(str(body["id"]))
        self.api.update(path, self.what, body, lambda current: self.apply(current, changes, references))
        return str(body["id"])

    def settled(self, body: Mapping[str, Any]) -> bool:
        """Whether the object has reached its final state."""
        return body.get("status") == "REALIZED"

    def complete(self) -> None:
        """Fill in options that a new object needs and that the operator may omit."""
        return

    def check(self, before: Result | None, changes: Mapping[str, Any], planned: Result) -> None:
        """Raise CollectionError for what Cloud Director would reject.

        Check only what changes: an existing object that violates a rule must not block an unrelated change.
        """
        return

    def resolve(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """The objects that names and URNs in ``changes`` refer to, by option. Looked up before the first write."""
        return {}

    @staticmethod
    @abstractmethod
    def from_options(params: Mapping[str, Any]) -> Result:
        """What a module's options say about the object."""

    @abstractmethod
    def read(self) -> Body | None:
        """The object's full body, or None when it does not exist."""

    @abstractmethod
    def find(self) -> str | None:
        """The id of the object with the wanted name, or None when it does not exist."""

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
    def missing_for_create(self) -> list[str]:
        """The options that a new object needs and that were not given."""

    @abstractmethod
    def differences(self, current: Result, wanted: Result) -> Result:
        """What differs, by option, with the wanted values."""

    @abstractmethod
    def apply(self, body: Mapping[str, Any], changes: Mapping[str, Any], references: Mapping[str, Any]) -> Body:
        """The body with the changes; ``references`` are those of `resolve`."""

    @abstractmethod
    def to_result(self, body: Mapping[str, Any]) -> Result:
        """What a module returns for a body."""


class GatewayManager(Manager):
    """Manages an object that belongs to the edge gateway and has a unique name on it."""

    objects: GatewayObjects

    def collection(self) -> str:
        """The path of the collection."""
        return self.objects.path

    def read(self) -> Body | None:
        """By id, or else by name; with ``new_name``, the object with either name. Raises InvalidInput if both exist."""
        found = self.objects.read(self.api, self.gateway, self.params["name"], self.params["id"])
        new = self.params.get("new_name")
        if not new or new == self.params["name"]:
            return found
        renamed = self.objects.read(self.api, self.gateway, new, None)
        if found and renamed:
            remedy = f"another {self.kind} has this name, and {self.params['name']!r} exists, too: choose another"
            raise InvalidInput("new_name", new, remedy)
        return found or renamed

    def plan_creation(self) -> PlannedWrite:
        """Create the object, unless the task is to rename one."""
        new = self.params.get("new_name")
        if new:
            why = f"there is no {self.kind} with this name, and none with the new name {new!r}"
            raise InvalidInput("name", self.params["name"], f"{why}: omit new_name to create one")
        return super().plan_creation()

    def find(self) -> str | None:
        """By name."""
        return self.objects.find_id(self.api, self.gateway, self.params["name"])

    def initial(self) -> Body:
        """Enabled, on this edge gateway; the server sets the other defaults."""
        return {"enabled": True, "gatewayRef": {"id": self.gateway["id"], "name": self.gateway["name"]}}
