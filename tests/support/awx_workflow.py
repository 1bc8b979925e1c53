# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How AWX walks the nodes of a workflow, and when the workflow counts as failed (AWX 24.6.1: dag_workflow.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
FAILED = ("failed", "error", "canceled")


def first(nodes: Sequence[Json]) -> list[str]:
    """The root nodes: AWX starts them all at once."""
    reached = {one for node in nodes for status in ("successful", "failed") for one in following(node, status)}
    return [str(node["identifier"]) for node in nodes if node["identifier"] not in reached]


def following(node: Json, status: str) -> list[str]:
    """The nodes that follow a node with this result."""
    kinds = ("failure_nodes" if status in FAILED else "success_nodes", "always_nodes")
    return [str(one["identifier"]) for kind in kinds for one in node["related"][kind]]


def has_failed(nodes: Sequence[Json], ended: Mapping[str, str]) -> bool:
    """Whether the workflow has failed: a node failed that no failure node follows. All others count as handled."""
    return any(
        ended.get(str(node["identifier"])) in FAILED and not following(node, ended[str(node["identifier"])])
        for node in nodes
    )


def walked(nodes: Sequence[Json], outcome: Mapping[str, str]) -> dict[str, str]:
    """The nodes that ran, in their order, with their results: as ``outcome`` says, otherwise successful."""
    known = {str(node["identifier"]): node for node in nodes}
    ended: dict[str, str] = {}
    waiting = first(nodes)
    while waiting:
        name = waiting.pop(0)
        if name not in ended:
            ended[name] = outcome.get(name, "successful")
            waiting += following(known[name], ended[name])
    return ended
