# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service engine groups and their assignments to edge gateways."""

from __future__ import annotations

from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, blank, number, obj, one_of, read_only, ref, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.query import Listing, asked
from vcdsim.resources.alb_infrastructure import GROUP_NAMES, group_backing, importer_of
from vcdsim.resources.common import changed, listing, page_reply, realized, restored, same_id, stored
from vcdsim.resources.edge_gateways import lock_of
from vcdsim.rights import LB_VIEW, PROVIDER
from vcdsim.store import Record, Store

GROUPS = "/cloudapi/1.0.0/loadBalancer/serviceEngineGroups"
BASE = GROUPS + "/assignments"
ONE = BASE + "/{assignmentId}"

ASSIGNMENT = Body(
    "service engine group assignment",
    {
        "id": read_only(),
        "serviceEngineGroupRef": ref("serviceEngineGroup"),
        "gatewayRef": ref("gateway"),
        "gatewayOwnerRef": read_only(),
        "gatewayOrgRef": read_only(),
        "maxVirtualServices": number(0),
        "minVirtualServices": number(0),
        "numDeployedVirtualServices": read_only(),
        "serviceEngineGroupSupportedFeatureSet": since("37.0", read_only()),
        "gatewaySupportedFeatureSet": since("37.0", read_only()),
        "serviceEngineGroupHaMode": since("37.1", read_only()),
    },
    "serviceEngineGroupRef",
    "gatewayRef",
)


GROUP = Body(
    "service engine group",
    {
        "status": read_only(),
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "serviceEngineGroupBacking": obj(
            {
                "backingId": text(low=1),
                "backingType": blank(text(writeOnly=True)),
                "loadBalancerCloudRef": ref("loadBalancerCloud"),
            },
            "backingId",
            "loadBalancerCloudRef",
        ),
        "haMode": read_only(),
        "reservationType": blank(one_of("DEDICATED", "SHARED", default="SHARED")),
        "maxVirtualServices": read_only(),
        "numDeployedVirtualServices": read_only(),
        "reservedVirtualServices": read_only(),
        "overAllocated": read_only(),
        "supportedFeatureSet": since("37.0", blank(one_of("STANDARD", "PREMIUM", default="STANDARD"))),
    },
    "name",
    "serviceEngineGroupBacking",
)
# The limit of NSX ALB for such a group; the vendor documents none for VCD (assumed)
_MAX_VIRTUAL_SERVICES = 1000


def deployed(store: Store, group_id: str, gateway_id: str | None = None) -> int:
    """The number of virtual services of a group, on one gateway or all. Each counts, even on a shared VIP (assumed)."""
    if gateway_id is None:
        return store.number("loadBalancerVirtualService", "group", group_id)
    return store.number("loadBalancerVirtualService", "groupOnGateway", group_id, gateway_id)


def assignment_of(store: Store, group_id: str, gateway_id: str) -> Record | None:
    return next(iter(store.where("serviceEngineGroupAssignment", "groupOnGateway", group_id, gateway_id)), None)


def show_assignment(call: Call, record: Record) -> dict[str, Any]:
    store = call.store
    group = store.get("serviceEngineGroup", record.data["serviceEngineGroupRef"])
    gateway = store.get("gateway", record.data["gatewayRef"])
    body = ASSIGNMENT.show(record.data, call.version)
    group_data = group.data if group else {}
    values = {
        "id": record.id,
        "serviceEngineGroupRef": store.ref(record.data["serviceEngineGroupRef"]),
        "gatewayRef": store.ref(record.data["gatewayRef"]),
        "gatewayOwnerRef": store.ref(gateway.data["ownerRef"]) if gateway else None,
        "gatewayOrgRef": store.ref(gateway.org) if gateway else None,
        "numDeployedVirtualServices": deployed(store, record.data["serviceEngineGroupRef"], record.data["gatewayRef"]),
        "serviceEngineGroupSupportedFeatureSet": group_data.get("supportedFeatureSet"),
        "gatewaySupportedFeatureSet": gateway.facts["load_balancer"].get("supportedFeatureSet") if gateway else None,
        "serviceEngineGroupHaMode": group_data.get("haMode"),
    }
    return body | {name: value for name, value in values.items() if name in body}


ASSIGNMENTS = listing(
    {
        "serviceEngineGroupRef.id": stored("serviceEngineGroupRef"),
        "gatewayRef.id": stored("gatewayRef"),
        "gatewayOrgRef.id": lambda record: record.org,
    },
    {"maxVirtualServices": stored("maxVirtualServices"), "minVirtualServices": stored("minVirtualServices")},
    default_sort="",
)


