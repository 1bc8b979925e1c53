# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Criteria of dynamic security groups: equal ones compare as equal, whoever wrote them."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.dynamic_security_group.comparison import (
    differences,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.dynamic_security_group.resource import (
    OPERATORS,
    apply,
    from_options,
    to_result,
)
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.sampled_from(["a", "A", "b"])
# made once: making and checking a strategy takes longer than a draw
RULES_OF = {
    kind: st.fixed_dictionaries({"type": st.just(kind), "operator": st.sampled_from(operators), "value": VALUES})
    for kind, operators in OPERATORS.items()
}
RULES = st.sampled_from(sorted(OPERATORS)).flatmap(RULES_OF.__getitem__)
CRITERIA = st.lists(st.fixed_dictionaries({"rules": st.lists(RULES, min_size=1, max_size=4)}), max_size=3)


@given(criteria=CRITERIA)
def test_what_is_written_is_what_the_options_say(criteria: list[dict[str, Any]]) -> None:
    wanted = from_options({"criteria": criteria})
    assert differences(to_result(apply({}, wanted, {})), wanted) == {}
    sent = apply({}, wanted, {})["vmCriteria"]
    assert len(sent) <= len(criteria)
    assert all(set(rule) == {"attributeType", "operator", "attributeValue"} for one in sent for rule in one["rules"])


@given(criteria=CRITERIA, data=st.data())
def test_order_and_the_case_of_tags_mean_nothing(criteria: list[dict[str, Any]], data: st.DataObject) -> None:
    other = [{"rules": data.draw(st.permutations(one["rules"]))} for one in data.draw(st.permutations(criteria))]
    shouted = [
        {
            "rules": [
                rule | {"value": rule["value"].upper()} if rule["type"] == "VM_TAG" else rule for rule in one["rules"]
            ]
        }
        for one in other
    ]
    assert from_options({"criteria": shouted}) == from_options({"criteria": criteria})


def test_the_case_of_names_is_a_difference() -> None:
    def named(value: str) -> dict[str, Any]:
        return from_options({"criteria": [{"rules": [{"type": "VM_NAME", "operator": "CONTAINS", "value": value}]}]})

    assert differences(named("Web"), named("web")) == named("web")


def test_what_cloud_director_leaves_out_is_read() -> None:
    assert to_result({"vmCriteria": None})["criteria"] == []
    assert to_result({"vmCriteria": [{"rules": None}]})["criteria"] == [{"rules": []}]
