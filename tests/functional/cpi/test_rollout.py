# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a rollout, their order, and the file that CPI finally has mounted."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import REPLICAS, STATE
from cpi_helpers import KEY, RANGE
from kube_double.testing import KubeDouble
from rollout_helpers import (
    BACKUP,
    DEPLOYMENT,
    EXTERNAL,
    INTERNAL,
    NAME,
    NAMESPACE,
    file,
    make_mutable,
    mounted,
    older_than_a_second,
    restart_manually,
    run,
    running,
    scale,
    settle,
    writes,
)


def test_an_immutable_config_map_is_replaced_in_the_right_order(fresh: KubeDouble) -> None:
    before = fresh.get("ConfigMap", NAMESPACE, NAME)
    done = run(fresh, **EXTERNAL)
    after, backup = fresh.get("ConfigMap", NAMESPACE, NAME), fresh.get("ConfigMap", NAMESPACE, BACKUP)
    assert before is not None
    assert after is not None
    assert backup is not None
    assert writes(fresh) == [
        ("POST", "configmaps"),
        ("PATCH", f"deployments/{DEPLOYMENT}/scale"),
        ("DELETE", f"configmaps/{NAME}"),
        ("POST", "configmaps"),
        ("PATCH", f"deployments/{DEPLOYMENT}/scale"),
        ("PUT", f"configmaps/{BACKUP}"),
    ]
    assert (after["immutable"], after["metadata"].get("labels")) == (True, before["metadata"].get("labels"))
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert backup["metadata"]["annotations"] == {STATE: "finished", REPLICAS: "1"}
    assert mounted(fresh) == [file(fresh)]
    assert "enableVirtualServiceSharedIP: true" in file(fresh)
    assert done.changed
    assert done.result["scenario_before"] == "distinct_internal"
    assert done.result["scenario_after"] == "shared_external"
    assert done.result["restart"] == {
        "done": "recreate", "needed": True, "reason": "the content changes, and CPI reads it only when it starts",
    }  # fmt: skip
    assert len(done.result["steps"]) == 8
    assert done.result["deployment"]["ready"]


def test_every_change_of_scenario_works_and_a_second_run_changes_nothing(fresh: KubeDouble) -> None:
    distinct: dict[str, Any] = {"scenario": "distinct_internal", "one_arm": RANGE}
    for wanted_edit in (EXTERNAL, INTERNAL, distinct, INTERNAL, EXTERNAL, distinct):
        assert run(fresh, **wanted_edit).changed
        assert mounted(fresh) == [file(fresh)]
        again = len(fresh.journal())
        done = run(fresh, **wanted_edit)
        assert (done.changed, done.result["steps"], done.result["restart"]["done"]) == (False, [], "none")
        assert [entry for entry in fresh.journal()[again:] if entry["method"] != "GET"] == []
        assert done.result["scenario_after"] == wanted_edit["scenario"]


def test_labels_annotations_and_other_keys_are_kept(fresh: KubeDouble) -> None:
    found = fresh.get("ConfigMap", NAMESPACE, NAME)
    assert found is not None
    fresh.delete("ConfigMap", NAMESPACE, NAME)
    owned = {
        **found,
        "metadata": {
            "name": NAME, "namespace": NAMESPACE, "labels": {"team": "net"}, "annotations": {"note": "keep \u00e9"},
        },
        "data": {**found["data"], "other.yaml": "a: 1\n"},
        "binaryData": {"blob": "AAEC"},
    }  # fmt: skip
    fresh.apply(owned)
    restart_manually(fresh)
    run(fresh, **EXTERNAL)
    after = fresh.get("ConfigMap", NAMESPACE, NAME)
    assert after is not None
    assert (after["metadata"]["labels"], after["metadata"]["annotations"]) == ({"team": "net"}, {"note": "keep \u00e9"})
    assert (after["data"]["other.yaml"], after["binaryData"], after["immutable"]) == ("a: 1\n", {"blob": "AAEC"}, True)


def test_check_mode_plans_the_same_and_writes_nothing(fresh: KubeDouble) -> None:
    planned = run(fresh, check=True, **EXTERNAL)
    assert writes(fresh) == []
    done = run(fresh, **EXTERNAL)
    same = ("scenario_before", "scenario_after", "one_arm", "restart", "steps", "resumed")
    assert {name: planned.result[name] for name in same} == {name: done.result[name] for name in same}
    assert (planned.changed, planned.before, planned.after) == (done.changed, done.before, done.after)


def test_a_mutable_config_map_is_replaced_and_the_pod_deleted(fresh: KubeDouble) -> None:
    make_mutable(fresh)
    uid = (fresh.get("ConfigMap", NAMESPACE, NAME) or {})["metadata"]["uid"]
    start = len(writes(fresh))
    done = run(fresh, **EXTERNAL)
    pod = [path for method, path in writes(fresh)[start:] if path.startswith("pods/")]
    assert [method for method, _path in writes(fresh)[start:]] == ["POST", "PUT", "DELETE", "PUT"]
    assert len(pod) == 1
    assert done.result["restart"]["done"] == "delete_pod"
    assert (fresh.get("ConfigMap", NAMESPACE, NAME) or {})["metadata"]["uid"] == uid
    assert mounted(fresh) == [file(fresh)]
    assert not run(fresh, **EXTERNAL).changed


