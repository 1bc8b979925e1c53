# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small fleet: the demo with failures, and the figures of the benchmark. No test depends on durations.

The run that the demo cancels is its own process. The others are forked, as in most tests.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import fleet
import fleet_bench
import fleet_demo
import pytest
from fleet import DEPLOYMENT, Fleet, doubles, stopped_for
from kube_double.testing import KubeApi

SMALL = fleet_bench.Settings(clusters=2, edges=2, alone=1, many=1, task_seconds=0.02, request_seconds=0)


@pytest.fixture(autouse=True)
def _forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "FORKED", True)


def test_a_cancelled_run_and_a_broken_cluster_are_finished_by_the_same_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = fleet_demo.main(["--clusters", "3", "--edges", "2", "--work", str(tmp_path / "work")])
    shown = capsys.readouterr().out
    assert code == 0, shown
    assert "NOT SHOWN" not in shown
    broken = (
        r"c002: FAILED, .*edge gateway edge-1, CPI is STOPPED \(0 replicas\), 1 Service moved, \d ports? STILL DOWN"
    )
    assert re.search(rf"{broken} \(for [\d.]+ s when the run ended\): default/web-2: .*NSX is ill", shown)
    assert "3 clusters: 1 changed, 2 unchanged" in shown.rpartition("3. The cause")[2]
    assert len(re.findall(r"^   report: \S+\.html \(\d+ kB\)$", shown, re.MULTILINE)) == 2


def test_the_benchmark_of_fleets_counts_every_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_bench, "QUICK", SMALL)
    output = tmp_path / "deep" / "fleet.json"
    assert fleet_bench.main(["--quick", "--output", str(output)]) == 0
    found = json.loads(output.read_text())
    stopped = found["stopped"]
    assert (len(stopped["alone"]), len(stopped["together"])) == (1, 2)
    assert all(seconds > 0 for seconds in (*stopped["alone"], *stopped["together"]))
    assert stopped["ratios"]["worst"] == pytest.approx(max(stopped["together"]) / stopped["alone"][0], abs=1e-3)
    assert stopped["late_alone"] > 0
    assert stopped["late_together"] > 0
    assert [one["clusters"] for one in found["cost"]] == [2, 1, 2]
    assert all(one["cpu_seconds"] > 0 for one in found["cost"])
    # a run without changes: 12 requests for each cluster
    assert [one["requests"] for one in found["cost"]] == [24, 12, 24]
    assert len(fleet_bench.lines(found)) == 6


def test_a_migration_in_batches_leaves_standard_output_to_a_json_callback(tmp_path: Path) -> None:
    """Three clusters on three edge gateways, with a fork for each: only `serial` makes the last one wait."""
    words = ["-e", "shared_ip_scenario=shared_external", "-e", "shared_ip_existing=migrate", "--forks", "3"]
    with doubles(Fleet(3, 3, services=1), tmp_path) as running:
        running.clear()
        done = running.run(*words, "-e", "shared_ip_serial=2", ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
        assert done.code == 0, done.errors
        times = {name: scaled(running.kube[name]) for name in running.fleet.names}
    stats = json.loads(done.output)["stats"]
    assert all(stats[name]["failures"] == 0 for name in running.fleet.names)
    moved = re.findall(r"^shared_ip: (c00\d): 1 of 1 default/web-1: migrated", done.errors, re.MULTILINE)
    assert sorted(moved) == running.fleet.names
    assert times["c003"][0] > max(times["c001"][1], times["c002"][1])


def scaled(cluster: KubeApi) -> list[float]:
    """When CPI was scaled to 0, and when it was scaled up again."""
    return [entry["time"] for entry in cluster.journal() if entry["object"] == DEPLOYMENT and entry["method"] != "GET"]


def test_cpi_is_not_stopped_for_the_time_of_a_request_that_was_refused(tmp_path: Path) -> None:
    with doubles(Fleet(1, 1, services=1, ports=1), tmp_path) as running:
        cluster: KubeApi = running.kube["c001"]
        assert stopped_for(cluster) is None
        path = cluster.path("Deployment", "kube-system", "vmware-cloud-director-ccm") + "/scale"
        kind = "application/merge-patch+json"
        cluster.faults([{"method": "PATCH", "action": "status", "code": 409, "times": 1}])
        with pytest.raises(OSError, match="409"):
            cluster.request("PATCH", path, {"spec": {"replicas": 0}}, kind)
        cluster.request("PATCH", path, {"spec": {"replicas": 1}}, kind)
        assert stopped_for(cluster) is None
        cluster.journal(clear=True)
        for replicas in (0, 1):
            cluster.request("PATCH", path, {"spec": {"replicas": replicas}}, kind)
        assert stopped_for(cluster) == pytest.approx(0, abs=60)
