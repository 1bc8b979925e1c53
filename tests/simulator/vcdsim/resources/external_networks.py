# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""External networks of NSX-T, also called provider gateways: edge gateways and IP Spaces are connected to them.

The NSX-T manager has two Tier-0 routers, one of them a VRF, each with one interface.
"""

from __future__ import annotations

from typing import Any

from vcdsim import addresses, errors
from vcdsim.bodies import Body, blank, flag, formatted, many, obj, one_of, read_only, ref, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.query import asked
from vcdsim.resources.common import UNSORTED, changed, listing, page_reply, realized, restored, same_id
from vcdsim.resources.edge_gateways import NETWORK_SUBNET
from vcdsim.resources.nsx_t import CLUSTER, INTERFACE, LOGICAL_SWITCH, NSX_T, ROUTERS, SEGMENTS, imported, nsx_id
from vcdsim.rights import PROVIDER
from vcdsim.store import Record, is_identifier

BASE = "/cloudapi/1.0.0/externalNetworks"
ONE = BASE + "/{externalNetworkId}"

NETWORK = Body(
    "external network",
    {
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "subnets": obj({"values": many(NETWORK_SUBNET, default=[])}, default={"values": []}),
        "networkBackings": obj(
            {
                "values": many(
                    obj(
                        {
                            "backingId": text(low=1),
                            "name": text(),
                            "backingType": blank(text(writeOnly=True)),
                            "backingTypeValue": blank(one_of("NSXT_TIER0", "NSXT_VRF_TIER0", LOGICAL_SWITCH)),
                            "networkProvider": ref("nsxtmanager"),
                        },
                        "backingId",
                        "networkProvider",
                    ),
                    low=1,
                    high=1,
                )
            },
            "values",
        ),
        "usingIpSpace": since("37.1", flag(default=False)),
        "dedicatedEdgeGateway": read_only(),
        # Terraform's provider sends an empty reference for a network that all organisations may use
        "dedicatedOrg": since("37.1", obj({"name": text(), "id": blank(formatted("urn:org"))})),
        "natAndFirewallServiceIntention": since(
            "38.1", blank(one_of("PROVIDER_GATEWAY", "EDGE_GATEWAY", "PROVIDER_AND_EDGE_GATEWAY"))
        ),
        "networkRouteAdvertisementIntention": since(
            "38.1",
            blank(
                one_of(
                    "IP_SPACE_UPLINKS_ADVERTISED_STRICT",
                    "IP_SPACE_UPLINKS_ADVERTISED_FLEXIBLE",
                    "ALL_NETWORKS_ADVERTISED",
                )
            ),
        ),
        "totalIpCount": read_only(),
        "usedIpCount": read_only(),
    },
    "name",
    "networkBackings",
)
LIST = listing({"dedicatedOrg.id": lambda one: one.data.get("dedicatedOrg")}, {})


def show_network(call: Call, network: Record) -> dict[str, Any]:
    values = (network.data.get("subnets") or {}).get("values") or []
    subnets = [{**one, "totalIpCount": addresses.address_count([one]), "usedIpCount": 0} for one in values]
    backing = network.data["backing"]
    body, provider = NETWORK.show(network.data, call.version), call.store.ref(backing["networkProvider"])
    shown_fields = {
        "id": network.id,
        "subnets": {"values": subnets},
        "networkBackings": {"values": [{**backing, **_deprecated(backing), "networkProvider": provider}]},
        "dedicatedEdgeGateway": _dedicated(call, network),
        "dedicatedOrg": call.store.ref(network.data.get("dedicatedOrg")),
        "totalIpCount": addresses.address_count(values),
        "usedIpCount": 0,
    }
    return body | {name: value for name, value in shown_fields.items() if name in body}


def _dedicated(call: Call, network: Record) -> dict[str, str] | None:
    """The edge gateway that the external network is dedicated to."""
    for gateway in call.store.where("gateway", "uplink", network.id):
        if any(one["dedicated"] for one in addresses.uplinks(gateway) if one["uplinkId"] == network.id):
            return call.store.ref(gateway.id)
    return None


def _deprecated(backing: dict[str, Any]) -> dict[str, Any]:
    """The older type of a backing, without VRF. Terraform's provider uses it to find a router that is in use."""
    return {"backingType": "NSXT_TIER0" if backing["backingTypeValue"] == "NSXT_TIER0" else "UNKNOWN"}


def list_networks(call: Call) -> Reply:
    records = list(call.store.all("externalNetwork"))
    return page_reply(call, LIST, records, lambda one: show_network(call, one))


def _network(call: Call) -> Record:
    return call.require("externalNetwork", call.params["externalNetworkId"])


def get_network(call: Call) -> Reply:
    return Reply(200, show_network(call, _network(call)))


def _checked(call: Call, network: Record | None) -> dict[str, Any]:
    sent = NETWORK.read(call.body, call.version)
    (backing,) = sent.pop("networkBackings")["values"]
    manager = call.refer("networkProvider", "nsxtmanager", backing["networkProvider"]["id"])
    segment = backing.get("backingTypeValue") == LOGICAL_SWITCH
    names = {nsx_id(name): name for name in (SEGMENTS if segment else ROUTERS)}
    own = network.data["backing"]["backingId"] if network else None
    if backing["backingId"] != own and backing["backingId"] not in set(names) - imported(call.store):
        raise errors.bad_field("networkBackings", "there is no such importable Tier-0 router or segment")
    for one in call.store.all("externalNetwork"):
        if one is not network and one.name == sent["name"]:
            raise errors.bad_request(f"An external network named {sent['name']} already exists.")
    values = (sent.get("subnets") or {}).get("values") or []
    if bool(values) == sent.get("usingIpSpace", False):
        raise errors.bad_field("subnets", "a network has either them or IP Spaces")
    if segment and sent.get("usingIpSpace"):
        raise errors.bad_field("usingIpSpace", "a segment has no IP Spaces")
    for subnet in values:
        reason = addresses.why_no_subnet(subnet)
        if reason:
            raise errors.bad_field("subnets", reason)
    org = sent.pop("dedicatedOrg", {}).get("id")
    if org:
        sent["dedicatedOrg"] = call.refer("dedicatedOrg", "org", org).id
    name = names.get(backing["backingId"], "")
    kept = network.data["backing"] if network else {"backingId": backing["backingId"], "name": name}
    kind = backing.get("backingTypeValue") or kept.get("backingTypeValue") or ROUTERS.get(name)
    return {**sent, "backing": {**kept, "backingTypeValue": kind, "networkProvider": manager.id}}


