# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Existing Services move to another scenario and back: the real ansible-playbook against both doubles."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from killed_playbook import TREE, Playbook
from kube_double.testing import KubeDouble
from role_runs import Case, Finished, connection, cpi_objects, run_cases, writes
from vcdsim.testing import Simulator
from waiting import until

CLUSTER_ID = "urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
MEMBERS = ["10.10.0.11", "10.10.0.12"]
SERVICES: dict[str, tuple[str, list[int]]] = {"web": ("203.0.113.10", [80, 443]), "api": ("203.0.113.11", [8080])}
PASSWORD = "kube-secret-1"
DEPLOYMENT = "vmware-cloud-director-ccm"


def manifest(name: str) -> dict[str, Any]:
    """A Service in Kubernetes."""
    external_ip, ports = SERVICES[name]
    numbers = [{"name": f"p{port}", "port": port, "nodePort": 30000 + port % 1999, "protocol": "TCP"} for port in ports]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": "LoadBalancer", "selector": {"app": name}, "ports": numbers},
        "status": {"loadBalancer": {"ingress": [{"ip": external_ip}]}},
    }


def option(name: str) -> dict[str, Any]:
    """The same Service as vcd_shared_ip takes it."""
    external_ip, ports = SERVICES[name]
    numbers = [{"name": f"p{port}", "port": port, "node_port": 30000 + port % 1999} for port in ports]
    return {
        "name": name, "namespace": "default", "external_ip": external_ip, "members": MEMBERS, "ports": numbers,
    }  # fmt: skip


def made(scenario: str, *names: str) -> Case:
    """A case that creates the objects of the Services (both by default) in a scenario."""
    options = {
        "edge_gateway": "acme-edge",
        "cluster_id": CLUSTER_ID,
        "scenario": scenario,
        "services": [option(name) for name in names or SERVICES],
    }
    return Case(f"objects in {scenario}", {}, task={"vcd.kubernetes.vcd_shared_ip": options})


def migrate(scenario: str, name: str = "", **more: Any) -> Case:
    """A run of the role that migrates Services."""
    wanted = {"scenario": scenario, "existing": "migrate", **more}
    return Case(name or f"to {scenario}", {f"shared_ip_{key}": value for key, value in wanted.items()})


def restore(name: str, **variables: Any) -> Case:
    """A run that returns to a restore point."""
    return Case(name, {f"shared_ip_{key}": value for key, value in variables.items()}, tasks_from="restore")


def play(folder: Path, cases: list[Case], sim: Simulator, kube: KubeDouble, *options: str) -> Finished:
    """Run the cases with restore points in the folder."""
    folder.mkdir(exist_ok=True)
    environment = {**connection(sim, kube), "HOME": str(folder.parent / "home")}
    run = run_cases(folder, cases, environment, *options)
    assert run.code == 0, run.output[-3000:]
    return run


def shapes(sim: Simulator) -> dict[str, str]:
    """The VIP of each virtual service by the port in its name."""
    return {item["name"].rpartition("-")[2]: item["virtualIpAddress"] for item in sim.dump()["virtual_services"]}


def replicas(kube: KubeDouble) -> int:
    """The number of replicas in CPI's Deployment."""
    return int((kube.get("Deployment", "kube-system", DEPLOYMENT) or {})["spec"]["replicas"])


def failed(run: Finished) -> dict[str, str]:
    """The message of each failed case."""
    return {name: str(outcome["msg"]) for name, outcome in run.outcomes.items() if outcome["failed"]}


