# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and rights. The operations are synchronous, as in VCD: no tasks.

A role is built in, defined by a user of the estate, or created by a client. A client's roles belong to the organisation
that it acts for.
"""

from __future__ import annotations

from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, flag, many, read_only, ref, text
from vcdsim.calls import LOGGED_IN, Call, Operation, Reply
from vcdsim.query import Listing
from vcdsim.resources.common import created, listing, page_reply, same_id
from vcdsim.rights import ADMINISTRATOR_VIEW, ALL, IMPLIED, PROVIDER, ROLE_MANAGE, ROLES
from vcdsim.store import Record, Store, is_identifier

ROLE_LIST = "/cloudapi/1.0.0/roles"
ROLE = ROLE_LIST + "/{id}"
RIGHT_LIST = "/cloudapi/1.0.0/rights"
CATEGORIES = "/cloudapi/1.0.0/rightsCategories"
_BUNDLE = "com.vmware.vcloud.undefined.key"

_BY_NAME: Listing[Any] = Listing(
    find={"id": lambda one: one["id"], "name": lambda one: one["name"]},
    sort={"name": lambda one: one["name"]},
)
_ROLES = listing({"description": lambda one: one.data["description"], "readOnly": lambda one: one.facts["built_in"]})
BODY = Body(
    "role",
    {
        "id": read_only(),
        "name": text(low=1, high=128),
        "description": text(high=256),
        "bundleKey": read_only(),
        "readOnly": flag(default=False),
    },
    "name",
)
RIGHTS = Body("rights of a role", {"values": many(ref("right"))}, "values")


def named(store: Store, name: str, rights: frozenset[str], org: str | None) -> Record:
    """A role that is built in, or that the estate gives to a user."""
    facts = {"rights": rights, "built_in": name in ROLES}
    return Record("role", store.mint("role", name), {"name": name, "description": ""}, org, facts=facts)


def of_org(call: Call, org_id: str) -> list[Record]:
    """The roles of an organisation: the built-in ones, those of its users, and those that clients created in it."""
    org = call.store.get("org", org_id)
    provider = org is not None and call.session.is_provider and org.id == call.session.org.id
    found = {name: named(call.store, name, had, None) for name, had in ROLES.items() if provider or PROVIDER not in had}
    made = {one.name: one for one in call.store.all("role") if one.org == org_id}
    for user in call.store.all("user"):
        name = user.facts["role"]
        if user.org == org_id and name not in found:
            found[name] = named(call.store, name, user.facts["rights"], org_id)
    return list((found | made).values())


def show_role(role: Record) -> dict[str, Any]:
    return {
        "id": role.id,
        "name": role.name,
        "description": role.data["description"],
        "bundleKey": _BUNDLE,
        "readOnly": role.facts["built_in"],
    }


def list_roles(call: Call) -> Reply:
    return page_reply(call, _ROLES, of_org(call, call.acting_org), show_role)


def _addressed(call: Call) -> Record:
    urn = call.params["id"]
    if not is_identifier("role", urn):
        raise errors.bad_urn()
    found = next((one for one in of_org(call, call.acting_org) if one.id == urn), None)
    if found is None and call.session.is_provider:
        found = call.store.get("role", urn)
    if found is None:
        raise errors.forbidden("Base", call.operation.name, urn)
    call.touched = found.id
    return found


def _changeable(call: Call) -> Record:
    role = _addressed(call)
    if call.store.get("role", role.id) is None:
        raise errors.bad_request(f"The role {role.name} cannot be changed: the system made it.")
    return role


def get_role(call: Call) -> Reply:
    return Reply(200, show_role(_addressed(call)))


def _unique(call: Call, name: str, org: str | None, role: Record | None) -> None:
    if any(one.name == name and one.id != (role.id if role else "") for one in of_org(call, org or "")):
        raise errors.bad_request(f"A role named {name} already exists in the organization.")


def post_role(call: Call) -> Reply:
    sent = BODY.read(call.body, call.version)
    _unique(call, sent["name"], call.acting_org, None)
    data = {"name": sent["name"], "description": sent.get("description", "")}
    facts: dict[str, Any] = {"rights": frozenset(), "built_in": False}
    role = call.store.add(Record("role", call.store.mint("role"), data, call.acting_org, facts=facts))
    call.touched = role.id
    return created(call, f"{ROLE_LIST}/{role.id}", show_role(role))


def put_role(call: Call) -> Reply:
    role = _changeable(call)
    same_id(call, role)
    sent = BODY.read(call.body, call.version)
    _unique(call, sent["name"], role.org, role)
    for user in _users(call, role):
        user.facts["role"] = sent["name"]
    role.data = {"name": sent["name"], "description": sent.get("description", "")}
    return Reply(200, show_role(role))


def _users(call: Call, role: Record) -> list[Record]:
    return [one for one in call.store.all("user") if one.org == role.org and one.facts["role"] == role.name]


def delete_role(call: Call) -> Reply:
    role = _changeable(call)
    users = _users(call, role)
    if users:
        raise errors.bad_request(f"The role {role.name} is assigned to the user {users[0].name}.")
    call.store.remove(role)
    return Reply(204)


def _reference(call: Call, right: str) -> dict[str, Any]:
    return {"name": right, "id": call.store.mint("right", right)}


def _show_rights(call: Call, role: Record) -> Reply:
    rights = sorted(role.facts["rights"] - {PROVIDER})
    return page_reply(call, _BY_NAME, [_reference(call, right) for right in rights], lambda one: one)


def list_rights_of_role(call: Call) -> Reply:
    return _show_rights(call, _addressed(call))


def _sent_rights(call: Call) -> set[str]:
    """The rights that a body refers to, with the rights that they imply. Answers 400 for an unknown right."""
    known = {call.store.mint("right", right): right for right in ALL - {PROVIDER}}
    found = set()
    for one in RIGHTS.read(call.body, call.version)["values"]:
        if one["id"] not in known:
            raise errors.bad_field("values", f"there is no such right: {one.get('name', '')}")
        found.add(known[one["id"]])
    waiting = list(found)
    while waiting:
        added = set(IMPLIED.get(waiting.pop(), ())) - found
        found |= added
        waiting += added
    return found


def _give(call: Call, role: Record, rights: set[str]) -> Reply:
    """Give a role its rights. Its users get them at their next log-in (assumed)."""
    role.facts = {**role.facts, "rights": frozenset(rights)}
    for user in _users(call, role):
        user.facts["rights"] = role.facts["rights"]
    return _show_rights(call, role)


def put_rights_of_role(call: Call) -> Reply:
    return _give(call, _changeable(call), _sent_rights(call))


def post_rights_of_role(call: Call) -> Reply:
    role = _changeable(call)
    return _give(call, role, set(role.facts["rights"]) | _sent_rights(call))


def _show_right(call: Call, right: str) -> dict[str, Any]:
    return {
        **_reference(call, right),
        "description": right,
        "bundleKey": _BUNDLE,
        "category": call.store.mint("rightsCategory", _category(right)),
        "rightType": "VIEW" if "View" in right else "MODIFY",
        "impliedRights": [_reference(call, implied) for implied in IMPLIED.get(right, ())],
    }


def _category(right: str) -> str:
    """The category of a right: the part of its name before the colon (assumed)."""
    return right.partition(":")[0]


def _show_category(call: Call, name: str) -> dict[str, Any]:
    of_it = [right for right in ALL - {PROVIDER} if _category(right) == name]
    views = sum("View" in right for right in of_it)
    return {
        "id": call.store.mint("rightsCategory", name),
        "name": name,
        "bundleKey": _BUNDLE,
        "parent": None,
        "rightsCount": {"view": views, "modify": len(of_it) - views},
        "subCategories": [],
    }


def _categories(call: Call) -> list[dict[str, Any]]:
    return [_show_category(call, name) for name in sorted({_category(right) for right in ALL - {PROVIDER}})]


def list_categories(call: Call) -> Reply:
    return page_reply(call, _BY_NAME, _categories(call), lambda one: one)


def get_category(call: Call) -> Reply:
    for one in _categories(call):
        if one["id"] == call.params["id"]:
            return Reply(200, one)
    raise errors.forbidden("Base", call.operation.name, call.params["id"])


def get_right(call: Call) -> Reply:
    known = {call.store.mint("right", right): right for right in ALL - {PROVIDER}}
    if call.params["id"] not in known:
        raise errors.forbidden("Base", call.operation.name, call.params["id"])
    return Reply(200, _show_right(call, known[call.params["id"]]))


def list_rights(call: Call) -> Reply:
    known = {right for role in of_org(call, call.acting_org) for right in role.facts["rights"]} - {PROVIDER}
    return page_reply(call, _BY_NAME, [_show_right(call, right) for right in sorted(known)], lambda one: one)


OPERATIONS = (
    Operation("GET", ROLE_LIST, "31.0", ADMINISTRATOR_VIEW, list_roles, "ROLE_VIEW"),
    Operation("POST", ROLE_LIST, "31.0", ROLE_MANAGE, post_role, "ROLE_CREATE", refuses="a duplicate name"),
    Operation("GET", ROLE, "31.0", ADMINISTRATOR_VIEW, get_role, "ROLE_VIEW", refuses="a role of another organisation"),
    Operation("PUT", ROLE, "31.0", ROLE_MANAGE, put_role, "ROLE_EDIT", refuses="a role that the system made"),
    Operation(
        "DELETE",
        ROLE,
        "31.0",
        ROLE_MANAGE,
        delete_role,
        "ROLE_DELETE",
        refuses="a role that the system made, a role of a user",
    ),
    Operation(
        "GET",
        ROLE + "/rights",
        "31.0",
        ADMINISTRATOR_VIEW,
        list_rights_of_role,
        "ROLE_VIEW",
        refuses="a role of another organisation",
    ),
    Operation(
        "PUT", ROLE + "/rights", "31.0", ROLE_MANAGE, put_rights_of_role, "ROLE_EDIT", refuses="an unknown right"
    ),
    Operation(
        "POST", ROLE + "/rights", "31.0", ROLE_MANAGE, post_rights_of_role, "ROLE_EDIT", refuses="an unknown right"
    ),
    # "rights visible to logged-in user" in the vendor's description: what its organisation may give to roles
    Operation("GET", RIGHT_LIST, "31.0", LOGGED_IN, list_rights, "RIGHT_VIEW"),
    Operation("GET", RIGHT_LIST + "/{id}", "31.0", LOGGED_IN, get_right, "RIGHT_VIEW"),
    Operation("GET", CATEGORIES, "31.0", LOGGED_IN, list_categories, "RIGHTS_CATEGORY_VIEW", basis="assumed"),
    Operation("GET", CATEGORIES + "/{id}", "31.0", LOGGED_IN, get_category, "RIGHTS_CATEGORY_VIEW", basis="assumed"),
)
