# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of routing, VPN tunnels, DNS, DHCP and segment profiles, for the test that reads them back."""

from __future__ import annotations

from typing import Any

from read_back import Kind, Place, ref
from vcdsim.resources import gateway_services, network_dhcp, routing, segments, vpn
from vcdsim.resources.nsx_t import CLUSTER, QOS_PROFILES, nsx_id

CURRENT = {"version": "it is the current one"}


def of_edge(path: str) -> str:
    return "/edgeGateways/{edge}" + path


def last_of(path: str) -> Any:
    """Finds a new object in its list, because the task only names its edge gateway or network."""
    return lambda at, _owner: str(at.read(path.format(edge=at.edge, network=at.network))["values"][-1]["id"])


def bgp(at: Place, **fields: Any) -> dict[str, Any]:
    current = at.read(f"/edgeGateways/{at.edge}/routing/bgp")["version"]
    return {"enabled": False, **fields, "version": current}


def prefix_list(at: Place) -> str:
    path = f"/edgeGateways/{at.edge}/routing/bgp/prefixLists"
    if not at.read(path)["values"]:
        at.write("POST", path, {"name": "used", "prefixes": [{"network": "10.0.0.0/8"}]})
    return str(at.read(path)["values"][0]["id"])


def neighbor_bodies(at: Place) -> list[dict[str, Any]]:
    filters = {"id": prefix_list(at), "name": "used"}
    return [
        {
            "neighborAddress": "192.0.2.1",
            "remoteASNumber": "1.10",
            "keepAliveTimer": 61,
            "holdDownTimer": 181,
            "gracefulRestartMode": "DISABLE",
            "bfd": {"enabled": True, "bfdInterval": 1001, "declareDeadMultiple": 4},
            "allowASIn": True,
            "neighborPassword": "bgp-secret-1",
            "ipAddressTypeFiltering": "IPV4",
            "inRoutesFilterRef": filters,
            "outRoutesFilterRef": filters,
        }
    ]


def certificate_ref(at: Place) -> dict[str, str]:
    return ref(at.certificate)


def ipsec_bodies(at: Place) -> list[dict[str, Any]]:
    return [
        {
            "name": "tunnel",
            "description": "d",
            "enabled": False,
            "localEndpoint": {"localId": "l", "localAddress": "203.0.113.20", "localNetworks": ["10.10.0.0/24"]},
            "remoteEndpoint": {"remoteId": "r", "remoteAddress": "192.0.2.1", "remoteNetworks": ["10.20.0.0/24"]},
            "authenticationMode": "CERTIFICATE",
            "preSharedKey": "ipsec-secret-1",
            "certificateRef": certificate_ref(at),
            "caCertificateRef": certificate_ref(at),
            "connectorInitiationMode": "ON_DEMAND",
            "securityType": "CUSTOM",
            "logging": True,
        }
    ]


def least_ipsec(_at: Place) -> dict[str, Any]:
    return {
        "name": "least",
        "preSharedKey": "ipsec-secret-1",
        "localEndpoint": {"localAddress": "203.0.113.20", "localNetworks": ["10.10.0.0/24"]},
        "remoteEndpoint": {"remoteAddress": "192.0.2.1"},
    }


def tunnel_of(at: Place) -> str:
    path = f"/edgeGateways/{at.edge}/ipsec/tunnels"
    at.write("POST", path, least_ipsec(at))
    return f"{path}/{at.read(path)['values'][-1]['id']}/connectionProperties"


def properties(_at: Place) -> list[dict[str, Any]]:
    ike = {"ikeVersion": "IKE_FLEX", "dhGroups": ["GROUP2"], "digestAlgorithms": ["SHA1"], "saLifeTime": 21600}
    tunnel = {"perfectForwardSecrecyEnabled": False, "dfPolicy": "CLEAR", "dhGroups": ["GROUP5"], "saLifeTime": 900}
    return [
        {
            "securityType": "CUSTOM",
            "ikeConfiguration": {**ike, "encryptionAlgorithms": ["AES_256"]},
            "tunnelConfiguration": {**tunnel, "digestAlgorithms": ["SHA1"], "encryptionAlgorithms": ["AES_128"]},
            "dpdConfiguration": {"probeInterval": 3},
        }
    ]


def l2_tunnel(at: Place, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "localEndpointIP": "203.0.113.20",
        "remoteEndpointIP": "192.0.2.1",
        "sessionMode": "CLIENT",
        "peerCode": "Y29kZQ==",
    }


