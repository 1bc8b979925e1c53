# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills the whole migration at each of its writes, to Cloud Director and to Kubernetes: a second run finishes it."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from invariants import is_write
from kube_double import faults
from kube_double.testing import KubeDouble
from moving import DISTINCT, EXTERNAL, INTERNAL, MOVES, STRICT, Edge, Params, service
from runs import ROOT, ModuleRun, comparable, killed_at, killed_at_every_write
from vcdsim.testing import Simulator


class ModuleTask(NamedTuple):
    """A module's run, and whether it may write."""

    run: ModuleRun
    writes: bool


ModuleTasks = Generator[ModuleTask, Params, None]

FIXTURES = ROOT / "tests" / "fixtures" / "cpi"
SYSTEM, CONFIG_MAP, DEPLOYMENT = "kube-system", "vcloud-ccm-configmap", "vmware-cloud-director-ccm"
LEASE = "vcd.kubernetes/lease"
POINT = "restore-point.json.gz"
FILE, VOLUME = "vcloud-ccm-config.yaml", "vcloud-ccm-config-volume"
ONE_ARM = '  oneArm:\n    startIP: "192.168.8.2"\n    endIP: "192.168.8.100"\n'
RANGE = {"start_ip": "192.168.8.2", "end_ip": "192.168.8.100"}
EXTERNAL_IP = "203.0.113.10"
PORTS = [{"name": f"p{port}", "port": port, "node_port": 30000 + port} for port in (80, 443)]
MANUAL = "set manually"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("one-edge", task_seconds=0, health_seconds=0) as running:
        yield running


class InSequence:
    """Several modules that run one after the other, and are started, awaited and killed like one.

    ``tasks`` yields each module and is sent its result. One that fails is the last. ``seen`` are the results of those
    before the first that may write: an earlier run from the same state has returned them, so they do not run again.
    """

    def __init__(self, tasks: ModuleTasks, seen: list[Params]) -> None:
        self._tasks, self._seen = tasks, seen
        self._now: ModuleRun | None = None
        self._result: Params = {}

    @property
    def pid(self) -> int:
        """The process id of the module that runs now; 0 if no module runs."""
        return self._now.pid if self._now else 0

    def start(self) -> InSequence:
        """Start the first module that may write; ``ended`` and ``wait`` start the others."""
        task, known = next(self._tasks), iter([*self._seen])
        while not task.writes:
            result = next(known, None)
            if result is None:
                result = task.run.start().wait()
                self._seen.append(result)
            task = self._tasks.send(result)
        self._now = task.run.start()
        return self

    def ended(self) -> bool:
        """Whether the last module has ended. When another one has ended, this starts the next."""
        while self._now is not None and self._now.ended():
            self._go_on(self._now)
        return self._now is None

    def wait(self) -> Params:
        """The result of the last module."""
        while self._now is not None:
            self._go_on(self._now)
        return self._result

    def kill(self) -> None:
        """Send SIGKILL to the running module, and start no other."""
        if self._now is not None:
            self._now.kill()
        self._now = None

    def _go_on(self, ending: ModuleRun) -> None:
        """Run up to the next module that may write: modules that only read need not be watched."""
        self._now, self._result = None, ending.wait()
        while not self._result.get("failed"):
            try:
                task = self._tasks.send(self._result)
            except StopIteration:
                return
            if task.writes:
                self._now = task.run.start()
                return
            self._result = task.run.start().wait()


