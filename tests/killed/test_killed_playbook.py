# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills the real ansible-playbook at a write, in many ways: the user's next run ends as if undisturbed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from invariants import Port, Service, always_referenced, ports_down
from killed_playbook import MAIN, MODULE, TREE, Playbook
from kube_double.testing import KubeDouble
from moving import CLUSTER, DISTINCT, EXTERNAL, INTERNAL, STRICT
from role_runs import ansible_playbook, connection, cpi_objects
from runs import ModuleRun, comparable
from vcdsim.testing import Simulator
from waiting import until

Json = dict[str, Any]
SYSTEM, FILE, BACKUP = "kube-system", "vcloud-ccm-configmap", "vcloud-ccm-configmap-backup"
DEPLOYMENT, LEASE = "vmware-cloud-director-ccm", "vcd.kubernetes/lease"
SERVICES: dict[str, tuple[str, list[int]]] = {"web": ("203.0.113.10", [80, 443]), "api": ("203.0.113.11", [8080])}
RESTORE, FROM_EXTERNAL = "restore", "from shared_external to shared_internal"
INTERNAL_IP = re.compile(r"192\.168\.8\.\d+")
# The next run removes the lock of the killed one and creates its own, and may repeat the write at which it was killed.
MORE_TASKS = 3


class Kill(NamedTuple):
    """A run to ``first`` is killed at a write: ``what`` names the processes. Then a run goes to ``then``.

    ``at`` is the write: the number of a write to Cloud Director, or a fault of the Kubernetes double. ``home`` is the
    home of the second run.
    """

    first: str
    what: str
    at: int | Json
    moment: str = "before"
    then: str = ""
    home: str = "home"


STOP: Json = {"method": "PATCH", "path": "/scale", "nth": 1}
START: Json = {"method": "PATCH", "path": "/scale", "nth": 2}
CREATE: Json = {"method": "POST", "path": "configmaps$", "nth": 2}
KILLS = {
    "migrate, all, at the first write for a Service": Kill(EXTERNAL, TREE, 1),
    "migrate, all, after a write": Kill(EXTERNAL, TREE, 5, "after"),
    "migrate, all, between two Services": Kill(EXTERNAL, TREE, 8),
    "migrate, main process": Kill(EXTERNAL, MAIN, 2),
    "migrate, module, in mid-Service": Kill(EXTERNAL, MODULE, 6),
    "migrate, module, right after CPI was stopped": Kill(EXTERNAL, MODULE, STOP, "after"),
    "migrate, module, without CPI's file": Kill(EXTERNAL, MODULE, CREATE),
    "migrate, all, before CPI is started": Kill(EXTERNAL, TREE, START),
    "restore, all, in mid-Service": Kill(RESTORE, TREE, 4),
    "restore, main process": Kill(RESTORE, MAIN, 3),
    "restore, module, before CPI is started": Kill(RESTORE, MODULE, START),
    "a third scenario, all, in mid-Service": Kill(EXTERNAL, TREE, 6, then=INTERNAL),
    "a third scenario, module, without CPI's file": Kill(EXTERNAL, MODULE, CREATE, then=INTERNAL),
    "another home, all, in mid-Service": Kill(EXTERNAL, TREE, 4, home="elsewhere"),
    "another home, then restored": Kill(EXTERNAL, TREE, 5, "after", then=RESTORE, home="elsewhere"),
}


