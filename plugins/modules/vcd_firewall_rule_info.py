#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_firewall_rule_info
short_description: Gather facts about firewall rules of an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the firewall rules of an edge gateway that a tenant can change, in the order in which they apply.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.info
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
seealso:
  - module: vcd.kubernetes.vcd_firewall_rule
  - module: vcd.kubernetes.vcd_edge_gateway_info
"""

EXAMPLES = r"""
- name: List the firewall rules
  vcd.kubernetes.vcd_firewall_rule_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge

- name: List the names of the rules that allow traffic
  vcd.kubernetes.vcd_firewall_rule_info:
    edge_gateway: acme-edge
    query: "[?action=='ALLOW'].name"
"""

RETURN = r"""
firewall_rules:
  description: The firewall rules, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id.
      type: str
    name:
      description: The name. Not necessarily unique.
      type: str
    position:
      description: Its place among the rules that a tenant can change, counted from 1. The first rule that matches applies.
      type: int
    description:
      description: The description.
      type: str
    comments:
      description: The comments.
      type: str
    enabled:
      description: Whether the rule is enabled.
      type: bool
    action:
      description: V(ALLOW), V(DROP) or V(REJECT).
      type: str
    direction:
      description: V(IN), V(OUT) or V(IN_OUT).
      type: str
    ip_protocol:
      description: V(IPV4), V(IPV6) or V(IPV4_IPV6).
      type: str
    logging:
      description: Whether matches are logged. Always V(false) for users without the right to see it.
      type: bool
    sources:
      description: IP sets and security groups, each with C(id) and C(name). Empty for any source.
      type: list
      elements: dict
    destinations:
      description: IP sets and security groups, each with C(id) and C(name). Empty for any destination.
      type: list
      elements: dict
    app_port_profiles:
      description: Application port profiles, each with C(id) and C(name). Empty for any traffic.
      type: list
      elements: dict
    version:
      description: A number that the server increments with every change.
      type: int
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_rule.calls import read_list, rows
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_rule.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, Body, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, INFO
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = CONNECTION | EDGE_GATEWAY | INFO


def gather(api: Api, gateway: Body, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The firewall rules of an edge gateway that match the filter options."""
    wanted = {key: params[key] for key in ("name", "id") if params[key] is not None}
    found = [{**to_result(rule), "position": number} for number, rule in enumerate(rows(read_list(api, gateway)), 1)]
    return [one for one in found if all(one[key] == value for key, value in wanted.items())]


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching rules."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    found = gather(api, gateway, params)
    return Outcome(result={"firewall_rules": run_query(compile_query(params["query"]), params["query"], found)})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(lambda params: compile_query(params["query"])), perform, LIBRARIES)


if __name__ == "__main__":
    main()
