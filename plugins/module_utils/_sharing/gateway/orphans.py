# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Objects with a cluster's names that no port of a Service claims. Pure.

CPI leaves them behind when a port is renamed (it makes a second set of objects), when a Service stops being of type
LoadBalancer, and when the scenario was changed under it and the Service deleted afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import (
    Service,
    ServicePort,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import EdgeGateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import (
    APP_PORT_PROFILE,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
    OwnedName,
    owned_name,
)

# in the order in which they can be removed
KINDS = (VIRTUAL_SERVICE, POOL, NAT_RULE, APP_PORT_PROFILE)


@dataclass(frozen=True)
class Orphan:
    """An object that nobody claims; ``kind`` is one of KINDS, ``why`` a few words, empty when it cannot be told."""

    kind: str
    name: str
    why: str

    def as_dict(self) -> dict[str, str]:
        """Plain data for a playbook."""
        return asdict(self)


def find_orphans(cluster_id: str, services: Iterable[Service], edge: EdgeGateway) -> list[Orphan]:
    """The orphans of a cluster on a gateway, in the order in which they can be removed.

    An object counts as claimed as soon as a port has its name, whatever its shape: to mend it is a migration's work.
    Without a cluster id no object can be told to be this cluster's.
    """
    if not cluster_id:
        return []
    by_name = _by_name(services)
    claimed = {(name, port.name) for name, group in by_name.items() for port in _served_ports(group)}
    left = [(name, owned) for name, owned in _owned(cluster_id, edge) if (owned.service, owned.port) not in claimed]
    numbers = _external_ports(cluster_id, edge)
    served = {(owned.service, owned.port) for _name, owned in left if owned.kind == VIRTUAL_SERVICE}
    orphans = []
    for name, owned in left:
        why = _why(owned, by_name.get(owned.service, []), numbers.get((owned.service, owned.port)))
        gone = "" if (owned.service, owned.port) in served else ", and its virtual service is gone"
        orphans.append(Orphan(owned.kind, name, why + gone))
    return sorted(orphans, key=lambda one: (KINDS.index(one.kind), one.name))


def orphaned_services(cluster_id: str, services: Iterable[Service], orphans: Iterable[Orphan]) -> list[str]:
    """Names of Services that are no CPI's any more and have left objects: all of them can be removed by the name."""
    there = {service.name for service in services if service.served_by_cpi}
    owners = [owned_name(orphan.name, cluster_id) for orphan in orphans]
    return sorted({owner.service for owner in owners if owner is not None} - there)


def _by_name(services: Iterable[Service]) -> dict[str, list[Service]]:
    """CPI's names hold no namespace, so neither does a claim."""
    found: dict[str, list[Service]] = {}
    for service in services:
        found.setdefault(service.name, []).append(service)
    return found


def _served_ports(services: Iterable[Service]) -> Iterator[ServicePort]:
    for service in services:
        if service.served_by_cpi:
            yield from service.served_ports


def _owned(cluster_id: str, edge: EdgeGateway) -> Iterator[tuple[str, OwnedName]]:
    """This cluster's objects; a name that says another kind than the object is of is a person's."""
    names: tuple[tuple[str, Iterable[str]], ...] = (
        (VIRTUAL_SERVICE, (item.name for item in edge.virtual_services)),
        (POOL, (item.name for item in edge.pools or ())),
        (NAT_RULE, (item.name for item in edge.nat_rules)),
        (APP_PORT_PROFILE, (item.name for item in edge.profiles or ())),
    )
    for kind, found in names:
        for name in found:
            owned = owned_name(name, cluster_id)
            if owned is not None and owned.kind == kind:
                yield name, owned


def _external_ports(cluster_id: str, edge: EdgeGateway) -> dict[tuple[str, str], int]:
    """The port that clients see, by Service and port name: any of its objects may tell it."""
    texts = [(item.name, item.ports) for item in edge.profiles or ()]
    texts += [(item.name, (item.external_port,)) for item in edge.nat_rules]
    texts += [(item.name, tuple(str(port) for port in item.ports)) for item in edge.virtual_services]
    found = {}
    for name, ports in texts:
        owned = owned_name(name, cluster_id)
        if owned is not None and len(ports) == 1 and ports[0].isdigit():
            found[owned.service, owned.port] = int(ports[0])
    return found


def _why(owned: OwnedName, services: list[Service], number: int | None) -> str:
    if not services:
        return f"there is no Service {owned.service} of type LoadBalancer"
    if not any(service.served_by_cpi for service in services):
        return f"Service {owned.service} has the load balancer class {services[0].load_balancer_class}"
    old = f"port {owned.port}" if owned.port else "the port without a name"
    for port in _served_ports(services):
        if port.port == number:
            new = port.name or "no name"
            return f"{old} of {owned.service} was renamed to {new} (same external port {number})"
    return f"{owned.service} does not have {old} any more"
