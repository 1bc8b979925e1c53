# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runtime defined entities and their types. A CAPVCD cluster is such an entity, and CPI writes its objects into it."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import referencing
import referencing.exceptions

from vcdsim import errors
from vcdsim.bodies import Body, anything, read_only, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.query import Listing
from vcdsim.resources.common import created, listing, page_reply, same_id, stored
from vcdsim.rights import ENTITY_ADMIN_VIEW, ENTITY_EDIT, ENTITY_VIEW, PROVIDER
from vcdsim.store import Record

TYPES = "/cloudapi/1.0.0/entityTypes"
TYPE = TYPES + "/{id}"
ENTITIES = "/cloudapi/1.0.0/entities"
ENTITY = ENTITIES + "/{id}"

TYPE_BODY = Body(
    "defined entity type",
    {
        "id": read_only(),
        "name": text(low=1),
        "description": text(),
        "vendor": text(low=1, pattern=r"^[\w.-]+$"),
        "nss": text(low=1, pattern=r"^[\w.-]+$"),
        "version": text(pattern=r"^\d+\.\d+\.\d+$"),
        "externalId": text(),
        "inheritedVersion": since("36.0", text()),
        "interfaces": {"type": "array", "items": text()},
        "schema": anything(),
        "hooks": since("36.0", anything()),
        "readonly": read_only(),
        "maxImplicitRight": since("37.1", text()),
    },
    "name",
    "vendor",
    "nss",
    "version",
    "schema",
)
ENTITY_BODY = Body(
    "defined entity",
    {
        "id": read_only(),
        "entityType": read_only(),
        "name": text(low=1),
        "externalId": text(),
        "entity": anything(),
        "state": read_only(),
        "entityState": since("37.1", read_only()),
        "owner": read_only(),
        "org": read_only(),
    },
    "name",
    "entity",
)
TYPE_LIST = listing({"vendor": stored("vendor"), "nss": stored("nss"), "version": stored("version")})
ENTITY_LIST: Listing[Record] = listing(
    {
        "externalId": stored("externalId"),
        "entityType": stored("entityType"),
        "state": lambda record: record.facts["state"],
        "entityState": lambda record: record.facts["state"],
    },
    {"externalId": stored("externalId")},
)


def show_type(call: Call, kind: Record) -> dict[str, Any]:
    return TYPE_BODY.show(kind.data, call.version) | {"id": kind.id, "readonly": False}


def list_types(call: Call) -> Reply:
    return page_reply(call, TYPE_LIST, call.visible("entityType"), lambda one: show_type(call, one))


def get_type(call: Call) -> Reply:
    return Reply(200, show_type(call, call.require("entityType", call.params["id"])))


def _check_schema(schema: dict[str, Any]) -> None:
    try:
        jsonschema.Draft7Validator.check_schema(schema)
    except jsonschema.SchemaError as problem:
        raise errors.bad_field("schema", "it is not a JSON Schema") from problem


def post_type(call: Call) -> Reply:
    sent = TYPE_BODY.read(call.body, call.version)
    _check_schema(sent["schema"])
    identifier = f"urn:vcloud:type:{sent['vendor']}:{sent['nss']}:{sent['version']}"
    if call.store.get("entityType", identifier):
        raise errors.bad_request(f"The entity type {identifier} already exists.")
    kind = call.store.add(Record("entityType", identifier, sent, None, shared=True))
    call.touched = kind.id
    return created(call, f"{TYPES}/{kind.id}", show_type(call, kind))


def put_type(call: Call) -> Reply:
    kind = call.require("entityType", call.params["id"])
    sent = TYPE_BODY.read({**_fixed(kind), **_body(call)}, call.version)
    if any(sent[name] != value for name, value in _fixed(kind).items()):
        raise errors.bad_field("vendor", "neither it nor nss, version and schema can be changed")
    kind.data = sent
    return Reply(200, show_type(call, kind))


def _fixed(kind: Record) -> dict[str, Any]:
    return {name: kind.data[name] for name in ("vendor", "nss", "version", "schema")}


def _body(call: Call) -> dict[str, Any]:
    return {key: value for key, value in call.body.items() if value is not None} if isinstance(call.body, dict) else {}


