# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for virtual services."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.resource import settled
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.gateway_objects import GatewayObjects

PATH = "loadBalancer/virtualServices"
# the summaries contain everything that the modules return
OBJECTS = GatewayObjects(
    "virtual service", PATH, "loadBalancer/virtualServiceSummaries", "loadBalancerVirtualService", whole=True
)
list_summaries, find_id, read, describe = OBJECTS.list_summaries, OBJECTS.find_id, OBJECTS.read, OBJECTS.describe


def wait_until_settled(api: Api, gateway: Body, urn: str, name: Any, seconds: float) -> Body:
    """Wait at most ``seconds`` until the health of a virtual service is known."""
    return api.wait(
        f"{PATH}/{urn}", describe(gateway, name), seconds, settled, "status", "healthStatus", "healthMessage"
    )
