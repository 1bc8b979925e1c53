#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_vapp_metadata_info
short_description: Gather the metadata and the machines of vApps of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns vApps with their metadata, and with the virtual machines in them.
  - A backup of virtual machines may not contain a vApp's metadata, so it is useful to save the metadata as well.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  vapp:
    description:
      - Return only vApps with this name, or the one with this URN (V(urn:vcloud:vapp:UUID)).
      - If none exists, the list is empty.
    type: str
  vdc:
    description: Return only vApps of this VDC, given by name or URN.
    type: str
  query:
    description:
      - A JMESPath expression that selects what to return from the list, for example V([].vms[].name).
      - Requires the Python library C(jmespath).
    type: str
notes:
  - It takes two requests for each vApp.
seealso:
  - module: vcd.kubernetes.vcd_edge_gateway_info
"""

EXAMPLES = r"""
- name: Read the metadata and the machines of a cluster's vApp
  vcd.kubernetes.vcd_vapp_metadata_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    vapp: acme-vapp
    vdc: acme-vdc
  register: found

- name: List the machines of all vApps
  vcd.kubernetes.vcd_vapp_metadata_info:
    query: "[].vms[].name"
"""

RETURN = r"""
vapps:
  description: The vApps, sorted by name, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The URN.
      type: str
      sample: urn:vcloud:vapp:6d4ad9b1-5f8c-4f6c-9c0a-2f2e6d0f1a11
    name:
      description: The name.
      type: str
    description:
      description: The description.
      type: str
    status:
      description: The state, such as V(POWERED_ON) or V(MIXED); a number if this collection does not know its name.
      type: str
    vdc:
      description: The VDC, with C(id) and C(name).
      type: dict
    vms:
      description: The virtual machines.
      type: list
      elements: dict
      contains:
        id:
          description: The URN.
          type: str
        name:
          description: The name.
          type: str
        status:
          description: The state, such as V(POWERED_ON).
          type: str
        networks:
          description: Its connections, each with C(network), C(ip_address) and C(mac).
          type: list
          elements: dict
    metadata:
      description: The entries that this user may view.
      type: list
      elements: dict
      contains:
        key:
          description: The key.
          type: str
        value:
          description: The value as text, whatever its type is.
          type: str
        type:
          description: V(string), V(number), V(boolean) or V(date_time).
          type: str
        domain:
          description: V(GENERAL) or V(SYSTEM).
          type: str
        visibility:
          description: V(READWRITE), V(READONLY) or V(PRIVATE).
          type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.vapp.calls import check_names, read_vapps
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = CONNECTION | ArgumentSpec({"vapp": {"type": "str"}, "vdc": {"type": "str"}, "query": {"type": "str"}})


def check(params: Mapping[str, Any]) -> None:
    """Check the options. Raises InvalidInput."""
    check_names(params["vapp"], params["vdc"])
    compile_query(params["query"])


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching vApps."""
    found = read_vapps(api, params["vapp"], params["vdc"])
    return Outcome(result={"vapps": run_query(compile_query(params["query"]), params["query"], found)})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(check), perform, LIBRARIES)


if __name__ == "__main__":
    main()