def delete_type(call: Call) -> Reply:
    kind = call.require("entityType", call.params["id"])
    if call.store.where("entity", "entityType", kind.id):
        raise errors.bad_request(f"The entity type {kind.id} has entities and cannot be deleted.")
    call.store.remove(kind)
    return Reply(204)


def _etag(entity: Record) -> dict[str, str]:
    """The ETag header: a quoted string (assumed form) that changes with every write."""
    return {"ETag": f'"{entity.facts["revision"]}"'}


def show_entity(call: Call, entity: Record) -> dict[str, Any]:
    state = entity.facts["state"]
    values = {
        "id": entity.id,
        # the deprecated field does not have this value; what it shows instead is assumed
        "state": "RESOLVED" if state == "IN_DELETION" else state,
        "entityState": state,
        "owner": call.store.ref(entity.facts.get("owner")),
        "org": call.store.ref(entity.org),
    }
    body = ENTITY_BODY.show(entity.data, call.version)
    return body | {name: value for name, value in values.items() if name in body}


def _visible(call: Call, entity: Record) -> bool:
    """Whether the user sees an entity: its own, one shared with the whole organisation, or any as an administrator.

    Source: the vendor's documentation of defined entities. An estate shares every entity without an owner.
    """
    mine = entity.facts.get("owner") == call.session.user.id
    return mine or not entity.facts.get("private") or call.may(ENTITY_ADMIN_VIEW)


def _require(call: Call) -> Record:
    entity = call.require("entity", call.params["id"])
    if not _visible(call, entity):
        raise errors.forbidden("Base", call.operation.name, entity.id)
    return entity


def list_entities(call: Call) -> Reply:
    """By type. The beginning of a version selects all versions that begin with it, as the API's description says."""
    start = _prefix(call, "type")
    chosen = [one for one in call.visible("entity") if f"{one.data['entityType']}.".startswith(start)]
    return _entity_page(call, chosen)


def list_by_interface(call: Call) -> Reply:
    """The entities of all types that implement an interface; the version as in `list_entities`."""
    start = _prefix(call, "interface")
    kinds = {
        kind.id
        for kind in call.store.all("entityType")
        if any(f"{one}.".startswith(start) for one in kind.data.get("interfaces") or ())
    }
    return _entity_page(call, [one for one in call.visible("entity") if one.data["entityType"] in kinds])


def _prefix(call: Call, what: str) -> str:
    start = f"urn:vcloud:{what}:{call.params['vendor']}:{call.params['nss']}:"
    return f"{start}{call.params['version']}." if "version" in call.params else start


def _entity_page(call: Call, chosen: list[Record]) -> Reply:
    seen = [one for one in chosen if _visible(call, one)]
    return page_reply(call, ENTITY_LIST, seen, lambda one: show_entity(call, one))


def get_entity(call: Call) -> Reply:
    entity = _require(call)
    return Reply(200, show_entity(call, entity), _etag(entity))


def _fits(call: Call, kind_id: str, content: dict[str, Any]) -> str | None:
    """Why the content does not match the type's schema; None if it does. References are never fetched."""
    kind = call.store.get("entityType", kind_id)
    schema = kind.data["schema"] if kind else {}
    validator = jsonschema.Draft7Validator(schema, registry=referencing.Registry())
    try:
        problem = next(iter(validator.iter_errors(content)), None)
    except (referencing.exceptions.Unresolvable, RecursionError):
        return "the schema of the type has a reference that cannot be resolved"
    return f"{problem.json_path}: {problem.validator}" if problem else None


def post_entity(call: Call) -> Reply:
    kind = call.require("entityType", call.params["id"])
    sent = ENTITY_BODY.read(call.body, call.version)
    identifier = f"urn:vcloud:entity:{kind.data['vendor']}:{kind.data['nss']}:{call.store.mint('natRule')}"
    data = {**sent, "entity": copy.deepcopy(sent["entity"]), "entityType": kind.id}
    entity = Record("entity", identifier, data, call.session.org.id)
    entity.facts |= {"state": "PRE_CREATED", "revision": 1, "owner": call.session.user.id}
    call.touched = entity.id

    def done() -> None:
        if call.query.get("resolveEntity") == "true":
            _resolve(call, entity)

    return call.submit(
        entity,
        locks=(entity.id,),
        now=lambda: call.store.add(entity),
        done=done,
        undo=lambda: call.store.remove(entity),
    )


