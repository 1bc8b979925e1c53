# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Organisation VDC networks. ``data["router"]`` is the URN of a routed network's edge gateway."""

from __future__ import annotations

import ipaddress
from typing import Any

from vcdsim import addresses, errors
from vcdsim.bodies import Body, blank, flag, formatted, many, obj, one_of, read_only, ref, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.common import changed, listing, page_reply, realized, restored, same_id, status, stored
from vcdsim.resources.edge_gateways import NETWORK_SUBNET, in_reach, lock_of
from vcdsim.resources.nsx_t import PORT_GROUPS, SEGMENTS, imported, nsx_id
from vcdsim.rights import NETWORK_EDIT, NETWORK_VIEW
from vcdsim.store import Record

BASE = "/cloudapi/1.0.0/orgVdcNetworks"
ONE = BASE + "/{vdcNetworkId}"
PORT_GROUP = "DV_PORTGROUP"

NETWORK = Body(
    "org VDC network",
    {
        "status": read_only(),
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "subnets": obj({"values": many(NETWORK_SUBNET, low=1)}, "values"),
        # required for an OPAQUE (imported) network; read-only for others
        "backingNetworkId": blank(text()),
        "backingNetworkType": blank(text()),
        "parentNetworkId": read_only(),
        "networkType": one_of("ISOLATED", "NAT_ROUTED", "OPAQUE"),
        "orgVdc": read_only(),
        "ownerRef": since("35.0", ref("vdc", "vdcGroup")),
        "orgVdcIsNsxTBacked": read_only(),
        "orgRef": since("35.0", read_only()),
        "connection": obj(
            {
                "routerRef": ref("gateway"),
                "connectionType": one_of("INTERNAL"),
                # the vendor: DISTRIBUTED and SUBINTERFACE are of NSX-V
                "connectionTypeValue": since("36.2", one_of("INTERNAL", "NON_DISTRIBUTED")),
                "connected": flag(default=True),
            },
            "routerRef",
        ),
        "isDefaultNetwork": read_only(),
        "shared": flag(default=False),
        "enableDualSubnetNetwork": since("35.0", flag(default=False)),
        "guestVlanTaggingAllowed": flag(default=False),
        "totalIpCount": read_only(),
        "usedIpCount": read_only(),
        "routeAdvertised": since("34.0", flag(default=False)),
        # not shown, as go-vcloud-director tests: see segmentProfiles
        "segmentProfileTemplateRef": since(
            "36.2", obj({"id": blank(formatted("urn:segmentProfileTemplate")), "name": text()}, writeOnly=True)
        ),
    },
    "name",
    "networkType",
    "subnets",
)
NETWORKS = listing(
    {
        "status": status,
        "networkType": stored("networkType"),
        "orgVdc.id": stored("ownerRef"),
        "ownerRef.id": stored("ownerRef"),
        "connection.routerRef.id": stored("router"),
    },
    {"networkType": stored("networkType"), "status": status},
    # Smaller pages than in other lists, as in VCD. CPI reads them until it gets an empty one.
    page_size=16,
    largest=32,
)


def is_shared(network: Record) -> bool:
    """Whether other VDCs can use a network: always in a VDC group (TestAccVcdNetworkIsolatedV2NsxtMigration)."""
    return bool(network.data["shared"]) or ":vdcGroup:" in network.data["ownerRef"]


def show_network(call: Call, network: Record) -> dict[str, Any]:
    store, owner, router = call.store, network.data["ownerRef"], network.data.get("router")
    connection = {
        "routerRef": store.ref(router),
        "connectionType": "INTERNAL",
        "connectionTypeValue": network.data.get("connectionTypeValue", "INTERNAL"),
        "connected": network.data.get("connected", True),
    }
    machines = network.facts.get("machines", {})
    values = {
        "id": network.id,
        "status": network.status,
        "ownerRef": store.ref(owner),
        "orgVdc": store.ref(owner) if ":vdc:" in owner else None,
        "orgVdcIsNsxTBacked": True,
        "orgRef": store.ref(network.org),
        "connection": connection if router else None,
        "backingNetworkId": network.data.get("backingNetworkId", network.uuid) if call.session.is_provider else None,
        "backingNetworkType": network.facts.get("backing"),
        "totalIpCount": addresses.address_count(network.data["subnets"]["values"]),
        "usedIpCount": len(machines),
        "shared": is_shared(network),
    }
    body = NETWORK.show(network.data, call.version)
    return body | {name: value for name, value in values.items() if name in body}


