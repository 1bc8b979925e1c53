# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CPI derives and where it stops: the lines of docs/cpi-rules.md that a Service shows, with the real program."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import read_all_ports
from ansible_collections.vcd.kubernetes.plugins.module_utils._versions import api_of_cpi, parse_version
from conftest import API_VERSIONS
from control_plane.api import wait_until
from control_plane.testing import service
from moving import ESTATES
from real_model import port
from real_stage import Object, Stage
from vcdsim.clients import unrecorded
from vcdsim.testing import Simulator

CPI_AGENTS = ("Swagger-Codegen", "go-vcloud-director")  # CPI sends requests by both
RENEW = "the table of what clients send lacks these: record a journal (VCDSIM_JOURNAL), see python -m vcdsim.clients"
SSL_PORTS = "service.beta.kubernetes.io/vcloud-avi-ssl-ports"
VERSIONS = ["1.6.1", "1.2.0"]
UDP = {"name": "second", "port": 53, "protocol": "UDP"}
# Two ports each: CPI creates the first, and stops at the second. These are its log lines; VCD's words are the double's.
STOPS = [
    (service("udp", [port("first", 80), UDP]), "unhandled virtual service type [UDP]"),
    (service("bare", [port("first", 81), port("second", 443, "https")]), "it is required for HTTPS"),
    (
        service("plain", [port("first", 82), port("second", 83, "http")], annotations={SSL_PORTS: "83"}),
        "sslEnabled is possible with HTTPS and L4_TLS only",
    ),
    (
        service("tls", [port("first", 84), port("second", 85)], annotations={SSL_PORTS: "85"}),
        "L4_TLS needs the PREMIUM feature set",
    ),
]


@pytest.mark.parametrize("version", VERSIONS)
def test_cpi_stops_at_the_ports_that_we_leave_out(stage: Stage, version: str) -> None:
    stage.start_cpi("shared_internal", version)
    for item, log_line in STOPS:
        stage.cluster.api.create(item)
        stage.log_says(log_line)
        name = item["metadata"]["name"]
        made = {one.split("-")[-1] for one in stage.objects().virtual_services if f"-{name}-" in one}
        found = stage.cluster.api.get("Service", "default", name)
        assert found
        annotations = found["metadata"].get("annotations", {})
        read = read_all_ports([_port(one) for one in found["spec"]["ports"]], annotations, "web-cert", premium=False)
        assert made == {spec.name for spec, aside in read if aside is None} == {"first"}
        assert stage.external_ip(name) == ""


