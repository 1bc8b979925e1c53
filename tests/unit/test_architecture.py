# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawing in docs/development/architecture.md matches the current imports."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE = "ansible_collections.vcd.kubernetes.plugins.module_utils."


def load_script() -> ModuleType:
    """tests/tools/draw_rooms.py: a script, not part of a package."""
    spec = importlib.util.spec_from_file_location("draw_rooms", ROOT / "tests" / "tools" / "draw_rooms.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


draw_rooms = load_script()


@pytest.fixture(name="plugins")
def plugins_with_six_files(tmp_path: Path) -> Path:
    """A small plugins folder: a module, a wing, two resources, a session and a single file."""
    files = {
        "modules/vcd_pool.py": f"from {BASE}_resources.pool.calls import get\nfrom {BASE}_errors import Broken\n",
        "module_utils/_resources/pool/calls.py": f"from {BASE}_resources.gateway.calls import get\n",
        "module_utils/_resources/gateway/calls.py": f"import {BASE}_vcd.api\nimport json\n",
        "module_utils/_vcd/api.py": f"from {BASE}_errors import Broken\n",
        "module_utils/_sharing/checks/verify.py": f"from {BASE}_sharing import report\n",
        "module_utils/_errors.py": "",
        "module_utils/_sharing/report.py": "",
    }
    for name, source in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    return tmp_path


def test_the_page_shows_what_the_script_draws(record_property: Callable[[str, object], None]) -> None:
    record_property("figures", draw_rooms.summary())
    page = draw_rooms.PAGE.read_text(encoding="utf-8")
    assert draw_rooms.renewed(page) == page, "renew it: python tests/tools/draw_rooms.py"


def test_wings_are_rooms_and_resources_are_one_room(plugins: Path) -> None:
    rooms, arrows = draw_rooms.rooms_and_arrows(plugins)
    assert rooms == ["_resources", "_sharing", "_sharing.checks", "_vcd", "modules"]
    assert arrows == [("_resources", "_vcd"), ("_sharing.checks", "_sharing"), ("modules", "_resources")]


def test_single_files_are_parts_in_the_older_count(plugins: Path) -> None:
    # modules -> _resources, modules -> _errors, _resources -> _vcd, _vcd -> _errors
    assert draw_rooms.arrows_between_parts(plugins) == 4


@pytest.mark.parametrize(
    ("arrows", "found"),
    [
        ([("a", "b"), ("b", "c"), ("a", "c")], []),
        ([("a", "b"), ("b", "a")], ["a", "b"]),
        ([("above", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("c", "below")], ["a", "b", "c"]),
    ],
)
def test_a_cycle_is_found_without_the_rooms_around_it(arrows: list[tuple[str, str]], found: list[str]) -> None:
    assert draw_rooms.circle(arrows) == found


def test_each_room_is_explained_on_the_page() -> None:
    explained = draw_rooms.PAGE.read_text(encoding="utf-8").partition(draw_rooms.BEGIN)[0]
    rooms = draw_rooms.rooms_and_arrows()[0]
    assert [room for room in rooms if f"`{room}`" not in explained] == []


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the markers"):
        draw_rooms.renewed("# Architecture\n")
