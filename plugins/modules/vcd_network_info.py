#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_network_info
short_description: Gather facts about the networks of an organization of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the routed and isolated networks that the user may see, with their subnets.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.info
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  vdc:
    description: Return only the networks that this VDC or VDC group owns, given by name or URN.
    type: str
  edge_gateway:
    description: Return only the networks of this edge gateway, given by name or URN.
    type: str
seealso:
  - module: vcd.kubernetes.vcd_edge_gateway_info
  - module: vcd.kubernetes.vcd_vdc_group_info
"""

EXAMPLES = r"""
- name: Read the network of a cluster
  vcd.kubernetes.vcd_network_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    name: k8s-net

- name: List the networks of an edge gateway, with their gateway addresses
  vcd.kubernetes.vcd_network_info:
    edge_gateway: acme-edge
    query: "[].{name: name, gateways: subnets[].gateway}"
"""

RETURN = r"""
networks:
  description: The networks, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The URN.
      type: str
    name:
      description: The name.
      type: str
    description:
      description: The description.
      type: str
    type:
      description: For example V(NAT_ROUTED) or V(ISOLATED).
      type: str
    owner:
      description: The VDC or VDC group that owns it, with C(id) and C(name).
      type: dict
    edge_gateway:
      description: The edge gateway that routes it, with C(id) and C(name), or null.
      type: dict
    subnets:
      description: The subnets.
      type: list
      elements: dict
      contains:
        gateway:
          description: The address of the gateway.
          type: str
        prefix_length:
          description: The length of the prefix.
          type: int
        dns_suffix:
          description: The DNS suffix, or null.
          type: str
        dns_servers:
          description: The DNS servers.
          type: list
          elements: str
        ip_ranges:
          description: The ranges from which virtual machines get addresses, such as V(10.10.0.2-10.10.0.200).
          type: list
          elements: str
    total_ip_count:
      description: How many addresses the ranges have.
      type: int
    used_ip_count:
      description: How many of them are in use.
      type: int
    status:
      description: The realization status, for example V(REALIZED).
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.network import calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, INFO
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = CONNECTION | INFO | ArgumentSpec({"vdc": {"type": "str"}, "edge_gateway": {"type": "str"}})


def check(params: Mapping[str, Any]) -> None:
    """Check the options. Raises InvalidInput."""
    calls.check(params)
    compile_query(params["query"])


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching networks."""
    found = calls.find_all(api, params)
    return Outcome(result={"networks": run_query(compile_query(params["query"]), params["query"], found)})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(check), perform, LIBRARIES)


if __name__ == "__main__":
    main()
