# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured downtime of a service against the planned one, for every move."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import VIRTUAL_SERVICE
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.downtime import Downtime, added
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.outage import outage_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import KnownRules, VcdRule
from test_planner import built, service, wanted_on

RULES = [KnownRules(), KnownRules(refused=frozenset(VcdRule))]
MOVES = [
    (start, end, ports, known)
    for (start, end), ports, known in itertools.product(itertools.permutations(Scenario, 2), (1, 2, 5), RULES)
]


@pytest.mark.parametrize(("start", "end", "ports", "known"), MOVES)
def test_tasks_of_one_second_measure_what_is_counted(
    start: Scenario, end: Scenario, ports: int, known: KnownRules
) -> None:
    inventory = built(start, ports)
    wanted = wanted_on(inventory, service(ports), end)
    steps = plan(wanted, inventory, known)
    planned, measured = outage_of(wanted, inventory, steps), Downtime(wanted, inventory)
    for second, step in enumerate(steps):
        measured.written(step, second, second + 1)
    expected = {"ports": dict(planned.ports), "together": planned.together, "lasting": []}
    assert measured.as_dict(len(steps)) == expected


def test_the_time_between_two_tasks_counts() -> None:
    inventory = built(Scenario.SHARED_INTERNAL, 1)
    wanted = wanted_on(inventory, service(1), Scenario.SHARED_EXTERNAL)
    steps = plan(wanted, inventory, RULES[1])
    at_once, slowly = Downtime(wanted, inventory), Downtime(wanted, inventory)
    for number, step in enumerate(steps):
        at_once.written(step, number, number + 1)
        slowly.written(step, number * 10, number * 10 + 1)
    (down,) = at_once.as_dict(len(steps))["ports"].values()
    assert slowly.as_dict(0)["ports"] == {"80": (down - 1) * 10 + 1}


def test_a_port_that_never_comes_back_is_down_until_now() -> None:
    inventory = built(Scenario.SHARED_EXTERNAL, 2)
    wanted = wanted_on(inventory, service(2), Scenario.SHARED_EXTERNAL)
    measured = Downtime(wanted, inventory)
    broken = inventory.copy()
    broken.drop(VIRTUAL_SERVICE, wanted.ports[0].names.virtual_service)
    measured.read(broken, 3)
    assert measured.as_dict(10) == {"ports": {"80": 7.0, "81": 0.0}, "together": 0.0, "lasting": ["80"]}


def test_the_downtime_of_two_attempts_adds_up() -> None:
    first = {"ports": {"80": 1.5, "81": 2.0}, "together": 1.0, "lasting": ["80", "81"]}
    then = {"ports": {"80": 2.0}, "together": 2.0, "lasting": []}
    assert added(first, then) == {"ports": {"80": 3.5, "81": 2.0}, "together": 3.0, "lasting": ["81"]}
    assert added(None, then) == added(then, None) == then
    assert added(None, None) is None
