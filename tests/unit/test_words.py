# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docs, messages and comments are plain English: no word or phrase that reads like a translation."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
# What users and developers read.
ROOTS = (
    *("plugins", "roles", "playbooks", "docs", "README.md", "CONTRIBUTING.md", "changelogs/fragments"),
    *("examples", "extensions", "tests", ".github"),
)
SUFFIXES = {".py", ".yml", ".yaml", ".md", ".j2"}
# Left: what not to write. Right: what to write instead.
QUAINT = {
    r"nobody": "no one, no user, or a passive sentence",
    r"somebody": "another user",
    r"anew": "again",
    r"(?-i:is none|are none)": "does not exist, or is not a ...",  # None is Python's
    r"(?:is|are|was|were|be|been) told": "gets, reads, or is reported",
    r"told (?:of|apart|otherwise|already)": "reported, distinguished",
    r"to be had|be had": "available",
    r"what there is|what is there": "the existing ..., the current state",
    r"(?:let|lets|letting) go of": "release",
    r"had better": "should",
    r"is read off": "is read from",
    r"by hand": "manually",
    r"the former": "the previous, the original",
    r"in the midst of": "during",
    r"looks? after": "manages",
    r"goes? by": "uses",
    r"takes? it over|took it over": "applies it",
    r"comes? about|brings? (?:it |them |\w+ )?about|brought about": "happens, creates, changes",
    r"for ever": "indefinitely",
    r"unless told": "by default",
    r"what is wanted": "the wanted state",
    r"as it is to become": "the resulting ...",
    r"thus": "so",
}
# A phrase may continue on the next line.
PATTERN = re.compile(rf"\b(?:{'|'.join(QUAINT)})\b".replace(" ", r"\s+"), re.IGNORECASE)
# What may separate two words of a phrase: a string can continue in the next one, and a comment in the next line.
BETWEEN_WORDS = re.compile(r"(?:[\s\"'#_]|\\n|\b[a-zA-Z](?=[\"']))+")
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
# "x is none" is a test of Jinja, which conditions in YAML use without braces.
NOT_PROSE = re.compile(r"\b(?:is|are) (?:not )?none\b")


def files(roots: tuple[str, ...]) -> list[Path]:
    """The text files in these folders, files and patterns."""
    found: set[Path] = set()
    for root in roots:
        for path in REPOSITORY.glob(root):
            found |= set(path.rglob("*")) if path.is_dir() else {path}
    return sorted(path for path in found if path.is_file() and path.suffix in SUFFIXES and path != Path(__file__))


def python_prose(source: str) -> Iterator[tuple[int, str]]:
    """Each comment and string of a Python file, and the words of each function's name, with the number of the line."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.name.replace("_", " ")


def prose(name: str, source: str) -> Iterator[tuple[int, str]]:
    """The text that people read in a file, piece by piece, with the number of its first line."""
    if name.endswith(".py"):
        yield from python_prose(source)
    elif name.endswith(".md"):
        yield 1, source
    else:
        yield 1, NOT_PROSE.sub("", JINJA.sub(lambda code: "\n" * code.group().count("\n"), source))


def quaint(name: str, source: str) -> list[str]:
    """The quaint words in a file, as ``NAME:LINE: word``."""
    if not PATTERN.search(BETWEEN_WORDS.sub(" ", source)):  # most files: they need not be parsed
        return []
    found = {
        (first + text.count("\n", 0, match.start()), match.group())
        for first, text in prose(name, source)
        for match in PATTERN.finditer(text)
    }
    return [f"{name}:{line}: {' '.join(word.split())}" for line, word in sorted(found)]


def test_no_quaint_words() -> None:
    found = [one for path in files(ROOTS) for one in quaint(str(path.relative_to(REPOSITORY)), path.read_text())]
    assert found == [], QUAINT


def test_every_checked_root_exists_and_belongs_to_the_collection() -> None:
    everything = set(files(ROOTS))
    for root in ROOTS:
        assert files((root,)), root
        assert set(files((root,))) <= everything, root


@pytest.mark.parametrize(
    ("name", "source", "found"),
    [
        ("a.py", '"""Doc.\n\nNobody reads it."""\n', ["a.py:3: Nobody"]),
        ("a.py", "x = 1  # made anew\n", ["a.py:1: anew"]),
        ("a.py", 'raise ValueError(f"{x} is none of ours")\n', ["a.py:1: is none"]),
        ("a.py", 'x = (\n    "lets "\n    f"go of {y}"\n)\n', ["a.py:2: lets go of"]),
        ("a.py", "y = x is None  # a missing value is None\n", []),
        ("a.py", "nobody = 1\n", []),
        ("a.py", "def test_nobody_reads_it():\n    pass\n", ["a.py:1: nobody"]),
        ("a.md", "One\ntwo, so it lets\n  go of it.\n", ["a.md:2: lets go of"]),
        ("a.md", "One two, so it lets go of it.\n", ["a.md:1: lets go of"]),
        ("a.yml", "when: x is none\n", []),
        ("a.yml", 'when: "{{ x is none }}"\nmsg: what there is\n', ["a.yml:2: what there is"]),
        ("a.yml", "msg: body, embody\n", []),
    ],
)
def test_where_words_are_found(name: str, source: str, found: list[str]) -> None:
    assert quaint(name, source) == found
