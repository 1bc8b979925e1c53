# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The query service: VDCs, virtual machines, and the provider's resources for them."""

from __future__ import annotations

import ipaddress
import operator
from typing import Any

from vcdsim import errors, query, xmldoc
from vcdsim.calls import LOGGED_IN, Call, Operation, Reply
from vcdsim.query import Listing
from vcdsim.resources import networks, vdc_settings, vdc_storage
from vcdsim.resources.legacy import href
from vcdsim.rights import NETWORK_VIEW, ORGANIZATION_VIEW, PROVIDER, VDC_VIEW, VM_VIEW
from vcdsim.store import Record, kind_of, uuid_of

# type -> (kind of object, record element, right, only for system administrators)
TYPES = {
    "orgVdc": ("vdc", "OrgVdcRecord", VDC_VIEW, False),
    "adminOrgVdc": ("vdc", "AdminVdcRecord", VDC_VIEW, True),
    "organization": ("org", "OrgRecord", ORGANIZATION_VIEW, False),
    "vm": ("vm", "VMRecord", VM_VIEW, False),
    "adminVM": ("vm", "AdminVMRecord", VM_VIEW, True),
    "vApp": ("vapp", "VAppRecord", VM_VIEW, False),
    "adminVApp": ("vapp", "AdminVAppRecord", VM_VIEW, True),
    "orgVdcStorageProfile": (vdc_storage.KIND, "OrgVdcStorageProfileRecord", VDC_VIEW, False),
    "adminOrgVdcStorageProfile": (vdc_storage.KIND, "AdminOrgVdcStorageProfileRecord", VDC_VIEW, True),
    "orgVdcNetwork": ("network", "OrgVdcNetworkRecord", NETWORK_VIEW, False),
    "nsxTManager": ("nsxtmanager", "NsxTManagerRecord", PROVIDER, True),
    "networkPool": ("networkPool", "NetworkPoolRecord", PROVIDER, True),
    "providerVdc": ("providervdc", "VMWProviderVdcRecord", PROVIDER, True),
    "providerVdcStorageProfile": (
        "providervdcstorageprofile",
        "ProviderVdcStorageProfileRecord",
        PROVIDER,
        True,
    ),
}

TASK_TYPES = {"task": ("TaskRecord", False), "adminTask": ("AdminTaskRecord", True)}
# Attributes that clients may filter by even if there is no record to learn them from.
_ALWAYS_KNOWN = {"id", "name", "href", "org", "orgName", "isVAppTemplate", "status", "startDate", "endDate", "object"}


def run_query(call: Call) -> Reply:
    kind = call.query.get("type", "")
    if kind in TASK_TYPES:
        return _tasks(call, kind)
    if kind not in TYPES:
        raise errors.not_built("GET", f"/api/query?type={kind}")
    stored_as, element, right, admin = TYPES[kind]
    if not call.may(right) or (admin and not call.session.is_provider):
        # the admin types show objects of all tenants, so a tenant may not use them even if it has the right to view
        raise errors.forbidden(right, f"QUERY_{kind.upper()}", kind)
    attributes = _ATTRIBUTES.get(stored_as, _of_provider)
    return _records(call, kind, element, [attributes(call, record, admin) for record in call.visible(stored_as)])


def _tasks(call: Call, kind: str) -> Reply:
    element, admin = TASK_TYPES[kind]
    if admin and not call.session.is_provider:
        raise errors.forbidden(PROVIDER, "QUERY_ADMINTASK", kind)
    rows = [
        {
            "href": f"{call.base}/api/task/{task.uuid}",
            "id": task.id,
            "name": task.operation_name,
            "operationFull": task.operation,
            "status": task.status,
            # the form of this address is assumed: the object's kind and UUID
            "object": f"{call.base}/api/{kind_of(task.owner_id)}/{uuid_of(task.owner_id)}",
            "objectName": task.owner_name,
            "objectType": kind_of(task.owner_id),
            "orgName": org.name if (org := call.store.get("org", task.org or "")) else None,
            "ownerName": task.user_name,
            "progress": 100 if task.status == "success" else 0,
            "serviceNamespace": "com.vmware.vcloud",
            "startDate": task.started,
            "endDate": task.ended,
        }
        for task in call.vcd.tasks.all()
        if admin or task.org == call.session.org.id
    ]
    return _records(call, kind, element, rows)


def _records(call: Call, kind: str, element: str, rows: list[dict[str, Any]]) -> Reply:
    """One page of records."""
    how = _listing(rows)
    clamp = call.vcd.assume("page-size-above-limit", "clamped")
    page = query.page(how.select(rows, call.query), call.query, 25, 128, clamp=clamp)
    root = xmldoc.document(
        "QueryResultRecords",
        total=page.total,
        page=page.number,
        pageSize=page.size,
        name=kind,
        href=f"{call.base}/api/query?type={kind}",
        type=f"{xmldoc.TYPE}query.records+xml",
    )
    for row in page.items:
        xmldoc.child(root, element, **row)
    return Reply(200, root)


def _listing(rows: list[dict[str, Any]]) -> Listing[dict[str, Any]]:
    """The list of records. Clients may filter by every attribute of a record, and by no others."""
    names = {name for row in rows for name in row} | _ALWAYS_KNOWN
    find = {name: operator.methodcaller("get", name) for name in names}
    return Listing(find={**find, "vdc": _vdc_of}, sort=find, default_sort="")


def _vdc_of(row: dict[str, Any]) -> list[Any]:
    """The VDC of a record, by its address or its identifier: go-vcloud-director filters by the identifier."""
    address = row.get("vdc")
    return [address, f"urn:vcloud:vdc:{address.rpartition('/')[2]}"] if address else [None]


