# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcd_pool with exclusive: false: single members are added, drained and removed, and other members stay."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.manager import Pools
from in_process import Modules
from simulator_bench import Api
from vcdsim.testing import Simulator

FIRST, SECOND = {"ip_address": "10.10.0.11", "port": 80}, {"ip_address": "10.10.0.12", "port": 80, "ratio": 3}


@pytest.fixture
def pool(running: Simulator) -> Modules:
    running.reset()
    running.settings(task_seconds=0)
    modules = Modules(running)
    modules.done("vcd_pool", name="web", members=[FIRST, SECOND], wait=False)
    running.journal(clear=True)
    return modules


def change(pool: Modules, *members: dict[str, Any], **options: Any) -> tuple[bool, list[tuple[Any, ...]]]:
    """Whether the module changed something, and the resulting members: address, port, ratio, enabled."""
    result = pool.done("vcd_pool", name="web", members=members, exclusive=False, wait=False, **options)
    fields = ("ip_address", "port", "ratio", "enabled")
    return result["changed"], [tuple(one[name] for name in fields) for one in result["pool"]["members"]]


def test_a_member_is_drained_taken_back_removed_and_added(pool: Modules) -> None:
    drained = [("10.10.0.11", 80, 1, True), ("10.10.0.12", 80, 3, False)]
    drain = {"ip_address": "10.10.0.12", "enabled": False}
    assert change(pool, drain, check=True) == (True, drained)
    assert pool.writes() == []
    assert change(pool, drain) == (True, drained)
    assert change(pool, drain) == (False, drained)
    assert change(pool, {**drain, "enabled": True})[1][1] == ("10.10.0.12", 80, 3, True)
    gone = {"ip_address": "10.10.0.12", "state": "absent"}
    new = {"ip_address": "10.10.0.13", "port": 8080}
    after = [("10.10.0.11", 80, 1, True), ("10.10.0.13", 8080, 1, True)]
    assert change(pool, gone, new, check=True) == (True, after)
    assert change(pool, gone, new) == (True, after)
    assert change(pool, gone, new) == (False, after)


def test_contradictory_options_are_refused(pool: Modules) -> None:
    message = pool.refused("vcd_pool", name="wbe", exclusive=False, members=[{**FIRST, "state": "absent"}])
    assert "name: 'wbe': there is no pool with this name to remove a member from" in message
    pool.done("vcd_pool", name="group", member_group="workers", wait=False)
    message = pool.refused("vcd_pool", name="group", exclusive=False, members=[FIRST])
    assert "members: '10.10.0.11': the pool has the members of 'workers': change that, or omit exclusive" in message
    made = pool.done("vcd_pool", name="new", exclusive=False, members=[FIRST], wait=False)["pool"]
    assert [one["ip_address"] for one in made["members"]] == ["10.10.0.11"]


class CompetingWriter:
    """Another client that writes the pool's members during some reads of the pool, counted from the plan on."""

    def __init__(self, pool: Modules, members: list[dict[str, Any]], at: set[int]) -> None:
        self.api, self.members, self.at, self.reads = Api(pool.simulator, "admin@acme"), members, at, 0
        (self.path,) = [f"/loadBalancer/pools/{one['id']}" for one in pool.simulator.dump()["pools"]]
        self.now = Pools._now

    def between(self, monkeypatch: pytest.MonkeyPatch) -> CompetingWriter:
        """Make the client write between the reads and writes of the module."""

        def now(manager: Pools, path: str) -> Any:
            self.reads += 1
            if self.reads in self.at:
                self.api.done("PUT", self.path, {**self.api.get(self.path), "members": self.members})
            return self.now(manager, path)

        monkeypatch.setattr(Pools, "_now", now)
        return self


BODIES = [{"ipAddress": f"10.10.0.{number}", "port": 80} for number in (11, 12, 14)]


def test_a_member_that_another_client_adds_meanwhile_stays(pool: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    CompetingWriter(pool, BODIES, {1}).between(monkeypatch)
    result = pool.done("vcd_pool", name="web", members=[{**FIRST, "state": "absent"}], exclusive=False, wait=False)
    assert [one["ip_address"] for one in result["pool"]["members"]] == ["10.10.0.12", "10.10.0.14"]
    assert not result.get("warnings")


def test_a_change_that_another_client_overwrites_is_written_again(
    pool: Modules, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = CompetingWriter(pool, BODIES, {2}).between(monkeypatch)
    gone = [{**FIRST, "state": "absent"}]
    result = pool.done("vcd_pool", name="web", members=gone, exclusive=False, wait=False)
    assert [one["ip_address"] for one in result["pool"]["members"]] == ["10.10.0.12", "10.10.0.14"]
    other.reads, other.at = 0, set(range(100))
    message = pool.refused("vcd_pool", name="web", members=[{**SECOND, "state": "absent"}], exclusive=False)
    assert "another client writes its members at the same time, and has overwritten this change 4 times" in message
