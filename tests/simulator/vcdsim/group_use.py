# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a firewall group was last in use: VCD may count the group as in use for a while after that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vcdsim.indexes import INDEXES
from vcdsim.store import Record

# For each kind, the index of the groups that an object refers to.
_USES = {"loadBalancerPool": "memberGroup", "firewallRule": "firewallGroup"}


class GroupUse:
    """Notes each object that is added, changed or removed. ``clock`` is the monotonic clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._groups: dict[str, frozenset[Any]] = {}  # the groups that each object uses
        self._left: dict[Any, float] = {}

    def note(self, event: str, record: Record) -> None:
        """Record which groups an object uses now."""
        if record.kind not in _USES:
            return
        keys = INDEXES[record.kind][_USES[record.kind]](record) if event != "removed" else ()
        now, before = frozenset(key[0] for key in keys), self._groups.pop(record.id, frozenset())
        if now:
            self._groups[record.id] = now
        for group in before - now:
            self._left[group] = self._clock()

    def since(self, group: str) -> float:
        """The seconds since an object stopped using the group; infinite if none has."""
        return self._clock() - self._left.get(group, float("-inf"))

    def kept(self) -> Callable[[], None]:
        """A function that restores the current state. Time continues."""
        groups, left = dict(self._groups), dict(self._left)

        def restore() -> None:
            self._groups, self._left = dict(groups), dict(left)

        return restore
