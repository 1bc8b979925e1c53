# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all resources share: lists, references, common fields, and the effects of tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vcdsim import errors, query
from vcdsim.bodies import formatted, one_of, read_only, ref, text
from vcdsim.calls import Call, Reply
from vcdsim.query import Listing
from vcdsim.store import Record

STATUS = read_only(type="string")
ANY_REF = ref("vdc", "vdcGroup", "gateway", "network", "org", "networkProvider")
SUBNETS_NOTE = "subnets"

Render = Callable[[Call, Record], dict[str, Any]]


def stored(name: str) -> Callable[[Record], Any]:
    """A getter for a stored field."""
    return lambda record: record.data.get(name)


def identifier(record: Record) -> str:
    return record.id


def status(record: Record) -> str:
    return record.status


def listing(
    find: dict[str, Callable[[Record], Any]],
    sort: dict[str, Callable[[Record], Any]] | None = None,
    **more: Any,
) -> Listing[Record]:
    """A list that clients may filter by id, by name, and by the given selectors."""
    base: dict[str, Callable[[Record], Any]] = {"id": identifier, "name": lambda record: record.name}
    return Listing(
        find={**base, **find},
        sort={"name": lambda record: record.name, **(find if sort is None else sort)},
        **more,
    )


# For lists of rows that are no Records: without filter and sorting.
UNSORTED: Listing[Any] = Listing(find={}, sort={}, default_sort="")


def page_reply(call: Call, how: Listing[Any], items: list[Any], show: Callable[[Any], dict[str, Any]]) -> Reply:
    """One page of a list, with a Link header to the next page."""
    clamp = call.vcd.assume("page-size-above-limit", "clamped")
    page = query.page(how.select(items, call.query), call.query, how.page_size, how.largest, clamp=clamp)
    body = {
        "resultTotal": page.total,
        "pageCount": page.count,
        "page": page.number,
        "pageSize": page.size,
        "associations": None,
        "values": [show(item) for item in page.items],
    }
    headers = {"Link": _page_link(call, page.number + 1)} if page.number < page.count else {}
    return Reply(200, body, headers)


def _page_link(call: Call, number: int) -> str:
    others = "&".join(part for part in call.raw_query.split("&") if part and not part.startswith("page="))
    address = f"{call.base}{call.path}?{others + '&' if others else ''}page={number}"
    return f'<{address}>;rel="nextPage";type="application/json";model="{call.operation.name}"'


def cursor_reply(
    call: Call, items: list[Record], show: Callable[[Record], dict[str, Any]], model: str, extra: dict[str, Any]
) -> Reply:
    """One page of a list that is read by cursor, without totals. Only the Link header leads to the next page.

    A request with a cursor ignores all other parameters, because the cursor carries the page size and the order.
    """
    at = query.read_cursor(call.query["cursor"]) if call.query.get("cursor") else _first_cursor(call)
    if at.order:
        items = sorted(items, key=lambda record: record.name, reverse=at.order == "desc")
    chosen = items[at.offset : at.offset + at.size]
    headers = {}
    if at.size and at.offset + at.size < len(items):
        following = query.write_cursor(query.Cursor(at.offset + at.size, at.size, at.order))
        address = f"{call.base}{call.path}?pageSize={at.size}&cursor={following}"
        # CPI compares rel with exactly "nextPage", and takes the cursor out of the address
        headers["Link"] = f'<{address}>;rel="nextPage";type="application/json";model="{model}"'
    return Reply(200, {**extra, "values": [show(item) for item in chosen]}, headers)


def _first_cursor(call: Call) -> query.Cursor:
    ascending, descending = call.query.get("sortAsc"), call.query.get("sortDesc")
    if (ascending and descending) or {ascending, descending} - {None, "", "name"}:
        raise errors.bad_request("This list can be sorted by name only, one way at a time.")
    size = query.page_size(call.query, 25, 128, clamp=call.vcd.assume("page-size-above-limit", "clamped"))
    return query.Cursor(0, size, "asc" if ascending else "desc" if descending else "")


def created(call: Call, path: str, body: dict[str, Any]) -> Reply:
    """201 with the address of the new object."""
    return Reply(201, body, {"Content-Location": f"{call.base}{path}"})


def realized(record: Record) -> Callable[[], None]:
    """The usual end of a task: the object is REALIZED."""

    def settle() -> None:
        record.status = "REALIZED"

    return settle


def restored(record: Record) -> Callable[[], None]:
    """An undo that restores the object's current state.

    Shallow copies are enough, because handlers replace ``data`` and never change it in place.
    """
    data, facts = dict(record.data), dict(record.facts)

    def settle() -> None:
        record.data, record.facts, record.status = data, facts, "REALIZED"

    return settle


def changed(record: Record, data: dict[str, Any]) -> Callable[[], None]:
    """A change that gives the object its new values at once; it is CONFIGURING until the task ends (assumed)."""

    def change() -> None:
        record.data = data
        record.status = "CONFIGURING"

    return change


def same_id(call: Call, record: Record) -> None:
    """Check that the body's id is that of the path (assumed). A missing id passes: CPI updates pools without it."""
    sent = call.body.get("id") if isinstance(call.body, dict) else None
    if sent is not None and sent != record.id:
        raise errors.bad_field("id", "it is not that of the path")


__all__ = [
    "ANY_REF",
    "STATUS",
    "UNSORTED",
    "changed",
    "created",
    "cursor_reply",
    "formatted",
    "identifier",
    "listing",
    "one_of",
    "page_reply",
    "read_only",
    "realized",
    "restored",
    "same_id",
    "status",
    "stored",
    "text",
]
