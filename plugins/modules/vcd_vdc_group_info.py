#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_vdc_group_info
short_description: Gather facts about the VDC groups of an organization of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the VDC groups that the user may see, with the VDCs that participate in them.
  - A VDC group can own edge gateways and networks, which all its VDCs use.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.info
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  vdc:
    description: Return only the VDC groups in which this VDC participates, given by name or URN.
    type: str
seealso:
  - module: vcd.kubernetes.vcd_network_info
  - module: vcd.kubernetes.vcd_edge_gateway_info
"""

EXAMPLES = r"""
- name: Read the VDC groups in which a VDC participates
  vcd.kubernetes.vcd_vdc_group_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    vdc: acme-vdc
"""

RETURN = r"""
vdc_groups:
  description: The VDC groups, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The URN.
      type: str
    name:
      description: The name.
      type: str
    description:
      description: The description.
      type: str
    type:
      description: V(LOCAL) or V(UNIVERSAL).
      type: str
    network_provider_type:
      description: V(NSX_T) or V(NSX_V).
      type: str
    dfw_enabled:
      description: Whether the distributed firewall is enabled.
      type: bool
    vdcs:
      description: The VDCs that participate in it, each with C(id) and C(name).
      type: list
      elements: dict
    status:
      description: The status, for example V(REALIZED).
      type: str
    error_message:
      description: Why it is not realized, or null.
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.vdc_group import calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, INFO
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = CONNECTION | INFO | ArgumentSpec({"vdc": {"type": "str"}})


def check(params: Mapping[str, Any]) -> None:
    """Check the options. Raises InvalidInput."""
    calls.check(params)
    compile_query(params["query"])


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching VDC groups."""
    found = calls.find_all(api, params)
    return Outcome(result={"vdc_groups": run_query(compile_query(params["query"]), params["query"], found)})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(check), perform, LIBRARIES)


if __name__ == "__main__":
    main()
