# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the playbooks over several clusters: each is handled separately, and the summary contains all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from kube_double.testing import KubeDouble
from role_runs import ansible_playbook, connection, cpi_objects, forked_python_program, started_playbook, writes
from vcdsim.testing import Simulator


class TwoClusters(NamedTuple):
    """Two clusters on one edge gateway; alpha is in distinct_internal and goes to shared_external, beta stays."""

    sim: Simulator
    alpha: KubeDouble
    beta: KubeDouble

    def hosts(self) -> dict[str, dict[str, Any]]:
        return {
            "alpha": {"shared_ip_kubeconfig": str(self.alpha.kubeconfig), "shared_ip_scenario": "shared_external"},
            "be-ta": {"shared_ip_kubeconfig": str(self.beta.kubeconfig), "shared_ip_scenario": "distinct_internal"},
        }

    def environment(self) -> dict[str, str]:
        found = {**connection(self.sim, self.alpha), "ANSIBLE_SHOW_CUSTOM_STATS": "true"}
        del found["K8S_AUTH_KUBECONFIG"]
        return found


@pytest.fixture(scope="module")
def running() -> Iterator[TwoClusters]:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as alpha, KubeDouble(objects=cpi_objects()) as beta:
        yield TwoClusters(sim, alpha, beta)


@pytest.fixture
def estate(running: TwoClusters) -> TwoClusters:
    for double in running:
        double.reset()
    return running


def run(
    folder: Path, estate: TwoClusters, hosts: Mapping[str, Any], *words: str, playbook: str = "shared_ip"
) -> tuple[int, str]:
    """Run a playbook over the group ``clusters``."""
    (folder / "hosts.yml").write_text(yaml.safe_dump({"clusters": {"hosts": dict(hosts)}}, sort_keys=False))
    command = [f"vcd.kubernetes.{playbook}", "-i", "hosts.yml", *words]
    return ansible_playbook(folder, command, estate.environment())


def recap(output: str, what: str = "changed") -> dict[str, int]:
    """How many tasks changed something (or failed) on each host."""
    lines = [line for line in output.splitlines() if "unreachable=0" in line and f"{what}=" in line]
    found = {line.split()[0]: int(line.partition(f"{what}=")[2].split()[0]) for line in lines}
    found.pop("localhost", None)  # only checks whether the group has clusters
    return found


def statistics(output: str) -> dict[str, Any]:
    """The artifacts that a workflow gets."""
    found: dict[str, Any] = json.loads(output.partition("CUSTOM STATS")[2].partition("RUN: ")[2])
    return found


def summary(output: str) -> list[str]:
    """The lines of the summary at the end."""
    return re.findall(
        r'^ *"(.*?)",?$', output.partition("TASK [vcd.kubernetes.shared_ip : Show the summary]")[2], re.MULTILINE
    )


def test_several_clusters_are_planned_then_applied(tmp_path: Path, estate: TwoClusters) -> None:
    sim, alpha, beta = estate
    words = ["-e", '{"shared_ip_hosts": ["alpha", "be-ta"]}']
    code, output = run(tmp_path, estate, estate.hosts(), *words, "--check")
    assert code == 0, output[-3000:]
    assert writes(sim, alpha, beta) == []
    assert recap(output) == {"alpha": 1, "be-ta": 0}
    assert "2 clusters: 1 would change, 1 unchanged" in output
    code, output = run(tmp_path, estate, estate.hosts(), *words)
    assert code == 0, output[-3000:]
    assert recap(output) == {"alpha": 1, "be-ta": 0}
    assert writes(alpha)
    assert writes(sim, beta) == []
    ends = {one["cluster"]: one for one in statistics(output).values()}
    assert {name: one["state"] for name, one in ends.items()} == {"alpha": "changed", "be-ta": "unchanged"}
    assert ends["alpha"]["cpi"] == 1
    assert all(len(json.dumps(one)) < 2048 for one in ends.values())
    code, output = run(tmp_path, estate, estate.hosts(), *words, playbook="verify")
    assert code == 0, output[-3000:]
    assert "2 clusters: 2 verified" in output
    assert all(line.endswith(", CPI has 1 replica") for line in summary(output)[1:3]), output[-3000:]


def test_edge_gateways_alternate_if_the_inventory_names_them(tmp_path: Path, estate: TwoClusters) -> None:
    nowhere = {"shared_ip_kubeconfig": "/nowhere", "shared_ip_scenario": "shared_external"}
    named = [("a", "north"), ("b", "north"), ("c", "south"), ("d", "south"), ("e", ""), ("f", "")]
    hosts = {name: {**nowhere, "shared_ip_edge_gateway": edge} for name, edge in named}
    for per_edge, order in (("", "acebdf"), (2, "abcdef")):
        words = ["--forks", "1", "-e", "shared_ip_hosts=clusters", "-e", f"shared_ip_forks_per_edge={per_edge}"]
        code, output = run(tmp_path, estate, hosts, *words)
        assert code == 2
        assert list(re.findall(r"^  ([a-f]): FAILED", "\n".join(summary(output)), re.MULTILINE)) == list(order)


