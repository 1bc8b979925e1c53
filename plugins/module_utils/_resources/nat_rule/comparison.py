# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""NAT rules: compare the current and the wanted state, and check the wanted one. Decisions only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.comparison import differing

REFERENCES = ("application_port_profile", "applied_to")
# The addresses that a rule of each type must have.
ADDRESSES = {
    "DNAT": ("external_addresses", "internal_addresses"),
    "SNAT": ("external_addresses", "internal_addresses"),
    "REFLEXIVE": ("external_addresses", "internal_addresses"),
    "NO_DNAT": ("external_addresses",),
    "NO_SNAT": ("internal_addresses",),
}


def differences(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values that the rule lacks. A wanted reference is a name or URN, empty for none."""
    return differing(current, wanted, REFERENCES)


def missing_for_create(wanted: Mapping[str, Any]) -> list[str]:
    """The options without which a NAT rule cannot be created."""
    needed = ("name", "type", *ADDRESSES.get(wanted.get("type", ""), ()))
    return [key for key in needed if not wanted.get(key)]


def check(target: Mapping[str, Any]) -> None:
    """Raise InvalidInput when the resulting NAT rule would violate a rule of Cloud Director."""
    kind = target["type"]
    for key in ADDRESSES.get(kind, ()):
        if not target[key]:
            raise InvalidInput(key, "", f"required for a {kind} rule: give an IP address or a network")
    for key, kinds in (
        ("dnat_external_port", ("DNAT", "NO_DNAT")),
        ("snat_destination_addresses", ("SNAT", "NO_SNAT")),
        ("application_port_profile", ("DNAT", "SNAT", "NO_DNAT", "NO_SNAT")),
    ):
        if target[key] and kind not in kinds:
            value = target[key]["name"] if isinstance(target[key], Mapping) else target[key]
            raise InvalidInput(key, value, f"not allowed in a {kind} rule: set it to an empty string")
