# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancer virtual services and their summaries.

CPI's PUT sends back the whole body of its GET, read-only fields included, so those must be accepted and ignored.
"""

from __future__ import annotations

from typing import Any

from vcdsim import addresses, errors, health
from vcdsim.bodies import Body, blank, flag, formatted, many, number, obj, one_of, read_only, ref, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.common import changed, listing, page_reply, restored, same_id, status, stored
from vcdsim.resources.pools import load_balanced, locks
from vcdsim.resources.vip_rules import check_capacity, check_profile, check_vips
from vcdsim.rights import LB_CONFIGURE, LB_VIEW
from vcdsim.store import Record

BASE = "/cloudapi/1.0.0/loadBalancer/virtualServices"
ONE = BASE + "/{virtualServiceId}"
SUMMARIES = "/cloudapi/1.0.0/edgeGateways/{gatewayId}/loadBalancer/virtualServiceSummaries"

# Sub-resources of a virtual service, see ``http_policies``
SUB_RESOURCES = ("httpRequestRules", "httpResponseRules", "httpSecurityRules", "wafConfig", "wafAllowlist")

PROFILE_NAMES = {
    "HTTP": "System-HTTP",
    "HTTPS": "System-Secure-HTTP",
    "L4": "System-L4-Application",
    "L4_TLS": "System-SSL-Application",
}
PORT_PROFILE_NAMES = {
    "TCP_PROXY": "System-TCP-Proxy",
    "TCP_FAST_PATH": "System-TCP-Fast-Path",
    "UDP_FAST_PATH": "System-UDP-Fast-Path",
}
SERVICE_PORT = obj(
    {
        "tcpUdpProfile": obj({"name": text(), "type": one_of(*PORT_PROFILE_NAMES), "systemDefined": flag()}, "type"),
        "portStart": number(0, 65535),
        "portEnd": number(1, 65535),
        "sslEnabled": flag(default=False),
    },
    "portStart",
)
COMMON = {
    "status": read_only(),
    "id": read_only(),
    "name": text(low=1),
    "description": text(),
    "enabled": flag(),
    "virtualIpAddress": blank(formatted("ipv4")),
    "ipv6VirtualIpAddress": since("37.0", blank(formatted("ipv6"))),
    "loadBalancerPoolRef": ref("loadBalancerPool"),
    "gatewayRef": ref("gateway"),
    "serviceEngineGroupRef": ref("serviceEngineGroup"),
    "certificateRef": ref("certificateLibraryItem"),
    "servicePorts": many(SERVICE_PORT, low=1, high=10),
    "healthStatus": read_only(),
    "healthMessage": read_only(),
    "detailedHealthMessage": read_only(),
    "transparentModeEnabled": since("37.1", flag()),
    # in the vendor's pages of API 38.0 to 39.1, but not of 37.1
    "nonCriticalLoggingEnabled": since("38.0", flag(default=False)),
}
SERVICE = Body(
    "load balancer virtual service",
    COMMON
    | {"applicationProfile": obj({"name": text(), "type": one_of(*PROFILE_NAMES), "systemDefined": flag()}, "type")},
    "name",
    "enabled",
    "applicationProfile",
    "loadBalancerPoolRef",
    "gatewayRef",
    "serviceEngineGroupRef",
    "servicePorts",
)
SUMMARY = Body("load balancer virtual service summary", COMMON | {"applicationProfileType": read_only()})
SUMMARY_LIST = listing(
    {
        "status": status,
        "enabled": stored("enabled"),
        "virtualIpAddress": stored("virtualIpAddress"),
        "ipv6VirtualIpAddress": stored("ipv6VirtualIpAddress"),
        "loadBalancerPoolRef.id": stored("loadBalancerPoolRef"),
        "serviceEngineGroupRef.id": stored("serviceEngineGroupRef"),
    },
    {
        "status": status,
        "enabled": stored("enabled"),
        "virtualIpAddress": stored("virtualIpAddress"),
        "ipv6VirtualIpAddress": stored("ipv6VirtualIpAddress"),
    },
)


def _show(call: Call, service: Record, fields: Body) -> dict[str, Any]:
    store, state = call.store, health.service_health(call.vcd, service)
    values = {
        "id": service.id,
        "status": service.status,
        "loadBalancerPoolRef": store.ref(service.data["loadBalancerPoolRef"]),
        "gatewayRef": store.ref(service.data["gatewayRef"]),
        "serviceEngineGroupRef": store.ref(service.data["serviceEngineGroupRef"]),
        "certificateRef": store.ref(service.data.get("certificateRef")),
        "healthStatus": state[0],
        "healthMessage": state[1],
        "detailedHealthMessage": state[1] if call.session.is_provider else None,
        "applicationProfileType": service.data["applicationProfile"]["type"],
        # unset if the last write used a version without the field
        "nonCriticalLoggingEnabled": service.data.get("nonCriticalLoggingEnabled", False),
    }
    body = fields.show(service.data, call.version)
    return body | {name: value for name, value in values.items() if name in body}


def show_service(call: Call, service: Record) -> dict[str, Any]:
    return _show(call, service, SERVICE)


def list_summaries(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    services = addresses.virtual_services(call.store, gateway.id)
    return page_reply(call, SUMMARY_LIST, services, lambda one: _show(call, one, SUMMARY))


def get_service(call: Call) -> Reply:
    service = call.require("loadBalancerVirtualService", call.params["virtualServiceId"])
    return Reply(200, show_service(call, service))


def checked(call: Call, sent: dict[str, Any], service: Record | None) -> tuple[dict[str, Any], Record, Record]:
    """The virtual service to store, its gateway and its pool. Answers 400 if it breaks a rule."""
    gateway = load_balanced(call, sent["gatewayRef"]["id"])
    namesakes = call.store.where("loadBalancerVirtualService", "name", gateway.id, sent["name"])
    if any(one is not service for one in namesakes):
        raise errors.bad_request(f"A virtual service named {sent['name']} already exists on {gateway.name}.")
    pool = call.refer("loadBalancerPoolRef", "loadBalancerPool", sent["loadBalancerPoolRef"]["id"])
    if pool.data["gatewayRef"] != gateway.id:
        raise errors.bad_field("loadBalancerPoolRef", "the pool belongs to another edge gateway")
    # One virtual service for each pool: a migration cannot create the new one on the old one's pool.
    users = [one for one in health.services_of(call.vcd, pool) if one is not service]
    if users:
        raise errors.bad_request(f"The load balancer pool {pool.name} is used by the virtual service {users[0].name}.")
    data = {**sent, "gatewayRef": gateway.id, "loadBalancerPoolRef": pool.id}
    data["serviceEngineGroupRef"] = sent["serviceEngineGroupRef"]["id"]
    if "certificateRef" in sent:
        certificate = call.refer("certificateRef", "certificateLibraryItem", sent["certificateRef"]["id"])
        data["certificateRef"] = certificate.id
    data |= {"applicationProfile": _named(sent["applicationProfile"], PROFILE_NAMES)}
    data["servicePorts"] = [_port(one) for one in sent["servicePorts"]]
    check_profile(call, data, gateway, pool)
    check_capacity(call, data, gateway, service)
    check_vips(call, data, gateway, service)
    return data, gateway, pool


def _named(profile: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The profile, with the system's name if the client gave none (assumed)."""
    return {"name": names[profile["type"]], "systemDefined": True, **profile}