class KilledCluster:
    """A cluster with two Services in distinct_internal, on a Cloud Director that refuses all that it may refuse."""

    def __init__(self, sim: Simulator, kube: KubeDouble, folder: Path) -> None:
        self.sim, self.kube, self.folder = sim, kube, folder
        sim.assume(**STRICT)
        self.module("vcd_shared_ip", **self.vcd, edge_gateway="acme-edge", cluster_id=CLUSTER, scenario=DISTINCT,
                    services=[option(name) for name in SERVICES])  # fmt: skip
        self._kept = sim.snapshot()
        self.before: Json = {}
        self.planned: Json = {}

    @property
    def vcd(self) -> Json:
        """The connection options."""
        given = {"url": self.sim.url, "ca_path": str(self.sim.ca), "org": "acme"}
        return {**given, "user": "kube", "password": "kube-secret-1"}

    def module(self, module: str, **options: Any) -> Json:
        """The result of a module, which must not fail."""
        result = ModuleRun(module, options).start().wait()
        assert not result.get("failed"), result["msg"]
        return result

    def prepare(self, first: str) -> None:
        """Create the state where a run begins; before a run that goes back, this is after a migration."""
        self.sim.restore(self._kept)
        self.sim.assume(**STRICT)
        self.kube.reset()
        self.kube.wait_for(lambda: self.kube.list("Pod", SYSTEM, f"app={DEPLOYMENT}"), "CPI's pod")
        if first == RESTORE:
            self.undisturbed(EXTERNAL)
        self.sim.journal(clear=True)
        self.before = self.sim.dump()

    def undisturbed(self, goal: str) -> Json:
        """The final state of an undisturbed run. Its plan is kept."""
        given: Json = {
            "vcd": self.vcd,
            "kubernetes": {"kubeconfig": str(self.kube.kubeconfig)},
            "existing": "migrate",
            "restore_dir": str(self.folder / "undisturbed"),
            **({"go_back": True} if goal == RESTORE else {"scenario": goal}),
        }
        plan = self.module("vcd_cluster_shared_ip", phase="plan", **given)
        assert plan["ok"], plan["summary"]
        self.planned = plan["migration_plan"]
        done = self.module("vcd_cluster_shared_ip", phase="change", plan=plan["plan"], **given)
        assert done["verification"]["ok"], done["verification"]["summary"]
        return self.end()

    def words(self, goal: str) -> list[str]:
        """The command line of a run to that scenario, or back."""
        if goal == RESTORE:
            return ["vcd.kubernetes.restore"]
        return ["vcd.kubernetes.shared_ip", "-e", f"shared_ip_scenario={goal}", "-e", "shared_ip_existing=migrate"]

    def environment(self, home: str) -> dict[str, str]:
        """The environment of a user with this home."""
        return {**connection(self.sim, self.kube), "HOME": str(self.folder / home), "JOB_ID": "4711"}

    def killed(self, kill: Kill) -> str:
        """Run it, and kill it at the write. Returns its output."""
        double: Any = self.sim if isinstance(kill.at, int) else self.kube
        if isinstance(kill.at, int):
            rule = {"writes": True, "user": "kube", "skip": kill.at, "times": 1, "hold": kill.moment}
        else:
            rule = {**kill.at, "action": f"hold_{kill.moment}"}
        double.faults([rule])
        with Playbook(self.folder, self.words(kill.first), self.environment("home")) as playbook:

            def held() -> bool:
                assert not playbook.ended(), playbook.output()[-3000:]
                return bool(double.faults()[0]["held"])

            until(held, "this write", every=0.05)
            left = playbook.kill(kill.what)
            assert left or kill.what != MAIN, "the module was killed, too"
            double.faults([])
            if kill.what == MAIN:
                until(lambda: LEASE not in self.get(BACKUP)["metadata"]["annotations"], "the module to stop")
            elif kill.what == MODULE:
                assert playbook.wait() != 0
            return playbook.output()

    def get(self, name: str) -> Json:
        """A ConfigMap of CPI."""
        return self.kube.get("ConfigMap", SYSTEM, name) or {}

    @property
    def replicas(self) -> int:
        """The replicas of CPI."""
        return int((self.kube.get("Deployment", SYSTEM, DEPLOYMENT) or {})["spec"]["replicas"])

    def end(self) -> Json:
        """The state that a user finds at the end."""
        return {
            "objects": comparable(self.sim.dump()),
            "file": self.get(FILE)["data"],
            "replicas": self.replicas,
            "annotations": self.get(BACKUP)["metadata"]["annotations"],
        }


def option(name: str) -> Json:
    """A Service as vcd_shared_ip takes it."""
    external_ip, ports = SERVICES[name]
    numbers = [{"name": f"p{port}", "port": port, "node_port": 30000 + port % 1999} for port in ports]
    return {"name": name, "namespace": "default", "external_ip": external_ip, "members": ["10.10.0.11", "10.10.0.12"],
            "ports": numbers}  # fmt: skip


