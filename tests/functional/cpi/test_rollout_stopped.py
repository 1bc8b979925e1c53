# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change stops CPI, so that its objects can be changed, and the next run starts it again."""

from __future__ import annotations

import base64
import copy
import os
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import STATE
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.objects import CpiNames
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.report import report
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import connect
from cpi_helpers import CLUSTER, KEY, RANGE, objects_of
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
    run_and_die,
    running,
    scale,
    settle,
    state,
    writes,
)

Prepare = Callable[[KubeDouble], None]
DISTINCT: dict[str, Any] = {"scenario": "distinct_internal", "one_arm": RANGE}  # the content of the manifests
POINT: dict[str, Any] = {"version": 1, "services": {"default/web": {"external_ip": "203.0.113.11"}}}
OTHER_POINT: dict[str, Any] = {"version": 1, "services": {}}


def stop(kube: KubeDouble, **options: Any) -> Any:
    return run(kube, **{"stage": "stopped", **options})


def replicas(kube: KubeDouble) -> int:
    return int((kube.get("Deployment", NAMESPACE, DEPLOYMENT) or {})["spec"]["replicas"])


def stored(kube: KubeDouble) -> tuple[str, dict[str, Any] | None]:
    """The state of the rollout and its restore point, as the info module returns them."""
    with connect({"kubeconfig": kube.kubeconfig, "context": None}) as cluster:
        found = report(cluster, CpiNames(NAMESPACE, NAME, KEY, DEPLOYMENT, BACKUP), False)
    return found["rollout"]["state"], found["restore_point"]


def as_published(kube: KubeDouble) -> None:
    """The ConfigMap is immutable already."""


def test_the_stage_stopped_stops_cpi_and_changes_nothing_else(fresh: KubeDouble) -> None:
    before, content = fresh.get("ConfigMap", NAMESPACE, NAME), file(fresh)
    planned = stop(fresh, check=True, restore_point=POINT, **EXTERNAL)
    assert writes(fresh) == []
    done = stop(fresh, restore_point=POINT, **EXTERNAL)
    assert writes(fresh) == [("POST", "configmaps"), ("PATCH", f"deployments/{DEPLOYMENT}/scale")]
    assert (done.result["steps"], done.before, done.after) == (
        planned.result["steps"],
        {"replicas": 1},
        {"replicas": 0},
    )
    assert [step.partition(" ")[0] for step in done.result["steps"]] == ["store", "scale", "wait"]
    assert (done.result["restart"]["done"], done.result["restart"]["needed"]) == ("stopped", True)
    assert (fresh.get("ConfigMap", NAMESPACE, NAME), replicas(fresh), running(fresh)) == (before, 0, [])
    assert stored(fresh) == ("in_progress", POINT)
    done = run(fresh, **EXTERNAL)
    assert (done.result["resumed"], replicas(fresh), mounted(fresh)) == (True, 1, [file(fresh)])
    assert file(fresh) != content
    assert stored(fresh) == ("finished", POINT)
    assert not run(fresh, **EXTERNAL).changed


def test_stopping_cpi_again_changes_nothing(fresh: KubeDouble) -> None:
    scale(fresh, 2)
    settle(fresh, 2)
    for wanted_edit in (EXTERNAL, INTERNAL):
        assert stop(fresh, **wanted_edit).changed
        start = len(writes(fresh))
        again = stop(fresh, restore_point=None, **wanted_edit)
        assert (again.changed, again.result["steps"], writes(fresh)[start:]) == (False, [], [])
    run(fresh, **INTERNAL)
    assert (replicas(fresh), mounted(fresh)) == (2, [file(fresh)] * 2)


@pytest.mark.parametrize("prepare", [as_published, make_mutable])
def test_without_new_content_cpi_is_stopped_and_started_again(fresh: KubeDouble, prepare: Prepare) -> None:
    prepare(fresh)
    before, pod = fresh.get("ConfigMap", NAMESPACE, NAME), running(fresh)[0]["metadata"]["uid"]
    assert stop(fresh, **DISTINCT).changed
    assert running(fresh) == []
    assert run(fresh, **DISTINCT).result["restart"]["done"] == "recreate"
    assert fresh.get("ConfigMap", NAMESPACE, NAME) == before
    assert [found["metadata"]["uid"] for found in running(fresh)] not in ([pod], [])
    assert stored(fresh)[0] == "finished"
    assert not run(fresh, **DISTINCT).changed


@pytest.mark.parametrize("prepare", [as_published, make_mutable])
@pytest.mark.parametrize("following", [EXTERNAL, INTERNAL, DISTINCT], ids=["same", "other", "back"])
def test_a_run_killed_at_any_write_is_finished_by_the_next(
    kube: KubeDouble, prepare: Prepare, following: dict[str, Any]
) -> None:
    def start() -> None:
        kube.reset()
        settle(kube)
        prepare(kube)

    start()
    stop(kube, restore_point=POINT, **EXTERNAL)
    run(kube, **following)
    wanted = state(kube)
    survived = 0
    for number in (1, 2):
        for before in (True, False):
            start()
            assert run_and_die(kube, number, before, stage="stopped", restore_point=POINT, **EXTERNAL)
            stop(kube, restore_point=OTHER_POINT if (number, before) != (1, True) else POINT, **EXTERNAL)
            assert (running(kube), stored(kube)) == ([], ("in_progress", POINT))
            run(kube, **following)
            assert (state(kube), stored(kube)) == (wanted, ("finished", POINT)), (number, before)
            # without stopping it again
            start()
            run_and_die(kube, number, before, stage="stopped", restore_point=POINT, **EXTERNAL)
            run(kube, **following)
            assert (mounted(kube), replicas(kube)) == ([file(kube)], 1)
            assert not run(kube, **following).changed
            survived += 1
    start()
    assert not run_and_die(kube, 3, True, stage="stopped", restore_point=POINT, **EXTERNAL)
    assert survived == 4


