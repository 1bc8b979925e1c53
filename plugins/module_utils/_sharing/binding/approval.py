# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Decides whether the plan that would be carried out now is the approved one. Nothing else decides this. Pure.

An approval is a digest: of one cluster's plan, or of a run with that cluster alone. The plan itself may come with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import FINISHED, IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.basis import (
    CPI_FILE,
    IMAGE,
    SERVICE,
    SETTING,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.cluster_plan import DIGEST, allowed_steps
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.difference import differences
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.run_plan import (
    checked_plan,
    digest_of_run,
)

Facts = Mapping[str, Any]
APPROVED = "approved"  # the key in a restore point under which a bound run records what it is bound to
REMOVES = ("shared_ip_prune", "shared_ip_prune_objects")  # the variables that let a plan remove orphans
AGAIN = "plan again with --check, and have the new plan approved"


@dataclass(frozen=True)
class Approval:
    """What was approved for one cluster. ``plan`` is None where only the digest is known.

    ``cluster`` is its name in the run, ``source`` what the operator gave.
    """

    cluster: str
    digest: str
    plan: Facts | None
    source: str

    @classmethod
    def read(cls, given: Any) -> Approval:
        """The option ``approved``. Raises InvalidInput if it is not as vcd_shared_ip_plan returns it."""
        reader = Reader(given, "approved")
        plan = reader.mapping_or_none("plan")
        if plan:
            checked_plan(plan.value, "approved.plan")
        return cls(reader.text("cluster", ""), reader.text(DIGEST), plan.value if plan else None, reader.text("source"))

    def is_of(self, digests: Iterable[str]) -> bool:
        """Whether it is one of these digests of this cluster's plans, or the digest of a run with one of them alone."""
        return any(self.digest in (one, digest_of_run({self.cluster: one})) for one in digests)


@dataclass(frozen=True)
class ApprovalVerdict:
    """``ok``: the approved plan may be carried out; ``done``: nothing of it is left to do.

    ``compared`` is false where there is nothing to do and only the digest is known, not the plan behind it.
    ``finishing``: an earlier run began it, and this one may do the rest. ``summary`` and ``lines`` give the reasons of
    a refusal.
    """

    ok: bool
    done: bool = False
    compared: bool = True
    finishing: bool = False
    summary: str = ""
    lines: tuple[str, ...] = ()


def judge(approval: Approval, now: Facts, ccm: Facts) -> ApprovalVerdict:
    """Whether the plan ``now`` may be carried out. ``ccm`` are the facts of the cluster."""
    if approval.is_of([now[DIGEST]]):
        return ApprovalVerdict(True)
    begun = _bound_to(ccm, IN_PROGRESS)
    if approval.is_of(begun.get("digests", ())):
        return _of_begun(approval, begun, now)
    if approval.plan is None and not now["changes"]:
        return _of_digest_alone(approval, _bound_to(ccm, FINISHED), now)
    if _is_done(approval, now):
        return ApprovalVerdict(True, done=True)
    if approval.plan is None:
        summary = (
            f"shared_ip_apply: {approval.digest!r}: this cluster's plan is {now[DIGEST]} now; nothing was written: "
            f"give the plan's file to see what has changed, or {AGAIN}"
        )
        return ApprovalVerdict(False, summary=summary)
    found = differences(approval.plan, now)
    return _refused(approval, found.summary, found.lines)


def judge_read(approval: Approval, based_on: Facts) -> ApprovalVerdict:
    """What has changed since the approval where no plan could be made now: never ok."""
    if approval.plan is None:
        return ApprovalVerdict(False)
    found = differences(approval.plan, {"based_on": based_on}, read_only=True)
    return _refused(approval, found.summary, found.lines) if found else ApprovalVerdict(False)


def _refused(approval: Approval, why: str, lines: Sequence[str]) -> ApprovalVerdict:
    summary = f"shared_ip_apply: {approval.source!r}: the approved plan no longer fits ({why}); nothing was written"
    return ApprovalVerdict(
        False, summary=f"{summary}: {AGAIN}", lines=(f"the approved plan {approval.digest}:", *lines)
    )


