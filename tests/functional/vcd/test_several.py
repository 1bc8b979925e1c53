# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several objects of one kind in one task, against the simulator."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.nat_rule.manager import NatRules
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline
from in_process import Modules
from simulator_bench import Api
from vcdsim.testing import Simulator

NAT = "vcd_nat_rule"


def dnat(number: int, **options: Any) -> dict[str, Any]:
    """A rule for a port of its own."""
    port = str(8000 + number)
    return {"name": f"r{number}", "type": "DNAT", "dnat_external_port": port, **options}


BESIDE: dict[str, Any] = {"external_addresses": "203.0.113.20", "internal_addresses": "192.168.8.2"}


@pytest.fixture
def edge(running: Simulator) -> Modules:
    running.reset()
    running.settings(task_seconds=0)
    return Modules(running)


def reads(edge: Modules) -> list[str]:
    """The read requests, without those of the log-in."""
    found = [entry for entry in edge.simulator.journal() if entry["method"] == "GET"]
    edge.simulator.journal(clear=True)
    return [entry["path"].rpartition("/cloudapi/1.0.0/")[2] for entry in found if "/api/" not in entry["path"]]


def test_a_list_is_created_once_in_its_order(edge: Modules) -> None:
    rules = [dnat(number) for number in range(5)]
    planned = edge.done(NAT, nat_rules=rules, check=True, **BESIDE)
    assert (planned["changed"], edge.writes()) == (True, [])
    assert [one["name"] for one in planned["nat_rules"]] == ["r0", "r1", "r2", "r3", "r4"]
    edge.simulator.journal(clear=True)
    made = edge.done(NAT, nat_rules=rules, **BESIDE)
    assert [method.split()[0] for method in edge.writes()] == ["POST"] * 5
    assert made["changed"] is True
    for before, after in zip(planned["nat_rules"], made["nat_rules"], strict=True):
        assert {**after, "id": None, "version": None} == {**before, "id": None, "version": None}
    assert made["diff"]["before"] == {"nat_rules": [None] * 5}
    assert made["diff"]["after"] == {"nat_rules": made["nat_rules"]}
    again = edge.done(NAT, nat_rules=rules, **BESIDE)
    assert (again["changed"], again["nat_rules"]) == (False, made["nat_rules"])


def test_a_list_reads_each_list_once_and_waits_once(edge: Modules) -> None:
    rules = [dnat(number) for number in range(150)]
    edge.simulator.journal(clear=True)
    edge.done(NAT, nat_rules=rules, **BESIDE)
    assert len(edge.writes()) == 150
    # the edge gateway, two rights, a page of rules, one of virtual services; then the gateway and two pages of rules
    assert len(reads(edge)) <= 12
    assert edge.done(NAT, nat_rules=rules, **BESIDE)["changed"] is False
    assert len(reads(edge)) <= 5
    changed = [{**one, "priority": 7} if one["name"] == "r99" else one for one in rules]
    assert edge.done(NAT, nat_rules=changed, **BESIDE)["nat_rules"][99]["priority"] == 7
    assert edge.writes() == [f"PUT {edge.writes()[0].removeprefix('PUT ')}"]
    assert len(reads(edge)) <= 14


