# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and VDCs: what clients still create with the legacy XML API.

Bodies are checked for what the simulator needs of them; other elements are accepted and ignored.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from vcdsim import errors, xmldoc
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources import roles
from vcdsim.resources.legacy import MODELS, by_uuid, href, running
from vcdsim.resources.legacy_admin import admin_vdc
from vcdsim.rights import ADMINISTRATOR_VIEW, PROVIDER, USER_MANAGE
from vcdsim.store import Record, uuid_of

_SHORTEST = 6  # characters of a password, in go-vcloud-director's comments
_TEXTS = ("Description", "FullName", "EmailAddress", "Telephone", "IM")
_QUOTAS = ("StoredVmQuota", "DeployedVmQuota")  # of virtual machines; 0 is no limit


def _text(body: Element, tag: str) -> str:
    return (body.findtext(f"{{{xmldoc.VCLOUD}}}{tag}") or "").strip()


def _body(call: Call, tag: str) -> Element:
    body = call.body
    if not isinstance(body, Element) or body.tag != f"{{{xmldoc.VCLOUD}}}{tag}" or not body.get("name"):
        raise errors.bad_request(f"The body must be a {tag} document with a name.")
    return body


def _referred(call: Call, body: Element, path: str, kind: str) -> Record:
    """The object that an element refers to by its address. Answers 400 if it is missing or there is none."""
    element = body.find("/".join(f"{{{xmldoc.VCLOUD}}}{tag}" for tag in path.split("/")))
    address = element.get("href", "") if element is not None else ""
    return call.refer(path, kind, f"urn:vcloud:{kind}:{address.rpartition('/')[2]}")


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
    """Give a user what the body says. A missing password or role stays as it is."""
    password, org = _text(body, "Password"), user.org or ""
    if password and len(password) < _SHORTEST:
        raise errors.bad_field("Password", f"it must have at least {_SHORTEST} characters")
    quotas = {tag: _quota(body, tag) for tag in _QUOTAS}
    if _text(body, "ProviderType") not in ("", "INTEGRATED") or _text(body, "IsExternal") == "true":
        raise errors.not_built(call.operation.method, f"{call.operation.path} of an external user")
    role = body.find(f"{{{xmldoc.VCLOUD}}}Role")
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
    texts = {tag: _text(body, tag) for tag in _TEXTS}
    user.data = {"name": str(body.get("name")), "enabled": _text(body, "IsEnabled") == "true", **texts, **quotas}


def _quota(body: Element, tag: str) -> int:
    said = _text(body, tag) or "0"
    if not said.isdecimal():
        raise errors.bad_field(tag, f"{said} is no number of virtual machines")
    return int(said)


def post_user(call: Call) -> Reply:
    org, body = by_uuid(call, "org", call.params["id"]), _body(call, "User")
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
    user, body = _user(call), _body(call, "User")
    _unique(call, user.org or "", str(body.get("name")), user)
    _fill(call, body, user)
    return Reply(200, show_user(call, user))


def take_ownership(call: Call) -> Reply:
    _user(call)  # the simulator's objects have no owner among the users, so there is nothing to hand over
    return Reply(204)


def delete_user(call: Call) -> Reply:
    user = _user(call)
    if user is call.session.user:
        raise errors.bad_request("A user cannot delete itself.")
    for session in call.world.sessions.of_user(user):
        call.world.sessions.close(session)
    call.store.remove(user)
    return Reply(204)


def post_vdc(call: Call) -> Reply:
    org, body = by_uuid(call, "org", call.params["id"]), _body(call, "CreateVdcParams")
    models = {shown: stored for stored, shown in MODELS.items()}
    model = _text(body, "AllocationModel")
    if model not in models:
        raise errors.bad_field("AllocationModel", f"it must be one of {', '.join(models)}")
    provider = _referred(call, body, "ProviderVdcReference", "providervdc")
    storage = _referred(call, body, "VdcStorageProfile/ProviderVdcStorageProfile", "providervdcstorageprofile")
    if storage.data["providerVdc"] != provider.id:
        raise errors.bad_field("VdcStorageProfile", "it is not one of the provider VDC")
    if body.find(f"{{{xmldoc.VCLOUD}}}NetworkPoolReference") is not None:
        _referred(call, body, "NetworkPoolReference", "networkPool")
    name = str(body.get("name"))
    if any(one.org == org.id and one.name == name for one in call.store.all("vdc")):
        raise errors.bad_request(f"A VDC named {name} already exists in {org.name}.")
    data = {"name": name, "description": _text(body, "Description"), "allocationType": models[model]}
    scope = next(call.store.all("nsxtmanager")).facts["provider_scope"]
    facts = {"network_provider": "NSX_T", "provider_scope": scope}
    vdc = Record("vdc", call.store.mint("vdc"), data, org.id, facts=facts)
    call.submit(vdc, locks=(vdc.id,), now=lambda: call.store.add(vdc), undo=lambda: call.store.remove(vdc))
    root = admin_vdc(call, vdc)
    xmldoc.child(root, "Tasks").append(running(call))
    return Reply(201, root, {"Location": href(call, vdc, admin=True)})


def delete_vdc(call: Call) -> Reply:
    vdc = by_uuid(call, "vdc", call.params["id"])
    if call.query.get("force") != "true":
        raise errors.bad_request(f"The VDC {vdc.name} is enabled and cannot be deleted without force.")
    owned = [one for kind in ("gateway", "network") for one in call.store.all(kind) if one.data["ownerRef"] == vdc.id]
    owned += [one for one in call.store.all("vapp") if one.data["vdc"] == vdc.id]
    if owned and call.query.get("recursive") == "true":
        raise errors.not_built("DELETE", f"{call.operation.path} of a VDC that is not empty")
    groups = [one for one in call.store.all("vdcGroup") if vdc.id in one.data["vdcs"]]
    if owned or groups:
        raise errors.bad_request(f"The VDC {vdc.name} is used by {(owned + groups)[0].name}.")
    call.submit(vdc, locks=(vdc.id,), done=lambda: call.store.remove(vdc))
    return Reply(202, running(call))


_USER = "/api/admin/user/{id}"
_VDC_REFUSES = "a duplicate name, a provider VDC, network pool or storage profile that does not exist"
_DELETE_REFUSES = "a VDC in use; one that is not empty with recursive (501)"
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
    Operation(
        "POST", "/api/admin/org/{id}/vdcsparams", "0.0", PROVIDER, post_vdc, "VDC_CREATE_VDC", refuses=_VDC_REFUSES
    ),
    Operation("DELETE", "/api/admin/vdc/{id}", "0.0", PROVIDER, delete_vdc, "VDC_DELETE_VDC", refuses=_DELETE_REFUSES),
    Operation("DELETE", "/api/vdc/{id}", "0.0", PROVIDER, delete_vdc, "VDC_DELETE_VDC", refuses=_DELETE_REFUSES),
)
