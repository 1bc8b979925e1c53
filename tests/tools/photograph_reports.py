# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renews the screenshots in docs/images, of reports about made-up clusters, with Chromium.

    python tests/tools/photograph_reports.py FOLDER

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

# Name, width of the window, light or dark, what to begin with (a CSS selector), and the height, in CSS pixels
VIEWS = (
    ("report-change.png", 1000, "light", "body", 1125),
    ("report-phone.png", 375, "dark", "article", 760),
)


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the images go")
    folder = parser.parse_args().folder
    program = find_browser()
    if program is None:
        raise SystemExit("no Chromium on this machine: install the package chromium")
    clusters = {"prod-1": outcome(services=1), "prod-2": failed("globex-edge"), "prod-3": outcome("globex-edge")}
    with tempfile.TemporaryDirectory() as scratch, browser(program) as page:
        path = Path(scratch, "report.html")
        path.write_text(html_page(run_report(clusters, who="alice", job="4711", when="2026-11-27 14:55:12 UTC")))
        page.open(path)
        for name, width, scheme, first, height in VIEWS:
            page.look(width, scheme)
            top = page.evaluate(f"document.querySelector('{first}').getBoundingClientRect().top + scrollY")
            page.picture(folder / name, {"x": 0, "y": top, "width": width, "height": height})


if __name__ == "__main__":
    main()