def test_two_services_are_migrated_and_restored(tmp_path: Path) -> None:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([manifest(name) for name in SERVICES])
        assert failed(play(tmp_path / "1", [made("distinct_internal")], sim, kube)) == {}
        before, done = shapes(sim), writes(sim, kube)
        assert set(before.values()) == {"192.168.8.2", "192.168.8.3", "192.168.8.4"}

        planned = play(tmp_path / "2", [migrate("shared_external")], sim, kube, "--check")
        assert failed(planned) == {}
        assert writes(sim, kube) == done
        assert not list((tmp_path / "home").glob("**/*.json"))
        assert "default/web (203.0.113.10): from distinct_internal to shared_external" in planned.output
        assert planned.outcomes["to shared_external"]["msg"]["changed"] is True

        rule = f"dnat-ingress-vs-web-{CLUSTER_ID.removeprefix('urn:vcloud:entity:vmware:')}-p443"
        task = {"vcd.kubernetes.vcd_nat_rule": {"edge_gateway": "acme-edge", "name": rule, "state": "absent"}}
        damage = Case("damage", {}, task=task)
        cases = [
            migrate("shared_external"),
            migrate("shared_external", "again"),
            restore("back"),
            restore("back again"),
            damage,
            migrate("distinct_internal", "repair"),
        ]
        run = play(tmp_path / "3", cases, sim, kube)
        assert failed(run) == {}
        seen = {name: outcome["msg"] for name, outcome in run.outcomes.items() if name != "damage"}
        assert [item["changed"] for item in seen.values()] == [True, False, True, False, True]
        assert all(item["verified"] for item in seen.values())
        assert [item["state"] for item in seen["to shared_external"]["migrations"]] == ["migrated", "migrated"]
        assert [item["state"] for item in seen["repair"]["migrations"]] == ["unchanged", "repaired"]
        assert rule in [item["name"] for item in sim.dump()["nat_rules"]]
        assert shapes(sim) == before
        assert replicas(kube) == 1

        (first, *others) = sorted((tmp_path / "home").glob(".vcd-kubernetes/restore-points/*.json"))
        assert [stat.S_IMODE(path.stat().st_mode) for path in (first, *others, first.parent)] == [*[0o600] * 3, 0o700]
        assert PASSWORD not in first.read_text()
        point = json.loads(first.read_text())
        assert (point["scenario"], len(point["objects"]["virtual_service"])) == ("distinct_internal", 3)


def vips_are(sim: Simulator, scenario: str) -> bool:
    """Whether both Services have this shape."""
    found = shapes(sim)
    wanted = {f"p{port}": external_ip for external_ip, ports in SERVICES.values() for port in ports}
    return (found == wanted) if scenario == "shared_external" else set(found) == set(wanted) and found != wanted


def test_a_service_that_fails_leaves_a_clear_message(tmp_path: Path) -> None:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([manifest(name) for name in SERVICES])
        assert failed(play(tmp_path / "1", [made("distinct_internal")], sim, kube)) == {}
        before = shapes(sim)

        # the first Service fails (Kubernetes lists them by name): everything is as before
        sim.faults([{"method": "PUT", "name": "ingress-vs-api-*", "status": 403, "message": "no"}])
        first = failed(play(tmp_path / "2", [migrate("shared_external", "first")], sim, kube))["first"]
        assert first.startswith("default/api: ")
        assert "it was rolled back to the shape that it had" in first
        assert first.endswith("every Service is as it was, and CPI runs again with its previous scenario")
        assert "\n" not in first
        assert (shapes(sim), replicas(kube)) == (before, 1)

        # the second one fails: the first stays migrated, and CPI stopped
        sim.faults([{"method": "PUT", "name": "ingress-vs-web-*", "status": 403, "message": "no"}])
        cases = [migrate("shared_external", "second"), migrate("shared_external", "cut short", existing="fail")]
        run = failed(play(tmp_path / "3", cases, sim, kube))
        assert run["second"].startswith("default/web: ")
        assert "migrated: default/api" in run["second"]
        assert "; the restore point is in " in run["second"]
        assert "vcd.kubernetes.restore to go back" in run["second"]
        stopped = "CPI is stopped: Deployment kube-system/vmware-cloud-director-ccm is scaled to 0 and had 1 replica; "
        for one in run.values():
            assert one.endswith(
                f"{stopped}the next run that finishes this change starts it, and so does the playbook "
                "vcd.kubernetes.restore"
            )
        assert "was interrupted" in run["cut short"] or "would break" in run["cut short"]
        assert replicas(kube) == 0
        point = Path(run["second"].partition("restore point is in ")[2].partition(" ")[0])
        assert json.loads(point.read_text())["scenario"] == "distinct_internal"

        # one way to continue; the next test has the other
        sim.faults([])
        run = play(tmp_path / "4", [restore("back")], sim, kube)
        assert failed(run) == {}
        assert run.outcomes["back"]["msg"]["verified"] is True
        assert (shapes(sim), replicas(kube)) == (before, 1)


