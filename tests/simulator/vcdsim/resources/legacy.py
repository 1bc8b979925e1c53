# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the legacy XML API that go-vcloud-director and CPI need: organisations, VDCs, machines and tasks."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from vcdsim import errors, xmldoc
from vcdsim.calls import LOGGED_IN, Call, Operation, Reply
from vcdsim.rights import ORGANIZATION_VIEW, PROVIDER, VM_VIEW
from vcdsim.store import Record, is_identifier, kind_of
from vcdsim.tasks import Task

_PLACES = {
    "org": "org/",
    "vdc": "vdc/",
    "vm": "vApp/vm-",
    "vapp": "vApp/vapp-",
    "network": "network/",
    "user": "admin/user/",
    "networkPool": "admin/extension/networkPool/",
    "nsxtmanager": "admin/extension/nsxtManagers/",
    "providervdc": "admin/providervdc/",
    "providervdcstorageprofile": "admin/pvdcStorageProfile/",
    "vdcstorageProfile": "vdcStorageProfile/",
}
POWER = {"POWERED_ON": "4", "POWERED_OFF": "8", "SUSPENDED": "3"}


def href(call: Call, record: Record, *, admin: bool = False) -> str:
    """The address of an object in the legacy API. Clients use it unchanged, so it must be absolute."""
    prefix = _PLACES[record.kind]
    return f"{call.base}/api/{'admin/' if admin else ''}{prefix}{record.uuid}"


def by_uuid(call: Call, kind: str, uuid: str) -> Record:
    """The object of a legacy path. Answers 403 in the legacy API's words if it is missing or not the caller's.

    CPI recognises a deleted virtual machine by the text with the operation's name, so machines use that text.
    """
    identifier = f"urn:vcloud:{kind}:{uuid}"
    record = call.store.get(kind, identifier) if is_identifier(kind, identifier) else None
    if record is None or not call.sees(record):
        if kind == "vm":
            raise errors.forbidden("Base", call.operation.name, uuid)
        raise errors.ApiError(
            403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN", f'No access to entity "(com.vmware.vcloud.entity.{kind}:{uuid})".'
        )
    call.touched = record.id
    return record


def list_orgs(call: Call) -> Reply:
    root = xmldoc.document("OrgList", href=f"{call.base}/api/org", type=f"{xmldoc.TYPE}orgList+xml")
    for org in call.visible("org"):
        xmldoc.child(root, "Org", href=href(call, org), name=org.name, type=f"{xmldoc.TYPE}org+xml")
    return Reply(200, root)


def org_document(call: Call, org: Record, *, admin: bool) -> Element:
    """The beginning of an organisation's document, for tenants and for administrators."""
    tag, kind = ("AdminOrg", "admin.organization") if admin else ("Org", "org")
    root = xmldoc.document(
        tag, href=href(call, org, admin=admin), id=org.id, name=org.name, type=f"{xmldoc.TYPE}{kind}+xml"
    )
    for vdc in call.store.all("vdc"):
        if vdc.org == org.id:
            xmldoc.link(root, "down", "vdc", href(call, vdc), vdc.name)
    xmldoc.child(root, "Description", org.data.get("description") or "")
    xmldoc.child(root, "FullName", org.data["displayName"])
    xmldoc.child(root, "IsEnabled", str(org.data["isEnabled"]).lower())
    return root


def get_org(call: Call) -> Reply:
    return Reply(200, org_document(call, by_uuid(call, "org", call.params["id"]), admin=False))


def get_vapp_or_vm(call: Call) -> Reply:
    kind, _dash, uuid = call.params["id"].partition("-")
    # one path for both, as in VCD: the prefix of the identifier distinguishes them
    if kind == "vm":
        return Reply(200, _vm(call, by_uuid(call, "vm", uuid)))
    if kind == "vapp":
        return Reply(200, _vapp(call, by_uuid(call, "vapp", uuid)))
    raise errors.not_found(call.path)


def _vm(call: Call, vm: Record) -> Element:
    root = xmldoc.document(
        "Vm",
        href=href(call, vm),
        id=vm.id,
        name=vm.name,
        status=POWER[vm.data["status"]],
        deployed=vm.data["status"] == "POWERED_ON",
        type=f"{xmldoc.TYPE}vm+xml",
    )
    vapp = call.store.get("vapp", vm.data["vapp"])
    if vapp:
        xmldoc.link(root, "up", "vApp", href(call, vapp))
    _connections(root, vm)
    return root


def _connections(parent: Element, vm: Record) -> None:
    section = xmldoc.child(parent, "NetworkConnectionSection")
    xmldoc.child(section, "PrimaryNetworkConnectionIndex", "0")
    for number, nic in enumerate(vm.data["networks"]):
        connection = xmldoc.child(section, "NetworkConnection", network=nic["network"], needsCustomization=False)
        xmldoc.child(connection, "NetworkConnectionIndex", str(number))
        if "ip" in nic:  # a machine that waits for its address from DHCP has none
            xmldoc.child(connection, "IpAddress", nic["ip"])
        xmldoc.child(connection, "IsConnected", "true")
        xmldoc.child(connection, "IpAddressAllocationMode", "POOL")


