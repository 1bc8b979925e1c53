# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments and their pods: replacement, scale, strategies and status."""

from __future__ import annotations

from typing import Any

import pytest

MERGE = "application/merge-patch+json"


def scale(contract: Any, name: str, replicas: int) -> Any:
    body = {"spec": {"replicas": replicas}}
    found = contract.of("Deployment", "apps/v1")
    return found.scale.patch(name=name, namespace=contract.namespace, body=body, content_type=MERGE).to_dict()


def test_a_deployment_becomes_ready_through_owned_pods(contract: Any) -> None:
    contract.deployment("web")
    item = contract.wait(lambda: contract.ready("web"), "one ready pod")
    conditions = {entry["type"]: entry["status"] for entry in item["status"]["conditions"]}
    assert conditions == {"Available": "True", "Progressing": "True"}
    (pod,) = contract.pods("web")
    (owner,) = pod["metadata"]["ownerReferences"]
    assert owner["kind"] == "ReplicaSet"
    assert pod["metadata"]["name"].startswith(f"{owner['name']}-")
    assert owner["name"] == f"web-{pod['metadata']['labels']['pod-template-hash']}"
    labels = contract.of("Node").get(name=pod["spec"]["nodeName"]).to_dict()["metadata"]["labels"]
    assert "node-role.kubernetes.io/control-plane" in labels


def test_a_deleted_pod_is_replaced_while_it_ends(contract: Any) -> None:
    contract.deployment("web")
    contract.wait(lambda: contract.ready("web"), "one ready pod")
    (old,) = contract.pods("web")
    answer = contract.of("Pod").delete(name=old["metadata"]["name"], namespace=contract.namespace).to_dict()
    assert answer["kind"] == "Pod"
    assert answer["metadata"]["deletionTimestamp"]

    def both() -> Any:
        found = contract.pods("web")
        ending = [pod for pod in found if "deletionTimestamp" in pod["metadata"]]
        return ending and len(found) == 2 and found

    pair = contract.wait(both, "the old pod and its replacement, side by side")
    assert len({pod["metadata"]["uid"] for pod in pair}) == 2
    contract.wait(lambda: len(contract.pods("web")) == 1 and contract.ready("web"), "the new pod alone")
    (new,) = contract.pods("web")
    assert new["metadata"]["uid"] != old["metadata"]["uid"]


def test_scale_is_a_subresource(contract: Any) -> None:
    contract.deployment("web", 0)
    found = contract.of("Deployment", "apps/v1")
    shown = found.scale.get(name="web", namespace=contract.namespace).to_dict()
    assert (shown["kind"], shown["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert not shown["spec"].get("replicas")
    assert shown["status"]["selector"] == "app=web"
    assert scale(contract, "web", 2)["spec"]["replicas"] == 2
    contract.wait(lambda: contract.ready("web", 2), "two ready pods")
    status = contract.refusal(lambda: scale(contract, "web", -1))
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert "spec.replicas: Invalid value: -1: must be greater than or equal to 0" in status["message"]


def test_scale_with_an_old_version_is_a_conflict(contract: Any) -> None:
    contract.deployment("web", 0)
    body = {
        "apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": 1},
        "metadata": {"name": "web", "namespace": contract.namespace, "resourceVersion": "1"},
    }  # fmt: skip
    found = contract.of("Deployment", "apps/v1")
    status = contract.refusal(lambda: found.scale.replace(name="web", namespace=contract.namespace, body=body))
    assert (status["code"], status["reason"]) == (409, "Conflict")


def test_scaled_to_zero_the_pod_object_outlives_the_count(contract: Any) -> None:
    """``status.replicas`` does not count terminating pods: a client that waits only for it continues too early.

    A busy machine may miss that moment, and then the test tries again.
    """
    contract.deployment("web")
    for _attempt in range(10):
        contract.wait(lambda: contract.ready("web"), "one ready pod")
        scale(contract, "web", 0)
        seen = contract.wait(lambda: contract.ready("web", 0), "no replica left")
        assert "replicas" not in seen["status"]
        pods = contract.pods("web")
        if pods:
            break
        scale(contract, "web", 1)
    (pod,) = pods
    assert pod["metadata"]["deletionTimestamp"]
    contract.wait(lambda: not contract.pods("web"), "the pod object to go")


def test_a_rolling_update_starts_the_new_pod_first(contract: Any) -> None:
    contract.deployment("web")
    contract.wait(lambda: contract.ready("web"), "one ready pod")
    (old,) = contract.pods("web")
    body = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}
    found = contract.of("Deployment", "apps/v1")
    before = contract.get("Deployment", "web", "apps/v1")["metadata"]["generation"]
    patched = found.patch(name="web", namespace=contract.namespace, body=body, content_type=MERGE).to_dict()
    assert patched["metadata"]["generation"] == before + 1

    def overlap() -> Any:
        items = contract.pods("web")
        living = [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]
        return len(living) == 2 and old["metadata"]["uid"] in [pod["metadata"]["uid"] for pod in living]

    contract.wait(overlap, "the new pod beside the old one")
    contract.wait(lambda: len(contract.pods("web")) == 1 and contract.ready("web"), "the new pod alone")


