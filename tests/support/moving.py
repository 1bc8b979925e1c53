# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services on the simulator's edge gateway, which the module vcd_shared_ip moves, in processes of its own."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from invariants import Entry, Port, Service, is_lock, is_write
from runs import ModuleRun
from vcdsim.testing import Simulator

CLUSTER = "urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
OTHER_CLUSTER = "urn:vcloud:entity:vmware:capvcdCluster:11111111-2222-4333-8444-555555555555"
EXTERNAL, INTERNAL, DISTINCT = SCENARIOS = ("shared_external", "shared_internal", "distinct_internal")
MOVES = tuple(itertools.permutations(SCENARIOS, 2))
STRICT = {
    "vip_dnat_same_address": "refused",
    "put_shared_vip_vs": "refused",
    "vip_change_to_used_address": "refused",
}
LENIENT = dict.fromkeys(STRICT, "allowed")
SECRETS = ("kube-secret-1", "admin-secret-1", "system-secret-1")
KINDS = {
    "virtual service": "virtual_services",
    "pool": "pools",
    "DNAT rule": "nat_rules",
    "application port profile": "application_port_profiles",
}
METHODS = {"create": "POST", "update": "PUT", "delete": "DELETE"}
ESTATES = Path(__file__).resolve().parents[1] / "simulator" / "vcdsim" / "estates"

Params = dict[str, Any]
# (name, number, application protocol, certificate): the ports of Services with 1, 2 and 5 of them
PORTS: tuple[tuple[str, int, str | None, str | None], ...] = (
    ("https", 443, "https", "web-cert"),
    ("http", 80, "http", None),
    ("ssh", 22, None, None),
    ("", 8080, None, None),
    ("admin", 9443, "HTTPS", "web-cert"),
)


def ports(count: int) -> list[Params]:
    """Ports of several protocols."""
    return [
        {"name": name, "port": number, "node_port": 30000 + number % 2000, "app_protocol": kind, "certificate": alias}
        for name, number, kind, alias in PORTS[:count]
    ]


def service(name: str, count: int = 2, external_ip: str | None = None, **more: Any) -> Params:
    """A Service of a cluster as the option ``services`` has it."""
    given = {"namespace": "default", "members": ["10.10.0.11", "10.10.0.12"], "ports": ports(count), **more}
    return {"name": name, "external_ip": external_ip, **given}


class Edge:
    """The edge gateway of a simulator, and one cluster (or name template) with Services there."""

    def __init__(self, sim: Simulator, **options: Any) -> None:
        self.sim = sim
        connection = {"url": sim.url, "ca_path": sim.ca, "org": "acme", "user": "kube", "password": "kube-secret-1"}
        self.options: Params = {"cluster_id": CLUSTER, **connection, "edge_gateway": "acme-edge", **options}

    def of(self, **options: Any) -> Edge:
        """The same edge gateway with other options; None removes an option."""
        kept = {name: value for name, value in {**self.options, **options}.items() if value is not None}
        edge = Edge(self.sim)
        edge.options = kept
        return edge

    def task(self, services: Sequence[Params] | None, scenario: str | None = None, **more: Any) -> ModuleRun:
        """A run of vcd_shared_ip, not started."""
        check, diff = more.pop("check", False), more.pop("diff", False)
        wanted = {"services": services, "scenario": scenario or None}
        given = {name: value for name, value in wanted.items() if value is not None}
        return ModuleRun("vcd_shared_ip", {**self.options, **given, **more}, check=check, diff=diff)

    def run(self, services: Sequence[Params] | None, scenario: str | None = None, **more: Any) -> Params:
        """The result of a run, successful or not; a traceback or a secret in it is an error."""
        result = self.task(services, scenario, **more).start().wait()
        text = json.dumps({**result, "invocation": None})
        assert not [secret for secret in SECRETS if secret in text]
        return result

    def done(self, services: Sequence[Params] | None, scenario: str | None = None, **more: Any) -> Params:
        """The result of a run that must not fail."""
        result = self.run(services, scenario, **more)
        assert not result.get("failed"), result["msg"]
        return result

    def failed(self, services: Sequence[Params] | None, scenario: str | None = None, **more: Any) -> Params:
        """The result of a run that must fail, with one line."""
        result = self.run(services, scenario, **more)
        assert result.get("failed"), result
        assert "\n" not in result["msg"]
        assert "Traceback" not in result["msg"]
        return result

    def module(self, module: str, **options: Any) -> Params:
        """The result of another module, which must not fail, with the connection options."""
        kept = {key: value for key, value in self.options.items() if key not in ("cluster_id", "name_template")}
        result = ModuleRun(module, {**kept, **options}).start().wait()
        assert not result.get("failed"), result["msg"]
        return result

    def info(self, **options: Any) -> Params:
        """The result of vcd_shared_ip_info."""
        result = ModuleRun("vcd_shared_ip_info", {**self.options, **options}).start().wait()
        assert not result.get("failed"), result["msg"]
        return result

    def restore_point(self, services: Sequence[Params]) -> Params:
        """What the option ``restore_point`` takes."""
        return dict(self.info(services=list(services), restore_point=True)["restore_point"])

    def create(self, services: Sequence[Params], scenario: str, **more: Any) -> list[Params]:
        """Create Services without delay. Returns the options of later tasks for them, with their external IPs."""
        self.sim.settings(task_seconds=0, health_seconds=0)
        found = self.done(services, scenario, **more)["services"]
        return [{**one, "external_ip": made["external_ip"]} for one, made in zip(services, found, strict=True)]

    @property
    def urn(self) -> str:
        """The gateway's URN."""
        gateways = self.sim.dump()["edge_gateways"]
        return str(next(one["id"] for one in gateways if one["name"] == self.options["edge_gateway"]))


