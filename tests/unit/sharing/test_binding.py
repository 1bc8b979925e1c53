# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests, differences and documents of plans that bind."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.vcd.kubernetes.plugins.module_utils._canonical import canonical, digest_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.cluster_plan import (
    cluster_plan,
    digest_of_plan,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.difference import differences
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.run_plan import (
    MOST_BYTES,
    approved_by_artifacts,
    approved_by_digest,
    approved_of,
    artifacts_of,
    clusters_of_artifacts,
    compared_lines,
    digest_of_run,
    edge_gateways_of,
    parse_run_plan,
    run_plan,
    summary_lines,
)
from awx_jobs import as_awx_dumps
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, Any]
TEXTS = st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def plan(**changes: Any) -> Json:
    """The plan of one cluster."""
    service = {
        "name": "web", "namespace": "default", "external_ip": "203.0.113.10", "internal_ips": ["192.168.8.2"],
        "scenario_before": "distinct_internal", "scenario": "shared_internal", "state": "migrated",
        "steps": ["create pool x", "delete pool y"], "steps_if_refused": ["delete pool z"],
        "outage": {"ports": {"80": 2}, "together": 2, "window": 1},
    }  # fmt: skip
    findings = [
        {"severity": "warning", "check": "cpi", "message": "old", "remedy": "update it", "ok": False},
        {"severity": "info", "check": "room", "message": "19 free", "remedy": "", "ok": True},
        {"severity": "warning", "check": "cpi", "message": "not ready", "remedy": "", "ok": False, "passing": True},
    ]
    preflight = {
        "scenario_before": "distinct_internal", "one_arm_before": None, "scenario": "shared_internal",
        "one_arm": {"start_ip": "192.168.8.2", "end_ip": "192.168.8.100"}, "findings": findings,
    }  # fmt: skip
    options: Json = {
        "cluster_id": "urn:x", "edge_gateway": {"id": "urn:gw", "name": "acme-edge", "owner": {}},
        "preflight": preflight, "cpi": {"steps": ["scale to 0"], "restart": {"done": "recreate"}},
        "services": [service], "removed": [], "pending": True, "lines": ["plan: 1 step"],
        "based_on": {"Service default/web": {"ports": [{"name": "http", "port": 80}]}},
        "bodies": {"all settings of pool x": f"sha256:{'0' * 64}"},
        **changes,
    }  # fmt: skip
    return cluster_plan(**options)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of each value that is not a list or mapping, and of each empty one."""
    if isinstance(value, dict) and value:
        return [one for key, item in value.items() for one in leaves(item, (*path, key))]
    if isinstance(value, list) and value:
        return [one for number, item in enumerate(value) for one in leaves(item, (*path, number))]
    return [path]


LEAVES = [path for path in leaves(plan()) if path != ("digest",)]


@given(VALUES, VALUES)
def test_values_are_equal_if_and_only_if_their_digests_are(first: Any, second: Any) -> None:
    same = canonical(first) == canonical(second)
    assert same == (digest_of(first) == digest_of(second))
    assert same == (json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True))


@given(st.dictionaries(TEXTS, VALUES, min_size=2, max_size=4))
def test_no_digest_depends_on_the_order_of_keys(value: Json) -> None:
    assert digest_of(dict(reversed(value.items()))) == digest_of(value)


@pytest.mark.parametrize("path", LEAVES, ids=str)
def test_any_single_change_of_a_plan_changes_its_digest_and_is_reported(path: tuple[Any, ...]) -> None:
    approved, now = plan(), plan()
    place: Any = now
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = "another"
    assert digest_of_plan(now) != approved["digest"]
    assert differences(approved, now)


def test_no_plan_contains_mere_information_or_temporary_state() -> None:
    assert [one["message"] for one in plan()["findings"]] == ["old"]


def test_equal_plans_do_not_differ() -> None:
    assert not differences(plan(), plan())


def test_the_difference_names_the_thing_and_how_it_changed() -> None:
    now = plan(based_on={"Service default/web": {"ports": [{"name": "http", "port": 8080}]}, "image of CPI": "x"})
    found = differences(plan(), now)
    assert found.summary == "Service default/web has changed, image of CPI is new"
    assert "    ports http port: 80 -> 8080" in found.lines


def test_the_description_of_many_differences_stays_short() -> None:
    now = plan(based_on={f"Service default/s{number}": {} for number in range(200)})
    found = differences(plan(), now)
    assert len(found.lines) == 61
    assert found.summary.endswith("and 196 more")


def document(**clusters: Json) -> Json:
    """A document with these clusters, by default a planned one and a failed one."""
    known = clusters or {"beta": {"failure": "kubeconfig: no\nsuch file"}, "alpha": {"plan": plan()}}
    return run_plan(known, {"at": "2026-05-04T10:11:12Z", "by": "jo", "job": "7"})


def test_a_document_is_read_as_it_was_written() -> None:
    made = document()
    assert parse_run_plan(json.dumps(made, indent=2), "plan.json") == made
    assert list(made["clusters"]) == ["alpha", "beta"]
    assert made["clusters"]["beta"] == {"state": "failed", "reason": "kubeconfig: no such file", "plan": None}


def test_no_digest_depends_on_author_or_time() -> None:
    other = run_plan({"alpha": {"plan": plan()}, "beta": {"failure": "x"}}, {"at": "never"})
    assert other["digest"] == document()["digest"]


def test_a_document_approves_its_own_plans() -> None:
    found = approved_of(document(), "alpha", "plan.json")
    assert found == {"cluster": "alpha", "digest": plan()["digest"], "plan": plan(), "source": "plan.json"}


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ("beta", "beta could not be planned (kubeconfig: no such file)"),
        ("gamma", "has no plan for gamma; it has alpha, beta"),
    ],
)
def test_a_document_approves_nothing_else(cluster: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        approved_of(document(), cluster, "plan.json")
    assert caught.value.message.startswith(f"shared_ip_apply: 'plan.json': {message}")


def spoiled(change: Any) -> str:
    """The document with a change, as text."""
    found = copy.deepcopy(document())
    change(found)
    return json.dumps(found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a plan (the document is not JSON)"),
        ("[1]", "is not a plan of a run"),
        ('{"kind": "a recipe"}', "is not a plan of a run"),
        (spoiled(lambda one: one.update(version=2)), "is of version 2, and this release reads version 1"),
        (spoiled(lambda one: one.update(version=True)), "is of version true"),
        (
            spoiled(lambda one: one["clusters"]["alpha"]["plan"]["services"].clear()),
            "the plan of alpha was changed after",
        ),
        (spoiled(lambda one: one["clusters"].pop("alpha")), "was changed after it was made"),
        (spoiled(lambda one: one["clusters"].update(x=one["clusters"]["alpha"])), "was changed after it was made"),
        (spoiled(lambda one: one.update(digest="sha256:0")), "was changed after it was made"),
        (spoiled(lambda one: one.pop("clusters")), "clusters"),
        (spoiled(lambda one: one["clusters"].update(alpha=[])), "clusters.alpha"),
    ],
)
def test_an_invalid_document_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_run_plan(text, "plan.json")
    assert message in caught.value.message
    assert "\n" not in caught.value.message


def test_two_clusters_with_the_same_given_address_are_not_both_planned() -> None:
    made = document(alpha={"plan": plan()}, beta={"plan": plan(cluster_id="urn:y")})
    assert [one["state"] for one in made["clusters"].values()] == ["planned", "failed"]
    assert "the plan of alpha takes 192.168.8.2 on the same edge gateway" in made["clusters"]["beta"]["reason"]
    other = plan(edge_gateway={"id": "urn:other", "name": "other"})
    made = document(alpha={"plan": plan()}, beta={"plan": other})
    assert [one["state"] for one in made["clusters"].values()] == ["planned", "planned"]


def two() -> Json:
    """A run of two clusters that were planned."""
    other = plan(edge_gateway={"id": "urn:other", "name": "other"})
    return document(alpha={"plan": plan()}, **{"be-ta": {"plan": other}})


def test_the_digest_of_a_run_approves_each_of_its_clusters_by_the_artifacts() -> None:
    made = two()
    variables = artifacts_of(made)
    assert variables["shared_ip_plan_digest"] == made["digest"]
    for name, one in made["clusters"].items():
        found = approved_by_digest(made["digest"], name, variables)
        assert (found["digest"], found["plan"]) == (one["plan"]["digest"], one["plan"])
        assert approved_by_digest(one["plan"]["digest"], name, variables)["plan"] == one["plan"]


def test_the_edge_gateways_of_a_run_are_known_from_its_plan() -> None:
    made = document(gone={"failure": "no"}, **{name: {"plan": one["plan"]} for name, one in two()["clusters"].items()})
    expected = {"alpha": plan()["edge_gateway"]["name"], "be-ta": "other"}
    assert edge_gateways_of({}, made) == edge_gateways_of(artifacts_of(made)) == expected
    assert edge_gateways_of({"shared_ip_plan_of_x": {"cluster": "x"}, "shared_ip_plan_of_y": "text"}) == {}


def test_a_run_with_missing_artifacts_is_refused() -> None:
    made = two()
    variables = artifacts_of(made)
    del variables["shared_ip_plan_of_alpha"]
    with pytest.raises(InvalidInput, match="are not all of that run"):
        approved_by_digest(made["digest"], "be-ta", variables)


def test_an_artifact_that_was_changed_is_refused() -> None:
    made = two()
    variables = copy.deepcopy(artifacts_of(made))
    found = json.loads(variables["shared_ip_plan_of_alpha"])
    found["plan"]["scenario"] = "shared_external"
    variables["shared_ip_plan_of_alpha"] = json.dumps(found)
    with pytest.raises(InvalidInput, match="the plan of alpha was changed after it was made"):
        approved_by_digest(made["digest"], "alpha", variables)


def test_a_digest_without_artifacts_counts_as_it_is() -> None:
    digest = plan()["digest"]
    assert approved_by_digest(digest, "alpha", {}) == {"cluster": "alpha", "digest": digest, "source": digest}


NAMES = st.text("ab_-. 1", min_size=1, max_size=5)


@given(st.dictionaries(NAMES, st.integers(1, 3), min_size=1, max_size=6))
def test_artifacts_approve_each_plan_whichever_slices_planned_the_clusters(slices: dict[str, int]) -> None:
    plans = {name: plan(cluster_id=f"urn:{name}", edge_gateway={"id": name, "name": "x"}) for name in slices}
    variables: Json = {}
    for number in sorted(set(slices.values())):
        part = {name: {"plan": plans[name]} for name in slices if slices[name] == number}
        variables.update(artifacts_of(document(**part)))  # what AWX does with the artifacts of slices and of nodes
    # AWX passes them on as YAML in which each text is unsafe; an empty one then arrives as null
    variables = DataLoader().load(as_awx_dumps(variables, {}))
    assert clusters_of_artifacts(variables) == sorted(slices)
    for name, one in plans.items():
        found = approved_by_artifacts(name, variables)
        assert found == {"cluster": name, "digest": one["digest"], "plan": one, "source": "artifacts"}


@pytest.mark.parametrize("name", ["gamma", "be_ta"])
def test_a_cluster_without_artifacts_is_one_line_with_the_name_of_the_variable(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        approved_by_artifacts(name, artifacts_of(two()))
    assert caught.value.message.startswith(
        f"shared_ip_apply: 'artifacts': this job has no variable shared_ip_plan_digest_of_{name}: plan {name} in a job"
    )
    with pytest.raises(InvalidInput, match=r"this job has no variables shared_ip_plan_digest_of_\*: let it come after"):
        clusters_of_artifacts({"shared_ip_plan_digest": "x"})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "shared_ip_plan_digest_of_alpha",
            "latest",
            "shared_ip_plan_digest_of_alpha: 'latest': is not a digest of a plan",
        ),
        ("shared_ip_plan_digest_of_alpha", None, "is not a digest of a plan"),
        ("shared_ip_plan_digest_of_alpha", digest_of("x"), "are of two plans: plan alpha again"),
        ("shared_ip_plan_of_alpha", '{"cluster": "alpha"}', "are of two plans: plan alpha again"),
    ],
)
def test_artifacts_that_do_not_fit_together_are_refused(name: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        approved_by_artifacts("alpha", {**artifacts_of(two()), name: value})
    assert message in caught.value.message


def test_a_plan_among_the_artifacts_that_was_changed_is_refused() -> None:
    variables = copy.deepcopy(artifacts_of(two()))
    found = json.loads(variables["shared_ip_plan_of_alpha"])
    found["plan"]["scenario"] = "shared_external"
    variables["shared_ip_plan_of_alpha"] = json.dumps(found)
    with pytest.raises(InvalidInput, match="'artifacts': the plan of alpha was changed after it was made"):
        approved_by_artifacts("alpha", variables)


def test_long_plans_are_not_among_the_artifacts() -> None:
    long = plan(based_on={f"Service default/s{number}": {"x": "y" * 100} for number in range(MOST_BYTES // 100)})
    variables = artifacts_of(document(alpha={"plan": long}))
    assert "plan" not in variables["shared_ip_plan_of_alpha"]
    assert len(json.dumps(variables)) < 2048
    assert approved_by_digest(variables["shared_ip_plan_digest"], "alpha", variables)["digest"] == long["digest"]
    del variables["shared_ip_plan_of_alpha"]
    found = approved_by_artifacts("alpha", variables)
    assert found == {"cluster": "alpha", "digest": long["digest"], "source": "artifacts"}


def test_the_clusters_that_only_one_side_has_are_named() -> None:
    planned = document()["clusters"]
    assert compared_lines(planned, ["beta", "gamma"]) == [
        "planned, and not in this run: alpha",
        "in this run, and not planned: gamma",
    ]
    assert compared_lines(planned, ["alpha", "beta"]) == []


def test_the_summary_has_a_line_for_each_cluster() -> None:
    heading, alpha, beta = summary_lines(document())
    assert heading == f"plan of 2 clusters, {digest_of_run({'alpha': plan()['digest']})}"
    assert alpha == f"  alpha: planned, {plan()['digest']}"
    assert beta == "  beta: failed, kubeconfig: no such file"
