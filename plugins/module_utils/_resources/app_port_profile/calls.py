# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Calls for application port profiles."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import owner_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import all_of, equals, is_urn, pick

PATH = "applicationPortProfiles"
KIND = "applicationPortProfile"


def list_profiles(api: Api, gateway: Body, *terms: str) -> list[Body]:
    """The profiles available on an edge gateway, that is, to the VDC or VDC group that owns it."""
    query = all_of(*terms, f"_context=={owner_of(gateway)['id']}")
    return api.pages(PATH, f"application port profiles for edge gateway {gateway['name']!r}", query=query)


def names_in_organization(api: Api, gateway: Body) -> set[str]:
    """The names of all the tenant's profiles in the organization of a gateway, where names are unique."""
    rows = api.pages(PATH, "application port profiles", query="scope==TENANT")
    return {str(row.get("name")) for row in _of_organization(rows, gateway)}


def find_id(api: Api, gateway: Body, name: str) -> str | None:
    """The id of the tenant's profile with this name; names are unique in an organization."""
    mine = list_tenant_profiles(api, gateway, name)
    return str(mine[0]["id"]) if mine else None


def list_tenant_profiles(api: Api, gateway: Body, name: str) -> list[Body]:
    """The profiles with this name in the organization of an edge gateway."""
    rows = api.pages(
        PATH, "application port profiles", query=all_of("scope==TENANT", api.narrowed(equals("name", name)))
    )
    return [row for row in _of_organization(rows, gateway) if row.get("name") == name]


def _of_organization(rows: list[Body], gateway: Body) -> list[Body]:
    """The profiles among these that belong to the gateway's tenant. A provider sees those of every organization."""
    org = (gateway.get("orgRef") or {}).get("id")
    tenants = [row for row in rows if row.get("scope") == "TENANT"]
    return [row for row in tenants if org is None or (row.get("orgRef") or {}).get("id") in (org, None)]


def read(api: Api, gateway: Body, name: str | None, urn: str | None) -> Body | None:
    """A tenant's profile by URN, or else by name; None when it does not exist."""
    if urn:
        is_urn("id", urn, KIND)
    if api.reads_whole_lists and not urn:
        return next(iter(list_tenant_profiles(api, gateway, str(name))), None)
    found = urn or find_id(api, gateway, str(name))
    return api.get_or_none(f"{PATH}/{found}", f"application port profile {name or found!r}") if found else None


def find_profile(api: Api, gateway: Body, option: str, profile: str) -> Body:
    """A profile of any scope that is available on an edge gateway, by name or URN, as a reference."""
    if is_urn(option, profile, KIND):
        one = api.get_or_none(f"{PATH}/{profile}", f"application port profile {profile!r}")
        rows = [one] if one else []
    else:
        rows = [
            row
            for row in list_profiles(api, gateway, api.narrowed(equals("name", profile)))
            if row.get("name") == profile
        ]
    found: Any = pick(
        option,
        profile,
        rows,
        kind="application port profile",
        where=f"for edge gateway {gateway['name']!r}",
        apart=f"give its URN as {option}",
        describe=lambda row: f"{row.get('scope')} {row.get('id')}",
        others=lambda: [str(row.get("name")) for row in list_profiles(api, gateway)],
    )
    return {"id": found["id"], "name": found["name"]}
