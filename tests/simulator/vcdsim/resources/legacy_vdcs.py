# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VDCs in the legacy XML API: how tenants and administrators see them, and how the provider creates them.

The simulator checks the elements that it uses, and ignores all others.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from vcdsim import errors, xmldoc
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources import vdc_settings, vdc_storage
from vcdsim.resources.common import restored
from vcdsim.resources.legacy import by_uuid, href, named_body, referred, running
from vcdsim.resources.orgs import default_policy
from vcdsim.rights import PROVIDER, VDC_VIEW
from vcdsim.store import Record
from vcdsim.timeline import gateway_of


def get_vdc(call: Call) -> Reply:
    return Reply(200, _document(call, by_uuid(call, "vdc", call.params["id"]), admin=False))


def _document(call: Call, vdc: Record, *, admin: bool) -> Element:
    """The document of a VDC for tenants. The document for administrators begins with it."""
    org = call.store.get("org", vdc.org or "")
    tag, kind = ("AdminVdc", "admin.vdc") if admin else ("Vdc", "vdc")
    address = href(call, vdc, admin=admin)
    root = xmldoc.document(tag, href=address, id=vdc.id, name=vdc.name, status=1, type=f"{xmldoc.TYPE}{kind}+xml")
    if org:
        xmldoc.link(root, "up", "org", href(call, org))
    xmldoc.child(root, "Description", vdc.data.get("description") or "")
    xmldoc.child(root, "AllocationModel", vdc_settings.MODELS[vdc.data["allocationType"]])
    vdc_settings.show_capacity(root, vdc)
    vapps = [one for one in call.store.all("vapp") if one.data["vdc"] == vdc.id]
    networks = call.store.where("network", "owner", vdc.id)
    _entries(call, xmldoc.child(root, "ResourceEntities"), "ResourceEntity", "vApp", vapps)
    _entries(call, xmldoc.child(root, "AvailableNetworks"), "Network", "network", networks)
    xmldoc.child(root, "Capabilities")
    vdc_settings.show_quotas(root, vdc, len(networks))
    vdc_storage.references(root, call, vdc, admin=admin)
    policy = default_policy(call.store)
    address = f"{call.base}/cloudapi/2.0.0/vdcComputePolicies/{policy['id']}"
    xmldoc.child(root, "DefaultComputePolicy", href=address, **policy)
    return root


def _entries(call: Call, parent: Element, tag: str, kind: str, records: list[Record]) -> None:
    for one in records:
        xmldoc.child(parent, tag, href=href(call, one), id=one.id, name=one.name, type=f"{xmldoc.TYPE}{kind}+xml")


def get_admin_vdc(call: Call) -> Reply:
    return Reply(200, _admin_document(call, by_uuid(call, "vdc", call.params["id"])))


def _admin_document(call: Call, vdc: Record) -> Element:
    """The administrator's document of a VDC: the tenant's, and the sources of the VDC's capacity."""
    root = _document(call, vdc, admin=True)
    vdc_settings.show_guarantees(root, vdc)
    if call.session.is_provider:
        network_pool = call.store.get("networkPool", vdc.data.get("networkPool") or "")
        for tag, record in (
            ("NetworkPoolReference", network_pool),
            ("ProviderVdcReference", vdc_storage.provider(call)),
        ):
            if record:
                xmldoc.child(root, tag, href=href(call, record), id=record.id, name=record.name)
        pool = xmldoc.child(xmldoc.child(root, "ResourcePoolRefs"), "VimObjectRef")
        xmldoc.child(pool, "MoRef", f"resgroup-{vdc.name}")
        xmldoc.child(pool, "VimObjectType", "RESOURCE_POOL")
    vdc_settings.show_switches(root, vdc)
    return root


def _unique(call: Call, org: str, name: str, vdc: Record | None) -> None:
    if any(one is not vdc and one.org == org and one.name == name for one in call.store.all("vdc")):
        raise errors.bad_request(f"A VDC named {name} already exists in the organization.")


def _network_pool(call: Call, body: Element, before: str | None) -> str | None:
    """The network pool that a body refers to; without a reference, the current one."""
    given = body.find(xmldoc.named("NetworkPoolReference")) is not None
    return referred(call, body, "NetworkPoolReference", "networkPool").id if given else before


def post_vdc(call: Call) -> Reply:
    org, body = by_uuid(call, "org", call.params["id"]), named_body(call, "CreateVdcParams")
    model = vdc_settings.model_of(body)
    settings = vdc_settings.read(body, model, None, max(call.vcd.settings.versions))
    provider = referred(call, body, "ProviderVdcReference", "providervdc")
    found = body.findall(xmldoc.named("VdcStorageProfile"))
    storage = [vdc_storage.read(call, one, "VdcStorageProfile", provider) for one in found]
    name = str(body.get("name"))
    _unique(call, org.id, name, None)
    data = {
        "name": name,
        "description": xmldoc.text(body, "Description"),
        "allocationType": model,
        "networkPool": _network_pool(call, body, None),
        "settings": settings,
    }
    scope = next(call.store.all("nsxtmanager")).facts["provider_scope"]
    facts = {"network_provider": "NSX_T", "provider_scope": scope}
    vdc = Record("vdc", call.store.mint("vdc"), data, org.id, facts=facts)
    profiles = vdc_storage.made(call, vdc, storage)

    def add() -> None:
        for one in (vdc, *profiles):
            call.store.add(one)

    call.submit(vdc, locks=(vdc.id,), now=add, undo=lambda: call.store.remove(vdc, *profiles))
    root = _admin_document(call, vdc)
    xmldoc.child(root, "Tasks").append(running(call))
    return Reply(201, root, {"Location": href(call, vdc, admin=True)})


