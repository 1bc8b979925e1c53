# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelet keeps an immutable ConfigMap as long as a pod of its node references it: the effect of a wrong order."""

from __future__ import annotations

from control_plane.api import wait_until
from control_plane.cpi import CONFIG_MAP, FILE, NAMESPACE
from real_stage import Stage

VOLUME = "vcloud-ccm-config-volume"


def test_a_pod_deleted_right_after_a_new_config_map_brings_the_old_content_back(stage: Stage) -> None:
    """What people do: replace the ConfigMap, and delete the pod. The new pod starts before the old one ends."""
    stage.start_cpi("distinct_internal")
    old_pod, old = stage.cluster.wait_for_cpi(), stage.in_file()
    stage.cluster.api.delete("ConfigMap", NAMESPACE, CONFIG_MAP)
    stage.cluster.api.create(stage.config("shared_external"))
    stage.cluster.api.delete("Pod", NAMESPACE, old_pod)
    wait_until(lambda: {pod["metadata"]["name"] for pod in stage.cluster.pods()} - {old_pod}, "a new pod")
    wait_until(lambda: len(stage.cluster.pods()) == 1, "the old pod is gone")
    new_pod = stage.cluster.wait_for_cpi()
    assert new_pod != old_pod
    assert stage.in_file() != old
    assert stage.cluster.agent.mounted(NAMESPACE, new_pod)[VOLUME] == {FILE: old}


def test_vcd_ccm_config_gives_the_new_pod_the_new_content(stage: Stage) -> None:
    stage.start_cpi("distinct_internal")
    old_pod = stage.cluster.wait_for_cpi()
    run = stage.module("vcd.kubernetes.vcd_ccm_config", scenario="shared_external")
    assert run.code == 0, run
    new_pod = stage.cluster.wait_for_cpi()
    assert new_pod != old_pod
    assert "oneArm" not in stage.in_file()
    assert stage.cluster.agent.mounted(NAMESPACE, new_pod)[VOLUME] == {FILE: stage.in_file()}
    info = stage.module("vcd.kubernetes.vcd_ccm_config_info")
    assert info.code == 0, info
    assert [(pod["name"], pod["config"]) for pod in info.facts["pods"]] == [(new_pod, "current")]
