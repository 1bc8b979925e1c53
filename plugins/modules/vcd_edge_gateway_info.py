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
  - Returns edge gateways with their uplinks and, optionally, the objects that belong to them.
  - Also returns the API versions that the server supports, and the release of Cloud Director.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  edge_gateway:
    description:
      - Return only edge gateways with this name, or the one with this URN (V(urn:vcloud:gateway:UUID)).
      - If none exists, the list is empty.
    type: str
  network:
    description:
      - Return only the edge gateway that routes this organization VDC network, given by name or URN.
      - The module fails if the network does not exist or is not routed.
    type: str
  vdc:
    description:
      - Return only edge gateways (or search only for networks) of this VDC or VDC group, given by name or URN.
      - With O(network), if the VDC itself has no network with that name, the networks of the VDC groups that it participates
        in are searched. This requires the right to view the VDC group.
    type: str
  gather:
    description:
      - What to return in addition to the edge gateways. Each value takes at least one request for each edge gateway.
      - V(service_engine_groups) returns the groups that the provider has assigned to the edge gateway.
      - V(firewall_rules) takes another request for each group and application port profile that a rule refers to.
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
      - A JMESPath expression that selects what to return from the list, for example V([].uplinks[].subnets[].primary_ip).
      - Requires the Python library C(jmespath).
    type: str
seealso:
  - module: vcd.kubernetes.vcd_virtual_service_info
  - module: vcd.kubernetes.vcd_nat_rule_info
  - module: vcd.kubernetes.vcd_pool_info
"""

EXAMPLES = r"""
- name: Find the edge gateway that routes the cluster's network, with its load balancer
  vcd.kubernetes.vcd_edge_gateway_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    network: k8s-net
    gather: [load_balancer, service_engine_groups, used_ip_addresses]
  register: edge

- name: List the firewall rules with an IP set that contains the external IP of a Service
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
  description: The API of Cloud Director.
  returned: success
  type: dict
  contains:
    version:
      description: The version that the module used.
      type: str
      sample: "37.2"
    versions:
      description: All versions that the server lists, lowest first, without alpha versions.
      type: list
      elements: str
      sample: ["37.0", "37.1", "37.2"]
    release:
      description: The release of Cloud Director, derived from the highest version that the server lists.
      type: str
      sample: 10.4.2
edge_gateways:
  description: The edge gateways, or the result of O(query).
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
      description: The realization status, for example V(REALIZED).
      type: str
    backing_type:
      description: V(NSXT_BACKED), V(NSXV_BACKED) or V(NSXT_IMPORTED).
      type: str
    uplinks:
      description: The external networks, with the addresses that are allocated to the edge gateway.
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
              description: The prefix length in bits.
              type: int
            primary_ip:
              description: The primary address of the edge gateway.
              type: str
            ip_ranges:
              description: The ranges that are allocated to the edge gateway, each with C(start) and C(end).
              type: list
              elements: dict
    load_balancer:
      description: The settings of the load balancer.
      returned: when gathered
      type: dict
      contains:
        enabled:
          description: Whether it is enabled.
          type: bool
        service_network:
          description: The network of the service engines (CIDR).
          type: str
          sample: 192.168.255.1/25
        ipv6_service_network:
          description: The IPv6 network of the service engines (CIDR).
          type: str
        feature_set:
          description: V(STANDARD) or V(PREMIUM).
          type: str
        transparent_mode:
          description: Whether virtual services can preserve the client's IP.
          type: bool
    service_engine_groups:
      description: The service engine groups that are assigned to the edge gateway.
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
          description: The maximum number of virtual services. Null for a dedicated group.
          type: int
        reserved_virtual_services:
          description: The reserved number of virtual services. Null for a dedicated group.
          type: int
        deployed_virtual_services:
          description: The number of deployed virtual services.
          type: int
        feature_set:
          description: V(STANDARD) or V(PREMIUM).
          type: str
        ha_mode:
          description: The HA mode, for example V(ELASTIC_N_PLUS_M_BUFFER).
          type: str
    networks:
      description: The networks that it routes, each with C(id), C(name), C(type) and C(subnets) (gateway address and prefix length).
      returned: when gathered
      type: list
      elements: dict
    used_ip_addresses:
      description: The used addresses of the uplinks, each with C(address) and C(category).
      returned: when gathered
      type: list
      elements: dict
    virtual_services:
      description: The virtual services, as returned by M(vcd.kubernetes.vcd_virtual_service_info).
      returned: when gathered
      type: list
      elements: dict
    unhealthy_pools:
      description: The pools that are not V(UP), with their members, as M(vcd.kubernetes.vcd_pool_info) returns them.
      returned: when gathered
      type: list
      elements: dict
    nat_rules:
      description: The NAT rules, as returned by M(vcd.kubernetes.vcd_nat_rule_info).
      returned: when gathered
      type: list
      elements: dict
    pools:
      description: Summaries of the pools. For their members, use M(vcd.kubernetes.vcd_pool_info).
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
          description: The number of members.
          type: int
        up_member_count:
          description: The number of members that are up.
          type: int
        health_status:
          description: The health, for example V(UP), V(DOWN) or V(UNAVAILABLE).
          type: str
        virtual_services:
          description: The virtual services that use it, each with C(id) and C(name). Cloud Director lists at most 10.
          type: list
          elements: dict
    application_port_profiles:
      description:
        - The application port profiles of the organization that are available on the edge gateway, as returned by
          M(vcd.kubernetes.vcd_app_port_profile_info).
      returned: when gathered
      type: list
      elements: dict
    firewall_rules:
      description:
        - The firewall rules in the order in which they apply, the default rules last.
        - Null if the user cannot view the firewall (right C(Organization vDC Gateway - View Firewall)).
      returned: when gathered
      type: list
      elements: dict
      contains:
        id:
          description: The id.
          type: str
        name:
          description: The name.
          type: str
        description:
          description: The description; it may be empty.
          type: str
        position:
          description: The position in that order, starting at 1.
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
            - The source groups, each with C(id), C(name), C(type) and C(addresses). Empty for any source.
            - C(type) is V(IP_SET), V(STATIC_MEMBERS) or V(VM_CRITERIA). C(addresses) are the entries of an IP set
              (addresses, ranges and CIDRs). Both are null for a group that the user cannot view.
          type: list
          elements: dict
        destinations:
          description: The destination groups, as in C(sources). Empty for any destination.
          type: list
          elements: dict
        services:
          description:
            - The application port profiles, each with C(id), C(name) and C(ports), a list with C(protocol) and
              C(destination_ports) (empty for any port). Empty for any traffic.
            - C(ports) is null if the user cannot view the profile.
          type: list
          elements: dict
        default:
          description: Whether it is a default rule, which applies to traffic that no other rule matches.
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
    """Read the edge gateways and the requested parts of each."""
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
