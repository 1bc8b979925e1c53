#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_security_tag_info
short_description: Gather facts about security tags of virtual machines of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the security tags of the organization of the user, each with the virtual machines that have it.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  name:
    description: Return only this tag, in upper or lower case.
    type: str
  query:
    description:
      - A JMESPath expression that selects what to return from the list, for example V([].vms[].name).
      - Requires the Python library C(jmespath).
    type: str
notes:
  - It takes a request for each tag.
seealso:
  - module: vcd.kubernetes.vcd_security_tag
  - module: vcd.kubernetes.vcd_dynamic_security_group_info
"""

EXAMPLES = r"""
- name: List the security tags
  vcd.kubernetes.vcd_security_tag_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"

- name: List the names of the virtual machines with one of them
  vcd.kubernetes.vcd_security_tag_info:
    name: acme-worker
    query: "[].vms[].name"
"""

RETURN = r"""
security_tags:
  description: The security tags, or the result of O(query).
  returned: success
  type: list
  elements: dict
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
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.security_tag.calls import (
    check_tenant,
    find_all,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = CONNECTION | ArgumentSpec({"name": {"type": "str"}, "query": {"type": "str"}})


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching tags."""
    check_tenant(api)
    found = find_all(api, params["name"])
    return Outcome(result={"security_tags": run_query(compile_query(params["query"]), params["query"], found)})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(lambda params: compile_query(params["query"])), perform, LIBRARIES)


if __name__ == "__main__":
    main()
