# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of a pool that are changed one by one: the others stay, and a second run changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.resource import (
    from_options,
    with_changes,
)
from hypothesis import given
from hypothesis import strategies as st

ADDRESSES = st.sampled_from([f"10.0.0.{number}" for number in range(1, 5)])
PORTS = st.sampled_from([None, 80, 81])


def key(member: dict[str, Any]) -> tuple[str, int | None]:
    return (member["ip_address"], member["port"])


MEMBERS = st.lists(
    st.fixed_dictionaries(
        {
            "ip_address": ADDRESSES,
            "port": PORTS,
            "ratio": st.integers(1, 3),
            "enabled": st.booleans(),
            "health_status": st.just("UP"),
        }
    ),
    max_size=4,
    unique_by=key,
)
ASKED = st.lists(
    st.fixed_dictionaries(
        {
            "ip_address": ADDRESSES,
            "port": PORTS,
            "ratio": st.none() | st.integers(1, 3),
            "enabled": st.none() | st.booleans(),
            "state": st.sampled_from(["present", "absent"]),
        }
    ),
    max_size=3,
    unique_by=lambda one: one["ip_address"],
)


@given(MEMBERS, ASKED)
def test_only_the_requested_members_change_and_only_once(current: list[Any], asked: list[Any]) -> None:
    after = with_changes(current, asked)
    assert with_changes(after, asked) == after
    named = {one["ip_address"] for one in asked}
    before = [{name: value for name, value in one.items() if name != "health_status"} for one in current]
    others = {key(one): one for one in before if one["ip_address"] not in named}
    assert {key(one): one for one in after if one["ip_address"] not in named} == others
    for one in asked:
        there = [member for member in after if key(one) in (key(member), (member["ip_address"], None))]
        assert bool(there) == (one["state"] == "present")
        for member in there:
            assert one["enabled"] in (None, member["enabled"])
            old = next((found for found in before if key(found) == key(member)), {"ratio": 1})
            assert member["ratio"] == (one["ratio"] or old["ratio"])


def test_without_exclusive_false_the_list_is_complete() -> None:
    members = [{"ip_address": "10.0.0.2"}, {"ip_address": "10.0.0.1", "state": "absent"}]
    whole = [{"ip_address": "10.0.0.2", "port": None, "ratio": 1, "enabled": True}]
    assert from_options({"members": members}) == {"members": whole}
    assert "members" not in from_options({"members": members, "exclusive": False})


def test_too_many_are_refused_before_a_write() -> None:
    full = [{"ip_address": f"10.0.1.{n}", "port": None, "ratio": 1, "enabled": True} for n in range(100)]
    one = {"ip_address": "10.0.0.1", "port": None, "ratio": None, "enabled": None, "state": "present"}
    with pytest.raises(InvalidInput, match="members: 101: give at most 100 entries"):
        with_changes(full, [one])
