# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet: many clusters on a few edge gateways, served by two processes, with an inventory for ansible-playbook.

The clusters are ``c001``, ``c002`` and so on. Those of one edge gateway are adjacent, as in many inventories. Each
has Services that are served in one scenario.
"""

from __future__ import annotations

import copy
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from kube_double.testing import KubeApi, KubeFleet
from role_runs import FIXTURES, clean_environment, forked_python_program, started_playbook
from runs import ModuleRun
from vcdsim.testing import Simulator

DEPLOYMENT = "kube-system/deployments/vmware-cloud-director-ccm/scale"
ONE_ARM = {"start_ip": "172.20.0.2", "end_ip": "172.20.31.254"}
MEMBERS = ["10.10.0.11", "10.10.0.12"]
PASSWORD = "kube-secret-1"
BESIDE = 8  # runs of a module at a time
# Benchmarks and demos start processes of their own; their tests, which measure nothing, save that time.
FORKED = False


@dataclass(frozen=True)
class Fleet:
    """The size of a fleet, and how slow its Cloud Director is (in seconds)."""

    clusters: int
    edges: int
    services: int = 2
    ports: int = 2
    scenario: str = "distinct_internal"
    task_seconds: float = 0.0
    request_seconds: float = 0.0

    @property
    def names(self) -> list[str]:
        """The names of the clusters."""
        return [f"c{number + 1:03}" for number in range(self.clusters)]

    def edge_of(self, name: str) -> int:
        """The number of a cluster's edge gateway."""
        return (int(name[1:]) - 1) * self.edges // self.clusters

    def side_by_side(self) -> Iterator[list[str]]:
        """The names, in groups of clusters on different edge gateways, which do not wait for each other's lock."""
        edges: dict[int, list[str]] = {}
        for name in self.names:
            edges.setdefault(self.edge_of(name), []).append(name)
        for names in zip_longest(*edges.values()):
            found = [name for name in names if name is not None]
            yield from (found[first : first + BESIDE] for first in range(0, len(found), BESIDE))

    def cluster_id(self, name: str) -> str:
        """The id in CPI's file."""
        return f"urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-{int(name[1:]):012x}"

    def external_ips(self, name: str) -> list[str]:
        """The external IPs of a cluster's Services."""
        return [f"100.{64 + self.edge_of(name)}.{int(name[1:])}.{number + 1}" for number in range(self.services)]

    # -- Cloud Director

    def estate(self) -> dict[str, Any]:
        """One organisation with the edge gateways, each with a network and room for its Services."""
        gateways, networks = [], []
        for number in range(self.edges):
            subnet = {
                "gateway": f"100.{64 + number}.0.1",
                "prefix_length": 16,
                "primary_ip": f"100.{64 + number}.0.2",
                "ip_ranges": [f"100.{64 + number}.1.0-100.{64 + number}.255.250"],
            }
            gateways.append(
                {
                    "name": f"edge-{number + 1}",
                    "uplinks": [{"name": f"uplink-{number + 1}", "subnets": [subnet]}],
                    "load_balancer": {"enabled": True, "service_network": "192.168.255.1/25"},
                    "service_engine_groups": [{"name": "seg-shared", "max_virtual_services": 1000}],
                }
            )
            networks.append(
                {"name": f"net-{number + 1}", "gateway": "10.10.0.1/24", "edge_gateway": f"edge-{number + 1}"}
            )
        user = {"name": "kube", "password": PASSWORD, "role": "Kubernetes Cloud Provider"}
        vdc = {"name": "acme-vdc", "edge_gateways": gateways, "networks": networks}
        return {
            "service_engine_groups": [{"name": "seg-shared", "reservation_type": "SHARED"}],
            "organisations": [{"name": "acme", "users": [user], "vdcs": [vdc]}],
        }

    # -- Kubernetes

    def objects(self) -> dict[str, list[dict[str, Any]]]:
        """The objects of each cluster: CPI's published ones, and the Services."""
        published = [
            one
            for file in ("cluster.manifest", "cpi-1.6.1.manifest")
            for one in yaml.safe_load_all((FIXTURES / file).read_text(encoding="utf-8"))
            if one
        ]
        return {name: [*self._cpi(name, published), *self._manifests(name)] for name in self.names}

    def _cpi(self, name: str, published: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        found = []
        for one in published:
            item = copy.deepcopy(dict(one))
            if item["kind"] == "ConfigMap":
                ((key, text),) = item["data"].items()
                file = yaml.safe_load(text)
                balancer = file["loadbalancer"]
                balancer["network"] = f"net-{self.edge_of(name) + 1}"
                balancer["vipSubnet"] = f"100.{64 + self.edge_of(name)}.0.0/16"
                balancer["oneArm"] = {"startIP": ONE_ARM["start_ip"], "endIP": ONE_ARM["end_ip"]}
                del balancer["certAlias"]
                item["data"] = {key: yaml.safe_dump({**file, "clusterid": self.cluster_id(name)}, sort_keys=False)}
            found.append(item)
        return found

    def _manifests(self, name: str) -> list[dict[str, Any]]:
        return [
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": one["name"], "namespace": "default"},
                "spec": {
                    "type": "LoadBalancer",
                    "selector": {"app": one["name"]},
                    "ports": [
                        {"name": port["name"], "port": port["port"], "nodePort": port["node_port"], "protocol": "TCP"}
                        for port in one["ports"]
                    ],
                },
                "status": {"loadBalancer": {"ingress": [{"ip": one["external_ip"]}]}},
            }
            for one in self.wanted(name)
        ]

    def wanted(self, name: str) -> list[dict[str, Any]]:
        """The Services of a cluster, as the option ``services`` of vcd_shared_ip."""
        return [
            {
                "name": f"web-{number + 1}",
                "namespace": "default",
                "external_ip": address,
                "members": MEMBERS,
                "ports": [
                    {"name": f"p{8000 + port}", "port": 8000 + port, "node_port": 30000 + number * self.ports + port}
                    for port in range(self.ports)
                ],
            }
            for number, address in enumerate(self.external_ips(name))
        ]


