#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_http_policy_info
short_description: Gather facts about the HTTP policies and WAF of virtual services of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the HTTP policies of the virtual services of an edge gateway that have the application profile V(HTTP) or V(HTTPS). This takes three
    requests for each of them.
  - Requires API version 38.0 (Cloud Director 10.5.0) or newer.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  virtual_service:
    description: Return only the policies of this virtual service, given by name or URN. If it does not exist, the list is empty.
    type: str
  gather:
    description:
      - What to return in addition. V(waf) takes two more requests for each virtual service.
      - V(waf) requires API version 38.1 (Cloud Director 10.5.1) or newer.
    type: list
    elements: str
    choices: [waf]
    default: []
  query:
    description:
      - A JMESPath expression that selects what to return from the list, for example V([?security_rules].virtual_service.name).
      - Requires the Python library C(jmespath).
    type: str
notes:
  - No public source describes the paths of WAF in the API. If Cloud Director does not answer there, a warning says so, and RV(http_policies[].waf) is
    null.
seealso:
  - module: vcd.kubernetes.vcd_http_policy
  - module: vcd.kubernetes.vcd_virtual_service_info
"""

EXAMPLES = r"""
- name: Read the HTTP policies of one virtual service
  vcd.kubernetes.vcd_http_policy_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    virtual_service: web-http

- name: List the virtual services that have security rules
  vcd.kubernetes.vcd_http_policy_info:
    edge_gateway: acme-edge
    query: "[?security_rules].virtual_service.name"
"""

RETURN = r"""
http_policies:
  description: The policies, one entry for each virtual service, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    virtual_service:
      description: The virtual service, with C(id) and C(name).
      type: dict
    request_rules:
      description: The rules for requests, as in the option of M(vcd.kubernetes.vcd_http_policy), with only what is set.
      type: list
      elements: dict
    response_rules:
      description: The rules for responses, in the same form.
      type: list
      elements: dict
    security_rules:
      description: The rules for security, in the same form.
      type: list
      elements: dict
    waf:
      description: The web application firewall. Null if it cannot be read.
      returned: O(gather) has V(waf)
      type: dict
      contains:
        active:
          description: Whether it is active.
          type: bool
        mode:
          description: V(DETECTION) or V(ENFORCEMENT).
          type: str
        allowlist:
          description: What it lets pass, each with C(name) and C(active).
          type: list
          elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy.calls import find_all
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = (
    CONNECTION
    | EDGE_GATEWAY
    | ArgumentSpec(
        {
            "virtual_service": {"type": "str"},
            "gather": {"type": "list", "elements": "str", "choices": ["waf"], "default": []},
            "query": {"type": "str"},
        }
    )
)


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the policies."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    found, warnings = find_all(api, gateway, params["virtual_service"], with_waf="waf" in params["gather"])
    selected = run_query(compile_query(params["query"]), params["query"], found)
    return Outcome(result={"http_policies": selected}, warnings=tuple(warnings))


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(lambda params: compile_query(params["query"])), perform, LIBRARIES)


if __name__ == "__main__":
    main()
