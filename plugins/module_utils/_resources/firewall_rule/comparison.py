# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What differs in a firewall rule, and where it belongs in the list: decisions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.comparison import differing

REFERENCES = ("sources", "destinations", "app_port_profiles")
FIRST, LAST = "first", "last"
Rule = Mapping[str, Any]


def differences(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values that the rule lacks. Wanted references are names or URNs, in any order."""
    return differing(current, wanted, special=dict.fromkeys(REFERENCES, _same_references))


def _same_references(current: Any, wanted: Any) -> bool:
    rows = list(current or [])
    meant = [next((row["id"] for row in rows if name in (row["id"], row["name"])), None) for name in wanted]
    return None not in meant and set(meant) == {row["id"] for row in rows}


@dataclass(frozen=True)
class RulePlace:
    """Where a rule belongs: ``before`` or ``after`` the rule with this id, FIRST or LAST; by default where it is."""

    before: str = ""
    after: str = ""
    position: str = ""

    @property
    def given(self) -> bool:
        """Whether a place was asked for."""
        return bool(self.before or self.after or self.position)


def is_placed(ids: Sequence[str], rule: str, place: RulePlace) -> bool:
    """Whether a rule is where it belongs. Any place before (or after) the other rule will do.

    Others decide what stands between the two, and two rules directly before the same one would displace each other in
    every run.
    """
    here = ids.index(rule)
    if place.before or place.after:
        other = ids.index(place.before or place.after)
        return here < other if place.before else here > other
    return {FIRST: here == 0, LAST: here == len(ids) - 1}.get(place.position, True)


def placed(rules: Sequence[Rule], rule: Rule, place: RulePlace) -> list[Rule]:
    """The rules with this one, directly before or after the other one; all others keep their order.

    A new rule without a place comes last, so that it changes nothing that is allowed or blocked so far. Raises KeyError
    if the other rule is gone.
    """
    others = [one for one in rules if one.get("id") != rule.get("id") or not rule.get("id")]
    ids = [str(one.get("id")) for one in others]
    if place.before or place.after:
        other = place.before or place.after
        if other not in ids:
            raise KeyError(other)
        index = ids.index(other) + bool(place.after)
    elif place.position == FIRST:
        index = 0
    elif place.position == LAST or not rule.get("id"):
        index = len(others)
    else:
        index = next(number for number, one in enumerate(rules) if one.get("id") == rule.get("id"))
    return [*others[:index], rule, *others[index:]]


def changed_by_others(before: Sequence[Rule], after: Sequence[Rule], own: str) -> list[str]:
    """The names of rules that another client has changed or removed since they were read before a write.

    ``after`` was read after it. A write of the whole list raises a rule's version by at most one. A higher version
    shows that another client wrote, too, and this write may have undone that.
    """
    versions = {one.get("id"): _version(one) for one in after}
    found = []
    for one in before:
        urn, old = one.get("id"), _version(one)
        if urn == own:
            continue
        new = versions.get(urn)
        if urn not in versions or (old is not None and new is not None and new > old + 1):
            found.append(str(one.get("name")))
    return found


def _version(rule: Rule) -> int | None:
    found = (rule.get("version") or {}).get("version")
    return found if isinstance(found, int) else None
