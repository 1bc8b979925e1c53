#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_ip_allocation_info
short_description: Gather facts about addresses from IP Spaces of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the floating IPs that the organization of the user has from an IP Space, and how many it may have.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  ip_space:
    description: The IP Space, by name or URN.
    type: str
    required: true
  query:
    description:
      - A JMESPath expression that selects what to return from the list, for example V([?usage_state=='UNUSED'].value).
      - Requires the Python library C(jmespath).
    type: str
seealso:
  - module: vcd.kubernetes.vcd_ip_allocation
"""

EXAMPLES = r"""
- name: List the addresses of an IP Space that nothing uses
  vcd.kubernetes.vcd_ip_allocation_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    ip_space: public
    query: "[?usage_state=='UNUSED'].value"
"""

RETURN = r"""
floating_ips:
  description: How many floating IPs the organization has from the IP Space, according to the IP Space.
  returned: success
  type: dict
  contains:
    total:
      description: How many it may have. V(-1) means no limit.
      type: int
    allocated:
      description: How many it has.
      type: int
    used:
      description: How many of these are used.
      type: int
    unused:
      description: How many of these are not used.
      type: int
ip_allocations:
  description: The addresses, in ascending order, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The URN of the allocation.
      type: str
    ip_space:
      description: The IP Space, with C(id) and C(name).
      type: dict
    value:
      description: The address. Null in check mode, if it is not known which one the IP Space would give.
      type: str
      sample: 203.0.113.10
    usage_state:
      description: V(UNUSED), V(USED) where an object uses it, or V(USED_MANUAL) where it is marked as used.
      type: str
    description:
      description: The description.
      type: str
    used_by:
      description: The edge gateway whose objects use it, with C(id) and C(name). Null if none does.
      type: dict
    usage_categories:
      description: What uses it, for example V(DNAT) or V(LOAD_BALANCER).
      type: list
      elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_space import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_space.manager import read_space
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = CONNECTION | ArgumentSpec({"ip_space": {"type": "str", "required": True}, "query": {"type": "str"}})


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the addresses and the numbers."""
    space, rows = read_space(api, params["ip_space"])
    found = [resource.to_result(row, space) for row in rows]
    selected = run_query(compile_query(params["query"]), params["query"], found)
    return Outcome(result={"floating_ips": resource.counts(space), "ip_allocations": selected})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(lambda params: compile_query(params["query"])), perform, LIBRARIES)


if __name__ == "__main__":
    main()
