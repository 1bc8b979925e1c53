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
  - Creates, changes and deletes a virtual service - a VIP and ports, and the pool that serves them.
  - Everything that a tenant can set is an option, and only what differs is written.
  - A VIP that other virtual services share cannot be changed in place, and neither can the service engine group. Both are refused, unless O(recreate=true).
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.edge_gateway
  - vcd.kubernetes.state
  - vcd.kubernetes.wait
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  enabled:
    description: Whether it serves. A new one does unless told otherwise.
    type: bool
  application_profile:
    description:
      - What is spoken. V(HTTPS) and V(L4_TLS) need O(certificate) and a port with O(service_ports[].ssl_enabled).
      - V(L4_TLS) needs the feature set PREMIUM. Needed to create a virtual service.
    type: str
    choices: [HTTP, HTTPS, L4, L4_TLS]
  virtual_ip_address:
    description:
      - The IPv4 VIP. It is either allotted to the edge gateway from an uplink, or an internal address.
      - Several virtual services can share it, with different ports, from API version 37.0 (Cloud Director 10.4) on.
      - To create a virtual service, it or O(ipv6_virtual_ip_address) is needed. An empty string removes it.
    type: str
  ipv6_virtual_ip_address:
    description: The IPv6 VIP, from API version 37.0 (Cloud Director 10.4) on. An empty string removes it.
    type: str
  pool:
    description:
      - The pool, by name or URN. A pool serves one virtual service at a time.
      - Needed to create a virtual service.
    type: str
  service_engine_group:
    description:
      - The service engine group, by name or URN. It must be assigned to the edge gateway.
      - Without it, a new virtual service gets the group of those that have its VIP, else the only group that there is.
      - It can be changed only with O(recreate=true).
    type: str
  certificate:
    description: The certificate of the library, by alias or URN. An empty string removes it.
    type: str
  service_ports:
    description: The ports, 1 to 10 entries. The list replaces the one that is there. Needed to create a virtual service.
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
        description: Whether TLS ends here. With V(HTTPS), other ports redirect to the first that has it.
        type: bool
        default: false
      type:
        description: How packets get to the member. Anything but V(TCP_PROXY) needs O(application_profile=L4).
        type: str
        choices: [TCP_PROXY, TCP_FAST_PATH, UDP_FAST_PATH]
        default: TCP_PROXY
  transparent_mode_enabled:
    description:
      - Whether the IP of the client is preserved, from API version 37.1 (Cloud Director 10.4.1) on.
      - Needs transparent mode on the edge gateway, a pool with a member group, and a group of service engines in V(LEGACY_ACTIVE_STANDBY).
    type: bool
  recreate:
    description:
      - Whether to delete and create the virtual service when a change in place is impossible. It does not answer meanwhile.
      - It stays on its pool, and everything that is not to change is kept. What was attached to it by other means, such as WAF or HTTP policies, is lost.
      - If the creation fails, it is created again as it was. If that fails too, the error's C(failure) says what was deleted, and
        C(failure.body) is the body of a POST that creates it. Running the same task again creates it when all that creation needs is given.
    type: bool
    default: false
notes:
  - With O(wait=true), the module waits until the health is known, V(UP) or V(DOWN), or V(DISABLED) when it is not enabled. V(DOWN) is no error.
  - The first virtual service of a service engine group can take minutes.
seealso:
  - module: vcd.kubernetes.vcd_virtual_service_info
  - module: vcd.kubernetes.vcd_pool
  - module: vcd.kubernetes.vcd_nat_rule
  - module: vcd.kubernetes.vcd_edge_gateway_info
"""

EXAMPLES = r"""
- name: Serve HTTP on an external IP
  vcd.kubernetes.vcd_virtual_service:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    name: web-http
    application_profile: HTTP
    virtual_ip_address: 203.0.113.10
    pool: web-http
    service_engine_group: seg-shared
    service_ports:
      - start: 80

- name: Share the IP with HTTPS, with connection options from the environment
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

- name: Move it away from the shared IP
  vcd.kubernetes.vcd_virtual_service:
    edge_gateway: acme-edge
    name: web-https
    virtual_ip_address: 203.0.113.11
    recreate: true

- name: Remove it
  vcd.kubernetes.vcd_virtual_service:
    edge_gateway: acme-edge
    name: web-https
    state: absent
"""

RETURN = r"""
virtual_service:
  description: The object as it is or, in check mode, would be. Null when it is absent.
  returned: success
  type: dict
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
      description: A text for people.
      type: str
    enabled:
      description: Whether it serves.
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
      description: The ports, in order.
      type: list
      elements: dict
      contains:
        start:
          description: The first port.
          type: int
        end:
          description: The last port, the first one again for a single port.
          type: int
        ssl_enabled:
          description: Whether TLS ends here.
          type: bool
        type:
          description: V(TCP_PROXY), V(TCP_FAST_PATH) or V(UDP_FAST_PATH).
          type: str
    transparent_mode_enabled:
      description: Whether the IP of the client is preserved.
      type: bool
    status:
      description: The state of realization, such as V(REALIZED).
      type: str
    health_status:
      description: V(UP), V(DOWN), V(DISABLED), V(UNAVAILABLE), V(PENDING) or V(UNKNOWN).
      type: str
    health_message:
      description: What Cloud Director says about the health.
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import get_edge_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.manager import VirtualServices
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
            "recreate": {"type": "bool", "default": False},
        }
    )
)


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the object about."""
    gateway = get_edge_gateway(api, params["edge_gateway"], params["vdc"])
    change = VirtualServices(api, gateway, params, check_mode).ensure()
    return Outcome(change.changed, {"virtual_service": change.after}, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(resource.from_options), perform, LIBRARIES)


if __name__ == "__main__":
    main()
