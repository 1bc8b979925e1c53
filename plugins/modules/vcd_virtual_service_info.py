#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_virtual_service_info
short_description: Gather facts about NSX ALB virtual services of an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the virtual services of an edge gateway.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.info
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  virtual_ip_address:
    description: Return only virtual services with this VIP, IPv4 or IPv6.
    type: str
  pool:
    description: Return only the virtual services of this pool, given by name or URN.
    type: str
seealso:
  - module: vcd.kubernetes.vcd_virtual_service
  - module: vcd.kubernetes.vcd_edge_gateway_info
"""

EXAMPLES = r"""
- name: List the virtual services that share an IP
  vcd.kubernetes.vcd_virtual_service_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    virtual_ip_address: 203.0.113.10

- name: List the names of the virtual services that are down
  vcd.kubernetes.vcd_virtual_service_info:
    edge_gateway: acme-edge
    query: "[?health_status=='DOWN'].name"
"""

RETURN = r"""
virtual_services:
  description: The virtual services, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The URN.
      type: str
      sample: urn:vcloud:loadBalancerVirtualService:0f8e2f0e-3a6f-4a0b-b6a4-4b8c4e4dd6a2
    name:
      description: The name, unique on the edge gateway.
      type: str
      sample: ingress-vs-web-http
    description:
      description: The description.
      type: str
    enabled:
      description: Whether it is enabled.
      type: bool
    application_profile:
      description: V(HTTP), V(HTTPS), V(L4) or V(L4_TLS).
      type: str
    virtual_ip_address:
      description: The IPv4 VIP, or null.
      type: str
      sample: 203.0.113.10
    ipv6_virtual_ip_address:
      description: The IPv6 VIP, or null.
      type: str
    pool:
      description: The pool, with C(id) and C(name).
      type: dict
    edge_gateway:
      description: The edge gateway, with C(id) and C(name).
      type: dict
    service_engine_group:
      description: The service engine group, with C(id) and C(name).
      type: dict
    certificate:
      description: The certificate, with C(id) and C(name), or null.
      type: dict
    service_ports:
      description: The ports, in ascending order.
      type: list
      elements: dict
      contains:
        start:
          description: The first port.
          type: int
        end:
          description: The last port. For a single port, the same as the first.
          type: int
        ssl_enabled:
          description: Whether TLS is terminated on this port.
          type: bool
        type:
          description: V(TCP_PROXY), V(TCP_FAST_PATH) or V(UDP_FAST_PATH).
          type: str
    transparent_mode_enabled:
      description: Whether the client's IP is preserved.
      type: bool
    non_critical_logging_enabled:
      description: Whether requests without an error are logged, too. False before API version 38.0, which introduced it.
      type: bool
    status:
      description: The realization status, for example V(REALIZED).
      type: str
    health_status:
      description: V(UP), V(DOWN), V(DISABLED), V(UNAVAILABLE), V(PENDING) or V(UNKNOWN).
      type: str
    health_message:
      description: Cloud Director's message about the health.
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.calls import list_summaries
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, Body, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.checks import address
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import same_reference
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, INFO
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = (
    CONNECTION
    | EDGE_GATEWAY
    | INFO
    | ArgumentSpec(
        {
            "virtual_ip_address": {"type": "str"},
            "pool": {"type": "str"},
        }
    )
)


def gather(api: Api, gateway: Body, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The virtual services of an edge gateway that match the filter options."""
    found = [to_result(row) for row in list_summaries(api, gateway)]
    for key in ("name", "id"):
        found = [one for one in found if params[key] in (None, one[key])]
    if params["virtual_ip_address"]:
        vip = address("virtual_ip_address", params["virtual_ip_address"], 4, 6)
        found = [one for one in found if vip in (one["virtual_ip_address"], one["ipv6_virtual_ip_address"])]
    if params["pool"]:
        found = [one for one in found if same_reference(one["pool"], params["pool"])]
    return found


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching virtual services."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    found = gather(api, gateway, params)
    return Outcome(result={"virtual_services": run_query(compile_query(params["query"]), params["query"], found)})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(lambda params: compile_query(params["query"])), perform, LIBRARIES)


if __name__ == "__main__":
    main()
