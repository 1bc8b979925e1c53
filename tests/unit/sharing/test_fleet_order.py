# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a run takes its clusters: edge gateways alternate, and no cluster is lost."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import (
    alternate_edge_gateways,
    in_turn,
    statistics_key,
)
from hypothesis import given
from hypothesis import strategies as st

EDGES = st.lists(st.sampled_from("ABCDE"), max_size=30)


def fleet(edges: str | list[str]) -> dict[str, str]:
    """Clusters by number, and the edge gateway of each."""
    return {f"c{number}": edge for number, edge in enumerate(edges)}


@pytest.mark.parametrize(
    ("edges", "per_edge", "expected"),
    [
        ("", 1, ""),
        ("AAA", 1, "AAA"),
        ("AAABBB", 1, "ABABAB"),
        ("AAAABBBB", 2, "AABBAABB"),
        ("AAAAAB", 1, "ABAAAA"),
        ("BAAC", 1, "BACA"),
    ],
)
def test_edge_gateways_alternate(edges: str, per_edge: int, expected: str) -> None:
    clusters = fleet(edges)
    assert "".join(clusters[name] for name in in_turn(clusters, per_edge)) == expected


@given(EDGES, st.integers(1, 4))
def test_every_cluster_is_taken_once_and_those_of_one_edge_gateway_in_their_order(
    edges: list[str], per_edge: int
) -> None:
    clusters = fleet(edges)
    order = in_turn(clusters, per_edge)
    assert sorted(order) == sorted(clusters)
    for edge in set(edges):
        assert [name for name in order if clusters[name] == edge] == [
            name for name in clusters if clusters[name] == edge
        ]


@given(EDGES, st.integers(1, 4))
def test_as_many_edge_gateways_as_possible_are_in_use(edges: list[str], per_edge: int) -> None:
    clusters = fleet(edges)
    order = [clusters[name] for name in in_turn(clusters, per_edge)]
    kinds = len(set(edges))
    assert len(set(order[: kinds * per_edge])) == kinds  # all of them, by as many workers
    for number in range(len(order) - per_edge):
        # more than that in a row only if no other edge gateway has a cluster left
        if len(set(order[number : number + per_edge + 1])) == 1:
            assert len(set(order[number:])) == 1


def test_a_gateway_is_known_by_its_name_and_place() -> None:
    names = ["a1", "a2", "b1", "b2", "x1", "x2"]
    known: dict[str, dict[str, Any]] = {
        "a1": {"shared_ip_edge_gateway": "edge", "shared_ip_vdc": "one"},
        "a2": {"shared_ip_edge_gateway": " edge ", "shared_ip_vdc": "one"},
        "b1": {"shared_ip_edge_gateway": "edge", "shared_ip_vdc": "two"},
        "b2": {"shared_ip_edge_gateway": "edge", "shared_ip_vdc": "two"},
        "x1": {},
        "x2": {"shared_ip_edge_gateway": None, "shared_ip_vdc": "three"},
    }
    assert alternate_edge_gateways(names, known) == ["a1", "b1", "x1", "a2", "b2", "x2"]
    assert alternate_edge_gateways(names, known, per_edge=2) == names


def test_a_gateway_that_the_inventory_does_not_name_is_known_from_a_plan_or_a_record() -> None:
    names = ["a-1", "a-2", "b-1", "b-2", "c-1", "a-3"]
    known: dict[str, dict[str, Any]] = {
        "a-1": {"shared_ip_edge_gateway": "edge-a"},
        "a-2": {statistics_key("a-2"): {"cluster": "a-2", "edge_gateway": "edge-a"}},
        "b-1": {statistics_key("b-1"): "not a record"},
        "b-2": {"shared_ip_result": {"edge_gateway": "edge-b"}, statistics_key("b-2"): {"edge_gateway": ""}},
        "c-1": {},
        "a-3": {},
    }
    planned = {"b-1": "edge-b", "a-3": "edge-a", "a-1": "what the inventory says counts more"}
    order = alternate_edge_gateways(names, known, known=planned)
    assert order == ["a-1", "b-1", "c-1", "a-2", "b-2", "a-3"]


def test_a_name_that_is_no_host_counts_as_on_another_edge_gateway() -> None:
    class HostVars(dict[str, Any]):
        """Like Ansible's: what it returns for other names is unusable, but not an error."""

        def __missing__(self, name: str) -> Any:
            raise ReferenceError(name)

        def get(self, name: str, default: Any = None) -> Any:
            return self[name]

    hosts = HostVars({f"c{number}": {"shared_ip_edge_gateway": "A"} for number in range(2)})
    assert alternate_edge_gateways(["c0", "c1", "another"], hosts) == ["c0", "another", "c1"]
