# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Lists, finds and reads objects that belong to an edge gateway and have a unique name on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import equals, is_urn


@dataclass(frozen=True)
class GatewayObjects:
    """One kind of object: its name in messages, the path of the objects and of their summaries, the kind in URNs."""

    words: str
    path: str
    summaries: str
    kind: str
    whole: bool = False  # whether a summary has everything that the modules return

    def list_summaries(self, api: Api, gateway: Body, query: str = "") -> list[Body]:
        """The summaries of the objects of an edge gateway."""
        path = f"edgeGateways/{gateway['id']}/{self.summaries}"
        return api.pages(path, f"{self.words}s of edge gateway {gateway['name']!r}", query=query)

    def find_id(self, api: Api, gateway: Body, name: str) -> str | None:
        """The id of the object with this name; names are unique on an edge gateway."""
        # Compare the names as well: for a name that is not safe in a filter, the list is not filtered at all.
        rows = self.list_summaries(api, gateway, api.narrowed(equals("name", name)))
        return next((str(row["id"]) for row in rows if row.get("name") == name), None)

    def read(self, api: Api, gateway: Body, name: str | None, urn: str | None) -> Body | None:
        """The full body by URN, or else by name. None when the edge gateway has no such object."""
        if urn:
            is_urn("id", urn, self.kind)
        if self.whole and api.reads_whole_lists:
            rows = self.list_summaries(api, gateway)
            return next((row for row in rows if (row["id"] == urn if urn else row.get("name") == name)), None)
        found = urn or self.find_id(api, gateway, str(name))
        body = api.get_or_none(f"{self.path}/{found}", self.describe(gateway, name or found)) if found else None
        # A URN may belong to another edge gateway, and the task does not ask for a change there.
        return body if body and (body.get("gatewayRef") or {}).get("id") == gateway["id"] else None

    def describe(self, gateway: Body, name: Any) -> str:
        """The name of one object for messages."""
        return f"{self.words} {name!r} on edge gateway {gateway['name']!r}"
