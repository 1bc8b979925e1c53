# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Checks, before a virtual service is deleted and created again, for what Cloud Director would refuse then.

The manager checks for every write that the edge gateway may use the VIP and that its ports are free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import network_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    load_balancer_of,
    networks_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.comparison import VIPS, sharing
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body

Result = Mapping[str, Any]


def check(
    api: Api, gateway: Body, before: Result, planned: Result, others: Sequence[Result], groups: Sequence[Body]
) -> None:
    """Raise InvalidInput for what would be refused. ``others`` are the virtual services, ``groups`` the assignments.

    ``before`` and ``planned`` are results. Only what changes is checked: Cloud Director has accepted the rest already.
    """
    _check_group(before, planned, others, groups)
    vips = [vip for vip in VIPS if planned[vip] and planned[vip] != before[vip]]
    profile = (planned["application_profile"], len(planned["service_ports"]))
    needs_premium = profile[0] == "L4_TLS" or (profile[0] == "L4" and profile[1] > 1)
    changed = profile != (before["application_profile"], len(before["service_ports"]))
    settings = load_balancer_of(api, gateway) if vips or (needs_premium and changed) else {}
    if needs_premium and changed and settings.get("supportedFeatureSet") == "STANDARD":
        remedy = (
            f"needs the feature set PREMIUM with {profile[1]} ports, and the edge gateway has STANDARD: choose HTTP"
        )
        raise InvalidInput("application_profile", profile[0], remedy)
    for vip in vips:
        _check_vip(api, gateway, settings, vip, planned[vip])


def _check_group(before: Result, planned: Result, others: Sequence[Result], groups: Sequence[Body]) -> None:
    group = planned["service_engine_group"] or {}
    for other in sharing(planned, others):
        theirs = other["service_engine_group"] or {}
        if theirs.get("id") not in (None, group.get("id")):
            remedy = (
                f"virtual service {other['name']!r} has the same VIP in {theirs.get('name')!r}, and NSX ALB shares a "
                f"VIP in one group only: give {theirs.get('name')!r}, or choose another VIP"
            )
            raise InvalidInput("service_engine_group", group.get("name"), remedy)
    if group.get("id") == (before["service_engine_group"] or {}).get("id"):
        return  # the deleted virtual service frees its place
    for one in groups:
        limit, deployed = one.get("maxVirtualServices"), one.get("numDeployedVirtualServices") or 0
        if one["serviceEngineGroupRef"]["id"] == group.get("id") and limit is not None and deployed >= limit:
            remedy = (
                f"it has no room ({deployed} of {limit} virtual services): choose another, or ask for a higher limit"
            )
            raise InvalidInput("service_engine_group", group.get("name"), remedy)


def _check_vip(api: Api, gateway: Body, settings: Body, option: str, address: str) -> None:
    for key in ("serviceNetworkDefinition", "ipv6ServiceNetworkDefinition"):
        network = network_of(str(settings.get(key) or ""))
        if network is not None and address in network:
            raise InvalidInput(option, address, f"is in the load balancer's service network {network}: choose another")
    for row in networks_of(api, gateway):
        subnets = (row.get("subnets") or {}).get("values") or []
        if address in [subnet.get("gateway") for subnet in subnets]:
            remedy = f"is the gateway address of network {row.get('name')!r}: choose another"
            raise InvalidInput(option, address, remedy)
