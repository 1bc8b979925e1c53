# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timeline: every change of every object, every task and every write, in the order in which they took effect.

The journal shows requests, the timeline their effects. Tests use it to prove that an external IP was held at every
moment and to measure outages.

Entries are mappings with ``time`` (monotonic clock, in seconds), ``kind`` and ``event``:

- an object, under its kind's name in the dump: ``added``, ``changed`` or ``removed``, with id, name, gateway,
  ``refers`` (addresses and ports, see ``refers``) and the ``task`` that caused it
- ``task``: ``started`` or ``ended``, with id, operation, owner, name, gateway, locks, user, status
- ``request``: a write that was ``asked`` or ``answered``, with number, method, path, name, gateway, user, status, code

A change at the start of a task comes before the task's start, a change at its end before its end. The end of a task has
the time at which it was due, however late the simulator settled it.
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
_HTTP_RULES = ("httpRequestRules", "httpResponseRules", "httpSecurityRules")


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
    def caused_by(self, task: Task, moment: float) -> Iterator[None]:
        """Attribute all changes in the block to the task, at that time. An infinite time means now."""
        self._task, self._moment = task.id, moment
        try:
            yield
        finally:
            self._task = self._moment = None

    def effect(self, event: str, record: Record) -> None:
        """Record that an object was added, changed or removed."""
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
        """Record that a task started or ended."""
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
        """Record a write request and return its number."""
        self._asked += 1
        self._write(kind="request", event="asked", number=self._asked, **facts)
        return self._asked

    def answered(self, number: int, **facts: Any) -> None:
        """Record the answer to the write with this number."""
        self._write(kind="request", event="answered", number=number, **facts)

    def _write(self, **entry: Any) -> None:
        moment = self._clock() if self._moment is None or math.isinf(self._moment) else self._moment
        last = self._entries[-1]["time"] if self._entries else moment
        self._entries.append(
            {"time": max(moment, last), **entry}
        )  # times never run backwards, even if a task was due before the last entry


def gateway_of(record: Record) -> str | None:
    """The URN of the edge gateway that an object belongs to, or None."""
    if record.kind == "gateway":
        return record.id
    places = (record.facts.get("gateway"), record.data.get("gatewayRef"), record.data.get("ownerRef"))
    return next((one for one in places if isinstance(one, str) and kind_of(one) == "gateway"), None)


def refers(record: Record) -> dict[str, Any]:
    """The addresses and ports that an object holds; empty for kinds that hold none."""
    data = record.data
    if record.kind == "loadBalancerVirtualService":
        ports = [[one["portStart"], one.get("portEnd") or one["portStart"]] for one in data["servicePorts"]]
        both = {"vip": data.get("virtualIpAddress"), "ipv6": data.get("ipv6VirtualIpAddress")}
        rules = {key: [one["name"] for one in data[key]["values"]] for key in _HTTP_RULES if key in data}
        return {**both, "ports": ports, "pool": data["loadBalancerPoolRef"], "enabled": data["enabled"], **rules}
    if record.kind == "natRule":
        addresses = {"external": data.get("externalAddresses"), "internal": data.get("internalAddresses")}
        port = data.get("dnatExternalPort")
        return {"type": data["type"], **addresses, "port": port, "enabled": data.get("enabled", True)}
    if record.kind == "ipSpaceIpAllocation":
        return {"ip": data["value"], "usage": data["usageState"]}
    return {}
