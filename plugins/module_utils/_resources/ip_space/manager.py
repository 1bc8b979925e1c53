# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Takes an address of an IP Space, marks it, describes it, and releases it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_space import calls, resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import VcdError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import pick_reference
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Change
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.rights import require_rights
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import (
    ALLOCATIONS,
    CREATE,
    DELETE,
    UPDATE,
    Operation,
)

VALUE_SINCE = (37, 2)


def find_space(api: Api, ip_space: str) -> Body:
    """The IP Space with this name or URN, as a reference. Raises CollectionError for none, for several, or a provider.

    A provider can allocate only in a tenant's context, which this collection does not set.
    """
    settings = api.session.settings
    if settings.provider:
        raise InvalidInput("org", settings.org, "takes no address: give the organization that needs it")
    api.require(calls.SINCE, "ip_space")
    rows = calls.list_spaces(api)
    names = [str(row.get("name")) for row in rows]
    where = f"visible to {settings.who}"
    return pick_reference("ip_space", ip_space, rows, kind="IP Space", where=where, others=lambda: names)


class Allocations:
    """Manages one address of an IP Space."""

    def __init__(self, api: Api, params: Mapping[str, Any], check_mode: bool) -> None:
        self.api = api
        self.params = params
        self.check_mode = check_mode
        self.wanted = resource.from_options(params)
        self.warnings: list[str] = []
        self.space: Body = {}

    def ensure(self) -> Change:
        """Bring the address to the wanted state. Raises CollectionError."""
        self.space = find_space(self.api, self.params["ip_space"])
        body = resource.find(calls.list_allocations(self.api, self.space["id"]), self.wanted)
        if self.params["state"] == "absent":
            return self._release(body)
        return self._take() if body is None else self._change(body)

    def _take(self) -> Change:
        value = self.wanted.get("value")
        if value:
            self.api.require(VALUE_SINCE, "value")
        said = resource.exhausted(self.api.get(f"ipSpaces/{self.space['id']}", f"IP Space {self.space['name']!r}"))
        self.warnings += [said] if said else []
        self._require(CREATE)
        new = {"usageState": resource.UNUSED, "value": value}
        changes = resource.differences(resource.to_result(new, self.space), self.wanted)
        if self.check_mode:
            return self._done(None, resource.to_result(resource.apply(new, changes), self.space))
        try:
            urn = calls.take(self.api, self.space, value)
        except VcdError as error:
            error.message += f"; {said}" if said else ""
            raise
        body = self._read(urn)
        if changes:
            self._mark(body, changes)
        return self._done(None, resource.to_result(self._read(urn), self.space))

    def _mark(self, body: Body, changes: Mapping[str, Any]) -> None:
        """Mark a new address, or release it: without the mark, the next run would take another one."""
        try:
            self._write(body, changes)
        except CollectionError as error:
            failed = error
        else:
            return
        try:
            self.api.delete(self._path(body), self._what(body))
        except CollectionError as error:
            failed.message += f"; it stays allocated, because releasing it failed too: {error.message}"
        raise failed

    def _change(self, body: Body) -> Change:
        before = resource.to_result(body, self.space)
        changes = resource.differences(before, self.wanted)
        if not changes:
            return Change(False, before, before)
        self._require(UPDATE)
        if self.check_mode:
            return self._done(before, resource.to_result(resource.apply(body, changes), self.space))
        self._write(body, changes)
        return self._done(before, resource.to_result(self._read(str(body["id"])), self.space))

    def _release(self, body: Body | None) -> Change:
        if body is None:
            return Change(False, None, None)
        before = resource.to_result(body, self.space)
        if before["used_by"] or before["usage_state"] == resource.USED:
            by = f" by {before['used_by']['name']!r}" if before["used_by"] else ""
            kinds = f" ({', '.join(before['usage_categories'])})" if before["usage_categories"] else ""
            raise CollectionError(
                f"cannot release {self._what(body)}: it is used{by}{kinds}: remove what uses it first"
            )
        self._require(DELETE)
        if not self.check_mode:
            calls.release(self.api, calls.floating_ip_of(self.space["id"], body))
        return self._done(before, None)

    def _require(self, act: str) -> None:
        self.warnings += require_rights(self.api, [Operation(act, ALLOCATIONS)])

    def _done(self, before: dict[str, Any] | None, after: dict[str, Any] | None) -> Change:
        return Change(True, before, after, tuple(self.warnings))

    def _read(self, urn: str) -> Body:
        return self.api.get(f"ipSpaces/{self.space['id']}/allocations/{urn}", f"address of {self.space['name']!r}")

    def _write(self, body: Body, changes: Mapping[str, Any]) -> None:
        self.api.update(self._path(body), self._what(body), body, lambda current: resource.apply(current, changes))

    def _path(self, body: Body) -> str:
        return f"ipSpaces/{self.space['id']}/allocations/{body['id']}"

    def _what(self, body: Body) -> str:
        return f"address {body.get('value')} of IP Space {self.space['name']!r}"


def read_space(api: Api, ip_space: str) -> tuple[Body, list[Body]]:
    """An IP Space with its numbers, and the organization's addresses in it."""
    found = find_space(api, ip_space)
    return api.get(f"ipSpaces/{found['id']}", f"IP Space {found['name']!r}"), calls.list_allocations(api, found["id"])
