# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What a Service is on the gateway, and what a plan makes of it, as plain data for a person. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import (
    AppPortProfile,
    Inventory,
    NatRule,
    Object,
    Pool,
    VirtualService,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import (
    NAT_RULE,
    VIRTUAL_SERVICE,
    owned_name,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.outage import Outage
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import REMOVAL
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Step, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedService

ABSENT, MIXED = "absent", "mixed"


def shape_of(wanted: WantedService, inventory: Inventory, preferred: Scenario | None = None) -> str:
    """The scenario whose shape a Service has: ``preferred`` if it fits, as one port behind NAT fits two of them."""
    found: list[VirtualService] = [
        item for names in wanted.names if (item := inventory.get(VIRTUAL_SERVICE, names.virtual_service)) is not None
    ]
    if not found:
        return ABSENT
    fits = _fits(wanted, inventory, found)
    if preferred in fits:
        return preferred.value if preferred else MIXED
    return next((one.value for one in Scenario if one in fits), MIXED)


def _fits(wanted: WantedService, inventory: Inventory, found: Sequence[VirtualService]) -> set[Scenario]:
    addresses = {item.address for item in found}
    rules = [_rule(names.nat_rule, wanted, inventory) for names in wanted.names]
    if addresses == {wanted.external_ip} and not any(rules):
        return {Scenario.SHARED_EXTERNAL}
    if len(found) < len(wanted.names) or wanted.external_ip in addresses:
        return set()
    for item, rule in zip(found, rules, strict=True):
        if rule is None or rule.internal != item.address or rule.external != wanted.external_ip:
            return set()
    one = {Scenario.SHARED_INTERNAL} if len(addresses) == 1 else set()
    return one | ({Scenario.DISTINCT_INTERNAL} if len(addresses) == len(found) else set())


def _rule(name: str, wanted: WantedService, inventory: Inventory) -> NatRule | None:
    found: NatRule | None = inventory.get(NAT_RULE, name) or inventory.get(NAT_RULE, wanted.shared_rule)
    return found


def own_objects(wanted: WantedService, inventory: Inventory) -> list[Object]:
    """The objects of a Service that are there, port by port."""
    pairs = [(kind, name) for names in wanted.names for kind, name in zip(REMOVAL, names, strict=True)]
    pairs += [(NAT_RULE, wanted.shared_rule), *wanted.orphans]
    found = {pair: inventory.get(*pair) for pair in pairs}
    return [item for item in found.values() if item is not None]


def as_diff(items: Iterable[Object]) -> dict[str, str]:
    """Objects as diff mode shows them: a line each, by kind and name."""
    return {f"{kind_of(item)} {item.name}": _line(item) for item in items}


def _line(item: Object) -> str:
    if isinstance(item, VirtualService):
        secured = f", certificate {item.certificate}" if item.certificate else ""
        return f"{item.address} port {', '.join(item.ports)}, {item.profile}{secured}, pool {item.pool}"
    if isinstance(item, NatRule):
        port = f":{item.port}" if item.port else ""
        return f"{item.external}{port} -> {item.internal}"
    if isinstance(item, AppPortProfile):
        return f"TCP {', '.join(item.ports)}"
    return "" if not isinstance(item, Pool) or item.members is None else f"{', '.join(item.members)} port {item.port}"


def orphans_of(
    services: Iterable[str], claimed: Iterable[str], inventory: Inventory, cluster_id: str
) -> dict[str, list[Any]]:
    """By Service, (kind, name) of objects with its name that no port of it claims: a port was renamed or taken away."""
    wanted, known = set(services), set(claimed)
    found: dict[str, list[Any]] = {}
    for item in inventory:
        owned = None if item.name in known else owned_name(item.name, cluster_id)
        if owned is not None and owned.service in wanted and owned.kind == kind_of(item):
            found.setdefault(owned.service, []).append((owned.kind, item.name))
    return found


def outage_as_dict(outage: Outage) -> dict[str, Any]:
    """The outage of a plan for a playbook: tasks each port is down for, all ports together, and the window."""
    return {"ports": dict(outage.ports), "together": outage.together, "window": outage.window}


def outage_lines(label: str, steps: Sequence[Step], outage: Outage) -> list[str]:
    """What a person should know before: which ports are down for how long, and what nobody knows."""
    if not steps:
        return []
    down = [f"port {port} for {_tasks(count)}" for port, count in outage.ports if count]
    lines = [f"{label}: {len(steps)} writes; down: {', '.join(down) if down else 'nothing'}"]
    if any(VcdRule.OVERLAP in step.probes for step in steps) or outage.window:
        lines.append(
            f"{label}: where Cloud Director refuses a VIP and a DNAT rule on one address, all ports are down for "
            f"{_tasks(outage.together)}, and nothing holds the external IP during {_tasks(outage.window)}"
        )
    return lines


def _tasks(number: int) -> str:
    return f"{number} task" if number == 1 else f"{number} tasks"
