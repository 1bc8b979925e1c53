# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says about a Service of the cluster, in the words of what a tenant reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import parse_range
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import (
    DesiredPort,
    DesiredService,
    PortObjects,
    choose_internal_ips,
    desired,
    internal_ips_needed,
    read_ports,
)
from real_stage import Stage
from real_tenant import Objects

Object = dict[str, Any]
WORKERS = ("10.10.0.11", "10.10.0.12")

# What VCD fills in where CPI says nothing.
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
    "virtual_services": {"description": "", "ipv6_virtual_ip_address": None, "transparent_mode_enabled": False},
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


def inventory(
    stage: Stage, item: Object, scenario: Scenario, external_ip: str, used: list[str]
) -> tuple[PortObjects, ...]:
    """What the inventory says about a new Service, with the facts that the modules would read from the cluster."""
    arm = yaml.safe_load(stage.in_file())["loadbalancer"].get("oneArm")
    wanted = internal_ips_needed(scenario, len(item["spec"]["ports"]))
    one_arm = parse_range(f"{arm['startIP']}-{arm['endIP']}") if arm else None
    internal = choose_internal_ips(one_arm, used, wanted) if one_arm else ()
    return model_on(stage, item, scenario, external_ip, internal)


def model_on(
    stage: Stage, item: Object, scenario: Scenario, external_ip: str, internal: Sequence[str]
) -> tuple[PortObjects, ...]:
    """The same with given internal IPs."""
    config, name = yaml.safe_load(stage.in_file()), item["metadata"]["name"]
    ports = ports_of(stage, name, config["loadbalancer"]["certAlias"])
    return desired(DesiredService(name, config["clusterid"], external_ip, WORKERS, ports), scenario, internal)


def ports_of(stage: Stage, name: str, certificate: str) -> tuple[DesiredPort, ...]:
    """A Service's ports as the modules see them. ``certificate`` is the alias in CPI's file."""
    found = stage.cluster.api.get("Service", "default", name)
    assert found
    facts = [
        {"name": one.get("name", ""), "port": one["port"], "node_port": one["nodePort"], "protocol": one["protocol"],
         "app_protocol": one.get("appProtocol")}
        for one in found["spec"]["ports"]
    ]  # fmt: skip
    return read_ports(facts, found["metadata"].get("annotations", {}), certificate)


def add(expected: Objects, objects: PortObjects) -> None:
    """Put the objects of one port to what is expected, with VCD's defaults."""
    _put(expected, "pools", objects.pool.as_options())
    _put(expected, "virtual_services", objects.virtual_service.as_options())
    if objects.nat_rule is not None and objects.app_port_profile is not None:
        _put(expected, "nat_rules", objects.nat_rule.as_options())
        _put(expected, "app_port_profiles", objects.app_port_profile.as_options())


def _put(expected: Objects, kind: str, options: Object) -> None:
    getattr(expected, kind)[options["name"]] = {**DEFAULTS[kind], **_as_returned(options)}


def _as_returned(options: Object) -> Object:
    """Options in the words of the modules' results: no certificate is null, a port of a profile may have a name."""
    if "certificate" in options:
        options = {**options, "certificate": options["certificate"] or None}
    if "application_ports" in options:
        options = {**options, "application_ports": [{"name": None, **one} for one in options["application_ports"]]}
    return options
