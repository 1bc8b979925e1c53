# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What services have on an edge gateway, and everything that is needed to create it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.external_ips import (
    ExternalAddresses,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.http_policy import (
    add_policies,
    kinds_of,
    with_possible_policies,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.plans import find_orphans
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.policies import Policies, bodies_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import (
    GatewayState,
    ip_sets_of,
    read_gateway,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import RESTORE_POINT_VERSION
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.external_addresses import edge_addresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.calls import PATH as POOLS
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.calls import PATH
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.bodies import Key, objects_for_point
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import TCP
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    HTTP_POLICY,
    NAT_RULE,
    VIRTUAL_SERVICE,
    HttpPolicy,
    Object,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.readings import (
    Reading,
    doubt_about,
    readings,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.description import as_diff, own_objects
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import shape_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import PortSpec, Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import wanted_absent
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body


def gather(api: Api, gateway: Body, request: Request, params: Mapping[str, Any]) -> dict[str, Any]:
    """Services with their objects; with ``restore_point`` also the bodies from which lost ones can be created again."""
    # from lists only: descriptions from before and after CPI stops are compared, so both must be read the same way
    observed = read_gateway(api, gateway, lambda summary: False, ip_sets_of(request))
    request = with_possible_policies(api, request, needed=False)
    observed = add_policies(api, gateway, kinds_of(request), observed)
    ambiguous: list[dict[str, Any]] = []
    if not request.services:
        if not request.cluster_id:
            raise InvalidInput("services", None, "give the services: only CPI's names (cluster_id) show which exist")
        services = tuple(_services_of(observed, request, ambiguous))
        request = replace(request, services=services, internal_ips=((),) * len(services))
    addresses = ExternalAddresses(api, gateway, edge_addresses(gateway, request.one_arm), None)
    found = [_service(service, observed, addresses) for service in request.services]
    result: dict[str, Any] = {
        "edge_gateway": {"id": gateway["id"], "name": gateway["name"]},
        "services": found,
        "orphans": [one.as_dict() for one in find_orphans(request, observed.inventory, removing=False)],
        "ambiguous": ambiguous,
    }
    if params["restore_point"]:
        result["restore_point"] = {
            "version": RESTORE_POINT_VERSION,
            "taken": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "edge_gateway": result["edge_gateway"],
            "cluster_id": request.cluster_id,
            "services": found,
            "objects": objects_for_point(dict(_bodies(api, request, observed))),
            "policies": _policies(api, gateway, request, observed, params["accept_loss"]),
        }
    return result


def _service(service: Service, observed: GatewayState, addresses: ExternalAddresses) -> dict[str, Any]:
    inventory, health = observed.inventory, observed.health
    service = service.with_external_ip(addresses.find(service, inventory))
    ports = []
    for port in service.ports:
        found: VirtualService | None = inventory.get(VIRTUAL_SERVICE, port.names.virtual_service)
        ports.append(
            {
                "name": port.spec.name,
                "port": port.spec.port,
                "protocol": port.spec.transport,
                "virtual_ip_address": found.address if found else None,
                "health_status": health.get(port.names.virtual_service) or None,
            }
        )
    vips = [port["virtual_ip_address"] for port in ports]
    return {
        "name": service.name,
        "namespace": service.namespace,
        "external_ip": service.external_ip or None,
        "internal_ips": [address for address in vips if address and address != service.external_ip],
        "scenario": shape_of(service, inventory, addresses.edge),
        "ports": ports,
        "objects": as_diff(own_objects(wanted_absent(service), inventory)),
    }


def _services_of(observed: GatewayState, request: Request, ambiguous: list[dict[str, Any]]) -> Iterator[Service]:
    """The Services that a cluster's virtual services belong to. Ambiguous names are added to ``ambiguous``."""
    ports: dict[str, list[PortSpec]] = {}
    for item in observed.inventory:
        ways = readings(request.naming, VIRTUAL_SERVICE, item.name) if isinstance(item, VirtualService) else ()
        if not ways or not isinstance(item, VirtualService) or not item.ports:
            continue
        doubt = doubt_about(request.naming, item.name, ways)
        if doubt:
            ambiguous.append(
                {"kind": VIRTUAL_SERVICE, "name": item.name, "why": doubt, "readings": _reading_rows(ways)}
            )
            continue
        protocol, _blank, numbers = item.ports[0].rpartition(" ")
        number = int(numbers.partition("-")[0])
        ports.setdefault(ways[0].service, []).append(PortSpec(ways[0].port, number, number, protocol or TCP))
    for name, found in sorted(ports.items()):
        specs = sorted(found, key=lambda port: port.port)
        yield Service.build(name, specs, request.naming, cluster_id=request.cluster_id)


def _reading_rows(ways: Iterable[Reading]) -> list[dict[str, str]]:
    return [{"service": one.service, "port": one.port} for one in ways]


def _bodies(api: Api, request: Request, observed: GatewayState) -> Iterator[tuple[Key, Body]]:
    """The complete bodies of the services' objects. Lists contain them only for NAT rules and profiles."""
    for service in request.services:
        keys = [key for port in service.ports for key in port.names.pairs()]
        for kind, name in (*keys, (NAT_RULE, service.shared_rule)):
            item: Object | None = observed.inventory.get(kind, name)
            if item is None or isinstance(item, HttpPolicy):  # HTTP policies are kept separately, under ``policies``
                continue
            if isinstance(item, VirtualService):
                yield (kind, name), api.get(f"{PATH}/{item.id}", f"virtual service {name!r}")
            elif isinstance(item, Pool):
                yield (kind, name), api.get(f"{POOLS}/{item.id}", f"pool {name!r}")
            else:
                yield (kind, name), dict(item.body)


def _policies(
    api: Api, gateway: Body, request: Request, observed: GatewayState, accept_loss: bool
) -> dict[str, dict[str, Body]]:
    """HTTP policies and WAF of the services' virtual services that have some."""
    policies = Policies(api, gateway, {}, accept_loss, kinds_of(request))  # the inventory already has the planned kinds
    names = [port.names.virtual_service for service in request.services for port in service.ports]
    items = [observed.inventory.get(VIRTUAL_SERVICE, name) for name in names]
    there = observed.inventory
    found = {
        item.name: policies.read(item) | bodies_of(there.get(HTTP_POLICY, item.name))
        for item in items
        if item is not None
    }
    return {name: bodies for name, bodies in found.items() if bodies}
