# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of IP Spaces: which one is meant, what to write, and when a quota is used up."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_space.resource import (
    apply,
    counts,
    differences,
    exhausted,
    find,
    from_options,
    to_result,
)
from hypothesis import given
from hypothesis import strategies as st

SPACE = {"id": "urn:vcloud:ipSpace:1", "name": "public"}
WANTED = st.fixed_dictionaries(
    {"value": st.just("203.0.113.10")},
    optional={
        "description": st.sampled_from(["", "a", " b "]),
        "usage_state": st.sampled_from(["UNUSED", "USED_MANUAL"]),
    },
)
BODIES = st.fixed_dictionaries(
    {"usageState": st.sampled_from(["UNUSED", "USED", "USED_MANUAL"]), "description": st.sampled_from([None, "", "a"])}
)


@given(BODIES, WANTED)
def test_what_is_written_is_what_the_options_say(body: dict[str, Any], options: dict[str, Any]) -> None:
    if options.get("description", "").strip() and options.get("usage_state") == "UNUSED":
        with pytest.raises(CollectionError, match="an unused address has no description"):
            from_options({"ip_space": "public", **options})
        return
    wanted = from_options({"ip_space": "public", **options})
    changes = differences(to_result(body, SPACE), wanted)
    after = apply(body, changes)
    assert differences(to_result(after, SPACE), wanted) == {}
    assert "USED" not in changes.values()
    if wanted.get("description"):
        assert (after["usageState"], after["description"]) == ("USED_MANUAL", wanted["description"])


def test_an_address_is_found_by_value_or_else_by_its_description() -> None:
    rows = [{"value": "203.0.113.10", "description": "a"}, {"value": "203.0.113.11", "description": " a "}]
    assert find(rows, {"value": "203.0.113.11", "description": "b"}) is rows[1]
    assert find(rows, {"description": "b"}) is None
    with pytest.raises(CollectionError, match=r"description: 'a': 203\.0\.113\.10, 203\.0\.113\.11 have it"):
        find(rows, {"description": "a"})


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "value, description: give an address"),
        ({"description": " "}, "value, description: give an address"),
        ({"value": "x"}, "value: 'x': is not an IP address"),
        ({"value": "10.0.0.1", "ip_space": "urn:vcloud:vm:1"}, "ip_space: 'urn:vcloud:vm:1': is a URN of kind vm"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(CollectionError) as error:
        from_options({"ip_space": "public", **options})
    assert text in error.value.message


@pytest.mark.parametrize(
    ("total", "allocated", "used_up"),
    [
        ("10", "10", True),
        ("10", "11", True),
        ("10", "9", False),
        ("-1", "9", False),
        (None, "9", False),
        ("x", "9", False),
    ],
)
def test_an_exhausted_quota_is_recognised(total: str | None, allocated: str, used_up: bool) -> None:
    numbers = {"totalCount": total, "allocatedCount": allocated, "usedCount": "2", "unusedCount": "3"}
    space = {**SPACE, "utilization": {"floatingIPs": numbers}}
    assert bool(exhausted(space)) is used_up
    assert counts(space)["unused"] == 3
    assert exhausted({**SPACE, "utilization": None}) == ""
