# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change leaves Services that it cannot handle as they are, and handles the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kube_double.testing import KubeDouble
from moving import DISTINCT, Edge
from role_runs import Case, connection, cpi_objects, run_cases, writes
from vcdsim.testing import Simulator

Port = tuple[str, int, str]
SHARED = "203.0.113.20"


def node_port(number: int, protocol: str) -> int:
    """Any port of the nodes."""
    return 30000 + number % 2500 + (100 if protocol == "UDP" else 0)


def kubernetes(name: str, ip: str, *ports: Port, **spec: Any) -> dict[str, Any]:
    """A Service of type LoadBalancer with an IP."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": name},
            "ports": [
                {"name": label, "port": number, "nodePort": node_port(number, protocol), "protocol": protocol}
                for label, number, protocol in ports
            ],
            **spec,
        },
        "status": {"loadBalancer": {"ingress": [{"ip": ip}]}},
    }


def in_vcd(name: str, ip: str, *ports: Port) -> dict[str, Any]:
    """The TCP ports of the same Service for vcd_shared_ip."""
    found = [
        {"name": label, "port": number, "node_port": node_port(number, protocol)}
        for label, number, protocol in ports
        if protocol == "TCP"
    ]
    return {"name": name, "namespace": "default", "external_ip": ip, "ports": found, "members": ["10.10.0.11"]}


WEB: tuple[Port, ...] = (("https", 443, "TCP"), ("quic", 443, "UDP"))
PG: tuple[Port, ...] = (("pg", 5432, "TCP"), ("api", 8008, "TCP"))
MY: tuple[Port, ...] = (("my", 3306, "TCP"),)
DNS: tuple[Port, ...] = (("dns", 53, "UDP"),)


def role(name: str, scenario: str, *excluded: str) -> Case:
    """One change of scenario."""
    variables = {"shared_ip_scenario": scenario, "shared_ip_existing": "migrate", "shared_ip_exclude": list(excluded)}
    return Case(name, {**variables, "shared_ip_restore_dir": "restore-points"})


def test_all_other_services_are_migrated(tmp_path: Path) -> None:
    services = [
        kubernetes("web", "203.0.113.10", *WEB),
        kubernetes("pg", SHARED, *PG, loadBalancerIP=SHARED),
        kubernetes("my", SHARED, *MY, loadBalancerIP=SHARED),
        kubernetes("dns", "10.10.0.200", *DNS),
        kubernetes("metal", "10.10.0.201", ("http", 80, "TCP")),
    ]
    with Simulator(task_seconds=0, health_seconds=0) as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load(services)
        edge = Edge(sim)
        edge.create(
            [in_vcd("web", "203.0.113.10", *WEB), in_vcd("pg", SHARED, *PG), in_vcd("my", SHARED, *MY)], DISTINCT
        )
        # what CPI leaves behind when it fails on a UDP port: a rule for the number of the TCP port
        stray = "dnat-ingress-vs-web-capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10-quic"
        profile = {"application_ports": [{"protocol": "TCP", "destination_ports": ["443"]}]}
        edge.module("vcd_app_port_profile", name=f"appPort_{stray}", **profile)
        nat = {"type": "DNAT", "external_addresses": "203.0.113.10", "internal_addresses": "192.168.8.50"}
        edge.module("vcd_nat_rule", name=stray, dnat_external_port="443", priority=10,
                    application_port_profile=f"appPort_{stray}", **nat)  # fmt: skip
        sim.assume(vip_dnat_same_address="refused", put_shared_vip_vs="refused", vip_change_to_used_address="refused")
        before = writes(sim, kube)
        refused = run_cases(
            tmp_path,
            [
                role("unknown", "shared_external", "default/nope"),
                role("breaks", "shared_external", "default/my"),
            ],
            connection(sim, kube),
        )
        assert refused.code == 0, refused.output[-2000:]
        assert "shared_ip_exclude: 'default/nope': there is no such Service" in refused.outcomes["unknown"]["msg"]
        message = refused.outcomes["breaks"]["msg"]
        assert "default/my cannot be migrated (shared_ip_exclude names it)" in message
        assert "default/pg cannot be migrated (it shares 203.0.113.20 with default/my" in message
        assert writes(sim, kube) == before

        run = run_cases(tmp_path, [role("external", "shared_external", "default/metal")], connection(sim, kube))
        assert run.code == 0, run.output[-2000:]
        outcome = run.outcomes["external"]
        assert not outcome["failed"], outcome["msg"]
        assert outcome["msg"]["verified"] is True
        assert [one["name"] for one in outcome["msg"]["migrations"]] == ["my", "pg", "web"]
        for text in (
            "port quic of default/web: UDP: CPI serves TCP only",
            "default/metal stays as it is: shared_ip_exclude names it",
        ):
            assert text in run.output
        dump = sim.dump()
        assert {one["virtualIpAddress"] for one in dump["virtual_services"]} == {"203.0.113.10", SHARED}
        assert dump["nat_rules"] == []
        restored = run_cases(
            tmp_path,
            [Case("back", {"shared_ip_restore_dir": "restore-points"}, tasks_from="restore")],
            connection(sim, kube),
        )
        assert not restored.outcomes["back"]["failed"], restored.outcomes["back"]["msg"]
        rules = {one["name"].rpartition("-")[2]: one["externalAddresses"] for one in sim.dump()["nat_rules"]}
        assert rules == {"https": "203.0.113.10", "pg": SHARED, "api": SHARED, "my": SHARED}
