# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Preflight checks of existing Services: what the change would do to them, and which objects are orphans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.breakage import breakages
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import Migration, damage_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.orphans import orphaned_services
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    Finding,
    error,
    info,
    pluralize,
    warning,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import KINDS, LABELS

MIGRATE = "migrate them (shared_ip_existing: migrate)"
REMEDY = f"{MIGRATE}, or keep the scenario, or delete the Service and create it again after the change"


def check_existing_services(state: ClusterState) -> Iterator[Finding]:
    """A Service that would break stops the run, unless it is migrated; one that keeps its old shape is a note."""
    if state.edge is None:
        return
    if state.target.migrates:
        yield from _migrations(state)
        return
    target, current = state.target.scenario, state.cluster.scenario
    found = breakages(state.observed, current, target, state.edge.uses_ip_spaces)
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
        damage = () if item.new or item.already else damage_of(state, item.observed)
        if damage:
            message = f"{label} ({shape}) is damaged already: {'; '.join(damage)}"
            yield warning("existing_services", message, f"{MIGRATE}, or delete the Service and create it again")
    if not any(item.new or item.already or item.mixed for item in found):
        present = sum(1 for item in found if item.observed.present)
        yield info("existing_services", f"{pluralize(present, 'Service')} with objects in VCD, nothing would break")


def _migrations(state: ClusterState) -> Iterator[Finding]:
    """Only a Service that cannot be migrated stops the run."""
    names = Counter(service.name for service in state.cluster.own_services)
    for migration in state.migrations:
        if names[migration.observed.service.name] > 1:
            continue  # check_service_names stops the run
        if migration.obstacle:
            message = f"{migration.label} cannot be migrated: {migration.obstacle.why}"
            yield error("existing_services", message, migration.obstacle.remedy)
        else:
            yield info("existing_services", _message(migration))
    if not state.migrations:
        present = sum(1 for item in state.observed if item.present)
        yield info("existing_services", f"{pluralize(present, 'Service')} with objects in VCD, none has to be migrated")


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
    """Objects with this cluster's names that no Service claims: reported, and removed only when asked to."""
    orphans = state.orphans
    if not orphans:
        return
    listed = []
    for kind in KINDS:
        found = [item.name for item in orphans if item.kind == kind]
        if found:
            listed.append(f"{pluralize(len(found), LABELS[kind])} {', '.join(found)}")
    reasons = "; ".join(dict.fromkeys(item.why for item in orphans))
    message = f"no Service claims these objects of this cluster: {'; '.join(listed)} ({reasons})"
    yield warning("orphans", message, _removal(state))


def _removal(state: ClusterState) -> str:
    """Orphans of an existing Service are pruned when it is migrated, those of a deleted Service in any run."""
    if orphaned_services(state.cluster.services, state.orphans):
        return "shared_ip_prune: true removes them; those with the name of a Service that exists go when it is migrated"
    return "a migration removes them only with shared_ip_prune: true"
