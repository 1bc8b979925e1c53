# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Organisations, which a provider creates, changes and deletes. Clients still use the legacy XML API for that."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from vcdsim import errors, xmldoc
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources import org_settings
from vcdsim.resources.common import restored
from vcdsim.resources.legacy import by_uuid, href, named_body, running
from vcdsim.resources.networks import delete_record
from vcdsim.rights import NETWORK_EDIT, PROVIDER
from vcdsim.store import Record


def _data(call: Call, body: Element, org: Record | None) -> dict[str, Any]:
    name = str(body.get("name"))
    if any(one is not org and one.name == name for one in call.store.all("org")):
        raise errors.bad_request(f"An organization named {name} already exists.")
    return {
        "name": name,
        "displayName": xmldoc.text(body, "FullName") or name,
        "description": xmldoc.text(body, "Description"),
        "isEnabled": xmldoc.text(body, "IsEnabled") == "true",
        "settings": org_settings.read(body, org_settings.of(org) if org else org_settings.DEFAULTS),
    }


def post_org(call: Call) -> Reply:
    data = _data(call, named_body(call, "AdminOrg"), None)
    identifier = call.store.mint("org")
    org = Record("org", identifier, data, identifier)  # it belongs to itself, so that its users see it
    call.submit(org, locks=(org.id,), now=lambda: call.store.add(org), undo=lambda: call.store.remove(org))
    return Reply(201, running(call), {"Location": href(call, org, admin=True)})


def _org(call: Call) -> Record:
    return by_uuid(call, "org", call.params["id"])


def put_org(call: Call) -> Reply:
    org = _org(call)
    data = _data(call, named_body(call, "AdminOrg"), org)

    def change() -> None:
        org.data = data

    call.submit(org, locks=(org.id,), now=change, undo=restored(org))
    return Reply(202, running(call))


def _switch(enabled: bool) -> Any:
    def handler(call: Call) -> Reply:
        org = _org(call)
        org.data = {**org.data, "isEnabled": enabled}
        return Reply(204)

    return handler


def delete_org(call: Call) -> Reply:
    """Delete an organisation with everything that belongs to it, including users and roles."""
    org = _org(call)
    if org.data["isEnabled"]:
        raise errors.bad_request(f"The organization {org.name} is enabled: disable it before you delete it.")
    owned = [one for kind in call.store.kinds() for one in call.store.all(kind) if one.org == org.id and one is not org]
    vdcs = [one for one in owned if one.kind in ("vdc", "vdcGroup")]
    if vdcs and call.query.get("recursive") != "true":
        raise errors.bad_request(f"The organization {org.name} is used by {vdcs[0].name}.")
    call.submit(org, locks=(org.id,), done=lambda: call.store.remove(*owned, org))
    return Reply(202, running(call))


def delete_network(call: Call) -> Reply:
    """Delete a network of an organisation, as go-vcloud-director does before it deletes the organisation."""
    delete_record(call, by_uuid(call, "network", call.params["id"]))
    return Reply(202, running(call))


_ONE = "/api/admin/org/{id}"
OPERATIONS = (
    Operation("POST", "/api/admin/orgs", "0.0", PROVIDER, post_org, "ORG_CREATE", refuses="a duplicate name"),
    Operation("PUT", _ONE, "0.0", PROVIDER, put_org, "ORG_UPDATE", refuses="a duplicate name, an LDAP server"),
    Operation("POST", _ONE + "/action/enable", "0.0", PROVIDER, _switch(True), "ORG_UPDATE"),
    Operation("POST", _ONE + "/action/disable", "0.0", PROVIDER, _switch(False), "ORG_UPDATE"),
    Operation(
        "DELETE",
        _ONE,
        "0.0",
        PROVIDER,
        delete_org,
        "ORG_DELETE",
        refuses="an enabled one, one with VDCs without recursive",
    ),
    Operation("DELETE", "/api/admin/network/{id}", "0.0", NETWORK_EDIT, delete_network, "ORG_VDC_NETWORK_DELETE"),
)
