#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_shared_ip
short_description: Bring services to an IP-sharing scenario, and move them between scenarios while they serve
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Creates, moves, repairs and removes all that services need on an NSX-T edge gateway to be reached on one external IP each
    - virtual services, pools, DNAT rules and application port profiles.
  - It always looks at what is there and at what is to be there, so that a run that was interrupted anywhere is finished by the same task.
  - While a service moves, its external IP is held by a virtual service or by a DNAT rule at every moment, so that nobody can take it, and
    ports move one after the other. Nobody says in public whether Cloud Director lets a virtual service and a DNAT rule have one
    address; that is tried where a refusal does no harm. Where it is refused, there is one moment, one task long, when nothing holds the IP. Check mode
    tells so before, and the run notices when somebody took it.
  - A service that fails is taken back to the shape that it had, and the run stops with an account of what is where.
  - While the objects of a cluster change, its CPI must not run. The role P(vcd.kubernetes.shared_ip#role) stops it and starts it again.
    Machines that no CPI looks after need nothing but this module.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.shared_ip_services
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  state:
    description: Whether the services are to be there. With V(absent), all their objects go, and what they claim of an IP Space is given back.
    type: str
    choices: [present, absent]
    default: present
  scenario:
    description:
      - V(shared_external), the ports of a service share the external IP, without NAT.
      - V(shared_internal), the ports of a service share one internal IP, DNAT rules lead to it.
      - V(distinct_internal), each port of a service has an internal IP of its own with its own DNAT rule.
      - Needed unless O(state=absent).
    type: str
    choices: [shared_external, shared_internal, distinct_internal]
  one_arm:
    description: The range of internal IPs. V(192.168.8.2) to V(192.168.8.100) without it, as CPI has it.
    type: dict
    suboptions:
      start_ip:
        description: The first address.
        type: str
        required: true
      end_ip:
        description: The last address.
        type: str
        required: true
  nat:
    description:
      - V(per_port), a DNAT rule for each port, as CPI has it.
      - V(per_service), one DNAT rule that maps the whole IP. For V(shared_internal) without CPI.
    type: str
    choices: [per_port, per_service]
    default: per_port
  service_engine_group:
    description:
      - Name or URN of the service engine group for new virtual services. Without it, that of the IP where it is shared already, else the first
        with room.
    type: str
  vip_subnet:
    description: Take new external IPs of an IP block only from this network (CIDR).
    type: str
  prune:
    description:
      - Whether to remove objects that have the name of one of O(services) and that none of its ports claims, as a renamed port leaves them.
      - Without it they are returned as RV(orphans).
      - Needs O(cluster_id).
    type: bool
    default: false
  restore_point:
    description:
      - The C(restore_point) of M(vcd.kubernetes.vcd_shared_ip_info), taken before an interrupted run. A virtual service that was lost then is made
        again with all that it had.
    type: dict
    default: {}
  progress_file:
    description: A file that gets a line of JSON for each service and each write while the module runs.
    type: path
  wait:
    description:
      - Whether to wait, service by service, until the health of its virtual services is known, and until those are UP that were UP before.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait for one virtual service at most. The option O(timeout) limits each task.
    type: int
    default: 600
seealso:
  - module: vcd.kubernetes.vcd_shared_ip_info
  - module: vcd.kubernetes.vcd_ccm_config
"""

EXAMPLES = r"""
- name: Serve two machines on one external IP, ports 80 and 443, behind one DNAT rule
  vcd.kubernetes.vcd_shared_ip:
    edge_gateway: acme-edge
    name_template: "{kind}-{service}-{port}"
    scenario: shared_internal
    nat: per_service
    services:
      - name: shop
        external_ip: 203.0.113.20
        members: [10.10.0.21, 10.10.0.22]
        ports:
          - {name: http, port: 80, node_port: 8080, app_protocol: http}
          - {name: https, port: 443, node_port: 8080, app_protocol: https, certificate: shop-2026}

- name: Say what a move of a cluster's Service to the external IP would do (CPI must be stopped for the move itself)
  vcd.kubernetes.vcd_shared_ip:
    network: k8s-net
    cluster_id: urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10
    scenario: shared_external
    services:
      - name: web
        namespace: default
        external_ip: 203.0.113.10
        ports:
          - {name: http, port: 80, node_port: 30080}
          - {name: https, port: 443, node_port: 30443}
  check_mode: true
  register: plan

- name: Remove the machines' service
  vcd.kubernetes.vcd_shared_ip:
    edge_gateway: acme-edge
    name_template: "{kind}-{service}-{port}"
    state: absent
    services:
      - name: shop
        ports:
          - {name: http, port: 80}
          - {name: https, port: 443}
"""

RETURN = r"""
steps:
  description: What the plan is, service by service, first how long its ports are down, then each write. Empty when there is nothing to do.
  returned: success
  type: list
  elements: str
  sample: ["default/web: 7 writes; down: port 80 for 3 tasks, port 443 for 2 tasks"]
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
      description: The IP that clients use.
      type: str
    internal_ips:
      description: The internal IPs, in the order of the ports.
      type: list
      elements: str
    scenario_before:
      description:
        - The shape that it had, one of the scenarios, V(mixed) or V(absent).
        - A service with one port behind NAT has the shape of two scenarios, V(shared_internal or distinct_internal), unless one of them is wanted.
      type: str
    scenario:
      description: The shape that it has now, or in check mode would have.
      type: str
    state:
      description: V(unchanged), V(migrated), or in check mode V(untouched) for one that would change.
      type: str
    steps:
      description: The writes that were planned.
      type: list
      elements: str
    outage:
      description:
        - C(ports) tells for how many tasks each port that is there is down, C(together) for how many all of them are at once, and C(window)
          during how many nothing holds the external IP. All are for the strictest rules that Cloud Director may have.
      type: dict
orphans:
  description: Objects with the name of one of the services that none of its ports claims, each with C(kind) and C(name).
  returned: success
  type: list
  elements: dict
writes:
  description: How many writes were made, or in check mode would be.
  returned: success
  type: int
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Executor
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import CHANGE, WHERE, read_request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import find_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Plan, and carry out."""
    request = read_request(params)
    done = Executor(api, find_gateway(api, params), request, params, check_mode).run()
    return Outcome(done.changed, done.result, done.before, done.after)


def main() -> None:
    """Run the module."""
    run_module(CONNECTION | WHERE | CHANGE, connect_after(read_request), perform, LIBRARIES)


if __name__ == "__main__":
    main()
