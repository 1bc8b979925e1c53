# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the operation for a method and a path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from vcdsim import errors
from vcdsim.calls import Operation


@dataclass
class _Node:
    fixed: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None
    template: str = ""
    operations: dict[str, Operation] = field(default_factory=dict)
    not_built: frozenset[str] = frozenset()


class Router:
    """All operations, in a tree of path segments. Fixed segments win over variables, as in ``sessions/current``.

    ``not_built`` are pairs of methods and a path. A path that ends in ``/**`` stands for any path below it, with any
    method.
    """

    def __init__(self, operations: Iterable[Operation], not_built: Iterable[tuple[str, str]] = ()) -> None:
        self._root = _Node()
        for operation in operations:
            node = self._place(operation.path)
            if operation.method in node.operations:
                raise ValueError(f"two operations at {operation.method} {operation.path}")
            node.operations[operation.method] = operation
        self._families: list[str] = []
        for methods, path in not_built:
            if path.endswith("/**"):
                self._families.append(path.removesuffix("/**"))
                continue
            node = self._place(path)
            node.not_built |= frozenset(methods.split())

    def _place(self, template: str) -> _Node:
        node = self._root
        for segment in _segments(template):
            if segment.startswith("{"):
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.fixed.setdefault(segment, _Node())
        node.template = node.template or template
        return node

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """The operation and the variables of its path. Answers 404, 405 or 501 if no operation matches."""
        segments = _segments(path)
        node = self._walk(self._root, segments)
        if node is None:
            family = next((one for one in self._families if f"{path}/".startswith(f"{one}/")), "")
            raise errors.not_built(method, f"{family}/**") if family else errors.not_found(path)
        if method in node.operations:
            operation = node.operations[method]
            return operation, _variables(operation.path, segments)
        if method in node.not_built:
            raise errors.not_built(method, node.template)
        raise errors.method_not_allowed(method, node.template, [*node.operations, *node.not_built])

    def _walk(self, node: _Node, segments: list[str]) -> _Node | None:
        if not segments:
            return node if node.template else None
        head, rest = segments[0], segments[1:]
        # the branch of a fixed segment may have no operation where that of the variable has one, so both are tried
        for branch in (node.fixed.get(head), node.variable if head else None):
            found = self._walk(branch, rest) if branch else None
            if found:
                return found
        return None


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def _variables(template: str, segments: list[str]) -> dict[str, str]:
    pairs = zip(_segments(template), segments, strict=True)
    return {name[1:-1]: value for name, value in pairs if name.startswith("{")}
