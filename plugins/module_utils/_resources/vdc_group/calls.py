# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for VDC groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.vdc_group.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn, same_reference

PATH, KIND = "vdcGroups", "vdcGroup"


def check(params: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a URN of another kind."""
    for option, kind in (("id", KIND), ("vdc", "vdc")):
        if params[option]:
            is_urn(option, params[option], kind)


def find_all(api: Api, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The VDC groups that match the options, by name, as results."""
    found = sorted(map(to_result, api.pages(PATH, "VDC groups")), key=lambda one: (str(one["name"]), str(one["id"])))
    for key in ("name", "id"):
        found = [one for one in found if params[key] in (None, one[key])]
    if params["vdc"]:
        found = [one for one in found if any(same_reference(vdc, params["vdc"]) for vdc in one["vdcs"])]
    return found
