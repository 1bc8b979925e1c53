# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""VDC groups, as the module returns them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import reference


def to_result(body: Mapping[str, Any]) -> dict[str, Any]:
    """A VDC group with the VDCs that participate in it, by name."""
    vdcs = [reference(one.get("vdcRef")) for one in body.get("participatingOrgVdcs") or []]
    return {
        "id": body.get("id"),
        "name": body.get("name"),
        "description": body.get("description") or "",
        "type": body.get("type"),
        "network_provider_type": body.get("networkProviderType"),
        "dfw_enabled": bool(body.get("dfwEnabled")),
        "vdcs": sorted((one for one in vdcs if one), key=lambda one: (str(one["name"]), str(one["id"]))),
        "status": body.get("status"),
        "error_message": body.get("errorMessage") or None,
    }
