# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which virtual machines get a security tag, and which lose it."""

from __future__ import annotations

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.security_tag.resource import (
    from_options,
    to_change,
    to_result,
    with_tag,
    without_tag,
)
from hypothesis import given
from hypothesis import strategies as st

MACHINES = st.frozensets(st.sampled_from("abcde"))


@given(MACHINES, st.none() | MACHINES, st.sampled_from(["present", "absent"]), st.booleans())
def test_the_remaining_machines_are_the_wanted_ones(
    tagged: frozenset[str], meant: frozenset[str] | None, state: str, exclusive: bool
) -> None:
    add, remove = to_change(tagged, meant, state, exclusive)
    after = (tagged | set(add)) - set(remove)
    assert not set(add) & tagged
    assert set(remove) <= tagged
    if state == "absent":
        assert after == (frozenset() if meant is None else tagged - meant)
    else:
        assert after == (meant or frozenset()) | (frozenset() if exclusive else tagged)
    assert to_change(after, meant, state, exclusive) == ([], [])


@given(st.lists(st.sampled_from("abc"), unique=True))
def test_the_other_tags_of_a_machine_stay(tags: list[str]) -> None:
    assert without_tag(with_tag({"tags": tags}, "x"), "x")["tags"] == tags
    assert with_tag({"tags": tags}, "a")["tags"] == (tags if "a" in tags else [*tags, "a"])
    assert without_tag({"tags": tags}, "x")["tags"] == tags
    assert (with_tag({"tags": None}, "x"), without_tag({}, "x")) == ({"tags": ["x"]}, {"tags": []})


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"name": " "}, "name: ' '"),
        ({"name": "x" * 129}, "has 129 characters"),
        ({"vms": []}, "vms: an empty list: a tag exists only while"),
        ({"vms": ["a", ""]}, "vms[1]: not given: give a name"),
        ({"vms": ["urn:vcloud:vapp:1"]}, "vms[0]: 'urn:vcloud:vapp:1': is a URN of kind vapp"),
        ({"vdc": "urn:vcloud:org:1"}, "vdc: 'urn:vcloud:org:1'"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, object], text: str) -> None:
    with pytest.raises(InvalidInput) as error:
        from_options({"name": "web", "vms": ["a"], "vdc": None, "state": "present", **options})
    assert text in error.value.message


def test_a_tag_ignores_case_and_needs_machines() -> None:
    assert from_options({"name": " Web ", "vms": None, "vdc": None, "state": "absent"}) == "web"
    assert to_result("web", []) is None
    rows = [{"id": "2", "name": "b", "entityType": "vm"}, {"id": "1", "name": "a"}]
    assert to_result("web", rows) == {"name": "web", "vms": [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}]}
