# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of a cluster as the option services of vcd_shared_ip."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.vcd.kubernetes.plugins.module_utils._controller import in_one_line, said
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.given_services import services_from

DOCUMENTATION = r"""
name: shared_ip_services
short_description: Convert Services of a cluster into services of vcd_shared_ip
version_added: 0.1.0
author: the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Converts Services, as M(kubernetes.core.k8s_info) returns them, into the option
    O(vcd.kubernetes.vcd_shared_ip#module:services).
  - Takes Services of type LoadBalancer, with all ports that a virtual service can have. It reads their ports, protocols
    and annotations as the cloud provider (CPI) does. A port that CPI would leave out is left out with a warning.
  - The external IP is the one that the Service shows, or else C(spec.loadBalancerIP). Without both, it is null, so that
    M(vcd.kubernetes.vcd_shared_ip) takes a free one.
  - To change a whole cluster whose CPI runs, use the role P(vcd.kubernetes.shared_ip#role). It stops CPI first.
positional: _input
options:
  _input:
    description: The list C(resources) of the result, or the whole result.
    type: raw
    required: true
  members:
    description:
      - The IP addresses of the nodes.
      - Needed with O(vcd.kubernetes.vcd_shared_ip#module:name_template).
    type: list
    elements: str
    default: []
  certificate:
    description: The alias of the certificate for TLS where no annotation of the Service names one.
    type: str
    default: ""
  load_balancer_class:
    description: Take the Services with this class, by default those without any, which are CPI's.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Read the Services
  kubernetes.core.k8s_info:
    kind: Service
    namespace: shop
  register: found

- name: Show what their objects look like in Cloud Director
  vcd.kubernetes.vcd_shared_ip_info:
    edge_gateway: acme-edge
    name_template: "{edge_gateway}-{kind}-{service}-{port}"
    services: "{{ found.resources | vcd.kubernetes.shared_ip_services(members=['10.10.0.11', '10.10.0.12']) }}"
"""

RETURN = r"""
_value:
  description: The services, sorted by namespace and name.
  type: list
  elements: dict
"""


def shared_ip_services(
    resources: Any, members: Iterable[str] = (), certificate: str = "", load_balancer_class: str = ""
) -> list[dict[str, Any]]:
    """The services; a warning says what is left out."""

    def read() -> tuple[list[dict[str, Any]], list[str]]:
        return services_from(
            resources,
            members=[str(one) for one in members or ()],
            certificate=str(certificate or ""),
            load_balancer_class=str(load_balancer_class or ""),
        )

    found, warnings = in_one_line(read, AnsibleFilterError)
    for text in warnings:
        Display().warning(f"shared_ip_services: {said(text)}")
    return found


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"shared_ip_services": shared_ip_services}
