# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall rules that a run creates for a migration: what its preflight would ask for, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.firewall import (
    check_firewall,
    impacts_of,
    matchers_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.firewall_rules import (
    PREFIX,
    WantedRule,
    check_managed_firewall,
    firewall_plan,
    firewall_report,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import (
    MANAGE_FIREWALL,
    TAKE_BACK,
    own_rule_marker,
)
from sharing_builders import CLUSTER_ID, SCENARIOS, ccm, default_rule, edge, firewall_rule, objects, service, state, vcd

OUTSIDE, RANGE = "203.0.113.10", "192.168.8.2-192.168.8.100"
EXTERNAL, INTERNAL, DISTINCT = "shared_external", "shared_internal", "distinct_internal"
MARKER = own_rule_marker(CLUSTER_ID)


def look(
    shape: str, target: str, *rules: dict[str, Any], default: str = "DROP", mode: str = MANAGE_FIREWALL
) -> ClusterState:
    """One Service with the ports 80 and 81, to be migrated to the target."""
    answer = vcd(edge(**objects(shape), firewall_rules=[*rules, default_rule(default)]))
    found = state(target, ccm(shape, services=[service()]), answer, existing="migrate")
    return replace(found, firewall=mode)


def texts(*args: Any, **more: Any) -> list[str]:
    return [rule.text for rule in firewall_plan(look(*args, **more)).wanted]


def own(rule: WantedRule, **changes: Any) -> dict[str, Any]:
    """A rule as a run has made it."""
    ports = [{"protocol": "TCP", "destination_ports": [str(port) for port in rule.ports]}]
    services = [{"id": "urn:profile", "name": rule.name, "ports": ports}]
    return firewall_rule(rule.name, *rule.addresses, services=services, description=MARKER, **changes)


def blocked(found: ClusterState) -> list[Any]:
    return [path for impact in impacts_of(found, matchers_of(found)) for path, _rule in impact.refused]


def test_no_rule_is_made_if_nothing_is_blocked() -> None:
    assert texts(EXTERNAL, INTERNAL, default="ALLOW") == []
    assert texts(EXTERNAL, INTERNAL, firewall_rule("any")) == []
    assert texts(EXTERNAL, EXTERNAL) == []


def test_the_rule_goes_below_all_others_if_the_default_blocks() -> None:
    assert texts(EXTERNAL, INTERNAL) == [f"allow TCP 80, 81 to {RANGE}, below all others"]
    assert texts(EXTERNAL, INTERNAL, firewall_rule("web in", OUTSIDE)) == [
        f"allow TCP 80, 81 to {RANGE}, below all others"
    ]


def test_the_rule_goes_above_the_one_that_blocks() -> None:
    block = firewall_rule("block", RANGE, action="DROP")
    assert texts(EXTERNAL, DISTINCT, firewall_rule("web in", OUTSIDE), block, default="ALLOW") == [
        f"allow TCP 80, 81 to {RANGE}, above 'block'"
    ]


def test_the_sources_of_a_rule_that_stops_matching_are_kept() -> None:
    sources = [{"id": "urn:office", "name": "office", "type": "IP_SET", "addresses": ["198.51.100.0/24"]}]
    rule = firewall_rule("office in", OUTSIDE, sources=sources)
    assert texts(EXTERNAL, INTERNAL, rule) == [f"allow TCP 80, 81 to {RANGE} from office, below all others"]
    drop = firewall_rule("not these", OUTSIDE, action="DROP", sources=sources)
    any_rule = firewall_rule("any")
    assert texts(EXTERNAL, INTERNAL, drop, any_rule) == [f"drop TCP 80, 81 to {RANGE} from office, above 'any'"]


def test_addresses_in_the_rule_itself_cannot_be_its_sources() -> None:
    sources = [{"id": None, "name": None, "type": "IP_SET", "addresses": ["198.51.100.0/24"]}]
    found = look(EXTERNAL, INTERNAL, firewall_rule("office in", OUTSIDE, sources=sources))
    assert firewall_plan(found).wanted == ()
    (finding,) = check_managed_firewall(found)
    assert finding.severity.value == "warning"
    assert "rule 'office in' lists the addresses of its sources, and no group" in finding.message


@pytest.mark.parametrize(
    "rules", [(), (firewall_rule("web in", OUTSIDE, RANGE),), (firewall_rule("x", RANGE, action="DROP"),)]
)
@pytest.mark.parametrize("default", ["DROP", "ALLOW"])
@pytest.mark.parametrize("target", SCENARIOS)
@pytest.mark.parametrize("shape", SCENARIOS)
def test_the_rules_are_all_that_the_preflight_asks_for(
    shape: str, target: str, default: str, rules: tuple[dict[str, Any], ...]
) -> None:
    """With the rules in their places, no path is blocked, and the next run makes nothing."""
    before = look(shape, target, *rules, default=default)
    wanted = firewall_plan(before).wanted
    asked = [one for one in check_firewall(replace(before, firewall="")) if one.severity.value == "warning"]
    assert bool(wanted) == bool(asked)
    there = list(rules)
    for rule in wanted:
        place = next((n for n, one in enumerate(there) if rule.above and one["id"] == rule.above[0]), len(there))
        there.insert(place, own(rule, action=rule.action))
    after = look(shape, target, *there, default=default)
    assert firewall_plan(after).wanted == ()
    assert set(firewall_plan(after).kept) == {rule.name for rule in wanted}
    without_rule_management = replace(after, firewall="")
    if all(rule.action == "ALLOW" for rule in wanted):
        assert blocked(without_rule_management) == []


def test_a_rule_of_the_run_stays_while_a_service_needs_it() -> None:
    (rule,) = firewall_plan(look(EXTERNAL, INTERNAL)).wanted
    assert rule.name.startswith(PREFIX)
    served = look(INTERNAL, INTERNAL, own(rule))
    assert firewall_report(served)["kept"] == [rule.name]
    moved = look(INTERNAL, EXTERNAL, own(rule), firewall_rule("web in", OUTSIDE))
    assert firewall_report(moved) == {"marker": MARKER, "prefix": PREFIX, "rules": [], "kept": []}
    # no rule is asked for in its place, because nothing misses it; only what the default blocks is missed
    assert texts(INTERNAL, EXTERNAL, own(rule)) == [f"allow TCP 80, 81 to {OUTSIDE}, below all others"]


def test_going_back_makes_no_rule_and_takes_the_rule_back() -> None:
    (rule,) = firewall_plan(look(EXTERNAL, INTERNAL)).wanted
    report = firewall_report(look(INTERNAL, EXTERNAL, own(rule), mode=TAKE_BACK))
    assert (report["rules"], report["kept"]) == ([], [])
    assert firewall_report(look(INTERNAL, EXTERNAL, own(rule), mode="")) == {}


def test_a_rule_of_another_cluster_does_not_belong_to_the_run() -> None:
    (rule,) = firewall_plan(look(EXTERNAL, INTERNAL)).wanted
    other = {**own(rule), "description": own_rule_marker("another")}
    assert firewall_report(look(INTERNAL, EXTERNAL, other, firewall_rule("web in", OUTSIDE)))["kept"] == []
    assert firewall_plan(look(EXTERNAL, INTERNAL, other)).kept == ()


def test_a_user_who_may_not_view_the_firewall_gets_a_one_line_error() -> None:
    answer = vcd(edge(**objects(EXTERNAL), firewall_rules=None))
    found = replace(state(INTERNAL, ccm(EXTERNAL, services=[service()]), answer, existing="migrate"), firewall="manage")
    (finding,) = check_firewall(found)
    assert (finding.severity.value, finding.message.partition(": ")[0]) == ("error", "shared_ip_firewall")
    assert firewall_report(found) == {}


def test_the_preflight_shows_the_rule_as_information() -> None:
    found = look(EXTERNAL, INTERNAL)
    assert [one.severity.value for one in (*check_firewall(found), *check_managed_firewall(found))] == ["info"]


def test_a_rule_that_was_moved_below_the_one_that_blocks_is_put_back() -> None:
    block = firewall_rule("block", action="DROP")
    (rule,) = firewall_plan(look(EXTERNAL, INTERNAL, block)).wanted
    assert firewall_plan(look(EXTERNAL, INTERNAL, own(rule), block)).wanted == ()
    assert firewall_plan(look(EXTERNAL, INTERNAL, block, own(rule))).wanted == (rule,)
    assert firewall_plan(look(EXTERNAL, INTERNAL, own(rule, enabled=False), block)).wanted == (rule,)


def test_the_distributed_firewall_of_a_vdc_group_is_left_alone_and_named() -> None:
    group = {"id": "urn:vcloud:vdcGroup:1", "name": "group-1"}
    answer = vcd(edge(**objects(INTERNAL), owner=group, firewall_rules=[default_rule("DROP")]))
    found = state(EXTERNAL, ccm(INTERNAL, services=[service()]), answer, existing="migrate")
    messages = [one.message for one in check_managed_firewall(replace(found, firewall=MANAGE_FIREWALL))]
    assert len(messages) == 2
    assert "the distributed firewall of group-1 stay as they are" in messages[1]