@pytest.mark.parametrize(("prepare", "count"), [(as_published, 4), (make_mutable, 3)])
def test_a_run_killed_while_resuming_is_finished_by_the_next(kube: KubeDouble, prepare: Prepare, count: int) -> None:
    found = []
    for number in range(1, count + 1):
        kube.reset()
        settle(kube)
        prepare(kube)
        stop(kube, restore_point=POINT, **EXTERNAL)
        assert run_and_die(kube, number, False, **EXTERNAL)
        run(kube, **EXTERNAL)
        assert stored(kube) == ("finished", POINT)
        found.append(state(kube))
    assert found == [found[0]] * count
    assert "SharedIP: true" in file(kube)


def test_cpi_is_stopped_after_a_run_that_left_no_config_map(fresh: KubeDouble) -> None:
    original = file(fresh)
    run_and_die(fresh, 3, False, **EXTERNAL)
    assert fresh.get("ConfigMap", NAMESPACE, NAME) is None
    stop(fresh, restore_point=POINT, **DISTINCT)
    assert fresh.get("ConfigMap", NAMESPACE, NAME) is None
    run(fresh, **DISTINCT)
    assert "SharedIP: false" in file(fresh)
    assert mounted(fresh) == [file(fresh)]
    assert original.count("SharedIP: false") == 1


def test_the_restore_point_stays_until_the_next_change(fresh: KubeDouble) -> None:
    stop(fresh, restore_point=POINT, **EXTERNAL)
    stop(fresh, restore_point=OTHER_POINT, **INTERNAL)
    assert stored(fresh) == ("in_progress", POINT)
    run(fresh, **INTERNAL)
    assert stored(fresh) == ("finished", POINT)
    stop(fresh, restore_point=OTHER_POINT, **EXTERNAL)
    assert stored(fresh) == ("in_progress", OTHER_POINT)
    run(fresh, **EXTERNAL)
    run(fresh, **INTERNAL)
    assert stored(fresh) == ("finished", None)


def test_a_pod_that_does_not_terminate_makes_the_run_start_cpi_again() -> None:
    objects: list[Any] = [CLUSTER, *objects_of("cpi-1.6.1")]
    with KubeDouble(objects=objects, start_seconds=0.05, stop_seconds=30) as slow:
        settle(slow)
        with pytest.raises(CollectionError) as caught:
            stop(slow, **EXTERNAL, wait_timeout=1)
        assert "CPI was scaled back to 1" in caught.value.message
        assert replicas(slow) == 1


def test_invalid_input_is_refused(fresh: KubeDouble) -> None:
    assert "restart: 'never': stage stopped stops CPI" in refusal(fresh, stage="stopped", restart="never", **EXTERNAL)
    assert "only stored at stage stopped" in refusal(fresh, restore_point=POINT, **EXTERNAL)
    huge = {"noise": os.urandom(1 << 20).hex()}
    message = refusal(fresh, stage="stopped", restore_point=huge, **EXTERNAL)
    assert "restore_point: '" in message
    assert "Kubernetes allows 1048576; nothing was changed" in message
    fresh.delete("Deployment", NAMESPACE, DEPLOYMENT)
    assert f"deployment: '{DEPLOYMENT}': namespace" in refusal(fresh, stage="stopped", **EXTERNAL)


def test_a_damaged_restore_point_is_reported_and_does_not_stop_a_change(fresh: KubeDouble) -> None:
    stop(fresh, restore_point=POINT, **EXTERNAL)
    body = {"binaryData": {"restore-point.json.gz": base64.b64encode(b"nonsense").decode()}}
    path = fresh.path("ConfigMap", NAMESPACE, BACKUP)
    fresh.request("PATCH", path, body, "application/merge-patch+json")
    with pytest.raises(CollectionError) as caught:
        stored(fresh)
    assert "restore-point.json.gz is damaged: remove that entry" in caught.value.message
    run(fresh, **EXTERNAL)
    assert (fresh.get("ConfigMap", NAMESPACE, BACKUP) or {})["metadata"]["annotations"][STATE] == "finished"


RULES = of_namespace(published("Role"))
LATER = [("configmaps", "delete", NAME), ("configmaps", "update", BACKUP), ("deployments/scale", "patch", DEPLOYMENT)]


@pytest.mark.parametrize(("resource", "verb", "name"), LATER)
def test_a_right_that_only_the_next_run_needs_is_checked_first(resource: str, verb: str, name: str) -> None:
    rules = copy.deepcopy(RULES)
    for rule in rules:
        if rule["resources"] == [resource] and rule.get("resourceNames") == [name]:
            rule["verbs"] = [found for found in rule["verbs"] if found != verb]
    users = [{"name": "operator", "token": "operator-token", "rules": [rule for rule in rules if rule["verbs"]]}]
    objects: list[Any] = [CLUSTER, *objects_of("cpi-1.6.1")]
    with KubeDouble(objects=objects, users=users, start_seconds=0.05, stop_seconds=0.05) as kube:
        settle(kube)
        message = refusal(kube, context="operator", stage="stopped", **EXTERNAL)
        assert f"missing right to {verb} {resource}" in message
