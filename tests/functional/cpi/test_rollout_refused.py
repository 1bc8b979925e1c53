# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rejected before anything is written: bad input, foreign pods, missing rights."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import REPLICAS, STATE
from cpi_helpers import CLUSTER, KEY, objects_of
from kube_double.testing import KubeDouble
from rights_document import of_namespace, published
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
    refusal,
    run,
    settle,
)


def test_invalid_input_is_refused(fresh: KubeDouble) -> None:
    assert "restart: 'delete_pod': ConfigMap" in refusal(fresh, **EXTERNAL, restart="delete_pod")
    assert "key: 'nope': " in refusal(fresh, **EXTERNAL, key="nope")
    assert "ConfigMap kube-system/nope does not exist: check" in refusal(fresh, **EXTERNAL, name="nope")
    assert "but does not belong to Deployment nope" in refusal(fresh, **EXTERNAL, deployment="nope")
    assert "wait_timeout: -1: give a number of seconds" in refusal(fresh, **EXTERNAL, wait_timeout=-1)
    assert "backup_name: " in refusal(fresh, **EXTERNAL, backup_name=NAME)
    assert "oneArm is missing" in refusal(fresh, enable_virtual_service_shared_ip=False, one_arm={})


def test_a_config_map_that_is_not_a_backup_is_not_overwritten(fresh: KubeDouble) -> None:
    metadata = {"name": BACKUP, "namespace": NAMESPACE}
    fresh.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}})
    assert "a ConfigMap with this name exists and is not a backup" in refusal(fresh, **EXTERNAL)
    assert run(fresh, **EXTERNAL, backup_name="another").changed


def test_a_damaged_backup_is_reported(fresh: KubeDouble) -> None:
    annotations = {STATE: "in_progress", REPLICAS: "1"}
    metadata = {"name": BACKUP, "namespace": NAMESPACE, "annotations": annotations}
    fresh.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"original.json": "{"}})
    assert "the backup is damaged" in refusal(fresh, **EXTERNAL)


def test_a_config_map_deleted_after_a_finished_change_is_reported(fresh: KubeDouble) -> None:
    run(fresh, **EXTERNAL)
    fresh.delete("ConfigMap", NAMESPACE, NAME)
    assert f"does not exist; its last content is in ConfigMap {BACKUP}" in refusal(fresh, **INTERNAL)


def test_a_foreign_pod_that_mounts_the_config_map_is_reported(fresh: KubeDouble) -> None:
    volume = {"name": "c", "configMap": {"name": NAME}}
    container = {"name": "c", "image": "busybox", "volumeMounts": [{"name": "c", "mountPath": "/c"}]}
    metadata = {"name": "debug", "namespace": NAMESPACE}
    spec = {"containers": [container], "volumes": [volume]}
    fresh.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    assert "pod kube-system/debug mounts ConfigMap" in refusal(fresh, **EXTERNAL)


def test_a_file_that_cpi_would_reject_is_refused(kube: KubeDouble) -> None:
    objects = objects_of("cpi-1.6.1")
    config_map = next(found for found in objects if found["kind"] == "ConfigMap")
    config_map["data"][KEY] = config_map["data"][KEY].replace("vcd:\n", "vcd:\n  isZoneEnabledCluster: false\n")
    with KubeDouble(objects=[CLUSTER, *objects], start_seconds=0.05) as other:
        settle(other)
        assert "CPI 1.6.1 does not know this key and rejects the file" in refusal(other, **EXTERNAL)


RULES = of_namespace(published("Role"))


def limited(rules: list[dict[str, Any]]) -> KubeDouble:
    users = [{"name": "operator", "token": "operator-token", "rules": rules}]
    objects: list[Any] = [CLUSTER, *objects_of("cpi-1.6.1")]
    return KubeDouble(objects=objects, users=users, start_seconds=0.05, stop_seconds=0.05)


def test_the_published_role_is_enough_for_both_ways_of_restarting() -> None:
    with limited(RULES) as kube:
        settle(kube)
        assert run(kube, context="operator", **EXTERNAL).changed
        assert mounted(kube) == [file(kube)]
        make_mutable(kube)
        assert run(kube, context="operator", **INTERNAL).result["restart"]["done"] == "delete_pod"
        assert mounted(kube) == [file(kube)]


READ_ONLY_BY_INFO = ("secrets", "get")
ONLY_IF_MUTABLE = {("configmaps", "update", "vcloud-ccm-configmap"), ("pods", "delete", "")}


def single_rights() -> list[tuple[str, str, str]]:
    """Every right of the Role that vcd_ccm_config uses: resource, verb and name."""
    found = [
        (rule["resources"][0], verb, rule.get("resourceNames", [""])[0]) for rule in RULES for verb in rule["verbs"]
    ]
    return [right for right in found if right[:2] != READ_ONLY_BY_INFO]


@pytest.mark.parametrize(("resource", "verb", "name"), single_rights())
def test_without_any_one_right_nothing_is_written(resource: str, verb: str, name: str) -> None:
    rules = copy.deepcopy(RULES)
    for rule in rules:
        if (rule["resources"][0], rule.get("resourceNames", [""])[0]) == (resource, name) and verb in rule["verbs"]:
            rule["verbs"].remove(verb)
    with limited([rule for rule in rules if rule["verbs"]]) as kube:
        settle(kube)
        if (resource, verb, name) in ONLY_IF_MUTABLE:
            make_mutable(kube)
        message = refusal(kube, context="operator", **EXTERNAL)
        for word in (verb, resource.partition("/")[0], NAMESPACE):
            assert word in message


def test_a_missing_right_is_reported_in_check_mode() -> None:
    rules = [rule for rule in RULES if rule["resources"] != ["deployments/scale"]]
    with limited(rules) as kube:
        settle(kube)
        expected = (
            f"missing right to patch deployments/scale.apps {DEPLOYMENT} in namespace {NAMESPACE}: nothing was changed"
        )
        assert expected in refusal(kube, context="operator", check=True, **EXTERNAL)
