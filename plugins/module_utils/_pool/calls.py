# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Calls for load balancer pools."""

from __future__ import annotations

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.gateway_objects import GatewayObjects
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import all_of, equals, is_urn, pick

PATH = "loadBalancer/pools"
KIND = "loadBalancerPool"
CERTIFICATE = "certificateLibraryItem"
# summaries are without members, algorithm and ports
OBJECTS = GatewayObjects("pool", PATH, "loadBalancer/poolSummaries", KIND)
list_summaries, find_id, read, describe = OBJECTS.list_summaries, OBJECTS.find_id, OBJECTS.read, OBJECTS.describe


def find_pool(api: Api, gateway: Body, pool: str) -> Body:
    """The pool that the option ``pool`` names, as a reference. Raises InvalidInput when there is none."""
    rows = list_summaries(api, gateway, "" if is_urn("pool", pool, KIND) else equals("name", pool))
    found = pick(
        "pool",
        pool,
        [row for row in rows if pool in (row.get("id"), row.get("name"))],
        kind="pool",
        where=f"on edge gateway {gateway['name']!r}",
        apart="give its URN as pool",
    )
    return {"id": found["id"], "name": found["name"]}


def find_member_group(api: Api, gateway: Body, group: str) -> Body:
    """An IP set or security group of the edge gateway, as a reference."""
    urn = is_urn("member_group", group, "firewallGroup")
    query = all_of(f"_context=={gateway['id']}", "" if urn else equals("name", group))
    rows = api.pages("firewallGroups/summaries", "firewall groups", query=query)
    found = pick(
        "member_group",
        group,
        [row for row in rows if group in (row.get("id"), row.get("name"))],
        kind="IP set or security group",
        where=f"on edge gateway {gateway['name']!r}",
        apart="give its URN as member_group",
    )
    return {"id": found["id"], "name": found["name"]}


def find_certificates(api: Api, option: str, names: list[str]) -> list[Body]:
    """Certificates of the library by alias or URN, as references."""
    query = equals("alias", names[0]) if len(names) == 1 and not is_urn(option, names[0], CERTIFICATE) else ""
    rows = api.pages("ssl/certificateLibrary", "certificates", query=query) if names else []
    found = []
    for name in names:
        is_urn(option, name, CERTIFICATE)
        one = pick(
            option,
            name,
            [row for row in rows if name in (row.get("id"), row.get("alias"))],
            kind="certificate",
            where="in the certificate library",
            apart=f"give its URN as {option}",
        )
        found.append({"id": one["id"], "name": one["alias"]})
    return found
