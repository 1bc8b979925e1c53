# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version a release may have, and that the workflows call what people call."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from release import refusal

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize(
    ("wanted", "current", "released", "words"),
    [
        ("1.0.0", "0.1.0", [], ""),
        ("0.1.0", "0.1.0", [], ""),
        ("1.10.0", "1.9.0", ["1.0.0", "1.9.0"], ""),
        ("1.9.0", "1.9.0", ["1.9.0"], "is released already"),
        ("1.9.0", "1.10.0", [], "is older than 1.10.0"),
        ("1.0.1", "1.0.0", ["1.2.0"], "is older than 1.2.0"),
        ("1.0", "0.1.0", [], "is no version"),
        ("v1.0.0", "0.1.0", [], "is no version"),
        ("1.0.0-rc1", "0.1.0", [], "is no version"),
        ("01.0.0", "0.1.0", [], "is no version"),
        ("", "0.1.0", [], "is no version"),
    ],
)
def test_a_version_is_later_than_all_before_it(wanted: str, current: str, released: list[str], words: str) -> None:
    found = refusal(wanted, current, released)
    assert words in found
    assert bool(found) == bool(words)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_only_targets_that_the_makefile_has(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    commands = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    called = {word for command in commands for word in re.findall(r"\bmake ([a-z]+)", command)}
    assert called <= targets
    assert called or any(command.strip() == ".ci/run" for command in commands)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_more_rights_than_it_needs(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"] == {"contents": "read"}
