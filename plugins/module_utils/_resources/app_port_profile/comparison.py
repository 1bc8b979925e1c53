# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Application port profiles: compare the current and the wanted state. Decisions only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.comparison import differing


def differences(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values that the profile lacks."""
    return differing(current, wanted, special={"application_ports": _same_ports})


def _same_ports(current: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Compare protocols and ports, and a name only where one is wanted."""
    if len(current) != len(wanted):
        return False
    for one, other in zip(current, wanted, strict=True):
        if any(one[key] != other[key] for key in ("protocol", "destination_ports")):
            return False
        if other["name"] is not None and (one["name"] or "") != other["name"]:
            return False
    return True
