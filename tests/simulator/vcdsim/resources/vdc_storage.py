# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage profiles of a VDC, in the legacy API: each is one of its provider VDC, with a limit.

go-vcloud-director's functions and their tests (Test_VdcUpdateStorageProfile, Test_AddRemoveVdcStorageProfiles) show
what a real VCD does: a new default profile replaces the previous one, and a profile must be disabled before it is
removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from vcdsim import errors, xmldoc
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.legacy import by_uuid, href, referred, running
from vcdsim.rights import PROVIDER, VDC_VIEW
from vcdsim.store import Record

KIND = "vdcstorageProfile"
OF_PROVIDER = "providervdcstorageprofile"


def of_vdc(call: Call, vdc: Record) -> list[Record]:
    """The storage profiles of a VDC."""
    return [one for one in call.store.all(KIND) if one.data["vdc"] == vdc.id]


def references(root: Element, call: Call, vdc: Record, *, admin: bool) -> None:
    """The element with the addresses of a VDC's storage profiles. Administrators get other addresses."""
    listed = xmldoc.child(root, "VdcStorageProfiles")
    for one in of_vdc(call, vdc):
        address = href(call, one, admin=admin)
        xmldoc.child(listed, "VdcStorageProfile", href=address, id=one.id, name=one.name, type=_type(admin=admin))


def _type(*, admin: bool) -> str:
    return "application/vnd.vmware.admin.vdcStorageProfile+xml" if admin else f"{xmldoc.TYPE}vdcStorageProfile+xml"


def _show(call: Call, profile: Record, *, admin: bool) -> Element:
    tag = "AdminVdcStorageProfile" if admin else "VdcStorageProfile"
    address = href(call, profile, admin=admin)
    root = xmldoc.document(tag, href=address, id=profile.id, name=profile.name, type=_type(admin=admin))
    vdc = call.store.get("vdc", profile.data["vdc"])
    if vdc:
        xmldoc.link(root, "up", "admin.vdc" if admin else "vdc", href(call, vdc, admin=admin))
    values = {name: profile.data[name] for name in ("Enabled", "Units", "Limit", "Default")}
    for name, value in values.items():
        xmldoc.child(root, name, xmldoc.plain(value))
    settings = xmldoc.child(root, "IopsSettings")  # without it, go-vcloud-director's Test_GetStorageProfile fails
    for name, value in {"Enabled": False, "DiskIopsMax": 0, "DiskIopsDefault": 0, "DiskIopsPerGbMax": 0}.items():
        xmldoc.child(settings, name, xmldoc.plain(value))
    for name in ("StorageUsedMB", "IopsAllocated"):
        xmldoc.child(root, name, "0")
    source = call.store.get(OF_PROVIDER, profile.data["source"])
    if admin and source:
        xmldoc.child(root, "ProviderVdcStorageProfile", href=href(call, source), id=source.id, name=source.name)
    return root


def read(call: Call, element: Element, path: str, source_vdc: Record) -> dict[str, Any]:
    """The data of a VDC's storage profile in an element. Answers 400 if the provider VDC cannot offer it."""
    source = referred(call, element, "ProviderVdcStorageProfile", OF_PROVIDER)
    if source.data["providerVdc"] != source_vdc.id:
        raise errors.bad_field(path, "it is not one of the provider VDC")
    limit = xmldoc.text(element, "Limit")
    if xmldoc.text(element, "Units") != "MB":  # "only this value is supported" in Terraform's provider
        raise errors.bad_field(f"{path}.Units", "it must be MB")
    if not limit.isdecimal():
        raise errors.bad_field(f"{path}.Limit", "it must be a whole number of MB; 0 is no limit")
    return {
        "name": source.name,
        "source": source.id,
        "Enabled": xmldoc.text(element, "Enabled") != "false",
        "Units": "MB",
        "Limit": int(limit),
        "Default": xmldoc.text(element, "Default") == "true",
    }


def made(call: Call, vdc: Record, wanted: Sequence[dict[str, Any]]) -> list[Record]:
    """New storage profiles for a VDC, not yet stored. Answers 400 for duplicates, or without one default."""
    sources = [one["source"] for one in wanted]
    if len(set(sources)) < len(sources):
        raise errors.bad_field("VdcStorageProfile", "each storage profile of the provider VDC can be there once")
    if sum(one["Default"] for one in wanted) != 1:
        raise errors.bad_field("VdcStorageProfile", "exactly one must be the default")
    return [Record(KIND, call.store.mint(KIND), {**one, "vdc": vdc.id}, vdc.org) for one in wanted]


