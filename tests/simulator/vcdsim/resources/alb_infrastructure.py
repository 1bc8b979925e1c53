# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the provider registers for load balancing: NSX ALB controllers, and the clouds imported from them.

Every controller manages the same NSX ALB: one cloud with two importable service engine groups.
"""

from __future__ import annotations

import uuid
from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, blank, obj, one_of, read_only, ref, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.query import asked
from vcdsim.resources.common import (
    UNSORTED,
    changed,
    listing,
    page_reply,
    realized,
    restored,
    same_id,
    stored,
)
from vcdsim.rights import PROVIDER
from vcdsim.store import Record, Store, is_identifier

CONTROLLERS = "/cloudapi/1.0.0/loadBalancer/controllers"
CONTROLLER = CONTROLLERS + "/{loadBalancerControllerId}"
CLOUDS = "/cloudapi/1.0.0/loadBalancer/clouds"
CLOUD = CLOUDS + "/{loadBalancerCloudId}"
IMPORTABLE = "/cloudapi/1.0.0/nsxAlbResources/importable"
CLOUD_NAME = "nsx-t-cloud"
GROUP_NAMES = {"Default-Group": "LEGACY_ACTIVE_STANDBY", "elastic-group": "ELASTIC_N_PLUS_M_BUFFER"}
_ALB = uuid.UUID("0d9d2b3e-50a4-5f7c-8f0e-6c0b1c1e4d55")

CONTROLLER_BODY = Body(
    "load balancer controller",
    {
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "url": text(low=1),
        "username": text(low=1),
        "password": blank(text(writeOnly=True)),
        # the vendor: removed in 37.0; go-vcloud-director sends it in every version
        "licenseType": blank(one_of("BASIC", "ENTERPRISE", writeOnly=True)),
        "version": read_only(),
    },
    "name",
    "url",
    "username",
)
CLOUD_BODY = Body(
    "load balancer cloud",
    {
        "status": read_only(),
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "loadBalancerCloudBacking": obj(
            {
                "backingId": text(low=1),
                "backingType": blank(one_of("NSXALB_NSXT", default="NSXALB_NSXT")),
                "loadBalancerControllerRef": ref("loadBalancerController"),
            },
            "backingId",
            "loadBalancerControllerRef",
        ),
        "networkPoolRef": read_only(),
        "healthStatus": read_only(),
        "detailedHealthMessage": read_only(),
    },
    "name",
    "loadBalancerCloudBacking",
)
CONTROLLER_LIST = listing({"url": stored("url"), "version": lambda one: one.facts["version"]}, {})
CLOUD_LIST = listing({"status": lambda one: one.status})
ALB_VERSION = "22.1.5"


def cloud_backing(controller: Record) -> str:
    """The identifier that NSX ALB has for the cloud of a controller."""
    return f"cloud-{uuid.uuid5(_ALB, str(controller.data['url']))}"


def group_backing(cloud: Record, name: str) -> str:
    """The identifier that NSX ALB has for a service engine group of a cloud."""
    return f"serviceenginegroup-{uuid.uuid5(_ALB, cloud.data['backingId'] + name)}"


def network_pool(store: Store) -> Record:
    """The network pool of the NSX-T manager's transport zone, which the cloud shares."""
    return next(store.all("networkPool"))


def show_controller(call: Call, controller: Record) -> dict[str, Any]:
    shown_fields = CONTROLLER_BODY.show(controller.data, call.version)
    return shown_fields | {"id": controller.id, "version": controller.facts["version"], "password": None}


def list_controllers(call: Call) -> Reply:
    records = list(call.store.all("loadBalancerController"))
    return page_reply(call, CONTROLLER_LIST, records, lambda one: show_controller(call, one))


def _controller(call: Call) -> Record:
    return call.require("loadBalancerController", call.params["loadBalancerControllerId"])


def get_controller(call: Call) -> Reply:
    return Reply(200, show_controller(call, _controller(call)))


def _checked_controller(call: Call, controller: Record | None) -> dict[str, Any]:
    sent = CONTROLLER_BODY.read(call.body, call.version)
    if controller is None and "password" not in sent:
        raise errors.bad_request('The field "password" is required.')
    for one in call.store.all("loadBalancerController"):
        for field in ("name", "url"):  # the vendor: both must be unique
            if one is not controller and one.data[field] == sent[field]:
                raise errors.bad_field(field, f"the load balancer controller {one.name} has it")
    # The password is accepted and forgotten: nothing reads it back, and the dump must hold no secret.
    return {name: value for name, value in sent.items() if name not in ("password", "licenseType")}