def l2_bodies(at: Place) -> list[dict[str, Any]]:
    more = {
        "description": "d",
        "tunnelInterface": "192.168.0.1/24",
        "connectorInitiationMode": "ON_DEMAND",
        "enabled": False,
        "stretchedNetworks": [{"networkRef": ref(at.network), "tunnelId": 7}],
        "logging": True,
    }
    return [l2_tunnel(at, "tunnel") | more]


def dhcp_of(at: Place) -> str:
    cluster = {"servicesEdgeCluster": {"backingId": nsx_id(CLUSTER)}}
    at.write("PUT", f"/vdcs/{at.vdc}/networkProfile", cluster)
    return f"/orgVdcNetworks/{at.network}/dhcp"


def dhcp_body(_at: Place) -> dict[str, Any]:
    return {"mode": "NETWORK", "leaseTime": 60, "ipAddress": "10.10.0.9"}


def dhcp_bodies(at: Place) -> list[dict[str, Any]]:
    ends = {"startAddress": "10.10.0.240", "endAddress": "10.10.0.245"}
    pool = {"enabled": False, "ipRange": ends, "maxLeaseTime": 100, "defaultLeaseTime": 90}
    return [dhcp_body(at) | {"enabled": False, "dhcpPools": [pool], "dnsServers": ["192.0.2.1"]}]


def binding_bodies(at: Place) -> list[dict[str, Any]]:
    at.write("PUT", dhcp_of(at), dhcp_body(at))
    first = {
        "name": "binding",
        "description": "d",
        "macAddress": "00:11:22:33:44:55",
        "ipAddress": "10.10.0.241",
        "leaseTime": 61,
        "dnsServers": ["192.0.2.1"],
        "bindingType": "IPV4",
        "dhcpV4BindingConfig": {"gatewayIpAddress": "10.10.0.1", "hostName": "h"},
    }
    six = {"sntpServers": ["2001:db8::1"], "domainNames": ["example.com"]}
    return [
        first,
        {name: one for name, one in first.items() if name != "dhcpV4BindingConfig"} | {"dhcpV6BindingConfig": six},
    ]


def profiles() -> dict[str, Any]:
    found = {}
    for field, (_path, prefix) in segments.PROFILES.items():
        found[field] = {"id": nsx_id(f"{prefix}-2"), "name": f"{prefix}-2"}
    return found


def template(at: Place, name: str) -> dict[str, Any]:
    return {"name": name, "sourceNsxTManagerRef": {"id": at.manager, "name": "nsx-t"}}


def defaults(at: Place) -> list[dict[str, Any]]:
    made = at.write("POST", "/segmentProfileTemplates", template(at, "default"))
    return [{field: {"id": made, "name": "default"} for field in segments.DEFAULTS.schema["properties"]}]


