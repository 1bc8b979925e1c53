# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of addresses, certificates, roles, VDC groups and external networks, for the test that reads them back."""

from __future__ import annotations

from typing import Any

from read_back import Kind, Place, ref
from vcdsim.resources import (
    certificates,
    entities,
    external_networks,
    ip_allocations,
    ip_space_assignments,
    ip_spaces,
    roles,
    vdc_groups,
)


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


def entity_type(nss: str) -> dict[str, Any]:
    return {"name": "n", "vendor": "acme", "nss": nss, "version": "1.0.0", "schema": {"type": "object"}}


def entity_of(at: Place) -> str:
    made = at.write("POST", "/entityTypes", entity_type("used"))
    body = {"name": "n", "entity": {"colour": "red"}, "externalId": "x"}
    return f"/entities/{at.write('POST', f'/entityTypes/{made}', body)}"


def allocation_of(at: Place) -> str:
    path = f"/ipSpaces/{at.space}"
    at.write("POST", f"{path}/allocate", {"type": "FLOATING_IP", "quantity": 1})
    (made,) = at.read(f"{path}/allocations?filter=type==FLOATING_IP")["values"]
    return f"{path}/allocations/{made['id']}"


def uplink_of(at: Place) -> dict[str, str]:
    """An external network that uses IP Spaces."""
    for one in at.read("/externalNetworks")["values"]:
        if one["usingIpSpace"]:
            return ref(one["id"])
    return ref(
        at.write("POST", "/externalNetworks", external_body(at) | {"subnets": {"values": []}, "usingIpSpace": True})
    )


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


KINDS = {
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
    "defined entity type": Kind(
        entities.TYPE_BODY,
        "/entityTypes",
        lambda _at: [
            entity_type("kind")
            | {
                "description": "d",
                "externalId": "x",
                "inheritedVersion": "1.0.0",
                "interfaces": ["urn:vcloud:interface:acme:i:1.0.0"],
                "hooks": {"PostCreate": "urn:vcloud:behavior-interface:b:acme:i:1.0.0"},
                "maxImplicitRight": "urn:vcloud:accessLevel:ReadOnly",
            }
        ],
        lambda _at: entity_type("kind") | {"name": "least"},
    ),
    "defined entity": Kind(
        entities.ENTITY_BODY,
        "",
        lambda _at: [{"name": "m", "entity": {"colour": "blue", "list": [1]}, "externalId": "y"}],
        lambda _at: {"name": "least", "entity": {}},
        one=entity_of,
    ),
    "IP Space assignment": Kind(
        ip_space_assignments.ASSIGNMENT,
        "",
        lambda at: [assignment_body(at) | {"customQuotas": QUOTAS}],
        assignment_body,
        one=lambda at: f"/ipSpaces/orgAssignments/{assignment_of(at)['id']}",
    ),
}