class MigratingCluster:
    """A cluster whose CPI runs with a scenario, and one Service with two ports in the shape of that scenario.

    Its virtual services have a description that only the stored restore point holds once they are deleted.
    """

    def __init__(self, sim: Simulator, kube: KubeDouble, folder: Path, before: str, after: str, **more: Any) -> None:
        sim.reset()
        self.folder, self.more = folder, more
        self.sim, self.kube, self.edge, self.after = sim, kube, Edge(sim), after
        self.edge.create([service("web", external_ip=EXTERNAL_IP, ports=PORTS)], before)
        for one in self.edge.module("vcd_virtual_service_info")["virtual_services"]:
            self.edge.module("vcd_virtual_service", name=one["name"], description=MANUAL, enabled=True)
        self._kept = sim.snapshot()
        self._seen: list[Params] = []
        self.found: list[Params | None] = []

    def prepare(self) -> None:
        """Restore both doubles to their state before the migration."""
        self.sim.restore(self._kept)
        self.sim.assume(**STRICT)
        self.kube.reset()
        self.kube.wait_for(self.mounted, "CPI's pod to start")
        self.found = []
        for path in self.folder.glob("*"):
            path.unlink()

    def migration(self) -> InSequence:
        """What the role does with ``shared_ip_existing: migrate``, not yet started."""
        return InSequence(self._tasks(), [] if self.found else self._seen)

    def _tasks(self) -> ModuleTasks:
        """The role's two tasks, from the first one: a run that follows an interrupted one starts there, too."""
        planned = yield self._phase("plan")
        assert planned.get("ok"), planned.get("summary") or planned["msg"]
        self.found.append(planned["cluster"]["restore_point"])
        yield self._phase("change", plan=planned["plan"])

    def _phase(self, phase: str, **options: Any) -> ModuleTask:
        connection = {name: self.edge.options[name] for name in ("url", "ca_path", "org", "user", "password")}
        given = {
            "vcd": connection,
            "kubernetes": {"kubeconfig": str(self.kube.kubeconfig)},
            "edge_gateway": "acme-edge",
            "scenario": self.after,
            "existing": "migrate",
            "restore_dir": str(self.folder),
            "take_over": True,  # a run that was killed has not released its lease
            **({"one_arm": RANGE} if self.after != EXTERNAL else {}),
            **self.more,
        }
        given = {name: value for name, value in given.items() if value is not None}
        return ModuleTask(ModuleRun("vcd_cluster_shared_ip", {"phase": phase, **given, **options}), phase == "change")

    @property
    def offered(self) -> list[Params]:
        """The restore points on disk, in the order in which they were taken."""
        return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(self.folder.glob("*.json"))]

    def state(self) -> Params:
        """The objects in Kubernetes, without their times."""
        config_map = self._get("ConfigMap", CONFIG_MAP)
        backup = self._get("ConfigMap", f"{CONFIG_MAP}-backup")
        return {
            "config map": {name: config_map.get(name) for name in ("data", "immutable")},
            "labels": {name: config_map["metadata"].get(name) for name in ("labels", "annotations")},
            "replicas": self._get("Deployment", DEPLOYMENT)["spec"]["replicas"],
            "mounted": self.mounted(),
            "backup": {"data": backup["data"], "annotations": backup["metadata"]["annotations"]},
            "restore point": {name: value for name, value in self.stored().items() if name != "taken"},
        }

    def held(self) -> list[object]:
        """Everything that a migration may write to. Pods are left out: controllers change them at any time."""
        found = [one for one in self.kube.dump() if one["kind"] in ("ConfigMap", "Deployment", "Service")]
        return [comparable(self.sim.dump()), sorted(map(_as_written, found), key=json.dumps)]

    def stored(self) -> Params:
        """The restore point in the cluster."""
        return _unpacked(self._get("ConfigMap", f"{CONFIG_MAP}-backup")["binaryData"][POINT])

    def _get(self, kind: str, name: str) -> Params:
        found = self.kube.get(kind, SYSTEM, name)
        assert found is not None, f"{kind} {name} is missing"
        return found

    def mounted(self) -> list[dict[str, str]]:
        """CPI's file as each of its pods saw it at its start; empty before that."""
        pods = [pod["metadata"]["name"] for pod in self.kube.list("Pod", SYSTEM)]
        volumes = [self.kube.mounted(SYSTEM, name) for name in pods]
        return [one[VOLUME] for one in volumes if VOLUME in one]

    def writes(self) -> tuple[int, int]:
        """The numbers of requests to Cloud Director and to Kubernetes."""
        user = self.edge.options["user"]
        vcd = [entry for entry in self.sim.journal() if is_write(entry) and entry["user"] == user]
        kube = [entry for entry in self.kube.journal() if faults.is_write(entry["method"], entry["path"])]
        return len(vcd), len(kube)


