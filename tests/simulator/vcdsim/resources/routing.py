# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routing of an edge gateway: BGP with its neighbors and prefix lists, static routes, and route advertisement.

Fields: the vendor's description. BGP and advertisement need a dedicated Tier-0 router: the tests of
go-vcloud-director and Terraform's provider dedicate one first.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from vcdsim import addresses, errors
from vcdsim.bodies import Body, blank, flag, formatted, many, number, obj, one_of, read_only, text
from vcdsim.calls import Call
from vcdsim.resources.parts import VERSION, Part, Setting, sent_as_is
from vcdsim.rights import BGP_CONFIGURE, BGP_VIEW, STATIC_ROUTING_CONFIGURE, STATIC_ROUTING_VIEW
from vcdsim.store import Record

_SECONDS = 65535
_MODES = ("DISABLE", "HELPER_ONLY", "GRACEFUL_AND_HELPER")
_RESTART = {"mode": "HELPER_ONLY", "restartTimer": 180, "staleRouteTimer": 600}
BGP = Body(
    "BGP configuration",
    {
        "enabled": flag(default=True),
        "ecmp": flag(default=True),
        "localASNumber": formatted("as-number"),
        "gracefulRestart": obj(
            {
                "mode": one_of(*_MODES, default="HELPER_ONLY"),
                "restartTimer": number(1, 3600, default=180),
                "staleRouteTimer": number(1, 3600, default=600),
            },
            default=_RESTART,
        ),
        "version": VERSION,
    },
    "version",
)
_EXT_REF = obj({"id": text(), "name": text()})
NEIGHBOR = Body(
    "BGP neighbor",
    {
        "id": blank(text()),
        "neighborAddress": formatted("ip"),
        "remoteASNumber": formatted("as-number"),
        "keepAliveTimer": number(1, _SECONDS, default=60),
        "holdDownTimer": number(1, _SECONDS, default=180),
        "gracefulRestartMode": one_of(*_MODES, default="HELPER_ONLY"),
        "bfd": obj(
            {
                "enabled": flag(default=False),
                "bfdInterval": number(300, 60000, default=1000),
                "declareDeadMultiple": number(2, 16, default=3),
            },
            default={"enabled": False, "bfdInterval": 1000, "declareDeadMultiple": 3},
        ),
        "allowASIn": flag(default=False),
        "neighborPassword": text(high=20, writeOnly=True),
        "ipAddressTypeFiltering": one_of("IPV4", "IPV6", "DISABLED", default="DISABLED"),
        "inRoutesFilterRef": _EXT_REF,
        "outRoutesFilterRef": _EXT_REF,
        "version": VERSION,
    },
    "neighborAddress",
    "remoteASNumber",
)
PREFIX_LIST = Body(
    "BGP prefix list",
    {
        "id": blank(text()),
        "name": text(low=1),
        "description": text(),
        "prefixes": many(
            obj(
                {
                    "network": formatted("cidr"),
                    "action": one_of("PERMIT", "DENY", default="PERMIT"),
                    "greaterThanEqualTo": number(1, 128),
                    "lessThanEqualTo": number(1, 128),
                }
            ),
            low=1,
        ),
        "version": VERSION,
    },
    "name",
    "prefixes",
)
ROUTE = Body(
    "static route",
    {
        "id": blank(text()),
        "name": text(low=1),
        "description": text(),
        "networkCidr": formatted("cidr"),
        "nextHops": many(
            obj(
                {
                    "ipAddress": blank(formatted("ip")),
                    "adminDistance": number(1, 255),
                    "scope": obj(
                        {"id": blank(text()), "name": text(), "scopeType": blank(one_of("NETWORK", "SYSTEM_OWNED"))}
                    ),
                },
                "adminDistance",
            ),
            low=1,
            high=5,
        ),
        "systemOwned": read_only(),
        "version": read_only(),
    },
    "name",
    "networkCidr",
    "nextHops",
)
ADVERTISEMENT = Body(
    "route advertisement",
    {"enable": flag(default=True), "subnets": many(formatted("cidr"), high=100, default=[])},
)


def _check_dedicated(gateway: Record) -> None:
    """Answers 400 if other edge gateways share the Tier-0 router (assumed: the text)."""
    uplink = next(iter(addresses.uplinks(gateway)))
    if not uplink.get("dedicated") and not uplink.get("usingIpSpace"):
        raise errors.bad_request(f"The edge gateway {gateway.name} has no dedicated external network.")


