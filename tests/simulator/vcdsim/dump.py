# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole state as JSON, without secrets, for tests that check a result."""

from __future__ import annotations

from typing import Any

from vcdsim import health
from vcdsim.kinds import NAMES
from vcdsim.simulated_vcd import SimulatedVcd
from vcdsim.store import Record


def dump(vcd: SimulatedVcd) -> dict[str, Any]:
    """Objects by kind, with the API's field names and references as identifier and name; running and failed tasks."""
    state: dict[str, Any] = {
        name: [_show(vcd, record) for record in vcd.store.all(kind)] for kind, name in NAMES.items()
    }
    state["tasks"] = [
        {
            "id": task.id,
            "operation": task.operation_name,
            "owner": task.owner_id,
            "status": task.status,
            "error": task.error[1] if task.error else None,
        }
        for task in vcd.tasks.all()
    ]
    return state


def _show(vcd: SimulatedVcd, record: Record) -> dict[str, Any]:
    shown = {name: _with_names(vcd, value) for name, value in record.data.items()}
    shown |= {"id": record.id, "name": record.name, "status": record.status, "org": vcd.store.ref(record.org)}
    # values that tests need besides the stored fields, and would otherwise have to read through the API
    if record.kind == "loadBalancerVirtualService":
        shown["healthStatus"] = health.service_health(vcd, record)[0]
    elif record.kind == "loadBalancerPool":
        shown |= health.pool_health(vcd, record)
    elif record.kind == "natRule":
        shown |= {"gatewayRef": vcd.store.ref(record.facts["gateway"]), "version": record.facts["version"]}
    elif record.kind == "gateway":
        shown["loadBalancer"] = record.facts["load_balancer"]
    elif record.kind == "ipSpaceIpAllocation":
        shown["ipSpaceRef"] = vcd.store.ref(record.facts["space"])
    elif record.kind == "firewallRule":
        shown["gatewayRef"] = vcd.store.ref(record.facts["gateway"])
    return shown


def _with_names(vcd: SimulatedVcd, value: Any) -> Any:
    """Replace each plain identifier of a known object with its name and identifier."""
    if isinstance(value, str) and value.startswith("urn:vcloud:") and vcd.store.find(value):
        return vcd.store.ref(value)
    if isinstance(value, list):
        return [_with_names(vcd, one) for one in value]
    return value