def test_recreate_stops_the_old_pod_first(contract: Any) -> None:
    contract.deployment("web", strategy={"type": "Recreate"})
    contract.wait(lambda: contract.ready("web"), "one ready pod")
    (old,) = contract.pods("web")
    body = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}
    contract.of("Deployment", "apps/v1").patch(name="web", namespace=contract.namespace, body=body, content_type=MERGE)
    counts = set()

    def replaced() -> bool:
        items = contract.pods("web")
        counts.add(len(items))
        return [pod["metadata"]["uid"] for pod in items] not in ([], [old["metadata"]["uid"]])

    contract.wait(replaced, "the new pod")
    assert 2 not in counts


def test_the_selector_is_immutable(contract: Any) -> None:
    contract.deployment("web", 0)
    body = {"spec": {"selector": {"matchLabels": {"x": "y"}}, "template": {"metadata": {"labels": {"x": "y"}}}}}
    status = contract.refusal(
        lambda: contract.of("Deployment", "apps/v1").patch(
            name="web", namespace=contract.namespace, body=body, content_type=MERGE
        )
    )
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert "field is immutable" in status["message"]


def test_the_selector_must_match_the_template(contract: Any) -> None:
    status = contract.refusal(lambda: contract.deployment("web", 0, selector={"matchLabels": {"x": "y"}}))
    assert "`selector` does not match template `labels`" in status["message"]


@pytest.mark.parametrize(("policy", "left"), [("Background", 0), ("Foreground", 0), ("Orphan", 1)])
def test_deleting_a_deployment_deletes_or_orphans_its_pods(contract: Any, policy: str, left: int) -> None:
    contract.deployment("web")
    contract.wait(lambda: contract.ready("web"), "one ready pod")
    found = contract.of("Deployment", "apps/v1")
    found.delete(name="web", namespace=contract.namespace, body={"propagationPolicy": policy})
    contract.wait(lambda: not contract.items("Deployment", "apps/v1"), "the deployment to go")
    contract.wait(lambda: len(contract.pods("web")) == left, "pods to go or stay")
    assert len(contract.items("ReplicaSet", "apps/v1")) == left


def test_a_pod_waits_for_its_config_map(contract: Any) -> None:
    volumes = [{"name": "config", "configMap": {"name": "late"}}]
    container = {"name": "main", "image": "registry.invalid/sleep:1", "command": ["sleep", "3600"],
                 "volumeMounts": [{"name": "config", "mountPath": "/etc/config"}]}  # fmt: skip
    contract.create("Pod", "waits", spec={"containers": [container], "volumes": volumes})

    def waiting() -> Any:
        statuses = contract.get("Pod", "waits")["status"].get("containerStatuses") or []
        return [status["state"]["waiting"]["reason"] for status in statuses if "waiting" in status["state"]]

    assert contract.wait(waiting, "a container that waits") == ["ContainerCreating"]
    contract.create("ConfigMap", "late", data={"key": "value"})
    contract.wait(lambda: contract.get("Pod", "waits")["status"]["phase"] == "Running", "the pod to run", 150)


def managers(contract: Any, name: str) -> set[str]:
    """Who has set the number of replicas."""
    entries = contract.get("Deployment", name, "apps/v1")["metadata"].get("managedFields") or []
    return {one["manager"] for one in entries if "f:replicas" in one["fieldsV1"].get("f:spec", {})}


def test_the_manager_of_an_applied_scale_stays_until_another_changes_the_number(contract: Any) -> None:
    contract.deployment("web", 2)
    found = contract.of("Deployment", "apps/v1")
    place = {"name": "web", "namespace": contract.namespace}

    def scale_as(manager: str, replicas: int) -> None:
        body = {"spec": {"replicas": replicas}}
        found.scale.patch(body=body, field_manager=manager, content_type=MERGE, **place)

    def apply_as(manager: str, replicas: int) -> None:
        body = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": place, "spec": {"replicas": replicas}}
        found.scale.patch(
            body=body, field_manager=manager, force_conflicts=True, content_type="application/apply-patch+yaml", **place
        )

    apply_as("one-2", 0)
    assert managers(contract, "web") == {"one-2"}
    scale_as("other", 0)
    change = {"metadata": {"labels": {"a": "b"}}, "spec": {"replicas": 0}}
    found.patch(body=change, content_type=MERGE, **place)
    assert managers(contract, "web") == {"one-2"}
    scale_as("other", 1)
    assert managers(contract, "web") == {"other"}
    scale_as("another", 0)
    assert managers(contract, "web") == set()
