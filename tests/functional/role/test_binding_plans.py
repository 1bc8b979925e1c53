# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan, approve, apply: the real ansible-playbook writes a plan, and carries out that plan or changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run import run
from in_process import run_module
from kube_double.testing import KubeDouble
from moving import STRICT
from role_runs import ROOT, ansible_playbook, connection, cpi_objects, writes
from runs import ModuleRun
from test_migration import CLUSTER_ID, DEPLOYMENT, PASSWORD, SERVICES, manifest, option, shapes
from vcdsim.testing import Simulator

Json = dict[str, Any]
SCHEMA = json.loads((ROOT / "docs" / "shared-ip-plan.schema.json").read_text())
WISH = {"shared_ip_scenario": "shared_external", "shared_ip_existing": "migrate"}
MODULE = {"scenario": "shared_external", "existing": "migrate"}
SHORT_ID = CLUSTER_ID.removeprefix("urn:vcloud:entity:vmware:")


class PlannedCluster:
    """A cluster with two Services in distinct_internal, on a gateway with the objects that CPI creates."""

    def __init__(self, sim: Simulator, kube: KubeDouble, folder: Path) -> None:
        self.sim, self.kube, self.folder = sim, kube, folder

    def run(self, *words: str, playbook: str = "shared_ip", **variables: Any) -> tuple[int, str]:
        hosts = {"alpha": {"shared_ip_kubeconfig": str(self.kube.kubeconfig), **WISH, **variables}}
        return self.run_hosts(hosts, *words, playbook=playbook)

    def run_hosts(self, hosts: Json, *words: str, playbook: str = "shared_ip") -> tuple[int, str]:
        (self.folder / "hosts.yml").write_text(yaml.safe_dump({"clusters": {"hosts": hosts}}, sort_keys=False))
        found = {**connection(self.sim, self.kube), "HOME": str(self.folder / "home")}
        del found["K8S_AUTH_KUBECONFIG"]
        found["ANSIBLE_SHOW_CUSTOM_STATS"] = "true"
        words = (f"vcd.kubernetes.{playbook}", "-i", "hosts.yml", "-e", "shared_ip_hosts=clusters", *words)
        return ansible_playbook(self.folder, words, found)

    def plan(self) -> Json:
        """The document that a run with --check writes."""
        code, output = self.run("--check", "-e", "shared_ip_plan_file=plan.json")
        assert code == 0, output[-3000:]
        document: Json = json.loads((self.folder / "plan.json").read_text())
        return document

    def module(self, module: str, /, **options: Any) -> Json:
        """Run a module as another user would. It must succeed."""
        found = self.asked(module, {"edge_gateway": "acme-edge", **options})
        assert not found.get("failed"), found.get("msg")
        return found

    def cluster(self, **options: Any) -> Json:
        """The module of the role, in phase plan."""
        return self.asked("vcd_cluster_shared_ip", {**MODULE, "phase": "plan", **options})

    def asked(self, name: str, options: Json) -> Json:
        return ModuleRun(name, options, connection(self.sim, self.kube)).start().wait()


@pytest.fixture(scope="module")
def doubles() -> Iterator[tuple[Simulator, KubeDouble, int]]:
    """Both doubles, and the simulator's state that each test starts from."""
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        estate = PlannedCluster(sim, kube, Path())
        services = [option(name) for name in SERVICES]
        estate.module("vcd_shared_ip", cluster_id=CLUSTER_ID, scenario="distinct_internal", services=services)
        yield sim, kube, sim.snapshot()


@pytest.fixture
def estate(doubles: tuple[Simulator, KubeDouble, int], tmp_path: Path) -> PlannedCluster:
    sim, kube, start = doubles
    sim.restore(start)
    kube.reset()
    kube.load([manifest(name) for name in SERVICES])
    return PlannedCluster(sim, kube, tmp_path)


def virtual_service(port: str = "web", number: int = 80) -> str:
    return f"ingress-vs-{port}-{SHORT_ID}-p{number}"


def add_service(estate: PlannedCluster) -> None:
    found = {**manifest("api"), "metadata": {"name": "new", "namespace": "default"}, "status": {}}
    found["spec"]["ports"][0]["nodePort"] = 31999
    estate.kube.load([found])


def remove_service(estate: PlannedCluster) -> None:
    estate.kube.delete("Service", "default", "api")


def change_port(estate: PlannedCluster) -> None:
    found = estate.kube.get("Service", "default", "web") or {}
    found["spec"]["ports"][1]["port"] = 8443
    estate.kube.apply(found)


