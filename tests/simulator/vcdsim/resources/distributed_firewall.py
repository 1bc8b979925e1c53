# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distributed firewall of a VDC group: whether it is on, its only policy, and the rules of the policy.

The tests of go-vcloud-director (Test_NsxtVdcGroup, Test_NsxtDistributedFirewall...) show what a real VCD does: it
creates a policy and a rule when the firewall is activated, and deactivates it only after the policy is disabled.
"""

from __future__ import annotations

from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, flag, many, number, obj, read_only, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.common import restored, same_id
from vcdsim.resources.firewall_rules import (
    RULE_FIELDS,
    check_version,
    rewritten,
    rule_changed,
    rule_data,
    rules_of,
    show_rule,
)
from vcdsim.rights import DFW_CONFIGURE, DFW_ENABLE, DFW_VIEW, VDC_GROUP_VIEW
from vcdsim.store import Record, Store

POLICIES = "/cloudapi/1.0.0/vdcGroups/{vdcGroupId}/dfwPolicies"
POLICY = POLICIES + "/{policyId}"
RULES = POLICY + "/rules"
RULE = RULES + "/{ruleId}"
DEFAULT = "default"  # another name of the only policy, which go-vcloud-director uses

POLICIES_BODY = Body(
    "distributed firewall policies", {"enabled": flag(default=False), "defaultPolicy": read_only(type="object")}
)
POLICY_BODY = Body(
    "distributed firewall policy",
    {
        "id": text(),
        "name": text(low=1),
        "description": text(),
        "enabled": flag(default=True),
        "version": obj({"version": number(0)}, "version"),
    },
    "name",
)
_EXCLUDED = {f"{one}GroupsExcluded": since("36.2", flag(default=False)) for one in ("source", "destination")}
DFW_RULE_FIELDS = {name: one for name, one in RULE_FIELDS.items() if name != "appliedTo"} | _EXCLUDED
RULE_BODY = Body("distributed firewall rule", DFW_RULE_FIELDS, "name")
RULES_BODY = Body("distributed firewall rules", {"values": many(obj(DFW_RULE_FIELDS, "name"))})


def is_on(group: Record) -> bool:
    """Whether the distributed firewall of a VDC group is on."""
    return "dfw" in group.facts


def needs_policy_disabled(group: Record) -> bool:
    """Whether the group's policy is enabled, and has to be disabled first."""
    return is_on(group) and bool(group.facts["dfw"]["enabled"])


def _show(call: Call, group: Record) -> dict[str, Any]:
    policy = group.facts["dfw"]
    return POLICY_BODY.show({**policy, "version": {"version": policy["version"]}}, call.version)


def _group(call: Call) -> Record:
    return call.require("vdcGroup", call.params["vdcGroupId"])


def _with_policy(call: Call) -> Record:
    """The VDC group of the path. Answers 403 if it has no such policy, as for any missing object."""
    group = _group(call)
    named = call.params["policyId"]
    if not is_on(group) or named not in (DEFAULT, group.facts["dfw"]["id"]):
        raise errors.forbidden("Base", call.operation.name, named)
    return group


def get_policies(call: Call) -> Reply:
    group = _group(call)
    return Reply(200, {"enabled": is_on(group), "defaultPolicy": _show(call, group) if is_on(group) else None})


def put_policies(call: Call) -> Reply:
    group = _group(call)
    wanted = POLICIES_BODY.read(call.body, call.version)["enabled"]
    if not wanted and needs_policy_disabled(group):
        raise errors.bad_request(f"Disable the default policy of {group.name} first.")
    change = (lambda: activate(call.store, group)) if wanted else (lambda: deactivate(call, group))
    rules, undo = rules_of(call, group), restored(group)

    def back() -> None:
        call.store.remove(*rules_of(call, group))
        for rule in rules:
            call.store.add(rule)
        undo()

    return call.submit(group, locks=(group.id,), now=change, undo=back)


def activate(store: Store, group: Record) -> None:
    """Give a group without a policy its policy, with one rule."""
    if is_on(group):
        return
    name = f"Default_VdcGroup_{group.name}"  # of the rule; go-vcloud-director's test finds it by this name
    policy = {"id": store.mint("natRule"), "name": name, "description": None, "enabled": True, "version": 0}
    group.facts = {**group.facts, "dfw": policy}
    data = {"name": name, "ipProtocol": "IPV4_IPV6", "actionValue": "ALLOW", "direction": "IN_OUT"}
    rule = Record("firewallRule", store.mint("firewallRule"), {**data, "logging": False, "enabled": True})
    rule.org, rule.facts = group.org, {"gateway": group.id, "version": 0, "position": 0}
    store.add(rule)


