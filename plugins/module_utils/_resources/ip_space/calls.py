# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""External addresses from public IP Spaces: list the organization's, claim one, release one.

A claim is a floating IP in the state USED_MANUAL, with a description (the marker) that says what it is for, as in CPI.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import sort_key
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused, TaskFailed, VcdError

SINCE = (37, 1)
FLOATING = "type==FLOATING_IP"
FORBIDDEN = 403
UNUSED, USED_MANUAL = "UNUSED", "USED_MANUAL"


@dataclass(frozen=True)
class FloatingIp:
    """A floating IP of the organization. ``ip_space`` is a URN; ``state`` is UNUSED, USED or USED_MANUAL."""

    id: str
    ip_space: str
    value: str
    marker: str
    state: str


def uses_ip_spaces(gateway: Body) -> bool:
    """Whether an edge gateway gets its external addresses from IP Spaces instead of blocks."""
    return any(uplink.get("usingIpSpace") for uplink in gateway.get("edgeGatewayUplinks") or [])


def list_floating_ips(api: Api, gateway: Body) -> list[FloatingIp]:
    """All floating IPs of the organization in the public IP Spaces of an edge gateway's uplinks, by address."""
    spaces = _public_spaces(api, gateway)
    found = [one for space in spaces for one in _floating_ips_in(api, gateway, str(space["id"]))]
    return sorted(found, key=_by_address)


def allocated_addresses(api: Api, gateway: Body) -> tuple[str, ...] | None:
    """The organization's floating IPs in all IP Spaces of an edge gateway; None where the user may not see them."""
    if api.session.version < SINCE:
        return None
    try:
        rows = _suggestions(api, gateway)
        spaces = sorted({str(row["ipSpaceRef"]["id"]) for row in rows if row.get("ipSpaceRef")})
        return tuple(one.value for space in spaces for one in _floating_ips_in(api, gateway, space))
    except Refused as error:
        if error.status != FORBIDDEN:
            raise
        return None


def claim(api: Api, gateway: Body, marker: str) -> FloatingIp:
    """The address claimed with this marker, or a new one.

    Raises CollectionError when no IP Space has a free address. An address that was allocated but cannot be marked is
    released at once. If the run is killed between the two, the address stays allocated, unused and unmarked. It then
    looks as if a user had reserved it deliberately, so later runs neither take nor release it.
    """
    spaces = _public_spaces(api, gateway)
    if not spaces:
        raise CollectionError(
            f"edge gateway {gateway['name']!r}: its uplinks have no public IP Space, or the user cannot see it: "
            "give external_ip, or ask the provider to link one"
        )
    known = {str(space["id"]): _floating_ips_in(api, gateway, str(space["id"])) for space in spaces}
    for found in sorted((one for claims in known.values() for one in claims), key=_by_address):
        # It has our marker but is UNUSED: set the usage again, so that no other user mistakes it for a free address.
        if found.marker == marker:
            return found if found.state != UNUSED else _mark(api, found, marker)
    return _mark_new(api, _allocate_in_any(api, gateway, spaces, known), marker)


def release(api: Api, found: FloatingIp) -> bool:
    """Release an address. Returns False when it is no longer allocated.

    Raises CollectionError without writing anything when the address now has another marker.
    """
    what, path = _what(found), _path(found)
    body = api.get_or_none(path, what)
    if body is None:
        return False
    marker = body.get("description") or ""
    # without a marker: an earlier release was interrupted between its two writes
    if body.get("value") != found.value or marker not in (found.marker, ""):
        raise CollectionError(f"{what} was not released: its marker is now {marker!r} instead of {found.marker!r}")
    if marker or body.get("usageState") == USED_MANUAL:
        api.update(path, what, body, lambda current: {**current, "usageState": UNUSED, "description": ""})
    return api.delete(path, what)


def _public_spaces(api: Api, gateway: Body) -> list[Body]:
    """The public IP Spaces of the uplinks that have IPv4 addresses, by name."""
    api.require(SINCE, "IP Spaces")
    rows = _suggestions(api, gateway, ";ipType==IPV4")
    ids = {str(row["ipSpaceRef"]["id"]) for row in rows if row.get("ipSpaceRef")}
    spaces = [api.get(f"ipSpaces/{one}", f"IP Space {one}") for one in ids]
    public = [space for space in spaces if space.get("type") == "PUBLIC"]
    return sorted(public, key=lambda space: (str(space.get("name")), str(space["id"])))


def _suggestions(api: Api, gateway: Body, more: str = "") -> list[Body]:
    """A row for each IP Space that the edge gateway may use. ``more`` is an additional condition."""
    return api.pages("ipSpaces/floatingIpSuggestions", "IP Spaces", query=f"gatewayId=={gateway['id']}{more}")


