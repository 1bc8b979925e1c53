# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""YAML as nodes that know their position in the text, so that one value can be edited and nothing else.

Nodes are built from ruamel.yaml's parser events. Unlike composed nodes, events keep aliases as aliases, and have a tag
only where the text has one, which is what Go's yaml.v2 evaluates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

try:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
except ImportError as error:
    RUAMEL_YAML_IMPORT_ERROR: ImportError | None = error
else:
    RUAMEL_YAML_IMPORT_ERROR = None


_TABS_BEHIND_TEXT = re.compile(r"(?<=\S)[ \t]*\t[ \t]*")


class NotYaml(Exception):
    """The text cannot be parsed. The message has the line (from 1) and the reason."""


@dataclass
class Node:
    """The position of a node: ``start`` and ``end`` are offsets in the text, ``line`` and ``column`` count from 0.

    ``start`` includes an anchor or a tag. ``end`` is undefined for a block mapping or sequence (see ``last_offset``).
    """

    start: int
    end: int
    line: int
    column: int
    anchor: str | None
    tag: str | None


@dataclass
class Scalar(Node):
    """``plain``: neither quoted nor a block scalar. ``style`` is the quote, or the first letter of a block scalar."""

    value: str = ""
    plain: bool = True
    style: str = ""


@dataclass
class Mapping(Node):
    """Entries in the order of the text. A duplicate key has two entries."""

    entries: list[tuple[Node, Node]] = field(default_factory=list)
    flow: bool = False


@dataclass
class Sequence(Node):
    """Items in order."""

    items: list[Node] = field(default_factory=list)
    flow: bool = False


@dataclass
class Alias(Node):
    """``*name``; ``target`` is the node that had the anchor when the alias was read."""

    name: str = ""
    target: Node | None = None


@dataclass(frozen=True)
class Directive:
    """A line such as ``%YAML 1.1`` before the document. ``line`` counts from 0; ``name`` is YAML, TAG or another."""

    line: int
    name: str
    arguments: str


@dataclass(frozen=True)
class Document:
    """The first document of a text, and how many documents with content follow it."""

    text: str
    root: Node | None
    others: int
    directives: tuple[Directive, ...] = ()


def read_document(text: str) -> Document:
    """Parse a text. One without a document (empty, only comments) has no root. Raises NotYaml."""
    directives, rest = _take_directives(text)
    try:
        roots = _roots(rest)
    except NotYaml:
        # yaml.v2 accepts tabs between tokens where ruamel.yaml does not. Replacing them by spaces keeps every offset.
        spaced = _TABS_BEHIND_TEXT.sub(lambda match: " " * len(match.group()), rest)
        if spaced == rest:
            raise
        roots = _roots(spaced)
    others = sum(not _is_empty(root) for root in roots[1:])
    return Document(text, roots[0] if roots else None, others, tuple(directives))


def _take_directives(text: str) -> tuple[list[Directive], str]:
    """The directives of the first document, and the text with blanks in place of %YAML. Raises NotYaml.

    ruamel.yaml reads the versions 1.1 and 1.2 and fails at others, and yaml.v2 reads 1.1 only, so that the version is
    judged by the caller.
    """
    found, offset = [], 0
    for number, line in enumerate(text.splitlines(keepends=True)):
        bare = line.lstrip("\ufeff")
        if bare.startswith("%"):
            name, _space, arguments = bare[1:].partition("#")[0].strip().partition(" ")
            found.append(Directive(number, name, arguments.strip()))
            if name == "YAML":
                start, end = offset + len(line) - len(bare), offset + len(line.rstrip("\r\n"))
                text = text[:start] + " " * (end - start) + text[end:]
        elif bare.strip() and not bare.startswith("#"):
            if found and not re.match(r"---(\s|$)", bare):
                raise NotYaml(f"line {number + 1}: a line --- is missing between the directives and the document")
            break
        offset += len(line)
    return found, text


def _roots(text: str) -> list[Node]:
    try:
        return list(_Builder(text, YAML(typ="base", pure=True).parse(text)).documents())
    except YAMLError as problem:
        raise NotYaml(_explain(problem)) from problem
    except (RecursionError, ValueError, AssertionError) as problem:
        raise NotYaml(f"cannot be parsed ({type(problem).__name__})") from problem


def _explain(problem: Any) -> str:
    """One line, without the excerpt that ruamel.yaml adds, which may contain a secret."""
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    where = f"line {mark.line + 1}: " if mark else ""
    why = getattr(problem, "problem", None) or getattr(problem, "reason", None) or type(problem).__name__
    return f"{where}{why}"


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and node.value == ""


class _Builder:
    """Builds nodes from events, in the order of the text."""

    def __init__(self, text: str, events: Iterator[Any]) -> None:
        self._text = text
        self._events = events
        self._anchors: dict[str, Node] = {}

    def documents(self) -> Iterator[Node]:
        for event in self._events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                self._anchors.clear()
            elif kind not in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
                yield self._node(event)

    def _node(self, event: Any) -> Node:
        kind, mark = type(event).__name__, event.start_mark
        place = (mark.index, event.end_mark.index, mark.line, mark.column)
        if kind == "AliasEvent":
            if event.anchor not in self._anchors:
                raise NotYaml(f"line {mark.line + 1}: unknown anchor '{event.anchor}' referenced")
            return Alias(*place, None, None, event.anchor, self._anchors[event.anchor])
        tag = str(event.tag) if event.tag and event.tag != "!" else None
        if kind == "ScalarEvent":
            return self._anchored(Scalar(*place, event.anchor, tag, event.value, not event.style, event.style or ""))
        if kind == "SequenceStartEvent":
            return self._sequence(Sequence(*place, event.anchor, tag, [], bool(event.flow_style)))
        return self._mapping(Mapping(*place, event.anchor, tag, [], bool(event.flow_style)))

    def _anchored(self, node: Node) -> Node:
        if node.anchor:
            self._anchors[node.anchor] = node
        return node

    def _sequence(self, sequence: Sequence) -> Sequence:
        self._anchored(sequence)
        for event in self._events:
            if type(event).__name__ == "SequenceEndEvent":
                sequence.end = event.end_mark.index
                break
            sequence.items.append(self._node(event))
        return sequence

    def _mapping(self, mapping: Mapping) -> Mapping:
        self._anchored(mapping)
        for event in self._events:
            if type(event).__name__ == "MappingEndEvent":
                mapping.end = event.end_mark.index
                break
            key = self._node(event)
            value = self._node(next(self._events))
            if value.start == value.end:
                # The parser places a missing value at the next token; it belongs after its colon.
                value.start = value.end = self._text.find(":", last_offset(key, self._text)) + 1 or value.start
            mapping.entries.append((key, value))
        return mapping


def last_offset(node: Node, text: str) -> int:
    """The offset after the last character of a node, not counting trailing white space."""
    if isinstance(node, Mapping) and not node.flow:
        end = max((last_offset(part, text) for entry in node.entries for part in entry), default=node.start)
    elif isinstance(node, Sequence) and not node.flow:
        end = max((last_offset(item, text) for item in node.items), default=node.start)
    else:
        end = node.end
    return max(len(text[:end].rstrip()), node.start)


def find(mapping: Mapping, name: str) -> tuple[Scalar, Node] | None:
    """The first entry whose key is this name, plain or quoted."""
    for key, value in mapping.entries:
        if isinstance(key, Scalar) and key.value == name:
            return key, value
    return None
