# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Load balancer pools: convert options to API bodies, and bodies to module results. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn, reference

Body = dict[str, Any]

# key of the result -> field of the API, where the value is the same
PLAIN = {
    "name": "name",
    "description": "description",
    "enabled": "enabled",
    "algorithm": "algorithm",
    "default_port": "defaultPort",
    "graceful_timeout_period": "gracefulTimeoutPeriod",
    "passive_monitoring_enabled": "passiveMonitoringEnabled",
    "ssl_enabled": "sslEnabled",
    "common_name_check_enabled": "commonNameCheckEnabled",
    "domain_names": "domainNames",
}
ALGORITHMS = (
    "LEAST_CONNECTIONS",
    "ROUND_ROBIN",
    "CONSISTENT_HASH",
    "FASTEST_RESPONSE",
    "LEAST_LOAD",
    "FEWEST_SERVERS",
    "RANDOM",
    "FEWEST_TASKS",
    "CORE_AFFINITY",
)
PERSISTENCE = ("CLIENT_IP", "HTTP_COOKIE", "CUSTOM_HTTP_HEADER", "APP_COOKIE", "TLS")
MONITORS = ("HTTP", "HTTPS", "TCP", "UDP", "PING")
PERSISTENCE_WITH_VALUE = ("HTTP_COOKIE", "CUSTOM_HTTP_HEADER", "APP_COOKIE")


def to_result(body: Mapping[str, Any]) -> dict[str, Any]:
    """A pool as the modules return it, with its members sorted by address."""
    return {
        "id": body.get("id"),
        "name": body.get("name"),
        "description": body.get("description") or "",
        "enabled": body.get("enabled") is not False,
        "edge_gateway": reference(body.get("gatewayRef")),
        "algorithm": body.get("algorithm") or "LEAST_CONNECTIONS",
        "default_port": body.get("defaultPort") or 80,
        "graceful_timeout_period": 1 if body.get("gracefulTimeoutPeriod") is None else body["gracefulTimeoutPeriod"],
        "passive_monitoring_enabled": body.get("passiveMonitoringEnabled") is not False,
        "health_monitors": sorted(str(monitor.get("type")) for monitor in body.get("healthMonitors") or []),
        "persistence_profile": _persistence(body.get("persistenceProfile")),
        "members": _in_order([_member_result(member) for member in body.get("members") or []]),
        "member_group": reference(body.get("memberGroupRef")),
        "ssl_enabled": bool(body.get("sslEnabled")),
        "ca_certificates": _by_name(body.get("caCertificateRefs")),
        "common_name_check_enabled": bool(body.get("commonNameCheckEnabled")),
        "domain_names": sorted(body.get("domainNames") or []),
        "virtual_services": _by_name(body.get("virtualServiceRefs")),
        "status": body.get("status"),
        "health_status": body.get("healthStatus"),
        "health_message": body.get("healthMessage"),
    }


