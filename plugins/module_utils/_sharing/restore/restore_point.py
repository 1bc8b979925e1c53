# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The restore point: the state of a cluster's Services before a change. Pure.

Its Cloud Director side is what vcd_shared_ip_info returns as ``restore_point``. CPI's file and the Services add
``scenario``, ``one_arm``, ``kubernetes_services`` and ``orphans``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import (
    read_cluster,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import ObservedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.services import (
    key_of,
    services_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.target import Target
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import read_vcd


def restore_point_of(info: Any, ccm: Any, vcd: Any) -> dict[str, Any]:
    """The restore point to be stored now, from the results of the three info modules.

    During a change, this is the restore point with which it began: a half-migrated state must never become one.
    """
    cluster, reader = read_cluster(ccm), Reader(info, "vcd_shared_ip_info")
    if cluster.rollout == IN_PROGRESS and cluster.restore_point is not None:
        return dict(cluster.restore_point)
    scenario = cluster.scenario or Scenario.SHARED_EXTERNAL
    state = ClusterState(cluster, read_vcd(vcd), Target(scenario, cluster.one_arm))
    health = state.edge.inventory.health() if state.edge else {}
    return {
        **reader.mapping("restore_point").value,
        "scenario": cluster.scenario.value if cluster.scenario else None,
        "one_arm": cluster.one_arm.as_option() if cluster.one_arm else None,
        "kubernetes_services": [_entry(item, external, health) for item, external in _with_external_ip(state, reader)],
        "orphans": sorted(orphan.text("name") for orphan in reader.mappings("orphans")),
    }


def _with_external_ip(state: ClusterState, info: Reader) -> Iterator[tuple[ObservedService, str]]:
    """The Services of the restore point: those that will be changed."""
    described = {(item.text("namespace", ""), item.text("name")) for item in info.mappings("services")}
    options = {(item["namespace"], item["name"]): item["external_ip"] for item in services_of(state, only=described)}
    for item in state.observed:
        external = options.get(key_of(item))
        if external:
            yield item, external


def _entry(item: ObservedService, external: str, health: Mapping[str, str]) -> dict[str, Any]:
    present = [port.virtual_service for port in item.ports]
    return {
        "name": item.service.name,
        "namespace": item.service.namespace,
        "external_ip": external,
        "ingress_ips": list(item.kubernetes.external_ips),
        "fits": [one.value for one in Scenario if one in item.fits],
        "ports": [port.spec.name for port in item.service.ports],
        "addresses": [found.address if found else None for found in present],
        "health": {found.name: health.get(found.name, "") for found in present if found},
    }
