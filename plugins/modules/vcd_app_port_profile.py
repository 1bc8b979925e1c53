#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_app_port_profile
short_description: Manage application port profiles of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Creates, changes and deletes an application port profile of the tenant, which NAT and firewall rules can use.
  - Its name is unique in the organization. It is available to the owner of the edge gateway, a VDC or VDC group.
  - With O(app_port_profiles), it does so for a list of profiles in one session.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.several.app_port_profiles
  - vcd.kubernetes.state
  - vcd.kubernetes.wait
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  application_ports:
    description: The protocols and ports. The list replaces the existing one. Required to create a profile.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the entry. By default, the existing name stays.
        type: str
      protocol:
        description: The protocol.
        type: str
        choices: [TCP, UDP, ICMPv4, ICMPv6]
        required: true
      destination_ports:
        description: Ports such as V(80) and ranges such as V(80-90). By default, the profile matches all ports.
        type: list
        elements: str
notes:
  - A NAT rule can use a profile only if it has one entry with at most one port or range.
seealso:
  - module: vcd.kubernetes.vcd_app_port_profile_info
  - module: vcd.kubernetes.vcd_nat_rule
"""

EXAMPLES = r"""
- name: Create a profile for a DNAT rule
  vcd.kubernetes.vcd_app_port_profile:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    name: appPort_dnat-web-http
    application_ports:
      - protocol: TCP
        destination_ports: ["80"]

- name: Create the profiles of several DNAT rules with one task
  vcd.kubernetes.vcd_app_port_profile:
    edge_gateway: acme-edge
    app_port_profiles:
      - name: appPort_dnat-shop-http
        application_ports: [{protocol: TCP, destination_ports: ["80"]}]
      - name: appPort_dnat-shop-https
        application_ports: [{protocol: TCP, destination_ports: ["443"]}]

- name: Delete the profile
  vcd.kubernetes.vcd_app_port_profile:
    edge_gateway: acme-edge
    name: appPort_dnat-web-http
    state: absent
"""

RETURN = r"""
app_port_profile:
  description: The profile after the run or, in check mode, as predicted. Null when it does not exist.
  returned: success, without O(app_port_profiles)
  type: dict
  contains: &profile
    id:
      description: The URN.
      type: str
    name:
      description: The name, unique in the organization.
      type: str
    description:
      description: The description.
      type: str
    scope:
      description: V(TENANT), V(PROVIDER) or V(SYSTEM).
      type: str
    application_ports:
      description: The protocols and ports.
      type: list
      elements: dict
      contains:
        name:
          description: The name of the entry, or null.
          type: str
        protocol:
          description: V(TCP), V(UDP), V(ICMPv4) or V(ICMPv6).
          type: str
        destination_ports:
          description: The ports and port ranges. Empty for any port.
          type: list
          elements: str
    usable_for_nat:
      description: Whether a NAT rule can use it, because it has one entry with at most one port.
      type: bool
    status:
      description: The realization status, for example V(REALIZED).
      type: str
app_port_profiles:
  description: The profiles of the list, in its order, each as C(app_port_profile). Null for one that does not exist.
  returned: success, with O(app_port_profiles)
  type: list
  elements: dict
  contains: *profile
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.manager import AppPortProfiles
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, STATE, WAIT
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.several import Several

OBJECTS = Several(
    "app_port_profiles",
    AppPortProfiles,
    STATE
    | ArgumentSpec(
        {
            "application_ports": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "name": {"type": "str"},
                    "protocol": {"type": "str", "required": True, "choices": ["TCP", "UDP", "ICMPv4", "ICMPv6"]},
                    "destination_ports": {"type": "list", "elements": "str"},
                },
            },
        }
    ),
)
SPEC = CONNECTION | EDGE_GATEWAY | WAIT | OBJECTS.spec


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the profile, or each of the list, to the wanted state."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    change, result = OBJECTS.ensure(api, gateway, params, check_mode)
    return Outcome(change.changed, result, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(OBJECTS.check), perform, LIBRARIES)


if __name__ == "__main__":
    main()
