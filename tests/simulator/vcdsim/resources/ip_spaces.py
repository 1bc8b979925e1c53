# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP Spaces and their uplinks."""

from __future__ import annotations

import ipaddress
from typing import Any

from vcdsim import addresses, errors
from vcdsim.bodies import Body, blank, flag, formatted, many, number, obj, one_of, read_only, ref, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.query import asked
from vcdsim.resources import external_networks, ip_prefixes
from vcdsim.resources.common import changed, listing, page_reply, realized, restored, same_id, status, stored
from vcdsim.resources.ip_prefixes import PREFIXES
from vcdsim.rights import IP_SPACE_MANAGE, IP_SPACE_VIEW, PROVIDER
from vcdsim.store import Record

BASE = "/cloudapi/1.0.0/ipSpaces"
ONE = BASE + "/{ipSpaceId}"
UPLINKS = "/cloudapi/1.0.0/ipSpaceUplinks"
UPLINK_ONE = UPLINKS + "/{ipSpaceUplinkId}"

RANGE = obj(
    {
        "id": text(),
        "startIpAddress": formatted("ip"),
        "endIpAddress": formatted("ip"),
        "totalIpCount": read_only(),
        "allocatedIpCount": read_only(),
        "allocatedIpPercentage": read_only(),
    },
    "startIpAddress",
    "endIpAddress",
)
SPACE = Body(
    "IP Space",
    {
        "status": read_only(),
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "type": one_of("PUBLIC", "PRIVATE", "SHARED_SERVICES"),
        "orgRef": ref("org"),
        "utilization": read_only(),
        # clients that want only prefixes send null as ranges
        "ipSpaceRanges": obj({"ipRanges": many(RANGE), "defaultFloatingIpQuota": number(-1)}),
        "ipSpacePrefixes": many(PREFIXES),
        "ipSpaceInternalScope": many(formatted("cidr"), low=1, high=5),
        "ipSpaceExternalScope": blank(formatted("cidr")),
        "routeAdvertisementEnabled": flag(default=False),
        "defaultGatewayServiceConfig": since(
            "38.0",
            obj(
                {
                    "enableDefaultFirewallRuleCreation": flag(default=False),
                    "enableDefaultNoSnatRuleCreation": flag(default=False),
                    "enableDefaultSnatRuleCreation": flag(default=False),
                }
            ),
        ),
    },
    "name",
    "type",
    "ipSpaceInternalScope",
)
UPLINK = Body(
    "IP Space uplink",
    {
        "status": read_only(),
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "externalNetworkRef": ref("network"),
        "ipSpaceRef": ref("ipSpace"),
        "ipSpaceType": read_only(),
        "interfaces": since("38.0", many(obj({"id": text(low=1), "name": text(), "interfaceType": text()}, "id"))),
    },
    "name",
    "externalNetworkRef",
    "ipSpaceRef",
)
_PROVIDER_FIELDS = ("ipSpaceRanges", "ipSpacePrefixes", "ipSpaceInternalScope", "ipSpaceExternalScope")
PREFIX, FLOATING = "IP_PREFIX", "FLOATING_IP"
SPACES = listing({"type": stored("type"), "status": status, "orgRef.id": lambda record: record.org})


def allocations_of(call: Call, space: Record, kind: str | None = None) -> list[Record]:
    """Every allocation in the IP Space, of any organisation: addresses, prefixes, or both."""
    found = call.store.where("ipSpaceIpAllocation", "ipSpace", space.id)
    return [one for one in found if kind in (None, one.data["type"])]


def users_of(call: Call, allocation: Record) -> list[addresses.Use]:
    """The uses of an allocated address; for a prefix, the networks that have it as their subnet."""
    value = allocation.data["value"]
    if allocation.data["type"] == PREFIX:
        return [
            addresses.Use(value, "NETWORK", network, {})
            for network in call.store.all("network")
            if network.org == allocation.org
            and any(str(addresses.network_of(one)) == value for one in network.data["subnets"]["values"])
        ]
    return addresses.uses_of(call.store, allocation.org, value)


