# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Manage certificates of the library, and replace a certificate in the objects that use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.certificate.calls import PATH
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.certificate.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.library_certificate import calls, resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.comparison import differing
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Change, Manager, Result
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.rights import require_rights
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import (
    CERTIFICATES,
    CREATE,
    DELETE,
    POOLS,
    UPDATE,
    VIRTUAL_SERVICES,
    Operation,
)

Moves = list[tuple[Body, calls.User, Body]]  # the old certificate, an object that uses it, and that object's body
_THINGS = {resource.SERVICE: VIRTUAL_SERVICES, resource.POOL: POOLS}


class Certificates(Manager):
    """Manages one certificate of the organization's library. ``users`` are known after ``ensure``."""

    kind = "certificate"
    from_options = staticmethod(resource.from_options)
    to_result = staticmethod(to_result)
    apply = staticmethod(resource.apply)

    def __init__(self, api: Api, params: Mapping[str, Any], check_mode: bool) -> None:
        super().__init__(api, {}, params, check_mode)
        self.users: list[calls.User] = []
        self._rows: list[Body] = []

    @property
    def what(self) -> str:
        """The object's name for messages. It belongs to the organization, not to an edge gateway."""
        return f"{self.kind} {(self.params.get('name') or self.params.get('id'))!r}"

    def read(self) -> Body | None:
        """By id, or else by name, or else the certificate that an interrupted rotation was to give this name."""
        name, urn = self.params["name"], self.params["id"]
        calls.check_id(urn)
        self._rows = self.api.pages(PATH, "certificates")
        found = next((row for row in self._rows if (urn or name) in (row["id"] if urn else row["alias"],)), None)
        if found is None and not urn:
            found = next(iter(self._staged_for(name)), None)
        self.users = calls.users_of(self.api, found) if found else []
        return found

    def _staged_for(self, name: str) -> list[Body]:
        return [row for row in self._rows if resource.is_staged_for(str(row["alias"]), name)]

    def modify(self, body: Body) -> Change:
        """Change name and description, or replace the certificate itself and what an interrupted rotation has left."""
        chain = self.params["certificate"]
        if chain is None:
            return super().modify(body)
        kept, gone = resource.to_replace(body, self._staged_for(str(body["alias"])), chain)
        if not gone:
            return super().modify(body)
        self._check_new_name(to_result(body), self.differences(to_result(body), self.wanted))
        moves = [(one, user, calls.read_user(self.api, user)) for one in gone for user in calls.users_of(self.api, one)]
        self._check_rotation(body if body in gone else None, kept, moves)
        wanted = {"name": body["alias"], "description": body.get("description") or "", **self.wanted}
        before, planned = to_result(body), self._planned(kept, wanted)
        if self.check_mode:
            return Change(True, before, planned, tuple(self.warnings))
        return Change(True, before, self._rotate(kept, gone, moves, wanted), tuple(self.warnings))

    def _check_rotation(self, replaced: Body | None, kept: Body | None, moves: Moves) -> None:
        """Raise CollectionError for anything that would fail after the first write."""
        users = ", ".join(dict.fromkeys(user.words for _old, user, _body in moves)) or "nothing"
        if replaced and not self.params["rotate"]:
            raise CollectionError(
                f"certificate: differs from that of {self.what}, which is used by {users}: set rotate: true to "
                "create a new object, to move its users to it, and to remove the old one"
            )
        services = [user.words for _old, user, _body in moves if user.kind == resource.SERVICE]
        if kept is None and services and not self.params["private_key"]:
            raise CollectionError(f"private_key: required, because {', '.join(services)} will use the certificate")
        acts = [CREATE] * (kept is None) + [UPDATE, DELETE]
        operations = [Operation(act, CERTIFICATES) for act in acts]
        operations += [Operation(UPDATE, _THINGS[user.kind]) for _old, user, _body in moves]
        self.warnings += require_rights(self.api, operations)

    def _planned(self, kept: Body | None, wanted: Result) -> Result:
        return to_result(resource.apply(kept or {"certificate": self.params["certificate"]}, wanted, {}))

    def _rotate(self, kept: Body | None, gone: list[Body], moves: Moves, wanted: Result) -> Result:
        """Rotate. Running again after an interruption continues from the objects that exist."""
        if kept is None:
            alias = resource.staging_name(str(gone[0]["alias"]), self.params["certificate"])
            body = resource.apply(self.initial(), {**wanted, "name": alias}, {})
            kept = self.api.get(self.path(self._create_as(body, alias)), f"certificate {alias!r}")
        reference = {"id": kept["id"], "name": kept["alias"]}
        for old, user, body in moves:
            calls.move(self.api, user, body, str(old["id"]), reference)
        for old in gone:
            self.api.delete(self.path(str(old["id"])), f"certificate {old['alias']!r}")
        path = self.path(str(kept["id"]))
        changes = self.differences(to_result(kept), wanted)
        if changes:
            self.api.update(path, self.what, kept, lambda current: resource.apply(current, changes, {}))
        after = self.api.get(path, self.what)
        self.users = calls.users_of(self.api, after)
        return to_result(after)

    def remove(self, body: Body | None) -> Change:
        """Delete it, unless something uses it."""
        if body is not None and self.users:
            users = ", ".join(user.words for user in self.users)
            raise CollectionError(f"cannot delete {self.what}: it is used by {users}: remove it there first")
        return super().remove(body)

    def settle(self, object_id: str, body: Body | None = None) -> Body:
        """A certificate has no status: it is read again after a write."""
        return body or self.api.get(self.path(object_id), self.what)

    def create(self, body: Body) -> str:
        """Create it; return its id."""
        return self._create_as(body, str(body["alias"]))

    def _create_as(self, body: Body, alias: str) -> str:
        def find() -> str | None:
            rows = self.api.pages(PATH, "certificates")
            return next((str(row["id"]) for row in rows if row["alias"] == alias), None)

        return self.api.create(PATH, body, f"certificate {alias!r}", find)

    def find(self) -> str | None:
        """By name."""
        return next((str(row["id"]) for row in self._rows if row["alias"] == self.params["name"]), None)

    def initial(self) -> Body:
        """The certificate with its key, which no answer contains."""
        fields = {
            "certificate": "certificate",
            "private_key": "privateKey",
            "private_key_passphrase": "privateKeyPassphrase",
        }
        return {field: self.params[option] for option, field in fields.items() if self.params[option]}

    def collection(self) -> str:
        """The path of the library."""
        return PATH

    def missing_for_create(self) -> list[str]:
        """The options without which a certificate cannot be created."""
        return [option for option in ("name", "certificate") if not self.params[option]]

    def differences(self, current: Result, wanted: Result) -> Result:
        """The wanted values that the certificate lacks."""
        return differing(current, wanted)
