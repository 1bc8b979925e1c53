# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run CPI's rollout on the Kubernetes double, and inspect the result."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout import manage as managing
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi, connect
from cpi_helpers import KEY, RANGE
from kube_double.testing import KubeDouble

NAMESPACE, NAME, BACKUP = "kube-system", "vcloud-ccm-configmap", "vcloud-ccm-configmap-backup"
DEPLOYMENT = "vmware-cloud-director-ccm"
VOLUME = "vcloud-ccm-config-volume"
DEFAULTS: dict[str, Any] = {
    "namespace": NAMESPACE, "name": NAME, "key": KEY, "deployment": DEPLOYMENT, "backup_name": None,
    "scenario": None, "enable_virtual_service_shared_ip": None, "one_arm": None,
    "restart": "auto", "stage": "all", "restore_point": None, "wait": True, "wait_timeout": 120,
    # the runs of a test share a process, so an earlier run that was "killed" is known to have ended
    "take_over": True,
}  # fmt: skip
EXTERNAL: dict[str, Any] = {"scenario": "shared_external"}
INTERNAL: dict[str, Any] = {"scenario": "shared_internal", "one_arm": RANGE}


def settle(kube: KubeDouble, replicas: int = 1) -> None:
    """Wait until CPI is running."""
    kube.wait_for(lambda: len(running(kube)) == replicas, f"{replicas} CPI pods run")


def running(kube: KubeDouble) -> list[dict[str, Any]]:
    pods = kube.list("Pod", NAMESPACE, f"app={DEPLOYMENT}")
    return [
        pod for pod in pods if (pod["status"].get("phase") == "Running") and "deletionTimestamp" not in pod["metadata"]
    ]


def mounted(kube: KubeDouble) -> list[str]:
    """CPI's file as each of its pods has it mounted."""
    return [kube.mounted(NAMESPACE, pod["metadata"]["name"])[VOLUME][KEY] for pod in running(kube)]


def file(kube: KubeDouble) -> str:
    found = kube.get("ConfigMap", NAMESPACE, NAME)
    return str(found["data"][KEY]) if found else ""


def run(kube: KubeDouble, check: bool = False, context: str | None = None, **options: Any) -> managing.Managed:
    with connect({"kubeconfig": kube.kubeconfig, "context": context}) as cluster:
        return managing.manage(cluster, {**DEFAULTS, **options}, check)


def make_mutable(kube: KubeDouble, **changes: Any) -> None:
    """Make CPI's ConfigMap mutable, as some operators have it."""
    found = kube.get("ConfigMap", NAMESPACE, NAME)
    assert found is not None
    kube.delete("ConfigMap", NAMESPACE, NAME)
    kept = {"name": NAME, "namespace": NAMESPACE, **changes}
    kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": kept, "data": found["data"]})
    restart_manually(kube)


def restart_manually(kube: KubeDouble) -> None:
    """Scale to 0 and back, as an operator would."""
    for replicas in (0, 1):
        scale(kube, replicas)
        kube.wait_for(lambda: _has_pods(kube, replicas), f"{replicas} pods")  # noqa: B023  # called before it changes
    settle(kube)


def _has_pods(kube: KubeDouble, number: int) -> bool:
    return len(kube.list("Pod", NAMESPACE, f"app={DEPLOYMENT}")) == number


def scale(kube: KubeDouble, replicas: int) -> None:
    path = f"{kube.path('Deployment', NAMESPACE, DEPLOYMENT)}/scale"
    kube.request("PATCH", path, {"spec": {"replicas": replicas}}, "application/merge-patch+json")


def writes(kube: KubeDouble) -> list[tuple[str, str]]:
    """The requests that wrote to the cluster, in order."""
    found = [(entry["method"], entry["path"].partition("?")[0]) for entry in kube.journal() if entry["method"] != "GET"]
    return [
        (method, path.rpartition("/namespaces/kube-system/")[2])
        for method, path in found
        if "/authorization" not in path
    ]


def older_than_a_second(kube: KubeDouble) -> bool:
    """Whether an object created now would be younger than the pod in Kubernetes' whole seconds."""
    kube.load([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "clock", "namespace": "default"}}])
    now = kube.get("ConfigMap", "default", "clock")
    kube.delete("ConfigMap", "default", "clock")
    return bool(now and now["metadata"]["creationTimestamp"] > running(kube)[0]["metadata"]["creationTimestamp"])


class Killed(BaseException):
    """Like SIGKILL: none of our code runs after it."""


def kill_at(cluster: KubernetesApi, number: int, before: bool) -> KubernetesApi:
    """The cluster as seen by a process that is killed just before or just after its n-th write (from 1)."""
    send, count = cluster._send, 0

    def dying(method: str, path: str, body: Any = None, **more: Any) -> Any:
        nonlocal count
        writing = method != "GET" and "selfsubjectaccessreviews" not in path
        count += writing
        if writing and before and count == number:
            raise Killed
        answer = send(method, path, body, **more)
        if writing and count == number:
            raise Killed
        return answer

    cluster._send = dying
    return cluster


def run_and_die(kube: KubeDouble, number: int, before: bool, **options: Any) -> bool:
    """Whether the run reached that write."""
    with connect({"kubeconfig": kube.kubeconfig}) as cluster:
        try:
            managing.manage(kill_at(cluster, number, before), {**DEFAULTS, **options}, False)
        except Killed:
            return True
    return False


def state(kube: KubeDouble) -> dict[str, Any]:
    """The relevant final state: the ConfigMap, the original in the backup, replicas, and the mounted file."""
    settle(kube)
    config_map = copy.deepcopy(kube.get("ConfigMap", NAMESPACE, NAME) or {})
    backup = kube.get("ConfigMap", NAMESPACE, BACKUP) or {}
    deployment = kube.get("Deployment", NAMESPACE, DEPLOYMENT) or {}
    metadata = config_map["metadata"]
    return {
        "content": (
            config_map["data"],
            config_map.get("immutable"),
            metadata.get("labels"),
            metadata.get("annotations"),
        ),
        "backup": (backup["data"], backup["metadata"]["annotations"]),
        "replicas": deployment["spec"]["replicas"],
        "mounted": mounted(kube),
    }


def refusal(kube: KubeDouble, **options: Any) -> str:
    start = len(writes(kube))
    with pytest.raises(CollectionError) as caught:
        run(kube, **options)
    assert writes(kube)[start:] == []
    assert "\n" not in caught.value.message
    return caught.value.message
