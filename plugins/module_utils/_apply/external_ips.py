# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Finds the external IP of a service: the one that it has, the one that it has claimed, or a free one."""

from __future__ import annotations

from functools import cached_property

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import free_external_ip
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.external_addresses import ask
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_space.calls import (
    FloatingIp,
    claim,
    list_floating_ips,
    release,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.allotment import (
    AddressUse,
    AddressVerdict,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import EdgeAddresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.addresses import choose_external_ip
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.service import Service
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body

FROM_IP_SPACE = "an IP of an IP Space for"


class ExternalAddresses:
    """Where external IPs come from on one edge gateway: its IP block, or IP Spaces."""

    def __init__(self, api: Api, gateway: Body, edge: EdgeAddresses, subnet: str | None) -> None:
        self.api = api
        self.gateway = gateway
        self.edge = edge
        self._subnet = subnet
        self._promised: dict[str, str] = {}

    def find(self, service: Service, inventory: Inventory) -> str:
        """The IP that a service has according to its objects or its claim, or empty text. Raises InvalidInput."""
        claimed = self._by_marker.get(service.claim_marker) if self.edge.uses_ip_spaces else None
        return choose_external_ip(service, inventory, self.edge, claimed=claimed.value if claimed else "")

    def take(self, service: Service, check_mode: bool) -> str:
        """A new IP: claimed from an IP Space, or a free one of the IP block, which the first object will hold.

        A service gets the IP that the plan promised, unless another object has taken it since then.
        """
        if self.edge.uses_ip_spaces:
            if check_mode:
                return f"{FROM_IP_SPACE} {service.label}"
            found = claim(self.api, self.gateway, service.claim_marker)
            self._by_marker[found.marker] = found
            return found.value
        others = [address for label, address in self._promised.items() if label != service.label]
        self._promised[service.label] = free_external_ip(self.api, self.gateway, self._subnet, others)
        return self._promised[service.label]

    def release(self, service: Service, check_mode: bool) -> bool:
        """Release the IP that was claimed for a service. Returns whether there was a claim."""
        found = self._by_marker.get(service.claim_marker) if self.edge.uses_ip_spaces else None
        if found is None or (service.external_ip and found.value != service.external_ip):
            return False
        if not check_mode:
            release(self.api, found)
        return True

    def may_use(self, address: str, use: AddressUse) -> AddressVerdict:
        """Whether the edge gateway may use an address. The one-arm range counts as internal: the operator says so."""
        known = [one.value for one in self._allocated] if self.edge.uses_ip_spaces else []
        return ask(self.api, self.gateway, address, use, known=known, internal=self.edge.internal)

    @cached_property
    def _by_marker(self) -> dict[str, FloatingIp]:
        return {one.marker: one for one in self._allocated if one.marker}

    @cached_property
    def _allocated(self) -> list[FloatingIp]:
        return list_floating_ips(self.api, self.gateway)
