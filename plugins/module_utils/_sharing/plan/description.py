# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Objects, plans and outages as text and plain data for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    TASK_SECONDS,
    pluralize,
    tasks_in_words,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import in_words
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    NAT_RULE,
    AppPortProfile,
    HttpPolicy,
    IpSet,
    NatRule,
    Object,
    Pool,
    VirtualService,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.outage import Outage
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Step, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedService


def own_objects(wanted: WantedService, inventory: Inventory) -> list[Object]:
    """The existing objects of a service, port by port."""
    keys = [key for port in wanted.ports for key in port.names.pairs()]
    keys += [(NAT_RULE, wanted.service.shared_rule), *wanted.orphans.single]
    found = {key: inventory.get(*key) for key in keys}
    return [item for item in found.values() if item is not None]


def as_diff(items: Iterable[Object]) -> dict[str, str]:
    """Objects as diff mode shows them: one line each, by kind and name."""
    return {f"{kind_of(item)} {item.name}": _line(item) for item in items}


def _line(item: Object) -> str:
    if isinstance(item, HttpPolicy):
        return "; ".join(
            f"{kind.replace('_', ' ')} {', '.join(str(rule['name']) for rule in rules) or 'none'}"
            for kind, rules in item.lists
        )
    if isinstance(item, IpSet):
        return ", ".join(item.addresses)
    disabled = "" if isinstance(item, AppPortProfile) or item.enabled else "disabled, "
    if isinstance(item, VirtualService):
        secured = f", certificate {item.certificate}" if item.certificate else ""
        mode = ", transparent" if item.transparent else ""
        return f"{disabled}{item.address} {in_words(item.ports)}, {item.profile}{secured}, pool {item.pool}{mode}"
    if isinstance(item, NatRule):
        port = f":{item.port}" if item.port else ""
        return f"{disabled}{item.external}{port} -> {item.internal}"
    if isinstance(item, AppPortProfile):
        return ", ".join(text if " " in text else f"TCP {text}" for text in item.ports)
    return disabled + _members(item)


def _members(pool: Pool) -> str:
    if pool.member_group:
        return f"group {pool.member_group} port {pool.port}"
    if pool.members is None:
        return "" if pool.port is None else f"port {pool.port}"
    return f"{', '.join(pool.members)} port {pool.port}"


def outage_as_dict(outage: Outage) -> dict[str, Any]:
    """The outage of a plan for a playbook, in tasks: per port, for all ports at once, and the window."""
    return {
        "ports": dict(outage.ports),
        "together": outage.together,
        "window": outage.window,
        "task_seconds": list(TASK_SECONDS),
    }


def outage_lines(label: str, steps: Sequence[Step], outage: Outage) -> list[str]:
    """What a person should know in advance: which ports are down for how long, and what is uncertain."""
    if not steps:
        return []
    down = [f"{in_words([port])} for {tasks_in_words(count)}" for port, count in outage.ports if count]
    lines = [f"{label}: {pluralize(len(steps), 'write')}; down: {', '.join(down) if down else 'nothing'}"]
    if any(VcdRule.OVERLAP in step.probes for step in steps) or outage.window:
        together, window = tasks_in_words(outage.together), tasks_in_words(outage.window)
        lines.append(
            f"{label}: where Cloud Director refuses a VIP and a DNAT rule on one address, all ports are down for "
            f"{together}, and nothing holds the external IP during {window}"
        )
    if any(VcdRule.PROTOCOLS in step.probes for step in steps):
        lines.append(
            f"{label}: where Cloud Director refuses TCP and UDP on one port of a VIP, the run takes back what it has "
            "changed; scenario distinct_internal does not need it"
        )
    return lines
