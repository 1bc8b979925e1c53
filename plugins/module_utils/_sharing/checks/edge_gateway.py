# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Preflight checks of what Cloud Director and the edge gateway can do."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._nearest import nearest
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import NSXT_BACKED, EdgeGateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import Finding, error, info, warning
from ansible_collections.vcd.kubernetes.plugins.module_utils._versions import (
    API_WITH_SHARED_IP,
    api_of_cpi,
    parse_version,
)

GIVE_IT = "give shared_ip_edge_gateway"


def check_vcd_version(state: ClusterState) -> Iterator[Finding]:
    """Virtual services share an IP from VCD 10.4.0 on (API 37.0)."""
    if state.vcd is None:
        return
    api, scenario = state.vcd.api, state.target.scenario
    newest = f"{api.newest[0]}.{api.newest[1]}"
    label = f"VCD {api.release} (API {newest})" if api.release else f"VCD with API {newest}"
    if scenario.shared_ip and api.newest < API_WITH_SHARED_IP:
        message = f"{label} cannot share an IP between virtual services; {scenario.value} needs VCD 10.4 (API 37.0)"
        yield error("vcd_version", message, "upgrade VCD, or choose distinct_internal")
    else:
        yield info("vcd_version", f"{label} is new enough for {scenario.value}")


def check_cpi_api(state: ClusterState) -> Iterator[Finding]:
    """CPI asks for one version of the API, which newer releases of VCD no longer serve."""
    deployment = state.cluster.deployment
    version = parse_version(deployment.version) if deployment else None
    if state.vcd is None or version is None:
        return
    needed, api = api_of_cpi(version), state.vcd.api
    if needed not in (*api.versions, api.version):
        message = f"CPI {'.'.join(map(str, version))} asks for API {needed}, which this VCD no longer serves"
        yield warning(
            "cpi_api", f"{message}: it cannot log in after a restart", "use a CPI that asks for another version"
        )


def check_edge_gateway(state: ClusterState) -> Iterator[Finding]:
    """Exactly one gateway is found, and the load balancer that CPI needs is enabled on it."""
    edges = state.vcd.edges if state.vcd else ()
    if state.vcd is None:
        message = "the edge gateway is unknown: "
        if state.cluster.readable:
            yield error("edge_gateway", f"{message}CPI's file names no network", GIVE_IT)
        elif state.cluster.rollout == IN_PROGRESS:
            message += "the ConfigMap that names its network is missing until the interrupted change is finished"
            yield error("edge_gateway", message, GIVE_IT)
        return  # check_configuration reports a file that cannot be read
    if not edges:
        message = f"shared_ip_edge_gateway: {state.target.edge_gateway!r}: this user sees no such edge gateway"
        hint = nearest(state.target.edge_gateway, state.vcd.others)
        yield error("edge_gateway", message, f"check the name and shared_ip_vdc, or leave both out{hint}")
        return
    if len(edges) > 1:
        owners = " and ".join(sorted(edge.owner or edge.id for edge in edges))
        message = f"there are {len(edges)} edge gateways named {edges[0].name} (in {owners})"
        yield error("edge_gateway", message, "give shared_ip_vdc, or the gateway's URN as shared_ip_edge_gateway")
        return
    edge = edges[0]
    if edge.backing != NSXT_BACKED:
        message = f"edge gateway {edge.name} is {edge.backing or 'of an unknown kind'}"
        yield error("edge_gateway", message, "CPI's load balancing needs an NSX-T backed gateway")
    if not edge.load_balancer:
        message = f"the load balancer of edge gateway {edge.name} is off"
        yield error("edge_gateway", message, "have the provider switch it on")
    network = state.cluster.network
    if network and network not in edge.network_names:
        message = (
            f"edge gateway {edge.name} does not route {network}, the network in CPI's file: CPI uses another gateway"
        )
        yield error("edge_gateway", message, "give the gateway that routes it, or leave shared_ip_edge_gateway out")
    if edge.backing == NSXT_BACKED and edge.load_balancer:
        yield info("edge_gateway", f"{edge.name}: NSX-T backed, load balancer on")


def check_vdc_group(state: ClusterState) -> Iterator[Finding]:
    """CPI makes the application port profile of a DNAT rule in its VDC, where a VDC group's gateway cannot use it."""
    edge, scenario = state.edge, state.target.scenario
    if edge is None or not edge.in_vdc_group or not scenario.one_arm:
        return
    message = f"edge gateway {edge.name} belongs to the VDC group {edge.owner}, and CPI creates application port"
    message += (
        f" profiles in its VDC: in {scenario.value} VCD refuses the DNAT rule of each new Service or port ('not in"
    )
    message += " the same network provider scope'; CPI logs 'unable to create dnat rule')"
    remedy = "choose shared_external, which needs no DNAT rules"
    if state.cluster.scenario is None or state.cluster.scenario.one_arm:
        yield warning("vdc_group", f"{message}; those that exist keep serving", remedy)
    else:
        yield error("vdc_group", message, remedy)


def check_service_engine_groups(state: ClusterState) -> Iterator[Finding]:
    """One group must have room. CPI takes the first one that does, so several groups may split a shared IP."""
    edge, check = state.edge, "service_engine_group"
    if edge is None or not edge.load_balancer:
        return
    usable = [group for group in edge.groups if group.maximum is not None]
    dedicated = sorted(group.name for group in edge.groups if group.maximum is None)
    if dedicated:
        message = f"CPI cannot use {', '.join(dedicated)}: a dedicated group has no maximum to compare with"
        if usable:
            yield warning(check, message)
        else:
            yield state.shortage(check, message, "have the provider assign a shared service engine group")
    yield from _room(state, edge)
    if state.target.scenario.shared_ip and len(usable) > 1:
        names = ", ".join(sorted(group.name for group in usable))
        message = f"edge gateway {edge.name} has several service engine groups ({names})"
        message += "; when one is full, CPI places the next port of a shared IP in another, which NSX ALB refuses"
        yield warning(check, message, "have the provider assign one group with enough room")


def _room(state: ClusterState, edge: EdgeGateway) -> Iterator[Finding]:
    check = "service_engine_group"
    if not edge.groups:
        message = f"edge gateway {edge.name} has no service engine group"
        yield state.shortage(check, message, "have the provider assign one")
        return
    usable = [group for group in edge.groups if group.maximum is not None]
    if not usable:
        return  # a dedicated group is reported above
    with_room = [group for group in usable if group.has_room]
    # a new virtual service gets the first group with room, and all others on its VIP get the same group
    first = (with_room or usable)[0]
    short = []
    for group in usable:
        needed = state.places.needed_in(group.name, next_is_there=group is first)
        free = (group.maximum or 0) - group.deployed
        if needed > max(free, 0):
            short.append(f"{group.name} has {group.deployed} of {group.maximum}, and the plan needs {needed} more")
    counts = ", ".join(f"{group.name} {group.deployed} of {group.maximum}" for group in with_room or usable)
    remedy = "have the provider raise the maximum, or remove virtual services"
    if short:
        message = f"edge gateway {edge.name} has no room for the virtual services of this change: {'; '.join(short)}"
        yield state.shortage(check, message, remedy)
    elif with_room:
        yield info(check, f"room for more virtual services: {counts} in use")
    else:
        message = f"no service engine group of edge gateway {edge.name} has room ({counts} virtual services)"
        yield warning(check, f"{message}; this change needs no more, and a new Service gets none", remedy)
