# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for edge gateways, with their load balancer, service engine groups, networks and used addresses."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    AddressRange,
    lowest_free,
    network_of,
    parse_addresses,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import (
    all_of,
    equals,
    is_urn,
    pick,
    same_reference,
)

# the API's maximum page size for the list of networks
NETWORK_PAGE_SIZE = 32


def find_edge_gateways(api: Api, edge_gateway: str | None, vdc: str | None) -> list[Body]:
    """The edge gateways with this name or URN (all when None) in this VDC or VDC group (any when None)."""
    if vdc:
        is_urn("vdc", vdc, "vdc", "vdcGroup")
    if edge_gateway and is_urn("edge_gateway", edge_gateway, "gateway"):
        one = api.get_or_none(f"edgeGateways/{edge_gateway}", f"edge gateway {edge_gateway!r}")
        found = [one] if one else []
    else:
        query = equals("name", edge_gateway) if edge_gateway else ""
        found = api.pages("edgeGateways", "edge gateways", query=query)
        found = [gateway for gateway in found if not edge_gateway or gateway.get("name") == edge_gateway]
    return [gateway for gateway in found if not vdc or same_reference(owner_of(gateway), vdc)]


def get_edge_gateway(api: Api, edge_gateway: str, vdc: str | None = None) -> Body:
    """The only NSX-T edge gateway with this name or URN. Raises CollectionError for no match, or for several."""
    gateway: Body = pick(
        "edge_gateway",
        edge_gateway,
        find_edge_gateways(api, edge_gateway, vdc),
        kind="edge gateway",
        where=f"in the VDC or VDC group {vdc!r}" if vdc else f"visible to {api.session.settings.who}",
        apart="set vdc to the VDC or VDC group that owns it, or edge_gateway to its URN",
        describe=_with_owner,
        others=lambda: other_gateways(api, edge_gateway),
    )
    backing = backing_type(gateway)
    if backing != "NSXT_BACKED":
        raise InvalidInput(
            "edge_gateway", edge_gateway, f"its type is {backing or 'unknown'}: give an NSX-T edge gateway"
        )
    return gateway


def get_gateway_of_network(
    api: Api, network: str, vdc: str | None = None, *, from_all: bool = False, vdc_of_network: str = ""
) -> Body:
    """The edge gateway that routes an organization VDC network, given by name or URN.

    ``from_all``: look for it among all networks, for a caller that reads all of them anyway (``networks_of``).
    ``vdc_of_network``: only a network in this VDC, or one of a VDC group, which is in no VDC.
    """
    is_urn("network", network, "network")
    if from_all:
        rows = list_networks(api)
    else:
        query = all_of(equals("name", network)) if not network.startswith("urn:") else ""
        rows = api.pages("orgVdcNetworks", "networks", query=query, page_size=NETWORK_PAGE_SIZE)
    named = [row for row in rows if network in (row.get("id"), row.get("name"))]
    where, rows = f"visible to {api.session.settings.who}", named
    if vdc:
        where, rows = f"in the VDC or VDC group {vdc!r}", _of_vdc(api, named, vdc)
    elif vdc_of_network:
        rows = [row for row in named if not row.get("orgVdc") or same_reference(row["orgVdc"], vdc_of_network)]
        where = f"in the VDC {vdc_of_network!r}, which CPI's file names as vcd.vdc" if named else where

    def others() -> list[str]:
        if named:
            return [f"one in {(row.get('ownerRef') or row.get('orgVdc') or {}).get('name')!r}" for row in named]
        return [str(row.get("name")) for row in list_networks(api)]

    found = pick(
        "network",
        network,
        rows,
        kind="network",
        where=where,
        apart="set vdc to the VDC or VDC group that owns it, or network to its URN",
        describe=_with_owner,
        others=others,
    )
    router = router_of(found)
    if not router:
        raise InvalidInput("network", network, "is not a routed network: give one that an edge gateway routes")
    return get_edge_gateway(api, router)


def _of_vdc(api: Api, networks: list[Body], vdc: str) -> list[Body]:
    """The networks that a VDC or VDC group owns, or else those of the VDC groups that the VDC participates in.

    A network of a VDC group names only the group as its owner, so the participating VDCs are read from the group.
    """
    own = [row for row in networks if any(same_reference(row.get(key), vdc) for key in ("ownerRef", "orgVdc"))]
    return own or [row for row in networks if participates(_group_of(api, row), vdc)]


def _group_of(api: Api, network: Body) -> Body | None:
    owner = str((network.get("ownerRef") or {}).get("id"))
    return api.get_or_none(f"vdcGroups/{owner}", f"VDC group {owner}") if ":vdcGroup:" in owner else None


def participates(group: Body | None, vdc: str) -> bool:
    """Whether a VDC, given by name or URN, participates in a VDC group."""
    members = (group or {}).get("participatingOrgVdcs") or []
    return any(same_reference(member.get("vdcRef"), vdc) for member in members)


def networks_of(api: Api, gateway: Body) -> list[Body]:
    """The routed networks of an edge gateway."""
    return [row for row in list_networks(api) if router_of(row) == gateway["id"]]


