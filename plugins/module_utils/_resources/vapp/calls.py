# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Calls of the legacy API for vApps: OpenAPI has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.vapp.resource import (
    entries_of,
    machine_of,
    machine_record_of,
    record_of,
    vapp_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import equals, is_urn, pick
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.records import query_records

PREFIX, MACHINE = "urn:vcloud:vapp:", "urn:vcloud:vm:"
Row = dict[str, Any]


def check_names(vapp: str | None, vdc: str | None) -> None:
    """Raise InvalidInput for text that only looks like a URN, or for a URN of another kind."""
    if vapp and is_urn("vapp", vapp, "vapp") and "/" in vapp:
        raise InvalidInput("vapp", vapp, "is not a URN of a vApp")
    if vdc:
        is_urn("vdc", vdc, "vdc")


def read_vapps(api: Api, vapp: str | None, vdc: str | None) -> list[Row]:
    """The vApps with this name or URN (all when None) in this VDC (any when None), with metadata and machines.

    Each takes two requests. A vApp that is deleted in the meantime is left out.
    """
    found = (_read(api, row) for row in _records(api, vapp or "") if not vdc or vdc in row["vdc"].values())
    return sorted((one for one in found if one), key=lambda one: (one["name"], one["id"]))


def _read(api: Api, row: Row) -> Row | None:
    uuid, what = row["id"].removeprefix(PREFIX), f"vApp {row['name']!r}"
    try:
        document = api.document(f"/api/vApp/vapp-{uuid}", what, "VApp")
        metadata = api.document(f"/api/vApp/vapp-{uuid}/metadata", f"metadata of {what}", "Metadata")
    except Refused as error:
        if error.status in (403, 404) and row["id"] not in [one["id"] for one in _records(api, row["name"])]:
            return None
        raise
    return {**vapp_of(document), "vdc": row["vdc"], "metadata": entries_of(metadata)}


def _records(api: Api, wanted: str) -> Iterator[Row]:
    """The query service's records of the vApps with this name or URN, or of all."""
    for record in map(
        record_of, query_records(api, "vApp", "" if wanted.startswith(PREFIX) else equals("name", wanted))
    ):
        if record and (not wanted or wanted in (record["id"], record["name"])):
            yield record


def find_machine(api: Api, option: str, name: str, vdc: str | None, apart: str = "") -> Row:
    """The only virtual machine with this name, in this VDC (any when None): ``id``, ``name``, ``vapp`` and ``vdc``.

    Raises CollectionError for none, or for several: names of machines are unique only within a vApp. ``apart`` is the
    remedy for several.
    """
    query = api.narrowed(equals("name", name))
    rows = [one for one in map(machine_record_of, query_records(api, "VM", query)) if one]
    found: Row = pick(
        option,
        name,
        [one for one in rows if one["name"] == name and (not vdc or vdc in one["vdc"].values())],
        kind="virtual machine",
        where=f"in the VDC {vdc!r}" if vdc else f"visible to {api.session.settings.who}",
        apart=apart or f"give its URN as {option}, or the option vdc",
        describe=lambda one: f"{one['id']} in the vApp {one['vapp']!r}",
        others=lambda: [one["name"] for one in map(machine_record_of, query_records(api, "VM", "")) if one],
    )
    return found


def read_machine(api: Api, urn: str) -> Row:
    """A virtual machine with this URN: ``id`` and ``name``. Raises Refused if it does not exist."""
    document = api.document(f"/api/vApp/vm-{urn.removeprefix(MACHINE)}", f"virtual machine {urn}", "Vm")
    return {"id": urn, "name": document.get("name", "")}


def connections_of(api: Api, urn: str) -> list[Row]:
    """The network connections of a virtual machine, each with ``network``, ``ip_address`` and ``mac``."""
    document = api.document(f"/api/vApp/vm-{urn.removeprefix(MACHINE)}", f"virtual machine {urn}", "Vm")
    connections: list[Row] = machine_of(document)["networks"]
    return connections
