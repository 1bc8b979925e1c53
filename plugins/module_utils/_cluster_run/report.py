# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What a run reports: the lines of a plan, its result, and the message of a failed migration. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import pluralize
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.report import failure_message, report_lines
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import (
    CHANGED,
    ENDED,
    NOT_REACHED,
    ROLLED_BACK,
    UNCHANGED,
)

Facts = Mapping[str, Any]


def plan_lines(
    planned: Facts, stop: Facts | None, migration: Facts | None, removal: Facts | None, firewall: Facts | None = None
) -> list[str]:
    """The plan for a person: firewall rules, the steps for CPI and the Services to be migrated, and the removals."""
    if stop is None or migration is None:
        lines = report_lines(planned)
    else:
        # this plan alone would leave CPI stopped; the run scales CPI up again afterwards
        paused = {
            **stop,
            "restart": {"done": "recreate", "needed": True, "reason": "CPI is stopped while Services are migrated"},
        }
        follows = [f"then CPI's file is set to {planned['scenario_after']}, and CPI is scaled up again"]
        lines = [*report_lines(paused), *report_lines(migration), *follows]
    writes = list(firewall["steps"]) if firewall else []
    made = [text for text in writes if not text.startswith("delete ")]
    lines = [*(f"first {text}" for text in made), *lines, *(f"then {text}" for text in writes if text not in made)]
    if removal and removal["steps"]:
        are = "is" if removal["writes"] == 1 else "are"
        lines.append(f"then {pluralize(removal['writes'], 'orphan')} {are} removed: {', '.join(removal['names'])}")
    return lines


def restore_point_line(why: str, backup: str) -> str:
    """The line of a plan whose restore point gets no file, for the reason ``why``. ``backup`` names the ConfigMap."""
    only = f"the restore point is kept in ConfigMap {backup} alone, because {why}"
    return f"{only}; shared_ip_restore_dir names a folder for a file, too"


def result_of(preflight: Facts, planned: Facts, migration: Facts | None, **more: Any) -> dict[str, Any]:
    """The result of a run, plain enough for set_stats; ``more`` is what a change adds."""
    return {
        "changed": False,
        "scenario_before": preflight["scenario_before"],
        "scenario": preflight["scenario"],
        "one_arm": preflight["one_arm"],
        "edge_gateway": preflight["edge_gateway"],
        "steps": planned["steps"],
        "restart": "none",
        "verified": False,
        "services": preflight["services"],
        "migrations": migration["services"] if migration else [],
        "restore_point": "",
        **more,
    }


@dataclass
class Reached:
    """How far a change has come, for the error that ends it: the Services with their states, and the restore point.

    ``services`` is None during the migration, because only the migration knows the states then.
    """

    services: Sequence[Facts] | None = None
    restore_point: str = ""

    @classmethod
    def nothing(cls, planned: Sequence[Facts]) -> Reached:
        """The state before the migration of the planned Services."""
        states = ((one, UNCHANGED if one["state"] == UNCHANGED else NOT_REACHED) for one in planned)
        return cls(
            [
                {**{key: one.get(key) for key in ENDED}, "scenario": one["scenario_before"], "state": state}
                for one, state in states
            ]
        )

    def added_to(self, error: CollectionError) -> CollectionError:
        """The same error, completed with how far the change has come."""
        known = {"services": self.services, "restore_point": self.restore_point}
        for key, value in known.items():
            if value:
                error.details.setdefault(key, value)
        return error


def interrupted_message(writes: int) -> str:
    """The reason why a run without ``migrate`` stops after an interrupted migration."""
    return (
        f"a migration of this cluster's Services was interrupted and {writes} writes are missing - set "
        "shared_ip_existing=migrate to continue, or run the playbook vcd.kubernetes.restore to go back"
    )


def nothing_migrated(failure: Facts, *, resumed: bool, scenario_before: str) -> bool:
    """Whether a migration failed without any Service changed: the first one was not reached, or was rolled back.

    ``failure`` are the details of the error. Never true for a run that continues a killed one, which may have migrated
    Services before, nor for an invalid file, because CPI cannot go back to that.
    """
    if resumed or scenario_before == "invalid":
        return False
    if any(one["state"] in CHANGED for one in failure.get("services") or ()):
        return False
    if "service" not in failure:
        return True
    return failure.get("state") in (ROLLED_BACK, NOT_REACHED) and not any(failure.get(state) for state in CHANGED)


def migration_failure(
    error: CollectionError, restore_file: str, backup: str, *, restored: bool, then_failed: str = ""
) -> str:
    """One line for a failed migration: the state of the Services, and how to continue or go back.

    ``restored``: CPI runs again as before. ``then_failed`` is the error of an attempt to restore CPI.
    """
    failure = {"msg": error.message, "cpi_runs": bool(error.details.get("cpi_runs"))}
    line = failure_message(failure, restore_file, f"ConfigMap {backup}", restored)
    return f"{line}; CPI could not be restored: {then_failed}" if then_failed else line


def merged(sides: list[Facts]) -> dict[str, Any]:
    """One side of a diff, merged from the diffs of several steps."""
    return {key: value for one in sides for key, value in one.items()}
