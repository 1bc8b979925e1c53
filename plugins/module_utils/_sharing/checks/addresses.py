# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Preflight checks of addresses: the one-arm range, and the free external addresses."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    AddressRange,
    Network,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.room import (
    external_room,
    internal_room,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.services import (
    external_ip,
    interrupted_external_ips,
    key_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import EdgeGateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    Finding,
    error,
    info,
    pluralize,
    warning,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import read_vip_subnet
from ansible_collections.vcd.kubernetes.plugins.module_utils._versions import CPI_WITH_GIVEN_IP, parse_version


def check_one_arm(state: ClusterState) -> Iterator[Finding]:
    """The range is valid, overlaps no network of the gateway, and is big enough."""
    target = state.target
    if target.problem:
        yield error("one_arm", target.problem, "give a range of free IPv4 addresses")
        return
    if target.one_arm is None:
        return
    if state.edge is None:
        yield info("one_arm", f"{target.one_arm}")
        return
    overlaps = [name for name, network in _networks(state.edge) if target.one_arm.overlaps(network)]
    for name in overlaps:
        message = f"the one-arm range {target.one_arm} overlaps {name}"
        yield state.shortage("one_arm", message, "choose a range that nothing else uses (shared_ip_one_arm)")
    if not overlaps:
        yield from _size(state, state.edge, target.one_arm)


def check_external_addresses(state: ClusterState) -> Iterator[Finding]:
    """Each Service without an IP needs one; the change of scenario itself needs none."""
    edge = state.edge
    if edge is None or edge.uses_ip_spaces:
        return
    subnet, problem = read_vip_subnet(state.cluster.vip_subnet)
    if problem:
        message = f"vipSubnet {state.cluster.vip_subnet!r} in CPI's file {problem}, and no new Service gets an IP"
        yield warning("external_addresses", message, "write the subnet of external addresses as 203.0.113.0/24")
        return
    ranges = [item for uplink in edge.uplinks for item in uplink.ranges]
    if subnet and ranges and not any(subnet.overlaps(item) for item in ranges):
        message = f"vipSubnet {subnet} in CPI's file holds no address that is allocated to edge gateway {edge.name}"
        remedy = f"correct it: the gateway has {', '.join(map(str, ranges))}"
        yield warning("external_addresses", f"{message}, and no new Service gets an IP", remedy)
        return
    free = external_room(edge, subnet)
    waiting = [item.label for item in state.observed if not item.present and item.ports]
    where = f"edge gateway {edge.name}" + (f" within vipSubnet {subnet}" if subnet else "")
    remedy = "have the provider allocate more addresses to the gateway"
    if free < len(waiting):
        message = f"{where} has {pluralize(free, 'free external address')}, and these Services wait for one"
        yield warning("external_addresses", f"{message}: {', '.join(waiting)}", remedy)
    elif free == 0:
        yield warning("external_addresses", f"{where} has no free external address for a new Service", remedy)
    else:
        yield info("external_addresses", f"{where} has {pluralize(free, 'free external address')}")


def check_given_addresses(state: ClusterState) -> Iterator[Finding]:
    """CPI applies spec.loadBalancerIP when it starts: it moves the DNAT rules, or the VIP, to that address."""
    deployment = state.cluster.deployment
    version = parse_version(deployment.version) if deployment else None
    if state.edge is None or (version and version < CPI_WITH_GIVEN_IP):
        return
    known = interrupted_external_ips(state.cluster)
    for item in state.observed:
        asked = item.kubernetes.load_balancer_ip
        if not asked or not item.has_objects:
            continue
        try:
            served = known.get(key_of(item)) or external_ip(item, state)
        except InvalidInput:
            continue  # its objects hold several addresses, which the check of existing Services reports
        if asked != served:
            option = item.kubernetes.ip_option
            message = f"{item.label} is served on {served}, and its {option} asks for {asked}"
            message += f": CPI moves it to {asked} when it starts"
            remedy = f"set {option} to {served}, or remove it"
            yield state.shortage("given_addresses", message, remedy)


def _networks(edge: EdgeGateway) -> Iterator[tuple[str, Network]]:
    """The networks that the gateway routes or serves, each with a description."""
    for name, network in edge.networks:
        yield f"the network {name} ({network})", network
    for uplink in edge.uplinks:
        for network in uplink.networks:
            yield f"the uplink {uplink.name} ({network})", network
    for network in edge.service_networks:
        yield f"the load balancer's service network ({network})", network


def _size(state: ClusterState, edge: EdgeGateway, one_arm: AddressRange) -> Iterator[Finding]:
    room = internal_room(state, edge, one_arm)
    others, needed, free = room.others, room.needed, room.size - room.others
    text = f"the one-arm range {one_arm} holds {pluralize(one_arm.size, 'address')}"
    if others:
        text += f", {others} of them used by others"
    if needed > free:
        message = f"{text}; {state.target.scenario.value} needs {needed} for the Services of this cluster"
        yield state.shortage("one_arm", message, "choose a bigger range (shared_ip_one_arm)")
    elif needed == free:
        yield warning("one_arm", f"{text}, none of them left for a new Service", "choose a bigger range")
    else:
        new = sum(migration.new_addresses for migration in state.migrations)
        more = f", {new} of them new" if new else ""
        yield info("one_arm", f"{text}; the Services of this cluster need {needed or 'none yet'}{more}")
