# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redirects and HTTP policies of a service, added and removed in any scenario, on a gateway that refuses as VCD."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import DEFAULT_ONE_ARM, network_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.rights import operations_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    HTTP_POLICY,
    HTTP_PROFILES,
    POLICY_KINDS,
    REQUEST_RULES,
    SECURITY_RULES,
    VIRTUAL_SERVICE,
    HttpPolicy,
    Rules,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import plan_service
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import Goal
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.http_policy import (
    REDIRECT_NAME,
    redirect,
    with_redirect,
    without_redirect,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.judge import faults
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import (
    HTTP,
    HTTPS,
    TCP,
    PortSpec,
    Service,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import POLICIES, UPDATE, Operation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strict_gateway import StrictGateway

IP = "203.0.113.20"
NAMING = Naming.parse("{kind}-{service}-{port}")
UPLINK = network_of("203.0.113.0/24")
assert UPLINK is not None
EDGE = EdgeAddresses((UPLINK,))


def rule(name: str, logging: bool = False) -> dict[str, Any]:
    """An operator's rule."""
    actions = {"connections": "CLOSE"}
    return {"name": name, "active": True, "logging": logging, "match_criteria": {}, "actions": actions}


@dataclass(frozen=True)
class State:
    """A scenario (None: removed), and the options for the first port, which has this protocol."""

    scenario: Scenario | None
    redirect_to: int | None = None
    rules: tuple[tuple[str, Rules], ...] = ()
    protocol: str = HTTP
    ports: int = 2

    @property
    def service(self) -> Service:
        """A service of machines."""
        first = PortSpec("p0", 80, 8080, self.protocol)
        if self.protocol == HTTP and self.scenario is not None:
            first = replace(first, redirect_to=self.redirect_to, rules=self.rules)
        others = [PortSpec(f"p{number}", 442 + number, 8443, HTTPS, "cert") for number in range(1, self.ports)]
        return Service.build("shop", [first, *others], NAMING, external_ip=IP, members=("10.0.0.1",))

    def wanted(self, inventory: Inventory, stored: dict[str, HttpPolicy] | None = None) -> WantedService:
        """The module's goal for the service; the module reads the policies that the options name."""
        return self.goal(stored).wanted(self.service, read(inventory, self.service))[0]

    def goal(self, stored: dict[str, HttpPolicy] | None = None) -> Goal:
        """The goal of a run with these options."""
        return Goal(self.scenario, DEFAULT_ONE_ARM, EDGE, policies=stored or {})


def read(inventory: Inventory, service: Service) -> Inventory:
    """The gateway as the module reads it: only the lists of policies that an option names."""
    kinds = {port.names.virtual_service: port.spec.policy_kinds for port in service.ports}
    seen = Inventory(item for item in inventory if not isinstance(item, HttpPolicy))
    for name, asked in kinds.items():
        found = inventory.get(VIRTUAL_SERVICE, name)
        if found is not None and found.profile in HTTP_PROFILES and asked:
            policy = inventory.get(HTTP_POLICY, name) or HttpPolicy(name)
            seen.put(HttpPolicy(name, tuple((kind, policy.rules(kind)) for kind in asked)))
    return seen


class Gateway(StrictGateway):
    """A gateway that stores all policies; a run only sees those that it reads."""

    def reach(self, state: State, kill_after: int | None = None, stored: Any = None) -> bool:
        """Run, and kill after ``kill_after`` writes. Returns whether the run had ended before."""
        whole = self.inventory
        self.inventory = read(whole, state.service)
        done = self.carry_out(state.wanted(whole, stored), kill_after=kill_after)
        asked = {port.names.virtual_service: port.spec.policy_kinds for port in state.service.ports}
        for old in (item for item in whole if isinstance(item, HttpPolicy)):
            owner = self.inventory.get(VIRTUAL_SERVICE, old.name)
            if owner is not None and owner.profile in HTTP_PROFILES:  # what the plan does not include is carried over
                now = self.inventory.get(HTTP_POLICY, old.name) or HttpPolicy(old.name)
                of = {kind: now if kind in asked.get(old.name, ()) else old for kind in POLICY_KINDS}
                self.inventory.put(HttpPolicy(old.name, tuple((kind, one.rules(kind)) for kind, one in of.items())))
        return done


def not_empty(inventory: Inventory) -> list[tuple[str, str, Rules]]:
    """The lists of rules that are not empty, by virtual service."""
    policies = [item for item in inventory if isinstance(item, HttpPolicy)]
    return sorted((one.name, kind, rules) for one in policies for kind, rules in one.lists if rules)


RULES = st.lists(st.builds(rule, st.sampled_from(["a", "b"]), st.booleans()), max_size=2).map(tuple)
GIVEN = st.dictionaries(st.sampled_from([REQUEST_RULES, SECURITY_RULES]), RULES).map(
    lambda found: tuple((kind, found[kind]) for kind in POLICY_KINDS if kind in found)
)
STATES = st.builds(
    State,
    st.sampled_from([*Scenario, None]),
    st.sampled_from([None, 0, 443, 8443]),
    GIVEN,
    st.sampled_from([HTTP, HTTP, HTTP, TCP]),
    st.integers(1, 3),
)
REFUSAL_SETS = st.sampled_from([frozenset(), frozenset({VcdRule.SHARED_PUT}), frozenset(VcdRule)])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STATES, STATES, RULES, REFUSAL_SETS, st.one_of(st.none(), st.integers(0, 14)))
def test_a_service_moves_from_any_state_to_any_other_whenever_it_is_killed(
    before: State, after: State, mine: Rules, refuses: frozenset[VcdRule], kill: int | None
) -> None:
    after = replace(after, ports=before.ports)
    gateway = Gateway(Inventory(), refuses=refuses)
    assert gateway.reach(before)
    name, there = "vs-shop-p0", gateway.inventory.get(VIRTUAL_SERVICE, "vs-shop-p0")
    if there is not None and there.profile in HTTP_PROFILES:
        gateway.inventory.put(HttpPolicy(name, tuple((kind, mine) for kind in POLICY_KINDS)))
    point = {name: found} if (found := gateway.inventory.get(HTTP_POLICY, name)) else {}
    gateway.log.clear()
    if not gateway.reach(after, kill, point):
        assert gateway.reach(after, None, point)
    seen = read(gateway.inventory, after.service)
    goal = after.wanted(gateway.inventory, point)
    assert plan(goal, seen) == []
    assert faults(goal, seen) == []
    if after.scenario is not None and after.protocol == HTTP:
        has = dict((gateway.inventory.get(HTTP_POLICY, name) or HttpPolicy(name)).lists)
        for kind, rules in after.rules:
            assert without_redirect(has.get(kind, ())) == rules
        if after.redirect_to is not None:
            own = [one for one in has.get(SECURITY_RULES, ()) if one["name"] == REDIRECT_NAME]
            assert own == ([redirect(after.redirect_to)] if after.redirect_to else [])
            if SECURITY_RULES not in dict(after.rules):
                assert without_redirect(has.get(SECURITY_RULES, ())) == (mine if point else ())


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STATES, STATES, REFUSAL_SETS, st.integers(0, 14))
def test_everything_is_rolled_back_after_a_refusal(
    before: State, after: State, refuses: frozenset[VcdRule], refused: int
) -> None:
    """This compares what the options of the failed run name: it can have changed nothing else."""
    after = replace(after, ports=before.ports, protocol=before.protocol)
    gateway = Gateway(Inventory(), refuses=refuses)
    assert gateway.reach(before)
    gateway.inventory = start = read(gateway.inventory, after.service)
    policies = not_empty(start)
    count = itertools.count()
    gateway.otherwise = lambda _step: "no room" if next(count) == refused else ""
    gateway.log.clear()
    if after.scenario is not None and not gateway.carry_out_or_go_back(after.wanted(start)):
        assert not_empty(gateway.inventory) == policies


