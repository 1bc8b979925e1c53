# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that would break Services stops before it writes; any other change is applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kube_double.testing import KubeDouble
from role_runs import Case, Finished, connection, cpi_objects, run_cases, writes
from vcdsim.testing import Simulator

SHORT_ID = "capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
EXTERNAL = "203.0.113.10"
PORTS = {"http": 80, "https": 443}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {
        "type": "LoadBalancer",
        "selector": {"app": "web"},
        "ports": [
            {"name": name, "port": port, "targetPort": port, "nodePort": 30000 + port, "protocol": "TCP"}
            for name, port in PORTS.items()
        ],
    },
    "status": {"loadBalancer": {"ingress": [{"ip": EXTERNAL}]}},
}


def role(name: str, scenario: str) -> Case:
    """One change of scenario."""
    return Case(name, {"shared_ip_scenario": scenario})


def module(kind: str, **options: Any) -> Case:
    """One object on the gateway."""
    task = {f"vcd.kubernetes.{kind}": {"edge_gateway": "acme-edge", **options}}
    return Case(f"{kind} {options['name']}", {}, task=task)


def port_objects(port: str, number: int, address: str) -> list[Case]:
    """The objects that CPI makes for one port, in its order; a port on an internal address gets its DNAT rule."""
    name = f"ingress-vs-web-{SHORT_ID}-{port}"
    pool, rule = f"ingress-pool-web-{SHORT_ID}-{port}", f"dnat-{name}"
    profile = f"appPort_{rule}"
    ports = [{"protocol": "TCP", "destination_ports": [str(number)]}]
    nat = {
        "type": "DNAT",
        "external_addresses": EXTERNAL,
        "internal_addresses": address,
        "dnat_external_port": str(number),
        "application_port_profile": profile,
    }
    serving = {
        "application_profile": "L4",
        "virtual_ip_address": address,
        "pool": pool,
        "service_ports": [{"start": number}],
    }
    inside = [
        module("vcd_app_port_profile", name=profile, application_ports=ports),
        module("vcd_nat_rule", name=rule, **nat),
    ]
    return [
        *(inside if address != EXTERNAL else []),
        module("vcd_pool", name=pool, members=[{"ip_address": "10.10.0.11", "port": 30000 + number}]),
        module("vcd_virtual_service", name=name, **serving),
    ]


def objects(*addresses: str) -> list[Case]:
    """The objects of the Service, one address for each port."""
    pairs = zip(PORTS.items(), addresses, strict=True)
    return [case for (port, number), address in pairs for case in port_objects(port, number, address)]


def play(folder: Path, cases: list[Case], sim: Simulator, kube: KubeDouble) -> Finished:
    """Run the cases, and show unexpected failures."""
    folder.mkdir(exist_ok=True)
    run = run_cases(folder, cases, connection(sim, kube))
    assert run.code == 0, run.output[-2000:]
    return run


def failed(run: Finished) -> list[str]:
    """Names of the cases that failed."""
    return [name for name, outcome in run.outcomes.items() if outcome["failed"]]


def test_a_service_on_distinct_internal_addresses_stops_some_changes(tmp_path: Path) -> None:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([SERVICE])
        assert failed(play(tmp_path / "1", objects("192.168.8.2", "192.168.8.3"), sim, kube)) == []
        before = writes(sim, kube)
        assert len(before) >= 8
        refused = play(tmp_path / "2", [role("refused", "shared_external")], sim, kube)
        assert failed(refused) == ["refused"]
        line = str(refused.outcomes["refused"]["msg"])
        assert line.startswith("default/web (distinct_internal) would break under shared_external: CPI stops at")
        assert "more than one virtual ip found: [192.168.8.2] and [192.168.8.3]" in line
        assert writes(sim, kube) == before
        vcd_before = writes(sim)
        run = play(tmp_path / "3", [role("internal", "shared_internal"), role("back", "distinct_internal")], sim, kube)
        assert failed(run) == []
        moved, back = run.outcomes["internal"]["msg"], run.outcomes["back"]["msg"]
        assert (moved["changed"], moved["verified"], back["changed"], back["verified"]) == (True, True, True, True)
        assert moved["services"][0]["shape"] == "distinct_internal"
        assert "default/web keeps its shape (distinct_internal) and still serves" in run.output
        # this case does not depend on objects in Cloud Director
        assert writes(sim) == vcd_before


def test_a_service_on_one_external_address_stops_some_changes(tmp_path: Path) -> None:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        first = [role("move", "shared_external"), *objects(EXTERNAL, EXTERNAL)]
        assert failed(play(tmp_path / "1", first, sim, kube)) == []
        kube.load([SERVICE])
        before = writes(sim, kube)
        cases = [
            role("shared", "shared_internal"),
            role("distinct", "distinct_internal"),
            role("same", "shared_external"),
        ]
        run = play(tmp_path / "2", cases, sim, kube)
        assert failed(run) == ["shared", "distinct"]
        for name in ("shared", "distinct"):
            line = str(run.outcomes[name]["msg"])
            assert line.startswith("default/web (shared_external) would break under")
            assert f"new external IP that no object serves, not {EXTERNAL}" in line
            assert "CPI crashes at the next change of the nodes" in line
        assert run.outcomes["same"]["msg"]["changed"] is False
        assert run.outcomes["same"]["msg"]["services"][0]["shape"] == "shared_external"
        assert writes(sim, kube) == before
