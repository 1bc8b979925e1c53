# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""One cluster, its gateway and the request: what every check of the preflight looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM, AddressRange
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import Cluster
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.target import Target
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import EdgeGateway, Vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import Finding, error, warning
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.orphans import Orphan, find_orphans
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import ObservedService, observe

if TYPE_CHECKING:
    from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import Migration


@dataclass(frozen=True)
class ClusterState:
    """What was read and what is wanted; ``vcd`` is None when nobody could say which gateway to read.

    ``moves`` are the Services that are to be migrated, where that is the request (see `moves.with_moves`).
    """

    cluster: Cluster
    vcd: Vcd | None
    target: Target
    moves: tuple[Migration, ...] = ()

    @property
    def edge(self) -> EdgeGateway | None:
        """The one gateway, or None when there is none or more than one."""
        edges = self.vcd.edges if self.vcd else ()
        return edges[0] if len(edges) == 1 else None

    @property
    def changing(self) -> bool:
        """Whether something has to be written: in the cluster, or for a Service in VCD."""
        return self.target.changes(self.cluster) or bool(self.moves)

    @property
    def observed(self) -> list[ObservedService]:
        """The Services that CPI looks after, with their shape in VCD."""
        if self.edge is None:
            return []
        return observe(self.cluster.services, self.cluster.cluster_id, self.edge, self.one_arms)

    @property
    def one_arms(self) -> list[AddressRange]:
        """The ranges whose addresses are internal for sure."""
        known = [DEFAULT_ONE_ARM, self.cluster.one_arm, self.target.one_arm]
        return [item for item in known if item]

    @property
    def orphans(self) -> list[Orphan]:
        """Objects of this cluster that no Service claims."""
        if self.edge is None:
            return []
        return find_orphans(self.cluster.cluster_id, self.cluster.services, self.edge)

    def shortage(self, check: str, message: str, remedy: str) -> Finding:
        """A lack of room: it stops a change, and is only worth knowing where nothing is to be changed."""
        return error(check, message, remedy) if self.changing else warning(check, message, remedy)