def test_entries_are_checked_against_one_another_before_the_first_write(edge: Modules) -> None:
    """Each list is refused as a whole, also in check mode, with the position and name of the entry."""
    edge.done("vcd_app_port_profile", name="web", application_ports=[{"protocol": "TCP", "destination_ports": ["80"]}])
    there = edge.done(NAT, **{**BESIDE, **dnat(0), "name": "there"})["nat_rule"]["id"]
    edge.simulator.journal(clear=True)
    cases: dict[str, list[dict[str, Any]]] = {
        "nat_rules[2] 'r1': name: 'r1': nat_rules[0] has it, too: give each of the two its id": [
            dnat(1), dnat(2), dnat(1, dnat_external_port="9000")],
        "nat_rules[1] 'x': id: 'x': nat_rules[0] has it, too: remove one of the two": [
            {"id": "x"}, {"id": "x", "state": "absent"}],
        "nat_rules[1] 'there': is the same NAT rule as nat_rules[0]": [{"id": there, "priority": 3}, {"name": "there"}],
        "nat_rules[1] 'b': external_addresses: '203.0.113.20': DNAT rule 'a' is for port 8001": [
            dnat(1, name="a"), dnat(1, name="b")],
        "nat_rules[1] 'b': external_addresses: '203.0.113.20': DNAT rule 'there' is for port 8001": [
            {"id": there, "dnat_external_port": "8001"}, dnat(1, name="b")],
        "nat_rules[1] 'r2': external_addresses: 'no': is not an IP address": [
            dnat(1), dnat(2, external_addresses="no")],
        "nat_rules[1]: one of the following is required: name, id": [dnat(1), {"priority": 3}],
        "nat_rules[1] 'n': internal_addresses: required to create NAT rule 'n'": [
            dnat(1, internal_addresses="192.168.8.2"), {"name": "n", "type": "DNAT"}],
    }  # fmt: skip
    for says, rules in cases.items():
        beside = {"external_addresses": "203.0.113.20"} if "required to create" in says else BESIDE
        for check in (True, False):
            assert says in edge.refused(NAT, nat_rules=rules, check=check, **beside)
    assert edge.writes() == []


def test_the_order_of_the_list_counts(edge: Modules) -> None:
    edge.done(NAT, **BESIDE, **{**dnat(1), "name": "old"})
    gone, new = {"name": "old", "state": "absent"}, dnat(1, name="new")
    message = edge.refused(NAT, nat_rules=[new, gone], **BESIDE)
    assert "nat_rules[0] 'new': external_addresses: '203.0.113.20': DNAT rule 'old' is for port 8001" in message
    for check in (True, False):
        assert edge.done(NAT, nat_rules=[gone, new], check=check, **BESIDE)["changed"] is True
    assert [one["name"] for one in edge.done("vcd_nat_rule_info")["nat_rules"]] == ["new"]
    swapped = [{"name": "new", "dnat_external_port": "8002"}, dnat(1, name="newer")]
    assert edge.done(NAT, nat_rules=swapped, **BESIDE)["changed"] is True


def test_options_that_identify_an_object_exclude_the_list(edge: Modules) -> None:
    for option in ("name", "id"):
        message = edge.refused(NAT, nat_rules=[dnat(1)], **{option: "x"})
        assert message == f"parameters are mutually exclusive: nat_rules|{option}"
    assert edge.refused(NAT) == "one of the following is required: name, id, nat_rules"
    assert edge.done(NAT, nat_rules=[])["changed"] is False


def test_a_failure_names_the_entry_and_a_later_run_finishes(edge: Modules) -> None:
    rules = [dnat(number) for number in range(8)]
    edge.simulator.faults([{"writes": True, "skip": 6, "times": 1, "status": 400}])
    result = edge.run(NAT, nat_rules=rules, **BESIDE)
    assert "nat_rules[6] 'r6': cannot create NAT rule 'r6' on edge gateway 'acme-edge'" in result["msg"]
    listed = ", ".join(f"nat_rules[{number}] 'r{number}'" for number in range(5))
    assert f"6 of 8 changes were written before ({listed} and 1 more): run the task again to" in result["msg"]
    assert result["failure"]["written"] == [f"nat_rules[{number}] 'r{number}'" for number in range(6)]
    edge.simulator.journal(clear=True)
    assert edge.done(NAT, nat_rules=rules, **BESIDE)["changed"] is True
    assert len(edge.writes()) == 2
    edge.simulator.faults([{"writes": True, "times": 1, "status": 400}])
    assert "none of the 1 changes was written before" in edge.refused(NAT, nat_rules=[dnat(9)], **BESIDE)


