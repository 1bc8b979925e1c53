# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook audit on a fleet with several kinds of damage, run by a user without write access."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from in_process import run_module
from kube_double.testing import KubeDouble
from role_runs import ansible_playbook, connection, cpi_objects, writes
from test_migration import CLUSTER_ID, MEMBERS, manifest, option
from vcdsim.testing import Simulator

SHORT_ID = CLUSTER_ID.removeprefix("urn:vcloud:entity:vmware:")
SHOP = {
    "edge_gateway": "acme-edge",
    "name_template": "{edge_gateway}-{kind}-{service}-{port}",
    "scenario": "shared_internal",
    "services": [
        {
            "name": "shop",
            "external_ip": "203.0.113.20",
            "members": MEMBERS,
            "ports": [
                {"name": "https", "port": 443, "node_port": 8443, "app_protocol": "https", "certificate": "web-cert"}
            ],
        }
    ],
}


class AuditedFleet:
    """A healthy cluster, a damaged one, and a service of machines."""

    def __init__(self, sim: Simulator, sound: KubeDouble, damaged: KubeDouble) -> None:
        self.sim, self.sound, self.damaged = sim, sound, damaged
        self.vcd = {
            "url": sim.url,
            "ca_path": str(sim.ca),
            "org": "acme",
            "user": "admin",
            "password": "admin-secret-1",
        }

    def change(self, module: str, **options: Any) -> None:
        result = run_module(module, {**self.vcd, "edge_gateway": "acme-edge", **options})
        assert not result.get("failed"), result["msg"]

    def hosts(self) -> dict[str, dict[str, Any]]:
        return {
            "sound": {"shared_ip_kubeconfig": str(self.sound.kubeconfig)},
            "dam-aged": {"shared_ip_kubeconfig": str(self.damaged.kubeconfig)},
            "gone": {"shared_ip_kubeconfig": "/nowhere"},
            "machines": {"shared_ip_audit_cluster": False, "shared_ip_machines": [SHOP]},
        }

    def run(
        self,
        folder: Path,
        *words: str,
        hosts: Mapping[str, Any] | None = None,
        playbook: str = "audit",
        **variables: Any,
    ) -> tuple[int, str, dict[str, Any]]:
        """Exit code, output and document of an audit by a read-only user."""
        inventory = {"clusters": {"hosts": dict(hosts or self.hosts())}}
        (folder / "hosts.yml").write_text(yaml.safe_dump(inventory, sort_keys=False))
        environment = {**connection(self.sim, self.sound), "ANSIBLE_SHOW_CUSTOM_STATS": "true"}
        environment |= {"VCD_USER": "viewer", "VCD_PASSWORD": "viewer-secret-1", "PWD": str(folder)}
        del environment["K8S_AUTH_KUBECONFIG"]
        given = {"shared_ip_hosts": "clusters", "shared_ip_audit_file": "audit.json", **variables}
        command = [f"vcd.kubernetes.{playbook}", "-i", "hosts.yml", "-e", json.dumps(given), *words]
        code, output = ansible_playbook(folder, command, environment)
        target = folder / "audit.json"
        return code, output, json.loads(target.read_text()) if target.exists() else {}


@pytest.fixture(scope="module")
def estate() -> Iterator[AuditedFleet]:
    api = {**manifest("api"), "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.77"}]}}}
    with (
        Simulator(task_seconds=0, health_seconds=0) as sim,
        KubeDouble(objects=cpi_objects(manifest("web"))) as sound,
        KubeDouble(objects=cpi_objects(manifest("web"), api)) as damaged,
    ):
        estate = AuditedFleet(sim, sound, damaged)
        made = {"cluster_id": CLUSTER_ID, "scenario": "distinct_internal"}
        estate.change("vcd_shared_ip", **made, services=[option("web")])
        estate.change("vcd_shared_ip", **SHOP)
        yield estate


def codes(document: Mapping[str, Any], cluster: str) -> dict[str, str]:
    """The severity of each finding of a cluster, by its code."""
    (one,) = [one for one in document["clusters"] if one["cluster"] == cluster]
    return {row["code"]: row["severity"] for row in one["findings"]}


def stable(document: Mapping[str, Any]) -> Any:
    return {**document, "taken": None}


