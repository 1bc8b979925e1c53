# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Which cluster an object belongs to, as far as its name shows. Pure.

The namespace of a Service is in none of CPI's names, so two Services of one name in two namespaces share their objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import short_cluster_id
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
    Object,
    kind_of,
)

# Longest first: each prefix contains the one below it.
_PREFIXES = {
    APP_PORT_PROFILE: "appPort_dnat-ingress-vs-",
    NAT_RULE: "dnat-ingress-vs-",
    VIRTUAL_SERVICE: "ingress-vs-",
    POOL: "ingress-pool-",
}


@dataclass(frozen=True)
class OwnedName:
    """The parts of the name of a cluster's object."""

    kind: str
    service: str
    port: str


def owned_name(name: str, cluster_id: str) -> OwnedName | None:
    """Read a name. None when the object is not this cluster's."""
    middle = f"-{short_cluster_id(cluster_id)}-"
    for kind, prefix in _PREFIXES.items():
        if name.startswith(prefix):
            service, found, port = name.removeprefix(prefix).partition(middle)
            return OwnedName(kind, service, port) if found and service else None
    return None


def owned_objects(inventory: Inventory, cluster_id: str) -> Iterator[tuple[Object, OwnedName]]:
    """The objects that carry a cluster's names. A person created one whose name is that of another kind.

    Without a cluster id no object is found.
    """
    for item in inventory if cluster_id else ():
        owned = owned_name(item.name, cluster_id)
        if owned is not None and owned.kind == kind_of(item):
            yield item, owned


def unclaimed(inventory: Inventory, cluster_id: str, claimed: Iterable[str]) -> Iterator[tuple[Object, OwnedName]]:
    """The objects of a cluster that no port of a Service claims. ``claimed`` are the names that ports claim."""
    names = frozenset(claimed)
    return ((item, owned) for item, owned in owned_objects(inventory, cluster_id) if item.name not in names)
