# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The invariants, on constructed timelines: each one kept and broken."""

from __future__ import annotations

from typing import Any

import pytest
from invariants import (
    Down,
    Gap,
    Port,
    Service,
    all_down,
    always_referenced,
    lock_seconds,
    one_write_at_a_time,
    only_planned,
    ports_down,
)

EDGE, IP, INNER = "urn:vcloud:gateway:1", "203.0.113.10", "192.168.8.2"
INFINITE = float("inf")


class Timeline:
    """Builds a timeline: each task takes one second, and each write is sent after the end of the one before."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.now = 0.0
        self.count = 0

    def add(self, **entry: Any) -> None:
        self.entries.append({"time": self.now, "gateway": EDGE, "user": "kube", **entry})

    def asked(self, name: str, **more: Any) -> int:
        self.count += 1
        self.add(kind="request", event="asked", number=self.count, name=name, method="POST", **more)
        return self.count

    def answered(self, number: int, code: str | None = None) -> None:
        self.add(kind="request", event="answered", number=number, name="", code=code)

    def effect(self, kind: str, event: str, name: str, **refers: Any) -> None:
        self.add(kind=kind, event=event, id=name, name=name, refers=refers, task=f"task-{self.count}")

    def task(self, event: str, number: int | None = None) -> None:
        number = number or self.count
        self.add(kind="task", event=event, id=f"task-{number}", operation="WRITE", name="", locks=[EDGE])

    def write(self, kind: str, event: str, name: str, **refers: Any) -> None:
        """A whole write, from its request to its task's end."""
        number = self.asked(name)
        if event != "removed":
            self.effect(kind, event, name, **refers)
        self.task("started")
        self.answered(number)
        self.now += 1
        if event == "removed":
            self.effect(kind, event, name, **refers)
        self.task("ended")

    def service(self, event: str, name: str = "vs", vip: str = IP, port: int = 80) -> None:
        self.write("virtual_services", event, name, vip=vip, ipv6=None, ports=[[port, port]], enabled=True)

    def rule(self, event: str, name: str = "rule", internal: str = INNER, port: str | None = "80", **more: Any) -> None:
        ends = {"external": IP, "internal": internal}
        self.write("nat_rules", event, name, **{"type": "DNAT", "port": port, "enabled": True, **ends, **more})

    def allocation(self, event: str) -> None:
        self.write("ip_space_allocations", event, IP, ip=IP)


def service_dump(name: str = "vs", vip: str = IP, port: int = 80) -> dict[str, Any]:
    return {"id": name, "name": name, "virtualIpAddress": vip, "servicePorts": [{"portStart": port, "portEnd": None}]}


def rule_dump(name: str = "rule", external: str = IP, internal: str = INNER, port: str | None = "80") -> dict[str, Any]:
    ends = {"externalAddresses": external, "internalAddresses": internal}
    return {"id": name, "name": name, "type": "DNAT", "dnatExternalPort": port, "enabled": True, **ends}


DIRECT = {"virtual_services": [service_dump()]}
BEHIND = {"virtual_services": [service_dump(vip=INNER)], "nat_rules": [rule_dump()]}
WEB = Service("web", (Port(IP, 80, "vs", "rule"),))
TWO = Service("web", (Port(IP, 80, "vs", "rule"), Port(IP, 443, "vs-2", "rule-2")))


# -- always_referenced ---------------------------------------------------------------------------------------------


def test_an_address_that_is_always_held_has_no_gap() -> None:
    timeline = Timeline()
    timeline.rule("added")
    timeline.service("removed")
    timeline.service("added", vip=INNER)
    assert always_referenced(timeline.entries, DIRECT, [IP]) == []


def test_an_address_that_is_briefly_not_held_has_a_gap() -> None:
    timeline = Timeline()
    timeline.service("removed")
    timeline.now += 0.25
    timeline.rule("added")
    assert always_referenced(timeline.entries, DIRECT, [IP]) == [Gap(IP, 0.25, 1.0, 1.25, 0)]


def test_tasks_in_the_gap_are_counted() -> None:
    timeline = Timeline()
    timeline.service("removed")
    timeline.service("added", vip=INNER)
    timeline.service("changed", vip=INNER)
    timeline.rule("added")
    assert always_referenced(timeline.entries, DIRECT, [IP]) == [Gap(IP, 2.0, 1.0, 3.0, 2)]


def test_a_task_that_takes_the_address_away_at_its_start_is_counted() -> None:
    timeline = Timeline()
    timeline.service("changed", vip=INNER)
    timeline.rule("added")
    assert always_referenced(timeline.entries, DIRECT, [IP]) == [Gap(IP, 1.0, 0.0, 1.0, 1)]


