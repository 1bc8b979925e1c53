# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Manage application port profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile import (
    calls,
    comparison,
    resource,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import owner_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Manager


class AppPortProfiles(Manager):
    """Manages one application port profile of a tenant, in the context of the edge gateway's owner."""

    kind = "application port profile"

    @property
    def what(self) -> str:
        """The object's name for messages. It belongs to the organization, not to the edge gateway."""
        return f"{self.kind} {(self.params.get('name') or self.params.get('id'))!r}"

    from_options = staticmethod(resource.from_options)
    to_result = staticmethod(resource.to_result)
    differences = staticmethod(comparison.differences)

    def apply(self, body: Mapping[str, Any], changes: Mapping[str, Any], references: Mapping[str, Any]) -> Body:
        """See resource.apply."""
        return resource.apply(body, changes)

    def collection(self) -> str:
        """The path of application port profiles."""
        return calls.PATH

    def read(self) -> Body | None:
        """By id, or else by name among the tenant's profiles. Raises InvalidInput for any other scope."""
        found = calls.read(self.api, self.gateway, self.params["name"], self.params["id"])
        if found and found.get("scope") not in ("TENANT", None):
            remedy = f"has scope {found['scope']}: only profiles with scope TENANT can be changed"
            raise InvalidInput("id", self.params["id"], remedy)
        return found

    def find(self) -> str | None:
        """By name."""
        return calls.find_id(self.api, self.gateway, self.params["name"])

    def initial(self) -> Body:
        """In the organization of the edge gateway and the context of its owner."""
        org = self.gateway.get("orgRef")
        if not org:
            raise CollectionError(f"edge gateway {self.gateway['name']!r}: this user cannot see its organization")
        return {
            "scope": "TENANT",
            "contextEntityId": owner_of(self.gateway)["id"],
            "orgRef": {"id": org["id"], "name": org.get("name")},
        }

    def missing_for_create(self) -> list[str]:
        """The options without which a profile cannot be created."""
        return [key for key in ("name", "application_ports") if not self.wanted.get(key)]
