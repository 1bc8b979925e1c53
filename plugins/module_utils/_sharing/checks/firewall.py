# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Preflight check of the edge gateway's firewall: a migration changes the address that its rules must match.

A DNAT rule has the firewall match the translated address (MATCH_INTERNAL_ADDRESS), so behind NAT a rule has to name the
internal address of a virtual service, and without NAT the external IP. CPI writes no firewall rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    AddressRange,
    AddressSet,
    is_ipv4,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import decimal
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.migrations import Migration
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import ObservedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import (
    MANAGE_FIREWALL,
    FirewallRule,
    own_rule_marker,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    Finding,
    error,
    info,
    warning,
)

ALLOW = "ALLOW"
VIEW_RIGHT = "Organization vDC Gateway: View Firewall"
_BY_MODULE = ", with vcd_firewall_rule"
_BY_ROLE = f"{_BY_MODULE}; or set shared_ip_firewall: manage, so that the run makes it"


@dataclass(frozen=True)
class PortPath:
    """The addresses of one port that the firewall matches.

    ``before`` is None where there is no virtual service; ``after`` is the whole one-arm range where the service takes a
    new address from it, and None where there is no range.
    """

    port: int
    before: AddressRange | None
    after: AddressRange | None


class RuleMatcher:
    """A user-defined or default rule, prepared for many comparisons."""

    def __init__(self, rule: FirewallRule) -> None:
        self.rule = rule
        self.allows = rule.action == ALLOW
        self.applies = rule.enabled and rule.inbound and rule.ipv4
        self._destinations = AddressSet(text for group in rule.destinations for text in group.addresses or ())

    @property
    def label(self) -> str:
        """How messages name the rule."""
        return f"'{self.rule.name}' ({self.rule.action})"

    @staticmethod
    def served(item: ObservedService) -> list[AddressRange]:
        """The addresses at which a Service is served now, as a rule matches them."""
        vips = [_single(port.virtual_service.address) for port in item.ports if port.virtual_service]
        return [one for one in vips if one is not None]

    def names(self, addresses: AddressRange | None) -> bool:
        """Whether it names these addresses as its destination. A rule for any destination names no address."""
        return addresses is not None and bool(self.rule.destinations) and self._destinations.covers(addresses)

    def covers(self, addresses: AddressRange | None) -> bool:
        """Whether it matches all of these addresses as its destination."""
        return not self.rule.destinations or (addresses is not None and self._destinations.covers(addresses))

    def matches_port(self, port: int, unknown: bool = False) -> bool:
        """Whether it matches this TCP port. Returns ``unknown`` if its ports are not known."""
        if self.rule.ports is None:
            return unknown
        return not self.rule.ports or any(_in_ports(port, text) for text in self.rule.ports)


@dataclass(frozen=True)
class FirewallImpact:
    """What a migration does to the rules.

    ``lost`` are rules that stop matching and leave a gap, ``replaced`` rules that stop matching while other rules have
    the same effect. ``refused`` are the paths that are blocked afterwards, each with the rule that blocks it.
    """

    migration: Migration
    paths: tuple[PortPath, ...]
    lost: tuple[RuleMatcher, ...]
    replaced: tuple[RuleMatcher, ...]
    refused: tuple[tuple[PortPath, RuleMatcher], ...]


def check_firewall(state: ClusterState) -> Iterator[Finding]:
    """For each Service that is migrated: which rules stop matching, and which rule is needed afterwards."""
    edge, migrations = state.edge, [item for item in state.migrations if not item.obstacle]
    if edge is None or not migrations:
        return
    if edge.firewall_rules is None:
        message = f"the firewall rules of edge gateway {edge.name} could not be read and were not compared"
        if state.firewall == MANAGE_FIREWALL:
            remedy = f"give the user the right '{VIEW_RIGHT}', or set shared_ip_firewall: tell"
            yield error("firewall", f"shared_ip_firewall: manage: {message}", remedy)
            return
        yield warning("firewall", message, f"give the user the right '{VIEW_RIGHT}', or compare them manually")
        return
    rules = matchers_of(state)
    impacts = impacts_of(state, rules)
    if state.firewall != MANAGE_FIREWALL:  # else see `firewall_rules`
        for item in impacts:
            yield from _lost(item)
        yield from _refused([item for item in impacts if not any(matcher.allows for matcher in item.lost)])
    yield from _not_viewable(rules)
    if not any(item.lost or item.replaced or item.refused for item in impacts):
        message = f"no firewall rule of edge gateway {edge.name} names an address that changes"
        yield info("firewall", f"{message}, and the Services stay allowed")


