# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Whether what would be done now is what was approved. The only function for that. Pure.

An approval is a digest: of the plan of a cluster, or of a run that is this one cluster. It may come with the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import IN_PROGRESS
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
APPROVED = "approved"  # the key of a restore point under which a run that is bound leaves what it is bound to
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


@dataclass(frozen=True)
class Verdict:
    """``ok``: the approved plan may be carried out; ``done``: it was, and there is nothing to do.

    ``finishing``: it was begun, and the rest may be carried out. ``summary`` and ``lines`` say why not.
    """

    ok: bool
    done: bool = False
    finishing: bool = False
    summary: str = ""
    lines: tuple[str, ...] = ()


def judge(approval: Approval, now: Facts, ccm: Facts) -> Verdict:
    """Whether the plan ``now`` may be carried out. ``ccm`` are the facts of the cluster."""
    if approval.digest in (now[DIGEST], digest_of_run({approval.cluster: now[DIGEST]})):
        return Verdict(True)
    begun = begun_with(ccm)
    if approval.digest in (begun.get("digests") or ()):
        return _of_begun(approval, begun, now)
    if _is_done(approval, now):
        return Verdict(True, done=True)
    if approval.plan is None:
        summary = (
            f"shared_ip_apply: {approval.digest!r}: this cluster's plan is {now[DIGEST]} now; nothing was written: "
            f"give the plan's file to see what has changed, or {AGAIN}"
        )
        return Verdict(False, summary=summary)
    found = differences(approval.plan, now)
    return _refused(approval, found.summary, found.lines)


def judge_read(approval: Approval, based_on: Facts) -> Verdict:
    """What has changed since the approval where no plan could be made now: never ok."""
    if approval.plan is None:
        return Verdict(False)
    found = differences(approval.plan, {"based_on": based_on}, read_only=True)
    return _refused(approval, found.summary, found.lines) if found else Verdict(False)


def _refused(approval: Approval, why: str, lines: Sequence[str]) -> Verdict:
    summary = (
        f"shared_ip_apply: {approval.source!r}: the approved plan does not fit any more ({why}); nothing was written"
    )
    return Verdict(False, summary=f"{summary}: {AGAIN}", lines=(f"the approved plan {approval.digest}:", *lines))


def begun_with(ccm: Facts) -> Facts:
    """What the change in progress is bound to; empty where none is in progress, or it is bound to nothing."""
    in_progress = (ccm.get("rollout") or {}).get("state") == IN_PROGRESS
    found = (ccm.get("restore_point") or {}).get(APPROVED) if in_progress else None
    return found if isinstance(found, Mapping) else {}


def binding_of(digests: Iterable[str], plan: Facts) -> dict[str, Any]:
    """What a run that is bound leaves in its restore point, for a run that has to finish it."""
    return {"digests": sorted(set(digests)), "steps": allowed_steps(plan), "based_on": _kept(plan["based_on"])}


def _kept(based_on: Facts) -> dict[str, Any]:
    """What a half-done change of the plan leaves as it is."""
    names = (SETTING, SERVICE, IMAGE)
    return {name: value for name, value in based_on.items() if name.startswith(names) and name != CPI_FILE}


def _of_begun(approval: Approval, begun: Facts, now: Facts) -> Verdict:
    """A run that was interrupted may be finished by what is left of its own steps, and by nothing else."""
    kept = {"based_on": begun.get("based_on") or {}}
    found = differences(kept, {"based_on": _kept(now["based_on"])}, read_only=True)
    if found:
        return _refused(approval, found.summary, found.lines)
    known = set(begun.get("steps") or ())
    more = [step for step in allowed_steps({"services": now["services"]}) if step not in known]
    if not more:
        return Verdict(True, finishing=True)
    lines = [f"  would be done now, and was not planned: {one}" for one in more]
    return _refused(approval, "the rest of an interrupted run needs steps that it does not have", lines)


def _is_done(approval: Approval, now: Facts) -> bool:
    """Whether there is nothing left to do of what was approved."""
    if now["changes"]:
        return False
    plan = approval.plan
    if plan is None:  # what the digest stands for is not known, but whatever it is, nothing is written
        return True
    same = ("cluster_id", "edge_gateway", "scenario", "one_arm")
    settings = [
        {key: one[key] for key in one if key.startswith(SETTING)} for one in (plan["based_on"], now["based_on"])
    ]
    return all(plan[key] == now[key] for key in same) and settings[0] == settings[1]
