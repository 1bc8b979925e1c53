#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_dynamic_security_group_info
short_description: Gather facts about dynamic security groups of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the dynamic security groups of the VDC group that owns an edge gateway, with their criteria.
  - The list of the API has no criteria, so this takes a request for each group.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.info
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
seealso:
  - module: vcd.kubernetes.vcd_dynamic_security_group
"""

EXAMPLES = r"""
- name: List the dynamic security groups
  vcd.kubernetes.vcd_dynamic_security_group_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: group-edge

- name: List their names and criteria
  vcd.kubernetes.vcd_dynamic_security_group_info:
    edge_gateway: group-edge
    query: "[].[name, criteria]"
"""

RETURN = r"""
dynamic_security_groups:
  description: The dynamic security groups, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The URN.
      type: str
    name:
      description: The name. Unique in the VDC group.
      type: str
    description:
      description: The description.
      type: str
    criteria:
      description: The criteria, sorted, each with its rules. Tags are in lower case.
      type: list
      elements: dict
      sample: [{rules: [{type: VM_TAG, operator: EQUALS, value: worker}]}]
    owner:
      description: The VDC group, with C(id) and C(name).
      type: dict
    status:
      description: V(REALIZED) when it is in effect.
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.dynamic_security_group.calls import GROUPS
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.dynamic_security_group.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, INFO
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = CONNECTION | EDGE_GATEWAY | INFO


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching dynamic security groups."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    found = [to_result(body) for body in GROUPS.read_all(api, gateway, params["name"], params["id"])]
    return Outcome(
        result={"dynamic_security_groups": run_query(compile_query(params["query"]), params["query"], found)}
    )


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(lambda params: compile_query(params["query"])), perform, LIBRARIES)


if __name__ == "__main__":
    main()
