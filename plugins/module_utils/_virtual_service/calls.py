# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Calls for virtual services."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import equals, is_urn
from ansible_collections.vcd.kubernetes.plugins.module_utils._virtual_service.resource import settled

PATH = "loadBalancer/virtualServices"
KIND = "loadBalancerVirtualService"


def list_summaries(api: Api, gateway: Body, query: str = "") -> list[Body]:
    """Summaries of the virtual services of an edge gateway: all that the modules return is in them."""
    path = f"edgeGateways/{gateway['id']}/loadBalancer/virtualServiceSummaries"
    return api.pages(path, f"virtual services of edge gateway {gateway['name']!r}", query=query)


def find_id(api: Api, gateway: Body, name: str) -> str | None:
    """The id of the virtual service of this name; names are unique on an edge gateway."""
    rows = list_summaries(api, gateway, equals("name", name))
    return next((str(row["id"]) for row in rows if row.get("name") == name), None)


def read(api: Api, gateway: Body, name: str | None, urn: str | None) -> Body | None:
    """The full body of a virtual service by URN, else by name; None when there is none."""
    if urn:
        is_urn("id", urn, KIND)
    found = urn or find_id(api, gateway, str(name))
    body = api.get_or_none(f"{PATH}/{found}", describe(gateway, name or found)) if found else None
    return body if body and (body.get("gatewayRef") or {}).get("id") == gateway["id"] else None


def describe(gateway: Body, name: Any) -> str:
    """The object in words, for messages."""
    return f"virtual service {name!r} on edge gateway {gateway['name']!r}"


def wait_until_settled(api: Api, gateway: Body, urn: str, name: Any, seconds: float) -> Body:
    """Wait until its health is known."""
    return api.wait(
        f"{PATH}/{urn}", describe(gateway, name), seconds, settled, "status", "healthStatus", "healthMessage"
    )
