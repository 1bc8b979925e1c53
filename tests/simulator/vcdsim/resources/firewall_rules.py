# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall rules: those of an edge gateway, and what they have in common with a VDC group's distributed firewall."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, blank, flag, many, number, obj, one_of, read_only, ref, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.common import restored, same_id
from vcdsim.resources.edge_gateways import lock_of
from vcdsim.rights import FIREWALL_CONFIGURE, FIREWALL_VIEW
from vcdsim.store import Record

RULES = "/cloudapi/1.0.0/edgeGateways/{gatewayId}/firewall/rules"
RULE = RULES + "/{ruleId}"
Effect = Callable[[], None]
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
        "status": read_only(),
        "systemRules": read_only(),
        "defaultRules": read_only(),
        "userDefinedRules": many(obj(RULE_FIELDS, "name"), high=1000),
    },
)


def rules_of(call: Call, place: Record) -> list[Record]:
    """The user-defined rules of a gateway or a VDC group, in the order in which they apply."""
    own = call.store.where("firewallRule", "gateway", place.id)
    return sorted(own, key=lambda rule: int(rule.facts["position"]))


def show_rule(call: Call, rule: Record, fields: Body = RULE_BODY) -> dict[str, Any]:
    """The rule as its list shows it; ``fields`` are those of the kind of list."""
    store, data = call.store, rule.data
    values = {
        "id": rule.id,
        "action": data["actionValue"],
        "sourceFirewallGroups": store.refs(data.get("sourceFirewallGroups")) or None,
        "destinationFirewallGroups": store.refs(data.get("destinationFirewallGroups")) or None,
        "applicationPortProfiles": store.refs(data.get("applicationPortProfiles")) or None,
        "networkContextProfiles": store.refs(data.get("networkContextProfiles")) or None,
        "logging": bool(data["logging"]) and call.session.is_provider,
        "version": {"version": rule.facts["version"]},
        "appliedTo": store.ref(data.get("appliedTo")),
    }
    body = fields.show(data, call.version)
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
            "userDefinedRules": [show_rule(call, rule) for rule in rules_of(call, gateway)],
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


def rule_data(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """The rule that a client has sent, as it is stored. Answers 400 if it refers to a missing object."""
    action, old = sent.get("actionValue"), sent.get("action")
    if not action and not old:
        raise errors.bad_request('The field "actionValue" is required.')
    if action and old and action != old:
        raise errors.bad_field("action", "it contradicts actionValue")
    data = {name: value for name, value in sent.items() if name not in ("id", "action", "version")}
    data["actionValue"] = action or old
    for field, kind in (
        ("sourceFirewallGroups", "firewallGroup"),
        ("destinationFirewallGroups", "firewallGroup"),
        ("applicationPortProfiles", "applicationPortProfile"),
        ("networkContextProfiles", "networkContextProfile"),
    ):
        data[field] = [call.refer(field, kind, one["id"]).id for one in sent.get(field) or []]
    if "appliedTo" in sent:
        data["appliedTo"] = call.refer("appliedTo", "network", sent["appliedTo"]["id"]).id
    return data


def check_version(call: Call, sent: dict[str, Any], rule: Record | None) -> None:
    """The vendor's description demands the version; Terraform omits it and works, so a missing one passes."""
    version = (sent.get("version") or {}).get("version")
    if rule is None or version is None or not call.vcd.assume("firewall-version", "checked"):
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
    change, undo = rewritten(call, gateway, sent.get("userDefinedRules") or [])
    return call.submit(gateway, locks=lock_of(call, gateway), now=change, undo=undo)


def rewritten(call: Call, place: Record, sent: list[dict[str, Any]]) -> tuple[Effect, Effect]:
    """The functions that replace the rules of a gateway or a VDC group with these rules, and undo that."""
    before = rules_of(call, place)
    known = {rule.id: rule for rule in before}
    for one in sent:
        check_version(call, one, known.get(one.get("id", "")))
    after: list[Record] = []
    for position, one in enumerate(sent):
        old = known.get(one.get("id", ""))
        rule = Record("firewallRule", old.id if old else call.store.mint("firewallRule"), rule_data(call, one))
        rule.org = place.org
        version = old.facts["version"] + 1 if old else 0  # all rules are written, so all versions rise
        rule.facts |= {"gateway": place.id, "version": version, "position": position}
        after.append(rule)

    def exchange(new: list[Record], gone: list[Record]) -> None:
        call.store.remove(*gone)
        for rule in new:
            call.store.add(rule)

    return lambda: exchange(after, before), lambda: exchange(before, after)


def put_rule(call: Call) -> Reply:
    gateway, rule = _addressed(call)
    same_id(call, rule)
    sent = RULE_BODY.read(call.body, call.version)
    check_version(call, sent, rule)
    now = rule_changed(rule, rule_data(call, sent))
    return call.submit(gateway, locks=lock_of(call, gateway), now=now, undo=restored(rule))


def rule_changed(rule: Record, data: dict[str, Any]) -> Effect:
    """The function that gives a rule its new values and the next version."""

    def apply() -> None:
        rule.data = data
        rule.facts["version"] += 1

    return apply


def delete_rule(call: Call) -> Reply:
    gateway, rule = _addressed(call)
    return call.submit(gateway, locks=lock_of(call, gateway), done=lambda: call.store.remove(rule))


def delete_rules(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    own = rules_of(call, gateway)
    return call.submit(gateway, locks=lock_of(call, gateway), done=lambda: call.store.remove(*own))


OPERATIONS = (
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
