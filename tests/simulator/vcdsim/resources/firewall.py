# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall groups: IP sets, and security groups with networks or criteria."""

from __future__ import annotations

from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, blank, formatted, many, obj, one_of, read_only, ref, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.common import UNSORTED, changed, listing, page_reply, realized, restored, same_id, status, stored
from vcdsim.resources.edge_gateways import lock_of
from vcdsim.rights import FIREWALL_CONFIGURE, FIREWALL_VIEW
from vcdsim.store import Record

GROUPS = "/cloudapi/1.0.0/firewallGroups"
GROUP = GROUPS + "/{firewallGroupId}"
_NAMES = ("IP_SET", "STATIC_MEMBERS", "VM_CRITERIA")

_CRITERION = obj(
    {
        "attributeType": one_of("VM_TAG", "VM_NAME"),
        "operator": one_of("EQUALS", "CONTAINS", "STARTS_WITH", "ENDS_WITH"),
        "attributeValue": text(),
    },
    "attributeType",
    "operator",
    "attributeValue",
)
GROUP_BODY = Body(
    "firewall group",
    {
        "status": read_only(),
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "orgRef": read_only(),
        "networkProviderScope": read_only(),
        "ownerRef": since("35.0", ref("gateway", "vdcGroup")),
        "edgeGatewayRef": ref("gateway"),
        "type": since("34.0", blank(one_of("IP_SET", "SECURITY_GROUP"))),
        "typeValue": since("35.2", blank(one_of(*_NAMES))),
        "ipAddresses": many(formatted("ip-range-or-cidr")),
        "members": since("34.0", many(ref("network"))),
        "vmCriteria": since("36.0", many(obj({"rules": many(_CRITERION, low=1, high=4)}), high=3)),
    },
    "name",
)
# Filters also find a static group by its older type, which Terraform's provider asks for.
_TYPES = {"STATIC_MEMBERS": ["STATIC_MEMBERS", "SECURITY_GROUP"]}


def _types(group: Record) -> list[str]:
    return _TYPES.get(group.data["typeValue"], [group.data["typeValue"]])


_FIND = {"status": status, "typeValue": _types, "ownerRef.id": stored("ownerRef")}
SUMMARIES = listing(_FIND, {"status": status, "typeValue": stored("typeValue")})


def show_group(call: Call, group: Record) -> dict[str, Any]:
    store, owner = call.store, group.data["ownerRef"]
    values = {
        "id": group.id,
        "status": group.status,
        "orgRef": store.ref(group.org),
        "networkProviderScope": None,
        "ownerRef": store.ref(owner),
        "edgeGatewayRef": store.ref(owner) if ":gateway:" in owner else None,
        "type": "IP_SET" if group.data["typeValue"] == "IP_SET" else "SECURITY_GROUP",
        "members": store.refs(group.data.get("members")),
    }
    body = GROUP_BODY.show(group.data, call.version)
    return body | {name: value for name, value in values.items() if name in body}


def _summary(call: Call, group: Record) -> dict[str, Any]:
    left_out = ("ipAddresses", "members", "vmCriteria")
    return {name: value for name, value in show_group(call, group).items() if name not in left_out}


def list_summaries(call: Call) -> Reply:
    # the context selects: an edge gateway its groups and those of its VDC group, a network the groups it is a member
    # of, an NSX-T manager all groups (go-vcloud-director's comments on its look-ups)
    routers = {one.id: one.data["ownerRef"] for one in call.visible("gateway")}
    managers = [one.id for one in call.store.all("nsxtmanager")] if call.session.is_provider else []

    def seen_from(group: Record) -> list[str]:
        owner = group.data["ownerRef"]
        gateways = [gateway for gateway, its_owner in routers.items() if owner in (gateway, its_owner)]
        return [owner, *gateways, *(group.data.get("members") or []), *managers]

    how = SUMMARIES.also(_context=seen_from)
    return page_reply(call, how, call.visible("firewallGroup"), lambda one: _summary(call, one))


def get_group(call: Call) -> Reply:
    return Reply(200, show_group(call, call.require("firewallGroup", call.params["firewallGroupId"])))


