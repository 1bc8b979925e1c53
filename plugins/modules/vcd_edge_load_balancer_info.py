#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_edge_load_balancer_info
short_description: Gather facts about the load balancer settings of an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the load balancer settings of an edge gateway. Those of many edge gateways are returned by
    M(vcd.kubernetes.vcd_edge_gateway_info) with O(vcd.kubernetes.vcd_edge_gateway_info#module:gather).
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
seealso:
  - module: vcd.kubernetes.vcd_edge_load_balancer
  - module: vcd.kubernetes.vcd_edge_gateway_info
"""

EXAMPLES = r"""
- name: See whether virtual services of an edge gateway may preserve the client's IP
  vcd.kubernetes.vcd_edge_load_balancer_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
  register: found
  failed_when: not found.edge_load_balancer.transparent_mode
"""

RETURN = r"""
edge_load_balancer:
  description: The settings.
  returned: success
  type: dict
  contains:
    enabled:
      description: Whether the load balancer is enabled.
      type: bool
    feature_set:
      description: V(STANDARD) or V(PREMIUM). Null when it is disabled.
      type: str
    transparent_mode:
      description: Whether virtual services may preserve the IP addresses of their clients.
      type: bool
    service_network:
      description: The gateway of the IPv4 network of the service engines.
      type: str
      sample: 192.168.255.1/25
    ipv6_service_network:
      description: The gateway of the IPv6 network of the service engines.
      type: str
    cloud:
      description: The load balancer cloud, with C(id) and C(name). Null for a tenant, who may not see it.
      type: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    get_edge_gateway,
    load_balancer_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_load_balancer.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY

SPEC = CONNECTION | EDGE_GATEWAY


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the settings."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    return Outcome(result={"edge_load_balancer": to_result(load_balancer_of(api, gateway))})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect, perform, LIBRARIES)


if __name__ == "__main__":
    main()
