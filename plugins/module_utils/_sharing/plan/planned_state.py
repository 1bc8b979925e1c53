# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The state in which a plan leaves a service. Pure."""

from __future__ import annotations

from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import VIRTUAL_SERVICE
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.shape import ABSENT, MIXED
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import WantedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import CREATED, MIGRATED, REMOVED, REPAIRED


def planned_state(
    wanted: WantedService, inventory: Inventory, *, scenario: Scenario | None, shape_before: str, existed: bool
) -> str:
    """The state in which a successful plan leaves a service that it changes: one of ``CHANGED``.

    ``inventory`` is the gateway before the plan, ``scenario`` is None for a removal, and ``existed`` says whether the
    service had any object. A service without a clear shape before was migrated in part, or is damaged: it counts as
    migrated only if a virtual service changes its address.
    """
    if scenario is None:
        return REMOVED
    if not existed:
        return CREATED
    if shape_before in (MIXED, ABSENT):
        return MIGRATED if _changes_vip(wanted, inventory) else REPAIRED
    return REPAIRED if shape_before == scenario.value else MIGRATED


def _changes_vip(wanted: WantedService, inventory: Inventory) -> bool:
    for port in wanted.ports:
        present = inventory.get(VIRTUAL_SERVICE, port.names.virtual_service)
        if present is not None and port.virtual_service is not None and present.address != port.virtual_service.address:
            return True
    return False
