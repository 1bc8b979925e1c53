# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module with each version of Cloud Director's API behaves as the page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.versions import RELEASES, parse_version, render
from api_matrix import VERSIONS, column
from in_process import Modules
from module_calls import group, spec_of
from module_lives import EVERYTHING, PROVIDER, lives, options_to_read
from vcdsim.testing import Simulator
from write_api_versions import PAGE, table

ROOT = Path(__file__).resolve().parents[3]
TOO_OLD_TO_ASK = {"applied_to", "comments", "IP Spaces", "ip_space"}  # described below the table of the page


@cache
def rows() -> dict[str, list[str]]:
    """The table of the page: the cells of each row."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {cells[0]: cells[1:] for cells in found}


@pytest.mark.parametrize("version", VERSIONS)
def test_each_module_works_or_names_the_version_that_it_needs(version: str) -> None:
    index = rows()[""].index(version)
    shown = {row: cells[index] for row, cells in rows().items() if row.startswith("`")}
    found = column(version)
    assert {row: "no" if needed else "yes" for row, needed in found.items()} == shown, "make versions"
    # no message names a version that would not be enough, or one that is not needed
    for row, needed in found.items():
        first = VERSIONS[rows()[row].index("yes")]
        assert not needed or parse_version(needed) <= parse_version(first), row
        assert (rows()[row][-1] or VERSIONS[0]) == first, row


def test_the_page_has_the_table_that_the_tool_writes() -> None:
    columns = {
        version: {row: cells[-1] * (cells[number] == "no") for row, cells in rows().items() if row.startswith("`")}
        for number, version in enumerate(VERSIONS)
    }
    releases = {render(version): release for version, release in RELEASES.items()}
    assert "\n".join(table(columns, releases)) in PAGE.read_text(encoding="utf-8")


def test_each_option_that_needs_a_version_has_a_row() -> None:
    asked: set[str] = set()
    for path in (ROOT / "plugins" / "module_utils" / "_resources").rglob("*.py"):
        asked.update(re.findall(r"\.require\((?:\([^)]*\)|[^,]+), \"([^\"]+)\"\)", path.read_text(encoding="utf-8")))
    text = "\n".join(rows())
    assert len(asked) > 8
    assert [one for one in asked - TOO_OLD_TO_ASK if f"`{one}`" not in text] == []


@pytest.fixture(scope="module")
def automation() -> Iterator[Simulator]:
    with Simulator(EVERYTHING, api_versions="40.0") as simulator:
        yield simulator


@pytest.mark.parametrize("module", group("vcd"))
def test_vcf_automation_is_refused_in_one_line(automation: Simulator, module: str) -> None:
    life = lives().get(module)
    options = {**life.key, **life.create} if life else options_to_read(module, spec_of(module).options)
    message = Modules(automation, **PROVIDER, edge_gateway=None).refused(module, **options)
    assert "supports the API versions 40.0; this collection supports 36.0 to 39.1: this is VCF Automation" in message
