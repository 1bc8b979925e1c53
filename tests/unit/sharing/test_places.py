# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many places in a service engine group a plan takes, at most at one time and at the end."""

from __future__ import annotations

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import Pool, VirtualService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.places import ANY, Places, places_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, Step
from hypothesis import given
from hypothesis import strategies as st

IP = "203.0.113.10"


def present(number: int, group: str) -> VirtualService:
    return VirtualService(f"vs-{number}", f"pool-{number}", f"192.168.8.{number}", ("80",), group=group)


def delete(item: VirtualService) -> Step:
    return Step(Act.DELETE, item, None)


def create(item: VirtualService) -> Step:
    return Step(Act.CREATE, None, item)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Inventory, list[Step]]:
    """Virtual services in two groups, and steps that delete some, make some of these again, and make new ones."""
    there = [present(number, draw(st.sampled_from(["a", "b"]))) for number in range(draw(st.integers(0, 4)))]
    steps: list[Step] = []
    for item in there:
        steps += [delete(item), create(item)][: draw(st.integers(0, 2))]
    steps += [create(present(10 + number, "")) for number in range(draw(st.integers(0, 3)))]
    again = [step for step in steps if step.act is Act.CREATE and not step.name.startswith("vs-1")]
    others = [step for step in steps if step not in again]
    return Inventory(there), draw(st.permutations(others)) + again


@given(runs(), st.integers(0, 10))
def test_two_plans_in_turn_take_what_one_long_plan_takes(run: tuple[Inventory, list[Step]], cut: int) -> None:
    inventory, steps = run
    first, second = (places_of([part], inventory) for part in (steps[:cut], steps[cut:]))
    whole, both = places_of([steps], inventory), first.then(second)
    groups = {"a", "b", ANY}
    assert {one: both.most.get(one, 0) for one in groups} == {one: whole.most.get(one, 0) for one in groups}
    assert {one: both.after.get(one, 0) for one in groups} == {one: whole.after.get(one, 0) for one in groups}


@given(runs(), runs())
def test_the_worst_of_several_runs_counts(one: tuple[Inventory, list[Step]], two: tuple[Inventory, list[Step]]) -> None:
    """While it works, the worst run counts; at the end, the run without refusals, which is the first."""
    inventory = one[0]
    both = places_of([one[1], two[1]], inventory)
    first, second = places_of([one[1]], inventory), places_of([two[1]], inventory)
    assert both.after == first.after
    groups = {*first.most, *second.most}
    assert both.most == {group: max(first.most.get(group, 0), second.most.get(group, 0)) for group in groups}


def test_a_virtual_service_takes_a_place_in_its_own_group_or_in_that_of_its_vip() -> None:
    old, neighbour = present(2, "own"), VirtualService("theirs", "p", IP, ("443",), group="shared")
    inventory = Inventory([old, neighbour])
    moved = VirtualService("vs-2", "pool-2", IP, ("80",))
    assert places_of([[delete(old), create(moved)]], inventory) == Places({"own": 0}, {"own": 0})
    assert places_of([[create(VirtualService("new", "p", IP, ("80",)))]], inventory).most == {"shared": 1}
    assert places_of([[create(VirtualService("new", "p", "192.168.8.99", ("80",)))]], inventory).most == {ANY: 1}


def test_other_steps_take_no_place() -> None:
    there = present(2, "a")
    steps = [Step(Act.UPDATE, there, there), Step(Act.CREATE, None, Pool("p")), Step(Act.DELETE, Pool("p"), None)]
    assert places_of([steps], Inventory([there])) == Places()
