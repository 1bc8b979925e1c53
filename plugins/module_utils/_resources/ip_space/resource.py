# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Addresses of IP Spaces as vcd_ip_allocation manages them: options, results, decisions. Pure.

The options have the names of the Terraform provider's vcd_ip_space_ip_allocation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import decimal
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn, reference

Body = dict[str, Any]
UNUSED, USED, USED_MANUAL = "UNUSED", "USED", "USED_MANUAL"


def to_result(body: Mapping[str, Any], space: Mapping[str, Any]) -> dict[str, Any]:
    """An allocated address as the modules return it."""
    return {
        "id": body.get("id"),
        "ip_space": reference(space),
        "value": body.get("value"),
        "usage_state": body.get("usageState"),
        "description": (body.get("description") or "").strip(),
        "used_by": reference(body.get("usedByRef")),
        "usage_categories": sorted(str(one) for one in body.get("usageCategories") or []),
    }


def from_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values with the keys of `to_result`, for the options that are set. Raises CollectionError."""
    is_urn("ip_space", checks.name("ip_space", params["ip_space"]), "ipSpace")
    wanted = checks.given(params, "value", "description", "usage_state")
    if "value" in wanted:
        wanted["value"] = checks.address("value", wanted["value"].strip(), 4, 6)
    if "description" in wanted:
        wanted["description"] = wanted["description"].strip()
    if "value" not in wanted and not wanted.get("description"):
        raise CollectionError(
            "value, description: give an address, or the description that marks one: without it, each run would take "
            "another address"
        )
    if wanted.get("description") and wanted.get("usage_state") == UNUSED:
        raise InvalidInput("usage_state", UNUSED, "an unused address has no description: omit one of them")
    return wanted


def find(rows: Iterable[Body], wanted: Mapping[str, Any]) -> Body | None:
    """The allocation that the options name: by address, or else by description. Raises CollectionError for several."""
    if "value" in wanted:
        return next((row for row in rows if checks.usual_form(row.get("value")) == wanted["value"]), None)
    found = [row for row in rows if (row.get("description") or "").strip() == wanted["description"]]
    if len(found) > 1:
        values = ", ".join(str(row.get("value")) for row in found)
        raise InvalidInput("description", wanted["description"], f"{values} have it: give one of them as value")
    return found[0] if found else None


def differences(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The values to write. A description marks an address as used (USED_MANUAL); an unused one has none."""
    state = wanted.get("usage_state") or (USED_MANUAL if wanted.get("description") else None)
    changes = {}
    if state and state != (UNUSED if current["usage_state"] == USED else current["usage_state"]):
        changes["usage_state"] = state
    text = "" if state == UNUSED else wanted.get("description", current["description"])
    if text != current["description"]:
        changes["description"] = text
    return changes


def apply(body: Mapping[str, Any], changes: Mapping[str, Any]) -> Body:
    """A copy of the body of an allocation with changes applied."""
    fields = {"usage_state": "usageState", "description": "description"}
    return {**body, **{fields[key]: value for key, value in changes.items()}}


def counts(space: Mapping[str, Any]) -> dict[str, int | None]:
    """How many floating IPs an organization may have, has and uses, according to the IP Space. ``total`` -1: no limit.

    Cloud Director sends these numbers as text.
    """
    found = (space.get("utilization") or {}).get("floatingIPs") or {}
    fields = {"total": "totalCount", "allocated": "allocatedCount", "used": "usedCount", "unused": "unusedCount"}
    return {key: _number(found.get(field)) for key, field in fields.items()}


def _number(value: Any) -> int | None:
    text = str(value).strip()
    return -1 if text == "-1" else decimal(text)


def exhausted(space: Mapping[str, Any]) -> str:
    """The warning before another address is taken from an IP Space that, by its own numbers, has none left."""
    found = counts(space)
    total, allocated = found["total"], found["allocated"]
    if total is None or allocated is None or total < 0 or allocated < total:
        return ""
    return (
        f"IP Space {space.get('name')!r} shows {allocated} of {total} addresses as allocated, {found['unused']} of "
        "them unused: release one, or ask the provider for a higher quota"
    )
