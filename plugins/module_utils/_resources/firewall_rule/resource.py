# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""One firewall rule of an edge gateway: convert between module options and API bodies. Pure.

The options have the names of the Terraform provider's vcd_nsxt_firewall, without ``_ids``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import reference

Body = dict[str, Any]

# key of the result -> field of the API, where the value is the same
PLAIN = {
    "name": "name",
    "description": "description",
    "comments": "comments",
    "direction": "direction",
    "ip_protocol": "ipProtocol",
    "logging": "logging",
}
REFERENCES = {
    "sources": "sourceFirewallGroups",
    "destinations": "destinationFirewallGroups",
    "app_port_profiles": "applicationPortProfiles",
}
MOST_REFERENCES, LONGEST_COMMENT = 128, 2048


def to_result(body: Mapping[str, Any]) -> dict[str, Any]:
    """A firewall rule as the modules return it; empty lists mean any. API 38.1 calls ``enabled`` ``active``."""
    on = body.get("enabled") if body.get("enabled") is not None else body.get("active")
    return {
        "id": body.get("id"),
        "name": body.get("name"),
        "description": body.get("description") or "",
        "comments": body.get("comments") or "",
        "enabled": on is not False,
        "action": body.get("actionValue") or body.get("action"),
        "direction": body.get("direction") or "IN_OUT",
        "ip_protocol": body.get("ipProtocol") or "IPV4_IPV6",
        "logging": bool(body.get("logging")),
        **{key: _references(body.get(field)) for key, field in REFERENCES.items()},
        "version": (body.get("version") or {}).get("version"),
    }


def _references(found: Any) -> list[dict[str, Any]]:
    rows = [one for one in map(reference, found or []) if one]
    return sorted(rows, key=lambda one: (str(one["name"]), str(one["id"])))


def from_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values with the keys of `to_result`, for the options that are set. Raises InvalidInput."""
    wanted = checks.given(params, *PLAIN, *REFERENCES, "enabled", "action")
    if "name" in wanted:
        checks.name("name", wanted["name"])
    if len(wanted.get("comments", "")) > LONGEST_COMMENT:
        raise InvalidInput("comments", len(wanted["comments"]), f"give at most {LONGEST_COMMENT} characters")
    for option in REFERENCES:
        if option in wanted:
            wanted[option] = [checks.name(option, one) for one in wanted[option]]
            if len(wanted[option]) > MOST_REFERENCES:
                raise InvalidInput(option, len(wanted[option]), f"give at most {MOST_REFERENCES} entries")
    return wanted


def apply(body: Mapping[str, Any], changes: Mapping[str, Any], references: Mapping[str, Any]) -> Body:
    """A copy of an API body with changes applied (keys as in `to_result`); ``references`` are the resolved names."""
    changed: Body = copy.deepcopy(dict(body))
    for key, value in changes.items():
        if key in PLAIN:
            changed[PLAIN[key]] = value
        elif key in REFERENCES:
            changed[REFERENCES[key]] = list(references.get(key) or []) or None
        elif key == "action":
            changed["actionValue"] = value
            changed.pop("action", None)  # the older field must not contradict it
        elif key == "enabled":
            changed["active" if "active" in changed else "enabled"] = value
    return changed
