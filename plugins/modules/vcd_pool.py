#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_pool
short_description: Manage NSX ALB pools of an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Creates, changes and deletes a load balancer pool - the members that a virtual service sends its clients to.
  - Everything that a tenant can set is an option, and only what differs is written.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.state
  - vcd.kubernetes.wait
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  enabled:
    description: Whether the pool is enabled. A new one is unless told otherwise.
    type: bool
  algorithm:
    description:
      - How a member is chosen. A new pool has V(LEAST_CONNECTIONS).
      - All but V(LEAST_CONNECTIONS), V(ROUND_ROBIN) and V(CONSISTENT_HASH) need the feature set PREMIUM.
    type: str
    choices:
      - LEAST_CONNECTIONS
      - ROUND_ROBIN
      - CONSISTENT_HASH
      - FASTEST_RESPONSE
      - LEAST_LOAD
      - FEWEST_SERVERS
      - RANDOM
      - FEWEST_TASKS
      - CORE_AFFINITY
  default_port:
    description: The port of the members, 1 to 65535. A new pool has V(80).
    type: int
  graceful_timeout_period:
    description:
      - Minutes that connections have left when a member is disabled, V(-1) to V(7200). V(0) is none, V(-1) is for ever.
      - A new pool has V(1).
    type: int
  passive_monitoring_enabled:
    description: Whether members are watched by the traffic that they handle. In a new pool they are.
    type: bool
  health_monitors:
    description: The active health monitors. The list replaces the one that is there, an empty one removes all.
    type: list
    elements: str
    choices: [HTTP, HTTPS, TCP, UDP, PING]
  persistence_profile:
    description: How a client is kept at a member. An empty dictionary removes it.
    type: dict
    suboptions:
      type:
        description:
          - By what a client is known.
          - V(CUSTOM_HTTP_HEADER), V(APP_COOKIE) and V(TLS) need the feature set PREMIUM.
        type: str
        choices: [CLIENT_IP, HTTP_COOKIE, CUSTOM_HTTP_HEADER, APP_COOKIE, TLS]
      value:
        description: The name of the cookie or of the header, where the type needs one.
        type: str
  members:
    description:
      - The members, 100 at most. The list replaces the one that is there, an empty one removes all.
      - They take the place of a O(member_group).
    type: list
    elements: dict
    suboptions:
      ip_address:
        description: The address, IPv4 or IPv6.
        type: str
        required: true
      port:
        description: The port, if it is not O(default_port).
        type: int
      ratio:
        description: The weight, 1 to 20.
        type: int
        default: 1
      enabled:
        description: Whether the member gets clients.
        type: bool
        default: true
  member_group:
    description:
      - An IP set or security group that gives the members, by name or URN, from API version 37.1 (Cloud Director 10.4.1) on.
      - It takes the place of O(members). An empty string removes it.
    type: str
  ssl_enabled:
    description: Whether TLS is spoken with the members, from API version 37.0 (Cloud Director 10.4) on.
    type: bool
  ca_certificates:
    description:
      - Certificates of the library, by alias or URN, that the members' certificates are checked with, 100 at most.
      - The list replaces the one that is there, an empty one removes all.
    type: list
    elements: str
  common_name_check_enabled:
    description: Whether the common name of a member's certificate is checked. Needs O(ca_certificates).
    type: bool
  domain_names:
    description: The names that it is checked against, 10 at most, instead of the host that the client asked for.
    type: list
    elements: str
notes:
  - With O(wait=true), the module waits until the pool is realized. Its health is not waited for - a pool without a virtual service has none.
seealso:
  - module: vcd.kubernetes.vcd_pool_info
  - module: vcd.kubernetes.vcd_virtual_service
"""

EXAMPLES = r"""
- name: Send clients to two nodes
  vcd.kubernetes.vcd_pool:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    name: web-http
    algorithm: ROUND_ROBIN
    default_port: 30080
    health_monitors: [TCP]
    members:
      - ip_address: 10.10.0.11
        port: 30080
      - ip_address: 10.10.0.12
        port: 30080

