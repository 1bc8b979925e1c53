# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for load balancer pools."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.gateway_objects import GatewayObjects
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import all_of, equals, is_urn, pick_reference

PATH = "loadBalancer/pools"
KIND = "loadBalancerPool"
CERTIFICATE = "certificateLibraryItem"
# summaries have no members, algorithm or ports
OBJECTS = GatewayObjects("pool", PATH, "loadBalancer/poolSummaries", KIND)
list_summaries, find_id, read, describe = OBJECTS.list_summaries, OBJECTS.find_id, OBJECTS.read, OBJECTS.describe


def find_pool(api: Api, gateway: Body, pool: str) -> Body:
    """The pool that the option ``pool`` refers to, as a reference. Raises InvalidInput when it does not exist."""
    rows = list_summaries(api, gateway, "" if is_urn("pool", pool, KIND) else api.narrowed(equals("name", pool)))
    return pick_reference(
        "pool",
        pool,
        rows,
        kind="pool",
        where=f"on edge gateway {gateway['name']!r}",
        others=lambda: _names(list_summaries(api, gateway)),
    )


def find_member_group(api: Api, gateway: Body, group: str) -> Body:
    """An IP set or security group of the edge gateway, as a reference."""
    urn = is_urn("member_group", group, "firewallGroup")
    of_gateway = f"_context=={gateway['id']}"

    def read(named: str) -> list[Body]:
        return api.pages("firewallGroups/summaries", "firewall groups", query=all_of(of_gateway, named))

    return pick_reference(
        "member_group",
        group,
        read("" if urn else api.narrowed(equals("name", group))),
        kind="IP set or security group",
        where=f"on edge gateway {gateway['name']!r}",
        others=lambda: _names(read("")),
    )


def find_certificates(api: Api, option: str, names: list[str]) -> list[Body]:
    """Certificates of the library by alias or URN, as references."""
    query = equals("alias", names[0]) if len(names) == 1 and not is_urn(option, names[0], CERTIFICATE) else ""
    path, what = "ssl/certificateLibrary", "certificates"
    rows = api.pages(path, what, query=api.narrowed(query)) if names else []
    for name in names:
        is_urn(option, name, CERTIFICATE)
    return [
        pick_reference(
            option,
            name,
            rows,
            kind="certificate",
            where="in the certificate library",
            name="alias",
            others=lambda: _names(api.pages(path, what), "alias"),
        )
        for name in names
    ]


def _names(rows: Iterable[Body], name: str = "name") -> list[str]:
    return [str(row.get(name)) for row in rows]
