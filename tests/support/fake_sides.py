# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake cluster and gateway for the order of a run: they record each call, and change as real ones would."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Done
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.request import PhaseReport, RunRequest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.run import ClusterRun
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.sides import READ_PARTS, FileGoal
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import Granted
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline

sys.path.append(str(Path(__file__).resolve().parents[1] / "sharing"))
from fake_clock import FakeClock
from sharing_builders import CLUSTER_ID, ccm, edge, objects, service, vcd

Json = dict[str, Any]
MIGRATE = RunRequest(scenario="shared_external", existing="migrate")


class FakeSides:
    """One cluster under distinct_internal with one Service, and its gateway. ``events`` are the calls, in order.

    ``fails`` maps an event to the error that it raises; ``meanwhile`` maps one to what another user does just before.
    """

    def __init__(self, shape: str = "distinct_internal", **cluster: Any) -> None:
        self.cluster = ccm(shape, services=[service()], **{"restore_point": None, **cluster})
        self.objects = objects(shape)
        self.events: list[str] = []
        self.messages: list[str] = []
        self.stored: Json | None = None
        self.fails: dict[str, Exception] = {}
        self.meanwhile: dict[str, Callable[[], None]] = {}
        self.time = FakeClock()
        self.writes = 3
        self.points = 0
        self.allowed: list[str] | None = None
        self.looking = False
        self.rights = Granted("kube", "acme", "System Administrator", None, all_rights=True)
        self.cpi_entity: Json = {"objects": [], "problem": "lists no objects of CPI"}

    def run(self, request: RunRequest) -> ClusterRun:
        """A run on this cluster and gateway."""
        return ClusterRun(
            self, self, request, self.one_look, self.messages.append, lambda seconds: Deadline(seconds, self.time)
        )

    def migrated(self, folder: Path, request: RunRequest = MIGRATE) -> PhaseReport:
        """A whole run: plan, then change. The events are those of the change."""
        return self.changed(request, folder)

    def changed(self, request: RunRequest, folder: Path) -> PhaseReport:
        """Plan, clear the events of the plan, and change."""
        run = self.run(RunRequest(**{**vars(request), "restore_dir": str(folder)}))
        planned = run.plan(False).result
        assert planned["ok"], planned["summary"]
        self.events.clear()
        return run.change(planned["plan"], False)

    @contextmanager
    def one_look(self) -> Iterator[None]:
        self.looking = True
        try:
            yield
        finally:
            self.looking = False

    def note(self, event: str, *, write: bool = False) -> None:
        self.meanwhile.pop(event, lambda: None)()
        assert not (write and self.looking), f"{event} within one look"
        self.events.append(event)
        if event in self.fails:
            raise self.fails[event]

    # CPI in the cluster

    backup = "kube-system/cpi-backup"

    def look(self, network: str | None = None, parts: Iterable[str] = READ_PARTS, vdc_of_network: str = "") -> Json:
        if network is None:
            self.note("look at CPI")
            return copy.deepcopy(self.cluster)
        self.note("look at the gateway")
        return self.gateway()

    def plan(self, goal: FileGoal) -> Any:
        self.note("plan CPI")
        needed = goal.scenario != self.cluster["scenario"] or self.cluster["rollout"]["state"] == "in_progress"
        return managed(needed, goal.scenario)

    def plan_stop(self, goal: FileGoal) -> Any:
        self.note("plan to stop CPI")
        reason = "CPI stays stopped until the next run"
        done = managed(True, goal.scenario)
        done.result["restart"] = {"done": "stopped", "needed": True, "reason": reason}
        return done

    def stop(self, goal: FileGoal, restore_point: Json, *, replace: bool = False) -> Any:
        self.note("store again" if replace else "stop CPI", write=True)
        if self.cluster["rollout"]["state"] != "in_progress" or replace:
            self.stored = restore_point
        self.cluster["deployment"]["replicas"] = 0
        self.cluster.update(rollout={"state": "in_progress", "backup": "b"}, restore_point=self.stored)
        return managed(True, goal.scenario)

    def apply(self, goal: FileGoal) -> Any:
        self.note(f"run CPI with {goal.scenario}", write=True)
        new = ccm(goal.scenario)
        self.cluster["deployment"]["replicas"] = 1
        self.cluster.update({key: new[key] for key in ("scenario", "one_arm", "enable_virtual_service_shared_ip")})
        self.cluster.update(rollout={"state": "finished", "backup": "b"}, one_arm=goal.one_arm)
        return managed(True, goal.scenario)

    @contextmanager
    def lease(self) -> Iterator[None]:
        yield

    def check_stopped(self) -> None:
        self.note("still stopped?")

    def final_error(self, error: Exception) -> CollectionError:
        assert isinstance(error, CollectionError)
        if self.cluster["deployment"]["replicas"]:
            return error
        return CollectionError(f"{error.message}; CPI is stopped", **error.details)

    # the gateway

    def gateway(self) -> Json:
        return vcd(edge(**copy.deepcopy(self.objects)))

    def choose(self, cluster_id: str, edge_gateway: str) -> None:
        assert cluster_id == CLUSTER_ID
        assert edge_gateway == edge()["id"]

    def granted(self) -> Granted:
        return self.rights

    def allow_only(self, steps: Sequence[str]) -> None:
        self.allowed = list(steps)

    @contextmanager
    def lock(self) -> Iterator[None]:
        self.note("lock", write=True)
        try:
            yield
        finally:
            self.note("unlock")

    def look_again(self, known: Mapping[str, Any]) -> Json:
        self.note("look at the gateway")
        return self.gateway()

    def with_members(self, known: Json, pools: Collection[str]) -> Json:
        return known

    def describe(self, services: Sequence[Json], *, whole: bool = False) -> Json:
        self.note("describe")
        self.points += whole
        vips = {"web": [one["virtual_ip_address"] for one in self.objects["virtual_services"]]}
        keys = ("name", "namespace", "external_ip")
        found = [{**{key: one[key] for key in keys}, "objects": vips} for one in services]
        bodies = {one["name"]: {"name": one["name"]} for one in self.objects["virtual_services"]}
        gateway = {"id": edge()["id"], "name": edge()["name"]}
        point = {
            "version": 2,
            "taken": f"2026-05-04T10:11:{self.points:02}Z",
            "edge_gateway": gateway,
            "cluster_id": CLUSTER_ID,
            "services": found,
            "objects": {"virtual_service": bodies},
        }
        return {"services": found, "orphans": [], **({"restore_point": point} if whole else {})}

    def plan_migration(
        self, goal: FileGoal, services: Sequence[Json], restore_point: Json, orphans: Sequence[str]
    ) -> Done:
        self.note("plan to move")
        there = self.objects == objects(goal.scenario)
        return moves(services, goal.scenario, 0 if there else self.writes)

    def prepare_migration(
        self,
        goal: FileGoal,
        services: Sequence[Json],
        restore_point: Json,
        orphans: Sequence[str],
        before_each: Callable[[], None],
    ) -> Callable[[], Done]:
        self.note("prepare to move")

        def move() -> Done:
            before_each()
            self.note("move", write=True)
            self.objects = objects(goal.scenario)
            return moves(services, goal.scenario, self.writes)

        return move

    def entity(self, cluster_id: str) -> Json:
        self.note("look at the entity")
        return self.cpi_entity

    def plan_firewall(self, wanted: Json) -> Done:
        return made(wanted["rules"], act="create")

    def make_firewall_rules(self, wanted: Json) -> Done:
        self.note("make firewall rules", write=True)
        return made(wanted["rules"], act="create")

    def take_back_firewall_rules(self, wanted: Json) -> Done:
        self.note("take back firewall rules", write=True)
        return made((), act="delete")

    def plan_removal(self, objects: Sequence[Json]) -> Done:
        names = [one["name"] for one in objects]
        return Done(True, {"steps": ["x"], "names": names, "writes": len(names)}, {}, {})

    def remove(self, objects: Sequence[Json]) -> Done:
        self.note("remove", write=True)
        gone = {(one["name"], one["id"]) for one in objects}
        for kind, found in self.objects.items():
            self.objects[kind] = [one for one in found if (one["name"], one["id"]) not in gone]
        return Done(True, {"steps": ["x"], "names": sorted(name for name, _id in gone), "writes": len(gone)}, {}, {})


