# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: one ready line, a kubeconfig for each user, a clean exit, and one line for bad input."""

from __future__ import annotations

import pathlib
import signal
import stat
import subprocess
import sys
from typing import Any

import pytest
import yaml
from kube_double.__main__ import main
from kube_double.testing import KubeDouble

HOME = pathlib.Path(sys.modules["kube_double"].__file__ or "").parent.parent


@pytest.fixture
def complaints(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """A function that starts the double with bad input, expects exit code 2 and no stdout, and returns stderr."""

    def start(*options: str) -> list[str]:
        try:
            code: object = main(["--dir", str(tmp_path / "out"), *options])
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        assert (code, printed.out) == (2, "")
        return printed.err.splitlines()

    return start


def test_it_prints_a_ready_line_writes_files_and_exits_cleanly(tmp_path: pathlib.Path) -> None:
    users = tmp_path / "users.yaml"
    users.write_text("- {name: bob, token: t, rules: []}\n")
    command = [sys.executable, "-m", "kube_double", "--dir", str(tmp_path / "out"), "--users", str(users)]
    with subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        facts = dict(part.split("=", 1) for part in line.removeprefix("ready ").split())
        assert list(facts) == ["url", "ca", "kubeconfig", "control"]
        assert facts["control"] == f"{facts['url']}/_double"
        kubeconfig = pathlib.Path(facts["kubeconfig"])
        assert stat.S_IMODE(kubeconfig.stat().st_mode) == 0o600
        content = yaml.safe_load(kubeconfig.read_text())
        assert content["current-context"] == "admin"
        assert [entry["name"] for entry in content["contexts"]] == ["admin", "bob"]
        assert pathlib.Path(facts["ca"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
        process.send_signal(signal.SIGTERM)
        rest, complaints = process.communicate(timeout=600)
        assert (process.returncode, rest, complaints) == (0, "", "")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "is not YAML"),
        ("just text", "a Kubernetes object is a map, not 'just text'"),
        ("{kind: Job, apiVersion: batch/v1}", "kube_double does not support Job of batch/v1"),
        ("{kind: ConfigMap, apiVersion: v1, metadata: {name: a}, dat: {}}", 'ConfigMap a: unknown field "dat"'),
        ("{kind: ConfigMap, apiVersion: v1, metadata: {name: A}}", "ConfigMap A: ConfigMap \"A\" is invalid"),
        ("{kind: ConfigMap, apiVersion: v1, metadata: {name: a, namespace: b}}", 'namespaces "b" not found'),
    ],
)  # fmt: skip
def test_invalid_objects_are_refused(complaints: Any, tmp_path: pathlib.Path, content: str, complaint: str) -> None:
    (tmp_path / "bad.yaml").write_text(content)
    (line,) = complaints("--objects", str(tmp_path))
    assert complaint in line


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("text", "users must be a list"),
        ("[{token: x}]", "a user must be a map with a name"),
        ("[{name: x, rights: []}]", "a user must be a map with a name"),
        ("[{name: x, rules: [{apiGroups: []}]}]", "a rule has verbs"),
        ("[", "is not YAML"),
    ],
)
def test_invalid_users_are_refused(complaints: Any, tmp_path: pathlib.Path, content: str, complaint: str) -> None:
    (tmp_path / "users").write_text(content)
    (line,) = complaints("--users", str(tmp_path / "users"))
    assert complaint in line


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--listen", "nowhere"),
        ("--listen", "127.0.0.1:70000"),
        ("--pod-start-seconds", "-1"),
        ("--pod-stop-seconds", "soon"),
        ("--objects", "/no/such/file"),
    ],
)
def test_bad_options_are_named(complaints: Any, option: str, value: str) -> None:
    assert value in complaints(option, value)[-1]


def test_files_directories_and_dicts_can_be_combined(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "kind: List\napiVersion: v1\nitems:\n- {kind: ConfigMap, apiVersion: v1, metadata: {name: a, namespace: n}}\n"
    )
    (tmp_path / "b.yml").write_text(
        "---\n# only a comment\n---\n{kind: Namespace, apiVersion: v1, metadata: {name: n}}\n"
    )
    inline: Any = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "c", "namespace": "n"}}
    with KubeDouble(objects=[tmp_path, inline]) as kube:
        assert [item["metadata"]["name"] for item in kube.list("ConfigMap", "n")] == ["a", "c", "kube-root-ca.crt"]


def test_a_failed_start_says_why() -> None:
    with (
        pytest.raises(RuntimeError, match="does not support Job of batch/v1"),
        KubeDouble([{"kind": "Job", "apiVersion": "batch/v1"}]),
    ):
        pass
