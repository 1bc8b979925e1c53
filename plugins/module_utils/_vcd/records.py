# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The query service of the legacy API: lists of records, read page by page."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.paging import check_end
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.xmldoc import local

PAGE_SIZE = 128


def query_records(api: Api, what: str, query: str, **more: str) -> Iterator[Element]:
    """The records for ``vApp``, ``VM`` or ``task`` with this FIQL filter, as attributes of elements.

    A provider gets the records of all organizations. ``more`` are further parameters, such as ``sortDesc``. Each page
    is read only when it is needed.
    """
    provider = api.session.settings.provider
    upper = f"{what[0].upper()}{what[1:]}"
    kind = f"admin{upper}" if provider else {"VM": "vm"}.get(what, what)
    element = f"{'Admin' if provider else ''}{upper}Record"
    page, rows, deadline = 1, 0, api.session.deadline()
    while True:
        params = {"type": kind, "format": "records", "page": str(page), "pageSize": str(PAGE_SIZE), **more}
        params |= {"filter": query} if query else {}
        document = api.document("/api/query", f"{what}s", "QueryResultRecords", **params)
        records = [one for one in document if local(one) == element]
        yield from records
        rows += len(records)
        total = document.get("total", "")
        if not records or (total.isdecimal() and rows >= int(total)):
            return
        check_end(f"{what}s", page, rows, deadline)
        page += 1