def list_assignments(call: Call) -> Reply:
    records = call.visible("serviceEngineGroupAssignment")
    return page_reply(call, ASSIGNMENTS, records, lambda one: show_assignment(call, one))


def get_assignment(call: Call) -> Reply:
    record = call.require("serviceEngineGroupAssignment", call.params["assignmentId"])
    return Reply(200, show_assignment(call, record))


def _checked(call: Call) -> tuple[dict[str, Any], Record, Record]:
    sent = ASSIGNMENT.read(call.body, call.version)
    group = call.refer("serviceEngineGroupRef", "serviceEngineGroup", sent["serviceEngineGroupRef"]["id"])
    gateway = call.refer("gatewayRef", "gateway", sent["gatewayRef"]["id"])
    limits = [sent.get(name) for name in ("maxVirtualServices", "minVirtualServices")]
    # A dedicated group has no limits. CPI compares the number of deployed virtual services with the limit, so it finds
    # no room in such a group.
    if group.data["reservationType"] == "DEDICATED" and any(limit is not None for limit in limits):
        raise errors.bad_field("maxVirtualServices", "it must be unset for a dedicated service engine group")
    if group.data["reservationType"] == "SHARED" and any(limit is None for limit in limits):
        raise errors.bad_field("maxVirtualServices", "it and minVirtualServices are required for a shared group")
    if limits[0] is not None and limits[1] is not None and limits[0] < limits[1]:
        raise errors.bad_field("maxVirtualServices", "it must be at least minVirtualServices")
    return {**sent, "serviceEngineGroupRef": group.id, "gatewayRef": gateway.id}, group, gateway


def post_assignment(call: Call) -> Reply:
    data, group, gateway = _checked(call)
    settings = gateway.facts["load_balancer"]
    if not settings["enabled"]:
        raise errors.bad_request(f"The load balancer of the edge gateway {gateway.name} is not enabled.")
    if group.data["supportedFeatureSet"] == "STANDARD" and settings.get("supportedFeatureSet") == "PREMIUM":
        raise errors.bad_request("A STANDARD service engine group cannot serve a PREMIUM edge gateway.")
    # the vendor: DEDICATED groups "can only be assigned to a single Edge Gateway"
    others = (one for one in call.store.all("serviceEngineGroupAssignment"))
    if group.data["reservationType"] == "DEDICATED" and any(
        one.data["serviceEngineGroupRef"] == group.id and one.data["gatewayRef"] != gateway.id for one in others
    ):
        raise errors.bad_request(f"The dedicated group {group.name} is assigned to another edge gateway.")
    if assignment_of(call.store, group.id, gateway.id):
        raise errors.bad_request(f"{group.name} is already assigned to the edge gateway {gateway.name}.")
    record = Record("serviceEngineGroupAssignment", call.store.mint("serviceEngineGroupAssignment"), data, gateway.org)
    return call.submit(
        record,
        locks=lock_of(call, gateway, balancer=True),
        now=lambda: call.store.add(record),
        undo=lambda: call.store.remove(record),
    )


def put_assignment(call: Call) -> Reply:
    record = call.require("serviceEngineGroupAssignment", call.params["assignmentId"])
    data, group, gateway = _checked(call)
    if group.data["reservationType"] == "DEDICATED":
        raise errors.bad_request("The assignment of a dedicated service engine group cannot be updated.")
    if (data["serviceEngineGroupRef"], data["gatewayRef"]) != (
        record.data["serviceEngineGroupRef"],
        record.data["gatewayRef"],
    ):
        raise errors.bad_field("serviceEngineGroupRef", "neither it nor gatewayRef can be changed")
    # with a lower limit, the deployed virtual services would not fit
    if data["maxVirtualServices"] < deployed(call.store, group.id, gateway.id):
        raise errors.bad_field("maxVirtualServices", "more virtual services than that are deployed")
    return call.submit(
        record,
        locks=lock_of(call, gateway, balancer=True),
        now=changed(record, data),
        done=realized(record),
        undo=restored(record),
    )