def names_of(services: Iterable[Params], cluster_id: str = CLUSTER) -> set[str]:
    """The names that CPI gives to all objects that the Services may have."""
    short = cluster_id.removeprefix("urn:vcloud:entity:vmware:")
    tails = [f"{one['name']}-{short}-{port['name']}" for one in services for port in one["ports"]]
    kinds = ("ingress-vs-", "ingress-pool-", "dnat-ingress-vs-", "appPort_dnat-ingress-vs-")
    return {kind + tail for kind in kinds for tail in tails}


def as_clients_see(services: Iterable[Params], cluster_id: str = CLUSTER) -> list[Service]:
    """The Services, for the invariants."""
    short = cluster_id.removeprefix("urn:vcloud:entity:vmware:")
    found = []
    for one in services:
        own = [(port["port"], f"ingress-vs-{one['name']}-{short}-{port['name']}") for port in one["ports"]]
        seen = tuple(Port(one["external_ip"], number, name, f"dnat-{name}") for number, name in own)
        found.append(Service(one["name"], seen))
    return found


def others(dump: Mapping[str, Any], names: Iterable[str]) -> dict[str, list[Any]]:
    """All objects with other names, in full: identifiers and versions too."""
    own = set(names)
    kinds = set(KINDS.values())
    return {kind: [one for one in dump[kind] if one["name"] not in own] for kind in kinds if kind in dump}


def written(journal: Iterable[Entry], user: str = "kube") -> list[tuple[str, str]]:
    """Method and object's name of every write that Cloud Director accepted, except for the lock of the edge gateway."""
    entries = [entry for entry in journal if is_write(entry) and entry["user"] == user and not is_lock(entry)]
    return [(entry["method"], entry["name"]) for entry in entries if entry["status"] < 300]


def refused(journal: Iterable[Entry], user: str = "kube") -> list[tuple[str, str]]:
    """Method and object's name of every write that it refused, except for the lock."""
    entries = [entry for entry in journal if is_write(entry) and entry["user"] == user and not is_lock(entry)]
    return [(entry["method"], entry["name"]) for entry in entries if entry["status"] >= 400]


def planned(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Method and object's name of every write in a plan, in its order."""
    return [_write_of(text) for one in result["services"] for text in one["steps"]]


def _write_of(text: str) -> tuple[str, str]:
    act, _blank, rest = text.partition(" ")
    label = next(label for label in KINDS if rest.startswith(f"{label} "))
    name = rest.removeprefix(f"{label} ").split(" ")[0]
    # names contain colons (capvcdCluster:...), and one may follow
    return METHODS[act], name.removesuffix(":")


def estate(folder: Path, of: str = "one-edge", **edge: Any) -> Path:
    """A file with an estate like another, whose edge gateway has other settings."""
    found = yaml.safe_load((ESTATES / f"{of}.yml").read_text(encoding="utf-8"))
    found["organisations"][0]["vdcs"][0]["edge_gateways"][0].update(edge)
    path = folder / "estate.yml"
    path.write_text(yaml.safe_dump(found), encoding="utf-8")
    return path


def premium_estate(folder: Path) -> Path:
    """The estate one-edge whose edge gateway has the PREMIUM feature set, as WAF needs it."""
    settings = {"enabled": True, "service_network": "192.168.255.1/25", "feature_set": "PREMIUM"}
    groups = [{"name": "seg-premium", "max_virtual_services": 20, "min_virtual_services": 0}]
    return estate(folder, load_balancer=settings, service_engine_groups=groups)