def holds(space: Record, value: str) -> bool:
    """Whether an address lies in a range of the IP Space, or a prefix belongs to it."""
    if "/" in value:
        return value in ip_prefixes.every_prefix(space)
    return addresses.in_ip_space(space, ipaddress.ip_address(value))


def _size(space: Record) -> int:
    ranges = (space.data.get("ipSpaceRanges") or {}).get("ipRanges") or []
    return sum(
        int(ipaddress.ip_address(one["endIpAddress"])) - int(ipaddress.ip_address(one["startIpAddress"])) + 1
        for one in ranges
    )


def _quota(space: Record) -> int:
    return int((space.data.get("ipSpaceRanges") or {}).get("defaultFloatingIpQuota", -1))


def _utilization(call: Call, space: Record) -> dict[str, Any]:
    """The counts that VCD shows. A tenant sees its own share and quota of a shared IP Space, not other tenants'."""
    own = not call.session.is_provider and space.org is None
    prefixes = len(list(ip_prefixes.every_prefix(space)))
    return {
        "floatingIPs": _counts(call, space, FLOATING, _quota(space) if own else _size(space), own),
        "ipPrefixes": _counts(call, space, PREFIX, prefixes, own),
    }


def _counts(call: Call, space: Record, kind: str, total: int, own: bool) -> dict[str, Any]:
    taken = [one for one in allocations_of(call, space, kind) if not own or one.org == call.session.org.id]
    used = sum(1 for one in taken if one.data["usageState"] == "USED_MANUAL" or users_of(call, one))
    # VCD sends the counts as text and the percentages as numbers.
    return {
        "totalCount": str(total),
        "allocatedCount": str(len(taken)),
        "usedCount": str(used),
        "unusedCount": str(len(taken) - used),
        "allocatedPercentage": round(100 * len(taken) / total, 2) if total > 0 else None,
        "usedPercentage": round(100 * used / len(taken), 2) if taken else 0.0,
    }


def show_space(call: Call, space: Record) -> dict[str, Any]:
    body = SPACE.show(space.data, call.version)
    body |= {
        "id": space.id,
        "status": space.status,
        "orgRef": call.store.ref(space.org),
        "utilization": _utilization(call, space),
        "ipSpaceRanges": _show_ranges(call, space),
        "ipSpacePrefixes": ip_prefixes.show(space, {one.data["value"] for one in allocations_of(call, space, PREFIX)}),
    }
    # A tenant may allocate from a shared IP Space, but must not see its ranges.
    if not call.session.is_provider and space.org is None:
        body |= dict.fromkeys(_PROVIDER_FIELDS)
    return body


def _show_ranges(call: Call, space: Record) -> dict[str, Any] | None:
    stored_ranges = space.data.get("ipSpaceRanges")
    if not stored_ranges:
        return None
    taken = [ipaddress.ip_address(one.data["value"]) for one in allocations_of(call, space, FLOATING)]
    shown_ranges = []
    for one in stored_ranges.get("ipRanges") or []:
        low, high = int(ipaddress.ip_address(one["startIpAddress"])), int(ipaddress.ip_address(one["endIpAddress"]))
        count = sum(1 for address in taken if low <= int(address) <= high)
        percentage = round(100 * count / (high - low + 1), 2)
        counts = {"totalIpCount": str(high - low + 1), "allocatedIpCount": str(count)}
        shown_ranges.append({**one, **counts, "allocatedIpPercentage": percentage})
    return {**stored_ranges, "ipRanges": shown_ranges or None}


def _summary(call: Call, space: Record) -> dict[str, Any]:
    names = ("id", "name", "description", "type", "status", "orgRef", "utilization")
    return {name: value for name, value in show_space(call, space).items() if name in names}


def list_summaries(call: Call) -> Reply:
    return page_reply(call, SPACES, call.visible("ipSpace"), lambda one: _summary(call, one))


