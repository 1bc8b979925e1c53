# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version a release may have, and that the workflows call the same targets as people."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from gates import PYTHONS_OF_CORE
from release import INSTALLING, of_the_first, refusal, set_versions
from release import OF_A_RELEASE_BEFORE as GONE

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def jobs_of(path: Path) -> dict[str, Any]:
    """The jobs of a workflow, by name."""
    jobs: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return jobs


@pytest.mark.parametrize(
    ("wanted", "current", "released", "words"),
    [
        ("1.0.0", "0.1.0", [], ""),
        ("0.1.0", "0.1.0", [], ""),
        ("1.10.0", "1.9.0", ["1.0.0", "1.9.0"], ""),
        ("1.9.0", "1.9.0", ["1.9.0"], "is released already"),
        ("1.9.0", "1.10.0", [], "is older than 1.10.0"),
        ("1.0.1", "1.0.0", ["1.2.0"], "is older than 1.2.0"),
        ("1.0", "0.1.0", [], "is not a version"),
        ("v1.0.0", "0.1.0", [], "is not a version"),
        ("1.0.0-rc1", "0.1.0", [], "is not a version"),
        ("01.0.0", "0.1.0", [], "is not a version"),
        ("", "0.1.0", [], "is not a version"),
    ],
)
def test_a_version_is_later_than_all_before_it(wanted: str, current: str, released: list[str], words: str) -> None:
    found = refusal(wanted, current, released)
    assert words in found
    assert bool(found) == bool(words)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_only_targets_that_the_makefile_has(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for job in jobs_of(path).values():
        if "uses" in job:  # another project's workflow, pinned to one of its releases
            assert re.fullmatch(r"\S+@v\d+\.\d+\.\d+", job["uses"])
            continue
        commands = [step["run"] for step in job["steps"] if "run" in step]
        called = {word for command in commands for word in re.findall(r"\bmake ([a-z]+)", command)}
        assert called <= targets
        assert called or any(command.strip() == ".ci/run" for command in commands)


def test_the_workflows_run_sanity_with_each_ansible_core() -> None:
    """With the newest one in the gate of `make test`, with each other one in a job."""
    jobs = jobs_of(ROOT / ".github" / "workflows" / "tests.yml")
    assert jobs["sanity"]["strategy"]["matrix"]["core"] == [*PYTHONS_OF_CORE][:-1]


def test_the_floor_is_the_oldest_ansible_core_that_is_tried() -> None:
    floor = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
    assert floor == f">={next(iter(PYTHONS_OF_CORE))}.0"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_more_rights_than_it_needs(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"] == {"contents": "read"}


def test_a_release_sets_each_unreleased_version(tmp_path: Path) -> None:
    files = {
        "galaxy.yml": ("name: x\nversion: 0.1.0\n", "name: x\nversion: 1.1.0\n"),
        "tests/simulator/pyproject.toml": ('version = "0.1.0" # here\n', 'version = "1.1.0" # here\n'),
        "tests/kube_double/pyproject.toml": ('version = "1.0.0"\n', 'version = "1.1.0"\n'),
        "extensions/ee/execution-environment.yml": (
            "  - name: vcd.kubernetes\n    version: 0.1.0\n  - name: other.one\n    version: 0.1.0\n",
            "  - name: vcd.kubernetes\n    version: 1.1.0\n  - name: other.one\n    version: 0.1.0\n",
        ),
        "extensions/awx/project/collections/requirements.yml": (
            "  - name: vcd.kubernetes\n    version: 0.1.0\n",
            "  - name: vcd.kubernetes\n    version: 1.1.0\n",
        ),
        "plugins/modules/new.py": ("version_added: 0.1.0\n", "version_added: 1.1.0\n"),
        "plugins/modules/old.py": ("version_added: 1.0.0\n", "version_added: 1.0.0\n"),
        "roles/r/meta/argument_specs.yml": ("    version_added: 0.1.0\n", "    version_added: 1.1.0\n"),
    }
    for name, (before, _after) in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(before)
    set_versions("1.1.0", ["1.0.0"], tmp_path)
    assert {name: (tmp_path / name).read_text() for name in files} == {name: both[1] for name, both in files.items()}


def test_files_that_install_the_collection_have_its_version() -> None:
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    for name in INSTALLING:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert re.findall(r"- name: vcd\.kubernetes\n *version: (.*)", text) == [version], name


def test_the_first_release_repairs_nothing_and_takes_nothing_away() -> None:
    new = "---\nminor_changes:\n  - x - new\n    option.\n"
    assert of_the_first(f"{new}bugfixes:\n  - x - repaired\n    it.\n") == new
    assert of_the_first(f"---\nbreaking_changes:\n  - x - other.\n{new.removeprefix('---')[1:]}") == new
    assert "trivial" in yaml.safe_load(of_the_first("---\nbugfixes:\n  - x - repaired.\n"))
    for path in sorted((ROOT / "changelogs" / "fragments").glob("*.yml")):
        text = path.read_text(encoding="utf-8")
        kept = {name: entries for name, entries in yaml.safe_load(text).items() if name not in GONE}
        assert yaml.safe_load(of_the_first(text)) == (kept or {"trivial": ["nothing to compare"]}), path.name


def test_each_version_added_is_found() -> None:
    found = [path for folder in ("plugins", "roles") for path in (ROOT / folder).rglob("*") if path.is_file()]
    text = "".join(path.read_text(encoding="utf-8") for path in found if path.suffix in (".py", ".yml"))
    assert (
        len(re.findall(r"version_added: ", text))
        == len(re.findall(r"^ *version_added: \d+\.\d+\.\d+$", text, re.M))
        > 40
    )