def from_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values with the keys of `to_result`, for the options that are set. Raises InvalidInput.

    References stay names or URNs. An empty list, string or dictionary clears the value. ``member_changes`` replaces
    ``members`` with ``exclusive: false``: these are changes to a list that is not known yet. ``member_machines``
    replaces it where virtual machines are among the members, because their addresses are not known yet.
    """
    wanted = checks.given(params, *PLAIN, "member_group", "ca_certificates")
    wanted.update(checks.names(params))
    if "default_port" in wanted:
        checks.port("default_port", wanted["default_port"])
    if "graceful_timeout_period" in wanted:
        checks.integer("graceful_timeout_period", wanted["graceful_timeout_period"], -1, 7200, "minutes")
    if "domain_names" in wanted:
        _at_most("domain_names", wanted["domain_names"], 10)
        wanted["domain_names"] = sorted(wanted["domain_names"])
    _at_most("ca_certificates", wanted.get("ca_certificates") or [], 100)
    if params.get("health_monitors") is not None:
        wanted["health_monitors"] = sorted(set(params["health_monitors"]))
    if params.get("persistence_profile") is not None:
        wanted["persistence_profile"] = _persistence_from_options(params["persistence_profile"])
    if params.get("members") is not None:
        asked = _members_from_options(params["members"])
        if params.get("exclusive") is False:
            wanted["member_changes"] = asked
        elif any(one["vm"] for one in asked):
            wanted["member_machines"] = asked
        else:
            wanted["members"] = with_changes([], asked)
    if params.get("members") and wanted.get("member_group"):
        raise InvalidInput("member_group", wanted["member_group"], "give either members or member_group, not both")
    return wanted


def apply(body: Mapping[str, Any], changes: Mapping[str, Any], references: Mapping[str, Any]) -> Body:
    """A copy of an API body with changes applied (keys as in `to_result`); ``references`` are the resolved names.

    Members replace a member group and vice versa, because the API accepts only one of them.
    """
    changed: Body = copy.deepcopy(dict(body))
    for key, value in changes.items():
        if key in PLAIN:
            changed[PLAIN[key]] = value
        elif key == "health_monitors":
            changed["healthMonitors"] = [{"type": kind} for kind in value]
        elif key == "persistence_profile":
            _set(changed, "persistenceProfile", value and {name: one for name, one in value.items() if one})
        elif key == "members":
            changed["members"] = [_member_body(member) for member in value]
            if value:
                changed.pop("memberGroupRef", None)
        elif key == "member_group":
            _set(changed, "memberGroupRef", references.get("member_group"))
            if references.get("member_group"):
                changed.pop("members", None)
        elif key == "ca_certificates":
            changed["caCertificateRefs"] = list(references.get("ca_certificates") or [])
    return changed


def _set(body: Body, field: str, value: Any) -> None:
    if value:
        body[field] = value
    else:
        body.pop(field, None)


def _persistence(profile: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not profile or not profile.get("type"):
        return None
    return {"type": profile["type"], "value": profile.get("value") or None}


def _persistence_from_options(profile: Mapping[str, Any]) -> dict[str, Any] | None:
    kind, value = profile.get("type"), profile.get("value")
    if not kind:
        if value:
            raise InvalidInput("persistence_profile.value", value, "requires persistence_profile.type")
        return None
    if kind in PERSISTENCE_WITH_VALUE and not value:
        raise InvalidInput("persistence_profile.type", kind, "requires the name of the cookie or header: give value")
    if kind not in PERSISTENCE_WITH_VALUE and value:
        raise InvalidInput("persistence_profile.value", value, f"not allowed with {kind}: omit it")
    return {"type": kind, "value": value or None}


def with_changes(current: Sequence[Mapping[str, Any]], asked: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The members of a pool after changes to single ones, in the form of `to_result`, without their health.

    A change without a port applies to every member with that address. What a change leaves out stays. Raises
    InvalidInput if there are too many members.
    """
    found = [{name: member[name] for name in ("ip_address", "port", "ratio", "enabled")} for member in current]
    for one in asked:
        meant = [
            member
            for member in found
            if member["ip_address"] == one["ip_address"] and one["port"] in (None, member["port"])
        ]
        if one["state"] == "absent":
            found = [member for member in found if member not in meant]
            continue
        if not meant:
            meant = [{"ip_address": one["ip_address"], "port": one["port"], "ratio": 1, "enabled": True}]
            found += meant
        for member in meant:
            member.update({name: one[name] for name in ("ratio", "enabled") if one[name] is not None})
    _at_most("members", found, 100)
    return _in_order(found)


def _members_from_options(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    _at_most("members", members, 100)
    found, seen = [], set()
    for member in members:
        vm, given = member.get("vm") or None, member.get("ip_address") or None
        if bool(vm) == bool(given):
            raise InvalidInput("members", given or vm, "give either ip_address or vm for each member")
        if vm:
            is_urn("members.vm", vm, "vm")
        address = checks.address("members.ip_address", given, 4, 6) if given else None
        port = member.get("port")
        if port is not None:
            checks.port("members.port", port)
        if (address or vm, port) in seen:
            raise InvalidInput("members", address or vm, "is listed twice with the same port: remove one")
        seen.add((address or vm, port))
        ratio = member.get("ratio")
        if ratio is not None:
            checks.integer("members.ratio", ratio, 1, 20)
        state = member.get("state") or "present"
        found.append(
            {
                "ip_address": address,
                "vm": vm,
                "port": port,
                "ratio": ratio,
                "enabled": member.get("enabled"),
                "state": state,
            }
        )
    return _in_order(found)


def _member_result(member: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ip_address": checks.usual_form(member.get("ipAddress")),
        "port": member.get("port"),
        "ratio": member.get("ratio") or 1,
        "enabled": member.get("enabled") is not False,
        "health_status": member.get("healthStatus"),
    }


def _member_body(member: Mapping[str, Any]) -> Body:
    body = {"ipAddress": member["ip_address"], "ratio": member["ratio"], "enabled": member["enabled"]}
    return body if member["port"] is None else {**body, "port": member["port"]}


def _in_order(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(members, key=lambda member: (str(member["ip_address"]), member["port"] or 0))


def _by_name(references: list[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    found = [reference(one) for one in references or []]
    return sorted((one for one in found if one), key=lambda one: (str(one["name"]), str(one["id"])))


def _at_most(option: str, values: list[Any], highest: int) -> None:
    if len(values) > highest:
        raise InvalidInput(option, len(values), f"give at most {highest} entries")
