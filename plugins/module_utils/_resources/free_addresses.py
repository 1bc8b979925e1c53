# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Free addresses of an edge gateway: external ones, and internal ones of a range. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import BadRange, network_of, parse_range
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    find_free_external_ip,
    get_edge_gateway,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.gateway_inventory import (
    nat_rule_of,
    virtual_service_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_space.calls import (
    list_floating_ips,
    untouched,
    uses_ip_spaces,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.calls import list_rules
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.calls import list_summaries
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body, check_libraries, connect
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import connection_of


def free_addresses(
    options: Mapping[str, Any],
    given: Container[str],
    edge_gateway: str,
    *,
    vdc: str | None = None,
    internal: Any = None,
    vip_subnet: str | None = None,
    exclude: Collection[str] = (),
    count: int = 1,
) -> list[str]:
    """The lowest ``count`` free IPv4 addresses. ``options`` and ``given`` are as in `options.connection_of`.

    By default, external addresses: those that `find_free_external_ip` finds or, with IP Spaces, those that are
    allocated to the organization and unused. With ``internal``, a range: those that no virtual service and no NAT rule
    uses, as the planner chooses them. Raises CollectionError if there are fewer.
    """
    if count < 1:
        raise InvalidInput("count", count, "give 1 or more")
    if internal and vip_subnet:
        raise InvalidInput("vip_subnet", vip_subnet, "limits external addresses: leave it out, or internal")
    taken = [checks.address("exclude", str(one).strip(), 4) for one in exclude]
    try:
        within = parse_range(internal) if internal else None
    except BadRange as error:
        raise InvalidInput("internal", internal, str(error)) from None
    limit = checks.network("vip_subnet", vip_subnet) if vip_subnet else None
    check_libraries()
    with connect(connection_of(options, given)) as api, api.one_look():
        gateway = get_edge_gateway(api, edge_gateway, vdc)
        if within is not None:
            inventory = Inventory(
                [*map(virtual_service_of, list_summaries(api, gateway)), *map(nat_rule_of, list_rules(api, gateway))]
            )
            free, where = inventory.free_in(within), f"in the range {within}"
        else:
            free = (
                _of_ip_spaces(api, gateway, limit) if uses_ip_spaces(gateway) else _of_block(api, gateway, limit, taken)
            )
            where = f"in the subnet {limit}" if limit else "for its external addresses"
        found: list[str] = []
        for address in free:
            found += [address] if address not in taken else []
            if len(found) == count:
                return found
    raise CollectionError(
        f"edge gateway {gateway['name']!r} has {len(found)} free addresses {where}, and {count} are asked for: "
        f"{_remedy(gateway, bool(internal))}"
    )


def _of_block(api: Api, gateway: Body, limit: str | None, taken: Collection[str]) -> Iterator[str]:
    found: list[str] = []
    while True:
        address = find_free_external_ip(api, gateway, limit, [*taken, *found])
        if not address:
            return
        found.append(address)
        yield address


def _of_ip_spaces(api: Api, gateway: Body, limit: str | None) -> Iterator[str]:
    network = network_of(limit) if limit else None
    for one in list_floating_ips(api, gateway):
        if untouched(one) and (network is None or one.value in network):
            yield one.value


def _remedy(gateway: Body, internal: bool) -> str:
    if internal:
        return "give a larger range"
    if uses_ip_spaces(gateway):
        return "allocate one with vcd_ip_allocation"
    return "release a used address, or ask the provider to allocate more to the edge gateway"
