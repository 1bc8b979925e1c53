#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_shared_ip_info
short_description: Gather facts about services on an edge gateway, and take a restore point
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns for each service its external IP, the scenario that its shape corresponds to, its internal IPs, the health of each port, and its objects.
  - Optionally returns a restore point, which contains everything needed to create the objects again.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.shared_ip_services
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  services:
    description:
      - The services. By default, all services of a cluster that have virtual services. Their namespaces are then empty, because CPI's object names do
        not contain them. Virtual services with an ambiguous name are returned as RV(ambiguous) instead.
  restore_point:
    description: Whether to return RV(restore_point). This takes a request for each virtual service and each pool.
    type: bool
    default: false
  accept_loss:
    description:
      - Whether to leave out of RV(restore_point) HTTP policies and WAF that cannot be read. If false, the task fails.
    type: bool
    default: false
seealso:
  - module: vcd.kubernetes.vcd_shared_ip
"""

EXAMPLES = r"""
- name: List the Services of a cluster with their scenarios
  vcd.kubernetes.vcd_shared_ip_info:
    edge_gateway: acme-edge
    cluster_id: urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10
  register: found
"""

RETURN = r"""
edge_gateway:
  description: The edge gateway, with C(id) and C(name).
  returned: success
  type: dict
services:
  description: The services.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    namespace:
      description: Its namespace.
      type: str
    external_ip:
      description: The IP that clients use, or null.
      type: str
    internal_ips:
      description: The internal IPs of its virtual services, in the order of the ports.
      type: list
      elements: str
    scenario:
      description: The scenario that its shape corresponds to, V(mixed) or V(absent).
      type: str
    ports:
      description: The ports, each with C(name), C(port), C(protocol) (V(TCP) or V(UDP)), C(virtual_ip_address) and C(health_status).
      type: list
      elements: dict
    objects:
      description: Its objects, with one line for each. HTTP policies are among them if O(services[].ports[].redirect_to_https) or
        O(services[].ports[].http_policy) is given, whatever its value.
      type: dict
orphans:
  description: Objects with the name of one of the services that do not belong to any of its ports, each with C(kind), C(name), C(why) and
    C(ambiguous).
  returned: success
  type: list
  elements: dict
ambiguous:
  description:
    - Without O(services), the virtual services whose name may be that of several Services or of another cluster, each with C(kind), C(name),
      C(why) and C(readings), a list of C(service) and C(port).
  returned: success
  type: list
  elements: dict
restore_point:
  description:
    - The value for O(vcd.kubernetes.vcd_shared_ip#module:restore_point), with C(version), C(taken), C(edge_gateway), C(cluster_id), C(services) as
      above, and C(objects), the whole bodies of virtual services, pools, NAT rules and application port profiles by kind and name, and C(policies), the
      HTTP policies and WAF of the virtual services. It contains no secrets.
  returned: when O(restore_point) is true
  type: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.info import gather
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import WHERE, read_request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import find_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION

SPEC = (
    CONNECTION
    | WHERE
    | ArgumentSpec(
        {"restore_point": {"type": "bool", "default": False}, "accept_loss": {"type": "bool", "default": False}}
    )
)


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the services."""
    gateway = find_gateway(api, params)
    return Outcome(result=gather(api, gateway, read_request(params, str(gateway["name"])), params))


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(read_request), perform, LIBRARIES)


if __name__ == "__main__":
    main()
