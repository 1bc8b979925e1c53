# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of edge gateways, networks, NAT and firewalls, for the test that what was written can be read back."""

from __future__ import annotations

from typing import Any

import read_back_services
from read_back import Kind, Place, ref
from vcdsim.resources import (
    application_port_profiles,
    edge_gateways,
    firewall,
    firewall_rules,
    nat_rules,
    network_profiles,
    networks,
    slaac,
)
from vcdsim.resources.nsx_t import PORT_GROUPS, nsx_id


def rule_bodies(at: Place) -> list[dict[str, Any]]:
    dnat = {
        "name": "rule",
        "description": "d",
        "enabled": False,
        "type": "DNAT",
        "ruleType": "DNAT",
        "externalAddresses": "203.0.113.20",
        "internalAddresses": "10.10.0.11",
        "applicationPortProfile": ref(at.profile),
        "dnatExternalPort": "8080",
        "logging": True,
        "firewallMatch": "BYPASS",
        "priority": 7,
        "appliedTo": ref(at.network),
    }
    snat = {"type": "SNAT", "externalAddresses": "203.0.113.21", "internalAddresses": "10.10.0.0/24"}
    return [dnat, {"name": "rule", **snat, "snatDestinationAddresses": "192.0.2.0/24"}]


def firewall_rule(at: Place) -> dict[str, Any]:
    return {
        "name": "rule",
        "description": "d",
        "comments": "c",
        "sourceFirewallGroups": [ref(at.ip_set)],
        "destinationFirewallGroups": [ref(at.ip_set)],
        "applicationPortProfiles": [ref(at.profile)],
        "networkContextProfiles": [ref(at.only("/networkContextProfiles", "AMQP"))],
        "ipProtocol": "IPV4",
        "action": "DROP",
        "actionValue": "DROP",
        "direction": "IN",
        "logging": True,
        "enabled": False,
        "appliedTo": ref(at.network),
    }


def network_bodies(at: Place) -> list[dict[str, Any]]:
    dns = {"dnsSuffix": "example", "dnsServer1": "192.0.2.1", "dnsServer2": "192.0.2.2", "enabled": False}
    ranges = {"values": [{"startAddress": "10.9.0.10", "endAddress": "10.9.0.20"}]}
    first = {
        "name": "network",
        "description": "d",
        "subnets": {
            "values": [
                {"gateway": "10.9.0.1", "prefixLength": 24, "ipRanges": ranges, **dns},
                {"gateway": "2001:db8:9::1", "prefixLength": 64, "ipRanges": {"values": []}},
            ]
        },
        "networkType": "NAT_ROUTED",
        "ownerRef": ref(at.vdc),
        "connection": {
            "routerRef": ref(at.edge),
            "connectionType": "INTERNAL",
            "connectionTypeValue": "INTERNAL",
            "connected": False,
        },
        "shared": True,
        "enableDualSubnetNetwork": True,
        "guestVlanTaggingAllowed": True,
        "routeAdvertised": True,
    }
    return [first, first | {"name": "renamed", "description": "e"}]


IMPORTED = ("name", "networkType", "subnets", "ownerRef", "backingNetworkId")


def imported(at: Place) -> dict[str, Any]:
    """A network of a port group."""
    ranges = {"values": [{"startAddress": "10.8.0.10", "endAddress": "10.8.0.20"}]}
    return {
        "name": "imported",
        "networkType": "OPAQUE",
        "subnets": {"values": [{"gateway": "10.8.0.1", "prefixLength": 24, "ipRanges": ranges}]},
        "ownerRef": ref(at.vdc),
        "backingNetworkId": nsx_id(PORT_GROUPS[0]),
    }


