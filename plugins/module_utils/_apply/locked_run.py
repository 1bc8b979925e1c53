# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""A whole run of vcd_shared_ip: plan, and if something is to be written, plan again under the lock and write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.edge_lock import EdgeLock
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Done, Executor
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.progress import Progress
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.rights import LOCKING
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import Starter
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import CHANGED, ROLLED_BACK, UNCHANGED
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.rights import require_rights

MAX_CONFLICTS = 3


def run(api: Api, gateway: Body, request: Request, params: Mapping[str, Any], check_mode: bool) -> Done:
    """Bring the services to the wanted state. Raises CollectionError.

    A run that has nothing to write needs no lock. The plan that is applied is made under the lock, since another run
    may have taken an address after the first plan was made.
    """
    starter = Starter(params["controller_pid"], params["run_by"])
    planned = Executor(api, gateway, request, params, True).run()
    warnings = tuple(require_rights(api, [*planned.operations, *LOCKING])) if planned.changed else ()
    if check_mode or not planned.changed:
        return replace(planned, warnings=warnings)
    progress = Progress(params["progress_file"])
    with EdgeLock(api, gateway, params["lock_timeout"], progress.say, starter) as lock:
        done = run_and_replan(
            lambda: Executor(api, gateway, request, params, False, lock.check, progress), progress.say
        )
    return replace(done, warnings=warnings)


def run_and_replan(prepare: Callable[[], Executor], say: Callable[[str], None]) -> Done:
    """Run what ``prepare`` returns, and plan again where an address was taken after the plan: at most so many times.

    The lock keeps other runs away, but not CPI of another cluster, or a person. Raises CollectionError.
    """
    changed: dict[str, str] = {}
    writes = 0
    for attempt in range(MAX_CONFLICTS + 1):
        executor = prepare()
        try:
            done = executor.run()
        except CollectionError as error:
            taken = error.details.get("taken")
            if not taken or error.details.get("state") != ROLLED_BACK or attempt == MAX_CONFLICTS:
                raise
            say(f"{', '.join(taken)} was taken by another object after the plan: planning again")
            changed.update({label: state for state in CHANGED for label in error.details.get(state) or ()})
            writes += executor.services.writer.writes
        else:
            return _with_earlier(done, changed, writes)
    raise AssertionError("the last attempt returns or raises")


def _with_earlier(done: Done, changed: Mapping[str, str], writes: int) -> Done:
    """The result of the last attempt, with what the attempts before it have done."""
    services = [
        {**one, "state": changed.get("/".join(filter(None, (one["namespace"], one["name"]))), one["state"])}
        if one["state"] == UNCHANGED
        else one
        for one in done.result["services"]
    ]
    result = {**done.result, "services": services, "writes": done.result["writes"] + writes}
    return replace(done, changed=done.changed or bool(changed), result=result)
