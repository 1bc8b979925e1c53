# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Orphans: objects with a cluster's names that no live Service and port has. Pure.

CPI leaves them when a port is renamed (it makes a second set of objects), when a Service stops being of type
LoadBalancer, and when the scenario was changed under a Service that was deleted afterwards.

An object with the full name of a live port's object is never an orphan. The name of any other object may belong to
another cluster (see `readings`), so it is removed only with a second witness: a restore point of this cluster, CPI's
defined entity in Cloud Director, or the operator who names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import (
    Cluster,
    KubernetesService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    KINDS,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.readings import doubt_about, readings
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.orphans import (
    Key,
    Orphan,
    recorded_objects,
    without_used,
)

BY_RESTORE_POINT = "a restore point of this cluster holds it"
BY_ENTITY = "CPI's entity in Cloud Director lists it"
_KIND_IN_ENTITY = {
    "virtual-service": VIRTUAL_SERVICE,
    "lb-pool": POOL,
    "dnat-rule": NAT_RULE,
    "app-port-profile": APP_PORT_PROFILE,
}


@dataclass(frozen=True)
class Entity:
    """What the defined entity of a cluster lists as made by CPI; ``problem`` says why that is not known."""

    objects: frozenset[Key] = frozenset()
    problem: str = ""


def read_entity(facts: Any) -> Entity | None:
    """Read the facts of an entity; None if it was not read."""
    if not facts:
        return None
    reader = Reader(facts, "defined entity")
    listed = {(_KIND_IN_ENTITY.get(one.text("type", "")), one.text("name", "")) for one in reader.mappings("objects")}
    return Entity(frozenset((kind, name) for kind, name in listed if kind), reader.text("problem", ""))


@dataclass(frozen=True)
class Witnesses:
    """What shows, besides its name, that an object belongs to this cluster."""

    recorded: frozenset[Key] = frozenset()
    entity: frozenset[Key] = frozenset()
    named: frozenset[str] = frozenset()


def recorded_by(point: Mapping[str, Any] | None, cluster_id: str, gateway_id: str) -> frozenset[Key]:
    """Kind and name of what a restore point records as this cluster's own on this gateway.

    These are the objects that existed then, and those that the Services of that time would have in another scenario.
    """
    edge = point.get("edge_gateway") if point else None
    same_gateway = isinstance(edge, Mapping) and edge.get("id") == gateway_id
    if not point or not cluster_id or point.get("cluster_id") != cluster_id or not same_gateway:
        return frozenset()
    return recorded_objects(point) | frozenset(_of_services(point, Naming.of_cluster(cluster_id)))


def _of_services(point: Mapping[str, Any], naming: Naming) -> Iterator[Key]:
    services = point.get("kubernetes_services")
    for one in services if isinstance(services, list) else ():
        ports = one.get("ports") if isinstance(one, Mapping) else None
        for port in ports if isinstance(ports, list) else ():
            yield from naming.port(str(one.get("name")), str(port or "")).pairs()


def claims(cluster_id: str, services: Iterable[KubernetesService]) -> dict[str, str]:
    """The port that claims each name, for a person.

    Every port of a Service that CPI may serve counts, whether CPI can serve it at present or not.
    """
    return _ports_by_name(cluster_id, (one for one in services if not one.load_balancer_class))


def _ports_by_name(cluster_id: str, services: Iterable[KubernetesService]) -> dict[str, str]:
    naming = Naming.of_cluster(cluster_id)
    return {
        name: f"port {port.name or port.port} of {service.label}"
        for service in services
        for port in service.ports
        for name in naming.port(service.name, port.name)
    }


def find_orphans(cluster: Cluster, inventory: Inventory, witnesses: Witnesses | None = None) -> list[Orphan]:
    """The orphans of a cluster on a gateway, in the order in which they can be removed.

    A port claims an object by its name, whatever the shape of the object: a migration repairs that. Without a cluster
    id no object can belong to this cluster.
    """
    if not cluster.cluster_id:
        return []
    naming, claimed = Naming.of_cluster(cluster.cluster_id), claims(cluster.cluster_id, cluster.services)
    # CPI serves none of these, but another controller that names its objects the same way may.
    classed = _ports_by_name(cluster.cluster_id, (one for one in cluster.services if one.load_balancer_class))
    witnesses = witnesses or Witnesses()
    found = []
    for item in inventory:
        ways = readings(naming, kind_of(item), item.name) if item.name not in claimed else ()
        if ways:
            # it does not matter which Service of this cluster it belonged to: none claims it
            doubt = doubt_about(naming, item.name, ways[:1])
            if item.name in classed:
                doubt = f"{classed[item.name]} has this name, and its load balancer class names another controller"
            orphan = Orphan(item, "", ways, doubt, named=item.name in witnesses.named)
            found.append(_witnessed(orphan, witnesses, inventory))
    found.sort(key=lambda one: (KINDS.index(one.key[0]), one.key[1]))
    return without_used(found, inventory)


def _witnessed(one: Orphan, witnesses: Witnesses, inventory: Inventory) -> Orphan:
    if inventory.duplicates([one.item.name]):
        return replace(one, doubt="several NAT rules have this name", named=False)
    if one.key in witnesses.entity:
        return replace(one, proof=BY_ENTITY)
    return replace(one, proof=BY_RESTORE_POINT) if one.key in witnesses.recorded else one
