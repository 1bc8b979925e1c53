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
  - Creates, changes and deletes a NAT rule. Every setting that a tenant can change is an option. The module writes only if something differs.
  - With O(nat_rules), it does so for a list of rules in one session, and reads and waits only once.
  - Names of NAT rules are not unique. If several rules have the same name, the module fails, and you have to choose one with O(id).
  - A NAT rule takes precedence over a virtual service. The module refuses a V(DNAT) or V(REFLEXIVE) rule for an address and port that a virtual
    service serves, or that another such rule of the same O(priority) matches, even if that object is disabled. With different priorities, a warning
    says which of the two rules applies.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.several.nat_rules
  - vcd.kubernetes.state
  - vcd.kubernetes.wait
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  enabled:
    description: Whether the rule is enabled. A new rule is enabled by default.
    type: bool
  type:
    description: The type of the rule. Required to create a rule.
    type: str
    choices: [DNAT, SNAT, NO_DNAT, NO_SNAT, REFLEXIVE]
  external_addresses:
    description:
      - The external IP address or network (CIDR). Its addresses must be allocated to the edge gateway (with IP Spaces, to the organization), unless
        they are private. Other addresses are refused for V(DNAT), V(SNAT) and V(REFLEXIVE), in check mode, too.
      - Required to create a rule of any type except V(NO_SNAT). An empty string removes it.
    type: str
  internal_addresses:
    description:
      - The internal IP address or network (CIDR).
      - Required to create a rule of any type except V(NO_DNAT). An empty string removes it.
    type: str
  application_port_profile:
    description:
      - The application port profile, by name or URN, that limits the rule to its port. It must have at most one port.
      - For V(DNAT), it is the port on the internal side. Not allowed for V(REFLEXIVE).
      - An empty string removes it, so that the rule matches any traffic.
    type: str
  dnat_external_port:
    description:
      - The external port of a V(DNAT) rule, or a port range such as V(8000-8010).
      - V(ANY) or an empty string means any port.
    type: str
  snat_destination_addresses:
    description: The destination address or network that a V(SNAT) rule is limited to. An empty string means any destination.
    type: str
  firewall_match:
    description: Which address the firewall matches, or V(BYPASS) to skip the firewall. The default of a new rule is V(MATCH_INTERNAL_ADDRESS).
    type: str
    choices: [MATCH_INTERNAL_ADDRESS, MATCH_EXTERNAL_ADDRESS, BYPASS]
  priority:
    description: If several rules match, the one with the lowest number applies, 0 to 2147481599. The default of a new rule is V(0).
    type: int
  logging:
    description:
      - Whether to log matches.
      - Cloud Director silently ignores it if the user lacks the right to configure system logging. The module then shows a warning.
    type: bool
  applied_to:
    description:
      - The network (connected as a service interface) or segment-backed uplink that the rule is limited to, by name or URN.
      - Requires API version 36.2 (Cloud Director 10.3.2) or newer. An empty string removes it.
    type: str
notes:
  - A NAT rule has no status of its own. With O(wait=true), the module waits until its edge gateway is realized.
  - Cloud Director accepts one change at a time on an edge gateway. If it is busy, the module retries until O(timeout).
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
    application_port_profile: HTTP

- name: Publish three ports with one task, and remove the rule that is no longer needed
  vcd.kubernetes.vcd_nat_rule:
    edge_gateway: acme-edge
    type: DNAT
    external_addresses: 203.0.113.57
    nat_rules:
      - name: dnat-old
        state: absent
      - name: dnat-shop-http
        dnat_external_port: "80"
        internal_addresses: 192.168.8.3
        application_port_profile: HTTP
      - name: dnat-shop-https
        dnat_external_port: "443"
        internal_addresses: 192.168.8.3
        application_port_profile: HTTPS
      - name: dnat-mail
        dnat_external_port: "25"
        internal_addresses: 192.168.8.4
        application_port_profile: SMTP

- name: Find the rules with this name
  vcd.kubernetes.vcd_nat_rule_info:
    edge_gateway: acme-edge
    name: dnat-web-http
  register: rules

- name: Delete all of them except the first
  vcd.kubernetes.vcd_nat_rule:
    edge_gateway: acme-edge
    id: "{{ item.id }}"
    state: absent
  loop: "{{ rules.nat_rules[1:] }}"

- name: Delete the rule
  vcd.kubernetes.vcd_nat_rule:
    edge_gateway: acme-edge
    name: dnat-web-http
    state: absent
"""

RETURN = r"""
nat_rule:
  description: The rule after the run or, in check mode, as predicted. Null when it does not exist.
  returned: success, without O(nat_rules)
  type: dict
  contains: &rule
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
nat_rules:
  description: The rules of the list, in its order, each as C(nat_rule). Null for one that does not exist.
  returned: success, with O(nat_rules)
  type: list
  elements: dict
  contains: *rule
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.manager import NatRules
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, STATE, WAIT
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.several import Several

OBJECTS = Several(
    "nat_rules",
    NatRules,
    STATE
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
    ),
)
SPEC = CONNECTION | EDGE_GATEWAY | WAIT | OBJECTS.spec


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the rule, or each of the list, to the wanted state."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    change, result = OBJECTS.ensure(api, gateway, params, check_mode)
    return Outcome(change.changed, result, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(OBJECTS.check), perform, LIBRARIES)


if __name__ == "__main__":
    main()