def get_space(call: Call) -> Reply:
    return Reply(200, show_space(call, call.require("ipSpace", call.params["ipSpaceId"])))


def required_filter(call: Call, selector: str) -> str:
    """The value of a selector that the filter must contain. Answers 400 without it."""
    found = asked(call.query, selector)
    if len(found) != 1:
        raise errors.bad_request(f"A filter with {selector}== is required.")
    return found[0]


def suggestions(call: Call) -> Reply:
    gateway = call.require("gateway", required_filter(call, "gatewayId"))
    how = listing(
        {"gatewayId": lambda _space: gateway.id, "ipType": _families},
        {"ipSpaceRef.name": lambda space: space.name},
        default_sort="ipSpaceRef.name",
    )
    return page_reply(call, how, addresses.ip_spaces_of(call.store, gateway), lambda one: _suggestion(call, one))


def _families(space: Record) -> list[str]:
    scopes = [ipaddress.ip_network(one, strict=False) for one in space.data["ipSpaceInternalScope"]]
    return sorted({f"IPV{scope.version}" for scope in scopes})


def _suggestion(call: Call, space: Record) -> dict[str, Any]:
    """Up to five addresses that the organisation has allocated but does not use."""
    own = [one for one in allocations_of(call, space, FLOATING) if call.sees(one)]
    unused = [one.data["value"] for one in own if one.data["usageState"] == "UNUSED" and not users_of(call, one)]
    return {"ipSpaceRef": call.store.ref(space.id), "unusedValues": unused[:5]}


def _checked(call: Call, space: Record | None) -> tuple[dict[str, Any], str | None]:
    sent = SPACE.read(call.body, call.version)
    org = sent.pop("orgRef", None)
    if (sent["type"] == "PRIVATE") != (org is not None):
        raise errors.bad_field("orgRef", "a PRIVATE IP Space has one, another has none")
    if sent["type"] != "PRIVATE" and not call.session.is_provider:
        raise errors.forbidden(PROVIDER, call.operation.name, sent["name"])
    owner = call.refer("orgRef", "org", org["id"]).id if org else None
    for one in call.store.where("ipSpace", "name", owner, sent["name"]):
        if one is not space and one.data["type"] == sent["type"]:
            raise errors.bad_request(f"An IP Space named {sent['name']} of the type {sent['type']} already exists.")
    _check_scope(sent)
    for one in (sent.get("ipSpaceRanges") or {}).get("ipRanges") or []:
        one["id"] = one.get("id") or call.store.mint("ipSpaceRange")
    private = sent["type"] == "PRIVATE"
    # the vendor: without a quota, 1 for PUBLIC and SHARED_SERVICES, and no limit for PRIVATE
    ranges = {"ipRanges": [], "defaultFloatingIpQuota": -1 if private else 1, **(sent.get("ipSpaceRanges") or {})}
    return {**sent, "ipSpaceRanges": ranges, "ipSpacePrefixes": ip_prefixes.checked(sent, call.store, private)}, owner


def _check_scope(sent: dict[str, Any]) -> None:
    scopes = [ipaddress.ip_network(one, strict=False) for one in sent["ipSpaceInternalScope"]]
    for one in (sent.get("ipSpaceRanges") or {}).get("ipRanges") or []:
        low, high = ipaddress.ip_address(one["startIpAddress"]), ipaddress.ip_address(one["endIpAddress"])
        if low.version != high.version or int(low) > int(high):
            raise errors.bad_field("ipSpaceRanges", "a range ends before it begins")
        if not any(low in scope and high in scope for scope in scopes):
            raise errors.bad_field("ipSpaceRanges", "a range lies outside the internal scope")


def post_space(call: Call) -> Reply:
    data, owner = _checked(call, None)
    space = Record("ipSpace", call.store.mint("ipSpace"), data, owner, "PENDING", shared=owner is None)
    return call.submit(
        space,
        locks=(space.id,),
        now=lambda: call.store.add(space),
        done=realized(space),
        undo=lambda: call.store.remove(space),
    )


