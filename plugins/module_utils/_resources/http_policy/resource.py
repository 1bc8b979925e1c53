# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""HTTP policies of a virtual service: the wanted rules, checked, and the lists to write. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import parse_addresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy.rules import (
    REQUEST,
    RESPONSE,
    SECURITY,
    Body,
    Rule,
    to_body,
    to_rule,
    usual,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks

Lists = dict[str, list[Body]]
KINDS = (REQUEST, RESPONSE, SECURITY)
LONGEST_NAME, MOST = 999, 1_000_000_000  # from the API's description: fewer than 1000 characters; 1-1000000000
REDIRECT_NAME = "redirect-to-https"
_WITHOUT_VALUES = ("EXISTS", "DOES_NOT_EXIST")


def from_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted lists of rules, and ``redirect_to_https`` with ``https_port``, where given. Raises InvalidInput."""
    wanted: dict[str, Any] = checks.given(params, "redirect_to_https")
    wanted["https_port"] = checks.port("https_port", params["https_port"])
    checks.name("virtual_service", params["virtual_service"])
    return wanted | rules_of_options(params)


def rules_of_options(params: Mapping[str, Any], where: str = "") -> dict[str, list[Rule]]:
    """The given lists of rules in their normal form. ``where`` precedes the option in messages.

    Raises InvalidInput.
    """
    return {
        kind: [_checked(kind, f"{where}{kind}[{number}]", rule) for number, rule in enumerate(params[kind])]
        for kind in KINDS
        if params.get(kind) is not None
    }


def to_result(lists: Mapping[str, Sequence[Body]]) -> dict[str, list[Rule]]:
    """The lists of rules as the modules return them."""
    return {kind: [to_rule(kind, body) for body in lists[kind]] for kind in KINDS}


def planned(lists: Mapping[str, Sequence[Body]], wanted: Mapping[str, Any]) -> Lists:
    """The wanted lists. A rule that already exists as wanted keeps its body, with any fields unknown here."""
    found: Lists = {}
    for kind in KINDS:
        found[kind] = list(lists[kind])
        if kind in wanted:
            found[kind] = bodies_of(kind, lists[kind], wanted[kind])
    if wanted.get("redirect_to_https") is not None:
        found[SECURITY] = _with_redirect(found[SECURITY], wanted)
    return found


def to_write(lists: Mapping[str, Sequence[Body]], after: Mapping[str, Sequence[Body]]) -> list[str]:
    """The kinds of rules that differ."""
    before, wanted = to_result(lists), to_result(after)
    return [kind for kind in KINDS if before[kind] != wanted[kind]]


def bodies_of(kind: str, known: Sequence[Body], rules: Iterable[Rule]) -> list[Body]:
    """The bodies of rules. A known rule that is as wanted keeps its body, with any fields unknown here."""
    return [_kept(kind, known, rule) for rule in rules]


def _kept(kind: str, bodies: Sequence[Body], rule: Rule) -> Body:
    return next((body for body in bodies if to_rule(kind, body) == rule), None) or to_body(kind, rule)


def _with_redirect(bodies: Sequence[Body], wanted: Mapping[str, Any]) -> list[Body]:
    """The security rules with a rule that redirects all HTTP requests, or without any such rule. All others stay."""
    own = [body for body in bodies if _redirects_all(to_rule(SECURITY, body))]
    if not wanted["redirect_to_https"]:
        return [body for body in bodies if body not in own]
    rule: Rule = {
        "name": REDIRECT_NAME,
        "active": True,
        "logging": False,
        "match_criteria": {"protocol_type": "HTTP"},
        "actions": {"redirect_to_https": wanted["https_port"]},
    }
    if not own:
        if any(body.get("name") == REDIRECT_NAME for body in bodies):
            remedy = f"another security rule has the name {REDIRECT_NAME!r}: rename it, or use security_rules"
            raise InvalidInput("redirect_to_https", True, remedy)
        return [to_body(SECURITY, rule), *bodies]  # first, so that no other rule answers before it
    changed = {**own[0], "active": True, "redirectToHttpsAction": {"port": wanted["https_port"]}}
    return [changed if body is own[0] else body for body in bodies]


def _redirects_all(rule: Rule) -> bool:
    """Whether a security rule redirects all HTTP requests."""
    return "redirect_to_https" in rule["actions"] and rule["match_criteria"] in ({}, {"protocol_type": "HTTP"})


# checks


def _checked(kind: str, option: str, given: Mapping[str, Any]) -> Rule:
    """A rule from options in its normal form. Raises InvalidInput."""
    name = checks.name(f"{option}.name", given["name"])
    if len(name) > LONGEST_NAME:
        raise InvalidInput(f"{option}.name", name, f"has {len(name)} characters: give at most {LONGEST_NAME}")
    rule = usual(kind, given)
    _check_criteria(f"{option}.match_criteria", given.get("match_criteria") or {})
    _check_actions(kind, f"{option}.actions", rule["actions"])
    return rule


def _check_criteria(option: str, criteria: Mapping[str, Any]) -> None:
    for name, value in criteria.items():
        rows = value if isinstance(value, list) else [value]
        for row in (one for one in rows if isinstance(one, Mapping)):
            _check_criterion(f"{option}.{name}", row)


def _check_criterion(option: str, row: Mapping[str, Any]) -> None:
    if "name" in row:
        checks.name(f"{option}.name", row["name"] or "")
    for name, value in row.items():
        if name in ("criteria", "name"):
            continue
        without = row["criteria"] in _WITHOUT_VALUES
        if not value and not without:
            raise InvalidInput(f"{option}.{name}", value, "give what to compare with")
        if value and without:
            raise InvalidInput(f"{option}.{name}", value, f"nothing is compared with {row['criteria']}: omit it")
        for one in value if isinstance(value, list) else []:
            _check_value(f"{option}.{name}", name, one)


def _check_value(option: str, name: str, value: Any) -> None:
    if name == "ports":
        checks.port(option, value)
    elif name == "ip_addresses":
        if parse_addresses(value.strip()) is None:
            remedy = "give an IP address, a network such as 10.0.0.0/24, or a range such as 10.0.0.1-10.0.0.9"
            raise InvalidInput(option, value, f"is not an address: {remedy}")
    elif name == "http_status_codes":
        if not re.fullmatch(r"[1-5][0-9][0-9](-[1-5][0-9][0-9])?", value):
            raise InvalidInput(option, value, "give a status code such as 200, or a range such as 200-299")
    elif not value:
        raise InvalidInput(option, value, "give what to compare with")


def _check_actions(kind: str, option: str, actions: Mapping[str, Any]) -> None:
    """Raise InvalidInput for combinations that the API excludes, according to its descriptions of the actions."""
    given = ", ".join(actions)
    if not actions:
        raise InvalidInput(option, None, "give what to do")
    if kind == SECURITY and len(actions) > 1:
        raise InvalidInput(option, given, "a security rule does one thing only: make a rule for each")
    if "redirect" in actions and len(actions) > 1:
        raise InvalidInput(option, given, "a redirect excludes other actions: make a rule for each")
    if "redirect_to_https" in actions:
        checks.port(f"{option}.redirect_to_https", actions["redirect_to_https"])
    for name in ("redirect", "rewrite_location_header"):
        if name in actions:
            checks.port(f"{option}.{name}.port", actions[name]["port"])
    for header in actions.get("modify_header") or []:
        checks.name(f"{option}.modify_header.name", header.get("name") or "")
        if header["action"] != "REMOVE" and not header.get("value"):
            raise InvalidInput(f"{option}.modify_header.value", None, f"required with {header['action']}")
    if "send_response" in actions:
        _check_response(f"{option}.send_response", actions["send_response"])
    if "rate_limit" in actions:
        _check_rate(f"{option}.rate_limit", actions["rate_limit"])


def _check_rate(option: str, rate: Mapping[str, Any]) -> None:
    checks.integer(f"{option}.count", rate["count"], 1, MOST)
    checks.integer(f"{option}.period", rate["period"], 1, MOST, "seconds")
    also = [name for name in rate if name.startswith("action_")]
    if len(also) > 1:
        raise InvalidInput(option, ", ".join(also), "exclude each other: give one of them")
    if "action_redirect" in rate:
        checks.port(f"{option}.action_redirect.port", rate["action_redirect"]["port"])
    if "action_local_response" in rate:
        _check_response(f"{option}.action_local_response", rate["action_local_response"])


def _check_response(option: str, sent: Mapping[str, Any]) -> None:
    try:
        base64.b64decode(sent.get("content") or "", validate=True)
    except (binascii.Error, ValueError):
        remedy = "is not Base64: give it through the filter b64encode"
        raise InvalidInput(f"{option}.content", sent["content"], remedy) from None
