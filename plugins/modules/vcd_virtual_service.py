#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_virtual_service
short_description: Manage NSX ALB virtual services of an edge gateway of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Creates, changes and deletes a virtual service - a VIP with ports, and the pool that serves them.
  - Every setting that a tenant can change is an option. The module writes only if something differs.
  - With O(virtual_services), it does so for a list of virtual services in one session.
  - A VIP that is shared with other virtual services cannot be changed in place, and neither can the service engine group. The module rejects both
    changes unless O(recreate=true).
  - A NAT rule takes precedence over a virtual service. The module refuses a port of a VIP that another virtual service or a V(DNAT) or V(REFLEXIVE)
    rule already uses, even if that object is disabled.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.several.virtual_services
  - vcd.kubernetes.state
  - vcd.kubernetes.rename
  - vcd.kubernetes.wait
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  enabled:
    description: Whether the virtual service is enabled. A new virtual service is enabled by default.
    type: bool
  application_profile:
    description:
      - The application profile. V(HTTPS) and V(L4_TLS) require O(certificate) and a port with O(service_ports[].ssl_enabled).
      - V(L4_TLS) requires the feature set PREMIUM. Required to create a virtual service.
    type: str
    choices: [HTTP, HTTPS, L4, L4_TLS]
  virtual_ip_address:
    description:
      - The IPv4 VIP. It must be an external address that is allocated to the edge gateway (with IP Spaces, to the organization), or an internal one,
        that is a private address or one of a network that the edge gateway routes. Any other address is refused, in check mode, too.
      - Several virtual services can share it with different ports since API version 37.0 (Cloud Director 10.4).
      - To create a virtual service, this option or O(ipv6_virtual_ip_address) is required. An empty string removes it.
    type: str
  ipv6_virtual_ip_address:
    description: The IPv6 VIP. Requires API version 37.0 (Cloud Director 10.4) or newer. An empty string removes it.
    type: str
  pool:
    description:
      - The pool, by name or URN. A pool serves one virtual service at a time.
      - Required to create a virtual service.
    type: str
  service_engine_group:
    description:
      - The service engine group, by name or URN. It must be assigned to the edge gateway.
      - By default, a new virtual service gets the group of the virtual services with the same VIP, or else the only assigned group.
      - It can be changed only with O(recreate=true).
    type: str
  certificate:
    description: The certificate, by alias or URN in the certificate library. An empty string removes it.
    type: str
  service_ports:
    description: The ports, 1 to 10 entries. The list replaces the existing one. Required to create a virtual service.
    type: list
    elements: dict
    suboptions:
      start:
        description: The port, or the first port of a range, 1 to 65535.
        type: int
        required: true
      end:
        description: The last port of a range.
        type: int
      ssl_enabled:
        description: Whether TLS is terminated on this port. With V(HTTPS), other ports redirect to the first port with TLS.
        type: bool
        default: false
      type:
        description: How packets are forwarded to the member. Any value except V(TCP_PROXY) requires O(application_profile=L4).
        type: str
        choices: [TCP_PROXY, TCP_FAST_PATH, UDP_FAST_PATH]
        default: TCP_PROXY
  transparent_mode_enabled:
    description:
      - Whether to preserve the client's IP. Requires API version 37.1 (Cloud Director 10.4.1) or newer.
      - Also requires transparent mode on the edge gateway, a pool with a member group, and a service engine group in V(LEGACY_ACTIVE_STANDBY).
    type: bool
  non_critical_logging_enabled:
    description:
      - Whether requests without an error are logged, too. Requires API version 38.0 (Cloud Director 10.5.0) or newer.
    type: bool
  recreate:
    description:
      - Whether to delete and create the virtual service if a change cannot be made in place. It does not serve in between.
      - Before the deletion, the module checks what Cloud Director would refuse, as far as this user can see it - address, ports, service engine
        group, pool and name. If the user may not see whether the edge gateway may use the VIP, nothing is deleted.
      - It keeps its pool and all settings that do not change. HTTP policies and WAF are read before the deletion, and written back after it.
      - If the creation fails, the virtual service is created with its original settings. If that fails too, C(failure) in the result describes the
        deleted virtual service, and C(failure.body) is the body of a POST request that creates it. Running the same task again also creates it, if the
        task contains all options that are required for creation.
    type: bool
    default: false
  accept_loss:
    description:
      - With O(recreate=true), whether to continue if HTTP policies or WAF of the virtual service cannot be read or written back. They are then lost.
      - If false, the task fails before it deletes anything.
    type: bool
    default: false