def _own(call: Call) -> Record:
    space = call.require("ipSpace", call.params["ipSpaceId"])
    if not call.session.is_provider and space.org != call.session.org.id:
        raise errors.forbidden(PROVIDER, call.operation.name, space.id)
    return space


def put_space(call: Call) -> Reply:
    space = _own(call)
    same_id(call, space)
    data, owner = _checked(call, space)
    # "Only SHARED_SERVICES type can be changed to PUBLIC type" (go-vcloud-director)
    published = (space.data["type"], data["type"]) == ("SHARED_SERVICES", "PUBLIC")
    if owner != space.org or not (published or data["type"] == space.data["type"]):
        raise errors.bad_field("type", "it can be changed from SHARED_SERVICES to PUBLIC only, and orgRef never")
    after = Record("ipSpace", space.id, data, owner)
    for one in allocations_of(call, space):
        if not holds(after, one.data["value"]):
            raise errors.bad_field("ipSpaceRanges", f"{one.data['value']} is allocated and cannot be taken away")
    return call.submit(space, locks=(space.id,), now=changed(space, data), done=realized(space), undo=restored(space))


def delete_space(call: Call) -> Reply:
    space = _own(call)
    links = call.store.where("ipSpaceUplink", "ipSpace", space.id)
    if allocations_of(call, space) or links:
        raise errors.bad_request(f"The IP Space {space.name} is in use and cannot be deleted.")
    return call.submit(space, locks=(space.id,), done=lambda: call.store.remove(space))


UPLINK_LIST = listing(
    {
        "externalNetworkRef.id": stored("externalNetworkRef"),
        "ipSpaceRef.id": stored("ipSpaceRef"),
    },
    {},
)


def show_uplink(call: Call, link: Record) -> dict[str, Any]:
    space = call.store.get("ipSpace", link.data["ipSpaceRef"])
    network = {"name": link.data.get("externalNetworkName", ""), "id": link.data["externalNetworkRef"]}
    return UPLINK.show({"interfaces": [], **link.data}, call.version) | {
        "id": link.id,
        "status": link.status,
        "externalNetworkRef": network,
        "ipSpaceRef": call.store.ref(link.data["ipSpaceRef"]),
        "ipSpaceType": space.data["type"] if space else None,
    }


def list_uplinks(call: Call) -> Reply:
    required_filter(call, "externalNetworkRef.id")
    return page_reply(call, UPLINK_LIST, list(call.store.all("ipSpaceUplink")), lambda one: show_uplink(call, one))


def get_uplink(call: Call) -> Reply:
    return Reply(200, show_uplink(call, call.require("ipSpaceUplink", call.params["ipSpaceUplinkId"])))


def _known_network(call: Call, network_id: str) -> Record:
    """A provider gateway that uses IP Spaces."""
    network = call.store.get("externalNetwork", network_id)
    if network is None:
        raise errors.bad_field("externalNetworkRef", "there is no such external network")
    if not network.data.get("usingIpSpace"):
        raise errors.bad_field("externalNetworkRef", f"the external network {network.name} does not use IP Spaces")
    return network


def _interfaces(sent: dict[str, Any], network: Record) -> list[dict[str, Any]]:
    """The interfaces of the network's router that an uplink is associated with, as VCD shows them."""
    known = external_networks.interface_of(network)
    wanted = sent.get("interfaces") or []
    if any(one["id"] != known["id"] for one in wanted):
        raise errors.bad_field("interfaces", "the Tier-0 router has no such interface")
    shown = {"id": known["id"], "name": known["displayName"], "interfaceType": known["interfaceType"]}
    return [shown] if wanted else []