def add_member(estate: PlannedCluster) -> None:
    name = virtual_service().replace("-vs-", "-pool-")
    members = [{"ip_address": ip, "port": 30080} for ip in ("10.10.0.11", "10.10.0.12", "10.10.0.13")]
    estate.module("vcd_pool", name=name, members=members)


def change_rule(estate: PlannedCluster) -> None:
    estate.module("vcd_nat_rule", name=f"dnat-{virtual_service()}", priority=5)


def add_rule(estate: PlannedCluster) -> None:
    estate.module(
        "vcd_nat_rule", name="stranger", type="DNAT", external_addresses="203.0.113.10", dnat_external_port="9000",
        internal_addresses="10.10.0.77",
    )  # fmt: skip


def change_virtual_service(estate: PlannedCluster) -> None:
    estate.module("vcd_virtual_service", name=virtual_service(), description="mine")


def change_image(estate: PlannedCluster) -> None:
    found = estate.kube.get("Deployment", "kube-system", DEPLOYMENT) or {}
    (container,) = found["spec"]["template"]["spec"]["containers"]
    container["image"] += "-patched"
    estate.kube.apply(found)


def change_file(estate: PlannedCluster) -> None:
    found = estate.kube.get("ConfigMap", "kube-system", "vcloud-ccm-configmap") or {}
    (key,) = found["data"]
    found["data"][key] = found["data"][key].replace("192.168.8.100", "192.168.8.90")
    estate.kube.delete("ConfigMap", "kube-system", "vcloud-ccm-configmap")
    estate.kube.apply({**found, "metadata": {"name": found["metadata"]["name"], "namespace": "kube-system"}})


