# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command, its options, its estates and its reference."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from simulator_bench import Api, Scene
from vcdsim import clients, estates
from vcdsim.command import main
from vcdsim.operations import OPERATIONS
from vcdsim.simulated_vcd import Settings, SimulatedVcd
from vcdsim.table import renewed, table
from vcdsim.testing import Simulator

REFERENCE = Path(__file__).resolve().parents[2] / "simulator" / "REFERENCE.md"


def test_the_reference_has_the_tables_of_the_code() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert renewed(text) == text, "renew it in tests/simulator: python -m vcdsim.table REFERENCE.md"
    assert table() in text
    with pytest.raises(ValueError, match="marks of the tables"):
        renewed("no marks")


def test_the_table_of_clients_operations_is_made_from_journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {f"{operation.method} {operation.path}" for operation in OPERATIONS}
    assert list(clients.recorded()) == list(clients.CLIENTS)
    for client, sent in clients.recorded().items():
        assert sent == sorted(set(sent) & known), f"{client}: an operation that there is no longer"
        assert "POST /cloudapi/1.0.0/loadBalancer/virtualServices" in sent, client
    journal = tmp_path / "journal.jsonl"
    with Simulator(task_seconds=0, journal=journal) as sim:
        scene = Scene(Api(sim, "kube@acme"))
        Api(sim, "kube@acme").refused("POST", "/loadBalancer/pools", {"name": ""}, "gatewayRef")
        sim.dump()
    monkeypatch.setattr(clients, "RECORDED", tmp_path / "clients.json")
    assert clients.main([f"SDK v3={journal}:python-requests", f"SDK v2={journal}:another"]) == 0
    assert clients.recorded()["SDK v2"] == []
    sent = clients.recorded()["SDK v3"]
    assert {"POST /cloudapi/1.0.0/sessions", "GET /cloudapi/1.0.0/edgeGateways"} <= set(sent)
    assert not any("pools" in one or "_sim" in one for one in sent)
    assert scene.edge
    assert clients.main(["Ansible=journal"]) == 2


@pytest.mark.parametrize("name", estates.shipped())
def test_each_shipped_estate_can_be_built(name: str) -> None:
    vcd = SimulatedVcd(Settings())
    estates.build(vcd, estates.load(name))
    counts = {"two-tenants": 3, "many-edges": 201, "large": 201, "provider": 2}
    assert vcd.store.count("gateway") == counts.get(name, 1)


def test_identifiers_are_the_same_in_every_run() -> None:
    def identifiers() -> list[str]:
        vcd = SimulatedVcd(Settings())
        estates.build(vcd, estates.load("two-tenants"))
        return [record.id for kind in vcd.store.kinds() for record in vcd.store.all(kind)]

    assert identifiers() == identifiers()


