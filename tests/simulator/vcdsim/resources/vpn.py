# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPsec and L2 VPN tunnels of an edge gateway. They never come up, because they have no peer."""

from __future__ import annotations

import base64
import json
from typing import Any

from vcdsim import addresses, errors
from vcdsim.bodies import Body, blank, flag, formatted, many, number, obj, one_of, read_only, ref, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.edge_gateways import ONE
from vcdsim.resources.parts import VERSION, Part
from vcdsim.rights import IPSEC_CONFIGURE, IPSEC_VIEW, L2_VPN_CONFIGURE, L2_VPN_VIEW
from vcdsim.store import Record

# From this version on, VCD shows no pre-shared key of an L2 VPN tunnel (10.5.1.1; go-vcloud-director, its tests).
MASKED_SINCE = (38, 1)
MASK = "******"
_MODE = one_of("INITIATOR", "RESPOND_ONLY", "ON_DEMAND", default="INITIATOR")
_NETWORKS = formatted("ip-or-cidr")
IPSEC = Body(
    "IPsec VPN tunnel",
    {
        "id": blank(text()),
        "name": text(low=1),
        "description": text(),
        "enabled": flag(default=True),
        "localEndpoint": obj(
            {
                "localId": blank(text()),
                "localAddress": formatted("ip"),
                "localNetworks": many(_NETWORKS, low=1, high=128),
            },
            "localAddress",
            "localNetworks",
        ),
        "remoteEndpoint": obj(
            {
                "remoteId": blank(text()),
                "remoteAddress": formatted("ip"),
                "remoteNetworks": many(_NETWORKS, high=128, default=[]),
            },
            "remoteAddress",
        ),
        "authenticationMode": since("35.0", one_of("PSK", "CERTIFICATE", default="PSK")),
        "preSharedKey": blank(text()),
        "certificateRef": since("36.0", ref("certificateLibraryItem")),
        "caCertificateRef": since("36.0", ref("certificateLibraryItem")),
        "connectorInitiationMode": _MODE,
        "securityType": one_of("DEFAULT", "CUSTOM", default="DEFAULT"),
        "logging": flag(default=False),
        "version": VERSION,
    },
    "name",
    "localEndpoint",
    "remoteEndpoint",
)
_GROUPS = many(one_of("GROUP2", "GROUP5", "GROUP14", "GROUP15", "GROUP16", "GROUP19", "GROUP20", "GROUP21"), low=1)
_DIGESTS = many(one_of("SHA1", "SHA2_256", "SHA2_384", "SHA2_512"))
_CIPHERS = ("AES_128", "AES_256", "AES_GCM_128", "AES_GCM_192", "AES_GCM_256")
_OPEN = tuple(f"NO_ENCRYPTION{more}" for more in ("", *(f"_AUTH_AES_GMAC_{bits}" for bits in (128, 192, 256))))
_YEAR = 31536000
PROPERTIES = Body(
    "IPsec VPN connection properties",
    {
        "securityType": since("34.0", one_of("DEFAULT", "CUSTOM", default="DEFAULT")),
        "ikeConfiguration": obj(
            {
                "ikeVersion": one_of("IKE_V1", "IKE_V2", "IKE_FLEX"),
                "dhGroups": _GROUPS,
                "digestAlgorithms": _DIGESTS,
                "encryptionAlgorithms": many(one_of(*_CIPHERS), low=1),
                "saLifeTime": number(21600, _YEAR),
            },
            "ikeVersion",
            "dhGroups",
            "encryptionAlgorithms",
        ),
        "tunnelConfiguration": obj(
            {
                "perfectForwardSecrecyEnabled": flag(default=True),
                "dfPolicy": one_of("COPY", "CLEAR", default="COPY"),
                "dhGroups": _GROUPS,
                "digestAlgorithms": _DIGESTS,
                "encryptionAlgorithms": many(one_of(*_CIPHERS, *_OPEN), low=1),
                "saLifeTime": number(900, _YEAR),
            },
            "dhGroups",
            "encryptionAlgorithms",
        ),
        "dpdConfiguration": obj({"probeInterval": number(3, 60)}, "probeInterval"),
    },
)
# the defaults that the vendor's description names; the interval is assumed
DEFAULTS: dict[str, Any] = {
    "securityType": "DEFAULT",
    "ikeConfiguration": {
        "ikeVersion": "IKE_V2",
        "dhGroups": ["GROUP14"],
        "digestAlgorithms": ["SHA2_256"],
        "encryptionAlgorithms": ["AES_128"],
        "saLifeTime": 86400,
    },
    "tunnelConfiguration": {
        "perfectForwardSecrecyEnabled": True,
        "dfPolicy": "COPY",
        "dhGroups": ["GROUP14"],
        "digestAlgorithms": [],
        "encryptionAlgorithms": ["AES_GCM_128"],
        "saLifeTime": 3600,
    },
    "dpdConfiguration": {"probeInterval": 60},
}
L2 = Body(
    "L2 VPN tunnel",
    {
        "id": blank(text()),
        "name": text(low=1),
        "description": text(),
        "localEndpointIP": formatted("ip"),
        "remoteEndpointIP": formatted("ip"),
        "tunnelInterface": blank(formatted("cidr")),
        "preSharedKey": blank(text()),
        "connectorInitiationMode": blank(_MODE),
        "enabled": flag(default=True),
        "sessionMode": one_of("SERVER", "CLIENT"),
        "peerCode": blank(text()),
        "stretchedNetworks": since(
            "36.0", many(obj({"networkRef": ref("network"), "tunnelId": number(0, 4093)}, "networkRef"), default=[])
        ),
        "logging": flag(default=False),
        "version": read_only(),
    },
    "name",
    "localEndpointIP",
    "remoteEndpointIP",
    "sessionMode",
)


