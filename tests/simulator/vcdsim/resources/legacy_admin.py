# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrator's view of organisations in the legacy XML API, and the provider's resources for VDCs.

Terraform's data source vcd_org reads it.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from vcdsim import xmldoc
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources import org_settings, roles
from vcdsim.resources.legacy import by_uuid, href, org_document
from vcdsim.rights import ORGANIZATION_VIEW, PROVIDER
from vcdsim.store import Record


def get_admin_org(call: Call) -> Reply:
    org = by_uuid(call, "org", call.params["id"])
    root = org_document(call, org, admin=True)
    org_settings.show(root, f"{href(call, org, admin=True)}/settings", org)
    _references(root, "Users", "UserReference", "admin.user", [(href(call, one), one) for one in _users(call, org)])
    xmldoc.child(root, "Catalogs")
    vdcs = [(href(call, one, admin=True), one) for one in call.store.all("vdc") if one.org == org.id]
    _references(root, "Vdcs", "Vdc", "admin.vdc", vdcs)
    networks = [one for one in call.store.all("network") if one.org == org.id]
    _references(root, "Networks", "Network", "network", [(href(call, one, admin=True), one) for one in networks])
    xmldoc.child(root, "RightReferences")
    listed = xmldoc.child(root, "RoleReferences")
    for role in roles.of_org(call, org.id):
        address = f"{call.base}/api/admin/org/{org.uuid}/role/{role.id.rsplit(':', 1)[-1]}"
        kind = f"{xmldoc.TYPE}admin.role+xml"
        xmldoc.child(listed, "RoleReference", href=address, id=role.id, name=role.name, type=kind)
    return Reply(200, root)


def _users(call: Call, org: Record) -> list[Record]:
    return [one for one in call.store.all("user") if one.org == org.id]


def _references(root: Element, tag: str, entry: str, kind: str, rows: list[tuple[str, Record]]) -> None:
    listed = xmldoc.child(root, tag)
    for address, record in rows:
        xmldoc.child(listed, entry, href=address, id=record.id, name=record.name, type=f"{xmldoc.TYPE}{kind}+xml")


def get_nsxt_manager(call: Call) -> Reply:
    """An NSX-T manager, in JSON: go-vcloud-director reads it in this form, to find networks that it can import."""
    manager = by_uuid(call, "nsxtmanager", call.params["id"])
    return Reply(
        200,
        {
            "id": manager.uuid,
            "name": manager.name,
            "href": href(call, manager),
            "type": f"{xmldoc.TYPE}admin.nsxTManager+json",
            "description": "",
            "url": "https://nsx.example.com",
            "username": "admin",
            "networkProviderScope": manager.facts["provider_scope"],
            "version": "4.1.0",
        },
    )


def get_network_pool(call: Call) -> Reply:
    pool = by_uuid(call, "networkPool", call.params["id"])
    kind = f"{xmldoc.TYPE}admin.networkPool+xml"
    root = xmldoc.document("VMWNetworkPool", href=href(call, pool), id=pool.id, name=pool.name, status=1, type=kind)
    return Reply(200, root)


def get_provider_vdc(call: Call) -> Reply:
    """The provider VDC. Clients read its identifier, its network pools, its storage profiles and its manager."""
    provider = by_uuid(call, "providervdc", call.params["id"])
    extended = call.operation.path.startswith("/api/admin/extension/")
    tag, kind = ("VMWProviderVdc", "vmwprovidervdc") if extended else ("ProviderVdc", "providervdc")
    address = f"{call.base}{call.path}"
    kind = f"application/vnd.vmware.admin.{kind}+xml"
    root = xmldoc.document(tag, href=address, id=provider.id, name=provider.name, status=1, type=kind)
    xmldoc.link(root, "up", "admin.vcloud", f"{call.base}/api/admin/")
    capacity = xmldoc.child(root, "ComputeCapacity")
    for part, units in (("Cpu", "MHz"), ("Memory", "MB")):
        values = xmldoc.child(capacity, part)
        xmldoc.child(values, "Units", units)
        for name in ("Allocation", "Reserved", "Total", "Used"):
            xmldoc.child(values, name, "0")
    xmldoc.child(root, "IsEnabled", "true")
    for parent, child, source in (
        ("NetworkPoolReferences", "NetworkPoolReference", "networkPool"),
        ("StorageProfiles", "ProviderVdcStorageProfile", "providervdcstorageprofile"),
    ):
        listed = xmldoc.child(root, parent)
        for one in call.store.all(source):
            xmldoc.child(listed, child, href=href(call, one), id=one.id, name=one.name)
    if extended:
        for manager in call.store.all("nsxtmanager"):
            xmldoc.child(root, "NsxTManagerReference", href=href(call, manager), id=manager.id, name=manager.name)
    return Reply(200, root)


def get_admin(call: Call) -> Reply:
    """The root of the administrator's view. Its description names the release, which clients parse."""
    highest = max(call.vcd.settings.versions)
    name, build = f"10.{highest[0] - 33}.{highest[1]}", 22236441  # API 37.2 is that of 10.4.2
    root = xmldoc.document("VCloud", name="VMware Cloud Director", href=f"{call.base}/api/admin/")
    xmldoc.child(root, "Description", f"{name}.{build} Thu Aug 03 07:50:06 UTC 2023")
    return Reply(200, root)


OPERATIONS = (
    Operation("GET", "/api/admin", "0.0", ORGANIZATION_VIEW, get_admin, "VCLOUD_VIEW", basis="assumed"),
    Operation("GET", "/api/admin/org/{id}", "0.0", ORGANIZATION_VIEW, get_admin_org, "ORG_VIEW"),
    Operation("GET", "/api/admin/extension/nsxtManagers/{id}", "0.0", PROVIDER, get_nsxt_manager, "NSXT_MANAGER_VIEW"),
    Operation("GET", "/api/admin/providervdc/{id}", "0.0", PROVIDER, get_provider_vdc, "PROVIDER_VDC_VIEW"),
    Operation("GET", "/api/admin/extension/providervdc/{id}", "0.0", PROVIDER, get_provider_vdc, "PROVIDER_VDC_VIEW"),
    Operation("GET", "/api/admin/extension/networkPool/{id}", "0.0", PROVIDER, get_network_pool, "NETWORK_POOL_VIEW"),
)
__all__ = ["OPERATIONS", "PROVIDER"]
