# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/api-versions.md: run each module with each version of Cloud Director's API. `make versions` calls it.

It needs the tests' environment: the collection, the simulator and tests/support on PYTHONPATH.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "api-versions.md"
BEGIN = "<!-- versions: begin, written by make versions -->"
END = "<!-- versions: end -->"
Column = Mapping[str, str]


def table(columns: Mapping[str, Column], releases: Mapping[str, str]) -> Iterator[str]:
    """The lines of the table: a module or an option with its column for each version, and the version that it needs."""
    yield f"| | {' | '.join(columns)} | Needs |"
    yield f"| --- | {' | '.join('---' for _one in columns)} | --- |"
    yield f"| Cloud Director | {' | '.join(releases[one] for one in columns)} | |"
    first, *_others = columns.values()
    for row in first:
        cells = [column[row] for column in columns.values()]
        shown = " | ".join("no" if cell else "yes" for cell in cells)
        needed = max(cells, key=_as_numbers)
        yield f"| {row} | {shown} | {needed} |" if needed else f"| {row} | {shown} | |"


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)


def renewed(page: str, lines: Iterator[str]) -> str:
    """The page with a new table between its markers. ValueError if a marker is missing."""
    before, found, rest = page.partition(BEGIN)
    _old, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"the page needs the markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{after}"


def main() -> int:
    """Run the modules, and rewrite the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("page", nargs="?", type=Path, default=PAGE)
    page = parser.parse_args().page
    from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.versions import RELEASES, render
    from api_matrix import VERSIONS, column

    columns = {version: column(version) for version in VERSIONS}
    releases = {render(version): release for version, release in RELEASES.items()}
    page.write_text(renewed(page.read_text(encoding="utf-8"), table(columns, releases)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
