# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, which clients still create with the legacy XML API.

The simulator checks the elements that it uses, and ignores all others.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from vcdsim import errors, xmldoc
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources import roles
from vcdsim.resources.legacy import by_uuid, href, named_body
from vcdsim.rights import ADMINISTRATOR_VIEW, USER_MANAGE
from vcdsim.store import Record, uuid_of

_SHORTEST = 6  # characters of a password, from go-vcloud-director's comments
_TEXTS = ("Description", "FullName", "EmailAddress", "Telephone", "IM")
_QUOTAS = ("StoredVmQuota", "DeployedVmQuota")  # the largest number of virtual machines; 0 is no limit


def show_user(call: Call, user: Record) -> Element:
    org = call.store.get("org", user.org or "")
    root = xmldoc.document(
        "User", href=href(call, user), id=user.id, name=user.name, type=f"{xmldoc.TYPE}admin.user+xml"
    )
    for tag in _TEXTS:
        xmldoc.child(root, tag, user.data.get(tag, ""))
    xmldoc.child(root, "IsEnabled", str(user.data["enabled"]).lower())
    for tag, value in (("IsLocked", "false"), ("IsExternal", "false"), ("ProviderType", "INTEGRATED")):
        xmldoc.child(root, tag, value)
    xmldoc.child(root, "IsGroupRole", "false")
    for tag in _QUOTAS:
        xmldoc.child(root, tag, str(user.data.get(tag, 0)))
    role = next((one for one in roles.of_org(call, user.org or "") if one.name == user.facts["role"]), None)
    if role and org:
        address = f"{call.base}/api/admin/org/{org.uuid}/role/{uuid_of(role.id)}"
        xmldoc.child(root, "Role", href=address, id=role.id, name=role.name)
    xmldoc.child(root, "GroupReferences")  # without it, Terraform's provider crashes
    return root


def _user(call: Call) -> Record:
    return by_uuid(call, "user", call.params["id"])


def get_user(call: Call) -> Reply:
    return Reply(200, show_user(call, _user(call)))


def _fill(call: Call, body: Element, user: Record) -> None:
    """Update a user from the body. A missing password or role stays as it is."""
    password, org = xmldoc.text(body, "Password"), user.org or ""
    if password and len(password) < _SHORTEST:
        raise errors.bad_field("Password", f"it must have at least {_SHORTEST} characters")
    quotas = {tag: _quota(body, tag) for tag in _QUOTAS}
    if xmldoc.text(body, "ProviderType") not in ("", "INTEGRATED") or xmldoc.text(body, "IsExternal") == "true":
        raise errors.not_built(call.operation.method, f"{call.operation.path} of an external user")
    role = body.find(xmldoc.named("Role"))
    found = user.facts.get("role")
    if role is not None:
        urn = f"urn:vcloud:role:{role.get('href', '').rpartition('/')[2]}"
        chosen = next((one for one in roles.of_org(call, org) if one.id == urn), None)
        if chosen is None:
            raise errors.bad_field("Role", "there is no such role of the organization")
        found, user.facts["rights"] = chosen.name, chosen.facts["rights"]
    if not found or not (password or user.facts.get("password")):
        raise errors.bad_request("A new user needs a Password and a Role.")
    user.facts |= {"role": found, **({"password": password} if password else {})}
    texts = {tag: xmldoc.text(body, tag) for tag in _TEXTS}
    user.data = {"name": str(body.get("name")), "enabled": xmldoc.text(body, "IsEnabled") == "true", **texts, **quotas}


def _quota(body: Element, tag: str) -> int:
    said = xmldoc.text(body, tag) or "0"
    if not said.isdecimal():
        raise errors.bad_field(tag, f"{said} is not a number of virtual machines")
    return int(said)


def post_user(call: Call) -> Reply:
    org, body = by_uuid(call, "org", call.params["id"]), named_body(call, "User")
    _unique(call, org.id, str(body.get("name")), None)
    user = Record("user", call.store.mint("user"), {"name": body.get("name")}, org.id)
    _fill(call, body, user)
    call.store.add(user)
    call.touched = user.id
    return Reply(201, show_user(call, user), {"Location": href(call, user)})


def _unique(call: Call, org: str, name: str, user: Record | None) -> None:
    if any(one is not user and one.org == org and one.name == name for one in call.store.all("user")):
        raise errors.bad_request(f"A user named {name} already exists in the organization.")


def put_user(call: Call) -> Reply:
    user, body = _user(call), named_body(call, "User")
    _unique(call, user.org or "", str(body.get("name")), user)
    _fill(call, body, user)
    return Reply(200, show_user(call, user))


def take_ownership(call: Call) -> Reply:
    _user(call)  # no user owns an object in the simulator, so there is nothing to hand over
    return Reply(204)


def delete_user(call: Call) -> Reply:
    user = _user(call)
    if user is call.session.user:
        raise errors.bad_request("A user cannot delete itself.")
    for session in call.vcd.sessions.of_user(user):
        call.vcd.sessions.close(session)
    call.store.remove(user)
    return Reply(204)


_USER = "/api/admin/user/{id}"
OPERATIONS = (
    Operation(
        "POST",
        "/api/admin/org/{id}/users",
        "0.0",
        USER_MANAGE,
        post_user,
        "USER_CREATE",
        refuses="a duplicate name, a role of another organisation",
    ),
    Operation("GET", _USER, "0.0", ADMINISTRATOR_VIEW, get_user, "USER_VIEW"),
    Operation("PUT", _USER, "0.0", USER_MANAGE, put_user, "USER_EDIT", refuses="the same as POST"),
    Operation("DELETE", _USER, "0.0", USER_MANAGE, delete_user, "USER_DELETE", refuses="the caller itself"),
    Operation("POST", _USER + "/action/takeOwnership", "0.0", USER_MANAGE, take_ownership, "USER_TAKE_OWNERSHIP"),
)
