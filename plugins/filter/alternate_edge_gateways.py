# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which the playbooks take the clusters of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import in_turn, statistics_key

DOCUMENTATION = r"""
name: alternate_edge_gateways
short_description: Order clusters so that their edge gateways alternate
version_added: 0.1.0
author: the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Runs on one edge gateway take turns, and those on different ones work side by side. In this order the workers of a
    run meet at as many edge gateways as possible, instead of waiting for one.
  - The edge gateway of a cluster is what its variables C(shared_ip_edge_gateway), C(shared_ip_vdc),
    C(shared_ip_vcd_url) and C(shared_ip_vcd_org) say.
  - Without C(shared_ip_edge_gateway) it is the one in O(known), else the one in the record that an earlier job of a
    workflow has left in the cluster's C(shared_ip_end_) variable, or in the fact C(shared_ip_result). Clusters of which
    none is known count as those of one more gateway.
positional: _input, variables
options:
  _input:
    description: The names of the clusters, which are hosts of the inventory.
    type: list
    elements: str
    required: true
  variables:
    description: The variables of all hosts, C(hostvars).
    type: dict
    required: true
  known:
    description: The names of the edge gateways of clusters, such as an approved plan has them.
    type: dict
    default: {}
  per_edge:
    description: So many clusters of an edge gateway follow each other, before those of the next.
    type: int
    default: 1
"""

EXAMPLES = r"""
- name: Show the order of a run
  ansible.builtin.debug:
    msg: "{{ groups['production'] | vcd.kubernetes.alternate_edge_gateways(hostvars) }}"
"""

RETURN = r"""
_value:
  description: The same names in their order.
  type: list
  elements: str
"""

PLACE = ("shared_ip_vcd_url", "shared_ip_vcd_org", "shared_ip_vdc", "shared_ip_edge_gateway")


def alternate_edge_gateways(
    names: Iterable[str],
    variables: Mapping[str, Any],
    per_edge: int = 1,
    known: Mapping[str, str] | None = None,
) -> list[str]:
    """The names in the order of a run."""
    given = known or {}
    edges = {name: _edge(variables[name], given.get(name) or _recorded(name, variables[name])) for name in names}
    return in_turn(edges, int(per_edge))


def _edge(variables: Mapping[str, Any], known: str) -> tuple[str, ...]:
    """Where a cluster's edge gateway is, empty if that is not known yet."""
    *place, edge = (str(variables.get(name) or "").strip() for name in PLACE)
    return (*place, edge or known) if edge or known else ()


def _recorded(name: str, variables: Mapping[str, Any]) -> str:
    """The edge gateway that an earlier run has found."""
    for key in (statistics_key(name), "shared_ip_result"):
        record = variables.get(key)
        if isinstance(record, Mapping) and record.get("edge_gateway"):
            return str(record["edge_gateway"]).strip()
    return ""


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"alternate_edge_gateways": alternate_edge_gateways}
