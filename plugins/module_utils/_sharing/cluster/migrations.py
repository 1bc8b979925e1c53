# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Which Services have to be migrated or repaired, with the addresses they keep: what a preflight can say of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.services import (
    external_ip,
    interrupted_external_ips,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import (
    MIXED,
    ObservedPort,
    ObservedService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import read_ports


@dataclass(frozen=True)
class Obstacle:
    """Why a Service cannot be migrated, and what a person can do about it."""

    why: str
    remedy: str


@dataclass(frozen=True)
class Migration:
    """One Service on its way to ``target``.

    ``external_ip`` is the address that it keeps, empty when nobody can tell it. ``internal_ips`` are the addresses
    after the move, port by port, empty where one is chosen only then; without NAT there are none.
    """

    observed: ObservedService
    target: Scenario
    external_ip: str
    internal_ips: tuple[str, ...]
    obstacle: Obstacle | None = None

    @property
    def label(self) -> str:
        """namespace/name."""
        return self.observed.service.label

    @property
    def new_addresses(self) -> int:
        """How many internal addresses it takes that it does not have now."""
        missing = self.internal_ips.count("")
        return min(missing, 1) if self.target is Scenario.SHARED_INTERNAL else missing

    @property
    def damaged(self) -> str:
        """What is wrong with its present objects; empty for a Service in a sound shape."""
        broken = [port.evidence for port in self.observed.ports if port.virtual_service is None]
        if not broken and self.observed.shape == MIXED:
            broken = [port.evidence for port in self.observed.ports]
        return "; ".join(broken)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a playbook."""
        service = self.observed.service
        return {
            "name": service.name,
            "namespace": service.namespace,
            "external_ip": self.external_ip or None,
            "from": self.observed.shape,
            "to": self.target.value,
            "damaged": bool(self.damaged),
            "obstacle": self.obstacle.why if self.obstacle else None,
        }


def with_moves(state: ClusterState) -> ClusterState:
    """The same state with the moves that it asks for; none unless existing Services are to be migrated."""
    if state.edge is None or not state.target.migrates:
        return state
    return replace(state, moves=plan_moves(state))


def plan_moves(state: ClusterState) -> tuple[Migration, ...]:
    """The Services whose objects are not those of the target, and those that stand in the way of a migration.

    A Service that nobody has served yet is none of them: CPI makes its objects.
    """
    known = interrupted_external_ips(state.cluster)
    found = []
    for item in state.observed:
        if not item.ports or not (_has_objects(item) or item.service.external_ips):
            continue
        address = known.get((item.service.namespace, item.service.name), "")
        move = _move(state, item, address)
        whole = all(port.virtual_service for port in item.ports)
        if move.obstacle or not whole or move.target not in item.fits:
            found.append(move)
    return tuple(found)


def _move(state: ClusterState, item: ObservedService, address: str) -> Migration:
    target, obstacle = state.target.scenario, None
    service, edge = item.service, state.edge
    try:
        read_ports([asdict(port) for port in service.ports], service.annotations, state.cluster.certificate)
    except InvalidInput as error:
        why = f"{error.details['option']} {error.details['value']}: {error.details['remedy']}"
        obstacle = Obstacle(why, "change that in the Service, or keep the scenario")
    try:
        address = address or external_ip(item, state.one_arms)
    except InvalidInput as error:
        why, _colon, remedy = str(error.details["remedy"]).partition(": ")
        obstacle = obstacle or Obstacle(why, remedy)
    if address and edge and not (_has_objects(item) or edge.uses_ip_spaces or edge.on_uplink(address)):
        why = f"it has no objects on edge gateway {edge.name}, and {address} is no address of that gateway"
        obstacle = obstacle or Obstacle(why, "set spec.loadBalancerClass if another controller serves it")
    return Migration(item, target, address, internal_ips(item, target), obstacle)


def _has_objects(item: ObservedService) -> bool:
    return any(port.virtual_service or port.nat_rule for port in item.ports)


def internal_ips(item: ObservedService, target: Scenario) -> tuple[str, ...]:
    """The internal addresses after a move, port by port: those that are there are kept where the scenario allows it."""
    present = [_internal_ip(port) for port in item.ports]
    if not target.one_arm:
        return ()
    if target is Scenario.SHARED_INTERNAL:
        counted = Counter(address for address in present if address).most_common(1)
        return (counted[0][0] if counted else "",) * len(present)
    return tuple("" if address in present[:number] else address for number, address in enumerate(present))


def _internal_ip(port: ObservedPort) -> str:
    found = port.virtual_service
    return found.address if found is not None and not port.on_external_address else ""
