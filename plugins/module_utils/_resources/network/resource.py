# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Networks of an organization, as the module returns them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import reference


def to_result(body: Mapping[str, Any]) -> dict[str, Any]:
    """A network with its subnets. ``owner`` is its VDC, or the VDC group that owns it."""
    return {
        "id": body.get("id"),
        "name": body.get("name"),
        "description": body.get("description") or "",
        "type": body.get("networkType"),
        "owner": reference(body.get("ownerRef")) or reference(body.get("orgVdc")),
        "edge_gateway": reference((body.get("connection") or {}).get("routerRef")),
        "subnets": [_subnet(one) for one in (body.get("subnets") or {}).get("values") or []],
        "total_ip_count": body.get("totalIpCount"),
        "used_ip_count": body.get("usedIpCount"),
        "status": body.get("status"),
    }


def _subnet(subnet: Mapping[str, Any]) -> dict[str, Any]:
    ranges = (subnet.get("ipRanges") or {}).get("values") or []
    return {
        "gateway": subnet.get("gateway"),
        "prefix_length": subnet.get("prefixLength"),
        "dns_suffix": subnet.get("dnsSuffix") or None,
        "dns_servers": [subnet[name] for name in ("dnsServer1", "dnsServer2") if subnet.get(name)],
        "ip_ranges": [f"{one['startAddress']}-{one['endAddress']}" for one in ranges],
    }
