# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Checks before the first write that services can have an IPv6 VIP."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import version_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import load_balancer_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.resource import load_balancer
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import VirtualService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import IPV6
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body

OPTION = "services.external_ip"
SINCE = (37, 0)


def check_family(service: Service, scenario: Scenario | None) -> None:
    """Raise InvalidInput for an IPv6 address where a service cannot have one. ``scenario`` None: it is removed."""
    if version_of(service.external_ip) != IPV6:
        return
    if service.managed_by_cpi:
        remedy = (
            f"CPI serves IPv4 only: give service {service.label!r} an IPv4 address, or serve it under name_template"
        )
        raise InvalidInput(OPTION, service.external_ip, remedy)
    if scenario is not None and scenario.one_arm:
        remedy = (
            f"service {service.label!r} needs scenario shared_external for an IPv6 address, as the DNAT rules of "
            f"{scenario.value} are for IPv4: use it, or give an IPv4 address"
        )
        raise InvalidInput(OPTION, service.external_ip, remedy)


def check_ipv6(api: Api, gateway: Body, steps: Iterable[Step]) -> None:
    """Raise CollectionError if a virtual service is to get an IPv6 VIP but lacks something that it needs for that.

    Requests are sent only for such a step.
    """
    new = [step.item for step in steps if isinstance(step.after, VirtualService) and _gets_ipv6(step)]
    if not new:
        return
    api.require(SINCE, f"{OPTION} with an IPv6 address")
    if not load_balancer(load_balancer_of(api, gateway))["ipv6_service_network"]:
        address = next(item.address for item in new if isinstance(item, VirtualService))
        raise InvalidInput(
            OPTION,
            address,
            f"the load balancer of edge gateway {gateway['name']!r} has no IPv6 service network: the provider can set "
            "one (ipv6_service_network of vcd_edge_load_balancer), or give an IPv4 address",
        )


def _gets_ipv6(step: Step) -> bool:
    before, after = step.before, step.after
    if not isinstance(after, VirtualService) or version_of(after.address) != IPV6:
        return False
    return not isinstance(before, VirtualService) or before.address != after.address