def provider(call: Call) -> Record:
    """The only provider VDC."""
    return next(call.store.all("providervdc"))


def get_profile(call: Call) -> Reply:
    admin = call.operation.path.startswith("/api/admin/")
    return Reply(200, _show(call, by_uuid(call, KIND, call.params["id"]), admin=admin))


def _without_default(others: Sequence[Record]) -> Callable[[], None]:
    """Make the other storage profiles of a VDC no longer the default."""

    def change() -> None:
        for one in others:
            if one.data["Default"]:
                one.data = {**one.data, "Default": False}

    return change


def put_profile(call: Call) -> Reply:
    """Changes take effect at once: go-vcloud-director does not wait for a task."""
    profile = by_uuid(call, KIND, call.params["id"])
    body = call.body
    if not isinstance(body, Element) or body.tag != xmldoc.named("AdminVdcStorageProfile"):
        raise errors.bad_request("The body must be an AdminVdcStorageProfile document.")
    data = read(call, body, "ProviderVdcStorageProfile", provider(call))
    if data["source"] != profile.data["source"]:
        raise errors.bad_field("ProviderVdcStorageProfile", "it cannot be changed")
    if profile.data["Default"] and not (data["Default"] and data["Enabled"]):
        raise errors.bad_field("Default", "make another storage profile the default first")
    if data["Default"] and not data["Enabled"]:
        raise errors.bad_field("Default", "a storage profile that is disabled cannot be it")
    vdc = call.store.get("vdc", profile.data["vdc"])
    if vdc and data["Default"]:
        _without_default([one for one in of_vdc(call, vdc) if one is not profile])()
    profile.data = {**data, "vdc": profile.data["vdc"]}
    return Reply(200, _show(call, profile, admin=True))


def post_profiles(call: Call) -> Reply:
    """Add a storage profile to a VDC, or remove one."""
    vdc = by_uuid(call, "vdc", call.params["id"])
    body = call.body
    if not isinstance(body, Element) or body.tag != xmldoc.named("UpdateVdcStorageProfiles"):
        raise errors.bad_request("The body must be an UpdateVdcStorageProfiles document.")
    add, remove = body.find(xmldoc.named("AddStorageProfile")), body.find(xmldoc.named("RemoveStorageProfile"))
    if (add is None) == (remove is None):
        raise errors.bad_request("The body must have either AddStorageProfile or RemoveStorageProfile.")
    if add is not None:
        _add(call, vdc, add)
    else:
        _remove(call, vdc, referred(call, body, "RemoveStorageProfile", KIND))
    return Reply(202, running(call))


def _add(call: Call, vdc: Record, element: Element) -> None:
    data = read(call, element, "AddStorageProfile", provider(call))
    others = of_vdc(call, vdc)
    if any(one.data["source"] == data["source"] for one in others):
        raise errors.bad_field("AddStorageProfile", f"the VDC {vdc.name} has {data['name']} already")
    profile = Record(KIND, call.store.mint(KIND), {**data, "vdc": vdc.id}, vdc.org)

    def add() -> None:
        call.store.add(profile)
        if data["Default"]:
            _without_default(others)()

    call.submit(vdc, locks=(vdc.id,), done=add)


def _remove(call: Call, vdc: Record, profile: Record) -> None:
    if profile.data["vdc"] != vdc.id:
        raise errors.bad_field("RemoveStorageProfile", f"it is not one of the VDC {vdc.name}")
    if profile.data["Default"] or profile.data["Enabled"]:
        raise errors.bad_field("RemoveStorageProfile", "one that is enabled or the default cannot be removed")
    call.submit(vdc, locks=(vdc.id,), done=lambda: call.store.remove(profile))


_PROFILE = "/api/admin/vdcStorageProfile/{id}"
OPERATIONS = (
    Operation("GET", "/api/vdcStorageProfile/{id}", "0.0", VDC_VIEW, get_profile, "VDC_STORAGE_PROFILE_VIEW"),
    Operation("GET", _PROFILE, "0.0", VDC_VIEW, get_profile, "VDC_STORAGE_PROFILE_VIEW"),
    Operation(
        "PUT",
        _PROFILE,
        "0.0",
        PROVIDER,
        put_profile,
        "VDC_STORAGE_PROFILE_EDIT",
        refuses="another profile of the provider VDC, no default (assumed)",
    ),
    Operation(
        "POST",
        "/api/admin/vdc/{id}/vdcStorageProfiles",
        "0.0",
        PROVIDER,
        post_profiles,
        "VDC_UPDATE_STORAGE_PROFILES",
        refuses="a duplicate profile; the removal of one that is enabled or the default",
    ),
)
