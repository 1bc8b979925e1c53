# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No message shows a value in Python's notation. conftest.py checks that for every message that any test sees."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput, as_text
from ansible_collections.vcd.kubernetes.plugins.module_utils._nearest import nearest
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    Severity,
    error,
    pluralize,
    tasks_in_words,
)
from hypothesis import given
from hypothesis import strategies as st
from plain_messages import complaint

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.sampled_from([*Scenario])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.sets(st.text(max_size=5), max_size=2)
        | st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=6,
)


def without_text(value: Any) -> Any:
    """The same value with every text replaced: a text may contain anything."""
    if isinstance(value, Scenario):
        return value
    if isinstance(value, str):
        return "x" if value else ""
    if isinstance(value, dict):
        return {key: without_text(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value)(without_text(item) for item in value)
    return value


@given(VALUES)
def test_any_value_is_shown_as_people_write_it(value: Any) -> None:
    refused = InvalidInput("services.members", without_text(value), "give the machines' addresses")
    assert complaint(refused.message) == ""
    assert "\n" not in refused.message
    assert refused.message.startswith("services.members: ")
    assert refused.message.endswith(f"{refused.why}")


@given(VALUES)
def test_any_value_is_one_line_of_bounded_length(value: Any) -> None:
    text = as_text(value)
    assert len(text) <= 200
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "not given"),
        ("", "not given"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (1.5, "1.5"),
        ("80", "'80'"),
        ([], "an empty list"),
        ({}, "an empty dictionary"),
        (["a", 1, None], "'a', 1, not given"),
        ({"start_ip": "192.168.8.2", "end_ip": None}, "start_ip: '192.168.8.2', end_ip: not given"),
        (Scenario.SHARED_EXTERNAL, "'shared_external'"),
        ("x" * 300, "'" + "x" * 196 + "..."),
    ],
)
def test_values_are_put_into_words(value: Any, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    "message",
    [
        "services.members: None: give them",
        "prune: True: needs cluster_id",
        "application_ports: []: is empty",
        "one_arm: {'start_ip': 'x'}: bad",
        "ports ['a', 'b'] are taken",
        "scenario Scenario.SHARED_EXTERNAL",
        "expected a mapping, not a NoneType",
        "the pool has 1 members",
    ],
)
def test_unreadable_parts_of_a_message_are_found(message: str) -> None:
    assert complaint(message)
    with pytest.raises(AssertionError, match="in a message"):
        raise InvalidInput("option", 1, message)
    with pytest.raises(AssertionError, match="in a message"):
        error("check", message, "do something")


@pytest.mark.parametrize("message", ["'None': is no such pool", "port 1 of 3", "ports 80, 443", "{kind}-{service}"])
def test_readable_messages_pass(message: str) -> None:
    assert complaint(message) == ""


@given(st.integers(min_value=0, max_value=999), st.sampled_from(["member", "task", "address", "virtual service"]))
def test_one_thing_is_singular_and_others_are_plural(number: int, thing: str) -> None:
    assert complaint(pluralize(number, thing)) == ""
    assert (pluralize(number, thing).split(" ", 1)[1] == thing) is (number == 1)


def test_an_outage_is_estimated_in_seconds() -> None:
    assert [tasks_in_words(number) for number in (0, 1, 3)] == [
        "no task", "1 task (about 5 to 8 s)", "3 tasks (about 15 to 24 s)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "names", "hint"),
    [
        ("acme-egde", ["acme-edge", "other"], "; did you mean acme-edge?"),
        ("ACME-EDGE", ["acme-edge"], "; did you mean acme-edge?"),
        ("edge", ["edge-1", "edge-2", "edge-3", "edge-4"], "; did you mean edge-4 or edge-3 or edge-2?"),
        ("x", ["b", "a"], "; available: a, b"),
        ("x", ["d", "c", "b", "a", "a"], "; available: a, b, c and 1 more"),
        ("x", [], ""),
        ("x", [""], ""),
        ("", ["a"], "; available: a"),
    ],
)
def test_a_hint_suggests_the_nearest_names(value: str, names: list[str], hint: str) -> None:
    assert nearest(value, names) == hint


@given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=30))
def test_at_most_three_names_and_only_those_that_exist(value: str, names: list[str]) -> None:
    known = {name for name in names if name}
    hint = nearest(value, names)
    assert bool(hint) is bool(known)
    assert sum(1 for name in known if hint == f"; did you mean {name}?" or name in hint) >= min(1, len(known))
    if value in known:
        assert hint.startswith("; did you mean")


def test_the_severity_of_a_finding_is_plain_data() -> None:
    assert error("check", "message", "remedy").as_dict()["severity"] == Severity.ERROR.value