def delete_assignment(call: Call) -> Reply:
    record = call.require("serviceEngineGroupAssignment", call.params["assignmentId"])
    if deployed(call.store, record.data["serviceEngineGroupRef"], record.data["gatewayRef"]):
        raise errors.bad_request("The service engine group has virtual services on this edge gateway.")
    gateway = call.store.get("gateway", record.data["gatewayRef"])
    locks = lock_of(call, gateway, balancer=True) if gateway else ()
    return call.submit(record, locks=locks, done=lambda: call.store.remove(record))


def list_groups(call: Call) -> Reply:
    """The groups. A tenant must name a gateway as ``_context``, and sees the groups assigned to it (assumed)."""
    wanted = asked(call.query, "_context")
    records = _in_context(call, wanted) if wanted else list(call.store.all("serviceEngineGroup"))
    # a tenant knows groups only through the gateways that they are assigned to
    if not wanted and not call.session.is_provider:
        raise errors.forbidden(PROVIDER, call.operation.name, "serviceEngineGroups")
    how: Listing[Record] = listing({"reservationType": stored("reservationType")})
    return page_reply(call, how.also(_context=lambda record: wanted), records, lambda one: show_group(call, one))


def _in_context(call: Call, wanted: list[str]) -> list[Record]:
    gateways = [one for one in wanted if one != "assignable"]
    if len(gateways) != 1:
        raise errors.bad_request("The context of service engine groups is one edge gateway.")
    gateway = call.require("gateway", gateways[0])
    assignable = len(wanted) > 1
    return [
        group
        for group in call.store.all("serviceEngineGroup")
        if (assignment_of(call.store, group.id, gateway.id) is None) == assignable
    ]


def show_group(call: Call, record: Record) -> dict[str, Any]:
    body = {
        "status": record.status,
        "id": record.id,
        "name": record.name,
        "description": record.data.get("description"),
        "serviceEngineGroupBacking": {
            **record.data["serviceEngineGroupBacking"],
            "loadBalancerCloudRef": call.store.ref(record.data["serviceEngineGroupBacking"]["loadBalancerCloudRef"]),
        },
        "haMode": record.data["haMode"],
        "reservationType": record.data["reservationType"],
        "maxVirtualServices": record.data["maxVirtualServices"],
        "numDeployedVirtualServices": deployed(call.store, record.id),
        "reservedVirtualServices": sum(
            one.data.get("minVirtualServices") or 0
            for one in call.store.where("serviceEngineGroupAssignment", "group", record.id)
        ),
        "overAllocated": False,
    }
    body["overAllocated"] = body["reservedVirtualServices"] > (record.data["maxVirtualServices"] or 0)
    if call.version >= (37, 0):
        body["supportedFeatureSet"] = record.data["supportedFeatureSet"]
    return body


def _group(call: Call) -> Record:
    return call.require("serviceEngineGroup", call.params["loadBalancerServiceEngineGroupId"])


def get_group(call: Call) -> Reply:
    return Reply(200, show_group(call, _group(call)))


def _is_assigned(call: Call, group: Record) -> bool:
    assignments = call.store.all("serviceEngineGroupAssignment")
    return any(one.data["serviceEngineGroupRef"] == group.id for one in assignments)


def _checked_group(call: Call, group: Record | None) -> dict[str, Any]:
    sent = GROUP.read(call.body, call.version)
    backing = sent["serviceEngineGroupBacking"]
    cloud = call.refer("loadBalancerCloudRef", "loadBalancerCloud", backing["loadBalancerCloudRef"]["id"])
    for one in call.store.all("serviceEngineGroup"):
        if one is not group and one.name == sent["name"]:
            raise errors.bad_request(f"A service engine group named {sent['name']} already exists.")
    held = {"backingId": backing["backingId"], "loadBalancerCloudRef": cloud.id}
    shared = {"name": sent["name"], "description": sent.get("description"), "serviceEngineGroupBacking": held}
    features = {"supportedFeatureSet": sent.get("supportedFeatureSet", "STANDARD")}
    if group is not None:
        if held != group.data["serviceEngineGroupBacking"]:
            raise errors.bad_field("serviceEngineGroupBacking", "it cannot be changed")
        # a test of Terraform's provider turns a dedicated group into a shared one; that it must be unassigned is
        # assumed
        if sent["reservationType"] != group.data["reservationType"] and _is_assigned(call, group):
            raise errors.bad_field("reservationType", "it cannot be changed while the group is assigned")
        return {**group.data, **shared, **features, "reservationType": sent["reservationType"]}
    modes = {group_backing(cloud, name): mode for name, mode in GROUP_NAMES.items()}
    if backing["backingId"] not in modes:
        raise errors.bad_field("serviceEngineGroupBacking.backingId", "the cloud has no such group")
    importer = importer_of(call.store, cloud, backing["backingId"])
    if importer:
        raise errors.bad_field("serviceEngineGroupBacking", f"it is imported as {importer.name}")
    new = {"reservationType": sent["reservationType"], "haMode": modes[backing["backingId"]]}
    return {**shared, **features, **new, "maxVirtualServices": _MAX_VIRTUAL_SERVICES}


