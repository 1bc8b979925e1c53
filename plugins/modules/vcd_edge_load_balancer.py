#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_edge_load_balancer
short_description: Manage the load balancer settings of an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Enables the load balancer of an edge gateway, and changes its settings. The module writes only if something differs.
  - Only the provider may do this. For a tenant, the module fails with one line that says so, and
    M(vcd.kubernetes.vcd_edge_load_balancer_info) shows the settings.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.wait
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  enabled:
    description:
      - Whether the load balancer is enabled. A disabled load balancer loses all its settings.
      - It cannot be disabled while the edge gateway has virtual services or pools. The module names them.
    type: bool
    default: true
    aliases: [is_active]
  feature_set:
    description:
      - The features that the provider licenses for this edge gateway. Cloud Director's default is V(STANDARD).
      - Requires API version 37.0 (Cloud Director 10.4) or newer.
    type: str
    choices: [STANDARD, PREMIUM]
    aliases: [supported_feature_set]
  transparent_mode:
    description:
      - Whether virtual services may preserve the IP addresses of their clients.
      - It cannot be disabled while a virtual service does that. The module names them.
      - Requires API version 37.1 (Cloud Director 10.4.1) or newer.
    type: bool
    aliases: [is_transparent_mode_enabled]
  service_network:
    description:
      - The gateway of the IPv4 network of the service engines, with its prefix length. Cloud Director's default is V(192.168.255.1/25).
      - It cannot be changed while the load balancer is enabled.
    type: str
    aliases: [service_network_specification]
  ipv6_service_network:
    description:
      - The same for IPv6.
      - Requires API version 37.0 (Cloud Director 10.4) or newer.
    type: str
    aliases: [ipv6_service_network_specification]
  cloud:
    description:
      - The load balancer cloud, by name or URN. By default, Cloud Director chooses the cloud of the edge gateway's network pool.
      - It cannot be changed while the load balancer is enabled.
      - Requires API version 39.0 (Cloud Director 10.6) or newer.
    type: str
notes:
  - Before its first write, and in check mode, too, the module reads the rights of its user, and fails if the user lacks one that the write needs.
    C(docs/rights-vcd.md) of the collection lists them, and has a role to import.
  - Cloud Director accepts one change at a time on an edge gateway. If it is busy, the module retries until O(timeout).
seealso:
  - module: vcd.kubernetes.vcd_edge_load_balancer_info
  - module: vcd.kubernetes.vcd_virtual_service
"""

EXAMPLES = r"""
- name: Enable the load balancer of a tenant's edge gateway, and let virtual services preserve the client's IP
  vcd.kubernetes.vcd_edge_load_balancer:
    url: https://vcd.example.com
    org: System
    user: administrator
    password: "{{ vault_vcd_provider_password }}"
    edge_gateway: acme-edge
    vdc: acme-vdc
    feature_set: STANDARD
    transparent_mode: true
"""

RETURN = r"""
edge_load_balancer:
  description:
    - The settings after the run or, in check mode, as predicted. In check mode, a value that Cloud Director chooses is null.
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

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_load_balancer import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_load_balancer.manager import ensure
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, WAIT

SPEC = (
    CONNECTION
    | EDGE_GATEWAY
    | WAIT
    | ArgumentSpec(
        {
            "enabled": {"type": "bool", "default": True, "aliases": ["is_active"]},
            "feature_set": {"type": "str", "choices": ["STANDARD", "PREMIUM"], "aliases": ["supported_feature_set"]},
            "transparent_mode": {"type": "bool", "aliases": ["is_transparent_mode_enabled"]},
            "service_network": {"type": "str", "aliases": ["service_network_specification"]},
            "ipv6_service_network": {"type": "str", "aliases": ["ipv6_service_network_specification"]},
            "cloud": {"type": "str"},
        }
    )
)


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the settings to the wanted ones."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    change = ensure(api, gateway, params, check_mode)
    return Outcome(change.changed, {"edge_load_balancer": change.after}, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(resource.from_options), perform, LIBRARIES)


if __name__ == "__main__":
    main()
