# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments, scheduling, garbage collection and namespaces, with a clock that the test moves."""

from __future__ import annotations

from typing import Any

import pytest
from kube_double.errors import ApiError
from kube_double.registry import DeleteOptions
from kube_double.resources import of_kind


def phases(stage: Any) -> list[str]:
    return ["Terminating" if "deletionTimestamp" in pod["metadata"] else pod["status"]["phase"] for pod in stage.pods()]


def template_change(current: Any) -> Any:
    current["spec"]["template"]["metadata"]["annotations"] = {"restarted": "now"}
    return current


def test_pods_take_time_to_start_and_to_end(stage: Any, make: Any) -> None:
    found = stage(*make.nodes, make.config_map("x"), make.deployment())
    assert phases(found) == ["Pending"]
    found.at(0.99)
    assert phases(found) == ["Pending"]
    found.at(1)
    assert phases(found) == ["Running"]
    found.scale(0)
    found.at(2.99)
    assert phases(found) == ["Terminating"]
    found.at(3)
    assert phases(found) == []


def test_pods_of_a_running_cluster_are_ready_from_the_start_and_after_a_reset(stage: Any, make: Any) -> None:
    found = stage()
    found.cluster.start([*make.nodes, make.config_map("x"), make.deployment()], running=True)
    assert phases(found) == ["Running"]
    found.scale(2)
    assert phases(found) == ["Running", "Pending"]
    found.cluster.reset()
    assert phases(found) == ["Running"]


def test_overdue_changes_happen_in_order(stage: Any, make: Any) -> None:
    """A rolling update: the new pod starts (1 s), then the old one ends (2 s). The test looks only afterwards."""
    found = stage(*make.nodes, make.config_map("x"), make.deployment())
    found.at(10)
    found.do("update", "Deployment", "agent", template_change)
    assert phases(found) == ["Running", "Pending"]
    found.at(12.99)
    assert phases(found) == ["Terminating", "Running"]
    found.at(13)
    assert phases(found) == ["Running"]


def test_rolling_update_keeps_within_surge_and_unavailable(stage: Any, make: Any) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    found = stage(*make.nodes, make.config_map("x"), make.deployment(replicas=3, strategy=rolling))
    found.at(10)
    found.do("update", "Deployment", "agent", template_change)
    moment = 10.0
    while found.get("Deployment", "agent")["status"].get("updatedReplicas") != 3 or len(found.pods()) > 3:
        active = [phase for phase in phases(found) if phase != "Terminating"]
        assert len(active) <= 4
        assert active.count("Running") >= 3
        moment += 0.25
        assert moment < 30
        found.at(moment)
    assert phases(found) == ["Running"] * 3


