# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""How many places of a service engine group a plan takes: a group holds a limited number of virtual services. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    VIRTUAL_SERVICE,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, Step

ANY = ""  # stands for the group that the next new virtual service gets


@dataclass(frozen=True)
class Places:
    """How many more virtual services than now each service engine group holds (see ANY).

    ``most`` is the highest number at any time during the plan; ``after`` is the number when the plan is done, negative
    where virtual services are removed.
    """

    most: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)

    def needed_in(self, group: str, *, next_is_there: bool = True) -> int:
        """How many places of this group the plan needs at one time, at most.

        ``next_is_there``: the next new virtual service may get into this group, so those under ANY count, too.
        """
        return self.most.get(group, 0) + (self.most.get(ANY, 0) if next_is_there else 0)

    def then(self, other: Places) -> Places:
        """The places of this plan followed by another one."""
        groups = {*self.most, *self.after, *other.most, *other.after}
        most = {one: max(self.most.get(one, 0), self.after.get(one, 0) + other.most.get(one, 0)) for one in groups}
        return Places(most, {one: self.after.get(one, 0) + other.after.get(one, 0) for one in groups})


def places_of(runs: Iterable[Sequence[Step]], inventory: Inventory) -> Places:
    """What a plan takes, whichever of these runs happens. ``inventory`` is the state before the first step."""
    most: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for number, steps in enumerate(runs):
        now: Counter[str] = Counter()
        for step in steps:
            if step.kind == VIRTUAL_SERVICE and step.act is not Act.UPDATE:
                group = _group_of(step, inventory)
                now[group] += 1 if step.act is Act.CREATE else -1
                most[group] = max(most[group], now[group])
        if not number:
            after = now
    return Places(dict(most), dict(after))


def _group_of(step: Step, inventory: Inventory) -> str:
    """The group of a virtual service: the one it had, else the one of the others on its VIP, else any."""
    item: VirtualService | None = inventory.get(VIRTUAL_SERVICE, step.name)
    if item is not None:
        return item.group
    sharing = inventory.on_address(step.item.address) if isinstance(step.item, VirtualService) else []
    return sharing[0].group if sharing else ANY
