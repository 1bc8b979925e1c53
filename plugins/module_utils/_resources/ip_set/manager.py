# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Brings one IP set of an edge gateway to the wanted state."""

from __future__ import annotations

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_set import calls, comparison, resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Manager
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.rights import require_rights
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import MEMBER_GROUPS, Operation


class IpSets(Manager):
    """Manages one IP set."""

    kind = "IP set"

    from_options = staticmethod(resource.from_options)
    to_result = staticmethod(resource.to_result)
    differences = staticmethod(comparison.differences)
    apply = staticmethod(resource.apply)

    def collection(self) -> str:
        """The path of all firewall groups."""
        return calls.PATH

    def read(self) -> Body | None:
        """By id, else by name."""
        return calls.read(self.api, self.gateway, self.params["name"], self.params["id"])

    def find(self) -> str | None:
        """By name."""
        return calls.find_id(self.api, self.gateway, self.params["name"])

    def initial(self) -> Body:
        """Of this edge gateway; Cloud Director puts the VDC group that owns it in its place."""
        return {
            "typeValue": calls.TYPE,
            "description": "",
            "ipAddresses": [],
            "ownerRef": {"id": self.gateway["id"], "name": self.gateway["name"]},
        }

    def missing_for_create(self) -> list[str]:
        """A name is all that an IP set needs."""
        return [] if self.wanted.get("name") else ["name"]

    def require_right(self, act: str) -> None:
        """The right is the same for all firewall groups."""
        self.warnings += require_rights(self.api, [Operation(act, MEMBER_GROUPS)])
