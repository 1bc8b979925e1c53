# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall groups and the firewall rules of an edge gateway."""

from __future__ import annotations

from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, blank, flag, formatted, many, number, obj, one_of, ref, shown, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.common import UNSORTED, changed, listing, page_reply, realized, restored, same_id, status, stored
from vcdsim.resources.edge_gateways import lock_of
from vcdsim.rights import FIREWALL_CONFIGURE, FIREWALL_VIEW
from vcdsim.store import Record

GROUPS = "/cloudapi/1.0.0/firewallGroups"
GROUP = GROUPS + "/{firewallGroupId}"
RULES = "/cloudapi/1.0.0/edgeGateways/{gatewayId}/firewall/rules"
RULE = RULES + "/{ruleId}"
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
        "status": shown(),
        "id": shown(),
        "name": text(low=1),
        "description": text(),
        "orgRef": shown(),
        "networkProviderScope": shown(),
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
_REFS = many(ref("firewallGroup"), high=128)
RULE_FIELDS = {
    "id": blank(text()),
    "name": text(low=1),
    "description": text(),
    "comments": since("36.2", text(high=2048)),
    "sourceFirewallGroups": _REFS,
    "destinationFirewallGroups": _REFS,
    "applicationPortProfiles": many(ref("applicationPortProfile"), high=128),
    "networkContextProfiles": many(ref("networkContextProfile")),
    "ipProtocol": one_of("IPV4", "IPV6", "IPV4_IPV6", default="IPV4_IPV6"),
    "action": blank(one_of("ALLOW", "DROP", "REJECT")),
    "actionValue": since("35.2", blank(one_of("ALLOW", "DROP", "REJECT"))),
    "direction": one_of("IN", "OUT", "IN_OUT", default="IN_OUT"),
    "logging": flag(default=False),
    "enabled": flag(default=True),
    "version": obj({"version": number(0)}),
    "appliedTo": since("36.2", ref("network")),
}
RULE_BODY = Body("firewall rule", RULE_FIELDS, "name")
RULES_BODY = Body(
    "firewall rules",
    {
        "status": shown(),
        "systemRules": shown(),
        "defaultRules": shown(),
        "userDefinedRules": many(obj(RULE_FIELDS, "name"), high=1000),
    },
)
# A static group is found by its older type as well: Terraform's provider asks for that one.
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
    # from an edge gateway one sees its groups and those of its VDC group, from a network those that it is a member of,
    # and from an NSX-T manager all (go-vcloud-director's comments on its look-ups)
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
        # a gateway cannot see traffic of a network that is not connected to it, a VDC group none of another owner
        if place.id not in (network.data.get("router"), network.data["ownerRef"]):
            raise errors.bad_field("members", f"the network {network.name} is not connected to the edge gateway")
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
    lingers = call.world.group_use.since(group.id) < call.world.settings.health_seconds
    if lingers and call.world.assume("group-in-use-lingers", "yes"):
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


def _rules(call: Call, gateway: Record) -> list[Record]:
    """The user-defined rules of a gateway, in the order in which they apply."""
    own = call.store.where("firewallRule", "gateway", gateway.id)
    return sorted(own, key=lambda rule: int(rule.facts["position"]))


def show_rule(call: Call, rule: Record) -> dict[str, Any]:
    store, data = call.store, rule.data
    values = {
        "id": rule.id,
        "action": data["actionValue"],
        "sourceFirewallGroups": store.refs(data.get("sourceFirewallGroups")) or None,
        "destinationFirewallGroups": store.refs(data.get("destinationFirewallGroups")) or None,
        "applicationPortProfiles": store.refs(data.get("applicationPortProfiles")) or None,
        "networkContextProfiles": None,
        "logging": bool(data["logging"]) and call.session.is_provider,
        "version": {"version": rule.facts["version"]},
        "appliedTo": store.ref(data.get("appliedTo")),
    }
    body = RULE_BODY.show(data, call.version)
    return body | {name: value for name, value in values.items() if name in body}


