# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists: FIQL filters, sorting, pages and cursors. Both the OpenAPI and the legacy query service use them."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from urllib.parse import unquote_plus

from vcdsim import errors

Item = TypeVar("Item")
# Which results of a comparison pass: -1 less, 0 equal, 1 greater. "!=" and "==" compare texts and need no entry.
_ORDERS = {"=gt=": (1,), "=ge=": (0, 1), "=lt=": (-1,), "=le=": (-1, 0)}

_OPERATORS = re.compile(r"(==|!=|=gt=|=ge=|=lt=|=le=)")
_SELECTOR = re.compile(r"^[A-Za-z_][\w.]*$")
# Characters in a value that VCD's parser rejects unless ``filterEncoded=true``.
_UPSETS = re.compile(r"[+*]")
_DEEPEST = 50  # the parser is recursive: deeper nesting would exhaust the stack


@dataclass(frozen=True)
class Term:
    """One comparison of a filter."""

    selector: str
    operator: str
    value: str


def parse_filter(text: str, *, encoded: bool = False) -> Any:
    """A tree of ``("and"|"or", [..])`` and Terms. Answers 400 if the text is not FIQL.

    ``encoded``: the values are percent-encoded once more (``filterEncoded=true``), so they may contain any character.
    """
    if text.count("(") > _DEEPEST:
        raise errors.bad_filter()
    tree, rest = _alternatives(text, encoded)
    if rest:
        raise errors.bad_filter()
    return tree


def _alternatives(text: str, encoded: bool) -> tuple[Any, str]:
    return _branches("or", ",", _conjunction, text, encoded)


def _conjunction(text: str, encoded: bool) -> tuple[Any, str]:
    return _branches("and", ";", _term, text, encoded)


def _branches(
    kind: str, separator: str, parse: Callable[[str, bool], tuple[Any, str]], text: str, encoded: bool
) -> tuple[Any, str]:
    first, rest = parse(text, encoded)
    branches = [first]
    while rest.startswith(separator):
        branch, rest = parse(rest[1:], encoded)
        branches.append(branch)
    return (branches[0] if len(branches) == 1 else (kind, branches)), rest


def _term(text: str, encoded: bool) -> tuple[Any, str]:
    if text.startswith("("):
        tree, rest = _alternatives(text[1:], encoded)
        if not rest.startswith(")"):
            raise errors.bad_filter()
        return tree, rest[1:]
    end = next((at for at, letter in enumerate(text) if letter in ";,)"), len(text))
    parts = _OPERATORS.split(text[:end], maxsplit=1)
    if len(parts) != 3 or not _SELECTOR.match(parts[0]):
        raise errors.bad_filter()
    value = unquote_plus(parts[2]) if encoded else parts[2]
    if not encoded and _UPSETS.search(value):
        raise errors.bad_filter()
    return Term(parts[0], parts[1], value), text[end:]


def terms(tree: Any) -> list[Term]:
    """All comparisons of a filter tree."""
    if isinstance(tree, Term):
        return [tree]
    return [term for branch in tree[1] for term in terms(branch)]


def tree_of(query: Mapping[str, str]) -> Any:
    """The tree of a query's filter; None without a filter. All lists read their filter here."""
    text = query.get("filter", "")
    return parse_filter(text, encoded=query.get("filterEncoded") == "true") if text else None


def asked(query: Mapping[str, str], selector: str) -> list[str]:
    """The values that the query's filter compares a selector with (``==``). Answers 400 for another operator."""
    tree = tree_of(query)
    found = [term for term in terms(tree) if term.selector == selector] if tree else []
    if any(term.operator != "==" for term in found):
        raise errors.bad_request(f"The filter may compare {selector} with == only.")
    return [term.value for term in found]


def matches(tree: Any, value_of: Callable[[str], Any]) -> bool:
    """Whether an object passes the filter; ``value_of(selector)`` reads its values."""
    if isinstance(tree, Term):
        return _compare(tree, value_of(tree.selector))
    kind, branches = tree
    combine = all if kind == "and" else any
    return combine(matches(branch, value_of) for branch in branches)


