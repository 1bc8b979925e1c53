#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_ip_allocation
short_description: Manage addresses from IP Spaces of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Allocates a floating IP from an IP Space (a given one or any), marks it as used, describes it, and releases it. The module writes only if something differs.
  - A later run finds an address again by its description.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  state:
    description:
      - Whether the organization should have the address.
      - With V(absent), it is released. The module refuses that while an object uses it, and names that object.
    type: str
    choices: [present, absent]
    default: present
  ip_space:
    description: The IP Space, by name or URN.
    type: str
    required: true
  value:
    description:
      - The address. Without it, the module uses the address with this O(description) or, if no address has it, any address that the IP Space gives.
      - Allocating a given address requires API version 37.2 (Cloud Director 10.4.2) or newer.
    type: str
    aliases: [ip_address]
  description:
    description:
      - A description. It marks the address as used (V(USED_MANUAL)), so that no other user considers it free.
      - At least one of O(value) and O(description) is required.
    type: str
  usage_state:
    description:
      - Whether the address is marked as used. The default is V(USED_MANUAL) with a O(description), and otherwise no change.
      - V(UNUSED) removes the mark and the description. An object that uses the address keeps it.
    type: str
    choices: [UNUSED, USED_MANUAL]
notes:
  - Before its first write, and in check mode, too, the module reads the rights of its user, and fails if the user lacks one that the write needs.
    C(docs/rights-vcd.md) of the collection lists them, and has a role to import.
  - If the IP Space shows that the quota of the organization is used up, the module says so before it asks for an address, in check mode, too.
  - Requires API version 37.1 (Cloud Director 10.4.1) or newer. A user of the provider cannot allocate addresses. Log in to the organization.
seealso:
  - module: vcd.kubernetes.vcd_ip_allocation_info
  - module: vcd.kubernetes.vcd_nat_rule
"""

EXAMPLES = r"""
- name: Allocate an address for a service, unless it already has one
  vcd.kubernetes.vcd_ip_allocation:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    ip_space: public
    description: web of the shop
  register: taken

- name: Release it
  vcd.kubernetes.vcd_ip_allocation:
    ip_space: public
    value: "{{ taken.ip_allocation.value }}"
    state: absent
"""

RETURN = r"""
ip_allocation:
  description: The address after the run or, in check mode, as predicted. Null when the organization does not have it.
  returned: success
  type: dict
  contains:
    id:
      description: The URN of the allocation.
      type: str
    ip_space:
      description: The IP Space, with C(id) and C(name).
      type: dict
    value:
      description: The address. Null in check mode, if it is not known which one the IP Space would give.
      type: str
      sample: 203.0.113.10
    usage_state:
      description: V(UNUSED), V(USED) where an object uses it, or V(USED_MANUAL) where it is marked as used.
      type: str
    description:
      description: The description.
      type: str
    used_by:
      description: The edge gateway whose objects use it, with C(id) and C(name). Null if none does.
      type: dict
    usage_categories:
      description: What uses it, for example V(DNAT) or V(LOAD_BALANCER).
      type: list
      elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_space import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_space.manager import Allocations
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION

SPEC = CONNECTION | ArgumentSpec(
    {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "ip_space": {"type": "str", "required": True},
        "value": {"type": "str", "aliases": ["ip_address"]},
        "description": {"type": "str"},
        "usage_state": {"type": "str", "choices": [resource.UNUSED, resource.USED_MANUAL]},
    },
    required_one_of=[("value", "description")],
)


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the address to the wanted state."""
    change = Allocations(api, params, check_mode).ensure()
    return Outcome(change.changed, {"ip_allocation": change.after}, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(resource.from_options), perform, LIBRARIES)


if __name__ == "__main__":
    main()
