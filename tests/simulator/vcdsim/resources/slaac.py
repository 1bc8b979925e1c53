# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SLAAC profile of an edge gateway: how machines of its networks get IPv6 addresses."""

from __future__ import annotations

from vcdsim.bodies import Body, flag, formatted, many, obj, one_of, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.edge_gateways import ONE, lock_of
from vcdsim.rights import GATEWAY_VIEW, SLAAC_CONFIGURE

_NO_DNS: dict[str, list[str]] = {"dnsServerIpv6Addresses": [], "domainNames": []}
PROFILE = Body(
    "SLAAC profile",
    {
        "enabled": flag(default=False),
        # the vendor documents SLAAC and DHCPv6; Terraform's provider and go-vcloud-director switch it off with DISABLED
        "mode": one_of("SLAAC", "DHCPv6", "DISABLED", default="SLAAC"),
        # go-vcloud-director sends no lists, and expects to read empty lists, not null
        "dnsConfig": obj(
            {
                "dnsServerIpv6Addresses": many(formatted("ipv6"), default=[]),
                "domainNames": many(text(low=1), default=[]),
            },
            default=_NO_DNS,
        ),
    },
)
_OFF = {"enabled": False, "mode": "DISABLED", "dnsConfig": _NO_DNS}


def get_profile(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    return Reply(200, PROFILE.show(gateway.facts.get("slaac", _OFF), call.version))


def put_profile(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    sent = PROFILE.read(call.body, call.version)
    before = gateway.facts.get("slaac", _OFF)

    def apply() -> None:
        gateway.facts["slaac"] = sent

    def undo() -> None:
        gateway.facts["slaac"] = before

    return call.submit(gateway, locks=lock_of(call, gateway), now=apply, undo=undo)


OPERATIONS = (
    Operation("GET", ONE + "/slaacProfile", "35.0", GATEWAY_VIEW, get_profile, "SLAAC_PROFILE_VIEW"),
    Operation("PUT", ONE + "/slaacProfile", "35.0", SLAAC_CONFIGURE, put_profile, "SLAAC_PROFILE_UPDATE"),
)
