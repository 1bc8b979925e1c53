# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A linter that has passed runs again if, and only if, one of its files has changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from kept_verdict import below, excluded, unless_passed
from places import ROOT, Failed


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two files, on a developer's machine."""
    monkeypatch.delenv("CI", raising=False)
    made = [tmp_path / "tools.txt", tmp_path / "tasks.yml"]
    for path in made:
        path.write_text("first")
    return made


def passes() -> None:
    """A linter without a complaint."""


def complains() -> None:
    """A linter with one."""
    raise Failed("a complaint")


def test_the_linter_runs_once_for_the_same_files(tmp_path: Path, files: list[Path]) -> None:
    runs = [unless_passed(tmp_path / "kept" / "verdict", files, passes) for _run in range(3)]
    assert runs == [True, False, False]


@pytest.mark.parametrize("number", [0, 1])
def test_the_linter_runs_again_for_a_changed_file(tmp_path: Path, files: list[Path], number: int) -> None:
    verdict = tmp_path / "verdict"
    assert unless_passed(verdict, files, passes)
    files[number].write_text("second")
    assert unless_passed(verdict, files, passes)


def test_the_linter_runs_again_for_an_added_or_removed_file(tmp_path: Path, files: list[Path]) -> None:
    verdict = tmp_path / "verdict"
    assert [unless_passed(verdict, some, passes) for some in (files, files[:1], files)] == [True, True, True]


def test_the_linter_runs_again_after_a_complaint(tmp_path: Path, files: list[Path]) -> None:
    verdict = tmp_path / "verdict"
    assert unless_passed(verdict, files, passes)
    files[1].write_text("second")
    with pytest.raises(Failed):
        unless_passed(verdict, files, complains)
    with pytest.raises(Failed):
        unless_passed(verdict, files, complains)
    files[1].write_text("first")
    assert unless_passed(verdict, files, passes)


def test_the_linter_always_runs_in_ci(tmp_path: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert all(unless_passed(tmp_path / "verdict", files, passes) for _run in range(2))


def test_excluded_paths_are_read_from_the_settings_of_the_linter() -> None:
    left_out = excluded((ROOT / ".ansible-lint").read_text(encoding="utf-8"))
    assert "plugins/module_utils/" in left_out
    assert below("plugins/module_utils/_vcd/api.py", left_out)
    assert below("examples/move.yml", left_out)
    assert not below("plugins/modules/vcd_pool.py", left_out)
    assert not below("roles/shared_ip/tasks/main.yml", left_out)
