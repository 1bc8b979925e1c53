# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT rules of an edge gateway.

Names are not unique, the list can be neither filtered nor counted, and a task does not name the rule that it created.
So a client has to read the whole list and compare it.
"""

from __future__ import annotations

from typing import Any

from vcdsim import addresses, errors
from vcdsim.bodies import Body, blank, flag, formatted, number, obj, one_of, read_only, ref, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.common import cursor_reply, realized, restored, same_id
from vcdsim.resources.edge_gateways import lock_of
from vcdsim.rights import NAT_CONFIGURE, NAT_VIEW
from vcdsim.store import Record

BASE = "/cloudapi/1.0.0/edgeGateways/{gatewayId}/nat/rules"
ONE = BASE + "/{ruleId}"

RULE = Body(
    "NAT rule",
    {
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "enabled": flag(default=True),
        "ruleType": blank(one_of("DNAT", "SNAT", "NO_DNAT", "NO_SNAT")),
        "type": since("36.0", blank(one_of("SNAT", "DNAT", "NO_SNAT", "NO_DNAT", "REFLEXIVE"))),
        "externalAddresses": blank(formatted("ip-or-cidr")),
        "internalAddresses": blank(formatted("ip-or-cidr")),
        "applicationPortProfile": ref("applicationPortProfile"),
        "dnatExternalPort": since("35.0", blank(formatted("ports-or-any"))),
        "snatDestinationAddresses": since("34.0", blank(formatted("ip-or-cidr"))),
        "logging": flag(default=False),
        "systemRule": read_only(),
        "firewallMatch": since(
            "35.2",
            blank(
                one_of("MATCH_INTERNAL_ADDRESS", "MATCH_EXTERNAL_ADDRESS", "BYPASS", default="MATCH_INTERNAL_ADDRESS")
            ),
        ),
        "priority": since("35.2", number(0, 2147481599, default=0)),
        "version": obj({"version": number(0)}),
        "appliedTo": since("36.2", ref("network", "externalNetwork")),
    },
    "name",
)


def show_rule(call: Call, rule: Record) -> dict[str, Any]:
    kind = rule.data["type"]
    values = {
        "id": rule.id,
        "type": kind,
        "ruleType": None if kind == "REFLEXIVE" else kind,
        "applicationPortProfile": call.store.ref(rule.data.get("applicationPortProfile")),
        "appliedTo": call.store.ref(rule.data.get("appliedTo")),
        "logging": bool(rule.data["logging"]) and call.session.is_provider,  # tenants always read false
        "systemRule": False,
        "version": {"version": rule.facts["version"]},
    }
    body = RULE.show(rule.data, call.version)
    return body | {name: value for name, value in values.items() if name in body}


def list_rules(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    rules = addresses.nat_rules(call.store, gateway.id)
    return cursor_reply(call, rules, lambda one: show_rule(call, one), "EdgeNatRules", {"status": gateway.status})


def _addressed(call: Call) -> tuple[Record, Record]:
    gateway = call.require("gateway", call.params["gatewayId"])
    rule = call.require("natRule", call.params["ruleId"])
    if rule.facts["gateway"] != gateway.id:
        raise errors.forbidden("Base", call.operation.name, rule.id)
    return gateway, rule


def get_rule(call: Call) -> Reply:
    return Reply(200, show_rule(call, _addressed(call)[1]))


def checked(call: Call, sent: dict[str, Any], gateway: Record) -> dict[str, Any]:
    """The NAT rule to store. Answers 400 if it breaks a rule of VCD."""
    kind = _kind(sent)
    for name in ("externalAddresses", "internalAddresses"):
        unused = (kind == "NO_DNAT" and name == "internalAddresses") or (
            kind == "NO_SNAT" and name == "externalAddresses"
        )
        if not sent.get(name) and not unused:
            raise errors.bad_request(f'The field "{name}" is required.')
    data = {**sent, "type": kind}
    data.pop("ruleType", None)
    data.pop("version", None)
    _check_combination(data, kind)
    if "applicationPortProfile" in sent:
        data["applicationPortProfile"] = _check_profile(call, sent, gateway, kind)
    if "appliedTo" in sent:
        network = call.refer("appliedTo", "network", sent["appliedTo"]["id"])
        if network.data.get("router") != gateway.id:
            raise errors.bad_field("appliedTo", "the network is not connected to the edge gateway")
        data["appliedTo"] = network.id
    return data


def _kind(sent: dict[str, Any]) -> str:
    # ``type`` replaced ``ruleType`` in 36.0. CPI still writes only the old one, Terraform only the new one.
    kind, old = sent.get("type"), sent.get("ruleType")
    if not kind and not old:
        raise errors.bad_request('The field "type" is required.')
    if kind and old and kind != old:
        raise errors.bad_field("ruleType", "it contradicts type")
    return str(kind or old)


def _check_combination(data: dict[str, Any], kind: str) -> None:
    if kind != "DNAT" and kind != "NO_DNAT" and data.get("dnatExternalPort"):
        raise errors.bad_field("dnatExternalPort", f"it is not possible with {kind}")
    if kind not in ("SNAT", "NO_SNAT") and data.get("snatDestinationAddresses"):
        raise errors.bad_field("snatDestinationAddresses", f"it is not possible with {kind}")
    if kind == "REFLEXIVE" and "applicationPortProfile" in data:
        raise errors.bad_field("applicationPortProfile", "it is not possible with REFLEXIVE")


def _check_profile(call: Call, sent: dict[str, Any], gateway: Record, kind: str) -> str:
    from vcdsim.resources.application_port_profiles import usable_for_nat

    profile = call.refer("applicationPortProfile", "applicationPortProfile", sent["applicationPortProfile"]["id"])
    if profile.facts.get("context") not in (None, gateway.data["ownerRef"]):
        raise errors.bad_request(
            f"Cannot use Application Port Profile {profile.name} for Rule {sent['name']} as it is not in the same "
            "network provider scope."
        )
    if not usable_for_nat(profile):
        # a rule translates to one port, so a profile with several ports would be ambiguous
        raise errors.bad_field("applicationPortProfile", "the profile is not usable for NAT: it has several ports")
    return profile.id


def check_external(call: Call, data: dict[str, Any], gateway: Record, before: Record | None) -> None:
    """Check that the gateway may use the external addresses, and that a DNAT rule's is no VIP (an assumption).

    Whether VCD accepts a VIP and a DNAT rule on one address decides whether a migration can hand over the external IP
    without a gap. That is not known, so both behaviours can be set.
    """
    text_addresses = data.get("externalAddresses")
    if not text_addresses or (before is not None and before.data.get("externalAddresses") == text_addresses):
        return  # an update that keeps the rule's addresses passes, although the rule itself holds them
    for address in addresses.expand(text_addresses):
        reason = addresses.why_not_external(call.store, gateway, address)
        if reason:
            raise errors.bad_field("externalAddresses", reason)
    if data["type"] != "DNAT" or call.vcd.assume("vip-dnat-same-address", "allowed"):
        return
    for service in addresses.virtual_services_at(call.store, gateway.id, text_addresses):
        raise errors.bad_field("externalAddresses", f"it is the VIP of the virtual service {service.name}")


def post_rule(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    data = checked(call, RULE.read(call.body, call.version), gateway)
    check_external(call, data, gateway, None)
    rule = Record("natRule", call.store.mint("natRule"), data, gateway.org)
    rule.facts |= {"gateway": gateway.id, "version": 0}
    # The task's owner is the gateway, as in VCD: the task does not tell a client the new rule's identifier.
    reply = call.submit(
        gateway,
        locks=lock_of(call, gateway),
        now=lambda: call.store.add(rule),
        undo=lambda: call.store.remove(rule),
    )
    call.touched = rule.id
    return reply


def put_rule(call: Call) -> Reply:
    gateway, rule = _addressed(call)
    same_id(call, rule)
    sent = RULE.read(call.body, call.version)
    version = (sent.get("version") or {}).get("version")
    # The vendor's description demands the version; Terraform omits it and works, so a missing one passes.
    checks = call.vcd.assume("nat-version", "checked")
    if checks and version is not None and version != rule.facts["version"]:
        raise errors.bad_request(f"The NAT rule {rule.name} has been changed: version {rule.facts['version']}.")
    data = checked(call, sent, gateway)
    check_external(call, data, gateway, rule)

    def apply() -> None:
        rule.data = data
        rule.facts["version"] += 1

    reply = call.submit(gateway, locks=lock_of(call, gateway), now=apply, done=realized(rule), undo=restored(rule))
    call.touched = rule.id
    return reply


def delete_rule(call: Call) -> Reply:
    gateway, rule = _addressed(call)
    reply = call.submit(gateway, locks=lock_of(call, gateway), done=lambda: call.store.remove(rule))
    call.touched = rule.id
    return reply


_REFUSES = (
    "an external address that the gateway may not use (assumed), a DNAT address that is a VIP (assumed), a profile of "
    "another scope or not usable for NAT, fields that the type does not have"
)
OPERATIONS = (
    Operation("GET", BASE, "33.0", NAT_VIEW, list_rules, "NAT_RULE_VIEW"),
    Operation("POST", BASE, "33.0", NAT_CONFIGURE, post_rule, "NAT_RULE_CREATE", refuses=_REFUSES),
    Operation("GET", ONE, "33.0", NAT_VIEW, get_rule, "NAT_RULE_VIEW"),
    Operation(
        "PUT",
        ONE,
        "33.0",
        NAT_CONFIGURE,
        put_rule,
        "NAT_RULE_UPDATE",
        refuses="the same as POST; an old version (assumed)",
    ),
    Operation("DELETE", ONE, "33.0", NAT_CONFIGURE, delete_rule, "NAT_RULE_DELETE"),
)