def _vapp(call: Call, vapp: Record) -> Element:
    root = xmldoc.document(
        "VApp",
        href=href(call, vapp),
        id=vapp.id,
        name=vapp.name,
        status=4,
        deployed=True,
        type=f"{xmldoc.TYPE}vApp+xml",
    )
    vdc = call.store.get("vdc", vapp.data["vdc"])
    if vdc:
        xmldoc.link(root, "up", "vdc", href(call, vdc))
    children = xmldoc.child(root, "Children")
    for vm in call.store.all("vm"):
        if vm.data["vapp"] == vapp.id:
            child = xmldoc.child(
                children, "Vm", href=href(call, vm), id=vm.id, name=vm.name, status=POWER[vm.data["status"]]
            )
            _connections(child, vm)
    return root


def named_body(call: Call, tag: str) -> Element:
    """The document of a request. Answers 400 unless its root has this tag and a name."""
    body = call.body
    if not isinstance(body, Element) or body.tag != xmldoc.named(tag) or not body.get("name"):
        raise errors.bad_request(f"The body must be a {tag} document with a name.")
    return body


def referred(call: Call, body: Element, path: str, kind: str) -> Record:
    """The object whose address an element holds. Answers 400 if the element or the object is missing."""
    element = body.find("/".join(xmldoc.named(tag) for tag in path.split("/")))
    address = element.get("href", "") if element is not None else ""
    return call.refer(path, kind, f"urn:vcloud:{kind}:{address.rpartition('/')[2]}")


def show_task(call: Call, task: Task) -> Element:
    """The Task document.

    Clients read the new object from ``Owner``; version 2 of the SDK crashes without it. The ``Result`` holds the
    addresses of an IP Space allocation.
    """
    root = xmldoc.document(
        "Task",
        href=f"{call.base}/api/task/{task.uuid}",
        id=task.id,
        type=f"{xmldoc.TYPE}task+xml",
        name="task",
        status=task.status,
        operation=task.operation,
        operationName=task.operation_name,
        serviceNamespace="com.vmware.vcloud",
        startTime=task.started,
        endTime=task.ended,
        cancelRequested=False,
    )
    xmldoc.child(root, "Owner", href="", id=task.owner_id, name=task.owner_name, type=_owner_type(task.owner_id))
    if task.error:
        code, message = task.error
        xmldoc.child(root, "Error", message=message, majorErrorCode=400, minorErrorCode=code, stackTrace="")
    user = call.store.get("user", task.user)
    xmldoc.child(
        root, "User", href=f"{call.base}/api/admin/user/{(user.uuid if user else '')}", name=user.name if user else ""
    )
    org = call.store.get("org", task.org or "")
    if org:
        xmldoc.child(root, "Organization", href=href(call, org), name=org.name)
    xmldoc.child(root, "Progress", "100" if task.status == "success" else "0")
    xmldoc.child(root, "Details", task.details)
    if task.output is not None:
        xmldoc.child(xmldoc.child(root, "Result"), "ResultContent", task.output)
    return root


def running(call: Call) -> Element:
    """The document of the task that this call has started."""
    task = call.vcd.tasks.get(call.task or "")
    if task is None:  # a fault rule has made it vanish
        raise errors.not_found("/api/task")
    return show_task(call, task)


def _owner_type(identifier: str) -> str:
    kind = kind_of(identifier)
    return f"{xmldoc.TYPE}{kind}+xml" if kind else ""


def get_task(call: Call) -> Reply:
    identifier = f"urn:vcloud:task:{call.params['id']}"
    task = call.vcd.tasks.get(identifier)
    if task is None or not (call.session.is_provider or task.org == call.session.org.id):
        raise errors.ApiError(
            403,
            "ACCESS_TO_RESOURCE_IS_FORBIDDEN",
            f'No access to entity "(com.vmware.vcloud.entity.task:{call.params["id"]})".',
        )
    call.touched = task.owner_id
    return Reply(200, show_task(call, task))


def _show_legacy_session(call: Call) -> Element:
    session: Any = call.session
    return xmldoc.document(
        "Session",
        href=f"{call.base}/api/session",
        org=session.org.name,
        user=session.user.name,
        userId=session.user.id,
        roles=session.user.facts["role"],
        type=f"{xmldoc.TYPE}session+xml",
    )


def get_session(call: Call) -> Reply:
    return Reply(200, _show_legacy_session(call))


OPERATIONS = (
    Operation("GET", "/api/session", "0.0", LOGGED_IN, get_session, "SESSION_VIEW", basis="assumed"),
    Operation("GET", "/api/org", "0.0", ORGANIZATION_VIEW, list_orgs, "ORG_VIEW"),
    Operation("GET", "/api/org/{id}", "0.0", ORGANIZATION_VIEW, get_org, "ORG_VIEW"),
    Operation("GET", "/api/vApp/{id}", "0.0", VM_VIEW, get_vapp_or_vm, "VAPP_VM_VIEW"),
    Operation("GET", "/api/task/{id}", "0.0", LOGGED_IN, get_task, "TASK_VIEW"),
)
__all__ = ["OPERATIONS", "POWER", "PROVIDER", "href"]
