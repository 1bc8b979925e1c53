# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Reads values from outside (module results, answers, restore points), and reports where one is wrong. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput, as_text, shortened


class Reader:
    """A mapping with its path, for example ``vcd_edge_gateway_info.edge_gateways[0].load_balancer``.

    Every method raises InvalidInput with that path when a value is missing or has the wrong type.
    """

    def __init__(self, value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise InvalidInput(path, _short(value), "expected a mapping")
        self.value = value
        self.path = path

    def has(self, key: str) -> bool:
        """Whether the key exists and is not null."""
        return self.value.get(key) is not None

    def text(self, key: str, default: str | None = None) -> str:
        """A string; ``default`` when it is missing or null. Without a default it is required."""
        value = self.value.get(key)
        if value is None and default is not None:
            return default
        return str(self._typed(key, str, "a string"))

    def number(self, key: str) -> int:
        """A whole number."""
        value: int = self._typed(key, int, "a whole number")
        return value

    def number_or_none(self, key: str) -> int | None:
        """A whole number, or None when it is missing or null."""
        return self.number(key) if self.has(key) else None

    def flag(self, key: str) -> bool:
        """True or false."""
        value: bool = self._typed(key, bool, "true or false")
        return value

    def flag_or(self, key: str, default: bool) -> bool:
        """True or false; ``default`` where it is missing or null."""
        return self.flag(key) if self.has(key) else default

    def mapping(self, key: str) -> Reader:
        """A mapping, required."""
        return Reader(self._typed(key, Mapping, "a mapping"), f"{self.path}.{key}")

    def mapping_or_none(self, key: str) -> Reader | None:
        """A mapping, or None when it is missing or null."""
        return self.mapping(key) if self.has(key) else None

    def mappings(self, key: str) -> Iterator[Reader]:
        """The mappings in a list, required."""
        for number, item in enumerate(self._typed(key, list, "a list")):
            yield Reader(item, f"{self.path}.{key}[{number}]")

    def texts(self, key: str) -> tuple[str, ...]:
        """The strings in a list, required."""
        return tuple(str(item) for item in self._typed(key, list, "a list"))

    def _typed(self, key: str, kind: type, what: str) -> Any:
        value = self.value.get(key)
        # Python counts a bool as an int; here it is a wrong type
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise InvalidInput(f"{self.path}.{key}", _short(value), f"expected {what}; pass the module's whole result")
        return value


def _short(value: Any) -> Any:
    """The value, shortened if it would fill a message."""
    text = value if isinstance(value, str) else as_text(value)
    return value if len(text) <= 60 else shortened(text, 60)


# layouts: the types of the fields that are read from outside data

Layout = Any
TEXT, NUMBER, FLAG = str, int, bool
_WORDS = {str: "text", int: "a whole number", bool: "true or false"}
_FOUND = {bool: "true or false", int: "a number", float: "a fraction", str: "text", list: "a list", dict: "a mapping"}
_LARGEST_NUMBER = 2**63


class Id(str):
    """The layout of an id that becomes part of a path: text without blanks, ``/`` and the like."""


ID = Id()
_DECIMAL = re.compile(r"[0-9]{1,18}")
_ID = re.compile(r"[\x21-\x7e]{1,500}")
_NOT_IN_ID = re.compile(r"[/?#%\\]|\.\.")


@dataclass(frozen=True)
class Values:
    """The layout of a mapping from any text to values of one layout, such as labels."""

    of: Layout


@dataclass(frozen=True)
class OrNull:
    """The layout of an entry of a list that may be null."""

    of: Layout


def differs(value: Any, layout: Layout, path: str = "") -> str:
    """Where a value differs from the documented layout, without any part of the value; empty if it does not.

    A layout is TEXT, NUMBER, FLAG or ID; ``[layout]`` is a list, ``Values(layout)`` a mapping, and a dictionary a
    mapping with the layouts of the fields that are read. Other fields are not checked. A field may be missing or null,
    but an entry of a list may not. A key that ends in ``!`` is required, and ``OrNull(layout)`` is an entry of a list
    that may be null.
    """
    if isinstance(layout, dict):
        if not isinstance(value, Mapping):
            return _expected(path, "a mapping", value)
        for field, inner in layout.items():
            name = field.rstrip("!")
            item = value.get(name)
            if item is None and name == field:
                continue
            found = differs(item, inner, f"{path}.{name}" if path else name)
            if found:
                return found
        return ""
    if isinstance(layout, Values):
        if not isinstance(value, Mapping):
            return _expected(path, "a mapping", value)
        pairs = ((f"{path}.{_short(str(key))}", item, layout.of) for key, item in value.items())
        return _first(pairs) if all(isinstance(key, str) for key in value) else _expected(path, "text as keys", None)
    if isinstance(layout, OrNull):
        return "" if value is None else differs(value, layout.of, path)
    if isinstance(layout, list):
        if not isinstance(value, list):
            return _expected(path, "a list", value)
        return _first((f"{path}[{number}]", item, layout[0]) for number, item in enumerate(value))
    if isinstance(layout, Id):
        good = isinstance(value, str) and _ID.fullmatch(value) and not _NOT_IN_ID.search(value)
        return "" if good else _expected(path, "an identifier", value)
    if not isinstance(value, layout) or (layout is int and isinstance(value, bool)):
        return _expected(path, _WORDS[layout], value)
    if layout is int and abs(value) >= _LARGEST_NUMBER:
        return _expected(path, "a number of 64 bits", value)
    return ""


def _first(parts: Iterable[tuple[str, Any, Layout]]) -> str:
    return next((found for path, item, layout in parts if (found := differs(item, layout, path))), "")


def _expected(path: str, what: str, value: Any) -> str:
    found = "null" if value is None else _FOUND.get(type(value), "another kind")
    return f"{path or 'the value'}: expected {what}, found {found}"


def decimal(text: object) -> int | None:
    """The number in a text of ASCII digits; None for any other text, and for very many digits."""
    return int(text) if isinstance(text, str) and _DECIMAL.fullmatch(text) else None