def gateway_bodies(at: Place) -> list[dict[str, Any]]:
    (uplink,) = at.read(f"/edgeGateways/{at.edge}")["edgeGatewayUplinks"]
    subnet = {
        "gateway": "203.0.113.1",
        "prefixLength": 24,
        "dnsSuffix": "example",
        "dnsServer1": "192.0.2.1",
        "dnsServer2": "192.0.2.2",
        "enabled": False,
        "primaryIp": "203.0.113.3",
        "ipRanges": {"values": [{"startAddress": "203.0.113.10", "endAddress": "203.0.113.70"}]},
    }
    made = {"uplinkId": uplink["uplinkId"], "connected": False, "dedicated": True, "subnets": {"values": [subnet]}}
    return [
        {
            "name": "gateway",
            "description": "d",
            "edgeGatewayUplinks": [made],
            "distributedRoutingEnabled": False,
            "nonDistributedRoutingEnabled": True,
            "ownerRef": ref(at.vdc),
            "serviceNetworkDefinition": "192.168.254.1/27",
            "edgeClusterConfig": {"primaryEdgeCluster": {"backingId": "x"}},
            "deploymentMode": "DISTRIBUTED_ONLY",
        }
    ]


def least_gateway(at: Place) -> dict[str, Any]:
    return {"name": "least", "edgeGatewayUplinks": gateway_bodies(at)[0]["edgeGatewayUplinks"]}


def nat_rule_named(at: Place, _owner: str) -> str:
    """The task of a NAT rule names its gateway, so a client has to look for the rule."""
    return str(at.read(f"/edgeGateways/{at.edge}/nat/rules")["values"][-1]["id"])


def cluster_of(at: Place) -> str:
    return str(at.read(f"/nsxTResources/edgeClusters?filter=orgVdcId=={at.vdc}")["values"][0]["id"])


