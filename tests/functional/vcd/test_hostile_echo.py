# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that echoes its input gets no secret into the output of a module."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import forms
from echo_server import REPLIES, EchoServer, echo_server
from module_output import output_of
from role_runs import Case, run_cases

PASSWORD = "pä ss\"<&>\\'%/+1 zQ9zQ"
API_TOKEN, TOKEN, API_KEY = "api-token-zQ9zQ/+=~", "given-token-zQ9zQ.a.b", "kube-key-zQ9zQ"
SECRETS = (PASSWORD, API_TOKEN, TOKEN, API_KEY)
NAMED = {"edge_gateway": "acme-edge", "name": "web"}
# Enough for each module to go to its server; tests/unit/test_metadata.py says which module is missing.
OPTIONS: dict[str, dict[str, Any]] = {
    "nakivo_job": {"name": "k8s-acme"},
    "nakivo_job_info": {},
    "vcd_app_port_profile": {**NAMED, "application_ports": [{"protocol": "TCP", "destination_ports": ["80"]}]},
    "vcd_app_port_profile_info": {"edge_gateway": "acme-edge"},
    "vcd_ccm_config": {"scenario": "shared_external"},
    "vcd_ccm_config_info": {},
    "vcd_certificate": {"name": "web", "state": "absent"},
    "vcd_certificate_info": {},
    "vcd_cluster_shared_ip": {"phase": "plan", "scenario": "shared_external"},
    "vcd_dynamic_security_group": {**NAMED, "state": "absent"},
    "vcd_dynamic_security_group_info": {"edge_gateway": "acme-edge"},
    "vcd_edge_gateway_info": {},
    "vcd_edge_load_balancer": {"edge_gateway": "acme-edge"},
    "vcd_edge_load_balancer_info": {"edge_gateway": "acme-edge"},
    "vcd_firewall_rule": {**NAMED, "action": "ALLOW"},
    "vcd_firewall_rule_info": {"edge_gateway": "acme-edge"},
    "vcd_http_policy": {"edge_gateway": "acme-edge", "virtual_service": "web", "redirect_to_https": True},
    "vcd_http_policy_info": {"edge_gateway": "acme-edge"},
    "vcd_ip_allocation": {"ip_space": "public", "description": "web"},
    "vcd_ip_allocation_info": {"ip_space": "public"},
    "vcd_ip_set": {**NAMED, "ip_addresses": ["198.51.100.0/24"]},
    "vcd_ip_set_info": {"edge_gateway": "acme-edge"},
    "vcd_nat_rule": {**NAMED, "type": "DNAT", "external_addresses": "203.0.113.2", "internal_addresses": "10.0.0.1"},
    "vcd_nat_rule_info": {"edge_gateway": "acme-edge"},
    "vcd_network_info": {},
    "vcd_pool": NAMED,
    "vcd_pool_info": {"edge_gateway": "acme-edge"},
    "vcd_security_tag": {"name": "worker", "vms": ["acme-worker-1"]},
    "vcd_security_tag_info": {},
    "vcd_service_engine_group_assignment": {"edge_gateway": "acme-edge", "service_engine_group": "seg"},
    "vcd_service_engine_group_assignment_info": {"edge_gateway": "acme-edge"},
    "vcd_shared_ip": {"edge_gateway": "acme-edge", "cluster_id": "c", "scenario": "shared_external", "services": []},
    "vcd_shared_ip_audit_info": {
        "edge_gateway": "acme-edge",
        "cluster_id": "c",
        "scenario": "shared_external",
        "services": [],
    },
    "vcd_shared_ip_info": {"edge_gateway": "acme-edge", "cluster_id": "c", "services": []},
    "vcd_task_info": {},
    "vcd_vapp_metadata_info": {},
    "vcd_vdc_group_info": {},
    "vcd_virtual_service": {**NAMED, "state": "absent"},
    "vcd_virtual_service_info": {"edge_gateway": "acme-edge"},
}
NAKIVO = ("nakivo_job", "nakivo_job_info")
LOUD = {
    "_ansible_verbosity": 4,
    "_ansible_inject_invocation": True,
    "_ansible_diff": True,
    "_ansible_tracebacks_for": ["error"],
}
CREDENTIALS: list[dict[str, str]] = [
    {"org": "acme", "user": "kube", "password": PASSWORD},
    {"org": "acme", "api_token": API_TOKEN},
    {"token": TOKEN},
]


@pytest.fixture(scope="module")
def vcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EchoServer]:
    """A Cloud Director that echoes."""
    with echo_server(tmp_path_factory.mktemp("echo")) as server:
        yield server


@pytest.fixture(scope="module")
def kube() -> Iterator[EchoServer]:
    """A Kubernetes API that echoes, from the first request on."""
    with echo_server(None) as server:
        server.answers_first = 0
        yield server


def begin(server: EchoServer, reply: str, answers_first: int) -> None:
    """From now on it replies in this way, after so many proper answers."""
    server.reply, server.answers_first, server.seen, server.token_issued = reply, answers_first, 0, False
    server.echoed.clear()


def leaked(text: str, *issued: str) -> list[str]:
    """The secrets in a text, in any form, and also their characteristic part, in case a form is unknown."""
    wanted = [one for secret in (*SECRETS, *issued) for one in forms(secret)]
    return [one for one in (*wanted, "zQ9zQ", "zQ7zQ") if one and one in text]


