# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VDCs in the legacy XML API: how tenants and administrators see them, and how the provider makes them.

Bodies are checked for what the simulator needs of them; other elements are accepted and ignored. What the simulator
has no objects for (quotas, capacities) is shown with fixed values.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from vcdsim import errors, xmldoc
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.legacy import by_uuid, href, named_body, referred, running
from vcdsim.resources.orgs import default_policy
from vcdsim.rights import PROVIDER, VDC_VIEW
from vcdsim.store import Record

MODELS = {
    "ALLOCATION_VAPP": "AllocationVApp",
    "ALLOCATION_POOL": "AllocationPool",
    "RESERVATION_POOL": "ReservationPool",
    "FLEX": "Flex",
}


def get_vdc(call: Call) -> Reply:
    return Reply(200, _document(call, by_uuid(call, "vdc", call.params["id"]), admin=False))


def _document(call: Call, vdc: Record, *, admin: bool) -> Element:
    """The document of a VDC for tenants, with which that for administrators begins."""
    org = call.store.get("org", vdc.org or "")
    tag, kind = ("AdminVdc", "admin.vdc") if admin else ("Vdc", "vdc")
    address = href(call, vdc, admin=admin)
    root = xmldoc.document(tag, href=address, id=vdc.id, name=vdc.name, status=1, type=f"{xmldoc.TYPE}{kind}+xml")
    if org:
        xmldoc.link(root, "up", "org", href(call, org))
    xmldoc.child(root, "Description", vdc.data.get("description") or "")
    xmldoc.child(root, "AllocationModel", MODELS[vdc.data["allocationType"]])
    capacity = xmldoc.child(root, "ComputeCapacity")
    for part, units in (("Cpu", "MHz"), ("Memory", "MB")):
        values = xmldoc.child(capacity, part)
        xmldoc.child(values, "Units", units)
        for name in ("Allocated", "Limit", "Reserved", "Used"):
            xmldoc.child(values, name, "0")
    entities = xmldoc.child(root, "ResourceEntities")
    for vapp in call.store.all("vapp"):
        if vapp.data["vdc"] == vdc.id:
            xmldoc.child(
                entities,
                "ResourceEntity",
                href=href(call, vapp),
                id=vapp.id,
                name=vapp.name,
                type=f"{xmldoc.TYPE}vApp+xml",
            )
    networks = xmldoc.child(root, "AvailableNetworks")
    for network in call.store.all("network"):
        if network.data["ownerRef"] == vdc.id:
            xmldoc.child(
                networks,
                "Network",
                href=href(call, network),
                id=network.id,
                name=network.name,
                type=f"{xmldoc.TYPE}network+xml",
            )
    xmldoc.child(root, "Capabilities")
    for name in ("NicQuota", "NetworkQuota", "UsedNetworkCount", "VmQuota"):
        xmldoc.child(root, name, "0")
    xmldoc.child(root, "IsEnabled", "true")
    xmldoc.child(root, "VdcStorageProfiles")
    policy = default_policy(call.store)
    address = f"{call.base}/cloudapi/2.0.0/vdcComputePolicies/{policy['id']}"
    xmldoc.child(root, "DefaultComputePolicy", href=address, **policy)
    return root


def get_admin_vdc(call: Call) -> Reply:
    return Reply(200, _admin_document(call, by_uuid(call, "vdc", call.params["id"])))


def _admin_document(call: Call, vdc: Record) -> Element:
    """The administrator's document of a VDC: the tenant's, and where the VDC gets its capacity from."""
    root = _document(call, vdc, admin=True)
    for name, value in (
        ("ResourceGuaranteedMemory", "1.0"),
        ("ResourceGuaranteedCpu", "1.0"),
        ("VCpuInMhz", "1000"),
        ("IsThinProvision", "true"),
    ):
        xmldoc.child(root, name, value)
    if call.session.is_provider:
        for tag, kind in (("NetworkPoolReference", "networkPool"), ("ProviderVdcReference", "providervdc")):
            for record in call.store.all(kind):
                xmldoc.child(root, tag, href=href(call, record), id=record.id, name=record.name)
    for name in ("UsesFastProvisioning", "OverCommitAllowed", "VmDiscoveryEnabled", "IsElastic"):
        xmldoc.child(root, name, "false")
    xmldoc.child(root, "IncludeMemoryOverhead", "true")
    return root


def post_vdc(call: Call) -> Reply:
    org, body = by_uuid(call, "org", call.params["id"]), named_body(call, "CreateVdcParams")
    models = {shown: stored for stored, shown in MODELS.items()}
    model = xmldoc.text(body, "AllocationModel")
    if model not in models:
        raise errors.bad_field("AllocationModel", f"it must be one of {', '.join(models)}")
    provider = referred(call, body, "ProviderVdcReference", "providervdc")
    storage = referred(call, body, "VdcStorageProfile/ProviderVdcStorageProfile", "providervdcstorageprofile")
    if storage.data["providerVdc"] != provider.id:
        raise errors.bad_field("VdcStorageProfile", "it is not one of the provider VDC")
    if body.find(xmldoc.named("NetworkPoolReference")) is not None:
        referred(call, body, "NetworkPoolReference", "networkPool")
    name = str(body.get("name"))
    if any(one.org == org.id and one.name == name for one in call.store.all("vdc")):
        raise errors.bad_request(f"A VDC named {name} already exists in {org.name}.")
    data = {"name": name, "description": xmldoc.text(body, "Description"), "allocationType": models[model]}
    scope = next(call.store.all("nsxtmanager")).facts["provider_scope"]
    facts = {"network_provider": "NSX_T", "provider_scope": scope}
    vdc = Record("vdc", call.store.mint("vdc"), data, org.id, facts=facts)
    call.submit(vdc, locks=(vdc.id,), now=lambda: call.store.add(vdc), undo=lambda: call.store.remove(vdc))
    root = _admin_document(call, vdc)
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


_VDC_REFUSES = "a duplicate name, a provider VDC, network pool or storage profile that does not exist"
_DELETE_REFUSES = "a VDC in use; one that is not empty with recursive (501)"
OPERATIONS = (
    Operation("GET", "/api/vdc/{id}", "0.0", VDC_VIEW, get_vdc, "VDC_VIEW"),
    Operation("GET", "/api/admin/vdc/{id}", "0.0", VDC_VIEW, get_admin_vdc, "VDC_VIEW"),
    Operation(
        "POST", "/api/admin/org/{id}/vdcsparams", "0.0", PROVIDER, post_vdc, "VDC_CREATE_VDC", refuses=_VDC_REFUSES
    ),
    Operation("DELETE", "/api/admin/vdc/{id}", "0.0", PROVIDER, delete_vdc, "VDC_DELETE_VDC", refuses=_DELETE_REFUSES),
    Operation("DELETE", "/api/vdc/{id}", "0.0", PROVIDER, delete_vdc, "VDC_DELETE_VDC", refuses=_DELETE_REFUSES),
)
