# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Recognises, by the words of a refusal, which rule of Cloud Director is behind it. Pure.

Cloud Director answers 400 for everything that it does not accept: a full service engine group, a licence, an address
that is not allocated. Where a rule is the reason, a run goes on by deleting objects. So only words that say so count,
and an unrecognised refusal stops the run.

No public source quotes Cloud Director's words for these refusals. `WORDINGS` says where each line comes from. Where
Cloud Director answers in other words, the operator states its rules in the option ``vcd_rules``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.claims import meet
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    NatRule,
    Object,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Step, VcdRule

MEANINGS = {
    VcdRule.OVERLAP: "a virtual service and a DNAT rule cannot have one address",
    VcdRule.JOIN: "a VIP cannot be changed to that of another virtual service",
    VcdRule.SHARED_PUT: "a virtual service that shares its VIP cannot be updated",
    VcdRule.PROTOCOLS: "one port of a VIP cannot be for TCP and, in another virtual service, for UDP",
}


@dataclass(frozen=True)
class Wording:
    """Words that reveal a rule, and where they were found."""

    rule: VcdRule
    pattern: re.Pattern[str]
    source: str


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


WORDINGS = (
    Wording(
        VcdRule.SHARED_PUT,
        _words(
            r"virtual services? (that |which )?(already )?(shares?|sharing) (its|an?|the)\b.{0,40}cannot be updated"
        ),
        "CPI's pull request 237, of Cloud Director 10.4.1: it cannot be updated at all; the sentence itself is assumed",
    ),
    Wording(
        VcdRule.JOIN,
        _words(r"cannot be changed to that of another virtual service"),
        "assumed",
    ),
    Wording(
        VcdRule.JOIN,
        _words(r"changing an existing VIP's vip_id is not supported|please recreate the VIP"),
        "NSX ALB, as quoted by pull request 123 of vmware/load-balancer-and-ingress-services-for-kubernetes",
    ),
    Wording(
        VcdRule.JOIN,
        _words(r"(does not|doesn't) allow updating the VIP for virtual services already sharing"),
        "CPI's pull request 187, of NSX ALB",
    ),
)
# A refusal of a VIP and a DNAT rule on one address says three things: which object or address is in the way, what kind
# of object it is, and that it already has the address. All three are needed, in any words. Source: assumed.
_KINDS = {VirtualService: _words(r"\bD?NAT\b"), NatRule: _words(r"virtual services?\b|\bVIP\b|virtual IP\b")}
_PORT = _words(r"\bports?\b|servicePorts")
_HAS_IT_ALREADY = _words(
    r"is the (VIP|virtual IP|external (IP|address))|\bin use\b|\bused by\b|already (used|has|have|exists|assigned)"
    r"|\b(assigned to|belongs to|held by|taken by)\b|\boverlap|\bconflict|mutually exclusive|same (IP )?address"
)
# Other reasons may name the same objects.
_OTHER_REASONS = _words(
    r"licen[cs]e|capacit|quota|\blimit|exceed|maximum|too many|no room|\bfull\b|\brights?\b|permission|privilege"
    r"|denied|forbidden|expired|suspended|maintenance|not (allocated|allotted|assigned|available|found|reachable)"
    r"|does not exist|no such|no longer|time(d)? ?out|certificate|internal (server )?error"
)


def revealed_rules(step: Step, text: str, inventory: Inventory) -> frozenset[VcdRule]:
    """The rules among ``step.probes`` that the text of a refusal reveals; empty for any other reason.

    ``inventory`` is the state before the step.
    """
    in_the_way, beside = _in_the_way(step.after, inventory), _of_other_protocols(step.after, inventory)
    plain = _without([*(item.name for item in (*in_the_way, *beside)), step.name], text)
    if _OTHER_REASONS.search(plain):
        return frozenset()
    found = {one.rule for one in WORDINGS if one.pattern.search(plain)}
    if _is_overlap(step.after, in_the_way, text, plain):
        found.add(VcdRule.OVERLAP)
    if _is_port_taken(step.after, beside, text, plain):
        found.add(VcdRule.PROTOCOLS)
    return frozenset(found) & step.probes


def unrecognised(step: Step) -> str:
    """What to do about an unrecognised refusal, if a rule may be behind it; otherwise empty."""
    if not step.probes:
        return ""
    cases = " or ".join(f"{MEANINGS[rule]} (vcd_rules: {rule.value})" for rule in sorted(step.probes))
    return (
        "these words are not known to be one of Cloud Director's rules, so nothing was deleted because of them; "
        f"if they mean that {cases}, state that in vcd_rules, or in shared_ip_vcd_rules of the role"
    )


def _in_the_way(after: Object | None, inventory: Inventory) -> Sequence[VirtualService | NatRule]:
    if isinstance(after, VirtualService):
        return inventory.rules_for(after.address)
    return inventory.on_address(after.external) if isinstance(after, NatRule) else ()


def _is_overlap(after: Object | None, in_the_way: Sequence[VirtualService | NatRule], text: str, plain: str) -> bool:
    if isinstance(after, VirtualService):
        kind, address = _KINDS[VirtualService], after.address
    elif isinstance(after, NatRule):
        kind, address = _KINDS[NatRule], after.external
    else:
        return False
    named = any(_whole(one).search(text) for one in (address, *(item.name for item in in_the_way)))
    return named and bool(in_the_way) and bool(kind.search(plain)) and bool(_HAS_IT_ALREADY.search(plain))


def _of_other_protocols(after: Object | None, inventory: Inventory) -> Sequence[VirtualService]:
    """The other virtual services on its VIP with the same port number; none if one has it for the same protocol."""
    if not isinstance(after, VirtualService):
        return ()
    others = [one for one in inventory.on_address(after.address) if one.name != after.name]
    return (
        []
        if any(meet(after, one) for one in others)
        else [one for one in others if meet(after, one, of_any_protocol=True)]
    )


def _is_port_taken(after: Object | None, beside: Sequence[VirtualService], text: str, plain: str) -> bool:
    """Whether the words name the VIP or another virtual service, mention a port, and say that it is taken."""
    if not beside or not isinstance(after, VirtualService):
        return False
    named = any(_whole(one).search(text) for one in (after.address, *(item.name for item in beside)))
    return named and bool(_PORT.search(plain)) and bool(_HAS_IT_ALREADY.search(plain))


def _whole(name: str) -> re.Pattern[str]:
    """Matches only a complete name or address: a DNAT rule's name, for example, contains its virtual service's name."""
    return re.compile(rf"(?<![\w:.-]){re.escape(name)}(?![\w:-]|\.\w)")


def _without(names: Iterable[str], text: str) -> str:
    """The text without the names of objects, which a person may have chosen (``rate-limit``)."""
    for name in sorted(names, key=len, reverse=True):
        text = _whole(name).sub("...", text)
    return text