def test_status_follows_the_generation(stage: Any, make: Any) -> None:
    found = stage(*make.nodes, make.config_map("x"), make.deployment())
    found.at(1)
    before = found.get("Deployment", "agent")
    assert before["metadata"]["generation"] == before["status"]["observedGeneration"] == 1
    assert before["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "1"}
    found.do("update", "Deployment", "agent", lambda current: current["metadata"].update(labels={"a": "b"}) or current)
    assert found.get("Deployment", "agent")["metadata"]["generation"] == 1
    found.do("update", "Deployment", "agent", template_change)
    after = found.get("Deployment", "agent")
    assert after["metadata"]["generation"] == after["status"]["observedGeneration"] == 2
    assert after["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "2"}


def test_a_rollback_uses_the_old_replica_set_again(stage: Any, make: Any) -> None:
    found = stage(*make.nodes, make.config_map("x"), make.deployment())
    found.at(10)
    original = found.get("Deployment", "agent")["spec"]
    found.do("update", "Deployment", "agent", template_change)
    found.at(20)
    found.do("update", "Deployment", "agent", lambda current: current | {"spec": original})
    found.at(30)
    sets = list(found.cluster.store.items(of_kind("ReplicaSet")))
    revisions = {item["metadata"]["annotations"]["deployment.kubernetes.io/revision"] for item in sets}
    assert (len(sets), revisions) == (2, {"2", "3"})


def test_old_replica_sets_beyond_the_limit_are_deleted(stage: Any, make: Any) -> None:
    found = stage(*make.nodes, make.config_map("x"), make.deployment(revisionHistoryLimit=1))
    for round_number in range(4):
        found.at(10 * (round_number + 1))

        def change(current: Any, mark: int = round_number) -> Any:
            current["spec"]["template"]["metadata"]["annotations"] = {"round": str(mark)}
            return current

        found.do("update", "Deployment", "agent", change)
    found.at(100)
    assert len(list(found.cluster.store.items(of_kind("ReplicaSet")))) == 2


def test_a_paused_deployment_does_not_roll(stage: Any, make: Any) -> None:
    found = stage(*make.nodes, make.config_map("x"), make.deployment())
    found.at(1)
    found.do(
        "update", "Deployment", "agent", lambda current: template_change(current)["spec"].update(paused=True) or current
    )
    found.at(10)
    assert len(list(found.cluster.store.items(of_kind("ReplicaSet")))) == 1
    found.scale(2)
    assert len(found.pods()) == 2


def test_progress_has_a_deadline(stage: Any, make: Any) -> None:
    found = stage(make.config_map("x"), make.deployment(progressDeadlineSeconds=30))

    def reason() -> str:
        conditions = found.get("Deployment", "agent")["status"]["conditions"]
        return str(next(entry["reason"] for entry in conditions if entry["type"] == "Progressing"))

    found.at(29)
    assert reason() == "ReplicaSetUpdated"
    found.at(31)
    assert reason() == "ProgressDeadlineExceeded"


def test_min_ready_seconds_delay_availability(stage: Any, make: Any) -> None:
    found = stage(*make.nodes, make.config_map("x"), make.deployment(minReadySeconds=5))
    found.at(5.9)
    status = found.get("Deployment", "agent")["status"]
    assert (status["readyReplicas"], status.get("availableReplicas")) == (1, None)
    found.at(6.1)
    assert found.get("Deployment", "agent")["status"]["availableReplicas"] == 1


def test_a_deployment_without_its_service_account_reports_it(stage: Any, make: Any) -> None:
    item = make.deployment()
    item["spec"]["template"]["spec"]["serviceAccountName"] = "missing"
    found = stage(*make.nodes, make.config_map("x"), item)
    failure = next(
        entry for entry in found.get("Deployment", "agent")["status"]["conditions"] if entry["type"] == "ReplicaFailure"
    )
    assert (
        'error looking up service account kube-system/missing: serviceaccount "missing" not found' in failure["message"]
    )
    found.do("create", "ServiceAccount", {"metadata": {"name": "missing"}})
    found.at(1)
    assert phases(found) == ["Running"]


# -- scheduling ----------------------------------------------------------------------------------------------------


def pod(**spec: Any) -> Any:
    containers = [{"name": "main", "image": "example.com/x:1"}]
    return {"metadata": {"name": "one"}, "spec": {"containers": containers} | spec}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"nodeSelector": {"disk": "fast"}}, "worker-2"),
        ({"nodeSelector": {"disk": "none"}}, None),
        ({"nodeName": "cp-1"}, "cp-1"),
        ({"tolerations": [{"key": "busy", "operator": "Exists"}], "nodeSelector": {"taint": "yes"}}, "worker-3"),
        ({"tolerations": [{"key": "busy", "value": "no"}], "nodeSelector": {"taint": "yes"}}, None),
        ({"nodeSelector": {"taint": "yes"}}, None),
    ],
)
def test_a_pod_is_bound_to_a_node_that_matches(stage: Any, make: Any, spec: Any, expected: str | None) -> None:
    second, third = make.node("worker-2"), make.node("worker-3")
    second["metadata"]["labels"] = {"disk": "fast"}
    third["metadata"]["labels"] = {"taint": "yes"}
    third["spec"] = {"taints": [{"key": "busy", "value": "yes", "effect": "NoSchedule"}]}
    found = stage(*make.nodes, second, third)
    found.do("create", "Pod", pod(**spec))
    assert found.get("Pod", "one")["spec"].get("nodeName") == expected


