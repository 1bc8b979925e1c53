# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of how services are named, see WHERE in module_utils/_apply/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment vcd.kubernetes.shared_ip_services."""

    DOCUMENTATION = r"""
options:
  edge_gateway:
    description:
      - The NSX-T edge gateway, by name or URN (V(urn:vcloud:gateway:UUID)).
      - Exactly one of O(edge_gateway) and O(network) is needed.
    type: str
  network:
    description: An organization VDC network, by name or URN, that the edge gateway routes.
    type: str
  vdc:
    description:
      - The VDC or VDC group that owns the edge gateway or the network, by name or URN.
      - Needed only to tell two of one name apart.
    type: str
  cluster_id:
    description:
      - The id of the Kubernetes cluster whose cloud provider (CPI) looks after the objects. They get the names by
        which CPI finds them.
      - Of objects that are there, only what CPI goes by is changed. Members of pools, application profiles and
        certificates are left to it.
      - Exactly one of O(cluster_id) and O(name_template) is needed.
    type: str
  name_template:
    description:
      - How objects are named that no CPI looks after, with C({kind}), C({service}) and C({port}), and C({namespace})
        if wanted, as in V({kind}-{service}-{port}).
      - C({kind}) is C(vs) or C(pool). A DNAT rule is named C(dnat-) and its virtual service, its profile C(appPort_)
        and its rule.
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
          - The IP that clients use. Without it, the one that the service has; for a new one an IP of an IP Space or of
            the edge gateway's IP block, whichever the edge gateway uses.
          - Give it where services move, so that a run that was interrupted finds it again.
        type: str
      internal_ips:
        description:
          - The internal IPs, one for V(shared_internal), one for each port for V(distinct_internal).
          - Without it, those that the service has, then the lowest free ones of the one-arm range.
        type: list
        elements: str
      members:
        description:
          - IP addresses of the machines that serve it, the nodes of a cluster.
          - With O(cluster_id) only for pools that have to be made. CPI looks after the others.
        type: list
        elements: str
      ports:
        description:
          - The ports.
          - May be left out only with O(cluster_id) to remove a service. All its objects are found by their names then.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the port, unique in the service. May be left out where there is one port.
            type: str
            default: ""
          port:
            description: The port that clients use.
            type: int
            required: true
          node_port:
            description: The port of the members. Needed unless the service is removed.
            type: int
          protocol:
            description: The protocol. CPI knows no other.
            type: str
            choices: [TCP]
            default: TCP
          app_protocol:
            description: V(http) and V(https) get virtual services of that kind; any other is served as plain TCP.
            type: str
          ssl:
            description: Whether the virtual service speaks TLS with clients. V(https) always does.
            type: bool
            default: false
          certificate:
            description: Alias of the certificate in Cloud Director's library. Needed for TLS.
            type: str
"""
