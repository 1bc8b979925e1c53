# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this collection wants for a Service of the cluster, in the form that a tenant reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import parse_range
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
    VirtualService,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import assign_internal_ips
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import options_of, read_ports
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedPort, want
from real_stage import Stage
from real_tenant import Objects

Object = dict[str, Any]
WORKERS = ("10.10.0.11", "10.10.0.12")

# What VCD fills in where CPI sets nothing.
DEFAULTS: dict[str, Object] = {
    "pools": {
        "description": "",
        "passive_monitoring_enabled": True,
        "persistence_profile": None,
        "member_group": None,
        "ssl_enabled": False,
        "ca_certificates": [],
        "common_name_check_enabled": False,
        "domain_names": [],
    },
    "virtual_services": {
        "description": "",
        "ipv6_virtual_ip_address": None,
        "transparent_mode_enabled": False,
        "non_critical_logging_enabled": False,
    },
    "nat_rules": {
        "description": "",
        "snat_destination_addresses": None,
        "firewall_match": "MATCH_INTERNAL_ADDRESS",
        "priority": 0,
        "logging": False,
        "applied_to": None,
    },
    "app_port_profiles": {"scope": "TENANT"},
}


def port(name: str, number: int, application: str = "") -> Object:
    return {"name": name, "port": number, "protocol": "TCP", **({"appProtocol": application} if application else {})}


FIELDS = {
    POOL: "pools",
    VIRTUAL_SERVICE: "virtual_services",
    NAT_RULE: "nat_rules",
    APP_PORT_PROFILE: "app_port_profiles",
}


def new_service(
    stage: Stage, item: Object, scenario: Scenario, external_ip: str, used: Sequence[str]
) -> tuple[WantedPort, ...]:
    """What this collection wants for a new Service, with the facts that its modules would read from the cluster.

    ``used`` are the VIPs on the gateway.
    """
    arm = yaml.safe_load(stage.in_file())["loadbalancer"].get("oneArm")
    one_arm = parse_range(f"{arm['startIP']}-{arm['endIP']}") if arm else None
    service = service_of(stage, item, external_ip)
    taken = Inventory(VirtualService(f"on {address}", "", address, ()) for address in used)
    return want(service, scenario, assign_internal_ips(service, scenario, one_arm, taken)).ports


def service_on(
    stage: Stage, item: Object, scenario: Scenario, external_ip: str, internal: Sequence[str]
) -> tuple[WantedPort, ...]:
    """The same with given internal IPs."""
    return want(service_of(stage, item, external_ip), scenario, internal).ports


def service_of(stage: Stage, item: Object, external_ip: str) -> Service:
    """A Service of the cluster as the domain knows it."""
    config, name = yaml.safe_load(stage.in_file()), item["metadata"]["name"]
    ports, cluster_id = ports_of(stage, name, config["loadbalancer"]["certAlias"]), config["clusterid"]
    naming = Naming.of_cluster(cluster_id)
    return Service.build(name, ports, naming, cluster_id=cluster_id, external_ip=external_ip, members=WORKERS)


def ports_of(stage: Stage, name: str, certificate: str) -> tuple[PortSpec, ...]:
    """A Service's ports as the modules see them. ``certificate`` is the alias in CPI's file."""
    found = stage.cluster.api.get("Service", "default", name)
    assert found
    facts = [
        {"name": one.get("name", ""), "port": one["port"], "node_port": one["nodePort"], "protocol": one["protocol"],
         "app_protocol": one.get("appProtocol")}
        for one in found["spec"]["ports"]
    ]  # fmt: skip
    return read_ports(facts, found["metadata"].get("annotations", {}), certificate)


def add(expected: Objects, port: WantedPort) -> None:
    """Add the objects of one port to the expected ones, with VCD's defaults."""
    for item in port.objects():
        _put(expected, FIELDS[kind_of(item)], options_of(item))


def _put(expected: Objects, kind: str, options: Object) -> None:
    getattr(expected, kind)[options["name"]] = {**DEFAULTS[kind], **_as_returned(options)}


def _as_returned(options: Object) -> Object:
    """Options in the form of the modules' results: no certificate is null, a port of a profile may have a name."""
    if "certificate" in options:
        options = {**options, "certificate": options["certificate"] or None}
    if "application_ports" in options:
        options = {**options, "application_ports": [{"name": None, **one} for one in options["application_ports"]]}
    return options
