# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Preflight checks of existing Services: what the change would do to them, and which objects are orphans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.breakage import breakages
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import (
    Migration,
    damage_of,
    other_removals,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import ObservedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.orphans import claims
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    Finding,
    error,
    info,
    pluralize,
    warning,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import KINDS, LABELS
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.orphans import Orphan, wrong_names

MIGRATE = "migrate them (shared_ip_existing: migrate)"
REMEDY = f"{MIGRATE}, or keep the scenario, or delete the Service and create it again after the change"


def check_existing_services(state: ClusterState) -> Iterator[Finding]:
    """A Service that would break stops the run, unless it is migrated; one that keeps its old shape is only noted."""
    if state.edge is None:
        return
    if state.target.migrates:
        yield from _migrations(state)
        return
    target, current = state.target.scenario, state.cluster.scenario
    found = breakages([item.whole for item in state.observed], current, target, state.edge.uses_ip_spaces)
    for item in found:
        label, shape = item.observed.label, item.observed.shape
        if item.new:
            message = f"{label} ({shape}) would break under {target.value}: {item.why}"
            yield error("existing_services", message, REMEDY)
        elif item.already:
            message = f"{label} ({shape}) is already damaged: {item.why}"
            yield warning("existing_services", message, f"{MIGRATE}, or delete the Service and create it again")
        elif item.mixed:
            message = f"{label} keeps its shape ({shape}) and still serves; only new Services become {target.value}"
            yield info("existing_services", message)
    for item, one in zip(found, state.observed, strict=True):
        damage = () if item.new or item.already else damage_of(state, one)
        if damage:
            message = f"{one.label} ({one.shape}) is damaged already: {'; '.join(damage)}"
            yield warning("existing_services", message, f"{MIGRATE}, or delete the Service and create it again")
    if not any(item.new or item.already or item.mixed for item in found):
        present = sum(1 for item in found if item.observed.present)
        yield info("existing_services", f"{pluralize(present, 'Service')} with objects in VCD, nothing would break")


def check_excluded(state: ClusterState) -> Iterator[Finding]:
    """Each name in shared_ip_exclude names an existing Service or port."""
    names = {service.label for service in state.cluster.services}
    for service in state.cluster.services:
        names |= {f"{service.label}:{port.port}" for port in service.ports}
        names |= {f"{service.label}:{port.name}" for port in service.ports if port.name}
    for name in sorted(state.cluster.excluded - names):
        message = f"shared_ip_exclude: {name!r}: there is no such Service of type LoadBalancer, or no such port"
        yield error("excluded", message, "write namespace/name or namespace/name:port, or leave it out")


def _migrations(state: ClusterState) -> Iterator[Finding]:
    """Only what can neither be migrated nor stay as it is stops the run."""
    names = Counter(service.name for service in state.cluster.own_services)
    for migration in state.planned:
        if names[migration.observed.service.name] > 1:
            continue  # check_service_names stops the run
        if migration.harm or (
            migration.obstacle is not None and (migration.observed.ports or migration.observed.left_out)
        ):
            yield from _left_aside(migration)  # check_service_ports reports ports that suffer no harm
        if migration.needed and migration.obstacle is None and not migration.harm:
            yield info("existing_services", _message(migration))
    if not state.migrations:
        present = sum(1 for item in state.observed if item.present)
        yield info("existing_services", f"{pluralize(present, 'Service')} with objects in VCD, none has to be migrated")


def _left_aside(migration: Migration) -> Iterator[Finding]:
    """What stays as it is: a warning, or an error where CPI would break it."""
    label, obstacle, observed = migration.label, migration.obstacle, migration.observed
    if not migration.harm:
        message = f"{label} stays as it is: {obstacle.why if obstacle else ''}"
        if observed.left_out and observed.left_out.asked:
            yield info("existing_services", message)
        else:
            yield warning("existing_services", message, obstacle.remedy if obstacle else "")
        return
    would = f"would break under {migration.target.value}: {migration.harm}"
    if obstacle is not None:
        message = f"{label} cannot be migrated ({obstacle.why}), and {would}"
        yield error("existing_services", message, obstacle.remedy or _way_out(observed))
        return
    ports = ", ".join(one.port for one in observed.aside)
    message = f"port {ports} of {label} cannot be migrated ({observed.aside[0].why}), and {would}"
    yield error("existing_services", message, _way_out(observed))


def _way_out(observed: ObservedService) -> str:
    asked = any(one.asked for one in observed.all_aside)
    return (
        "take it out of shared_ip_exclude, or keep the scenario"
        if asked
        else "correct that first, or keep the scenario"
    )


def _message(migration: Migration) -> str:
    target, damage = migration.target.value, "; ".join(migration.damage)
    text = f"{migration.label} is repaired and becomes {target}: {damage}" if damage else ""
    text = text or f"{migration.label} will be migrated from {migration.observed.shape} to {target}"
    rules = {port.nat_rule.external for port in migration.observed.ports if port.nat_rule}
    lost = sorted(rules - {migration.external_ip})
    if lost:
        text += f"; it keeps {migration.external_ip} and gives up {', '.join(lost)}"
    others = [address for address in migration.observed.kubernetes.external_ips if address != migration.external_ip]
    if others:
        text += f"; it keeps {migration.external_ip}, though Kubernetes shows {', '.join(others)} now"
    return text


def check_orphans(state: ClusterState) -> Iterator[Finding]:
    """Objects with this cluster's names that no live Service and port has: removed only when that is certain."""
    if state.edge is None:
        return
    target, orphans = state.target, state.orphans
    if target.prune_objects and not target.prune:
        names = ", ".join(target.prune_objects)
        yield error("orphans", f"shared_ip_prune_objects names {names}", "set shared_ip_prune: true, too")
    claimed = claims(state.cluster.cluster_id, state.cluster.services)
    resumed = state.cluster.rollout == IN_PROGRESS  # an interrupted run may have removed some of them
    problems = wrong_names(target.prune_objects, orphans, claimed, state.edge.inventory, may_be_gone=resumed)
    if problems:
        message = "; ".join(f"{name!r} {why}" for name, why in problems)
        yield error("orphans", f"shared_ip_prune_objects: {message}", "take it out: nothing was changed")
    going = [one for one in orphans if one.removable] if target.prune else []
    staying = [one for one in orphans if one not in going]
    if going:
        reasons = "; ".join(dict.fromkeys(one.why for one in going))
        yield info(
            "orphans", f"to be removed, because no live Service and port has their names: {_listed(going)} ({reasons})"
        )
    waiting = [one for one in going if one.key not in {other.key for other in other_removals(state)}]
    if waiting and not target.migrates:
        message = f"in the way of a Service, and removed only when that is migrated: {_listed(waiting)}"
        yield warning("orphans", message, "shared_ip_existing: migrate")
    if staying:
        yield _left(state, staying)


def _left(state: ClusterState, staying: list[Orphan]) -> Finding:
    reasons = [one.why for one in staying]
    if state.entity is not None and state.entity.problem:
        reasons.append(f"CPI's entity in Cloud Director {state.entity.problem}")
    message = f"no live Service and port has the names of {_listed(staying)} ({'; '.join(dict.fromkeys(reasons))})"
    if not state.target.prune:
        remedy = (
            "shared_ip_prune: true removes those that a restore point or CPI's entity in Cloud Director shows to be "
            "this cluster's, and those that shared_ip_prune_objects names"
        )
    else:
        names = ", ".join(one.item.name for one in staying)
        remedy = f"they stay; if nothing uses them, set shared_ip_prune_objects: [{names}]"
    return warning("orphans", message, remedy)


def _listed(orphans: list[Orphan]) -> str:
    listed = []
    for kind in KINDS:
        found = [one.item.name for one in orphans if one.key[0] == kind]
        if found:
            listed.append(f"{pluralize(len(found), LABELS[kind])} {', '.join(found)}")
    return "; ".join(listed)
