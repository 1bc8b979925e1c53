# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Concurrent changes during a run: CPI is started, the backup is deleted, or a second run begins."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from killed_playbook import MAIN, Playbook
from kube_double.testing import KubeDouble
from role_runs import ansible_playbook, connection, cpi_objects
from runs import ModuleRun
from test_migration import CLUSTER_ID, DEPLOYMENT, SERVICES, manifest, option, replicas, shapes
from vcdsim.testing import Simulator
from waiting import until

BACKUP = "vcloud-ccm-configmap-backup"
LEASE = "vcd.kubernetes/lease"
# as in the manifest
ONE_ARM = '      oneArm:\n        startIP: "192.168.8.2"\n        endIP: "192.168.8.100"\n'
DISTINCT, EXTERNAL = "distinct_internal", "shared_external"


@dataclass
class MigratedCluster:
    """A cluster with two Services in distinct_internal, and runs on it that migrate them to shared_external."""

    sim: Simulator
    kube: KubeDouble
    folder: Path

    def module(self, module: str, **options: Any) -> ModuleRun:
        """A run of a module that is not started yet."""
        return ModuleRun(module, options)

    def phase(self, phase: str, scenario: str = EXTERNAL, **options: Any) -> ModuleRun:
        """A run of vcd_cluster_shared_ip that is not started yet."""
        given = {
            "vcd": self.vcd,
            "kubernetes": {"kubeconfig": str(self.kube.kubeconfig)},
            "scenario": scenario,
            "existing": "migrate",
            "restore_dir": str(self.folder / "points"),
        }
        return ModuleRun("vcd_cluster_shared_ip", {"phase": phase, **given, **options})

    def plan(self, scenario: str = EXTERNAL, **options: Any) -> dict[str, Any]:
        """The result of phase plan."""
        return self.phase("plan", scenario, **options).start().wait()

    def change(self, scenario: str = EXTERNAL, **options: Any) -> ModuleRun:
        """A started run that carries out a new plan."""
        planned = self.plan(scenario, **options)
        assert planned["ok"], planned["summary"]
        return self.phase("change", scenario, plan=planned["plan"], **options).start()

    @property
    def vcd(self) -> dict[str, Any]:
        """The options of the connection."""
        given = {"url": self.sim.url, "ca_path": str(self.sim.ca), "org": "acme"}
        return {**given, "user": "kube", "password": "kube-secret-1"}

    def held_in_the_first_service(self) -> Callable[[], None]:
        """Hold the first write for a Service. Call the result to wait until it is held."""
        self.sim.faults([{"method": "PUT", "name": "ingress-vs-api-*", "times": 1, "hold": "before"}])
        return lambda: bool(until(lambda: self.sim.faults()[0]["held"], "the first Service's first write")) and None

    def go_on(self) -> None:
        """Release the held write."""
        self.sim.faults([])

    def backup(self) -> dict[str, Any] | None:
        """The backup ConfigMap."""
        return self.kube.get("ConfigMap", "kube-system", BACKUP)

    def scale(self, number: int, manager: str = "kubectl") -> None:
        """Scale CPI, as another tool would."""
        path = f"{self.kube.path('Deployment', 'kube-system', DEPLOYMENT)}/scale?fieldManager={manager}"
        self.kube.request("PATCH", path, {"spec": {"replicas": number}}, "application/merge-patch+json")


@pytest.fixture(scope="module")
def doubles() -> Iterator[tuple[Simulator, KubeDouble, int]]:
    """Both doubles, and the simulator's state that each test starts from."""
    with ExitStack() as stack:
        sim = stack.enter_context(Simulator(task_seconds=0, health_seconds=0))
        kube = stack.enter_context(KubeDouble(objects=cpi_objects(), start_seconds=0, stop_seconds=0))
        names = {"edge_gateway": "acme-edge", "cluster_id": CLUSTER_ID}
        services = [option(name) for name in SERVICES]
        making = MigratedCluster(sim, kube, Path())
        done = making.module("vcd_shared_ip", **making.vcd, **names, scenario=DISTINCT, services=services)
        result = done.start().wait()
        assert not result.get("failed"), result
        yield sim, kube, sim.snapshot()


@pytest.fixture
def stage(doubles: tuple[Simulator, KubeDouble, int], tmp_path: Path) -> MigratedCluster:
    sim, kube, start = doubles
    sim.restore(start)
    kube.reset()
    kube.load([manifest(name) for name in SERVICES])
    kube.wait_for(lambda: kube.list("Pod", "kube-system", f"app={DEPLOYMENT}"), "CPI's pod")
    return MigratedCluster(sim, kube, tmp_path)


def external(stage: MigratedCluster) -> set[str]:
    """The Services that are migrated."""
    vips = {name: [vip for port, vip in shapes(stage.sim).items() if port in ports] for name, ports in PORTS.items()}
    return {name for name, found in vips.items() if set(found) == {SERVICES[name][0]}}


