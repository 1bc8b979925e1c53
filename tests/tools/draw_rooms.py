# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw which room of the code imports which, and write the drawing into docs/development/architecture.md.

    python tests/tools/draw_rooms.py          # rewrite the page and print the number of rooms and arrows
    python tests/tools/draw_rooms.py --check  # exit code 1 if the page is out of date

A room is a package below plugins/module_utils. The wings of _sharing and the two halves of _cpi are rooms of their own,
the packages of _resources are one room. The folders of plugins that call module_utils are rooms too. Standard library
only, so that it runs anywhere.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
PAGE = ROOT / "docs" / "development" / "architecture.md"
BEGIN = "<!-- rooms: begin, written by tests/tools/draw_rooms.py -->"
END = "<!-- rooms: end -->"
PREFIX = "ansible_collections.vcd.kubernetes.plugins."
# Packages whose subpackages are rooms of their own.
SPLIT = ("_cpi", "_sharing")
# Folders of plugins that contain only documentation.
NO_CODE = ("doc_fragments",)

Arrow = tuple[str, str]


@cache
def imported_names(source: str) -> tuple[str, ...]:
    """The names that a file imports from this collection, without their common prefix."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(name.removeprefix(PREFIX) for name in found if name.startswith(PREFIX))


def part_of(parts: Iterable[str]) -> str:
    """The folder of plugins, or the first name in module_utils, that a path or a name below plugins belongs to."""
    first, *rest = parts
    return rest[0].removesuffix(".py") if first == "module_utils" and rest else first


def room_of(parts: Iterable[str], plugins: Path = PLUGINS) -> str | None:
    """The room that a path or a name below plugins belongs to; None for a single file of module_utils."""
    first, *rest = parts
    if first != "module_utils":
        return first
    if not rest or not (plugins / first / rest[0]).is_dir():
        return None
    if rest[0] in SPLIT and rest[1:] and (plugins / first / rest[0] / rest[1]).is_dir():
        return f"{rest[0]}.{rest[1]}"
    return rest[0]


def code_files(plugins: Path = PLUGINS) -> list[Path]:
    """The Python files that hold code."""
    return sorted(
        path
        for path in plugins.rglob("*.py")
        if path.name != "__init__.py" and path.relative_to(plugins).parts[0] not in NO_CODE
    )


def rooms_and_arrows(plugins: Path = PLUGINS) -> tuple[list[str], list[Arrow]]:
    """All rooms, and an arrow (importer, imported) for each pair of rooms with at least one import."""
    rooms, arrows = set(), set()
    for path in code_files(plugins):
        importer = room_of(path.relative_to(plugins).parts, plugins)
        if importer is None:
            continue
        rooms.add(importer)
        for name in imported_names(path.read_text(encoding="utf-8")):
            imported = room_of(name.split("."), plugins)
            if imported is not None and imported != importer:
                arrows.add((importer, imported))
    return sorted(rooms), sorted(arrows)


def arrows_between_parts(plugins: Path = PLUGINS) -> int:
    """The number of arrows if single files count as rooms and wings do not: 58 before the rebuild."""
    arrows = set()
    for path in code_files(plugins):
        importer = part_of(path.relative_to(plugins).parts)
        arrows |= {(importer, part_of(name.split("."))) for name in imported_names(path.read_text(encoding="utf-8"))}
    return sum(importer != imported for importer, imported in arrows)


def circle(arrows: Iterable[Arrow]) -> list[str]:
    """The rooms on a cycle of imports, or between two cycles; empty if there is no cycle."""
    left = set(arrows)
    while True:
        inner = {arrow[0] for arrow in left} & {arrow[1] for arrow in left}
        kept = {arrow for arrow in left if inner.issuperset(arrow)}
        if kept == left:
            return sorted(inner)
        left = kept


def drawing(rooms: Iterable[str], arrows: Iterable[Arrow]) -> str:
    """The Mermaid graph between its markers. An arrow points from the importing room to the imported one."""
    lines = [f"    {_identifier(room)}[{room}]" for room in rooms]
    lines += [f"    {_identifier(importer)} --> {_identifier(imported)}" for importer, imported in arrows]
    return "\n".join([BEGIN, "", "```mermaid", "graph TD", *lines, "```", "", END])


def _identifier(room: str) -> str:
    """A Mermaid node name; a prefix keeps it distinct from Mermaid's keywords."""
    return f"room{room if room.startswith('_') else '_' + room}".replace(".", "_")


def renewed(page: str, plugins: Path = PLUGINS) -> str:
    """The page with today's drawing between the markers. ValueError if a marker is missing."""
    before, begin, rest = page.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the markers {BEGIN} and {END}")
    return before + drawing(*rooms_and_arrows(plugins)) + after


def summary(plugins: Path = PLUGINS) -> str:
    """The number of rooms and arrows, in one line."""
    rooms, arrows = rooms_and_arrows(plugins)
    on_circle = ", ".join(circle(arrows))
    circles = f"a circle among {on_circle}" if on_circle else "no circle"
    return (
        f"{len(rooms)} rooms, {len(arrows)} arrows in the drawing, "
        f"{circles}; "
        f"{arrows_between_parts(plugins)} arrows if single files count and wings do not"
    )


def main() -> int:
    """Rewrite the page, or with --check only compare it."""
    parser = argparse.ArgumentParser(description="Draw which room of the code imports which, in architecture.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the page is out of date")
    check = parser.parse_args().check
    page = PAGE.read_text(encoding="utf-8")
    wanted = renewed(page)
    print(summary())
    if check and page != wanted:
        print(f"{PAGE.relative_to(ROOT)} is out of date: run python tests/tools/draw_rooms.py", file=sys.stderr)
        return 1
    if not check:
        PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
