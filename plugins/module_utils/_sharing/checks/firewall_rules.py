# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The firewall rules that a run makes (``shared_ip_firewall: manage``), and those that it removes again. Pure.

They are what `firewall.check_firewall` would ask a person for. A rule's description says which cluster it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._canonical import digest_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.firewall import (
    ALLOW,
    FirewallImpact,
    PortPath,
    RuleMatcher,
    addresses_as_text,
    impacts_of,
    matchers_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import (
    MANAGE_FIREWALL,
    FirewallRule,
    own_rule_marker,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import Finding, info, warning
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import short_cluster_id

PREFIX = "vcd.kubernetes-fw-"
_DIGITS = 10
Above = tuple[str, str]  # id and name


@dataclass(frozen=True)
class WantedRule:
    """A rule to be made. ``sources`` are groups (id and name); none means any source.

    ``addresses`` and ``ports`` (TCP) are its destination. It goes directly above the rule ``above``, or to the last
    place where that is None.
    """

    name: str
    action: str
    sources: tuple[tuple[str, str], ...]
    ports: tuple[int, ...]
    addresses: tuple[str, ...]
    above: Above | None

    @property
    def text(self) -> str:
        """What it does, for a person."""
        sources = f" from {', '.join(name for _urn, name in self.sources)}" if self.sources else ""
        place = f", above '{self.above[1]}'" if self.above else ", below all others"
        ports = ", ".join(map(str, self.ports))
        return f"{self.action.lower()} TCP {ports} to {', '.join(self.addresses)}{sources}{place}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "name": self.name,
            "action": self.action,
            "sources": [urn for urn, _name in self.sources],
            "ports": list(self.ports),
            "addresses": list(self.addresses),
            "above": self.above[0] if self.above else "",
            "text": self.text,
        }


@dataclass(frozen=True)
class FirewallPlan:
    """``wanted`` are the rules to be made, ``kept`` the names of those made before that are still needed.

    ``untold`` are the impacts for which no rule can be made, with the reason.
    """

    wanted: tuple[WantedRule, ...] = ()
    kept: tuple[str, ...] = ()
    untold: tuple[tuple[FirewallImpact, str], ...] = ()


def firewall_plan(state: ClusterState) -> FirewallPlan:
    """What is to be made, and what stays. A run that only removes rules (see `ClusterState.firewall`) makes nothing."""
    edge = state.edge
    if edge is None or edge.firewall_rules is None:
        return FirewallPlan()
    marker = own_rule_marker(state.cluster.cluster_id)
    rules = matchers_of(state)
    impacts = impacts_of(state, rules)
    own = [one for one in edge.firewall_rules if one.description == marker]
    needed = set(_after(state, impacts))
    kept = tuple(one.name for one in own if any(RuleMatcher(one).covers(after) for after in needed))
    if state.firewall != MANAGE_FIREWALL:
        return FirewallPlan((), kept)
    found: dict[tuple[Any, ...], dict[str, set[int]]] = {}
    untold = []
    for impact in impacts:
        problem = ""
        for action, rule, above, paths in _asked(impact, rules):
            problem = problem or _problem(rule, paths)
            sources = tuple((one.id, one.name) for one in rule.sources) if rule else ()
            for path in () if problem else paths:
                key = (action, sources, above)
                if any(_serves(one, key, path, edge.firewall_rules) for one in own):
                    continue  # an interrupted run made it, perhaps for more addresses than are open now
                found.setdefault(key, {}).setdefault(addresses_as_text(path.after), set()).add(path.port)
        untold += [(impact, problem)] if problem else []
    wanted = [_rule(state.cluster.cluster_id, key, group) for key, ports in found.items() for group in _groups(ports)]
    return FirewallPlan(tuple(wanted), kept, tuple(untold))


def _serves(rule: FirewallRule, key: tuple[Any, ...], path: PortPath, rules: Sequence[FirewallRule]) -> bool:
    """Whether a rule that a run has made, in its place, already does what a path needs."""
    action, sources, above = key
    matcher = RuleMatcher(rule)
    if not (matcher.applies and matcher.covers(path.after) and matcher.matches_port(path.port)):
        return False
    same = rule.action == action and [one.id for one in rule.sources] == [urn for urn, _name in sources]
    ids = [one.id for one in rules]
    return same and (above is None or ids.index(rule.id) < ids.index(above[0]))