def get_rules(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    default = Record("firewallRule", call.store.mint("firewallRule", f"default/{gateway.id}"), _default_rule())
    default.facts |= {"gateway": gateway.id, "version": 0, "position": 0}
    return Reply(
        200,
        {
            "status": gateway.status,
            "systemRules": [],
            "userDefinedRules": [show_rule(call, rule) for rule in _rules(call, gateway)],
            "defaultRules": [show_rule(call, default)],
        },
    )


def _default_rule() -> dict[str, Any]:
    # A gateway drops what no rule allows. So a Service whose address changes needs a rule for the new address.
    return {
        "name": "default_rule",
        "ipProtocol": "IPV4_IPV6",
        "actionValue": "DROP",
        "direction": "IN_OUT",
        "logging": False,
        "enabled": True,
    }


def _addressed(call: Call) -> tuple[Record, Record]:
    gateway = call.require("gateway", call.params["gatewayId"])
    rule = call.require("firewallRule", call.params["ruleId"])
    if rule.facts["gateway"] != gateway.id:
        raise errors.forbidden("Base", call.operation.name, rule.id)
    return gateway, rule


def get_rule(call: Call) -> Reply:
    return Reply(200, show_rule(call, _addressed(call)[1]))


def _rule_data(call: Call, sent: dict[str, Any], gateway: Record) -> dict[str, Any]:
    action, old = sent.get("actionValue"), sent.get("action")
    if not action and not old:
        raise errors.bad_request('The field "actionValue" is required.')
    if action and old and action != old:
        raise errors.bad_field("action", "it contradicts actionValue")
    if sent.get("networkContextProfiles"):
        raise errors.not_built(call.operation.method, call.operation.path + " with networkContextProfiles")
    data = {name: value for name, value in sent.items() if name not in ("id", "action", "version")}
    data["actionValue"] = action or old
    for field, kind in (
        ("sourceFirewallGroups", "firewallGroup"),
        ("destinationFirewallGroups", "firewallGroup"),
        ("applicationPortProfiles", "applicationPortProfile"),
    ):
        data[field] = [call.refer(field, kind, one["id"]).id for one in sent.get(field) or []]
    if "appliedTo" in sent:
        data["appliedTo"] = call.refer("appliedTo", "network", sent["appliedTo"]["id"]).id
    return data


def _check_version(call: Call, sent: dict[str, Any], rule: Record | None) -> None:
    """The vendor's description demands the version; Terraform omits it and works, so a missing one passes."""
    version = (sent.get("version") or {}).get("version")
    if rule is None or version is None or not call.world.assume("firewall-version", "checked"):
        return
    if version != rule.facts["version"]:
        raise errors.bad_request(f"The firewall rule {rule.name} has been changed: version {rule.facts['version']}.")


def put_rules(call: Call) -> Reply:
    """Replace all user-defined rules: known ids are updated, unknown ones created, missing ones deleted.

    VCD has no operation that adds one rule, so two clients that write at the same time overwrite each other, unless
    the versions of their rules are compared (switch ``firewall-version``).
    """
    gateway = call.require("gateway", call.params["gatewayId"])
    sent = RULES_BODY.read(call.body, call.version)
    before = _rules(call, gateway)
    known = {rule.id: rule for rule in before}
    for one in sent.get("userDefinedRules") or []:
        _check_version(call, one, known.get(one.get("id", "")))
    after: list[Record] = []
    for position, one in enumerate(sent.get("userDefinedRules") or []):
        old = known.get(one.get("id", ""))
        rule = Record(
            "firewallRule", old.id if old else call.store.mint("firewallRule"), _rule_data(call, one, gateway)
        )
        rule.org = gateway.org
        version = old.facts["version"] + 1 if old else 0  # all rules are written, so all versions rise
        rule.facts |= {"gateway": gateway.id, "version": version, "position": position}
        after.append(rule)

    def replace(rules: list[Record], others: list[Record]) -> None:
        for rule in others:
            call.store.remove(rule)
        for rule in rules:
            call.store.add(rule)

    return call.submit(
        gateway,
        locks=lock_of(call, gateway),
        now=lambda: replace(after, before),
        undo=lambda: replace(before, after),
    )


def put_rule(call: Call) -> Reply:
    gateway, rule = _addressed(call)
    same_id(call, rule)
    sent = RULE_BODY.read(call.body, call.version)
    _check_version(call, sent, rule)
    data = _rule_data(call, sent, gateway)

    def apply() -> None:
        rule.data = data
        rule.facts["version"] += 1

    return call.submit(gateway, locks=lock_of(call, gateway), now=apply, undo=restored(rule))


def delete_rule(call: Call) -> Reply:
    gateway, rule = _addressed(call)
    return call.submit(gateway, locks=lock_of(call, gateway), done=lambda: call.store.remove(rule))


def delete_rules(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    own = _rules(call, gateway)
    return call.submit(gateway, locks=lock_of(call, gateway), done=lambda: call.store.remove(*own))


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
    Operation("GET", RULES, "33.0", FIREWALL_VIEW, get_rules, "FIREWALL_RULES_VIEW"),
    Operation(
        "PUT", RULES, "33.0", FIREWALL_CONFIGURE, put_rules, "FIREWALL_RULES_UPDATE", refuses="a rule without an action"
    ),
    Operation("DELETE", RULES, "33.0", FIREWALL_CONFIGURE, delete_rules, "FIREWALL_RULES_DELETE"),
    Operation("GET", RULE, "33.0", FIREWALL_VIEW, get_rule, "FIREWALL_RULES_VIEW"),
    Operation(
        "PUT", RULE, "33.0", FIREWALL_CONFIGURE, put_rule, "FIREWALL_RULE_UPDATE", refuses="a rule without an action"
    ),
    Operation("DELETE", RULE, "33.0", FIREWALL_CONFIGURE, delete_rule, "FIREWALL_RULE_DELETE"),
)
