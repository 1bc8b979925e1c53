# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The order of a run on one cluster: look, judge, plan; then change and prove. It stands here and nowhere else.

``ClusterRun(...).plan()`` says what is there, what is in the way and what would be done; ``change(plan)`` does it and
proves the result; ``verify()`` judges what is there. A migration goes:

    restore point on disk - restore point in the cluster, and CPI stopped - look again (if something has changed since
    the plan, another restore point) - Services moved - CPI's file written, and CPI started - what Services that are
    gone have left removed - judged, again until all has settled

A run that is killed anywhere is finished by the next one, which begins with a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Done
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run import files
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.report import (
    cut_short,
    merged,
    nothing_migrated,
    plan_lines,
    result_of,
    what_failed,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.request import (
    MIGRATE,
    Migration,
    Report,
    Request,
    RestorePoint,
    Wish,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.sides import (
    FIREWALL,
    LOOKED_AT,
    OBJECTS,
    Cpi,
    Facts,
    Gateway,
    Goal,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.manage import Managed
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.preflight import preflight_report
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.verify import verify_report
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.services import services_option
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.report import report_lines
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.restore.restore_point import (
    restore_point_of,
    way_back,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline, Pace

NEVER = "never"
VERSION = 1  # of a plan that is handed from one phase to the next
SETTLING = Pace(first=1.0, factor=1.5, longest=10.0)


class ClusterRun:
    """One run.

    ``one_look()`` is a context in which nothing is read twice, ``say(text)`` tells whoever watches what is done, and
    ``deadline(seconds)`` starts a time limit.
    """

    def __init__(
        self,
        cpi: Cpi,
        gateway: Gateway,
        request: Request,
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

    # -- plan: writes nothing

    def plan(self, check_mode: bool) -> Report:
        """Look, judge and plan. ``ok`` in the result says whether a change may follow, ``summary`` why it may not."""
        with self._one_look():
            cluster, gateway = self._look()
            found: Facts = {"planned_only": check_mode, "cluster": cluster, "gateway": gateway, "lines": {}}
            try:
                wish = self._wish(cluster, gateway, found)
                preflight = self._judge(cluster, wish, found)
                report = self._plan(cluster, found["gateway"], wish, preflight)
            except CollectionError as error:
                if not found["lines"]:
                    raise  # nothing to be shown before the error
                return Report(False, {**found, "ok": False, "summary": error.message, "failure": error.details})
        result = {**found, **report.result, "lines": {**found["lines"], **report.result["lines"]}}
        return Report(check_mode and report.changed, result, report.before, report.after)

    def _look(self, *more: str) -> tuple[Facts, Facts]:
        """CPI's file and Services, and the edge gateway that the cluster is on."""
        cluster = self._cpi.look()
        balancer = (cluster["config"] or {}).get("loadbalancer") or {}
        return cluster, self._gateway.look(balancer.get("network") or "", (*LOOKED_AT, *more))

    def _wish(self, cluster: Facts, gateway: Facts, found: Facts) -> Wish:
        request = self._request
        if not request.go_back:
            return Wish(request.scenario, request.one_arm)
        chosen = files.load(request.restore_file) if request.restore_file else cluster["restore_point"] or {}
        back = way_back(chosen, cluster, gateway)
        found["way_back"] = back
        found["lines"]["way_back"] = report_lines(back)
        if not back["ok"]:
            raise CollectionError(back["summary"])
        return Wish(back["scenario"], back["one_arm"], chosen)

    def _judge(self, cluster: Facts, wish: Wish, found: Facts) -> Facts:
        """The preflight. Firewall rules matter only to Services that are to be moved, and are read only for them."""
        existing = MIGRATE if self._request.migrates else self._request.existing
        asked = (wish.scenario, wish.one_arm, existing, self._request.edge_gateway)
        preflight = preflight_report(cluster, found["gateway"], *asked)
        if preflight["migrations"]:
            found["gateway"] = self._look(FIREWALL)[1]
            preflight = preflight_report(cluster, found["gateway"], *asked)
        found["preflight"] = preflight
        found["lines"]["preflight"] = report_lines(preflight)
        if not preflight["ok"]:
            raise CollectionError(preflight["summary"])
        return preflight

    def _plan(self, cluster: Facts, gateway: Facts, wish: Wish, preflight: Facts) -> Report:
        (edge,) = gateway["edge_gateways"]
        place = {"cluster_id": cluster["cluster_id"], "edge_gateway": edge["id"]}
        self._gateway.choose(**place)
        goal = Goal(preflight["scenario"], preflight["one_arm"])
        planned = self._cpi.plan(goal)
        interrupted = cluster["rollout"]["state"] == "in_progress" and cluster["restore_point"] is not None
        moves = self._plan_moves(cluster, gateway, goal, wish, interrupted)
        gone = preflight["orphaned_services"] if self._request.prune else []
        removal = self._gateway.plan_removal(gone) if gone else None
        pending = bool(planned.result["steps"] or moves or (removal and removal.changed))
        verification = None if pending else self._verification(cluster, gateway, wish)
        stop = self._cpi.plan_stop(goal).result if moves else None
        point = self._restore_point(cluster, gateway, wish) if moves else RestorePoint()
        shown: list[Managed | Done] = [one for one in (planned, moves, removal) if one]
        result = result_of(preflight, planned.result, moves.result if moves else None, changed=pending)
        if verification:
            result.update(verified=verification["ok"], services=verification["services"])
        plan = {
            "version": VERSION,
            **place,
            "pending": pending,
            "moving": moves is not None,
            "interrupted": interrupted,
            "point": point.on_disk,
            "kept": point.in_cluster,
            "changing": bool(planned.result["steps"]),
            "resumed": planned.result["resumed"],
            "scenario": wish.scenario,
            "one_arm": wish.one_arm,
            "restore_point": wish.restore_point,
            "goal": {"scenario": goal.scenario, "one_arm": goal.one_arm},
            "before": {"scenario": preflight["scenario_before"], "one_arm": preflight["one_arm_before"]},
            "gone": gone,
            "gateway": _without_objects(gateway),
            "verification": verification,
            "result": result,
        }
        told = {
            "ok": True,
            "summary": "",
            "plan": plan,
            "cpi_plan": planned.result,
            "moves": moves.result if moves else None,
            "result": {**result, "verified": False} if verification else result,
            "lines": {"plan": plan_lines(planned.result, stop, _result(moves), _result(removal))},
        }
        return Report(pending, told, merged([one.before for one in shown]), merged([one.after for one in shown]))

    def _plan_moves(self, cluster: Facts, gateway: Facts, goal: Goal, wish: Wish, interrupted: bool) -> Done | None:
        """The plan for the Services; None when none is to be moved. CPI has to be stopped for it."""
        migrates = self._request.migrates
        services = self._services(cluster, gateway, wish) if migrates or interrupted else []
        if not services:
            return None
        moves = self._gateway.plan_move(goal, services, cluster["restore_point"] or {})
        writes = moves.result["writes"]
        if writes and not migrates:
            raise CollectionError(cut_short(writes))
        # one that was killed after its last write is proved as a whole, too
        return moves if writes or (migrates and interrupted) else None

    def _services(self, cluster: Facts, gateway: Facts, wish: Wish) -> list[Facts]:
        """The Services to be moved, as vcd_shared_ip takes them."""
        if self._request.go_back:
            back = way_back(wish.restore_point, cluster, gateway)
            if not back["ok"]:
                raise CollectionError(back["summary"])
            return list(back["services"])
        return services_option(cluster, gateway, wish.scenario, wish.one_arm)

    # -- change

    def change(self, plan: Mapping[str, Any], check_mode: bool) -> Report:
        """Carry out what ``plan`` found to be needed, and prove the result. What is written is planned on what is
        there by now.

        Raises CollectionError; of a migration that failed it says what is where, and the ways on.
        """
        _check(plan)
        result = dict(plan["result"])
        if check_mode:
            return Report(False, {"verification": None, "lines": {}, "result": result})
        if not plan["pending"]:
            return Report(False, {**_judged(plan["verification"]), "result": result})
        self._gateway.choose(plan["cluster_id"], plan["edge_gateway"])
        goal, wish = Goal(**plan["goal"]), Wish(plan["scenario"], plan["one_arm"], plan["restore_point"])
        migration: Migration | None = None
        shown: list[Managed | Done] = []
        if plan["moving"]:
            migration = self._migrate(plan, goal, wish)
            shown += [migration.applied, migration.moved]
        elif plan["changing"]:
            self._say("changing CPI's file")
            shown.append(self._cpi.bring(goal))
        applied = shown[0].result if shown else {}
        if plan["gone"]:
            self._say("removing what Services that are gone have left")
            shown.append(self._gateway.remove(plan["gone"]))
        found = self._prove(plan, goal, wish, migration)
        verification = found["verification"]
        result.update(
            changed=migration is not None or any(one.changed for one in shown),
            restart=applied["restart"]["done"] if applied else "none",
            verified=verification["ok"],
            services=verification["services"],
            moves=migration.moved.result["services"] if migration else [],
            restore_point=migration.file if migration else "",
        )
        before, after = merged([one.before for one in shown]), merged([one.after for one in shown])
        return Report(result["changed"], {**found, "result": result}, before, after)

    def _migrate(self, plan: Mapping[str, Any], goal: Goal, wish: Wish) -> Migration:
        point = RestorePoint(plan["point"], plan["kept"])
        file = files.store(self._request.restore_dir, point.on_disk)
        self._say(f"the restore point is in {file}; stopping CPI")
        self._cpi.stop(goal, point.in_cluster)
        try:
            # what was made while CPI still ran belongs to the move
            with self._one_look():
                cluster, gateway = self._cpi.look(), self._gateway.look_again(plan["gateway"])
                services = self._services(cluster, gateway, wish)
                newer = self._newer_point(plan, cluster, gateway, wish, services)
                move = self._gateway.prepare_move(goal, services, (newer or point).in_cluster)
            if newer:
                point, file = newer, files.store(self._request.restore_dir, newer.on_disk)
                self._say(f"Services have changed since the plan; the restore point is in {file}")
                self._cpi.stop(goal, point.in_cluster, replace=True)
            moved = move()
        except CollectionError as error:
            raise self._account(error, plan, file) from error
        self._say("starting CPI")
        return Migration(services, point.on_disk, file, moved, self._cpi.bring(goal))

    def _restore_point(self, cluster: Facts, gateway: Facts, wish: Wish) -> RestorePoint:
        info = self._gateway.describe(self._services(cluster, gateway, wish), whole=True)
        point = restore_point_of(info, cluster, gateway)
        if not self._request.go_back:
            return RestorePoint(point, point)
        # kept, so that the same run again goes the same way; what is there now is a source for what may be lost
        back = dict(way_back(wish.restore_point, cluster, gateway)["restore_point"])
        lost = {**point["virtual_services"], **back["virtual_services"]}
        return RestorePoint(point, {**back, "virtual_services": lost})

    def _newer_point(
        self, plan: Mapping[str, Any], cluster: Facts, gateway: Facts, wish: Wish, services: list[Facts]
    ) -> RestorePoint | None:
        """Another restore point, if Services have changed between plan and change; the first of an interrupted
        migration stays, because what is half-done is not the way back."""
        if plan["interrupted"]:
            return None
        if _objects(self._gateway.describe(services)) == _objects(plan["point"]):
            return None
        # the change that is in progress now is this one, and nothing is moved yet
        before = {**cluster, "rollout": {**cluster["rollout"], "state": "none"}, "restore_point": None}
        return self._restore_point(before, gateway, wish)

    def _account(self, error: CollectionError, plan: Mapping[str, Any], file: str) -> CollectionError:
        """The error with what is where. CPI is brought back as it was if nothing is migrated."""
        before, and_then = plan["before"], ""
        back = nothing_migrated(error.details, resumed=plan["resumed"], scenario_before=before["scenario"])
        if back:
            self._say("bringing CPI back, because nothing is migrated")
            try:
                self._cpi.bring(Goal(before["scenario"], before["one_arm"]))
            except CollectionError as second:
                back, and_then = False, second.message
        backup = self._cpi.backup
        message = what_failed(error.message, file, backup, brought_back=back, and_then=and_then)
        return CollectionError(message, **{**error.details, "restore_point": file})

    # -- prove

    def verify(self) -> Report:
        """Judge what is there; writes nothing. Without a wanted scenario the one of CPI's file is meant."""
        with self._one_look():
            cluster, gateway = self._look()
        verification = self._verification(cluster, gateway, Wish(self._request.scenario, self._request.one_arm))
        return Report(False, {"cluster": cluster, "gateway": gateway, **_judged(verification)})

    def _prove(self, plan: Mapping[str, Any], goal: Goal, wish: Wish, migration: Migration | None) -> Facts:
        """Judge what is there now. CPI writes addresses, and Cloud Director health, a while after a migration."""
        deadline, intervals = self._deadline(self._request.wait_timeout), SETTLING.intervals()
        while True:
            with self._one_look():
                cluster, gateway = self._cpi.look(), self._gateway.look_again(plan["gateway"])
                promise = None
                if migration:
                    left = self._gateway.plan_move(goal, migration.services, {})
                    promise = {"services": migration.services, "restore_point": migration.point, "plan": left.result}
            verification = self._verification(cluster, gateway, wish, promise)
            if not (migration and verification["settling"]) or deadline.expired():
                break
            self._say(f"waiting for it to settle: {verification['summary']}")
            deadline.sleep(next(intervals))
        return {"cluster": cluster, "gateway": gateway, **_judged(verification)}

    def _verification(
        self, cluster: Facts, gateway: Facts, wish: Wish, promise: Mapping[str, Any] | None = None
    ) -> Facts:
        restarts = self._request.restart != NEVER
        return verify_report(cluster, gateway, wish.scenario, wish.one_arm, restarts, promise)


def _result(done: Done | None) -> Mapping[str, Any] | None:
    return done.result if done else None


def _judged(verification: Facts) -> Facts:
    return {"verification": verification, "lines": {"verification": report_lines(verification)}}


def _objects(described: Mapping[str, Any]) -> list[Facts]:
    """What Services have on the gateway, but for their health, which comes and goes."""
    keys = ("name", "namespace", "external_ip", "objects")
    return [{key: one[key] for key in keys} for one in described["services"]]


def _without_objects(gateway: Facts) -> Facts:
    """What was read of a gateway, but for what a move changes: a change reads that again."""
    left_out = {*OBJECTS, FIREWALL}
    edges = [{key: value for key, value in edge.items() if key not in left_out} for edge in gateway["edge_gateways"]]
    return {**gateway, "edge_gateways": edges}


def _check(plan: Mapping[str, Any]) -> None:
    if plan.get("version") != VERSION:
        remedy = "is not a plan of this release: give the value that phase plan returned as plan"
        raise InvalidInput("plan", f"version {plan.get('version')}", remedy)
