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
  - While a service is migrated, a virtual service or a DNAT rule refers to its external IP at every moment, so that no other user can take it.
    Ports are migrated one after the other. It is not publicly documented whether Cloud Director allows a virtual service and a DNAT rule on
    the same address, so the module tries it where a rejection does no harm. If it is rejected, nothing refers to the IP for the duration of one task.
    A rejection for any other reason stops the run before anything is deleted (see O(vcd_rules)).
    Check mode reports this possibility, and the run detects whether the IP was taken in that time.
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
      - With O(cluster_id), a service without ports stands for all objects with its name. Those whose name can be read in several ways, as one of
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
      - Name or URN of the service engine group for new virtual services. By default, the group of the virtual services that already share the IP,
        else the first group with free capacity.
    type: str
  vip_subnet:
    description: Choose new external IPs from an IP block only within this network (CIDR).
    type: str
  prune:
    description:
      - Whether to delete orphans, that is objects with the name of one of O(services) that do not belong to any of its ports, for example after
        a port was dropped or renamed. Give each service with all its ports.
      - A name alone does not prove whose an object is. An orphan is deleted only if its name can be read in one way, and something else shows
        that it belongs to the service. With O(name_template) these are its addresses and the members of its pool, with O(cluster_id) the
        O(restore_point) that holds it. All others are returned as RV(orphans), with the reason.
      - With O(state=absent), only O(prune_objects) are deleted in addition to the services.
    type: bool
    default: false
  prune_objects:
    description:
      - Names of orphans to delete, in addition to those that are proven. Requires O(prune=true).
      - A name that a port of O(services) has, or that no object has, is refused.
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
      - A virtual service that is deleted and created again keeps its HTTP policies (API version 38.0) and WAF (38.1). They are read before the first
        write, and written back.
      - Whether to go on where one of them cannot be read or written back. It is then lost. If false, the task fails before its first change.
    type: bool
    default: false
  vcd_rules:
    description:
      - Rules that this Cloud Director is known to have. Without them, the module finds out. It tries a write whose refusal does no harm, and
        recognises the refusal by Cloud Director's words. Where it does not know the words, it stops before it deletes anything, quotes them, and
        names the rule to be stated here if that is what they mean.
      - V(vip_and_dnat_on_one_address) - a virtual service and a DNAT rule cannot have one address.
      - V(vip_changed_to_one_in_use) - a VIP cannot be changed to that of another virtual service.
      - V(update_while_sharing_a_vip) - a virtual service that shares its VIP cannot be updated.
      - V(one_port_of_a_vip_for_tcp_and_udp) - one port of a VIP cannot be for TCP and, in another virtual service, for UDP. Services that need it
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
      - The maximum number of seconds to wait while another run works on the edge gateway. The runs of this module and of
        M(vcd.kubernetes.vcd_cluster_shared_ip) write to an edge gateway one at a time, also from several hosts.
      - The lock is an application port profile with the name V(vcd.kubernetes-lock-) and the UUID of the edge gateway. Its description says who
        works there. A run that is killed leaves it behind. The next run removes it, on the same machine at once, else within 5 minutes.
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
  - Before its first write, and in check mode, too, the module reads the rights of its user, and fails if one is missing that the write needs.
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

- name: Redirect what comes by HTTP, and refuse the path of the administrators to all but the office
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

- name: Serve them on the external IP itself, so that they see the addresses of their clients
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
        - The downtime in seconds as it was measured by the run - C(ports) for each port that existed, C(together) while all of them were down.
          A port counts as down from the request that takes it away to the end of the task that brings it back.
        - C(lasting) lists the ports that were still down when the run ended; none after a run that has succeeded.
        - Null in check mode, and for a service of which nothing was changed.
      type: dict
lost_settings:
  description: What objects have lost of the settings in O(restore_point), one line each; not what a migration changes on purpose.
  returned: success
  type: list
  elements: str
  sample: ["DNAT rule dnat-web-http: firewallMatch was BYPASS and is MATCH_INTERNAL_ADDRESS"]
orphans:
  description:
    - Objects with the name of one of the services that do not belong to any of its ports and still exist, each with C(kind), C(name), C(why),
      which says why it is not certain that it belongs to the service, and C(ambiguous), whether its name can be read in several ways.
  returned: success
  type: list
  elements: dict
failure:
  description:
    - What failed. C(service) is the service at which the run stopped, and C(state) the state that it is in.
    - C(created), C(migrated), C(repaired), C(removed), C(rolled_back), C(failed) and C(not_reached) are lists of the services in that state.
      C(failed) is a service that could not be rolled back, C(not_reached) one that the run did not change.
    - C(services) says of each service its C(name), C(namespace), C(scenario_before), C(scenario), C(state) and C(downtime), as RV(services)
      does after a success; only if the run had begun to write.
    - If an option is refused, C(option) with, where they are known, C(value) and C(remedy) instead.
    - C(missing) lists what O(services[].preserve_client_ip) lacks, each with who can give it.
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
