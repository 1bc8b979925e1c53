# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which organisations may use an IP Space, and their own quotas.

An organisation is assigned as soon as it has an edge gateway with an uplink of the IP Space, so assignments are derived
from the edge gateways; only the custom quotas are stored, with the IP Space.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vcdsim import addresses, errors
from vcdsim.bodies import Body, many, number, obj, read_only, ref
from vcdsim.calls import Call, Operation, Reply
from vcdsim.query import Listing
from vcdsim.resources import ip_prefixes
from vcdsim.resources.common import page_reply
from vcdsim.rights import PROVIDER
from vcdsim.store import Record, is_identifier

BASE = "/cloudapi/1.0.0/ipSpaces/orgAssignments"
ONE = BASE + "/{assignmentId}"
QUOTAS = obj(
    {
        "floatingIpQuota": number(-1),
        "ipPrefixQuotas": many(obj({"prefixLength": number(1, 128), "quota": number(-1)}, "prefixLength", "quota")),
    }
)
ASSIGNMENT = Body(
    "IP Space assignment",
    {
        "id": read_only(),
        "ipSpaceRef": ref("ipSpace"),
        "orgRef": ref("org"),
        "ipSpaceType": read_only(),
        "defaultQuotas": read_only(),
        "customQuotas": QUOTAS,
    },
    "ipSpaceRef",
    "orgRef",
)


@dataclass(frozen=True)
class Assignment:
    """An IP Space, and an organisation that may use it."""

    id: str
    space: Record
    org: Record


def every_assignment(call: Call) -> list[Assignment]:
    found = {}
    for gateway in call.store.all("gateway"):
        org = call.store.get("org", gateway.org or "")
        if org is None:
            continue
        for space in addresses.ip_spaces_of(call.store, gateway):
            made = call.store.mint("ipSpaceOrgAssignment", f"{space.id}/{org.id}")
            found[made] = Assignment(made, space, org)
    return list(found.values())


LIST: Listing[Assignment] = Listing(
    find={
        "id": lambda one: one.id,
        "ipSpaceRef.id": lambda one: one.space.id,
        "ipSpaceType": lambda one: one.space.data["type"],
        "orgRef.id": lambda one: one.org.id,
        "orgRef.name": lambda one: one.org.name,
    },
    sort={"orgRef.name": lambda one: one.org.name},
    default_sort="orgRef.name",
)


def custom_quotas(space: Record, org_id: str) -> dict[str, Any]:
    """The quotas that an organisation has instead of the IP Space's own."""
    return dict(space.facts.get("custom_quotas", {}).get(org_id) or {})


def floating_quota(space: Record, org_id: str) -> int:
    """How many addresses an organisation may have; -1 means that there is no limit."""
    custom = custom_quotas(space, org_id).get("floatingIpQuota")
    return int(space.data["ipSpaceRanges"]["defaultFloatingIpQuota"] if custom is None else custom)


def prefix_quota(space: Record, org_id: str, length: int) -> int:
    """How many prefixes of a length an organisation may have; -1 means that there is no limit."""
    rows = custom_quotas(space, org_id).get("ipPrefixQuotas") or []
    custom = [one["quota"] for one in rows if one["prefixLength"] == length]
    return int(custom[0]) if custom else ip_prefixes.quota(space, length)


def show_assignment(call: Call, one: Assignment) -> dict[str, Any]:
    lengths = sorted({sequence["prefixLength"] for _group, sequence in ip_prefixes.sequences(one.space)})
    quotas = [{"prefixLength": length, "quota": ip_prefixes.quota(one.space, length)} for length in lengths]
    default = one.space.data["ipSpaceRanges"]["defaultFloatingIpQuota"]
    return {
        "id": one.id,
        "ipSpaceRef": call.store.ref(one.space.id),
        "orgRef": call.store.ref(one.org.id),
        "ipSpaceType": one.space.data["type"],
        "defaultQuotas": {"floatingIpQuota": default, "ipPrefixQuotas": quotas},
        "customQuotas": custom_quotas(one.space, one.org.id) or None,
    }


def list_assignments(call: Call) -> Reply:
    return page_reply(call, LIST, every_assignment(call), lambda one: show_assignment(call, one))


def _addressed(call: Call) -> Assignment:
    urn = call.params["assignmentId"]
    if not is_identifier("ipSpaceOrgAssignment", urn):
        raise errors.bad_urn()
    found = next((one for one in every_assignment(call) if one.id == urn), None)
    if found is None:
        raise errors.forbidden("Base", call.operation.name, urn)
    return found


def get_assignment(call: Call) -> Reply:
    return Reply(200, show_assignment(call, _addressed(call)))


def put_assignment(call: Call) -> Reply:
    one = _addressed(call)
    sent = ASSIGNMENT.read(call.body, call.version)
    if (sent["ipSpaceRef"]["id"], sent["orgRef"]["id"]) != (one.space.id, one.org.id):
        raise errors.bad_field("ipSpaceRef", "neither it nor orgRef can be changed")
    before = dict(one.space.facts.get("custom_quotas", {}))

    def apply() -> None:
        one.space.facts["custom_quotas"] = {**before, one.org.id: sent.get("customQuotas")}

    def undo() -> None:
        one.space.facts["custom_quotas"] = before

    return call.submit(one.space, locks=(one.space.id,), now=apply, undo=undo)


OPERATIONS = (
    Operation("GET", BASE, "37.1", PROVIDER, list_assignments, "IP_SPACE_ORG_ASSIGNMENT_VIEW"),
    Operation("GET", ONE, "37.1", PROVIDER, get_assignment, "IP_SPACE_ORG_ASSIGNMENT_VIEW"),
    Operation(
        "PUT",
        ONE,
        "37.1",
        PROVIDER,
        put_assignment,
        "IP_SPACE_ORG_ASSIGNMENT_UPDATE",
        refuses="a change of the IP Space or the organisation",
    ),
)
