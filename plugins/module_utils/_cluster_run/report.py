# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What a run says: the lines of a plan, its result in one piece, and what a migration that failed has left. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import pluralize
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.report import account, report_lines

Facts = Mapping[str, Any]


def plan_lines(planned: Facts, stop: Facts | None, moves: Facts | None, removal: Facts | None) -> list[str]:
    """The plan for a person: CPI's side alone, or around the Services that are moved; then what is removed."""
    if stop is None or moves is None:
        lines = report_lines(planned)
    else:
        # by itself that plan leaves CPI stopped; in this run it is scaled back
        paused = {**stop, "restart": {"done": "recreate", "needed": True, "reason": "it stops while Services move"}}
        follows = [f"then CPI's file holds {planned['scenario_after']}, and CPI is scaled back"]
        lines = [*report_lines(paused), *report_lines(moves), *follows]
    if removal and removal["steps"]:
        services = ", ".join(one["name"] for one in removal["services"])
        lines.append(f"then {pluralize(removal['writes'], 'object')} of Services that are gone are removed: {services}")
    return lines


def result_of(preflight: Facts, planned: Facts, moves: Facts | None, **more: Any) -> dict[str, Any]:
    """What is kept of a run for those that follow, plain enough for set_stats; ``more`` is what a change adds."""
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
        "moves": moves["services"] if moves else [],
        "restore_point": "",
        **more,
    }


def cut_short(writes: int) -> str:
    """Why a run without ``migrate`` stops where a migration was interrupted."""
    return (
        f"a migration of this cluster's Services was interrupted and {writes} writes are missing - give "
        "shared_ip_existing=migrate to go on, or run the playbook vcd.kubernetes.restore to go back"
    )


def nothing_migrated(failure: Facts, *, resumed: bool, scenario_before: str) -> bool:
    """Whether a migration failed before its first Service was moved, or at the first one, which is back as it was.

    ``failure`` are the details of the error. A run that goes on where another one was killed may have found Services
    that are migrated, and of an invalid file there is nothing to go back to.
    """
    if resumed or scenario_before == "invalid":
        return False
    if "service" not in failure:
        return True
    return failure.get("state") == "rolled_back" and not failure.get("migrated")


def what_failed(message: str, restore_file: str, backup: str, *, brought_back: bool, and_then: str = "") -> str:
    """One line for a migration that failed: what is where, and the ways on.

    ``and_then`` is what went wrong when CPI was to be brought back.
    """
    line = account({"msg": message}, restore_file, f"ConfigMap {backup}", brought_back)
    return f"{line}; CPI could not be brought back: {and_then}" if and_then else line


def merged(shown: list[Facts]) -> dict[str, Any]:
    """One side of a diff out of those of several steps."""
    return {key: value for one in shown for key, value in one.items()}
