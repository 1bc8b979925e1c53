# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""YAML as nodes that know their position in the text, so that one value can be edited and nothing else.

Nodes are built from parser events. Unlike composed nodes, events keep aliases as aliases, and have a tag only where the
text has one, as Go's yaml.v2 requires.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.events import NotYaml, read_events

_BREAKS = "\r\n\x85\u2028\u2029"
_COLON = re.compile(r"(?:\s|#[^\n]*\n)*:")


@dataclass(eq=False)  # compared by identity: nodes with equal text are distinct, and an alias may contain itself
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


@dataclass(eq=False)
class Scalar(Node):
    """``plain``: yaml.v2 guesses its type, because it is neither quoted nor a block scalar, and has no tag but ``!``.

    ``style`` is the quote, or the first letter of a block scalar.
    """

    value: str = ""
    plain: bool = True
    style: str = ""


@dataclass(eq=False)
class Mapping(Node):
    """Entries in the order of the text. A duplicate key has two entries."""

    entries: list[tuple[Node, Node]] = field(default_factory=list)
    flow: bool = False


@dataclass(eq=False)
class Sequence(Node):
    """Items in order."""

    items: list[Node] = field(default_factory=list)
    flow: bool = False


@dataclass(eq=False)
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


# A run reads the same few texts several times. Callers must not change the nodes of a document: they are shared.
@lru_cache(maxsize=8)
def read_document(text: str) -> Document:
    """Parse a text. A text without a document (empty, or only comments) yields no root. Raises NotYaml."""
    directives, rest = _take_directives(text)
    roots = list(_Builder(text, read_events(rest)).documents())
    others = sum(not _is_empty(root) for root in roots[1:])
    return Document(text, roots[0] if roots else None, others, tuple(directives))


def _take_directives(text: str) -> tuple[list[Directive], str]:
    """The directives of the first document, and the text with spaces in place of %YAML. Raises NotYaml.

    The caller judges the directives: PyYAML fails at some versions and skips unknown directives, while yaml.v2 reads
    1.1 only.
    """
    found, offset, open_ = [], 0, True
    for number, line in enumerate(text.splitlines(keepends=True)):
        bare = line if offset else line.removeprefix("\ufeff")
        if bare.startswith("%"):
            if not open_:
                raise NotYaml(f"line {number + 1}: a line that starts with % comes after the start of the document")
            name, _blank, arguments = bare[1:].partition("#")[0].rstrip().partition(" ")
            found.append(Directive(number, name, arguments.strip(" ")))
            if name == "YAML":
                start, end = offset + len(line) - len(bare), offset + len(line.rstrip(_BREAKS))
                text = text[:start] + " " * (end - start) + text[end:]
        elif open_ and bare.strip(f" {_BREAKS}") and not bare.startswith("#"):
            if found and not re.match(r"---(\s|$)", bare):
                raise NotYaml(f"line {number + 1}: a line --- is missing between the directives and the document")
            open_ = False
        offset += len(line)
    return found, text


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
                # Its name is not shown: it may be a password without quotes.
                raise NotYaml(
                    f"line {mark.line + 1}: an alias (*) without its anchor; put a value that starts with * in quotes"
                )
            return Alias(*place, None, None, event.anchor, self._anchors[event.anchor])
        tag = str(event.tag) if event.tag else None
        if kind == "ScalarEvent":
            return self._anchored(Scalar(*place, event.anchor, tag, event.value, event.implicit[0], event.style or ""))
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
                # The parser places a missing value at the next token; it belongs after its colon, if there is one.
                colon = _COLON.match(self._text, last_offset(key, self._text))
                value.start = value.end = colon.end() if colon else value.start
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
    while end > node.start and text[end - 1].isspace():
        end -= 1
    return max(end, node.start)


def find(mapping: Mapping, name: str) -> tuple[Scalar, Node] | None:
    """The first entry whose key is this name, plain or quoted."""
    for key, value in mapping.entries:
        if isinstance(key, Scalar) and key.value == name:
            return key, value
    return None