PORTS = {name: [f"p{port}" for port in ports] for name, (_ip, ports) in SERVICES.items()}


def test_a_cpi_that_is_started_during_a_migration_ends_the_run(stage: MigratedCluster) -> None:
    wait = stage.held_in_the_first_service()
    run = stage.change()
    wait()
    stage.scale(1)
    stage.go_on()
    result = run.wait()
    assert result["failed"] is True
    message = result["msg"]
    assert message.startswith("default/web: CPI has to stay stopped while its objects change, but Deployment ")
    assert f"kube-system/{DEPLOYMENT} was scaled to 1" in message
    assert "migrated: default/api" in message
    assert "not reached: default/web" in message
    assert "CPI runs with its old file among them" in message
    assert "run the same again to continue" in message
    assert "\n" not in message
    assert external(stage) == {"api"}
    # it ended in an orderly way, so the next run needs no take_over
    assert LEASE not in (stage.backup() or {})["metadata"]["annotations"]
    done = stage.change().wait()
    assert not done.get("failed"), done
    assert done["verification"]["ok"], done["verification"]["summary"]
    assert (external(stage), replicas(stage.kube)) == ({"api", "web"}, 1)


def test_a_failure_before_the_first_service_restores_everything(stage: MigratedCluster) -> None:
    before = shapes(stage.sim)
    planned = stage.plan()
    # the run reads the gateway after it has stopped CPI
    stage.sim.faults([{"method": "GET", "route": "*/nat/rules", "times": 1, "hold": "before"}])
    run = stage.phase("change", plan=planned["plan"]).start()
    until(lambda: stage.sim.faults()[0]["held"], "the look at the gateway")
    stage.scale(2)
    stage.go_on()
    message = run.wait()["msg"]
    assert "was scaled to 2" in message
    assert message.endswith("every Service is as it was, and CPI runs again with its previous scenario")
    assert (shapes(stage.sim), replicas(stage.kube)) == (before, 2)


def test_a_run_survives_the_deletion_of_the_backup_while_cpi_is_stopped(stage: MigratedCluster) -> None:
    stage.scale(2)
    stage.kube.wait_for(lambda: replicas(stage.kube) == 2, "two replicas")
    wait = stage.held_in_the_first_service()
    run = stage.change()
    wait()
    before = stage.backup()
    stage.kube.delete("ConfigMap", "kube-system", BACKUP)
    stage.go_on()
    result = run.wait()
    assert not result.get("failed"), result
    assert result["verification"]["ok"], result["verification"]["summary"]
    assert replicas(stage.kube) == 2
    after = stage.backup()
    assert before is not None
    assert after is not None
    assert (after["binaryData"], after["data"]) == (before["binaryData"], before["data"])
    assert after["metadata"]["annotations"]["vcd.kubernetes/rollout"] == "finished"


def test_a_run_survives_the_deletion_of_the_backup_after_the_last_service(stage: MigratedCluster) -> None:
    stage.sim.faults([{"method": "PUT", "name": "ingress-vs-web-*-p443", "times": 1, "hold": "before"}])
    run = stage.change()
    until(lambda: stage.sim.faults()[0]["held"], "the last Service's last write")
    stage.kube.delete("ConfigMap", "kube-system", BACKUP)
    stage.go_on()
    result = run.wait()
    assert not result.get("failed"), result
    assert (result["verification"]["ok"], replicas(stage.kube)) == (True, 1)


def test_the_operators_file_is_kept_over_several_goals(stage: MigratedCluster) -> None:
    original = (stage.kube.get("ConfigMap", "kube-system", "vcloud-ccm-configmap") or {})["data"]
    stage.kube.faults([{"method": "PATCH", "path": "/scale", "nth": 2, "action": "hold_before"}])
    run = stage.change()
    until(lambda: stage.kube.faults()[0]["held"], "CPI to be started with the new file")
    run.kill()
    stage.kube.faults([])
    for scenario in ("shared_internal", DISTINCT, "shared_internal"):
        done = stage.change(scenario, take_over=True).wait()
        assert not done.get("failed"), done
        if scenario == "shared_internal":
            kept = json.loads((stage.backup() or {})["data"]["original.json"])["data"]
            assert (kept == original) == (scenario == "shared_internal")
        original = (stage.kube.get("ConfigMap", "kube-system", "vcloud-ccm-configmap") or {})["data"]


