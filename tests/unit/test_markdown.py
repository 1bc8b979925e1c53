# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Markdown is readable in an editor: no long lines, and every relative link leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("changelogs", "docs", "playbooks", "plugins", "roles", "tests")
MARKDOWN = sorted([*ROOT.glob("*.md"), *(path for name in FOLDERS for path in (ROOT / name).rglob("*.md"))])
WIDTH = 120
# [text]: https://... on a line of its own; a URL cannot be wrapped.
DEFINITION = re.compile(r"^\[[^\]]+\]:\s+\S+$")
INLINE_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
REFERENCE = re.compile(r"\[[^\]]+\]\[([^\]]+)\]")
DEFINED = re.compile(r"^\[([^\]]+)\]:\s+(\S+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def prose(path: Path) -> str:
    """The text of a page without its code, where something may only look like a link."""
    return re.sub(r"`[^`\n]+`", "", FENCE.sub("", path.read_text(encoding="utf-8")))


def targets(path: Path) -> Iterator[str]:
    """The targets of all links of a page, inline or defined below."""
    yield from INLINE_LINK.findall(prose(path))
    yield from (found[1] for found in DEFINED.findall(prose(path)))


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def long_lines(text: str) -> list[int]:
    """The numbers of the lines that are too long, definitions of links left out."""
    lines = enumerate(text.splitlines(), 1)
    return [number for number, line in lines if len(line) > WIDTH and not DEFINITION.match(line)]


def broken_links(path: Path) -> list[str]:
    """The relative links of a page that lead nowhere, and the references that are not defined."""
    broken = []
    for target in targets(path):
        if re.match(r"[a-z]+:", target):
            continue
        file, _hash, anchor = target.partition("#")
        page = path.parent / file if file else path
        if not page.exists() or (anchor and page.suffix == ".md" and anchor not in anchors(page)):
            broken.append(target)
    defined = {found[0].lower() for found in DEFINED.findall(prose(path))}
    return broken + [name for name in REFERENCE.findall(prose(path)) if name.lower() not in defined]


def test_the_markdown_files_are_found() -> None:
    assert ROOT / "README.md" in MARKDOWN
    assert len(MARKDOWN) > 10


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_line_is_longer_than_120_columns(path: Path) -> None:
    assert long_lines(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(path: Path) -> None:
    assert broken_links(path) == []


def test_long_lines_and_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# There is: one\n")
    page = tmp_path / "page.md"
    page.write_text(
        f"{'x' * 120}\n{'x' * 121}\n[long]: https://example.com/{'x' * 120}\n"
        "[a](other.md) [b](other.md#there-is-one) [c](https://example.com) [d][long] `[e](code.md)`\n"
        "[f](missing.md) [g](other.md#missing) [h](#missing) [i][missing]\n"
    )
    assert long_lines(page.read_text()) == [2]
    assert broken_links(page) == ["missing.md", "other.md#missing", "#missing", "missing"]
