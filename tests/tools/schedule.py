# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates side by side: at most two that work, the longest first, the real programs before those that need them."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from cpu import Account
from gates import Gate, build_programs
from places import Failed, say

CORES = max(1, min(2, os.cpu_count() or 1))
PROGRAMS = "real programs"


def side_by_side(chosen: Mapping[str, Gate]) -> dict[str, str]:
    """Run gates and say when each starts and how it ended; the complaints of those that failed, by name."""
    waiting = sorted(chosen, key=lambda name: -chosen[name].seconds)
    jobs = dict(chosen)
    programs_pending = any(gate.needs_programs for gate in chosen.values())
    if programs_pending:  # minutes where they are missing, a second where they are not: in no case to be waited for
        jobs[PROGRAMS] = Gate(build_programs, 0)
        waiting.insert(0, PROGRAMS)
    failures: dict[str, str] = {}
    running: dict[Future[str], tuple[str, float]] = {}
    accounts = {name: Account() for name in jobs}
    ended = 0
    with ThreadPoolExecutor(len(jobs) or 1) as pool:
        while waiting or running:
            ready = [name for name in waiting if not (programs_pending and jobs[name].needs_programs)]
            free = CORES - sum(not jobs[name].waits for name, _began in running.values())
            working = [name for name in ready if not jobs[name].waits][:free]
            for name in [*working, *(name for name in ready if jobs[name].waits)]:
                waiting.remove(name)
                # one that has the machine to itself to its end may use all of it
                workers = CORES if not waiting and not running else 1
                if name != PROGRAMS:
                    say(f"  start  {name}: {jobs[name].about}")
                running[pool.submit(_counted, accounts[name], jobs[name], workers)] = (name, time.monotonic())
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name, began = running.pop(future)
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
                _tell(name, future, f"[{ended}/{len(chosen)}]", taken, failures)
    say(f"{sum(account.seconds for account in accounts.values()):.0f} s of CPU for all gates")
    return failures


def _counted(account: Account, gate: Gate, workers: int) -> str:
    with account:
        return gate.run(workers)


def _tell(name: str, future: Future[str], number: str, taken: str, failures: dict[str, str]) -> None:
    """Say how a gate ended; what is wrong with it stands at the end of the output, after all others."""
    try:
        first, *more = future.result().splitlines()
    except Failed as error:
        failures[name] = str(error)
        say(f"{number} FAILED {name} {taken}")
        return
    say(f"{number} passed {name}: {first} {taken}")
    for line in more:
        say(f"        {line}")
