# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The objections to a virtual service or NAT rule that claims what another object has already claimed. Pure.

`Inventory.rivals` says who claims what. This file decides which of the two gets the traffic. A rule takes it before a
virtual service does. Of two rules, Cloud Director applies the one with the lower value of ``priority``; for equal
values it does not document which one it applies.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import TCP, Claim
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory, Rival
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    NO_DNAT,
    NatRule,
    VirtualService,
    label_of,
)


@dataclass(frozen=True)
class Objection:
    """``text`` completes "<option>: <value>: ..."; ``address`` is the first one that both claim.

    ``refuses``: the write must not happen; otherwise a warning is enough.
    """

    address: str
    text: str
    refuses: bool


def objections(
    planned: VirtualService | NatRule, before: VirtualService | NatRule | None, inventory: Inventory
) -> list[Objection]:
    """The objections to a planned object, refusals first.

    Objections that applied to the object ``before`` the change are left out: they must not block an unrelated change.
    """
    old = [] if before is None else [_objection(before, rival) for rival in inventory.rivals(before)]
    found = [_objection(planned, rival) for rival in inventory.rivals(planned)]
    new = [one for one in dict.fromkeys(found) if one not in old]
    return sorted(new, key=lambda one: not one.refuses)


def _objection(planned: VirtualService | NatRule, rival: Rival) -> Objection:
    other, where = rival.item, rival.common.addresses.start
    if isinstance(planned, VirtualService):
        ports = _ports(rival.common)
        if isinstance(other, NatRule):
            text = f"{_label(rival)} takes the traffic to its {ports}: choose another port or VIP, or remove the rule"
        else:
            text = f"{_label(rival)} already uses its {ports}: choose another port or VIP"
        return Objection(where, text, True)
    if not isinstance(other, NatRule):
        text = f"the rule would take the traffic to {_place(rival.common)} from {_label(rival)}"
        return Objection(where, f"{text}: choose another address or port, or remove the virtual service", True)
    return Objection(where, *_between_rules(planned, other, rival))


def _between_rules(planned: NatRule, other: NatRule, rival: Rival) -> tuple[str, bool]:
    place = _place(rival.common)
    if planned.priority == other.priority:
        text = (
            f"{_label(rival)} is for {place}, too, with the same priority ({other.priority}), so that it is not "
            "certain which of the two rules applies: choose another address or port, remove that rule, or give another "
            "priority"
        )
        return text, planned.type != NO_DNAT
    wins = planned.priority < other.priority
    which = f"this {planned.type} rule" if wins else "that rule"
    low, high = sorted((planned.priority, other.priority))
    text = f"{_label(rival)} is for {place}, too: {which} applies there, as its priority {low} precedes {high}"
    return text, False


def _label(rival: Rival) -> str:
    """Kind and name, with what helps to find it: its addresses if it has several, and whether it is disabled."""
    item, notes = rival.item, []
    if isinstance(item, NatRule) and item.external != rival.common.addresses.start:
        notes.append(item.external)
    if isinstance(item, (NatRule, VirtualService)) and not item.enabled:
        notes.append("disabled")
    more = f" ({', '.join(notes)})" if notes else ""
    return f"{label_of(item)} {item.name!r}{more}"


def _place(common: Claim) -> str:
    addresses = common.addresses.start if common.addresses.single else str(common.addresses)
    return f"{_ports(common)} of {addresses}"


def _ports(common: Claim) -> str:
    """The ports, without repeating for UDP those that are listed for TCP."""
    tcp = {(one.first, one.last) for one in common.ports if one.protocol == TCP}
    return ", ".join(str(one) for one in common.ports if one.protocol == TCP or (one.first, one.last) not in tcp)