def manifest(name: str) -> Json:
    """The same Service in Kubernetes."""
    external_ip, ports = SERVICES[name]
    numbers = [{"name": f"p{port}", "port": port, "nodePort": 30000 + port % 1999, "protocol": "TCP"} for port in ports]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": "LoadBalancer", "selector": {"app": name}, "ports": numbers},
        "status": {"loadBalancer": {"ingress": [{"ip": external_ip}]}},
    }


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KilledCluster]:
    with ExitStack() as stack:
        sim = stack.enter_context(Simulator(task_seconds=0, health_seconds=0))
        objects = cpi_objects(*(manifest(name) for name in SERVICES))
        kube = stack.enter_context(KubeDouble(objects=objects, start_seconds=0, stop_seconds=0))
        yield KilledCluster(sim, kube, tmp_path_factory.mktemp("killed"))


@pytest.fixture(scope="module")
def ends(cluster: KilledCluster) -> dict[str, tuple[Json, Json]]:
    """The final state of each undisturbed run, and its plan, by where it goes."""
    found = {}
    for goal in (EXTERNAL, INTERNAL, RESTORE):
        cluster.prepare(goal)
        found[goal] = (cluster.undisturbed(goal), cluster.planned)
    cluster.prepare(RESTORE)
    found[FROM_EXTERNAL] = (cluster.undisturbed(INTERNAL), cluster.planned)
    return found


@pytest.mark.parametrize("name", KILLS)
def test_the_next_run_finishes_what_a_killed_playbook_began(
    cluster: KilledCluster, ends: dict[str, tuple[Json, Json]], name: str
) -> None:
    kill = KILLS[name]
    goal = kill.then or kill.first
    cluster.prepare(kill.first)
    output = cluster.killed(kill)
    stopped = cluster.replicas == 0
    if kill.what == MODULE and stopped:
        # the play still runs, and its last message says what the module could not say
        assert (
            "CPI is stopped: Deployment kube-system/vmware-cloud-director-ccm is scaled to 0 and had 1 replica"
            in output
        )
        assert "shared_ip_take_over" in output
    words = [*cluster.words(goal), *([] if kill.what == MAIN else ["-e", "shared_ip_take_over=true"])]
    code, text = ansible_playbook(cluster.folder, words, cluster.environment(kill.home))
    assert code == 0, text[-3000:]
    wanted, end = ends[goal][0], cluster.end()
    if kill.then == INTERNAL:
        # a Service that was in shared_external has released its internal IP, and gets the first unused one
        wanted, end = (json.loads(INTERNAL_IP.sub("an internal IP", json.dumps(one))) for one in (wanted, end))
    assert end == wanted
    profiles = [one["name"] for one in cluster.sim.dump()["application_port_profiles"]]
    assert not [one for one in profiles if one.startswith("vcd.kubernetes-lock-")]
    plans = [kill.first, goal, *([FROM_EXTERNAL] if kill.then == INTERNAL else [])]
    judge(cluster, [ends[one][1] for one in plans])


def judge(cluster: KilledCluster, plans: list[Json]) -> None:
    """No external IP was unheld, and no port down, for more tasks than the plans of both runs say."""
    timeline, before = cluster.sim.timeline(), cluster.before
    window = sum(one["outage"]["window"] for plan in plans for one in plan["services"])
    for gap in always_referenced(timeline, before, [ip for ip, _ports in SERVICES.values()]):
        assert gap.to is not None, gap
        assert gap.tasks <= window + MORE_TASKS * bool(window), gap
    services = [
        Service(name, tuple(Port(ip, port) for port in ports)) for name, (ip, ports) in SERVICES.items()
    ]  # fmt: skip
    outages = {
        int(port): sum(one["outage"]["ports"].get(port, 0) for plan in plans for one in plan["services"])
        for port in ("80", "443", "8080")
    }
    for down in ports_down(timeline, before, services):
        assert down.to is not None, down
        assert down.port is not None
        assert down.tasks <= outages[down.port] + MORE_TASKS, (down, outages)
