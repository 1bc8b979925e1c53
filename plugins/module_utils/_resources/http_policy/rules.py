# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Rules of HTTP policies: which options correspond to which fields of the API, and the conversion both ways. Pure.

The options have the names of the Terraform provider's vcd_nsxt_alb_virtual_service_http_{req,resp,sec}_rules, the
fields are those of go-vcloud-director (``types/v56/nsxt_alb.go``) and of the vendor's pages of API 38.0 to 39.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_set.resource import usual_form
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    REQUEST_RULES,
    RESPONSE_RULES,
    SECURITY_RULES,
)

Body = dict[str, Any]
Rule = dict[str, Any]
REQUEST, RESPONSE, SECURITY = REQUEST_RULES, RESPONSE_RULES, SECURITY_RULES
PORTS = {"HTTP": 80, "HTTPS": 443}  # where a redirect leads if it names no port


@dataclass(frozen=True)
class Part:
    """One field of the API: its name, and its parts by option; without parts, it is a plain value.

    ``many``: a list of such parts. ``inside``: the value is in this field of a mapping. ``true``: the API's value for
    an option that is true. ``order``: how to sort a list in which the order does not matter.
    """

    name: str
    parts: Mapping[str, Part] = field(default_factory=dict)
    many: bool = False
    inside: str = ""
    true: str = ""
    order: Callable[[Any], Any] | None = None


def _match(name: str, option: str, values: str) -> Part:
    return Part(name, {"criteria": Part("matchCriteria"), option: Part(values, order=_as_text)})


def _as_text(value: Any) -> str:
    return str(value)


def _by_name(value: Mapping[str, Any]) -> tuple[str, ...]:
    return (str(value.get("name")).lower(), str(value.get("criteria")), *map(str, value.get("values") or []))


def _header(value: Mapping[str, Any]) -> str:
    """Changes to the same header are made in their order; the order of different headers does not matter."""
    return str(value.get("name")).lower()


_HEADER = {"criteria": Part("matchCriteria"), "name": Part("key"), "values": Part("value", order=_as_text)}
_COOKIE = {"criteria": Part("matchCriteria"), "name": Part("key"), "value": Part("value")}
_TARGET = {name: Part(name) for name in ("protocol", "host", "port", "path")} | {"keep_query": Part("keepQuery")}
_REDIRECT = {**_TARGET, "status_code": Part("statusCode")}
_SENT = {"content": Part("content"), "content_type": Part("contentType"), "status_code": Part("statusCode")}
_MODIFY = Part("headerActions", {name: Part(name) for name in ("action", "name", "value")}, many=True, order=_header)
_CRITERIA = {
    "client_ip_address": _match("clientIpMatch", "ip_addresses", "addresses"),
    "service_ports": _match("servicePortMatch", "ports", "ports"),
    "protocol_type": Part("protocol"),
    "http_methods": _match("methodMatch", "methods", "methods"),
    "path": _match("pathMatch", "paths", "matchStrings"),
    "query": Part("queryMatch", order=_as_text),
    "request_headers": Part("headerMatch", _HEADER, many=True, order=_by_name),
    "cookie": Part("cookieMatch", _COOKIE),
}
# The fields for request headers in a response rule are those that the Terraform provider sends.
_RESPONSE_CRITERIA = {
    **_CRITERIA,
    "request_headers": Part("requestHeaderMatch", _HEADER, many=True, order=_by_name),
    "location_header": _match("locationHeaderMatch", "values", "value"),
    "response_headers": Part("responseHeaderMatch", _HEADER, many=True, order=_by_name),
    "status_code": _match("statusCodeMatch", "http_status_codes", "statusCodes"),
}
_RATE = {
    "count": Part("count"),
    "period": Part("period"),
    "action_close_connection": Part("closeConnectionAction", true="CLOSE"),
    "action_redirect": Part("redirectAction", _REDIRECT),
    "action_local_response": Part("localResponseAction", _SENT),
}
CRITERIA = {REQUEST: _CRITERIA, RESPONSE: _RESPONSE_CRITERIA, SECURITY: _CRITERIA}
ACTIONS: dict[str, dict[str, Part]] = {
    REQUEST: {
        "redirect": Part("redirectAction", _REDIRECT),
        "modify_header": _MODIFY,
        "rewrite_url": Part(
            "rewriteUrlAction",
            {
                "host_header": Part("host"),
                "existing_path": Part("path"),
                "query": Part("query"),
                "keep_query": Part("keepQuery"),
            },
        ),
    },
    RESPONSE: {"rewrite_location_header": Part("rewriteLocationHeaderAction", _TARGET), "modify_header": _MODIFY},
    SECURITY: {
        "redirect_to_https": Part("redirectToHttpsAction", inside="port"),
        "connections": Part("allowOrCloseConnectionAction"),
        "rate_limit": Part("rateLimitAction", _RATE),
        "send_response": Part("localResponseAction", _SENT),
    },
}


def to_rule(kind: str, body: Mapping[str, Any]) -> Rule:
    """A rule as the modules return it, with only what is set. The order of its lists does not affect equality."""
    return {
        "name": body.get("name"),
        "active": body.get("active") is not False,
        "logging": bool(body.get("logging")),
        "match_criteria": _options(body.get("matchCriteria") or {}, CRITERIA[kind]),
        "actions": _options(body, ACTIONS[kind]),
    }


def to_body(kind: str, rule: Rule) -> Body:
    """The body of a rule that `to_rule` or `checked` has made."""
    return {
        **{name: rule[name] for name in ("name", "active", "logging")},
        "matchCriteria": _fields(rule["match_criteria"], CRITERIA[kind]),
        **_fields(rule["actions"], ACTIONS[kind]),
    }


def usual(kind: str, rule: Mapping[str, Any]) -> Rule:
    """A rule from options in the form of `to_rule`."""
    criteria, actions = rule.get("match_criteria") or {}, rule.get("actions") or {}
    body = {**rule, "matchCriteria": _fields(criteria, CRITERIA[kind]), **_fields(actions, ACTIONS[kind])}
    return to_rule(kind, body)


def _options(body: Mapping[str, Any], parts: Mapping[str, Part]) -> dict[str, Any]:
    """The values set in a mapping of the API, by option."""
    found = {}
    for option, part in parts.items():
        value = body.get(part.name)
        if part.inside and value is not None:
            value = value.get(part.inside)
        if part.parts and value:
            rows = [_options(one, part.parts) for one in (value if part.many else [value])]
            value = rows if part.many else rows[0]
        if part.true:
            value = value == part.true or None
        if value in (None, "", [], {}):
            continue
        if part.order is not None:
            values = map(usual_form, value) if option == "ip_addresses" else value
            value = sorted(values, key=part.order)
        found[option] = value
    if "keep_query" in parts:
        found.setdefault("keep_query", True)
    protocol = str(found.get("protocol"))
    if protocol in PORTS and "port" in parts:
        found.setdefault("port", PORTS[protocol])
    return found


def _fields(options: Mapping[str, Any], parts: Mapping[str, Part]) -> Body:
    """The values set in options, as a mapping of the API."""
    found: Body = {}
    for option, part in parts.items():
        value = options.get(option)
        if part.true:
            value = part.true if value else None
        if value is None:
            continue
        if part.parts:
            rows = [_fields(one, part.parts) for one in (value if part.many else [value])]
            value = rows if part.many else rows[0]
        found[part.name] = {part.inside: value} if part.inside else value
    return found
