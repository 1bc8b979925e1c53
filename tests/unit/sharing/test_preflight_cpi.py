# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preflight says about CPI, its file and the cluster's id."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.config import read_config
from preflight_findings import DEPLOYMENT, found, preflight_report, severities
from sharing_builders import ccm, edge, vcd


@pytest.mark.parametrize(
    ("version", "target", "severity"),
    [
        ("1.2.0", "shared_external", "info"),
        ("v1.6.1", "shared_internal", "info"),
        ("1.10.0", "shared_internal", "info"),
        ("1.2", "shared_internal", "info"),
        ("1.1", "shared_internal", "error"),
        ("2.0.0", "shared_internal", "info"),
        ("1.1.3", "shared_external", "error"),
        ("1.1.3", "distinct_internal", "info"),
        ("", "shared_external", "warning"),
        ("latest", "shared_internal", "warning"),
        ("latest", "distinct_internal", "info"),
    ],
)
def test_the_shared_flag_needs_cpi_1_2(version: str, target: str, severity: str) -> None:
    cluster = ccm(deployment={**DEPLOYMENT, "version": version})
    assert severities("cpi", target, cluster) == [severity]


def test_an_unknown_version_of_cpi_names_the_image() -> None:
    cluster = ccm(deployment={**DEPLOYMENT, "version": None, "image": "registry.example.com/cpi@sha256:abc"})
    assert "registry.example.com/cpi@sha256:abc" in found("cpi", "shared_external", cluster)[0][1]


@pytest.mark.parametrize(
    ("deployment", "rollout", "expected"),
    [
        (None, "none", ["error"]),
        ({**DEPLOYMENT, "ready": False}, "none", ["warning", "info"]),
        ({**DEPLOYMENT, "ready": False}, "in_progress", ["info"]),
        ({**DEPLOYMENT, "replicas": 0, "ready": False, "running_replicas": 0}, "none", ["warning", "info"]),
        ({**DEPLOYMENT, "replicas": 0, "ready": False, "running_replicas": 1}, "in_progress", ["info", "info"]),
    ],
)
def test_the_state_of_cpi_is_checked(deployment: dict[str, Any] | None, rollout: str, expected: list[str]) -> None:
    cluster = ccm(deployment=deployment, rollout={"state": rollout, "backup": None})
    assert severities("cpi", "shared_external", cluster) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["info"]),
        ({"config_map": None, "config": None, "problems": ["it does not exist"]}, ["error"]),
        (
            {
                "config_map": None,
                "config": None,
                "problems": ["it does not exist"],
                "rollout": {"state": "in_progress", "backup": "x"},
            },
            ["info"],
        ),
        ({"config": None, "problems": ["not YAML: line 3: found a tab"]}, ["error"]),
    ],
)
def test_the_file_is_checked(changes: dict[str, Any], expected: list[str]) -> None:
    assert severities("configuration", "shared_external", ccm("shared_internal", **changes)) == expected


FILE = """\
vcd: {host: https://vcd.example.com, org: acme, vdc: acme-vdc}
loadbalancer:
  network: k8s-net
  %s
vAppName: acme-vapp
"""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("enableVirtualServiceSharedIP: true", ["info"]),
        # a change of scenario replaces these
        ("enableVirtualServiceSharedIP: false", ["warning"]),
        ("oneArm: {startIP: 192.168.8.9, endIP: 192.168.8.2}", ["warning"]),
        ("oneArm: {startIP: 192.168.8.9, endIP: nonsense}", ["warning"]),
        # these stay, and CPI would still refuse them
        ("enableVirtualServiceSharedIp: true", ["error"]),
        ("onearm: {startIP: 192.168.8.2, endIP: 192.168.8.9}", ["error"]),
        ("certAlias: [1, 2]", ["error"]),
    ],
)
def test_only_problems_that_the_change_keeps_stop_it(lines: str, expected: list[str]) -> None:
    file = read_config(FILE % lines)
    cluster = ccm("invalid", problems=list(file.problems), config=file.public_values())
    assert severities("configuration", "shared_external", cluster) == expected


def test_problems_of_the_file_are_quoted() -> None:
    cluster = ccm(problems=["line 4: vcd.hots: CPI does not know this key; did you mean host?"])
    assert (
        "line 4: vcd.hots: CPI does not know this key; did you mean host?"
        in found("configuration", "shared_external", cluster)[0][1]
    )


@pytest.mark.parametrize(
    ("cluster_id", "source", "severity"),
    [("urn:x", "config", "info"), ("urn:x", "secret", "info"), ("", "none", "error")],
)
def test_the_cluster_id_is_required(cluster_id: str, source: str, severity: str) -> None:
    cluster = ccm(cluster_id=cluster_id or None, cluster_id_source=source)
    assert severities("cluster_id", "shared_external", cluster) == [severity]


@pytest.mark.parametrize(("state", "expected"), [("none", []), ("finished", []), ("in_progress", ["info"])])
def test_an_interrupted_rollout_is_only_a_note(state: str, expected: list[str]) -> None:
    cluster = ccm("shared_external", rollout={"state": state, "backup": None})
    assert severities("rollout", "shared_external", cluster) == expected
    assert preflight_report(cluster, vcd(edge()), "shared_external")["change"] is bool(expected)
