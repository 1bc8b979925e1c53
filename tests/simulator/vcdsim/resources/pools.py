# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancer pools and their summaries.

CPI and the Terraform provider send different bodies: CPI's PUT has no id and no name of its monitors, Terraform's
references have no names. Both must pass, so only what the vendor's description demands is required.
"""

from __future__ import annotations

from typing import Any

from vcdsim import errors, health
from vcdsim.bodies import Body, blank, flag, formatted, many, number, obj, one_of, read_only, ref, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.common import (
    changed,
    identifier,
    listing,
    page_reply,
    realized,
    restored,
    same_id,
    status,
    stored,
)
from vcdsim.resources.edge_gateways import lock_of
from vcdsim.rights import LB_CONFIGURE, LB_VIEW
from vcdsim.store import Record

BASE = "/cloudapi/1.0.0/loadBalancer/pools"
ONE = BASE + "/{poolId}"
SUMMARIES = "/cloudapi/1.0.0/edgeGateways/{gatewayId}/loadBalancer/poolSummaries"

# PREMIUM algorithms and persistence need the PREMIUM feature set of the gateway, which only a provider can set.
STANDARD_ALGORITHMS = ("LEAST_CONNECTIONS", "ROUND_ROBIN", "CONSISTENT_HASH")
PREMIUM_ALGORITHMS = ("FASTEST_RESPONSE", "LEAST_LOAD", "FEWEST_SERVERS", "RANDOM", "FEWEST_TASKS", "CORE_AFFINITY")
STANDARD_PERSISTENCE = ("CLIENT_IP", "HTTP_COOKIE")
PREMIUM_PERSISTENCE = ("CUSTOM_HTTP_HEADER", "APP_COOKIE", "TLS")
NEED_VALUE = ("HTTP_COOKIE", "CUSTOM_HTTP_HEADER", "APP_COOKIE")
MONITOR_NAMES = {
    "HTTP": "System-HTTP",
    "HTTPS": "System-HTTPS",
    "TCP": "System-TCP",
    "UDP": "System-UDP",
    "PING": "System-Ping",
}

MEMBER = obj(
    {
        "ipAddress": formatted("ip"),
        "port": number(1, 65535),
        "ratio": number(1, 20, default=1),
        "enabled": flag(default=True),
        "healthStatus": read_only(),
        "detailedHealthMessage": read_only(),
        "markedDownBy": read_only(),
    },
    "ipAddress",
)
POOL = Body(
    "load balancer pool",
    {
        "status": read_only(),
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "enabled": flag(default=True),
        "passiveMonitoringEnabled": flag(default=True),
        "defaultPort": number(1, 65535, default=80),
        "gracefulTimeoutPeriod": number(-1, 7200, default=1),
        "algorithm": blank(one_of(*STANDARD_ALGORITHMS, *PREMIUM_ALGORITHMS, default="LEAST_CONNECTIONS")),
        "healthMonitors": many(
            obj({"type": one_of(*MONITOR_NAMES), "name": text(), "systemDefined": read_only()}, "type")
        ),
        "persistenceProfile": obj(
            {"type": one_of(*STANDARD_PERSISTENCE, *PREMIUM_PERSISTENCE), "value": text(), "name": read_only()}, "type"
        ),
        "members": many(MEMBER, high=100),
        # the vendor: "since 37.1", but go-vcloud-director sends and reads it in its version, 37.0
        "memberGroupRef": since("37.0", ref("firewallGroup")),
        "gatewayRef": ref("gateway"),
        "virtualServiceRefs": read_only(),
        "sslEnabled": since("37.0", flag(default=False)),
        "caCertificateRefs": many(ref("certificateLibraryItem"), high=100),
        "commonNameCheckEnabled": flag(default=False),
        "domainNames": many(text(), high=10),
        "healthStatus": read_only(),
        "healthMessage": read_only(),
        "memberCount": read_only(),
        "enabledMemberCount": read_only(),
        "upMemberCount": read_only(),
    },
    "name",
    "gatewayRef",
)
SUMMARY = Body(
    "load balancer pool summary",
    {
        "status": read_only(),
        "id": read_only(),
        "name": read_only(),
        "description": read_only(),
        "enabled": read_only(),
        "passiveMonitoringEnabled": read_only(),
        "activeMonitoringEnabled": read_only(),
        "healthStatus": read_only(),
        "healthMessage": read_only(),
        "memberCount": read_only(),
        "enabledMemberCount": read_only(),
        "upMemberCount": read_only(),
        "virtualServiceRefs": read_only(),
        "memberSslEnabled": since("37.0", read_only()),
        "memberGroupType": since("37.1", read_only()),
    },
)
SUMMARY_LIST = listing(
    {
        "status": status,
        "enabled": stored("enabled"),
        "passiveMonitoringEnabled": stored("passiveMonitoringEnabled"),
        "activeMonitoringEnabled": lambda record: bool(record.data.get("healthMonitors")),
    }
)


def show_pool(call: Call, pool: Record) -> dict[str, Any]:
    users = health.services_of(call.vcd, pool)
    members = [_show_member(call, one, assigned=bool(users)) for one in pool.data.get("members") or []]
    store = call.store
    values = {
        "id": pool.id,
        "status": pool.status,
        "members": members,
        "memberGroupRef": store.ref(pool.data.get("memberGroupRef")),
        "gatewayRef": store.ref(pool.data["gatewayRef"]),
        "caCertificateRefs": store.refs(pool.data.get("caCertificateRefs")),
        "persistenceProfile": _show_profile(pool),
        "virtualServiceRefs": store.refs([one.id for one in users]),
        **health.pool_health(call.vcd, pool),
    }
    body = POOL.show(pool.data, call.version)
    return body | {name: value for name, value in values.items() if name in body}


def _show_profile(pool: Record) -> dict[str, Any] | None:
    """The persistence profile with the name that VCD gives it: one for each pool, but a common one for TLS."""
    profile = pool.data.get("persistenceProfile")
    if not profile:
        return None
    kind = profile["type"]
    own = f"VCD-LoadBalancer-{pool.id.rpartition(':')[2]}-{kind}"
    return {**profile, "name": "System-Persistence-TLS" if kind == "TLS" else own}


def _show_member(call: Call, member: dict[str, Any], *, assigned: bool) -> dict[str, Any]:
    state = health.member_health(call.vcd, member, assigned=assigned)
    unassigned = "Pool not assigned to any Virtual Service" if call.session.is_provider and not assigned else None
    return {
        **member,
        "port": member.get("port"),
        "healthStatus": state,
        "markedDownBy": ["System-TCP"] if state == "DOWN" and assigned else [],
        "detailedHealthMessage": unassigned,
    }


def show_summary(call: Call, pool: Record) -> dict[str, Any]:
    users = health.services_of(call.vcd, pool)
    group = call.store.get("firewallGroup", pool.data.get("memberGroupRef") or "")
    # A summary lacks members, algorithm and gateway: a client that needs them must read the pool itself.
    values = {
        "id": pool.id,
        "status": pool.status,
        "activeMonitoringEnabled": bool(pool.data.get("healthMonitors")),
        "memberSslEnabled": pool.data.get("sslEnabled", False),
        "memberGroupType": group.data["typeValue"] if group else None,
        "virtualServiceRefs": call.store.refs([one.id for one in users[:10]]),  # the vendor's limit for summaries
        **health.pool_health(call.vcd, pool),
    }
    body = SUMMARY.show(pool.data, call.version)
    return body | {name: value for name, value in values.items() if name in body}


def list_summaries(call: Call) -> Reply:
    gateway = call.require("gateway", call.params["gatewayId"])
    pools = call.store.where("loadBalancerPool", "gateway", gateway.id)
    return page_reply(call, SUMMARY_LIST, pools, lambda one: show_summary(call, one))


def get_pool(call: Call) -> Reply:
    return Reply(200, show_pool(call, call.require("loadBalancerPool", call.params["poolId"])))


def checked(call: Call, sent: dict[str, Any], pool: Record | None) -> tuple[dict[str, Any], Record]:
    """The pool to store, and its gateway. Answers 400 if it breaks a rule."""
    gateway = load_balanced(call, sent["gatewayRef"]["id"])
    # Names are unique on a gateway, not in an organisation: CPI finds its pools by name among a gateway's summaries.
    namesakes = call.store.where("loadBalancerPool", "name", gateway.id, sent["name"])
    if any(one is not pool for one in namesakes):
        raise errors.bad_request(f"A load balancer pool named {sent['name']} already exists on {gateway.name}.")
    _check_premium(sent, gateway)
    if sent.get("members") and sent.get("memberGroupRef"):
        raise errors.bad_field("memberGroupRef", "only one of it and members may be given")
    _check_tls(sent)
    data = {**sent, "gatewayRef": gateway.id}
    if pool is not None and "memberGroupRef" not in sent and call.vcd.assume("transparent-needs", "checked"):
        _check_stays_transparent(call, pool)
    if "memberGroupRef" in sent:
        group = call.refer("memberGroupRef", "firewallGroup", sent["memberGroupRef"]["id"])
        if group.data["ownerRef"] not in (gateway.id, gateway.data["ownerRef"]):
            raise errors.bad_field("memberGroupRef", "the group belongs to another edge gateway")
        data["memberGroupRef"] = group.id
    certificates = [one["id"] for one in sent.get("caCertificateRefs") or []]
    for one in certificates:
        call.refer("caCertificateRefs", "certificateLibraryItem", one)
    data["caCertificateRefs"] = certificates
    # CPI sends only the type of a monitor; reads show the system's name for it.
    data["healthMonitors"] = [
        {"name": MONITOR_NAMES[one["type"]], **one, "systemDefined": True} for one in sent.get("healthMonitors") or []
    ]
    return data, gateway


def _check_stays_transparent(call: Call, pool: Record) -> None:
    for service in health.services_of(call.vcd, pool):
        if service.data.get("transparentModeEnabled"):
            raise errors.bad_field("memberGroupRef", f"the virtual service {service.name} is in transparent mode")


def load_balanced(call: Call, gateway_id: str) -> Record:
    """The edge gateway that a body refers to. Answers 400 if its load balancer is off."""
    gateway = call.refer("gatewayRef", "gateway", gateway_id)
    if not gateway.facts["load_balancer"]["enabled"]:
        raise errors.bad_request(f"The load balancer of the edge gateway {gateway.name} is not enabled.")
    return gateway


def is_premium(gateway: Record) -> bool:
    return bool(gateway.facts["load_balancer"].get("supportedFeatureSet") == "PREMIUM")


def _check_premium(sent: dict[str, Any], gateway: Record) -> None:
    if not is_premium(gateway) and sent["algorithm"] in PREMIUM_ALGORITHMS:
        raise errors.bad_field("algorithm", "it needs the PREMIUM feature set of the edge gateway's load balancer")
    profile = sent.get("persistenceProfile")
    if not profile:
        return
    if not is_premium(gateway) and profile["type"] in PREMIUM_PERSISTENCE:
        raise errors.bad_field("persistenceProfile.type", "it needs the PREMIUM feature set of the edge gateway")
    if profile["type"] in NEED_VALUE and not profile.get("value"):
        raise errors.bad_field("persistenceProfile.value", f"it is required for {profile['type']}")


def _check_tls(sent: dict[str, Any]) -> None:
    if sent["commonNameCheckEnabled"] and not sent.get("caCertificateRefs"):
        raise errors.bad_field("commonNameCheckEnabled", "it needs caCertificateRefs")
    if sent.get("domainNames") and not sent["commonNameCheckEnabled"]:
        raise errors.bad_field("domainNames", "they need commonNameCheckEnabled")


def locks(call: Call, gateway: Record, *records: Record) -> tuple[str, ...]:
    """What a write of the load balancer locks: the object and, by default, the whole gateway.

    NAT writes are known to exclude each other on a gateway. For pools and virtual services it is not known, so it is an
    assumption, and the default is the stricter one.
    """
    held = lock_of(call, gateway, balancer=True) if call.vcd.assume("alb-writes-lock-gateway", "yes") else ()
    return (*held, *(identifier(record) for record in records))


def post_pool(call: Call) -> Reply:
    data, gateway = checked(call, POOL.read(call.body, call.version), None)
    pool = Record("loadBalancerPool", call.store.mint("loadBalancerPool"), data, gateway.org, "PENDING")
    return call.submit(
        pool,
        locks=locks(call, gateway, pool),
        now=lambda: call.store.add(pool),
        done=realized(pool),
        undo=lambda: call.store.remove(pool),
    )


def put_pool(call: Call) -> Reply:
    pool = call.require("loadBalancerPool", call.params["poolId"])
    same_id(call, pool)
    data, gateway = checked(call, POOL.read(call.body, call.version), pool)
    if gateway.id != pool.data["gatewayRef"]:
        raise errors.bad_field("gatewayRef", "it cannot be changed")
    return call.submit(
        pool,
        locks=locks(call, gateway, pool),
        now=changed(pool, data),
        done=realized(pool),
        undo=restored(pool),
    )


def delete_pool(call: Call) -> Reply:
    pool = call.require("loadBalancerPool", call.params["poolId"])
    users = health.services_of(call.vcd, pool)
    if users:
        raise errors.bad_request(f"The load balancer pool {pool.name} is used by the virtual service {users[0].name}.")
    gateway = call.store.get("gateway", pool.data["gatewayRef"])
    held = locks(call, gateway, pool) if gateway else (pool.id,)
    # The pool stays visible until its task ends, as in VCD, so a client must wait before it re-uses the name.
    return call.submit(pool, locks=held, done=lambda: call.store.remove(pool))


OPERATIONS = (
    Operation("GET", SUMMARIES, "35.0", LB_VIEW, list_summaries, "LOAD_BALANCER_POOL_VIEW"),
    Operation(
        "POST",
        BASE,
        "35.0",
        LB_CONFIGURE,
        post_pool,
        "LOAD_BALANCER_POOL_CREATE",
        refuses="a duplicate name on one gateway, members with a member group, PREMIUM features on a STANDARD gateway, "
        "a gateway whose load balancer is off",
    ),
    Operation("GET", ONE, "35.0", LB_VIEW, get_pool, "LOAD_BALANCER_POOL_VIEW"),
    Operation(
        "PUT",
        ONE,
        "35.0",
        LB_CONFIGURE,
        put_pool,
        "LOAD_BALANCER_POOL_UPDATE",
        refuses="the same as POST; a change of the gateway",
    ),
    Operation("DELETE", ONE, "35.0", LB_CONFIGURE, delete_pool, "LOAD_BALANCER_POOL_DELETE", refuses="a pool in use"),
)
