# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Which clusters have objects on an edge gateway, by the names that CPI gives them, and in which scenario. Pure.

A name suggests an owner, but never proves it (see `readings`): the result may be listed and grouped, but is never a
reason to change or remove anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming, short_cluster_id
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import Object, kind_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.readings import Reading, readings
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import (
    MIXED,
    EdgeAddresses,
    fits,
    present_ports,
)

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# The ids whose form shows where they begin and end: a defined entity's (TYPE:UUID), a bare UUID (CSE's native
# clusters), and NO_RDE_UUID, which CAPVCD makes where there is no entity. An operator may have given a cluster any
# other id.
_KNOWN_FORM = re.compile(rf"(?<=-)(?:[^-:]+:|NO_RDE_)?{_UUID}(?=-)")
_NAMED_BY_CPI = re.compile(r"(?:appPort_)?(?:dnat-)?ingress-(?:vs|pool)-.*-")


@dataclass(frozen=True)
class FoundClusters:
    """The objects of each cluster by its short id, and ``unclear``: names that look like CPI's, but fit no known id."""

    objects: Mapping[str, tuple[Object, ...]] = field(default_factory=dict)
    unclear: tuple[str, ...] = ()


def cluster_id_in(name: str) -> str:
    """The short id of the cluster in a name that CPI gives; empty where the form of the name does not show it."""
    found = _KNOWN_FORM.findall(name) if _NAMED_BY_CPI.match(name) else []
    return found[0] if len(found) == 1 else ""


def clusters_on(inventory: Inventory, known_ids: Iterable[str] = ()) -> FoundClusters:
    """The clusters whose CPI would give the objects of an edge gateway their names.

    ``known_ids`` are ids, short or complete, that are known from elsewhere. Without them, only ids of a recognisable
    form are found. A name that fits several known ids counts for each of them.
    """
    known = dict.fromkeys(short_cluster_id(one) for one in known_ids if one)
    namings = {one: Naming.of_cluster(one) for one in known}
    found: dict[str, list[Object]] = {}
    unclear: list[str] = []
    for item in inventory:
        in_name = cluster_id_in(item.name)
        # Only ids that the name contains are tried: there may be hundreds of clusters, and thousands of objects.
        ids = [one for one in ([in_name] if in_name in known else known) if one in item.name]
        ids = [one for one in ids if readings(namings[one], kind_of(item), item.name)]
        if not ids and in_name and readings(Naming.of_cluster(in_name), kind_of(item), item.name):
            ids = [in_name]
        for one in ids:
            found.setdefault(one, []).append(item)
        if not ids and _NAMED_BY_CPI.match(item.name):
            unclear.append(item.name)
    return FoundClusters({one: tuple(items) for one, items in found.items()}, tuple(unclear))


def services_of(cluster_id: str, objects: Iterable[Object]) -> dict[str, frozenset[str]]:
    """The names of the Services that these objects are for, with the names of their ports.

    The namespace is not in the names. An object whose name can be read in several ways is left out.
    """
    naming, found = Naming.of_cluster(cluster_id), dict[str, set[str]]()
    for one in _readings_of(naming, objects):
        found.setdefault(one.service, set()).add(one.port)
    return {name: frozenset(ports) for name, ports in sorted(found.items())}


def scenario_of(cluster_id: str, objects: Iterable[Object], inventory: Inventory, edge: EdgeAddresses) -> str:
    """The scenario that the shapes of all Services of a cluster have in common, or ``mixed``.

    Empty where they do not show it: without a virtual service, or where every Service has one port behind NAT, which is
    the shape of both internal scenarios.
    """
    naming, common, seen = Naming.of_cluster(cluster_id), frozenset(Scenario), False
    for service, ports in services_of(cluster_id, objects).items():
        names = [naming.port(service, port) for port in sorted(ports)]
        present = present_ports(names, naming.shared_rule(service), inventory, edge)
        if any(port.virtual_service for port in present):
            common, seen = common & fits(present), True
    if not seen:
        return ""
    if not common:
        return MIXED
    return next(iter(common)).value if len(common) == 1 else ""


def _readings_of(naming: Naming, objects: Iterable[Object]) -> Iterator[Reading]:
    for item in objects:
        ways = readings(naming, kind_of(item), item.name)
        if len(ways) == 1:
            yield ways[0]