def post_group(call: Call) -> Reply:
    data = _checked_group(call, None)
    group = Record("serviceEngineGroup", call.store.mint("serviceEngineGroup"), data, None, "PENDING")
    return call.submit(
        group,
        locks=(group.id,),
        now=lambda: call.store.add(group),
        done=realized(group),
        undo=lambda: call.store.remove(group),
    )


def put_group(call: Call) -> Reply:
    group = _group(call)
    same_id(call, group)
    data = _checked_group(call, group)
    return call.submit(group, locks=(group.id,), now=changed(group, data), done=realized(group), undo=restored(group))


def delete_group(call: Call) -> Reply:
    group = _group(call)
    if _is_assigned(call, group):
        raise errors.bad_request(f"The service engine group {group.name} is assigned to an edge gateway.")
    return call.submit(group, locks=(group.id,), done=lambda: call.store.remove(group))


def sync_group(call: Call) -> Reply:
    group = _group(call)
    return call.submit(group, locks=(group.id,))


OPERATIONS = (
    Operation("GET", GROUPS, "35.0", LB_VIEW, list_groups, "LOAD_BALANCER_SERVICE_ENGINE_GROUP_VIEW", basis="assumed"),
    Operation(
        "GET",
        GROUPS + "/{loadBalancerServiceEngineGroupId}",
        "35.0",
        PROVIDER,
        get_group,
        "LOAD_BALANCER_SERVICE_ENGINE_GROUP_VIEW",
    ),
    Operation(
        "POST",
        GROUPS,
        "35.0",
        PROVIDER,
        post_group,
        "LOAD_BALANCER_SERVICE_ENGINE_GROUP_CREATE",
        refuses="a duplicate name, a group that is imported or that the cloud does not have",
    ),
    Operation(
        "PUT",
        GROUPS + "/{loadBalancerServiceEngineGroupId}",
        "35.0",
        PROVIDER,
        put_group,
        "LOAD_BALANCER_SERVICE_ENGINE_GROUP_UPDATE",
        refuses="a change of the backing, or of the reservation type of a group that is assigned",
    ),
    Operation(
        "DELETE",
        GROUPS + "/{loadBalancerServiceEngineGroupId}",
        "35.0",
        PROVIDER,
        delete_group,
        "LOAD_BALANCER_SERVICE_ENGINE_GROUP_DELETE",
        refuses="a group that is assigned",
    ),
    Operation(
        "POST",
        GROUPS + "/{loadBalancerServiceEngineGroupId}/sync",
        "35.0",
        PROVIDER,
        sync_group,
        "LOAD_BALANCER_SERVICE_ENGINE_GROUP_SYNC",
    ),
    Operation("GET", BASE, "35.0", LB_VIEW, list_assignments, "LOAD_BALANCER_SERVICE_ENGINE_GROUP_ASSIGNMENT_VIEW"),
    Operation(
        "POST",
        BASE,
        "35.0",
        PROVIDER,
        post_assignment,
        "LOAD_BALANCER_SERVICE_ENGINE_GROUP_ASSIGN",
        refuses="limits for a dedicated group, missing limits for a shared one, a STANDARD group on a PREMIUM gateway",
    ),
    Operation("GET", ONE, "35.0", LB_VIEW, get_assignment, "LOAD_BALANCER_SERVICE_ENGINE_GROUP_ASSIGNMENT_VIEW"),
    Operation(
        "PUT",
        ONE,
        "35.0",
        PROVIDER,
        put_assignment,
        "LOAD_BALANCER_SERVICE_ENGINE_GROUP_ASSIGNMENT_UPDATE",
        refuses="a limit below the deployed number, any update for a dedicated group",
    ),
    Operation(
        "DELETE",
        ONE,
        "35.0",
        PROVIDER,
        delete_assignment,
        "LOAD_BALANCER_SERVICE_ENGINE_GROUP_UNASSIGN",
        refuses="while virtual services are deployed",
    ),
)