def made(rules: Sequence[Json], *, act: str) -> Done:
    """The result of a change of firewall rules."""
    steps = [f"{act} firewall rule {one['name']}" for one in rules]
    return Done(bool(steps), {"steps": steps, "writes": len(steps)}, {}, {})


def managed(changed: bool, scenario: str) -> Any:
    """The result of a change of CPI's file, or the plan for one."""
    from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.manage import Managed

    restart = {"done": "recreate", "needed": True, "reason": "the content changes"}
    steps = ["scale to 0", "replace it"] if changed else []
    result = {"steps": steps, "restart": restart, "resumed": False, "scenario_after": scenario}
    return Managed(changed, result, {"file": "before"}, {"file": "after"}, None)  # type: ignore[arg-type]


def moves(services: Sequence[Json], scenario: str, writes: int) -> Done:
    """The result of vcd_shared_ip, or its plan."""
    outage: Json = {"ports": {}, "together": 0, "window": 0}
    found = [
        {**one, "scenario_before": "distinct_internal", "scenario": scenario, "state": "migrated",
         "steps": ["write"] * writes, "outage": outage}
        for one in services
    ]  # fmt: skip
    result = {"writes": writes, "services": found, "steps": [], "orphans": []}
    return Done(bool(writes), result, {"default/web": {}}, {"default/web": {}})