def test_an_address_that_is_lost_or_was_never_held_has_an_endless_gap() -> None:
    timeline = Timeline()
    timeline.service("removed")
    gaps = always_referenced(timeline.entries, DIRECT, [IP, "203.0.113.99"])
    assert [(gap.ip, gap.seconds, gap.to) for gap in gaps] == [(IP, INFINITE, None), ("203.0.113.99", INFINITE, None)]


def test_a_creation_that_fails_loses_the_address_again() -> None:
    timeline = Timeline()
    timeline.service("removed")
    timeline.rule("added")
    timeline.effect("nat_rules", "removed", "rule")
    gaps = always_referenced(timeline.entries, DIRECT, [IP])
    assert [(gap.tasks, gap.to) for gap in gaps] == [(0, 1.0), (0, None)]


@pytest.mark.parametrize(
    "other",
    [
        {"ip_space_allocations": [{"id": "a", "value": IP}]},
        {"nat_rules": [rule_dump("other", external="203.0.113.8/30")]},
    ],
)
def test_other_references_hold_an_address_too(other: dict[str, Any]) -> None:
    timeline = Timeline()
    timeline.service("removed")
    assert always_referenced(timeline.entries, DIRECT | other, [IP]) == []


def test_a_source_nat_rule_does_not_hold_an_address() -> None:
    timeline = Timeline()
    timeline.rule("added", type="SNAT")
    timeline.service("removed")
    assert len(always_referenced(timeline.entries, DIRECT, [IP])) == 1


def test_a_released_allocation_leaves_a_gap() -> None:
    timeline = Timeline()
    timeline.allocation("added")
    timeline.service("removed")
    timeline.allocation("removed")
    assert [gap.from_ for gap in always_referenced(timeline.entries, DIRECT, [IP])] == [3.0]


# -- one_write_at_a_time -------------------------------------------------------------------------------------------


def test_writes_one_after_the_other_do_not_overlap() -> None:
    timeline = Timeline()
    timeline.service("removed")
    timeline.rule("added")
    assert one_write_at_a_time(timeline.entries, EDGE) == []


def test_a_write_sent_before_the_previous_task_has_ended_overlaps() -> None:
    timeline = Timeline()
    timeline.task("started", 9)
    timeline.now = 0.5
    number = timeline.asked("late")
    timeline.task("ended", 9)
    timeline.answered(number)
    assert one_write_at_a_time(timeline.entries, EDGE) == ["0.500: POST late was requested during WRITE "]


def test_a_write_sent_before_the_previous_one_was_answered_overlaps() -> None:
    timeline = Timeline()
    first, second = timeline.asked("a"), timeline.asked("b")
    timeline.answered(first)
    timeline.answered(second)
    assert one_write_at_a_time(timeline.entries, EDGE) == ["0.000: POST b was requested during POST a"]


@pytest.mark.parametrize("other", [{"user": "other"}, {"gateway": "urn:vcloud:gateway:2"}, {"gateway": None}])
def test_writes_of_others_and_on_other_gateways_do_not_overlap(other: dict[str, Any]) -> None:
    timeline = Timeline()
    timeline.add(
        kind="task", event="started", id="other", operation="WRITE", name="", locks=[], **{"user": "kube"} | other
    )
    number = timeline.asked("a")
    timeline.answered(number, "BUSY_ENTITY")
    assert one_write_at_a_time(timeline.entries, EDGE) == []


def test_a_gateway_that_is_busy_with_our_own_task_is_an_overlap() -> None:
    timeline = Timeline()
    number = timeline.asked("a")
    timeline.task("started", 9)
    timeline.answered(number, "BUSY_ENTITY")
    assert one_write_at_a_time(timeline.entries, EDGE) == ["0.000: POST a met BUSY_ENTITY"]


# -- only_planned --------------------------------------------------------------------------------------------------


def entry(
    method: str, name: str | None, path: str = "/cloudapi/1.0.0/loadBalancer/pools", **more: Any
) -> dict[str, Any]:
    return {"method": method, "path": path, "name": name, "user": "kube", "status": 202, **more}


def test_writes_to_planned_objects_are_allowed() -> None:
    journal = [
        entry("POST", None, "/cloudapi/1.0.0/sessions", user=None),
        entry("POST", None, "/oauth/tenant/acme/token", user=None),
        entry("GET", None),
        entry("POST", "vs"),
        entry("PUT", "theirs", user="another"),
        entry("PUT", None, status=401),
        entry("DELETE", "rule"),
        entry("DELETE", None, "/cloudapi/1.0.0/sessions/current"),
    ]
    assert only_planned(journal, ["vs", "rule"]) == []


