# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was there when: every change of every object, every task, every write, in the order in which they took effect.

Entries are mappings with ``time`` (monotonic clock, in seconds), ``kind`` and ``event``:

- an object: its kind as the dump names it, ``added``, ``changed`` or ``removed``, with id, name, gateway, ``refers``
  (addresses and ports, see ``refers``) and ``task``, the one that brought it about
- ``task``: ``started`` or ``ended``, with id, operation, owner, name, gateway, locks, user, status
- ``request``: a write that was ``asked`` or ``answered``, with number, method, path, name, gateway, user, status, code

What an object was changed to at the start of a task stands before the task's start, what its end brought before its
end. The end of a task has the time at which it was due, whenever that was noticed.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vcdsim.kinds import NAMES
from vcdsim.store import Record, kind_of

if TYPE_CHECKING:
    from vcdsim.tasks import Task

_KEPT = 1_000_000


class Timeline:
    """The entries in memory. ``clock`` is the monotonic clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._task: str | None = None
        self._moment: float | None = None
        self._asked = 0

    def entries(self) -> list[dict[str, Any]]:
        return list(self._entries)

    def clear(self) -> None:
        self._entries.clear()

    @contextmanager
    def brought_by(self, task: Task, moment: float) -> Iterator[None]:
        """What happens in the block is the task's doing, at that moment (now if infinite)."""
        self._task, self._moment = task.id, moment
        try:
            yield
        finally:
            self._task = self._moment = None

    def effect(self, event: str, record: Record) -> None:
        """An object was added, changed or removed."""
        self._write(
            kind=NAMES.get(record.kind, record.kind),
            event=event,
            id=record.id,
            name=record.label,
            gateway=gateway_of(record),
            refers=refers(record),
            task=self._task,
        )

    def task(self, event: str, task: Task) -> None:
        """A task started or ended."""
        self._write(
            kind="task",
            event=event,
            id=task.id,
            operation=task.operation_name,
            owner=task.owner_id,
            name=task.owner_name,
            gateway=next((one for one in task.locks if kind_of(one) == "gateway"), None),
            locks=list(task.locks),
            user=task.user_name,
            status=task.status,
        )

    def asked(self, **facts: Any) -> int:
        """A write came in; its number."""
        self._asked += 1
        self._write(kind="request", event="asked", number=self._asked, **facts)
        return self._asked

    def answered(self, number: int, **facts: Any) -> None:
        """The write of that number was answered."""
        self._write(kind="request", event="answered", number=number, **facts)

    def _write(self, **entry: Any) -> None:
        moment = self._clock() if self._moment is None or math.isinf(self._moment) else self._moment
        last = self._entries[-1]["time"] if self._entries else moment
        self._entries.append({"time": max(moment, last), **entry})  # a task that takes no time has its start's


def gateway_of(record: Record) -> str | None:
    """The edge gateway that an object belongs to; None if to none."""
    if record.kind == "gateway":
        return record.id
    places = (record.facts.get("gateway"), record.data.get("gatewayRef"), record.data.get("ownerRef"))
    return next((one for one in places if isinstance(one, str) and kind_of(one) == "gateway"), None)


def refers(record: Record) -> dict[str, Any]:
    """The addresses and ports that an object stands for; empty for kinds that stand for none."""
    data = record.data
    if record.kind == "loadBalancerVirtualService":
        ports = [[one["portStart"], one.get("portEnd") or one["portStart"]] for one in data["servicePorts"]]
        both = {"vip": data.get("virtualIpAddress"), "ipv6": data.get("ipv6VirtualIpAddress")}
        return {**both, "ports": ports, "pool": data["loadBalancerPoolRef"], "enabled": data["enabled"]}
    if record.kind == "natRule":
        addresses = {"external": data.get("externalAddresses"), "internal": data.get("internalAddresses")}
        port = data.get("dnatExternalPort")
        return {"type": data["type"], **addresses, "port": port, "enabled": data.get("enabled", True)}
    if record.kind == "ipSpaceIpAllocation":
        return {"ip": data["value"], "usage": data["usageState"]}
    return {}
