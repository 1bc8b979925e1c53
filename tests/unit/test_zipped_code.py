# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytecode of an archive's sources is stored by their text, and belongs to the archive that is imported."""

from __future__ import annotations

import importlib.util
import zipfile
import zipimport
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import zipped_code


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were compiled, and not taken from the store."""
    seen: list[str] = []

    def compile_source(path: str, source: bytes) -> Any:
        seen.append(path)
        return compile(source, path, "exec", dont_inherit=True)

    monkeypatch.setattr(zipped_code, "_FOLDER", str(tmp_path / "stored"))
    monkeypatch.setattr(zipimport, "_compile_source", zipped_code._store(compile_source))
    return seen


def imported(archive: Path, source: str) -> ModuleType:
    """A module from a new archive."""
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("module.py", source)
    spec = zipimport.zipimporter(str(archive)).find_spec("module")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_same_text_is_compiled_once(compiled: list[str], tmp_path: Path) -> None:
    source = "def where():\n    return __file__, where.__code__.co_filename\n"
    for name in ("one.zip", "two.zip"):
        path = str(tmp_path / name / "module.py")
        assert imported(tmp_path / name, source).where() == (path, path)
    assert len(compiled) == 1


def test_another_text_is_compiled_again(compiled: list[str], tmp_path: Path) -> None:
    assert imported(tmp_path / "one.zip", "value = 1\n").value == 1
    assert imported(tmp_path / "two.zip", "value = 2\n").value == 2
    assert len(compiled) == 2
