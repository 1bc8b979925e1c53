# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the three scenarios side by side for README.md: a report's drawings of one Service in each of them.

    python tests/tools/draw_scenarios.py    # writes docs/images/scenarios.svg

The objects are those that CPI creates under each scenario. It needs what the tests need.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.picture import picture_of
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._drawing import WIDTH, drawing
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._page_frame import STYLE

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "support"))

from report_records import healthy  # noqa: E402 - the line above says where it is
from sharing_builders import SCENARIOS, ccm, objects, service, state, vcd  # noqa: E402 - as above

PICTURE = TESTS.parent / "docs" / "images" / "scenarios.svg"
GAP, HEAD = 24, 34
PORTS = ("http", "admin")  # 80 and 81


def svg() -> str:
    """The picture: styled like a report, light or dark as the reader's device."""
    drawn = [_one(scenario) for scenario in SCENARIOS]
    height = HEAD + max(int(re.search(r'viewBox="0 0 \d+ (\d+)"', one).group(1)) for one in drawn)  # type: ignore[union-attr]  # each drawing has one
    columns = []
    for number, (scenario, one) in enumerate(zip(SCENARIOS, drawn, strict=True)):
        placed = one.replace("<svg ", f'<svg x="0" y="{HEAD}" width="{WIDTH}" ', 1)
        heading = f'<text x="0" y="16" class="mono strong heading">{scenario}</text>'
        columns.append(f'<g transform="translate({number * (WIDTH + GAP)} 0)">{heading}\n{placed}</g>')
    width = len(SCENARIOS) * (WIDTH + GAP) - GAP
    margin = 16
    box = f"-{margin} -{margin} {width + 2 * margin} {height + 2 * margin}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width + 2 * margin}" '
        f'height="{height + 2 * margin}" role="img" class="drawing">\n<style>{_style()}</style>\n'
        f'<rect x="-{margin}" y="-{margin}" width="100%" height="100%" class="page"/>\n'
        + "\n".join(columns)
        + "\n</svg>\n"
    )


def _one(scenario: str) -> str:
    cluster = ccm(scenario, services=[service(ports=PORTS)])
    picture = picture_of(state(scenario, cluster, vcd(healthy(objects(scenario, "web", PORTS)))))
    if picture is None:
        raise SystemExit(f"{scenario} cannot be drawn")
    found = str(drawing(picture["services"][0], scenario, scenario))
    height = re.search(r'viewBox="0 0 \d+ (\d+)"', found)
    return found.replace("<svg ", f'<svg height="{height.group(1) if height else 0}" ', 1)


def _style() -> str:
    """The style rules of a report's page that the drawings need."""
    text = str(STYLE).replace("\n", "")
    colours = re.findall(r":root\{[^}]*\}", text)[0]
    dark = re.findall(r"@media\(prefers-color-scheme:dark\)\{:root\{[^}]*\}\}", text)[0]
    rules = re.findall(r"\.drawing [^{}]*\{[^}]*\}", text)
    return "".join([colours, dark, *rules, ".page{fill:var(--page)}.drawing .heading{font-size:14px}"])


if __name__ == "__main__":
    PICTURE.write_text(svg(), encoding="utf-8")
    print(PICTURE)
