# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Turns the options of the modules vcd_shared_ip and vcd_shared_ip_info into a request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    DEFAULT_ONE_ARM,
    AddressRange,
    BadRange,
    is_ipv4,
    parse_range,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.ipv6 import check_family
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.policy_options import (
    with_policies,
    with_shown_policies,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy.options import RULES
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.resource import (
    ALGORITHMS,
    MONITORS,
    PERSISTENCE,
    from_options,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import UDP
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import PoolSettings
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.point import check_restore_point
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.results import SETTINGS
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.client_ip import GROUP_OPTION, OPTION
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.orphans import recorded_objects
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import (
    HTTP,
    HTTPS,
    TCP,
    PortSpec,
    Service,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks

LOCK_TIMEOUT = 1800
PORT = {
    "name": {"type": "str", "default": ""},
    "port": {"type": "int", "required": True},
    "node_port": {"type": "int"},
    "protocol": {"type": "str", "choices": ["TCP", "UDP"], "default": "TCP"},
    "app_protocol": {"type": "str"},
    "ssl": {"type": "bool", "default": False},
    "certificate": {"type": "str"},
    "redirect_to_https": {"type": "bool"},
    "https_port": {"type": "int"},
    "http_policy": {"type": "dict", "options": RULES},
}
SERVICE = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": ""},
    "external_ip": {"type": "str"},
    "internal_ips": {"type": "list", "elements": "str"},
    "members": {"type": "list", "elements": "str"},
    "member_group": {"type": "str"},
    "algorithm": {"type": "str", "choices": list(ALGORITHMS)},
    "health_monitors": {"type": "list", "elements": "str", "choices": list(MONITORS)},
    "persistence_profile": {
        "type": "dict",
        "options": {"type": {"type": "str", "choices": list(PERSISTENCE)}, "value": {"type": "str"}},
    },
    "preserve_client_ip": {"type": "bool", "default": False},
    "ports": {"type": "list", "elements": "dict", "default": [], "options": PORT},
    "other_ports": {"type": "list", "elements": "str"},
}
WHERE = ArgumentSpec(
    {
        "edge_gateway": {"type": "str"},
        "network": {"type": "str"},
        "vdc": {"type": "str"},
        "cluster_id": {"type": "str"},
        "name_template": {"type": "str"},
        "services": {"type": "list", "elements": "dict", "options": SERVICE},
    },
    mutually_exclusive=[("edge_gateway", "network"), ("cluster_id", "name_template")],
    required_one_of=[("edge_gateway", "network"), ("cluster_id", "name_template")],
)
CHANGE = ArgumentSpec(
    {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "scenario": {"type": "str", "choices": [item.value for item in Scenario]},
        "one_arm": {
            "type": "dict",
            "options": {"start_ip": {"type": "str", "required": True}, "end_ip": {"type": "str", "required": True}},
        },
        "nat": {"type": "str", "choices": ["per_port", "per_service"], "default": "per_port"},
        "service_engine_group": {"type": "str"},
        "vip_subnet": {"type": "str"},
        "prune": {"type": "bool", "default": False},
        "prune_objects": {"type": "list", "elements": "str", "default": []},
        "restore_point": {"type": "dict", "default": {}},
        "accept_loss": {"type": "bool", "default": False},
        "vcd_rules": {
            "type": "list",
            "elements": "str",
            "choices": [rule.value for rule in VcdRule],
            "default": [],
        },
        "progress_file": {"type": "path"},
        "controller_pid": {"type": "int"},
        "run_by": {"type": "dict", "options": {"job": {"type": "str"}, "user": {"type": "str"}}},
        "lock_timeout": {"type": "int", "default": LOCK_TIMEOUT},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 600},
    },
    required_if=[("state", "present", ["scenario", "services"]), ("state", "absent", ["services"])],
)


@dataclass(frozen=True)
class Request:
    """The wanted services of one run, checked as far as possible without a request to Cloud Director.

    ``recorded`` are the objects that the restore point holds. ``judged``: the caller gives all Services of the cluster
    and has already decided which orphans may be removed; these are ``prune_objects``.
    """

    services: tuple[Service, ...]
    internal_ips: tuple[tuple[str, ...], ...]
    naming: Naming
    cluster_id: str
    scenario: Scenario | None
    one_arm: AddressRange
    per_service: bool
    prune: bool = False
    prune_objects: tuple[str, ...] = ()
    recorded: frozenset[tuple[str, str]] = frozenset()
    judged: bool = False


def read_request(params: Mapping[str, Any], edge_gateway: str = "") -> Request:
    """The options as one request. ``edge_gateway`` is the gateway's name, once it is known. Raises InvalidInput."""
    cluster_id = params["cluster_id"] or ""
    template = params["name_template"] or ""
    naming = Naming.of_cluster(cluster_id) if cluster_id else Naming.parse(template, edge_gateway)
    scenario = Scenario(params["scenario"]) if params.get("scenario") else None
    per_service = params.get("nat") == "per_service"
    if per_service and scenario is Scenario.DISTINCT_INTERNAL:
        remedy = "cannot be combined with distinct_internal, whose ports have their own internal IPs: use per_port"
        raise InvalidInput("nat", "per_service", remedy)
    if per_service and cluster_id:
        remedy = "CPI needs a DNAT rule for each port: use per_port, or name_template for machines without CPI"
        raise InvalidInput("nat", "per_service", remedy)
    named = tuple(name for name in params.get("prune_objects") or () if name)
    if named and not params.get("prune"):
        raise InvalidInput("prune_objects", ", ".join(named), "needs prune: true")
    for option in ("wait_timeout", "lock_timeout"):
        if params.get(option, 0) < 0:
            raise InvalidInput(option, params[option], "give seconds, 0 or more")
    _check_restore_point(params.get("restore_point"))
    given = params["services"] or []
    removing = params.get("state", "absent") == "absent"  # removing or reading objects needs only their names
    services = tuple(_service(one, naming, cluster_id, removing) for one in given)
    if "state" not in params:  # the services are only read
        services = tuple(with_shown_policies(*both) for both in zip(services, given, strict=True))
    _check_names(services)
    for service in services:
        _check_client_ip(service, scenario)
    one_arm = _one_arm(params.get("one_arm"))
    for service in services:
        check_family(service, scenario)
        if scenario is not None and scenario.one_arm and service.external_ip in one_arm:
            remedy = f"lies in the one-arm range {one_arm}, whose addresses are internal: give another IP or range"
            raise InvalidInput("services.external_ip", service.external_ip, remedy)
    internal = tuple(_internal_ips(one, service, scenario) for one, service in zip(given, services, strict=True))
    return Request(
        services,
        internal,
        naming,
        cluster_id,
        scenario,
        one_arm,
        per_service,
        bool(params.get("prune")),
        named,
        _recorded(params.get("restore_point"), cluster_id),
        bool(params.get("judged")),
    )


def _recorded(point: object, cluster_id: str) -> frozenset[tuple[str, str]]:
    """The objects that a restore point of the same cluster holds."""
    if not isinstance(point, Mapping) or (point.get("cluster_id") or "") != cluster_id:
        return frozenset()
    return recorded_objects(point)


def _check_restore_point(point: object) -> None:
    """Refuse anything but a restore point: in vcd_shared_ip_info, the option of this name is a bool."""
    if point and not isinstance(point, bool):
        check_restore_point(point, "restore_point")


def _one_arm(value: Any) -> AddressRange:
    if not value:
        return DEFAULT_ONE_ARM
    try:
        return parse_range(value)
    except BadRange as error:
        raise InvalidInput("one_arm", f"{value['start_ip']}-{value['end_ip']}", str(error)) from None


def _service(given: Mapping[str, Any], naming: Naming, cluster_id: str, removing: bool) -> Service:
    checks.name("services.name", given["name"])
    if not given["ports"] and not (removing and cluster_id):
        raise InvalidInput("services.ports", [], f"service {given['name']!r} has none: give at least one")
    versions = (4,) if cluster_id else (4, 6)
    external_ip = given["external_ip"] or ""
    if cluster_id and external_ip and not is_ipv4(external_ip):
        raise InvalidInput("services.external_ip", external_ip, "is not an IPv4 address")
    if external_ip:
        external_ip = checks.address("services.external_ip", external_ip, *versions)
    members = tuple(sorted({checks.address("services.members", one, *versions) for one in given["members"] or []}))
    if given["members"] is not None and not members and not cluster_id:
        raise InvalidInput("services.members", [], f"service {given['name']!r} has none: give the machines' addresses")
    ports = tuple(_port(one, removing, bool(cluster_id)) for one in given["ports"])
    if not removing:
        ports = with_policies(ports, given, managed_by_cpi=bool(cluster_id))
    numbers = Counter(f"UDP {one.port}" if one.transport == UDP else one.port for one in ports)
    for values, what in ((Counter(one.name for one in ports), "name"), (numbers, "port")):
        value, times = values.most_common(1)[0] if values else ("", 0)
        if times > 1:
            remedy = f"service {given['name']!r} has it {times} times: give each port its own {what}"
            raise InvalidInput(f"services.ports.{what}", value, remedy)
    return Service.build(
        given["name"],
        ports,
        naming,
        namespace=given["namespace"] or "",
        cluster_id=cluster_id,
        external_ip=external_ip,
        members=members,
        others=given["other_ports"] or (),
        preserve_client_ip=bool(given["preserve_client_ip"]) and not removing,
        member_group="" if removing else given["member_group"] or "",
        pool_settings=() if removing else _pool_settings(given, cluster_id),
    )


def _check_client_ip(service: Service, scenario: Scenario | None) -> None:
    """Refuse settings for the client's IP that cannot work, or that CPI would undo."""
    if service.member_group and service.members:
        remedy = f"service {service.label!r} has members, too: give one of the two"
        raise InvalidInput(GROUP_OPTION, service.member_group, remedy)
    for option, value in ((OPTION, service.preserve_client_ip), (GROUP_OPTION, service.member_group)):
        if value and service.managed_by_cpi:
            remedy = (
                f"CPI writes the members of pools of {service.label!r} again: serve it under name_template, outside "
                "CPI (docs/client-ip.md)"
            )
            raise InvalidInput(option, value, remedy)
    udp = next((port for port in service.ports if port.spec.transport == UDP), None)
    if service.preserve_client_ip and udp is not None:
        remedy = (
            f"port {udp.number} of service {service.label!r} is for UDP, whose packets always come from a service "
            "engine: serve it as a separate service"
        )
        raise InvalidInput(OPTION, True, remedy)
    if service.preserve_client_ip and scenario not in (None, Scenario.SHARED_EXTERNAL):
        remedy = f"service {service.label!r} needs scenario shared_external: it is not known to work behind DNAT"
        raise InvalidInput(OPTION, True, remedy)


def _pool_settings(given: Mapping[str, Any], cluster_id: str) -> PoolSettings:
    """What the options say about the pools. Raises InvalidInput."""
    asked = {name: given[name] for name in SETTINGS if given[name] is not None}
    if asked and cluster_id:
        name, value = next(iter(asked.items()))
        remedy = f"CPI sets up the pools of {given['name']!r}: change them with vcd_pool, or leave it out"
        raise InvalidInput(f"services.{name}", value, remedy)
    return tuple(sorted(from_options(asked).items()))


def _port(given: Mapping[str, Any], removing: bool, managed_by_cpi: bool) -> PortSpec:
    checks.port("services.ports.port", given["port"])
    if given["node_port"] is None and not removing:
        raise InvalidInput("services.ports.node_port", None, f"port {given['port']} needs it: the members' port")
    node_port = given["node_port"] or given["port"]
    if managed_by_cpi and given["node_port"] == 0:
        node_port = 0  # a port without a node port, but with a virtual service: its pool stays as it is
    else:
        checks.port("services.ports.node_port", node_port)
    if given["protocol"] == UDP:
        return _udp_port(given, node_port, managed_by_cpi)
    application = (given["app_protocol"] or "").upper()
    protocol = application if application in (HTTP, HTTPS) else TCP
    if application not in ("", TCP, HTTP, HTTPS) and not managed_by_cpi and not removing:
        raise InvalidInput(
            "services.ports.app_protocol", given["app_protocol"], "choose http or https, or leave it out"
        )
    secured = given["ssl"] or protocol == HTTPS
    if secured and not given["certificate"] and not removing and not managed_by_cpi:
        remedy = f"port {given['port']} uses TLS: give the alias of a certificate"
        raise InvalidInput("services.ports.certificate", None, remedy)
    if protocol == HTTP and given["ssl"] and not managed_by_cpi and not removing:
        raise InvalidInput("services.ports.ssl", True, "cannot be combined with app_protocol http: use https")
    certificate = given["certificate"] if secured else ""
    return PortSpec(given["name"] or "", given["port"], node_port, protocol, certificate or "")


def _udp_port(given: Mapping[str, Any], node_port: int, managed_by_cpi: bool) -> PortSpec:
    if managed_by_cpi:
        remedy = f"CPI serves TCP only: serve port {given['port']} under name_template, or leave it out"
        raise InvalidInput("services.ports.protocol", UDP, remedy)
    for option in ("app_protocol", "ssl", "certificate"):
        if given[option]:
            remedy = f"port {given['port']} is for UDP, which is plain: leave it out"
            raise InvalidInput(f"services.ports.{option}", given[option], remedy)
    return PortSpec(given["name"] or "", given["port"], node_port, UDP)


def _internal_ips(given: Mapping[str, Any], service: Service, scenario: Scenario | None) -> tuple[str, ...]:
    found = tuple(checks.address("services.internal_ips", one, 4) or "" for one in given["internal_ips"] or [])
    needed = scenario.internal_ips(len(service.ports)) if scenario else 0
    if found and needed and len(found) != needed:
        remedy = f"{scenario.value if scenario else ''} needs {needed} for service {service.label!r}"
        raise InvalidInput("services.internal_ips", ", ".join(found), remedy)
    if len(set(found)) < len(found) or service.external_ip in found:
        remedy = "give each port its own address, and not the external IP"
        raise InvalidInput("services.internal_ips", ", ".join(found), remedy)
    return found if needed else ()


def _check_names(services: Sequence[Service]) -> None:
    """Two services whose objects have the same names would take them from each other."""
    owners: dict[str, str] = {}
    for service in services:
        for port in service.ports:
            name = port.names.virtual_service
            if name in owners:
                raise CollectionError(
                    f"services: {owners[name]!r} and {service.label!r} need the same object {name!r}: give one of them "
                    "another name, or a name_template with {namespace}",
                    option="services",
                )
            owners[name] = service.label
