# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What happens to a service in a run, in one word: the ``state`` of each service in a result. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario

CREATED, MIGRATED, REPAIRED, REMOVED = "created", "migrated", "repaired", "removed"
UNCHANGED, ROLLED_BACK, FAILED, NOT_REACHED = "unchanged", "rolled_back", "failed", "not_reached"
CHANGED = (CREATED, MIGRATED, REPAIRED, REMOVED)
TOUCHED = (*CHANGED, ROLLED_BACK, FAILED)  # something was written
# What the error of a run says about each service
ENDED = ("name", "namespace", "scenario_before", "scenario", "state", "downtime")
_IN_PROGRESS = {CREATED: "creating", MIGRATED: "migrating", REPAIRED: "repairing", REMOVED: "removing"}


def label_of(service: Mapping[str, Any]) -> str:
    """How messages name a service of a result: namespace/name, or its name alone."""
    return "/".join(filter(None, (service.get("namespace"), service["name"])))


def in_words(state: str) -> str:
    """A state for a person: "rolled back"."""
    return state.replace("_", " ")


def in_progress(state: str, scenario: Scenario | None) -> str:
    """What a run does to a service that will have this state: "migrating to shared_external"."""
    doing = _IN_PROGRESS[state]
    if scenario is None or state == REMOVED:
        return doing
    return f"{doing} to {scenario.value}" if state == MIGRATED else f"{doing} in {scenario.value}"
