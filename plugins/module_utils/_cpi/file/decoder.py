# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Decode CPI's file exactly like CPI, which uses Go's yaml.v2 in strict mode.

A general YAML parser would accept files that CPI rejects, and read some values differently.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.document import (
    Alias,
    Mapping,
    Node,
    Scalar,
    Sequence,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.scalars import (
    BOOL,
    MERGE,
    NULL,
    CannotResolve,
    as_int32,
    is_null,
    resolve,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.schema import CLOUD_CONFIG, Kind, Struct
from ansible_collections.vcd.kubernetes.plugins.module_utils._distributions import knowing
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import LONGEST_VALUE, shortened
from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import printable

Values = dict[str, Any]
# yaml.v2 begins to check the share of aliased values at 100, and refuses a file only later.
MAX_ALIASED = 100
_EMPTY: dict[Kind, Any] = {Kind.STRING: "", Kind.BOOL: False, Kind.INT32: 0}


@dataclass
class Decoded:
    """The values as CPI would have them (missing keys with Go's zero values), and what its decoder rejects."""

    values: Values
    problems: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)  # dotted paths of the keys in the file
    passed: list[str] = field(default_factory=list)  # paths that only the given extra keys allow


def zero(struct: Struct) -> Values:
    """Go's zero value of a section."""
    return {name: _zero(key.kind) for name, key in struct.keys.items()}


def _zero(kind: Kind | Struct) -> Any:
    if isinstance(kind, Struct):
        return None if kind.pointer else zero(kind)
    return _EMPTY[kind]


def decode(root: Node, extra_keys: Collection[str] = ()) -> Decoded:
    """Decode the root node of the file. Problems name the line (from 1) and the dotted path of the key.

    ``extra_keys``: dotted paths that this CPI knows in addition to the published ones; everything below them is
    allowed, too.
    """
    decoder = _Decoder(extra_keys)
    values = zero(CLOUD_CONFIG)
    try:
        values = decoder.unmarshal(root, CLOUD_CONFIG, values, "")
    except CannotResolve as error:
        decoder.out.problems.append(str(error))
    decoder.out.values = values if values is not None else zero(CLOUD_CONFIG)
    return decoder.out


class _Decoder:
    def __init__(self, extra_keys: Collection[str] = ()) -> None:
        self.out = Decoded({})
        self._extra_keys = extra_keys
        self._open_aliases: list[Alias] = []
        self._aliased = 0

    def unmarshal(self, node: Node, kind: Kind | Struct, current: Any, path: str) -> Any:
        """The value of a node for the expected type. As in Go, a node of the wrong type keeps ``current``."""
        if isinstance(node, Alias):
            return self._alias(node, kind, current, path)
        self._count_aliased(node)
        if node.tag == NULL and not isinstance(node, Scalar):
            return self._wrong_type(node, "without the tag !!null", path, current)
        if isinstance(node, Scalar) and is_null(node):
            resolve(node)  # rejects !!null with a value
            return _zero(kind)
        if isinstance(kind, Struct):
            if current is None:
                current = zero(kind)
            if isinstance(node, Mapping):
                self._struct(node, kind, current, path)
            elif isinstance(node, Scalar) and resolve(node)[1] is None:
                return zero(kind)
            else:
                self._wrong_type(node, "a section with keys", path)
            return current
        if not isinstance(node, Scalar):
            return self._wrong_type(node, kind.value, path, current)
        return self._scalar(node, kind, current, path)

    def _alias(self, node: Alias, kind: Kind | Struct, current: Any, path: str) -> Any:
        if any(node is open_alias for open_alias in self._open_aliases) or node.target is None:
            raise CannotResolve(f"line {node.line + 1}: anchor '{node.name}' contains itself")
        self._open_aliases.append(node)
        try:
            return self.unmarshal(node.target, kind, current, path)
        finally:
            self._open_aliases.pop()

    def _count_aliased(self, node: Node) -> None:
        self._aliased += bool(self._open_aliases)
        if self._aliased > MAX_ALIASED:
            raise CannotResolve(f"line {node.line + 1}: aliases (*) stand for more than {MAX_ALIASED} values")

    def _scalar(self, node: Scalar, kind: Kind, current: Any, path: str) -> Any:
        tag, value = resolve(node)
        if value is None:
            return _EMPTY[kind]
        if kind is Kind.STRING:
            return value if tag != BOOL and isinstance(value, str) else node.value
        if kind is Kind.BOOL and isinstance(value, bool):
            return value
        number = as_int32(value) if kind is Kind.INT32 else None
        return number if number is not None else self._wrong_type(node, kind.value, path, current)

    def _wrong_type(self, node: Node, wanted: str, path: str, current: Any = None) -> Any:
        found = {Mapping: "a section", Sequence: "a list"}.get(type(node), "another value")
        if isinstance(node, Scalar) and not node.plain:
            found = "a string (write it without quotes)"
        self._problem(node, f"{path or 'the file'} must be {wanted}, not {found}")
        return current

    def _struct(self, node: Mapping, struct: Struct, current: Values, path: str) -> None:
        done: set[str] = set()
        for key, value in node.entries:
            if _is_merge(key):
                self._merge(value, struct, current, path)
                continue
            name = self._key(key, path)
            if name is None:
                continue
            dotted = f"{path}.{name}" if path else name
            if name not in struct.keys and self._passes(dotted):
                self.out.passed.append(dotted)
            elif name not in struct.keys:
                dotted = printable(shortened(dotted, LONGEST_VALUE))
                self._problem(key, f"{dotted}: CPI does not know this key{suggestion(name, struct, path)}")
            elif name in done:
                self._problem(key, f"{dotted} is given twice; keep one")
            else:
                done.add(name)
                self.out.seen.add(dotted)
                current[name] = self.unmarshal(value, struct.keys[name].kind, current[name], dotted)

    def _passes(self, dotted: str) -> bool:
        """Whether an extra key is this one, or is inside it."""
        return any(key == dotted or key.startswith(f"{dotted}.") for key in self._extra_keys)

    def _key(self, key: Node, path: str) -> str | None:
        target = key.target if isinstance(key, Alias) else key
        if not isinstance(target, Scalar):
            self._problem(key, f"{path or 'the file'} has a key that is not a string")
            return None
        return str(self.unmarshal(key, Kind.STRING, "", path))

    def _merge(self, value: Node, struct: Struct, current: Values, path: str) -> None:
        parts = list(reversed(value.items)) if isinstance(value, Sequence) else [value]
        for part in parts:
            target = part.target if isinstance(part, Alias) else part
            if not isinstance(target, Mapping):
                raise CannotResolve(f"line {part.line + 1}: a merge (<<) needs a section or a list of sections")
            self.unmarshal(part, struct, current, path)

    def _problem(self, node: Node, text: str) -> None:
        self.out.problems.append(f"line {node.line + 1}: {text}")


def _is_merge(key: Node) -> bool:
    return isinstance(key, Scalar) and key.value == "<<" and (key.plain or key.tag == MERGE)


def suggestion(name: str, struct: Struct, path: str) -> str:
    """``; did you mean X?`` for a misspelled key, or the section that the key belongs to."""
    by_lower_case = {known.lower(): known for known in struct.keys}
    close = difflib.get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0.7)
    if close:
        return f"; did you mean {by_lower_case[close[0]]}?"
    forks = knowing(f"{path}.{name}" if path else name)
    if forks:
        return f"; the CPI of {' and '.join(forks)} knows it: if this one does, too, give it as an extra key"
    home = next((known for known in _paths(CLOUD_CONFIG) if known.split(".")[-1].lower() == name.lower()), None)
    if home:
        return f" {'under ' + path if path else 'at the top'}; it belongs at {home}"
    return f"; known keys: {', '.join(struct.keys)}"


def _paths(struct: Struct, path: str = "") -> Iterator[str]:
    for name, key in struct.keys.items():
        dotted = f"{path}.{name}" if path else name
        yield dotted
        if isinstance(key.kind, Struct):
            yield from _paths(key.kind, dotted)
