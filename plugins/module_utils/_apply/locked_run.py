# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""A complete run of vcd_shared_ip: plan; if there is something to write, plan again under the lock, and write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.edge_lock import EdgeLock
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Done, Executor
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.progress import (
    Progress,
    check_progress_file,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.rights import LOCKING
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import Starter
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import require_load_balancer
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.downtime import added
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.states import (
    CHANGED,
    ROLLED_BACK,
    UNCHANGED,
    in_words,
    label_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.rights import require_rights
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.versions import needed
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import (
    CREATE,
    POOLS,
    VIRTUAL_SERVICES,
    Operation,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._versions import API_WITH_SHARED_IP

MAX_CONFLICTS = 3


def run(api: Api, gateway: Body, request: Request, params: Mapping[str, Any], check_mode: bool) -> Done:
    """Bring the services to the wanted state. Raises CollectionError.

    A run with nothing to write needs no lock. The plan that is applied is made under the lock, because another run may
    have taken an address since the first plan.
    """
    _check_release(api, request, params)
    starter = Starter(params["controller_pid"], params["run_by"])
    if starter.is_gone():
        raise InvalidInput("controller_pid", params["controller_pid"], "there is no such process: omit the option")
    check_progress_file(params["progress_file"])
    planned = Executor(api, gateway, request, params, True).run()
    if {Operation(CREATE, POOLS), Operation(CREATE, VIRTUAL_SERVICES)} & {*planned.operations}:
        require_load_balancer(api, gateway)
    warnings = tuple(require_rights(api, [*planned.operations, *LOCKING])) if planned.changed else ()
    if check_mode or not planned.changed:
        return replace(planned, warnings=warnings)
    progress = Progress(params["progress_file"])
    with EdgeLock(api, gateway, params["lock_timeout"], progress.say, starter) as lock:
        done = run_and_replan(
            lambda: Executor(api, gateway, request, params, False, lock.check, progress), progress.say
        )
    return replace(done, warnings=warnings)


def _check_release(api: Api, request: Request, params: Mapping[str, Any]) -> None:
    """Raise InvalidInput where ports would share an IP, but the release of Cloud Director does not allow it."""
    scenario = request.scenario
    if scenario is None or not scenario.shared_ip or params["state"] == "absent":
        return
    several = [one.label for one in request.services if len(one.ports) > 1]
    if several and api.session.listed[-1] < API_WITH_SHARED_IP:
        why = f"the ports of service {several[0]!r} would share an IP, which requires"
        remedy = f"{why} {needed(API_WITH_SHARED_IP)} or newer: choose distinct_internal"
        raise InvalidInput("scenario", scenario.value, remedy)


def run_and_replan(prepare: Callable[[], Executor], say: Callable[[str], None]) -> Done:
    """Run what ``prepare`` returns; plan again if an address was taken after the plan, at most MAX_CONFLICTS times.

    The lock keeps other runs away, but neither the CPI of another cluster nor a person. Raises CollectionError.
    """
    earlier: list[Body] = []
    writes = 0
    for attempt in range(MAX_CONFLICTS + 1):
        try:
            executor = prepare()
            done = executor.run()
        except CollectionError as error:
            taken = error.details.get("taken")
            if not taken or error.details.get("state") != ROLLED_BACK or attempt == MAX_CONFLICTS:
                if earlier:
                    _tell_earlier(error, earlier)
                raise
            say(f"{', '.join(taken)} was taken by another object after the plan: planning again")
            earlier = _with_earlier(error.details["services"], earlier)
            writes += executor.services.writer.writes
        else:
            services = _with_earlier(done.result["services"], earlier)
            result = {**done.result, "services": services, "writes": done.result["writes"] + writes}
            changed = any(one["state"] in CHANGED for one in earlier)
            return replace(done, changed=done.changed or changed, result=result)
    raise AssertionError("the last attempt returns or raises")


def _with_earlier(services: Iterable[Body], earlier: Iterable[Body]) -> list[Body]:
    """The services after an attempt, including what earlier attempts have done to them."""
    before = {label_of(one): one for one in earlier}
    return [_after(one, before[label_of(one)]) if label_of(one) in before else one for one in services]


def _after(one: Body, before: Body) -> Body:
    changed = one["state"] == UNCHANGED and before["state"] in CHANGED
    return {
        **one,
        **({key: before[key] for key in ("state", "scenario_before")} if changed else {}),
        "downtime": added(before["downtime"], one["downtime"]),
    }


def _tell_earlier(error: CollectionError, earlier: list[Body]) -> None:
    """Add to the error of the last attempt what earlier attempts have done: those services stay in their new state."""
    details = error.details
    details["services"] = _with_earlier(details["services"], earlier) if "services" in details else earlier
    for state in CHANGED:
        known = list(details.get(state) or ())
        labels = [label_of(one) for one in details["services"] if one["state"] == state]
        new = [label for label in labels if label not in known]
        details[state] = [*known, *new]
        if new:
            error.message += f"; {in_words(state)} before that: {', '.join(new)}"
