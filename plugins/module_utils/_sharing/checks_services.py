# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Preflight checks of the Services that exist: what the change would do to them, and what nobody's objects are left."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.breakage import breakages
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    Finding,
    counted,
    error,
    info,
    warning,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.names import (
    nat_rule_name,
    owned_name,
    virtual_service_name,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.situation import Situation

REMEDY = "keep the scenario, or delete the Service before the change and create it again after"


def check_existing_services(situation: Situation) -> Iterator[Finding]:
    """A Service that would break stops the run; one that only keeps its old shape is a note."""
    if situation.edge is None:
        return
    target, current = situation.target.scenario, situation.cluster.scenario
    judged = breakages(situation.observed, current, target, situation.edge.uses_ip_spaces)
    for item in judged:
        label, shape = item.observed.service.label, item.observed.shape
        if item.new:
            message = f"{label} ({shape}) would break under {target.value}: {item.why}"
            yield error("existing_services", message, REMEDY)
        elif item.already:
            message = f"{label} ({shape}) is damaged already: {item.why}"
            yield warning("existing_services", message, "repair its objects, or delete the Service and create it again")
        elif item.mixed:
            message = f"{label} keeps its shape ({shape}) and serves on; only new Services become {target.value}"
            yield info("existing_services", message)
    if not any(item.new or item.already or item.mixed for item in judged):
        present = sum(1 for item in judged if item.observed.present)
        yield info("existing_services", f"{counted(present, 'Service')} with objects in VCD, nothing would break")


def check_leftovers(situation: Situation) -> Iterator[Finding]:
    """Objects with this cluster's names that no Service claims: reported, never touched."""
    cluster, edge = situation.cluster, situation.edge
    if edge is None or not cluster.cluster_id:
        return
    claimed = {
        virtual_service_name(service.name, cluster.cluster_id, port.name)
        for service in cluster.own_services
        for port in service.served_ports
    }
    claimed |= {nat_rule_name(name) for name in claimed}
    names = [item.name for item in edge.virtual_services] + [item.name for item in edge.nat_rules]
    left = sorted(name for name in names if owned_name(name, cluster.cluster_id) and name not in claimed)
    if left:
        message = f"no Service claims these objects of this cluster: {', '.join(left)}"
        yield warning("leftovers", message, "delete them if nobody needs them")
