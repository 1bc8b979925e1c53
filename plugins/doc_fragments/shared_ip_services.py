# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that select and describe services, see WHERE in module_utils/_apply/options.py."""

from __future__ import annotations

import yaml
from ansible_collections.vcd.kubernetes.plugins.doc_fragments.several import documentation

KINDS = ("request_rules", "response_rules", "security_rules")


class ModuleDocFragment:
    """Fragment vcd.kubernetes.shared_ip_services."""

    DOCUMENTATION = r"""
options:
  edge_gateway:
    description:
      - The NSX-T edge gateway, by name or URN (V(urn:vcloud:gateway:UUID)).
      - Exactly one of O(edge_gateway) and O(network) is required.
    type: str
  network:
    description: An organization VDC network that the edge gateway routes, by name or URN.
    type: str
  vdc:
    description:
      - The VDC or VDC group that owns the edge gateway or the network, by name or URN.
      - Required only if several of them have the same name.
    type: str
  cluster_id:
    description:
      - The id of the Kubernetes cluster whose cloud provider (CPI) manages the objects. They get the names by which
        CPI finds them.
      - In existing objects, the module changes only the settings that CPI relies on. It leaves members of pools,
        application profiles and certificates to CPI.
      - Exactly one of O(cluster_id) and O(name_template) is required.
    type: str
  name_template:
    description:
      - The name pattern for objects that no CPI manages, for example V({edge_gateway}-{kind}-{service}-{port}). It must
        contain C({kind}), C({service}) and C({port}), and may contain C({namespace}) and C({edge_gateway}).
      - Names of application port profiles are unique in an organization. Use C({edge_gateway}), which is the name of
        the edge gateway, if services on several edge gateways may have the same name.
      - C({kind}) is C(vs) or C(pool). The name of a DNAT rule is C(dnat-) plus the name of its virtual service, the
        name of its application port profile is C(appPort_) plus the name of the rule.
    type: str
  services:
    description: The services, each with one external IP.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the service.
        type: str
        required: true
      namespace:
        description: Namespace of the Kubernetes Service.
        type: str
        default: ""
      external_ip:
        description:
          - The IP that clients use. By default, a service keeps its IP, and a new one gets an IP from an IP Space or
            from the edge gateway's IP block, whichever the edge gateway uses.
          - It must be allocated to the edge gateway (with IP Spaces, to the organization).
          - An IPv6 address, in any spelling, requires O(name_template), the scenario V(shared_external), API version
            37.0 and an IPv6 service network of the load balancer, which the provider sets. Its virtual services have no
            IPv4 VIP. A new service gets an IPv6 address only if it is given; see M(vcd.kubernetes.vcd_ip_allocation)
            for IP Spaces.
          - Set it when you move services between scenarios, so that the next run finds it after an interruption.
        type: str
      internal_ips:
        description:
          - The internal IPs, one for V(shared_internal), one for each port for V(distinct_internal).
          - By default, those that the service already has, then the lowest free ones of the one-arm range.
        type: list
        elements: str
      other_ports:
        description:
          - Names of further ports of the service, which stay as they are. Their objects do not count as orphans.
          - A NAT rule of such a port is removed if it would take the traffic of one of the O(services[].ports).
        type: list
        elements: str
      members:
        description:
          - IP addresses of the machines behind the service, which are the nodes in a cluster. With O(name_template),
            they may be IPv6 addresses. With O(services[].preserve_client_ip), all of them must be of the IP version of
            the external IP.
          - With O(cluster_id), they are used only for new pools. CPI manages the members of existing ones.
        type: list
        elements: str
      algorithm:
        description:
          - The load balancing algorithm of its pools. Without the option, a new pool gets V(ROUND_ROBIN), and an
            existing pool keeps its algorithm.
          - This option, O(services[].health_monitors) and O(services[].persistence_profile) require O(name_template).
            See M(vcd.kubernetes.vcd_pool) for what they need.
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
      health_monitors:
        description:
          - The active health monitors of its pools. An empty list removes them. Without the option, a new pool for TCP
            gets V(TCP), for UDP V(UDP), and for HTTP(S) none, and an existing pool keeps its monitors.
          - V(UDP) counts a machine as down only if it answers that nothing listens on the port. V(PING) also detects
            that a machine is gone.
        type: list
        elements: str
        choices: [HTTP, HTTPS, TCP, UDP, PING]
      persistence_profile:
        description: How its pools keep a client on the same machine. An empty dictionary removes it.
        type: dict
        suboptions:
          type:
            description: What identifies a client.
            type: str
            choices: [CLIENT_IP, HTTP_COOKIE, CUSTOM_HTTP_HEADER, APP_COOKIE, TLS]
          value:
            description: The name of the cookie or header, for the types that require one.
            type: str
      member_group:
        description:
          - An IP set, static group or dynamic security group that contains the machines behind the service, by name or
            URN, instead of O(services[].members). The module uses it, and never changes it.
          - Requires API version 37.1 and O(name_template).
        type: str
      preserve_client_ip:
        description:
          - Whether the machines see the client's own address (transparent mode). For each port, the module creates an
            IP set with the O(services[].members), named C(ipset-) plus the name of the pool, and keeps it up to date.
            It makes the IP set the member group of the pool, and switches the virtual service to transparent mode. If
            O(services[].member_group) is given, the pool gets that group.
          - Before the first write, and in check mode, the module reports everything that is missing - API version 37.1,
            transparent mode on the edge gateway, which the provider sets, a service engine group in mode
            V(LEGACY_ACTIVE_STANDBY), and service ports of type V(TCP_PROXY). So no port may use UDP.
          - If false, the module removes what it created for this. A group and a mode that an operator has set stay, as
            long as O(services[].members) does not replace the group.
          - Members of a group have no ratio and no state of their own. The ratios and states of the pool's members are
            lost.
          - Requires O(name_template), because CPI overwrites the members of its pools, and the scenario
            V(shared_external).
        type: bool
        default: false
      ports:
        description:
          - The ports.
          - May be omitted only to remove a service with O(cluster_id). Its objects are then found by their names, as
            far as these are unambiguous.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the port, unique in the service. May be omitted if there is only one port.
            type: str
            default: ""
          port:
            description: The port that clients use.
            type: int
            required: true
          node_port:
            description: The port of the members. Required unless the service is removed.
            type: int
          protocol:
            description:
              - The protocol. V(UDP) requires O(name_template), because CPI serves only TCP, and excludes
                O(services[].ports[].app_protocol), O(services[].ports[].ssl) and O(services[].ports[].certificate).
              - A port number may appear twice in a service, once for each protocol, under different names.
              - Whether Cloud Director accepts both protocols on one port of a VIP is not documented. If it refuses
                this, the module rolls back what it has changed and says so. In V(distinct_internal), each port has its
                own VIP.
            type: str
            choices: [TCP, UDP]
            default: TCP
          app_protocol:
            description: V(http) and V(https) get HTTP and HTTPS virtual services; any other value gets plain TCP.
            type: str
          ssl:
            description: Whether the virtual service terminates TLS. Always true for V(https).
            type: bool
            default: false
          certificate:
            description: Alias of the certificate in Cloud Director's certificate library. Required for TLS.
            type: str
          redirect_to_https:
            description:
              - Whether the virtual service answers each request with a redirect to HTTPS. Only for V(http).
              - V(true) adds C(vcd_shared_ip-redirect-to-https) as the first security rule, before those of
                O(services[].ports[].http_policy). It adds no rule if a rule of an operator does the same.
              - V(false) removes the rule with this name. All others stay. Without the option, all rules stay.
              - This option and O(services[].ports[].http_policy) require API version 38.0 (Cloud Director 10.5.0) and
                O(name_template).
            type: bool
          https_port:
            description:
              - The port to which O(services[].ports[].redirect_to_https) redirects.
              - By default, the service's port with O(services[].ports[].app_protocol=https). Required unless there is
                exactly one.
            type: int
          http_policy:
            description:
              - The HTTP policies of the virtual service, as in M(vcd.kubernetes.vcd_http_policy). Only for V(http) and
                V(https).
              - Lists that are not given stay as they are. Lists that are given are kept when the service moves to
                another scenario.
            type: dict
"""


def _with_rules(text: str) -> str:
    """The documentation with the rules of HTTP policies, as in the module vcd_http_policy."""
    found = yaml.safe_load(text)
    rules = documentation("vcd_http_policy")["options"]
    ports = found["options"]["services"]["suboptions"]["ports"]["suboptions"]
    ports["http_policy"]["suboptions"] = {kind: rules[kind] for kind in KINDS}
    return str(yaml.safe_dump(found, sort_keys=False, width=1000))


# outside of the class, where the sanity test yamllint takes only constants
ModuleDocFragment.DOCUMENTATION = _with_rules(ModuleDocFragment.DOCUMENTATION)