def _compare(term: Term, value: Any) -> bool:
    values = value if isinstance(value, list) else [value]  # a list passes if one of its elements does
    texts = [_as_text(one) for one in values]
    if term.operator == "==":
        return term.value in texts
    if term.operator == "!=":
        return term.value not in texts
    passing = _ORDERS[term.operator]
    return any(one is not None and _order(one, term.value) in passing for one in texts)


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _order(left: str, right: str) -> int:
    try:
        numbers = (float(left), float(right))
    except ValueError:
        return (left > right) - (left < right)
    return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """What clients may filter and sort a list by: ``find`` and ``sort`` map selectors to getters."""

    find: Mapping[str, Callable[[Item], Any]]
    sort: Mapping[str, Callable[[Item], Any]]
    default_sort: str = "name"
    descending: bool = False
    page_size: int = 25
    largest: int = 128

    def also(self, **find: Callable[[Item], Any]) -> Listing[Item]:
        """The same list with more selectors, for values that depend on the request, such as ``_context``."""
        return replace(self, find={**self.find, **find})

    def select(self, items: list[Item], query: Mapping[str, str]) -> list[Item]:
        """The items that pass the filter, sorted."""
        return self.sorted(self.filtered(items, query), query)

    def filtered(self, items: list[Item], query: Mapping[str, str]) -> list[Item]:
        tree = tree_of(query)
        if tree is None:
            return items
        for term in terms(tree):
            if term.selector not in self.find:
                raise errors.bad_request(f'The property "{term.selector}" is not searchable.')
        return [item for item in items if self._passes(tree, item)]

    def _passes(self, tree: Any, item: Item) -> bool:
        return matches(tree, lambda selector: self.find[selector](item))

    def sorted(self, items: list[Item], query: Mapping[str, str]) -> list[Item]:
        up, down = query.get("sortAsc"), query.get("sortDesc")
        if up and down:
            raise errors.bad_request("Only one of sortAsc and sortDesc is possible.")
        wanted = up or down
        if wanted and wanted not in self.sort:
            raise errors.bad_request(f'The property "{wanted}" is not sortable.')
        getter = self.sort.get(wanted or self.default_sort)
        if getter is None:
            return items
        reverse = bool(down) or (not wanted and self.descending)
        return sorted(items, key=lambda item: _sort_key(getter(item)), reverse=reverse)


def _sort_key(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, "")
    if isinstance(value, (bool, int, float)):
        return (1, value)
    return (2, str(value))


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list, and the totals."""

    items: list[Item]
    number: int
    size: int
    total: int

    @property
    def count(self) -> int:
        return -(-self.total // self.size) if self.size else 0


def integer(query: Mapping[str, str], name: str, default: int, low: int) -> int:
    """An integer of the query string. Answers 400 if it is below ``low``."""
    text = query.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"-?\d{1,9}", text) or int(text) < low:
        raise errors.bad_request(f'The query parameter "{name}" must be a number of at least {low}.')
    return int(text)


def page_size(query: Mapping[str, str], default: int, largest: int, *, clamp: bool) -> int:
    """The number of items on a page. Above the limit it is refused or reduced (assumption page-size-above-limit)."""
    size = integer(query, "pageSize", default, 0)
    if size > largest and not clamp:
        raise errors.bad_request(f'The query parameter "pageSize" must be at most {largest}.')
    return min(size, largest)


def page(items: list[Item], query: Mapping[str, str], default: int, largest: int, *, clamp: bool) -> Page[Item]:
    """The requested page. A page past the end is empty: CPI reads some lists until it gets an empty page."""
    number = integer(query, "page", 1, 1)
    size = page_size(query, default, largest, clamp=clamp)
    start = (number - 1) * size
    return Page(items[start : start + size], number, size, len(items))


@dataclass(frozen=True)
class Cursor:
    """The position in a list that is read by cursor. ``order`` is "", "asc" or "desc" (by name)."""

    offset: int
    size: int
    order: str = ""


def write_cursor(cursor: Cursor) -> str:
    """An opaque cursor, in the form of a published one of VCD's."""
    parts = {
        "NETWORKING_CURSOR_OFFSET": str(cursor.offset),
        "pageSize": cursor.size,
        "NETWORKING_CURSOR": f"{cursor.offset:05d}{cursor.order}",
    }
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """The position that a cursor encodes. Answers 400 if ``write_cursor`` did not make it."""
    try:
        decoded = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        order = str(decoded["NETWORKING_CURSOR"])[5:]
        cursor = Cursor(int(decoded["NETWORKING_CURSOR_OFFSET"]), int(decoded["pageSize"]), order)
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise errors.bad_request("The cursor is invalid.") from problem
    if cursor.offset < 0 or not 0 < cursor.size <= 128 or order not in ("", "asc", "desc"):
        raise errors.bad_request("The cursor is invalid.")
    return cursor
