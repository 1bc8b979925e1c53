# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renews the screenshots in docs/images with Chromium: of a report about made-up clusters, or of a run over a fleet.

    python tests/tools/photograph_reports.py FOLDER [--fleet REPORT]        (REPORT: an HTML file of `make fleet`)

It needs what the tests need.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.run_report import run_report
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_html import html_page

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from browser import browser, find_browser
from report_records import failed, outcome

PRINT = "print"
# Name, width of the window, light, dark or on paper, what to begin with (a CSS selector), the height; in CSS pixels
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


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the images go")
    parser.add_argument("--fleet", type=Path, metavar="REPORT", help="photograph this report of a run over a fleet")
    options = parser.parse_args()
    program = find_browser()
    if program is None:
        raise SystemExit("no Chromium on this machine: install the package chromium")
    views = FLEET_VIEWS if options.fleet else VIEWS
    clusters = {"prod-1": outcome(services=1), "prod-2": failed("globex-edge"), "prod-3": outcome("globex-edge")}
    with tempfile.TemporaryDirectory() as scratch, browser(program) as page:
        path = Path(scratch, "report.html")
        path.write_text(html_page(run_report(clusters, who="alice", job="4711", when="2026-11-27 14:55:12 UTC")))
        page.open(options.fleet.resolve() if options.fleet else path)
        for name, width, scheme, first, height in views:
            page.look(width, *(("light", PRINT) if scheme == PRINT else (scheme,)))
            top = page.evaluate(f"document.querySelector('{first}').getBoundingClientRect().top + scrollY")
            page.picture(options.folder / name, {"x": 0, "y": top, "width": width, "height": height})


if __name__ == "__main__":
    main()
