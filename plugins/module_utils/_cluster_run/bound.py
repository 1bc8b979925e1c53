# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The part of a run that binds it to an approved plan: what the plan is based on, and the judgement. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._canonical import digest_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.request import PhaseReport, RunRequest, Wanted
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.sides import Facts
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.approval import (
    APPROVED,
    Approval,
    binding_of,
    judge,
    judge_read,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.basis import basis_of, bodies_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.cluster_plan import (
    DIGEST,
    allowed_steps,
    cluster_plan,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState

BOUND, REBOUND = "bound", "rebound"
DONE = "this plan is done: there is nothing to do"
NOT_COMPARED = (
    "there was nothing to do, and nothing was written; the digest could not be checked, because its plan is not "
    "available, and the cluster does not record which plan was carried out last"
)
Data = Mapping[str, Any]


class Binding:
    """One planning of a run. It does nothing unless the request asks for a binding plan, or brings an approved one."""

    def __init__(self, request: RunRequest) -> None:
        self._request = request
        self._approval = Approval.read(request.approved) if request.approved else None
        self._based_on: Facts | None = None
        self._plan: Facts | None = None

    def read(self, state: ClusterState, cluster: Facts, gateway: Facts, wanted: Wanted) -> None:
        """Keep what the plan is based on. ``gateway`` has the members of the cluster's pools."""
        self._based_on = basis_of(state, cluster, gateway, _settings(self._request, wanted))

    def add_plan(
        self, report: PhaseReport, cluster: Data, edge: Data, preflight: Data, removed: Data, firewall: Data
    ) -> None:
        """Add the binding form of the plan to the result of phase plan.

        ``removed`` is the plan for single orphans, ``firewall`` the one for firewall rules.
        """
        if self._based_on is None:
            return
        result = report.result
        migration = result["migration_plan"] or {"services": ()}
        self._plan = cluster_plan(
            cluster_id=cluster["cluster_id"],
            edge_gateway=edge,
            preflight=preflight,
            cpi=result["cpi_plan"],
            services=migration["services"],
            removed=removed.get("names") or (),
            firewall=firewall.get("steps") or (),
            pending=result["plan"]["pending"],
            lines=result["lines"]["plan"],
            based_on=self._based_on,
            bodies=bodies_of(result["plan"]["point"]),
        )
        result[BOUND] = self._plan

    def check(self, report: PhaseReport, cluster: Facts, lines: dict[str, Any]) -> None:
        """Raise CollectionError if there is an approved plan and this is another; ``lines`` get the difference."""
        approval, now = self._approval, self._plan
        if approval is None or now is None:
            return
        verdict = judge(approval, now, cluster)
        if not verdict.ok:
            lines["difference"] = list(verdict.lines)
            raise CollectionError(verdict.summary)
        result, plan = report.result, report.result["plan"]
        plan[BOUND] = {"cluster": approval.cluster, DIGEST: now[DIGEST], "plan": now, "source": approval.source}
        if verdict.done:
            said = DONE if verdict.compared else NOT_COMPARED
            result["lines"]["plan"] = [f"shared_ip_apply: {approval.source}: {said}"]
        elif plan["kept"] and not verdict.finishing:
            bound_to = {APPROVED: binding_of((approval.digest, now[DIGEST]), now)}
            plan["kept"] = {**plan["kept"], **bound_to}
            if plan["interrupted"]:  # the cluster keeps its restore point, but is bound to this plan from now on
                plan[REBOUND] = {**cluster["restore_point"], **bound_to}

    def explained(self, problem: CollectionError, lines: dict[str, Any]) -> CollectionError:
        """The error of a failed planning, with what has changed since the approval, as that may be the reason."""
        if self._approval is None or self._based_on is None or self._plan is not None:
            return problem
        verdict = judge_read(self._approval, self._based_on)
        if not verdict.summary:
            return problem
        lines["difference"] = list(verdict.lines)
        return CollectionError(f"{verdict.summary}; found now: {problem.message}", **problem.details)


def _settings(request: RunRequest, wanted: Wanted) -> dict[str, Any]:
    """The variables that a plan depends on, by their names in the role. Ranges appear with their actual addresses."""
    found = {
        "shared_ip_scenario": wanted.scenario,
        "shared_ip_existing": request.existing,
        "shared_ip_prune": request.prune,
        "shared_ip_prune_objects": sorted(request.prune_objects),
        "shared_ip_vcd_rules": sorted(request.vcd_rules),
        "shared_ip_accept_loss": request.accept_loss,
        "shared_ip_firewall": request.firewall,
        "shared_ip_restart": request.restart,
    }
    if request.go_back:
        # Its digest would change: each change of CPI binds the restore point in the cluster, and the run adds to it.
        chosen = digest_of(wanted.restore_point) if request.restore_file else "the one in the cluster"
        found["restore point to go back to"] = chosen
    return found


def steps_allowed(plan: Data) -> list[str]:
    """The steps that a bound plan of phase plan allows."""
    return allowed_steps(plan[BOUND]["plan"])