KINDS = {
    "NAT rule": Kind(
        nat_rules.RULE,
        "/edgeGateways/{edge}/nat/rules",
        rule_bodies,
        lambda _at: {
            "name": "least",
            "type": "SNAT",
            "externalAddresses": "203.0.113.22",
            "internalAddresses": "10.10.0.0/24",
        },
        aside={"version": "it is the current one"},
        without={"ruleType": "SNAT"},  # the older name of type
        find=nat_rule_named,
    ),
    "application port profile": Kind(
        application_port_profiles.PROFILE,
        "/applicationPortProfiles",
        lambda at: [
            at.profile_body("profile")
            | {
                "description": "d",
                "scope": "TENANT",
                "applicationPorts": [{"name": "n", "protocol": "UDP", "destinationPorts": ["53", "80-90"]}],
            }
        ],
        lambda at: at.profile_body("least"),
        otherwise={"contextEntityId": None},
        without={"scope": "TENANT"},
    ),
    "firewall group": Kind(
        firewall.GROUP_BODY,
        "/firewallGroups",
        lambda at: [
            {
                "name": "set",
                "description": "d",
                "ownerRef": ref(at.edge),
                "edgeGatewayRef": ref(at.edge),
                "type": "IP_SET",
                "typeValue": "IP_SET",
                "ipAddresses": ["10.0.0.0/8", "192.0.2.1-192.0.2.9"],
            }
        ],
        lambda at: {"name": "least", "ownerRef": ref(at.edge), "edgeGatewayRef": ref(at.edge)},
        without={"type": "IP_SET", "typeValue": "IP_SET"},
        aside={"members": "of another type, see below", "vmCriteria": "of another type, see below"},
    ),
    "static firewall group": Kind(
        firewall.GROUP_BODY,
        "/firewallGroups",
        lambda at: [
            {"name": "s", "ownerRef": ref(at.edge), "typeValue": "STATIC_MEMBERS", "members": [ref(at.network)]}
        ],
        lambda at: {"name": "least", "ownerRef": ref(at.edge), "typeValue": "STATIC_MEMBERS"},
        aside=dict.fromkeys(
            ("description", "edgeGatewayRef", "type", "ipAddresses", "vmCriteria"), "see the firewall group"
        ),
    ),
    "dynamic firewall group": Kind(
        firewall.GROUP_BODY,
        "/firewallGroups",
        lambda at: [
            {
                "name": "c",
                "ownerRef": ref(at.vdc_group),
                "typeValue": "VM_CRITERIA",
                "vmCriteria": [
                    {"rules": [{"attributeType": "VM_NAME", "operator": "CONTAINS", "attributeValue": "node"}]}
                ],
            }
        ],
        lambda at: {"name": "least", "ownerRef": ref(at.vdc_group), "typeValue": "VM_CRITERIA"},
        aside=dict.fromkeys(
            ("description", "edgeGatewayRef", "type", "ipAddresses", "members"), "see the firewall group"
        ),
    ),
    "firewall rules": Kind(
        firewall_rules.RULES_BODY,
        "",
        lambda at: [{"userDefinedRules": [firewall_rule(at), firewall_rule(at) | {"name": "second"}]}],
        lambda _at: {"userDefinedRules": [{"name": "least", "actionValue": "ALLOW"}]},
        one=lambda at: f"/edgeGateways/{at.edge}/firewall/rules",
        aside={
            "userDefinedRules.id": "a new rule has none",
            "userDefinedRules.version": "it is the current one",
        },
    ),
    "network": Kind(
        networks.NETWORK,
        "/orgVdcNetworks",
        network_bodies,
        lambda at: {
            "name": "least",
            "networkType": "NAT_ROUTED",
            "subnets": {"values": [{"gateway": "10.9.0.1", "prefixLength": 24}]},
            "ownerRef": ref(at.vdc),
            "connection": {"routerRef": ref(at.edge)},
        },
        aside={
            "subnets.values.totalIpCount": "a count that clients send back",
            **dict.fromkeys(("backingNetworkId", "backingNetworkType"), "see the imported network"),
        },
    ),
    "imported network": Kind(
        networks.NETWORK,
        "/orgVdcNetworks",
        lambda at: [imported(at) | {"backingNetworkType": networks.PORT_GROUP}],
        lambda at: imported(at) | {"name": "least"},
        aside=dict.fromkeys(
            {*networks.NETWORK.schema["properties"]} - {*IMPORTED, "backingNetworkType"}, "see the network"
        )
        | {"subnets.values.totalIpCount": "a count that clients send back"}
        | dict.fromkeys(
            (f"subnets.values.{name}" for name in ("dnsSuffix", "dnsServer1", "dnsServer2", "enabled")), "the same"
        ),
        without={"backingNetworkType": networks.PORT_GROUP},
    ),
    "edge gateway": Kind(
        edge_gateways.GATEWAY,
        "",
        gateway_bodies,
        least_gateway,
        one=lambda at: f"/edgeGateways/{at.edge}",
        aside={
            "gatewayBacking": "the provider's, and only shown",
            "edgeGatewayUplinks.quickAddAllocatedIpCount": "a request, not a state",
            "edgeGatewayUplinks.subnets.values.autoAllocateIpRanges": "a request, not a state",
            "edgeGatewayUplinks.subnets.values.totalIpCount": "a count that clients send back",
            "ownerRef": "it cannot change here",
        },
        # Terraform's provider omits these from its PUT, and expects them to stay (assumed)
        without={
            "distributedRoutingEnabled": False,
            "nonDistributedRoutingEnabled": True,
            "serviceNetworkDefinition": "192.168.254.1/27",
            "edgeClusterConfig": {"primaryEdgeCluster": {"backingId": "x"}},
            "deploymentMode": "DISTRIBUTED_ONLY",
        },
    ),
    "SLAAC profile": Kind(
        slaac.PROFILE,
        "",
        lambda _at: [
            {
                "enabled": True,
                "mode": "DHCPv6",
                "dnsConfig": {"dnsServerIpv6Addresses": ["2001:db8::1"], "domainNames": ["a.example"]},
            }
        ],
        lambda _at: {},
        one=lambda at: f"/edgeGateways/{at.edge}/slaacProfile",
    ),
    "VDC network profile": Kind(
        network_profiles.PROFILE,
        "",
        lambda at: [{"servicesEdgeCluster": {"backingId": cluster_of(at)}, **read_back_services.defaults(at)[0]}],
        lambda _at: {},
        one=lambda at: f"/vdcs/{at.vdc}/networkProfile",
        aside={"primaryEdgeCluster": "for NSX-V", "secondaryEdgeCluster": "for NSX-V"},
    ),
}