def output(module: str, **options: Any) -> str:
    """The whole output of a module, also decoded."""
    loaded = import_module(f"ansible_collections.vcd.kubernetes.plugins.modules.{module}")
    text = output_of(loaded.main, {**LOUD, **OPTIONS[module], **options})
    return f"{text}\n{json.dumps(json.loads(text), ensure_ascii=False)}"


def options_of(module: str, vcd: EchoServer, kube: EchoServer, credential: dict[str, str]) -> dict[str, Any]:
    """The connection options of a module."""
    to_vcd = {"url": vcd.url, "ca_path": vcd.ca, "timeout": 120, **credential}
    if module in NAKIVO:
        return {name: value for name, value in to_vcd.items() if name != "org"}
    to_kube = {"host": kube.url, "api_key": API_KEY}
    if module == "vcd_cluster_shared_ip":
        return {"vcd": to_vcd, "kubernetes": to_kube}
    return to_kube if "_ccm_" in module else to_vcd


@pytest.mark.parametrize("reply", sorted(REPLIES))
def test_no_secret_of_a_login_leaks(reply: str, vcd: EchoServer, kube: EchoServer) -> None:
    """All modules log in with the same code, so one module is enough for all ways to log in and all their steps."""
    for credential in CREDENTIALS:
        for answers_first in range(3):  # the versions, the login, and the first request after it
            begin(vcd, reply, answers_first)
            begin(kube, reply, 0)
            text = output("vcd_pool", **options_of("vcd_pool", vcd, kube, credential))
            assert json.loads(text.splitlines()[1])["failed"] is True
            assert vcd.echoed or "token" in credential, text  # a given token needs no login
            assert leaked(text, vcd.issued) == []


@pytest.mark.parametrize("module", sorted(OPTIONS))
def test_no_secret_leaks_from_a_module(module: str, vcd: EchoServer, kube: EchoServer) -> None:
    for reply in REPLIES:
        # the server can give only Cloud Director's first answers
        begin(vcd, reply, 0 if module in NAKIVO else 2)
        begin(kube, reply, 0)
        text = output(module, **options_of(module, vcd, kube, CREDENTIALS[0]))
        assert json.loads(text.splitlines()[1])["failed"] is True
        assert vcd.echoed or kube.echoed, text
        assert leaked(text, vcd.issued) == []


def test_a_leak_would_be_found(vcd: EchoServer, kube: EchoServer) -> None:
    begin(vcd, "JSON", 2)
    output("vcd_pool", **options_of("vcd_pool", vcd, kube, CREDENTIALS[0]))
    assert leaked(vcd.echoed[0], vcd.issued)
    begin(vcd, "JSON", 1)
    output("vcd_pool", **options_of("vcd_pool", vcd, kube, CREDENTIALS[0]))
    assert PASSWORD in vcd.echoed[0]


@pytest.mark.parametrize(
    "url",
    [
        "https://kube:{}@127.0.0.1:1",
        "https://kube:{}?x@h",
        "https://h/?password={}",
        "kube:{}@h",
        "HTTPS://kube:{}%40h",
    ],
)
def test_a_url_with_a_password_is_refused_and_not_shown(url: str) -> None:
    given = url.format("zQ9zQ-secret")
    texts = [
        output("vcd_pool", url=given, org="acme", user="kube", password=PASSWORD),
        output("vcd_ccm_config_info", host=given, api_key=API_KEY),
        output("vcd_ccm_config_info", host="https://127.0.0.1:1", api_key=API_KEY, proxy=given),
        output("vcd_cluster_shared_ip", vcd={"url": "https://h", "token": TOKEN}, kubernetes={"host": given}),
        output("vcd_cluster_shared_ip", vcd={"url": given, "token": TOKEN}, kubernetes={"host": given}),
    ]
    for text in texts:
        assert leaked(text) == []
        assert "(hidden)" in text


def test_a_kubeconfigs_server_with_a_password_is_refused_and_not_shown(tmp_path: Path) -> None:
    user = {"name": "u", "user": {"token": TOKEN}}
    cluster = {"name": "c", "cluster": {"server": "https://kube:zQ9zQ@127.0.0.1:1"}}
    context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
    content = {"apiVersion": "v1", "kind": "Config", "clusters": [cluster], "users": [user], "contexts": [context]}
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps({**content, "current-context": "x"}))
    for given in (str(file), {**content, "current-context": "x"}):
        text = output("vcd_ccm_config_info", kubeconfig=given)
        assert json.loads(text.splitlines()[1])["failed"] is True
        assert leaked(text) == []


def test_a_verbose_run_of_ansible_shows_no_secret_and_no_control_character(
    tmp_path: Path, vcd: EchoServer, kube: EchoServer
) -> None:
    begin(vcd, "JSON", 2)
    begin(kube, "JSON", 0)
    tasks = [
        Case(
            name, {}, task={f"vcd.kubernetes.{name}": {**OPTIONS[name], **options_of(name, vcd, kube, CREDENTIALS[0])}}
        )
        for name in ("vcd_pool", "vcd_ccm_config_info", "vcd_cluster_shared_ip")
    ]
    run = run_cases(tmp_path, tasks, {"ANSIBLE_LOG_PATH": str(tmp_path / "log")}, "-vvvv", "--diff")
    assert [outcome["failed"] for outcome in run.outcomes.values()] == [True] * 3
    log = (tmp_path / "log").read_text()
    for text in (run.output, log):
        assert leaked(text, vcd.issued) == []
        assert [one for one in text if one not in "\n\t" and not one.isprintable()] == []
    assert r"\x1b[2J" in run.output
    assert os.path.basename(str(tmp_path)) in run.output  # the output was verbose
