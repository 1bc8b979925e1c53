# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP of a network, with its bindings. No machine gets an address from it: the estate defines their addresses."""

from __future__ import annotations

import ipaddress
from typing import Any

from vcdsim import addresses, errors
from vcdsim.bodies import Body, blank, flag, formatted, many, number, obj, one_of, since, text
from vcdsim.calls import Call, Reply
from vcdsim.resources.parts import NETWORK, VERSION, Part, Setting
from vcdsim.rights import NETWORK_EDIT, NETWORK_VIEW
from vcdsim.store import Record

_LONGEST = 4294967295
_LEASE = number(60, _LONGEST)
_MODES = ("EDGE", "NETWORK", "RELAY")
CONFIG = Body(
    "DHCP configuration",
    {
        "enabled": flag(default=True),
        "leaseTime": since("35.0", _LEASE),
        "dhcpPools": many(
            obj(
                {
                    "enabled": flag(default=True),
                    "ipRange": obj(
                        {"startAddress": formatted("ip"), "endAddress": formatted("ip")}, "startAddress", "endAddress"
                    ),
                    "maxLeaseTime": number(0),
                    "defaultLeaseTime": number(0),
                },
                "ipRange",
            )
        ),
        "mode": since("35.0", one_of(*_MODES)),
        "ipAddress": since("35.0", blank(formatted("ip"))),
        "dnsServers": since("36.1", many(formatted("ip"), high=2)),
    },
)
BINDING = Body(
    "DHCP binding",
    {
        "id": blank(text()),
        "name": text(low=1),
        "description": text(),
        "macAddress": formatted("mac"),
        "ipAddress": blank(formatted("ip")),
        "leaseTime": number(60, _LONGEST, default=86400),
        "dnsServers": many(formatted("ip"), high=2),
        "bindingType": one_of("IPV4", "IPV6"),
        "dhcpV4BindingConfig": obj({"gatewayIpAddress": blank(formatted("ipv4")), "hostName": text()}),
        "dhcpV6BindingConfig": obj(
            {"sntpServers": many(formatted("ipv6"), high=2), "domainNames": many(text(low=1), high=6)}
        ),
        "version": VERSION,
    },
    "name",
    "macAddress",
    "bindingType",
)


def _in_subnet(network: Record, text_address: str) -> bool:
    address = ipaddress.ip_address(text_address)
    return any(address in addresses.network_of(one) for one in network.data["subnets"]["values"])


def _settled(call: Call, network: Record, sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    # go-vcloud-director: "From v35.0 onwards, if LeaseTime or Mode are not explicitly passed, the API doesn't use any
    # defaults returning an error."
    for name in ("leaseTime", "mode") if call.version >= (35, 0) else ():
        if name not in sent:
            raise errors.bad_request(f'The field "{name}" is required.')
    mode = sent.get("mode", "EDGE")
    if before.get("mode") not in (None, mode):
        raise errors.bad_field("mode", "it cannot be changed")
    if mode != "NETWORK" and not network.data.get("router"):
        raise errors.bad_field("mode", "a network without an edge gateway has NETWORK only")
    if mode == "RELAY":
        gateway = call.store.get("gateway", network.data["router"])
        if sent.get("dhcpPools"):
            raise errors.bad_field("dhcpPools", "RELAY allows no pools")
        if gateway is None or not gateway.facts.get("dhcp_forwarder", {}).get("enabled"):
            raise errors.bad_field("mode", "RELAY needs the DHCP forwarder of the edge gateway")
    if mode == "NETWORK":
        if "ipAddress" not in sent:
            raise errors.bad_request('The field "ipAddress" is required.')
        if not _in_subnet(network, sent["ipAddress"]):
            raise errors.bad_field("ipAddress", "it lies outside the network")
        if not _has_cluster(call, network.data["ownerRef"]):
            raise errors.bad_field("mode", "NETWORK needs an edge cluster in the network profile of the VDC")
    for pool in sent.get("dhcpPools") or []:
        if not all(_in_subnet(network, pool["ipRange"][end]) for end in ("startAddress", "endAddress")):
            raise errors.bad_field("dhcpPools", "a pool lies outside the network")
    return sent


def _has_cluster(call: Call, owner: str) -> bool:
    """Whether the VDC, or a VDC of the VDC group, has an edge cluster for DHCP."""
    group = call.store.get("vdcGroup", owner)
    vdcs = [call.store.get("vdc", one) for one in (group.data["vdcs"] if group else [owner])]
    return any(one and one.facts.get("network_profile", {}).get("servicesEdgeCluster") for one in vdcs)


def _settled_binding(call: Call, network: Record, sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    if not DHCP.stored(network).get("enabled"):
        raise errors.bad_request(f"The network {network.name} has no DHCP: enable it first.")
    if sent["bindingType"] == "IPV4" and "ipAddress" not in sent:
        raise errors.bad_request('The field "ipAddress" is required.')
    if "ipAddress" in sent and not _in_subnet(network, sent["ipAddress"]):
        raise errors.bad_field("ipAddress", "it lies outside the network")
    for one in BINDINGS.all(call, network):
        for name in ("macAddress", "ipAddress"):
            if one.data is not before and name in sent and one.data.get(name) == sent[name]:
                raise errors.bad_field(name, f"the DHCP binding {one.name} has it")
    return sent


class _Dhcp(Setting):
    """The configuration. Bindings are deleted with it (assumed)."""

    def delete(self, call: Call) -> Reply:
        network = self.place.of(call)
        return self._set(call, network, self.unset, BINDINGS.all(call, network))


DHCP = _Dhcp(
    "dhcp",
    "/dhcp",
    "32.0",
    CONFIG,
    {"enabled": False},
    NETWORK_VIEW,
    NETWORK_EDIT,
    "ORG_VDC_NETWORK_DHCP",
    settle=_settled,
    resets=True,
    refuses="a missing mode or lease time, another mode than before, pools outside the network; NETWORK without an "
    "edge cluster, RELAY without the forwarder (assumed)",
    place=NETWORK,
)
BINDINGS = Part(
    "dhcpBinding",
    "/dhcp/bindings",
    "bindingId",
    "36.1",
    BINDING,
    NETWORK_VIEW,
    NETWORK_EDIT,
    "ORG_VDC_NETWORK_DHCP_BINDING",
    settle=_settled_binding,
    refuses="a network without DHCP, an address outside the network, an address of another binding",
    place=NETWORK,
)
OPERATIONS = (*DHCP.operations(), *BINDINGS.operations())