def _asked(
    impact: FirewallImpact, rules: list[RuleMatcher]
) -> Iterator[tuple[str, FirewallRule | None, Above | None, list[PortPath]]]:
    """What the preflight asks for: the action, the rule with the sources to use, the rule below, and the paths."""
    for rule in impact.lost:
        lost = [path for path in impact.paths if rule.names(path.before) and rule.matches_port(path.port, unknown=True)]
        paths = [path for path, _blocker in impact.refused] if rule.allows else lost
        below = [blocker for _path, blocker in impact.refused] if rule.allows else _allowing(rules, lost)
        yield rule.rule.action, rule.rule, _first(below, rules), paths
    if not any(rule.allows for rule in impact.lost):
        for blocker in dict.fromkeys(blocker for _path, blocker in impact.refused):
            paths = [path for path, other in impact.refused if other is blocker]
            yield ALLOW, None, _first([blocker], rules), paths


def _allowing(rules: Iterable[RuleMatcher], paths: list[PortPath]) -> list[RuleMatcher]:
    """The rules that let the traffic of these paths through afterwards."""
    return [
        rule
        for rule in rules
        if rule.allows and any(rule.covers(path.after) and rule.matches_port(path.port) for path in paths)
    ]


def _first(below: Iterable[RuleMatcher], rules: list[RuleMatcher]) -> Above | None:
    """The first of these rules; None for a default rule, because the last place is directly above those."""
    found = next((rule for rule in rules if rule in list(below)), None)
    return (found.rule.id, found.rule.name) if found is not None and not found.rule.default else None


def _problem(rule: FirewallRule | None, paths: Iterable[PortPath]) -> str:
    if rule is not None and not rule.any_source and not all(one.id for one in rule.sources):
        return f"rule '{rule.name}' lists the addresses of its sources, and no group"
    return "" if all(path.after is not None for path in paths) else "the one-arm range is not known"


def _groups(ports: Mapping[str, set[int]]) -> Iterator[tuple[tuple[int, ...], tuple[str, ...]]]:
    """Addresses with the same ports together, so that no rule allows more than is asked for."""
    by_ports: dict[tuple[int, ...], list[str]] = {}
    for address, numbers in ports.items():
        by_ports.setdefault(tuple(sorted(numbers)), []).append(address)
    return ((numbers, tuple(sorted(addresses))) for numbers, addresses in by_ports.items())


def _rule(cluster_id: str, key: tuple[Any, ...], group: tuple[tuple[int, ...], tuple[str, ...]]) -> WantedRule:
    action, sources, above = key
    ports, addresses = group
    content = [action, [urn for urn, _name in sources], list(ports), list(addresses)]
    digest = digest_of(content).partition(":")[2][:_DIGITS]
    return WantedRule(f"{PREFIX}{short_cluster_id(cluster_id)}-{digest}", action, sources, ports, addresses, above)


def _after(state: ClusterState, impacts: Iterable[FirewallImpact]) -> Iterator[Any]:
    """The addresses at which the Services of the cluster are served afterwards."""
    moving = {impact.migration.label for impact in impacts}
    for impact in impacts:
        yield from (path.after for path in impact.paths if path.after is not None)
    for item in state.observed:
        if item.service.label not in moving:
            yield from RuleMatcher.served(item)


def check_managed_firewall(state: ClusterState) -> Iterator[Finding]:
    """Where the run makes the rules itself: which ones it makes, and for which Services it cannot."""
    plan = firewall_plan(state) if state.firewall == MANAGE_FIREWALL else FirewallPlan()
    for rule in plan.wanted:
        yield info("firewall", f"firewall rule {rule.name} will be made: {rule.text}")
    if plan.wanted and state.edge is not None and state.edge.in_vdc_group:
        message = f"only the edge gateway's own rules are made; those of the distributed firewall of {state.edge.owner}"
        yield info("firewall", f"{message} stay as they are, and are up to its administrator")
    for impact, why in plan.untold:
        message = f"{impact.migration.label}: shared_ip_firewall: manage cannot make its firewall rule, because {why}"
        yield warning("firewall", message, "see what is needed with shared_ip_firewall: tell, and make it yourself")


def firewall_report(state: ClusterState) -> dict[str, Any]:
    """What a run does with the firewall, as plain data; empty where it leaves it alone."""
    if not state.firewall or state.edge is None or state.edge.firewall_rules is None:
        return {}
    plan = firewall_plan(state)
    return {
        "marker": own_rule_marker(state.cluster.cluster_id),
        "prefix": PREFIX,
        "rules": [one.as_dict() for one in plan.wanted],
        "kept": list(plan.kept),
    }
