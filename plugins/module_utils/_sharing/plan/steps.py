# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The steps of a plan, each one write to Cloud Director, and what is known about its undocumented rules. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import pluralize
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import in_words
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    HTTP_POLICY,
    HTTP_PROFILES,
    VIRTUAL_SERVICE,
    HttpPolicy,
    IpSet,
    NatRule,
    Object,
    Pool,
    VirtualService,
    kind_of,
    label_of,
)


class Act(str, Enum):
    """What a step does."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


_DOING = {Act.CREATE: "creating", Act.UPDATE: "updating", Act.DELETE: "deleting"}


class VcdRule(str, Enum):
    """A rule that Cloud Director may have; no public source says whether it does.

    A run probes it where a refusal is harmless, and remembers the answer.
    """

    OVERLAP = "vip_and_dnat_on_one_address"
    JOIN = "vip_changed_to_one_in_use"
    SHARED_PUT = "update_while_sharing_a_vip"
    PROTOCOLS = "one_port_of_a_vip_for_tcp_and_udp"


@dataclass(frozen=True)
class KnownRules:
    """The rules that this Cloud Director lacks (``allowed``) or has (``refused``); others are probed."""

    allowed: frozenset[VcdRule] = frozenset()
    refused: frozenset[VcdRule] = frozenset()

    @classmethod
    def stated(cls, rules: Iterable[str]) -> KnownRules:
        """The rules in the option ``vcd_rules``: what the operator states is not probed."""
        return cls(refused=frozenset(map(VcdRule, rules)))

    def allow(self, found: frozenset[VcdRule]) -> KnownRules:
        """Add what an accepted step has revealed."""
        return KnownRules(self.allowed | found, self.refused - found)

    def refuse(self, found: frozenset[VcdRule]) -> KnownRules:
        """Add what a refused step has revealed."""
        return KnownRules(self.allowed - found, self.refused | found)


@dataclass(frozen=True)
class Step:
    """One write. ``before`` and ``after`` are the states of its object, None where it does not exist.

    ``probes`` are the rules that a refusal would reveal; the refusal itself is harmless. ``opens_window``: nothing
    holds the external IP from the end of this step until the gateway's next step has begun.
    """

    act: Act
    before: Object | None
    after: Object | None
    probes: frozenset[VcdRule] = field(default_factory=frozenset)
    opens_window: bool = False

    @property
    def item(self) -> Object:
        """The object that this step writes."""
        found = self.after if self.after is not None else self.before
        if found is None:
            raise ValueError("a step without an object")
        return found

    @property
    def kind(self) -> str:
        """The kind of its object."""
        return kind_of(self.item)

    @property
    def name(self) -> str:
        """The name of its object."""
        return self.item.name

    @property
    def text(self) -> str:
        """One line for a person."""
        text = f"{self.act.value} {label_of(self.item)} {self.name}{_detail(self)}"
        if self.opens_window:
            text += " (until the next step begins, nothing holds the external IP)"
        return text

    @property
    def doing(self) -> str:
        """What a run does while it carries out this step: "updating virtual service x"."""
        return f"{_DOING[self.act]} {label_of(self.item)} {self.name}{_detail(self)}"

    def apply(self, inventory: Inventory) -> None:
        """Apply it to an inventory. HTTP policies disappear with their virtual service, or with its HTTP profile."""
        if self.after is None:
            inventory.drop(self.kind, self.name)
        else:
            inventory.put(self.after)
        if self.kind == VIRTUAL_SERVICE and not (
            isinstance(self.after, VirtualService) and self.after.profile in HTTP_PROFILES
        ):
            inventory.drop(HTTP_POLICY, self.name)


def _detail(step: Step) -> str:
    before, after = step.before, step.after
    text = _change(before, after)
    enabled = [item.enabled for item in (before, after) if isinstance(item, (VirtualService, Pool, NatRule))]
    return f"{text} (is enabled)" if enabled == [False, True] else text


def _change(before: Object | None, after: Object | None) -> str:
    if isinstance(after, VirtualService):
        mode = _mode(before, after)
        if isinstance(before, VirtualService) and before.address != after.address:
            return f": VIP {before.address} -> {after.address}{mode}"
        return f" on {after.address} {in_words(after.ports)}{mode}"
    if isinstance(after, NatRule):
        port = f":{after.port}" if after.port else ""
        if isinstance(before, NatRule) and before.internal != after.internal:
            return f": {after.external}{port} -> {after.internal} (was {before.internal})"
        return f": {after.external}{port} -> {after.internal}"
    if isinstance(after, HttpPolicy):
        return _rules(before if isinstance(before, HttpPolicy) else after.emptied(), after)
    if isinstance(after, IpSet):
        return f" with {', '.join(after.addresses)}"
    if isinstance(after, Pool) and after.member_group:
        return f" with the members of group {after.member_group}"
    if isinstance(after, Pool) and after.members is not None:
        return f" with {pluralize(len(after.members), 'member')}"
    return ""


def _rules(before: HttpPolicy, after: HttpPolicy) -> str:
    """The list that a step writes. A rule that keeps its name but changes its content is marked."""
    texts = []
    for kind, rules in after.lists:
        if before.rules(kind) != rules:
            had = {str(rule["name"]): rule for rule in before.rules(kind)}
            names = [f"{rule['name']}{' (changed)' if had.get(rule['name'], rule) != rule else ''}" for rule in rules]
            texts.append(f"{kind.replace('_', ' ')} {', '.join(names) or 'none'}")
    return f": {'; '.join(texts)}"


def _mode(before: Object | None, after: VirtualService) -> str:
    """What happens to the transparent mode."""
    was = isinstance(before, VirtualService) and before.transparent
    if after.transparent == was:
        return ""
    return (
        ", in transparent mode: members see the client's IP" if after.transparent else ", no longer in transparent mode"
    )
