# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Brings one dynamic security group of a VDC group to the wanted state."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.dynamic_security_group import (
    calls,
    comparison,
    resource,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import owner_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_group.manager import GroupManager
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Result


class DynamicSecurityGroups(GroupManager):
    """Manages one dynamic security group."""

    kind = calls.GROUPS.words
    groups = calls.GROUPS

    from_options = staticmethod(resource.from_options)
    to_result = staticmethod(resource.to_result)
    differences = staticmethod(comparison.differences)
    apply = staticmethod(resource.apply)

    def initial(self) -> Body:
        """A group of the VDC group that owns the edge gateway."""
        return {
            "typeValue": calls.GROUPS.type,
            "description": "",
            "vmCriteria": [],
            "ownerRef": owner_of(self.gateway),
        }

    def check(self, before: Result | None, changes: Mapping[str, object], planned: Result) -> None:
        """A new group needs a VDC group, because Cloud Director has dynamic groups nowhere else."""
        owner = owner_of(self.gateway)
        if before is None and ":vdcGroup:" not in str(owner["id"]):
            remedy = (
                f"its owner is the VDC {owner.get('name')!r}, and only VDC groups have dynamic security groups: "
                "give an edge gateway that a VDC group owns, or use vcd_ip_set"
            )
            raise InvalidInput("edge_gateway", self.params["edge_gateway"], remedy)
