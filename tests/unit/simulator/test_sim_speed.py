# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The capacity and speed of the simulator."""

from __future__ import annotations

import http.client
import os
import ssl
from pathlib import Path
from urllib.parse import quote

import yaml
from simulator_bench import Api, Scene
from vcdsim import estates
from vcdsim.testing import Simulator

SERVICES = 2000
READS = 1500
WANTED_READS = 500  # a second, on one core


def crowded(path: Path) -> Path:
    """The estate one-edge with many virtual services that share one address."""
    description = estates.load("one-edge")
    gateway = description["organisations"][0]["vdcs"][0]["edge_gateways"][0]
    gateway["service_engine_groups"][0]["max_virtual_services"] = SERVICES + 1
    gateway["virtual_services"] = [
        {
            "name": f"service-{number}",
            "vip": "203.0.113.10",
            "port": 1000 + number,
            "members": ["10.10.0.11"],
            "member_port": 30080,
            "service_engine_group": "seg-shared",
        }
        for number in range(SERVICES)
    ]
    path.write_text(yaml.safe_dump(description))
    return path


def cpu_seconds(process: int) -> float:
    """The user and system time of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def reads_a_second(sim: Simulator, paths: list[str], token: str) -> float:
    """Reads over one TLS connection for each CPU second of the server: the speed on one core."""
    host, port = sim.url.removeprefix("https://").split(":")
    connection = http.client.HTTPSConnection(host, int(port), context=ssl.create_default_context(cafile=sim.ca))
    headers = {"Authorization": token, "Accept": "application/json;version=37.2"}
    assert sim._process is not None
    before = cpu_seconds(sim._process.pid)
    for number in range(READS):
        connection.request("GET", paths[number % len(paths)], headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
    connection.close()
    return READS / (cpu_seconds(sim._process.pid) - before)


def test_many_virtual_services_and_many_reads(tmp_path: Path) -> None:
    with Simulator(estate=crowded(tmp_path / "estate.yml"), task_seconds=0, health_seconds=0) as sim:
        api = Api(sim, "kube@acme")
        scene = Scene(api)
        listed = f"/edgeGateways/{scene.edge}/loadBalancer/virtualServiceSummaries"
        assert api.get(f"{listed}?pageSize=1")["resultTotal"] == SERVICES
        last = api.values(f"{listed}?filter=name==service-1999")[0]["id"]
        pool = api.done("POST", "/loadBalancer/pools", scene.pool())
        api.refused(
            "POST", "/loadBalancer/virtualServices", scene.service(pool, servicePorts=[{"portStart": 2500}]), "in use"
        )
        api.done("POST", "/loadBalancer/virtualServices", scene.service(pool))
        base = "/cloudapi/1.0.0"
        paths = [
            f"{base}/loadBalancer/virtualServices/{last}",
            f"{base}/edgeGateways/{scene.edge}/nat/rules?pageSize=128",
            f"{base}/applicationPortProfiles?filter={quote('scope==SYSTEM;name==HTTP')}",
            f"{base}/ssl/certificateLibrary?filter=alias==web-cert",
            f"{base}/edgeGateways/{scene.edge}/loadBalancer",
        ]
        assert reads_a_second(sim, paths, str(api.http.headers["Authorization"])) >= WANTED_READS
