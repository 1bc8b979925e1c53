# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doubles as a user gets them: ``pip install`` of their folder provides a command, and README's example runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import tomllib

TESTS = Path(__file__).resolve().parents[2]
# nothing is downloaded: flit_core is one of the test tools, and the doubles' requirements are installed
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]


@dataclass(frozen=True)
class Product:
    """A double: its folder, its command with options that start it, and what its ready line says."""

    folder: str
    command: str
    options: tuple[str, ...]
    ready: str


PRODUCTS = (
    Product("simulator", "vcdsim", (), r"ready url=https://127\.0\.0\.1:\d+ ca=\S+ control=\S+/_sim\n"),
    Product("kube_double", "kube-double", ("--dir", "."), r"ready url=https://127\.0\.0\.1:\d+ ca=\S+ kubeconfig=.*\n"),
)


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.command)
def test_a_double_is_installed_and_its_first_example_runs(product: Product, tmp_path: Path) -> None:
    source, there = tmp_path / "source", tmp_path / "there"
    shutil.copytree(TESTS / product.folder, source, ignore=shutil.ignore_patterns("go", "__pycache__"))
    installed = subprocess.run([*PIP, "--target", there, source], capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    left_out = ("PYTHONPATH", "VCDSIM_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    environment["PYTHONPATH"] = str(there)
    command = [sys.executable, there / "bin" / product.command, *product.options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as program:
        assert program.stdout
        line = program.stdout.readline()
        program.terminate()
    assert re.fullmatch(product.ready, line)
    assert program.returncode == 0
    page = (TESTS / product.folder / "README.md").read_text(encoding="utf-8")
    example = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
    assert len(re.findall(r"^.*\S", example, re.MULTILINE)) <= 10
    (tmp_path / "test_example.py").write_text(example, encoding="utf-8")
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"]
    ran = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.command)
def test_a_double_has_the_version_of_the_collection(product: Product) -> None:
    project = tomllib.loads((TESTS / product.folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    collection = re.search(r"^version: (\S+)$", (TESTS.parent / "galaxy.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert collection
    assert project["version"] == collection[1]


def test_shared_files_are_identical_in_both_doubles() -> None:
    # each can be installed without the other
    copies = [TESTS / name / "kept_connection.py" for name in ("simulator/vcdsim", "kube_double/kube_double")]
    assert len({path.read_bytes() for path in copies}) == 1
