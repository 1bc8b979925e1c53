# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The place of a firewall rule in any list: the other rules keep their order, and a second run moves nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_rule.comparison import (
    RulePlace,
    changed_by_others,
    differences,
    is_placed,
    placed,
)
from hypothesis import given
from hypothesis import strategies as st


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, Any], RulePlace]:
    """A list of rules, one of them or a new one, and a place."""
    ids = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1))
    rules = [{"id": one, "name": "same"} for one in ids]
    rule = draw(st.sampled_from([*rules, {"name": "new"}]))
    others = [one for one in ids if one != rule.get("id")]
    places = [RulePlace(), RulePlace(position="first"), RulePlace(position="last")]
    places += [RulePlace(before=one) for one in others] + [RulePlace(after=one) for one in others]
    return rules, rule, draw(st.sampled_from(places))


@given(cases())
def test_only_the_rule_moves_and_it_moves_once(case: tuple[list[dict[str, Any]], dict[str, Any], RulePlace]) -> None:
    rules, rule, place = case
    after = placed(rules, rule, place)
    assert [one for one in after if one is not rule] == [one for one in rules if one is not rule]
    assert sum(one is rule for one in after) == 1
    with_id = [{**one, "id": one.get("id", "n")} for one in after]
    assert is_placed([one["id"] for one in with_id], rule.get("id", "n"), place)
    if not place.given:
        assert after == (rules if rule.get("id") else [*rules, rule])
    moved = next(one for one in with_id if one["id"] == rule.get("id", "n"))
    if place.position:
        assert placed(with_id, moved, place) == with_id


def test_two_rules_before_the_same_one_do_not_push_each_other_away() -> None:
    assert is_placed(["x", "y", "z"], "x", RulePlace(before="z"))
    assert is_placed(["x", "y", "z"], "y", RulePlace(before="z"))
    assert not is_placed(["x", "z", "y"], "y", RulePlace(before="z"))
    assert not is_placed(["x", "z", "y"], "x", RulePlace(after="z"))


def test_a_missing_rule_is_not_a_place() -> None:
    with pytest.raises(KeyError):
        placed([{"id": "a"}], {"id": "b"}, RulePlace(before="c"))


def rule(urn: str, version: int | None = 0) -> dict[str, Any]:
    return {"id": urn, "name": urn.upper(), "version": None if version is None else {"version": version}}


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ([rule("a", 1), rule("b", 1), rule("own", 9)], []),
        ([rule("a", 0), rule("b", 0)], []),
        ([rule("a", 2), rule("b", 1)], ["A"]),
        ([rule("b", 1)], ["A"]),
        ([rule("a", None), rule("b", 1), rule("new", 5)], []),
    ],
)
def test_another_write_shows_in_the_versions(after: list[dict[str, Any]], found: list[str]) -> None:
    assert changed_by_others([rule("a"), rule("b"), rule("own")], after, "own") == found


def test_references_are_compared_as_sets_of_names_or_urns() -> None:
    current = {"sources": [{"id": "urn:1", "name": "x"}, {"id": "urn:2", "name": "y"}], "action": "ALLOW"}
    assert differences(current, {"sources": ["y", "urn:1"], "action": "ALLOW"}) == {}
    assert differences(current, {"sources": ["y", "y", "x"]}) == {}
    assert differences(current, {"sources": ["x", "urn:1"]}) == {"sources": ["x", "urn:1"]}
    assert differences(current, {"sources": ["x"]}) == {"sources": ["x"]}
    assert differences(current, {"sources": []}) == {"sources": []}