@given(RULES, st.sampled_from([0, 443, 8443]), st.sampled_from([0, 443, 8443]))
def test_the_redirect_is_one_rule_before_all_others(mine: Rules, first: int, then: int) -> None:
    made = with_redirect(mine, first)
    assert without_redirect(made) == mine
    assert [one["name"] for one in made].count(REDIRECT_NAME) == (1 if first else 0)
    assert not first or made[0] == redirect(first)
    assert with_redirect(without_redirect(made), then) == with_redirect(mine, then)


@pytest.mark.parametrize(
    ("change", "enough"),
    [
        ({}, True),
        ({"match_criteria": {}}, True),
        ({"active": False}, False),
        ({"match_criteria": {"path": {}}}, False),
        ({"actions": {"redirect_to_https": 8443}}, False),
    ],
)
def test_a_redirect_of_an_operator_is_enough_if_it_is_the_same(change: dict[str, Any], enough: bool) -> None:
    theirs = {**redirect(443), "name": "theirs", **change}
    assert with_redirect((theirs,), 443) == ((theirs,) if enough else (redirect(443), theirs))


def test_the_plan_names_the_policies_and_needs_the_right_for_them() -> None:
    state = State(Scenario.SHARED_EXTERNAL, 443, ((REQUEST_RULES, (rule("a"), rule("b"))),))
    goal = state.goal()
    steps = plan_service(state.service, goal, Inventory()).steps
    texts = [step.text for step in steps if step.kind == HTTP_POLICY]
    assert texts == [
        f"create HTTP policies of virtual service vs-shop-p0: security rules {REDIRECT_NAME}",
        "update HTTP policies of virtual service vs-shop-p0: request rules a, b",
    ]
    assert Operation(UPDATE, POLICIES) in set(operations_of(steps))
    gateway = Gateway(Inventory())
    gateway.reach(state)
    changed = replace(state, rules=((REQUEST_RULES, (rule("a", True), rule("b"))),))
    wanted = changed.wanted(gateway.inventory)
    text = "HTTP policies of virtual service vs-shop-p0 has request rules that differ: a"
    assert [fault.text for fault in faults(wanted, gateway.inventory)] == [f"port p0: {text}"]
    (step,) = plan(wanted, gateway.inventory)
    assert step.text == "update HTTP policies of virtual service vs-shop-p0: request rules a (changed), b"