def test_a_full_edge_has_no_room(tmp_path: Path) -> None:
    with Simulator(estate="full-edge", task_seconds=0) as sim:
        api = Api(sim, "kube@acme")
        (assignment,) = api.values("/loadBalancer/serviceEngineGroups/assignments")
        assert assignment["numDeployedVirtualServices"] == assignment["maxVirtualServices"] == 2
        states = {one["name"]: (one["virtualIpAddress"], one["healthStatus"]) for one in sim.dump()["virtual_services"]}
        assert states == {"web": ("203.0.113.10", "UP"), "web-tls": ("203.0.113.10", "UP")}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("organisations: []", "estate.organisations: "),
        ("organisations: [{name: a, x: 1}]", "Additional properties are not allowed ('x' was unexpected)"),
        ("[", "not YAML"),
        ("", "estate: None is not of type 'object'"),
        ("organisations: [{name: a, users: [{name: u}]}]", "'password' is a required property"),
        ("organisations: [{name: a, users: [{name: u, password: p, role: King}]}]", "no role 'King'"),
        ("organisations: [{name: a}, {name: a}]", "two objects of kind org"),
        (
            "organisations: [{name: a, vdcs: [{name: v, networks: "
            "[{name: n, gateway: 10.0.0.1/24, edge_gateway: e}]}]}]",
            "no edge gateway 'e'",
        ),
        (
            "organisations: [{name: a, vdcs: [{name: v, edge_gateways: [{name: e, uplinks: [{name: u, subnets: "
            "[{gateway: 10.0.0.1, prefix_length: 24, ip_ranges: [10.0.0.9-10.0.0.2]}]}]}]}]}]",
            "ends before it begins",
        ),
        (
            "organisations: [{name: a, vdcs: [{name: v, edge_gateways: [{name: e, uplinks: [{name: u, subnets: "
            "[{gateway: 10.0.0.1, prefix_length: 24, ip_ranges: [all]}]}]}]}]}]",
            "'all' is not a range of addresses",
        ),
        (
            "organisations: [{name: a, vdcs: [{name: v, edge_gateways: [{name: e, uplinks: [{name: u}], "
            "service_engine_groups: [{name: g}]}]}]}]",
            "there is no serviceEngineGroup named 'g'",
        ),
    ],
)
def test_an_invalid_estate_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str, complaint: str
) -> None:
    path = tmp_path / "estate.yml"
    path.write_text(text)
    assert main(["--estate", str(path)]) == 2
    output = capfd.readouterr()
    assert output.out == ""
    assert complaint in output.err
    assert output.err.startswith("vcdsim: ")
    assert output.err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--estate", "/nowhere"], "shipped are full-edge"),
        (["--listen", "8443"], "give HOST:PORT"),
        (["--listen", "127.0.0.1:70000"], "give HOST:PORT"),
        (["--api-versions", "new"], "'new' is not an API version"),
        (["--api-versions", ","], "give at least one"),
        (["--assume", "x=y"], "unknown switch"),
        (["--assume", "members-reachable=maybe"], "must be one of yes, no"),
        (["--faults", "/nowhere"], "No such file"),
        (["--journal", "/nowhere/journal"], "No such file"),
        (["--task-seconds", "-1"], "argument --task-seconds"),
    ],
)
def test_invalid_options_are_refused(capfd: pytest.CaptureFixture[str], options: list[str], complaint: str) -> None:
    try:
        status = main(options)
    except SystemExit as end:
        status = int(str(end.code))
    assert status == 2
    assert complaint in capfd.readouterr().err


def test_faults_from_a_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "faults.yml"
    rules.write_text("- {route: /cloudapi/1.0.0/vdcs, status: 503}\n")
    with Simulator(faults=rules) as sim:
        assert Api(sim, "kube@acme").ask("GET", "/vdcs").status_code == 503
        sim.reset()
        assert len(sim.faults()) == 1
    for text, complaint in (("- {verb: x}", "faults[0]"), ("[", "not YAML")):
        rules.write_text(text)
        assert main(["--faults", str(rules)]) == 2
        assert complaint in capfd.readouterr().err


def test_a_port_in_use_is_reported(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--listen", f"127.0.0.1:{port}"]) == 2
    assert "in use" in capfd.readouterr().err


def start(*options: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(REFERENCE.parent)}
    command = [sys.executable, "-m", "vcdsim", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_one_ready_line_and_a_clean_stop() -> None:
    process = start()
    assert process.stdout is not None
    line = process.stdout.readline()
    assert re.fullmatch(r"ready url=(https://127\.0\.0\.1:\d+) ca=/\S+/ca\.pem control=\1/_sim\n", line)
    authority = Path(line.split("ca=")[1].split()[0])
    assert authority.exists()
    process.send_signal(signal.SIGTERM)
    output, complaints = process.communicate(timeout=600)
    assert (process.returncode, output, complaints) == (0, "", "")
    assert not authority.exists()


def test_the_tls_folder_is_reused(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    authorities = []
    for _round in range(2):
        with Simulator(tls_dir=folder) as sim:
            assert sim.ca == str(folder / "ca.pem")
            assert Api(sim).ask("GET", "/api/versions").status_code == 200
        authorities.append((folder / "ca.pem").read_bytes())
    assert authorities[0] == authorities[1]
    assert stat.S_IMODE((folder / "server.key").stat().st_mode) == 0o600


def test_the_helper_says_why_it_did_not_start() -> None:
    with pytest.raises(RuntimeError, match="did not start"), Simulator(estate="/nowhere"):
        pass
