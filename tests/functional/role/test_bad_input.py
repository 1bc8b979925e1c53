# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each bad input gives one clear line, and nothing is written: the real ansible-playbook against both doubles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kube_double.testing import KubeDouble
from role_runs import Case, Finished, connection, cpi_objects, run_cases, writes
from vcdsim.testing import Simulator

READ = ["get", "list"]
RULES = [
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": [*READ, "create", "update", "delete"]},
    {"apiGroups": [""], "resources": ["pods", "services", "secrets"], "verbs": READ},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": READ},
    {"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"], "verbs": ["create"]},
]
USERS = [
    {"name": "no-scale", "token": "token-of-no-scale", "rules": RULES},
    {"name": "no-configmaps", "token": "token-of-no-configmaps", "rules": RULES[1:]},
]
CLUSTER_ID = "urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
NOT_YAML = "vcd:\n  host: https://vcd.example.com\n\tsecret: planted-1\n"
UNKNOWN_KEY = f"vcd: {{hots: x}}\nloadbalancer: {{network: k8s-net}}\nclusterid: {CLUSTER_ID}\nvAppName: a\n"


def config_map(name: str, file: str) -> dict[str, Any]:
    """Another ConfigMap besides CPI's."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "kube-system"},
        "data": {"vcloud-ccm-config.yaml": file},
    }


def case(name: str, **variables: Any) -> Case:
    """A run of the role that differs in these variables (without their prefix)."""
    wanted = {"scenario": "shared_external", **variables}
    return Case(name, {f"shared_ip_{key}": value for key, value in wanted.items()})


def port_case(name: str, port: int) -> Case:
    """A virtual service on a port that does not exist."""
    options = {
        "edge_gateway": "acme-edge",
        "name": "web",
        "virtual_ip_address": "203.0.113.10",
        "application_profile": "L4",
        "pool": "web",
        "service_engine_group": "seg-shared",
        "service_ports": [{"start": port}],
    }
    return Case(name, {}, task={"vcd.kubernetes.vcd_virtual_service": options})


def bad_cases(sim: Simulator, kube: KubeDouble) -> dict[str, tuple[Case, str]]:
    """Each case with a pattern that its line must match."""
    found = [
        (case("wrong URL", vcd_url="https://127.0.0.1:1", vcd_timeout=5), r"url: https://127\.0\.0\.1:1: .*refused"),
        (case("URL without TLS", vcd_url="http://vcd.example.com"), r"url: 'http://vcd\.example\.com'.*https://HOST"),
        (case("wrong password", vcd_password="planted-2"), r"password: .*user 'kube' of organization 'acme'"),
        (case("wrong API token", vcd_api_token="planted-3", vcd_password="", vcd_user=""), r"api_token: .*expired"),
        (case("expired token", vcd_token="planted-4", vcd_password=""), r"token: .*expired"),
        (case("untrusted certificate", vcd_ca_path=str(kube.ca)), r"url: .*certificate .*not trusted.*ca_path"),
        (case("unknown edge gateway", edge_gateway="acme-egde"), r"shared_ip_edge_gateway: 'acme-egde': .*no such"),
        (
            case("malformed IP", scenario="shared_internal", one_arm="192.168.8.2-192.168.8.300"),
            r"shared_ip_one_arm: 192\.168\.8\.2-192\.168\.8\.300: '192\.168\.8\.300' is not an IPv4 address",
        ),
        (
            case("reversed range", scenario="shared_internal", one_arm="192.168.8.9-192.168.8.2"),
            r"shared_ip_one_arm: 192\.168\.8\.9-192\.168\.8\.2: the range is reversed",
        ),
        (
            case("range on a network", scenario="shared_internal", one_arm="10.10.0.200-10.10.0.210"),
            r"one-arm range 10\.10\.0\.200-10\.10\.0\.210 overlaps the network k8s-net \(10\.10\.0\.0/24\)",
        ),
        (port_case("port 0", 0), r"service_ports.*\b0\b.*1.*65535"),
        (port_case("port 70000", 70000), r"service_ports.*70000.*1.*65535"),
        (case("file is not YAML", config_map="not-yaml"), r"kube-system/not-yaml.*not valid YAML: line 3"),
        (case("unknown key in the file", config_map="unknown-key"), r"vcd\.hots: CPI does not know.*did you mean host"),
        (case("missing key", config_key="other.yaml"), r"vcloud-ccm-configmap has no key other\.yaml; it has vcloud-"),
        (case("missing ConfigMap", config_map="nope"), r"ConfigMap kube-system/nope does not exist"),
        (case("missing Deployment", deployment="nope"), r"no Deployment of CPI.*shared_ip_deployment"),
        (case("missing right to scale", context="no-scale"), r"deployments/scale"),
        (case("missing right to read", context="no-configmaps"), r"configmaps"),
        (case("unknown context", context="nope"), r"nope"),
        (case("no kubeconfig", kubeconfig="/nonexistent/kubeconfig"), r"/nonexistent/kubeconfig"),
        (
            case("Kubernetes' certificate", host=kube.url, api_key="planted-5", ca_cert=str(sim.ca), kubeconfig=""),
            r"(?i)certificate",
        ),
        (case("restart of an immutable file by its pod", restart="delete_pod"), r"restart: 'delete_pod': .*immutable"),
    ]
    return {item.name: (item, pattern) for item, pattern in found}


NAMES = [
    "wrong URL",
    "URL without TLS",
    "wrong password",
    "wrong API token",
    "expired token",
    "untrusted certificate",
    "unknown edge gateway",
    "malformed IP",
    "reversed range",
    "range on a network",
    "port 0",
    "port 70000",
    "file is not YAML",
    "unknown key in the file",
    "missing key",
    "missing ConfigMap",
    "missing Deployment",
    "missing right to scale",
    "missing right to read",
    "unknown context",
    "no kubeconfig",
    "Kubernetes' certificate",
    "restart of an immutable file by its pod",
]


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Finished, dict[str, str], list[str]]]:
    """All cases in one run: their results, the messages that they must give, and the writes."""
    extra = yaml.safe_load_all("")
    objects = [*cpi_objects(*extra), config_map("not-yaml", NOT_YAML), config_map("unknown-key", UNKNOWN_KEY)]
    with Simulator(estate="one-edge") as sim, KubeDouble(objects=objects, users=USERS) as kube:
        cases = bad_cases(sim, kube)
        folder = tmp_path_factory.mktemp("bad-input")
        run = run_cases(folder, [item for item, _pattern in cases.values()], connection(sim, kube))
        yield run, {name: pattern for name, (_item, pattern) in cases.items()}, writes(sim, kube)


def test_every_case_was_run(batch: tuple[Finished, dict[str, str], list[str]]) -> None:
    run, patterns, _written = batch
    assert run.code == 0, run.output[-2000:]
    assert list(run.outcomes) == list(patterns) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_fails_with_one_clear_line(batch: tuple[Finished, dict[str, str], list[str]], name: str) -> None:
    run, patterns, _written = batch
    outcome = run.outcomes[name]
    assert outcome["failed"] is True
    message = str(outcome["msg"])
    assert "\n" not in message.strip()
    assert "Traceback" not in message
    assert len(message) < 420
    assert re.search(patterns[name], message), message


def test_nothing_was_written(batch: tuple[Finished, dict[str, str], list[str]]) -> None:
    assert batch[2] == []


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        (
            {"edge_gateway": "acme-edge"},
            "there are 2 edge gateways named acme-edge (in acme-vdc and acme-vdc-2) - give shared_ip_vdc, or the"
            " gateway's URN as shared_ip_edge_gateway",
        ),
    ],
)
def test_two_gateways_with_one_name_are_refused(tmp_path: Path, variables: dict[str, Any], line: str) -> None:
    with Simulator(estate="two-tenants") as sim, KubeDouble(objects=cpi_objects()) as kube:
        distinguished = case("distinguished", **variables, vdc="acme-vdc")
        cases = [case("ambiguous", **variables), distinguished]
        run = run_cases(tmp_path, cases, connection(sim, kube), "--check")
        assert run.outcomes["ambiguous"] == {"failed": True, "msg": line}
        assert run.outcomes["distinguished"]["failed"] is False
        assert run.outcomes["distinguished"]["msg"]["changed"] is True
        assert writes(sim, kube) == []


def test_vcd_10_3_cannot_share_an_ip(tmp_path: Path) -> None:
    with Simulator(api_versions="36.2,36.3") as sim, KubeDouble(objects=cpi_objects()) as kube:
        cases = [case(name, scenario=name) for name in ("shared_external", "shared_internal", "distinct_internal")]
        run = run_cases(tmp_path, cases, connection(sim, kube))
        for name in ("shared_external", "shared_internal"):
            assert run.outcomes[name]["failed"] is True
            assert re.match(r"VCD 10\.3\S* \(API 36\.3\) cannot share an IP .*choose", str(run.outcomes[name]["msg"]))
        assert run.outcomes["distinct_internal"]["failed"] is False
        assert run.outcomes["distinct_internal"]["msg"]["verified"] is True
        assert writes(sim, kube) == []


def test_a_full_gateway_does_not_stop_a_change_that_needs_no_room(tmp_path: Path) -> None:
    """New Services get no room, with a warning; a migration that needs more room stops (see test_preflight)."""
    with Simulator(estate="full-edge") as sim, KubeDouble(objects=cpi_objects()) as kube:
        run = run_cases(tmp_path, [case("change")], connection(sim, kube))
        assert run.outcomes["change"]["failed"] is False
        assert run.outcomes["change"]["msg"]["verified"] is True
        assert "no service engine group of edge gateway acme-edge has room" in run.output
        assert (writes(sim), bool(writes(kube))) == ([], True)
