# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Complete bodies: what is kept, what counts as a change, and what a migration has lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.bodies import (
    READ_ONLY,
    changed_since,
    lost_settings,
    merged_objects,
    objects_for_point,
    read_objects,
    writable,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import KINDS, NatRule, Pool
from hypothesis import given
from hypothesis import strategies as st

RULE = NatRule("dnat", "203.0.113.10", "192.168.8.2", "80", "profile")
BODY = {
    "id": "1",
    "version": {"version": 3},
    "firewallMatch": "BYPASS",
    "priority": 7,
    "applicationPortProfile": {"id": "urn:1", "name": "profile"},
    "internalAddresses": "192.168.8.2",
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
keys = st.text(min_size=1, max_size=8) | st.sampled_from(sorted(READ_ONLY))


@given(st.dictionaries(keys, json_values))
def test_every_key_is_kept_that_does_not_belong_to_cloud_director_alone(body: dict[str, Any]) -> None:
    assert set(writable(body)) == set(body) - READ_ONLY
    again = writable(writable(body))
    assert again == writable(body)


@given(
    st.dictionaries(st.sampled_from(KINDS), st.dictionaries(st.text(max_size=5), st.dictionaries(keys, json_values)))
)
def test_a_restore_point_returns_what_it_stored(objects: dict[str, dict[str, dict[str, Any]]]) -> None:
    bodies = {(kind, name): body for kind, named in objects.items() for name, body in named.items()}
    stored = read_objects({"objects": objects_for_point(bodies)})
    assert stored == {key: writable(body) for key, body in bodies.items()}
    assert read_objects({"objects": merged_objects({"objects": objects})}) == stored


def test_the_later_restore_point_counts() -> None:
    old, new = {"objects": {"pool": {"a": {"x": 1}, "b": {"x": 1}}}}, {"objects": {"pool": {"a": {"x": 2}}}}
    assert merged_objects(old, new) == {"pool": {"a": {"x": 2}, "b": {"x": 1}}}


def test_a_malformed_restore_point_is_refused() -> None:
    with pytest.raises(InvalidInput, match="expected a mapping"):
        read_objects({"objects": {"pool": {"a": []}}})


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        ({"firewallMatch": "MATCH_INTERNAL_ADDRESS"}, "firewallMatch"),
        ({"anything new": 1, "version": {"version": 4}}, ""),  # unknown when the plan was made
        ({"priority": 8, "firewallMatch": "x"}, "firewallMatch, priority"),
        ({"applicationPortProfile": {"id": "urn:2", "name": "profile"}}, ""),
        ({"applicationPortProfile": {"id": "urn:1", "name": "another"}}, "applicationPortProfile"),
        ({"status": "PENDING", "id": "2"}, ""),
    ],
)
def test_a_change_by_another_client_is_named(change: dict[str, Any], keys: str) -> None:
    before, now = replace(RULE, body=BODY), replace(RULE, body={**BODY, **change})
    assert changed_since(before, now) == keys
    assert changed_since(replace(before, body={}), now) == ""  # what this run itself has written


def test_a_change_of_planned_settings_is_named() -> None:
    assert changed_since(RULE, replace(RULE, internal="192.168.8.9")) == "its settings"


def test_what_a_list_of_pools_does_not_contain_is_not_a_change() -> None:
    assert changed_since(Pool("p"), Pool("p", 80, ("10.0.0.1",), ("TCP",))) == ""
    assert changed_since(Pool("p", 80), Pool("p", 81)) == "its settings"
    assert changed_since(Pool("p", enabled=False), Pool("p")) == "its settings"


def test_settings_that_a_migration_has_lost_are_named() -> None:
    now = replace(RULE, body={**BODY, "firewallMatch": "MATCH_INTERNAL_ADDRESS", "internalAddresses": "192.168.8.9"})
    stored = {("nat_rule", "dnat"): BODY, ("nat_rule", "gone"): BODY}
    assert lost_settings(stored, Inventory([now])) == [
        "DNAT rule dnat: firewallMatch was BYPASS and is MATCH_INTERNAL_ADDRESS"
    ]
    assert lost_settings(stored, Inventory([replace(RULE, body=BODY)])) == []