class FleetRun(NamedTuple):
    """How a run of ansible-playbook over a fleet ended. ``cpu_seconds`` are its own, with all that it started."""

    code: int
    output: str
    errors: str
    seconds: float
    cpu_seconds: float


class RunningFleet:
    """A running fleet: ``sim`` is its Cloud Director, ``kube`` its clusters."""

    def __init__(self, fleet: Fleet, sim: Simulator, kube: KubeFleet, folder: Path) -> None:
        self.fleet, self.sim, self.kube, self.folder = fleet, sim, kube, folder

    def serve(self) -> None:
        """Create the objects of all Services, as CPI has made them."""
        for names in self.fleet.side_by_side():
            for run in [self._made(name).start() for name in names]:
                result = run.wait()
                if result.get("failed"):
                    raise RuntimeError(result["msg"])

    def _made(self, name: str) -> ModuleRun:
        fleet = self.fleet
        options = {
            "url": self.sim.url,
            "ca_path": self.sim.ca,
            "org": "acme",
            "user": "kube",
            "password": PASSWORD,
            "edge_gateway": f"edge-{fleet.edge_of(name) + 1}",
            "cluster_id": fleet.cluster_id(name),
            "scenario": fleet.scenario,
            "one_arm": ONE_ARM,
            "services": fleet.wanted(name),
        }
        return ModuleRun("vcd_shared_ip", options)

    def slow(self) -> None:
        """Let requests and tasks take their time from now on, and clear all journals."""
        self.sim.settings(task_seconds=self.fleet.task_seconds, request_seconds=self.fleet.request_seconds)
        self.clear()

    def clear(self) -> None:
        """Clear all journals."""
        self.sim.journal(clear=True)
        for name in self.kube:
            self.kube[name].journal(clear=True)

    def write_inventory(self, **hosts: Mapping[str, Any]) -> Path:
        """An inventory with the clusters in the group ``production``; ``hosts`` has more variables for some."""
        own = {name: {"shared_ip_context": name, **hosts.get(name, {})} for name in self.fleet.names}
        group = {"hosts": own, "vars": {"shared_ip_kubeconfig": self.kube.kubeconfig}}
        path = self.folder / "clusters.yml"
        path.write_text(yaml.safe_dump({"production": group}, sort_keys=False), encoding="utf-8")
        return path

    def environment(self) -> dict[str, str]:
        """The environment of a run."""
        return {
            "VCD_URL": self.sim.url,
            "VCD_CA_PATH": str(self.sim.ca),
            "VCD_ORG": "acme",
            "VCD_USER": "kube",
            "VCD_PASSWORD": PASSWORD,
            "HOME": str(self.folder / "home"),
        }

    def command(self, *words: str, playbook: str = "shared_ip") -> list[str]:
        """The command line of a run over the group ``production``."""
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        hosts = ["-i", "clusters.yml", "-e", "shared_ip_hosts=production"]
        return [program, f"vcd.kubernetes.{playbook}", *hosts, *words]

    def run(self, *words: str, playbook: str = "shared_ip", files: Sequence[Path] = (), **environment: str) -> FleetRun:
        """Run a playbook over the group ``production``, and wait for its end.

        Its standard output and standard error stay in the two ``files``.
        """
        output, errors = files or (self.folder / "output", self.folder / "errors")
        for file in (output, errors):
            file.write_text("")
        given = {**self.environment(), **environment}
        began = time.monotonic()
        code, cpu = self._run(self.command(*words, playbook=playbook), given, output, errors)
        return FleetRun(code, output.read_text(), errors.read_text(), time.monotonic() - began, cpu)

    def _run(self, command: list[str], given: Mapping[str, str], output: Path, errors: Path) -> tuple[int, float]:
        """The exit code, and the CPU seconds of ansible-playbook; without its modules if it is forked."""
        if FORKED:
            python = str(forked_python_program())
            ended = started_playbook(self.folder, command[1:], given, output, python, errors).wait()
            return ended.code, ended.cpu_seconds
        used = _children_cpu()
        with output.open("a") as out, errors.open("a") as err:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=clean_environment(self.folder, given),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                check=False,
            )
        return done.returncode, _children_cpu() - used

    def seconds_stopped(self, name: str) -> float | None:
        """How long CPI of a cluster was scaled to 0, from its journal; None if it was not, or still is."""
        return stopped_for(self.kube[name])


