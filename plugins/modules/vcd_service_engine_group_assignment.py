#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_service_engine_group_assignment
short_description: Manage the service engine groups that are assigned to an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Assigns a service engine group to an edge gateway, changes its limits, and removes it. The module writes only if something differs.
  - Only the provider may do this. For a tenant, the module fails with one line that says so, and
    M(vcd.kubernetes.vcd_service_engine_group_assignment_info) shows the groups.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  state:
    description:
      - Whether the edge gateway should have the group.
      - A group cannot be removed while it has virtual services. The module names them.
    type: str
    choices: [present, absent]
    default: present
  service_engine_group:
    description: The service engine group, by name or URN.
    type: str
    required: true
  max_virtual_services:
    description: How many virtual services the edge gateway may have in the group. Required to assign a shared group; a dedicated one has none.
    type: int
  reserved_virtual_services:
    description: How many of them are reserved for it. Required to assign a shared group; a dedicated one has none.
    type: int
notes:
  - Before its first write, and in check mode, too, the module reads the rights of its user, and fails if the user lacks one that the write needs.
    C(docs/rights-vcd.md) of the collection lists them, and has a role to import.
  - Cloud Director accepts one change at a time on an edge gateway. If it is busy, the module retries until O(timeout).
seealso:
  - module: vcd.kubernetes.vcd_service_engine_group_assignment_info
  - module: vcd.kubernetes.vcd_edge_load_balancer
  - module: vcd.kubernetes.vcd_virtual_service
"""

EXAMPLES = r"""
- name: Give a tenant's edge gateway a dedicated service engine group
  vcd.kubernetes.vcd_service_engine_group_assignment:
    url: https://vcd.example.com
    org: System
    user: administrator
    password: "{{ vault_vcd_provider_password }}"
    edge_gateway: acme-edge
    vdc: acme-vdc
    service_engine_group: seg-dedicated

- name: Allow more virtual services in a shared group
  vcd.kubernetes.vcd_service_engine_group_assignment:
    org: System
    user: administrator
    password: "{{ vault_vcd_provider_password }}"
    edge_gateway: acme-edge
    vdc: acme-vdc
    service_engine_group: seg-shared
    max_virtual_services: 40

- name: Remove the dedicated group
  vcd.kubernetes.vcd_service_engine_group_assignment:
    org: System
    user: administrator
    password: "{{ vault_vcd_provider_password }}"
    edge_gateway: acme-edge
    vdc: acme-vdc
    service_engine_group: seg-dedicated
    state: absent
"""

RETURN = r"""
service_engine_group_assignment:
  description: The assignment after the run or, in check mode, as predicted. Null when the edge gateway does not have the group.
  returned: success
  type: dict
  contains:
    id:
      description: The URN of the assignment.
      type: str
    service_engine_group:
      description: The service engine group, with C(id) and C(name).
      type: dict
    edge_gateway:
      description: The edge gateway, with C(id) and C(name).
      type: dict
    max_virtual_services:
      description: How many virtual services the edge gateway may have in the group. Null for a dedicated group.
      type: int
    reserved_virtual_services:
      description: How many of them are reserved for it. Null for a dedicated group.
      type: int
    deployed_virtual_services:
      description: How many virtual services the edge gateway has in the group.
      type: int
    feature_set:
      description: V(STANDARD) or V(PREMIUM).
      type: str
    ha_mode:
      description: The mode of high availability. Virtual services that preserve the client IP need V(LEGACY_ACTIVE_STANDBY).
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.service_engine_group_assignment import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.service_engine_group_assignment.manager import (
    Assignments,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY

SPEC = (
    CONNECTION
    | EDGE_GATEWAY
    | ArgumentSpec(
        {
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "service_engine_group": {"type": "str", "required": True},
            "max_virtual_services": {"type": "int"},
            "reserved_virtual_services": {"type": "int"},
        }
    )
)


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the assignment to the wanted state."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    change = Assignments(api, gateway, params, check_mode).ensure()
    result = {"service_engine_group_assignment": change.after}
    return Outcome(change.changed, result, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(resource.from_options), perform, LIBRARIES)


if __name__ == "__main__":
    main()