def _check_local(call: Call, gateway: Record, field: str, address: str) -> None:
    """Answers 400 if the local end of a tunnel is not an address of the edge gateway."""
    reason = addresses.why_not_external(call.store, gateway, address)
    if reason:
        raise errors.bad_field(field, reason)


def _settled_ipsec(call: Call, gateway: Record, sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    local, remote = sent["localEndpoint"]["localAddress"], sent["remoteEndpoint"]["remoteAddress"]
    _check_local(call, gateway, "localEndpoint.localAddress", local)
    for one in IPSEC_TUNNELS.all(call, gateway):
        ends = (one.data["localEndpoint"]["localAddress"], one.data["remoteEndpoint"]["remoteAddress"])
        if one.data is not before and ends == (local, remote):
            # the text that Test_NsxtIpSecVpnUniqueness of go-vcloud-director matches
            raise errors.bad_request(
                f"IPSec VPN Tunnel with local address {local} and remote address {remote} is already in use."
            )
    if sent["authenticationMode"] == "PSK" and "preSharedKey" not in sent:
        raise errors.bad_request('The field "preSharedKey" is required.')
    for name in ("certificateRef", "caCertificateRef"):
        if name in sent:
            sent[name] = call.refer(name, "certificateLibraryItem", sent[name]["id"]).id
        elif sent["authenticationMode"] == "CERTIFICATE":
            raise errors.bad_request(f'The field "{name}" is required.')
    sent["localEndpoint"].setdefault("localId", local)
    sent["remoteEndpoint"].setdefault("remoteId", remote)
    # changes by connectionProperties stay until the type is DEFAULT again
    kept = before.get("properties") if sent["securityType"] == "CUSTOM" else None
    return {**sent, "properties": kept or {**DEFAULTS, "securityType": sent["securityType"]}}


def _shown_ipsec(call: Call, _gateway: Record, stored: dict[str, Any]) -> dict[str, Any]:
    refs = {name: call.store.ref(stored.get(name)) for name in ("certificateRef", "caCertificateRef")}
    return {**stored, **refs}


def get_properties(call: Call) -> Reply:
    _gateway, tunnel = IPSEC_TUNNELS.addressed(call)
    return Reply(200, PROPERTIES.show(tunnel.data["properties"], call.version))


def put_properties(call: Call) -> Reply:
    gateway, tunnel = IPSEC_TUNNELS.addressed(call)
    sent = PROPERTIES.read(call.body, call.version)
    properties = {**DEFAULTS, **sent} if sent["securityType"] == "CUSTOM" else DEFAULTS
    data = {**tunnel.data, "securityType": sent["securityType"], "properties": properties}
    return IPSEC_TUNNELS.change(call, gateway, tunnel, data)


def get_default_properties(call: Call) -> Reply:
    call.require("gateway", call.params["gatewayId"])
    return Reply(200, PROPERTIES.show(DEFAULTS, call.version))


def get_ipsec_status(call: Call) -> Reply:
    IPSEC_TUNNELS.addressed(call)
    return Reply(200, {"tunnelStatus": "DOWN", "ikeStatus": {"ikeServiceStatus": "NEGOTIATING", "failReason": ""}})


def _settled_l2(call: Call, gateway: Record, sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    _check_local(call, gateway, "localEndpointIP", sent["localEndpointIP"])
    if before and sent["sessionMode"] != before["sessionMode"]:
        raise errors.bad_field("sessionMode", "it cannot be changed")
    server = sent["sessionMode"] == "SERVER"
    key = sent.pop("preSharedKey", None)
    if server:
        sent["preSharedKey"] = before.get("preSharedKey") if key in (None, MASK) else key
        if not sent["preSharedKey"]:
            raise errors.bad_request('The field "preSharedKey" is required.')
        sent.setdefault("tunnelInterface", before.get("tunnelInterface", "169.254.64.1/28"))
        sent.pop("peerCode", None)
    elif "peerCode" not in sent:
        raise errors.bad_request('The field "peerCode" is required.')
    for place, one in enumerate(sent["stretchedNetworks"], 1):
        network = call.refer("stretchedNetworks.networkRef", "network", one["networkRef"]["id"])
        if network.data.get("router") != gateway.id:
            raise errors.bad_field("stretchedNetworks.networkRef", "the network is not connected to the edge gateway")
        if not server and not one.get("tunnelId"):
            raise errors.bad_field("stretchedNetworks.tunnelId", "a client tunnel names it")
        # "For server sessions this is read only."
        one |= {"networkRef": network.id, "tunnelId": place if server else one["tunnelId"]}
    return sent


def _shown_l2(call: Call, _gateway: Record, stored: dict[str, Any]) -> dict[str, Any]:
    networks = [{**one, "networkRef": call.store.ref(one["networkRef"])} for one in stored["stretchedNetworks"]]
    masked = max(call.vcd.settings.versions) >= MASKED_SINCE
    values = {"stretchedNetworks": networks, "preSharedKey": MASK if masked else stored.get("preSharedKey", "")}
    if stored["sessionMode"] == "SERVER":
        session = {"local": stored["localEndpointIP"], "remote": stored["remoteEndpointIP"]}
        values["peerCode"] = base64.b64encode(json.dumps(session).encode()).decode()
    return {**stored, **values}


def get_l2_status(call: Call) -> Reply:
    L2_TUNNELS.addressed(call)
    return Reply(200, {"runtimeStatus": "DOWN", "failureReason": ""})


IPSEC_TUNNELS = Part(
    "ipsecTunnel",
    "/ipsec/tunnels",
    "tunnelId",
    "33.0",
    IPSEC,
    IPSEC_VIEW,
    IPSEC_CONFIGURE,
    "IPSEC_VPN_TUNNEL",
    settle=_settled_ipsec,
    show=_shown_ipsec,
    headed=True,
    refuses="a local address that the edge gateway lacks, the ends of another tunnel, a missing key or certificate",
)
L2_TUNNELS = Part(
    "l2VpnTunnel",
    "/l2vpn/tunnels",
    "tunnelId",
    "35.0",
    L2,
    L2_VPN_VIEW,
    L2_VPN_CONFIGURE,
    "L2_VPN_TUNNEL",
    settle=_settled_l2,
    show=_shown_l2,
    headed=True,
    refuses="a local address that the edge gateway lacks, another mode, a missing key or peer code, foreign networks",
)
_IPSEC_ONE, _L2_ONE = ONE + "/ipsec/tunnels/{tunnelId}", ONE + "/l2vpn/tunnels/{tunnelId}"
OPERATIONS = (
    *IPSEC_TUNNELS.operations(),
    Operation(
        "GET",
        ONE + "/ipsec/tunnels/defaultConnectionProperties",
        "33.0",
        IPSEC_VIEW,
        get_default_properties,
        "IPSEC_VPN_TUNNEL_VIEW",
    ),
    Operation("GET", _IPSEC_ONE + "/connectionProperties", "33.0", IPSEC_VIEW, get_properties, "IPSEC_VPN_TUNNEL_VIEW"),
    Operation(
        "PUT",
        _IPSEC_ONE + "/connectionProperties",
        "33.0",
        IPSEC_CONFIGURE,
        put_properties,
        "IPSEC_VPN_TUNNEL_UPDATE",
    ),
    Operation("GET", _IPSEC_ONE + "/status", "33.0", IPSEC_VIEW, get_ipsec_status, "IPSEC_VPN_TUNNEL_VIEW"),
    *L2_TUNNELS.operations(),
    Operation("GET", _L2_ONE + "/status", "35.0", L2_VPN_VIEW, get_l2_status, "L2_VPN_TUNNEL_VIEW"),
)
