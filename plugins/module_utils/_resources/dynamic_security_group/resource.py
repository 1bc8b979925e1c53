# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Dynamic security groups: convert between module options and API bodies. Pure.

The options have the names of the Terraform provider's vcd_nsxt_dynamic_security_group, with lists in the plural. Limits
and operators come from the API's description of VmCriteria and VmCriteriaRule.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import reference

Body = dict[str, Any]
Rule = dict[str, str]
PLAIN = {"name": "name", "description": "description"}
RULE = {"type": "attributeType", "operator": "operator", "value": "attributeValue"}
TAG, NAME = "VM_TAG", "VM_NAME"
OPERATORS = {TAG: ("EQUALS", "CONTAINS", "STARTS_WITH", "ENDS_WITH"), NAME: ("CONTAINS", "STARTS_WITH")}
MAX_CRITERIA, MAX_RULES = 3, 4


def to_result(body: Mapping[str, Any]) -> dict[str, Any]:
    """A group as the modules return it. ``owner`` is the VDC group."""
    criteria = [
        [{option: str(rule.get(field) or "") for option, field in RULE.items()} for rule in one.get("rules") or []]
        for one in body.get("vmCriteria") or []
    ]
    return {
        "id": body.get("id"),
        "name": body.get("name"),
        "description": body.get("description") or "",
        "criteria": usual_form(criteria),
        "owner": reference(body.get("ownerRef")),
        "status": body.get("status"),
    }


def usual_form(criteria: Iterable[Iterable[Rule]]) -> list[dict[str, list[Rule]]]:
    """Criteria in a normal form for comparison: neither their order nor the order of their rules matters.

    Cloud Director keeps tags in lower case, so only text in lower case can match a tag.
    """
    found = {
        tuple(
            sorted({(r["type"], r["operator"], r["value"].lower() if r["type"] == TAG else r["value"]) for r in rules})
        )
        for rules in criteria
    }
    return [{"rules": [dict(zip(RULE, rule, strict=True)) for rule in rules]} for rules in sorted(found)]


def from_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values with the keys of `to_result`, for the options that are set. Raises InvalidInput."""
    wanted = checks.given(params, *PLAIN, "criteria")
    if "name" in wanted:
        checks.name("name", wanted["name"])
    if "criteria" in wanted:
        criteria = [one["rules"] for one in wanted["criteria"]]
        _check_number("criteria", len(criteria), 0, MAX_CRITERIA)
        for number, rules in enumerate(criteria):
            _check_number(f"criteria[{number}].rules", len(rules), 1, MAX_RULES)
            for position, rule in enumerate(rules):
                _check_rule(f"criteria[{number}].rules[{position}]", rule)
        wanted["criteria"] = usual_form(criteria)
    return wanted


def _check_number(option: str, number: int, lowest: int, highest: int) -> None:
    if not lowest <= number <= highest:
        raise InvalidInput(
            option, number, f"is not a number of entries that Cloud Director accepts: {lowest} to {highest}"
        )


def _check_rule(option: str, rule: Rule) -> None:
    allowed = OPERATORS[rule["type"]]
    if rule["operator"] not in allowed:
        raise InvalidInput(f"{option}.operator", rule["operator"], f"for {rule['type']}, give {' or '.join(allowed)}")
    if not rule["value"].strip():
        raise InvalidInput(f"{option}.value", rule["value"], "is empty: give a text to compare with")


def apply(body: Mapping[str, Any], changes: Mapping[str, Any], references: Mapping[str, Any]) -> Body:
    """A copy of an API body with changes applied (keys as in `to_result`)."""
    changed: Body = copy.deepcopy(dict(body))
    for key, value in changes.items():
        changed[{**PLAIN, "criteria": "vmCriteria"}[key]] = value
    if "criteria" in changes:
        changed["vmCriteria"] = [
            {"rules": [{field: rule[option] for option, field in RULE.items()} for rule in one["rules"]]}
            for one in changes["criteria"]
        ]
    return changed
