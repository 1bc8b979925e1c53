#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_service_engine_group_assignment_info
short_description: Gather facts about the service engine groups of an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the service engine groups that the provider has assigned to an edge gateway.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  query:
    description:
      - A JMESPath expression that selects what to return from the list, for example V([].service_engine_group.name).
      - Requires the Python library C(jmespath).
    type: str
seealso:
  - module: vcd.kubernetes.vcd_service_engine_group_assignment
  - module: vcd.kubernetes.vcd_edge_gateway_info
"""

EXAMPLES = r"""
- name: List the service engine groups of an edge gateway in which virtual services may preserve the client's IP
  vcd.kubernetes.vcd_service_engine_group_assignment_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    query: "[?ha_mode=='LEGACY_ACTIVE_STANDBY'].service_engine_group.name"
"""

RETURN = r"""
service_engine_group_assignments:
  description: The assignments, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The URN of the assignment.
      type: str
    service_engine_group:
      description: The service engine group, with C(id) and C(name).
      type: dict
    edge_gateway:
      description: The edge gateway, with C(id) and C(name).
      type: dict
    max_virtual_services:
      description: How many virtual services the edge gateway may have in the group. Null for a dedicated group.
      type: int
    reserved_virtual_services:
      description: How many of them are reserved for it. Null for a dedicated group.
      type: int
    deployed_virtual_services:
      description: How many virtual services the edge gateway has in the group.
      type: int
    feature_set:
      description: V(STANDARD) or V(PREMIUM).
      type: str
    ha_mode:
      description: The mode of high availability. Virtual services that preserve the client IP need V(LEGACY_ACTIVE_STANDBY).
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    assignments_of,
    get_edge_gateway,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.service_engine_group_assignment.resource import (
    to_result,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = CONNECTION | EDGE_GATEWAY | ArgumentSpec({"query": {"type": "str"}})


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the assignments."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    found = [to_result(row) for row in assignments_of(api, gateway)]
    selected = run_query(compile_query(params["query"]), params["query"], found)
    return Outcome(result={"service_engine_group_assignments": selected})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(lambda params: compile_query(params["query"])), perform, LIBRARIES)


if __name__ == "__main__":
    main()
