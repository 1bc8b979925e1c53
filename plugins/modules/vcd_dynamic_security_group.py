#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_dynamic_security_group
short_description: Manage dynamic security groups of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Creates, changes and deletes a dynamic security group, which firewall rules and pools refer to. The module writes only if something differs.
  - Virtual machines belong to it by their names and security tags. So it needs no change when machines come and go.
  - It belongs to the VDC group that owns the edge gateway. An edge gateway that a VDC owns has no such groups.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.state
  - vcd.kubernetes.wait
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  criteria:
    description:
      - All criteria, at most three, in any order. A virtual machine belongs to the group if it meets one of them.
      - Without it, a new group is empty, and an existing group keeps its criteria. An empty list removes all.
    type: list
    elements: dict
    suboptions:
      rules:
        description: The rules of this criterion, one to four, in any order. A virtual machine must match all of them.
        type: list
        elements: dict
        required: true
        suboptions:
          type:
            description: What is compared, the name of a virtual machine or its security tags.
            type: str
            choices: [VM_TAG, VM_NAME]
            required: true
          operator:
            description: How it is compared. A name allows V(CONTAINS) and V(STARTS_WITH) only.
            type: str
            choices: [EQUALS, CONTAINS, STARTS_WITH, ENDS_WITH]
            required: true
          value:
            description: The text to compare with. For V(VM_TAG), it is converted to lower case, because Cloud Director keeps tags in lower case.
            type: str
            required: true
notes:
  - Cloud Director refuses to delete a group while a firewall rule or a pool refers to it, and for a while after that. The module names the rules and
    pools of the edge gateway that use it. If it finds none, it retries for two minutes, or for O(wait_timeout) if that is shorter. With
    O(wait=false), it does not retry.
  - Cloud Director accepts one change at a time on an edge gateway. If it is busy, the module retries until O(timeout).
seealso:
  - module: vcd.kubernetes.vcd_dynamic_security_group_info
  - module: vcd.kubernetes.vcd_firewall_rule
  - module: vcd.kubernetes.vcd_pool
"""

EXAMPLES = r"""
- name: The workers of a cluster, by their tag, or by their names
  vcd.kubernetes.vcd_dynamic_security_group:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: group-edge
    name: workers
    criteria:
      - rules:
          - {type: VM_TAG, operator: EQUALS, value: acme-worker}
      - rules:
          - {type: VM_NAME, operator: STARTS_WITH, value: acme-worker-}

- name: Delete it
  vcd.kubernetes.vcd_dynamic_security_group:
    edge_gateway: group-edge
    name: workers
    state: absent
"""

RETURN = r"""
dynamic_security_group:
  description: The dynamic security group after the run or, in check mode, as predicted. Null when it does not exist.
  returned: success
  type: dict
  contains:
    id:
      description: The URN.
      type: str
    name:
      description: The name. Unique in the VDC group.
      type: str
    description:
      description: The description.
      type: str
    criteria:
      description: The criteria, sorted, each with its rules. Tags are in lower case.
      type: list
      elements: dict
      sample: [{rules: [{type: VM_TAG, operator: EQUALS, value: worker}]}]
    owner:
      description: The VDC group, with C(id) and C(name).
      type: dict
    status:
      description: V(REALIZED) when it is in effect.
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.dynamic_security_group import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.dynamic_security_group.manager import (
    DynamicSecurityGroups,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, STATE, WAIT

RULE = {
    "type": {"type": "str", "required": True, "choices": [resource.TAG, resource.NAME]},
    "operator": {"type": "str", "required": True, "choices": list(resource.OPERATORS[resource.TAG])},
    "value": {"type": "str", "required": True},
}
CRITERION = {"rules": {"type": "list", "elements": "dict", "required": True, "options": RULE}}
SPEC = (
    CONNECTION
    | EDGE_GATEWAY
    | STATE
    | WAIT
    | ArgumentSpec({"criteria": {"type": "list", "elements": "dict", "options": CRITERION}})
)


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the dynamic security group to the wanted state."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    change = DynamicSecurityGroups(api, gateway, params, check_mode).ensure()
    return Outcome(
        change.changed, {"dynamic_security_group": change.after}, change.before, change.after, change.warnings
    )


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(resource.from_options), perform, LIBRARIES)


if __name__ == "__main__":
    main()
