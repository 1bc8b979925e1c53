# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs gates side by side, the longest first, and builds the real programs beside gates that do not need them.

A gate also waits now and then: for a task, a pod, a process. So one process more than there are cores may
work, and no core is idle until the last gates end.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from cpu import Account
from gates import Gate, build_programs
from places import Failed, say

CORES = max(1, min(2, os.cpu_count() or 1))
BESIDE = 1  # working processes in addition to one for each core
PROGRAMS = "real programs"


def side_by_side(chosen: Mapping[str, Gate]) -> dict[str, str]:
    """Run gates, and say when each starts and how it ended. Returns the complaints of those that failed, by name."""
    waiting = sorted(chosen, key=lambda name: -chosen[name].seconds)
    jobs = dict(chosen)
    programs_pending = any(gate.needs_programs for gate in chosen.values())
    if programs_pending:  # takes minutes if they are missing, a second otherwise; no gate waits for it
        jobs[PROGRAMS] = Gate(build_programs, 0)
        waiting.insert(0, PROGRAMS)
    failures: dict[str, str] = {}
    running: dict[Future[str], tuple[str, float, int]] = {}
    accounts = {name: Account() for name in jobs}
    ended = 0
    with ThreadPoolExecutor(len(jobs) or 1) as pool:
        while waiting or running:
            free = CORES + BESIDE - sum(workers for _name, _began, workers in running.values())
            for name in [*waiting]:
                gate = jobs[name]
                keeps_no_core = gate.waits or name == PROGRAMS
                workers = 0 if keeps_no_core else min(gate.processes, CORES, free)
                if not workers and not keeps_no_core:
                    continue
                free -= workers  # also for a gate whose programs are not built yet: they soon are, or take minutes
                if programs_pending and gate.needs_programs:
                    continue
                waiting.remove(name)
                if name != PROGRAMS:
                    say(f"  start  {name}: {gate.about}")
                job = pool.submit(_run_accounted, accounts[name], gate, max(1, workers))
                running[job] = (name, time.monotonic(), workers)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name, began, _workers = running.pop(future)
                if name == PROGRAMS:
                    programs_pending = False
                    try:
                        future.result()
                    except Failed as error:
                        for needing in [one for one in waiting if jobs[one].needs_programs]:
                            waiting.remove(needing)
                            ended += 1
                            failures[needing] = str(error)
                            say(f"[{ended}/{len(chosen)}] FAILED {needing}: it needs the real programs")
                    continue
                ended += 1
                taken = f"[{time.monotonic() - began:.0f} s, {accounts[name].seconds:.0f} s of CPU]"
                _report_end(name, future, f"[{ended}/{len(chosen)}]", taken, failures)
    say(f"{sum(account.seconds for account in accounts.values()):.0f} s of CPU for all gates")
    return failures


def _run_accounted(account: Account, gate: Gate, workers: int) -> str:
    with account:
        return gate.run(workers)


def _report_end(name: str, future: Future[str], number: str, taken: str, failures: dict[str, str]) -> None:
    """Say how a gate ended; its problems are printed at the end of the output, after all gates."""
    try:
        first, *more = future.result().splitlines()
    except Failed as error:
        failures[name] = str(error)
        say(f"{number} FAILED {name} {taken}")
        return
    say(f"{number} passed {name}: {first} {taken}")
    for line in more:
        say(f"        {line}")
