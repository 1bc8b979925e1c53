# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read back equals what was sent, for every writable field of every kind of object.

Clients compare what they read with what they want: Terraform plans a change where a field differs, and
go-vcloud-director's tests compare whole objects. So a field that is stored differently, forgotten by a PUT, or kept
where a PUT leaves it out is an error of the simulator.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from simulator_bench import Api
from vcdsim import resources
from vcdsim.bodies import Body, Fields, _at_version
from vcdsim.resources import (
    alb_infrastructure,
    application_port_profiles,
    certificates,
    edge_gateways,
    external_networks,
    firewall,
    firewall_rules,
    http_policies,
    ip_allocations,
    ip_space_assignments,
    ip_spaces,
    nat_rules,
    network_profiles,
    networks,
    pools,
    roles,
    service_engine_groups,
    slaac,
    vdc_groups,
    virtual_services,
)
from vcdsim.testing import Simulator

VERSION = "39.0"
NEWEST = (39, 0)
REST = "/loadBalancer"


class Place:
    """The identifiers that bodies refer to, and a client that may do everything."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.edge = self.only("/edgeGateways", "acme-edge")
        self.vdc = self.only("/vdcs", "acme-vdc")
        self.org = self.only("/orgs", "acme")
        self.context = {"headers": {"X-VMWARE-VCLOUD-TENANT-CONTEXT": self.org}}
        self.network = self.only("/orgVdcNetworks", "k8s-net")
        self.group = self.only(REST + "/serviceEngineGroups", "seg-shared")
        self.ip_set = self.only("/firewallGroups/summaries", "workers")
        self.manager = api.get(f"/edgeGateways/{self.edge}")["gatewayBacking"]["networkProvider"]["id"]
        self.router: list[str] = []  # the Tier-0 router of the test, once it is found
        self.settings = f"/edgeGateways/{self.edge}/loadBalancer"
        self.named_cloud = {"loadBalancerCloudRef": self.read(self.settings)["loadBalancerCloudRef"]}
        premium = {"enabled": True, "supportedFeatureSet": "PREMIUM", "transparentModeEnabled": True}
        self.write("PUT", self.settings, premium | self.named_cloud)

    def only(self, path: str, name: str) -> str:
        return str(self.api.named(path, name)["id"])

    def read(self, path: str) -> Any:
        return self.api.get(path, version=VERSION, **self.context)

    def write(self, method: str, path: str, body: Any) -> str:
        """Send a write; return the identifier of its object, whether VCD answers at once or with a task."""
        answer = self.api.ask(method, path, body, version=VERSION, **self.context)
        assert answer.status_code in (200, 201, 202), answer.text
        if answer.status_code != 202:
            return str(answer.json().get("id", ""))
        task = self.api.task(answer)
        assert task.get("status") == "success"
        return str(next(one for one in task if one.tag.endswith("Owner")).get("id"))

    @cached_property
    def certificate(self) -> str:
        return str(self.read("/ssl/certificateLibrary")["values"][0]["id"])

    @cached_property
    def pem(self) -> str:
        return str(self.read(f"/ssl/certificateLibrary/{self.certificate}")["certificate"])

    @cached_property
    def profile(self) -> str:
        return self.write("POST", "/applicationPortProfiles", self.profile_body("used"))

    def profile_body(self, name: str) -> dict[str, Any]:
        ports = [{"protocol": "TCP", "destinationPorts": ["80"]}]
        return {"name": name, "applicationPorts": ports, "orgRef": {"id": self.org}, "contextEntityId": self.vdc}

    @cached_property
    def vdc_group(self) -> str:
        member = [{"vdcRef": {"id": self.vdc}}]
        body = {"name": "used", "orgId": self.org, "networkProviderType": "NSX_T", "participatingOrgVdcs": member}
        return self.write("POST", "/vdcGroups", body)

    def pool(self, name: str) -> str:
        body = {"name": name, "gatewayRef": {"id": self.edge}, "memberGroupRef": {"id": self.ip_set}}
        return self.write("POST", REST + "/pools", body)

    @cached_property
    def service(self) -> str:
        return self.write("POST", REST + "/virtualServices", self.service_body(self.pool("of-service")))

    def service_body(self, pool: str) -> dict[str, Any]:
        return {
            "name": "service",
            "enabled": True,
            "applicationProfile": {"type": "HTTP"},
            "loadBalancerPoolRef": {"id": pool},
            "gatewayRef": {"id": self.edge},
            "serviceEngineGroupRef": {"id": self.group},
            "servicePorts": [{"portStart": 80}],
            "virtualIpAddress": "203.0.113.40",
        }

    @cached_property
    def space(self) -> str:
        return self.write("POST", "/ipSpaces", self.space_body("used"))

    @staticmethod
    def space_body(name: str) -> dict[str, Any]:
        ranges = [{"startIpAddress": "10.200.0.1", "endIpAddress": "10.200.0.9"}]
        scope = {"ipSpaceInternalScope": ["10.200.0.0/16"], "ipSpaceRanges": {"ipRanges": ranges}}
        return {"name": name, "type": "PUBLIC", **scope}

    @cached_property
    def controller(self) -> str:
        body = {"name": "used", "url": "https://used.example.com", "username": "u", "password": "p"}
        return self.write("POST", REST + "/controllers", body)

    @cached_property
    def cloud(self) -> str:
        return self.write("POST", REST + "/clouds", {"name": "used", "loadBalancerCloudBacking": self.cloud_backing()})

    def cloud_backing(self) -> dict[str, Any]:
        (found,) = self.read(f"/nsxAlbResources/importableClouds?filter=_context=={self.controller}")["values"]
        return {
            "backingId": found["id"],
            "backingType": "NSXALB_NSXT",
            "loadBalancerControllerRef": {"id": self.controller},
        }

    def group_backing(self) -> dict[str, Any]:
        path = f"/nsxAlbResources/importableServiceEngineGroups?filter=_context=={self.cloud}"
        return {
            "backingId": self.read(path)["values"][0]["id"],
            "loadBalancerCloudRef": {"id": self.cloud},
        }


@dataclass(frozen=True)
class Kind:
    """One kind of object.

    ``full`` makes bodies that together have every writable field, with other values than the defaults. ``least`` makes
    the body that has the required fields only. ``post`` is empty if the object is there already and ``one`` is its
    path. ``otherwise`` says what is documented to be shown otherwise, ``aside`` which fields are left out and why,
    ``without`` what is shown of a field that a PUT leaves out, if not its default.
    """

    body: Body
    post: str
    full: Callable[[Place], list[dict[str, Any]]]
    least: Callable[[Place], dict[str, Any]]
    one: Callable[[Place], str] | None = None
    otherwise: dict[str, Any] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)
    without: dict[str, Any] = field(default_factory=dict)
    find: Callable[[Place, str], str] | None = None
    put: bool = True


def ref(urn: str) -> dict[str, str]:
    return {"id": urn}


def pool_bodies(at: Place) -> list[dict[str, Any]]:
    first = {
        "name": "pool",
        "description": "d",
        "enabled": False,
        "passiveMonitoringEnabled": False,
        "defaultPort": 8080,
        "gracefulTimeoutPeriod": 5,
        "algorithm": "ROUND_ROBIN",
        "healthMonitors": [{"type": "TCP", "name": "mine"}],
        "persistenceProfile": {"type": "HTTP_COOKIE", "value": "c"},
        "members": [{"ipAddress": "10.10.0.11", "port": 8081, "ratio": 3, "enabled": False}],
        "gatewayRef": ref(at.edge),
        "sslEnabled": True,
        "caCertificateRefs": [ref(at.certificate)],
        "commonNameCheckEnabled": True,
        "domainNames": ["a.example"],
    }
    return [first, {"name": "other", "gatewayRef": ref(at.edge), "memberGroupRef": ref(at.ip_set)}]


def service_bodies(at: Place) -> list[dict[str, Any]]:
    profile = {"name": "mine", "systemDefined": False}
    first = at.service_body(at.pool("of-test")) | {
        "description": "d",
        "enabled": False,
        "applicationProfile": {"type": "HTTPS", **profile},
        "certificateRef": ref(at.certificate),
        "ipv6VirtualIpAddress": "2001:db8::5",
        "servicePorts": [
            {"portStart": 443, "portEnd": 444, "sslEnabled": True, "tcpUdpProfile": {"type": "TCP_PROXY", **profile}}
        ],
        "transparentModeEnabled": True,
        "nonCriticalLoggingEnabled": True,
    }
    return [first, first | {"name": "renamed", "virtualIpAddress": "203.0.113.41", "enabled": True}]


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


def space_bodies(at: Place) -> list[dict[str, Any]]:
    sequence = {"startingPrefixIpAddress": "10.200.1.0", "prefixLength": 30, "totalPrefixCount": 2, "id": "two"}
    services = ("Firewall", "NoSnat", "Snat")
    ranges = [{"startIpAddress": "10.200.0.1", "endIpAddress": "10.200.0.9", "id": "one"}]
    first = at.space_body("space") | {
        "description": "d",
        "ipSpaceRanges": {"ipRanges": ranges, "defaultFloatingIpQuota": 3},
        "ipSpacePrefixes": [{"ipPrefixSequence": [sequence], "defaultQuotaForPrefixLength": 2}],
        "ipSpaceExternalScope": "0.0.0.0/0",
        "routeAdvertisementEnabled": True,
        "defaultGatewayServiceConfig": {f"enableDefault{one}RuleCreation": True for one in services},
    }
    return [first, first | {"name": "renamed", "type": "PUBLIC"}]


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


def settings_bodies(at: Place) -> list[dict[str, Any]]:
    networks = {"serviceNetworkDefinition": "10.99.0.1/25", "ipv6ServiceNetworkDefinition": "2001:db8:7::1/120"}
    at.write("PUT", at.settings, {"enabled": False})  # the service network of a running load balancer cannot change
    features = {"supportedFeatureSet": "PREMIUM", "transparentModeEnabled": True}
    return [{"enabled": True, **networks, **features, **at.named_cloud}]


def policy(rules: Callable[[], dict[str, Any]]) -> Callable[[Place], list[dict[str, Any]]]:
    def bodies(_at: Place) -> list[dict[str, Any]]:
        return [{"values": [{"name": "r", "active": False, "logging": True, "matchCriteria": {"x": 1}, **rules()}]}]

    return bodies


HEADER = [{"action": "ADD", "name": "X-A", "value": "1"}]
TARGET = {"protocol": "HTTPS", "host": "h", "port": 81, "path": "/p", "keepQuery": True}
ANSWER = {"content": "c", "contentType": "text/plain", "statusCode": 403}


def request_rules(_at: Place) -> list[dict[str, Any]]:
    rewrite = {"host": "h", "path": "/p", "query": "q", "keepQuery": True}
    rules = [
        {"name": "a", "headerActions": HEADER, "rewriteUrlAction": rewrite, "matchCriteria": {"x": 1}},
        {"name": "b", "active": False, "logging": True, "redirectAction": {**TARGET, "statusCode": 302}},
    ]
    return [{"values": rules}]


def security_rules(_at: Place) -> list[dict[str, Any]]:
    rate = {"count": 3, "period": 4, "closeConnectionAction": "CLOSE"}
    more = {"redirectAction": {**TARGET, "statusCode": 302}, "localResponseAction": ANSWER}
    actions = [
        {"rateLimitAction": rate | more},
        {"redirectToHttpsAction": {"port": 443}},
        {"localResponseAction": ANSWER},
        {"allowOrCloseConnectionAction": "CLOSE"},
    ]
    extra = {"active": False, "logging": True, "matchCriteria": {"x": 1}}
    return [{"values": [{"name": f"r{number}", **extra, **one} for number, one in enumerate(actions)]}]


def of_service(path: str) -> Callable[[Place], str]:
    return lambda at: f"{REST}/virtualServices/{at.service}{path}"


def nat_rule_named(at: Place, _owner: str) -> str:
    """The task of a NAT rule names its gateway, so a client has to look for the rule."""
    return str(at.read(f"/edgeGateways/{at.edge}/nat/rules")["values"][-1]["id"])


def assignment_of(at: Place) -> dict[str, Any]:
    """The assignment of an IP Space that an edge gateway of the organisation is connected to."""
    found = at.read("/ipSpaces/orgAssignments")["values"]
    if not found:
        body = external_body(at) | {"subnets": {"values": []}, "usingIpSpace": True}
        network = at.write("POST", "/externalNetworks", body)
        link = {"name": "u", "externalNetworkRef": ref(network), "ipSpaceRef": ref(at.space)}
        at.write("POST", "/ipSpaceUplinks", link)
        uplinks = [{"uplinkId": network, "subnets": {"values": []}}]
        at.write("POST", "/edgeGateways", {"name": "e", "ownerRef": ref(at.vdc), "edgeGatewayUplinks": uplinks})
        found = at.read("/ipSpaces/orgAssignments")["values"]
    return dict(found[0])


def assignment_body(at: Place) -> dict[str, Any]:
    return {name: assignment_of(at)[name] for name in ("ipSpaceRef", "orgRef")}


def allocation_of(at: Place) -> str:
    path = f"/ipSpaces/{at.space}"
    at.write("POST", f"{path}/allocate", {"type": "FLOATING_IP", "quantity": 1})
    (made,) = at.read(f"{path}/allocations?filter=type==FLOATING_IP")["values"]
    return f"{path}/allocations/{made['id']}"


KINDS = {
    "pool": Kind(
        pools.POOL,
        REST + "/pools",
        pool_bodies,
        lambda at: {"name": "least", "gatewayRef": ref(at.edge)},
    ),
    "virtual service": Kind(
        virtual_services.SERVICE,
        REST + "/virtualServices",
        service_bodies,
        lambda at: at.service_body(at.pool("of-least")),
    ),
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
        aside={"subnets.values.totalIpCount": "a count that clients send back"},
    ),
    "IP Space": Kind(
        ip_spaces.SPACE,
        "/ipSpaces",
        space_bodies,
        lambda at: at.space_body("least"),
        aside={
            "orgRef": "of a PRIVATE one, see its tests",
        },
        otherwise={},
    ),
    "IP Space uplink": Kind(
        ip_spaces.UPLINK,
        "/ipSpaceUplinks",
        lambda at: [
            {
                "name": "u",
                "description": "d",
                "externalNetworkRef": uplink_of(at),
                "ipSpaceRef": ref(at.space),
                "interfaces": [{"id": interface_of(at)}],
            }
        ],
        lambda at: {"name": "least", "externalNetworkRef": uplink_of(at), "ipSpaceRef": ref(at.space)},
        aside=dict.fromkeys(("interfaces.name", "interfaces.interfaceType"), "the router's own"),
    ),
    "IP allocation": Kind(
        ip_allocations.ALLOCATION,
        "",
        lambda at: [
            {
                "type": "FLOATING_IP",
                "value": "10.200.0.1",
                "orgRef": ref(at.org),
                "usageState": "USED_MANUAL",
                "description": "d",
            }
        ],
        lambda _at: {"usageState": "UNUSED"},
        one=allocation_of,
        aside={"type": "it cannot change", "value": "it cannot change", "orgRef": "it cannot change"},
    ),
    "certificate": Kind(
        certificates.ITEM,
        "/ssl/certificateLibrary",
        lambda at: [{"alias": "new", "description": "d", "certificate": at.pem}],
        lambda at: {"alias": "least", "certificate": at.pem},
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
        # Terraform's provider leaves these out of its PUT, and expects them to stay (assumed)
        without={
            "distributedRoutingEnabled": False,
            "nonDistributedRoutingEnabled": True,
            "serviceNetworkDefinition": "192.168.254.1/27",
            "edgeClusterConfig": {"primaryEdgeCluster": {"backingId": "x"}},
            "deploymentMode": "DISTRIBUTED_ONLY",
        },
    ),
    "load balancer settings": Kind(
        edge_gateways.LOAD_BALANCER,
        "",
        settings_bodies,
        lambda _at: {"enabled": True},
        one=lambda at: at.settings,
        put=False,
    ),
    "service engine group assignment": Kind(
        service_engine_groups.ASSIGNMENT,
        REST + "/serviceEngineGroups/assignments",
        lambda at: [
            {
                "serviceEngineGroupRef": ref(at.only(REST + "/serviceEngineGroups", "seg-premium")),
                "gatewayRef": ref(at.edge),
                "maxVirtualServices": 9,
                "minVirtualServices": 2,
            }
        ],
        lambda at: {
            "serviceEngineGroupRef": ref(at.only(REST + "/serviceEngineGroups", "seg-premium")),
            "gatewayRef": ref(at.edge),
            "maxVirtualServices": 5,
            "minVirtualServices": 0,
        },
    ),
    "service engine group": Kind(
        service_engine_groups.GROUP,
        REST + "/serviceEngineGroups",
        lambda at: [
            {
                "name": "g",
                "description": "d",
                "serviceEngineGroupBacking": at.group_backing(),
                "reservationType": "SHARED",
                "supportedFeatureSet": "PREMIUM",
            }
        ],
        lambda at: {"name": "least", "serviceEngineGroupBacking": at.group_backing()},
        put=False,
    ),
    "load balancer controller": Kind(
        alb_infrastructure.CONTROLLER_BODY,
        REST + "/controllers",
        lambda _at: [{"name": "n", "description": "d", "url": "https://a.example", "username": "u", "password": "p"}],
        lambda _at: {"name": "least", "url": "https://a.example", "username": "u"},
    ),
    "load balancer cloud": Kind(
        alb_infrastructure.CLOUD_BODY,
        REST + "/clouds",
        lambda at: [{"name": "c", "description": "d", "loadBalancerCloudBacking": at.cloud_backing()}],
        lambda at: {"name": "least", "loadBalancerCloudBacking": at.cloud_backing()},
    ),
    "role": Kind(
        roles.BODY,
        "/roles",
        lambda _at: [{"name": "r", "description": "d"}],
        lambda _at: {"name": "least"},
        aside={"readOnly": "only built-in roles are"},
    ),
    "VDC group": Kind(
        vdc_groups.BODY,
        "/vdcGroups",
        lambda at: [
            {
                "name": "g",
                "description": "d",
                "orgId": at.org,
                "networkProviderType": "NSX_T",
                "type": "LOCAL",
                "participatingOrgVdcs": [{"vdcRef": ref(at.vdc)}],
            }
        ],
        lambda at: {
            "name": "least",
            "orgId": at.org,
            "networkProviderType": "NSX_T",
            "participatingOrgVdcs": [{"vdcRef": ref(at.vdc)}],
        },
        aside={
            **dict.fromkeys(("localEgress", "universalNetworkingEnabled"), "never in a LOCAL group"),
            "dfwEnabled": "it is activated with the policies",
            "networkPoolId": "a request, not a state",
            **dict.fromkeys(
                (
                    f"participatingOrgVdcs.{one}"
                    for one in ("faultDomainTag", "networkProviderScope", "remoteOrg", "status")
                ),
                "shown of the VDC; clients send back what they have read",
            ),
        },
    ),
    "external network": Kind(
        external_networks.NETWORK,
        "/externalNetworks",
        lambda at: [external_body(at), external_body(at) | {"name": "renamed", "description": "e"}],
        lambda at: {name: external_body(at)[name] for name in ("networkBackings", "subnets")} | {"name": "least"},
        otherwise={"networkBackings.values.name": "tier-0"},  # the router's own
        aside={
            "subnets.values.totalIpCount": "a count that clients send back",
            "usingIpSpace": "without subnets, see its tests",
        },
    ),
    "IP Space assignment": Kind(
        ip_space_assignments.ASSIGNMENT,
        "",
        lambda at: [assignment_body(at) | {"customQuotas": QUOTAS}],
        assignment_body,
        one=lambda at: f"/ipSpaces/orgAssignments/{assignment_of(at)['id']}",
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
        lambda at: [{"servicesEdgeCluster": {"backingId": cluster_of(at)}}],
        lambda _at: {},
        one=lambda at: f"/vdcs/{at.vdc}/networkProfile",
        aside={
            "primaryEdgeCluster": "for NSX-V",
            "secondaryEdgeCluster": "for NSX-V",
            "vdcNetworkSegmentProfileTemplateRef": "there are no templates",
            "vappNetworkSegmentProfileTemplateRef": "there are no templates",
        },
    ),
    "HTTP request rules": Kind(
        http_policies.BODIES[http_policies.REQUEST],
        "",
        request_rules,
        lambda _at: {"values": []},
        one=of_service("/httpPolicy/requestRules"),
    ),
    "HTTP response rules": Kind(
        http_policies.BODIES[http_policies.RESPONSE],
        "",
        policy(lambda: {"headerActions": HEADER, "rewriteLocationHeaderAction": TARGET}),
        lambda _at: {"values": []},
        one=of_service("/httpPolicy/responseRules"),
    ),
    "HTTP security rules": Kind(
        http_policies.BODIES[http_policies.SECURITY],
        "",
        security_rules,
        lambda _at: {"values": []},
        one=of_service("/httpPolicy/securityRules"),
    ),
    "WAF configuration": Kind(
        http_policies.BODIES[http_policies.WAF],
        "",
        lambda _at: [{"active": True, "mode": "ENFORCEMENT"}],
        lambda _at: {},
        one=of_service("/waf/config"),
    ),
    "WAF allowlist": Kind(
        http_policies.BODIES[http_policies.ALLOWLIST],
        "",
        lambda _at: [{"values": [{"name": "r", "active": False, "matchCriteria": {"x": 1}, "action": "BYPASS"}]}],
        lambda _at: {"values": []},
        one=of_service("/waf/allowlist"),
    ),
}
# Bodies that are no state of an object: what a request asks for, and what is only shown
NO_STATE = {
    "IP allocation request",
    "OAuth client",
    # see test_sim_distributed_firewall
    "distributed firewall policies",
    "distributed firewall policy",
    "distributed firewall rule",
    "distributed firewall rules",
    "firewall rule",
    "load balancer pool summary",
    "load balancer virtual service summary",
    "rights of a role",
    "security tag",
}


def uplink_of(at: Place) -> dict[str, str]:
    """An external network that uses IP Spaces."""
    for one in at.read("/externalNetworks")["values"]:
        if one["usingIpSpace"]:
            return ref(one["id"])
    return ref(
        at.write("POST", "/externalNetworks", external_body(at) | {"subnets": {"values": []}, "usingIpSpace": True})
    )


def cluster_of(at: Place) -> str:
    return str(at.read(f"/nsxTResources/edgeClusters?filter=orgVdcId=={at.vdc}")["values"][0]["id"])


def interface_of(at: Place) -> str:
    path = f"/nsxTResources/tier0RouterInterfaces?filter=externalNetworkId=={uplink_of(at)['id']}"
    return str(at.read(path)["values"][0]["id"])


QUOTAS = {"floatingIpQuota": 4, "ipPrefixQuotas": [{"prefixLength": 30, "quota": 2}]}


def external_body(at: Place) -> dict[str, Any]:
    if not at.router:
        path = f"/nsxTResources/importableTier0Routers?filter=_context=={at.manager}"
        at.router.append(next(one["id"] for one in at.read(path)["values"] if one["displayName"] == "tier-0"))
    backing = {
        "backingId": at.router[0],
        "name": "mine",
        "backingTypeValue": "NSXT_TIER0",
        "networkProvider": ref(at.manager),
    }
    dns = {"dnsSuffix": "example", "dnsServer1": "192.0.2.1", "dnsServer2": "192.0.2.2", "enabled": False}
    ranges = {"values": [{"startAddress": "192.0.2.10", "endAddress": "192.0.2.20"}]}
    return {
        "name": "outside",
        "description": "d",
        "subnets": {"values": [{"gateway": "192.0.2.1", "prefixLength": 24, "ipRanges": ranges, **dns}]},
        "networkBackings": {"values": [backing]},
        "dedicatedOrg": ref(at.org),
        "natAndFirewallServiceIntention": "EDGE_GATEWAY",
        "networkRouteAdvertisementIntention": "ALL_NETWORKS_ADVERTISED",
    }


def is_ref(schema: Fields) -> bool:
    return set(schema.get("properties", ())) == {"name", "id"}


def writable(schema: Fields, prefix: str = "") -> Iterator[tuple[str, Fields]]:
    """Every (path, schema) of a field that a client can write and read back."""
    for name, one in schema.get("properties", {}).items():
        if one.get("readOnly") or one.get("writeOnly"):
            continue
        inner = one["items"] if one.get("type") == "array" else one
        yield f"{prefix}{name}", one
        if inner.get("type") == "object" and not inner.get("x-opaque") and not is_ref(inner):
            yield from writable(inner, f"{prefix}{name}.")


def sent_paths(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from sent_paths(one, prefix)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield f"{prefix}{name}"
            yield from sent_paths(one, f"{prefix}{name}.")


def differences(sent: Any, shown: Any, schema: Fields, path: str, otherwise: dict[str, Any]) -> Iterator[str]:
    """Where what is shown is not what was sent, nor what is documented."""
    if path in otherwise:
        if shown != otherwise[path]:
            yield f"{path}: sent {sent!r}, shown {shown!r}, documented {otherwise[path]!r}"
    elif is_ref(schema):
        if (shown or {}).get("id") != sent["id"]:
            yield f"{path}: sent {sent!r}, shown {shown!r}"
    elif isinstance(sent, dict) and not schema.get("x-opaque"):
        for name, value in sent.items():
            inner = schema["properties"][name]
            if not inner.get("writeOnly"):
                where = f"{path}.{name}" if path else name
                yield from differences(value, (shown or {}).get(name), inner, where, otherwise)
    elif isinstance(sent, list):
        if len(sent) != len(shown or []):
            yield f"{path}: sent {sent!r}, shown {shown!r}"
        for one, two in zip(sent, shown or [], strict=False):
            yield from differences(one, two, schema["items"], path, otherwise)
    elif sent != shown:
        yield f"{path}: sent {sent!r}, shown {shown!r}"


def defaults(least: dict[str, Any], schema: Fields, kind: Kind) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """What each field that was not sent may be shown as: its default or, without one, as unset."""
    documented = {**kind.otherwise, **kind.without}
    for name, one in schema["properties"].items():
        if name in least or one.get("readOnly") or one.get("writeOnly") or name in kind.aside:
            continue
        if name in documented:
            yield name, (documented[name],)
        else:
            yield name, (one["default"],) if "default" in one else UNSET


UNSET = (None, [], "", {}, False)


@pytest.fixture
def at(sim: Simulator, system: Api) -> Place:
    return Place(system)


def test_every_kind_is_here() -> None:
    modules = [
        importlib.import_module(f"vcdsim.resources.{one.name}") for one in pkgutil.iter_modules(resources.__path__)
    ]
    bodies = {value.title for module in modules for value in vars(module).values() if isinstance(value, Body)}
    known = {kind.body.title for kind in KINDS.values()} | NO_STATE
    entities = {title for title in bodies if "entity" in title}  # their content is opaque, see test_sim_entities
    assert bodies - known - entities == set()


@pytest.mark.parametrize("name", KINDS)
def test_what_is_read_back_equals_what_was_sent(at: Place, name: str) -> None:
    kind = KINDS[name]
    schema = _at_version(kind.body, NEWEST)
    bodies = kind.full(at)
    covered = {path for body in bodies for path in sent_paths(body)} | set(kind.aside)
    missing = {path for path, _one in writable(schema)} - covered
    assert {path for path in missing if not any(path.startswith(f"{one}.") for one in kind.aside)} == set()
    path = kind.one(at) if kind.one else ""
    for number, body in enumerate(bodies):
        if not path:
            post = kind.post.format(edge=at.edge)
            made = at.write("POST", post, body)
            path = f"{post}/{kind.find(at, made) if kind.find else made}"
        elif number or kind.one:
            at.write("PUT", path, body)
        shown = at.read(path)
        assert list(differences(body, shown, schema, "", kind.otherwise)) == []
    if not kind.put:
        return
    least = kind.least(at)
    at.write("PUT", path, least)
    shown = at.read(path)
    assert list(differences(least, shown, schema, "", kind.otherwise)) == []
    for field_name, allowed in defaults(least, schema, kind):
        assert shown[field_name] in allowed, (field_name, shown[field_name], allowed)
