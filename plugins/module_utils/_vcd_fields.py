# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The types of the fields of Cloud Director's OpenAPI that the collection reads, checked where an answer enters. Pure.

A field name has the same type in all resources, so one table is enough. Fields that are only passed on are not listed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import (
    FLAG,
    ID,
    NUMBER,
    TEXT,
    Layout,
    differs,
)


def _all(names: str, layout: Layout) -> dict[str, Layout]:
    """Each of the names, with the same layout."""
    return dict.fromkeys(names.split(), layout)


REFERENCE = {"id": ID, "name": TEXT}
REFERENCES = [REFERENCE]
TYPED = {"type": TEXT}
SUBNET = {
    "gateway": TEXT,
    "prefixLength": NUMBER,
    **_all("primaryIp dnsSuffix dnsServer1 dnsServer2", TEXT),
    "ipRanges": {"values": [{"startAddress!": TEXT, "endAddress!": TEXT}]},
}
SUBNETS = {"values": [SUBNET]}
RULE = {
    **_all("id name action actionValue direction ipProtocol", TEXT),
    **_all("enabled active", FLAG),
    **_all("sourceFirewallGroups destinationFirewallGroups applicationPortProfiles", REFERENCES),
    **_all("sourceFirewallIpAddresses destinationFirewallIpAddresses", [TEXT]),
}
_TEXTS = """
    name alias description status healthStatus healthMessage type typeValue ruleType scope value usageState category
    ipAddress networkType algorithm firewallMatch externalAddresses internalAddresses snatDestinationAddresses
    dnatExternalPort virtualIpAddress ipv6VirtualIpAddress applicationProfileType supportedFeatureSet
    serviceNetworkDefinition ipv6ServiceNetworkDefinition serviceEngineGroupSupportedFeatureSet
    serviceEngineGroupHaMode haMode memberGroupType tag entityType reservationType
    networkProviderType errorMessage
"""
_NUMBERS = """
    priority defaultPort gracefulTimeoutPeriod memberCount upMemberCount enabledMemberCount resultTotal
    maxVirtualServices minVirtualServices numDeployedVirtualServices totalIpCount usedIpCount
"""
_FLAGS = """
    enabled active logging systemRule usableForNAT passiveMonitoringEnabled sslEnabled commonNameCheckEnabled
    transparentModeEnabled nonCriticalLoggingEnabled dfwEnabled
"""
_REFERENCES = """
    gatewayRef ownerRef orgRef usedByRef loadBalancerCloudRef orgVdc ipSpaceRef loadBalancerPoolRef memberGroupRef
    serviceEngineGroupRef certificateRef applicationPortProfile appliedTo
"""
FIELDS: dict[str, Layout] = {
    "id": ID,
    **_all(_TEXTS, TEXT),
    **_all(_NUMBERS, NUMBER),
    **_all(_FLAGS, FLAG),
    **_all(_REFERENCES, REFERENCE),
    **_all("virtualServiceRefs caCertificateRefs roleRefs", REFERENCES),
    **_all("userDefinedRules defaultRules", [RULE]),
    **_all("ipAddresses domainNames", [TEXT]),
    **_all("tags usageCategories", [TEXT]),
    "utilization": {"floatingIPs": {}},
    "vmCriteria": [{"rules": [{"attributeType": TEXT, "operator": TEXT, "attributeValue": TEXT}]}],
    "applicationProfile": TYPED,
    "persistenceProfile": {**TYPED, "value": TEXT},
    "healthMonitors": [TYPED],
    "applicationPorts": [{"name": TEXT, "protocol": TEXT, "destinationPorts": [TEXT]}],
    "servicePorts": [{"portStart": NUMBER, "portEnd": NUMBER, "sslEnabled": FLAG, "tcpUdpProfile": TYPED}],
    "version": {"version": NUMBER},
    "gatewayBacking": {"gatewayType": TEXT},
    "edgeGatewayUplinks": [
        {"uplinkId": TEXT, "uplinkName": TEXT, "usingIpSpace": FLAG, "backingType": TEXT, "subnets": SUBNETS}
    ],
    "subnets": SUBNETS,
    "connection": {"routerRef": REFERENCE},
    "participatingOrgVdcs": [{"vdcRef": REFERENCE}],
}
MEMBERS = [{"ipAddress": TEXT, "port": NUMBER, "ratio": NUMBER, "enabled": FLAG, "healthStatus": TEXT}]
_TEXT_MATCH = {"matchCriteria": TEXT, "value": [TEXT]}
_HEADERS = [{**_TEXT_MATCH, "key": TEXT}]
_REDIRECT = {**_all("protocol host path", TEXT), **_all("port statusCode", NUMBER), "keepQuery": FLAG}
_RESPONSE = {"content": TEXT, "contentType": TEXT, "statusCode": NUMBER}
# a rule of an HTTP policy, of any kind
POLICY_RULE: dict[str, Layout] = {
    "name!": TEXT,
    **_all("active logging", FLAG),
    "matchCriteria": {
        "clientIpMatch": {"matchCriteria": TEXT, "addresses": [TEXT]},
        "servicePortMatch": {"matchCriteria": TEXT, "ports": [NUMBER]},
        "protocol": TEXT,
        "methodMatch": {"matchCriteria": TEXT, "methods": [TEXT]},
        "pathMatch": {"matchCriteria": TEXT, "matchStrings": [TEXT]},
        "queryMatch": [TEXT],
        **_all("headerMatch requestHeaderMatch responseHeaderMatch", _HEADERS),
        "cookieMatch": _all("matchCriteria key value", TEXT),
        "locationHeaderMatch": _TEXT_MATCH,
        "statusCodeMatch": {"matchCriteria": TEXT, "statusCodes": [TEXT]},
    },
    "headerActions": [_all("action name value", TEXT)],
    **_all("redirectAction rewriteLocationHeaderAction", _REDIRECT),
    "rewriteUrlAction": {**_all("host path query", TEXT), "keepQuery": FLAG},
    "rateLimitAction": {
        **_all("count period", NUMBER),
        "closeConnectionAction": TEXT,
        "redirectAction": _REDIRECT,
        "localResponseAction": _RESPONSE,
    },
    "redirectToHttpsAction": {"port": NUMBER},
    "localResponseAction": _RESPONSE,
    "allowOrCloseConnectionAction": TEXT,
}
# objects that are looked up by id and named in messages
_NAMED = re.compile(
    r"(^|/)(edgeGateways|applicationPortProfiles|loadBalancer/pools|loadBalancer/virtualServices)(/[^/?]+)?$"
    r"|/(poolSummaries|virtualServiceSummaries)$|^(orgVdcNetworks|firewallGroups/summaries)$"
)
_IDENTIFIED = re.compile(
    r"/nat/rules(/[^/?]+)?$|^ipSpaces/urn:[^/?]+(/allocations(/[^/?]+)?)?$|^ssl/certificateLibrary$"
)

