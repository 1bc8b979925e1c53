# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Load balancer pools: what differs, and what would not work. Decisions only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput


def differences(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The part of what is wanted that is not so yet. References are wanted by name or URN, and empty for none."""
    return {key: value for key, value in wanted.items() if not _same(key, current.get(key), value)}


def _same(key: str, current: Any, wanted: Any) -> bool:
    if key == "member_group":
        return _names(current, wanted)
    if key == "ca_certificates":
        return _all_named(current or [], wanted)
    if key == "members":
        current = [{name: value for name, value in member.items() if name != "health_status"} for member in current]
    return bool(current == wanted)


def _names(reference: Mapping[str, Any] | None, wanted: str) -> bool:
    if not reference or not wanted:
        return not reference and not wanted
    return wanted in (reference["id"], reference["name"])


def _all_named(references: Sequence[Mapping[str, Any]], wanted: Sequence[str]) -> bool:
    """Whether each reference is wanted, and each that is wanted is there."""
    named = all(any(_names(reference, one) for one in wanted) for reference in references)
    return named and all(any(_names(reference, one) for reference in references) for one in wanted)


def check(target: Mapping[str, Any]) -> None:
    """Raise InvalidInput when a pool, as it is to become, breaks a rule of Cloud Director."""
    if target["common_name_check_enabled"] and not target["ca_certificates"]:
        raise InvalidInput("common_name_check_enabled", True, "needs ca_certificates")
    if target["domain_names"] and not target["common_name_check_enabled"]:
        names = ", ".join(target["domain_names"])
        raise InvalidInput("domain_names", names, "are looked at only with common_name_check_enabled: true")