def deactivate(call: Call, group: Record) -> None:
    """Remove the policy of a group, with all its rules."""
    call.store.remove(*rules_of(call, group))
    group.facts = {name: value for name, value in group.facts.items() if name != "dfw"}


def get_policy(call: Call) -> Reply:
    return Reply(200, _show(call, _with_policy(call)))


def put_policy(call: Call) -> Reply:
    group = _with_policy(call)
    sent, known = POLICY_BODY.read(call.body, call.version), group.facts["dfw"]
    if sent.get("id", known["id"]) != known["id"]:
        raise errors.bad_field("id", "it is not that of the path")
    if "version" not in sent:  # "If the version number on an update call is missing, the operation will be rejected"
        raise errors.bad_request('The field "version" is required.')
    if sent["version"]["version"] != known["version"]:
        raise errors.bad_request(f"The policy {known['name']} has been changed: version {known['version']}.")
    changes = {name: sent.get(name) for name in ("name", "description", "enabled")}
    undo = restored(group)

    def change() -> None:
        group.facts = {**group.facts, "dfw": {**known, **changes, "version": known["version"] + 1}}

    return call.submit(group, locks=(group.id,), now=change, undo=undo)


def _representation(call: Call, rule: Record) -> dict[str, Any]:
    # unlike a gateway's rule, it shows a tenant's logging as sent: Test_NsxtDistributedFirewallRules
    return show_rule(call, rule, RULE_BODY) | {"logging": rule.data["logging"]}


def get_rules(call: Call) -> Reply:
    return Reply(200, {"values": [_representation(call, rule) for rule in rules_of(call, _with_policy(call))]})


def put_rules(call: Call) -> Reply:
    """Replace all rules, as for an edge gateway."""
    group = _with_policy(call)
    sent = RULES_BODY.read(call.body, call.version)
    change, undo = rewritten(call, group, sent.get("values") or [])
    return call.submit(group, locks=(group.id,), now=change, undo=undo)


def _addressed(call: Call) -> tuple[Record, Record]:
    group = _with_policy(call)
    rule = call.require("firewallRule", call.params["ruleId"])
    if rule.facts["gateway"] != group.id:
        raise errors.forbidden("Base", call.operation.name, rule.id)
    return group, rule


def get_rule(call: Call) -> Reply:
    return Reply(200, _representation(call, _addressed(call)[1]))


def put_rule(call: Call) -> Reply:
    group, rule = _addressed(call)
    same_id(call, rule)
    sent = RULE_BODY.read(call.body, call.version)
    check_version(call, sent, rule)
    now = rule_changed(rule, rule_data(call, sent))
    return call.submit(group, locks=(group.id,), now=now, undo=restored(rule))


def delete_rule(call: Call) -> Reply:
    group, rule = _addressed(call)
    return call.submit(group, locks=(group.id,), done=lambda: call.store.remove(rule))


_NO_ACTION = "a rule without an action"
OPERATIONS = (
    Operation("GET", POLICIES, "35.0", VDC_GROUP_VIEW, get_policies, "DFW_POLICIES_VIEW"),
    Operation(
        "PUT",
        POLICIES,
        "35.0",
        DFW_ENABLE,
        put_policies,
        "DFW_POLICIES_UPDATE",
        refuses="deactivation while the default policy is enabled",
    ),
    Operation("GET", POLICY, "35.0", VDC_GROUP_VIEW, get_policy, "DFW_POLICY_VIEW"),
    Operation(
        "PUT", POLICY, "35.0", DFW_ENABLE, put_policy, "DFW_POLICY_UPDATE", refuses="no version, or another version"
    ),
    Operation("GET", RULES, "35.0", DFW_VIEW, get_rules, "DFW_RULES_VIEW"),
    Operation("PUT", RULES, "35.0", DFW_CONFIGURE, put_rules, "DFW_RULES_UPDATE", refuses=_NO_ACTION),
    Operation("GET", RULE, "35.0", DFW_VIEW, get_rule, "DFW_RULES_VIEW"),
    Operation("PUT", RULE, "35.0", DFW_CONFIGURE, put_rule, "DFW_RULE_UPDATE", refuses=_NO_ACTION),
    Operation("DELETE", RULE, "35.0", DFW_CONFIGURE, delete_rule, "DFW_RULE_DELETE"),
)
