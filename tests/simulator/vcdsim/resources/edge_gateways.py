# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edge gateways, the addresses that they use, and their load balancer settings."""

from __future__ import annotations

from typing import Any

from vcdsim import addresses, allocation, api_versions, errors
from vcdsim.bodies import Body, anything, blank, flag, formatted, many, number, obj, one_of, read_only, ref, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.indexes import GATEWAY_PARTS
from vcdsim.query import Listing, asked
from vcdsim.resources.common import changed, listing, page_reply, realized, restored, stored
from vcdsim.resources.common import status as record_status
from vcdsim.rights import GATEWAY_EDIT, GATEWAY_VIEW, LB_VIEW, PROVIDER
from vcdsim.store import Record

BASE = "/cloudapi/1.0.0/edgeGateways"
ONE = BASE + "/{gatewayId}"

NETWORK_SUBNET = obj(
    {
        "gateway": formatted("ip"),
        "prefixLength": number(1, 128),
        "dnsSuffix": text(),
        "dnsServer1": text(),
        "dnsServer2": text(),
        "ipRanges": obj(
            {
                "values": many(
                    obj({"startAddress": formatted("ip"), "endAddress": formatted("ip")}, "startAddress", "endAddress")
                )
            },
            "values",
        ),
        "enabled": flag(default=True),
        "totalIpCount": since("33.0", number(0)),
        "usedIpCount": read_only(),
    },
    "gateway",
    "prefixLength",
)
SUBNET = obj(
    NETWORK_SUBNET["properties"] | {"primaryIp": blank(formatted("ip")), "autoAllocateIpRanges": since("33.0", flag())},
    "gateway",
    "prefixLength",
)
UPLINK = obj(
    {
        "uplinkId": text(),
        "uplinkName": read_only(),
        # go-vcloud-director sends values of null for an uplink that uses IP Spaces
        "subnets": obj({"values": many(SUBNET, default=[])}),
        "connected": flag(default=True),
        "quickAddAllocatedIpCount": number(0),
        "dedicated": flag(default=False),
        "usingIpSpace": since("37.1", read_only()),
        "vrfLiteBacked": since("35.0", read_only()),
        "backingType": since("37.1", read_only()),
    },
    "uplinkId",
)
GATEWAY = Body(
    "edge gateway",
    {
        "status": since("33.0", read_only()),
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "edgeGatewayUplinks": many(UPLINK, low=1),
        "distributedRoutingEnabled": flag(),
        "nonDistributedRoutingEnabled": since("36.2", flag()),
        "orgVdcNetworkCount": since("33.0", read_only()),
        "gatewayBacking": anything(),
        "orgVdc": read_only(),
        "ownerRef": since("35.0", ref("vdc", "vdcGroup")),
        "orgRef": since("33.0", read_only()),
        "serviceNetworkDefinition": since("33.0", blank(formatted("cidr"))),
        "distributedRouterUplinkNetworkDefinition": since("36.1", read_only()),
        "edgeClusterConfig": since("34.0", anything()),
        "usingIpSpace": since("39.0", read_only()),
        "deploymentMode": since("39.0", one_of("ACTIVE_STANDBY", "DISTRIBUTED_ONLY")),
    },
    "name",
    "edgeGatewayUplinks",
)
LOAD_BALANCER = Body(
    "edge gateway load balancer settings",
    {
        "enabled": flag(),
        "loadBalancerCloudRef": ref("loadBalancerCloud"),
        "serviceNetworkDefinition": blank(formatted("cidr")),
        "ipv6ServiceNetworkDefinition": since("37.0", blank(formatted("cidr"))),
        "supportedFeatureSet": since("37.0", one_of("STANDARD", "PREMIUM")),
        "transparentModeEnabled": since("37.1", flag()),
    },
    "enabled",
)
SERVICE_NETWORK = "192.168.255.1/25"

GATEWAYS = listing(
    {"status": record_status, "ownerRef.id": stored("ownerRef"), "orgVdc.id": stored("ownerRef")},
    {"status": record_status},
)
USED = Listing[addresses.Use](
    find={"ipAddress": lambda use: use.address, "category": lambda use: use.category},
    sort={"ipAddress": lambda use: use.address, "networkRef.name": lambda use: use.uplink["uplinkName"]},
    default_sort="",
)


