# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What a plan was based on: each thing that was read, under the name that a person knows it by. Pure.

It holds only what concerns this cluster: other clusters on the edge gateway may change between the plan and its
execution, and that must not invalidate the plan. It leaves out what changes by itself (health, counters).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import sort_key
from ansible_collections.vcd.kubernetes.plugins.module_utils._canonical import digest_of, plain, without
from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import EdgeGateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    LABELS,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
    NatRule,
    VirtualService,
    kind_of,
)

Facts = Mapping[str, Any]
Key = tuple[str, str]

# What Cloud Director changes by itself, in the results of the modules and in its own bodies.
PASSING = (
    "status",
    "health_status",
    "health_message",
    "up_member_count",
    "version",
    "healthStatus",
    "healthMessage",
    "detailedHealthMessage",
    "upMemberCount",
)
ROWS = {
    VIRTUAL_SERVICE: "virtual_services",
    POOL: "pools",
    NAT_RULE: "nat_rules",
    APP_PORT_PROFILE: "application_port_profiles",
}
FILE = ("scenario", "one_arm", "problems", "config", "extra_keys", "config_map", "config_source")
MAP = ("name", "namespace", "key", "immutable")
DEPLOYMENT = ("name", "namespace", "replicas", "running_replicas", "distribution")
SETTING, SERVICE, IMAGE, CPI_FILE = "setting", "Service", "image of CPI", "CPI's file"


def basis_of(state: ClusterState, ccm: Facts, vcd: Facts, settings: Facts) -> dict[str, Any]:
    """Each thing that the plan depends on, with its value as plain data.

    ``state`` contains the plans of the Services (see `migrations.with_migrations`); ``ccm`` and ``vcd`` are the facts
    that it was made of, with the members of the cluster's pools. ``settings`` are the variables of the run.
    """
    found = {f"{SETTING} {name}": value for name, value in settings.items()}
    found.update(_of_cluster(ccm))
    if state.edge is not None:
        found.update(_of_gateway(state, state.edge, vcd))
    return dict(sorted(plain(found).items()))


def _of_cluster(ccm: Facts) -> Iterator[tuple[str, Any]]:
    file = {key: ccm.get(key) for key in FILE}
    if isinstance(file["config_map"], Mapping):
        file["config_map"] = {key: file["config_map"].get(key) for key in MAP}
    yield CPI_FILE, file
    yield "cluster id", {"id": ccm.get("cluster_id"), "source": ccm.get("cluster_id_source")}
    deployment = ccm.get("deployment") or {}
    yield IMAGE, deployment.get("image")
    yield "Deployment of CPI", {key: deployment.get(key) for key in DEPLOYMENT}
    yield "tools that write CPI's objects", ccm.get("owners") or []
    point = ccm.get("restore_point")
    rollout = (ccm.get("rollout") or {}).get("state")
    yield (
        "last change of CPI",
        {
            "in_progress": rollout == IN_PROGRESS,
            "restore_point": digest_of(point) if point else None,
        },
    )
    excluded = frozenset(ccm.get("excluded") or ())
    yield f"{SETTING} shared_ip_exclude", sorted(excluded)
    for one in ccm.get("services") or ():
        yield f"{SERVICE} {one.get('namespace')}/{one.get('name')}", without(one, ("annotations_ssl",))


def _of_gateway(state: ClusterState, edge: EdgeGateway, vcd: Facts) -> Iterator[tuple[str, Any]]:
    api = vcd.get("api") or {}
    yield "Cloud Director", {key: api.get(key) for key in ("release", "version")}
    (facts,) = vcd["edge_gateways"]
    yield f"edge gateway {edge.name}", {key: facts.get(key) for key in ("id", "owner", "backing_type")}
    yield "load balancer of the edge gateway", facts.get("load_balancer")
    for one in facts.get("uplinks") or ():
        yield f"uplink {one.get('name')}", one
    for one in facts.get("networks") or ():
        yield f"network {one.get('name')}", one
    yield from _groups(state, facts)
    addresses = set(_addresses(state))
    yield from _uses(edge, facts, addresses)
    yield from _passed_over(state, edge)
    yield from _objects(state, edge, facts, addresses)
    yield from _firewall(facts)