def put_entity(call: Call) -> Reply:
    entity = _require(call)
    same_id(call, entity)
    sent = ENTITY_BODY.read(call.body, call.version)
    # CPI and CAPVCD both write to the entity of a cluster; the ETag prevents one from undoing the other's change.
    wanted = call.headers.get("If-Match")
    if wanted is not None and wanted not in ("*", _etag(entity)["ETag"]):
        raise errors.precondition_failed()
    # only a resolved entity has to match its schema: before that, a client may build it in several steps
    if entity.facts["state"] == "RESOLVED":
        problem = _fits(call, entity.data["entityType"], sent["entity"])
        if problem:
            raise errors.bad_field("entity", f"it does not fit the schema of its type: {problem}")
    elif entity.facts["state"] == "RESOLUTION_ERROR":
        entity.facts["state"] = "PRE_CREATED"
    entity.data = {**entity.data, **sent, "externalId": sent.get("externalId")}
    entity.facts["revision"] += 1
    return Reply(200, show_entity(call, entity), _etag(entity))


def delete_entity(call: Call) -> Reply:
    entity = _require(call)
    # an entity whose resolution failed can be deleted: TestAccVcdRde of Terraform's provider
    if entity.facts["state"] == "PRE_CREATED":
        raise errors.bad_request(f"The entity {entity.name} is not resolved and cannot be deleted.")
    call.store.remove(entity)
    return Reply(204)


def _resolve(call: Call, entity: Record) -> str | None:
    problem = _fits(call, entity.data["entityType"], entity.data["entity"])
    entity.facts["state"] = "RESOLUTION_ERROR" if problem else "RESOLVED"
    entity.facts["revision"] += 1
    return problem


def resolve_entity(call: Call) -> Reply:
    entity = _require(call)
    problem = _resolve(call, entity)
    answer = {
        "id": entity.id,
        "entity": entity.data["entity"],
        "state": entity.facts["state"],
        "message": problem,
    }
    if call.version >= (37, 1):
        answer["entityState"] = entity.facts["state"]
    return Reply(200, answer)


OPERATIONS = (
    Operation("GET", TYPES, "35.0", ENTITY_VIEW, list_types, "ENTITY_TYPE_VIEW"),
    Operation(
        "POST", TYPES, "35.0", PROVIDER, post_type, "ENTITY_TYPE_CREATE", refuses="a duplicate type, an invalid schema"
    ),
    Operation("GET", TYPE, "35.0", ENTITY_VIEW, get_type, "ENTITY_TYPE_VIEW"),
    Operation("PUT", TYPE, "35.0", PROVIDER, put_type, "ENTITY_TYPE_UPDATE", refuses="a change of schema or version"),
    Operation("DELETE", TYPE, "35.0", PROVIDER, delete_type, "ENTITY_TYPE_DELETE", refuses="a type with entities"),
    Operation("POST", TYPE, "35.0", ENTITY_EDIT, post_entity, "ENTITY_CREATE"),
    Operation("GET", ENTITIES + "/types/{vendor}/{nss}", "37.0", ENTITY_VIEW, list_entities, "ENTITY_VIEW"),
    Operation("GET", ENTITIES + "/types/{vendor}/{nss}/{version}", "35.0", ENTITY_VIEW, list_entities, "ENTITY_VIEW"),
    Operation(
        "GET",
        ENTITIES + "/interfaces/{vendor}/{nss}/{version}",
        "35.0",
        ENTITY_VIEW,
        list_by_interface,
        "ENTITY_VIEW",
    ),
    Operation("GET", ENTITY, "35.0", ENTITY_VIEW, get_entity, "ENTITY_VIEW"),
    Operation(
        "PUT",
        ENTITY,
        "35.0",
        ENTITY_EDIT,
        put_entity,
        "ENTITY_UPDATE",
        refuses="an old ETag in If-Match (412), content that does not fit the schema",
    ),
    Operation("DELETE", ENTITY, "35.0", ENTITY_EDIT, delete_entity, "ENTITY_DELETE", refuses="an unresolved entity"),
    Operation("POST", ENTITY + "/resolve", "35.0", ENTITY_EDIT, resolve_entity, "ENTITY_RESOLVE"),
)
