#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_security_tag
short_description: Manage security tags of virtual machines of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Assigns a security tag to virtual machines, and removes it from them. Dynamic security groups refer to tags. The module writes only if something
    differs.
  - A tag exists as long as a virtual machine has it. It belongs to the organization of the user.
  - The other tags of a virtual machine stay as they are.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  state:
    description:
      - Whether the virtual machines should have the tag.
      - With V(absent), it is removed from the virtual machines in O(vms) or, without O(vms), from all.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The tag, up to 128 characters. Cloud Director keeps tags in lower case.
    type: str
    required: true
  vms:
    description:
      - Virtual machines, by name or URN (V(urn:vcloud:vm:UUID)). Required with O(state=present).
      - Names of virtual machines are unique only within a vApp. If several have the same name, give a URN, or O(vdc).
    type: list
    elements: str
  vdc:
    description: The VDC of the virtual machines that O(vms) gives by name. Give the VDC by name or URN.
    type: str
  exclusive:
    description:
      - Whether the tag is removed from the virtual machines that are not in O(vms).
      - V(false) only adds the tag to those in O(vms), so that several teams can use the same tag.
    type: bool
    default: true
notes:
  - Before its first write, and in check mode, too, the module reads the rights of its user, and fails if the user lacks one that the write needs.
    C(docs/rights-vcd.md) of the collection lists them, and has a role to import.
  - The provider's organization System has no tags. Log in to the organization that has the virtual machines.
seealso:
  - module: vcd.kubernetes.vcd_security_tag_info
  - module: vcd.kubernetes.vcd_dynamic_security_group
"""

EXAMPLES = r"""
- name: Tag the workers of a cluster, and no others
  vcd.kubernetes.vcd_security_tag:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    name: acme-worker
    vms: [acme-worker-1, acme-worker-2]
    vdc: acme-vdc

- name: Tag one more
  vcd.kubernetes.vcd_security_tag:
    name: acme-worker
    vms: [acme-cp-1]
    exclusive: false

- name: Remove the tag from one
  vcd.kubernetes.vcd_security_tag:
    name: acme-worker
    vms: [acme-cp-1]
    state: absent

- name: Remove the tag from all, which deletes it
  vcd.kubernetes.vcd_security_tag:
    name: acme-worker
    state: absent
"""

RETURN = r"""
security_tag:
  description: The tag after the run or, in check mode, as predicted. Null when no virtual machine has it.
  returned: success
  type: dict
  contains:
    name:
      description: The tag, in lower case.
      type: str
    vms:
      description: The virtual machines that have it, by name, each with C(id) and C(name).
      type: list
      elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.security_tag import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.security_tag.manager import ensure
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION

SPEC = CONNECTION | ArgumentSpec(
    {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str", "required": True},
        "vms": {"type": "list", "elements": "str"},
        "vdc": {"type": "str"},
        "exclusive": {"type": "bool", "default": True},
    },
    required_if=[("state", "present", ("vms",))],
)


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the tag to the wanted state."""
    change = ensure(api, params, check_mode)
    return Outcome(change.changed, {"security_tag": change.after}, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(resource.from_options), perform, LIBRARIES)


if __name__ == "__main__":
    main()
