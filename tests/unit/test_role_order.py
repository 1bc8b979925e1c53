# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One module decides the order of a run; the proof that a run survives a kill at every write runs that module, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TASKS = sorted((ROOT / "roles" / "shared_ip" / "tasks").glob("*.yml"))
# They change nothing outside the controller. `copy` writes the audit's document.
BUILT_IN = ("assert", "copy", "debug", "fail", "import_tasks", "include_tasks", "set_fact", "set_stats")
# The reports and the file of a plan connect to nothing, and the info modules only read.
OURS = (
    "vcd_cluster_shared_ip",
    "vcd_shared_ip_audit_info",
    "vcd_shared_ip_audit_report",
    "vcd_shared_ip_plan",
    "vcd_shared_ip_report",
    "vcd_vapp_metadata_info",
)
ALLOWED = {f"ansible.builtin.{name}" for name in BUILT_IN} | {f"vcd.kubernetes.{name}" for name in OURS}


def flat(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks, including those in blocks."""
    found = []
    for task in tasks:
        inner = [*task.get("block", ()), *task.get("rescue", ()), *task.get("always", ())]
        found += flat(inner) if inner else [task]
    return found


def tasks_of(path: Path) -> list[dict[str, Any]]:
    return flat(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.name)
def test_no_task_of_the_role_writes_except_through_one_module(path: Path) -> None:
    used = {key for task in tasks_of(path) for key in task if "." in key}
    used -= {"ansible.builtin.file"} if path.name == "save_vapp.yml" else set()  # the folder of restore points
    used -= {"ansible.builtin.include_role"} if path.name == "hook.yml" else set()  # it runs the operator's hooks
    assert used <= ALLOWED, f"{sorted(used - ALLOWED)}: what writes belongs in vcd_cluster_shared_ip"


def test_the_role_changes_in_one_task() -> None:
    phases = [
        task["vcd.kubernetes.vcd_cluster_shared_ip"]["phase"]
        for path in TASKS
        for task in tasks_of(path)
        if "vcd.kubernetes.vcd_cluster_shared_ip" in task
    ]
    # the second plan follows the operator's hooks before the change
    assert sorted(phases) == ["audit", "change", "plan", "plan", "verify", "verify"]
