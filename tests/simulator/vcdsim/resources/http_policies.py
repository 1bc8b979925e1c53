# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP policies and WAF of a virtual service: rules for requests, responses and security, and the firewall's settings.

They are sub-resources: not part of the virtual service's body, and deleted with it. The paths of the HTTP
policies are those of go-vcloud-director. The vendor's pages of API 38.1 to 39.1 have the bodies of WAF
(EdgeVirtualServiceWafConfig, EdgeVirtualServiceWafAllowlist); no public source has its paths, so they are assumed.
"""

from __future__ import annotations

from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, Fields, anything, flag, many, number, obj, one_of, text
from vcdsim.calls import Call, Handler, Operation, Reply
from vcdsim.resources.common import restored
from vcdsim.resources.pools import is_premium, locks
from vcdsim.resources.virtual_services import ONE
from vcdsim.rights import LB_CONFIGURE, LB_VIEW
from vcdsim.store import Record

# The key under which a virtual service's record keeps each sub-resource; see ``virtual_services.SUB_RESOURCES``
REQUEST, RESPONSE, SECURITY = "httpRequestRules", "httpResponseRules", "httpSecurityRules"
WAF, ALLOWLIST = "wafConfig", "wafAllowlist"

_HEADER = obj({"action": one_of("ADD", "REMOVE", "REPLACE"), "name": text(low=1), "value": text()}, "action", "name")
_TARGET: Fields = {
    "protocol": one_of("HTTP", "HTTPS"),
    "host": text(),
    "port": number(1, 65535),
    "path": text(),
    "keepQuery": flag(),
}
_REDIRECT = obj({**_TARGET, "statusCode": number(301, 308)}, "protocol")
_RESPONSE = obj({"content": text(), "contentType": text(), "statusCode": number(200, 599)}, "statusCode")
_RATE = obj(
    {
        "count": number(1, 1_000_000_000),
        "period": number(1, 1_000_000_000),
        "closeConnectionAction": one_of("CLOSE"),
        "redirectAction": _REDIRECT,
        "localResponseAction": _RESPONSE,
    }
)


def _rules(title: str, actions: Fields) -> Body:
    """A list of rules. The criteria are stored as they are sent."""
    rule = {"name": text(low=1, high=1000), "active": flag(default=True), "logging": flag(default=False)}
    entry = obj({**rule, "matchCriteria": anything(), **actions}, "name")
    # go-vcloud-director empties a list by sending null
    return Body(title, {"values": many(entry, high=128, default=[])})


BODIES = {
    REQUEST: _rules(
        "HTTP request rules",
        {
            "headerActions": many(_HEADER),
            "redirectAction": _REDIRECT,
            "rewriteUrlAction": obj({"host": text(), "path": text(), "query": text(), "keepQuery": flag()}),
        },
    ),
    RESPONSE: _rules(
        "HTTP response rules", {"headerActions": many(_HEADER), "rewriteLocationHeaderAction": obj(_TARGET)}
    ),
    SECURITY: _rules(
        "HTTP security rules",
        {
            "rateLimitAction": _RATE,
            "redirectToHttpsAction": obj({"port": number(1, 65535)}),
            "localResponseAction": _RESPONSE,
            "allowOrCloseConnectionAction": one_of("ALLOW", "CLOSE"),
        },
    ),
    WAF: Body(
        "WAF configuration",
        {"active": flag(default=False), "mode": one_of("DETECTION", "ENFORCEMENT", default="DETECTION")},
    ),
    ALLOWLIST: Body(
        "WAF allowlist",
        {
            "values": many(
                obj(
                    {
                        "name": text(low=1),
                        "active": flag(default=True),
                        "matchCriteria": anything(),
                        "action": one_of("BYPASS", "CONTINUE", "DETECT"),
                    },
                    "name",
                    "matchCriteria",
                    "action",
                ),
                high=128,
            )
        },
        "values",
    ),
}
_EMPTY: dict[str, dict[str, Any]] = {WAF: {"active": False, "mode": "DETECTION"}}


def _service(call: Call) -> Record:
    return call.require("loadBalancerVirtualService", call.params["virtualServiceId"])


def _stored(service: Record, key: str) -> dict[str, Any]:
    return dict(service.data.get(key) or _EMPTY.get(key, {"values": []}))


def _check(call: Call, key: str, service: Record, sent: dict[str, Any]) -> None:
    """Answers 400 for settings that the virtual service cannot have."""
    wanted = bool(sent.get("values")) or bool(sent.get("active"))
    if wanted and service.data["applicationProfile"]["type"] not in ("HTTP", "HTTPS"):
        raise errors.bad_request(f"The virtual service {service.name} is not of type HTTP or HTTPS.")
    gateway = call.store.get("gateway", service.data["gatewayRef"])
    if wanted and key in (WAF, ALLOWLIST) and (gateway is None or not is_premium(gateway)):
        raise errors.bad_request("WAF needs the PREMIUM feature set of the edge gateway.")
    for one in sent.get("values", []):
        if key == ALLOWLIST and not any(one["matchCriteria"].values()):
            raise errors.bad_field("values", f"the item {one['name']} needs at least one match criterion")
        actions = set(one) - {"name", "active", "logging", "matchCriteria", "action"}
        if key == SECURITY and len(actions) != 1:
            raise errors.bad_field("values", f"the rule {one['name']} needs exactly one action")
        if key == REQUEST and "redirectAction" in actions and len(actions) > 1:
            raise errors.bad_field("values", f"the redirect of rule {one['name']} excludes other actions")


def _get(key: str) -> Handler:
    def get(call: Call) -> Reply:
        stored = _stored(_service(call), key)
        if "values" not in stored:
            return Reply(200, stored)
        # go-vcloud-director reads these lists as pages
        count = len(stored["values"])
        paging = {"resultTotal": count, "pageCount": 1, "page": 1, "pageSize": 128, "associations": None}
        return Reply(200, {**paging, **stored})

    return get


def _put(key: str) -> Handler:
    def put(call: Call) -> Reply:
        service = _service(call)
        sent = BODIES[key].read(call.body, call.version)
        _check(call, key, service, sent)
        gateway = call.store.get("gateway", service.data["gatewayRef"])
        held = locks(call, gateway, service) if gateway else (service.id,)

        def change() -> None:
            service.data = {**service.data, key: sent}

        return call.submit(service, locks=held, now=change, undo=restored(service))

    return put


_RULES = "an L4 virtual service (assumed)"
_PLACES = (
    (REQUEST, "/httpPolicy/requestRules", "38.0", "HTTP_REQUEST_RULES", f"{_RULES}, a redirect beside other actions"),
    (RESPONSE, "/httpPolicy/responseRules", "38.0", "HTTP_RESPONSE_RULES", _RULES),
    (SECURITY, "/httpPolicy/securityRules", "38.0", "HTTP_SECURITY_RULES", f"{_RULES}, a rule without one action"),
    (WAF, "/waf/config", "38.1", "WAF_CONFIG", f"{_RULES}, a STANDARD edge gateway"),
    (ALLOWLIST, "/waf/allowlist", "38.1", "WAF_ALLOWLIST", f"{_RULES}, a STANDARD edge gateway"),
)
OPERATIONS = tuple(
    operation
    for key, path, since, name, refuses in _PLACES
    for operation in (
        Operation(
            "GET", ONE + path, since, LB_VIEW, _get(key), f"LOAD_BALANCER_VIRTUAL_SERVICE_{name}_VIEW",
            "assumed" if key in (WAF, ALLOWLIST) else "documented",
        ),
        Operation(
            "PUT", ONE + path, since, LB_CONFIGURE, _put(key), f"LOAD_BALANCER_VIRTUAL_SERVICE_{name}_UPDATE",
            "assumed" if key in (WAF, ALLOWLIST) else "documented", refuses,
        ),
    )
)  # fmt: skip
