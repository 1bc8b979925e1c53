# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Orphans: objects with a cluster's names that no port of a Service claims. Pure.

CPI leaves them when a port is renamed (it makes a second set of objects), when a Service stops being of type
LoadBalancer, and when the scenario was changed under a Service that was deleted afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import (
    KubernetesPort,
    KubernetesService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    KINDS,
    VIRTUAL_SERVICE,
    AppPortProfile,
    NatRule,
    Pool,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.ownership import (
    OwnedName,
    owned_objects,
    unclaimed,
)


@dataclass(frozen=True)
class Orphan:
    """An object that no Service claims. ``kind`` is one of KINDS, ``service`` is the Service in its name."""

    kind: str
    name: str
    why: str
    service: str = ""

    def as_dict(self) -> dict[str, str]:
        """Plain data for a playbook."""
        return {"kind": self.kind, "name": self.name, "why": self.why}


def find_orphans(cluster_id: str, services: Iterable[KubernetesService], inventory: Inventory) -> list[Orphan]:
    """The orphans of a cluster on a gateway, in the order in which they can be removed.

    An object is claimed if a port has its name, whatever its shape: repairing that is the task of a migration.
    Without a cluster id no object can be this cluster's.
    """
    by_name = _by_name(services)
    left = list(unclaimed(inventory, cluster_id, _claimed(cluster_id, by_name)))
    numbers = _external_ports(cluster_id, inventory)
    served = {(owned.service, owned.port) for _item, owned in left if owned.kind == VIRTUAL_SERVICE}
    orphans = []
    for item, owned in left:
        why = _why(owned, by_name.get(owned.service, []), numbers.get((owned.service, owned.port)))
        gone = "" if (owned.service, owned.port) in served else ", and its virtual service is gone"
        orphans.append(Orphan(owned.kind, item.name, why + gone, owned.service))
    return sorted(orphans, key=lambda one: (KINDS.index(one.kind), one.name))


def orphaned_services(services: Iterable[KubernetesService], orphans: Iterable[Orphan]) -> list[str]:
    """Names of Services that CPI no longer serves and whose objects are left over: all of these can be removed."""
    present = {service.name for service in services if service.served_by_cpi}
    return sorted({orphan.service for orphan in orphans} - present)


def _by_name(services: Iterable[KubernetesService]) -> dict[str, list[KubernetesService]]:
    """CPI's names contain no namespace, so a claim has none either."""
    found: dict[str, list[KubernetesService]] = {}
    for service in services:
        found.setdefault(service.name, []).append(service)
    return found


def _claimed(cluster_id: str, by_name: dict[str, list[KubernetesService]]) -> Iterator[str]:
    naming = Naming.of_cluster(cluster_id)
    for name, group in by_name.items():
        for port in _served_ports(group):
            yield from naming.port(name, port.name)


def _served_ports(services: Iterable[KubernetesService]) -> Iterator[KubernetesPort]:
    for service in services:
        if service.served_by_cpi:
            yield from service.served_ports


def _external_ports(cluster_id: str, inventory: Inventory) -> dict[tuple[str, str], int]:
    """The external port by Service and port name, from any object of the port."""
    found = {}
    for item, owned in owned_objects(inventory, cluster_id):
        if isinstance(item, Pool):
            continue
        ports = (item.port,) if isinstance(item, NatRule) else item.ports
        # a profile may hold several ports, and says less than the object that clients reach
        known = isinstance(item, AppPortProfile) and (owned.service, owned.port) in found
        if len(ports) == 1 and ports[0].isdigit() and not known:
            found[owned.service, owned.port] = int(ports[0])
    return found


def _why(owned: OwnedName, services: list[KubernetesService], number: int | None) -> str:
    if not services:
        return f"there is no Service {owned.service} of type LoadBalancer"
    if not any(service.served_by_cpi for service in services):
        return f"Service {owned.service} has the load balancer class {services[0].load_balancer_class}"
    old = f"port {owned.port}" if owned.port else "the port without a name"
    for port in _served_ports(services):
        if port.port == number:
            new = port.name or "no name"
            return f"{old} of {owned.service} was renamed to {new} (same external port {number})"
    return f"{owned.service} no longer has {old}"