def _as_written(item: Params) -> Params:
    """A Kubernetes object without the server's own fields, and without the times of a restore point and a lease."""
    meta = {name: item["metadata"].get(name) for name in ("name", "namespace", "labels", "annotations")}
    if LEASE in (meta["annotations"] or {}):
        meta["annotations"] = {**meta["annotations"], LEASE: "a run's"}
    kept: Params = {name: item.get(name) for name in ("kind", "spec", "data", "immutable")} | {"metadata": meta}
    if POINT in item.get("binaryData", {}):
        kept["restore point"] = {**_unpacked(item["binaryData"][POINT]), "taken": ""}
    return kept


def _unpacked(packed: str) -> Params:
    return dict(json.loads(gzip.decompress(base64.b64decode(packed))))


def objects(scenario: str) -> list[Path | Params]:
    """A cluster whose CPI runs with the scenario, and the Service."""
    manifests = [*yaml.safe_load_all((FIXTURES / "cpi-1.6.1.manifest").read_text(encoding="utf-8"))]
    (config_map,) = (one for one in manifests if one["kind"] == "ConfigMap")
    file = config_map["data"][FILE]
    assert ONE_ARM in file
    if scenario in (EXTERNAL, INTERNAL):
        file = file.replace("SharedIP: false", "SharedIP: true")
    config_map["data"][FILE] = file.replace(ONE_ARM, "") if scenario == EXTERNAL else file
    numbers = [{"name": one["name"], "port": one["port"], "nodePort": one["node_port"]} for one in PORTS]
    web = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"type": "LoadBalancer", "ports": numbers},
        "status": {"loadBalancer": {"ingress": [{"ip": EXTERNAL_IP}]}},
    }
    return [FIXTURES / "cluster.manifest", *manifests, web]


@pytest.mark.parametrize(("before", "after"), MOVES)
def test_a_killed_whole_migration_is_finished(
    sim: Simulator, tmp_path: Path, before: str, after: str, record_property: Callable[[str, object], None]
) -> None:
    with KubeDouble(objects=objects(before), start_seconds=0, stop_seconds=0) as kube:
        cluster = MigratingCluster(sim, kube, tmp_path, before, after)
        wanted, (to_vcd, to_kube) = uninterrupted(cluster)

        def check(final: Params, unlike: Params) -> None:
            assert comparable(final) == comparable(unlike)
            assert cluster.state() == wanted
            # a restore point stored before the kill stays; a run that was killed earlier has left nothing to keep
            assert cluster.found[-1] in (None, cluster.offered[0])
            assert cluster.stored() == (cluster.found[-1] or cluster.offered[-1])

        # the proof that "before the next write" is equivalent to "after this one": on both doubles, in one of the moves
        both_sides = (before, after) == (INTERNAL, DISTINCT)
        state = cluster.held if both_sides else None
        survival = killed_at_every_write(cluster.migration, sim, cluster.prepare, check=check, kube=kube, state=state)
    text = f"k = {survival.writes} ({to_vcd} to Cloud Director, {to_kube} to Kubernetes)"
    ended = f"{survival.survived} of {survival.kills} kills survived"
    record_property("figures", f"killed at every write of the whole migration, {before} -> {after}: {text}, {ended}")
    assert survival.problems == []
    assert survival.writes == to_vcd + to_kube
    assert survival.kills == (2 * survival.writes if both_sides else survival.writes + 1)
    assert min(to_vcd - 3, to_kube - 6) >= 0