@lru_cache(maxsize=1)
def list_networks(api: Api) -> list[Body]:
    """All networks, read once per session: the list cannot be filtered by router, and there may be many gateways."""
    return api.pages("orgVdcNetworks", "networks", page_size=NETWORK_PAGE_SIZE)


def router_of(network: Body) -> str | None:
    """The id of the edge gateway that routes a network; None for a network without a router."""
    found = ((network.get("connection") or {}).get("routerRef") or {}).get("id")
    return str(found) if found else None


def used_addresses_of(api: Api, gateway: Body) -> list[Body]:
    """The used addresses of the uplinks, with the category of their use."""
    rows = api.pages(f"edgeGateways/{gateway['id']}/usedIpAddresses", "used IP addresses")
    return sorted(rows, key=lambda row: (str(row.get("ipAddress")), str(row.get("category"))))


def free_external_ip(api: Api, gateway: Body, within: str | None, taken: Collection[str] = ()) -> str:
    """The address of `find_free_external_ip`. Raises InvalidInput when no address is free."""
    found = find_free_external_ip(api, gateway, within, taken)
    if found:
        return found
    where = f"in the uplink ranges of edge gateway {gateway['name']!r}"
    remedy = "give external_ip, release a used address, or ask the provider to allocate more to the edge gateway"
    if within:
        raise InvalidInput("vip_subnet", within, f"no free address of this subnet {where}: choose another, {remedy}")
    raise InvalidInput("external_ip", "", f"no free address {where}: {remedy}")


def find_free_external_ip(api: Api, gateway: Body, within: str | None, taken: Collection[str] = ()) -> str:
    """The first unused address of the uplinks' IPv4 ranges, within the network ``within`` if given; empty for none.

    ``taken`` are addresses that this run has already assigned. Cloud Director makes no reservation: another user may
    take the address before it is written. Raises InvalidInput when ``within`` is not a network.
    """
    limit = network_of(checks.network("vip_subnet", within)) if within else None
    used = {str(row.get("ipAddress")) for row in used_addresses_of(api, gateway)} | set(taken)
    for found in _external_ranges(gateway):
        part = found.intersection(limit) if limit else found
        free = lowest_free(part, used, 1) if part else ()
        if free:
            return free[0]
    return ""


def _external_ranges(gateway: Body) -> Iterator[AddressRange]:
    """The IPv4 ranges that are allocated to an edge gateway, in the server's order."""
    for uplink in gateway.get("edgeGatewayUplinks") or []:
        for subnet in (uplink.get("subnets") or {}).get("values") or []:
            for row in (subnet.get("ipRanges") or {}).get("values") or []:
                found = parse_addresses(f"{row['startAddress']}-{row['endAddress']}")
                if found is not None and found.version == 4:
                    yield found


def load_balancer_of(api: Api, gateway: Body) -> Body:
    """The load balancer settings of an edge gateway."""
    return api.get(f"edgeGateways/{gateway['id']}/loadBalancer", f"load balancer of edge gateway {gateway['name']!r}")


def require_load_balancer(api: Api, gateway: Body) -> None:
    """Raise InvalidInput if the load balancer of an edge gateway is disabled, so that no objects can be created."""
    if load_balancer_of(api, gateway).get("enabled") is False:
        remedy = "its load balancer is disabled: ask the provider to enable it (vcd_edge_load_balancer)"
        raise InvalidInput("edge_gateway", gateway["name"], remedy)


def assignments_of(api: Api, gateway: Body) -> list[Body]:
    """The service engine groups that are assigned to an edge gateway."""
    query = f"gatewayRef.id=={gateway['id']}"
    rows = api.pages("loadBalancer/serviceEngineGroups/assignments", "service engine groups", query=query)
    return [row for row in rows if (row.get("gatewayRef") or {}).get("id") == gateway["id"]]


def wait_until_ready(api: Api, gateway: Body, seconds: float) -> None:
    """Wait at most ``seconds`` until an edge gateway is realized, including the changes written to it."""
    what = f"edge gateway {gateway['name']!r}"
    api.wait(f"edgeGateways/{gateway['id']}", what, seconds, lambda body: body.get("status") == "REALIZED", "status")


def owner_of(gateway: Body) -> dict[str, Any]:
    """The VDC or VDC group that owns an edge gateway, as ``{name, id}``."""
    owner = gateway.get("ownerRef") or gateway.get("orgVdc")
    if not owner:
        raise CollectionError(f"edge gateway {gateway.get('name')!r}: this user cannot see its owner")
    return dict(owner)


def backing_type(gateway: Body) -> str | None:
    """NSXT_BACKED, NSXV_BACKED or NSXT_IMPORTED."""
    found = (gateway.get("gatewayBacking") or {}).get("gatewayType")
    return str(found) if found else None


def _with_owner(found: Any) -> str:
    owner = found.get("ownerRef") or found.get("orgVdc") or {}
    return f"{found.get('id')} in {owner.get('name')}"


def other_gateways(api: Api, edge_gateway: str) -> list[str]:
    """Suggestions if a gateway was not found: the owners of those with this name, or else all names. One request."""
    found = find_edge_gateways(api, None, None)
    same = [f"one in {owner_of(one).get('name')!r}" for one in found if one.get("name") == edge_gateway]
    return same or [str(one.get("name")) for one in found]
