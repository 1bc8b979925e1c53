# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the edge gateway's firewall means for a migration."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.firewall import check_firewall
from preflight_findings import preflight_report
from sharing_builders import (
    SCENARIOS,
    ccm,
    default_rule,
    edge,
    firewall_rule,
    objects,
    service,
    state,
    vcd,
)

OUTSIDE, INSIDE = "203.0.113.10", "192.168.8.2"
RANGE = "192.168.8.2-192.168.8.100"
UNSEEN = "203.0.113.10, which no longer matches after the migration"
QUIET = "no firewall rule of edge gateway acme-edge names an address that changes, and the Services stay allowed"
BY = ", with vcd_firewall_rule; or set shared_ip_firewall: manage, so that the run makes it"


def findings(
    shape: str, target: str, *rules: dict[str, Any], default: str = "DROP", existing: str = "migrate"
) -> list[tuple[str, str, str]]:
    """Severity, message and remedy of each finding, for one Service with the ports 80 and 81."""
    answer = vcd(edge(**objects(shape), firewall_rules=[*rules, default_rule(default)]))
    observed = state(target, ccm(shape, services=[service()]), answer, existing=existing)
    return [(item.severity.value, item.message, item.remedy) for item in check_firewall(observed)]


def remedies(*args: Any, **more: Any) -> list[str]:
    """Only the remedies."""
    return [remedy for _severity, _message, remedy in findings(*args, **more)]


@pytest.mark.parametrize("shape", SCENARIOS)
@pytest.mark.parametrize("target", SCENARIOS)
def test_one_line_says_that_everything_stays_allowed(shape: str, target: str) -> None:
    expected = [] if shape == target else [("info", QUIET, "")]
    assert findings(shape, target, default="ALLOW") == expected
    assert findings(shape, target, firewall_rule("any")) == expected


def test_there_is_no_finding_without_a_migration() -> None:
    rules = firewall_rule("web in", OUTSIDE)
    assert findings("shared_external", "shared_internal", rules, existing="fail") == []
    assert findings("shared_external", "shared_external", rules) == []


@pytest.mark.parametrize("firewall", [{}, {"firewall_rules": None}])
def test_rules_that_could_not_be_read_are_a_warning(firewall: dict[str, Any]) -> None:
    answer = vcd(edge(**objects("shared_external"), **firewall))
    cluster = ccm("shared_external", services=[service()])
    (found,) = check_firewall(state("shared_internal", cluster, answer, existing="migrate"))
    assert (found.severity.value, found.message) == (
        "warning",
        "the firewall rules of edge gateway acme-edge could not be read and were not compared",
    )
    assert "Organization vDC Gateway: View Firewall" in found.remedy


@pytest.mark.parametrize("where", [OUTSIDE, "203.0.113.0/24", "203.0.113.9-203.0.113.11"])
@pytest.mark.parametrize("target", ["shared_internal", "distinct_internal"])
def test_a_rule_for_the_external_ip_stops_matching_behind_nat(where: str, target: str) -> None:
    assert findings("shared_external", target, firewall_rule("web in", where, "2001:db8::/64")) == [
        (
            "warning",
            f"default/web: firewall rule 'web in' (ALLOW) names {UNSEEN}",
            f"before the migration, add: allow TCP 80, 81 to {RANGE}{BY}",
        )
    ]


def test_a_rule_for_internal_addresses_stops_matching_without_nat() -> None:
    ((severity, message, remedy),) = findings("distinct_internal", "shared_external", firewall_rule("in", RANGE))
    assert severity == "warning"
    assert "names 192.168.8.2, 192.168.8.3, which" in message
    assert remedy == f"before the migration, add: allow TCP 80, 81 to 203.0.113.10{BY}"


