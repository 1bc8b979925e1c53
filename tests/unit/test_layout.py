# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test's folder says what it needs: those in tests/unit need no double, no process and no network."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SUPPORT = HERE.parent / "support"
NEEDED_ELSEWHERE = {
    "vcdsim", "kube_double", "control_plane",  # doubles and real programs
    "subprocess", "multiprocessing", "pty",  # processes
    "socket", "socketserver", "ssl", "http", "urllib", "aiohttp",  # the network
}  # fmt: skip


@cache
def imports(path: Path) -> frozenset[str]:
    """The first names of the modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module != "urllib.parse":  # pure, unlike its neighbours
            found.add(str(node.module).partition(".")[0])
    return frozenset(found)


def reached(path: Path) -> set[str]:
    """What a test imports, by itself and by the helpers that it imports."""
    found: set[str] = set()
    waiting = [path]
    while waiting:
        new = imports(waiting.pop()) - found
        found |= new
        waiting += [helper for name in new if (helper := SUPPORT / f"{name}.py").is_file()]
    return found


@pytest.mark.parametrize("path", sorted(HERE.rglob("test_*.py")), ids=lambda path: str(path.relative_to(HERE)))
def test_a_unit_test_needs_only_python(path: Path) -> None:
    assert reached(path) & NEEDED_ELSEWHERE == set()


def test_imports_of_helpers_count() -> None:
    assert {"vcdsim", "subprocess"} <= reached(HERE.parent / "killed" / "test_killed.py")


def test_no_tests_are_in_other_folders() -> None:
    folders = {path.parent.relative_to(HERE.parent).parts[0] for path in HERE.parent.rglob("test_*.py")}
    assert folders == {"unit", "functional", "killed", "real", "clients"}
