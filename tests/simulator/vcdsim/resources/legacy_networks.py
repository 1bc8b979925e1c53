# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Organisation VDC networks in the legacy XML API, where clients find them through a VDC's AvailableNetworks."""

from __future__ import annotations

import ipaddress
from typing import Any
from xml.etree.ElementTree import Element

from vcdsim import xmldoc
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.legacy import by_uuid, href
from vcdsim.resources.networks import is_shared
from vcdsim.rights import NETWORK_VIEW

_FENCES = {"NAT_ROUTED": "natRouted", "ISOLATED": "isolated", "OPAQUE": "isolated"}


def get_network(call: Call) -> Reply:
    network = by_uuid(call, "network", call.params["id"])
    root = xmldoc.document(
        "OrgVdcNetwork",
        href=href(call, network),
        id=network.id,
        name=network.name,
        status=1,
        type=f"{xmldoc.TYPE}orgVdcNetwork+xml",
    )
    vdc = call.store.get("vdc", network.data["ownerRef"])
    if vdc:
        xmldoc.link(root, "up", "vdc", href(call, vdc))
    xmldoc.child(root, "Description", network.data.get("description") or "")
    configuration = xmldoc.child(root, "Configuration")
    scopes = xmldoc.child(configuration, "IpScopes")
    for subnet in network.data["subnets"]["values"]:
        _scope(scopes, subnet)
    xmldoc.child(configuration, "FenceMode", _FENCES[network.data["networkType"]])
    xmldoc.child(root, "IsShared", str(is_shared(network)).lower())
    return Reply(200, root)


def _scope(parent: Element, subnet: dict[str, Any]) -> None:
    scope = xmldoc.child(parent, "IpScope")
    whole = ipaddress.ip_network(f"{subnet['gateway']}/{subnet['prefixLength']}", strict=False)
    xmldoc.child(scope, "IsInherited", "false")
    xmldoc.child(scope, "Gateway", subnet["gateway"])
    xmldoc.child(scope, "Netmask", str(whole.netmask))
    xmldoc.child(scope, "SubnetPrefixLength", str(subnet["prefixLength"]))
    for tag, name in (("Dns1", "dnsServer1"), ("Dns2", "dnsServer2"), ("DnsSuffix", "dnsSuffix")):
        xmldoc.child(scope, tag, subnet.get(name) or "")
    xmldoc.child(scope, "IsEnabled", str(subnet.get("enabled", True)).lower())
    ranges = xmldoc.child(scope, "IpRanges")
    for one in subnet["ipRanges"]["values"]:
        found = xmldoc.child(ranges, "IpRange")
        xmldoc.child(found, "StartAddress", one["startAddress"])
        xmldoc.child(found, "EndAddress", one["endAddress"])


OPERATIONS = (Operation("GET", "/api/network/{id}", "0.0", NETWORK_VIEW, get_network, "ORG_VDC_NETWORK_VIEW"),)