def killed(folder: Path, sim: Simulator, kube: KubeDouble, held: Callable[[], bool], words: list[str]) -> None:
    """Start a playbook, and kill all its processes as soon as a request is held."""
    folder.mkdir(exist_ok=True)
    with Playbook(folder, words, {**connection(sim, kube), "HOME": str(folder.parent / "home")}) as playbook:
        until(lambda: held() or playbook.ended(), "the request that is held", every=0.05)
        assert not playbook.ended(), playbook.output()[-3000:]
        playbook.kill(TREE)


def test_a_killed_run_is_finished_by_the_next(tmp_path: Path) -> None:
    words = ["vcd.kubernetes.shared_ip", "-e", "shared_ip_scenario=shared_external", "-e", "shared_ip_existing=migrate"]
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([manifest(name) for name in SERVICES])
        assert failed(play(tmp_path / "1", [made("distinct_internal")], sim, kube)) == {}

        sim.faults([{"writes": True, "skip": 4, "times": 1, "hold": "after"}])
        killed(tmp_path / "2", sim, kube, lambda: bool(sim.faults()[0]["held"]), words)
        sim.faults([])
        assert replicas(kube) == 0

        # without take_over, a run does not continue another run's change
        refused = failed(play(tmp_path / "2b", [migrate("shared_external", "again")], sim, kube))["again"]
        assert "has ended without finishing" in refused
        assert "take_over" in refused
        words += ["-e", "shared_ip_take_over=true"]

        # killed while CPI's file is written: its ConfigMap is already deleted
        kube.faults([{"method": "DELETE", "path": "configmaps/vcloud-ccm-configmap$", "action": "hold_after"}])
        killed(tmp_path / "3", sim, kube, lambda: bool(kube.faults()[0]["held"]), words)
        kube.faults([])
        assert vips_are(sim, "shared_external")

        (point,) = (tmp_path / "home").glob(".vcd-kubernetes/restore-points/*.json")
        cases = [migrate("shared_external", take_over=True), restore("back", restore_file=str(point))]
        run = play(tmp_path / "4", cases, sim, kube)
        assert failed(run) == {}
        assert all(outcome["msg"]["verified"] for outcome in run.outcomes.values())
        assert vips_are(sim, "distinct_internal")
        assert run.output.count("2 Services with the same external IP as before") == 2
        # the restore point comes from the first run, before any change
        assert json.loads(point.read_text())["scenario"] == "distinct_internal"


def looks(kube: KubeDouble) -> int:
    """How many times the Services have been listed."""
    return sum(1 for entry in kube.journal() if entry["path"].startswith("/api/v1/services"))


def act_as_cpi(sim: Simulator, kube: KubeDouble) -> None:
    """Act as CPI some time after its start: write the address that its objects serve into the status."""
    for wanted in (0, 1):
        kube.wait_for(lambda: replicas(kube) == wanted, f"{wanted} pods of CPI")  # noqa: B023  # called in this iteration
    kube.wait_for(lambda: vips_are(sim, "shared_external"), "the migration")
    # for the plan, after the stop, and for the verification: so the run has seen the wrong status once
    kube.wait_for(lambda: looks(kube) >= 3, "the first look at the result")
    path = kube.path("Service", "default", "web") + "/status"
    status = {"status": {"loadBalancer": {"ingress": [{"ip": SERVICES["web"][0]}]}}}
    kube.request("PATCH", path, status, "application/merge-patch+json")


def test_an_address_that_a_broken_cpi_has_changed_comes_back(tmp_path: Path) -> None:
    """Kubernetes shows an address that no object serves. Clients still use the old address, and the run keeps it."""
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        broken = {**manifest("web"), "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.55"}]}}}
        kube.load([broken, manifest("api")])
        assert failed(play(tmp_path / "1", [made("distinct_internal")], sim, kube)) == {}
        cpi = threading.Thread(target=act_as_cpi, args=(sim, kube), daemon=True)
        cpi.start()
        run = play(tmp_path / "2", [migrate("shared_external", wait_timeout=600)], sim, kube)
        cpi.join(timeout=600)
        assert failed(run) == {}
        assert run.outcomes["to shared_external"]["msg"]["verified"] is True
        assert (
            "shared_ip: localhost: waiting for the changes to settle: default/web shows 203.0.113.55 in Kubernetes"
            in run.output
        )
