# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Rolls a failed service back to the shape that it had, and reports the state of all services."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.service_executor import ServiceExecutor
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import label_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.group_plan import GroupPlan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.service_plan import ServicePlan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    WantedGroup,
    WantedService,
    with_present,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import (
    CHANGED,
    FAILED,
    NOT_REACHED,
    ROLLED_BACK,
    in_words,
)

_OUTCOMES = {
    ROLLED_BACK: "it was rolled back to the shape that it had",
    **dict.fromkeys(CHANGED, "it is in place, and running the task again continues from there"),
}
_LISTED = 5  # labels in a message; the data holds all of them


def roll_back(
    services: ServiceExecutor,
    wanted: WantedService | WantedGroup,
    before: WantedService | WantedGroup,
    error: CollectionError,
) -> str:
    """Give a service or group its old shape again. Returns its state, and adds a second failure to ``error``."""
    try:
        services.read_again()
        others = other_holders(wanted, services.observed.inventory)
        if others:
            error.message += f"; {wanted.external_ip} is also held by {', '.join(others)}"
        changed = error.details.get("changed")
        if changed:  # something else changed that object, so it stays as it is now
            before = with_present(before, changed[0], changed[1], services.observed.inventory)
        # Do not wait for its health: what is wrong now may also have been wrong in the old shape.
        services.apply(before, frozenset(), going_back=True)
        services.writer.writes += services.policies.write_unwritten(services.observed)
        services.background.finish_all()
    except CollectionError as second:
        error.message += f"; it could not be rolled back either: {second.message}"
        return FAILED
    return ROLLED_BACK


def other_holders(wanted: WantedService | WantedGroup, inventory: Inventory) -> list[str]:
    """What else holds the external IP of a service or group, besides its own objects."""
    own = wanted.own_names()
    found = inventory.holders(wanted.external_ip) if wanted.external_ip else []
    return sorted(f"{label_of(item)} {item.name!r}" for item in found if item.name not in own)


def failure(error: CollectionError, failed: GroupPlan, plans: Iterable[ServicePlan]) -> CollectionError:
    """The error of a run that stopped at one group, with the state of all services."""
    states: dict[str, list[str]] = {state: [] for state in (*CHANGED, ROLLED_BACK, FAILED, NOT_REACHED)}
    for one in plans:
        if one.state in states:
            states[one.state].append(one.label)
    outcome = _OUTCOMES.get(failed.state, "it stays as it is now, and running the task again continues from there")
    why = error.message.removeprefix(f"{failed.label}: ")  # a conflict names its service itself
    parts = [f"{failed.label}: {why}; {outcome}"]
    parts += [f"{in_words(state)}: {_some(states[state])}" for state in (*CHANGED, NOT_REACHED) if states[state]]
    return CollectionError(
        "; ".join(parts),
        **{**error.details, "service": failed.label, "state": failed.state, **states},
    )


def _some(labels: list[str]) -> str:
    listed = ", ".join(labels[:_LISTED])
    return listed if len(labels) <= _LISTED else f"{listed} and {len(labels) - _LISTED} more"