def test_a_pod_without_a_matching_node_says_why_and_waits(stage: Any, make: Any) -> None:
    found = stage(make.node("worker-1"), make.config_map("x"), make.deployment())
    found.at(5)
    (entry,) = found.pods()[0]["status"]["conditions"]
    assert (entry["type"], entry["reason"]) == ("PodScheduled", "Unschedulable")
    assert entry["message"] == "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
    found.registry.create(of_kind("Node"), "", make.node("cp-9", True))
    found.at(6)
    assert phases(found) == ["Running"]


def test_host_ports_are_in_use_until_the_pod_is_gone(stage: Any, make: Any) -> None:
    item = make.deployment()
    spec = item["spec"]["template"]["spec"]
    spec["hostNetwork"] = True
    spec["containers"][0]["ports"] = [{"containerPort": 8080}]
    found = stage(*make.nodes, make.config_map("x"), item)
    found.at(1)
    assert found.pods()[0]["status"]["podIP"] == "10.10.0.10"
    found.do("delete", "Pod", found.pods()[0]["metadata"]["name"], DeleteOptions())
    assert phases(found) == ["Terminating", "Pending"]
    assert "nodeName" not in found.pods()[1]["spec"]
    found.at(4)
    assert phases(found) == ["Running"]


# -- deletion ------------------------------------------------------------------------------------------------------


def test_a_grace_period_is_an_upper_bound(stage: Any, make: Any) -> None:
    found = stage(*make.nodes)
    found.do("create", "Pod", pod())
    found.at(1)
    found.do("delete", "Pod", "one", DeleteOptions(grace=1))
    meta = found.get("Pod", "one")["metadata"]
    assert meta["deletionGracePeriodSeconds"] == 1
    found.at(2)
    with pytest.raises(ApiError, match="not found"):
        found.get("Pod", "one")


def test_a_second_delete_can_only_shorten_the_grace_period(stage: Any, make: Any) -> None:
    found = stage(*make.nodes)
    found.do("create", "Pod", pod())
    found.at(1)
    found.do("delete", "Pod", "one", DeleteOptions())
    found.do("delete", "Pod", "one", DeleteOptions(grace=600))
    assert found.get("Pod", "one")["metadata"]["deletionGracePeriodSeconds"] == 30
    found.do("delete", "Pod", "one", DeleteOptions(grace=0))
    with pytest.raises(ApiError, match="not found"):
        found.get("Pod", "one")


def test_an_unscheduled_pod_is_deleted_at_once(stage: Any) -> None:
    found = stage()
    found.do("create", "Pod", pod())
    found.do("delete", "Pod", "one", DeleteOptions())
    assert found.pods() == []


def test_a_namespace_is_deleted_with_its_content(stage: Any, make: Any) -> None:
    found = stage(*make.nodes)
    found.registry.create(of_kind("Namespace"), "", {"metadata": {"name": "short"}})
    found.cluster.settle()
    found.registry.create(of_kind("Pod"), "short", pod())
    found.at(1)
    found.registry.delete(of_kind("Namespace"), "", "short", DeleteOptions())
    found.cluster.settle()
    namespace = found.registry.get(of_kind("Namespace"), "", "short")
    assert namespace["status"]["phase"] == "Terminating"
    with pytest.raises(ApiError, match="because it is being terminated"):
        found.registry.create(of_kind("ConfigMap"), "short", {"metadata": {"name": "x"}})
    found.at(3)
    with pytest.raises(ApiError, match='namespaces "short" not found'):
        found.registry.get(of_kind("Namespace"), "", "short")
    assert not [item for item in found.cluster.dump() if item["metadata"].get("namespace") == "short"]


def test_kube_system_cannot_be_deleted(stage: Any) -> None:
    with pytest.raises(ApiError, match="this namespace may not be deleted"):
        stage().registry.delete(of_kind("Namespace"), "", "kube-system", DeleteOptions())


def test_default_objects_of_a_namespace_are_recreated(stage: Any) -> None:
    found = stage()
    before = found.get("ServiceAccount", "default")["metadata"]["uid"]
    found.do("delete", "ServiceAccount", "default", DeleteOptions())
    assert found.get("ServiceAccount", "default")["metadata"]["uid"] != before
    assert found.get("ConfigMap", "kube-root-ca.crt")["data"].keys() == {"ca.crt"}