def post_network(call: Call) -> Reply:
    data = _checked(call, None)
    network = Record("externalNetwork", call.store.mint("network"), data, None)
    return call.submit(
        network,
        locks=(network.id,),
        now=lambda: call.store.add(network),
        undo=lambda: call.store.remove(network),
    )


def put_network(call: Call) -> Reply:
    network = _network(call)
    same_id(call, network)
    data = _checked(call, network)
    if data["backing"]["backingId"] != network.data["backing"]["backingId"]:
        raise errors.bad_field("networkBackings", "it cannot be changed")
    return call.submit(
        network, locks=(network.id,), now=changed(network, data), done=realized(network), undo=restored(network)
    )


def delete_network(call: Call) -> Reply:
    network = _network(call)
    gateways = [
        one
        for one in call.store.all("gateway")
        if any(uplink["uplinkId"] == network.id for uplink in addresses.uplinks(one))
    ]
    links = [one for one in call.store.all("ipSpaceUplink") if one.data["externalNetworkRef"] == network.id]
    if gateways or links:
        raise errors.bad_request(f"The external network {network.name} is used by {(gateways + links)[0].name}.")
    return call.submit(network, locks=(network.id,), done=lambda: call.store.remove(network))


def list_routers(call: Call) -> Reply:
    managers = [one for one in asked(call.query, "_context") if is_identifier("nsxtmanager", one)]
    if len(managers) != 1:
        raise errors.bad_request("A filter with _context== and the URN of an NSX-T manager is required.")
    call.require("nsxtmanager", managers[0])
    taken = imported(call.store)
    rows = [
        {"id": nsx_id(name), "displayName": name, "description": ""} for name in ROUTERS if nsx_id(name) not in taken
    ]
    return Reply(200, {"values": rows})  # described as a list with a cursor: no totals, and never more than one page


def list_clusters(call: Call) -> Reply:
    """The edge clusters of NSX-T: one, which all VDCs share."""
    row = {
        "id": nsx_id(CLUSTER),
        "name": CLUSTER,
        "description": "",
        "nodeCount": 2,
        "nodeType": "EDGE_NODE",
        "deploymentType": "VIRTUAL_MACHINE",
    }
    if sum(len(asked(call.query, name)) for name in ("orgVdcId", "vdcGroupId", "pvdcId", "_context")) != 1:
        raise errors.bad_request("A filter with orgVdcId==, vdcGroupId== or pvdcId== is required.")
    return Reply(200, {"values": [row]})  # described as a list with a cursor, as above


def interface_of(network: Record) -> dict[str, Any]:
    """The interface of the Tier-0 router behind an external network. Terraform's provider tests the description."""
    made = nsx_id(f"{network.data['backing']['backingId']}/{INTERFACE}")
    return {"id": made, "displayName": INTERFACE, "description": "created for test", "interfaceType": "EXTERNAL"}


def list_interfaces(call: Call) -> Reply:
    named = asked(call.query, "externalNetworkId")
    if len(named) != 1:
        raise errors.bad_request("A filter with externalNetworkId== is required.")
    network = call.require("externalNetwork", named[0])
    how = UNSORTED.also(externalNetworkId=lambda _row: network.id)
    return page_reply(call, how, [interface_of(network)], lambda one: one)


OPERATIONS = (
    Operation("GET", BASE, "33.0", PROVIDER, list_networks, "EXTERNAL_NETWORK_VIEW"),
    Operation(
        "POST",
        BASE,
        "33.0",
        PROVIDER,
        post_network,
        "EXTERNAL_NETWORK_CREATE",
        refuses="a duplicate name, a router or segment that is imported, subnets with IP Spaces",
    ),
    Operation("GET", ONE, "33.0", PROVIDER, get_network, "EXTERNAL_NETWORK_VIEW"),
    Operation("PUT", ONE, "33.0", PROVIDER, put_network, "EXTERNAL_NETWORK_UPDATE", refuses="a change of the router"),
    Operation("DELETE", ONE, "33.0", PROVIDER, delete_network, "EXTERNAL_NETWORK_DELETE", refuses="a network in use"),
    Operation(
        "GET",
        NSX_T + "/importableTier0Routers",
        "32.0",
        PROVIDER,
        list_routers,
        "NSXT_TIER0_ROUTER_VIEW",
        refuses="a list without a filter by _context",
    ),
    Operation(
        "GET",
        NSX_T + "/edgeClusters",
        "34.0",
        PROVIDER,
        list_clusters,
        "NSXT_EDGE_CLUSTER_VIEW",
        refuses="a list without a filter by a VDC, VDC group or provider VDC",
    ),
    Operation(
        "GET",
        NSX_T + "/tier0RouterInterfaces",
        "38.0",
        PROVIDER,
        list_interfaces,
        "NSXT_TIER0_ROUTER_VIEW",
        refuses="a list without a filter by externalNetworkId",
    ),
)
