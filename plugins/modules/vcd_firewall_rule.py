#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_firewall_rule
short_description: Manage single firewall rules of an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Creates, changes, moves and deletes one firewall rule. All other rules and their order stay as they are, so that several teams can share
    an edge gateway. The module writes only if something differs.
  - Cloud Director creates and moves a rule only with the whole list. The module reads the list right before it writes it, and again after
    that. If another client has overwritten the change, it is made again, up to three times. If another client has changed other rules
    in between, the module shows a warning that names them.
  - Names of firewall rules are not unique. If several rules have the same name, the module fails, and you have to choose one with O(id).
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.state
  - vcd.kubernetes.wait
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  before:
    description:
      - Another rule, by name or id, that this one has to come before. The first rule that matches applies.
      - If this rule already comes before that one, it stays where it is, even with other rules in between. Otherwise it is placed directly before that rule.
    type: str
  after:
    description: The same for a rule that this one has to come after.
    type: str
  position:
    description:
      - Whether the rule has to be the V(first) or the V(last) of the rules that a tenant can change. System rules come before them, and default rules
        after them.
      - Without O(before), O(after) and O(position), a new rule comes last, and an existing rule stays where it is.
    type: str
    choices: [first, last]
  action:
    description: What happens to the traffic that matches. V(REJECT) notifies the sender, V(DROP) does not. Required to create a rule.
    type: str
    choices: [ALLOW, DROP, REJECT]
  direction:
    description: The direction of the traffic. The default of a new rule is V(IN_OUT).
    type: str
    choices: [IN, OUT, IN_OUT]
  ip_protocol:
    description: The IP protocol. The default of a new rule is V(IPV4_IPV6).
    type: str
    choices: [IPV4, IPV6, IPV4_IPV6]
  enabled:
    description: Whether the rule is enabled. A new rule is enabled by default.
    type: bool
  logging:
    description:
      - Whether to log matches.
      - Cloud Director silently ignores it if the user lacks the right to configure system logging. The module then shows a warning.
    type: bool
  sources:
    description: IP sets and security groups, by name or URN. An empty list means any source.
    type: list
    elements: str
  destinations:
    description:
      - IP sets and security groups, by name or URN. An empty list means any destination.
      - Behind a DNAT rule, the firewall matches the internal address, unless O(vcd.kubernetes.vcd_nat_rule#module:firewall_match) says otherwise.
    type: list
    elements: str
  app_port_profiles:
    description: Application port profiles, by name or URN. An empty list means any traffic.
    type: list
    elements: str
  comments:
    description: Comments, up to 2048 characters. Requires API version 36.2 (Cloud Director 10.3.2) or newer.
    type: str
notes:
  - A firewall rule has no status of its own. With O(wait=true), the module waits until its edge gateway is realized.
  - Cloud Director accepts one change at a time on an edge gateway. If it is busy, the module retries until O(timeout).
seealso:
  - module: vcd.kubernetes.vcd_firewall_rule_info
  - module: vcd.kubernetes.vcd_app_port_profile
  - module: vcd.kubernetes.vcd_nat_rule
"""

EXAMPLES = r"""
- name: Allow HTTP to the web servers
  vcd.kubernetes.vcd_firewall_rule:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    name: allow-http
    action: ALLOW
    destinations: [workers]
    app_port_profiles: [HTTP]

- name: Allow SSH to them, before the rule above
  vcd.kubernetes.vcd_firewall_rule:
    edge_gateway: acme-edge
    name: allow-ssh
    action: ALLOW
    direction: IN
    destinations: [workers]
    app_port_profiles: [SSH]
    before: allow-http

- name: Delete the rule
  vcd.kubernetes.vcd_firewall_rule:
    edge_gateway: acme-edge
    name: allow-ssh
    state: absent
"""

RETURN = r"""
firewall_rule:
  description: The rule after the run or, in check mode, as predicted. Null when it does not exist.
  returned: success
  type: dict
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

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_rule import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_rule.manager import FirewallRules
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
            "before": {"type": "str"},
            "after": {"type": "str"},
            "position": {"type": "str", "choices": ["first", "last"]},
            "action": {"type": "str", "choices": ["ALLOW", "DROP", "REJECT"]},
            "direction": {"type": "str", "choices": ["IN", "OUT", "IN_OUT"]},
            "ip_protocol": {"type": "str", "choices": ["IPV4", "IPV6", "IPV4_IPV6"]},
            "enabled": {"type": "bool"},
            "logging": {"type": "bool"},
            "sources": {"type": "list", "elements": "str"},
            "destinations": {"type": "list", "elements": "str"},
            "app_port_profiles": {"type": "list", "elements": "str"},
            "comments": {"type": "str"},
        },
        mutually_exclusive=[("before", "after", "position")],
    )
)


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the rule to the wanted state."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    change = FirewallRules(api, gateway, params, check_mode).ensure()
    return Outcome(change.changed, {"firewall_rule": change.after}, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(resource.from_options), perform, LIBRARIES)


if __name__ == "__main__":
    main()