def matchers_of(state: ClusterState) -> list[RuleMatcher]:
    """The rules of the edge gateway that apply to traffic to Services, in their order.

    Where the run makes rules itself, rules made by earlier runs are left out, so that the same rules are wanted again.
    """
    rules = (state.edge.firewall_rules if state.edge else None) or ()
    marker = own_rule_marker(state.cluster.cluster_id) if state.firewall else None
    return [matcher for matcher in map(RuleMatcher, rules) if matcher.applies and matcher.rule.description != marker]


def impacts_of(state: ClusterState, rules: Sequence[RuleMatcher]) -> list[FirewallImpact]:
    """What each migration does to the rules."""
    return [_impact_of(item, rules, state.target.one_arm) for item in state.migrations if not item.obstacle]


def _impact_of(migration: Migration, rules: Sequence[RuleMatcher], one_arm: AddressRange | None) -> FirewallImpact:
    paths = _paths(migration, one_arm)
    decided = [(path, _deciding_rule(path, rules)) for path in paths]
    refused = tuple((path, found) for path, found in decided if found is not None and not found.allows)
    lost, replaced = [], []
    for rule in rules:
        hit = [(path, found) for path, found in decided if _stops_matching(rule, path)]
        if any(_leaves_gap(rule, path, found, rules) for path, found in hit):
            lost.append(rule)
        elif hit:
            replaced.append(rule)
    return FirewallImpact(migration, paths, tuple(lost), tuple(replaced), refused)


def _paths(migration: Migration, one_arm: AddressRange | None) -> tuple[PortPath, ...]:
    ports = zip(migration.observed.service.ports, migration.observed.ports, strict=True)
    held = {present.virtual_service.address for present in migration.observed.present if present.virtual_service}
    found = []
    for number, (port, present) in enumerate(ports):
        before = _single(present.virtual_service.address) if present.virtual_service else None
        after = _single(migration.external_ip)
        if migration.target.one_arm:
            # Another run may take an address that is only planned so far. A rule for the whole range fits in any case.
            address = migration.internal_ips[number] if migration.internal_ips else ""
            after = _single(address) if address in held else one_arm
        found.append(PortPath(port.spec.port, before, after))
    return tuple(found)


def _deciding_rule(path: PortPath, rules: Sequence[RuleMatcher]) -> RuleMatcher | None:
    """The first rule that matches this path after the migration. One that drops only some sources is ignored."""
    for rule in rules:
        decides = rule.allows or rule.rule.any_source
        if decides and rule.covers(path.after) and rule.matches_port(path.port):
            return rule
    return None


def _stops_matching(rule: RuleMatcher, path: PortPath) -> bool:
    return rule.names(path.before) and rule.matches_port(path.port, unknown=True) and not rule.covers(path.after)


def _leaves_gap(rule: RuleMatcher, path: PortPath, deciding: RuleMatcher | None, rules: Sequence[RuleMatcher]) -> bool:
    """Whether traffic is treated differently without the rule. Another rule may block the new address just the same."""
    if deciding is None or deciding.allows == rule.allows:
        return False
    return rule.allows or not any(
        not other.allows
        and (other.rule.any_source or not rule.rule.any_source)
        and other.covers(path.after)
        and other.matches_port(path.port)
        for other in rules[: rules.index(deciding)]
    )


