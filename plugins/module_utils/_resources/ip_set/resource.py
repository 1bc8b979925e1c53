# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""IP sets: convert between module options and API bodies. Pure.

The options have the names of the Terraform provider's vcd_nsxt_ip_set.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import parse_addresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import reference

Body = dict[str, Any]
PLAIN = {"name": "name", "description": "description"}


def to_result(body: Mapping[str, Any]) -> dict[str, Any]:
    """An IP set as the modules return it. ``owner`` is the edge gateway, or the VDC group that owns it."""
    return {
        "id": body.get("id"),
        "name": body.get("name"),
        "description": body.get("description") or "",
        "ip_addresses": sorted({usual_form(str(one)) for one in body.get("ipAddresses") or []}),
        "owner": reference(body.get("ownerRef")),
        "status": body.get("status"),
    }


def usual_form(text: str) -> str:
    """An address, network or range in a normal form for comparison; other texts unchanged."""
    found = parse_addresses(text.strip())
    if found is None:
        return text
    if found.single:
        return found.start
    return str(checks.usual_form(text.strip())) if "/" in text else f"{found.start}-{found.end}"


def from_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values with the keys of `to_result`, for the options that are set. Raises InvalidInput."""
    wanted = checks.given(params, *PLAIN, "ip_addresses")
    if "name" in wanted:
        checks.name("name", wanted["name"])
    if "ip_addresses" in wanted:
        wanted["ip_addresses"] = sorted({_address(one) for one in wanted["ip_addresses"]})
    return wanted


def _address(text: str) -> str:
    if parse_addresses(text.strip()) is None:
        remedy = "give an IP address, a network such as 10.0.0.0/24, or a range such as 10.0.0.1-10.0.0.9"
        raise InvalidInput("ip_addresses", text, f"is not an address: {remedy}")
    return checks.network("ip_addresses", text.strip()) if "/" in text else usual_form(text)


def apply(body: Mapping[str, Any], changes: Mapping[str, Any], references: Mapping[str, Any]) -> Body:
    """A copy of an API body with changes applied (keys as in `to_result`)."""
    changed: Body = copy.deepcopy(dict(body))
    for key, value in changes.items():
        changed[{**PLAIN, "ip_addresses": "ipAddresses"}[key]] = value
    return changed
