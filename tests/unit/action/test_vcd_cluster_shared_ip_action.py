# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugin for a whole cluster passes on and shows."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.vcd.kubernetes.plugins.action.vcd_cluster_shared_ip import (
    GROUPS,
    ended_without_result,
    failure_without_result,
    given,
    handed_on_in,
    message_without_result,
)
from ansible_collections.vcd.kubernetes.plugins.action.vcd_shared_ip import run_by
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.options import OPTIONS
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._progress import ProgressLines

ROOT = Path(__file__).resolve().parents[3]


def test_empty_values_are_not_passed_on() -> None:
    arguments = {
        "phase": "plan", "scenario": "", "one_arm": None, "prune": False, "wait_timeout": 0,
        "vcd": {"url": "https://vcd.example.com", "token": "", "validate_certs": False, "timeout": None},
        "kubernetes": {"kubeconfig": {"users": "", "x": None}, "context": ""},
        "cpi": None,
    }  # fmt: skip
    assert given(arguments) == {
        "phase": "plan",
        "prune": False,
        "wait_timeout": 0,
        "vcd": {"url": "https://vcd.example.com", "validate_certs": False},
        "kubernetes": {"kubeconfig": {"users": "", "x": None}},
    }


def test_the_role_gives_only_existing_options() -> None:
    variables = yaml.safe_load((ROOT / "roles" / "shared_ip" / "vars" / "main.yml").read_text())
    names = {*variables["__shared_ip_options"], *variables["__shared_ip_way_back"]}
    assert names <= set(OPTIONS.options)
    of_one_task = {
        "phase",
        "plan",
        "bind",
        "approved",
        "saved",
        "handed_on",
        "progress_file",
        "controller_pid",
        "run_by",
    }
    assert names | of_one_task == set(OPTIONS.options)
    for group in GROUPS:
        assert set(variables["__shared_ip_options"][group]) <= set(OPTIONS.options[group]["options"])


def test_every_secret_is_hidden() -> None:
    for group in ("vcd", "kubernetes"):
        for name, option in OPTIONS.options[group]["options"].items():
            assert bool(option.get("no_log")) is (name in ("password", "api_token", "token", "api_key")), name


def test_the_documented_suboptions_are_those_of_the_connections() -> None:
    source = (ROOT / "plugins" / "modules" / "vcd_cluster_shared_ip.py").read_text()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            options = yaml.safe_load(ast.literal_eval(node.value))["options"]
    for group in GROUPS:
        assert set(options[group]["suboptions"]) == set(OPTIONS.options[group]["options"])


def test_each_line_names_the_cluster() -> None:
    progress = ProgressLines(0.0, "alpha")
    assert progress.take({"event": "say", "text": "stopping CPI"}, 0.1) == ["shared_ip: alpha: stopping CPI"]
    assert progress.take({"event": "plan", "services": 1, "writes": 2}, 0.2) == [
        "shared_ip: alpha: 1 Service, 2 writes"
    ]
    (line,) = progress.take({"event": "say", "text": "x\n" * 400}, 0.3)
    assert len(line) < 330
    assert line.isprintable()


def test_the_job_and_its_user_come_from_the_platform() -> None:
    assert run_by({}, {}) == {}
    awx = {"awx_job_id": 77, "awx_user_name": "alice", "tower_job_id": 1}
    assert run_by(awx, {"JOB_ID": "3"}) == {"run_by": {"job": "77", "user": "alice"}}
    assert run_by({"tower_job_id": 5, "awx_user_name": ["x"]}, {}) == {"run_by": {"job": "5"}}
    assert run_by({}, {"CI_JOB_ID": "9"}) == {"run_by": {"job": "9"}}


def test_artifacts_of_a_backup_job_are_text() -> None:
    handed_on = {"digest": "sha256:1", "hooks": [["tasks a.yml", "a.yml", ""]], "results": []}
    assert handed_on_in("x", json.dumps(handed_on)) == handed_on_in("x", handed_on) == handed_on
    for wrong in ("[1", "[]", "text", 7, ["x"]):
        with pytest.raises(InvalidInput, match=r"^x: .*leave it out, and the hooks run again"):
            handed_on_in("x", wrong)


def test_a_module_without_a_result_is_distinguished_from_one_that_failed() -> None:
    assert ended_without_result({"failed": True, "module_stdout": "", "rc": 137, "msg": "MODULE FAILURE"})
    assert ended_without_result({"failed": True, "exception": "Traceback", "msg": "boom"})
    assert not ended_without_result(
        {"failed": True, "failure": {}, "msg": "refused", "exception": "(traceback unavailable)"}
    )
    assert not ended_without_result({"failed": True, "msg": "missing required arguments: phase"})
    assert not ended_without_result({"changed": True})


def test_without_a_result_the_state_of_cpi_comes_from_a_verification() -> None:
    assert failure_without_result({"cluster": {"deployment": {"replicas": 0}}}) == {"cpi_replicas": 0}
    assert failure_without_result({"cluster": {"deployment": None}}) == {}
    refused = {"failed": True, "failure": {"cpi_replicas": 0, "cpi_stopped": 2}}
    assert failure_without_result(refused) == refused["failure"]
    assert failure_without_result({"failed": True}) == {}


def test_without_a_result_the_message_says_what_a_verification_finds() -> None:
    assert "Now: CPI is stopped; run the same again" in message_without_result(
        {"verification": {"summary": "CPI is stopped"}}
    )
    assert "Now: cannot reach it; run" in message_without_result({"failed": True, "msg": "cannot reach it"})
    assert "Now: the cluster is in its scenario; run" in message_without_result({"verification": {"summary": ""}})
