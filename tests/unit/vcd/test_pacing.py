# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When tasks are looked at: how late their end is noticed, and after how many looks. The clock is not waited for."""

from __future__ import annotations

import random

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.pacing import (
    KEPT,
    Lengths,
    Seen,
    Watch,
    expect,
    interval,
    kind_of,
    usual,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline, wait_until

REQUEST = 0.02


class FakeClock:
    """A clock that sleeps in no time."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds


class Server:
    """Runs tasks one after another, as a session sees them: a request takes a while before it is answered."""

    def __init__(self, request: float = REQUEST) -> None:
        self.clock, self.lengths, self.request = FakeClock(), Lengths(), request

    def task(self, length: float, kind: str = "POST x") -> tuple[float, int]:
        """Do a task of so many seconds; return how long after its end it was noticed, and the number of looks."""
        began, deadline = self.clock.now, Deadline(3600, self.clock)
        watch, looks = Watch(self.lengths.of(kind), self.clock), []

        def look() -> bool:
            watch.looking()
            looks.append(self.clock.now)
            self.clock.now += self.request
            return self.clock.now >= began + length

        deadline.sleep(watch.before_first())
        wait_until(look, bool, what="the task", deadline=deadline, pace=watch)
        self.lengths.learn(kind, watch.seen())
        return self.clock.now - began - length, len(looks)

    def after(self, *lengths: float) -> Server:
        """The server after tasks of these lengths."""
        for length in lengths:
            self.task(length)
        return self


@pytest.mark.parametrize("length", [0.05, 0.2, 1.0, 7.0, 60.0, 300.0])
def test_a_task_like_those_before_is_noticed_at_once(length: float) -> None:
    server = Server().after(length, length, length)
    for _number in range(20):
        late, looks = server.task(length)
        assert late <= max(0.02, 0.02 * length) + REQUEST
        assert looks <= 12


@pytest.mark.parametrize("length", [1.0, 5.0])
def test_many_writes_in_a_row_take_hardly_longer_than_their_tasks(length: float) -> None:
    server, chance = Server(), random.Random(1)  # noqa: S311 - a test repeats
    lengths = [length * chance.uniform(0.97, 1.03) for _number in range(200)]
    seen = [server.task(one) for one in lengths]
    with_requests = sum(REQUEST + one + late for one, (late, _looks) in zip(lengths, seen, strict=True))
    assert with_requests <= 1.05 * sum(lengths)
    assert sum(looks for _late, looks in seen) <= 10 * len(seen)
    assert max(looks for _late, looks in seen[KEPT:]) <= 14


def test_the_first_task_of_a_kind_is_looked_at_as_its_age_says() -> None:
    server = Server(request=0.0)
    late, looks = server.task(1.0)
    assert 0 <= late <= usual(1.0)
    assert looks == 13
    assert server.task(1.0, kind="PUT x")[1] == 13
    assert server.task(1.0, kind="POST x")[1] < 13


@pytest.mark.parametrize("odd", [0.05, 0.3, 4.0, 60.0])
@pytest.mark.parametrize("before", [0, 1, 2, 4])
def test_one_odd_task_spoils_nothing(odd: float, before: int) -> None:
    server = Server().after(*[1.0] * before, odd)
    late, looks = server.task(1.0)
    assert late <= 1.0 if before < 2 else late <= 0.04 + REQUEST
    assert looks <= (24 if before < 2 else 14)
    server.after(1.0, 1.0)
    late, looks = server.task(1.0)
    assert late <= 0.02 + REQUEST
    assert looks <= 12


@pytest.mark.parametrize(("before", "since"), [(1.0, 2.0), (1.0, 0.6), (10.0, 1.0), (0.1, 1.0)])
def test_a_server_that_became_slower_or_faster_is_followed(before: float, since: float) -> None:
    server = Server().after(*[before] * KEPT)
    assert max(server.task(since)[0] for _number in range(3)) <= max(since, usual(since))
    server.after(*[since] * KEPT)
    assert server.task(since)[0] <= max(0.02, 0.02 * since) + REQUEST


def test_tasks_of_all_lengths_are_noticed_as_if_nothing_were_known_and_not_asked_for_more_often() -> None:
    chance = random.Random(2)  # noqa: S311 - a test repeats
    lengths = [chance.uniform(0.5, 5.0) for _number in range(300)]
    learning, server = [], Server()
    for length in lengths:
        learning.append(server.task(length))
    unknown = [Server().task(length) for length in lengths]
    assert sum(late for late, _looks in learning) <= 1.2 * sum(late for late, _looks in unknown)
    assert sum(looks for _late, looks in learning) <= sum(looks for _late, looks in unknown)


def test_slow_answers_are_not_made_up_for() -> None:
    server = Server(request=0.5).after(*[1.0] * 5)
    assert server.task(1.0)[1] <= 3


@pytest.mark.parametrize("count", range(1, KEPT + 1))
def test_looks_always_go_on(count: int) -> None:
    chance = random.Random(count)  # noqa: S311 - a test repeats
    for _number in range(200):
        length = chance.uniform(0.0, 30.0)
        known = [Seen(length * chance.uniform(0.5, 1), length * chance.uniform(1, 1.5)) for _one in range(count)]
        window = expect(known)
        assert window is not None
        assert 0 <= window.first <= window.start <= window.end
        moment = window.first
        for _look in range(400):
            pause = interval(moment, window)
            assert 0.0 < pause <= max(usual(moment), 1.25 * moment, window.step)
            moment += pause
        assert moment > 30.0


def test_only_the_latest_tasks_of_a_kind_count() -> None:
    lengths = Lengths()
    for number in range(20):
        lengths.learn("a", Seen(number, number))
    assert [one.over for one in lengths.of("a")] == list(range(20 - KEPT, 20))
    assert lengths.of("b") == ()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/x/pools/urn:vcloud:loadBalancerPool:6f1c", "/x/pools/*"),
        ("/x/edgeGateways/urn:vcloud:gateway:1/nat/rules", "/x/edgeGateways/*/nat/rules"),
        ("/x/nat/rules/6f1c0085-92bb-4e40-b3ee-5d7a0cb7f2b4", "/x/nat/rules/*"),
        ("/x/pools", "/x/pools"),
    ],
)
def test_the_kind_of_a_write_leaves_out_which_object_it_is_for(path: str, kind: str) -> None:
    assert kind_of("PUT", path) == f"PUT {kind}"
