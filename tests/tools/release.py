# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepares a release: sets its version in every file, and writes the changelog from the fragments.

Standard library only.

    make release VERSION=1.0.0

It does not commit, tag or publish: a person reads the change first.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from places import COLLECTION, LOGS, ROOT, TREE, Failed, copy_tree, kubernetes_core, run, say, test_venv, version

_NUMBERS = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
# A version that was never released: what the documentation calls new is new in the prepared release.
_SINCE = re.compile(r"^( *version_added: )(\d+\.\d+\.\d+)$", re.MULTILINE)
_DOUBLES = ("tests/simulator/pyproject.toml", "tests/kube_double/pyproject.toml")
# These files install the release that they are part of.
INSTALLING = ("extensions/ee/execution-environment.yml", "extensions/awx/project/collections/requirements.yml")
_OWN = re.compile(r"^( *- name: vcd\.kubernetes\n *version: ).*$", re.MULTILINE)
# Before the first release, no user had what these sections call repaired, changed or gone.
OF_A_RELEASE_BEFORE = {"breaking_changes", "deprecated_features", "removed_features", "security_fixes", "bugfixes"}
_SECTION = re.compile(r"^(\w+):.*\n(?:[ #-].*\n|\n)*", re.MULTILINE)
_RELEASED = re.compile(r"^  (\d+\.\d+\.\d+):$", re.MULTILINE)
NEXT = """\
{version} is prepared. Read the change (git diff), then:
  make test
  git commit -am "Release {version}" && git tag v{version} && git push origin main v{version}
  make build && ansible-galaxy collection publish .cache/artifact/vcd-kubernetes-{version}.tar.gz"""


def refusal(wanted: str, current: str, released: list[str]) -> str:
    """Why a version cannot be the next one, or an empty text. ``current`` is the version in galaxy.yml."""
    if not _NUMBERS.fullmatch(wanted):
        return f"VERSION={wanted!r} is not a version: give three numbers, for example make release VERSION=1.0.0"
    if wanted in released:
        return f"{wanted} is released already (changelogs/changelog.yaml): give a later version"
    newest = max([current, *released], key=_numbers)
    if _numbers(wanted) < _numbers(newest):
        return f"{wanted} is older than {newest}: give a later version"
    return ""


def release(wanted: str) -> int:
    """Write the version and the changelog. Failed, with nothing changed, if that is not possible."""
    changelog = ROOT / "changelogs" / "changelog.yaml"
    released = _RELEASED.findall(changelog.read_text(encoding="utf-8"))
    complaint = refusal(wanted, version(), released)
    if complaint:
        raise Failed(complaint)
    if not list((ROOT / "changelogs" / "fragments").glob("*.y*ml")):
        raise Failed("changelogs/fragments is empty: there is nothing to release")
    status = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=False)
    if status.stdout.strip():
        raise Failed("there are changes that are not committed: commit them first, so that the release is one change")
    venv = test_venv()
    kubernetes_core(venv, TREE)
    copy_tree()
    # in the copy, because the changelog lists new modules, and finds them only in a tree of collections
    set_versions(wanted, released, COLLECTION)
    if not released:
        for fragment in sorted((COLLECTION / "changelogs" / "fragments").glob("*.y*ml")):
            fragment.write_text(of_the_first(fragment.read_text(encoding="utf-8")), encoding="utf-8")
    command = [venv.bin / "antsibull-changelog", "release", "--version", wanted]
    run(command, LOGS / "release.log", cwd=COLLECTION, env=venv.environment(TREE))
    set_versions(wanted, released, ROOT)
    for name in ("CHANGELOG.rst", "changelogs/changelog.yaml"):
        shutil.copyfile(COLLECTION / name, ROOT / name)
    for fragment in (ROOT / "changelogs" / "fragments").iterdir():
        if not (COLLECTION / "changelogs" / "fragments" / fragment.name).exists():
            fragment.unlink()
    say(NEXT.format(version=wanted))
    return 0


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def of_the_first(fragment: str) -> str:
    """A fragment for the first release: without comparisons with earlier releases."""
    kept = _SECTION.sub(lambda found: "" if found[1] in OF_A_RELEASE_BEFORE else found[0], fragment)
    return kept if _SECTION.search(kept) else "---\ntrivial:\n  - nothing to compare\n"


def set_versions(wanted: str, released: list[str], repository: Path) -> None:
    """Write the version into galaxy.yml, the packages of the doubles, and each ``version_added`` that is not released.

    The files that install the collection into an execution environment or a project of AWX get it, too.

    A ``version_added`` of an existing release stays.
    """
    _replace(repository / "galaxy.yml", re.compile(r"^version: .*$", re.MULTILINE), f"version: {wanted}")
    for name in INSTALLING:
        _replace(repository / name, _OWN, lambda found: f"{found[1]}{wanted}")
    for name in _DOUBLES:
        _replace(repository / name, re.compile(r'^version = "[^"]*"', re.MULTILINE), f'version = "{wanted}"')

    def since(found: re.Match[str]) -> str:
        return found[0] if found[2] in released else f"{found[1]}{wanted}"

    for folder in ("plugins", "roles"):
        for path in sorted((repository / folder).rglob("*")):
            if path.suffix in (".py", ".yml"):
                _replace(path, _SINCE, since)


def _replace(path: Path, pattern: re.Pattern[str], by: str | Callable[[re.Match[str]], str]) -> None:
    before = path.read_text(encoding="utf-8")
    after = pattern.sub(by, before)
    if after != before:
        path.write_text(after, encoding="utf-8")