def _floating_ips_in(api: Api, gateway: Body, space: str) -> list[FloatingIp]:
    """The claims of the gateway's organization. A provider sees those of every organization, hence the filter."""
    org = (gateway.get("orgRef") or {}).get("id")
    rows = api.pages(f"ipSpaces/{space}/allocations", f"addresses of IP Space {space}", query=FLOATING)
    return [_read(space, row) for row in rows if org is None or (row.get("orgRef") or {}).get("id") in (org, None)]


def _read(space: str, body: Body) -> FloatingIp:
    return FloatingIp(
        str(body["id"]),
        space,
        str(body.get("value")),
        (body.get("description") or "").strip(),
        str(body.get("usageState")),
    )


def _allocate_in_any(api: Api, gateway: Body, spaces: list[Body], known: dict[str, list[FloatingIp]]) -> FloatingIp:
    """A new address from the first IP Space that has one."""
    refusals = []
    for space in spaces:
        identifier, what = str(space["id"]), f"address of IP Space {space.get('name')!r}"
        try:
            made = _allocate(api, gateway, identifier, {one.id for one in known[identifier]}, what)
        except (Refused, TaskFailed) as error:
            refusals.append(error)
            continue
        return _read(identifier, api.get(f"ipSpaces/{identifier}/allocations/{made}", what))
    reasons = "; ".join(error.message for error in refusals)
    raise VcdError(
        f"no IP Space has an address left: {reasons}: release an unused address, or ask for a higher quota",
        **refusals[-1].details,
    )


def list_spaces(api: Api) -> list[Body]:
    """The IP Spaces that the user may see."""
    return api.pages("ipSpaces/summaries", "IP Spaces")


def list_allocations(api: Api, space: str) -> list[Body]:
    """The floating IPs of an IP Space that belong to the user's organization, by address."""
    rows = api.pages(f"ipSpaces/{space}/allocations", f"addresses of IP Space {space}", query=FLOATING)
    return sorted(rows, key=lambda row: sort_key(str(row.get("value"))))


def take(api: Api, space: Body, value: str | None) -> str:
    """Allocate this address of an IP Space, or any; return the id of the allocation. Raises VcdError."""
    identifier = str(space["id"])
    what = f"address {value or ''} of IP Space {space['name']!r}".replace("  ", " ")
    if value is None:
        return _allocate(api, {}, identifier, {str(row["id"]) for row in list_allocations(api, identifier)}, what)

    def find() -> str | None:
        rows = list_allocations(api, identifier)
        return next((str(row["id"]) for row in rows if row.get("value") == value), None)

    return api.create(f"ipSpaces/{identifier}/allocate", {"type": "FLOATING_IP", "value": value}, what, find)


def floating_ip_of(space: str, body: Body) -> FloatingIp:
    """An allocation in the form that `release` takes."""
    return _read(space, body)


def _allocate(api: Api, gateway: Body, space: str, known: set[str], what: str) -> str:
    """The id of a new address of an IP Space."""

    def new() -> str | None:
        """The address that has appeared since then: the result of our request if its answer was lost."""
        found = [one.id for one in _floating_ips_in(api, gateway, space) if one.id not in known and untouched(one)]
        if len(found) > 1:
            ids = ", ".join(found)
            raise VcdError(f"{what}: {len(found)} were allocated at the same time ({ids}): release the unneeded ones")
        return found[0] if found else None

    return api.create(f"ipSpaces/{space}/allocate", {"type": "FLOATING_IP", "quantity": 1}, what, new)


def _mark_new(api: Api, found: FloatingIp, marker: str) -> FloatingIp:
    """Mark a new address, or release it again: without a marker its owner could never be determined."""
    try:
        return _mark(api, found, marker)
    except CollectionError as error:
        failed = error
    try:
        api.delete(_path(found), _what(found))
    except CollectionError as error:
        message = f"{failed.message}; it stays allocated, because releasing it failed too: {error.message}"
        raise VcdError(message, **failed.details) from None
    raise failed


def _mark(api: Api, found: FloatingIp, marker: str) -> FloatingIp:
    path, what = _path(found), _what(found)
    body = api.get(path, what)
    api.update(path, what, body, lambda current: {**current, "usageState": USED_MANUAL, "description": marker})
    return FloatingIp(found.id, found.ip_space, found.value, marker, USED_MANUAL)


def untouched(found: FloatingIp) -> bool:
    """Whether an address is allocated to the organization, but neither in use nor marked."""
    return found.state == UNUSED and not found.marker


def _path(found: FloatingIp) -> str:
    return f"ipSpaces/{found.ip_space}/allocations/{found.id}"


def _what(found: FloatingIp) -> str:
    return f"address {found.value} of IP Space {found.ip_space}"


def _by_address(found: FloatingIp) -> tuple[int, int]:
    return sort_key(found.value)
