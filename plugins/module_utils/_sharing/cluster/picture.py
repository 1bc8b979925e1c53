# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The data of pictures: how clients reach the members of each Service, and how many addresses that takes. Pure.

A picture is plain data, which travels in the results of plan, change and verify. Its size is bounded: a picture of any
cluster is at most about 100 kB as JSON, and a picture of ten Services of two ports about 6 kB.

    edge_gateway   its name
    planned        whether it shows the state that a plan leads to, in which no health is known
    services       label, shape, external_ip and paths; a path is a port with what leads from the external IP to it
    left_out       how many Services it does not show, because there are too many
    external       in_use by the Services of the cluster, and free on the edge gateway (None where it is not known)
    internal       in_use by the Services of the cluster, and free in the one-arm range (None where there is no range)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import ObservedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.room import external_room, internal_room
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.services import (
    external_ip,
    interrupted_external_ips,
    is_present,
    key_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import EdgeGateway, read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import vips
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    POOL,
    NatRule,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import (
    EdgeAddresses,
    PresentPort,
    shape_name,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import held_external_ips
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.reach import reachable
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedPort, WantedService

MOST_SERVICES = 60
MOST_PORTS = 20  # of one Service
MOST_MEMBERS = 8  # of one pool
LONGEST = 300  # characters of a name


def picture_of(state: ClusterState) -> dict[str, Any] | None:
    """The present state; None unless exactly one edge gateway was read."""
    return _picture(state, state.edge, planned=False) if state.edge is not None else None


def picture_of_machines(services: Sequence[Service], edge: EdgeGateway, addresses: EdgeAddresses) -> dict[str, Any]:
    """The present state of services of machines on an edge gateway. They have no range with free addresses to count."""
    drawn = [_of_machines(one, edge.inventory, addresses) for one in services]
    outside = {one.service.external_ip for one in drawn}
    inside: set[str] = set()
    for one in drawn:
        for port in one.ports:
            _add_addresses(port, outside, inside)
    return _drawn(edge, drawn, (outside, inside), None, planned=False)


def planned_picture_of(state: ClusterState) -> dict[str, Any] | None:
    """The state that the plans of ``state`` lead to.

    None where nothing is to be migrated, and on the way back to a restore point, which has a plan of its own.
    """
    if state.edge is None or not state.migrations or state.restore_point:
        return None
    inventory = state.edge.inventory.copy()
    for migration in state.migrations:
        for step in migration.plan.steps if migration.plan else ():
            step.apply(inventory)
    edge = replace(state.edge, inventory=inventory)
    vcd = replace(state.vcd, edges=(edge,)) if state.vcd else None
    return _picture(replace(state, vcd=vcd), edge, planned=True)


def with_members(picture: Any, vcd: Any) -> Any:
    """The same picture with the members of the pools that ``vcd`` holds in full; None stays None.

    ``vcd`` is a result of vcd_edge_gateway_info. Only the picture needs them: the checks judge by what they have read.
    """
    read = read_vcd(vcd)
    if picture is None or read is None or len(read.edges) != 1:
        return picture
    inventory, planned = read.edges[0].inventory, bool(picture["planned"])

    def filled(path: dict[str, Any]) -> dict[str, Any]:
        pool = inventory.get(POOL, path["pool"]["name"]) if path["pool"] else None
        return path if pool is None or pool.members is None else {**path, "pool": _pool(pool, planned=planned)}

    services = [{**one, "paths": [filled(path) for path in one["paths"]]} for one in picture["services"]]
    return {**picture, "services": services}


def _picture(state: ClusterState, edge: EdgeGateway, *, planned: bool) -> dict[str, Any]:
    present = [item for item in state.observed if is_present(item)]
    drawn = [_of_cluster(item, state) for item in present]
    return _drawn(edge, drawn, _addresses(state, present), _internal_free(state, edge), planned=planned)


@dataclass(frozen=True)
class _DrawnService:
    """What is drawn of a service: its external IP, and in ``ports`` the objects of each port."""

    service: Service
    ports: tuple[PresentPort, ...]
    shape: str
    aside: str = ""


def _of_cluster(item: ObservedService, state: ClusterState) -> _DrawnService:
    aside = item.left_out.why if item.left_out else "; ".join(f"port {one.port}: {one.why}" for one in item.aside)
    return _DrawnService(item.service.with_external_ip(_external_ip(item, state)), item.ports, item.shape, aside)


def _of_machines(service: Service, inventory: Inventory, addresses: EdgeAddresses) -> _DrawnService:
    held = held_external_ips(service, inventory, addresses)
    ports = service.present(inventory, addresses)
    return _DrawnService(
        service.with_external_ip(service.external_ip or next(iter(held), "")), ports, shape_name(ports)
    )


def _drawn(
    edge: EdgeGateway,
    drawn: Sequence[_DrawnService],
    in_use: tuple[set[str], set[str]],
    internal_free: int | None,
    *,
    planned: bool,
) -> dict[str, Any]:
    outside, inside = (one - {""} for one in in_use)
    return {
        "edge_gateway": edge.name,
        "planned": planned,
        "services": [_service(one, edge.inventory, planned=planned) for one in drawn[:MOST_SERVICES]],
        "left_out": max(0, len(drawn) - MOST_SERVICES),
        "external": {"in_use": len(outside), "free": None if edge.uses_ip_spaces else external_room(edge)},
        "internal": {"in_use": len(inside - outside), "free": internal_free},
    }


def _internal_free(state: ClusterState, edge: EdgeGateway) -> int | None:
    one_arm = state.target.one_arm
    return None if one_arm is None else internal_room(state, edge, one_arm).free


def _addresses(state: ClusterState, services: Iterable[ObservedService]) -> tuple[set[str], set[str]]:
    """The external and the internal addresses that the objects of these Services take."""
    outside: set[str] = set()
    inside: set[str] = set()
    for item in services:
        outside |= {_external_ip(item, state)}
        for port in item.whole.ports:
            _add_addresses(port, outside, inside)
    return outside, inside


def _add_addresses(port: PresentPort, outside: set[str], inside: set[str]) -> None:
    if port.nat_rule is not None:
        outside.add(port.nat_rule.external)
        inside.add(port.nat_rule.internal)
    if port.virtual_service is not None:
        (outside if port.on_external_address else inside).update(vips(port.virtual_service))


def _external_ip(item: ObservedService, state: ClusterState) -> str:
    try:
        # after an interrupted migration, the IP from before takes precedence over the present one
        return interrupted_external_ips(state.cluster).get(key_of(item)) or external_ip(item, state)
    except InvalidInput:  # its objects hold several, or none: a check reports it
        return ""


def _service(drawn: _DrawnService, inventory: Inventory, *, planned: bool) -> dict[str, Any]:
    address, pairs = drawn.service.external_ip, list(zip(drawn.service.ports, drawn.ports, strict=True))
    ports = [WantedPort(port, one.virtual_service, one.pool) for port, one in pairs]
    wanted = WantedService(drawn.service, tuple(ports))
    paths = [
        {
            "port": port.spec.port,
            "name": _text(port.spec.name),
            "serves": bool(address) and reachable(inventory, wanted, [WantedPort(port, one.virtual_service, one.pool)]),
            "rule": _rule(one.nat_rule),
            "virtual_service": _virtual_service(one, planned=planned),
            "pool": _pool(one.pool, planned=planned),
        }
        for port, one in pairs[:MOST_PORTS]
    ]
    return {
        "label": _text(drawn.service.label),
        "shape": drawn.shape,
        "external_ip": address,
        "aside": _text(drawn.aside),
        "paths": paths,
        "left_out": max(0, len(pairs) - MOST_PORTS),
    }


def _rule(rule: NatRule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {
        "name": _text(rule.name),
        "external": rule.external,
        "port": rule.port,
        "internal": rule.internal,
        "enabled": rule.enabled,
    }


def _virtual_service(port: PresentPort, *, planned: bool) -> dict[str, Any] | None:
    found: VirtualService | None = port.virtual_service
    if found is None:
        return None
    return {
        "name": _text(found.name),
        "address": found.address or found.ipv6_address,
        "external": port.on_external_address,
        "ports": [*found.ports[:MOST_PORTS]],
        "enabled": found.enabled,
        "health": "" if planned else found.health,
    }


def _pool(pool: Pool | None, *, planned: bool) -> dict[str, Any] | None:
    if pool is None:
        return None
    members = [
        {"address": address, "health": "" if planned else pool.member_health.get(address, "")}
        for address in (pool.members or ())[:MOST_MEMBERS]
    ]
    return {
        "name": _text(pool.name),
        "enabled": pool.enabled,
        "health": "" if planned else pool.health,
        "up": None if planned else pool.up,
        "count": pool.count if pool.count is not None else (None if pool.members is None else len(pool.members)),
        "port": pool.port or None,
        "members": members,
    }


def _text(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
