# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses and prefixes that organisations allocate from IP Spaces."""

from __future__ import annotations

import ipaddress
import itertools
import json
from collections.abc import Iterator
from typing import Any

from vcdsim import errors
from vcdsim.bodies import Body, blank, formatted, number, one_of, read_only, ref, since, text
from vcdsim.calls import Call, Operation, Reply
from vcdsim.indexes import prefix_length
from vcdsim.resources import ip_prefixes
from vcdsim.resources.common import changed, listing, page_reply, realized, restored, same_id, stored
from vcdsim.resources.ip_space_assignments import floating_quota, prefix_quota
from vcdsim.resources.ip_spaces import ONE, PREFIX, allocations_of, holds, required_filter, users_of
from vcdsim.rights import IP_SPACE_ALLOCATE, IP_SPACE_VIEW
from vcdsim.store import Record
from vcdsim.tasks import wall_clock

ALLOCATIONS = ONE + "/allocations"
ALLOCATION_ONE = ALLOCATIONS + "/{ipAllocationId}"

REQUEST = Body(
    "IP allocation request",
    {
        "type": one_of("FLOATING_IP", "IP_PREFIX"),
        "quantity": number(1, 5),
        "prefixLength": number(1, 128),
        "value": since("37.2", blank(formatted("ip-or-cidr"))),
    },
    "type",
)
ALLOCATION = Body(
    "IP allocation",
    {
        "id": read_only(),
        "type": one_of("FLOATING_IP", "IP_PREFIX"),
        "value": text(),
        "orgRef": ref("org"),
        "usageState": one_of("UNUSED", "USED", "USED_MANUAL"),
        "description": text(),
        "usedByRef": read_only(),
        "usageCategories": read_only(),
        "allocationDate": read_only(),
    },
    "usageState",
)


def _state(call: Call, allocation: Record) -> str:
    """The usage state. USED_MANUAL stays even if an object uses the address (assumed): CPI sets it."""
    if allocation.data["usageState"] == "USED_MANUAL":
        return "USED_MANUAL"
    return "USED" if users_of(call, allocation) else "UNUSED"


def show_allocation(call: Call, allocation: Record) -> dict[str, Any]:
    used_by = users_of(call, allocation)
    gateway = _gateway_of(used_by[0].by) if used_by else None
    return ALLOCATION.show(allocation.data, call.version) | {
        "id": allocation.id,
        "orgRef": call.store.ref(allocation.org),
        "usageState": _state(call, allocation),
        "usedByRef": call.store.ref(gateway),
        "usageCategories": sorted({use.category.upper() for use in used_by}) or None,
    }


def _gateway_of(user: Record) -> str:
    return str(user.facts.get("gateway") or user.data.get("gatewayRef") or user.id)


def list_allocations(call: Call) -> Reply:
    space = call.require("ipSpace", call.params["ipSpaceId"])
    if required_filter(call, "type") not in ("FLOATING_IP", "IP_PREFIX"):
        raise errors.bad_request("A filter with type== FLOATING_IP or IP_PREFIX is required.")
    how = listing(
        {
            "type": stored("type"),
            "value": stored("value"),
            "usageState": lambda one: _state(call, one),
            "orgRef.id": lambda one: one.org,
            "usedByRef.id": lambda one: [_gateway_of(use.by) for use in users_of(call, one)],
            "usageCategories": lambda one: [use.category.upper() for use in users_of(call, one)],
        },
        {"value": stored("value"), "allocationDate": stored("allocationDate")},
        default_sort="allocationDate",
        descending=True,
    )
    own = [one for one in allocations_of(call, space) if call.sees(one)]
    return page_reply(call, how, own, lambda one: show_allocation(call, one))


def _addressed(call: Call) -> Record:
    space = call.require("ipSpace", call.params["ipSpaceId"])
    allocation = call.require("ipSpaceIpAllocation", call.params["ipAllocationId"])
    if allocation.facts["space"] != space.id:
        raise errors.forbidden("Base", call.operation.name, allocation.id)
    return allocation


def get_allocation(call: Call) -> Reply:
    return Reply(200, show_allocation(call, _addressed(call)))


def _org_of(call: Call) -> str:
    """The organisation that gets the new addresses: the caller's or, for a provider, that of the tenant context."""
    if call.session.is_provider and call.tenant_context is None:
        raise errors.bad_request("A provider needs a tenant context to allocate addresses.")
    return call.acting_org


def _locks(call: Call, space: str, *records: Record) -> tuple[str, ...]:
    """What a write of an allocation locks: the allocation and, by default, its IP Space."""
    held = (space,) if call.vcd.assume("ip-space-writes-lock-space", "yes") else ()
    return (*held, *(record.id for record in records))


def allocate(call: Call) -> Reply:
    space = call.require("ipSpace", call.params["ipSpaceId"])
    sent = REQUEST.read(call.body, call.version)
    if ("quantity" in sent) == ("value" in sent):
        raise errors.bad_field("quantity", "exactly one of it and value must be given")
    if sent["type"] == PREFIX and "quantity" in sent and "prefixLength" not in sent:
        raise errors.bad_request('The field "prefixLength" is required.')
    org = _org_of(call)
    # a client either asks for a number of addresses or prefixes, or (since 37.2) for one of them
    wanted = [sent["value"]] if "value" in sent else _free(call, space, sent)
    _check_wanted(call, space, org, wanted, sent["type"])
    now = wall_clock()
    made = [
        Record(
            "ipSpaceIpAllocation",
            call.store.mint("ipSpaceIpAllocation"),
            {"type": sent["type"], "value": value, "usageState": "UNUSED", "description": None, "allocationDate": now},
            org,
            facts={"space": space.id},
        )
        for value in wanted
    ]
    answer = [{"id": one.id, "value": one.data["value"], "suggestedValue": None} for one in made]
    # The task's result holds the addresses, and clients read them there.
    reply = call.submit(
        space,
        locks=_locks(call, space.id),
        now=lambda: [call.store.add(one) for one in made],
        undo=lambda: call.store.remove(*made),
        result=lambda: json.dumps(answer),
    )
    call.touched = made[0].id
    return reply


