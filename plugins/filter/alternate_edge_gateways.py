# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which the playbooks take the clusters of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import in_turn

DOCUMENTATION = r"""
name: alternate_edge_gateways
short_description: Order clusters so that their edge gateways alternate
version_added: 0.1.0
author: the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Runs on one edge gateway take turns, and those on different ones work side by side. In this order the workers of a
    run meet at as many edge gateways as possible, instead of waiting for one.
  - The edge gateway of a cluster is what its variables C(shared_ip_edge_gateway), C(shared_ip_vdc),
    C(shared_ip_vcd_url) and C(shared_ip_vcd_org) say. Clusters without C(shared_ip_edge_gateway) count as those of one
    more gateway.
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


def alternate_edge_gateways(names: Iterable[str], variables: Mapping[str, Any], per_edge: int = 1) -> list[str]:
    """The names in the order of a run."""
    return in_turn({name: _edge(variables[name]) for name in names}, int(per_edge))


def _edge(variables: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a cluster's edge gateway is, empty if that is not known yet."""
    place = tuple(str(variables.get(name) or "").strip() for name in PLACE)
    return place if place[-1] else ()


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"alternate_edge_gateways": alternate_edge_gateways}