notes:
  - With O(wait=true), the module waits until the health is known, that is V(UP) or V(DOWN), or V(DISABLED) for a disabled virtual service.
    V(DOWN) is not an error.
  - The first virtual service in a service engine group can take several minutes.
  - CPI finds its virtual services and pools by their names. If you rename one, CPI creates another.
seealso:
  - module: vcd.kubernetes.vcd_virtual_service_info
  - module: vcd.kubernetes.vcd_pool
  - module: vcd.kubernetes.vcd_nat_rule
  - module: vcd.kubernetes.vcd_edge_gateway_info
"""

EXAMPLES = r"""
- name: Make the pools behind two virtual services
  vcd.kubernetes.vcd_pool:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    name: "{{ item.name }}"
    default_port: "{{ item.port }}"
    members:
      - ip_address: 10.10.0.11
      - ip_address: 10.10.0.12
  loop:
    - {name: web-http, port: 30080}
    - {name: web-https, port: 30443}

- name: Serve HTTP on an external IP, with connection options from the environment
  vcd.kubernetes.vcd_virtual_service:
    edge_gateway: acme-edge
    name: web-http
    application_profile: HTTP
    virtual_ip_address: 203.0.113.10
    pool: web-http
    service_engine_group: seg-shared
    service_ports:
      - start: 80

- name: Share the IP with HTTPS
  vcd.kubernetes.vcd_virtual_service:
    edge_gateway: acme-edge
    name: web-https
    application_profile: HTTPS
    virtual_ip_address: 203.0.113.10
    pool: web-https
    certificate: web-cert
    service_ports:
      - start: 443
        ssl_enabled: true

- name: Move a virtual service away from the shared IP
  vcd.kubernetes.vcd_virtual_service:
    edge_gateway: acme-edge
    name: web-https
    virtual_ip_address: 203.0.113.11
    recreate: true

- name: Rename it
  vcd.kubernetes.vcd_virtual_service:
    edge_gateway: acme-edge
    name: web-https
    new_name: shop-https

- name: Serve two ports of one VIP with one task, each with a pool of its own
  vcd.kubernetes.vcd_virtual_service:
    edge_gateway: acme-edge
    application_profile: L4
    virtual_ip_address: 203.0.113.58
    virtual_services:
      - name: store-http
        pool: store-http
        service_ports: [{start: 80}]
      - name: store-https
        pool: store-https
        service_ports: [{start: 443}]

- name: Delete a virtual service
  vcd.kubernetes.vcd_virtual_service:
    edge_gateway: acme-edge
    name: shop-https
    state: absent
"""

RETURN = r"""
virtual_service:
  description: The virtual service after the run or, in check mode, as predicted. Null when it does not exist.
  returned: success, without O(virtual_services)
  type: dict
  contains: &service
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
virtual_services:
  description: The virtual services of the list, in its order, each as C(virtual_service). Null for one that does not exist.
  returned: success, with O(virtual_services)
  type: list
  elements: dict
  contains: *service
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.manager import VirtualServices
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
    "virtual_services",
    VirtualServices,
    STATE
    | RENAME
    | ArgumentSpec(
        {
            "enabled": {"type": "bool"},
            "application_profile": {"type": "str", "choices": ["HTTP", "HTTPS", "L4", "L4_TLS"]},
            "virtual_ip_address": {"type": "str"},
            "ipv6_virtual_ip_address": {"type": "str"},
            "pool": {"type": "str"},
            "service_engine_group": {"type": "str"},
            "certificate": {"type": "str"},
            "service_ports": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "start": {"type": "int", "required": True},
                    "end": {"type": "int"},
                    "ssl_enabled": {"type": "bool", "default": False},
                    "type": {
                        "type": "str",
                        "choices": ["TCP_PROXY", "TCP_FAST_PATH", "UDP_FAST_PATH"],
                        "default": "TCP_PROXY",
                    },
                },
            },
            "transparent_mode_enabled": {"type": "bool"},
            "non_critical_logging_enabled": {"type": "bool"},
            "recreate": {"type": "bool", "default": False},
            "accept_loss": {"type": "bool", "default": False},
        }
    ),
)
SPEC = CONNECTION | EDGE_GATEWAY | WAIT | OBJECTS.spec


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the virtual service, or each of the list, to the wanted state."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    change, result = OBJECTS.ensure(api, gateway, params, check_mode)
    return Outcome(change.changed, result, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(OBJECTS.check), perform, LIBRARIES)


if __name__ == "__main__":
    main()
