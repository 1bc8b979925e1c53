# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The parser events of a YAML text, as CPI's YAML library (Go's yaml.v2) produces them.

PyYAML and yaml.v2 are both ports of libyaml, and agree about nearly everything. Where they differ, the text is refused
here, not only if yaml.v2 refuses it, but also if yaml.v2 reads another value: a refused file stays as it is, while a
misread file would be changed. ``tests/real/test_cpi_decoder.py`` compares both.

The text comes from outside, so its size, its depth and the number of its nodes are limited to bound the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

try:
    from yaml.error import YAMLError
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner
except ImportError as error:
    PYYAML_IMPORT_ERROR: ImportError | None = error
    if not TYPE_CHECKING:
        YAMLError, Parser, Reader, Scanner = (
            type(name, (Exception,) if name == "YAMLError" else (), {})
            for name in ("YAMLError", "Parser", "Reader", "Scanner")
        )
else:
    PYYAML_IMPORT_ERROR = None

MAX_CHARACTERS = 64 * 1024  # the published files have under 1,000
MAX_DEPTH = 50  # the file has three levels
MAX_NODES = 5000
_BREAKS = "\r\n\x85\u2028\u2029"
# The escapes that both know, without surrogates: only PyYAML reads \/ and surrogates, only yaml.v2 reads \'.
_ESCAPES = re.compile(
    rf'\\(?:[0abtnvfre "\\N_LP\t{_BREAKS}]|x[0-9a-fA-F]{{2}}|u(?![dD][89a-fA-F])[0-9a-fA-F]{{4}}'
    r"|U000(?!0[dD][89a-fA-F])[0-9a-fA-F]{5}|U0010[0-9a-fA-F]{4})"
)
_QUOTE, _BRACKET = re.compile("'"), re.compile(r"'([\[{])'")
_TAG = re.compile(r"(?:&[\w-]+[ \t]+)?(?:!!?[a-zA-Z]*|!<tag:yaml\.org,2002:[a-z]+>)(?=[\s]|$)", re.ASCII)


class NotYaml(Exception):
    """The text cannot be parsed. The message has the line (from 1) and the reason."""


class _Loader(Reader, Scanner, Parser):
    """PyYAML's parser, with the tabs that yaml.v2 skips."""

    def __init__(self, text: str) -> None:
        self._text = text
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)

    def scan_to_next_token(self) -> None:
        """Skip white space and comments. Unlike PyYAML, yaml.v2 skips a tab after text, wherever no key can start."""
        if self.index == 0 and self.peek() == "\ufeff":
            self.forward()
        behind_text = bool(self._text[self.index - self.column : self.index].strip(" \t"))
        while True:
            tabs = behind_text and (self.flow_level or not self.allow_simple_key)
            while self.peek() == " " or (tabs and self.peek() == "\t"):
                self.forward()
            if self.peek() == "#":
                while self.peek() not in f"\0{_BREAKS}":
                    self.forward()
            if not self.scan_line_break():  # type: ignore[no-untyped-call]  # PyYAML's stubs lack its types
                return
            behind_text = False
            if not self.flow_level:
                self.allow_simple_key = True


def read_events(text: str) -> Iterator[Any]:
    """PyYAML's events of a text, in order. Raises NotYaml, also in the middle."""
    if len(text) > MAX_CHARACTERS:
        raise NotYaml(f"it has {len(text)} characters, and more than {MAX_CHARACTERS} are not read")
    if "\ufeff" in text[1:]:
        raise NotYaml(f"line {_line(text, text.index(chr(0xFEFF), 1))}: a byte order mark inside the text")
    nodes = depth = flow = 0
    try:
        for event in _events(text):
            kind = type(event).__name__
            if kind.endswith(("MappingStartEvent", "SequenceStartEvent")):
                depth += 1
                flow += bool(event.flow_style)
            elif kind.endswith(("MappingEndEvent", "SequenceEndEvent")):
                depth -= 1
                flow -= flow > 0
            nodes += 1
            if depth > MAX_DEPTH:
                raise NotYaml(f"line {event.start_mark.line + 1}: more than {MAX_DEPTH} levels")
            if nodes > MAX_NODES:
                raise NotYaml(f"line {event.start_mark.line + 1}: more than {MAX_NODES} nodes")
            _refuse_other_readings(text, event, kind, flow > 0)
            yield event
    except YAMLError as problem:
        raise NotYaml(_explain(problem)) from problem
    except (ValueError, OverflowError) as problem:  # PyYAML converts each \U to a character without checking its number
        raise NotYaml("an escape (\\) of a character that does not exist") from problem
    except (LookupError, AssertionError) as problem:
        raise NotYaml(f"cannot be parsed ({type(problem).__name__})") from problem


def _events(text: str) -> Iterator[Any]:
    loader = _Loader(text)
    while loader.check_event():
        yield loader.get_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs lack its types


def _refuse_other_readings(text: str, event: Any, kind: str, flow: bool) -> None:
    """Raise NotYaml for a node that yaml.v2 refuses or reads differently."""
    start, end, where = event.start_mark.index, event.end_mark.index, f"line {event.start_mark.line + 1}"
    if getattr(event, "tag", None) and not _TAG.match(text, start):
        raise NotYaml(f"{where}: a tag (!) that CPI does not use; put a value that starts with ! in quotes")
    if kind != "ScalarEvent":
        return
    if not event.style and flow and text[end : end + 1] == ":" and text[end + 1 : end + 2] in tuple(",[]{}"):
        raise NotYaml(f"{where}: write a space after the colon")
    if event.style in ("|", ">") and "\t" in text[start:end]:
        raise NotYaml(f"{where}: a tab in a block scalar; write the value in double quotes, with \\t for the tab")
    if event.style == '"' and "\\" in _ESCAPES.sub("", text[text.index('"', start) : end]):
        raise NotYaml(f"{where}: an escape (\\) that CPI does not know")


def _line(text: str, offset: int) -> int:
    return len(text[:offset].splitlines()) or 1


def _explain(problem: Any) -> str:
    """One line, without the excerpt that PyYAML adds, which may contain a secret."""
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    where = f"line {mark.line + 1}: " if mark else ""
    why = str(getattr(problem, "problem", None) or getattr(problem, "reason", None) or type(problem).__name__)
    if "tag" in why:  # a value that starts with ! and has no quotes
        why = "a tag (!) that CPI does not use; put a value that starts with ! in quotes"
    if "<block end>" in why:  # PyYAML's message for most mistakes, including a tab inside a value
        why = f"{_QUOTE.sub('', why)}; check the indentation, the quotes and the tabs of this line and the one before"
    return where + _BRACKET.sub(r"\1", why)
