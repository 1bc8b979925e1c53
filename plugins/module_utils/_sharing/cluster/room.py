# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""How many addresses the edge gateway and the one-arm range have left, for preflight and reports. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange, Network, count_free
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import ObservedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import EdgeGateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import NatRule, VirtualService


@dataclass(frozen=True)
class InternalRoom:
    """The addresses of a one-arm range: all of them, those that others use, and those that this cluster needs in it."""

    size: int
    others: int
    needed: int

    @property
    def free(self) -> int:
        """How many are left once this cluster's Services have theirs."""
        return max(0, self.size - self.others - self.needed)


def external_room(edge: EdgeGateway, subnet: Network | None = None) -> int:
    """How many allocated addresses of a gateway are unused, optionally only in ``subnet``. Not for IP Spaces."""
    ranges = [item for uplink in edge.uplinks for item in uplink.ranges]
    return count_free(ranges, edge.used_addresses, subnet)


def internal_room(state: ClusterState, edge: EdgeGateway, one_arm: AddressRange) -> InternalRoom:
    """The addresses of a range when the cluster is in the scenario of ``state.target``."""
    needed = _needed(state) - len(_kept_outside(state, one_arm))
    return InternalRoom(one_arm.size, _used_by_others(state, edge, one_arm), needed)


def _needed(state: ClusterState) -> int:
    """Internal addresses for all Services of the cluster."""
    return sum(state.target.scenario.internal_ips(len(item.ports)) for item in _handled(state))


def _handled(state: ClusterState) -> list[ObservedService]:
    """The Services that do not stay as they are."""
    aside = {migration.label for migration in state.planned if migration.obstacle}
    return [item for item in state.observed if item.left_out is None and item.label not in aside]


def _kept_outside(state: ClusterState, one_arm: AddressRange) -> set[str]:
    """Addresses outside the range that Services keep in a migration, for example from an earlier range."""
    kept = {address for migration in state.planned for address in migration.internal_ips}
    return {address for address in kept if address not in one_arm}


def _used_by_others(state: ClusterState, edge: EdgeGateway, one_arm: AddressRange) -> int:
    """How many addresses of the range other objects on this gateway use.

    CPI looks at virtual services only; a migration also avoids the targets of NAT rules.
    """
    own = frozenset().union(*(item.service.own_names() for item in _handled(state)))
    others = [item for item in edge.inventory if item.name not in own]
    used = {item.address for item in others if isinstance(item, VirtualService)}
    if state.target.migrates:
        used |= {item.internal for item in others if isinstance(item, NatRule)}
    return sum(1 for address in used if address in one_arm)
