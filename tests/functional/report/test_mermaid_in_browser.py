# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawings of a report's Markdown, drawn by Mermaid in a browser as a wiki does: every text unchanged, and nothing
else.

On a machine without Chromium or Mermaid, these tests are skipped; in CI they fail.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.run_report import run_report
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_markdown import markdown_page
from browser import Page, browser, find_browser
from control_plane.mermaid import find_mermaid
from control_plane.places import Missing, on_ci
from report_records import HOSTILE, failed, hostile, looked_at, outcome

KINDS: dict[str, dict[str, Any]] = {
    "change": {"prod-1": outcome(services=3)},
    "failed": {"prod-2": failed()},
    "state": {"prod-3": looked_at(nat_rules=[])},
    "nothing": {"prod-4": looked_at(virtual_services=[])},
    "plan": {"prod-5": outcome(planned_only=True, verification=None)},
    **{f"hostile {number}": hostile(text) for number, text in enumerate(HOSTILE)},
}
QUOTED = r'"((?:[^"])*)"'
DRAW = """
(async () => {
  mermaid.initialize({startOnLoad: false, securityLevel: 'strict'});
  const found = [];
  for (const [number, text] of DRAWINGS.entries()) {
    try {
      await mermaid.parse(text);
      const drawn = await mermaid.render('drawing' + number, text);
      const box = document.body.appendChild(document.createElement('div'));
      box.innerHTML = drawn.svg;
      const texts = (kind) => [...box.querySelectorAll(kind)].map((one) => one.innerText.trim());
      found.push({
        nodes: texts('.node .nodeLabel'),
        edges: texts('.edgeLabel .edgeLabel'),
        parts: texts('.cluster-label .nodeLabel'),
        lines: box.querySelectorAll('.edgePaths path').length,
        active: box.querySelectorAll('script, a, img, iframe, [onclick], [onerror]').length,
        size: box.querySelector('svg').getBoundingClientRect().width,
      });
    } catch (error) {
      found.push({error: String(error)});
    }
  }
  return found;
})()
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    program = find_browser()
    try:
        find_mermaid()
        missing = "" if program else "no Chromium on this machine: install the package chromium to run these tests"
    except Missing as error:
        missing = str(error)
    if missing:
        (pytest.fail if on_ci() else pytest.skip)(missing)
    assert program
    with browser(program) as found:
        yield found


def drawings_of(clusters: dict[str, Any]) -> list[str]:
    """The Mermaid texts in a report."""
    page = markdown_page(run_report(clusters))
    return re.findall(r"^```mermaid\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)


def as_read(label: str) -> str:
    """A text between quotes as a reader should see it: with codes decoded, line by line."""
    # the backslash before a Markdown emphasis character is not drawn
    label = re.sub(r"#92;(?=#(?:42|95|96);)", "", label)
    lines = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label.replace("<br>", "\n")).split("\n")
    return "\n".join(" ".join(line.split()) for line in lines)


def meant(drawing: str) -> dict[str, Any]:
    """The content that a drawing should show."""
    parts = re.findall(rf"^ *subgraph \w+\[{QUOTED}\]$", drawing, re.MULTILINE)
    nodes = re.findall(rf"^ *\w+\[{QUOTED}\](?::::\w+)?$", drawing, re.MULTILINE)
    edges = re.findall(rf"(?:-->|-\.->)\|{QUOTED}\|", drawing)
    lines = len(re.findall(r" (?:-->|-\.->)(?:\|| \w)", drawing))
    return {"nodes": nodes, "edges": edges, "parts": parts, "lines": lines}


def drawn(page: Page, folder: Path, drawings: list[str]) -> list[dict[str, Any]]:
    """The drawings as Mermaid renders them."""
    shutil.copy(find_mermaid(), folder / "mermaid.min.js")
    path = folder / "wiki.html"
    text = json.dumps(drawings).replace("<", "\\u003c")
    head = '<!doctype html><meta charset="utf-8"><title>wiki</title><script src="mermaid.min.js"></script>'
    path.write_text(f"{head}<script>const DRAWINGS = {text};</script>", encoding="utf-8")
    page.open(path)
    page.look(1400)
    found: list[dict[str, Any]] = page.evaluate(DRAW)
    assert page.requests == [path.as_uri(), (folder / "mermaid.min.js").as_uri()]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_mermaid_draws_what_the_report_means(kind: str, page: Page, tmp_path: Path) -> None:
    drawings = drawings_of(KINDS[kind])
    assert drawings
    for drawing, found in zip(drawings, drawn(page, tmp_path, drawings), strict=True):
        assert "error" not in found, (found, drawing)
        expected = meant(drawing)
        for part in ("nodes", "edges", "parts"):
            # a line without a label has an empty label
            texts = ["\n".join(" ".join(line.split()) for line in one.split("\n")) for one in found[part] if one]
            assert Counter(texts) == Counter(map(as_read, expected[part])), drawing
        assert found["lines"] == expected["lines"]
        assert found["active"] == 0
        assert found["size"] > 100
    assert page.problems == []


def test_an_invalid_drawing_is_noticed(page: Page, tmp_path: Path) -> None:
    (found,) = drawn(page, tmp_path, ['flowchart LR\n  a["one" --> b'])
    assert "Parse error" in found["error"]