CHANGES: dict[Callable[[PlannedCluster], None], str] = {
    add_service: "Service default/new is new",
    remove_service: "Service default/api is gone",
    change_port: "Service default/web has changed",
    add_member: f"pool {virtual_service().replace('-vs-', '-pool-')} has changed",
    change_rule: f"NAT rule dnat-{virtual_service()} has changed",
    add_rule: "address 203.0.113.10 has changed",
    change_virtual_service: f"virtual service {virtual_service()} has changed",
    change_image: "image of CPI has changed",
    change_file: "CPI's file has changed",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_after_the_approval_is_named_and_nothing_is_written(
    change: Callable[[PlannedCluster], None], estate: PlannedCluster
) -> None:
    plan = estate.cluster(bind=True)["bound"]
    change(estate)
    before = writes(estate.sim, estate.kube)
    approved = {"cluster": "alpha", "digest": plan["digest"], "plan": plan, "source": "plan.json"}
    found = estate.cluster(approved=approved)
    assert found["ok"] is False
    assert CHANGES[change] in "\n".join(found["lines"]["difference"])
    assert "the approved plan no longer fits" in found["summary"]
    assert writes(estate.sim, estate.kube) == before


def approved_change(estate: PlannedCluster) -> Json:
    """The options for phase change, after the approval of the current plan."""
    plan = estate.cluster(bind=True)["bound"]
    assert [step for one in plan["services"] for step in one["steps_if_refused"]]
    approved = {"cluster": "alpha", "digest": plan["digest"], "plan": plan, "source": "plan.json"}
    planned = estate.cluster(approved=approved)
    assert planned["ok"], planned["lines"]
    return {**MODULE, "phase": "change", "plan": planned["plan"], "restore_dir": str(estate.folder)}


def test_after_a_refusal_a_bound_run_uses_the_alternatives_of_its_plan(
    estate: PlannedCluster,
) -> None:
    estate.sim.assume(**STRICT)
    done = estate.asked("vcd_cluster_shared_ip", approved_change(estate))
    assert not done.get("failed"), done.get("msg")
    assert done["verification"]["ok"] is True


def test_without_alternatives_a_bound_run_rolls_back_after_a_refusal(
    estate: PlannedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate.sim.assume(**STRICT)
    options, before = approved_change(estate), shapes(estate.sim)
    monkeypatch.setattr(
        run, "steps_allowed", lambda plan: [step for one in plan["bound"]["plan"]["services"] for step in one["steps"]]
    )
    for name, value in connection(estate.sim, estate.kube).items():
        monkeypatch.setenv(name, value)
    done = run_module("vcd_cluster_shared_ip", options)
    assert done["failed"] is True
    assert "the approved plan does not have the step" in done["msg"]
    assert "every Service is as it was, and CPI runs again" in done["msg"]
    assert shapes(estate.sim) == before


def statistics(output: str) -> Json:
    """The artifacts that a workflow gets."""
    found: Json = json.loads(output.partition("CUSTOM STATS")[2].partition("RUN: ")[2])
    return found


def test_the_backup_of_an_earlier_job_counts_for_the_approved_plan(estate: PlannedCluster) -> None:
    """The jobs of a workflow: each gets the artifacts of the jobs before it."""
    mark = [
        {"ansible.builtin.tempfile": {"path": str(estate.folder), "prefix": "ran-"}},
        {"ansible.builtin.set_fact": {"shared_ip_hook_result": "backup 7"}},
    ]
    (estate.folder / "mark.yml").write_text(yaml.safe_dump(mark))
    before, artifacts = writes(estate.sim, estate.kube), {}

    def job(playbook: str, *words: str) -> str:
        (estate.folder / "artifacts.json").write_text(json.dumps(artifacts))
        given = ["-e", "@artifacts.json", *words]
        code, output = estate.run(*given, playbook=playbook, shared_ip_before_change="mark.yml")
        assert code == 0, output[-3000:]
        artifacts.update(statistics(output))
        return output

    job("shared_ip", "--check", "-e", "shared_ip_plan_file=plan.json")
    assert "before the first write: tasks mark.yml" in job("backup", "--check", "-e", "shared_ip_apply=artifacts")
    assert list(estate.folder.glob("ran-*")) == []
    output = job("backup", "-e", "shared_ip_apply=artifacts")
    assert "saved: tasks mark.yml" in output
    assert writes(estate.sim, estate.kube) == before
    saved = json.loads(artifacts["shared_ip_saved_of_alpha"])
    assert (saved["digest"], saved["results"][0]["result"]) == (artifacts["shared_ip_plan_digest_of_alpha"], "backup 7")
    output = job("shared_ip", "-e", "shared_ip_apply=artifacts")
    assert "a job before has run it for this plan, and it does not run again: tasks mark.yml" in output
    assert len(list(estate.folder.glob("ran-*"))) == 1
    (point,) = (estate.folder / "home").glob(".vcd-kubernetes/restore-points/*.json")
    assert json.loads(point.read_text())["before_change"][0]["result"] == "backup 7"

    code, output = estate.run(playbook="backup")
    assert code == 2
    assert "shared_ip_before_change: not given: nothing would be saved" in output


def changed(output: str) -> int:
    """How many tasks changed something on the cluster."""
    (line,) = [line for line in output.splitlines() if line.startswith("alpha ") and "unreachable=" in line]
    return int(line.partition("changed=")[2].split()[0])


def test_a_run_is_planned_approved_applied_and_then_done(estate: PlannedCluster) -> None:
    before = writes(estate.sim, estate.kube)
    code, output = estate.run("--check", "-e", "shared_ip_plan_file=plan.json")
    assert code == 0, output[-3000:]
    assert writes(estate.sim, estate.kube) == before
    document = json.loads((estate.folder / "plan.json").read_text())
    jsonschema.validate(document, SCHEMA)
    digest = document["digest"]
    assert digest in output
    pages = [(estate.folder / name).read_text() for name in ("plan.md", "plan.html")]
    for page in pages:
        assert "203.0.113.10" in page
        assert PASSWORD not in page
    assert PASSWORD not in json.dumps(document)
    handed_on = statistics(output)
    assert handed_on["shared_ip_plan_digest"] == digest
    assert json.loads(handed_on["shared_ip_plan_of_alpha"])["plan"] == document["clusters"]["alpha"]["plan"]

    again = estate.plan()
    assert {**again, "made": {}} == {**document, "made": {}}

    add_rule(estate)
    before = writes(estate.sim, estate.kube)
    code, output = estate.run("-e", "shared_ip_apply=plan.json")
    assert code == 2
    assert "address 203.0.113.10 has changed" in output
    assert writes(estate.sim, estate.kube) == before
    estate.module("vcd_nat_rule", name="stranger", state="absent")

    variables = {key: value for key, value in handed_on.items() if key.startswith("shared_ip_plan_")}
    (estate.folder / "artifacts.json").write_text(json.dumps(variables))
    words = ["-e", "@artifacts.json", "-e", "shared_ip_apply={{ shared_ip_plan_digest }}"]
    code, output = estate.run(*words)
    assert code == 0, output[-3000:]
    assert changed(output) == 1
    assert {one["virtualIpAddress"] for one in estate.sim.dump()["virtual_services"]} == {
        "203.0.113.10",
        "203.0.113.11",
    }

    before = writes(estate.sim, estate.kube)
    for again in (["-e", "shared_ip_apply=plan.json"], words, ["-e", f"shared_ip_apply={digest}"]):
        code, output = estate.run(*again)
        assert code == 0, output[-3000:]
        assert changed(output) == 0
        assert "this plan is done" in output
        assert writes(estate.sim, estate.kube) == before
    code, output = estate.run("-e", f"shared_ip_apply=sha256:{'0' * 64}")
    assert code == 2
    assert "nor of the plan that was carried out last" in " ".join(output.split())
    assert writes(estate.sim, estate.kube) == before


def test_a_workflow_applies_the_plans_of_its_slices(estate: PlannedCluster) -> None:
    """Each of two slices has planned one host. AWX merges their artifacts: a later slice overrides an earlier one."""
    host = {"shared_ip_kubeconfig": str(estate.kube.kubeconfig), **WISH}
    artifacts: Json = {}
    for name in ("prod-1", "prod-2"):
        code, output = estate.run_hosts({name: host}, "--check", "-e", f"shared_ip_plan_file={name}.json")
        assert code == 0, output[-3000:]
        artifacts.update(statistics(output))
    (estate.folder / "artifacts.json").write_text(json.dumps(artifacts))
    words = ["-e", "@artifacts.json", "-e", "shared_ip_apply=artifacts"]

    before = writes(estate.sim, estate.kube)
    code, output = estate.run_hosts({"prod-3": host}, *words)
    assert code == 2
    said = " ".join(output.split())
    assert "planned, and not in this run: prod-1, prod-2" in said
    assert "shared_ip_apply: 'artifacts': this job has no variable shared_ip_plan_digest_of_prod_3_" in said
    assert writes(estate.sim, estate.kube) == before

    code, output = estate.run_hosts({"prod-1": host}, *words)
    assert code == 0, output[-3000:]
    assert {one["virtualIpAddress"] for one in estate.sim.dump()["virtual_services"]} == {
        "203.0.113.10",
        "203.0.113.11",
    }
    before = writes(estate.sim, estate.kube)
    code, output = estate.run_hosts({"prod-2": host}, *words)  # the same cluster by another name
    assert code == 0, output[-3000:]
    assert "shared_ip_apply: artifacts: this plan is done" in output
    assert writes(estate.sim, estate.kube) == before


def test_a_cluster_that_cannot_be_planned_is_in_the_plan_and_cannot_be_applied(estate: PlannedCluster) -> None:
    hosts = {
        "alpha": {"shared_ip_kubeconfig": str(estate.kube.kubeconfig), **WISH},
        "broken": {"shared_ip_kubeconfig": "/nowhere", **WISH},
    }
    code, output = estate.run_hosts(hosts, "--check", "-e", "shared_ip_plan_file=plan.json")
    assert code == 2
    document = json.loads((estate.folder / "plan.json").read_text())
    jsonschema.validate(document, SCHEMA)
    assert [one["state"] for one in document["clusters"].values()] == ["planned", "failed"]
    assert "kubeconfig '/nowhere'" in document["clusters"]["broken"]["reason"]
    before = writes(estate.sim, estate.kube)
    hosts = {"broken": hosts["broken"], "gamma": hosts["broken"]}
    code, output = estate.run_hosts(hosts, "-e", "shared_ip_apply=plan.json")
    assert code == 2
    assert "planned, and not in this run: alpha" in output
    assert "in this run, and not planned: gamma" in output
    said = " ".join(output.split())
    assert "broken could not be planned (kubeconfig '/nowhere'" in said
    assert "has no plan for gamma; it has alpha, broken" in said
    assert writes(estate.sim, estate.kube) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-e", "shared_ip_apply=nowhere.json"], "shared_ip_apply: 'nowhere.json': cannot be read: No such file"),
        (
            ["-e", "shared_ip_apply=artifacts"],
            "shared_ip_apply: 'artifacts': this job has no variables shared_ip_plan_digest_of_*",
        ),
        (["-e", "shared_ip_apply=hosts.yml"], "shared_ip_apply: 'hosts.yml': is not a plan (the document is not JSON)"),
        (
            ["-e", "shared_ip_plan_file=plan.json"],
            "shared_ip_plan_file: 'plan.json': a plan is made by a run with --check",
        ),
        (["--check", "-e", "shared_ip_plan_file=plan"], "shared_ip_plan_file: 'plan': give a name that ends in .json"),
        (["--check", "-e", "shared_ip_plan_file=a/b.json"], "shared_ip_plan_file: 'a/b.json': cannot be written"),
    ],
)
def test_a_wrong_file_is_one_line_before_anything_is_read(
    words: list[str], message: str, estate: PlannedCluster
) -> None:
    asked = len(estate.sim.journal())
    code, output = estate.run(*words)
    assert code == 2
    assert message in " ".join(output.split())
    assert len(estate.sim.journal()) == asked
