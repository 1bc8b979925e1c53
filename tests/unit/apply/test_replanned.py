# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that plans again because an address was taken meanwhile: the effects of its attempts add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Done
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.locked_run import MAX_CONFLICTS, run_and_replan
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.report import nothing_migrated
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError

Attempt = Done | CollectionError


def service(name: str, state: str, seconds: float | None = None) -> dict[str, Any]:
    """What an attempt reports of a service with one port."""
    down = None if seconds is None else {"ports": {"80": seconds}, "together": seconds, "lasting": []}
    shapes = {"scenario_before": "distinct_internal", "scenario": "shared_external"}
    return {"name": name, "namespace": "default", "state": state, "downtime": down, **shapes}


def refused(*services: dict[str, Any], taken: Sequence[str] = ("192.168.8.9",), **more: Any) -> CollectionError:
    """An attempt that was rolled back at its last service."""
    moved = [f"default/{one['name']}" for one in services if one["state"] == "migrated"]
    details = {"service": "default/x", "state": "rolled_back", "migrated": moved, "services": list(services), **more}
    return CollectionError("default/x: refused", **details, **({"taken": list(taken)} if taken else {}))


def done(*services: dict[str, Any]) -> Done:
    return Done(False, {"services": list(services), "writes": 2}, {}, {})


def run(*attempts: Attempt) -> Done:
    """The result of a run with these attempts; each that fails has made three writes."""

    def executor(attempt: Attempt) -> Any:
        def carry_out() -> Done:
            if isinstance(attempt, CollectionError):
                raise attempt
            return attempt

        return SimpleNamespace(run=carry_out, services=SimpleNamespace(writer=SimpleNamespace(writes=3)))

    waiting = iter(attempts)
    return run_and_replan(lambda: executor(next(waiting)), lambda text: None)


def test_what_an_earlier_attempt_moved_is_in_the_result_with_the_downtime_of_both() -> None:
    first = refused(service("a", "migrated", 2.5), service("b", "rolled_back", 1.5))
    found = run(first, done(service("a", "unchanged"), service("b", "migrated", 2.0)))
    assert found.result["services"] == [service("a", "migrated", 2.5), service("b", "migrated", 3.5)]
    assert (found.changed, found.result["writes"]) == (True, 5)


LATER: dict[str, Callable[[], CollectionError]] = {
    "rolled back": lambda: refused(service("a", "unchanged"), service("b", "rolled_back", 2.0), taken=()),
    "once more taken": lambda: refused(service("a", "unchanged"), service("b", "rolled_back", 2.0)),
    "not even read": lambda: CollectionError("cannot list pools"),
}


@pytest.mark.parametrize("kind", LATER)
def test_what_an_earlier_attempt_moved_is_in_the_error(kind: str) -> None:
    """Otherwise the run would start CPI with its previous file, although a Service has moved."""
    first = refused(service("a", "migrated", 2.5), service("b", "rolled_back", 1.5))
    with pytest.raises(CollectionError) as caught:
        run(first, *[LATER[kind]() for _again in range(MAX_CONFLICTS)])
    details = caught.value.details
    assert details["migrated"] == ["default/a"]
    assert caught.value.message.endswith("; migrated before that: default/a")
    a, b = details["services"]
    assert (a["state"], a["downtime"]["ports"], b["state"]) == ("migrated", {"80": 2.5}, "rolled_back")
    again = {"rolled back": 1, "once more taken": MAX_CONFLICTS, "not even read": 0}[kind]
    assert b["downtime"]["ports"] == {"80": 1.5 + 2.0 * again}
    assert not nothing_migrated(details, resumed=False, scenario_before="distinct_internal")


def test_the_error_of_the_first_attempt_stays_as_it_is() -> None:
    error = refused(service("a", "rolled_back", 1.5), taken=())
    with pytest.raises(CollectionError) as caught:
        run(error)
    assert caught.value is error
