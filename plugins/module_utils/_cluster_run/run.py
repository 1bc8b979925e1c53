# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The order of a run on one cluster: read, check, plan; then change and verify. It is defined only here.

``ClusterRun(...).plan()`` returns the current state, what prevents a change, and the plan; ``change(plan)`` applies it
and verifies the result; ``verify()`` only checks the current state. The steps of a migration:

    0. between the plan and the change, the role runs the operator's hooks, and plans again after them
    1. lock the edge gateway against other runs; a run that is bound to an approved plan plans again
    2. store the restore point on disk, unless a container's user has no folder for it
    3. make firewall rules, if the role manages them; store the restore point in the cluster, and stop CPI
    4. read again; if something has changed since the plan, store a new restore point (a bound run ends there)
    5. migrate the Services, and unlock the edge gateway
    6. write CPI's file, and start CPI
    7. with the gateway locked, remove orphans that are in no Service's way and firewall rules that are not needed
    8. verify until everything has settled; the role runs the operator's final hooks, even after a failure

If a run is killed at any point, the next run, which begins with a plan, finishes the work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Done
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run import files
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.bound import (
    BOUND,
    REBOUND,
    Binding,
    steps_allowed,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.facts import (
    VERSION,
    check_version,
    objects_of,
    replicas_before,
    result_or_none,
    verified,
    verify_wanted,
    without_objects,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.report import (
    Reached,
    interrupted_message,
    merged,
    migration_failure,
    nothing_migrated,
    plan_lines,
    restore_point_line,
    result_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.request import (
    MIGRATE,
    DoneMigration,
    PhaseReport,
    RestorePoint,
    RunRequest,
    Wanted,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.rights import add_rights
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.sides import (
    FIREWALL,
    READ_PARTS,
    Cpi,
    Facts,
    FileGoal,
    Gateway,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.manage import Managed
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.approval import APPROVED
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.preflight import (
    report_of,
    state_of,
    still_orphans,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import pools_to_read
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import network_of_cpi
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import services_option
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.picture import with_members
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import MANAGE_FIREWALL
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import pluralize
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.hooks import (
    Hooks,
    checked_results,
    identities,
    with_saved,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.report import report_lines
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.restore.restore_point import restore_point_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.restore.way_back import kept_on_the_way, way_back
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline, Pace

NEVER = "never"
ENTITY = "urn:vcloud:entity:vmware:"  # a cluster id like this is the id of CPI's defined entity
SETTLING = Pace(first=1.0, factor=1.5, longest=10.0)


class ClusterRun:
    """One run on one cluster.

    ``one_look()`` is a context in which nothing is read twice, ``say(text)`` reports progress to the user, and
    ``deadline(seconds)`` starts a time limit.
    """

    def __init__(
        self,
        cpi: Cpi,
        gateway: Gateway,
        request: RunRequest,
        one_look: Callable[[], AbstractContextManager[None]],
        say: Callable[[str], None] = lambda text: None,
        deadline: Callable[[float], Deadline] = Deadline,
    ) -> None:
        self._cpi = cpi
        self._gateway = gateway
        self._request = request
        self._one_look = one_look
        self._say = say
        self._deadline = deadline
        self._verify = partial(verify_wanted, restarts=request.restart != NEVER)
        self._reached = Reached()

    # -- plan: writes nothing

    def plan(self, check_mode: bool) -> PhaseReport:
        """Read, check and plan. ``ok`` in the result says whether a change may follow, ``summary`` says why not."""
        found: Facts = {"planned_only": check_mode, "lines": {}}
        binding = Binding(self._request)
        with self._one_look():
            try:
                cluster, gateway = self._look()
                found["cluster"] = cluster
                wanted = self._wanted(cluster, gateway, found)
                gateway = self._preflight(cluster, gateway, wanted, found, binding)
                report = self._plan(cluster, gateway, wanted, found, binding)
                binding.check(report, cluster, found["lines"])
                self._add_hooks(report.result, cluster)
            except CollectionError as problem:
                error = self._cpi.final_error(binding.explained(problem, found["lines"]))
                if not found["lines"]:
                    raise error from problem  # there is no report yet that would be lost with the error
                return PhaseReport(False, {**found, "ok": False, "summary": error.message, "failure": error.details})
        result = {**found, **report.result, "lines": {**found["lines"], **report.result["lines"]}}
        return PhaseReport(check_mode and report.changed, result, report.before, report.after)

    def _add_hooks(self, result: Facts, cluster: Facts) -> None:
        """Add the hooks that run before and after the change; the restore point gets what they saved before it."""
        request, plan = self._request, result["plan"]
        saved, digest = checked_results(request.saved), result.get(BOUND, {}).get("digest", "")
        hooks = Hooks(request.before_change, request.after_change, saved, request.handed_on)
        decided = hooks.decide(cluster, pending=plan["pending"], digest=digest if request.approved else "")
        plan["saved"] = decided["saved"]
        plan["point"], plan["kept"] = (with_saved(plan[name], decided["saved"]) for name in ("point", "kept"))
        result["lines"]["hooks"] = decided.pop("lines")
        result["hooks"] = {**decided, "identities": identities(request.before_change)}

    def _look(self, *more: str) -> tuple[Facts, Facts]:
        """Read CPI's file, the Services, and the edge gateway of the cluster."""
        cluster = self._cpi.look()
        network, vdc = network_of_cpi(cluster)
        return cluster, self._gateway.look(network, (*READ_PARTS, *more), vdc)

    def _wanted(self, cluster: Facts, gateway: Facts, found: Facts) -> Wanted:
        request = self._request
        if not request.go_back:
            return Wanted(request.scenario, request.one_arm)
        chosen = files.load(request.restore_file) if request.restore_file else cluster["restore_point"] or {}
        back = way_back(chosen, cluster, gateway)
        found["way_back"] = back
        found["lines"]["way_back"] = report_lines(back)
        if not back["ok"]:
            raise CollectionError(back["summary"])
        return Wanted(back["scenario"], back["one_arm"], chosen)

    def _preflight(self, cluster: Facts, gateway: Facts, wanted: Wanted, found: Facts, binding: Binding) -> Facts:
        """Run the preflight. Returns the facts of the gateway: with firewall rules where a migration needs them."""
        existing = MIGRATE if self._request.migrates else self._request.existing
        request = self._request
        asked = (wanted.scenario, wanted.one_arm, existing, request.edge_gateway, request.prune, request.prune_objects)
        mode = request.firewall_mode(wanted.restore_point)
        more: Facts = {"restore_point": wanted.restore_point, "vcd_rules": request.vcd_rules, "firewall": mode}
        state = state_of(cluster, gateway, *asked, **more)
        preflight = report_of(state)
        if preflight["unproven"] and cluster["cluster_id"].startswith(ENTITY):
            more["entity"] = self._gateway.entity(cluster["cluster_id"])
        if preflight["migrations"] or mode:
            gateway = self._look(FIREWALL)[1]
        if preflight["migrations"] or mode or more.get("entity"):
            state = state_of(cluster, gateway, *asked, **more)
            preflight = report_of(state)
        reads_pools = request.binds or (preflight["ok"] and preflight["migrations"])
        members = self._gateway.with_members(gateway, pools_to_read(cluster)) if reads_pools else {}
        if request.binds:
            binding.read(state, cluster, members, wanted)
        found["preflight"] = preflight
        found["lines"]["preflight"] = report_lines(preflight)
        if not preflight["ok"]:
            raise CollectionError(preflight["summary"])
        if members:  # they were read in full for the restore point, too
            pictures = preflight["pictures"].items()
            preflight["pictures"] = {when: with_members(one, members) for when, one in pictures}
        return gateway

    def _plan(self, cluster: Facts, gateway: Facts, wanted: Wanted, found: Facts, binding: Binding) -> PhaseReport:
        preflight = found["preflight"]
        (edge,) = gateway["edge_gateways"]
        location = {"cluster_id": cluster["cluster_id"], "edge_gateway": edge["id"]}
        self._gateway.choose(**location)
        goal = FileGoal(preflight["scenario"], preflight["one_arm"])
        planned = self._cpi.plan(goal)
        interrupted = cluster["rollout"]["state"] == "in_progress" and cluster["restore_point"] is not None
        wanted = replace(wanted, orphans=tuple(preflight["removed_on_the_way"]))
        migration = self._plan_migration(cluster, gateway, goal, wanted, interrupted)
        gone = preflight["removals"]
        removal = self._gateway.plan_removal(gone) if gone else None
        firewall = self._gateway.plan_firewall(preflight["firewall"]) if preflight.get("firewall") else None
        writing = [migration, *(one for one in (removal, firewall) if one and one.changed)]
        add_rights(found, self._gateway, writing)
        pending = bool(planned.result["steps"] or any(writing))
        verification = None if pending else self._verify(cluster, gateway, wanted)
        # only a migration needs a restore point, which takes a request for each virtual service
        stop = self._cpi.plan_stop(goal).result if migration else None
        point = self._restore_point(cluster, gateway, wanted) if migration else RestorePoint()
        without_file = files.only_in_cluster(self._request.restore_dir) if migration else ""
        parts: list[Managed | Done] = [one for one in (planned, migration, removal, firewall) if one]
        result = result_of(preflight, planned.result, result_or_none(migration), changed=pending)
        if verification:
            result.update(verified=verification["ok"], services=verification["services"])
        plan = {
            "version": VERSION,
            **location,
            "pending": pending,
            "migrating": migration is not None,
            "interrupted": interrupted,
            "point": point.on_disk,
            "kept": point.in_cluster,
            "changing": bool(planned.result["steps"]),
            "resumed": planned.result["resumed"],
            "replicas": replicas_before(cluster),
            "scenario": wanted.scenario,
            "one_arm": wanted.one_arm,
            "restore_point": wanted.restore_point,
            "goal": {"scenario": goal.scenario, "one_arm": goal.one_arm},
            "before": {"scenario": preflight["scenario_before"], "one_arm": preflight["one_arm_before"]},
            "gone": gone,
            "firewall": preflight["firewall"] if firewall and firewall.changed else {},
            "on_the_way": list(wanted.orphans),
            "gateway": without_objects(gateway),
            "verification": verification,
            "result": result,
        }
        lines = plan_lines(
            planned.result, stop, result_or_none(migration), result_or_none(removal), result_or_none(firewall)
        )
        if without_file:
            lines.append(restore_point_line(without_file, self._cpi.backup))
        report: Facts = {
            "ok": True,
            "summary": "",
            "plan": plan,
            "cpi_plan": planned.result,
            "migration_plan": result_or_none(migration),
            "result": {**result, "verified": False} if found["planned_only"] else result,
            "lines": {"plan": lines},
        }
        if verification and not found["planned_only"]:  # there is nothing to change, so the run ends here
            proof = verified(verification)
            report.update(verification=proof["verification"], lines={**report["lines"], **proof["lines"]})
        before, after = merged([one.before for one in parts]), merged([one.after for one in parts])
        found_plan = PhaseReport(pending, report, before, after)
        binding.add_plan(
            found_plan, cluster, edge, found["preflight"], result_or_none(removal) or {}, result_or_none(firewall) or {}
        )
        return found_plan

    def _plan_migration(
        self,
        cluster: Facts,
        gateway: Facts,
        goal: FileGoal,
        wanted: Wanted,
        interrupted: bool,
    ) -> Done | None:
        """The plan for the Services; None when no Service is to be migrated. Carrying it out needs a stopped CPI."""
        migrates = self._request.migrates
        services = self._services(cluster, gateway, wanted) if migrates or interrupted else []
        if not services:
            return None
        migration = self._gateway.plan_migration(goal, services, cluster["restore_point"] or {}, wanted.orphans)
        writes = migration.result["writes"]
        if writes and not migrates:
            raise CollectionError(interrupted_message(writes))
        # a migration that was killed after its last write was never verified: finish it like any other
        return migration if writes or (migrates and interrupted) else None

    def _services(self, cluster: Facts, gateway: Facts, wanted: Wanted) -> list[Facts]:
        """The Services to be migrated, as the option ``services`` of vcd_shared_ip."""
        if self._request.go_back:
            back = way_back(wanted.restore_point, cluster, gateway)
            if not back["ok"]:
                raise CollectionError(back["summary"])
            return list(back["services"])
        rules = self._request.vcd_rules
        return services_option(cluster, gateway, wanted.scenario, wanted.one_arm, wanted.orphans, rules)

    # -- change

    def change(self, plan: Mapping[str, Any], check_mode: bool) -> PhaseReport:
        """Apply ``plan``, and verify the result. Each write is planned again, from the state at that time.

        Raises CollectionError. After a failed migration, its message says what state the Services are in, and how to
        continue or go back.
        """
        check_version(plan)
        result = dict(plan["result"])
        if check_mode:
            return PhaseReport(False, {"verification": None, "lines": {}, "result": result})
        if not plan["pending"]:
            return PhaseReport(False, {**verified(plan["verification"]), "result": result})
        self._gateway.choose(plan["cluster_id"], plan["edge_gateway"])
        goal, orphans = FileGoal(**plan["goal"]), tuple(plan["on_the_way"])
        wanted = Wanted(plan["scenario"], plan["one_arm"], plan["restore_point"], orphans)
        self._reached = Reached.nothing(result["migrations"])
        try:
            with self._cpi.lease():
                migration, applied, parts = self._write(plan, goal, wanted)
            found = self._verify_change(plan, goal, wanted, migration)
        except Exception as error:  # after a defect, too, the error must mention a stopped CPI
            raise self._reached.added_to(self._cpi.final_error(error)) from error
        verification = found["verification"]
        result.update(
            changed=migration is not None or any(one.changed for one in parts),
            restart=applied.result["restart"]["done"] if applied else "none",
            verified=verification["ok"],
            services=verification["services"],
            migrations=migration.services_done.result["services"] if migration else [],
            restore_point=migration.file if migration else "",
        )
        before, after = merged([one.before for one in parts]), merged([one.after for one in parts])
        return PhaseReport(result["changed"], {**found, "result": result}, before, after)

    def _write(
        self, plan: Mapping[str, Any], goal: FileGoal, wanted: Wanted
    ) -> tuple[DoneMigration | None, Managed | None, list[Managed | Done]]:
        """Write everything. Returns the migration, what was done to CPI, and a list of everything that was done."""
        migration: DoneMigration | None = None
        applied: Managed | None = None
        parts: list[Managed | Done] = []
        if plan["migrating"]:
            with self._gateway.lock():
                self._check_bound(plan)
                migration = self._migrate(plan, goal, wanted)
            # outside the lock: other runs on the gateway need not wait until CPI is ready
            self._say("starting CPI")
            applied = self._cpi.apply(goal)
            parts += [applied, migration.services_done]
        elif plan["changing"]:
            self._check_bound(plan)
            self._say("changing CPI's file")
            applied = self._cpi.apply(goal)
            parts.append(applied)
        firewall = plan.get("firewall") or {}
        if plan["gone"] or firewall:
            with self._gateway.lock():
                if not parts:
                    self._check_bound(plan)
                parts += self._remove(plan) if plan["gone"] else []
                parts += [self._gateway.take_back_firewall_rules(firewall)] if firewall else []
        return migration, applied, parts

    def _check_bound(self, plan: Mapping[str, Any]) -> None:
        """Plan once more before the first write, and raise CollectionError if a bound plan would differ now.

        The run may have waited long for its turn on the edge gateway.
        """
        if not plan.get(BOUND):
            return
        request = replace(self._request, approved=plan[BOUND])
        again = ClusterRun(self._cpi, self._gateway, request, self._one_look, self._say, self._deadline).plan(False)
        if not again.result["ok"]:
            raise CollectionError(again.result["summary"], difference=again.result["lines"].get("difference", []))
        self._gateway.allow_only(steps_allowed(plan))

    def _remove(self, plan: Mapping[str, Any]) -> list[Done]:
        """Remove the orphans, except those that a port has claimed since the plan: a Service may have come back."""
        with self._one_look():
            cluster, gateway = self._cpi.look(), self._gateway.look_again(plan["gateway"])
        objects = still_orphans(cluster, gateway, plan["gone"])
        self._say(f"removing {pluralize(len(objects), 'orphan')}")
        return [self._gateway.remove(objects)] if objects else []

    def _migrate(self, plan: Mapping[str, Any], goal: FileGoal, wanted: Wanted) -> DoneMigration:
        """Stop CPI and migrate the Services."""
        # Stored before anything changes, and on disk first: the copy in the cluster could be lost with the cluster.
        point = RestorePoint(plan["point"], plan["kept"])
        file = self._store(point)
        if plan.get("firewall"):  # before CPI stops, so that nothing else has changed if Cloud Director refuses
            self._gateway.make_firewall_rules(plan["firewall"])
        self._say(f"the restore point is in {file or f'ConfigMap {self._cpi.backup} alone'}; stopping CPI")
        rebound = plan.get(REBOUND)
        self._cpi.stop(goal, rebound or point.in_cluster, replace=bool(rebound))
        try:
            # CPI may have created objects after the plan and before it stopped: they have to be migrated, too
            with self._one_look():
                cluster, gateway = self._cpi.look(), self._gateway.look_again(plan["gateway"])
                services = self._services(cluster, gateway, wanted)
                newer = self._newer_point(plan, cluster, gateway, wanted, services)
                if newer and plan.get(BOUND):
                    raise CollectionError("shared_ip_apply: while CPI stopped, Services have changed: plan again")
                point_in_cluster = (newer or point).in_cluster
                migrate = self._gateway.prepare_migration(
                    goal, services, point_in_cluster, wanted.orphans, self._cpi.check_stopped
                )
            if newer:
                point, file = newer, self._store(newer)
                self._say(f"Services have changed since the plan; the restore point is in {file or 'the cluster'}")
                self._cpi.stop(goal, point.in_cluster, replace=True)
            self._reached.services = None
            services_done = migrate()
        except CollectionError as error:
            raise self._failure(error, plan, file) from error
        self._reached.services = services_done.result["services"]
        return DoneMigration(services, point, file, services_done)

    def _store(self, point: RestorePoint) -> str:
        self._reached.restore_point = files.store(self._request.restore_dir, point.on_disk)
        return self._reached.restore_point

    def _restore_point(self, cluster: Facts, gateway: Facts, wanted: Wanted) -> RestorePoint:
        info = self._gateway.describe(self._services(cluster, gateway, wanted), whole=True)
        point = restore_point_of(info, cluster, gateway)
        mode = self._request.firewall_mode(wanted.restore_point)
        if mode == MANAGE_FIREWALL:
            point = {**point, "firewall": mode}
        if not self._request.go_back:
            return RestorePoint(point, point)
        # The cluster keeps the point to go back to, so that the same run can be repeated and leads to the same state.
        # The present objects are added to it: one of them may be lost while it is re-created.
        back = dict(way_back(wanted.restore_point, cluster, gateway)["restore_point"])
        back.pop(APPROVED, None)  # this approval belongs to the change that is being undone
        return RestorePoint(point, kept_on_the_way(back, point))

    def _newer_point(
        self, plan: Mapping[str, Any], cluster: Facts, gateway: Facts, wanted: Wanted, services: list[Facts]
    ) -> RestorePoint | None:
        """A new restore point if Services have changed since the plan, else None.

        After an interruption the first one is kept: half-migrated Services are not a state to go back to.
        """
        if plan["interrupted"]:
            return None
        if objects_of(self._gateway.describe(services)) == objects_of(plan["point"]):
            return None
        # the change in progress is this one, and no Service is migrated yet: describe the cluster as it was before
        before = {**cluster, "rollout": {**cluster["rollout"], "state": "none"}, "restore_point": None}
        point = self._restore_point(before, gateway, wanted)
        return RestorePoint(with_saved(point.on_disk, plan["saved"]), with_saved(point.in_cluster, plan["saved"]))

    def _failure(self, error: CollectionError, plan: Mapping[str, Any], file: str) -> CollectionError:
        """The error of a migration, with the state of the Services. CPI is restored if no Service was migrated."""
        before, then_failed = plan["before"], ""
        restored = nothing_migrated(error.details, resumed=plan["resumed"], scenario_before=before["scenario"])
        if restored:
            self._say("restoring CPI, because no Service was migrated")
            try:
                self._cpi.apply(FileGoal(before["scenario"], before["one_arm"]))
            except CollectionError as second:
                restored, then_failed = False, second.message
        backup = self._cpi.backup
        message = migration_failure(error, file, backup, restored=restored, then_failed=then_failed)
        return CollectionError(message, **{**error.details, "restore_point": file})

    # -- verify

    def verify(self) -> PhaseReport:
        """Check the current state; writes nothing. Without a scenario in the request, CPI's file decides on it."""
        with self._one_look():
            try:
                cluster, gateway = self._look()
                gateway = self._gateway.with_members(gateway, pools_to_read(cluster))
            except CollectionError as error:
                raise self._cpi.final_error(error) from error
        verification = self._verify(cluster, gateway, Wanted(self._request.scenario, self._request.one_arm))
        return PhaseReport(False, {"cluster": cluster, **verified(verification)})

    def _verify_change(
        self, plan: Mapping[str, Any], goal: FileGoal, wanted: Wanted, migration: DoneMigration | None
    ) -> Facts:
        """Verify a change. CPI updates addresses, and Cloud Director health, only a while after a migration."""
        deadline, intervals = self._deadline(self._request.wait_timeout), SETTLING.intervals()
        while True:
            with self._one_look():
                cluster, gateway = self._cpi.look(), self._gateway.look_again(plan["gateway"])
                promise = None
                if migration:
                    stored = migration.point.in_cluster
                    left = self._gateway.plan_migration(goal, migration.services, stored, wanted.orphans)
                    point = migration.point.on_disk
                    promise = {"services": migration.services, "restore_point": point, "plan": left.result}
            verification = self._verify(cluster, gateway, wanted, promise, plan["replicas"])
            if not (migration and verification["settling"]) or deadline.expired():
                break
            self._say(f"waiting for the changes to settle: {verification['summary']}")
            deadline.sleep(next(intervals))
        if migration:
            members = self._gateway.with_members(gateway, pools_to_read(cluster))
            verification["picture"] = with_members(verification["picture"], members)
        return {"cluster": cluster, **verified(verification)}