def _checked(call: Call, group: Record | None) -> tuple[dict[str, Any], Record]:
    sent = GROUP_BODY.read(call.body, call.version)
    kind = sent.get("typeValue") or {"SECURITY_GROUP": "STATIC_MEMBERS"}.get(sent.get("type", ""), sent.get("type"))
    kind = kind or (group.data["typeValue"] if group else "IP_SET")  # "The default is IP_SET"
    if sent.get("type") and (sent["type"] == "IP_SET") != (kind == "IP_SET"):
        raise errors.bad_field("type", "it contradicts typeValue")
    owner = sent.get("ownerRef") or sent.get("edgeGatewayRef")
    if owner is None:
        raise errors.bad_request('The field "ownerRef" is required.')
    place = call.refer("ownerRef", "vdcGroup" if ":vdcGroup:" in owner["id"] else "gateway", owner["id"])
    if kind == "VM_CRITERIA" and place.kind != "vdcGroup":  # the vendor: only if scoped to a VDC group
        raise errors.bad_field("typeValue", "VM_CRITERIA is possible in a VDC group only")
    for field, needed in (("ipAddresses", "IP_SET"), ("members", "STATIC_MEMBERS"), ("vmCriteria", "VM_CRITERIA")):
        if sent.get(field) and kind != needed:
            raise errors.bad_field(field, f"it is possible with {needed} only")
    for rule in (rule for criterion in sent.get("vmCriteria") or [] for rule in criterion.get("rules") or []):
        if rule["attributeType"] == "VM_NAME" and rule["operator"] not in ("CONTAINS", "STARTS_WITH"):
            raise errors.bad_field("vmCriteria", "VM_NAME is possible with CONTAINS and STARTS_WITH only")
    for one in call.store.where("firewallGroup", "name", place.id, sent["name"]):
        if one is not group:
            raise errors.bad_request(f"A firewall group named {sent['name']} already exists on {place.name}.")
    members = [one["id"] for one in sent.get("members") or []]
    for member in members:
        network = call.refer("members", "network", member)
        # a gateway does not see the traffic of networks that are not connected to it, nor a VDC group that of other
        # owners
        if place.id not in (network.data.get("router"), network.data["ownerRef"]):
            # part of the text is VCD's: TestAccVcdNsxtSecurityGroupInvalidConfigs
            problem = f"the network {network.name} cannot be a member as it is not connected/scoped to {place.name}"
            raise errors.bad_field("members", problem)
    data = {name: value for name, value in sent.items() if name not in ("type", "edgeGatewayRef", "orgRef")}
    return {**data, "typeValue": kind, "ownerRef": place.id, "members": members}, place


def _locks(call: Call, place: Record | None) -> tuple[str, ...]:
    """What a write of a group locks: its edge gateway, or its VDC group."""
    if place is None:
        return ()
    return lock_of(call, place) if place.kind == "gateway" else (place.id,)


def post_group(call: Call) -> Reply:
    data, place = _checked(call, None)
    group = Record("firewallGroup", call.store.mint("firewallGroup"), data, place.org, "PENDING")
    return call.submit(
        group,
        locks=_locks(call, place),
        now=lambda: call.store.add(group),
        done=realized(group),
        undo=lambda: call.store.remove(group),
    )


def put_group(call: Call) -> Reply:
    group = call.require("firewallGroup", call.params["firewallGroupId"])
    same_id(call, group)
    data, place = _checked(call, group)
    if (data["ownerRef"], data["typeValue"]) != (group.data["ownerRef"], group.data["typeValue"]):
        raise errors.bad_field("ownerRef", "neither it nor typeValue can be changed")
    return call.submit(
        group,
        locks=(*_locks(call, place), group.id),
        now=changed(group, data),
        done=realized(group),
        undo=restored(group),
    )


def delete_group(call: Call) -> Reply:
    group = call.require("firewallGroup", call.params["firewallGroupId"])
    pools = call.store.where("loadBalancerPool", "memberGroup", group.id)
    rules = call.store.where("firewallRule", "firewallGroup", group.id)
    if pools or rules:
        raise errors.bad_request(f"The firewall group {group.name} is used by {(pools + rules)[0].name}.")
    lingers = call.vcd.group_use.since(group.id) < call.vcd.settings.health_seconds
    if lingers and call.vcd.assume("group-in-use-lingers", "yes"):
        raise errors.bad_request(f"The firewall group {group.name} cannot be deleted as it is in use.")
    held = (*_locks(call, call.store.find(group.data["ownerRef"])), group.id)
    return call.submit(group, locks=held, done=lambda: call.store.remove(group))


def associated_vms(call: Call) -> Reply:
    """The virtual machines in the networks of a group. Groups by criteria and IP sets have none (assumed)."""
    group = call.require("firewallGroup", call.params["firewallGroupId"])
    networks = [call.store.get("network", one) for one in group.data.get("members") or []]
    names = {name for network in networks if network for name in network.facts["machines"]}
    rows = []
    for vm in call.visible("vm"):
        vapp = call.store.get("vapp", vm.data["vapp"])
        if vm.name in names and vapp:
            refs = {"vappRef": vapp.id, "vdcRef": vapp.data["vdc"], "orgRef": vm.org, "vmRef": vm.id}
            rows.append({name: call.store.ref(value) for name, value in refs.items()})
    return page_reply(call, UNSORTED, rows, lambda one: one)


OPERATIONS = (
    Operation("GET", GROUPS + "/summaries", "33.0", FIREWALL_VIEW, list_summaries, "FIREWALL_GROUP_VIEW"),
    Operation(
        "POST",
        GROUPS,
        "33.0",
        FIREWALL_CONFIGURE,
        post_group,
        "FIREWALL_GROUP_CREATE",
        refuses="a duplicate name on one gateway (assumed), members of another kind, VM_CRITERIA outside a VDC group, "
        "VM_NAME with other operators than CONTAINS and STARTS_WITH",
    ),
    Operation("GET", GROUP, "33.0", FIREWALL_VIEW, get_group, "FIREWALL_GROUP_VIEW"),
    Operation(
        "PUT",
        GROUP,
        "33.0",
        FIREWALL_CONFIGURE,
        put_group,
        "FIREWALL_GROUP_UPDATE",
        refuses="a change of the owner or type",
    ),
    Operation(
        "DELETE", GROUP, "33.0", FIREWALL_CONFIGURE, delete_group, "FIREWALL_GROUP_DELETE", refuses="a group in use"
    ),
    Operation(
        "GET", GROUP + "/associatedVMs", "34.0", FIREWALL_VIEW, associated_vms, "FIREWALL_GROUP_VIEW", basis="assumed"
    ),
)
