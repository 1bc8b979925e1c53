# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and rights, read-only. A role is what users of the estate have."""

from __future__ import annotations

from typing import Any

from vcdsim import errors
from vcdsim.calls import LOGGED_IN, Call, Operation, Reply
from vcdsim.query import Listing
from vcdsim.resources.common import page_reply
from vcdsim.rights import ADMINISTRATOR_VIEW, IMPLIED, PROVIDER, ROLES
from vcdsim.store import is_identifier

ROLE_LIST = "/cloudapi/1.0.0/roles"
ROLE = ROLE_LIST + "/{id}"
RIGHT_LIST = "/cloudapi/1.0.0/rights"

_BY_NAME: Listing[Any] = Listing(
    find={"id": lambda one: one["id"], "name": lambda one: one["name"]},
    sort={"name": lambda one: one["name"]},
)


def _roles(call: Call) -> dict[str, frozenset[str]]:
    """The roles that the caller sees: the built-in ones, and those of users in an organization that it sees."""
    found = {name: rights for name, rights in ROLES.items() if call.session.is_provider or PROVIDER not in rights}
    for user in call.store.all("user"):
        if call.sees(user):
            found[user.facts["role"]] = user.facts["rights"]
    return found


def _show_role(call: Call, name: str) -> dict[str, Any]:
    return {
        "id": call.store.mint("role", name),
        "name": name,
        "description": "",
        "bundleKey": "com.vmware.vcloud.undefined.key",
        "readOnly": name in ROLES,
    }


def list_roles(call: Call) -> Reply:
    return page_reply(call, _BY_NAME, [_show_role(call, name) for name in _roles(call)], lambda one: one)


def _addressed(call: Call) -> str:
    """The name of the addressed role."""
    urn = call.params["id"]
    if not is_identifier("role", urn):
        raise errors.bad_urn()
    found = next((name for name in _roles(call) if call.store.mint("role", name) == urn), None)
    if found is None:
        raise errors.forbidden("Base", call.operation.name, urn)
    return found


def get_role(call: Call) -> Reply:
    return Reply(200, _show_role(call, _addressed(call)))


def _reference(call: Call, right: str) -> dict[str, Any]:
    return {"name": right, "id": call.store.mint("right", right)}


def list_rights_of_role(call: Call) -> Reply:
    rights = sorted(_roles(call)[_addressed(call)] - {PROVIDER})
    return page_reply(call, _BY_NAME, [_reference(call, right) for right in rights], lambda one: one)


def list_rights(call: Call) -> Reply:
    known = sorted({right for rights in _roles(call).values() for right in rights} - {PROVIDER})
    rows = [
        {
            **_reference(call, right),
            "description": right,
            "bundleKey": "com.vmware.vcloud.undefined.key",
            "rightType": "VIEW" if "View" in right else "MODIFY",
            "impliedRights": [_reference(call, implied) for implied in IMPLIED.get(right, ())],
        }
        for right in known
    ]
    return page_reply(call, _BY_NAME, rows, lambda one: one)


OPERATIONS = (
    Operation("GET", ROLE_LIST, "31.0", ADMINISTRATOR_VIEW, list_roles, "ROLE_VIEW"),
    Operation("GET", ROLE, "31.0", ADMINISTRATOR_VIEW, get_role, "ROLE_VIEW", refuses="a role of another organisation"),
    Operation(
        "GET",
        ROLE + "/rights",
        "31.0",
        ADMINISTRATOR_VIEW,
        list_rights_of_role,
        "ROLE_VIEW",
        refuses="a role of another organisation",
    ),
    # "rights visible to logged-in user" in the vendor's description: what its organisation may give to roles
    Operation("GET", RIGHT_LIST, "31.0", LOGGED_IN, list_rights, "RIGHT_VIEW"),
)
