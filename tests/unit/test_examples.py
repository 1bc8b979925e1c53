# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows works: a test runs each YAML as a file, and commands name what exists.

tests/functional/examples/test_ready_playbooks.py runs the files in examples.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("*.yml"))
PAGES = sorted(
    [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("examples/*.md"), *ROOT.glob("roles/*/*.md")]
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Pages whose YAML other tests run or read, with these tests.
ELSEWHERE = {
    "docs/rights-kubernetes.md": "tests/functional/role/test_rights_and_interruptions.py",
    "docs/protect.md": "tests/functional/role/test_protect.py",
    "docs/awx.md": "tests/functional/awx/test_awx_setup.py",
    "docs/mesh.md": "tests/functional/awx/test_awx_jobs.py",
    "docs/event-driven.md": "tests/tools/check_platforms.py",
    "docs/fleet.md": "tests/demo/fleet_demo.py",
}
# An option of ansible-playbook that takes a value of its own.
WITH_VALUE = {"-i", "--forks", "--limit", "-l"}


def blocks(path: Path, *languages: str) -> list[str]:
    """The fenced blocks of a page in one of these languages."""
    found = FENCE.findall(path.read_text(encoding="utf-8"))
    return [text for language, text in found if language in languages]


def commands(path: Path) -> Iterator[list[str]]:
    """The runs of ansible-playbook that a page shows, as words: in shell blocks and in indented ones."""
    text = re.sub(r"\\\n\s*", " ", path.read_text(encoding="utf-8"))
    for line in text.splitlines():
        if re.match(r"\s*ansible-playbook (?!--version)", line):
            yield shlex.split(line, comments=True)[1:]


@cache
def variables() -> frozenset[str]:
    """The variables of the role and of the playbooks."""
    spec = yaml.safe_load((ROOT / "roles/shared_ip/meta/argument_specs.yml").read_text(encoding="utf-8"))
    found = {name for entry in spec["argument_specs"].values() for name in entry.get("options", {})}
    page = (ROOT / "roles/shared_ip/README.md").read_text(encoding="utf-8")
    return frozenset(found | set(re.findall(r"`(shared_ip_\w+)`", page)))


def given(words: list[str]) -> Iterator[str]:
    """The names of the variables that a command gives."""
    for option, value in pairwise(words):
        if option == "-e" and not value.startswith(("@", "$")):
            yield value.partition("=")[0]


KNOWN = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in EXAMPLES]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_yaml_of_a_page_is_run_by_a_test(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if name in ELSEWHERE:
        assert (ROOT / ELSEWHERE[name]).exists()
        return
    for block in blocks(path, "yaml", "yml"):
        document: Any = yaml.safe_load(block)
        if isinstance(document, dict) and "plugin" not in document:  # variables
            assert set(document) <= variables(), block
        else:
            assert document in KNOWN, f"no file in examples has this:\n{block}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_command_names_a_playbook_and_variables_that_exist(path: Path) -> None:
    known = variables()
    for words in commands(path):
        playbook = next(word for before, word in zip(["", *words], words, strict=False) if _is_playbook(before, word))
        where = ROOT / "playbooks" / f"{playbook.removeprefix('vcd.kubernetes.')}.yml"
        assert where.exists() or (ROOT / "examples" / playbook).exists() or playbook.startswith("$"), words
        for name in given(words):
            assert name in known or not name.startswith("shared_ip_"), words


def _is_playbook(before: str, word: str) -> bool:
    return not word.startswith("-") and before not in WITH_VALUE | {"-e"}


def test_there_are_commands_and_examples() -> None:
    assert len(list(commands(ROOT / "README.md"))) >= 2
    assert len(blocks(ROOT / "README.md", "yaml")) >= 5
    assert len(EXAMPLES) > 10


def test_the_list_of_examples_is_complete() -> None:
    page = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert {str(path.relative_to(ROOT / "examples")) for path in EXAMPLES} == set(
        re.findall(r"\]\(([\w/]+\.yml)\)", page)
    )


def test_badges_and_the_table_of_supported_versions_agree_with_the_tests() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    gates = (ROOT / "tests/tools/gates.py").read_text(encoding="utf-8")
    cores = re.findall(r'^    "(2\.\d+)": \("3', gates, re.MULTILINE)
    assert f"| ansible-core | {', '.join(cores)} |" in text
    assert f"ansible--core-{cores[0]}_to_{cores[-1]}" in text
    versions = (ROOT / "plugins/module_utils/_vcd/versions.py").read_text(encoding="utf-8")
    oldest, newest = re.findall(r"^(?:OLDEST|NEWEST): Version = \((\d+), (\d+)\)", versions, re.MULTILINE)
    assert f"| API of VCD | {'.'.join(oldest)} to {'.'.join(newest)};" in text
