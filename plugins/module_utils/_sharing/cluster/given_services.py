# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Turns Services, as kubernetes.core.k8s_info returns them, into the option ``services`` of vcd_shared_ip. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._service_layout import describe_service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import read_service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import ObservedService, observe
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.services import as_option
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import choose_external_ip

INPUT = "the input of shared_ip_services"


def services_from(
    resources: Any,
    *,
    members: Collection[str] = (),
    certificate: str = "",
    load_balancer_class: str = "",
) -> tuple[list[dict[str, Any]], list[str]]:
    """The Services of type LoadBalancer with this class, by namespace and name, and a warning for each omission.

    ``members`` are the addresses of the nodes, ``certificate`` the alias for TLS where no annotation names one. Ports
    are interpreted as CPI does. Raises InvalidInput for anything but Services of Kubernetes.
    """
    found, warnings = [], []
    for number, raw in enumerate(_list(resources)):
        row = _service(raw, number)
        if row is None or (row["load_balancer_class"] or "") != load_balancer_class or row["deleting"]:
            continue
        service = replace(read_service(row, f"{INPUT}[{number}]"), load_balancer_class="")
        (item,) = observe([service], "", certificate, Inventory(), EdgeAddresses())
        warnings += [f"{service.label}: port {one.port} is left out: {one.why}: {one.remedy}" for one in item.aside]
        if item.service.ports:
            option = as_option(item.service.with_external_ip(_external_ip(item)), _names_aside(item))
            option["external_ip"] = option["external_ip"] or None
            found.append({**option, **({"members": list(members)} if members else {})})
    return sorted(found, key=lambda one: (one["namespace"], one["name"])), warnings


def _list(resources: Any) -> Iterable[Any]:
    if isinstance(resources, Mapping) and isinstance(resources.get("resources"), list):
        return list(resources["resources"])  # the whole result of k8s_info
    if not isinstance(resources, (list, tuple)):
        raise InvalidInput(INPUT, resources, "give the list resources of a result of kubernetes.core.k8s_info")
    return resources


def _service(raw: Any, number: int) -> dict[str, Any] | None:
    """A Service of type LoadBalancer; None for one of another type."""
    kind = raw.get("kind") if isinstance(raw, Mapping) else None
    spec = raw.get("spec") if isinstance(raw, Mapping) else None
    if not isinstance(spec, Mapping) or kind not in ("Service", None):
        raise InvalidInput(
            f"{INPUT}[{number}]", kind or raw, "is not a Service: ask k8s_info for api_version v1, kind Service"
        )
    return describe_service(raw) if spec.get("type") == "LoadBalancer" else None


def _external_ip(item: ObservedService) -> str:
    """The IP that the Service shows, else the one that it asks for; empty if there is neither."""
    kubernetes = item.kubernetes
    return choose_external_ip(
        item.service,
        Inventory(),
        EdgeAddresses(),
        status_ips=kubernetes.external_ips,
        asked=kubernetes.load_balancer_ip,
    )


def _names_aside(item: ObservedService) -> list[str]:
    return [port.name for port in item.kubernetes.ports if port.name in {one.port for one in item.aside}]
