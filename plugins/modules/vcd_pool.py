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
  - Creates, changes and deletes a load balancer pool - the members that a virtual service distributes its traffic to.
  - Every setting that a tenant can change is an option. The module writes only if something differs.
  - With O(pools), it does so for a list of pools in one session.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.several.pools
  - vcd.kubernetes.state
  - vcd.kubernetes.rename
  - vcd.kubernetes.wait
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  enabled:
    description: Whether the pool is enabled. A new pool is enabled by default.
    type: bool
  algorithm:
    description:
      - The load balancing algorithm. The default of a new pool is V(LEAST_CONNECTIONS).
      - All except V(LEAST_CONNECTIONS), V(ROUND_ROBIN) and V(CONSISTENT_HASH) require the feature set PREMIUM.
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
    description: The default port of the members, 1 to 65535. The default of a new pool is V(80).
    type: int
  graceful_timeout_period:
    description:
      - Minutes for which existing connections continue when a member is disabled, V(-1) to V(7200). V(0) closes them
        at once, V(-1) keeps them indefinitely.
      - The default of a new pool is V(1).
    type: int
  passive_monitoring_enabled:
    description: Whether the health of members is derived from the traffic that they handle. True by default in a new pool.
    type: bool
  health_monitors:
    description: The active health monitors. The list replaces the existing one, and an empty list removes all.
    type: list
    elements: str
    choices: [HTTP, HTTPS, TCP, UDP, PING]
  persistence_profile:
    description: How to keep a client on the same member. An empty dictionary removes it.
    type: dict
    suboptions:
      type:
        description:
          - What identifies a client.
          - V(CUSTOM_HTTP_HEADER), V(APP_COOKIE) and V(TLS) require the feature set PREMIUM.
        type: str
        choices: [CLIENT_IP, HTTP_COOKIE, CUSTOM_HTTP_HEADER, APP_COOKIE, TLS]
      value:
        description: The name of the cookie or header, for the types that require one.
        type: str
  members:
    description:
      - The members, at most 100. The list replaces the existing one, and an empty list removes all.
      - With O(exclusive=false), only these members are added, changed or removed.
      - They replace a O(member_group).
    type: list
    elements: dict
    suboptions:
      ip_address:
        description: The address, IPv4 or IPv6. Either this or O(members[].vm) is required.
        type: str
      vm:
        description:
          - A virtual machine, by name or URN, whose address the member gets. The module reads the address in each run.
          - It needs exactly one address on the networks that the edge gateway routes. The user needs the right to see it.
        type: str
      port:
        description: The port, if it is not O(default_port). With O(exclusive=false), a member without a port stands for every member that has the address.
        type: int
      ratio:
        description: The weight, 1 to 20. The default of a new member is 1.
        type: int
      enabled:
        description:
          - Whether the member receives traffic. A new member is enabled by default.
          - V(false) drains it. Existing connections continue for O(graceful_timeout_period).
        type: bool
      state:
        description: Whether the member should be in the pool.
        type: str
        choices: [present, absent]
        default: present
  exclusive:
    description:
      - Whether O(members) are all members of the pool.
      - With V(false), all other members stay as they are, even those that another client adds at the same time. For options that are not set, a
        member keeps its values.
    type: bool
    default: true
  member_group:
    description:
      - An IP set or security group that contains the members, by name or URN. Requires API version 37.1 (Cloud Director 10.4.1) or newer.
      - It replaces O(members). An empty string removes it.
    type: str
  ssl_enabled:
    description: Whether to use TLS to the members. Requires API version 37.0 (Cloud Director 10.4) or newer.
    type: bool
  ca_certificates:
    description:
      - CA certificates for verifying the members' certificates, by alias or URN in the certificate library, at most 100.
      - The list replaces the existing one, and an empty list removes all.
    type: list
    elements: str
  common_name_check_enabled:
    description: Whether to check the common name of a member's certificate. Requires O(ca_certificates).
    type: bool
  domain_names:
    description: The accepted common names, at most 10, instead of the host that the client requested.
    type: list
    elements: str
notes:
  - With O(wait=true), the module waits until the pool is realized. It does not wait for its health, because a pool without a virtual service
    has none.
  - CPI finds its virtual services and pools by their names. If you rename one, CPI creates another.
seealso:
  - module: vcd.kubernetes.vcd_pool_info
  - module: vcd.kubernetes.vcd_virtual_service
"""

EXAMPLES = r"""
- name: Distribute traffic to two nodes
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

- name: Drain one node, and leave the others as they are
  vcd.kubernetes.vcd_pool:
    edge_gateway: acme-edge
    name: web-http
    exclusive: false
    members:
      - ip_address: 10.10.0.12
        enabled: false

- name: Replace it with a new one
  vcd.kubernetes.vcd_pool:
    edge_gateway: acme-edge
    name: web-http
    exclusive: false
    members:
      - ip_address: 10.10.0.12
        state: absent
      - ip_address: 10.10.0.13
        port: 30080

- name: Distribute traffic to two virtual machines, by their names
  vcd.kubernetes.vcd_pool:
    edge_gateway: acme-edge
    name: intranet
    default_port: 8080
    members:
      - vm: intranet-1
      - vm: intranet-2

- name: Create two pools with the same members in one task
  vcd.kubernetes.vcd_pool:
    edge_gateway: acme-edge
    members:
      - ip_address: 10.10.0.11
      - ip_address: 10.10.0.12
    pools:
      - name: store-http
        default_port: 30080
      - name: store-https
        default_port: 30443

- name: Delete the pool
  vcd.kubernetes.vcd_pool:
    edge_gateway: acme-edge
    name: web-http
    state: absent
"""

RETURN = r"""
pool:
  description: The pool after the run or, in check mode, as predicted. Null when it does not exist.
  returned: success, without O(pools)
  type: dict
  contains: &pool
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
pools:
  description: The pools of the list, in its order, each as C(pool). Null for one that does not exist.
  returned: success, with O(pools)
  type: list
  elements: dict
  contains: *pool
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.manager import Pools
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import (
    CONNECTION,
    EDGE_GATEWAY,
    RENAME,
    STATE,
    WAIT,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.several import Several

OBJECTS = Several(
    "pools",
    Pools,
    STATE
    | RENAME
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
                    "ip_address": {"type": "str"},
                    "vm": {"type": "str"},
                    "port": {"type": "int"},
                    "ratio": {"type": "int"},
                    "enabled": {"type": "bool"},
                    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
                },
            },
            "exclusive": {"type": "bool", "default": True},
            "member_group": {"type": "str"},
            "ssl_enabled": {"type": "bool"},
            "ca_certificates": {"type": "list", "elements": "str"},
            "common_name_check_enabled": {"type": "bool"},
            "domain_names": {"type": "list", "elements": "str"},
        }
    ),
)
SPEC = CONNECTION | EDGE_GATEWAY | WAIT | OBJECTS.spec


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the pool, or each of the list, to the wanted state."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    change, result = OBJECTS.ensure(api, gateway, params, check_mode)
    return Outcome(change.changed, result, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(OBJECTS.check), perform, LIBRARIES)


if __name__ == "__main__":
    main()
