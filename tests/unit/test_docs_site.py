# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation site: where its links lead, and which warnings of Sphinx count."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from docs_site import RAW, WEB, drawn, more, ours, target_of, with_links


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in ("README.md", "docs/a.md", "docs/b.md", "roles/r/README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# Page\n")
    return tmp_path


@pytest.mark.parametrize(
    ("page", "target", "leads_to"),
    [
        ("docs/a.md", "b.md", "b.md"),
        ("docs/a.md", "b.md#part", "b.md#part"),
        ("docs/a.md", "#part", "#part"),
        ("docs/a.md", "../roles/r/README.md", "../roles/r/README.md"),
        ("docs/a.md", "../extensions/awx", f"{WEB}extensions/awx"),
        ("docs/a.md", "images/x.png", "images/x.png"),
        ("docs/a.md", "https://example.com/x.md", "https://example.com/x.md"),
        ("README.md", f"{WEB}docs/a.md#part", "docs/a.md#part"),
        ("README.md", f"{RAW}docs/images/x.svg", "docs/images/x.svg"),
        ("README.md", f"{WEB}LICENSE", f"{WEB}LICENSE"),
        ("roles/r/README.md", f"{WEB}docs/a.md", "../../docs/a.md"),
    ],
)
def test_a_link_leads_to_the_site_or_to_the_web(repository: Path, page: str, target: str, leads_to: str) -> None:
    pages = set(repository.rglob("*.md"))
    assert target_of(target, repository / page, repository, pages) == leads_to


def test_links_in_the_text_and_definitions_below_it_are_rewritten(repository: Path) -> None:
    page = repository / "README.md"
    page.write_text(
        f"[![badge][c]][b]\n[a](docs/a.md) and [b][b]\n\n[b]: {WEB}docs/b.md\n[c]: {WEB}LICENSE\n\n```mermaid\nx\n```\n"
    )
    text = with_links(page, repository, set(repository.rglob("*.md")))
    assert text == f"[a](docs/a.md) and [b][b]\n\n[b]: docs/b.md\n[c]: {WEB}LICENSE\n\n```mermaid\nx\n```\n"


def test_a_drawing_is_drawn_by_the_script_of_the_site_or_stays_text(repository: Path) -> None:
    text, page = "```mermaid\na --> b\n```\n", repository / "docs" / "a.md"
    assert drawn(text, page, repository, drawing=False) == "```text\na --> b\n```\n"
    found = drawn(text, page, repository, drawing=True)
    assert '<pre class="mermaid">\na --&gt; b\n</pre>' in found
    assert '<script src="../_static/mermaid.min.js">' in found
    assert drawn("text\n", page, repository, drawing=True) == "text\n"


def test_a_page_that_the_index_does_not_name_is_listed() -> None:
    assert more("# Site\ndocs/a\nFirst <docs/b>\n", ["docs/a", "docs/b"]) == ""
    assert "docs/b\n" in more("# Site\ndocs/a\n", ["docs/a", "docs/b"])


@pytest.mark.parametrize(
    ("warning", "counts"),
    [
        ("x.md:1: WARNING: 'myst' cross-reference target not found: 'part' [myst.xref_missing]", True),
        ("x.rst:1: WARNING: undefined label: 'ansible_collections.vcd.kubernetes.gone_module' [ref.ref]", True),
        ("x.rst:1: WARNING: undefined label: 'ansible_collections.kubernetes.core.k8s_module' [ref.ref]", False),
        ("x.rst:1: WARNING: 'envvar' reference target not found: ANSIBLE_PIPELINING [ref.envvar]", False),
        ("x.rst:1: WARNING: 'envvar' reference target not found: VCD_GONE [ref.envvar]", True),
        ("\x1b[91mx.md:2: ERROR: Unexpected indentation.\x1b[39;49;00m", True),
        ("a line that goes on", False),
    ],
)
def test_only_warnings_about_our_own_pages_count(warning: str, counts: bool) -> None:
    assert bool(ours(warning)) is counts
