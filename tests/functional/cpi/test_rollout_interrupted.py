# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout that is killed at any write, meets faults, or competes with other users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout import manage as managing
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import REPLICAS, STATE
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi, connect
from cpi_helpers import CLUSTER, RANGE, file_of, objects_of
from kube_double.testing import KubeDouble
from rollout_helpers import (
    DEFAULTS,
    DEPLOYMENT,
    EXTERNAL,
    INTERNAL,
    NAME,
    NAMESPACE,
    file,
    make_mutable,
    mounted,
    run,
    run_and_die,
    scale,
    settle,
    state,
)

Prepare = Callable[[KubeDouble], None]


def as_published(kube: KubeDouble) -> None:
    """The ConfigMap is immutable already."""


@pytest.mark.parametrize(("prepare", "count"), [(as_published, 6), (make_mutable, 4)])
@pytest.mark.parametrize("following", [EXTERNAL, INTERNAL], ids=["same", "other"])
def test_a_run_killed_at_any_write_is_finished_by_the_next(
    kube: KubeDouble, prepare: Prepare, count: int, following: dict[str, Any]
) -> None:
    def start() -> None:
        kube.reset()
        settle(kube)
        prepare(kube)

    start()
    run(kube, **following)
    wanted = state(kube)
    survived = 0
    for number in range(1, count + 1):
        for before in (True, False):
            start()
            assert run_and_die(kube, number, before, **EXTERNAL), f"there is no write {number}"
            run(kube, **following)
            found = state(kube)
            whole = (number, before) == (
                count,
                False,
            )  # the first run completed, so the backup belongs to another change
            if following is EXTERNAL or not whole:
                assert found == wanted, (number, before)
            assert found["mounted"] == [file(kube)]
            assert not run(kube, **following).changed
            survived += 1
    start()
    assert not run_and_die(kube, count + 1, True, **EXTERNAL)
    assert survived == 2 * count


def test_a_change_completes_even_if_each_run_is_killed_after_one_write(fresh: KubeDouble) -> None:
    """Each run is killed after one write besides the one for the lease, and the change still completes."""
    run_and_die(fresh, 1, False, **EXTERNAL)
    for _attempt in range(20):
        if not run_and_die(fresh, 2, False, **EXTERNAL):
            break
    found = state(fresh)
    assert "SharedIP: true" in found["mounted"][0]
    assert found["replicas"] == 1
    assert found["backup"][1] == {STATE: "finished", REPLICAS: "1"}


def test_an_interrupted_run_is_reported(fresh: KubeDouble) -> None:
    run_and_die(fresh, 3, False, **EXTERNAL)
    assert fresh.get("ConfigMap", NAMESPACE, NAME) is None
    planned = run(fresh, check=True, **EXTERNAL)
    assert planned.result["resumed"]
    assert planned.changed
    assert planned.result["config_map"] is None
    done = run(fresh, **EXTERNAL)
    assert done.result["resumed"]
    assert (done.result["scenario_before"], done.result["scenario_after"]) == ("distinct_internal", "shared_external")


def test_replicas_survive_an_interruption(fresh: KubeDouble) -> None:
    scale(fresh, 3)
    settle(fresh, 3)
    run_and_die(fresh, 2, False, **EXTERNAL)
    assert (fresh.get("Deployment", NAMESPACE, DEPLOYMENT) or {})["spec"]["replicas"] == 0
    run(fresh, **EXTERNAL)
    assert (fresh.get("Deployment", NAMESPACE, DEPLOYMENT) or {})["spec"]["replicas"] == 3
    assert mounted(fresh) == [file(fresh)] * 3


def test_a_run_can_go_back_after_an_interruption(fresh: KubeDouble) -> None:
    original = file(fresh)
    for number in (1, 2, 3, 4, 5):
        fresh.reset()
        settle(fresh)
        run_and_die(fresh, number, False, **EXTERNAL)
        run(fresh, scenario="distinct_internal", one_arm=RANGE)
        settle(fresh)
        assert mounted(fresh) == [file(fresh)]
        if number < 3:
            assert file(fresh) == original


WRITES = [
    ("POST", "configmaps$", 1), ("PATCH", "/scale", 1), ("DELETE", "configmaps/", 1), ("POST", "configmaps$", 2),
    ("PATCH", "/scale", 2), ("PUT", "configmaps/", 1),
]  # fmt: skip


