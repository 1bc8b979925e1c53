# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' examples run unchanged, one after another, on an estate with the objects that a user would have.

They are changed in two places only: the URLs of Cloud Director and NAKIVO and the paths of kubeconfigs are those of the
doubles.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from certificates import make_pair
from kube_double.testing import KubeFleet
from nakivo_double import PASSWORD, FakeJob, NakivoDouble, RunPlan
from nakivo_server import serving
from role_runs import ROOT, ansible_playbook, cpi_objects
from vcdsim.testing import Simulator

MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
# Writes the plan.json with the approved plan of an example.
PLAN = [
    "vcd.kubernetes.shared_ip",
    "--check",
    *("-e", "shared_ip_scenario=shared_external"),
    *("-e", "shared_ip_plan_file=plan.json"),
]
VERSIONS = "37.0,37.1,37.2,38.0,38.1,39.0,39.1"
ESTATE = Path(__file__).with_name("estate.yml")
# Variables from a user's vault, and from a run before this one.
VARIABLES = {"vault_vcd_password": "admin-secret-1", "vault_api_token": "acme-api-token-0000000000000001"}
VARIABLES |= {"vault_nakivo_password": PASSWORD, "vault_vcd_provider_password": "system-secret-1"}
VARIABLES |= {"internal_ca_certificate": make_pair("ca")[0]}
VARIABLES |= dict(zip(("shop_certificate", "vault_shop_key"), make_pair("shop"), strict=True))
PATHS = ("/home/ops/acme.kubeconfig", "/etc/kubeconfigs/acme")
URL, NAKIVO = "https://vcd.example.com", "https://nakivo.example.com:4443"


def examples_of(module: Path) -> list[dict[str, Any]]:
    """The tasks in a module's EXAMPLES."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "EXAMPLES":
            found = ast.literal_eval(node.value)
            return list(yaml.safe_load(found))
    raise AssertionError(f"{module.name} has no examples")


def with_places(value: Any, places: dict[str, str]) -> Any:
    """The same data, with the URL and the paths of examples replaced."""
    if isinstance(value, dict):
        return {key: with_places(item, places) for key, item in value.items()}
    if isinstance(value, list):
        return [with_places(item, places) for item in value]
    return places.get(value, value) if isinstance(value, str) else value


def results(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each task of a run with the JSON callback, and its result."""
    for play in json.loads(text[text.index("{\n") : text.rindex("}") + 1])["plays"]:
        for task in play["tasks"]:
            for result in task["hosts"].values():
                yield task["task"]["name"], result


def test_every_example_of_a_module_runs_unchanged(tmp_path: Path) -> None:
    tasks = [task for module in MODULES for task in examples_of(module)]
    cluster = [one for path in cpi_objects() for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    director = NakivoDouble(FakeJob(1, "k8s-acme", plan=RunPlan(starts_after=0, ends_after=0)), FakeJob(2, "other"))
    with (
        serving(director, tmp_path) as (nakivo, nakivo_ca),
        Simulator(estate=ESTATE, task_seconds=0, health_seconds=0, api_versions=VERSIONS) as sim,
        KubeFleet({"acme": cluster}, start_seconds=0, stop_seconds=0) as kube,
    ):
        places = {URL: sim.url, NAKIVO: nakivo, **dict.fromkeys(PATHS, kube.kubeconfig)}
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": VARIABLES,
            "tasks": [{**with_places(task, places), "ignore_errors": True} for task in tasks],
        }
        (tmp_path / "examples.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
        environment = {
            "ANSIBLE_STDOUT_CALLBACK": "json",
            "VCD_URL": sim.url,
            "VCD_CA_PATH": sim.ca,
            "VCD_ORG": "acme",
            "VCD_USER": "kube",
            "VCD_PASSWORD": VARIABLES["vault_vcd_password"],
            "K8S_AUTH_KUBECONFIG": kube.kubeconfig,
            "NAKIVO_URL": nakivo,
            "NAKIVO_USER": "ansible",
            "NAKIVO_PASSWORD": PASSWORD,
            "NAKIVO_CA_PATH": nakivo_ca,
        }
        code, planned = ansible_playbook(tmp_path, PLAN, environment)
        assert code == 0, planned
        _code, output = ansible_playbook(tmp_path, ["examples.yml"], environment)
    ran = list(results(output))
    assert len(ran) == len(tasks)
    failed = [f"{name}: {result.get('msg')}" for name, result in ran if result.get("failed")]
    assert not failed, "\n".join(failed)
