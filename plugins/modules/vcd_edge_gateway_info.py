#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_edge_gateway_info
short_description: Gather facts about NSX-T edge gateways of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns edge gateways with their uplinks and, when asked for, with what belongs to them.
  - Says too which versions of the API the server lists, and which release of Cloud Director that makes it.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  edge_gateway:
    description:
      - Return only edge gateways of this name, or the one of this URN (V(urn:vcloud:gateway:UUID)).
      - One that does not exist gives an empty list.
    type: str
  network:
    description:
      - Return only the edge gateway that routes this organization VDC network, given by name or URN.
      - It is an error when there is no such network, or when it is not routed.
    type: str
  vdc:
    description:
      - Return only edge gateways (or look only for networks) of this VDC or VDC group, given by name or URN.
      - With O(network), the networks of a VDC group that this VDC takes part in are found too, if the VDC itself has none
        of that name. This needs the right to view the VDC group.
    type: str
  gather:
    description:
      - What to return beside the edge gateways themselves. Each takes at least one more request for each edge gateway.
      - C(service_engine_groups) are those that the provider has assigned to the edge gateway.
      - C(firewall_rules) takes one request more for each group and application port profile that a rule names.
    type: list
    elements: str
    choices:
      - used_ip_addresses
      - networks
      - load_balancer
      - service_engine_groups
      - virtual_services
      - pools
      - unhealthy_pools
      - nat_rules
      - application_port_profiles
      - firewall_rules
    default: []
  query:
    description:
      - A JMESPath expression that picks what to return from the list, as in V([].uplinks[].subnets[].primary_ip).
      - Needs the Python library C(jmespath).
    type: str
seealso:
  - module: vcd.kubernetes.vcd_virtual_service_info
  - module: vcd.kubernetes.vcd_nat_rule_info
  - module: vcd.kubernetes.vcd_pool_info
"""

EXAMPLES = r"""
- name: Find the edge gateway that routes the cluster's network, with all that the load balancer needs
  vcd.kubernetes.vcd_edge_gateway_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    network: k8s-net
    gather: [load_balancer, service_engine_groups, used_ip_addresses]
  register: edge

- name: List the firewall rules that name an IP set which holds the external IP of a Service
  vcd.kubernetes.vcd_edge_gateway_info:
    edge_gateway: acme-edge
    gather: [firewall_rules]
    query: "[].firewall_rules[?destinations[?contains(addresses || `[]`, '203.0.113.10')]][].name"

- name: List the names of all edge gateways, with connection options from VCD_URL, VCD_ORG and VCD_API_TOKEN
  vcd.kubernetes.vcd_edge_gateway_info:
    query: "[].name"
"""

RETURN = r"""
api:
  description: The API of the server.
  returned: success
  type: dict
  contains:
    version:
      description: The version that the module spoke.
      type: str
      sample: "37.2"
    versions:
      description: All versions that the server lists, lowest first, without alphas.
      type: list
      elements: str
      sample: ["37.0", "37.1", "37.2"]
    release:
      description: The release of Cloud Director, by the highest version that the server lists.
      type: str
      sample: 10.4.2
