# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of the kinds of objects in the dump and the timeline."""

from __future__ import annotations

NAMES = {
    "org": "organisations",
    "user": "users",
    "role": "roles",
    "vdc": "vdcs",
    "vdcGroup": "vdc_groups",
    "nsxtmanager": "nsx_t_managers",
    "networkPool": "network_pools",
    "providervdc": "provider_vdcs",
    "providervdcstorageprofile": "provider_vdc_storage_profiles",
    "vdcstorageProfile": "vdc_storage_profiles",
    "loadBalancerController": "load_balancer_controllers",
    "loadBalancerCloud": "load_balancer_clouds",
    "externalNetwork": "external_networks",
    "gateway": "edge_gateways",
    "network": "networks",
    "dhcpBinding": "dhcp_bindings",
    "segmentProfileTemplate": "segment_profile_templates",
    "loadBalancerPool": "pools",
    "loadBalancerVirtualService": "virtual_services",
    "serviceEngineGroup": "service_engine_groups",
    "serviceEngineGroupAssignment": "service_engine_group_assignments",
    "natRule": "nat_rules",
    "staticRoute": "static_routes",
    "bgpNeighbor": "bgp_neighbors",
    "bgpPrefixList": "bgp_prefix_lists",
    "ipsecTunnel": "ipsec_vpn_tunnels",
    "l2VpnTunnel": "l2_vpn_tunnels",
    "applicationPortProfile": "application_port_profiles",
    "firewallGroup": "firewall_groups",
    "firewallRule": "firewall_rules",
    "networkContextProfile": "network_context_profiles",
    "ipSpace": "ip_spaces",
    "ipSpaceUplink": "ip_space_uplinks",
    "ipSpaceIpAllocation": "ip_space_allocations",
    "certificateLibraryItem": "certificates",
    "entity": "entities",
    "entityType": "entity_types",
    "vapp": "vapps",
    "vm": "vms",
    "token": "api_tokens",
}