def stopped_for(cluster: KubeApi) -> float | None:
    """The seconds between the request that scaled CPI to 0 and the one that scaled it up again."""
    times: dict[bool, float] = {}
    for entry in cluster.journal():
        if entry["object"] == DEPLOYMENT and entry["method"] in ("PATCH", "PUT") and entry["code"] == 200:
            started = entry["body"]["spec"]["replicas"] > 0
            if not started or times:  # a start before the stop does not count
                times.setdefault(started, entry["time"])
    return times[True] - times[False] if len(times) == 2 else None


@contextmanager
def doubles(fleet: Fleet, folder: Path) -> Iterator[RunningFleet]:
    """Start a fleet, with its Services served. ``folder`` gets the inventory, and the files that runs leave."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "home").mkdir(exist_ok=True)
    estate = folder / "estate.yml"
    estate.write_text(yaml.safe_dump(fleet.estate()), encoding="utf-8")
    with ExitStack() as stack:
        sim = stack.enter_context(Simulator(estate=estate, task_seconds=0, health_seconds=0, openapi=None))
        running = RunningFleet(fleet, sim, stack.enter_context(KubeFleet(fleet.objects())), folder)
        running.serve()
        running.write_inventory()
        yield running


def _children_cpu() -> float:
    """CPU seconds of this process's children that have been waited for, and of their children."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
