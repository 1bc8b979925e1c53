# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""NAT rules: convert options to API bodies, and bodies to module results. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import reference

Body = dict[str, Any]

# key of the result -> field of the API, where the value is the same
PLAIN = {
    "name": "name",
    "description": "description",
    "enabled": "enabled",
    "external_addresses": "externalAddresses",
    "internal_addresses": "internalAddresses",
    "dnat_external_port": "dnatExternalPort",
    "snat_destination_addresses": "snatDestinationAddresses",
    "firewall_match": "firewallMatch",
    "priority": "priority",
    "logging": "logging",
}
REFERENCES = {"application_port_profile": "applicationPortProfile", "applied_to": "appliedTo"}
HIGHEST_PRIORITY = 2147481599


def to_result(body: Mapping[str, Any]) -> dict[str, Any]:
    """A NAT rule as the modules return it. Any port, destination or profile is null, never ``ANY``."""
    port = body.get("dnatExternalPort")
    return {
        "id": body.get("id"),
        "name": body.get("name"),
        "description": body.get("description") or "",
        "enabled": body.get("enabled") is not False,
        "type": body.get("type") or body.get("ruleType"),
        "external_addresses": checks.usual_form(body.get("externalAddresses")),
        "internal_addresses": checks.usual_form(body.get("internalAddresses")),
        "application_port_profile": reference(body.get("applicationPortProfile")),
        "dnat_external_port": None if not port or str(port).upper() == "ANY" else str(port),
        "snat_destination_addresses": checks.usual_form(body.get("snatDestinationAddresses")),
        "firewall_match": body.get("firewallMatch") or "MATCH_INTERNAL_ADDRESS",
        "priority": body.get("priority") or 0,
        "logging": bool(body.get("logging")),
        "applied_to": reference(body.get("appliedTo")),
        "version": (body.get("version") or {}).get("version"),
        "system_rule": bool(body.get("systemRule")),
    }


def from_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values with the keys of `to_result`, for the options that are set. Raises InvalidInput."""
    wanted = checks.given(params, *PLAIN, *REFERENCES, "type")
    if "name" in wanted:
        checks.name("name", wanted["name"])
    for option in ("external_addresses", "internal_addresses", "snat_destination_addresses"):
        if option in wanted:
            wanted[option] = checks.network(option, wanted[option]) if wanted[option] else None
    if "dnat_external_port" in wanted:
        port = wanted["dnat_external_port"].strip()
        wanted["dnat_external_port"] = (
            checks.port_range("dnat_external_port", port) if port and port.upper() != "ANY" else None
        )
    if "priority" in wanted:
        checks.integer("priority", wanted["priority"], 0, HIGHEST_PRIORITY)
    return wanted


def apply(body: Mapping[str, Any], changes: Mapping[str, Any], references: Mapping[str, Body]) -> Body:
    """A copy of an API body with changes applied (keys as in `to_result`); ``references`` are the resolved names."""
    changed: Body = copy.deepcopy(dict(body))
    for key, value in changes.items():
        if key == "type":
            changed["type"] = value
            changed.pop("ruleType", None)  # its deprecated predecessor, which does not have every type
            continue
        found = references.get(key) if key in REFERENCES else value
        field = REFERENCES.get(key) or PLAIN[key]
        if found is None:
            changed.pop(field, None)
        else:
            changed[field] = found
    return changed
