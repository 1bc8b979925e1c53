# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks: VCD's asynchronous operations.

They are settled against the monotonic clock when a request comes in. Without threads and timers, every state that a
client can see follows from the requests and their times alone, which makes failures repeatable.
"""

from __future__ import annotations

import datetime
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from vcdsim import errors
from vcdsim.store import kind_of, uuid_of
from vcdsim.timeline import Timeline

Effect = Callable[[], object]
_KEPT = 10_000


def wall_clock() -> str:
    """The current time, in VCD's format."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(eq=False)
class Task:
    """One asynchronous operation.

    ``begins_at`` and ``ends_at`` are on the monotonic clock; a task that never ends has an infinite ``ends_at``.
    ``locks`` are the identifiers of the entities that are busy until it ends. ``done`` and ``undo`` are the effects of
    its success and its failure, ``fails_with`` is the code and message of a planned failure. ``details`` is
    shown as it is.
    """

    id: str
    operation: str
    operation_name: str
    owner_id: str
    owner_name: str
    org: str | None
    user: str
    user_name: str
    started: str
    begins_at: float
    ends_at: float
    locks: tuple[str, ...] = ()
    done: Effect | None = None
    undo: Effect | None = None
    result: Callable[[], str] | None = None
    details: str = ""
    fails_with: tuple[str, str] | None = None
    status: str = "running"
    ended: str | None = None
    error: tuple[str, str] | None = None
    output: str | None = None

    @property
    def uuid(self) -> str:
        return uuid_of(self.id)

    def finish(self) -> None:
        """End the task: carry out its effect, or undo it if the task is to fail."""
        self.ended = wall_clock()
        effect = self.undo if self.fails_with else self.done
        if effect:
            effect()
        if self.fails_with:
            self.status, self.error = "error", self.fails_with
            return
        self.status = "success"
        self.output = self.result() if self.result else None


@dataclass
class TaskBoard:
    """The running and the finished tasks. Each locked entity has at most one running task."""

    timeline: Timeline
    _tasks: dict[str, Task] = field(default_factory=dict)
    _running: list[Task] = field(default_factory=list)
    _vanished: set[str] = field(default_factory=set)

    def settle(self, now: float) -> None:
        """End all tasks that are due, in the order of their ends."""
        if not self._running or min(task.ends_at for task in self._running) > now:
            return
        due = sorted((task for task in self._running if task.ends_at <= now), key=lambda task: task.ends_at)
        for task in due:
            self._running.remove(task)
            with self.timeline.caused_by(task, task.ends_at):
                task.finish()
                self.timeline.task("ended", task)
        # long tests create more tasks than they read; running tasks are never dropped
        for old in list(itertools.islice(self._tasks, max(0, len(self._tasks) - _KEPT))):
            if self._tasks[old].status != "running":
                del self._tasks[old]

    def check_free(self, locks: tuple[str, ...]) -> None:
        """Refuse with BUSY_ENTITY while a running task holds one of the entities."""
        for task in self._running:
            for held in task.locks:
                if held in locks:
                    raise errors.busy(kind_of(held), uuid_of(held), task.operation_name)

    def start(self, task: Task, *, vanishes: bool = False) -> Task:
        self._tasks[task.id] = task
        self._running.append(task)
        with self.timeline.caused_by(task, task.begins_at):
            self.timeline.task("started", task)
        if vanishes:
            self._vanished.add(task.id)
        return task

    def get(self, identifier: str) -> Task | None:
        """The task, or None if the identifier is unknown or the task has vanished."""
        return None if identifier in self._vanished else self._tasks.get(identifier)

    def running(self) -> list[Task]:
        return list(self._running)

    def all(self) -> list[Task]:
        return list(self._tasks.values())

    def release(self, identifier: str) -> bool:
        """End a task that would never end, at the next request. False if no such task runs."""
        task = self._tasks.get(identifier)
        if task is None or task.status != "running":
            return False
        task.ends_at = -math.inf
        return True

    def kept(self) -> Callable[[], None]:
        """A function that restores all tasks to their current state. Those that became due meanwhile end at once."""
        tasks, running, vanished = dict(self._tasks), list(self._running), set(self._vanished)
        states = [(task, dict(vars(task))) for task in tasks.values()]

        def restore() -> None:
            self._tasks, self._running, self._vanished = dict(tasks), list(running), set(vanished)
            for task, state in states:
                vars(task).update(state)

        return restore
