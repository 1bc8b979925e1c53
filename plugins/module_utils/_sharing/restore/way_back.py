# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The way back: what to change so that a cluster returns to its restore point. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import BadRange, parse_range
from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import (
    IN_PROGRESS,
    RESTORE_POINT_VERSION,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import (
    Cluster,
    read_cluster,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import served_elsewhere
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import ObservedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.services import (
    Key,
    external_ip,
    key_of,
    services_of,
    status_differs,
    stored_services,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.target import Target
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.bodies import (
    merged_objects,
    merged_policies,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.point import (
    check_gateway,
    check_restore_point,
)

NOTHING_TO_GO_BACK_TO = (
    "this cluster has no restore point, because no migration of its Services has stored one: give the file of one as "
    "shared_ip_restore_file, or choose a scenario with the playbook vcd.kubernetes.shared_ip"
)


def way_back(restore_point: Any, ccm: Any, vcd: Any) -> dict[str, Any]:
    """The input of a run that goes back; if that is not possible, ``summary`` says why in one line.

    Keys: ok, summary, notes, taken, scenario, one_arm, services (with internal_ips) and restore_point, which the
    cluster keeps during and after the run, so that the same run can be repeated and leads to the same state.
    """
    cluster = read_cluster(ccm)
    # a file that CPI rejects has no scenario; the present state is read the same way in any
    state = ClusterState(cluster, read_vcd(vcd), Target(cluster.scenario or Scenario.SHARED_EXTERNAL, cluster.one_arm))
    nothing: dict[str, Any] = {"taken": "", "scenario": None, "one_arm": None, "services": [], "notes": []}
    try:
        point = _checked(restore_point, state)
        return {"ok": True, "summary": "", **_back(point, state)}
    except (InvalidInput, BadRange) as error:
        why = NOTHING_TO_GO_BACK_TO if not restore_point else f"cannot go back to this restore point: {error}"
        return {"ok": False, "summary": why, "restore_point": {}, **nothing}


def _checked(restore_point: Any, state: ClusterState) -> Reader:
    """The restore point, if it belongs to this cluster and this gateway. Raises InvalidInput otherwise."""
    point = Reader(check_restore_point(restore_point), "restore point")
    found, cluster = point.text("cluster_id"), state.cluster.cluster_id
    if found != cluster:
        raise InvalidInput("restore point", f"cluster {found}", f"this is cluster {cluster or 'without an id'}")
    gateway, edge = point.mapping("edge_gateway"), state.edge
    if edge is None:
        raise InvalidInput("restore point", gateway.text("name", ""), "exactly one edge gateway is needed here")
    check_gateway(point.value, {"id": edge.id, "name": edge.name})
    return point


def _back(point: Reader, state: ClusterState) -> dict[str, Any]:
    scenario = Scenario.parse(point.value.get("scenario"), "restore point: scenario")
    one_arm = parse_range(point.value["one_arm"]) if point.has("one_arm") else None
    stored = stored_services(point.value)
    observed = {key_of(item): item for item in state.observed}
    started = _state_at_start(state.cluster)
    now = {key: _present_ip(item, started.get(key), state) for key, item in observed.items() if key in stored}
    new_ips = {key: ip for key, ip in now.items() if ip and ip != stored[key]["external_ip"]}
    known = {**{key: str(item["external_ip"]) for key, item in stored.items()}, **new_ips}
    wanted = ClusterState(state.cluster, state.vcd, Target(scenario, one_arm))
    services = services_of(wanted, known, {key for key, item in observed.items() if not _is_foreign(item, wanted)})
    for option in services:
        option.update(_internal_ips(option, stored.get((option["namespace"], option["name"])), scenario))
    return {
        "taken": point.text("taken", ""),
        "scenario": scenario.value,
        "one_arm": one_arm.as_option() if one_arm else None,
        "services": services,
        "restore_point": {
            # version 1 had the bodies there; they are among the objects now
            **{key: value for key, value in point.value.items() if key != "virtual_services"},
            "version": RESTORE_POINT_VERSION,
            # what an interrupted change stored is newer, and by now may exist nowhere else
            "objects": merged_objects(point.value, _unfinished(state.cluster)),
            "policies": merged_policies(point.value, _unfinished(state.cluster)),
            "kubernetes_services": [_kept(item, new_ips.get(key)) for key, item in stored.items()],
        },
        "notes": [*_notes(stored, observed, new_ips), *_new(services, stored)],
    }


def kept_on_the_way(back: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    """The restore point to go back to, with the present objects and policies added, as the run may lose these."""
    return {
        **back,
        "objects": merged_objects(back, present),
        "policies": merged_policies(back, present),
    }


def _state_at_start(cluster: Cluster) -> Mapping[Key, Mapping[str, Any]]:
    """The Services as they were before the change in progress."""
    if cluster.rollout != IN_PROGRESS or cluster.restore_point is None:
        return {}
    scenario = str(cluster.restore_point.get("scenario"))
    return {key: {**item, "scenario": scenario} for key, item in stored_services(cluster.restore_point).items()}


def _present_ip(item: ObservedService, started: Mapping[str, Any] | None, state: ClusterState) -> str:
    """The external IP on which a Service serves as its CPI expects; empty when it is damaged.

    If it differs from the restore point's, the Service has been created again since then and must keep its new IP.
    During a change, the state before that change counts.
    """
    if started is not None:
        healthy = started["scenario"] in _fits(started) and started["external_ip"] in (started.get("ingress_ips") or ())
        return str(started["external_ip"]) if healthy else ""
    if state.cluster.rollout == IN_PROGRESS or state.cluster.scenario not in item.fits:
        return ""
    present = external_ip(item, state)
    return "" if status_differs(item, present) else present


def _is_foreign(item: ObservedService, state: ClusterState) -> bool:
    """Whether another controller seems to serve a Service, which then gets no objects."""
    shown = item.kubernetes.external_ips
    return bool(state.edge and shown and served_elsewhere(state, state.edge, item, shown[0]))


def _fits(stored: Mapping[str, Any]) -> list[str]:
    """The scenarios whose shape a stored Service had. Version 1 of the format holds them as one text, ``shape``."""
    found = stored.get("fits")
    return list(found) if isinstance(found, list) else str(stored.get("shape")).split(" or ")


def _kept(stored: Mapping[str, Any], new_ip: str | None) -> dict[str, Any]:
    """A Service of the restore point, with its present external IP if it keeps that one."""
    return {**stored, **({"external_ip": new_ip, "ingress_ips": [new_ip]} if new_ip else {})}


def _internal_ips(
    option: Mapping[str, Any], stored: Mapping[str, Any] | None, scenario: Scenario
) -> dict[str, list[str]]:
    """The internal addresses that it had, if it had the shape of the scenario and still has the same ports."""
    if stored is None or stored.get("ports") != [port["name"] for port in option["ports"]]:
        return {}
    # without the right number of addresses, the plan chooses them
    needed = scenario.internal_ips(len(option["ports"]))
    addresses = list(dict.fromkeys(stored.get("addresses") or ()))
    fits = scenario.value in _fits(stored)
    return {"internal_ips": addresses} if fits and needed and len(addresses) == needed else {}


def _unfinished(cluster: Cluster) -> Mapping[str, Any]:
    """The restore point of the change in progress."""
    if cluster.rollout != IN_PROGRESS or cluster.restore_point is None:
        return {}
    return cluster.restore_point


def _notes(
    stored: Mapping[Key, Mapping[str, Any]], observed: Mapping[Key, ObservedService], new_ips: Mapping[Key, str]
) -> Iterator[str]:
    for key, item in stored.items():
        label = "/".join(key)
        if key not in observed:
            yield f"{label} is no longer a Service of this cluster and is left out"
        elif key in new_ips:
            yield f"{label} had {item['external_ip']} then and keeps {new_ips[key]}, on which it serves now"


def _new(services: list[dict[str, Any]], stored: Mapping[Key, Any]) -> Iterator[str]:
    for option in services:
        if (option["namespace"], option["name"]) not in stored:
            yield f"{option['namespace']}/{option['name']} was created later and gets the shape of that scenario, too"
