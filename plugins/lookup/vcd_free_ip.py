# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup: free addresses of an edge gateway."""

from __future__ import annotations

DOCUMENTATION = r"""
name: vcd_free_ip
short_description: Free IP addresses of an edge gateway
version_added: 0.1.0
author: the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Finds IPv4 addresses of an edge gateway that nothing uses, lowest first, as M(vcd.kubernetes.vcd_shared_ip) does.
  - By default, finds external addresses from the IP blocks of the uplinks or, if the edge gateway uses IP Spaces, those
    that are allocated to the organization and not used. M(vcd.kubernetes.vcd_ip_allocation) allocates more.
  - With O(internal), finds addresses of a range that no virtual service and no NAT rule uses.
notes:
  - The address is not reserved. Until an object has it, another user may take it, and a second lookup finds it again.
  - M(vcd.kubernetes.vcd_shared_ip) chooses addresses by itself, and keeps them. This lookup is for single objects.
options:
  _terms:
    description: The name or URN of one edge gateway.
    type: list
    elements: str
    required: true
  vdc:
    description: Name or URN of the VDC or VDC group that owns the edge gateway. Needed if two gateways have the same
      name.
    type: str
  internal:
    description:
      - A range of internal addresses, such as V(192.168.8.2-192.168.8.100), or a dictionary with C(start_ip) and
        C(end_ip).
    type: raw
  vip_subnet:
    description: Find external addresses in this subnet only, such as V(203.0.113.0/24).
    type: str
  exclude:
    description: Addresses to leave out.
    type: list
    elements: str
    default: []
  count:
    description: How many addresses to find. With fewer free addresses, the lookup fails.
    type: int
    default: 1
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.vcd.env
"""

EXAMPLES = r"""
- name: Publish a pool on a free address
  vcd.kubernetes.vcd_virtual_service:
    edge_gateway: acme-edge
    name: intranet
    pool: intranet
    service_engine_group: seg-shared
    virtual_ip_address: "{{ lookup('vcd.kubernetes.vcd_free_ip', 'acme-edge', internal='192.168.8.2-192.168.8.100') }}"
    service_ports: [{start: 80}]

- name: Show three free external addresses
  ansible.builtin.debug:
    msg: "{{ query('vcd.kubernetes.vcd_free_ip', 'acme-edge', vdc='acme-vdc', count=3) }}"
"""

RETURN = r"""
_raw:
  description: The addresses.
  type: list
  elements: str
"""

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.vcd.kubernetes.plugins.module_utils._controller import in_one_line, known_only
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.free_addresses import free_addresses

OWN = ("vdc", "internal", "vip_subnet", "exclude", "count")


class LookupModule(LookupBase):  # type: ignore[misc] # ansible-core has no types
    """Finds free addresses."""

    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[str]:
        """The addresses; an error is one line."""
        self.set_options(var_options=variables, direct=kwargs)
        return in_one_line(lambda: self._find(terms, kwargs), AnsibleError)

    def _find(self, terms: list[Any], given: dict[str, Any]) -> list[str]:
        if len(terms) != 1 or not str(terms[0]).strip():
            raise CollectionError(f"vcd_free_ip: {len(terms)} edge gateways: give the name or URN of one")
        options = self.get_options()
        known_only(given, options, "the lookup vcd.kubernetes.vcd_free_ip")
        return free_addresses(options, given, str(terms[0]).strip(), **{name: options[name] for name in OWN})
