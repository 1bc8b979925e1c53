# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The steps of a plan, each one write to Cloud Director, and what is known of its unwritten rules. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import (
    Inventory,
    NatRule,
    Object,
    Pool,
    VirtualService,
    kind_of,
)


class Act(str, Enum):
    """What a step does."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class VcdRule(str, Enum):
    """What no public source says of Cloud Director: it is tried where a refusal does no harm, and remembered."""

    OVERLAP = "vip_and_dnat_on_one_address"
    JOIN = "vip_changed_to_one_in_use"
    SHARED_PUT = "update_while_sharing_a_vip"


@dataclass(frozen=True)
class KnownRules:
    """What was seen to be allowed or refused; what is in neither is tried."""

    allowed: frozenset[VcdRule] = frozenset()
    refused: frozenset[VcdRule] = frozenset()

    def allow(self, found: frozenset[VcdRule]) -> KnownRules:
        """With what a step that went through has shown."""
        return KnownRules(self.allowed | found, self.refused - found)

    def refuse(self, found: frozenset[VcdRule]) -> KnownRules:
        """With what a step that was refused has shown."""
        return KnownRules(self.allowed - found, self.refused | found)


LABELS = {
    "virtual_service": "virtual service",
    "pool": "pool",
    "nat_rule": "DNAT rule",
    "application_port_profile": "application port profile",
}


@dataclass(frozen=True)
class Step:
    """One write. ``before`` and ``after`` are the object around it, None where there is none.

    ``probes`` is what a refusal would teach; nothing is harmed by it. ``opens_window``: from its end the external IP
    is held by nothing until the next step of the gateway has begun.
    """

    act: Act
    before: Object | None
    after: Object | None
    probes: frozenset[VcdRule] = field(default_factory=frozenset)
    opens_window: bool = False

    @property
    def item(self) -> Object:
        """The object that it is about."""
        found = self.after if self.after is not None else self.before
        if found is None:
            raise ValueError("a step without an object")
        return found

    @property
    def kind(self) -> str:
        """The kind of its object."""
        return kind_of(self.item)

    @property
    def name(self) -> str:
        """The name of its object."""
        return self.item.name

    @property
    def text(self) -> str:
        """One line for a person."""
        told = f"{self.act.value} {LABELS[self.kind]} {self.name}{_detail(self)}"
        if self.opens_window:
            told += " (until the next step begins, nothing holds the external IP)"
        return told

    def apply(self, inventory: Inventory) -> None:
        """Let it have happened."""
        if self.after is None:
            inventory.drop(self.kind, self.name)
        else:
            inventory.put(self.after)


def _detail(step: Step) -> str:
    before, after = step.before, step.after
    if isinstance(after, VirtualService):
        if isinstance(before, VirtualService) and before.address != after.address:
            return f": VIP {before.address} -> {after.address}"
        return f" on {after.address} port {', '.join(after.ports)}"
    if isinstance(after, NatRule):
        port = f":{after.port}" if after.port else ""
        if isinstance(before, NatRule) and before.internal != after.internal:
            return f": {after.external}{port} -> {after.internal} (was {before.internal})"
        return f": {after.external}{port} -> {after.internal}"
    if isinstance(after, Pool) and after.members is not None:
        return f" with {len(after.members)} members"
    return ""
