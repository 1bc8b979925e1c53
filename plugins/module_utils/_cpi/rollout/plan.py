# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Plans the steps that bring CPI's ConfigMap and pods to the wanted content, only from the observed state. Pure.

The order matters: the kubelet caches an immutable ConfigMap for as long as any pod on its node refers to it. A new pod
that is registered before the last old pod is gone would mount the old content.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import (
    Journal,
    original_to_keep,
    refuse_too_large,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.objects import (
    ConfigMap,
    CpiNames,
    Deployment,
    Object,
    Pod,
    same_content,
    with_text,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.access import Right

AUTO, RECREATE, DELETE_POD, NEVER, NONE = "auto", "recreate", "delete_pod", "never", "none"
ALL, STOPPED = "all", "stopped"


class Action(enum.Enum):
    """What a step does."""

    BACK_UP = "back up"
    SCALE_DOWN = "scale down"
    AWAIT_NO_POD = "await no pod"
    DELETE = "delete"
    CREATE = "create"
    REPLACE = "replace"
    DELETE_PODS = "delete pods"
    SCALE_UP = "scale up"
    AWAIT_READY = "await ready"
    FINISH = "finish"


@dataclass(frozen=True)
class RolloutStep:
    """One step, with its description for the operator."""

    action: Action
    text: str


@dataclass(frozen=True)
class CpiState:
    """The state of the cluster as last read. ``pods`` are all pods of the namespace."""

    target: CpiNames
    config_map: ConfigMap | None
    journal: Journal | None
    deployment: Deployment | None
    pods: Sequence[Pod]

    @property
    def own_pods(self) -> list[Pod]:
        """CPI's pods: those that match the Deployment's selector."""
        return [pod for pod in self.pods if self.deployment is not None and self.deployment.selects(pod)]

    @property
    def foreign_pods(self) -> list[Pod]:
        """Pods that refer to the ConfigMap but do not belong to the Deployment."""
        own = {pod.uid for pod in self.own_pods}
        return [pod for pod in self.pods if pod.mounts(self.target.name) and pod.uid not in own]

    @property
    def interrupted(self) -> bool:
        """Whether a rollout was started but not finished."""
        return self.journal is not None and self.journal.in_progress

    def base(self) -> Object:
        """The ConfigMap that a change starts from: the existing one, or what an interrupted rollout was writing."""
        if self.config_map is not None:
            return self.config_map.manifest()
        if self.journal is not None and self.journal.in_progress:
            return self.journal.wanted
        backup = f"; its last content is in ConfigMap {self.target.backup_name}" if self.journal else ""
        raise CollectionError(
            f"{self.target} does not exist{backup}: check namespace and name, or apply CPI's manifest first"
        )


@dataclass(frozen=True)
class Restart:
    """``done``: recreate, delete_pod, stopped or none. ``needed``: CPI must be restarted to use the content."""

    done: str
    needed: bool
    reason: str


@dataclass(frozen=True)
class Plan:
    """Steps in order, and the journal that is stored before the first one.

    ``later`` are the actions of the next run: their rights are checked now, before anything is changed.
    """

    steps: tuple[RolloutStep, ...]
    restart: Restart
    journal: Journal
    replicas: int
    resumed: bool
    later: tuple[Action, ...] = ()


def stale_pods(config_map: ConfigMap | None, pods: Sequence[Pod]) -> list[Pod]:
    """Pods that run with other content because they are older than the ConfigMap. Terminating pods do not count."""
    if config_map is None:
        return []
    return [pod for pod in pods if pod.created < config_map.created and not pod.going]


def make_plan(observed: CpiState, text: str, restart: str, wait: bool, mine: bool = False) -> Plan:
    """Plan to store ``text`` under the target's key and to make CPI use it. Raises InvalidInput or CollectionError.

    ``mine``: this run already has the cluster's lease, which it otherwise takes by storing the backup.
    """
    wanted = with_text(observed.base(), observed.target.key, text)
    _refuse(observed, wanted, restart)
    changes = observed.config_map is None or not same_content(observed.config_map.raw, wanted)
    reason = _why_restart(observed, wanted, changes)
    # An immutable ConfigMap needs CPI scaled to 0 (see the top of this file). For a mutable one, deleting the pod is
    # enough, because the kubelet keeps watching it.
    by_recreate = restart == RECREATE or (restart != DELETE_POD and bool(wanted.get("immutable")))
    replicas = replicas_of(observed)
    restarts = bool(reason) and restart != NEVER and observed.deployment is not None
    actions = _actions(observed, changes, restarts, by_recreate, replicas)
    # Another pod that mounts the ConfigMap would keep the old content in the kubelet's cache for as long as it exists.
    if by_recreate and (restarts or Action.DELETE in actions) and restart != NEVER:
        _refuse_foreign_pods(observed)
    journal = _journal(observed, wanted, replicas)
    if actions or observed.interrupted:
        # The backup precedes every other write: after a crash, only the journal knows the original content and the
        # number of replicas.
        stored = observed.interrupted and journal == observed.journal and (mine or not actions)
        awaits = wait and replicas > 0 and (restart != NEVER or Action.SCALE_UP in actions)
        last = [Action.AWAIT_READY, Action.FINISH] if awaits else [Action.FINISH]
        actions = [*([] if stored else [Action.BACK_UP]), *actions, *last]
    steps = tuple(RolloutStep(action, _words(action, observed, replicas)) for action in actions)
    return Plan(steps, _restart(observed, actions, reason, restart, replicas), journal, replicas, observed.interrupted)


def make_stop_plan(
    observed: CpiState,
    text: str,
    restart: str,
    restore_point: str = "",
    replace_restore_point: bool = False,
    takes_lease: bool = False,
) -> Plan:
    """Plan to store ``text`` in the journal and to stop CPI; the next run applies the text and starts CPI again.

    ``restore_point`` (packed) is stored as well, unless a change in progress already has one: that one shows the state
    before the change, while the current state may be half changed. ``replace_restore_point``: the given one replaces
    it, because nothing has been changed yet. ``takes_lease``: this plan has to take the lease, which the run then
    keeps.
    """
    wanted = with_text(observed.base(), observed.target.key, text)
    _refuse(observed, wanted, restart)
    _refuse_what_cannot_be_stopped(observed, restart)
    replicas = replicas_of(observed)
    journal = _journal(observed, wanted, replicas, restore_point, replace_restore_point)
    refuse_too_large(journal, observed.target)
    stored = observed.interrupted and journal == observed.journal and not takes_lease
    actions = [*([] if stored else [Action.BACK_UP]), *_stop(observed)]
    steps = tuple(RolloutStep(action, _words(action, observed, replicas)) for action in actions)
    reason = "CPI stays stopped until the next run" if replicas else "CPI has no replica"
    kept = Restart(STOPPED, replicas > 0, reason)
    return Plan(steps, kept, journal, replicas, observed.interrupted, _later(observed, wanted, replicas))


def _refuse_what_cannot_be_stopped(observed: CpiState, restart: str) -> None:
    target = observed.target
    if restart == NEVER:
        raise InvalidInput("restart", restart, f"stage {STOPPED} stops CPI; use auto or recreate")
    if observed.deployment is None:
        raise InvalidInput(
            "deployment",
            target.deployment,
            f"namespace {target.namespace} has no such Deployment, so it is unknown whether CPI is running; check "
            "deployment and namespace",
        )
    _refuse_foreign_pods(observed)


def _stop(observed: CpiState) -> list[Action]:
    """The steps that stop CPI; empty when it is already stopped."""
    deployment = observed.deployment
    if deployment is None or (deployment.is_scaled_to_zero() and not observed.own_pods):
        return []
    return [*([Action.SCALE_DOWN] if deployment.replicas else []), Action.AWAIT_NO_POD]


def _later(observed: CpiState, wanted: Object, replicas: int) -> tuple[Action, ...]:
    present = observed.config_map
    if present is None:
        content = [Action.CREATE]
    elif same_content(present.raw, wanted):
        content = []
    else:
        content = [Action.DELETE, Action.CREATE] if present.immutable else [Action.REPLACE]
    return (*content, *([Action.SCALE_UP] if replicas else []), Action.FINISH)


def _refuse(observed: CpiState, wanted: Object, restart: str) -> None:
    target, deployment = observed.target, observed.deployment
    if deployment is not None and not deployment.mounts(target.name):
        raise InvalidInput("deployment", target.deployment, f"it does not mount {target}; check deployment and name")
    if restart == DELETE_POD and wanted.get("immutable"):
        raise InvalidInput(
            "restart",
            restart,
            f"{target} is immutable, and a new pod could get the kubelet's cached old content; use auto or recreate",
        )


def _refuse_foreign_pods(observed: CpiState) -> None:
    for pod in observed.foreign_pods:
        raise CollectionError(
            f"pod {pod.namespace}/{pod.name} mounts {observed.target}, but does not belong to Deployment "
            f"{observed.target.deployment}: while it exists, the kubelet keeps the old content; nothing was changed: "
            "check the option deployment, or delete that pod"
        )


def _why_restart(observed: CpiState, wanted: Object, changes: bool) -> str:
    """Why CPI must be restarted; empty when it runs with the wanted content."""
    if changes:
        return "the content changes, and CPI reads it only when it starts"
    stale = stale_pods(observed.config_map, observed.own_pods)
    if stale and observed.config_map:
        pod = stale[0]
        return (
            f"pod {pod.name} (created {pod.created}) is older than the ConfigMap (created "
            f"{observed.config_map.created}), so CPI runs with other content"
        )
    # An edited ConfigMap keeps its creation time, so only the journal shows that the pods may not have been restarted.
    journal = None if wanted.get("immutable") else observed.journal
    if journal is None or not journal.in_progress or not same_content(wanted, journal.wanted):
        return ""
    return "the content was changed by an interrupted run, which may not have restarted CPI"


def replicas_of(observed: CpiState) -> int:
    """The number of replicas to end with: the current one, or the one before a run scaled CPI to 0; 0 if unknown.

    Both the Deployment and the journal record the latter, because the journal may be gone.
    """
    if observed.deployment is None:
        return 0
    had = observed.journal.replicas if observed.journal is not None and observed.journal.in_progress else 0
    return observed.deployment.replicas or observed.deployment.stopped_from or had


def _actions(observed: CpiState, changes: bool, restarts: bool, by_recreate: bool, replicas: int) -> list[Action]:
    """The steps between storing the backup and marking it as finished."""
    present = observed.config_map
    scaled = observed.deployment.replicas if observed.deployment else 0
    # The order is essential: no pod of CPI may exist while the ConfigMap is replaced (see the top of this file).
    actions: list[Action] = []
    if restarts and by_recreate:
        actions += [Action.SCALE_DOWN] if scaled else []
        actions += [Action.AWAIT_NO_POD]
    if changes and present is not None and present.immutable:
        actions += [Action.DELETE, Action.CREATE]
    elif changes:
        actions += [Action.REPLACE if present is not None else Action.CREATE]
    if restarts and not by_recreate and observed.own_pods:
        actions += [Action.DELETE_PODS]
    if replicas and (Action.SCALE_DOWN in actions or not scaled):
        actions += [Action.SCALE_UP]
    return actions


def _journal(
    observed: CpiState, wanted: Object, replicas: int, restore_point: str = "", replace_restore_point: bool = False
) -> Journal:
    found = observed.journal
    original = original_to_keep(found, observed.config_map, wanted)
    version = found.resource_version if found else ""
    kept = found.restore_point if found is not None and found.in_progress and not replace_restore_point else ""
    return Journal(IN_PROGRESS, original, wanted, replicas, version, kept or restore_point)


def _restart(observed: CpiState, actions: Sequence[Action], reason: str, restart: str, replicas: int) -> Restart:
    target = observed.target
    if Action.SCALE_UP in actions:
        return Restart(RECREATE, True, reason or "an interrupted run had scaled CPI to 0")
    if Action.DELETE_PODS in actions:
        return Restart(DELETE_POD, True, reason)
    if not reason:
        return Restart(NONE, False, "CPI runs with this content" if replicas else "CPI has no replica")
    if observed.deployment is None:
        return Restart(NONE, False, f"Deployment {target.namespace}/{target.deployment} does not exist")
    if not replicas:
        return Restart(NONE, False, "the Deployment has 0 replicas; CPI will read the content when it is scaled up")
    if restart == NEVER:
        return Restart(NONE, True, f"{reason}; restart is {restart}")
    return Restart(NONE, False, "CPI has no running pod; the next one will read the content")


def _words(action: Action, observed: CpiState, replicas: int) -> str:
    target = observed.target
    deployment = f"Deployment {target.namespace}/{target.deployment}"
    scaled = observed.deployment.replicas if observed.deployment else 0
    return {
        Action.BACK_UP: f"store the content before and after in ConfigMap {target.namespace}/{target.backup_name}",
        Action.SCALE_DOWN: f"scale {deployment} from {scaled} to 0",
        Action.AWAIT_NO_POD: f"wait until no pod of {deployment} is left",
        Action.DELETE: f"delete {target} (it is immutable)",
        Action.CREATE: f"create {target} with the wanted content",
        Action.REPLACE: f"replace the content of {target}",
        Action.DELETE_PODS: f"delete the pods of {deployment}",
        Action.SCALE_UP: f"scale {deployment} from 0 to {replicas}",
        Action.AWAIT_READY: f"wait until {deployment} is ready",
        Action.FINISH: f"mark the backup {target.namespace}/{target.backup_name} as finished",
    }[action]


def rights(plan: Plan, observed: CpiState) -> list[Right]:
    """Every right that the plan's writes need."""
    target = observed.target
    backup = Right("update", "configmaps", target.namespace, name=target.backup_name)
    create = Right("create", "configmaps", target.namespace)
    scale = Right("patch", "deployments/scale", target.namespace, "apps", target.deployment)
    needed = {
        Action.BACK_UP: [backup] if observed.journal and observed.journal.resource_version else [create],
        Action.SCALE_DOWN: [scale],
        Action.DELETE: [Right("delete", "configmaps", target.namespace, name=target.name)],
        Action.CREATE: [create],
        Action.REPLACE: [Right("update", "configmaps", target.namespace, name=target.name)],
        Action.DELETE_PODS: [Right("delete", "pods", target.namespace)],
        Action.SCALE_UP: [scale],
        Action.FINISH: [backup],
    }
    actions = [*(step.action for step in plan.steps), *plan.later]
    return [right for action in actions for right in needed.get(action, [])]