def _vdc(call: Call, vdc: Record, admin: bool) -> dict[str, Any]:
    org = call.store.get("org", vdc.org or "")
    row = {
        "href": href(call, vdc, admin=admin),
        "id": vdc.id,
        "name": vdc.name,
        "orgName": org.name if org else "",
        "status": "READY",
        "isEnabled": vdc_settings.of(vdc)["IsEnabled"],
    }
    return row | ({"org": href(call, org)} if org and admin else {})


def _org(call: Call, org: Record, _admin: bool) -> dict[str, Any]:
    return {
        "href": href(call, org),
        "id": org.id,
        "name": org.name,
        "displayName": org.data["displayName"],
        "isEnabled": org.data["isEnabled"],
        "numberOfVdcs": sum(one.org == org.id for one in call.store.all("vdc")),
        "numberOfCatalogs": 0,
    }


def _vm(call: Call, vm: Record, admin: bool) -> dict[str, Any]:
    vapp = call.store.get("vapp", vm.data["vapp"])
    vdc = call.store.get("vdc", vapp.data["vdc"]) if vapp else None
    return {
        "href": href(call, vm),
        "id": vm.id,
        "name": vm.name,
        "vdc": href(call, vdc, admin=admin) if vdc else None,
        "vdcName": vdc.name if vdc else None,
        "container": href(call, vapp) if vapp else None,
        "containerName": vapp.name if vapp else None,
        "status": vm.data["status"],
        "isVAppTemplate": False,
        "isDeployed": vm.data["status"] == "POWERED_ON",
        "ipAddress": vm.data["networks"][0].get("ip") if vm.data["networks"] else None,
    }


def _vapp(call: Call, vapp: Record, admin: bool) -> dict[str, Any]:
    """A record of a vApp. Like the SDK's type, it has no ``id``."""
    vdc = call.store.get("vdc", vapp.data["vdc"])
    return {
        "href": href(call, vapp),
        "name": vapp.name,
        "vdc": href(call, vdc, admin=admin) if vdc else None,
        "vdcName": vdc.name if vdc else None,
        "status": "POWERED_ON",
        "isDeployed": True,
        "numberOfVMs": sum(one.data["vapp"] == vapp.id for one in call.store.all("vm")),
    }


def _network(call: Call, network: Record, _admin: bool) -> dict[str, Any]:
    """A record of a network, with its first subnet. A network of a VDC group has no VDC (assumed)."""
    subnet = network.data["subnets"]["values"][0]
    vdc = call.store.get("vdc", network.data["ownerRef"])
    gateway = call.store.get("gateway", network.data.get("router") or "")
    return {
        "href": href(call, network),
        "id": network.id,
        "name": network.name,
        "defaultGateway": subnet["gateway"],
        "netmask": str(ipaddress.ip_network(f"{subnet['gateway']}/{subnet['prefixLength']}", strict=False).netmask),
        "dns1": subnet.get("dnsServer1"),
        "dns2": subnet.get("dnsServer2"),
        "dnsSuffix": subnet.get("dnsSuffix"),
        "linkType": 1 if gateway else 2,  # 0 is direct, as go-vcloud-director says
        "connectedTo": gateway.name if gateway else None,
        "vdc": href(call, vdc) if vdc else None,
        "vdcName": vdc.name if vdc else None,
        "isBusy": False,
        "isShared": networks.is_shared(network),
        "isIpScopeInherited": False,
    }


def _storage(call: Call, profile: Record, admin: bool) -> dict[str, Any]:
    """A record of a storage profile of a VDC."""
    vdc, org = call.store.get("vdc", profile.data["vdc"]), call.store.get("org", profile.org or "")
    row = {
        "href": href(call, profile, admin=admin),
        "id": profile.id,
        "name": profile.name,
        "isEnabled": profile.data["Enabled"],
        "isDefaultStorageProfile": profile.data["Default"],
        "storageUsedMB": 0,
        "storageLimitMB": profile.data["Limit"],
        "iopsAllocated": 0,
        "numberOfConditions": 0,
        "vdc": href(call, vdc, admin=admin) if vdc else None,
        "vdcName": vdc.name if vdc else None,
    }
    return row | ({"org": href(call, org) if org else None} if admin else {"isVdcBusy": False})


def _of_provider(call: Call, record: Record, _admin: bool) -> dict[str, Any]:
    """A record of a provider's resource: its address, its name, and for a storage profile its provider VDC."""
    provider = call.store.get("providervdc", record.data.get("providerVdc", ""))
    return {
        "href": href(call, record),
        "id": record.id,
        "name": record.name,
        "isEnabled": True,
        "providerVdc": href(call, provider) if provider else None,
        "providerVdcName": provider.name if provider else None,
    }


_ATTRIBUTES = {
    "org": _org,
    "vdc": _vdc,
    "vm": _vm,
    "vapp": _vapp,
    "network": _network,
    vdc_storage.KIND: _storage,
}
OPERATIONS = (
    Operation(
        "GET",
        "/api/query",
        "0.0",
        LOGGED_IN,
        run_query,
        "QUERY",
        refuses="administrators' types for tenants; types except organization, orgVdc, adminOrgVdc, "
        "orgVdcStorageProfile, adminOrgVdcStorageProfile, orgVdcNetwork, vm, adminVM, vApp, adminVApp, task, "
        "adminTask, nsxTManager, networkPool, providerVdc and providerVdcStorageProfile (501)",
    ),
)