def test_between_the_internal_scenarios_only_addresses_that_change_matter() -> None:
    one = firewall_rule("one", INSIDE)
    ((_severity, message, remedy),) = findings("shared_internal", "distinct_internal", one)
    assert "names 192.168.8.2, which" in message
    assert remedy == f"before the migration, add: allow TCP 81 to {RANGE}{BY}"
    # the shared address is one of the existing ones
    ((_severity, message, remedy),) = findings(
        "distinct_internal", "shared_internal", firewall_rule("two", "192.168.8.3")
    )
    assert "names 192.168.8.3, which" in message
    assert remedy == f"before the migration, add: allow TCP 80, 81 to 192.168.8.2{BY}"
    assert findings("shared_internal", "distinct_internal", firewall_rule("all", RANGE)) == [("info", QUIET, "")]


def test_a_rule_that_was_added_for_the_new_address_is_recognised() -> None:
    old, new = firewall_rule("old", OUTSIDE), firewall_rule("new", "192.168.8.0/25")
    assert findings("shared_external", "shared_internal", old, new) == [
        (
            "info",
            "default/web: firewall rule 'old' (ALLOW) stops matching, and other rules have the same effect",
            "",
        )
    ]
    # adjacent spans count as one
    halves = firewall_rule("new", "192.168.8.0-192.168.8.50", "192.168.8.51", "192.168.8.52/30", "192.168.8.56/29")
    rest = firewall_rule("new", "192.168.8.2-192.168.8.50", "192.168.8.51-192.168.8.100")
    assert [line[0] for line in findings("shared_external", "shared_internal", old, rest)] == ["info"]
    assert [line[0] for line in findings("shared_external", "shared_internal", old, halves)] == ["warning"]


@pytest.mark.parametrize(
    "changes",
    [
        {"enabled": False},
        {"direction": "OUT"},
        {"ip_protocol": "IPV6"},
        {"services": [{"id": "urn:p", "name": "SSH", "ports": [{"protocol": "TCP", "destination_ports": ["22"]}]}]},
        {"services": [{"id": "urn:p", "name": "DNS", "ports": [{"protocol": "UDP", "destination_ports": ["80"]}]}]},
    ],
)
def test_rules_for_other_traffic_neither_help_nor_are_missed(changes: dict[str, Any]) -> None:
    lone = f"before the migration, add above it: allow TCP 80, 81 to 192.168.8.2-192.168.8.100{BY}"
    for other in (firewall_rule("other", OUTSIDE, **changes), firewall_rule("any", **changes)):
        assert findings("shared_external", "shared_internal", other) == [
            ("warning", "no firewall rule allows traffic to default/web after the migration; the default is DROP", lone)
        ]


def ports(*texts: str) -> list[dict[str, Any]]:
    """Services of a rule: one profile with these TCP ports."""
    return [{"id": "urn:p", "name": "p", "ports": [{"protocol": "TCP", "destination_ports": list(texts)}]}]


def test_each_port_is_checked() -> None:
    first = firewall_rule("first", OUTSIDE, services=ports("80"))
    second = firewall_rule("second", RANGE, services=ports("79-80"))
    assert remedies("shared_external", "shared_internal", first, second) == [
        "",
        f"before the migration, add above it: allow TCP 81 to {RANGE}{BY}",
    ]
    any_port = firewall_rule("second", RANGE, services=ports())
    assert [item[0] for item in findings("shared_external", "shared_internal", first, any_port)] == ["info"]


def test_a_rule_with_unknown_ports_may_be_missed() -> None:
    unknown = [{"id": "urn:p", "name": "p", "ports": None}]
    old, new = firewall_rule("old", OUTSIDE, services=unknown), firewall_rule("new", RANGE, services=unknown)
    ((severity, message, _remedy),) = findings("shared_external", "shared_internal", old)
    assert (severity, message) == ("warning", f"default/web: firewall rule 'old' (ALLOW) names {UNSEEN}")
    # but it cannot help
    assert findings("shared_external", "shared_internal", old, new)[0][0] == "warning"


