# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Load balancer pools: compare the current and the wanted state, and check the wanted one. Decisions only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.comparison import Same, differing
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import same_reference


def differences(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values that the pool lacks. A wanted reference is a name or URN, empty for none."""
    special: dict[str, Same] = {"ca_certificates": _all_named, "members": _same_members}
    return differing(current, wanted, ("member_group",), special)


def _same_members(current: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Compare members without their health, because no option sets it."""
    return [{name: value for name, value in one.items() if name != "health_status"} for one in current] == wanted


def _all_named(references: Sequence[Mapping[str, Any]] | None, wanted: Sequence[str]) -> bool:
    """Whether the references are exactly the wanted ones."""
    there = references or ()
    named = all(any(same_reference(reference, one) for one in wanted) for reference in there)
    return named and all(any(same_reference(reference, one) for reference in there) for one in wanted)


def check(target: Mapping[str, Any]) -> None:
    """Raise InvalidInput when the resulting pool would violate a rule of Cloud Director."""
    if target["common_name_check_enabled"] and not target["ca_certificates"]:
        raise InvalidInput("common_name_check_enabled", True, "requires ca_certificates")
    if target["domain_names"] and not target["common_name_check_enabled"]:
        names = ", ".join(target["domain_names"])
        raise InvalidInput("domain_names", names, "used only with common_name_check_enabled: true")