def show_gateway(call: Call, gateway: Record) -> dict[str, Any]:
    store, owner = call.store, gateway.data["ownerRef"]
    used = list({use.address for use in addresses.uses(store, gateway)})
    networks = store.where("network", "router", gateway.id)
    body = GATEWAY.show(gateway.data, call.version)
    body |= {
        "id": gateway.id,
        "status": gateway.status,
        "ownerRef": store.ref(owner),
        "orgRef": store.ref(gateway.org),
        "orgVdc": store.ref(owner)
        if ":vdc:" in owner
        else None,  # deprecated since 35.0: a VDC group has only ownerRef
        "orgVdcNetworkCount": len(networks),
        "gatewayBacking": _backing(call, gateway),
        "edgeGatewayUplinks": [_show_uplink(uplink, used, call) for uplink in addresses.uplinks(gateway)],
        "usingIpSpace": addresses.uses_ip_spaces(gateway),
    }
    return {name: value for name, value in body.items() if name in GATEWAY.show({}, call.version)}


def _backing(call: Call, gateway: Record) -> dict[str, Any]:
    backing = {"backingId": None, "gatewayType": gateway.facts["type"], "networkProvider": None}
    if call.session.is_provider:
        backing |= {"backingId": gateway.uuid, "networkProvider": gateway.facts.get("network_provider")}
    return backing


def _show_uplink(uplink: dict[str, Any], used: list[str], call: Call) -> dict[str, Any]:
    subnets = []
    for subnet in (uplink.get("subnets") or {}).get("values") or []:
        network = addresses.network_of(subnet)
        taken = {address for address in used if addresses.covers(str(network), address)}
        subnets.append({**subnet, "totalIpCount": addresses.shown_count(subnet), "usedIpCount": len(taken)})
    body = {**uplink, "subnets": {"values": subnets}}
    if call.version < (37, 1):
        body = {name: value for name, value in body.items() if name not in ("usingIpSpace", "backingType")}
    return body


def list_gateways(call: Call) -> Reply:
    # ``_context==includeAccessible`` changes nothing: gateways of VDC groups are always listed
    if set(asked(call.query, "_context")) - {"includeAccessible"}:
        raise errors.bad_request("The context of edge gateways is includeAccessible.")
    how = GATEWAYS.also(_context=lambda record: "includeAccessible")
    return page_reply(call, how, call.visible("gateway"), lambda one: show_gateway(call, one))


def get_gateway(call: Call) -> Reply:
    return Reply(200, show_gateway(call, call.require("gateway", call.params["gatewayId"])))


def _read(call: Call) -> dict[str, Any]:
    sent = GATEWAY.read(call.body, call.version)
    for uplink in sent["edgeGatewayUplinks"]:
        for subnet in uplink.setdefault("subnets", {"values": []})["values"]:
            reason = addresses.why_no_subnet(subnet)
            if reason:
                raise errors.bad_field("edgeGatewayUplinks", reason)
            subnet.setdefault("ipRanges", {"values": []})
    return sent


