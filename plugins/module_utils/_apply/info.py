# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What services have on an edge gateway, and all that it takes to make it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.external_ips import ExternalAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import VERSION, Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.plans import find_orphans
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import GatewayState, observe
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.calls import PATH
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.resource import (
    without_read_only,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import VirtualService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import VIRTUAL_SERVICE, owned_name
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.description import (
    as_diff,
    own_objects,
    shape_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import (
    DesiredPort,
    DesiredService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import wanted_absent
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body


def gather(api: Api, gateway: Body, request: Request, params: Mapping[str, Any]) -> dict[str, Any]:
    """Services with their objects; with ``restore_point`` also the bodies that a lost one is made from again."""
    observed = observe(api, gateway, lambda name: False)
    if not request.services:
        if not request.cluster_id:
            raise InvalidInput("services", None, "give them: only CPI's names (cluster_id) tell which there are")
        request = replace(request, services=_services_of(observed, request.cluster_id, request))
    addresses = ExternalAddresses(api, gateway, request.one_arm, None)
    services = [_service(service, observed, addresses) for service in request.services]
    left = find_orphans(request, observed.inventory)
    result: dict[str, Any] = {
        "edge_gateway": {"id": gateway["id"], "name": gateway["name"]},
        "services": services,
        "orphans": [{"kind": kind, "name": name} for found in left.values() for kind, name in found],
    }
    if params["restore_point"]:
        result["restore_point"] = {
            "version": VERSION,
            "taken": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "edge_gateway": result["edge_gateway"],
            "cluster_id": request.cluster_id,
            "services": services,
            "virtual_services": _bodies(api, request, observed),
        }
    return result


def _service(service: DesiredService, observed: GatewayState, addresses: ExternalAddresses) -> dict[str, Any]:
    inventory = observed.inventory
    service = replace(service, external_ip=addresses.find(service, inventory))
    wanted = wanted_absent(service)
    ports = []
    for port, names in zip(service.ports, wanted.names, strict=True):
        found: VirtualService | None = inventory.get(VIRTUAL_SERVICE, names.virtual_service)
        ports.append(
            {
                "name": port.name,
                "port": port.port,
                "virtual_ip_address": found.address if found else None,
                "health_status": observed.health.get(names.virtual_service),
            }
        )
    inside = [port["virtual_ip_address"] for port in ports if port["virtual_ip_address"] != service.external_ip]
    return {
        "name": service.name,
        "namespace": service.namespace,
        "external_ip": service.external_ip or None,
        "internal_ips": [address for address in inside if address],
        "scenario": shape_of(wanted, inventory),
        "ports": ports,
        "objects": as_diff(own_objects(wanted, inventory)),
    }


def _services_of(observed: GatewayState, cluster_id: str, request: Request) -> tuple[DesiredService, ...]:
    """The Services that a cluster's virtual services are for."""
    ports: dict[str, list[DesiredPort]] = {}
    for item in observed.inventory:
        owned = owned_name(item.name, cluster_id) if isinstance(item, VirtualService) else None
        if owned is not None and isinstance(item, VirtualService) and item.ports:
            number = int(item.ports[0].partition("-")[0])
            ports.setdefault(owned.service, []).append(DesiredPort(owned.port, number, number))
    return tuple(
        DesiredService(name, cluster_id, "", (), tuple(sorted(found, key=lambda port: port.port)), "", request.naming)
        for name, found in sorted(ports.items())
    )


def _bodies(api: Api, request: Request, observed: GatewayState) -> dict[str, Body]:
    """The full bodies of the virtual services, by name, without what only Cloud Director sets."""
    found = {}
    for service in request.services:
        for names in wanted_absent(service).names:
            urn = observed.ids.get((VIRTUAL_SERVICE, names.virtual_service))
            if urn:
                what = f"virtual service {names.virtual_service!r}"
                found[names.virtual_service] = without_read_only(api.get(f"{PATH}/{urn}", what))
    return found