def _port(sent: dict[str, Any]) -> dict[str, Any]:
    profile = _named(sent.get("tcpUdpProfile") or {"type": "TCP_PROXY"}, PORT_PROFILE_NAMES)
    return {"portEnd": None, **sent, "tcpUdpProfile": profile}


def _becomes_real(call: Call, service: Record) -> None:
    service.status = "REALIZED"
    # A realized virtual service is not yet healthy: service engines need time to probe the pool, so clients also wait
    # for health.
    service.facts["healthy_at"] = call.vcd.clock() + call.vcd.settings.health_seconds


def post_service(call: Call) -> Reply:
    data, gateway, pool = checked(call, SERVICE.read(call.body, call.version), None)
    identifier = call.store.mint("loadBalancerVirtualService")
    service = Record("loadBalancerVirtualService", identifier, data, gateway.org, "PENDING")
    service.facts["healthy_at"] = float("inf")  # PENDING until its task ends
    return call.submit(
        service,
        locks=locks(call, gateway, service, pool),
        now=lambda: call.store.add(service),
        done=lambda: _becomes_real(call, service),
        undo=lambda: call.store.remove(service),
    )


def put_service(call: Call) -> Reply:
    service = call.require("loadBalancerVirtualService", call.params["virtualServiceId"])
    same_id(call, service)
    data, gateway, pool = checked(call, SERVICE.read(call.body, call.version), service)
    if gateway.id != service.data["gatewayRef"]:
        raise errors.bad_field("gatewayRef", "it cannot be changed")
    # NSX ALB moves a virtual service to another group only while it is disabled; the Terraform provider re-creates it.
    if data["serviceEngineGroupRef"] != service.data["serviceEngineGroupRef"]:
        raise errors.bad_field("serviceEngineGroupRef", "it cannot be changed")
    data |= {key: service.data[key] for key in SUB_RESOURCES if key in service.data}

    def done() -> None:
        service.status = "REALIZED"  # its health stays: an update does not take it down (assumed)

    return call.submit(
        service,
        locks=locks(call, gateway, service, pool),
        now=changed(service, data),
        done=done,
        undo=restored(service),
    )


def delete_service(call: Call) -> Reply:
    service = call.require("loadBalancerVirtualService", call.params["virtualServiceId"])
    gateway = call.store.get("gateway", service.data["gatewayRef"])
    held = locks(call, gateway, service) if gateway else (service.id,)
    return call.submit(service, locks=held, done=lambda: call.store.remove(service))


_RULES = (
    "a duplicate name on one gateway, a pool in use, a full service engine group, a VIP and port in use, a VIP that "
    "the gateway may not use, one VIP in two groups (assumed), HTTPS without certificate"
)

OPERATIONS = (
    Operation("GET", SUMMARIES, "35.0", LB_VIEW, list_summaries, "LOAD_BALANCER_VIRTUAL_SERVICE_VIEW"),
    Operation("POST", BASE, "35.0", LB_CONFIGURE, post_service, "LOAD_BALANCER_VIRTUAL_SERVICE_CREATE", refuses=_RULES),
    Operation("GET", ONE, "35.0", LB_VIEW, get_service, "LOAD_BALANCER_VIRTUAL_SERVICE_VIEW"),
    Operation(
        "PUT",
        ONE,
        "35.0",
        LB_CONFIGURE,
        put_service,
        "LOAD_BALANCER_VIRTUAL_SERVICE_UPDATE",
        refuses="the same as POST; a change of the gateway or group (assumed), a change of a shared VIP",
    ),
    Operation("DELETE", ONE, "35.0", LB_CONFIGURE, delete_service, "LOAD_BALANCER_VIRTUAL_SERVICE_DELETE"),
)
