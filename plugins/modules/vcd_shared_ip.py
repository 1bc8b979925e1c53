#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_shared_ip
short_description: Create services in an IP-sharing scenario, and migrate live services between scenarios
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Creates, migrates, repairs and removes everything that makes services available on one external IP each on an NSX-T edge gateway
    - virtual services, pools with their IP sets, DNAT rules and application port profiles.
  - The plan is always computed from the observed state. If a run is interrupted at any point, running the same task again completes it.
  - While a service is migrated, a virtual service or a DNAT rule refers to its external IP at all times, so that no other user can take it. Ports are
    migrated one after the other. It is not publicly documented whether Cloud Director allows a virtual service and a DNAT rule on the same address,
    so the module tries it where a rejection does no harm. If it is rejected, nothing refers to the IP for the duration of one task. A rejection for
    any other reason stops the run before anything is deleted (see O(vcd_rules)). Check mode reports this possibility, and the run detects whether the
    IP was taken in that time.
  - Settings that no option names stay as an operator set them, for example health monitors, algorithm, persistence and the ratio of members.
  - If a service fails, it is rolled back to its previous shape, and the run stops and reports the state of every service.
  - CPI must not run while the objects of its cluster change. The role P(vcd.kubernetes.shared_ip#role) stops and restarts it.
    For machines without CPI, this module is sufficient.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.shared_ip_services
  - vcd.kubernetes.controller
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  state:
    description:
      - Whether the services should exist. With V(absent), the objects of the given ports are deleted, and the IPs of the services from an IP Space
        are released.
      - With O(cluster_id), a service without ports stands for all objects with its name. Objects with an ambiguous name, which may also be that of
        another Service or cluster, stay and are returned as RV(orphans).
    type: str
    choices: [present, absent]
    default: present
  scenario:
    description:
      - V(shared_external) - the ports of a service share the external IP, without NAT.
      - V(shared_internal) - the ports of a service share one internal IP, and DNAT rules lead to it.
      - V(distinct_internal) - each port of a service has its own internal IP and its own DNAT rule.
      - Required unless O(state=absent).
    type: str
    choices: [shared_external, shared_internal, distinct_internal]
  one_arm:
    description: The range of internal IPs. The default is V(192.168.8.2) to V(192.168.8.100), as in CPI.
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
      - V(per_port) - a DNAT rule for each port, like CPI.
      - V(per_service) - one DNAT rule that maps the whole IP. Only for V(shared_internal) without CPI.
    type: str
    choices: [per_port, per_service]
    default: per_port
  service_engine_group:
    description:
      - Name or URN of the service engine group for new virtual services. By default, the group of the virtual services that already share the IP, or
        else the first group with free capacity.
    type: str
  vip_subnet:
    description: Choose new external IPs from an IP block only within this network (CIDR).
    type: str
  prune:
    description:
      - Whether to delete orphans, that is objects with the name of one of O(services) that do not belong to any of its ports, for example after
        a port was dropped or renamed. Give each service with all its ports.
      - A name alone does not prove that an object belongs to a service. An orphan is deleted only if its name is unambiguous and something else
        proves its owner. With O(name_template), that is its addresses and the members of its pool, with O(cluster_id), a O(restore_point) that holds
        it. All other orphans are returned as RV(orphans), with the reason.
      - With O(state=absent), only O(prune_objects) are deleted in addition to the services.
    type: bool
    default: false
  prune_objects:
    description:
      - Names of orphans to delete, in addition to those whose owner is proven. Requires O(prune=true).
      - A name that belongs to a port of O(services), or to no object, is refused.
    type: list
    elements: str
    default: []
  restore_point:
    description:
      - The C(restore_point) of M(vcd.kubernetes.vcd_shared_ip_info), taken before an interrupted run, in the format of this release or the one
        before. An object that is missing is created again as it was, with all its settings. The objects that it refers to are found by name.
    type: dict
    default: {}
  accept_loss:
    description:
      - Whether to continue if HTTP policies or WAF of a virtual service cannot be read or written back. They are then lost. If false, the task fails
        before its first change.
      - If they can be read and written back, a virtual service that is deleted and created again keeps its HTTP policies (API version 38.0) and WAF (38.1).
    type: bool
    default: false
  vcd_rules:
    description:
      - Rules that this Cloud Director is known to have. The module detects the others by itself. It tries a write whose refusal does no harm, and
        recognises the refusal by Cloud Director's message. If it does not know the message, it stops before it deletes anything, quotes the message,
        and names the rule to state here if that is what the message means.
      - V(vip_and_dnat_on_one_address) - a virtual service and a DNAT rule cannot have the same address.
      - V(vip_changed_to_one_in_use) - a VIP cannot be changed to that of another virtual service.
      - V(update_while_sharing_a_vip) - a virtual service that shares its VIP cannot be updated.
      - V(one_port_of_a_vip_for_tcp_and_udp) - one port of a VIP cannot be for TCP and, in another virtual service, for UDP. Services that need this
        are then refused before the first write.
    type: list
    elements: str
    choices:
      - vip_and_dnat_on_one_address
      - vip_changed_to_one_in_use
      - update_while_sharing_a_vip
      - one_port_of_a_vip_for_tcp_and_udp
    default: []
  progress_file:
    description: A file to which the module appends a line of JSON for each service and each write while it runs.
    type: path
  lock_timeout:
    description:
      - The maximum number of seconds to wait while another run is working on the edge gateway. Runs of this module and of
        M(vcd.kubernetes.vcd_cluster_shared_ip) write to an edge gateway one at a time, even from several hosts.
      - The lock is an application port profile with the name V(vcd.kubernetes-lock-) and the UUID of the edge gateway. Its description names its
        holder. A run that is killed leaves it behind. The next run removes it, on the same machine at once, otherwise within 5 minutes.
      - Check mode, and a run that changes nothing, need no lock.
    type: int
    default: 1800
  wait:
    description:
      - Whether to wait after each service until the health of its virtual services is known, and until those that were UP before are UP again.
    type: bool
    default: true
  wait_timeout:
    description: The maximum number of seconds to wait for one virtual service. Each task is limited by O(timeout).
    type: int
    default: 600
notes:
  - Before its first write, and in check mode, too, the module reads the rights of its user, and fails if the user lacks one that the write needs.
    C(docs/rights-vcd.md) of the collection lists them, and has a role to import.
seealso:
  - module: vcd.kubernetes.vcd_shared_ip_info
  - module: vcd.kubernetes.vcd_ccm_config
"""

EXAMPLES = r"""
- name: Serve two machines on one external IP, ports 80 and 443, behind one DNAT rule
  vcd.kubernetes.vcd_shared_ip:
    edge_gateway: acme-edge
    name_template: "{edge_gateway}-{kind}-{service}-{port}"
    scenario: shared_internal
    nat: per_service
    services:
      - name: shop
        external_ip: 203.0.113.20
        members: [10.10.0.21, 10.10.0.22]
        ports:
          - {name: http, port: 80, node_port: 8080, app_protocol: http}
          - {name: https, port: 443, node_port: 8080, app_protocol: https, certificate: shop-2026}

- name: Redirect HTTP to HTTPS, and allow the administrators' path only from the office
  vcd.kubernetes.vcd_shared_ip:
    edge_gateway: acme-edge
    name_template: "{edge_gateway}-{kind}-{service}-{port}"
    scenario: shared_internal
    nat: per_service
    services:
      - name: shop
        external_ip: 203.0.113.20
        members: [10.10.0.21, 10.10.0.22]
        ports:
          - {name: http, port: 80, node_port: 8080, app_protocol: http, redirect_to_https: true}
          - name: https
            port: 443
            node_port: 8080
            app_protocol: https
            certificate: shop-2026
            http_policy:
              security_rules:
                - name: admin-from-the-office
                  match_criteria:
                    path: {criteria: BEGINS_WITH, paths: [/admin]}
                    client_ip_address: {criteria: IS_NOT_IN, ip_addresses: [198.51.100.0/24]}
                  actions:
                    connections: CLOSE

- name: Plan the migration of a cluster's Service to the external IP (CPI must be stopped for the migration itself)
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

- name: Serve the two machines on the external IP itself, so that they see the addresses of their clients
  vcd.kubernetes.vcd_shared_ip:
    edge_gateway: acme-edge
    name_template: "{edge_gateway}-{kind}-{service}-{port}"
    scenario: shared_external
    services:
      - name: shop
        external_ip: 203.0.113.20
        members: [10.10.0.21, 10.10.0.22]
        preserve_client_ip: true
        ports:
          - {name: http, port: 80, node_port: 8080, app_protocol: http}
          - {name: https, port: 443, node_port: 8080, app_protocol: https, certificate: shop-2026}

- name: Serve DNS, which needs TCP and UDP on one port number
  vcd.kubernetes.vcd_shared_ip:
    edge_gateway: acme-edge
    name_template: "{edge_gateway}-{kind}-{service}-{port}"
    scenario: distinct_internal
    services:
      - name: dns
        external_ip: 203.0.113.21
        members: [10.10.0.31, 10.10.0.32]
        ports:
          - {name: tcp, port: 53, node_port: 53}
          - {name: udp, port: 53, node_port: 53, protocol: UDP}

- name: Remove the service of the two machines
  vcd.kubernetes.vcd_shared_ip:
    edge_gateway: acme-edge
    name_template: "{edge_gateway}-{kind}-{service}-{port}"
    state: absent
    services:
      - name: shop
        ports:
          - {name: http, port: 80}
          - {name: https, port: 443}
"""

RETURN = r"""
steps:
  description: The plan, service by service - first the downtime of its ports, then each write. Empty when there is nothing to do.
  returned: success
  type: list
  elements: str
  sample: ["default/web: 7 writes; down: port 80 for 3 tasks (about 15 to 24 s), port 443 for 2 tasks (about 10 to 16 s)"]
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
        - Its shape before the run, one of the scenarios, V(mixed) or V(absent).
        - A service with one port behind NAT has the shape of two scenarios, V(shared_internal or distinct_internal), unless one of them is wanted.
      type: str
    scenario:
      description: Its shape after the run or, in check mode, the predicted one.
      type: str
    state:
      description:
        - What happened to it or, in check mode, would happen - V(created) (it had no objects), V(migrated) (it had the shape of another scenario,
          or was V(mixed) and a virtual service gets another address), V(repaired) (an object was missing or wrong), V(removed) or V(unchanged).
        - If the module fails, RV(failure) says which services are V(rolled_back), V(failed) or V(not_reached).
      type: str
    steps:
      description: The planned writes.
      type: list
      elements: str
    steps_if_refused:
      description: Further writes that may take the place of some of these, depending on which of them Cloud Director refuses.
      type: list
      elements: str
    outage:
      description:
        - The predicted downtime, counted in tasks, for the strictest rules that Cloud Director may have. C(ports) is the downtime of each existing
          port, C(together) the time in which all of them are down, and C(window) the time in which nothing refers to the external IP.
        - C(task_seconds) are the shortest and the longest time that one task usually takes, for an estimate in seconds.
      type: dict
    downtime:
      description:
        - The downtime in seconds, as measured by the run - C(ports) for each port that existed, C(together) while all of them were down. A port
          counts as down from the request that takes it away to the end of the task that brings it back.
        - C(lasting) lists the ports that were still down when the run ended; none after a run that has succeeded.
        - Null in check mode, and for a service that was not changed.
      type: dict
lost_settings:
  description: The settings in O(restore_point) that objects have lost, one line each, except those that a migration changes on purpose.
  returned: success
  type: list
  elements: str
  sample: ["DNAT rule dnat-web-http: firewallMatch was BYPASS and is MATCH_INTERNAL_ADDRESS"]
orphans:
  description:
    - Objects with the name of one of the services that do not belong to any of its ports and still exist, each with C(kind), C(name), C(why), which
      says why its owner is not proven, and C(ambiguous), which says whether its name may also be that of another service or cluster.
  returned: success
  type: list
  elements: dict
failure:
  description:
    - What failed. C(service) is the service at which the run stopped, and C(state) the state that it is in.
    - C(created), C(migrated), C(repaired), C(removed), C(rolled_back), C(failed) and C(not_reached) are lists of the services in that state.
      C(failed) is a service that could not be rolled back, C(not_reached) one that the run did not change.
    - C(services) has C(name), C(namespace), C(scenario_before), C(scenario), C(state) and C(downtime) of each service, as RV(services) has after a
      success; only if the run had begun to write.
    - If an option is refused, there is instead C(option) and, if known, C(value) and C(remedy).
    - C(missing) lists what O(services[].preserve_client_ip) still needs, and who can provide it.
  returned: failure
  type: dict
writes:
  description: The number of writes that were made or, in check mode, would be made.
  returned: success
  type: int
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.locked_run import run
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import CHANGE, WHERE, read_request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import find_gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Plan the change and carry it out."""
    gateway = find_gateway(api, params)
    request = read_request(params, str(gateway["name"]))
    done = run(api, gateway, request, params, check_mode)
    return Outcome(done.changed, done.result, done.before, done.after, done.warnings)


def main() -> None:
    """Run the module."""
    run_module(CONNECTION | WHERE | CHANGE, connect_after(read_request), perform, LIBRARIES)


if __name__ == "__main__":
    main()