def test_a_rule_that_blocks_traffic_is_missed_too() -> None:
    blocked = firewall_rule("block", OUTSIDE, action="REJECT", sources=[{"id": "urn:s", "name": "bad"}])
    assert findings("shared_external", "shared_internal", blocked, default="ALLOW") == [
        (
            "warning",
            f"default/web: firewall rule 'block' (REJECT) names {UNSEEN}",
            f"before the migration, add: reject TCP 80, 81 to {RANGE} (from the sources of that rule){BY}",
        )
    ]
    moved_rule = "shared_external", "shared_internal", {**blocked, "sources": []}
    some = firewall_rule("some", RANGE, action="DROP", sources=[{"id": "urn:s", "name": "bad"}])
    assert [item[0] for item in findings(*moved_rule, some, default="ALLOW")] == ["warning"]
    late = {**some, "sources": []}
    assert [item[0] for item in findings(*moved_rule, firewall_rule("any"), late, default="ALLOW")] == ["warning"]
    one_port = {**some, "sources": [], "services": ports("80")}
    assert "81" in remedies(*moved_rule, one_port, default="ALLOW")[0]
    limited = {**firewall_rule("office", OUTSIDE), "sources": [{"id": "urn:s", "name": "office"}]}
    assert "'office' (ALLOW) names" in findings("shared_external", "shared_internal", limited, some)[0][1]
    same = firewall_rule("block too", RANGE, action="DROP", sources=[{"id": "urn:s", "name": "bad"}])
    assert [item[0] for item in findings("shared_external", "shared_internal", blocked, same, default="ALLOW")] == [
        "info"
    ]


def test_a_rule_that_will_block_the_traffic_is_named() -> None:
    stops = firewall_rule("no private", "192.168.0.0/16", action="DROP")
    assert findings("shared_external", "shared_internal", stops, firewall_rule("any"), default="ALLOW") == [
        (
            "warning",
            "firewall rule 'no private' (DROP) blocks the traffic to default/web after the migration",
            f"before the migration, add above it: allow TCP 80, 81 to {RANGE}{BY}",
        )
    ]
    ((_severity, message, remedy),) = findings(
        "shared_external", "shared_internal", stops, firewall_rule("web", OUTSIDE)
    )
    assert message == f"default/web: firewall rule 'web' (ALLOW) names {UNSEEN}"
    assert remedy == f"before the migration, add above 'no private' (DROP): allow TCP 80, 81 to {RANGE}{BY}"
    # the order decides
    assert findings("shared_external", "shared_internal", firewall_rule("any"), stops) == [("info", QUIET, "")]


def test_a_group_that_may_not_be_viewed_is_reported() -> None:
    hidden = firewall_rule("hidden", OUTSIDE)
    hidden["destinations"][0]["addresses"] = None
    found = findings("shared_external", "shared_internal", hidden, default="ALLOW")
    assert found[0] == (
        "warning",
        "firewall rule 'hidden' (ALLOW) names hidden-set, which this user may not view",
        "compare its addresses manually",
    )


def test_many_services_that_lack_the_same_rule_are_one_finding() -> None:
    parts = [objects("shared_external", "a"), objects("shared_external", "b", outside="203.0.113.11")]
    there = {kind: [item for part in parts for item in part[kind]] for kind in parts[0]}
    cluster = ccm("shared_external", services=[service("a"), service("b", ips=("203.0.113.11",))])
    answer = vcd(edge(**there, firewall_rules=[default_rule("DROP")]))
    (found,) = check_firewall(state("shared_internal", cluster, answer, existing="migrate"))
    assert "to default/a, default/b after the migration" in found.message
    assert found.remedy.endswith(f"allow TCP 80, 81 to {RANGE}{BY}")


def test_a_service_that_stays_as_it_is_needs_no_rules() -> None:
    item = service(deleting=True)
    answer = vcd(edge(**objects("shared_external"), firewall_rules=[default_rule("DROP")]))
    observed = state("shared_internal", ccm("shared_external", services=[item]), answer, existing="migrate")
    assert list(check_firewall(observed)) == []


def test_the_firewall_check_is_part_of_the_preflight_and_never_stops_it() -> None:
    answer = vcd(edge(**objects("shared_external"), firewall_rules=[default_rule("DROP")]))
    cluster = ccm("shared_external", services=[service()])
    report = preflight_report(cluster, answer, "shared_internal", existing="migrate")
    assert [item["severity"] for item in report["findings"] if item["check"] == "firewall"] == ["warning"]
    assert report["ok"] is True
