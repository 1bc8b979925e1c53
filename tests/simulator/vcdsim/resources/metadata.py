# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metadata of organisations, VDCs, provider VDCs, networks and vApps in the legacy API.

The refusals, and the entries that show their domain, follow what go-vcloud-director's tests (testMetadataCRUDActions)
expect of a real VCD.
"""

from __future__ import annotations

import datetime
import re
from typing import Any
from xml.etree.ElementTree import Element

from vcdsim import errors, xmldoc
from vcdsim.calls import Call, Handler, Operation, Reply
from vcdsim.resources.common import restored
from vcdsim.resources.legacy import by_uuid, running
from vcdsim.rights import NETWORK_EDIT, NETWORK_VIEW, ORGANIZATION_VIEW, PROVIDER, VDC_VIEW, VM_VIEW
from vcdsim.store import Record

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPES = {
    "string": "MetadataStringValue",
    "number": "MetadataNumberValue",
    "boolean": "MetadataBooleanValue",
    "date_time": "MetadataDateTimeValue",
}
_LONGEST_KEY = 256  # characters, in go-vcloud-director's description of the type
Entry = dict[str, Any]


def _entries(call: Call, record: Record) -> list[Entry]:
    """The entries that the caller sees: only the provider sees PRIVATE ones."""
    own = record.facts.get("metadata", ())
    return [one for one in own if call.session.is_provider or one.get("visibility") != "PRIVATE"]


def _domain(entry: Entry) -> str:
    return str(entry.get("domain") or "GENERAL")


def _fill(element: Element, entry: Entry, key: str | None = None) -> None:
    """Domain, key and value. The domain GENERAL, which all users may read and write, is not shown."""
    if _domain(entry) == "SYSTEM":
        xmldoc.child(element, "Domain", "SYSTEM", visibility=entry.get("visibility", "READONLY"))
    if key is not None:
        xmldoc.child(element, "Key", key)
    value = xmldoc.child(element, "TypedValue")
    value.set("xsi:type", _TYPES[entry.get("type", "string")])
    xmldoc.child(value, "Value", str(entry["value"]))


def _document(tag: str, address: str, kind: str) -> Element:
    root = xmldoc.document(tag, href=address, type=f"{xmldoc.TYPE}{kind}+xml")
    root.set("xmlns:xsi", _XSI)
    return root


def _read(body: Element, key: str, domain: str | None) -> Entry:
    """The entry that an element of a body describes. ``domain`` is the path's; if None, the element's."""
    if not key or len(key) > _LONGEST_KEY:
        raise errors.bad_field("Key", f"it must have 1 to {_LONGEST_KEY} characters")
    shown = body.find(f"{{{xmldoc.VCLOUD}}}Domain")
    named = (shown.text or "").strip() if shown is not None else ""
    domain = domain or named or "GENERAL"
    visibility = (shown.get("visibility") if shown is not None else "") or "READWRITE"
    if named not in ("", domain) or domain not in ("GENERAL", "SYSTEM"):
        raise errors.bad_field("Domain", "it must be GENERAL or SYSTEM, and that of the path")
    if visibility not in (("READWRITE",) if domain == "GENERAL" else ("READONLY", "PRIVATE")):
        raise errors.bad_field("visibility", f"in the domain {domain} it cannot be {visibility}")
    typed = body.find(f"{{{xmldoc.VCLOUD}}}TypedValue")
    kinds = {shown: stored for stored, shown in _TYPES.items()}
    kind = kinds.get((typed.get(f"{{{_XSI}}}type") or "").rpartition(":")[2]) if typed is not None else None
    if typed is None or kind is None:
        raise errors.bad_field("TypedValue", f"its type must be one of {', '.join(kinds)}")
    value = (typed.findtext(f"{{{xmldoc.VCLOUD}}}Value") or "").strip()
    if not _is_one(kind, value):
        raise errors.bad_field("TypedValue", f"{value} is no {kind.replace('_', ' ')}")
    return {"key": key, "value": value, "type": kind, "domain": domain, "visibility": visibility}


def _is_one(kind: str, value: str) -> bool:
    if kind == "number":
        return re.fullmatch(r"[+-]?\d+", value) is not None
    if kind == "boolean":
        return value in ("true", "false")
    if kind == "date_time":
        try:
            datetime.datetime.fromisoformat(value)
        except ValueError:
            return False
    return True


def _root(call: Call, tag: str) -> Element:
    body = call.body
    if not isinstance(body, Element) or body.tag != f"{{{xmldoc.VCLOUD}}}{tag}":
        raise errors.bad_request(f"The body must be a {tag} document.")
    return body


class _Place:
    """The operations below one path. ``edit`` is the right to write; None if clients write on another path."""

    def __init__(self, path: str, kind: str, view: str, edit: str | None) -> None:
        self._path, self._kind, self._view, self._edit = f"{path}/metadata", kind, view, edit

    def operations(self) -> list[Operation]:
        """A row for each method and path."""
        what = self._kind.upper()
        of_key = [(f"{self._path}/{{key}}", "GENERAL"), (f"{self._path}/SYSTEM/{{key}}", "SYSTEM")]
        rows = [Operation("GET", self._path, "0.0", self._view, self._get_all, f"{what}_METADATA_VIEW")]
        for path, domain in of_key:
            rows.append(Operation("GET", path, "0.0", self._view, self._getter(domain), f"{what}_METADATA_VIEW"))
        if self._edit is None:
            return rows
        refuses = "a value that its type does not allow, READWRITE in the domain SYSTEM, a tenant there"
        edit, name = self._edit, f"{what}_UPDATE_METADATA"
        rows.append(Operation("POST", self._path, "0.0", edit, self._merge, name, refuses=refuses))
        for path, domain in of_key:
            rows.append(Operation("PUT", path, "0.0", edit, self._putter(domain), name, refuses=refuses))
            gone = "an unknown key (assumed)"
            rows.append(Operation("DELETE", path, "0.0", edit, self._deleter(domain), name, refuses=gone))
        return rows

    def _record(self, call: Call) -> Record:
        named = call.params["id"]
        if self._kind == "vapp" and not named.startswith("vapp-"):  # one path for vApps and machines
            raise errors.not_found(call.path)
        return by_uuid(call, self._kind, named.removeprefix("vapp-"))

    def _get_all(self, call: Call) -> Reply:
        record = self._record(call)
        address = f"{call.base}{call.path}".rstrip("/")
        root = _document("Metadata", address, "metadata")
        for entry in _entries(call, record):
            within = "/SYSTEM" if _domain(entry) == "SYSTEM" else ""
            place = f"{address}{within}/{entry['key']}"
            shown = xmldoc.child(root, "MetadataEntry", href=place, type=f"{xmldoc.TYPE}metadata.value+xml")
            xmldoc.link(shown, "up", "metadata", address)
            _fill(shown, entry, entry["key"])
        return Reply(200, root)

    def _getter(self, domain: str) -> Handler:
        def get(call: Call) -> Reply:
            entry = self._known(call, self._record(call), domain)
            root = _document("MetadataValue", f"{call.base}{call.path}", "metadata.value")
            _fill(root, entry)
            return Reply(200, root)

        return get

    def _known(self, call: Call, record: Record, domain: str) -> Entry:
        """The entry of the path's key. Answers 403 if it does not exist, as for a missing object."""
        for entry in _entries(call, record):
            if entry["key"] == call.params["key"] and _domain(entry) == domain:
                return entry
        raise errors.forbidden("Base", call.operation.name, call.params["key"])

    def _merge(self, call: Call) -> Reply:
        found = _root(call, "Metadata").findall(f"{{{xmldoc.VCLOUD}}}MetadataEntry")
        keys = [(one.findtext(f"{{{xmldoc.VCLOUD}}}Key") or "").strip() for one in found]
        return self._write(call, [_read(one, key, None) for one, key in zip(found, keys, strict=True)], [])

    def _putter(self, domain: str) -> Handler:
        def put(call: Call) -> Reply:
            return self._write(call, [_read(_root(call, "MetadataValue"), call.params["key"], domain)], [])

        return put

    def _deleter(self, domain: str) -> Handler:
        def delete(call: Call) -> Reply:
            return self._write(call, [], [self._known(call, self._record(call), domain)])

        return delete

    def _write(self, call: Call, new: list[Entry], gone: list[Entry]) -> Reply:
        """A task that replaces entries of the same domain and key with new ones, and removes others."""
        record = self._record(call)
        if not call.session.is_provider and any(_domain(one) == "SYSTEM" for one in new + gone):
            raise errors.forbidden(PROVIDER, call.operation.name, record.uuid)
        taken = {(_domain(one), one["key"]) for one in new + gone}
        kept = [one for one in record.facts.get("metadata", ()) if (_domain(one), one["key"]) not in taken]

        def change() -> None:
            record.facts = {**record.facts, "metadata": [*kept, *new]}

        call.submit(record, locks=(record.id,), now=change, undo=restored(record))
        return Reply(202, running(call))


_PLACES = (
    _Place("/api/org/{id}", "org", ORGANIZATION_VIEW, None),
    _Place("/api/admin/org/{id}", "org", ORGANIZATION_VIEW, PROVIDER),
    _Place("/api/vdc/{id}", "vdc", VDC_VIEW, None),
    _Place("/api/admin/vdc/{id}", "vdc", VDC_VIEW, PROVIDER),
    _Place("/api/admin/providervdc/{id}", "providervdc", PROVIDER, PROVIDER),
    _Place("/api/network/{id}", "network", NETWORK_VIEW, None),
    _Place("/api/admin/network/{id}", "network", NETWORK_VIEW, NETWORK_EDIT),
    _Place("/api/vApp/{id}", "vapp", VM_VIEW, None),
)
OPERATIONS = tuple(row for place in _PLACES for row in place.operations())