def _port(found: Object) -> Object:
    return {
        "name": found["name"],
        "port": found["port"],
        "node_port": found["nodePort"],
        "protocol": found["protocol"],
        "app_protocol": found.get("appProtocol"),
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_a_port_without_a_node_port_gets_an_ip_and_no_objects(stage: Stage, version: str) -> None:
    stage.start_cpi("shared_internal", version)
    assert stage.create(service("none", [port("a", 80)], allocateLoadBalancerNodePorts=False))
    assert stage.objects().names == set()


@pytest.mark.parametrize(("version", "moves"), [("1.6.1", True), ("1.2.0", False)])
def test_cpi_moves_a_service_to_the_ip_that_it_asks_for_when_it_starts(stage: Stage, version: str, moves: bool) -> None:
    """First it deletes all that it has made, as for a Service that is deleted. A table lists what it sends."""
    stage.start_cpi("shared_internal", version)
    stage.create(service("gone", [port("a", 80)]))
    stage.delete("gone")
    assert stage.objects().names == set()
    before = stage.create(service("web", [port("a", 80)]))
    stage.stop_cpi()
    done = syncs(stage, "web")
    stage.cluster.api.patch("Service", "default", "web", {"spec": {"loadBalancerIP": "203.0.113.40"}})
    stage.scale(1)
    stage.cluster.wait_for_cpi()
    wait_until(lambda: syncs(stage, "web") > done, "CPI has dealt with it", 180)
    (rule,) = stage.objects().nat_rules.values()
    assert rule["external_addresses"] == ("203.0.113.40" if moves else before)
    assert not unrecorded(f"CPI {version.rpartition('.')[0]}", stage.vcd.journal(), CPI_AGENTS), RENEW


def syncs(stage: Stage, name: str) -> int:
    """How often CPI has synced a Service, over all of its pods: the time of an event, in seconds, is too coarse."""
    events = [one for one in stage.cluster.api.list("Event", "default") if one["involvedObject"]["name"] == name]
    return sum(one.get("count") or 1 for one in events if one["reason"] == "EnsuredLoadBalancer")


def with_file(stage: Stage, version: str, *changes: tuple[str, str]) -> None:
    """Start CPI with a file in which these texts are replaced."""
    stage.start_cpi("shared_internal", version)
    stage.stop_cpi()
    config = stage.config("shared_internal", version)
    (key,) = config["data"]
    for old, new in changes:
        assert old in config["data"][key]
        config["data"][key] = config["data"][key].replace(old, new)
    stage.cluster.api.delete("ConfigMap", "kube-system", config["metadata"]["name"])
    stage.cluster.api.create(config)
    stage.scale(1)
    stage.cluster.wait_for_cpi()


# a subnet of few addresses: CPI tries each of them
@pytest.mark.parametrize(
    ("subnet", "log_line"),
    [
        ("203.0.113.0", "unable to parse CIDR [203.0.113.0]"),
        ("2001:db8::/120", "unable to obtain free IP from gateway"),
        ("198.51.100.0/24", "unable to obtain free IP from gateway"),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_vip_subnet_without_an_address_of_the_gateway_gives_no_new_service_an_ip(
    stage: Stage, version: str, subnet: str, log_line: str
) -> None:
    with_file(stage, version, ("vipSubnet: 203.0.113.0/24", f"vipSubnet: {subnet}"))
    stage.cluster.api.create(service("web", [port("a", 80)]))
    stage.log_says(log_line)
    assert stage.external_ip("web") == ""


def changed_estate(folder: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> Path:
    """The estate one-edge after ``change(estate, vdc)``."""
    estate: dict[str, Any] = yaml.safe_load((ESTATES / "one-edge.yml").read_text(encoding="utf-8"))
    change(estate, estate["organisations"][0]["vdcs"][0])
    path = folder / "changed.yml"
    path.write_text(yaml.safe_dump(estate), encoding="utf-8")
    return path


@pytest.mark.parametrize("version", VERSIONS)
def test_cpi_asks_for_one_version_of_the_api(stage: Stage, version: str) -> None:
    stage.vcd.journal(clear=True)
    stage.start_cpi("shared_internal", version)
    asked = {one["version"] for one in stage.vcd.journal() if one["user"] == "kube"} - {None}
    needed = parse_version(version)
    assert needed is not None
    assert api_of_cpi(needed) in asked
    others = [one for one in API_VERSIONS.split(",") if one not in asked]
    assert others
    with Simulator(estate="one-edge", task_seconds=0, api_versions=",".join(others)) as newer:
        here = Stage(stage.cluster, newer, stage.folder)
        here.cluster.clear()
        here.cluster.forget_logs()
        here.start_cpi("shared_internal", version, wait=False)
        here.log_says("unable to")
        assert not [one for one in newer.journal() if one["user"] == "kube" and one["status"] == 200]
        here.cluster.clear()


def _with_a_second_gateway(_estate: dict[str, Any], vdc: dict[str, Any]) -> None:
    other = deepcopy(vdc["edge_gateways"][0])
    other["name"] = "acme-another"  # before acme-edge, in whatever order CPI searches
    other["uplinks"][0]["subnets"] = [
        {
            "gateway": "198.51.100.1",
            "prefix_length": 24,
            "primary_ip": "198.51.100.2",
            "ip_ranges": ["198.51.100.10-198.51.100.60"],
        }
    ]
    other.pop("ip_sets", None)
    vdc["edge_gateways"].insert(0, other)
    network = {"name": "other-net", "gateway": "10.20.0.1/24", "edge_gateway": "acme-another"}
    vdc["networks"].insert(0, {**network, "ip_ranges": ["10.20.0.2-10.20.0.200"]})


@pytest.mark.parametrize("version", VERSIONS)
def test_cpi_works_on_the_gateway_that_routes_the_network_in_its_file(stage: Stage, version: str) -> None:
    estate = changed_estate(stage.folder, _with_a_second_gateway)
    with Simulator(estate=estate, task_seconds=0, api_versions=API_VERSIONS) as other:
        here = Stage(stage.cluster, other, stage.folder)
        here.start_cpi("shared_external", version)
        assert here.create(service("one", [port("a", 80)])).startswith("203.0.113.")
        here.cluster.clear()
        outside = ("vipSubnet: 203.0.113.0/24", "vipSubnet: 198.51.100.0/24")
        with_file(here, version, ("network: k8s-net", "network: other-net"), outside)
        assert here.create(service("two", [port("a", 80)])).startswith("198.51.100.")
        here.cluster.clear()


def _with_a_full_group_first(estate: dict[str, Any], vdc: dict[str, Any]) -> None:
    (edge,) = vdc["edge_gateways"]
    full, free = ({"name": name, "min_virtual_services": 0} for name in ("seg-full", "seg-last"))
    edge["service_engine_groups"] = [
        {**full, "max_virtual_services": 1},
        *edge["service_engine_groups"],
        {**free, "max_virtual_services": 20},
    ]
    for name in ("seg-full", "seg-last"):
        estate["service_engine_groups"].insert(0, {**estate["service_engine_groups"][0], "name": name})
    edge["virtual_services"] = [
        {
            "name": "theirs",
            "vip": "203.0.113.60",
            "port": 9000,
            "members": ["10.10.0.11"],
            "member_port": 9000,
            "service_engine_group": "seg-full",
        }
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_cpi_takes_the_first_service_engine_group_with_room(stage: Stage, version: str) -> None:
    estate = changed_estate(stage.folder, _with_a_full_group_first)
    with Simulator(estate=estate, task_seconds=0, api_versions=API_VERSIONS) as other:
        here = Stage(stage.cluster, other, stage.folder)
        here.start_cpi("shared_external", version)
        here.create(service("web", [port("a", 80), port("b", 81)]))
        groups = {one["name"]: one["serviceEngineGroupRef"]["name"] for one in other.dump()["virtual_services"]}
        assert groups.pop("theirs") == "seg-full"
        assert set(groups.values()) == {"seg-shared"}
        here.cluster.clear()


def grouped(folder: Path) -> Path:
    """The estate one-edge, with its edge gateway and network in a VDC group."""
    estate: dict[str, Any] = yaml.safe_load((ESTATES / "one-edge.yml").read_text(encoding="utf-8"))
    (org,) = estate["organisations"]
    (vdc,) = org["vdcs"]
    group = {"name": "acme-group", "vdcs": ["acme-vdc"]}
    group |= {key: vdc.pop(key) for key in ("edge_gateways", "networks")}
    group["edge_gateways"][0].pop("ip_sets", None)
    org["vdc_groups"] = [group]
    path = folder / "grouped.yml"
    path.write_text(yaml.safe_dump(estate), encoding="utf-8")
    return path


@pytest.mark.parametrize("version", VERSIONS)
def test_with_a_vdc_group_cpi_serves_new_services_without_dnat_only(stage: Stage, version: str) -> None:
    with Simulator(estate=grouped(stage.folder), task_seconds=0, api_versions=API_VERSIONS) as other:
        here = Stage(stage.cluster, other, stage.folder)
        here.start_cpi("shared_internal", version)
        here.cluster.api.create(service("behind", [port("a", 80)]))
        here.log_says("unable to create dnat rule")  # CPI does not log the reason that VCD gives
        assert here.external_ip("behind") == ""
        here.cluster.clear()
        here.start_cpi("shared_external", version)
        assert here.create(service("outside", [port("a", 80)]))
        here.cluster.clear()