def _groups(state: ClusterState, facts: Facts) -> Iterator[tuple[str, Any]]:
    """Service engine groups. Free places count only as far as the plan needs them, because others use them, too."""
    for one in facts.get("service_engine_groups") or ():
        needed = state.places.needed_in(str(one.get("name")))
        most, deployed = one.get("max_virtual_services"), one.get("deployed_virtual_services") or 0
        free = needed if most is None else max(0, min(needed, most - deployed))
        kept = {key: value for key, value in one.items() if key != "deployed_virtual_services"}
        yield (
            f"service engine group {one.get('name')}",
            {**kept, "places_that_the_plan_needs": needed, "of_these_free": free},
        )


def _addresses(state: ClusterState) -> Iterator[str]:
    """The addresses of the cluster's Services: external ones, and internal ones as planned."""
    for item in state.observed:
        yield from item.kubernetes.external_ips
    for one in state.planned:
        yield from filter(None, (one.external_ip, *one.internal_ips))


def _uses(edge: EdgeGateway, facts: Facts, addresses: Iterable[str]) -> Iterator[tuple[str, Any]]:
    used = defaultdict(set)
    for row in facts.get("used_ip_addresses") or ():
        used[row.get("address")].add(str(row.get("category")))
    for address in addresses:
        holders = [_label(kind_of(item), item.name) for item in edge.inventory.holders(address)]
        yield f"address {address}", {"used_for": sorted(used[address]), "held_by": sorted(holders)}


def _passed_over(state: ClusterState, edge: EdgeGateway) -> Iterator[tuple[str, Any]]:
    """The internal addresses in use that precede those that the plan chose: if one becomes free, it is chosen."""
    one_arm, own = state.target.one_arm, _own_names(state)
    if one_arm is None:
        return
    chosen = {address for one in state.planned if one.new_addresses for address in one.internal_ips}
    taken = defaultdict(list)
    for item in edge.inventory:
        address = item.address if isinstance(item, VirtualService) else ""
        address = item.internal if isinstance(item, NatRule) else address
        key = (kind_of(item), item.name)
        if chosen and address and key not in own and address in one_arm and address not in chosen:
            taken[address].append(_label(*key))
    highest = max((sort_key(address) for address in chosen), default=None)
    for address, names in taken.items():
        if highest is not None and sort_key(address) < highest:
            yield f"address {address}", {"held_by": sorted(names)}


def _own_names(state: ClusterState) -> set[Key]:
    """Kind and name of every object that belongs to this cluster, if it exists."""
    found = {one.key for one in state.orphans}
    for item in state.observed:
        names = [*(port.names for port in item.service.ports), *item.service.others]
        found |= {pair for one in names for pair in one.pairs()}
        found.add((NAT_RULE, item.service.shared_rule))
    return found


def _objects(
    state: ClusterState, edge: EdgeGateway, facts: Facts, addresses: Iterable[str]
) -> Iterator[tuple[str, Any]]:
    wanted = _own_names(state)
    wanted |= {(kind_of(item), item.name) for address in addresses for item in edge.inventory.holders(address)}
    whole = {pool["name"]: pool for key in ("unhealthy_pools", "healthy_pools") for pool in facts.get(key) or ()}
    seen: set[str] = set()
    for kind, place in ROWS.items():
        for row in facts.get(place) or ():
            name = str(row.get("name"))
            if (kind, name) in wanted:
                label = _label(kind, name)
                label = f"{label} ({row.get('id')})" if label in seen else label
                seen.add(label)
                yield label, without(whole.get(name, row) if kind == POOL else row, PASSING)


def _firewall(facts: Facts) -> Iterator[tuple[str, Any]]:
    """The firewall rules, where they were read, and their order."""
    if "firewall_rules" not in facts:
        return
    rules = facts["firewall_rules"]
    yield "order of the firewall rules", None if rules is None else [str(one.get("name")) for one in rules]
    seen: set[str] = set()
    for one in rules or ():
        name = f"firewall rule {one.get('name')}"
        name = f"{name} ({one.get('id')})" if name in seen else name
        seen.add(name)
        yield name, {key: value for key, value in one.items() if key != "position"}


def bodies_of(point: Facts) -> dict[str, str]:
    """The digest of every object that a migration read in full for its restore point, with its policies."""
    found = {}
    for kind, bodies in (point.get("objects") or {}).items():
        for name, body in (bodies or {}).items():
            found[f"all settings of {_label(kind, name)}"] = digest_of(without(body, PASSING))
    for name, policies in (point.get("policies") or {}).items():
        found[f"policies of virtual service {name}"] = digest_of(without(policies, PASSING))
    return dict(sorted(found.items()))


def _label(kind: str, name: str) -> str:
    return f"{LABELS.get(kind, kind)} {name}"
