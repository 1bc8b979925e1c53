# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Manage load balancer pools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import require_load_balancer
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool import (
    calls,
    comparison,
    machines,
    resource,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import GatewayManager, PlannedWrite, Result

MAX_CONFLICTS = 3


class Pools(GatewayManager):
    """Manages one pool."""

    kind = "pool"
    objects = calls.OBJECTS
    progress_fields = ("status", "healthStatus", "healthMessage")

    from_options = staticmethod(resource.from_options)
    to_result = staticmethod(resource.to_result)
    differences = staticmethod(comparison.differences)
    apply = staticmethod(resource.apply)

    def __init__(self, api: Api, gateway: Body, params: Mapping[str, Any], check_mode: bool) -> None:
        super().__init__(api, gateway, params, check_mode)
        self._asked: list[Result] = self.wanted.pop("member_changes", [])
        self._machines: list[Result] = self.wanted.pop("member_machines", [])

    def existing(self) -> Body | None:
        """The pool, after the addresses of virtual machines among the wanted members have been read."""
        if self.params["state"] != "absent":
            self._asked = machines.with_addresses(self.api, self.gateway, self._asked)
            if self._machines:
                named = machines.with_addresses(self.api, self.gateway, self._machines)
                self.wanted["members"] = resource.with_changes([], named)
        return super().existing()

    def plan_creation(self) -> PlannedWrite:
        """Create the pool with the members that were to be added."""
        if self._asked and all(one["state"] == "absent" for one in self._asked):
            why = "there is no pool with this name to remove a member from: check the name"
            raise InvalidInput("name", self.params["name"], why)
        if self._asked:
            self.wanted["members"] = resource.with_changes([], self._asked)
        return super().plan_creation()

    def plan_change(self, body: Body) -> PlannedWrite:
        """Change what differs; with ``exclusive: false``, only the given members."""
        if self._asked:
            before = self.to_result(body)
            if before["member_group"]:
                group = before["member_group"]["name"]
                remedy = f"the pool has the members of {group!r}: change that, or omit exclusive"
                raise InvalidInput("members", [one["ip_address"] for one in self._asked], remedy)
            self.wanted["members"] = resource.with_changes(before["members"], self._asked)
        return super().plan_change(body)

    def write(self, body: Body, changes: Mapping[str, Any], references: Mapping[str, Any]) -> str:
        """Write the pool. Changes to single members are applied to the members that exist right before the write.

        Cloud Director writes the members as one list. It is read back, and written again if another client has
        overwritten it.
        """
        if not self._asked or "members" not in changes:
            return super().write(body, changes, references)

        def change(current: Body) -> Body:
            members = resource.with_changes(self.to_result(current)["members"], self._asked)
            return self.apply(current, {**changes, "members": members}, references)

        path = self.path(str(body["id"]))
        for _attempt in range(MAX_CONFLICTS + 1):
            self.api.update(path, self.what, self._now(path), change, shared=True)
            after = self.to_result(self._now(path))
            if not self.differences(after, {"members": resource.with_changes(after["members"], self._asked)}):
                return str(body["id"])
        raise CollectionError(
            f"{self.what}: another client writes its members at the same time, and has overwritten this change "
            f"{MAX_CONFLICTS + 1} times: run the task again when it has finished"
        )

    def _now(self, path: str) -> Body:
        return self.api.get(path, self.what)

    def verify(self, after: Result) -> None:
        """Warn of options that Cloud Director accepted but did not apply. Members of other clients do not count."""
        if self._asked:
            self.wanted["members"] = resource.with_changes(after["members"], self._asked)
        super().verify(after)

    def plan_removal(self, body: Body | None) -> PlannedWrite:
        """Delete it, unless a virtual service uses it."""
        users = self.to_result(body)["virtual_services"] if body else []
        if users:
            names = ", ".join(repr(one["name"]) for one in users)
            raise CollectionError(
                f"cannot delete {self.what}: it is used by virtual service {names}: remove that first"
            )
        return super().plan_removal(body)

    def missing_for_create(self) -> list[str]:
        """A pool needs only a name."""
        return [] if self.wanted.get("name") else ["name"]

    def resolve(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """The member group and the certificates."""
        found: dict[str, Any] = {}
        if changes.get("member_group"):
            found["member_group"] = calls.find_member_group(self.api, self.gateway, changes["member_group"])
        if changes.get("ca_certificates"):
            found["ca_certificates"] = calls.find_certificates(self.api, "ca_certificates", changes["ca_certificates"])
        return found

    def check(self, before: Result | None, changes: Mapping[str, Any], planned: Result) -> None:
        """API versions, options that depend on each other, and whether the edge gateway can have a pool."""
        if before is None:
            require_load_balancer(self.api, self.gateway)
        if changes.get("member_group"):
            self.api.require((37, 1), "member_group")
        if changes.get("ssl_enabled"):
            self.api.require((37, 0), "ssl_enabled")
        if set(changes) & {"common_name_check_enabled", "ca_certificates", "domain_names"}:
            comparison.check(planned)
