# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Brings one IP set of an edge gateway to the wanted state."""

from __future__ import annotations

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_group.manager import GroupManager
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_set import calls, comparison, resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Body


class IpSets(GroupManager):
    """Manages one IP set."""

    kind = calls.GROUPS.words
    groups = calls.GROUPS

    from_options = staticmethod(resource.from_options)
    to_result = staticmethod(resource.to_result)
    differences = staticmethod(comparison.differences)
    apply = staticmethod(resource.apply)

    def initial(self) -> Body:
        """An IP set of this edge gateway; Cloud Director replaces that by the VDC group that owns the gateway."""
        return {
            "typeValue": calls.GROUPS.type,
            "description": "",
            "ipAddresses": [],
            "ownerRef": {"id": self.gateway["id"], "name": self.gateway["name"]},
        }
