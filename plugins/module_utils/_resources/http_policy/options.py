# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The options of vcd_http_policy: three lists of rules, whose criteria and actions have much in common."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec

Option = dict[str, Any]
METHODS = (
    "GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL",
    "COPY", "MOVE", "LOCK", "UNLOCK",
)  # fmt: skip
TEXTS = (
    "BEGINS_WITH", "DOES_NOT_BEGIN_WITH", "CONTAINS", "DOES_NOT_CONTAIN", "ENDS_WITH", "DOES_NOT_END_WITH", "EQUALS",
    "DOES_NOT_EQUAL",
)  # fmt: skip
REGEX, EXISTENCE = ("REGEX_MATCH", "REGEX_DOES_NOT_MATCH"), ("EXISTS", "DOES_NOT_EXIST")


def _choice(*choices: Any, **more: Any) -> Option:
    return {"type": "int" if isinstance(choices[0], int) else "str", "choices": list(choices), **more}


def _dict(**options: Option) -> Option:
    return {"type": "dict", "options": options}


def _dicts(**options: Option) -> Option:
    return {"type": "list", "elements": "dict", "options": options}


def _list(kind: str, **more: Any) -> Option:
    return {"type": "list", "elements": kind, **more}


def _flag(default: bool) -> Option:
    return {"type": "bool", "default": default}


_TEXT, _NUMBER, _NAME = {"type": "str"}, {"type": "int"}, {"type": "str", "required": True}
_IS_IN = _choice("IS_IN", "IS_NOT_IN", required=True)
_TEXT_OR_REGEX = _choice(*TEXTS, *REGEX, required=True)
_TEXT_OR_EXISTENCE = _choice(*EXISTENCE, *TEXTS, required=True)
_HEADERS = _dicts(criteria=_TEXT_OR_EXISTENCE, name=_NAME, values=_list("str"))
_CRITERIA = {
    "client_ip_address": _dict(criteria=_IS_IN, ip_addresses=_list("str", required=True)),
    "service_ports": _dict(criteria=_IS_IN, ports=_list("int", required=True)),
    "protocol_type": _choice("HTTP", "HTTPS"),
    "http_methods": _dict(criteria=_IS_IN, methods=_list("str", choices=list(METHODS), required=True)),
    "path": _dict(criteria=_TEXT_OR_REGEX, paths=_list("str", required=True)),
    "query": _list("str"),
    "request_headers": _HEADERS,
    "cookie": _dict(criteria=_TEXT_OR_EXISTENCE, name=_NAME, value=_TEXT),
}
_RESPONSE_CRITERIA = {
    **_CRITERIA,
    "location_header": _dict(criteria=_TEXT_OR_REGEX, values=_list("str", required=True)),
    "response_headers": _HEADERS,
    "status_code": _dict(criteria=_IS_IN, http_status_codes=_list("str", required=True, aliases=["http_status_code"])),
}
_TARGET = {
    "protocol": _choice("HTTP", "HTTPS", required=True),
    "host": _TEXT,
    "port": _NUMBER,
    "path": _TEXT,
    "keep_query": _flag(True),
}
_REDIRECT = _dict(**_TARGET, status_code=_choice(301, 302, 307, default=302))
_MODIFY = _dicts(action=_choice("ADD", "REMOVE", "REPLACE", required=True), name=_NAME, value=_TEXT)
_SENT = _dict(content=_TEXT, content_type=_TEXT, status_code=_choice(200, 204, 403, 404, 429, 501, required=True))
_RATE = _dict(
    count={"type": "int", "required": True},
    period={"type": "int", "default": 1},
    action_close_connection=_flag(False),
    action_redirect=_REDIRECT,
    action_local_response=_SENT,
)


def _rules(criteria: Option, **actions: Option) -> Option:
    return _dicts(
        name=_NAME,
        active=_flag(True),
        logging=_flag(False),
        match_criteria=_dict(**criteria),
        actions={**_dict(**actions), "required": True},
    )


RULES = {
    "request_rules": _rules(
        _CRITERIA,
        redirect=_REDIRECT,
        modify_header=_MODIFY,
        rewrite_url=_dict(host_header=_TEXT, existing_path=_TEXT, query=_TEXT, keep_query=_flag(True)),
    ),
    "response_rules": _rules(_RESPONSE_CRITERIA, rewrite_location_header=_dict(**_TARGET), modify_header=_MODIFY),
    "security_rules": _rules(
        _CRITERIA,
        redirect_to_https=_NUMBER,
        connections=_choice("ALLOW", "CLOSE"),
        rate_limit=_RATE,
        send_response=_SENT,
    ),
}
POLICY = ArgumentSpec(
    {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "virtual_service": {"type": "str", "required": True},
        "redirect_to_https": {"type": "bool"},
        "https_port": {"type": "int", "default": 443},
        **RULES,
    }
)