def _lost(item: FirewallImpact) -> Iterator[Finding]:
    label = item.migration.label
    for rule in item.lost:
        paths = [path for path in item.paths if _stops_matching(rule, path)]
        seen = ", ".join(dict.fromkeys(addresses_as_text(path.before) for path in paths))
        message = f"{label}: firewall rule {rule.label} names {seen}, which no longer matches after the migration"
        needed = [path for path, _blocker in item.refused] if rule.allows else paths
        blockers = dict.fromkeys(blocker.label for _path, blocker in item.refused if not blocker.rule.default)
        above = f" above {', '.join(blockers)}" if rule.allows and blockers else ""
        sources = "" if rule.rule.any_source else " (from the sources of that rule)"
        rule_text = f"{_rule_text(rule.rule.action, needed)}{sources}"
        yield warning("firewall", message, f"before the migration, add{above}: {rule_text}{_BY_ROLE}")
    if item.replaced:
        names = ", ".join(rule.label for rule in item.replaced)
        yield info("firewall", f"{label}: firewall rule {names} stops matching, and other rules have the same effect")


def _refused(impacts: Sequence[FirewallImpact]) -> Iterator[Finding]:
    """One finding for each rule that blocks Services after the migration, with the rule that would allow them."""
    refused = [(item.migration.label, path, rule) for item in impacts for path, rule in item.refused]
    yield from _blocked(refused, " after the migration", "before the migration, ", _BY_ROLE)


def _blocked(
    refused: Iterable[tuple[str, PortPath, RuleMatcher]], when: str, before: str, by: str
) -> Iterator[Finding]:
    by_rule: dict[int, tuple[RuleMatcher, list[PortPath], list[str]]] = {}
    for label, path, rule in refused:
        _rule, paths, labels = by_rule.setdefault(id(rule), (rule, [], []))
        paths.append(path)
        labels.append(label)
    for rule, paths, labels in by_rule.values():
        services, action = ", ".join(dict.fromkeys(labels)), rule.rule.action
        if rule.rule.default:
            message = f"no firewall rule allows traffic to {services}{when}; the default is {action}"
        else:
            message = f"firewall rule {rule.label} blocks the traffic to {services}{when}"
        yield warning("firewall", message, f"{before}add above it: {_rule_text(ALLOW, paths)}{by}")


def firewall_gaps(label: str, paths: Iterable[tuple[int, str]], rules: Iterable[FirewallRule]) -> Iterator[Finding]:
    """What blocks the traffic to a Service now. ``paths`` are its ports with the addresses that rules match."""
    matchers = [matcher for matcher in map(RuleMatcher, rules) if matcher.applies]
    decided = [
        (path, _deciding_rule(path, matchers)) for path in (PortPath(one, None, _single(two)) for one, two in paths)
    ]
    yield from _blocked([(label, path, rule) for path, rule in decided if rule and not rule.allows], "", "", _BY_MODULE)


def unread_groups(rules: Iterable[FirewallRule]) -> Iterator[Finding]:
    """A warning for each rule that applies and names a group that the user may not view."""
    yield from _not_viewable([matcher for matcher in map(RuleMatcher, rules) if matcher.applies])


def _not_viewable(rules: Sequence[RuleMatcher]) -> Iterator[Finding]:
    for rule in rules:
        unread = [group.name for group in rule.rule.destinations if group.addresses is None]
        if unread:
            message = f"firewall rule {rule.label} names {', '.join(unread)}, which this user may not view"
            yield warning("firewall", message, "compare its addresses manually")


def _rule_text(action: str, paths: Sequence[PortPath]) -> str:
    """The rule to add: ``allow TCP 80, 443 to 192.168.8.2-192.168.8.100``."""
    ports: dict[str, list[int]] = {}
    for path in paths:
        ports.setdefault(addresses_as_text(path.after), []).append(path.port)
    parts = [f"TCP {', '.join(map(str, sorted(set(found))))} to {where}" for where, found in ports.items()]
    return f"{action.lower()} {' and '.join(parts)}"


def addresses_as_text(addresses: AddressRange | None) -> str:
    """An address, or a range."""
    if addresses is None:
        return "the one-arm range"
    return addresses.start if addresses.single else str(addresses)


def _single(text: str) -> AddressRange | None:
    return AddressRange.of(text, text) if is_ipv4(text) else None


def _in_ports(port: int, text: str) -> bool:
    first, dash, last = text.partition("-")
    start, end = decimal(first), decimal(last if dash else first)
    return start is not None and end is not None and start <= port <= end
