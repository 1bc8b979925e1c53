# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of a report: complete, bounded, and plain text wherever a name comes from outside."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.action.vcd_shared_ip_report import is_due, problem, summarized
from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import is_printable
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import end_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.run_report import run_report
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._page_files import unused, write_files
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._page_frame import render
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_html import MOST_BYTES, html_page
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_markdown import markdown_page
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError
from report_records import HOSTILE, failed, fleet, hostile, looked_at, outcome

ABOUT = {"who": "alice", "job": "4711", "when": "2026-11-27 14:55:12 UTC"}
VOID = {"meta", "br", "rect", "circle", "path"}  # rect, circle and path close themselves


class Outline(HTMLParser):
    """The tags with their attributes, and the text of a page; checks that elements are properly nested and closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "wbr":  # a name may break after each "_"
            return
        self.tags.append((tag, tuple(sorted(name for name, _value in attrs))))
        self.values += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(sorted(name for name, _value in attrs))))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page_of(clusters: dict[str, Any]) -> str:
    return html_page(run_report(clusters, **ABOUT))


def markdown_of(clusters: dict[str, Any]) -> str:
    return markdown_page(run_report(clusters, **ABOUT))


def shape(page: str) -> Counter[tuple[str, tuple[str, ...]]]:
    """How often each tag is in a page, with the names of its attributes. Services are in the order of their names."""
    return Counter(Outline(page).tags)


@cache
def plain_shape() -> Counter[tuple[str, tuple[str, ...]]]:
    """The shape of a page whose names are harmless."""
    return shape(page_of(hostile("plain")))


def test_the_page_contains_all_facts() -> None:
    outline = Outline(page_of({"prod-1": outcome(), "prod-2": failed(), "prod-3": {}}))
    text = " ".join(" ".join(outline.texts).split())
    for words in (
        "3 clusters: 1 changed, 1 failed, 1 not started",
        "by alice, job 4711, 2026-11-27 14:55:12 UTC",
        "15 to 24 s",
        "3.5 s",
        "STOPPED",
        "running, 1 replica",
        "3 in use, 0 after shared_external, 3 freed",
        "51 free on the edge gateway",
        "BUSY_ENTITY",
        "ansible-playbook vcd.kubernetes.restore -e shared_ip_hosts=prod-1",
        "default/web: distinct_internal -> shared_external (migrated)",
        "Port 80 http of 203.0.113.10; DNAT rule to 192.168.8.2; virtual service on 192.168.8.2, up; pool, 3 of 3 up",
        ":80 DNAT",
        ":80 direct",
        "3 of 3 up",
        "default/web: distinct_internal -> shared_external (migrated)",
        "default/shop: shared_internal or distinct_internal -> mixed (failed)",
        "default/mail: distinct_internal (not reached)",
        "12.5 s, still down",
        "12.5 s, 1 port still down",
        "not read after the failure",
    ):
        assert words in text, words


def test_the_page_is_accessible() -> None:
    page = page_of({"prod-1": outcome()})
    outline = Outline(page)
    assert '<html lang="en">' in page
    tags = [tag for tag, _attributes in outline.tags]
    assert (tags.count("h1"), tags.count("main")) == (1, 1)
    assert tags.count("desc") == tags.count("svg") == 6
    assert all("scope" in attributes for tag, attributes in outline.tags if tag == "th")
    drawings = [attributes for tag, attributes in outline.tags if tag == "svg"]
    assert all({"role", "aria-labelledby"} <= set(attributes) for attributes in drawings)
    ids = [value for name, value in outline.values if name == "id"]
    assert len(ids) == len(set(ids))
    named = {one for name, value in outline.values if name == "aria-labelledby" for one in value.split()}
    assert named <= set(ids)


def test_the_page_loads_nothing_else() -> None:
    page = page_of({"prod-1": outcome()})
    names = {name for name, _value in Outline(page).values}
    assert not names & {"src", "onload", "onclick", "style"}
    assert all(value.startswith("#") for name, value in Outline(page).values if name == "href")
    assert "url(" not in page
    assert "@import" not in page
    assert any("default-src 'none'" in value for _name, value in Outline(page).values)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_stays_text(text: str) -> None:
    page = page_of(hostile(text))
    assert shape(page) == plain_shape()
    assert "<script" not in page
    assert "49" not in re.findall(r"7 \* 7|49", "".join(Outline(page).texts))
    assert all(is_printable(one) or one == "\n" for one in page)


@given(st.text(max_size=40))
@example("TCP").via("a name that holds one of those that it replaces")
@settings(max_examples=20)
def test_no_text_becomes_markup(text: str) -> None:
    # a reason that consists of blanks counts as no reason, and is not on the page
    assert shape(page_of(hostile(f"x{text}"))) == plain_shape()


def fences(page: str) -> Iterator[tuple[str, list[str]]]:
    """The code blocks of a Markdown page: their language, and their lines."""
    lines = iter(page.split("\n"))
    for line in lines:
        opened = re.fullmatch(r"(`{3,})(\w+)", line)
        if opened:
            block: list[str] = []
            for inner in lines:
                if inner == opened[1]:
                    break
                block.append(inner)
            else:
                raise AssertionError("a code block without an end")
            yield opened[2], block


# One line of a Mermaid drawing: everything from outside is quoted, as plain characters or codes.
QUOTED = r'"(?:[A-Za-z0-9 .,/_-]|#\d+;|<br>)*"'
MERMAID = re.compile(
    rf"flowchart LR| *direction LR| *end| *subgraph s\d\[{QUOTED}\]| *classDef .*"
    rf"| *\w+\[{QUOTED}\](:::\w+)?| *\w+ (-->|-\.->)(\|{QUOTED}\|)? \w+"
)


@pytest.mark.parametrize("text", ["web", *HOSTILE])
def test_mermaid_drawings_are_well_formed(text: str) -> None:
    blocks = [block for language, block in fences(markdown_of(hostile(text))) if language == "mermaid"]
    assert len(blocks) == 3
    for block in blocks:
        assert [line for line in block if not MERMAID.fullmatch(line)] == []
        assert block.count("  end") == 2


def unescaped(row: str, sign: str) -> int:
    """How often a character is in a line without a backslash before it."""
    return len(re.findall(rf"(?<!\\)(?:\\\\)*{re.escape(sign)}", row))


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_tables_keep_their_columns(text: str) -> None:
    page, plain = markdown_of(hostile(text)), markdown_of(hostile("plain"))
    rows = [unescaped(line, "|") for line in page.split("\n") if line.startswith("| ")]
    assert rows == [unescaped(line, "|") for line in plain.split("\n") if line.startswith("| ")]
    prose = re.sub(r"^(`{3,})\w+\n.*?^\1$", "", page, flags=re.MULTILINE | re.DOTALL)
    assert "<" not in prose.replace("<br>", "")
    assert unescaped(prose, "`") == 0
    assert unescaped(prose, "](") == 0
    headings = [len(line) - len(line.lstrip("#")) for line in prose.split("\n") if line.startswith("#")]
    assert headings == [len(one) - len(one.lstrip("#")) for one in plain.split("\n") if one.startswith("#")]


def test_forty_clusters_are_less_than_a_megabyte(record_property: Any) -> None:
    clusters = fleet(40, 5, services=3)
    page = page_of(clusters)
    record_property("figures", f"a report of 40 clusters with 3 Services each: {len(page.encode())} bytes of HTML")
    assert len(page.encode()) < MOST_BYTES
    assert "In short, to keep the page small" not in page
    assert page.count("<svg") == 39 * 6 + 3 + 5 * 2


def test_a_report_that_is_too_large_leaves_out_drawings_and_says_so() -> None:
    page = page_of(fleet(60, 5, services=8))
    assert len(page.encode()) < MOST_BYTES
    assert "In short, to keep the page small" in page
    assert page.count("default/registry") >= 59


def test_the_columns_of_downtime_are_only_where_something_moves() -> None:
    assert "Down, measured" in page_of({"prod-1": outcome()})
    assert "Down, measured" not in page_of({"prod-1": looked_at()})


def test_the_frame_escapes_values_and_refuses_missing_ones() -> None:
    page = render("{% call page.section(name) %}{{ page.code(name) }}{% endcall %}", title="<b>", name="<i>\u202e")
    assert "<b>" not in page
    assert "<i>" not in page
    assert "&lt;i&gt;\\u202e" in page
    with pytest.raises(UndefinedError):
        render("{{ missing }}", title="x")


def test_the_summary_needs_no_pictures() -> None:
    kept = {"prod-1": outcome(), "prod-2": failed(), "prod-3": {}, "prod-4": looked_at()}
    small = summarized(kept)
    assert [end_of(name, one) for name, one in small.items()] == [end_of(name, one) for name, one in kept.items()]
    assert "pictures" not in str(small)
    assert summarized("x") == "x"


@pytest.mark.parametrize(
    ("report", "named", "states", "due"),
    [
        ("never", True, ["changed"], False),
        ("always", False, ["unchanged"], True),
        ("auto", False, ["unchanged", "verified"], False),
        ("auto", False, ["would change"], False),
        ("auto", True, ["would change"], True),
        ("auto", False, ["unchanged", "changed"], True),
        ("auto", False, ["failed"], True),
    ],
)
def test_a_report_is_written_when_it_is_due(report: str, named: bool, states: list[str], due: bool) -> None:
    assert is_due(report, named, [{"state": state} for state in states]) is due


def test_files_are_written_completely(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "report.html"
    write_files({path: "one"})
    write_files({path: "two"})
    assert path.read_text() == "two"
    assert [one.name for one in path.parent.iterdir()] == ["report.html"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert unused(path).name == "report_2.html"


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("before")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_files({path: "after"})
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]
    line = problem(str(path), caught.value)
    assert line.startswith(f"report: '{path}': cannot be written: No space left on device; the run itself")
    assert "\n" not in line


def test_a_defect_of_a_page_is_one_line_without_its_text() -> None:
    line = problem("r.html", ValueError("token=s3cret\nmore"))
    assert "the run itself is not affected" in line
    assert "s3cret" not in line
    assert "\n" not in line