def list_networks(call: Call) -> Reply:
    return page_reply(call, NETWORKS, call.visible("network"), lambda one: show_network(call, one))


def get_network(call: Call) -> Reply:
    return Reply(200, show_network(call, call.require("network", call.params["vdcNetworkId"])))


def checked(call: Call, network: Record | None) -> tuple[dict[str, Any], Record | None, str | None]:
    """The network to store, its gateway and its organisation. Answers 400 if it breaks a rule."""
    sent = NETWORK.read(call.body, call.version)
    owner_id = (sent.get("ownerRef") or {"id": network.data["ownerRef"] if network else ""})["id"]
    owner = call.refer("ownerRef", "vdcGroup" if ":vdcGroup:" in owner_id else "vdc", owner_id)
    routed = sent["networkType"] == "NAT_ROUTED"
    # the connection names the edge gateway; CPI uses this to find the gateway of its network
    if routed != ("connection" in sent):
        raise errors.bad_field("connection", "a NAT_ROUTED network has one, an ISOLATED one has none")
    gateway = None
    if routed:
        gateway = call.refer("connection.routerRef", "gateway", sent["connection"]["routerRef"]["id"])
        if gateway.data["ownerRef"] != owner.id:
            raise errors.bad_field("connection.routerRef", "the edge gateway has another owner")
    for subnet in sent["subnets"]["values"]:
        reason = addresses.why_no_subnet(subnet)
        if reason:
            raise errors.bad_field("subnets", reason)
    if any(one is not network for one in call.store.where("network", "name", owner.id, sent["name"])):
        raise errors.bad_request(f"A network named {sent['name']} already exists in {owner.name}.")
    for one in call.store.where("network", "router", gateway.id) if gateway else ():
        if one is not network:
            _check_overlap(sent, one)
    for subnet in sent["subnets"]["values"]:
        subnet.setdefault("ipRanges", {"values": []})
    connection = sent.pop("connection", {})
    kind = connection.get("connectionTypeValue", "INTERNAL")
    if kind == "NON_DISTRIBUTED" and gateway and not gateway.data.get("nonDistributedRoutingEnabled"):
        raise errors.bad_field("connection.connectionTypeValue", "the edge gateway does not allow it")
    connected = {"connected": connection.get("connected", True), "connectionTypeValue": kind}
    backing = _backing(call, sent, owner, network)
    data = {**sent, **backing, "ownerRef": owner.id, "router": gateway.id if gateway else None, **connected}
    return data, gateway, owner.org


def _backing(call: Call, sent: dict[str, Any], owner: Record, network: Record | None) -> dict[str, str]:
    """The backing of an imported network: a segment of NSX-T or a port group of vCenter. Answers 400 for others."""
    identifier, kind = sent.pop("backingNetworkId", None), sent.pop("backingNetworkType", None)
    before = network.data if network else {"networkType": sent["networkType"]}
    if "OPAQUE" not in (sent["networkType"], before["networkType"]):
        return {}
    if sent["networkType"] != before["networkType"]:
        raise errors.bad_field("networkType", "an imported network keeps it")
    if not call.session.is_provider:
        raise errors.bad_field("networkType", "only a provider may import networks")
    if "backingNetworkId" in before:
        if identifier not in (None, before["backingNetworkId"]):
            raise errors.bad_field("backingNetworkId", "it cannot be changed")
        return {"backingNetworkId": before["backingNetworkId"]}
    port_group = kind == PORT_GROUP
    if port_group and owner.kind != "vdc":
        raise errors.bad_field("backingNetworkType", "a network of a VDC group is no port group")
    known = {nsx_id(name) for name in (PORT_GROUPS if port_group else SEGMENTS)}
    if identifier not in known - imported(call.store):
        raise errors.bad_field("backingNetworkId", "there is no such importable network")
    return {"backingNetworkId": identifier}


def _template(call: Call, data: dict[str, Any], before: str | None) -> str | None:
    """The segment profile template that a body gives a network. An empty reference removes it."""
    given = data.pop("segmentProfileTemplateRef", None)
    if given is None:
        return before
    identifier = given.get("id")
    return call.refer("segmentProfileTemplateRef", "segmentProfileTemplate", identifier).id if identifier else None