def test_a_second_run_is_refused_and_a_killed_one_is_taken_over(stage: MigratedCluster) -> None:
    wait = stage.held_in_the_first_service()
    run = stage.change()
    wait()
    refused = stage.plan()
    assert refused["ok"] is False
    assert "another run is under way on this cluster: " in refused["summary"]
    assert f"process {run.pid}" in refused["summary"]
    assert refused["cluster"]["rollout"]["lease"]["live"] is True
    assert stage.plan(take_over=True)["ok"] is False
    verified = stage.phase("verify").start().wait()["verification"]
    assert "a run is under way on this cluster: " in verified["summary"]
    run.kill()
    stage.go_on()
    refused = stage.plan()
    assert refused["ok"] is False
    assert "shared_ip_take_over: false: the run of" in refused["summary"]
    assert "has ended without finishing: set it to true to finish its change" in refused["summary"]
    done = stage.change(take_over=True).wait()
    assert not done.get("failed"), done
    assert (external(stage), replicas(stage.kube)) == ({"api", "web"}, 1)
    assert LEASE not in (stage.backup() or {})["metadata"]["annotations"]


def refused_locks(sim: Simulator) -> int:
    """How many times a run has found the gateway locked."""
    entries = [one for one in sim.journal() if str(one.get("name")).startswith("vcd.kubernetes-lock-")]
    return len([one for one in entries if (one["method"], one["status"]) == ("POST", 400)])


def another_cluster(stage: MigratedCluster, kube: KubeDouble, cluster_id: str, external_ip: str) -> MigratedCluster:
    """A second cluster on the same edge gateway, with one Service that has this IP."""
    web = manifest("web")
    web["status"] = {"loadBalancer": {"ingress": [{"ip": external_ip}]}}
    kube.load([web])
    names = {"edge_gateway": "acme-edge", "cluster_id": cluster_id}
    services = [{**option("web"), "external_ip": external_ip}]
    done = stage.module("vcd_shared_ip", **stage.vcd, **names, scenario=EXTERNAL, services=services).start().wait()
    assert not done.get("failed"), done
    return MigratedCluster(stage.sim, kube, stage.folder)


def test_clusters_that_share_a_gateway_are_migrated_in_turn(stage: MigratedCluster) -> None:
    done = stage.change().wait()
    assert not done.get("failed"), done
    other_id = CLUSTER_ID[:-1] + "9"
    (folder := stage.folder / "other").mkdir()
    manifests = []
    for path in cpi_objects():
        text = (
            path.read_text(encoding="utf-8").replace(CLUSTER_ID, other_id).replace("SharedIP: false", "SharedIP: true")
        )
        manifests.append(folder / path.name)
        manifests[-1].write_text(text.replace(ONE_ARM, ""), encoding="utf-8")
    with KubeDouble(objects=manifests, start_seconds=0, stop_seconds=0) as kube:
        other = another_cluster(stage, kube, other_id, "203.0.113.30")
        stage.sim.faults([{"writes": True, "user": "kube", "name": "ingress-vs-*", "times": 1, "hold": "before"}])
        stage.sim.journal(clear=True)
        first = stage.change(DISTINCT)
        until(lambda: stage.sim.faults()[0]["held"], "the first cluster's first write")
        second = other.change(DISTINCT)
        until(lambda: refused_locks(stage.sim) or second.ended(), "the second run to find the gateway locked")
        assert not second.ended()
        assert (replicas(stage.kube), replicas(kube)) == (0, 1)  # it waits before it stops CPI
        stage.go_on()
        results = [run.wait() for run in (first, second)]
    assert [result.get("msg") for result in results] == [None, None]
    assert [result["verification"]["ok"] for result in results] == [True, True]
    vips = [one["virtualIpAddress"] for one in stage.sim.dump()["virtual_services"]]
    assert len(vips) == len(set(vips)) == 5


def test_a_cancelled_job_stops_by_itself(stage: MigratedCluster) -> None:
    """Only ansible-playbook is killed. Its worker and the module continue in their own session."""
    words = ["vcd.kubernetes.shared_ip", "-e", "shared_ip_scenario=shared_external", "-e", "shared_ip_existing=migrate"]
    environment = {**connection(stage.sim, stage.kube), "HOME": str(stage.folder)}
    wait = stage.held_in_the_first_service()
    with Playbook(stage.folder, words, environment) as playbook:
        wait()
        assert playbook.kill(MAIN), "the module was killed with ansible-playbook"
        code, text = ansible_playbook(stage.folder, words, environment)
        assert code != 0
        assert "another run is under way on this cluster: " in text
        assert "since 20" in text
        stage.go_on()
        until(lambda: LEASE not in (stage.backup() or {})["metadata"]["annotations"], "the module to stop")
        assert (external(stage), replicas(stage.kube)) == ({"api"}, 0)
        # it has released its lock and lease: the next run needs no take_over
        code, text = ansible_playbook(stage.folder, words, environment)
        assert code == 0, text[-3000:]
        assert (external(stage), replicas(stage.kube)) == ({"api", "web"}, 1)
        profiles = [one["name"] for one in stage.sim.dump()["application_port_profiles"]]
        assert not [name for name in profiles if name.startswith("vcd.kubernetes-lock-")]
