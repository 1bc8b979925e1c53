# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate library. Its operations are synchronous, as in VCD: no tasks."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from vcdsim import errors
from vcdsim.bodies import Body, blank, read_only, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.common import UNSORTED, created, listing, page_reply, same_id
from vcdsim.rights import CERTIFICATE_MANAGE, CERTIFICATE_VIEW
from vcdsim.store import Record, Store

BASE = "/cloudapi/1.0.0/ssl/certificateLibrary"
ONE = BASE + "/{id}"

ITEM = Body(
    "certificate library item",
    {
        "id": read_only(),
        "alias": text(low=1, high=128),
        "description": text(),
        "certificate": text(low=1),
        "privateKey": blank(text(writeOnly=True)),
        "privateKeyPassphrase": blank(text(writeOnly=True)),
    },
    "alias",
    "certificate",
)
ITEMS = listing({"alias": lambda record: record.data["alias"]}, default_sort="alias")


def show_item(call: Call, item: Record) -> dict[str, Any]:
    return ITEM.show(item.data, call.version) | {"id": item.id}


def list_items(call: Call) -> Reply:
    return page_reply(call, ITEMS, call.owned("certificateLibraryItem"), lambda one: show_item(call, one))


def get_item(call: Call) -> Reply:
    return Reply(200, show_item(call, call.require("certificateLibraryItem", call.params["id"])))


def _unique(call: Call, alias: str, item: Record | None) -> None:
    org = item.org if item else call.acting_org
    for one in call.store.where("certificateLibraryItem", "name", org, alias):
        if one is not item:
            raise errors.bad_request(f"A certificate with the alias {alias} already exists in the certificate library.")


def post_item(call: Call) -> Reply:
    sent = ITEM.read(call.body, call.version)
    _unique(call, sent["alias"], None)
    try:
        x509.load_pem_x509_certificates(sent["certificate"].encode())
    except ValueError as problem:
        raise errors.bad_field("certificate", "it must be one or more certificates in PEM form") from problem
    if "privateKey" in sent:
        _check_key(sent)
    # The key is checked and forgotten: nothing reads it back, and the dump must hold no secret.
    data = {name: value for name, value in sent.items() if not name.startswith("privateKey")}
    identifier = call.store.mint("certificateLibraryItem")
    item = call.store.add(Record("certificateLibraryItem", identifier, data, call.acting_org))
    item.facts["has_key"] = "privateKey" in sent
    call.touched = item.id
    return created(call, f"{BASE}/{item.id}", show_item(call, item))


def _check_key(sent: dict[str, Any]) -> None:
    key, phrase = sent["privateKey"].encode(), sent.get("privateKeyPassphrase")
    try:
        try:
            load_pem_private_key(key, phrase.encode() if phrase else None)
        except TypeError:  # the passphrase of a key that has none is ignored; an encrypted key needs its own
            load_pem_private_key(key, None)
    except (ValueError, TypeError) as problem:
        raise errors.bad_field("privateKey", "it must be a PEM key that the passphrase opens") from problem


def put_item(call: Call) -> Reply:
    item = call.require("certificateLibraryItem", call.params["id"])
    same_id(call, item)
    # the certificate is required in a new item only; an update may leave it out, because it cannot change it
    sent = ITEM.read({"certificate": item.data["certificate"], **_without_nulls(call.body)}, call.version)
    if sent["certificate"] != item.data["certificate"] or "privateKey" in sent:
        raise errors.bad_field("certificate", "only alias and description can be changed")
    _unique(call, sent["alias"], item)
    item.data = {**item.data, "alias": sent["alias"], "description": sent.get("description")}
    return Reply(200, show_item(call, item))


def _without_nulls(body: Any) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None} if isinstance(body, dict) else {}


def consumers_of(store: Store, item: Record) -> list[Record]:
    """The virtual services and pools that use the certificate."""
    services = store.where("loadBalancerVirtualService", "certificate", item.id)
    return [*services, *store.where("loadBalancerPool", "certificate", item.id)]


def get_consumers(call: Call) -> Reply:
    item = call.require("certificateLibraryItem", call.params["id"])
    refs = call.store.refs([one.id for one in consumers_of(call.store, item)])
    return page_reply(call, UNSORTED, refs, lambda one: one)


def delete_item(call: Call) -> Reply:
    item = call.require("certificateLibraryItem", call.params["id"])
    in_use = consumers_of(call.store, item)
    if in_use:
        raise errors.bad_request(f"The certificate {item.name} is used by {in_use[0].name}.")
    call.store.remove(item)
    return Reply(204)


OPERATIONS = (
    Operation("GET", BASE, "35.0", CERTIFICATE_VIEW, list_items, "CERTIFICATE_LIBRARY_ITEM_VIEW"),
    Operation(
        "POST",
        BASE,
        "35.0",
        CERTIFICATE_MANAGE,
        post_item,
        "CERTIFICATE_LIBRARY_ITEM_CREATE",
        refuses="a duplicate alias in one organisation, text that is not PEM, a key that the passphrase does not open",
    ),
    Operation("GET", ONE, "35.0", CERTIFICATE_VIEW, get_item, "CERTIFICATE_LIBRARY_ITEM_VIEW"),
    Operation(
        "PUT",
        ONE,
        "35.0",
        CERTIFICATE_MANAGE,
        put_item,
        "CERTIFICATE_LIBRARY_ITEM_UPDATE",
        refuses="a change of anything but alias and description",
    ),
    Operation(
        "DELETE",
        ONE,
        "35.0",
        CERTIFICATE_MANAGE,
        delete_item,
        "CERTIFICATE_LIBRARY_ITEM_DELETE",
        refuses="an item in use",
    ),
    Operation(
        "GET",
        ONE + "/consumers",
        "35.0",
        CERTIFICATE_VIEW,
        get_consumers,
        "CERTIFICATE_LIBRARY_ITEM_VIEW",
        basis="assumed",
    ),
)
