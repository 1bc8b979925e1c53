# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of reports and plans in a browser: no error, no request, enough contrast, no overlapping or truncated text.

One Chromium opens all pages. On a machine without it, these tests are skipped; in CI they fail: `.ci/run` installs
the package.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.run_plan import run_plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.run_report import run_report
from ansible_collections.vcd.kubernetes.plugins.plugin_utils import _plan_pages
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._page_frame import render
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_html import html_page
from browser import Page, browser, find_browser
from plan_records import MADE, plan
from report_records import HOSTILE, failed, fleet, hostile, looked_at, outcome

LOOK = Path(__file__).with_name("look.js").read_text()
PHONE, DESK, PAPER = 375, 1000, 690  # widths in CSS pixels; A4 within its margins
PAGES: dict[str, dict[str, Any]] = {
    "change": {"prod-1": outcome(services=3), "prod-2": failed(), "prod-3": {}},
    "wider": {"prod-1": outcome(before="shared_external", after="distinct_internal")},
    "state": {"prod-1": looked_at(), "prod-2": looked_at(nat_rules=[]), "prod-3": looked_at(virtual_services=[])},
    "plan": {"prod-1": outcome(planned_only=True, verification=None)},
    "hostile": {name: kept for text in HOSTILE for name, kept in hostile(text).items()},
}
PLANS: dict[str, dict[str, Any]] = {
    "two": {"prod-1": {"plan": plan()}, "prod-2": {"failure": "kubeconfig: no such file"}},
    "nothing": {"prod-1": {"plan": plan(changes=False, services=[], removed=[], findings=[])}},
    "hostile": {text: {"plan": plan(text)} if number % 3 else {"failure": text} for number, text in enumerate(HOSTILE)},
}
VIEWS = [(DESK, "light", "screen"), (DESK, "dark", "screen"), (PHONE, "dark", "screen"), (PAPER, "light", "print")]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    program = find_browser()
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: CI has to install it (.ci/run)")
        pytest.skip("no Chromium on this machine: install the package chromium to run these tests")
    with browser(program) as found:
        yield found


@pytest.fixture
def opened(page: Page, tmp_path: Path) -> Callable[[str], Page]:
    def open_page(text: str) -> Page:
        path = tmp_path / "report.html"
        path.write_text(text, encoding="utf-8")
        page.open(path)
        assert page.problems == []
        assert page.requests == [path.as_uri()]
        return page

    return open_page


def html(clusters: dict[str, Any]) -> str:
    return html_page(run_report(clusters, who="alice", job="4711", when="2026-11-27 14:55:12 UTC"))


def check_readable(found: Page) -> None:
    for width, scheme, media in VIEWS:
        found.look(width, scheme, media)
        seen = found.evaluate(LOOK)
        assert seen["texts"] > 20
        assert seen["wide"] == 0, (width, scheme)
        assert seen["cut"] == [], (width, scheme)
        assert seen["overlaps"] == [], (width, scheme)
        assert seen["faint"] == [], (width, scheme)
    assert found.problems == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_readable(name: str, opened: Callable[[str], Page]) -> None:
    found = opened(html(PAGES[name]))
    check_readable(found)
    assert found.evaluate("document.title").startswith("IP sharing")


@pytest.mark.parametrize("name", PLANS)
def test_the_page_of_a_plan_is_readable(name: str, opened: Callable[[str], Page]) -> None:
    made = run_plan(PLANS[name], {**MADE, "by": HOSTILE[0]} if name == "hostile" else MADE)
    found = opened(_plan_pages.html_page(made))
    check_readable(found)
    assert found.evaluate("document.title").startswith("Plan for ")
    assert found.evaluate("document.querySelectorAll('main section').length") == 1 + len(PLANS[name])
    assert found.evaluate("document.querySelectorAll('script, img, a').length") == 0
    assert made["digest"] in found.evaluate("document.querySelector('header').textContent")


def test_light_and_dark_differ(opened: Callable[[str], Page]) -> None:
    found = opened(html(PAGES["plan"]))
    colours = []
    for scheme in ("light", "dark"):
        found.look(DESK, scheme)
        colours.append(found.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(255, 255, 255)", "rgb(15, 20, 25)"]


def test_before_is_beside_after_on_a_desk_and_above_it_on_a_phone(opened: Callable[[str], Page]) -> None:
    found = opened(html(PAGES["plan"]))
    script = (
        "[...document.querySelector('.sides').querySelectorAll('svg')].map(s => s.getBoundingClientRect().toJSON())"
    )
    found.look(DESK)
    before, after = found.evaluate(script)
    assert (before["top"], before["right"] <= after["left"]) == (after["top"], True)
    found.look(PHONE)
    before, after = found.evaluate(script)
    assert before["bottom"] <= after["top"]
    assert before["width"] > 320  # legible: about its original size


def test_a_page_of_forty_clusters_opens(opened: Callable[[str], Page]) -> None:
    found = opened(html(fleet(40, 5, services=3)))
    found.look(DESK)
    assert found.evaluate("document.querySelectorAll('article').length") == 40
    assert found.evaluate("document.querySelectorAll('svg.drawing').length") == 39 * 6 + 3 + 5 * 2
    found.look(PHONE)
    assert found.evaluate("document.documentElement.scrollWidth") <= PHONE


DEFECTS = {
    "overlaps": '<div style="position:relative"><b style="position:absolute">first</b><b>second</b></div>',
    "faint": '<p style="color:#aaa">too faint</p>',
    "cut": '<svg viewBox="0 0 100 20" width="100"><rect class="box" width="40" height="20"/><text x="4" y="14">longer'
    " than its box</text></svg>",
    "wide": '<p style="white-space:nowrap">' + "wide " * 100 + "</p>",
}


@pytest.mark.parametrize("kind", DEFECTS)
def test_each_defect_is_found(kind: str, opened: Callable[[str], Page]) -> None:
    """Otherwise the tests above would prove nothing. The page's policy stays: only styles in the markup are allowed."""
    found = opened(render("<p>sound</p>" + DEFECTS[kind], title="A page with a defect"))
    found.look(PHONE)
    assert found.evaluate(LOOK)[kind]


def test_an_error_and_a_request_are_noticed(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    path.write_text('<script>throw new Error("x")</script><img src="http://127.0.0.1:9/x.png">')
    page.open(path)
    assert page.problems
    assert page.requests == [path.as_uri(), "http://127.0.0.1:9/x.png"]