def _bound_to(ccm: Facts, state: str) -> Facts:
    """What the last change of the cluster is bound to; empty if the change is not in this state, or bound to nothing.

    The restore point holds this, and each change of CPI's file and each migration replaces it.
    """
    found = (ccm.get("restore_point") or {}).get(APPROVED) if (ccm.get("rollout") or {}).get("state") == state else None
    if not isinstance(found, Mapping):
        return {}
    digests, steps, based_on = (found.get(key) for key in ("digests", "steps", "based_on"))
    return {
        "digests": [str(one) for one in digests] if isinstance(digests, list) else [],
        "steps": [str(one) for one in steps] if isinstance(steps, list) else [],
        "based_on": based_on if isinstance(based_on, Mapping) else {},
    }


def binding_of(digests: Iterable[str], plan: Facts) -> dict[str, Any]:
    """What a bound run records in its restore point, for a later run that may have to finish it."""
    return {"digests": sorted(set(digests)), "steps": allowed_steps(plan), "based_on": _kept(plan["based_on"])}


def _kept(based_on: Facts) -> dict[str, Any]:
    """What stays the same while the plan is only half carried out."""
    names = (SETTING, SERVICE, IMAGE)
    return {name: value for name, value in based_on.items() if name.startswith(names) and name != CPI_FILE}


def _of_begun(approval: Approval, begun: Facts, now: Facts) -> ApprovalVerdict:
    """An interrupted run may be finished with what is left of its own steps, and with nothing else."""
    found = differences(begun, {"based_on": _kept(now["based_on"])}, read_only=True)
    if found:
        return _refused(approval, found.summary, found.lines)
    known = set(begun["steps"])
    more = [step for step in allowed_steps(now) if step not in known]
    if not more:
        return ApprovalVerdict(True, finishing=True)
    lines = [f"  would be done now, and was not planned: {one}" for one in more]
    return _refused(approval, "the rest of an interrupted run needs steps that it does not have", lines)


def _of_digest_alone(approval: Approval, last: Facts, now: Facts) -> ApprovalVerdict:
    """Judge a digest without its plan where there is nothing to do. ``last`` is what the last change was bound to.

    Nothing is written, whatever the digest stands for. But a wrong digest must not look as if it had been carried out.
    """
    if approval.is_of(last.get("digests", ())):
        settings = [{"based_on": _settings(one["based_on"])} for one in (last, now)]
        found = differences(*settings, read_only=True)
        return _refused(approval, found.summary, found.lines) if found else ApprovalVerdict(True, done=True)
    # a plan that only removes orphans leaves no trace in the cluster, and may have been carried out since
    if not last.get("digests") or any(now["based_on"].get(f"{SETTING} {name}") for name in REMOVES):
        return ApprovalVerdict(True, done=True, compared=False)
    summary = (
        f"shared_ip_apply: {approval.digest!r}: there is nothing to do, and this is neither the digest of this "
        f"cluster's plan now ({now[DIGEST]}) nor of the plan that was carried out last "
        f"({' or '.join(last['digests'])}); nothing was written: give the digest that was approved for this cluster, "
        f"or {AGAIN}"
    )
    return ApprovalVerdict(False, summary=summary)


def _is_done(approval: Approval, now: Facts) -> bool:
    """Whether nothing is left to do of an approved plan. Always False where only its digest is known."""
    plan = approval.plan
    if plan is None or now["changes"]:
        return False
    same = ("cluster_id", "edge_gateway", "scenario", "one_arm")
    return all(plan[key] == now[key] for key in same) and _settings(plan["based_on"]) == _settings(now["based_on"])


def _settings(based_on: Facts) -> dict[str, Any]:
    return {key: value for key, value in based_on.items() if key.startswith(SETTING)}