def _settled_bgp(_call: Call, gateway: Record, sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    if sent["enabled"]:
        _check_dedicated(gateway)
    return {"localASNumber": before["localASNumber"], **sent}


def _settled_neighbor(call: Call, gateway: Record, sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    for one in NEIGHBORS.all(call, gateway):
        if one.data is not before and one.data["neighborAddress"] == sent["neighborAddress"]:
            raise errors.bad_field("neighborAddress", "the edge gateway has such a neighbor")
    for name in ("inRoutesFilterRef", "outRoutesFilterRef"):
        if name in sent:
            known = {one.id for one in PREFIX_LISTS.all(call, gateway)}
            if sent[name].get("id") not in known:
                raise errors.bad_field(name, "there is no such prefix list")
            sent[name] = sent[name]["id"]
    return sent


def _shown_neighbor(call: Call, _gateway: Record, stored: dict[str, Any]) -> dict[str, Any]:
    filters = {name: call.store.ref(stored.get(name)) for name in ("inRoutesFilterRef", "outRoutesFilterRef")}
    return {**stored, **filters}


def _settled_list(call: Call, gateway: Record, sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    for one in PREFIX_LISTS.all(call, gateway):
        if one.data is not before and one.name == sent["name"]:
            raise errors.bad_request(f"A prefix list named {sent['name']} already exists on {gateway.name}.")
    for one in sent["prefixes"]:
        if one.get("greaterThanEqualTo", 1) > one.get("lessThanEqualTo", 128):
            raise errors.bad_field("prefixes.greaterThanEqualTo", "it must be at most lessThanEqualTo")
    return sent


def _settled_route(call: Call, gateway: Record, sent: dict[str, Any], _before: dict[str, Any]) -> dict[str, Any]:
    for hop in sent["nextHops"]:
        scope = hop.get("scope") or {}
        if scope.get("scopeType") == "NETWORK":
            network = call.refer("nextHops.scope", "network", str(scope.get("id")))
            if network.data.get("router") != gateway.id:
                raise errors.bad_field("nextHops.scope", "the network is not connected to the edge gateway")
            hop["scope"] = {**scope, "name": network.name}
        elif "ipAddress" not in hop:
            raise errors.bad_field("nextHops", "a next hop has an address or a network")
    return sent


def _shown_route(_call: Call, _gateway: Record, stored: dict[str, Any]) -> dict[str, Any]:
    # go-vcloud-director declares the version as text, so VCD cannot send the usual object
    return {**stored, "systemOwned": False, "version": None}


def _advertised(call: Call, gateway: Record, sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    if sent["enable"]:
        _check_dedicated(gateway)
    # the vendor: "the CIDR value will automatically be converted to its network definition"
    networks = [str(ipaddress.ip_network(one, strict=False)) for one in sent["subnets"]]
    return sent_as_is(call, gateway, {**sent, "subnets": networks}, before)


CONFIGURATION = Setting(
    "bgp",
    "/routing/bgp",
    "34.0",
    BGP,
    {"enabled": False, "ecmp": True, "localASNumber": "65000", "gracefulRestart": _RESTART},
    BGP_VIEW,
    BGP_CONFIGURE,
    "EDGE_GATEWAY_BGP",
    settle=_settled_bgp,
    refuses="switching on without a dedicated external network (assumed), an old version",
)
NEIGHBORS = Part(
    "bgpNeighbor",
    "/routing/bgp/neighbors",
    "neighborId",
    "34.0",
    NEIGHBOR,
    BGP_VIEW,
    BGP_CONFIGURE,
    "EDGE_GATEWAY_BGP_NEIGHBOR",
    settle=_settled_neighbor,
    show=_shown_neighbor,
    refuses="the address of another neighbor (assumed), an unknown prefix list",
)
PREFIX_LISTS = Part(
    "bgpPrefixList",
    "/routing/bgp/prefixLists",
    "listId",
    "34.0",
    PREFIX_LIST,
    BGP_VIEW,
    BGP_CONFIGURE,
    "EDGE_GATEWAY_PREFIX_LIST",
    settle=_settled_list,
    refuses="a name that another list of the edge gateway has (assumed)",
)
ROUTES = Part(
    "staticRoute",
    "/routing/staticRoutes",
    "routeId",
    "37.0",
    ROUTE,
    STATIC_ROUTING_VIEW,
    STATIC_ROUTING_CONFIGURE,
    "EDGE_GATEWAY_STATIC_ROUTE",
    settle=_settled_route,
    show=_shown_route,
    refuses="a network that is not connected to the edge gateway",
)
ADVERTISED = Setting(
    "advertisement",
    "/routing/advertisement",
    "34.0",
    ADVERTISEMENT,
    {"enable": False, "subnets": []},
    BGP_VIEW,
    BGP_CONFIGURE,
    "EDGE_GATEWAY_ROUTE_ADVERTISEMENT",
    settle=_advertised,
    refuses="switching on without a dedicated external network (assumed)",
)
OPERATIONS = tuple(
    operation for one in (CONFIGURATION, NEIGHBORS, PREFIX_LISTS, ROUTES, ADVERTISED) for operation in one.operations()
)
