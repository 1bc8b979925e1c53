# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role with exactly the published rights, with one right less, and after an interrupted run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kube_double.testing import KubeDouble
from rights_document import of_namespace, published
from role_runs import Case, ansible_playbook, connection, cpi_objects, run_cases, writes
from runs import ModuleRun
from vcdsim.testing import Simulator

# needed only where the ConfigMap is not immutable, and where the cluster id is not in the file
SPARE = [("pods", "delete"), ("secrets", "get")]


def published_rules() -> list[dict[str, Any]]:
    """The rules of the Role and the ClusterRole in the documentation."""
    return [*of_namespace(published("Role")), *published("ClusterRole")]


def one_less() -> dict[str, list[dict[str, Any]]]:
    """For each needed verb on each resource, all rules without that verb."""
    rules, found = published_rules(), {}
    for number, rule in enumerate(rules):
        for verb in rule["verbs"]:
            resource = rule["resources"][0]
            # rights that an immutable ConfigMap does not need
            if (resource, verb) in SPARE or (verb == "update" and "vcloud-ccm-configmap" in rule["resourceNames"]):
                continue
            kept = {**rule, "verbs": [item for item in rule["verbs"] if item != verb]}
            name = f"{number} {verb} {resource}"
            found[name] = [*rules[:number], *([kept] if kept["verbs"] else []), *rules[number + 1 :]]
    return found


def case(name: str, **variables: Any) -> Case:
    """A run of the role."""
    wanted = {"scenario": "shared_external", **variables}
    return Case(name, {f"shared_ip_{key}": value for key, value in wanted.items()})


def test_the_published_rights_are_enough_and_each_is_needed(tmp_path: Path) -> None:
    without = one_less()
    assert len(without) >= 9
    users = [{"name": "exact", "rules": published_rules()}]
    users += [{"name": name.replace(" ", "-"), "rules": rules} for name, rules in without.items()]
    # a second run replaces the backup instead of creating it, so that one of the two runs needs each right
    with Simulator() as sim, KubeDouble(objects=cpi_objects(), users=users) as kube:
        cases = [case(name, context=name.replace(" ", "-")) for name in without if "update" not in name]
        first = run_cases(tmp_path, cases, connection(sim, kube))
        assert writes(sim, kube) == []
        (tmp_path / "exact").mkdir()
        exact = run_cases(tmp_path / "exact", [case("exact", context="exact")], connection(sim, kube))
        assert exact.outcomes["exact"]["failed"] is False, exact.outcomes
        assert exact.outcomes["exact"]["msg"]["verified"] is True
        for name, outcome in first.outcomes.items():
            assert outcome["failed"] is True, name
            _number, verb, resource = name.split()
            assert verb in str(outcome["msg"]), outcome
            assert resource in str(outcome["msg"]), outcome


def test_in_cloud_director_the_role_only_needs_to_read(tmp_path: Path) -> None:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        viewer = {**connection(sim, kube), "VCD_USER": "viewer", "VCD_PASSWORD": "viewer-secret-1"}
        finished = run_cases(tmp_path, [case("viewer")], viewer)
        assert finished.outcomes["viewer"]["failed"] is False, finished.outcomes
        assert finished.outcomes["viewer"]["msg"]["verified"] is True
        assert writes(sim) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/configmaps$"),  # after the delete: the ConfigMap is missing and CPI scaled to 0
        ("DELETE", "/configmaps/vcloud-ccm-configmap"),
        ("PATCH", "/scale"),
    ],
)
def test_an_interrupted_run_is_finished_by_the_next(tmp_path: Path, method: str, path: str) -> None:
    """The role finishes the change. Before and after that, the test runs the module without the role."""
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        environment = connection(sim, kube)
        wanted = {"scenario": "shared_external", "restore_dir": str(tmp_path / "points")}

        def module(phase: str, **options: Any) -> dict[str, Any]:
            given = {"phase": phase, **wanted, **options}
            return ModuleRun("vcd_cluster_shared_ip", given, environment).start().wait()

        # the first POST is the backup; from the next one on, every attempt fails
        skip = 2 if method == "POST" else 1
        fault = {"method": method, "path": path, "nth": skip, "times": 1000, "action": "status", "code": 403}
        kube.faults([fault])
        planned = module("plan")
        assert planned["ok"], planned["summary"]
        assert module("change", plan=planned["plan"])["failed"] is True
        assert writes(kube)
        kube.faults([])
        words = ["vcd.kubernetes.shared_ip", "-e", "shared_ip_scenario=shared_external"]
        code, output = ansible_playbook(tmp_path, words, environment)
        assert code == 0, output[-3000:]
        assert "an earlier change was interrupted; this run finishes it" in output
        assert "verification of shared_external: passed" in output
        assert "changed=1" in output
        again = module("plan")
        assert again["ok"], again["summary"]
        assert again["plan"]["pending"] is False
        assert again["verification"]["ok"], again["verification"]["summary"]
