# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Assigns a service engine group to an edge gateway, or removes the assignment. Only the provider may do that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    assignments_of,
    require_load_balancer,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.service_engine_group_assignment import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service import calls as services
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import pick, same_reference
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Change, Manager, Result
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import CREATE

GROUPS = "loadBalancer/serviceEngineGroups"
PATH = f"{GROUPS}/assignments"


class Assignments(Manager):
    """Manages the assignment of one service engine group to one edge gateway."""

    kind = "service engine group assignment"
    from_options = staticmethod(resource.from_options)
    to_result = staticmethod(resource.to_result)
    differences = staticmethod(resource.differences)
    apply = staticmethod(resource.apply)

    @property
    def what(self) -> str:
        """The object's name for messages."""
        group = self.params["service_engine_group"]
        return f"service engine group {group!r} on edge gateway {self.gateway['name']!r}"

    def read(self) -> Body | None:
        """By the group."""
        rows, wanted = assignments_of(self.api, self.gateway), self.params["service_engine_group"]
        return next((row for row in rows if same_reference(row.get("serviceEngineGroupRef"), wanted)), None)

    def find(self) -> str | None:
        """By the group."""
        found = self.read()
        return str(found["id"]) if found else None

    @cached_property
    def _group(self) -> Body:
        """The group, which only the provider sees before it is assigned."""
        rows = self.api.pages(GROUPS, "service engine groups")
        group = self.params["service_engine_group"]
        found: Body = pick(
            "service_engine_group",
            group,
            [row for row in rows if group in (row.get("id"), row.get("name"))],
            kind="service engine group",
            where=f"visible to {self.api.session.settings.who}",
            apart="give its URN as service_engine_group",
            others=lambda: [str(row.get("name")) for row in rows],
        )
        return found

    def add(self) -> Change:
        """Check the right before reading the list of groups, which a tenant may not see."""
        self.require_right(CREATE)
        change = super().add()
        if not self.check_mode or change.after is None:
            return change
        since_ha_mode = self.api.session.version >= resource.HA_MODE_SINCE
        facts = {
            "feature_set": self._group.get("supportedFeatureSet"),
            "ha_mode": self._group.get("haMode") if since_ha_mode else None,
        }
        return replace(change, after={**change.after, **facts})

    def require_right(self, act: str) -> None:
        """Add each warning only once."""
        super().require_right(act)
        self.warnings = list(dict.fromkeys(self.warnings))

    def initial(self) -> Body:
        """The group on this edge gateway."""
        return {
            "serviceEngineGroupRef": {"id": self._group["id"], "name": self._group["name"]},
            "gatewayRef": {"id": self.gateway["id"], "name": self.gateway["name"]},
        }

    def missing_for_create(self) -> list[str]:
        """A shared group needs its numbers of virtual services."""
        return [] if self._dedicated else [option for option in resource.FIELDS if option not in self.wanted]

    @property
    def _dedicated(self) -> bool:
        return self._group.get("reservationType") == "DEDICATED"

    def check(self, before: Result | None, changes: Mapping[str, Any], planned: Result) -> None:
        """Check the numbers. A dedicated group has none, and a disabled load balancer has no group."""
        if before is None:
            require_load_balancer(self.api, self.gateway)
        if before is None and changes and self._dedicated:
            option = next(iter(changes))
            raise InvalidInput(option, changes[option], "the group is dedicated, and has no numbers: omit it")
        resource.check(planned, changes)

    def delete(self, object_id: str) -> None:
        """Remove the assignment. Raises CollectionError that names the virtual services on the group."""
        rows, wanted = services.list_summaries(self.api, self.gateway), self.params["service_engine_group"]
        names = [repr(row.get("name")) for row in rows if same_reference(row.get("serviceEngineGroupRef"), wanted)]
        if names:
            listed = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
            raise CollectionError(
                f"cannot unassign {self.what}: virtual services {listed} are on it: remove them first"
            )
        super().delete(object_id)

    def settle(self, object_id: str, body: Body | None = None) -> Body:
        """An assignment has no status: it is read again after a write."""
        return body or self.api.get(self.path(object_id), self.what)

    def collection(self) -> str:
        """The path of all assignments."""
        return PATH