def test_a_mutable_config_map_can_be_recreated_by_scaling(fresh: KubeDouble) -> None:
    make_mutable(fresh)
    done = run(fresh, **EXTERNAL, restart="recreate")
    assert done.result["restart"]["done"] == "recreate"
    assert mounted(fresh) == [file(fresh)]


def test_restart_never_keeps_the_pod_and_reports_the_needed_restart(fresh: KubeDouble) -> None:
    pod = running(fresh)[0]["metadata"]["uid"]
    fresh.wait_for(lambda: older_than_a_second(fresh), "the pod is a second old")
    done = run(fresh, **EXTERNAL, restart="never")
    assert [found["metadata"]["uid"] for found in running(fresh)] == [pod]
    assert done.result["restart"]["done"] == "none"
    assert done.result["restart"]["needed"]
    assert "restart is never" in done.result["restart"]["reason"]
    later = run(fresh, **EXTERNAL)
    assert later.changed
    assert "is older than the ConfigMap" in later.result["restart"]["reason"]
    assert mounted(fresh) == [file(fresh)]
    assert not run(fresh, **EXTERNAL).changed


def test_a_stale_pod_is_restarted_although_the_file_is_correct(fresh: KubeDouble) -> None:
    """An operator deleted and created the ConfigMap manually, and did not restart CPI."""
    fresh.wait_for(lambda: older_than_a_second(fresh), "the pod is a second old")
    found = fresh.get("ConfigMap", NAMESPACE, NAME)
    assert found is not None
    fresh.delete("ConfigMap", NAMESPACE, NAME)
    changed = {**found["data"], KEY: found["data"][KEY].replace("SharedIP: false", "SharedIP: true")}
    fresh.apply({**found, "metadata": {"name": NAME, "namespace": NAMESPACE}, "data": changed})
    assert mounted(fresh) != [file(fresh)]
    done = run(fresh, **INTERNAL)
    assert done.result["scenario_before"] == done.result["scenario_after"] == "shared_internal"
    assert done.changed
    assert done.result["restart"]["done"] == "recreate"
    assert "so CPI runs with other content" in done.result["restart"]["reason"]
    assert mounted(fresh) == [file(fresh)]
    assert ("DELETE", f"configmaps/{NAME}") not in writes(fresh)[-4:]


def test_the_double_catches_the_wrong_order(fresh: KubeDouble) -> None:
    """A pod deleted right after the ConfigMap was recreated gets the old content: the reason for the order."""
    found = fresh.get("ConfigMap", NAMESPACE, NAME)
    assert found is not None
    fresh.delete("ConfigMap", NAMESPACE, NAME)
    changed = {**found["data"], KEY: found["data"][KEY].replace("SharedIP: false", "SharedIP: true")}
    fresh.apply({**found, "metadata": {"name": NAME, "namespace": NAMESPACE}, "data": changed})
    old = running(fresh)[0]["metadata"]["name"]
    fresh.delete("Pod", NAMESPACE, old)
    fresh.wait_for(lambda: any(pod["metadata"]["name"] != old for pod in running(fresh)), "a new pod")
    assert mounted(fresh) == [found["data"][KEY]]


@pytest.mark.parametrize("replicas", [0, 3])
def test_replicas_are_restored(fresh: KubeDouble, replicas: int) -> None:
    scale(fresh, replicas)
    fresh.wait_for(lambda: len(fresh.list("Pod", NAMESPACE, f"app={DEPLOYMENT}")) == replicas, "scaled")
    settle(fresh, replicas)
    done = run(fresh, **EXTERNAL)
    assert (fresh.get("Deployment", NAMESPACE, DEPLOYMENT) or {})["spec"]["replicas"] == replicas
    assert mounted(fresh) == [file(fresh)] * replicas
    if not replicas:
        assert done.result["restart"] == {
            "done": "none", "needed": False,
            "reason": "the Deployment has 0 replicas; CPI will read the content when it is scaled up",
        }  # fmt: skip


def test_a_paused_deployment_is_restarted_and_stays_paused(fresh: KubeDouble) -> None:
    path = fresh.path("Deployment", NAMESPACE, DEPLOYMENT)
    fresh.request("PATCH", path, {"spec": {"paused": True}}, "application/merge-patch+json")
    assert run(fresh, **EXTERNAL).result["deployment"]["ready"]
    assert (fresh.get("Deployment", NAMESPACE, DEPLOYMENT) or {})["spec"]["paused"]
    assert mounted(fresh) == [file(fresh)]


def test_the_file_can_be_changed_without_a_deployment(fresh: KubeDouble) -> None:
    fresh.delete("Deployment", NAMESPACE, DEPLOYMENT)
    fresh.wait_for(lambda: not fresh.list("Pod", NAMESPACE, f"app={DEPLOYMENT}"), "no pod")
    done = run(fresh, **EXTERNAL)
    assert done.result["deployment"] is None
    assert done.result["restart"]["reason"] == f"Deployment {NAMESPACE}/{DEPLOYMENT} does not exist"
    assert "SharedIP: true" in file(fresh)


def test_without_waiting_the_run_ends_before_the_pod_is_up(fresh: KubeDouble) -> None:
    done = run(fresh, **EXTERNAL, wait=False)
    assert not any("is ready" in step for step in done.result["steps"])
    settle(fresh)
    assert mounted(fresh) == [file(fresh)]
    assert not run(fresh, **EXTERNAL).changed