def post_controller(call: Call) -> Reply:
    data = _checked_controller(call, None)
    identifier = call.store.mint("loadBalancerController")
    controller = Record("loadBalancerController", identifier, data, None, facts={"version": ALB_VERSION})
    return call.submit(
        controller,
        locks=(controller.id,),
        now=lambda: call.store.add(controller),
        undo=lambda: call.store.remove(controller),
    )


def put_controller(call: Call) -> Reply:
    controller = _controller(call)
    same_id(call, controller)
    data = _checked_controller(call, controller)
    if data["url"] != controller.data["url"] and _clouds(call, controller):
        raise errors.bad_field("url", "it cannot be changed while clouds of the controller are imported")
    return call.submit(
        controller,
        locks=(controller.id,),
        now=changed(controller, data),
        done=realized(controller),
        undo=restored(controller),
    )


def _clouds(call: Call, controller: Record) -> list[Record]:
    return [one for one in call.store.all("loadBalancerCloud") if one.data["controller"] == controller.id]


def delete_controller(call: Call) -> Reply:
    controller = _controller(call)
    clouds = _clouds(call, controller)
    if clouds:
        raise errors.bad_request(f"The load balancer controller {controller.name} is used by {clouds[0].name}.")
    return call.submit(controller, locks=(controller.id,), done=lambda: call.store.remove(controller))


def _context(call: Call, kind: str) -> Record:
    """The object that the filter names as context. Answers 400 without one."""
    named = asked(call.query, "_context")
    if len(named) != 1 or not is_identifier(kind, named[0]):
        raise errors.bad_request(f"A filter with _context== and the URN of a {kind} is required.")
    return call.require(kind, named[0])


def list_importable_clouds(call: Call) -> Reply:
    controller = _context(call, "loadBalancerController")
    pool = network_pool(call.store)
    row = {
        "id": cloud_backing(controller),
        "displayName": CLOUD_NAME,
        "alreadyImported": bool(_clouds(call, controller)),
        "networkPoolRef": call.store.ref(pool.id),
        "transportZoneName": pool.name,
    }
    return page_reply(call, UNSORTED.also(_context=lambda _row: controller.id), [row], lambda one: one)


def list_importable_groups(call: Call) -> Reply:
    cloud = _context(call, "loadBalancerCloud")
    rows = [
        {"id": group_backing(cloud, name), "displayName": name, "haMode": mode}
        for name, mode in GROUP_NAMES.items()
        if importer_of(call.store, cloud, group_backing(cloud, name)) is None
    ]
    # the vendor describes a list with a cursor, so it has no totals; it is never longer than one page
    return Reply(200, {"values": rows})


def importer_of(store: Store, cloud: Record, backing: str) -> Record | None:
    """The service engine group that was imported from this one of NSX ALB."""
    for group in store.all("serviceEngineGroup"):
        held = group.data["serviceEngineGroupBacking"]
        if held["backingId"] == backing and held["loadBalancerCloudRef"] == cloud.id:
            return group
    return None


def show_cloud(call: Call, cloud: Record) -> dict[str, Any]:
    backing = {
        "backingId": cloud.data["backingId"],
        "backingType": "NSXALB_NSXT",
        "loadBalancerControllerRef": call.store.ref(cloud.data["controller"]),
    }
    return CLOUD_BODY.show(cloud.data, call.version) | {
        "id": cloud.id,
        "status": cloud.status,
        "loadBalancerCloudBacking": backing,
        "networkPoolRef": call.store.ref(network_pool(call.store).id),
        "healthStatus": "UP",
        "detailedHealthMessage": "",
    }


def list_clouds(call: Call) -> Reply:
    return page_reply(call, CLOUD_LIST, list(call.store.all("loadBalancerCloud")), lambda one: show_cloud(call, one))


def _cloud(call: Call) -> Record:
    return call.require("loadBalancerCloud", call.params["loadBalancerCloudId"])


def get_cloud(call: Call) -> Reply:
    return Reply(200, show_cloud(call, _cloud(call)))