def test_a_fleet_is_audited_and_nothing_is_written(tmp_path: Path, estate: AuditedFleet) -> None:
    # both clusters have the same id here: both lack what the damaged one has lost, except the Service api
    estate.change("vcd_shared_ip", cluster_id=CLUSTER_ID, scenario="distinct_internal", services=[option("api")])
    estate.change("vcd_nat_rule", name=f"dnat-ingress-vs-api-{SHORT_ID}-p8080", state="absent")
    estate.change("vcd_pool", name="acme-edge-pool-shop-https", health_monitors=[])
    before = writes(estate.sim, estate.sound, estate.damaged)
    code, output, document = estate.run(tmp_path)
    assert code == 2, output[-3000:]
    assert writes(estate.sim, estate.sound, estate.damaged) == before
    assert document["schema"] == "vcd.kubernetes/audit/1"
    assert document["counts"]["not_audited"] == 1
    assert codes(document, "sound").get("orphan") == "warning"
    assert "service-drift" not in codes(document, "sound")
    assert codes(document, "dam-aged")["service-drift"] == "error"
    assert codes(document, "gone") == {"not-audited": "error"}
    assert codes(document, "machines")["pool-without-monitor"] == "warning"
    assert "service-drift" not in codes(document, "machines")
    assert "audit of 4 clusters" in output
    assert "gone: NOT AUDITED: kubeconfig '/nowhere'" in output
    stats = json.loads(output.partition("CUSTOM STATS")[2].partition("RUN: ")[2])
    assert sorted(one["cluster"] for one in stats.values()) == ["dam-aged", "gone", "machines", "sound"]
    recap = {line.split()[0]: "failed=1" in line for line in output.splitlines() if "unreachable=0" in line}
    assert {name for name, failed in recap.items() if failed} == {"dam-aged", "gone"}
    checked = tmp_path / "check"
    checked.mkdir()
    code, output, again = estate.run(checked, "--check")
    assert code == 2, output[-3000:]
    assert stable(again) == stable(document)


@pytest.mark.parametrize(("fail_on", "code"), [("warning", 2), ("never", 0), (None, 0)])
def test_the_severity_that_fails_can_be_chosen(
    fail_on: str | None, code: int, tmp_path: Path, estate: AuditedFleet
) -> None:
    estate.change("vcd_pool", name="acme-edge-pool-shop-https", health_monitors=[])
    found, output, document = estate.run(
        tmp_path, hosts={"machines": estate.hosts()["machines"]}, shared_ip_audit_fail_on=fail_on
    )
    assert found == code, output[-3000:]
    assert codes(document, "machines")["pool-without-monitor"] == "warning"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"shared_ip_audit_fail_on": "info"}, "shared_ip_audit_fail_on: info: choose error, warning or never"),
        (
            {"shared_ip_audit_file": "no/such/audit.json"},
            "shared_ip_audit_file: no/such/audit.json: there is no folder",
        ),
    ],
)
def test_an_impossible_option_is_refused_before_anything_is_read(
    variables: dict[str, Any], message: str, tmp_path: Path, estate: AuditedFleet
) -> None:
    seen = len(estate.sim.journal())
    code, output, _document = estate.run(tmp_path, **variables)
    assert code == 2
    assert message in " ".join(output.split())
    assert len(estate.sim.journal()) == seen


def test_blank_variables_mean_not_given(tmp_path: Path, estate: AuditedFleet) -> None:
    blank = {
        "shared_ip_machines": None,
        "shared_ip_audit_cluster": "",
        "shared_ip_audit_certificate_days": None,
        "shared_ip_audit_file": "",
        "shared_ip_audit_fail_on": None,
        "shared_ip_scenario": "",
    }
    code, output, document = estate.run(tmp_path, hosts={"sound": estate.hosts()["sound"]}, **blank)
    assert code == 0, output[-3000:]
    assert document == {}
    assert "audit of 1 cluster" in output


def test_a_report_draws_services_of_machines_and_clusters(tmp_path: Path, estate: AuditedFleet) -> None:
    hosts = estate.hosts()
    both = {**hosts["sound"], "shared_ip_machines": [SHOP]}
    before = writes(estate.sim, estate.sound)
    code, output, _document = estate.run(
        tmp_path,
        playbook="report",
        hosts={"both": both, "machines": hosts["machines"], "wrong": {**hosts["machines"], "shared_ip_machines": [{}]}},
        shared_ip_report_file="fleet.html",
    )
    assert code == 2, output[-3000:]
    assert writes(estate.sim, estate.sound) == before
    page = (tmp_path / "fleet.html").read_text()
    for words in ("both (machines on acme-edge)", "wrong", "shop: shared_internal", "default/web: distinct_internal"):
        assert words in page, words
    assert page.count("acme-edge-vs-shop-https") >= 2
    text = " ".join(output.split())
    assert "machines: verified, shared_internal, edge gateway acme-edge" in text
    assert re.search(r"wrong: FAILED, CPI replicas unknown: \S", text)
    assert "One or more items failed" not in text.partition("Show the summary")[2]
    stats = json.loads(output.partition("CUSTOM STATS")[2].partition("RUN: ")[2])
    assert {one["cluster"] for one in stats.values()} == {"both", "both (machines on acme-edge)", "machines", "wrong"}