edge_gateways:
  description: The edge gateways, or what O(query) makes of them.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The URN.
      type: str
      sample: urn:vcloud:gateway:6d4ad9b1-5f8c-4f6c-9c0a-2f2e6d0f1a11
    name:
      description: The name.
      type: str
      sample: acme-edge
    owner:
      description: The VDC or VDC group that owns it, with C(id) and C(name).
      type: dict
    status:
      description: The state of realization, such as V(REALIZED).
      type: str
    backing_type:
      description: V(NSXT_BACKED), V(NSXV_BACKED) or V(NSXT_IMPORTED).
      type: str
    uplinks:
      description: The external networks, with the addresses that are allotted to the edge gateway.
      type: list
      elements: dict
      contains:
        name:
          description: The name of the external network or provider gateway.
          type: str
        using_ip_space:
          description: Whether its addresses come from IP Spaces. If so, C(subnets) has no usable ranges.
          type: bool
        subnets:
          description: The subnets.
          type: list
          elements: dict
          contains:
            gateway:
              description: The address of the gateway.
              type: str
            prefix_length:
              description: The length of the prefix in bits.
              type: int
            primary_ip:
              description: The primary address of the edge gateway.
              type: str
            ip_ranges:
              description: The ranges that are allotted to the edge gateway, each with C(start) and C(end).
              type: list
              elements: dict
    load_balancer:
      description: The settings of the load balancer.
      returned: when gathered
      type: dict
      contains:
        enabled:
          description: Whether it is on.
          type: bool
        service_network:
          description: The network of the service engines, as CIDR.
          type: str
          sample: 192.168.255.1/25
        ipv6_service_network:
          description: The IPv6 network of the service engines, as CIDR.
          type: str
        feature_set:
          description: V(STANDARD) or V(PREMIUM).
          type: str
        transparent_mode:
          description: Whether virtual services may preserve the IP of the client.
          type: bool
    service_engine_groups:
      description: The service engine groups that are assigned.
      returned: when gathered
      type: list
      elements: dict
      contains:
        id:
          description: The URN of the group.
          type: str
        name:
          description: The name of the group.
          type: str
        max_virtual_services:
          description: How many virtual services fit. Null for a dedicated group.
          type: int
        reserved_virtual_services:
          description: How many are guaranteed. Null for a dedicated group.
          type: int
        deployed_virtual_services:
          description: How many there are.
          type: int
        feature_set:
          description: V(STANDARD) or V(PREMIUM).
          type: str
        ha_mode:
          description: Such as V(ELASTIC_N_PLUS_M_BUFFER).
          type: str
    networks:
      description: The networks that it routes, each with C(id), C(name), C(type) and C(subnets) as gateway address and prefix length.
      returned: when gathered
      type: list
      elements: dict
    used_ip_addresses:
      description: The addresses of the uplinks that are used, each with C(address) and C(category).
      returned: when gathered
      type: list
      elements: dict
    virtual_services:
      description: The virtual services, as M(vcd.kubernetes.vcd_virtual_service_info) returns them.
      returned: when gathered
      type: list
      elements: dict
    unhealthy_pools:
      description: The pools that are not V(UP), with their members, as M(vcd.kubernetes.vcd_pool_info) returns them.
      returned: when gathered
      type: list
      elements: dict
    nat_rules:
      description: The NAT rules, as M(vcd.kubernetes.vcd_nat_rule_info) returns them.
      returned: when gathered
      type: list
      elements: dict
    pools:
      description: The pools in short. For their members see M(vcd.kubernetes.vcd_pool_info).
      returned: when gathered
      type: list
      elements: dict
      contains:
        id:
          description: The URN.
          type: str
        name:
          description: The name.
          type: str
        enabled:
          description: Whether it is enabled.
          type: bool
        member_count:
          description: How many members it has.
          type: int
        up_member_count:
          description: How many of them are up.
          type: int
        health_status:
          description: Such as V(UP), V(DOWN) or V(UNAVAILABLE).
          type: str
        virtual_services:
          description: The virtual services that use it, each with C(id) and C(name). Cloud Director names 10 at most.
          type: list
          elements: dict
    application_port_profiles:
      description:
        - The application port profiles of the organization that can be used on the edge gateway, as
          M(vcd.kubernetes.vcd_app_port_profile_info) returns them.
      returned: when gathered
      type: list
      elements: dict
    firewall_rules:
      description:
        - The firewall rules in the order in which they apply, the default rules last.
        - Null when the user may not view the firewall (right C(Organization vDC Gateway - View Firewall)).
      returned: when gathered
      type: list
      elements: dict
      contains:
        id:
          description: The identifier.
          type: str
        name:
          description: The name.
          type: str
        position:
          description: The place in the order, from 1 on.
          type: int
        enabled:
          description: Whether it applies.
          type: bool
        action:
          description: V(ALLOW), V(DROP) or V(REJECT).
          type: str
        direction:
          description: V(IN), V(OUT) or V(IN_OUT).
          type: str
        ip_protocol:
          description: V(IPV4), V(IPV6) or V(IPV4_IPV6).
          type: str
        sources:
          description:
            - The groups that the traffic comes from, each with C(id), C(name), C(type) and C(addresses). Empty for any.
            - C(type) is V(IP_SET), V(STATIC_MEMBERS) or V(VM_CRITERIA), and C(addresses) those of an IP set as they stand
              there (addresses, ranges and CIDRs). Both are null for a group that the user may not view.
          type: list
          elements: dict
        destinations:
          description: The groups that the traffic goes to, as in C(sources). Empty for any.
          type: list
          elements: dict
        services:
          description:
            - The application port profiles, each with C(id), C(name) and C(ports) (a list with C(protocol) and
              C(destination_ports), which is empty for any port). Empty for any traffic.
            - C(ports) is null where the user may not view the profile.
          type: list
          elements: dict
        default:
          description: Whether it is a default rule, which applies to what no other rule matches.
          type: bool
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.gateway_facts import (
    GATHER,
    facts_of,
    find_gateways,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = CONNECTION | ArgumentSpec(
    {
        "edge_gateway": {"type": "str"},
        "network": {"type": "str"},
        "vdc": {"type": "str"},
        "gather": {"type": "list", "elements": "str", "choices": list(GATHER), "default": []},
        "query": {"type": "str"},
    },
    mutually_exclusive=[("edge_gateway", "network")],
)


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the edge gateways and what is to be gathered about each."""
    parts = params["gather"]
    found = find_gateways(api, params["edge_gateway"], params["network"], params["vdc"], parts=parts)
    gateways = [facts_of(api, gateway, parts) for gateway in found]
    selected = run_query(compile_query(params["query"]), params["query"], gateways)
    return Outcome(result={"api": api.about(), "edge_gateways": selected})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(lambda params: compile_query(params["query"])), perform, LIBRARIES)


if __name__ == "__main__":
    main()
