#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_pool_info
short_description: Gather facts about NSX ALB pools of an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the pools of an edge gateway with their members. This takes one request for each pool.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.info
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
seealso:
  - module: vcd.kubernetes.vcd_pool
  - module: vcd.kubernetes.vcd_edge_gateway_info
"""

EXAMPLES = r"""
- name: Read one pool
  vcd.kubernetes.vcd_pool_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    name: web-http

- name: List the unused pools
  vcd.kubernetes.vcd_pool_info:
    edge_gateway: acme-edge
    query: "[?virtual_services==`[]`].name"
"""

RETURN = r"""
pools:
  description: The pools, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The URN.
      type: str
    name:
      description: The name, unique on the edge gateway.
      type: str
    description:
      description: The description.
      type: str
    enabled:
      description: Whether it is enabled.
      type: bool
    edge_gateway:
      description: The edge gateway, with C(id) and C(name).
      type: dict
    algorithm:
      description: The load balancing algorithm, for example V(LEAST_CONNECTIONS).
      type: str
    default_port:
      description: The port of members without their own port.
      type: int
    graceful_timeout_period:
      description: Minutes for which existing connections continue when a member is disabled. V(-1) is indefinitely.
      type: int
    passive_monitoring_enabled:
      description: Whether the health of members is derived from the traffic that they handle.
      type: bool
    health_monitors:
      description: The types of the active health monitors.
      type: list
      elements: str
    persistence_profile:
      description: How clients are kept on the same member, with C(type) and C(value), or null.
      type: dict
    members:
      description: The members, sorted by address.
      type: list
      elements: dict
      contains:
        ip_address:
          description: The address.
          type: str
        port:
          description: The port, or null for the port of the client's connection.
          type: int
        ratio:
          description: The weight.
          type: int
        enabled:
          description: Whether it is enabled.
          type: bool
        health_status:
          description: V(UP), V(DOWN), V(DISABLED) or V(UNKNOWN).
          type: str
    member_group:
      description: The IP set or security group that contains the members, with C(id) and C(name), or null.
      type: dict
    ssl_enabled:
      description: Whether TLS is used to the members.
      type: bool
    ca_certificates:
      description: The CA certificates for verifying the members' certificates, each with C(id) and C(name).
      type: list
      elements: dict
    common_name_check_enabled:
      description: Whether the common name of a member's certificate is checked.
      type: bool
    domain_names:
      description: The accepted common names.
      type: list
      elements: str
    virtual_services:
      description: The virtual services that use the pool, each with C(id) and C(name).
      type: list
      elements: dict
    status:
      description: The realization status, for example V(REALIZED).
      type: str
    health_status:
      description: V(UP), V(RUNNING), V(DOWN), V(DISABLED), V(UNAVAILABLE) or V(UNKNOWN).
      type: str
    health_message:
      description: Cloud Director's message about the health.
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.calls import PATH, describe, list_summaries
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, Body, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, INFO
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = CONNECTION | EDGE_GATEWAY | INFO


def gather(api: Api, gateway: Body, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The pools of an edge gateway that match the filter options."""
    rows = list_summaries(api, gateway)
    for key in ("name", "id"):
        rows = [row for row in rows if params[key] in (None, row[key])]
    bodies = [api.get_or_none(f"{PATH}/{row['id']}", describe(gateway, row["name"])) for row in rows]
    return [to_result(body) for body in bodies if body]


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching pools."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    found = gather(api, gateway, params)
    return Outcome(result={"pools": run_query(compile_query(params["query"]), params["query"], found)})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(lambda params: compile_query(params["query"])), perform, LIBRARIES)


if __name__ == "__main__":
    main()