def _every_address(space: Record) -> Iterator[str]:
    """The addresses of an IP Space, the lowest first: clients send its ranges in any order."""
    ranges = (space.data.get("ipSpaceRanges") or {}).get("ipRanges") or []
    ends = [tuple(ipaddress.ip_address(one[f"{end}IpAddress"]) for end in ("start", "end")) for one in ranges]
    for low, high in sorted(ends, key=lambda pair: (pair[0].version, int(pair[0]))):
        kind = type(low)
        for number_ in range(int(low), int(high) + 1):
            yield str(kind(number_))


def _free(call: Call, space: Record, sent: dict[str, Any]) -> list[str]:
    """The lowest free addresses or prefixes, as a test of Terraform's provider expects. Answers 400 if too few."""
    prefix = sent["type"] == PREFIX
    offered = ip_prefixes.every_prefix(space, sent["prefixLength"]) if prefix else _every_address(space)
    free = (one for one in offered if not _is_taken(call, space, one))
    found = list(itertools.islice(free, sent["quantity"]))
    if len(found) < sent["quantity"]:
        what = f"prefixes of the length {sent['prefixLength']}" if prefix else "addresses"
        raise errors.bad_request(f"The IP Space {space.name} has no {sent['quantity']} free {what}.")
    return found


def _is_taken(call: Call, space: Record, value: str) -> bool:
    return call.store.number("ipSpaceIpAllocation", "value", space.id, value) > 0


def _check_wanted(call: Call, space: Record, org: str, wanted: list[str], kind: str) -> None:
    for value in wanted:
        if ("/" in value) != (kind == PREFIX) or not holds(space, value):
            where = "prefixes" if kind == PREFIX else "ranges"
            raise errors.bad_field("value", f"{value} is not in the {where} of the IP Space")
        if _is_taken(call, space, value):
            raise errors.bad_field("value", f"{value} is already allocated")
    length = prefix_length(wanted[0])
    own = call.store.number("ipSpaceIpAllocation", "org", space.id, org, length)
    quota = prefix_quota(space, org, length) if length else floating_quota(space, org)
    # -1 means no quota; an organisation's own IP Space never has one, and none applies to a provider who allocates for
    # an organisation: the tests of Terraform's provider allocate three addresses with a quota of 0
    if space.org is None and not call.session.is_provider and quota >= 0 and own + len(wanted) > quota:
        what = f"prefixes of the length {length}" if length else "floating IPs"
        raise errors.bad_request(f"The quota of {quota} {what} of the IP Space {space.name} is exceeded.")


def put_allocation(call: Call) -> Reply:
    allocation = _addressed(call)
    same_id(call, allocation)
    sent = ALLOCATION.read(call.body, call.version)
    for name in ("type", "value"):
        if name in sent and sent[name] != allocation.data[name]:
            raise errors.bad_field(name, "it cannot be changed")
    if "orgRef" in sent and sent["orgRef"]["id"] != allocation.org:
        raise errors.bad_field("orgRef", "it cannot be changed")
    if sent["usageState"] == "USED" and _state(call, allocation) != "USED":
        raise errors.bad_field("usageState", "USED is what the system finds; give USED_MANUAL or UNUSED")
    # USED is derived from the objects on each read, so it is never stored
    state = "UNUSED" if sent["usageState"] == "USED" else sent["usageState"]
    data = {**allocation.data, "usageState": state, "description": sent.get("description")}
    return call.submit(
        allocation,
        locks=_locks(call, allocation.facts["space"], allocation),
        now=changed(allocation, data),
        done=realized(allocation),
        undo=restored(allocation),
    )


def delete_allocation(call: Call) -> Reply:
    allocation = _addressed(call)
    manual = allocation.data["usageState"] == "USED_MANUAL" and call.vcd.assume("release-used-manual", "refused")
    if manual or users_of(call, allocation):
        raise errors.bad_request(f"The IP address {allocation.data['value']} is in use and cannot be released.")
    return call.submit(
        allocation,
        locks=_locks(call, allocation.facts["space"], allocation),
        done=lambda: call.store.remove(allocation),
    )


OPERATIONS = (
    Operation(
        "POST",
        ONE + "/allocate",
        "37.1",
        IP_SPACE_ALLOCATE,
        allocate,
        "IP_SPACE_ALLOCATE",
        refuses="quantity with value, more than the quota (a tenant; assumed), a taken address or prefix",
    ),
    Operation(
        "GET",
        ALLOCATIONS,
        "37.1",
        IP_SPACE_VIEW,
        list_allocations,
        "IP_SPACE_ALLOCATION_VIEW",
        refuses="a list without a filter by type",
    ),
    Operation("GET", ALLOCATION_ONE, "37.1", IP_SPACE_VIEW, get_allocation, "IP_SPACE_ALLOCATION_VIEW"),
    Operation(
        "PUT",
        ALLOCATION_ONE,
        "37.1",
        IP_SPACE_ALLOCATE,
        put_allocation,
        "IP_SPACE_ALLOCATION_UPDATE",
        refuses="a change of value, type or organisation; USED",
    ),
    Operation(
        "DELETE",
        ALLOCATION_ONE,
        "37.1",
        IP_SPACE_ALLOCATE,
        delete_allocation,
        "IP_SPACE_ALLOCATION_DELETE",
        basis="assumed",
        refuses="an address in use",
    ),
)
