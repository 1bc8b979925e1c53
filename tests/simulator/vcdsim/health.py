# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of virtual services, pools and members. It is derived on each read, so it can never be stale."""

from __future__ import annotations

from typing import Any

from vcdsim.simulated_vcd import SimulatedVcd
from vcdsim.store import Record

# Both sentences are VCD's own, and clients compare them.
UNASSIGNED = "The pool is unassigned."
ALL_DISABLED = "The pool is disabled or all of the members are disabled."


def services_of(vcd: SimulatedVcd, pool: Record) -> list[Record]:
    """The virtual services that use the pool."""
    return vcd.store.where("loadBalancerVirtualService", "pool", pool.id)


def member_health(vcd: SimulatedVcd, member: dict[str, Any], *, assigned: bool) -> str:
    if not member.get("enabled", True):
        return "DISABLED"
    if not assigned:
        return "DOWN"  # no service engine probes a pool without a virtual service
    forced = vcd.unhealthy.get(member["ipAddress"])
    return forced or ("UP" if vcd.assume("members-reachable", "yes") else "DOWN")


def pool_members(vcd: SimulatedVcd, pool: Record) -> list[dict[str, Any]]:
    """The members of a pool. A member group contributes its addresses (assumed: IP sets only)."""
    group = vcd.store.get("firewallGroup", pool.data.get("memberGroupRef") or "")
    if group is None:
        return list(pool.data.get("members") or [])
    return [{"ipAddress": address, "enabled": True} for address in group.data.get("ipAddresses") or []]


def pool_health(vcd: SimulatedVcd, pool: Record) -> dict[str, Any]:
    """healthStatus, healthMessage and the counts of a pool."""
    assigned = bool(services_of(vcd, pool))
    members = pool_members(vcd, pool)
    health = [member_health(vcd, member, assigned=assigned) for member in members]
    enabled, up = len(health) - health.count("DISABLED"), health.count("UP")
    status, message = _judge(bool(pool.data["enabled"]), assigned, len(members), enabled, up)
    return {
        "healthStatus": status,
        "healthMessage": message,
        "memberCount": len(members),
        "enabledMemberCount": enabled,
        "upMemberCount": up if assigned else 0,
    }


def _judge(switched_on: bool, assigned: bool, members: int, enabled: int, up: int) -> tuple[str, str]:
    if not members:
        return "UNAVAILABLE", UNASSIGNED if switched_on and not assigned else ALL_DISABLED
    if not switched_on or not enabled:
        return "DISABLED", ALL_DISABLED
    if not assigned:
        return "UNAVAILABLE", UNASSIGNED
    if not up:
        return "DOWN", "None of the members of the pool is up."
    if up * 2 < enabled:
        return "RUNNING", "Fewer than half of the members of the pool are up."
    return "UP", "The pool is up."


def service_health(vcd: SimulatedVcd, service: Record) -> tuple[str, str]:
    """healthStatus and healthMessage of a virtual service."""
    if not service.data["enabled"]:
        return "DISABLED", "The virtual service is disabled."
    if vcd.clock() < service.facts.get("healthy_at", 0.0):
        return "PENDING", "The virtual service is being created."
    pool = vcd.store.get("loadBalancerPool", service.data["loadBalancerPoolRef"])
    if pool is not None and pool_health(vcd, pool)["healthStatus"] in ("UP", "RUNNING"):
        return "UP", "The virtual service is up."
    return "DOWN", "The virtual service is down: its pool has no member that is up."
