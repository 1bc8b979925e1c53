#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_app_port_profile_info
short_description: Gather facts about application port profiles of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the application port profiles that are available on an edge gateway, including those of the system.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.info
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  scope:
    description: Return only profiles with this scope.
    type: str
    choices: [TENANT, PROVIDER, SYSTEM]
seealso:
  - module: vcd.kubernetes.vcd_app_port_profile
  - module: vcd.kubernetes.vcd_nat_rule_info
"""

EXAMPLES = r"""
- name: List the tenant's own profiles
  vcd.kubernetes.vcd_app_port_profile_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    scope: TENANT

- name: Read one profile
  vcd.kubernetes.vcd_app_port_profile_info:
    edge_gateway: acme-edge
    name: HTTPS
"""

RETURN = r"""
app_port_profiles:
  description: The application port profiles, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
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
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.calls import list_profiles
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, Body, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import equals
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, INFO
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = (
    CONNECTION
    | EDGE_GATEWAY
    | INFO
    | ArgumentSpec(
        {
            "scope": {"type": "str", "choices": ["TENANT", "PROVIDER", "SYSTEM"]},
        }
    )
)


def gather(api: Api, gateway: Body, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The profiles available on an edge gateway that match the filter options."""
    terms = [equals(key, params[key]) for key in ("name", "scope") if params[key]]
    found = [to_result(row) for row in list_profiles(api, gateway, *terms)]
    return [one for one in found if all(params[key] in (None, one[key]) for key in ("name", "id", "scope"))]


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching profiles."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    found = gather(api, gateway, params)
    return Outcome(result={"app_port_profiles": run_query(compile_query(params["query"]), params["query"], found)})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(lambda params: compile_query(params["query"])), perform, LIBRARIES)


if __name__ == "__main__":
    main()
