# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for IP sets. The API has one collection for all firewall groups, and lists them as summaries only."""

from __future__ import annotations

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import owner_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import all_of, equals, is_urn

PATH, KIND, TYPE = "firewallGroups", "firewallGroup", "IP_SET"


def describe(gateway: Body, name: object) -> str:
    """The name of one IP set for messages."""
    return f"IP set {name!r} on edge gateway {gateway['name']!r}"


def list_summaries(api: Api, gateway: Body, name: str = "") -> list[Body]:
    """The IP sets of an edge gateway, or of the VDC group that owns it; summaries have no addresses."""
    query = all_of(f"typeValue=={TYPE}", f"_context=={gateway['id']}", equals("name", name) if name else "")
    rows = api.pages(f"{PATH}/summaries", f"IP sets of edge gateway {gateway['name']!r}", query=query)
    return [row for row in rows if _is_here(row, gateway) and (not name or row.get("name") == name)]


def _is_here(row: Body, gateway: Body) -> bool:
    owner = (row.get("ownerRef") or {}).get("id")
    return row.get("typeValue", TYPE) == TYPE and owner in (gateway["id"], owner_of(gateway)["id"])


def find_id(api: Api, gateway: Body, name: str) -> str | None:
    """The id of the IP set with this name; names are unique on an edge gateway."""
    rows = list_summaries(api, gateway, name)
    return str(rows[0]["id"]) if rows else None


def read(api: Api, gateway: Body, name: str | None, urn: str | None) -> Body | None:
    """The full body by URN, else by name. None when the edge gateway has no such IP set."""
    if urn:
        is_urn("id", urn, KIND)
    found = urn or find_id(api, gateway, str(name))
    body = api.get_or_none(f"{PATH}/{found}", describe(gateway, name or found)) if found else None
    return body if body and _is_here(body, gateway) else None
