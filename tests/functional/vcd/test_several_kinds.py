# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of objects in one task, for each kind: made once, predicted, changed and removed, with few requests."""

from __future__ import annotations

from typing import Any

import pytest
from in_process import Modules
from list_kinds import KINDS, ListKind, filled
from vcdsim.testing import Simulator

COUNT = 12


@pytest.fixture
def edge(running: Simulator) -> Modules:
    running.reset()
    running.settings(task_seconds=0, health_seconds=0)
    modules = Modules(running, user="admin", password="admin-secret-1")
    modules.done("vcd_pool", pools=[{"name": f"one{number}"} for number in range(COUNT)], members=[])
    running.journal(clear=True)
    return modules


def requests(edge: Modules) -> list[str]:
    """The requests since the last call, without log-in, versions and tasks."""
    found = [entry["path"] for entry in edge.simulator.journal() if "/cloudapi/1.0.0/" in entry["path"]]
    edge.simulator.journal(clear=True)
    return [path for path in found if "/sessions" not in path]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
def test_a_list_is_made_changed_and_removed(kind: ListKind, edge: Modules) -> None:
    entries = [{"name": f"n{number}", **filled(kind.entry, number)} for number in range(COUNT)]

    def run(entries: list[dict[str, Any]], *, check: bool = False, **options: Any) -> dict[str, Any]:
        return edge.done(kind.module, check=check, **{kind.plural: entries}, **{**kind.beside, **options})

    planned = run(entries, check=True)
    assert (planned["changed"], edge.writes()) == (True, [])
    made = run(entries)
    writes = edge.writes()
    assert (made["changed"], len(writes), {one.split()[0] for one in writes}) == (True, COUNT, {"POST"})
    assert [one["name"] for one in made[kind.plural]] == [one["name"] for one in entries]
    given = {"name", *kind.entry, *kind.beside} - {"pool", "members"}
    for before, after in zip(planned[kind.plural], made[kind.plural], strict=True):
        assert {name: before[name] for name in given} == {name: after[name] for name in given}
        assert after["id"]
    requests(edge)
    again = run(entries)
    assert (again["changed"], again[kind.plural]) == (False, made[kind.plural])
    asked = requests(edge)
    assert len(asked) <= kind.once + COUNT * kind.each, asked
    assert run([*entries[:3], {**entries[3], **kind.change}, *entries[4:]])["changed"] is True
    assert len(edge.writes()) == 1
    gone = [{"id": one["id"]} for one in made[kind.plural]]
    removed = edge.done(kind.module, state="absent", **{kind.plural: gone})
    assert (removed["changed"], removed[kind.plural]) == (True, [None] * COUNT)
    assert edge.done(kind.module, state="absent", **{kind.plural: entries})["changed"] is False


def test_a_pool_serves_one_virtual_service_of_the_list(edge: Modules) -> None:
    services = [{"name": f"n{number}", "pool": "one1", "service_ports": [{"start": 80 + number}]} for number in (1, 2)]
    beside = {"application_profile": "HTTP", "virtual_ip_address": "203.0.113.20"}
    for check in (True, False):
        message = edge.refused("vcd_virtual_service", virtual_services=services, check=check, **beside)
        assert "virtual_services[1] 'n2': pool: 'one1': it serves virtual service 'n1'" in message
    services = [{**one, "pool": one["name"].replace("n", "one"), "service_ports": [{"start": 80}]} for one in services]
    message = edge.refused("vcd_virtual_service", virtual_services=services, **beside)
    assert "virtual_services[1] 'n2': virtual_ip_address: '203.0.113.20': virtual service 'n1' already uses" in message
    assert edge.writes() == []


def test_a_rename_reserves_both_names(edge: Modules) -> None:
    message = edge.refused("vcd_pool", pools=[{"name": "one1", "new_name": "two"}, {"name": "two"}])
    assert "pools[1] 'two': name: 'two': pools[0] has it, too: remove one of the two" in message
    assert edge.done("vcd_pool", pools=[{"name": "one1", "new_name": "two"}])["pools"][0]["name"] == "two"
