#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_ip_set
short_description: Manage IP sets of an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Creates, changes and deletes an IP set, which firewall rules and pools refer to. The module writes only if something differs.
  - An IP set of an edge gateway that a VDC group owns belongs to the VDC group.
  - With O(ip_sets), it does so for a list of IP sets in one session.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.several.ip_sets
  - vcd.kubernetes.state
  - vcd.kubernetes.wait
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  ip_addresses:
    description:
      - All addresses of the IP set - IPv4 or IPv6 addresses, networks (CIDR) and ranges (V(10.0.0.1-10.0.0.9)), in any order.
      - Without it, a new IP set is empty, and an existing IP set keeps its addresses.
    type: list
    elements: str
notes:
  - Cloud Director refuses to delete an IP set while a firewall rule or a pool refers to it, and for a while after that. The module names the rules
    and pools of the edge gateway that use it. If it finds none, it retries for two minutes, or for O(wait_timeout) if that is shorter. With
    O(wait=false), it does not retry.
  - Cloud Director accepts one change at a time on an edge gateway. If it is busy, the module retries until O(timeout).
seealso:
  - module: vcd.kubernetes.vcd_ip_set_info
  - module: vcd.kubernetes.vcd_firewall_rule
  - module: vcd.kubernetes.vcd_pool
"""

EXAMPLES = r"""
- name: Name the addresses of the office
  vcd.kubernetes.vcd_ip_set:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    name: office
    ip_addresses: [198.51.100.0/24, 198.51.101.10-198.51.101.20]

- name: Name the addresses of several offices with one task
  vcd.kubernetes.vcd_ip_set:
    edge_gateway: acme-edge
    ip_sets:
      - name: office-berlin
        ip_addresses: [198.51.100.0/25]
      - name: office-paris
        ip_addresses: [198.51.100.128/25]

- name: Delete it
  vcd.kubernetes.vcd_ip_set:
    edge_gateway: acme-edge
    name: office
    state: absent
"""

RETURN = r"""
ip_set:
  description: The IP set after the run or, in check mode, as predicted. Null when it does not exist.
  returned: success, without O(ip_sets)
  type: dict
  contains: &set
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
ip_sets:
  description: The IP sets of the list, in its order, each as C(ip_set). Null for one that does not exist.
  returned: success, with O(ip_sets)
  type: list
  elements: dict
  contains: *set
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_set.manager import IpSets
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, STATE, WAIT
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.several import Several

OBJECTS = Several(
    "ip_sets",
    IpSets,
    STATE | ArgumentSpec({"ip_addresses": {"type": "list", "elements": "str"}}),
)
SPEC = CONNECTION | EDGE_GATEWAY | WAIT | OBJECTS.spec


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the IP set, or each of the list, to the wanted state."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    change, result = OBJECTS.ensure(api, gateway, params, check_mode)
    return Outcome(change.changed, result, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(OBJECTS.check), perform, LIBRARIES)


if __name__ == "__main__":
    main()
