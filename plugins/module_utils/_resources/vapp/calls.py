# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for vApps, of the legacy API: OpenAPI has none for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.vapp.resource import (
    entries_of,
    record_of,
    vapp_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import equals, is_urn
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.paging import check_end

PAGE_SIZE = 128
PREFIX = "urn:vcloud:vapp:"
Row = dict[str, Any]


def check_names(vapp: str | None, vdc: str | None) -> None:
    """Raise InvalidInput for text that only looks like a URN, or for a URN of another kind."""
    if vapp and is_urn("vapp", vapp, "vapp") and "/" in vapp:
        raise InvalidInput("vapp", vapp, "is not a URN of a vApp")
    if vdc:
        is_urn("vdc", vdc, "vdc")


def read_vapps(api: Api, vapp: str | None, vdc: str | None) -> list[Row]:
    """The vApps with this name or URN (all when None) in this VDC (any when None), with metadata and machines.

    Two requests each. One that is deleted meanwhile is left out.
    """
    found = (_read(api, row) for row in _records(api, vapp or "") if not vdc or vdc in row["vdc"].values())
    return sorted((one for one in found if one), key=lambda one: (one["name"], one["id"]))


def _read(api: Api, row: Row) -> Row | None:
    uuid, what = row["id"].removeprefix(PREFIX), f"vApp {row['name']!r}"
    try:
        document = api.document(f"/api/vApp/vapp-{uuid}", what, "VApp")
        metadata = api.document(f"/api/vApp/vapp-{uuid}/metadata", f"metadata of {what}", "Metadata")
    except Refused as error:
        if error.status in (403, 404) and row["id"] not in [one["id"] for one in _records(api, row["name"])]:
            return None
        raise
    return {**vapp_of(document), "vdc": row["vdc"], "metadata": entries_of(metadata)}


def _records(api: Api, wanted: str) -> Iterator[Row]:
    """What the query service knows of the vApps with this name or URN, or of all."""
    provider = api.session.settings.provider
    kind, element = ("adminVApp", "AdminVAppRecord") if provider else ("vApp", "VAppRecord")
    by_id = wanted.startswith(PREFIX)
    query = "" if by_id else equals("name", wanted)
    page, rows, deadline = 1, 0, api.session.deadline()
    while True:
        params = {"type": kind, "format": "records", "page": str(page), "pageSize": str(PAGE_SIZE)}
        params |= {"filter": query} if query else {}
        document = api.document("/api/query", "vApps", "QueryResultRecords", **params)
        records = _children(document, element)
        for record in map(record_of, records):
            if record and (not wanted or wanted in (record["id"], record["name"])):
                yield record
        rows += len(records)
        total = document.get("total", "")
        if not records or (total.isdecimal() and rows >= int(total)):
            return
        check_end("vApps", page, rows, deadline)
        page += 1


def _children(document: Element, name: str) -> list[Element]:
    return [one for one in document if one.tag.rpartition("}")[2] == name]