def test_a_change_of_another_client_during_the_writes_is_kept(edge: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each object is read again right before its write, because a long list takes time."""
    rules = [dnat(number) for number in range(2)]
    made = edge.done(NAT, nat_rules=rules, **BESIDE)["nat_rules"]
    other, path = Api(edge.simulator, "admin@acme"), f"/edgeGateways/{edge.simulator.dump()['edge_gateways'][0]['id']}"
    path = f"{path}/nat/rules/{made[1]['id']}"
    write = NatRules.write

    def meanwhile(manager: NatRules, *rest: Any) -> str:
        if manager.params["name"] == "r0":
            other.done("PUT", path, {**other.get(path), "description": "of another client"})
        return write(manager, *rest)

    monkeypatch.setattr(NatRules, "write", meanwhile)
    after = edge.done(NAT, nat_rules=rules, priority=5, **BESIDE)["nat_rules"]
    assert [(one["priority"], one["description"]) for one in after] == [(5, ""), (5, "of another client")]


def test_a_warning_is_shown_once_with_its_entries(edge: Modules) -> None:
    logged = [dnat(number, logging=number != 1) for number in range(4)]
    assert [one["changed"] for one in (edge.done(NAT, nat_rules=logged, **BESIDE) for _run in range(2))] == [
        True,
        False,
    ]
    (warning,) = edge.done(NAT, nat_rules=logged[:2], **BESIDE)["warnings"]
    assert "nat_rules[0] 'r0': logging: is ignored for NAT rule 'r0'" in str(warning["event"]["msg"])


def calls(work: Callable[[], object]) -> int:
    """How many functions of the collection the call runs."""
    count = 0

    def see(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call" and "/plugins/module_utils/" in frame.f_code.co_filename

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def test_the_cost_of_planning_a_rule_does_not_grow_with_their_number(edge: Modules) -> None:
    """All rules are on one address, so that each could conflict with every other."""
    rules = [dnat(number) for number in range(80)]

    def cost(**options: Any) -> list[int]:
        plans = [{"nat_rules": rules[:number], "check": True, **BESIDE, **options} for number in (20, 40, 80)]
        edge.done(NAT, **plans[0])  # do not count results that are cached in the process
        return [calls(functools.partial(edge.done, NAT, **plan)) for plan in plans]

    for made, options in ((False, {}), (True, {}), (True, {"priority": 3})):
        if made and not options:
            edge.done(NAT, nat_rules=rules, **BESIDE)
        few, more, many = cost(**options)
        assert many - more < 2.1 * (more - few), (few, more, many)


def test_a_rule_that_the_task_of_a_killed_run_still_creates_is_not_created_twice(
    edge: Modules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cloud Director is busy with that task, and shows its rule only at the end. Names of rules need not be unique."""
    gateway = edge.simulator.dump()["edge_gateways"][0]["id"]
    other, path = Api(edge.simulator, "admin@acme"), f"/edgeGateways/{gateway}/nat/rules"
    rule = {"name": "r0", "type": "DNAT", "externalAddresses": "203.0.113.20", "internalAddresses": "192.168.8.2"}
    pause, made = Deadline.sleep, list[str]()

    def meanwhile(deadline: Deadline, seconds: float) -> None:
        if not made:
            made.append(path)
            edge.simulator.faults([])
            other.done("POST", path, {**rule, "dnatExternalPort": "8000"})
        pause(deadline, seconds)

    monkeypatch.setattr(Deadline, "sleep", meanwhile)
    edge.simulator.faults([{"writes": True, "user": "kube", "status": 400, "code": "BUSY_ENTITY"}])
    edge.done(NAT, nat_rules=[dnat(0), dnat(1)], **BESIDE)
    assert made == [path]
    assert [one["name"] for one in edge.done("vcd_nat_rule_info")["nat_rules"]] == ["r0", "r1"]