def put_gateway(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    sent = _read(call)
    # A tenant may change name and description, but must send the uplinks back unchanged.
    if not call.session.is_provider and sent["edgeGatewayUplinks"] != _bare(gateway):
        raise errors.bad_field("edgeGatewayUplinks", "only a provider may change it")
    owner = sent.pop("ownerRef", {"id": gateway.data["ownerRef"]})["id"]
    moves = owner != gateway.data["ownerRef"]
    if moves:
        _check_move(call, gateway, owner)
    networks = call.store.where("network", "router", gateway.id) if moves else []
    groups = _groups_that_move(call, gateway, owner) if moves else []
    sent.pop("gatewayBacking", None)
    before = {uplink["uplinkId"]: uplink for uplink in addresses.uplinks(gateway)}
    for place, one in enumerate(sent["edgeGatewayUplinks"]):
        # a provider connects and disconnects segments; the first uplink, the Tier-0 router, stays
        if one["uplinkId"] not in before and (not place or not call.store.get("externalNetwork", one["uplinkId"])):
            raise errors.bad_field("edgeGatewayUplinks", "there is no such uplink of this edge gateway")
    uses = addresses.uses(call.store, gateway)
    used = list(dict.fromkeys(use.address for use in uses if use.category != "PRIMARY_IP"))
    allocation.keep(sent["edgeGatewayUplinks"], addresses.subnets(gateway))
    allocation.give(call.store, gateway.id, sent["edgeGatewayUplinks"], used)
    for one in sent["edgeGatewayUplinks"]:
        if one["uplinkId"] in before:
            _keep_primary(before[one["uplinkId"]], one)
        else:
            _connect(call, one)
    merged = [{**before.get(one["uplinkId"], {}), **one} for one in sent["edgeGatewayUplinks"]]
    data = {**gateway.data, **sent, "description": sent.get("description"), "edgeGatewayUplinks": merged}
    data["ownerRef"] = owner
    check_dedication(call, gateway.id, sent["edgeGatewayUplinks"])
    _check_ranges(call, gateway, data, used)
    change, undo = changed(gateway, data), [restored(one) for one in (gateway, *networks, *groups)]

    def move() -> None:
        change()
        for network in networks:  # they move with their edge gateway
            network.data = {**network.data, "ownerRef": owner}
        for group in groups:
            group.facts = {**group.facts, "came_with": gateway.id}
            group.data = {**group.data, "ownerRef": owner if ":vdcGroup:" in owner else gateway.id}

    return call.submit(
        gateway,
        locks=lock_of(call, gateway),
        now=move,
        done=realized(gateway),
        undo=lambda: [settle() for settle in undo],
    )


def _groups_that_move(call: Call, gateway: Record, owner: str) -> list[Record]:
    """The firewall groups that move with a gateway.

    In a VDC group they belong to the group: Terraform's provider finds them there (TestAccVcdNsxtIpSetMigration). Those
    that came with a gateway leave with it (assumed).
    """
    if ":vdcGroup:" in owner:
        return call.store.where("firewallGroup", "owner", gateway.id)
    return call.store.where("firewallGroup", "cameWith", gateway.id)


def _check_move(call: Call, gateway: Record, owner: str) -> None:
    """Check that a gateway may move to another owner: from a VDC to a VDC group with this VDC, or back."""
    if not call.session.is_provider:
        raise errors.bad_field("ownerRef", "only a provider may change it")
    if not in_reach(call, gateway.data["ownerRef"], owner):
        raise errors.bad_field("ownerRef", "it can be changed between a VDC and a VDC group that it is in only")


def in_reach(call: Call, before: str, owner: str) -> bool:
    """Whether one owner is a VDC and the other a VDC group with this VDC. Answers 400 if an owner does not exist."""
    target = call.refer("ownerRef", "vdcGroup" if ":vdcGroup:" in owner else "vdc", owner)
    source = call.store.find(before)
    pairs = [(group, vdc) for group, vdc in ((target, source), (source, target)) if group and vdc]
    return any(group.kind == "vdcGroup" and vdc.id in group.data["vdcs"] for group, vdc in pairs)


def _bare(gateway: Record) -> list[dict[str, Any]]:
    """The uplinks in the form in which a client sends them back unchanged."""
    derived = ("usedIpCount", "uplinkName", "usingIpSpace", "vrfLiteBacked", "backingType")
    return [
        {
            **{name: value for name, value in uplink.items() if name not in derived and value is not None},
            "subnets": {
                "values": [
                    {
                        **{name: value for name, value in subnet.items() if value is not None},
                        "totalIpCount": addresses.allocated(subnet),
                    }
                    for subnet in uplink["subnets"]["values"]
                ]
            },
        }
        for uplink in addresses.uplinks(gateway)
    ]


def _check_ranges(call: Call, gateway: Record, data: dict[str, Any], used: list[str]) -> None:
    """Check that the gateway keeps all addresses that are in use (assumed)."""
    after = Record("gateway", gateway.id, data, gateway.org, facts=gateway.facts)
    for address in used:
        if addresses.why_not_external(call.store, after, address):
            raise errors.bad_request(f"The IP address {address} is in use and cannot be taken from the edge gateway.")


def _keep_primary(before: dict[str, Any], uplink: dict[str, Any]) -> None:
    """Let an uplink that is sent without a primary address keep its current one.

    Terraform's provider changes the number of addresses in this way
    (TestAccVcdNsxtEdgeGatewayT0AndExternalNetworkUplink). An uplink that is sent without any address keeps its subnets
    (Test_NsxtEdgeVdcGroup of go-vcloud-director).
    """
    had = [one["primaryIp"] for one in before["subnets"]["values"] if one.get("primaryIp")]
    subnets = uplink["subnets"]["values"]
    if had and not any(one.get("primaryIp") or addresses.ranges_of(one) for one in subnets):
        uplink["subnets"] = before["subnets"]
        return
    if had and not any(one.get("primaryIp") for one in subnets):
        for one in subnets:
            if addresses.ranges_of(one) and addresses.covers(str(addresses.network_of(one)), had[0]):
                one["primaryIp"] = had[0]
                return


def _connect(call: Call, uplink: dict[str, Any]) -> None:
    """Fill in the data that an uplink gets from its external network. Answers 400 if the network does not exist."""
    network = call.store.get("externalNetwork", uplink["uplinkId"])
    if network is None:
        raise errors.bad_field("edgeGatewayUplinks", "there is no such external network")
    using = bool(network.data.get("usingIpSpace"))
    subnets = uplink["subnets"]["values"]
    if using and subnets:
        raise errors.bad_field("edgeGatewayUplinks", "an uplink that uses IP Spaces has no subnets")
    known = {str(addresses.network_of(one)) for one in network.data["subnets"]["values"]}
    for subnet in subnets:
        ranges = addresses.ranges_of(subnet)
        # go-vcloud-director's tests connect subnets that the network does not have, but take no address of them
        if ranges and str(addresses.network_of(subnet)) not in known:
            raise errors.bad_field("edgeGatewayUplinks", f"the external network {network.name} has no such subnet")
    # a gateway needs one address of its own, by default the first that it gets; with two subnets no more than one,
    # as a test of Terraform's provider expects
    given = [one for one in subnets if addresses.ranges_of(one)]
    if given and not any(one.get("primaryIp") for one in subnets):
        given[0]["primaryIp"] = addresses.written(addresses.ranges_of(given[0])[0][0])
    elif not given and not using and not any(one.get("primaryIp") for one in subnets):
        _give_one(call, network, uplink)
    backing = network.data["backing"]["backingTypeValue"]
    uplink |= {"uplinkName": network.name, "usingIpSpace": using, "backingType": backing}


def _give_one(call: Call, network: Record, uplink: dict[str, Any]) -> None:
    """Give an uplink that asks for no address an address of its external network, if one is free.

    go-vcloud-director's Test_NsxtEdgeCreateWithT0AndExternalNetworks counts it, and names a subnet that the network
    does not have. The subnet that VCD then shows is assumed.
    """
    found = allocation.first_free(call.store, network)
    if found:
        subnet, address = found
        ranges = {"values": [{"startAddress": address, "endAddress": address}]}
        uplink["subnets"] = {"values": [{**subnet, "primaryIp": address, "ipRanges": ranges}]}


def check_dedication(call: Call, gateway: str, uplinks: list[dict[str, Any]]) -> None:
    """Answers 400 if an external network would be dedicated to an edge gateway while another one uses it (assumed)."""
    for uplink in uplinks:
        for one in call.store.where("gateway", "uplink", uplink["uplinkId"]):
            if one.id == gateway:
                continue
            theirs = any(
                other["dedicated"] for other in addresses.uplinks(one) if other["uplinkId"] == uplink["uplinkId"]
            )
            if uplink.get("dedicated") or theirs:
                raise errors.bad_field("edgeGatewayUplinks.dedicated", f"{one.name} is connected to the network, too")


def post_gateway(call: Call) -> Reply:
    sent = _read(call)
    # orgVdc is deprecated and otherwise read-only, but old clients create gateways with it alone
    place = sent.get("ownerRef") or call.body.get("orgVdc")
    owner = call.refer("ownerRef", "vdc", str(place.get("id")) if isinstance(place, dict) else "")
    if call.store.where("gateway", "name", owner.id, sent["name"]):
        raise errors.bad_request(f"An edge gateway named {sent['name']} already exists in {owner.name}.")
    allocation.give(call.store, "", sent["edgeGatewayUplinks"], [])
    for uplink in sent["edgeGatewayUplinks"]:
        _connect(call, uplink)
    check_dedication(call, "", sent["edgeGatewayUplinks"])
    sent["ownerRef"] = owner.id
    sent.pop("gatewayBacking", None)
    facts = {"type": "NSXT_BACKED", "load_balancer": {"enabled": False}}
    gateway = Record("gateway", call.store.mint("gateway"), sent, owner.org, "PENDING", facts=facts)
    return call.submit(
        gateway,
        locks=(gateway.id,),
        now=lambda: call.store.add(gateway),
        done=realized(gateway),
        undo=lambda: call.store.remove(gateway),
    )


def delete_gateway(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    used = [use for use in addresses.uses(call.store, gateway) if use.category != "PRIMARY_IP"]
    networks = call.store.where("network", "router", gateway.id)
    # force overrides addresses in use, but not networks, which may hold virtual machines
    if (used or networks) and call.query.get("force") != "true":
        raise errors.bad_request(f"The edge gateway {gateway.name} is in use and cannot be deleted.")
    if networks:
        raise errors.bad_request(f"The edge gateway {gateway.name} has networks and cannot be deleted.")
    parts = [one for kind in GATEWAY_PARTS for one in call.store.where(kind, "gateway", gateway.id)]
    return call.submit(gateway, locks=lock_of(call, gateway), done=lambda: call.store.remove(*parts, gateway))


def lock_of(call: Call, gateway: Record, *, balancer: bool = False) -> tuple[str, ...]:
    """What a write on a gateway locks. ``balancer``: the write concerns its load balancer.

    A gateway takes one task at a time. In a VDC group, Terraform's provider allows one write at a time on the group,
    and in parallel one load balancer write on each gateway (assumption vdc-group-locks).
    """
    owner = str(gateway.data["ownerRef"])
    if ":vdcGroup:" not in owner:
        return (gateway.id,)
    if call.vcd.assume("vdc-group-locks", "together"):
        return (gateway.id, owner)
    return (gateway.id,) if balancer else (owner,)


def used_addresses(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    rows = addresses.uses(call.store, gateway)
    # A client must count addresses, not rows: it is not known which of the two VCD lists.
    if call.vcd.assume("used-address-rows", "per-address"):
        rows = list({use.address: use for use in reversed(rows)}.values())[::-1]
    return page_reply(
        call,
        USED,
        rows,
        lambda use: {
            "networkRef": {"name": use.uplink["uplinkName"], "id": use.uplink["uplinkId"]},
            "ipAddress": use.address,
            "category": use.category,
        },
    )


def get_load_balancer(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    settings = {"transparentModeEnabled": False, **gateway.facts["load_balancer"]}
    if call.session.is_provider and settings["enabled"]:
        settings["loadBalancerCloudRef"] = call.store.ref(_cloud(call))
    return Reply(200, LOAD_BALANCER.show(settings, call.version))


def _cloud(call: Call) -> str | None:
    """The cloud of a load balancer: the only one of the only NSX-T manager."""
    cloud = next(call.store.all("loadBalancerCloud"), None)
    return cloud.id if cloud else None


def _check_cloud(call: Call, before: dict[str, Any], sent: dict[str, Any]) -> None:
    """Refuse another cloud. From VCD 10.6 on, an update must name its cloud, whatever the version of the request.

    Terraform's provider was changed for 10.6 to send back the cloud that it reads. The go-vcloud-director tests switch
    a load balancer on without one.
    """
    cloud = (sent.pop("loadBalancerCloudRef", None) or {}).get("id")
    needed = before["enabled"] and sent["enabled"] and max(call.vcd.settings.versions) >= api_versions.CLOUD_REF_SINCE
    if (cloud or needed) and cloud != _cloud(call):
        raise errors.bad_field("loadBalancerCloudRef", "it must be that of the edge gateway's load balancer")


def put_load_balancer(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    sent = LOAD_BALANCER.read(call.body, call.version)
    before = gateway.facts["load_balancer"]
    _check_cloud(call, before, sent)
    after = _settled(sent, before) if sent["enabled"] else {"enabled": False}
    if not sent["enabled"] and _in_use(call, gateway):
        raise errors.bad_request("The load balancer cannot be disabled while virtual services or pools exist.")
    if not after.get("transparentModeEnabled") and _transparent(call, gateway):
        raise errors.bad_request("Transparent mode cannot be disabled while virtual services use it.")

    def apply() -> None:
        gateway.facts["load_balancer"] = after
        gateway.status = "CONFIGURING"

    def undo() -> None:
        gateway.facts["load_balancer"] = before
        gateway.status = "REALIZED"

    return call.submit(
        gateway, locks=lock_of(call, gateway, balancer=True), now=apply, done=realized(gateway), undo=undo
    )


def _settled(sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The settings with defaults. A service network cannot change once it is set: the engines use it."""
    for name in ("serviceNetworkDefinition", "ipv6ServiceNetworkDefinition"):
        if before["enabled"] and before.get(name) and sent.get(name) not in (None, before[name]):
            raise errors.bad_field(name, "it cannot be changed once it is set")
        sent[name] = sent.get(name) or (before.get(name) if before["enabled"] else None)
    # The description says that the prefix length must be 25, but Terraform's provider sets a /27, also with an IPv6
    # network.
    if not sent["serviceNetworkDefinition"] and not sent["ipv6ServiceNetworkDefinition"]:
        sent["serviceNetworkDefinition"] = SERVICE_NETWORK
    sent.setdefault("supportedFeatureSet", before.get("supportedFeatureSet") or "STANDARD")
    sent.setdefault("transparentModeEnabled", False)
    return sent


def _in_use(call: Call, gateway: Record) -> bool:
    kinds = ("loadBalancerVirtualService", "loadBalancerPool")
    return any(call.store.number(kind, "gateway", gateway.id) for kind in kinds)


def _transparent(call: Call, gateway: Record) -> bool:
    return call.store.number("loadBalancerVirtualService", "transparent", gateway.id, True) > 0


OPERATIONS = (
    Operation("GET", BASE, "32.0", GATEWAY_VIEW, list_gateways, "ORG_VDC_GATEWAY_VIEW"),
    Operation(
        "POST", BASE, "32.0", PROVIDER, post_gateway, "ORG_VDC_GATEWAY_CREATE", refuses="a duplicate name in one VDC"
    ),
    Operation("GET", ONE, "32.0", GATEWAY_VIEW, get_gateway, "ORG_VDC_GATEWAY_VIEW"),
    Operation(
        "PUT",
        ONE,
        "32.0",
        GATEWAY_EDIT,
        put_gateway,
        "ORG_VDC_GATEWAY_UPDATE",
        refuses="uplink changes by a tenant, the removal of an address in use",
    ),
    Operation(
        "DELETE",
        ONE,
        "32.0",
        PROVIDER,
        delete_gateway,
        "ORG_VDC_GATEWAY_DELETE",
        refuses="a gateway with networks, rules or virtual services",
    ),
    Operation("GET", ONE + "/usedIpAddresses", "33.0", GATEWAY_VIEW, used_addresses, "ORG_VDC_GATEWAY_VIEW"),
    Operation("GET", ONE + "/loadBalancer", "35.0", LB_VIEW, get_load_balancer, "ORG_VDC_GATEWAY_LOAD_BALANCER_VIEW"),
    Operation(
        "PUT",
        ONE + "/loadBalancer",
        "35.0",
        PROVIDER,
        put_load_balancer,
        "ORG_VDC_GATEWAY_LOAD_BALANCER_UPDATE",
        basis="assumed",
        refuses="a change of the service network, switching off while in use, from 39.0 on an update without its cloud",
    ),
)