def _check_overlap(sent: dict[str, Any], other: Record) -> None:
    for subnet in sent["subnets"]["values"]:
        mine = ipaddress.ip_network(f"{subnet['gateway']}/{subnet['prefixLength']}", strict=False)
        for taken in other.data["subnets"]["values"]:
            theirs = ipaddress.ip_network(f"{taken['gateway']}/{taken['prefixLength']}", strict=False)
            if mine.version == theirs.version and mine.overlaps(theirs):
                raise errors.bad_field("subnets", f"they overlap with those of the network {other.name}")


def post_network(call: Call) -> Reply:
    data, gateway, org = checked(call, None)
    template = _template(call, data, None)
    network = Record("network", call.store.mint("network"), data, org, "PENDING")
    network.facts |= {"backing": _kind_of_backing(data), "machines": {}, "segment_template": template}
    # A routed network is connected to its gateway, so the gateway is busy too; an isolated network locks only itself.
    return call.submit(
        network,
        locks=lock_of(call, gateway) if gateway else (network.id,),
        now=lambda: call.store.add(network),
        done=realized(network),
        undo=lambda: call.store.remove(network),
    )


def put_network(call: Call) -> Reply:
    network = call.require("network", call.params["vdcNetworkId"])
    same_id(call, network)
    data, gateway, _org = checked(call, network)
    before = network.data["ownerRef"]
    # an isolated network moves by itself (TestAccVcdNetworkIsolatedV2NsxtMigration), a routed one with its edge gateway
    if data["ownerRef"] != before and (gateway or not in_reach(call, before, data["ownerRef"])):
        raise errors.bad_field("ownerRef", "only that of an isolated network changes: between a VDC and its VDC group")
    if ":vdcGroup:" in before and data["ownerRef"] != before:
        data["shared"] = False  # clients send back the ``shared`` of the group, and expect to read false
    template, change = _template(call, data, network.facts.get("segment_template")), changed(network, data)
    profiles = {} if template != network.facts.get("segment_template") else network.facts.get("segment_profiles", {})

    def apply() -> None:
        change()
        network.facts = {**network.facts, "segment_template": template, "segment_profiles": profiles}

    held = lock_of_network(call, network)
    return call.submit(network, locks=held, now=apply, done=realized(network), undo=restored(network))


def lock_of_network(call: Call, network: Record) -> tuple[str, ...]:
    """What a write on a network locks: itself, and with it the edge gateway that it is connected to."""
    gateway = call.store.get("gateway", network.data.get("router") or "")
    return (*(lock_of(call, gateway) if gateway else ()), network.id)


def _kind_of_backing(data: dict[str, Any]) -> str:
    identifier = data.get("backingNetworkId")
    if identifier is None:
        return "NSXT_FLEXIBLE_SEGMENT"
    return PORT_GROUP if identifier in {nsx_id(name) for name in PORT_GROUPS} else "NSXT_FIXED_SEGMENT"


def delete_network(call: Call) -> Reply:
    return delete_record(call, call.require("network", call.params["vdcNetworkId"]))


def delete_record(call: Call, network: Record) -> Reply:
    """Delete a network that the request has identified."""
    if network.facts.get("machines"):
        raise errors.bad_request(f"The network {network.name} is in use by virtual machines.")
    groups = call.store.where("firewallGroup", "member", network.id)
    if groups:
        raise errors.bad_request(f"The network {network.name} is a member of the group {groups[0].name}.")
    gone = [*call.store.where("dhcpBinding", "network", network.id), network]
    return call.submit(network, locks=lock_of_network(call, network), done=lambda: call.store.remove(*gone))


OPERATIONS = (
    Operation("GET", BASE, "31.0", NETWORK_VIEW, list_networks, "ORG_VDC_NETWORK_VIEW"),
    Operation(
        "POST",
        BASE,
        "31.0",
        NETWORK_EDIT,
        post_network,
        "ORG_VDC_NETWORK_CREATE",
        basis="assumed",
        refuses="a duplicate name in one VDC, overlapping subnets on one gateway, an imported segment or port group",
    ),
    Operation("GET", ONE, "31.0", NETWORK_VIEW, get_network, "ORG_VDC_NETWORK_VIEW"),
    Operation(
        "PUT",
        ONE,
        "31.0",
        NETWORK_EDIT,
        put_network,
        "ORG_VDC_NETWORK_UPDATE",
        basis="assumed",
        refuses="the same as POST; another owner, except for an isolated network a VDC group with its VDC, or back",
    ),
    Operation(
        "DELETE",
        ONE,
        "31.0",
        NETWORK_EDIT,
        delete_network,
        "ORG_VDC_NETWORK_DELETE",
        refuses="a network with virtual machines",
    ),
)