def test_rules_follow_their_virtual_service_and_never_while_nothing_holds_the_address() -> None:
    state = State(Scenario.SHARED_INTERNAL, 443, ports=3)
    texts = [step.text for step in plan_service(state.service, state.goal(), Inventory()).steps]
    created = next(number for number, text in enumerate(texts) if text.startswith("create virtual service vs-shop-p0"))
    assert texts[created + 1].startswith("create HTTP policies of virtual service vs-shop-p0")
    for start, end in itertools.permutations(Scenario, 2):
        gateway = Gateway(Inventory(), refuses=frozenset(VcdRule))
        gateway.reach(State(start, 443, ports=3))
        found = plan_service(State(end, 8443, ports=3).service, State(end, 8443).goal(), gateway.inventory)
        assert found.outage.window <= 1


def test_a_virtual_service_without_http_loses_them_first() -> None:
    """On a change to plain TCP, because Cloud Director may refuse to change them afterwards."""
    gateway = Gateway(Inventory())
    gateway.reach(State(Scenario.SHARED_EXTERNAL, 443, ports=1))
    back = State(Scenario.SHARED_EXTERNAL, protocol=TCP, ports=1).wanted(gateway.inventory)
    steps = plan(back, gateway.inventory, going_back=True)
    assert [step.kind for step in steps] == [HTTP_POLICY, VIRTUAL_SERVICE]
    assert steps[0].text.endswith("security rules none")
