# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""vApps: convert documents of the legacy API to module results. Pure.

Elements, attributes and numbers of states are those that go-vcloud-director reads (types/v56/types.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.xmldoc import local

Row = dict[str, Any]
_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_VAPP = re.compile(rf"/api/vApp/vapp-({_UUID})$")
_VM = re.compile(rf"/api/vApp/vm-({_UUID})$")
_VDC = re.compile(rf"/api/(?:admin/)?vdc/({_UUID})$")
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_KINDS = {
    "MetadataStringValue": "string",
    "MetadataNumberValue": "number",
    "MetadataBooleanValue": "boolean",
    "MetadataDateTimeValue": "date_time",
}
STATES = {
    -1: "FAILED_CREATION",
    0: "UNRESOLVED",
    1: "RESOLVED",
    2: "DEPLOYED",
    3: "SUSPENDED",
    4: "POWERED_ON",
    5: "WAITING_FOR_INPUT",
    6: "UNKNOWN",
    7: "UNRECOGNIZED",
    8: "POWERED_OFF",
    9: "INCONSISTENT_STATE",
    10: "MIXED",
    20: "PARTIALLY_POWERED_OFF",
    21: "PARTIALLY_SUSPENDED",
}


def record_of(record: Element) -> Row | None:
    """``id``, ``name`` and ``vdc`` of a record of the query service; None for one without the address of a vApp."""
    found = _VAPP.search(record.get("href", ""))
    if found is None:
        return None
    return {"id": f"urn:vcloud:vapp:{found.group(1)}", "name": record.get("name", ""), "vdc": _vdc_of(record)}


def machine_record_of(record: Element) -> Row | None:
    """``id``, ``name``, ``vapp`` (its name) and ``vdc`` of a virtual machine's record; None for one in a template."""
    found = _VM.search(record.get("href", ""))
    if found is None or record.get("isVAppTemplate") == "true":
        return None
    names = {"name": record.get("name", ""), "vapp": record.get("containerName", "")}
    return {"id": f"urn:vcloud:vm:{found.group(1)}", **names, "vdc": _vdc_of(record)}


def _vdc_of(record: Element) -> Row:
    vdc = _VDC.search(record.get("vdc", ""))
    return {"id": f"urn:vcloud:vdc:{vdc.group(1)}" if vdc else "", "name": record.get("vdcName", "")}


def vapp_of(document: Element) -> Row:
    """A vApp with its machines, from its document."""
    (children, *_more) = [*_named(document, "Children"), Element("Children")]
    return {
        "id": document.get("id", ""),
        "name": document.get("name", ""),
        "description": _text(document, "Description"),
        "status": state(document.get("status", "")),
        "vms": sorted((machine_of(one) for one in _named(children, "Vm")), key=lambda one: (one["name"], one["id"])),
    }


def machine_of(vm: Element) -> Row:
    """A virtual machine with its network connections."""
    return {
        "id": vm.get("id", ""),
        "name": vm.get("name", ""),
        "status": state(vm.get("status", "")),
        "networks": [
            {"network": one.get("network", ""), "ip_address": _text(one, "IpAddress"), "mac": _text(one, "MACAddress")}
            for section in _named(vm, "NetworkConnectionSection")
            for one in _named(section, "NetworkConnection")
        ],
    }


def state(number: str) -> str:
    """The name of a state, or its number if no name is known here."""
    known = re.fullmatch(r"-?[0-9]{1,3}", number)
    return STATES.get(int(number), number) if known else number


def entries_of(document: Element) -> list[Row]:
    """The entries of a metadata document, in the order of their domains and keys. Values stay text."""
    found = [_entry(one) for one in _named(document, "MetadataEntry")]
    return sorted(found, key=lambda one: (one["domain"], one["key"]))


def _entry(entry: Element) -> Row:
    (value, *_more) = [*_named(entry, "TypedValue"), Element("TypedValue")]
    (domain, *_others) = [*_named(entry, "Domain"), Element("Domain")]
    kind = value.get(_XSI_TYPE, "").rpartition(":")[2]
    return {
        "key": _text(entry, "Key"),
        "value": _text(value, "Value"),
        "type": _KINDS.get(kind, kind),
        "domain": domain.text or "GENERAL",
        "visibility": domain.get("visibility", "READWRITE"),
    }


def _named(parent: Element, name: str) -> Iterator[Element]:
    return (one for one in parent if local(one) == name)


def _text(parent: Element, name: str) -> str:
    return next((one.text or "" for one in _named(parent, name)), "")