@pytest.mark.parametrize("callback", ["ansible.posix.json", "ansible.posix.jsonl"])
def test_progress_leaves_standard_output_to_the_callback(callback: str, tmp_path: Path, estate: TwoClusters) -> None:
    environment = {
        **estate.environment(),
        "ANSIBLE_STDOUT_CALLBACK": callback,
        # another way to ask for JSON: progress lines are not results, and must not appear in it
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
    }
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"clusters": {"hosts": estate.hosts()}}, sort_keys=False))
    words = ["vcd.kubernetes.shared_ip", "-i", "hosts.yml", "-e", "shared_ip_hosts=clusters"]
    files = [tmp_path / name for name in ("output", "errors")]
    python = str(forked_python_program())
    code = started_playbook(tmp_path, words, environment, files[0], python, files[1]).wait().code
    output, errors = (file.read_text() for file in files)
    assert code == 0, errors
    documents = [json.loads(output)] if callback == "ansible.posix.json" else map(json.loads, output.splitlines())
    assert any("stats" in one for one in documents)
    assert "shared_ip: alpha: changing CPI's file" in errors.splitlines()


def test_a_failed_cluster_does_not_delay_the_others(tmp_path: Path, estate: TwoClusters) -> None:
    broken = {"shared_ip_kubeconfig": "/nowhere", "shared_ip_scenario": "shared_external"}
    # both are read before they fail: one has no login, the other is on another edge gateway
    unread = {**estate.hosts()["be-ta"], "shared_ip_vcd_password": "wrong-password-1"}
    elsewhere = {**estate.hosts()["be-ta"], "shared_ip_edge_gateway": "elsewhere"}
    hosts = {"broken": broken, "unread": unread, "elsewhere": elsewhere, **estate.hosts()}
    code, output = run(tmp_path, estate, hosts, "-e", "shared_ip_hosts=clusters")
    assert code == 2
    assert recap(output, "failed") == {"broken": 1, "unread": 1, "elsewhere": 1, "alpha": 0, "be-ta": 0}
    assert "5 clusters: 1 changed, 1 unchanged, 3 failed" in output
    lines = {line.split(":")[0].strip(): line for line in summary(output)}
    assert "broken: FAILED, CPI replicas unknown: kubeconfig '/nowhere'" in lines["broken"]
    assert "unread: FAILED, CPI has 1 replica: " in lines["unread"]
    assert "elsewhere: FAILED, " in lines["elsewhere"]
    assert ", CPI has 1 replica: " in lines["elsewhere"]
    assert writes(estate.alpha)


def test_the_summary_says_that_cpi_is_stopped(tmp_path: Path, estate: TwoClusters) -> None:
    refused = {"action": "status", "code": 403, "times": 9}
    # the ConfigMap cannot be deleted, and then CPI cannot be scaled back
    delete = {"method": "DELETE", "path": "configmaps/vcloud-ccm-configmap$", **refused}
    estate.alpha.faults([delete, {"method": "PATCH", "path": "/scale", "nth": 2, **refused}])
    code, output = run(tmp_path, estate, estate.hosts(), "-e", "shared_ip_hosts=alpha")
    assert code == 2
    (end,) = statistics(output).values()
    assert (end["state"], end["cpi"]) == ("failed", 0)
    assert "CPI is stopped" in end["reason"]


def test_no_cluster_is_started_after_too_many_failures(tmp_path: Path, estate: TwoClusters) -> None:
    broken = {"shared_ip_kubeconfig": "/nowhere", "shared_ip_scenario": "shared_external"}
    limits = ["--forks", "1", "-e", "shared_ip_hosts=clusters", "-e", "shared_ip_max_fail_percentage=20"]
    code, output = run(tmp_path, estate, {"broken": broken, **estate.hosts()}, *limits)
    assert code == 2
    assert recap(output, "failed") == {"broken": 1, "alpha": 1, "be-ta": 1}
    assert "3 clusters: 1 failed, 2 not started" in output
    assert "alpha: NOT STARTED, CPI replicas unknown: not started, because 1 of 3 clusters failed (broken)" in output
    assert writes(*estate) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "shared_ip_hosts: not given, and the inventory has 2 other hosts"),
        (["-e", "shared_ip_hosts="], "shared_ip_hosts: not given, and the inventory has 2 other hosts"),
        (["-e", "shared_ip_hosts=cluster"], "shared_ip_hosts: cluster: no host of the inventory"),
        (["-e", "shared_ip_hosts=alpha", "--limit", "be-ta"], "shared_ip_hosts: alpha: no host of the inventory"),
        (
            ["-e", "shared_ip_hosts=localhost", "--limit", "be-ta"],
            "shared_ip_hosts: localhost: no host of the inventory",
        ),
        (
            ["-e", "shared_ip_hosts=alpha", "-e", "shared_ip_forks_per_edge=0"],
            "shared_ip_forks_per_edge: 0: give a whole number, 1 or more",
        ),
    ],
)
def test_a_job_that_would_do_nothing_fails(words: list[str], message: str, tmp_path: Path, estate: TwoClusters) -> None:
    code, output = run(tmp_path, estate, estate.hosts(), *words)
    assert code == 2
    assert message in " ".join(output.split())
    assert "Choose how Services share" not in output
    assert writes(*estate) == []