def uninterrupted(cluster: MigratingCluster) -> tuple[Params, tuple[int, int]]:
    """The objects in Kubernetes after an uninterrupted migration, and its writes."""
    cluster.prepare()
    (before,) = cluster.mounted()
    done = cluster.migration().start().wait()
    assert not done.get("failed"), done
    assert done["verification"]["ok"], done["verification"]["summary"]
    state, writes = cluster.state(), cluster.writes()
    assert (done["result"]["scenario"], state["replicas"], state["config map"]["immutable"]) == (cluster.after, 1, True)
    assert state["mounted"] == [state["config map"]["data"]] != [before]
    assert state["backup"]["annotations"]["vcd.kubernetes/rollout"] == "finished"
    assert cluster.stored() == cluster.offered[0]
    assert [one["description"] for one in cluster.sim.dump()["virtual_services"]] == [MANUAL] * 2
    again = cluster.migration().start().wait()
    assert (again["result"]["changed"], again["result"]["verified"], cluster.writes()) == (False, True, writes)
    return state, writes


class BehindFirewall(MigratingCluster):
    """The same cluster behind a firewall that blocks everything that no rule of the user allows."""

    def __init__(self, sim: Simulator, kube: KubeDouble, folder: Path) -> None:
        super().__init__(sim, kube, folder, EXTERNAL, INTERNAL, firewall="manage")
        self.edge = self.edge.of(user="admin", password="admin-secret-1")
        self.edge.module("vcd_ip_set", name="web", ip_addresses=[EXTERNAL_IP])
        self.edge.module("vcd_firewall_rule", name="web in", action="ALLOW", destinations=["web"])
        self.edge.module("vcd_firewall_rule", name="block", action="DROP")
        self._kept = sim.snapshot()

    def rules(self) -> list[str]:
        """Names, the run's without their digest."""
        found = self.edge.module("vcd_firewall_rule_info")["firewall_rules"]
        return [one["name"].rpartition("-fw-")[0] or one["name"] for one in found]

    def left(self) -> list[str]:
        """The names of IP sets and profiles that a run has made."""
        dump = self.sim.dump()
        names = [one["name"] for kind in ("firewall_groups", "application_port_profiles") for one in dump[kind]]
        return [name for name in names if name.startswith("vcd.kubernetes-fw-")]


def test_killed_runs_that_make_and_take_back_a_firewall_rule_are_finished(
    sim: Simulator, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    own = "vcd.kubernetes"
    with KubeDouble(objects=objects(EXTERNAL), start_seconds=0, stop_seconds=0) as kube:
        cluster = BehindFirewall(sim, kube, tmp_path)
        cluster.prepare()
        planned = cluster.migration().start().wait()
        assert planned["result"]["verified"], planned
        assert cluster.rules() == ["web in", own, "block"]
        assert len(cluster.left()) == 2

        def made(final: Params, unlike: Params) -> None:
            assert comparable(final) == comparable(unlike)
            assert cluster.rules() == ["web in", own, "block"]

        survival = killed_at_every_write(cluster.migration, sim, cluster.prepare, check=made, kube=kube, user="admin")
        record_property("figures", f"killed at every write, with a firewall rule: k = {survival.writes}")
        assert survival.problems == []
        # back, where the option says "tell" by then; killed before each of the last writes, which take the rule back
        forth, back = cluster.more, {"go_back": True, "scenario": None, "existing": "fail", "one_arm": None}

        def go_back() -> InSequence:
            cluster.more = back
            return cluster.migration()

        def moved() -> int:
            cluster.more = forth
            cluster.prepare()
            assert not cluster.migration().start().wait().get("failed")
            return cluster.writes()[0]

        before = moved()
        assert go_back().start().wait()["result"]["verified"]
        last = cluster.writes()[0] - before
        assert (cluster.rules(), cluster.left()) == (["web in", "block"], [])
        for number in range(last - 4, last):
            moved()
            killed_at(go_back, sim, number, "admin")
            assert (cluster.rules(), cluster.left()) == (["web in", "block"], [])
