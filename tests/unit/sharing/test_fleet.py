# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a run over several clusters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import (
    end_of,
    fleet_lines,
    statistics_key,
    statistics_of,
)
from hypothesis import given
from hypothesis import strategies as st


def result(**given: Any) -> dict[str, Any]:
    """The role's record of a cluster."""
    kept = {"changed": True, "scenario_before": "distinct_internal", "scenario": "shared_external"}
    return {**kept, "edge_gateway": "acme-edge", "restore_point": "/r/point.json", "migrations": [], **given}


def moved(**ports: float) -> dict[str, Any]:
    return {"name": "web", "downtime": {"ports": ports, "together": 0.0}}


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        ({}, "c1: NOT STARTED, CPI replicas unknown: the run did not reach it"),
        ({"failure": {"msg": "url:  refused\n"}, "result": None}, "c1: FAILED, CPI replicas unknown: url: refused"),
        (
            {
                "failure": {"msg": "no room"},
                "preflight": {"scenario": "shared_external", "edge_gateway": "e"},
                "cpi": 0,
            },
            "c1: FAILED, shared_external, edge gateway e, CPI is STOPPED (0 replicas): no room",
        ),
        ({"failure": {"msg": "too many", "not_started": True}}, "c1: NOT STARTED, CPI replicas unknown: too many"),
        (
            {"result": result(), "cpi": 2},
            "c1: changed, distinct_internal -> shared_external, edge gateway acme-edge, CPI has 2 replicas",
        ),
        (
            {"failure": {"msg": "no room"}, "preflight": {"scenario": "shared_external"}, "cpi": 2},
            "c1: FAILED, shared_external, CPI has 2 replicas: no room",
        ),
        (  # the record of a verification that failed after a change does not know the scenario before
            {
                "failure": {"msg": "no path"},
                "result": {"scenario": "shared_external", "edge_gateway": "e"},
                "preflight": {"scenario": "shared_external", "scenario_before": "distinct_internal"},
                "cpi": 1,
            },
            "c1: FAILED, distinct_internal -> shared_external, edge gateway e, CPI has 1 replica: no path",
        ),
        (
            {"result": result(), "planned_only": True, "cpi": 1},
            "c1: would change, distinct_internal -> shared_external, edge gateway acme-edge, CPI has 1 replica",
        ),
        (
            {"result": result(changed=False, scenario_before="shared_external")},
            "c1: unchanged, shared_external, edge gateway acme-edge, CPI replicas unknown",
        ),
        (
            {"result": result(migrations=[moved(http=2.1, https=4.0), moved(ssh=0.0), {"name": "same"}]), "cpi": 1},
            "c1: changed, distinct_internal -> shared_external, edge gateway acme-edge, CPI has 1 replica, "
            "2 Services moved, no port down longer than 4 s",
        ),
        (
            {
                "failure": {
                    "msg": "refused; the restore point is in /r/p.json",
                    "restore_point": "/r/p.json",
                    "services": [
                        {**moved(http=2.1), "state": "migrated"},
                        {"name": "shop", "state": "failed", "downtime": {"ports": {"80": 9.5}, "lasting": ["80"]}},
                        {"name": "mail", "state": "not_reached", "downtime": None},
                    ],
                },
                "preflight": {"scenario": "shared_external", "edge_gateway": "e"},
                "cpi": 0,
            },
            "c1: FAILED, shared_external, edge gateway e, CPI is STOPPED (0 replicas), 1 Service moved, 1 port STILL "
            "DOWN (for 9.5 s when the run ended): refused; the restore point is in /r/p.json",
        ),
        (  # no Service was moved, but clients have noticed the attempt
            {"failure": {"msg": "refused", "services": [{**moved(http=2.1), "state": "rolled_back"}]}, "cpi": 1},
            "c1: FAILED, CPI has 1 replica, no Services moved, no port down longer than 2.1 s: refused",
        ),
        (  # a verification that failed after the change
            {
                "failure": {"msg": "no path", "services": [], "restore_point": ""},
                "result": result(migrations=[moved(http=2.1)]),
                "cpi": 1,
            },
            "c1: FAILED, distinct_internal -> shared_external, edge gateway acme-edge, CPI has 1 replica, 1 Service "
            "moved, no port down longer than 2.1 s: no path; the restore point is in /r/point.json",
        ),
        (
            {
                "result": {"changed": False, "verified_only": True, "scenario": "shared_external", "migrations": []},
                "cpi": 1,
            },
            "c1: verified, shared_external, CPI has 1 replica",
        ),
    ],
)
def test_each_cluster_has_one_line(outcome: dict[str, Any], line: str) -> None:
    assert end_of("c1", outcome).line == line


def test_texts_of_templates_are_read_like_the_values_they_represent() -> None:
    texts = {"result": result(), "preflight": {}, "cpi": "2", "planned_only": False, "failure": ""}
    assert end_of("c1", texts) == end_of("c1", {**texts, "cpi": 2, "failure": None})
    failed = {"result": "", "preflight": {}, "cpi": "", "failure": {"msg": "no"}}
    assert end_of("c1", failed).line == "c1: FAILED, CPI replicas unknown: no"


def test_failed_clusters_are_last() -> None:
    outcomes = {
        "a": {},
        "b": {"failure": {"msg": "no"}},
        "c": {"result": result(changed=False)},
        "d": {"result": result()},
    }
    lines = fleet_lines(end_of(name, one) for name, one in outcomes.items())
    assert lines[0] == "4 clusters: 1 changed, 1 unchanged, 1 failed, 1 not started"
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["d", "c", "b", "a"]


@pytest.mark.parametrize(
    "outcome", ["changed", [], {"result": "x"}, {"failure": {"msg": 1}}, {"result": {"changed": 1}}]
)
def test_any_other_value_is_refused_with_its_place(outcome: Any) -> None:
    with pytest.raises(InvalidInput, match=r"clusters\.c1"):
        end_of("c1", outcome)


@given(st.lists(st.text(min_size=1), unique=True, max_size=20))
def test_no_two_clusters_share_a_record(names: list[str]) -> None:
    keys = [statistics_key(name) for name in names]
    assert len(set(keys)) == len(names)
    assert all(key.isidentifier() and key.isascii() for key in keys)


NAME = st.text(min_size=1, max_size=40)


@given(NAME, NAME, NAME, st.text() | st.integers(1, 2000).map("\u540d".__mul__) | st.just("no " * 2000))
def test_the_record_of_a_cluster_is_small_in_any_language(cluster: str, edge: str, point: str, reason: str) -> None:
    outcome = {"failure": {"msg": reason, "restore_point": point}, "preflight": {"edge_gateway": edge}}
    end = end_of(cluster, outcome)
    (record,) = statistics_of([end]).values()
    assert len(json.dumps(record)) < 2048
    assert (record["cluster"], record["edge_gateway"], record["restore_point"]) == (cluster, edge, point)
    whole = len(json.dumps(end.reason)) <= 200
    assert record["reason"] == end.reason or (not whole and record["reason"].endswith("..."))