# further objects that options may name, and lists that are a single object
_REQUIRED: dict[str, dict[str, Layout]] = {
    "ssl/certificateLibrary": {"alias!": TEXT, "certificate": TEXT},
    "serviceEngineGroups/assignments": {"serviceEngineGroupRef!": {"id!": ID, "name!": TEXT}},
    **{f"httpPolicy/{kind}Rules": {"values": [POLICY_RULE]} for kind in ("request", "response", "security")},
    "waf/config": {"mode": TEXT},
    "waf/allowlist": {"values": [{"name": TEXT, "active": FLAG}]},
}


def layout_of(path: str) -> dict[str, Layout]:
    """The layout of an object below this path of OpenAPI, or of a row in its list."""
    named, members = _NAMED.search(path), {"members": MEMBERS} if path.startswith("loadBalancer/pools/") else {}
    required = ("id", "name") if named else ("id",) if _IDENTIFIED.search(path) else ()
    more = next((layout for end, layout in _REQUIRED.items() if path.partition("?")[0].endswith(end)), {})
    return {**FIELDS, **members, **{f"{field}!": FIELDS[field] for field in required}, **more}


def differs_from_api(body: Mapping[str, Any], path: str) -> str:
    """Where an object differs from OpenAPI, in words; empty if it does not."""
    return differs(body, layout_of(path))


def page_differs(body: Mapping[str, Any], path: str) -> str:
    """Where a page of a list differs from OpenAPI, in words; empty if it does not."""
    return differs(body, {"values!": [layout_of(path)], "resultTotal": NUMBER})