@pytest.mark.parametrize("action", ["reset_before", "reset_after", "status"])
@pytest.mark.parametrize(("method", "path", "nth"), WRITES)
def test_a_fault_at_any_write_is_survived_in_the_same_run(
    fresh: KubeDouble, method: str, path: str, nth: int, action: str
) -> None:
    fresh.faults([{"method": method, "path": path, "nth": nth, "action": action, "code": 503}])
    run(fresh, **EXTERNAL)
    assert mounted(fresh) == [file(fresh)]
    found = state(fresh)
    assert (found["replicas"], found["backup"][1][STATE]) == (1, "finished")


def test_too_many_requests_are_waited_out(fresh: KubeDouble) -> None:
    fresh.faults([{"method": "GET", "path": "configmaps", "action": "status", "code": 429, "times": 2}])
    assert run(fresh, **EXTERNAL).changed


class Interfering(KubernetesApi):
    """A cluster in which another user acts just before the n-th request of a kind."""

    def __init__(self, cluster: KubernetesApi, method: str, path: str, nth: int, meddle: Callable[[], None]) -> None:
        super().__init__(self._sending)
        self._inner, self._when, self._left, self._meddle = cluster._send, (method, path), nth, meddle

    def _sending(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        if method == self._when[0] and path.endswith(self._when[1]):
            self._left -= 1
            if not self._left:
                self._meddle()
        return self._inner(method, path, body, **more)


def run_with_interference(kube: KubeDouble, method: str, path: str, meddle: Callable[[], None], nth: int = 1) -> str:
    with connect({"kubeconfig": kube.kubeconfig}) as cluster, pytest.raises(CollectionError) as caught:
        managing.manage(Interfering(cluster, method, path, nth, meddle), {**DEFAULTS, **EXTERNAL}, False)
    return caught.value.message


def test_a_change_by_another_user_is_kept_and_cpi_is_started_again(fresh: KubeDouble) -> None:
    def label() -> None:
        body = {"metadata": {"labels": {"by": "another-user"}}}
        path = fresh.path("ConfigMap", NAMESPACE, NAME)
        fresh.request("PATCH", path, body, "application/merge-patch+json")

    original = file(fresh)
    message = run_with_interference(fresh, "DELETE", f"configmaps/{NAME}", label)
    assert "was changed by another user during this run and is left unchanged" in message
    assert "CPI was scaled back to 1" in message
    settle(fresh)
    assert file(fresh) == original
    run(fresh, **EXTERNAL)
    after = fresh.get("ConfigMap", NAMESPACE, NAME) or {}
    assert after["metadata"]["labels"] == {"by": "another-user"}
    assert mounted(fresh) == [file(fresh)]


def test_an_old_config_map_that_another_tool_recreates_ends_the_run(fresh: KubeDouble) -> None:
    """As a GitOps tool would, while the ConfigMap does not exist."""
    found = fresh.get("ConfigMap", NAMESPACE, NAME) or {}
    again = {**found, "metadata": {"name": NAME, "namespace": NAMESPACE}}
    message = run_with_interference(fresh, "POST", "configmaps", lambda: fresh.load([again]), nth=2)
    assert "was changed by another user during this run" in message
    assert "CPI was scaled back to 1" in message
    settle(fresh)
    run(fresh, **EXTERNAL)
    assert mounted(fresh) == [file(fresh)]


def test_a_pod_that_does_not_terminate_is_reported(kube: KubeDouble) -> None:
    objects: list[Any] = [CLUSTER, *objects_of("cpi-1.6.1")]
    with KubeDouble(objects=objects, start_seconds=0.05, stop_seconds=30) as slow:
        settle(slow)
        with pytest.raises(CollectionError) as caught:
            run(slow, **EXTERNAL, wait_timeout=1)
        assert "timed out after 1 s waiting for the last pod of Deployment" in caught.value.message
        assert "is terminating" in caught.value.message
        assert "CPI was scaled back to 1" in caught.value.message
        assert "run again to continue" in caught.value.message
        assert file(slow) == file_of("cpi-1.6.1")


def test_a_pod_that_does_not_become_ready_is_reported(kube: KubeDouble) -> None:
    objects: list[Any] = [CLUSTER, *objects_of("cpi-1.6.1")]
    with KubeDouble(objects=objects, start_seconds=3, stop_seconds=0.05) as slow:
        settle(slow)
        with pytest.raises(CollectionError) as caught:
            run(slow, **EXTERNAL, wait_timeout=1)
        assert "to be ready; last seen: 0 of 1 replicas ready; pod" in caught.value.message
        done = run(slow, **EXTERNAL)
        assert done.result["resumed"]
        assert done.result["steps"][-2:][0].startswith("wait until Deployment")
        assert mounted(slow) == [file(slow)]
