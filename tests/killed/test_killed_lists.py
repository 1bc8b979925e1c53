# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task with a list of objects, killed before each write and after the last: the same task finishes the list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from invariants import is_write
from list_kinds import KINDS, ListKind, filled
from runs import ModuleRun, comparable, killed_at_every_write
from vcdsim.testing import Simulator

Result = dict[str, Any]
ADMIN = {"user": "admin", "password": "admin-secret-1"}
RENAMED = ("pools", "virtual_services")  # the lists whose entries have ``new_name``


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("one-edge", task_seconds=0, health_seconds=0) as running:
        yield running


class RecordedRun(ModuleRun):
    """A run that also adds its result to a list."""

    def __init__(self, results: list[Result], module: str, options: Result) -> None:
        super().__init__(module, options, diff=True)
        self._results = results

    def wait(self) -> Result:
        """Its result."""
        result = super().wait()
        self._results.append(result)
        return result


class ListTask:
    """A task with a list: two objects to create, and one each to change, to remove, to leave and to rename."""

    def __init__(self, kind: ListKind, sim: Simulator) -> None:
        self.kind, self.sim, self.results = kind, sim, list[Result]()
        sim.reset()
        self._done("vcd_pool", pools=[{"name": f"one{number}"} for number in range(6)], members=[])
        there = [self._entry(number) for number in range(2, 6)]
        made = self._done(kind.module, **{kind.plural: there}, **kind.beside)[kind.plural]
        self._kept = sim.snapshot()
        renamed = {"name": "n5", "new_name": "new"} if kind.plural in RENAMED else {"id": made[3]["id"], "name": "new"}
        self.entries: list[Result] = [
            {"name": "n3", "state": "absent"},
            self._entry(0),
            {**self._entry(2), **kind.change},
            self._entry(4),
            {**self._entry(5), **renamed},
            self._entry(1),
        ]

    def _entry(self, number: int) -> Result:
        return {"name": f"n{number}", **filled(self.kind.entry, number)}

    def run(self) -> RecordedRun:
        """The task, not yet started."""
        self.sim.journal(clear=True)
        given = {self.kind.plural: self.entries, **self.kind.beside}
        return RecordedRun(self.results, self.kind.module, self._options(**given))

    def prepare(self) -> None:
        """Restore the objects as they are before the task."""
        self.sim.restore(self._kept)

    def writes(self) -> int:
        """The number of writes of the last run."""
        return sum(is_write(entry) for entry in self.sim.journal())

    def _options(self, **options: Any) -> Result:
        connection = {"url": self.sim.url, "ca_path": str(self.sim.ca), "org": "acme", **ADMIN}
        return {**connection, "edge_gateway": "acme-edge", **options}

    def _done(self, module: str, **options: Any) -> Result:
        result = ModuleRun(module, self._options(**options)).start().wait()
        assert not result.get("failed"), result["msg"]
        return result


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
def test_a_killed_task_with_a_list_is_finished(
    kind: ListKind, sim: Simulator, record_property: Callable[[str, object], None]
) -> None:
    task = ListTask(kind, sim)

    def check(final: Result, unlike: Result) -> None:
        assert comparable(final) == comparable(unlike)
        whole, second = task.results[0], task.results[-1]
        before, after = (second["diff"][moment][kind.plural] for moment in ("before", "after"))
        changes = sum(was != now for was, now in zip(before, after, strict=True))
        assert (second["changed"], task.writes()) == (changes > 0, changes)
        shares.append(changes)
        assert _named(after) == _named(second[kind.plural]) == _named(whole[kind.plural])

    shares: list[int] = []
    survival = killed_at_every_write(task.run, sim, task.prepare, check=check, user="admin")
    text = f"k = {survival.writes} writes, {survival.survived} of {survival.kills} kills survived"
    record_property("figures", f"killed at every write, a list of {kind.plural}: {text}")
    assert survival.problems == []
    assert (survival.writes, survival.survived, survival.kills) == (5, 6, 6)
    assert shares == [5, 4, 3, 2, 1, 0]  # nothing is written twice, and each run reports its share


def _named(objects: list[Result | None]) -> list[str | None]:
    """The names in the order of the list, None for what was removed."""
    return [one and one["name"] for one in objects]