def post_uplink(call: Call) -> Reply:
    sent = UPLINK.read(call.body, call.version)
    space = call.refer("ipSpaceRef", "ipSpace", sent["ipSpaceRef"]["id"])
    network = sent["externalNetworkRef"]["id"]
    place = _known_network(call, network)
    name = place.name
    for one in call.store.where("ipSpaceUplink", "externalNetwork", network):
        if one.name == sent["name"] or one.data["ipSpaceRef"] == space.id:
            raise errors.bad_request(f"The provider gateway {name} already has the IP Space uplink {one.name}.")
    data = {**sent, "ipSpaceRef": space.id, "externalNetworkRef": network, "externalNetworkName": name}
    data["interfaces"] = _interfaces(sent, place)
    link = Record("ipSpaceUplink", call.store.mint("ipSpaceUplink"), data, None, "PENDING")
    return call.submit(
        link,
        locks=(link.id,),
        now=lambda: call.store.add(link),
        done=realized(link),
        undo=lambda: call.store.remove(link),
    )


def put_uplink(call: Call) -> Reply:
    link = call.require("ipSpaceUplink", call.params["ipSpaceUplinkId"])
    same_id(call, link)
    sent = UPLINK.read(call.body, call.version)
    if (sent["ipSpaceRef"]["id"], sent["externalNetworkRef"]["id"]) != (
        link.data["ipSpaceRef"],
        link.data["externalNetworkRef"],
    ):
        raise errors.bad_field("ipSpaceRef", "neither it nor externalNetworkRef can be changed")
    interfaces = _interfaces(sent, _known_network(call, link.data["externalNetworkRef"]))
    data = {**link.data, "name": sent["name"], "description": sent.get("description"), "interfaces": interfaces}
    return call.submit(link, locks=(link.id,), now=changed(link, data), done=realized(link), undo=restored(link))


def delete_uplink(call: Call) -> Reply:
    link = call.require("ipSpaceUplink", call.params["ipSpaceUplinkId"])
    return call.submit(link, locks=(link.id,), done=lambda: call.store.remove(link))


OPERATIONS = (
    Operation("GET", BASE + "/summaries", "37.1", IP_SPACE_VIEW, list_summaries, "IP_SPACE_VIEW"),
    Operation(
        "GET",
        BASE + "/floatingIpSuggestions",
        "37.1",
        IP_SPACE_VIEW,
        suggestions,
        "IP_SPACE_VIEW",
        refuses="a list without a filter by gatewayId",
    ),
    Operation(
        "POST",
        BASE,
        "37.1",
        IP_SPACE_MANAGE,
        post_space,
        "IP_SPACE_CREATE",
        refuses="types except PRIVATE for a tenant, a duplicate name, ranges or prefixes outside the scope or that "
        "overlap",
    ),
    Operation("GET", ONE, "37.1", IP_SPACE_VIEW, get_space, "IP_SPACE_VIEW"),
    Operation(
        "PUT",
        ONE,
        "37.1",
        IP_SPACE_MANAGE,
        put_space,
        "IP_SPACE_UPDATE",
        basis="assumed",
        refuses="the same as POST; the removal of an allocated address",
    ),
    Operation(
        "DELETE",
        ONE,
        "37.1",
        IP_SPACE_MANAGE,
        delete_space,
        "IP_SPACE_DELETE",
        basis="assumed",
        refuses="an IP Space with allocations or uplinks",
    ),
    Operation(
        "GET",
        UPLINKS,
        "37.1",
        PROVIDER,
        list_uplinks,
        "IP_SPACE_UPLINK_VIEW",
        refuses="a list without a filter by externalNetworkRef.id",
    ),
    Operation("GET", UPLINK_ONE, "37.1", PROVIDER, get_uplink, "IP_SPACE_UPLINK_VIEW"),
    Operation("POST", UPLINKS, "37.1", PROVIDER, post_uplink, "IP_SPACE_UPLINK_CREATE", refuses="a duplicate uplink"),
    Operation(
        "PUT", UPLINK_ONE, "37.1", PROVIDER, put_uplink, "IP_SPACE_UPLINK_UPDATE", refuses="a change of the IP Space"
    ),
    Operation("DELETE", UPLINK_ONE, "37.1", PROVIDER, delete_uplink, "IP_SPACE_UPLINK_DELETE"),
)
