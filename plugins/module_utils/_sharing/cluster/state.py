# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""One cluster, its gateway and the target: the input of every check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM, AddressRange
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import Cluster
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import ObservedService, observe
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.orphans import (
    Entity,
    Witnesses,
    find_orphans,
    recorded_by,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.target import Target
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import EdgeGateway, Vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import Finding, error, warning
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import VIRTUAL_SERVICE
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.places import Places
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import KnownRules
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.orphans import Orphan

if TYPE_CHECKING:
    from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import Migration


@dataclass(frozen=True)
class ClusterState:
    """What was read, and the target. ``vcd`` is None when the gateway to read is unknown.

    ``planned`` are the Services with their plans, where existing Services are to be migrated (see
    `migrations.with_migrations`), and ``places`` what these plans take of service engine groups. ``entity`` is CPI's
    defined entity, where it was read; ``restore_point`` the one that the run goes back to. ``known`` are the rules of
    VCD that the operator states. ``firewall`` says what the run does with firewall rules: MANAGE_FIREWALL, TAKE_BACK
    (it only removes rules that a run has made), or nothing.
    """

    cluster: Cluster
    vcd: Vcd | None
    target: Target
    planned: tuple[Migration, ...] = ()
    entity: Entity | None = None
    restore_point: Mapping[str, Any] | None = None
    places: Places = field(default_factory=Places)
    known: KnownRules = field(default_factory=KnownRules)
    firewall: str = ""

    @property
    def edge(self) -> EdgeGateway | None:
        """The gateway; None unless exactly one was found."""
        edges = self.vcd.edges if self.vcd else ()
        return edges[0] if len(edges) == 1 else None

    @property
    def migrations(self) -> tuple[Migration, ...]:
        """The Services that have to be changed, and those that prevent the change."""
        return tuple(item for item in self.planned if item.needed)

    @property
    def changing(self) -> bool:
        """Whether something has to be written: in the cluster, or for a Service in VCD."""
        return self.target.changes(self.cluster) or bool(self.migrations)

    @cached_property
    def observed(self) -> list[ObservedService]:
        """The Services that CPI manages, with their objects."""
        cluster, edge = self.cluster, self.edge
        if edge is None:
            return []
        return observe(
            cluster.services,
            cluster.cluster_id,
            cluster.certificate,
            edge.inventory,
            self.addresses,
            premium=edge.feature_set != "STANDARD",
            excluded=cluster.excluded,
        )

    @property
    def one_arms(self) -> tuple[AddressRange, ...]:
        """The ranges whose addresses are certainly internal."""
        return tuple(item for item in (DEFAULT_ONE_ARM, self.cluster.one_arm, self.target.one_arm) if item)

    @cached_property
    def addresses(self) -> EdgeAddresses:
        """Which addresses of the gateway are external."""
        return self.edge.addresses(self.one_arms) if self.edge else EdgeAddresses()

    @cached_property
    def orphans(self) -> list[Orphan]:
        """Objects with this cluster's names that no live Service and port has."""
        if self.edge is None:
            return []
        points, edge_id = (self.cluster.restore_point, self.restore_point), self.edge.id
        recorded = [recorded_by(point, self.cluster.cluster_id, edge_id) for point in points]
        entity = self.entity.objects if self.entity else frozenset()
        named = frozenset(self.target.prune_objects if self.target.prune else ())
        witnesses = Witnesses(frozenset().union(*recorded), entity, named)
        return find_orphans(self.cluster, self.edge.inventory, witnesses)

    @cached_property
    def unclaimed(self) -> frozenset[str]:
        """The names of the virtual services among them."""
        return frozenset(one.item.name for one in self.orphans if one.key[0] == VIRTUAL_SERVICE)

    def shortage(self, check: str, message: str, remedy: str) -> Finding:
        """A lack of room: it stops a change, and is only a warning where nothing is to be changed."""
        return error(check, message, remedy) if self.changing else warning(check, message, remedy)
