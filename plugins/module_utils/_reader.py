# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Reads values from nested module results, and reports exactly where one differs from the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    """The value, cut where it would fill a message."""
    text = value if isinstance(value, str) else as_text(value)
    return value if len(text) <= 60 else shortened(text, 60)
