# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The clusters that Cloud Director knows: by their defined entities, and by CPI's objects on edge gateways."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping
from functools import partial
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.capvcd_cluster.calls import list_entities
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.capvcd_cluster.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    backing_type,
    find_edge_gateways,
    get_edge_gateway,
    list_networks,
    router_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.external_addresses import edge_addresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.gateway_facts import as_allowed
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.gateway_inventory import (
    nat_rule_of,
    virtual_service_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.calls import list_rules
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.calls import list_summaries as list_pools
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.calls import list_summaries
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.clusters import (
    FoundClusters,
    clusters_on,
    scenario_of,
    services_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import short_cluster_id
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import Object, Pool
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import MIXED
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body, check_libraries, connect
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import reference, same_reference
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import connection_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import ENTITY_VIEW

ENTITIES, EDGE_GATEWAYS = "entities", "edge_gateways"
SOURCES = (ENTITIES, EDGE_GATEWAYS)
_LISTED = 3
_NO_ENTITY = {"org": "", "vdc": "", "network": "", "cpi_version": "", "capvcd_version": "", "kubernetes_version": ""}


def read_clusters(
    options: Mapping[str, Any],
    given: Container[str],
    sources: Collection[str] = SOURCES,
    edge_gateways: Iterable[str] = (),
    cluster_ids: Iterable[str] = (),
) -> dict[str, Any]:
    """``clusters``, sorted by id, and ``warnings``: what could not be read, and why. Plain data, without any secret.

    ``options`` and ``given`` are as in `options.connection_of`, ``edge_gateways`` are names or URNs of those to be read
    (all when empty), and ``cluster_ids`` the ids of clusters for which names of objects do not show them. A cluster has
    the fields of `capvcd_cluster.resource.to_result`, ``urn`` (of its entity, or empty), ``known_by`` ("entity",
    "names" or "id"), ``scenario``, ``services``, and ``edge_gateway`` (``id``, ``name`` and ``owner``, or None). ``id``
    is the id as names contain it. Raises CollectionError.
    """
    check_libraries()
    with connect(connection_of(options, given)) as api, api.one_look():
        warnings: list[str] = []
        found = _entities(api, warnings) if ENTITIES in sources else {}
        for one in filter(None, (short_cluster_id(text.strip()) for text in cluster_ids)):
            found.setdefault(one, _cluster(one, "id"))
        gateways = _gateways(api, edge_gateways) if EDGE_GATEWAYS in sources else []
        places: dict[str, list[tuple[Body, int]]] = {}
        for gateway in gateways:
            inventory = _objects(api, gateway, warnings)
            on_gateway = clusters_on(inventory, found)
            _say_unclear(on_gateway, gateway, warnings)
            for one, items in on_gateway.objects.items():
                places.setdefault(one, []).append((gateway, len(items)))
                _add_objects(found.setdefault(one, _cluster(one, "names")), items, inventory, gateway)
        networks = _networks(api, warnings) if gateways and found else []
        for one, cluster in found.items():
            _place(cluster, places.get(one, []), gateways, networks)
        return {"clusters": [found[one] for one in sorted(found)], "warnings": list(dict.fromkeys(warnings))}


def _cluster(short_id: str, known_by: str) -> dict[str, Any]:
    nothing = {**_NO_ENTITY, "phase": "", "api_endpoint": "", "problem": "", "urn": "", "name": ""}
    return {**nothing, "id": short_id, "known_by": known_by, "scenario": "", "services": [], "edge_gateway": None}


def _entities(api: Api, warnings: list[str]) -> dict[str, dict[str, Any]]:
    rows, right = as_allowed(lambda: list_entities(api), [])
    if right:
        warnings.append(
            f"clusters are known by CPI's objects alone, without names and versions: {api.session.settings.who} lacks "
            f"the right {ENTITY_VIEW!r} to view defined entities, which a Cloud Director without CAPVCD does not have; "
            f"sources: [{EDGE_GATEWAYS}] does not ask for them"
        )
    found = {}
    for row in rows:
        entity = to_result(row)
        short = short_cluster_id(entity["id"])
        found[short] = {**_cluster(short, "entity"), **entity, "id": short, "urn": entity["id"]}
    return found


def _gateways(api: Api, wanted: Iterable[str]) -> list[Body]:
    named = [text.strip() for text in wanted]
    if not named:
        return [one for one in find_edge_gateways(api, None, None) if backing_type(one) == "NSXT_BACKED"]
    found: dict[str, Body] = {}
    for name in named:
        # a name that several gateways have means all of them; for one without a match, the message lists the names
        several = find_edge_gateways(api, name, None)
        for one in several if len(several) > 1 else [get_edge_gateway(api, name)]:
            found[str(one["id"])] = one
    return list(found.values())


def _objects(api: Api, gateway: Body, warnings: list[str]) -> Inventory:
    """Virtual services, pools and NAT rules, as far as the user may see them."""
    parts: tuple[tuple[str, Callable[[], list[Object]]], ...] = (
        ("virtual services", lambda: [virtual_service_of(row) for row in list_summaries(api, gateway)]),
        ("pools", lambda: [Pool(str(row["name"]), id=str(row["id"])) for row in list_pools(api, gateway)]),
        ("NAT rules", lambda: [nat_rule_of(row) for row in list_rules(api, gateway)]),
    )
    items: list[Object] = []
    for what, read in parts:
        part, right = as_allowed(read, [])
        items += part
        if right:
            warnings.append(
                f"{_named(gateway)}: its {what} are not read, so clusters may be missing: "
                f"{api.session.settings.who} lacks the right {right!r}"
            )
    return Inventory(items)


def _say_unclear(on_gateway: FoundClusters, gateway: Body, warnings: list[str]) -> None:
    if on_gateway.unclear:
        names, more = on_gateway.unclear[:_LISTED], len(on_gateway.unclear) - _LISTED
        listed = ", ".join(map(repr, names)) + (f" and {more} more" if more > 0 else "")
        warnings.append(
            f"{_named(gateway)}: the names of these objects do not show which cluster they "
            f"belong to: {listed}; give the ids of their clusters as cluster_ids"
        )


def _named(gateway: Body) -> str:
    owner = gateway.get("ownerRef") or gateway.get("orgVdc") or {}
    return f"edge gateway {gateway['name']!r} of {owner.get('name')!r}"


def _add_objects(cluster: dict[str, Any], items: tuple[Object, ...], inventory: Inventory, gateway: Body) -> None:
    """Services and scenario. A cluster on several edge gateways is mixed if their shapes differ."""
    scenario = scenario_of(cluster["id"], items, inventory, edge_addresses(gateway, DEFAULT_ONE_ARM))
    known = {cluster["scenario"], scenario} - {""}
    cluster["scenario"] = MIXED if len(known) > 1 else next(iter(known), "")
    cluster["services"] = sorted({*cluster["services"], *services_of(cluster["id"], items)})


def _networks(api: Api, warnings: list[str]) -> list[Body]:
    rows, right = as_allowed(partial(list_networks, api), [])
    if right:
        warnings.append(
            f"the edge gateways of clusters without CPI's objects are not known: {api.session.settings.who} lacks the "
            f"right {right!r} to view networks"
        )
    return list(rows)


def _place(
    cluster: dict[str, Any], places: list[tuple[Body, int]], gateways: list[Body], networks: Iterable[Body]
) -> None:
    """The edge gateway of a cluster: the one that has its objects, or else the one that routes its network."""
    routers = _routers(cluster, networks)
    candidates = [one for one, _count in sorted(places, key=lambda place: -place[1])]
    on_network = [one for one in candidates or gateways if one["id"] in routers]
    chosen = on_network[0] if len(on_network) == 1 else candidates[0] if candidates else None
    if chosen is not None:
        owner = chosen.get("ownerRef") or chosen.get("orgVdc")
        cluster["edge_gateway"] = {"id": chosen["id"], "name": chosen["name"], "owner": reference(owner)}
        cluster["org"] = cluster["org"] or str((reference(chosen.get("orgRef")) or {}).get("name") or "")
        cluster["vdc"] = cluster["vdc"] or str((reference(owner) or {}).get("name") or "")
    if len(candidates) > 1:
        names = ", ".join(sorted(str(one["name"]) for one in candidates))
        cluster["problem"] = cluster["problem"] or f"several edge gateways have its objects: {names}"


def _routers(cluster: Mapping[str, Any], networks: Iterable[Body]) -> set[str]:
    """The edge gateways that may route the network of a cluster. Names of networks are unique in a VDC only."""
    named = [row for row in networks if cluster["network"] and row.get("name") == cluster["network"]]
    own = [row for row in named if any(same_reference(row.get(key), cluster["vdc"]) for key in ("orgVdc", "ownerRef"))]
    return {router for router in map(router_of, own or named) if router}
