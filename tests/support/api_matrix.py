# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which module works with which version of Cloud Director's API: runs each with each, in check mode and for real.

A module works if it creates, reads, changes and deletes an object as check mode has predicted, and does nothing when
it runs again. Otherwise it has to name the version that it needs, in one line, before it writes anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from in_process import Modules
from kept_sessions import kept_sessions
from module_calls import group, only_reads, spec_of, surprises
from module_lives import EVERYTHING, Life, Options, lives, options_to_read, parts_of_reading
from vcdsim.testing import Simulator

VERSIONS = ("36.3", "37.0", "37.1", "37.2", "38.0", "38.1", "39.0", "39.1")
WORKS = ""
_NEEDS = re.compile(r"requires API version (\d+\.\d+) \(Cloud Director [\d.]+\) or newer")
Column = dict[str, str]


class Unexpected(AssertionError):
    """A module neither works nor names the version that it needs."""


def column(version: str) -> Column:
    """For each module, and each option that needs a newer API, the version that it needs, or `WORKS`."""
    options: dict[str, Any] = {"task_seconds": 0, "health_seconds": 0}
    with Simulator(EVERYTHING, api_versions=version, **options) as simulator, kept_sessions():
        return dict(_rows(simulator))


def _rows(simulator: Simulator) -> Iterator[tuple[str, str]]:
    for login in {tuple(sorted(life.login.items())) for life in lives().values()}:
        Modules(simulator, **dict(login)).done("vcd_edge_gateway_info", edge_gateway=None)
    fresh = simulator.snapshot()
    for module in group("vcd"):
        simulator.restore(fresh)
        life = lives().get(module)
        if life is None:
            yield from _read(simulator, module)
        else:
            yield from _Run(simulator, module, life).rows()


def _read(simulator: Simulator, module: str) -> Iterator[tuple[str, str]]:
    if not only_reads(module):
        raise Unexpected(f"{module} writes, and module_lives.py does not say what")
    counterpart = lives().get(module.removesuffix("_info"))
    modules = Modules(simulator, **(counterpart.login if counterpart else lives()["vcd_pool"].login), edge_gateway=None)
    options = options_to_read(module, spec_of(module).options)
    for row, more in {"": {}, **parts_of_reading(module)}.items():
        # the estate has a virtual service with HTTP policies, which some parts read
        yield _row(module, row), _same(module, modules, {**options, **more}, changes=False)


class _Run:
    """The life of one object."""

    def __init__(self, simulator: Simulator, module: str, life: Life) -> None:
        self.module, self.life = module, life
        self.modules = Modules(simulator, **life.login, edge_gateway=None)

    def rows(self) -> Iterator[tuple[str, str]]:
        """The module, and its parts."""
        self._before(self.life.before)
        needed = self._step(self.life.create)
        yield _row(self.module), needed
        if not needed:
            if self.life.change:
                self._works(self.life.change)
            self._is_read()
        for part, options in self.life.parts.items():
            self._before(self.life.before_part.get(part, ()))
            yield _row(self.module, part), self._step(options) or needed
        if not needed:
            self._before((self.module, {**self.life.key, **one}) for one in self.life.again)
            self._works(self.life.remove)

    def _before(self, runs: Any) -> None:
        for module, options in runs:
            result = self.modules.run(module, **options)
            if result.get("failed") and not _NEEDS.search(result["msg"]):
                raise Unexpected(f"{module} before {self.module}: {result['msg']}")

    def _works(self, options: Options) -> None:
        needed = self._step(options)
        if needed:
            raise Unexpected(f"{self.module}: needs {needed} for {options}")

    def _step(self, options: Options) -> str:
        return _same(self.module, self.modules, {**self.life.key, **options}, changes=True)

    def _is_read(self) -> None:
        counterpart = f"{self.module}_info"
        given = spec_of(counterpart).options
        asked = {name: value for name, value in self.life.key.items() if name in given}
        self.modules.done(counterpart, **asked)


def _same(module: str, modules: Modules, options: Options, *, changes: bool) -> str:
    """Run it in check mode, for real, and again; the version that it needs, or `WORKS`."""
    modules.simulator.journal(clear=True)
    planned = modules.run(module, check=True, **options)
    if modules.writes():
        raise Unexpected(f"{module} writes in check mode: {modules.writes()}")
    done = modules.run(module, **options)
    problems = surprises(module, planned, done)
    if problems:
        raise Unexpected(f"{module} {options}: {'; '.join(problems)}")
    if done.get("failed"):
        needs = _NEEDS.search(done["msg"])
        if not needs or "\n" in done["msg"] or modules.writes():
            raise Unexpected(f"{module} {options}: {done['msg']} {modules.writes()}")
        return needs[1]
    if done["changed"] is not changes:
        raise Unexpected(f"{module} {options}: changed is {done['changed']}")
    again = modules.run(module, **options) if changes else done
    if again.get("failed") or again["changed"]:
        raise Unexpected(f"{module} {options}, run again: {again}")
    return WORKS


def _row(module: str, part: str = "") -> str:
    return f"`{module}`: `{part}`" if part else f"`{module}`"