@pytest.mark.parametrize("name", ["other", None])
@pytest.mark.parametrize("status", [202, 400, "reset"])
def test_a_write_to_an_unplanned_object_is_reported(name: str | None, status: Any) -> None:
    journal = [entry("POST", "vs"), entry("PUT", name, status=status)]
    assert only_planned(journal, ["vs"]) == [f"PUT /cloudapi/1.0.0/loadBalancer/pools ({name})"]


# -- ports_down and all_down ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [DIRECT, BEHIND])
def test_a_port_that_always_serves_is_never_down(before: dict[str, Any]) -> None:
    timeline = Timeline()
    timeline.service("added", "other", "203.0.113.11")
    assert ports_down(timeline.entries, before, [WEB]) == []


def test_a_recreated_virtual_service_is_down_until_its_task_ends() -> None:
    timeline = Timeline()
    timeline.service("removed")
    timeline.service("added")
    assert ports_down(timeline.entries, DIRECT, [WEB]) == [Down("web", 80, 1.0, 1.0, 2.0, 1)]


def test_each_task_in_between_is_counted() -> None:
    timeline = Timeline()
    timeline.service("removed")
    timeline.rule("added")
    timeline.service("added", vip=INNER)
    assert [(one.seconds, one.tasks) for one in ports_down(timeline.entries, DIRECT, [WEB])] == [(2.0, 2)]


def test_a_rule_that_leads_elsewhere_takes_the_port() -> None:
    timeline = Timeline()
    timeline.rule("added", internal="192.168.8.9")
    timeline.rule("changed", internal=IP)
    assert [(one.from_, one.to, one.tasks) for one in ports_down(timeline.entries, DIRECT, [WEB])] == [(1.0, 1.0, 0)]


def test_a_rule_without_a_port_takes_every_port_and_one_of_another_port_none() -> None:
    timeline = Timeline()
    timeline.rule("added", port="8080", internal="192.168.8.9")
    assert ports_down(timeline.entries, DIRECT, [WEB]) == []
    timeline.rule("added", "all", port=None, internal="192.168.8.9")
    assert [one.from_ for one in ports_down(timeline.entries, DIRECT, [WEB])] == [2.0]


@pytest.mark.parametrize(
    "before",
    [
        {"virtual_services": [service_dump(port=81)]},
        {"virtual_services": [service_dump("another")]},
        {"virtual_services": [service_dump() | {"enabled": False}]},
        {"virtual_services": [service_dump(vip=INNER)]},
        {"virtual_services": [service_dump(vip="192.168.8.3")], "nat_rules": [rule_dump()]},
        {"virtual_services": [], "nat_rules": [rule_dump()]},
    ],
)
def test_a_port_is_down_if_no_object_serves_it(before: dict[str, Any]) -> None:
    assert [one.to for one in ports_down([], before, [WEB])] == [None]


def two_ports() -> dict[str, Any]:
    return {"virtual_services": [service_dump(), service_dump("vs-2", port=443)]}


def test_ports_that_are_down_one_after_the_other_are_not_all_down() -> None:
    timeline = Timeline()
    for name, port in (("vs", 80), ("vs-2", 443)):
        timeline.service("removed", name, port=port)
        timeline.service("added", name, port=port)
    assert [one.port for one in ports_down(timeline.entries, two_ports(), [TWO])] == [80, 443]
    assert all_down(timeline.entries, two_ports(), [TWO]) == []


def test_ports_that_are_down_at_once_are_all_down() -> None:
    timeline = Timeline()
    timeline.service("removed", "vs")
    timeline.service("removed", "vs-2", port=443)
    timeline.service("added", "vs")
    timeline.service("added", "vs-2", port=443)
    assert all_down(timeline.entries, two_ports(), [TWO]) == [Down("web", None, 1.0, 2.0, 3.0, 1)]


def test_a_service_with_one_port_is_not_counted_as_all_down() -> None:
    timeline = Timeline()
    timeline.service("removed")
    assert all_down(timeline.entries, DIRECT, [WEB]) == []


# -- lock_seconds --------------------------------------------------------------------------------------------------


def test_only_tasks_that_lock_the_gateway_count() -> None:
    timeline = Timeline()
    timeline.service("removed")
    timeline.add(kind="task", event="started", id="x", operation="WRITE", name="", locks=["urn:vcloud:profile:1"])
    timeline.now += 5
    timeline.add(kind="task", event="ended", id="x", operation="WRITE", name="", locks=["urn:vcloud:profile:1"])
    timeline.rule("added")
    assert lock_seconds(timeline.entries, EDGE) == 2.0
