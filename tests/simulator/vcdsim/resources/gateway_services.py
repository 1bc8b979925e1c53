# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of an edge gateway for the machines behind it: DNS and DHCP forwarding, and limits of its traffic (QoS)."""

from __future__ import annotations

import uuid
from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, blank, flag, formatted, many, obj, read_only, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.query import asked
from vcdsim.resources.nsx_t import NSX_T, QOS_PROFILES, nsx_id
from vcdsim.resources.parts import VERSION, Setting
from vcdsim.rights import DHCP_CONFIGURE, DHCP_VIEW, DNS_CONFIGURE, DNS_VIEW, GATEWAY_VIEW, PROVIDER
from vcdsim.store import Record

LISTENER = "192.168.255.228"  # in the network between the two routers of an edge gateway (assumed)
_ZONE = obj(
    {
        "id": blank(text()),
        "displayName": text(),
        "dnsDomainNames": many(text(low=1)),
        "upstreamServers": many(formatted("ip"), high=3),
    }
)
DNS = Body(
    "DNS configuration",
    {
        "enabled": flag(default=False),
        "listenerIp": blank(formatted("ipv4")),
        "defaultForwarderZone": _ZONE,
        "conditionalForwarderZones": many(_ZONE, high=5, default=[]),
        "version": VERSION,
        "snatRuleExternalIpAddress": since("37.1", blank(formatted("ip"))),
        "snatRuleEnabled": since("34.0", read_only()),
    },
)
FORWARDER = Body(
    "DHCP forwarder",
    {"enabled": flag(default=False), "dhcpServers": many(formatted("ip"), high=8, default=[]), "version": VERSION},
)
_PROFILE = obj({"id": blank(text()), "name": text()})
QOS = Body("QoS configuration", {"ingressProfile": _PROFILE, "egressProfile": _PROFILE})


def _settled_dns(_call: Call, _gateway: Record, sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    zones = [one for one in (sent.get("defaultForwarderZone"), *sent["conditionalForwarderZones"]) if one]
    if sent["enabled"] and not sent.get("defaultForwarderZone"):
        raise errors.bad_field("defaultForwarderZone", "an enabled forwarder has one")
    for zone in sent["conditionalForwarderZones"]:
        if not zone.get("dnsDomainNames"):
            raise errors.bad_field("conditionalForwarderZones.dnsDomainNames", "a conditional zone has some")
    for number, zone in enumerate(zones):
        zone.setdefault("id", str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{number}/{zone.get('displayName')}")))
    return {"listenerIp": before.get("listenerIp") or LISTENER, **sent}


def _shown_dns(_call: Call, _gateway: Record, stored: dict[str, Any]) -> dict[str, Any]:
    return {**stored, "snatRuleEnabled": bool(stored["enabled"])}


def _limited(_call: Call, _gateway: Record, sent: dict[str, Any], _before: dict[str, Any]) -> dict[str, Any]:
    names = {nsx_id(name): name for name in QOS_PROFILES}
    found = {}
    for direction, profile in sent.items():
        if profile.get("id"):
            if profile["id"] not in names:
                raise errors.bad_field(direction, "there is no such QoS profile")
            found[direction] = {"id": profile["id"], "name": names[profile["id"]]}
    return found


def list_qos_profiles(call: Call) -> Reply:
    managers = asked(call.query, "nsxTManagerRef.id")
    if len(managers) != 1:
        raise errors.bad_request("A filter with nsxTManagerRef.id== is required.")
    manager = call.require("nsxtmanager", managers[0])
    rows = [
        {
            "id": nsx_id(name),
            "displayName": name,
            "description": "",
            "committedBandwidth": 1000 * place,
            "burstSize": 1,
            "excessAction": "DROP",
            "nsxTManagerRef": call.store.ref(manager.id),
        }
        for place, name in enumerate(QOS_PROFILES, 1)
    ]
    return Reply(200, {"values": rows})


SETTINGS = (
    Setting(
        "dns",
        "/dns",
        "32.0",
        DNS,
        {"enabled": False, "conditionalForwarderZones": []},
        DNS_VIEW,
        DNS_CONFIGURE,
        "EDGE_GATEWAY_DNS",
        settle=_settled_dns,
        show=_shown_dns,
        resets=True,
        refuses="an enabled one without default zone, a conditional zone without domains; an old version (assumed)",
    ),
    Setting(
        "dhcp_forwarder",
        "/dhcpForwarder",
        "36.1",
        FORWARDER,
        {"enabled": False},
        DHCP_VIEW,
        DHCP_CONFIGURE,
        "EDGE_GATEWAY_DHCP_FORWARDER",
        refuses="an old version (assumed)",
    ),
    Setting(
        "qos",
        "/qos",
        "36.2",
        QOS,
        {},
        GATEWAY_VIEW,
        PROVIDER,
        "EDGE_GATEWAY_QOS",
        settle=_limited,
        refuses="an unknown QoS profile",
    ),
)
OPERATIONS = (
    *(operation for one in SETTINGS for operation in one.operations()),
    Operation(
        "GET",
        NSX_T + "/gatewayQoSProfiles",
        "36.2",
        PROVIDER,
        list_qos_profiles,
        "GATEWAY_QOS_PROFILE_VIEW",
        refuses="a list without a filter by nsxTManagerRef.id",
    ),
)
