# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The preflight: every check before a change, as one list of findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.addresses import (
    check_external_addresses,
    check_given_addresses,
    check_one_arm,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.cluster import (
    check_annotations,
    check_cluster_id,
    check_configuration,
    check_cpi,
    check_rollout,
    check_service_names,
    check_service_ports,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.edge_gateway import (
    check_cpi_api,
    check_edge_gateway,
    check_service_engine_groups,
    check_vcd_version,
    check_vdc_group,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.firewall import check_firewall
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.firewall_rules import (
    check_managed_firewall,
    firewall_report,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.owners import check_owners
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.services import (
    check_excluded,
    check_existing_services,
    check_orphans,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import read_cluster
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import (
    other_removals,
    with_migrations,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.orphans import read_entity
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.picture import (
    picture_of,
    planned_picture_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.target import (
    Target,
    check_existing,
    resolve,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import read_vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import Finding, first_lines, passed
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import KnownRules

CHECKS: tuple[Callable[[ClusterState], Iterator[Finding]], ...] = (
    check_configuration,
    check_rollout,
    check_owners,
    check_cluster_id,
    check_cpi,
    check_vcd_version,
    check_cpi_api,
    check_edge_gateway,
    check_vdc_group,
    check_service_engine_groups,
    check_one_arm,
    check_external_addresses,
    check_given_addresses,
    check_service_names,
    check_service_ports,
    check_annotations,
    check_excluded,
    check_existing_services,
    check_firewall,
    check_managed_firewall,
    check_orphans,
)


def preflight(state: ClusterState) -> list[Finding]:
    """Run every check, in the order in which a person would ask. ``state`` contains the migrations."""
    return [finding for check in CHECKS for finding in check(state)]


def state_of(
    ccm: Any,
    vcd: Any,
    scenario: Any,
    one_arm: Any = None,
    existing: Any = "fail",
    edge_gateway: Any = "",
    prune: Any = False,
    prune_objects: Iterable[str] = (),
    *,
    entity: Any = None,
    restore_point: Mapping[str, Any] | None = None,
    vcd_rules: Iterable[str] = (),
    firewall: str = "",
) -> ClusterState:
    """What the checks look at, with the plans of the Services.

    ``ccm`` and ``vcd`` are the results of vcd_ccm_config_info and vcd_edge_gateway_info. ``edge_gateway`` is the name
    that was given, for the message if there is no such gateway. ``entity`` are the facts of CPI's defined entity, where
    it was read, ``restore_point`` is the one that the run goes back to. ``vcd_rules`` are those that the operator
    states, ``firewall`` is the field of the state. Raises InvalidInput for an invalid request, or a result that is not
    as documented.
    """
    check_existing(existing)
    cluster = read_cluster(ccm)
    target = resolve(scenario, one_arm, cluster, edge_gateway, existing, bool(prune), prune_objects)
    found = ClusterState(
        cluster,
        read_vcd(vcd),
        target,
        entity=read_entity(entity),
        restore_point=restore_point or None,
        known=KnownRules.stated(vcd_rules),
        firewall=firewall,
    )
    return with_migrations(found)


def report_of(state: ClusterState) -> dict[str, Any]:
    """The preflight of a state as plain data.

    ``migrations`` lists the Services that have to be migrated or repaired, and is empty unless ``existing`` is
    "migrate". ``removals`` are the orphans to be removed on their own, ``removed_on_the_way`` the names of those that a
    migration removes, and ``unproven`` says whether reading the entity could prove that other orphans belong to this
    cluster. ``pictures`` are of the present state and of the planned one (see `picture`).
    """
    findings = preflight(state)
    cluster, target, edge = state.cluster, state.target, state.edge
    return {
        "ok": passed(findings),
        "change": state.changing,
        "scenario_before": cluster.scenario.value if cluster.scenario else "invalid",
        "scenario": target.scenario.value,
        "meaning": target.scenario.meaning,
        "one_arm_before": cluster.one_arm.as_option() if cluster.one_arm else None,
        "one_arm": target.one_arm.as_option() if target.one_arm else None,
        "edge_gateway": edge.name if edge else None,
        "services": [item.as_dict() for item in state.observed],
        "migrations": [migration.as_dict() for migration in state.migrations],
        "orphans": [orphan.as_dict() for orphan in state.orphans],
        **_removals(state),
        "pictures": {"before": picture_of(state), "after": planned_picture_of(state)},
        "firewall": firewall_report(state),
        "findings": [finding.as_dict() for finding in findings],
        "summary": first_lines(findings),
    }


def _removals(state: ClusterState) -> dict[str, Any]:
    alone = other_removals(state)
    going = [one for one in state.orphans if one.removable] if state.target.prune else []
    return {
        "removals": [{"kind": one.key[0], "name": one.item.name, "id": one.item.id} for one in alone],
        "removed_on_the_way": [one.item.name for one in going if one not in alone],
        "unproven": state.target.prune and any(not one.removable and not one.doubt for one in state.orphans),
    }


def still_orphans(ccm: Any, vcd: Any, objects: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The ``removals`` of an earlier preflight that still no port claims."""
    cluster = read_cluster(ccm)
    state = ClusterState(cluster, read_vcd(vcd), Target(Scenario.SHARED_EXTERNAL, None))
    present = {(*one.key, one.item.id) for one in state.orphans}
    return [one for one in objects if (one["kind"], one["name"], one["id"]) in present]
