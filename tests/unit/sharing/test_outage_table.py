# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table in docs/moving-services.md matches the planner."""

from __future__ import annotations

import itertools
from pathlib import Path

from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.outage import outage_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import KnownRules, VcdRule
from test_planner import built, service, wanted_on

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "moving-services.md"


def cell(start: Scenario, end: Scenario, ports: int) -> str:
    """Writes and the worst port's outage, under the most lenient and the strictest rules of VCD."""
    inventory = built(start, ports)
    wanted = wanted_on(inventory, service(ports), end)
    found = []
    for known in (KnownRules(), KnownRules(refused=frozenset(VcdRule))):
        steps = plan(wanted, inventory, known)
        found.append(f"{len(steps)}, {max(tasks for _port, tasks in outage_of(wanted, inventory, steps).ports)}")
    return " / ".join(dict.fromkeys(found))


def test_the_table_agrees_with_the_planner() -> None:
    rows = [
        f"| `{start.value}` -> `{end.value}` | {' | '.join(cell(start, end, ports) for ports in (1, 2, 5))} |"
        for start, end in itertools.permutations(Scenario, 2)
    ]
    assert [line for line in GUIDE.read_text().splitlines() if "` -> `" in line] == rows
