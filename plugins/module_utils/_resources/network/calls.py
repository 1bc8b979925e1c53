# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for the networks of an organization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import list_networks
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.network.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn, same_reference

KIND = "network"


def check(params: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a URN of another kind."""
    for option, *kinds in (("id", KIND), ("vdc", "vdc", "vdcGroup"), ("edge_gateway", "gateway")):
        if params[option]:
            is_urn(option, params[option], *kinds)


def find_all(api: Api, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The networks that match the options, by name, as results."""
    found = sorted(map(to_result, list_networks(api)), key=lambda one: (str(one["name"]), str(one["id"])))
    for key in ("name", "id"):
        found = [one for one in found if params[key] in (None, one[key])]
    for key, option in (("owner", "vdc"), ("edge_gateway", "edge_gateway")):
        if params[option]:
            found = [one for one in found if same_reference(one[key], params[option])]
    return found