def put_vdc(call: Call) -> Reply:
    """Change a VDC. Its storage profiles have their own requests: here, clients send the references back."""
    vdc, body = by_uuid(call, "vdc", call.params["id"]), named_body(call, "AdminVdc")
    model = vdc_settings.model_of(body)
    if model != vdc.data["allocationType"]:
        raise errors.not_built("PUT", f"{call.operation.path} with another AllocationModel")
    settings = vdc_settings.read(body, model, vdc_settings.of(vdc), max(call.vcd.settings.versions))
    name = str(body.get("name"))
    _unique(call, vdc.org or "", name, vdc)
    data = {**vdc.data, "name": name, "description": xmldoc.text(body, "Description"), "settings": settings}
    data |= {"networkPool": _network_pool(call, body, vdc.data.get("networkPool"))}

    def change() -> None:
        vdc.data = data

    call.submit(vdc, locks=(vdc.id,), now=change, undo=restored(vdc))
    return Reply(202, running(call))


def _switch(enabled: bool) -> Any:
    def handler(call: Call) -> Reply:
        vdc = by_uuid(call, "vdc", call.params["id"])
        vdc.data = {**vdc.data, "settings": {**vdc_settings.of(vdc), "IsEnabled": enabled}}
        return Reply(204)

    return handler


def _below(call: Call, owned: list[Record]) -> list[Record]:
    """The objects that are deleted with these: everything on edge gateways, and the machines of vApps."""
    places = {one.id for one in owned}
    found = [one for kind in call.store.kinds() for one in call.store.all(kind)]
    return [one for one in found if one.id not in places and {gateway_of(one), one.data.get("vapp")} & places]


def delete_vdc(call: Call) -> Reply:
    vdc = by_uuid(call, "vdc", call.params["id"])
    if vdc_settings.of(vdc)["IsEnabled"] and call.query.get("force") != "true":
        raise errors.bad_request(f"The VDC {vdc.name} is enabled and cannot be deleted without force.")
    owned = [one for kind in ("gateway", "network") for one in call.store.where(kind, "owner", vdc.id)]
    owned += [one for one in call.store.all("vapp") if one.data["vdc"] == vdc.id]
    groups = [one for one in call.store.all("vdcGroup") if vdc.id in one.data["vdcs"]]
    if groups or (owned and call.query.get("recursive") != "true"):
        raise errors.bad_request(f"The VDC {vdc.name} is used by {(owned + groups)[0].name}.")
    gone = [*_below(call, owned), *owned, *vdc_storage.of_vdc(call, vdc), vdc]
    call.submit(vdc, locks=(vdc.id,), done=lambda: call.store.remove(*gone))
    return Reply(202, running(call))


_ADMIN = "/api/admin/vdc/{id}"
_DELETE_REFUSES = "a VDC in use, one that is enabled without force, one that is not empty without recursive"
OPERATIONS = (
    Operation("GET", "/api/vdc/{id}", "0.0", VDC_VIEW, get_vdc, "VDC_VIEW"),
    Operation("GET", _ADMIN, "0.0", VDC_VIEW, get_admin_vdc, "VDC_VIEW"),
    Operation(
        "POST",
        "/api/admin/org/{id}/vdcsparams",
        "0.0",
        PROVIDER,
        post_vdc,
        "VDC_CREATE_VDC",
        refuses="a duplicate name; a provider VDC, network pool or storage profile that does not exist; not exactly "
        "one default storage profile (assumed); a limit below what is allocated; a Flex VDC without its switches",
    ),
    Operation(
        "PUT",
        _ADMIN,
        "0.0",
        PROVIDER,
        put_vdc,
        "VDC_UPDATE_VDC",
        refuses="a duplicate name, a limit below what is allocated; another allocation model (501)",
    ),
    Operation("POST", _ADMIN + "/action/enable", "0.0", PROVIDER, _switch(True), "VDC_UPDATE_VDC"),
    Operation("POST", _ADMIN + "/action/disable", "0.0", PROVIDER, _switch(False), "VDC_UPDATE_VDC"),
    Operation("DELETE", _ADMIN, "0.0", PROVIDER, delete_vdc, "VDC_DELETE_VDC", refuses=_DELETE_REFUSES),
    Operation("DELETE", "/api/vdc/{id}", "0.0", PROVIDER, delete_vdc, "VDC_DELETE_VDC", refuses=_DELETE_REFUSES),
)
