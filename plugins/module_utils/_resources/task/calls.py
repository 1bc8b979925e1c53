# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Calls of the legacy API for tasks: OpenAPI has no list of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from itertools import islice
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    find_edge_gateways,
    get_edge_gateway,
    owner_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool.calls import list_summaries as list_pools
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.task import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.calls import list_summaries
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.records import query_records

_MISSING = (400, 403, 404)


def check(params: Mapping[str, Any]) -> None:
    """Check the options before the first request. Raises InvalidInput."""
    if params["limit"] < 1:
        raise InvalidInput("limit", params["limit"], "give 1 or more")
    if params["vdc"]:
        is_urn("vdc", params["vdc"], "vdc", "vdcGroup")
    if params["id"] and not re.fullmatch(rf"(urn:vcloud:task:)?{resource.UUID}", params["id"]):
        raise InvalidInput("id", params["id"], "give the URN of a task, urn:vcloud:task:UUID")
    for option in ("since", "until"):
        if params[option]:
            resource.moment(params[option], option, datetime.now(timezone.utc))


def find_tasks(api: Api, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The requested tasks, newest first, at most ``limit``; failed ones with their error."""
    if params["id"]:
        return [one for one in [_read(api, params["id"])] if one]
    uuids = _uuids(api, params["edge_gateway"], params["vdc"])
    meant = (
        one for one in _newest(api, params) if resource.is_meant(one, params["object"], uuids, params["started_by"])
    )
    return [_with_error(api, one) for one in islice(meant, params["limit"])]


def _newest(api: Api, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Tasks with one of the states, newest first, as far back as requested."""
    states = params["status"] or []
    now = api.session.now()
    since, until = (resource.moment(params[name], name, now) if params[name] else None for name in ("since", "until"))
    query = ",".join(f"status=={one}" for one in states)
    for record in query_records(api, "task", query, sortDesc="startDate"):
        task = resource.from_record(record)
        # checked again here, because a server may ignore the filter or the order
        if task is None or (states and task["status"] not in states):
            continue
        began = resource.started(task)
        if began is not None and since is not None and began < since:
            return
        if until is None or (began is not None and began <= until):
            yield task


def _with_error(api: Api, task: dict[str, Any]) -> dict[str, Any]:
    """The task with the error in which it ended, which only its document contains."""
    if task["status"] != "error":
        return task
    return {**task, "error": (_read(api, task["id"]) or task)["error"]}


def _read(api: Api, urn: str) -> dict[str, Any] | None:
    uuid = resource.uuid_of(urn)
    try:
        return resource.from_document(api.document(f"/api/task/{uuid}", f"task {uuid}", "Task"))
    except Refused as error:
        if error.status not in _MISSING:
            raise
        return None


def _uuids(api: Api, edge_gateway: str | None, vdc: str | None) -> set[str] | None:
    """The UUIDs of an edge gateway, or of a VDC and its edge gateways, with those of their load balancing objects.

    A task for a NAT or firewall rule names the edge gateway. None where neither is given.
    """
    if not edge_gateway and not vdc:
        return None
    found = [get_edge_gateway(api, edge_gateway, vdc)] if edge_gateway else find_edge_gateways(api, None, vdc)
    if not found:
        raise InvalidInput("vdc", vdc, "owns no edge gateway that this user sees: check the name and the user's rights")
    ids = [str(owner_of(found[0]).get("id"))] if not edge_gateway else []
    for gateway in found:
        ids += [str(gateway["id"]), *_on(api, gateway)]
    return {resource.uuid_of(one) for one in ids} - {""}


def _on(api: Api, gateway: Body) -> list[str]:
    return [str(row["id"]) for row in (*list_summaries(api, gateway), *list_pools(api, gateway))]
