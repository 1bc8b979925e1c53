# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Edge gateways: convert API bodies to module results. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import reference

Body = Mapping[str, Any]


def to_result(gateway: Body) -> dict[str, Any]:
    """An edge gateway with its uplinks."""
    return {
        "id": gateway.get("id"),
        "name": gateway.get("name"),
        "owner": reference(gateway.get("ownerRef") or gateway.get("orgVdc")),
        "status": gateway.get("status"),
        "backing_type": (gateway.get("gatewayBacking") or {}).get("gatewayType"),
        "uplinks": [_uplink(uplink) for uplink in gateway.get("edgeGatewayUplinks") or []],
    }


def _uplink(uplink: Body) -> dict[str, Any]:
    return {
        "name": uplink.get("uplinkName"),
        "using_ip_space": bool(uplink.get("usingIpSpace")),
        "subnets": [_subnet(subnet) for subnet in (uplink.get("subnets") or {}).get("values") or []],
    }


def _subnet(subnet: Body) -> dict[str, Any]:
    ranges = (subnet.get("ipRanges") or {}).get("values") or []
    return {
        "gateway": subnet.get("gateway"),
        "prefix_length": subnet.get("prefixLength"),
        "primary_ip": subnet.get("primaryIp"),
        "ip_ranges": [{"start": found.get("startAddress"), "end": found.get("endAddress")} for found in ranges],
    }


def load_balancer(settings: Body) -> dict[str, Any]:
    """The load balancer settings of an edge gateway."""
    return {
        "enabled": bool(settings.get("enabled")),
        "service_network": settings.get("serviceNetworkDefinition"),
        "ipv6_service_network": settings.get("ipv6ServiceNetworkDefinition"),
        "feature_set": settings.get("supportedFeatureSet"),
        "transparent_mode": bool(settings.get("transparentModeEnabled")),
    }


def service_engine_groups(assignments: Sequence[Body]) -> list[dict[str, Any]]:
    """The assigned service engine groups, by name. A dedicated group has no maximum."""
    found = [
        {
            "id": (assignment.get("serviceEngineGroupRef") or {}).get("id"),
            "name": (assignment.get("serviceEngineGroupRef") or {}).get("name"),
            "max_virtual_services": assignment.get("maxVirtualServices"),
            "reserved_virtual_services": assignment.get("minVirtualServices"),
            "deployed_virtual_services": assignment.get("numDeployedVirtualServices"),
            "feature_set": assignment.get("serviceEngineGroupSupportedFeatureSet"),
            "ha_mode": assignment.get("serviceEngineGroupHaMode"),
        }
        for assignment in assignments
    ]
    return sorted(found, key=lambda group: str(group["name"]))


def networks(rows: Sequence[Body]) -> list[dict[str, Any]]:
    """Routed networks by name, with each subnet as gateway address and prefix length."""
    found = [
        {
            "id": row.get("id"),
            "name": row.get("name"),
            "type": row.get("networkType"),
            "subnets": [
                f"{subnet.get('gateway')}/{subnet.get('prefixLength')}"
                for subnet in (row.get("subnets") or {}).get("values") or []
            ],
        }
        for row in rows
    ]
    return sorted(found, key=lambda network: str(network["name"]))


def used_ip_addresses(rows: Sequence[Body]) -> list[dict[str, Any]]:
    """Used addresses with their categories, such as DNAT, Load_Balancer or PRIMARY_IP."""
    return [{"address": row.get("ipAddress"), "category": row.get("category")} for row in rows]


def pools(summaries: Sequence[Body]) -> list[dict[str, Any]]:
    """Summaries of pools: the number of members instead of the members, and at most 10 of the virtual services."""
    return [
        {
            "id": row.get("id"),
            "name": row.get("name"),
            "enabled": row.get("enabled") is not False,
            "member_count": row.get("memberCount") or 0,
            "up_member_count": row.get("upMemberCount") or 0,
            "health_status": row.get("healthStatus"),
            "virtual_services": [found for found in map(reference, row.get("virtualServiceRefs") or []) if found],
        }
        for row in summaries
    ]
