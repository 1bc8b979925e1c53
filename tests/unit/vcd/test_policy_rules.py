# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP policies: options become bodies and back, unchanged rules keep their bodies, and bad rules are refused."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy.options import POLICY
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_fields import POLICY_RULE, differs
from hypothesis import given, settings
from hypothesis import strategies as st

EMPTY: dict[str, list[dict[str, Any]]] = {kind: [] for kind in resource.KINDS}
Values = dict[str, st.SearchStrategy[Any]]
TEXT = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5)
LIKELY = {
    "ip_addresses": st.sampled_from(["10.0.0.1", "10.0.0.0/24", "10.0.0.1-10.0.0.9", "FD00::1"]),
    "http_status_codes": st.sampled_from(["200", "200-299"]),
    "content": st.sampled_from(["", "bm90IGZyb20gaGVyZQ=="]),
}


def values(name: str, option: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that an option of a rule may have."""
    if option["type"] == "list":
        rows = values(name, {**option, "type": option["elements"]})
        return st.lists(rows, min_size=1, max_size=2)
    if option["type"] == "dict":
        return options(option["options"], without={"keep_query", "action_redirect", "action_local_response"})
    if option.get("choices"):
        return st.sampled_from([one for one in option["choices"] if "EXIST" not in str(one)])
    kinds = {"str": TEXT, "int": st.integers(1, 65535), "bool": st.booleans()}
    return LIKELY[name] if name in LIKELY else kinds[option["type"]]


def options(spec: dict[str, Any], without: set[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: values(name, one) for name, one in spec.items() if name not in without})


@cache
def rules(kind: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Up to three rules of this kind that the API would accept."""
    spec = POLICY.options[kind]["options"]
    actions, criteria = (
        {name: values(name, option) for name, option in spec[part]["options"].items()}
        for part in ("actions", "match_criteria")
    )
    return st.lists(
        rule(actions, criteria, st.sampled_from(sorted(actions)), st.sampled_from(sorted(criteria))), max_size=3
    )


@st.composite
def rule(
    draw: st.DrawFn,
    actions: Values,
    criteria: Values,
    some_action: st.SearchStrategy[str],
    some_criterion: st.SearchStrategy[str],
) -> dict[str, Any]:
    """A rule with any criteria, and a permitted combination of actions."""
    action = draw(some_action)
    chosen = draw(st.sets(some_criterion))
    return {
        "name": draw(TEXT),
        "active": draw(st.booleans()),
        "match_criteria": {name: draw(criteria[name]) for name in chosen},
        "actions": {action: draw(actions[action])},
    }


def wanted(**given: Any) -> dict[str, Any]:
    """The wanted rules of these options, after Ansible's own checks."""
    checked = ArgumentSpecValidator(**POLICY.to_kwargs()).validate({"virtual_service": "web", **given})
    assert not checked.error_messages
    return resource.from_options(checked.validated_parameters)


@pytest.mark.parametrize("kind", resource.KINDS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_rules_are_written_once_and_are_read_back_as_options(kind: str, data: st.DataObject) -> None:
    asked = wanted(**{kind: data.draw(rules(kind))})
    made = resource.planned(EMPTY, asked)
    assert all(not differs(body, POLICY_RULE) for body in made[kind])
    assert resource.to_write(EMPTY, made) == ([kind] if asked[kind] else [])
    result = resource.to_result(made)
    assert result[kind] == asked[kind]
    for again in (asked, wanted(**{kind: result[kind]})):
        assert resource.to_write(made, resource.planned(made, again)) == []


TERRAFORM = {
    "name": "redirect", "active": True, "logging": False, "headerActions": None,
    "matchCriteria": {
        "protocol": "HTTP", "pathMatch": {"matchCriteria": "CONTAINS", "matchStrings": ["/b", "/a"]},
        "clientIpMatch": {"matchCriteria": "IS_IN", "addresses": ["10.0.0.9", "10.0.0.1"]},
    },
    "redirectAction": {"host": "", "keepQuery": True, "path": "", "port": 443, "protocol": "HTTPS", "statusCode": 302},
}  # fmt: skip


def test_what_terraform_made_is_unchanged_and_its_unknown_fields_stay() -> None:
    rule = {
        "name": "redirect",
        "match_criteria": {
            "protocol_type": "HTTP",
            "path": {"criteria": "CONTAINS", "paths": ["/a", "/b"]},
            "client_ip_address": {"criteria": "IS_IN", "ip_addresses": ["10.0.0.1", "10.0.0.9/32"]},
        },
        "actions": {"redirect": {"protocol": "HTTPS"}},
    }
    there = {**EMPTY, "request_rules": [{**TERRAFORM, "fromTheFuture": {"x": 1}}]}
    assert resource.to_write(there, resource.planned(there, wanted(request_rules=[rule]))) == []
    other = {"name": "other", "actions": {"modify_header": [{"action": "REMOVE", "name": "X-A"}]}}
    after = resource.planned(there, wanted(request_rules=[other, rule]))
    assert resource.to_write(there, after) == ["request_rules"]
    assert after["request_rules"][1] == there["request_rules"][0]


CLOSE = {"name": "no admin", "matchCriteria": {}, "allowOrCloseConnectionAction": "CLOSE"}
OWN = {
    "name": "redirect-to-https",
    "active": True,
    "logging": False,
    "matchCriteria": {"protocol": "HTTP"},
    "redirectToHttpsAction": {"port": 443},
}


@pytest.mark.parametrize(
    ("before", "asked", "after"),
    [
        ([CLOSE], {"redirect_to_https": True}, [OWN, CLOSE]),
        ([CLOSE, OWN], {"redirect_to_https": True}, [CLOSE, OWN]),
        ([{**OWN, "name": "mine"}], {"redirect_to_https": True}, [{**OWN, "name": "mine"}]),
        ([{**OWN, "active": False}], {"redirect_to_https": True}, [OWN]),
        ([OWN], {"redirect_to_https": True, "https_port": 8443}, [{**OWN, "redirectToHttpsAction": {"port": 8443}}]),
        ([OWN, CLOSE], {"redirect_to_https": False}, [CLOSE]),
        ([CLOSE], {"redirect_to_https": False}, [CLOSE]),
        ([CLOSE], {"redirect_to_https": True, "security_rules": []}, [OWN]),
        ([OWN, CLOSE], {"security_rules": []}, []),
        ([OWN, CLOSE], {"request_rules": []}, [OWN, CLOSE]),
    ],
)
def test_the_redirect_is_one_rule_among_the_others(before: list[Any], asked: dict[str, Any], after: list[Any]) -> None:
    there = {**EMPTY, "security_rules": before}
    found = resource.planned(there, wanted(**asked))
    assert found["security_rules"] == after
    assert (resource.to_write(there, found) == []) == (before == after)
    assert resource.planned(found, wanted(**asked)) == found


@pytest.mark.parametrize(
    ("kind", "rule", "says"),
    [
        ("security_rules", {"actions": {}}, "security_rules[0].actions: not given: give what to do"),
        ("security_rules", {"actions": {"connections": "ALLOW", "redirect_to_https": 443}}, "does one thing only"),
        ("security_rules", {"actions": {"redirect_to_https": 0}}, "actions.redirect_to_https: 0: give a port from 1"),
        ("security_rules", {"actions": {"rate_limit": {"count": 0}}}, "rate_limit.count: 0: give a number from 1"),
        (
            "security_rules",
            {"actions": {"rate_limit": {"count": 1, "action_close_connection": True,
                                        "action_local_response": {"status_code": 403}}}},
            "action_close_connection, action_local_response': exclude each other",
        ),
        (
            "security_rules",
            {"actions": {"send_response": {"status_code": 403, "content": "no"}}},
            "send_response.content: 'no': is not Base64: give it through the filter b64encode",
        ),
        (
            "request_rules",
            {"actions": {"redirect": {"protocol": "HTTPS"}, "modify_header": [{"action": "REMOVE", "name": "X"}]}},
            "a redirect excludes other actions",
        ),
        ("request_rules", {"actions": {"redirect": {"protocol": "HTTP", "port": 70000}}}, "redirect.port: 70000"),
        ("request_rules", {"actions": {"modify_header": [{"action": "ADD", "name": "X"}]}}, "required with ADD"),
        ("request_rules", {"name": " ", "actions": {"rewrite_url": {"query": "a"}}}, "request_rules[0].name: ' '"),
        ("request_rules", {"name": "x" * 1000}, "has 1000 characters: give at most 999"),
        ("request_rules", {"match_criteria": {"path": {"criteria": "EQUALS", "paths": []}}}, "path.paths: an empty"),
        (
            "request_rules",
            {"match_criteria": {"client_ip_address": {"criteria": "IS_IN", "ip_addresses": ["10.0.0"]}}},
            "match_criteria.client_ip_address.ip_addresses: '10.0.0': is not an address",
        ),
        (
            "request_rules",
            {"match_criteria": {"cookie": {"criteria": "EXISTS", "name": "a", "value": "b"}}},
            "match_criteria.cookie.value: 'b': nothing is compared with EXISTS: omit it",
        ),
        (
            "request_rules",
            {"match_criteria": {"request_headers": [{"criteria": "EQUALS", "name": "a"}]}},
            "request_headers.values: not given: give what to compare with",
        ),
        (
            "response_rules",
            {"match_criteria": {"status_code": {"criteria": "IS_IN", "http_status_codes": ["2xx"]}}},
            "http_status_codes: '2xx': give a status code such as 200",
        ),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_work_is_refused_with_its_place(kind: str, rule: dict[str, Any], says: str) -> None:
    default = {"security_rules": {"connections": "CLOSE"}}.get(
        kind, {"modify_header": [{"action": "REMOVE", "name": "X"}]}
    )
    with pytest.raises(CollectionError) as caught:
        wanted(**{kind: [{"name": "rule", "actions": default, **rule}]})
    assert says in caught.value.message


def test_a_rule_of_another_kind_with_the_name_of_the_redirect_is_named() -> None:
    there = {**EMPTY, "security_rules": [{**CLOSE, "name": "redirect-to-https"}]}
    with pytest.raises(CollectionError, match="another security rule has the name 'redirect-to-https'"):
        resource.planned(there, wanted(redirect_to_https=True))
