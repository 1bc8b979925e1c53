# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress of a run is counted correctly, even if refusals or failures change the plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moving import DISTINCT, EXTERNAL, LENIENT, MOVES, SCENARIOS, STRICT, Edge, service
from progress_events import Event, check_counts, events_of
from vcdsim.testing import Simulator

SERVICES = [service("web", 2), service("api", 1), service("shop", 5)]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("one-edge", task_seconds=0, health_seconds=0) as running:
        yield running


@pytest.fixture
def edge(sim: Simulator, tmp_path: Path) -> Edge:
    """The edge gateway without Services; runs write their progress to the test's folder."""
    sim.reset()
    return Edge(sim).of(progress_file=str(tmp_path / "progress"))


def verbs(events: list[Event]) -> set[str]:
    """The actions on Services: the first word of each event."""
    return {str(one.get("step") or one["doing"]).split()[0] for one in events if one["event"] in ("step", "service")}


@pytest.mark.parametrize("rules", [STRICT, LENIENT], ids=["strict", "lenient"])
@pytest.mark.parametrize(("before", "after"), MOVES)
def test_all_writes_and_services_are_counted_once(
    edge: Edge, tmp_path: Path, before: str, after: str, rules: dict[str, str]
) -> None:
    services = edge.of(progress_file=None).create(SERVICES, before)
    edge.sim.assume(**rules)
    done = edge.done(services, after)
    events = events_of(tmp_path / "progress")
    check_counts(events)
    ends = [(one["number"], one["of"]) for one in events if one["event"] == "done"]
    assert ends == [(number + 1, len(ends)) for number in range(len(ends))]  # a Service may already have this shape
    last = [one for one in events if "done" in one][-1]
    assert last["done"] == done["writes"]


def test_each_verb_names_what_is_done(edge: Edge, tmp_path: Path) -> None:
    file = tmp_path / "progress"
    plain, services = edge.of(progress_file=None), SERVICES[:1]
    for scenario in SCENARIOS:
        found = edge.done(services, scenario)["services"]
        services = [{**services[0], "external_ip": found[0]["external_ip"]}]
    assert {"creating", "migrating", "updating", "deleting", "waiting"} <= verbs(events_of(file))
    file.unlink()
    plain.module("vcd_nat_rule", name=edge.sim.dump()["nat_rules"][0]["name"], state="absent")
    edge.done(services, DISTINCT)
    assert "repairing" in verbs(events_of(file))
    file.unlink()
    edge.done(services, state="absent")
    assert verbs(events_of(file)) == {"removing", "deleting"}


def test_a_rollback_is_announced_and_counts_its_writes(edge: Edge, tmp_path: Path) -> None:
    services = edge.of(progress_file=None).create(SERVICES, DISTINCT)
    fault = {"method": "POST", "name": "ingress-vs-shop-*", "skip": 1, "times": 1, "status": 500}
    edge.sim.faults([{"writes": True, **fault}])
    failure = edge.failed(services, EXTERNAL)["failure"]
    assert failure["rolled_back"] == ["default/shop"]
    events = events_of(tmp_path / "progress")
    check_counts(events)
    back = [one["step"] for one in events if str(one.get("step")).startswith("rolling back: ")]
    assert back
    assert all(text.split()[2] in ("creating", "updating", "deleting") for text in back)
