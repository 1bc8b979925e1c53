# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security tags of virtual machines. A tag exists as long as a machine has it.

Tags have no case: they are stored and shown in lower case, and a filter finds them in any case (the API's description).
"""

from __future__ import annotations

from typing import Any

from vcdsim.bodies import Body, formatted, many, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.query import Listing, asked
from vcdsim.resources.common import identifier, page_reply
from vcdsim.rights import SECURITY_TAG_EDIT, VM_VIEW
from vcdsim.store import Record

BASE = "/cloudapi/1.0.0/securityTags"
LONGEST = 128
TAG = Body(
    "security tag",
    {"tag": text(low=1, high=LONGEST), "entities": many(formatted("urn:vm"))},
    "tag",
    "entities",
)
TAGS_OF_VM = Body("security tags of an entity", {"tags": many(text(low=1, high=LONGEST), high=256)})


def tags_of(vm: Record) -> list[str]:
    """The tags of a virtual machine, sorted."""
    return list(vm.data.get("securityTags", ()))


def _give(vm: Record, tags: set[str]) -> None:
    vm.data = {**vm.data, "securityTags": sorted(tags)}


VALUES: Listing[dict[str, Any]] = Listing(
    find={"tag": lambda row: row["tag"]}, sort={"tag": lambda row: row["tag"]}, default_sort="tag"
)
ENTITIES: Listing[Record] = Listing(
    find={
        "id": identifier,
        "name": lambda vm: vm.name,
        "entityType": lambda _vm: "vm",
    },
    sort={"name": lambda vm: vm.name, "entityType": lambda _vm: "vm"},
    default_sort="entityType",
)


def list_values(call: Call) -> Reply:
    tags = sorted({tag for vm in call.owned("vm") for tag in tags_of(vm)})
    return page_reply(call, VALUES, [{"tag": tag} for tag in tags], lambda row: row)


def list_entities(call: Call) -> Reply:
    wanted = asked(call.query, "tag")
    how = ENTITIES.also(tag=lambda vm: [one for one in wanted if one.lower() in tags_of(vm)])
    return page_reply(call, how, [vm for vm in call.visible("vm") if tags_of(vm)], lambda vm: _entity(call, vm))


def _entity(call: Call, vm: Record) -> dict[str, Any]:
    vapp = call.store.get("vapp", vm.data["vapp"])
    return {
        "id": vm.id,
        "name": vm.name,
        "parentRef": call.store.ref(vapp.id) if vapp else None,
        "ownerRef": call.store.ref(vapp.data["vdc"]) if vapp else None,
        "entityType": "vm",
    }


def put_tag(call: Call) -> Reply:
    """Give a tag to these virtual machines, and remove it from all others of the organisation."""
    sent = TAG.read(call.body, call.version)
    tag = sent["tag"].lower()
    chosen = {call.require("vm", one).id for one in sent["entities"]}
    for vm in call.owned("vm"):
        if (tag in tags_of(vm)) != (vm.id in chosen):
            _give(vm, {*tags_of(vm)} ^ {tag})
    return Reply(204)


def get_tags_of_vm(call: Call) -> Reply:
    return Reply(200, {"tags": tags_of(call.require("vm", call.params["id"]))})


def put_tags_of_vm(call: Call) -> Reply:
    vm = call.require("vm", call.params["id"])
    sent = TAGS_OF_VM.read(call.body, call.version)
    _give(vm, {tag.lower() for tag in sent.get("tags") or []})
    return Reply(200, {"tags": tags_of(vm)})


OPERATIONS = (
    Operation("GET", f"{BASE}/values", "36.0", VM_VIEW, list_values, "SECURITY_TAG_VIEW"),
    Operation("GET", f"{BASE}/entities", "36.0", VM_VIEW, list_entities, "SECURITY_TAG_VIEW"),
    Operation(
        "PUT",
        f"{BASE}/tag",
        "36.0",
        SECURITY_TAG_EDIT,
        put_tag,
        "SECURITY_TAG_UPDATE",
        refuses="a virtual machine that does not exist or is another organisation's",
    ),
    Operation("GET", BASE + "/vm/{id}", "36.0", VM_VIEW, get_tags_of_vm, "SECURITY_TAG_VIEW"),
    Operation(
        "PUT",
        BASE + "/vm/{id}",
        "36.0",
        SECURITY_TAG_EDIT,
        put_tags_of_vm,
        "SECURITY_TAG_UPDATE",
        refuses="more than 256 tags, a tag of more than 128 characters",
    ),
)
