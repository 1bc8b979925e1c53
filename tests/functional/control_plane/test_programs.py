# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sources of the real programs, and the messages if they are missing."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from control_plane import go, programs
from control_plane.cpi import SCENARIOS, in_scenario
from control_plane.places import MODULES, Failed, Missing, cache_folder, on_ci
from control_plane.program import Program


@pytest.fixture(autouse=True)
def _nothing_at_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)


def program(folder: Path, name: str = "kube-apiserver", text: str = "#!/bin/sh\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    found = folder / name
    found.write_text(text)
    found.chmod(0o755)
    return found


def test_a_missing_program_says_how_to_get_it() -> None:
    with pytest.raises(Missing, match=r"kube-apiserver is not in KUBEBUILDER_ASSETS.*python -m control_plane build"):
        programs.find("kube-apiserver")
    with pytest.raises(Missing, match=r"CPI 1\.6 is not in .*python -m control_plane build"):
        programs.find_cpi("1.6")


def test_assets_win_over_path_and_path_over_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cached = program(programs.BUILDS["kube-apiserver"].target)
    assert programs.find("kube-apiserver") == cached
    on_path = program(tmp_path / "path")
    assert programs.find("kube-apiserver") == on_path
    given = program(tmp_path / "assets")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    assert programs.find("kube-apiserver") == given


def test_the_environment_sets_the_cache_folder(tmp_path: Path) -> None:
    assert cache_folder() == tmp_path / "cache" / "vcd-kubernetes-tests"


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("1", True), ("", False), ("false", False)])
def test_ci_is_recognised(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("CI", value)
    assert on_ci() is expected


def test_an_old_go_is_not_used(tmp_path: Path) -> None:
    program(tmp_path / "path", "go", "#!/bin/sh\necho go1.20.3\n")
    assert go.find_go() is None
    new = program(tmp_path / "path", "go", "#!/bin/sh\necho go1.99.0\n")
    assert go.find_go() == str(new)


def test_no_module_needs_a_newer_go_than_required() -> None:
    found_in = sorted(MODULES.glob("*/go.mod"))
    assert found_in
    for file in found_in:
        found = re.search(r"^go (\d+)\.(\d+)", file.read_text(), re.MULTILINE)
        assert found, file
        assert (int(found[1]), int(found[2])) <= go.NEEDED_GO


def test_a_changed_pin_changes_the_build() -> None:
    keys = {build.key for build in [*programs.BUILDS.values(), *programs.CPI_BUILDS.values()]}
    assert len(keys) == len(programs.BUILDS) + len(programs.CPI_BUILDS)


def test_the_stamped_version_is_that_of_the_module() -> None:
    pinned = (MODULES / "kubernetes" / "go.mod").read_text()
    assert f"k8s.io/kubernetes {programs.KUBERNETES_VERSION}" in pinned


def test_a_program_that_ends_early_shows_its_log(tmp_path: Path) -> None:
    code = "import sys; print('no such luck'); sys.exit(3)"
    running = Program([sys.executable, "-c", code], tmp_path / "log")
    with pytest.raises(Failed, match=r"ended with 3 before ready:\nno such luck"):
        running.wait_until(lambda: False, "ready", 30)


def test_waiting_for_a_program_has_a_limit(tmp_path: Path) -> None:
    running = Program([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log")
    try:
        with pytest.raises(Failed, match="not ready within 0 s"):
            running.wait_until(lambda: False, "ready", 0.1)
    finally:
        running.stop()
    assert running.exit_code is not None


def test_the_flags_of_a_scenario_replace_those_of_the_fixture() -> None:
    text = "a:\n  oneArm:\n    startIP: x\n    endIP: y\n  ports: 1\n  enableVirtualServiceSharedIP: false # old\n"
    found = {scenario: in_scenario(text, scenario) for scenario in SCENARIOS}
    assert found["distinct_internal"] == text
    assert found["shared_internal"] == text.replace("false", "true")
    assert found["shared_external"] == "a:\n  ports: 1\n  enableVirtualServiceSharedIP: true # old\n"
    with pytest.raises(ValueError, match="choose one of"):
        in_scenario(text, "other")