- name: Remove it
  vcd.kubernetes.vcd_pool:
    edge_gateway: acme-edge
    name: web-http
    state: absent
"""

RETURN = r"""
pool:
  description: The object as it is or, in check mode, would be. Null when it is absent.
  returned: success
  type: dict
  contains:
    id:
      description: The URN.
      type: str
    name:
      description: The name, unique on the edge gateway.
      type: str
    description:
      description: A text for people.
      type: str
    enabled:
      description: Whether it is enabled.
      type: bool
    edge_gateway:
      description: The edge gateway, with C(id) and C(name).
      type: dict
    algorithm:
      description: How a member is chosen, such as V(LEAST_CONNECTIONS).
      type: str
    default_port:
      description: The port of members that have none of their own.
      type: int
    graceful_timeout_period:
      description: Minutes that connections have left when a member is disabled; V(0) none, V(-1) for ever.
      type: int
    passive_monitoring_enabled:
      description: Whether members are watched by the traffic they handle.
      type: bool
    health_monitors:
      description: The types of the active health monitors.
      type: list
      elements: str
    persistence_profile:
      description: How clients are kept at a member, with C(type) and C(value), or null.
      type: dict
    members:
      description: The members, by address.
      type: list
      elements: dict
      contains:
        ip_address:
          description: The address.
          type: str
        port:
          description: The port, or null for that of the client's connection.
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
      description: The IP set or security group that gives the members, with C(id) and C(name), or null.
      type: dict
    ssl_enabled:
      description: Whether TLS is spoken with the members.
      type: bool
    ca_certificates:
      description: The CA certificates for that, each with C(id) and C(name).
      type: list
      elements: dict
    common_name_check_enabled:
      description: Whether the common name of a member's certificate is checked.
      type: bool
    domain_names:
      description: The names that it is checked against.
      type: list
      elements: str
    virtual_services:
      description: The virtual services that use the pool, each with C(id) and C(name).
      type: list
      elements: dict
    status:
      description: The state of realization, such as V(REALIZED).
      type: str
    health_status:
      description: V(UP), V(RUNNING), V(DOWN), V(DISABLED), V(UNAVAILABLE) or V(UNKNOWN).
      type: str
    health_message:
      description: What Cloud Director says about the health.
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.manager import Pools
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, EDGE_GATEWAY, STATE, WAIT

SPEC = (
    CONNECTION
    | EDGE_GATEWAY
    | STATE
    | WAIT
    | ArgumentSpec(
        {
            "enabled": {"type": "bool"},
            "algorithm": {"type": "str", "choices": list(resource.ALGORITHMS)},
            "default_port": {"type": "int"},
            "graceful_timeout_period": {"type": "int"},
            "passive_monitoring_enabled": {"type": "bool"},
            "health_monitors": {"type": "list", "elements": "str", "choices": ["HTTP", "HTTPS", "TCP", "UDP", "PING"]},
            "persistence_profile": {
                "type": "dict",
                "options": {
                    "type": {"type": "str", "choices": list(resource.PERSISTENCE)},
                    "value": {"type": "str"},
                },
            },
            "members": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "ip_address": {"type": "str", "required": True},
                    "port": {"type": "int"},
                    "ratio": {"type": "int", "default": 1},
                    "enabled": {"type": "bool", "default": True},
                },
            },
            "member_group": {"type": "str"},
            "ssl_enabled": {"type": "bool"},
            "ca_certificates": {"type": "list", "elements": "str"},
            "common_name_check_enabled": {"type": "bool"},
            "domain_names": {"type": "list", "elements": "str"},
        }
    )
)


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the object about."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    change = Pools(api, gateway, params, check_mode).ensure()
    return Outcome(change.changed, {"pool": change.after}, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(resource.from_options), perform, LIBRARIES)


if __name__ == "__main__":
    main()
