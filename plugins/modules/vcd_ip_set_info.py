#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_ip_set_info
short_description: Gather facts about IP sets of an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the IP sets of an edge gateway, or of the VDC group that owns it, with their addresses.
  - The list of the API has no addresses, so this takes a request for each IP set.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.info
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
seealso:
  - module: vcd.kubernetes.vcd_ip_set
"""

EXAMPLES = r"""
- name: List the IP sets
  vcd.kubernetes.vcd_ip_set_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge

- name: List their names and addresses
  vcd.kubernetes.vcd_ip_set_info:
    edge_gateway: acme-edge
    query: "[].[name, ip_addresses]"
"""

RETURN = r"""
ip_sets:
  description: The IP sets, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The URN.
      type: str
    name:
      description: The name. Unique on the edge gateway.
      type: str
    description:
      description: The description.
      type: str
    ip_addresses:
      description: The addresses, networks and ranges, sorted as text.
      type: list
      elements: str
      sample: [10.10.0.0/24, 10.20.0.1-10.20.0.9]
    owner:
      description: The edge gateway, or the VDC group that owns it, with C(id) and C(name).
      type: dict
    status:
      description: V(REALIZED) when it is in effect.
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_set.calls import GROUPS
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_set.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, INFO
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = CONNECTION | EDGE_GATEWAY | INFO


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching IP sets."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    found = [to_result(body) for body in GROUPS.read_all(api, gateway, params["name"], params["id"])]
    return Outcome(result={"ip_sets": run_query(compile_query(params["query"]), params["query"], found)})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(lambda params: compile_query(params["query"])), perform, LIBRARIES)


if __name__ == "__main__":
    main()
