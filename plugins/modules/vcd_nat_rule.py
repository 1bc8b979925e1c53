#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_nat_rule
short_description: Manage NAT rules of an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Creates, changes and deletes a NAT rule. Everything that a tenant can set is an option, and only what differs is written.
  - Names of NAT rules are not unique. When several rules have the name, the module refuses to guess, and O(id) says which one is meant.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.state
  - vcd.kubernetes.wait
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  enabled:
    description: Whether the rule counts. A new one does unless told otherwise.
    type: bool
  type:
    description: What the rule does. Needed to create one.
    type: str
    choices: [DNAT, SNAT, NO_DNAT, NO_SNAT, REFLEXIVE]
  external_addresses:
    description:
      - The external IP address, or network as CIDR. Its addresses must be allotted to the edge gateway.
      - Needed to create a rule of any type but V(NO_SNAT). An empty string removes it.
    type: str
  internal_addresses:
    description:
      - The internal IP address, or network as CIDR.
      - Needed to create a rule of any type but V(NO_DNAT). An empty string removes it.
    type: str
  application_port_profile:
    description:
      - The application port profile, by name or URN, that limits the rule to its port. It must have one port at most.
      - For V(DNAT), its port is the one on the internal side. Not for V(REFLEXIVE).
      - An empty string removes it, so that the rule is for any traffic.
    type: str
  dnat_external_port:
    description:
      - The external port, or range of ports such as V(8000-8010), of a V(DNAT) rule.
      - V(ANY) or an empty string is for any port.
    type: str
  snat_destination_addresses:
    description: The destination address or network that a V(SNAT) rule is limited to. An empty string is for any.
    type: str
  firewall_match:
    description: Which address the firewall sees, or that it sees nothing. A new rule has V(MATCH_INTERNAL_ADDRESS).
    type: str
    choices: [MATCH_INTERNAL_ADDRESS, MATCH_EXTERNAL_ADDRESS, BYPASS]
  priority:
    description: When several rules fit, the one with the lowest number counts, 0 to 2147481599. A new rule has V(0).
    type: int
  logging:
    description:
      - Whether matches are logged.
      - Cloud Director ignores it without a word when the user lacks the right to configure the system logging; the module warns then.
    type: bool
  applied_to:
    description:
      - The network (connected as service interface) or segment-backed uplink that the rule is limited to, by name or URN.
      - From API version 36.2 (Cloud Director 10.3.2) on. An empty string removes it.
    type: str
notes:
  - A NAT rule has no state of its own. With O(wait=true), the module waits until its edge gateway is realized.
  - Cloud Director takes one change at a time on an edge gateway. When it is busy, the module tries again until O(timeout).
seealso:
  - module: vcd.kubernetes.vcd_nat_rule_info
  - module: vcd.kubernetes.vcd_app_port_profile
  - module: vcd.kubernetes.vcd_virtual_service
"""

EXAMPLES = r"""
- name: Map an external IP and port to the VIP of a virtual service
  vcd.kubernetes.vcd_nat_rule:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    name: dnat-web-http
    type: DNAT
    external_addresses: 203.0.113.10
    dnat_external_port: "80"
    internal_addresses: 192.168.8.2
    application_port_profile: appPort_dnat-web-http

- name: Remove one of two rules of the same name
  vcd.kubernetes.vcd_nat_rule:
    edge_gateway: acme-edge
    id: "{{ rules.nat_rules[1].id }}"
    state: absent
"""

RETURN = r"""
nat_rule:
  description: The object as it is or, in check mode, would be. Null when it is absent.
  returned: success
  type: dict
  contains:
    id:
      description: The id, which is not a URN.
      type: str
    name:
      description: The name, which other rules may have too.
      type: str
    description:
      description: A text for people.
      type: str
    enabled:
      description: Whether the rule counts.
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
      description: The external port or range of ports, or null for any.
      type: str
    snat_destination_addresses:
      description: The destination that a SNAT rule is limited to, or null.
      type: str
    firewall_match:
      description: V(MATCH_INTERNAL_ADDRESS), V(MATCH_EXTERNAL_ADDRESS) or V(BYPASS).
      type: str
    priority:
      description: The lower, the earlier.
      type: int
    logging:
      description: Whether matches are logged. Users without the right for it always see V(false).
      type: bool
    applied_to:
      description: The network or uplink that the rule is limited to, with C(id) and C(name), or null.
      type: dict
    version:
      description: A number that the server counts up at every change.
      type: int
    system_rule:
      description: Whether the system manages the rule.
      type: bool
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.manager import NatRules
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, STATE, WAIT

SPEC = (
    CONNECTION
    | EDGE_GATEWAY
    | STATE
    | WAIT
    | ArgumentSpec(
        {
            "enabled": {"type": "bool"},
            "type": {"type": "str", "choices": ["DNAT", "SNAT", "NO_DNAT", "NO_SNAT", "REFLEXIVE"]},
            "external_addresses": {"type": "str"},
            "internal_addresses": {"type": "str"},
            "application_port_profile": {"type": "str"},
            "dnat_external_port": {"type": "str"},
            "snat_destination_addresses": {"type": "str"},
            "firewall_match": {
                "type": "str",
                "choices": ["MATCH_INTERNAL_ADDRESS", "MATCH_EXTERNAL_ADDRESS", "BYPASS"],
            },
            "priority": {"type": "int"},
            "logging": {"type": "bool"},
            "applied_to": {"type": "str"},
        }
    )
)


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the object about."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    change = NatRules(api, gateway, params, check_mode).ensure()
    return Outcome(change.changed, {"nat_rule": change.after}, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(resource.from_options), perform, LIBRARIES)


if __name__ == "__main__":
    main()
