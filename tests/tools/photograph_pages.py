# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renews the screenshots in docs/images with Chromium: of a report about invented clusters, or of pages from make.

    python tests/tools/photograph_pages.py FOLDER [--fleet REPORT | --demo PAGE | --site SITE]

REPORT is an HTML file of `make fleet`, PAGE that of `make demo`, SITE the folder of `make docs`. For a site it also
reports which pages are wider than a window, lack a picture or log errors. It needs what the tests need.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.run_report import run_report
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_html import html_page

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from browser import Page, browser, find_browser
from report_records import failed, outcome

CLUSTERS = {"prod-1": outcome(services=1), "prod-2": failed("globex-edge"), "prod-3": outcome("globex-edge")}
PRINT = "print"
# Name, width of the window, light, dark or on paper, where to begin (a CSS selector), the height; in CSS pixels
VIEWS = (
    ("report-change.png", 1000, "light", "body", 1300),
    ("report-phone.png", 375, "dark", "article", 760),
    ("report-print.png", 690, PRINT, "body", 970),
)
# the top of the summary, the first edge gateway with a cluster that failed, and this cluster
FLEET_VIEWS = (
    ("fleet-summary.png", 1000, "light", "body", 930),
    ("fleet-edge.png", 1000, "light", "section:has(article .badge.bad)", 740),
    ("fleet-failed.png", 1000, "light", "article:has(.badge.bad)", 800),
)
DEMO_VIEWS = (
    ("demo.png", 1000, "light", "body", 1060),
    ("demo-phone.png", 375, "dark", "body", 760),
)
SITE_VIEWS = (
    ("site.png", 1200, "light", "body", 900),
    ("site-phone.png", 375, "light", "body", 760),
)
DESK, PHONE = 1200, 375
LACKS_PICTURE = "[...document.images].filter(one => !one.complete || !one.naturalWidth).length"


def main() -> None:
    """Take the screenshots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the images go")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--fleet", type=Path, metavar="REPORT", help="photograph this report of a run over a fleet")
    what.add_argument("--demo", type=Path, metavar="PAGE", help="photograph this page of the demo")
    what.add_argument("--site", type=Path, metavar="SITE", help="photograph its first page, and check all pages")
    options = parser.parse_args()
    program = find_browser()
    if program is None:
        raise SystemExit("no Chromium on this machine: install the package chromium")
    given = ((options.fleet, FLEET_VIEWS), (options.demo, DEMO_VIEWS), (options.site, SITE_VIEWS))
    path, views = next(((one, views) for one, views in given if one), (None, VIEWS))
    with tempfile.TemporaryDirectory() as scratch, browser(program) as page:
        if path is None:
            path = Path(scratch, "report.html")
            path.write_text(html_page(run_report(CLUSTERS, who="alice", job="4711", when="2026-11-27 14:55:12 UTC")))
        page.open((path / "index.html" if options.site else path).resolve(strict=True))
        for name, width, scheme, first, height in views:
            page.look(width, *(("light", PRINT) if scheme == PRINT else (scheme,)))
            top = page.evaluate(f"document.querySelector('{first}').getBoundingClientRect().top + scrollY")
            page.picture(options.folder / name, {"x": 0, "y": top, "width": width, "height": height})
        faults = [*faults_of(page, options.site)] if options.site else []
    if faults:
        raise SystemExit("\n".join(faults))


def faults_of(page: Page, site: Path) -> Iterator[str]:
    """The faults of each page of a site, in a wide window and on a phone."""
    for path in sorted(site.resolve().rglob("*.html")):
        page.open(path)
        name = path.relative_to(site.resolve())
        for width in (DESK, PHONE):
            page.look(width)
            found = page.evaluate("document.documentElement.scrollWidth")
            if found > width:
                yield f"{name}: {found} pixels wide in a window of {width}"
        if lacking := page.evaluate(LACKS_PICTURE):
            yield f"{name}: {lacking} pictures are missing"
        yield from (f"{name}: {problem}" for problem in page.problems)
        yield from (f"{name}: requests {url}" for url in page.requests if not url.startswith(("file:", "data:")))


if __name__ == "__main__":
    main()
