# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks in examples run unchanged, all in one process, on two clusters with Services in use.

README.md quotes them (tests/unit/test_examples.py), so this also runs its examples.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import yaml
from certificates import make_pair
from kube_double.testing import KubeFleet
from role_runs import FIXTURES, ROOT, ansible_playbook
from vcdsim.testing import Simulator

EXAMPLES = ROOT / "examples"
ESTATE = Path(__file__).with_name("estate.yml")
# In the order in which an operator would run them: go_back.yml needs a migration before it.
ORDER = (
    "plan", "cluster", "move", "verify", "report", "go_back",
    "machines", "virtual_services", "several_objects", "certificates", "firewall", "several_clusters", "list_clusters",
)  # fmt: skip
CLUSTERS = {"prod-1": ("0a1d10", "203.0.113.10"), "prod-2": ("0a1d20", "203.0.113.11")}
PORTS = [{"name": "http", "port": 80, "node_port": 30080}, {"name": "https", "port": 443, "node_port": 30443}]


def cluster_id(name: str) -> str:
    return f"urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b{CLUSTERS[name][0]}"


def objects(name: str) -> list[dict[str, Any]]:
    """A cluster with CPI, and the Service web on its own address."""
    text = "".join((FIXTURES / one).read_text(encoding="utf-8") for one in ("cluster.manifest", "cpi-1.6.1.manifest"))
    found = [one for one in yaml.safe_load_all(text) if one]
    for one in found:
        if one["kind"] == "ConfigMap":
            one["data"] = {
                key: value.replace(cluster_id("prod-1"), cluster_id(name)) for key, value in one["data"].items()
            }
    ports = [
        {"name": one["name"], "port": one["port"], "nodePort": one["node_port"], "protocol": "TCP"} for one in PORTS
    ]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": ports},
        "status": {"loadBalancer": {"ingress": [{"ip": CLUSTERS[name][1]}]}},
    }
    return [*copy.deepcopy(found), service]


def prepared(folder: Path) -> str:
    """A playbook that creates the objects of both Services, as CPI would."""
    tasks = [
        {
            "vcd.kubernetes.vcd_shared_ip": {
                "edge_gateway": "acme-edge",
                "cluster_id": cluster_id(name),
                "scenario": "distinct_internal",
                "services": [
                    {
                        "name": "web",
                        "namespace": "default",
                        "external_ip": address,
                        "members": ["10.10.0.11"],
                        "ports": PORTS,
                    }
                ],
            }
        }
        for name, (_end, address) in CLUSTERS.items()
    ]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    (folder / "prepare.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    return "prepare.yml"


def test_every_ready_playbook_runs_unchanged(tmp_path: Path) -> None:
    assert {path.stem for path in EXAMPLES.glob("*.yml")} == set(ORDER)
    with (
        Simulator(estate=ESTATE, task_seconds=0, health_seconds=0) as sim,
        KubeFleet({name: objects(name) for name in CLUSTERS}, start_seconds=0, stop_seconds=0) as kube,
    ):
        environment = {
            "VCD_URL": sim.url,
            "VCD_CA_PATH": str(sim.ca),
            "VCD_ORG": "acme",
            "VCD_USER": "kube",
            "VCD_PASSWORD": "admin-secret-1",
            "K8S_AUTH_KUBECONFIG": str(kube.kubeconfig),
            "HOME": str(tmp_path / "home"),
            "ANSIBLE_STDOUT_CALLBACK": "vcd.kubernetes.calm",
        }
        playbooks = [prepared(tmp_path), *(str(EXAMPLES / f"{name}.yml") for name in ORDER)]
        certificate, key = make_pair("web")
        (tmp_path / "vault.json").write_text(json.dumps({"web_certificate": certificate, "vault_web_key": key}))
        inventories = [
            word
            for name in ("clusters", "acme_vcd_clusters")
            for word in ("-i", str(EXAMPLES / "inventory" / f"{name}.yml"))
        ]
        words = ["-e", "@vault.json", *inventories, *playbooks]
        code, output = ansible_playbook(tmp_path, words, environment)
        dump = sim.dump()
    assert code == 0, output[-4000:]
    assert "Failed to parse" not in output
    assert "acme-cluster: edge gateway unknown" in " ".join(output.split())  # CPI had not created anything yet
    plan = parts(output)[1]
    assert len(plan) < 60, "\n".join(plan)
    assert any(line.startswith("planned ") for line in plan)
    assert not any(line.startswith("changed ") for line in plan)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    addresses = {one["name"]: one["virtualIpAddress"] for one in dump["virtual_services"]}
    assert {addresses[name] for name in addresses if "-web-" in name} == {"203.0.113.10", "203.0.113.11"}
    assert {addresses[f"shop-{port}"] for port in ("http", "admin")} == {"192.168.8.160"}
    assert (addresses["intranet"], addresses["secure"]) == ("192.168.8.150", "203.0.113.40")
    (secure,) = (one for one in dump["virtual_services"] if one["name"] == "secure")
    assert secure["certificateRef"]["name"] == "web-cert"
    (renewed,) = (one for one in dump["certificates"] if one["alias"] == "web-cert")
    assert renewed["certificate"].strip() == certificate.strip()
    assert json.dumps(dump["nat_rules"]).count("203.0.113.30") == 1


def parts(output: str) -> list[list[str]]:
    """The lines of each playbook of the run. Each playbook ends with a recap of localhost."""
    found: list[list[str]] = [[]]
    for line in output.splitlines():
        found[-1].append(line)
        if line.startswith("recap    localhost:"):
            found.append([])
    return found
