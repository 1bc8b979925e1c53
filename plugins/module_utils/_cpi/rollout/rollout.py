# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Reads the state of the cluster, and carries out a plan.

If a run is killed at any point, the next run plans from the state that it finds and completes the change.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import FINISHED
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import (
    Journal,
    backup_manifest,
    read_journal,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.lease import ClusterLease
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.objects import (
    STARTED_BY,
    ConfigMap,
    CpiNames,
    Deployment,
    Object,
    Pod,
    config_maps,
    deployment_path,
    pods_path,
    same_content,
    stopped_by,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.plan import (
    Action,
    CpiState,
    Plan,
    RolloutStep,
    rights,
    stale_pods,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.access import require
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi, Reads
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.errors import KubernetesError
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline, wait_until

REPLICAS = "replicas"  # in the details of an error: the number of replicas that CPI had when it was stopped


def observe(cluster: Reads, target: CpiNames) -> CpiState:
    """Read everything that a plan needs, in four requests."""
    config_map = cluster.get(f"{config_maps(target)}/{target.name}")
    backup = cluster.get(f"{config_maps(target)}/{target.backup_name}")
    deployment = cluster.get(deployment_path(target))
    return CpiState(
        target,
        ConfigMap(config_map) if config_map is not None else None,
        read_journal(backup, target),
        Deployment(deployment) if deployment is not None else None,
        list_pods(cluster, target),
    )


def list_pods(cluster: Reads, target: CpiNames) -> list[Pod]:
    """All pods of the namespace."""
    return [Pod(raw) for raw in cluster.list(pods_path(target))]


def check_rights(cluster: KubernetesApi, plan: Plan, observed: CpiState) -> None:
    """Check every right that the plan needs. Raises CollectionError with the missing ones."""
    require(cluster, rights(plan, observed))


def apply(
    cluster: KubernetesApi,
    plan: Plan,
    observed: CpiState,
    deadline: Deadline,
    lease: ClusterLease,
    takes_lease: bool = True,
) -> CpiState:
    """Carry out the plan, and return what the cluster holds afterwards.

    The first write takes the lease (unless ``takes_lease`` is False), and the last one of a change releases it.
    Raises CollectionError; the next run then resumes from the journal.
    """
    return _Rollout(cluster, plan, observed, deadline, lease, takes_lease).run()


class _Rollout:
    def __init__(
        self,
        cluster: KubernetesApi,
        plan: Plan,
        observed: CpiState,
        deadline: Deadline,
        lease: ClusterLease,
        takes_lease: bool,
    ) -> None:
        self._lease = lease
        self._takes_lease = takes_lease
        self._cluster = cluster
        self._plan = plan
        self._target = observed.target
        self._observed = observed
        self._deadline = deadline
        self._journal: Journal = plan.journal
        self._config_map = observed.config_map
        self._old_pods = {pod.uid for pod in observed.own_pods}
        self._done: list[Action] = []
        self._seen: CpiState | None = None  # Deployment and pods, read after the last write to them

    def run(self) -> CpiState:
        carry_out: dict[Action, Callable[[], None]] = {
            Action.BACK_UP: self._back_up,
            Action.SCALE_DOWN: lambda: self._scale(0),
            Action.AWAIT_NO_POD: self._await_no_pod,
            Action.DELETE: self._delete,
            Action.CREATE: self._create,
            Action.REPLACE: self._replace,
            Action.DELETE_PODS: self._delete_pods,
            Action.SCALE_UP: lambda: self._scale(self._plan.replicas),
            Action.AWAIT_READY: self._await_ready,
            Action.FINISH: self._finish,
        }
        for step in self._plan.steps:
            try:
                carry_out[step.action]()
            except CollectionError as error:
                raise self._failure(error, step) from error
            self._done.append(step.action)
        # nothing was read since the last write to the Deployment or its pods
        if self._seen is None:
            return observe(self._cluster, self._target)
        return replace(self._seen, config_map=self._config_map, journal=self._journal)

    def _failure(self, error: CollectionError, step: RolloutStep) -> CollectionError:
        """The error with the failed step and the resulting state. Scales CPI back up if its ConfigMap exists."""
        parts = [f"{error.message} (failed step: {step.text})"]
        # the request that scales CPI to 0 may have been carried out even if its answer was lost
        stops = Action.SCALE_DOWN in self._done or step.action is Action.SCALE_DOWN
        if stops and Action.SCALE_UP not in self._done:
            parts += self._bring_back()
        parts.append("run again to continue" if self._done else "nothing was changed")
        more = {REPLICAS: self._plan.replicas} if stops or self._was_stopped else {}
        return CollectionError(
            "; ".join(parts), **{**error.details, **more, "done": [action.value for action in self._done]}
        )

    @property
    def _was_stopped(self) -> bool:
        return self._observed.deployment is not None and not self._observed.deployment.replicas

    def _bring_back(self) -> list[str]:
        # A failed run should not leave the cluster without CPI. But without the ConfigMap, CPI's pods could not start.
        try:
            if self._cluster.get(f"{config_maps(self._target)}/{self._target.name}") is not None:
                self._scale(self._plan.replicas)
                return [f"CPI was scaled back to {self._plan.replicas}"]
        except CollectionError:
            return []  # the error that ends the run says what has become of CPI
        return [f"{self._target} is deleted; its content is in ConfigMap {self._target.backup_name}"]

    def _back_up(self) -> None:
        self._store(self._plan.journal)

    def _store(self, journal: Journal) -> None:
        keep = self._takes_lease and journal.in_progress
        stored = self._lease.store(journal, backup_manifest(journal, self._target), keep=keep)
        self._journal = replace(journal, resource_version=ConfigMap(stored).resource_version)

    @staticmethod
    def _same(wanted: Object) -> Callable[[Object], bool]:
        return lambda present: same_content(present, wanted)

    def _scale(self, replicas: int) -> None:
        self._seen = None
        # Only the subresource, because a right on it does not allow changing what the pods run.
        path, spec = f"{deployment_path(self._target)}/scale", {"spec": {"replicas": replicas}}
        if replicas:
            self._cluster.merge(path, spec, STARTED_BY)
            return
        name = {"name": self._target.deployment, "namespace": self._target.namespace}
        scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": name, **spec}
        self._cluster.apply(path, scale, stopped_by(self._plan.replicas))  # see Deployment.stopped_from

    def _await_no_pod(self) -> None:
        def describe(_seen: CpiState) -> str:
            seen = self._look()
            return ", ".join(pod.describe() for pod in [*seen.own_pods, *seen.foreign_pods]) or "no pod"

        def stopped(seen: CpiState) -> bool:
            zero = seen.deployment is not None and seen.deployment.is_scaled_to_zero()
            return zero and not [*seen.own_pods, *seen.foreign_pods]

        if Action.SCALE_DOWN not in self._done and stopped(self._observed):
            return  # read a moment ago, and nothing has been scaled since then
        wait_until(
            lambda: self._look(Deployment.is_scaled_to_zero),
            stopped,
            what=f"the last pod of Deployment {self._target.namespace}/{self._target.deployment} to be gone",
            deadline=self._deadline,
            describe=describe,
        )

    def _look(self, pods_matter: Callable[[Deployment], bool] = lambda _found: True) -> CpiState:
        """What was observed, with the present Deployment and pods (the Deployment first, because it makes the pods).

        The pods are not read while the Deployment already shows that they cannot be in the awaited state.
        """
        deployment = self._cluster.get(deployment_path(self._target))
        if deployment is None:
            raise CollectionError(
                f"Deployment {self._target.namespace}/{self._target.deployment} was deleted during this run"
            )
        found = Deployment(deployment)
        if not pods_matter(found):
            return replace(self._observed, deployment=found)
        self._seen = replace(self._observed, deployment=found, pods=list_pods(self._cluster, self._target))
        return self._seen

    def _delete(self) -> None:
        found = self._config_map
        if found is None:
            return
        path = f"{config_maps(self._target)}/{self._target.name}"
        # With uid and version, so that a ConfigMap which another user has just changed or replaced is not deleted.
        try:
            self._cluster.delete(path, found.uid, found.resource_version)
        except KubernetesError as error:
            raise self._foreign_change(error) from error
        wait_until(
            lambda: self._cluster.get(path),
            lambda left: left is None or ConfigMap(left).uid != found.uid,
            what=f"{self._target} to be deleted (its finalizers: {found.metadata.get('finalizers') or 'none'})",
            deadline=self._deadline,
        )

    def _foreign_change(self, error: KubernetesError) -> CollectionError:
        if error.status != 409:
            return error
        return CollectionError(f"{self._target} was changed by another user during this run and is left unchanged")

    def _create(self) -> None:
        body = copy.deepcopy(dict(self._plan.journal.wanted))
        try:
            created = self._cluster.create(config_maps(self._target), body, self._same(body))
        except KubernetesError as error:
            raise self._foreign_change(error) from error
        self._config_map = ConfigMap(created)

    def _replace(self) -> None:
        body = copy.deepcopy(dict(self._plan.journal.wanted))
        if self._config_map is not None:
            body["metadata"]["resourceVersion"] = self._config_map.resource_version
        path = f"{config_maps(self._target)}/{self._target.name}"
        try:
            replaced = self._cluster.replace(path, body, self._same(body))
        except KubernetesError as error:
            raise self._foreign_change(error) from error
        self._config_map = ConfigMap(replaced)

    def _delete_pods(self) -> None:
        # Read the pods again: a pod created between the first read and the change has the old content, too.
        self._seen = None
        pods = replace(self._observed, pods=list_pods(self._cluster, self._target)).own_pods
        self._old_pods |= {pod.uid for pod in pods}
        for pod in pods:
            self._cluster.delete(f"{pods_path(self._target)}/{pod.name}", pod.uid)

    def _await_ready(self) -> None:
        restarted = bool({Action.SCALE_DOWN, Action.DELETE_PODS} & set(self._done))
        wait_until(
            lambda: self._look(Deployment.is_ready),
            lambda seen: self._is_ready(seen, restarted),
            what=f"Deployment {self._target.namespace}/{self._target.deployment} to be ready",
            deadline=self._deadline,
            describe=lambda _seen: _describe(self._look()),
        )

    def _is_ready(self, seen: CpiState, restarted: bool) -> bool:
        pods = seen.own_pods
        current = [pod for pod in pods if pod.ready and not pod.going]
        return (
            seen.deployment is not None
            and seen.deployment.is_ready()
            and len(current) >= seen.deployment.replicas > 0
            # Creation times have whole seconds, so a pod as old as the ConfigMap counts as current. For pods that
            # existed before, the uids decide.
            and not stale_pods(self._config_map, pods)
            and not (restarted and any(pod.uid in self._old_pods for pod in pods))
        )

    def _finish(self) -> None:
        self._store(replace(self._journal, state=FINISHED))


def _describe(seen: CpiState) -> str:
    deployment = seen.deployment
    ready = deployment.ready_replicas if deployment else 0
    wanted = deployment.replicas if deployment else 0
    pods = ", ".join(pod.describe() for pod in seen.own_pods) or "no pod yet"
    return f"{ready} of {wanted} replicas ready; {pods}"


def running_cpi(cluster: KubernetesApi, target: CpiNames) -> str:
    """What runs of a stopped CPI, or may run soon; empty if nothing does. Takes two requests."""
    raw = cluster.get(deployment_path(target))
    label = f"Deployment {target.namespace}/{target.deployment}"
    if raw is None:
        return f"{label} was deleted"
    deployment = Deployment(raw)
    if deployment.replicas:
        return f"{label} was scaled to {deployment.replicas}{scaled_by(deployment)}"
    seen = CpiState(target, None, None, deployment, list_pods(cluster, target))
    pods = [pod.describe() for pod in [*seen.own_pods, *seen.foreign_pods]]
    return f"{label} is scaled to 0, but {pods[0]}" if pods else ""


def scaled_by(deployment: Deployment) -> str:
    """What has set the number of replicas, as far as the API server has recorded it: ``by NAME``, or empty."""
    writers = [
        (str(entry.get("time") or ""), str(entry.get("manager") or ""))
        for entry in deployment.metadata.get("managedFields") or ()
        if "f:replicas" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
    ]
    return f" by {max(writers)[1]}" if writers and max(writers)[1] else ""
