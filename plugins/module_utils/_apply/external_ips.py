# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""External IPs: the one that a service has, the one that it claims, or a free one."""

from __future__ import annotations

from functools import cached_property

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    AddressRange,
    Network,
    is_ipv4,
    network_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import free_external_ip
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_space.calls import (
    Claim,
    claim,
    list_claims,
    release,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import (
    NAT_RULE,
    VIRTUAL_SERVICE,
    ip_claim_marker,
    short_cluster_id,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import DesiredService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import names_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body

FROM_IP_SPACE = "an IP of an IP Space for"


class ExternalAddresses:
    """Where external IPs come from on one edge gateway: its IP block, or IP Spaces."""

    def __init__(self, api: Api, gateway: Body, one_arm: AddressRange, subnet: str | None) -> None:
        self.api = api
        self.gateway = gateway
        self._one_arm = one_arm
        self._subnet = subnet
        self._promised: dict[str, str] = {}

    @property
    def uses_ip_spaces(self) -> bool:
        """Whether an uplink takes its addresses from IP Spaces."""
        return any(uplink.get("usingIpSpace") for uplink in self.gateway.get("edgeGatewayUplinks") or [])

    def find(self, service: DesiredService, inventory: Inventory) -> str:
        """The IP that a service has by its objects or by its claim; empty when it has none."""
        if service.external_ip:
            return service.external_ip
        own = names_of(service)
        for name in (*(names.nat_rule for names in own), service.names.nat_rule(service.name, "", service.namespace)):
            rule = inventory.get(NAT_RULE, name)
            if rule is not None:
                return str(rule.external)
        claimed = self._claims.get(self.marker(service)) if self.uses_ip_spaces else None
        if claimed is not None:
            return claimed.value
        # without a rule the VIP is the external IP, unless the service is half-done behind NAT
        vips = [inventory.get(VIRTUAL_SERVICE, names.virtual_service) for names in own]
        return next((item.address for item in vips if item is not None and self._is_external(item.address)), "")

    def _is_external(self, address: str) -> bool:
        """Whether an address is of an uplink; with IP Spaces uplinks name no subnets, and the one-arm range decides."""
        if not is_ipv4(address) or address in self._one_arm:
            return False
        return self.uses_ip_spaces or any(address in network for network in self._subnets)

    @cached_property
    def _subnets(self) -> list[Network]:
        uplinks = self.gateway.get("edgeGatewayUplinks") or []
        subnets = [subnet for uplink in uplinks for subnet in (uplink.get("subnets") or {}).get("values") or []]
        found = [network_of(f"{subnet.get('gateway')}/{subnet.get('prefixLength')}") for subnet in subnets]
        return [network for network in found if network is not None]

    def take(self, service: DesiredService, check_mode: bool) -> str:
        """A new IP: claimed from an IP Space, or a free one of the IP block, which its first object holds.

        What a service was promised in the plan is what it gets, unless somebody took it meanwhile.
        """
        if self.uses_ip_spaces:
            if check_mode:
                return f"{FROM_IP_SPACE} {service.label}"
            found = claim(self.api, self.gateway, self.marker(service))
            self._claims[found.marker] = found
            return found.value
        others = [address for label, address in self._promised.items() if label != service.label]
        self._promised[service.label] = free_external_ip(self.api, self.gateway, self._subnet, others)
        return self._promised[service.label]

    def release(self, service: DesiredService, check_mode: bool) -> bool:
        """Give back what was claimed for a service; whether there was something."""
        found = self._claims.get(self.marker(service)) if self.uses_ip_spaces else None
        if found is None or (service.external_ip and found.value != service.external_ip):
            return False
        if not check_mode:
            release(self.api, found)
        return True

    @staticmethod
    def marker(service: DesiredService) -> str:
        """What a claim is found by: CPI's own words for a cluster's Service."""
        if service.cluster_id:
            return ip_claim_marker(service.namespace, service.name, short_cluster_id(service.cluster_id))
        return f"service {service.names.virtual_service(service.name, '*', service.namespace)}"

    @cached_property
    def _claims(self) -> dict[str, Claim]:
        return {one.marker: one for one in list_claims(self.api, self.gateway) if one.marker}
