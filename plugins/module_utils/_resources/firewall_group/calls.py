# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for firewall groups: IP sets and dynamic security groups.

The API has one collection for all types, and lists them as summaries without addresses or criteria.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import owner_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_rule import calls as rules
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool import calls as pools
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import all_of, equals, is_urn

PATH, KIND = "firewallGroups", "firewallGroup"
FORBIDDEN = 403


@dataclass(frozen=True)
class Groups:
    """One type of firewall group: its name in messages, and its ``typeValue``."""

    words: str
    type: str

    def list_summaries(self, api: Api, gateway: Body, name: str = "") -> list[Body]:
        """The groups of an edge gateway, or of the VDC group that owns it."""
        named = api.narrowed(equals("name", name)) if name else ""
        query = all_of(f"typeValue=={self.type}", f"_context=={gateway['id']}", named)
        rows = api.pages(f"{PATH}/summaries", f"{self.words}s of edge gateway {gateway['name']!r}", query=query)
        return [row for row in rows if (not name or row.get("name") == name) and self._is_here(row, gateway)]

    def find_id(self, api: Api, gateway: Body, name: str) -> str | None:
        """The id of the group with this name; names are unique on an edge gateway."""
        rows = self.list_summaries(api, gateway, name)
        return str(rows[0]["id"]) if rows else None

    def read(self, api: Api, gateway: Body, name: str | None, urn: str | None) -> Body | None:
        """The full body by URN, or else by name. None when the edge gateway has no such group."""
        if urn:
            is_urn("id", urn, KIND)
        found = urn or self.find_id(api, gateway, str(name))
        what = f"{self.words} {name or found!r} on edge gateway {gateway['name']!r}"
        body = api.get_or_none(f"{PATH}/{found}", what) if found else None
        return body if body and self._is_here(body, gateway) else None

    def read_all(self, api: Api, gateway: Body, name: str | None, urn: str | None) -> list[Body]:
        """The full bodies of all groups, or of those with this name and this URN. A request for each."""
        urns = [urn] if urn else [str(row["id"]) for row in self.list_summaries(api, gateway, name or "")]
        found = [self.read(api, gateway, None, one) for one in urns]
        return [body for body in found if body is not None and (not name or body.get("name") == name)]

    def _is_here(self, row: Body, gateway: Body) -> bool:
        owner = (row.get("ownerRef") or {}).get("id")
        return row.get("typeValue", self.type) == self.type and owner in (gateway["id"], owner_of(gateway)["id"])


def users_of(api: Api, gateway: Body, urn: str) -> list[str]:
    """The firewall rules and pools of an edge gateway that refer to a group, as messages name them.

    Rules or pools that the user has no right to see are left out. Rules of a distributed firewall are not read.
    """
    found: list[str] = []
    for look in (_rules_with, _pools_with):
        try:
            found += look(api, gateway, urn)
        except Refused as error:
            if error.status != FORBIDDEN:
                raise
    return found


def _rules_with(api: Api, gateway: Body, urn: str) -> Iterator[str]:
    for rule in rules.rows(rules.read_list(api, gateway)):
        named = [*(rule.get("sourceFirewallGroups") or []), *(rule.get("destinationFirewallGroups") or [])]
        if any(one.get("id") == urn for one in named):
            yield f"firewall rule {rule.get('name')!r}"


def _pools_with(api: Api, gateway: Body, urn: str) -> Iterator[str]:
    for row in pools.list_summaries(api, gateway):
        # since API 37.1, summaries say whether a pool has a group, but never which one
        if row.get("memberGroupType", "unknown"):
            body = api.get_or_none(f"{pools.PATH}/{row['id']}", f"pool {row.get('name')!r}") or {}
            if (body.get("memberGroupRef") or {}).get("id") == urn:
                yield f"pool {row.get('name')!r}"