_NO_HREF = {"href": "it is of the older API", "type": "the same"}
_PROFILE_ASIDE = {f"{field}.{name}": why for field in segments.PROFILES for name, why in _NO_HREF.items()}
KINDS = {
    "BGP configuration": Kind(
        routing.BGP,
        "",
        lambda at: [
            bgp(
                at,
                ecmp=False,
                localASNumber="65420",
                gracefulRestart={"mode": "DISABLE", "restartTimer": 1, "staleRouteTimer": 2},
            )
        ],
        bgp,
        one=lambda at: f"/edgeGateways/{at.edge}/routing/bgp",
        aside=CURRENT,
        without={"localASNumber": "65420"},  # a gateway keeps its number
    ),
    "BGP neighbor": Kind(
        routing.NEIGHBOR,
        of_edge("/routing/bgp/neighbors"),
        neighbor_bodies,
        lambda _at: {"neighborAddress": "192.0.2.2", "remoteASNumber": "65000"},
        aside={**CURRENT, "id": "the path contains it"},
        find=last_of("/edgeGateways/{edge}/routing/bgp/neighbors"),
    ),
    "BGP prefix list": Kind(
        routing.PREFIX_LIST,
        of_edge("/routing/bgp/prefixLists"),
        lambda _at: [
            {
                "name": "list",
                "description": "d",
                "prefixes": [
                    {"network": "10.0.0.0/8", "action": "DENY", "greaterThanEqualTo": 9, "lessThanEqualTo": 10}
                ],
            }
        ],
        lambda _at: {"name": "least", "prefixes": [{}]},
        aside={**CURRENT, "id": "the path contains it"},
        find=last_of("/edgeGateways/{edge}/routing/bgp/prefixLists"),
    ),
    "static route": Kind(
        routing.ROUTE,
        of_edge("/routing/staticRoutes"),
        lambda at: [
            {
                "name": "route",
                "description": "d",
                "networkCidr": "10.30.0.0/24",
                "nextHops": [
                    {
                        "ipAddress": "10.10.0.1",
                        "adminDistance": 2,
                        "scope": {"id": at.network, "name": "k8s-net", "scopeType": "NETWORK"},
                    }
                ],
            }
        ],
        lambda _at: {
            "name": "least",
            "networkCidr": "10.30.0.0/24",
            "nextHops": [{"ipAddress": "10.10.0.1", "adminDistance": 1}],
        },
        aside={"id": "the path contains it"},
        find=last_of("/edgeGateways/{edge}/routing/staticRoutes"),
    ),
    "route advertisement": Kind(
        routing.ADVERTISEMENT,
        "",
        lambda _at: [{"enable": False, "subnets": ["10.30.0.0/24"]}],
        lambda _at: {"enable": False},
        one=lambda at: f"/edgeGateways/{at.edge}/routing/advertisement",
    ),
    "DNS configuration": Kind(
        gateway_services.DNS,
        "",
        lambda _at: [
            {
                "enabled": True,
                "listenerIp": "192.168.1.1",
                "defaultForwarderZone": {"id": "z0", "displayName": "d", "upstreamServers": ["192.0.2.1"]},
                "conditionalForwarderZones": [
                    {
                        "id": "z1",
                        "displayName": "c",
                        "dnsDomainNames": ["example.com"],
                        "upstreamServers": ["192.0.2.2"],
                    }
                ],
                "snatRuleExternalIpAddress": "203.0.113.21",
            }
        ],
        lambda _at: {},
        one=lambda at: f"/edgeGateways/{at.edge}/dns",
        aside={**CURRENT, "defaultForwarderZone.dnsDomainNames": "it is for all domains"},
        without={"listenerIp": "192.168.1.1"},
    ),
    "DHCP forwarder": Kind(
        gateway_services.FORWARDER,
        "",
        lambda _at: [{"enabled": True, "dhcpServers": ["192.0.2.1"]}],
        lambda _at: {},
        one=lambda at: f"/edgeGateways/{at.edge}/dhcpForwarder",
        aside=CURRENT,
    ),
    "QoS configuration": Kind(
        gateway_services.QOS,
        "",
        lambda _at: [
            {
                field: {"id": nsx_id(name), "name": name}
                for field, name in zip(("ingressProfile", "egressProfile"), QOS_PROFILES, strict=True)
            }
        ],
        lambda _at: {},
        one=lambda at: f"/edgeGateways/{at.edge}/qos",
    ),
    "IPsec VPN tunnel": Kind(
        vpn.IPSEC,
        of_edge("/ipsec/tunnels"),
        ipsec_bodies,
        least_ipsec,
        aside={**CURRENT, "id": "the path contains it"},
        find=last_of("/edgeGateways/{edge}/ipsec/tunnels"),
    ),
    "IPsec VPN connection properties": Kind(
        vpn.PROPERTIES, "", properties, lambda _at: {}, one=tunnel_of, without=dict(vpn.DEFAULTS)
    ),
    "L2 VPN tunnel": Kind(
        vpn.L2,
        of_edge("/l2vpn/tunnels"),
        l2_bodies,
        lambda at: l2_tunnel(at, "least"),
        aside={"id": "the path contains it", "preSharedKey": "of a server tunnel, and masked"},
        find=last_of("/edgeGateways/{edge}/l2vpn/tunnels"),
    ),
    "DHCP configuration": Kind(network_dhcp.CONFIG, "", dhcp_bodies, dhcp_body, one=dhcp_of),
    "DHCP binding": Kind(
        network_dhcp.BINDING,
        "/orgVdcNetworks/{network}/dhcp/bindings",
        binding_bodies,
        lambda _at: {
            "name": "least",
            "macAddress": "00:11:22:33:44:66",
            "ipAddress": "10.10.0.242",
            "bindingType": "IPV4",
        },
        aside={**CURRENT, "id": "the path contains it"},
        find=last_of("/orgVdcNetworks/{network}/dhcp/bindings"),
    ),
    "segment profile template": Kind(
        segments.TEMPLATE,
        "/segmentProfileTemplates",
        lambda at: [template(at, "template") | {"description": "d", **profiles()}],
        lambda at: template(at, "least"),
        aside=_PROFILE_ASIDE,
    ),
    "default segment profile templates": Kind(
        segments.DEFAULTS, "", defaults, lambda _at: {}, one=lambda _at: "/segmentProfileTemplates/default"
    ),
    "segment profiles of a network": Kind(
        segments.OF_NETWORK,
        "",
        lambda _at: [profiles()],
        lambda _at: {},
        one=lambda at: f"/orgVdcNetworks/{at.network}/segmentProfiles",
        aside=_PROFILE_ASIDE,
    ),
}
