# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for the firewall of an edge gateway: its rules with their groups and application port profiles."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused

FORBIDDEN = 403


def rules_of(api: Api, gateway: Body) -> list[dict[str, Any]] | None:
    """The firewall rules of an edge gateway with all objects they refer to; None without the right to view them."""
    what = f"firewall rules of edge gateway {gateway['name']!r}"
    try:
        body = api.get(f"edgeGateways/{gateway['id']}/firewall/rules", what)
    except Refused as error:
        # the edge gateway itself could be read, so this 403 means a missing right
        if error.status == FORBIDDEN:
            return None
        raise
    found = {urn: _read(api, urn) for urn in resource.named_in(body)}
    return resource.rules(body, {urn: one for urn, one in found.items() if one})


@lru_cache(maxsize=1024)
def _read(api: Api, urn: str) -> Body | None:
    """A group or an application port profile, read only once per session: many rules refer to the same ones."""
    kind = "applicationPortProfile" if ":applicationPortProfile:" in urn else "firewallGroup"
    return api.get_or_none(f"{kind}s/{urn}", f"{kind} {urn}")
