# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The runtime defined entity of a CAPVCD cluster, into which CPI writes what it creates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused


def cpi_entity(api: Api, urn: str) -> dict[str, Any]:
    """``objects`` (type and name) that the entity lists as made by CPI, and a ``problem`` where that is unknown.

    A refusal is no error: Cloud Director refuses both for a missing entity and for a missing right.
    """
    try:
        body = api.get(f"entities/{urn}", f"defined entity {urn!r}")
    except Refused as error:
        if error.status not in (400, 403, 404):
            raise
        return _unknown(f"cannot be read: it does not exist, or the user lacks the right to view it ({error.status})")
    part: Any = body
    for key in ("entity", "status", "cpi"):
        part = part.get(key) if isinstance(part, Mapping) else None
    listed = part.get("vcdResourceSet") if isinstance(part, Mapping) else None
    if not isinstance(listed, list):
        return _unknown("lists no objects of CPI")
    objects = [
        {"type": str(one.get("type")), "name": str(one.get("name"))} for one in listed if isinstance(one, Mapping)
    ]
    return {"objects": objects, "problem": ""}


def _unknown(problem: str) -> dict[str, Any]:
    return {"objects": [], "problem": problem}
