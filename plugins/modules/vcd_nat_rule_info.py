#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_nat_rule_info
short_description: Gather facts about NAT rules of an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the NAT rules of an edge gateway, in the server's order.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.info
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  type:
    description: Return only rules with this type.
    type: str
    choices: [DNAT, SNAT, NO_DNAT, NO_SNAT, REFLEXIVE]
  external_addresses:
    description: Return only rules with this exact external address or network.
    type: str
  internal_addresses:
    description: Return only rules with this exact internal address or network.
    type: str
seealso:
  - module: vcd.kubernetes.vcd_nat_rule
  - module: vcd.kubernetes.vcd_edge_gateway_info
"""

EXAMPLES = r"""
- name: List the DNAT rules for an external IP
  vcd.kubernetes.vcd_nat_rule_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    type: DNAT
    external_addresses: 203.0.113.10

- name: List the DNAT rules with their external ports
  vcd.kubernetes.vcd_nat_rule_info:
    edge_gateway: acme-edge
    query: "[?type=='DNAT'].[name, dnat_external_port]"
"""

RETURN = r"""
nat_rules:
  description: The NAT rules, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id, which is not a URN.
      type: str
    name:
      description: The name. Not necessarily unique.
      type: str
    description:
      description: The description.
      type: str
    enabled:
      description: Whether the rule is enabled.
      type: bool
    type:
      description: V(DNAT), V(SNAT), V(NO_DNAT), V(NO_SNAT) or V(REFLEXIVE).
      type: str
    external_addresses:
      description: The external address or network.
      type: str
      sample: 203.0.113.10
    internal_addresses:
      description: The internal address or network.
      type: str
      sample: 192.168.8.2
    application_port_profile:
      description: The application port profile, with C(id) and C(name), or null for any traffic.
      type: dict
    dnat_external_port:
      description: The external port or port range, or null for any port.
      type: str
    snat_destination_addresses:
      description: The destination that a SNAT rule is limited to, or null.
      type: str
    firewall_match:
      description: V(MATCH_INTERNAL_ADDRESS), V(MATCH_EXTERNAL_ADDRESS) or V(BYPASS).
      type: str
    priority:
      description: The priority. If several rules match, the one with the lowest number applies.
      type: int
    logging:
      description: Whether matches are logged. Always V(false) for users without the right to see it.
      type: bool
    applied_to:
      description: The network or uplink that the rule is limited to, with C(id) and C(name), or null.
      type: dict
    version:
      description: A number that the server increments with every change.
      type: int
    system_rule:
      description: Whether the system manages the rule.
      type: bool
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.calls import list_rules
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, Body, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.checks import network
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, INFO
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = (
    CONNECTION
    | EDGE_GATEWAY
    | INFO
    | ArgumentSpec(
        {
            "type": {"type": "str", "choices": ["DNAT", "SNAT", "NO_DNAT", "NO_SNAT", "REFLEXIVE"]},
            "external_addresses": {"type": "str"},
            "internal_addresses": {"type": "str"},
        }
    )
)


def gather(api: Api, gateway: Body, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The NAT rules of an edge gateway that match the filter options."""
    wanted = {key: params[key] for key in ("name", "id", "type") if params[key] is not None}
    for key in ("external_addresses", "internal_addresses"):
        if params[key]:
            wanted[key] = network(key, params[key])
    found = [to_result(rule) for rule in list_rules(api, gateway)]
    return [one for one in found if all(one[key] == value for key, value in wanted.items())]


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching rules."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    found = gather(api, gateway, params)
    return Outcome(result={"nat_rules": run_query(compile_query(params["query"]), params["query"], found)})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(lambda params: compile_query(params["query"])), perform, LIBRARIES)


if __name__ == "__main__":
    main()
