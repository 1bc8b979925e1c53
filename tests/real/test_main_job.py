# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job: the role moves a cluster to another scenario, and CPI creates the next Service in the new shape."""

from __future__ import annotations

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from control_plane.testing import service
from real_model import add, new_service, port
from real_stage import Stage
from real_tenant import Objects

EXTERNAL, INTERNAL, DISTINCT = (item.value for item in Scenario)
WEB = service("web", [port("http", 80, "http"), port("db", 5432)])


@pytest.mark.parametrize(
    "path",
    [
        (EXTERNAL, INTERNAL, EXTERNAL, DISTINCT),
        (INTERNAL, DISTINCT, INTERNAL),
        (DISTINCT, EXTERNAL),
    ],
    ids=" to ".join,
)
def test_the_role_moves_a_cluster_and_cpi_follows(stage: Stage, path: tuple[str, ...]) -> None:
    """All six moves, in chains; in each scenario CPI creates a Service in the right shape, and deletes it."""
    stage.start_cpi(path[0])
    for scenario in path[1:]:
        before = stage.cluster.wait_for_cpi()
        run = stage.playbook("vcd.kubernetes.shared_ip", shared_ip_scenario=scenario)
        assert run.code == 0, run
        after = stage.cluster.wait_for_cpi()
        assert after != before, "CPI was not restarted"
        assert stage.cluster.agent.mounted("kube-system", after)["vcloud-ccm-config-volume"] == {
            "vcloud-ccm-config.yaml": stage.in_file()
        }
        seen = stage.cluster.kubectl("-n", "kube-system", "get", "deployment,configmap")
        assert "deployment.apps/vmware-cloud-director-ccm   1/1" in seen
        assert "configmap/vcloud-ccm-configmap-backup" in seen  # the way back

        external_ip = stage.create(WEB)
        expected = Objects({}, {}, {}, {})
        for objects in new_service(stage, WEB, Scenario(scenario), external_ip, []):
            add(expected, objects)
        differences = stage.objects().differences(expected)
        assert not differences, "\n".join(differences)
        assert external_ip in stage.cluster.kubectl("get", "service", "web")
        stage.delete("web")
        assert stage.objects().names == set()


def test_a_second_run_changes_nothing(stage: Stage) -> None:
    stage.start_cpi(INTERNAL)
    pod = stage.cluster.wait_for_cpi()
    run = stage.playbook("vcd.kubernetes.shared_ip", shared_ip_scenario=INTERNAL)
    assert run.code == 0, run
    assert "changed=0" in run.output
    assert stage.cluster.wait_for_cpi() == pod


def test_the_role_stops_before_it_breaks_a_service(stage: Stage) -> None:
    stage.start_cpi(EXTERNAL)
    stage.create(WEB)
    before, file, pod = stage.objects(), stage.in_file(), stage.cluster.wait_for_cpi()
    run = stage.playbook("vcd.kubernetes.shared_ip", shared_ip_scenario=INTERNAL)
    assert run.code != 0, run
    assert "default/web" in run.output
    assert (stage.objects(), stage.in_file(), stage.cluster.wait_for_cpi()) == (before, file, pod)