def _checked_cloud(call: Call, cloud: Record | None) -> dict[str, Any]:
    sent = CLOUD_BODY.read(call.body, call.version)
    backing = sent["loadBalancerCloudBacking"]
    controller = call.refer(
        "loadBalancerControllerRef", "loadBalancerController", backing["loadBalancerControllerRef"]["id"]
    )
    if backing["backingId"] != (cloud.data["backingId"] if cloud else cloud_backing(controller)):
        raise errors.bad_field("loadBalancerCloudBacking.backingId", "the controller has no such cloud")
    for one in call.store.all("loadBalancerCloud"):
        if one is not cloud and one.name == sent["name"]:
            raise errors.bad_request(f"A load balancer cloud named {sent['name']} already exists.")
        if one is not cloud and one.data["backingId"] == backing["backingId"]:
            raise errors.bad_field("loadBalancerCloudBacking", f"it is imported as {one.name}")
    return {
        "name": sent["name"],
        "description": sent.get("description"),
        "backingId": backing["backingId"],
        "controller": controller.id,
    }


def post_cloud(call: Call) -> Reply:
    data = _checked_cloud(call, None)
    cloud = Record("loadBalancerCloud", call.store.mint("loadBalancerCloud"), data, None, "PENDING")
    return call.submit(
        cloud,
        locks=(cloud.id, data["controller"]),
        now=lambda: call.store.add(cloud),
        done=realized(cloud),
        undo=lambda: call.store.remove(cloud),
    )


def put_cloud(call: Call) -> Reply:
    cloud = _cloud(call)
    same_id(call, cloud)
    data = _checked_cloud(call, cloud)
    if data["controller"] != cloud.data["controller"]:
        raise errors.bad_field("loadBalancerCloudBacking", "it cannot be changed")
    return call.submit(cloud, locks=(cloud.id,), now=changed(cloud, data), done=realized(cloud), undo=restored(cloud))


def delete_cloud(call: Call) -> Reply:
    cloud = _cloud(call)
    for group in call.store.all("serviceEngineGroup"):
        if group.data["serviceEngineGroupBacking"]["loadBalancerCloudRef"] == cloud.id:
            raise errors.bad_request(f"The load balancer cloud {cloud.name} is used by {group.name}.")
    return call.submit(cloud, locks=(cloud.id,), done=lambda: call.store.remove(cloud))


_VIEW, _NAME = "LOAD_BALANCER_CONTROLLER", "LOAD_BALANCER_CLOUD"
OPERATIONS = (
    Operation("GET", CONTROLLERS, "35.0", PROVIDER, list_controllers, f"{_VIEW}_VIEW"),
    Operation(
        "POST",
        CONTROLLERS,
        "35.0",
        PROVIDER,
        post_controller,
        f"{_VIEW}_CREATE",
        refuses="a name or URL of another controller",
    ),
    Operation("GET", CONTROLLER, "35.0", PROVIDER, get_controller, f"{_VIEW}_VIEW"),
    Operation("PUT", CONTROLLER, "35.0", PROVIDER, put_controller, f"{_VIEW}_UPDATE", refuses="the same as POST"),
    Operation(
        "DELETE", CONTROLLER, "35.0", PROVIDER, delete_controller, f"{_VIEW}_DELETE", refuses="a controller with clouds"
    ),
    Operation(
        "GET",
        IMPORTABLE + "Clouds",
        "35.0",
        PROVIDER,
        list_importable_clouds,
        f"{_NAME}_VIEW",
        refuses="a list without a filter by _context",
    ),
    Operation(
        "GET",
        IMPORTABLE + "ServiceEngineGroups",
        "35.0",
        PROVIDER,
        list_importable_groups,
        f"{_NAME}_VIEW",
        refuses="a list without a filter by _context",
    ),
    Operation("GET", CLOUDS, "35.0", PROVIDER, list_clouds, f"{_NAME}_VIEW"),
    Operation(
        "POST",
        CLOUDS,
        "35.0",
        PROVIDER,
        post_cloud,
        f"{_NAME}_CREATE",
        refuses="a duplicate name, a cloud that is imported or that the controller does not have",
    ),
    Operation("GET", CLOUD, "35.0", PROVIDER, get_cloud, f"{_NAME}_VIEW"),
    Operation("PUT", CLOUD, "35.0", PROVIDER, put_cloud, f"{_NAME}_UPDATE", refuses="a change of the backing"),
    Operation(
        "DELETE", CLOUD, "35.0", PROVIDER, delete_cloud, f"{_NAME}_DELETE", refuses="a cloud with service engine groups"
    ),
)
